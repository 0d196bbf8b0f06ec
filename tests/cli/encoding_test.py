"""Text in encodings other than UTF-8: read, written, and bad where it is none."""

import io
import json
import subprocess
import unittest

import pyarrow.parquet
from program import VELO, ProgramTest

NAMES = ["Zoë", "Straße", "naïve", None, "x"]
CSV = "id,name\n" + "".join(f"{i},{name or ''}\n" for i, name in enumerate(NAMES))
ENCODINGS = ("latin1", "windows-1252", "iso-8859-15", "utf-16le", "utf-16be", "utf-32", "macintosh", "cp850")
# Python's names for those.
PYTHON = {"macintosh": "mac-roman"}


class EncodingTest(ProgramTest):
    def names_in(self, *source, **more):
        self.done("copy", *source, "out.parquet", **more)
        return pyarrow.parquet.read_table(self.folder / "out.parquet").column("name").to_pylist()

    def test_csv_is_read_and_written(self):
        for encoding in ENCODINGS:
            with self.subTest(encoding):
                bytes_of = CSV.encode(PYTHON.get(encoding, encoding))
                self.write("in.csv", bytes_of)
                self.assertEqual(self.names_in(f"in.csv?encoding={encoding}"), NAMES)
                self.done("copy", f"in.csv?encoding={encoding}", f"again.csv.gz?encoding={encoding}")
                self.assertEqual(self.names_in(f"again.csv.gz?encoding={encoding}"), NAMES)
                piped = subprocess.run(
                    [VELO, "copy", f"-?encoding={encoding}&format=csv", f"-?format=json&encoding={encoding}"],
                    cwd=self.folder, input=bytes_of, capture_output=True, timeout=60,
                )  # fmt: skip
                lines = piped.stdout.decode(PYTHON.get(encoding, encoding)).splitlines()
                self.assertEqual([json.loads(line)["name"] for line in lines], NAMES, piped.stderr)

    def test_a_mark_tells_it(self):
        for encoding in ("utf-8-sig", "utf-16", "utf-32"):
            self.write("in.csv", CSV.encode(encoding))
            self.assertEqual(self.names_in("in.csv"), NAMES)
            rows = "".join(json.dumps({"id": i, "name": name}, ensure_ascii=False) + "\n" for i, name in enumerate(NAMES))
            self.write("in.ndjson", rows.encode(encoding))
            self.assertEqual(self.names_in("in.ndjson"), NAMES)
            piped = subprocess.run([VELO, "copy", "-", "-?format=json"], input=rows.encode(encoding), capture_output=True, timeout=60)
            self.assertEqual([json.loads(line)["name"] for line in io.BytesIO(piped.stdout)], NAMES, piped.stderr)

    def test_bytes_that_are_none_follow_on_error(self):
        self.write("in.csv", b"id,name\n1,a\n2,\x81\n3,\x80\n")
        process = self.velo("copy", "in.csv?encoding=windows-1252&schema=id int64, name text", "out.parquet")
        self.assertEqual(process.returncode, 2)
        self.assertRegex(process.stderr, r"^velo: in\.csv: line 3, byte \d+: column 'name' is not UTF-8, or not of the encoding= that was given; encoding=latin1, say, reads another")
        process = self.done(
            "copy", "in.csv?encoding=windows-1252&schema=id int64, name text", "out.parquet", "--on-error", "skip"
        )
        self.assertEqual(pyarrow.parquet.read_table(self.folder / "out.parquet").column("name").to_pylist(), ["a", "€"])
        self.assertIn("1", process.stderr)

    def test_refusals(self):
        self.write("in.csv", "id,name\n1,€\n")
        self.refused(
            ["copy", "in.csv", "out.csv?encoding=latin1"],
            "velo: out.csv: encoding=latin1 does not have the character '€'; take another, or replace it in the SELECT",
        )
        self.refused(
            ["copy", "in.csv?encoding=klingon", "out.csv"],
            "velo: file:in.csv?encoding=klingon: encoding=klingon is none that this system has; iconv -l lists them",
        )
        self.refused(
            ["copy", "in.csv", "out.parquet?encoding=latin1"], "velo: out.parquet: encoding=latin1 is of text, and this is parquet"
        )


if __name__ == "__main__":
    unittest.main()
