"""`velo check` of files, which changes nothing."""

import os
import unittest

from program import ProgramTest


class Check(ProgramTest):
    def test_files(self):
        self.write("in/a.csv", "id\n1\n")
        before = self.files()
        self.assertEqual(self.checked("in/*.csv"),
                         [("ok", "find files", "in/a.csv"), ("ok", "read in/a.csv", "5 bytes"),
                          ("ok", "read its columns", "1 columns")])
        self.assertEqual(self.checked("out/deep/?format=csv", "sink"),
                         [("ok", "know the format", "csv"), ("ok", "write out/deep/", "it may be made in .")])
        self.assertEqual(self.checked("in/?format=csv", "sink")[-1], ("ok", "write in/", "it takes files"))
        self.assertEqual(self.checked("out.csv", "sink")[-1], ("ok", "write out.csv", "begun, and dropped again"))
        self.assertEqual(self.checked("generate://orders"), [("ok", "read its columns", "9 columns")])
        self.assertEqual(self.checked("null:", "sink"), [("ok", "open it", "there is nothing to reach")])
        self.assertEqual(self.velo("check", "null:").returncode, 0)
        self.assertEqual(self.files(), before)

    def test_what_fails(self):
        self.write("in.csv", "id\n1\n")
        self.assertEqual(self.checked("none.csv", code=2)[-1][:2], ("failed", "read none.csv"))
        self.assertEqual(self.checked("none/*.csv", code=2)[-1][:2], ("failed", "find files"))
        self.assertEqual(self.checked("out/", "sink", code=2)[0][:2], ("failed", "know the format"))
        self.assertEqual(self.checked("out.what", "sink", code=2)[0][:2], ("failed", "know the format"))
        self.write("no.csv", b"\xff\xfe\xfa")
        self.refused(["check", "in.csv?hedaer=true"],
                     "velo: file:in.csv: unknown option 'hedaer'; did you mean 'header'? `velo help file` lists them all")
        self.refused(["check", "generate://orders", "--as", "sink"],
                     "velo: generate://orders: generate cannot be a sink")
        self.assertIn("source", self.velo("check", "in.csv", "--as", "srce").stderr)

    def test_no_permission(self):
        self.write("in.csv", "id\n1\n").chmod(0)
        (self.folder / "out").mkdir(mode=0o500)
        held_to_modes = ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all")
        for uri, use, what in (("in.csv", "source", "read in.csv"), ("out/?format=csv", "sink", "write out/")):
            process = self.velo("check", uri, "--as", use, prefix=() if os.geteuid() else held_to_modes)
            self.assertEqual(process.returncode, 2)
            self.assertRegex(process.stdout, rf"\nfailed  {what}: .*[Pp]ermission")


if __name__ == "__main__":
    unittest.main()
