"""Golden messages: what a user reads when something is wrong, and what is left behind (nothing)."""

import gzip
import os
import signal
import subprocess
import unittest

from program import VELO, ProgramTest, wait_until_signals_are_awaited


class BadInput(ProgramTest):
    def test_missing_file(self):
        self.refused(
            ["copy", "orders.csv", "out.parquet"],
            "velo: orders.csv: cannot read it: No such file or directory; check the path",
        )

    def test_directory_without_match(self):
        self.write("data/readme.txt", "hello")
        self.refused(
            ["copy", "data", "out.parquet"],
            "velo: data: no file of a known format is in this directory; say format= if there should be, "
            "or recursive=true to look further down",
        )
        self.refused(
            ["copy", "data/*.csv", "out.parquet"], "velo: data/*.csv: no file in data matches the pattern"
        )

    def test_ragged_row(self):
        self.write("ragged.csv", "id,name\n1,a\n2,b,c\n")
        self.refused(
            ["copy", "ragged.csv", "out.parquet"],
            "velo: ragged.csv: line 3, byte 12: the row has 3 columns, the file has 2; quote values that hold the "
            "delimiter ',', or give delimiter=",
        )

    def test_not_utf8(self):
        self.write("latin.csv", b"id,name\n1,a\n2,caf\xe9\n")
        self.refused(
            ["copy", "latin.csv", "out.parquet"],
            "velo: latin.csv: line 3, byte 12: column 'name' is not UTF-8, or not of the encoding= that was given; "
            "encoding=latin1, say, reads another",
        )

    def test_value_of_another_type(self):
        rows = "".join(f"{i},2026-01-01\n" for i in range(200_000))
        self.write("late.csv", f"id,day\n{rows}seven,2026-01-01\n")
        self.refused(
            ["copy", "late.csv", "out.parquet"],
            "velo: late.csv: line 200002, byte 3488897: column 'id' is int64, and 'seven' is not; correct the line, or "
            "give the column another type with schema=",
        )

    def test_truncated_gzip(self):
        whole = gzip.compress(b"id,name\n" + b"".join(b"%d,name\n" % i for i in range(100_000)))
        self.write("cut.csv.gz", whole[: len(whole) // 2])
        process = self.velo("copy", "cut.csv.gz", "out.parquet")
        self.assertRegex(
            process.stderr,
            r"^velo: cut\.csv\.gz: the compressed data ends too early, after \d+ bytes of content; was the file cut "
            r"off while it was copied\?\n$",
        )
        self.assertEqual(process.returncode, 2)
        self.assertEqual(self.files(), ["cut.csv.gz"])

    def test_not_gzip_at_all(self):
        self.write("plain.csv.gz", "id,name\n1,a\n")
        self.refused(
            ["copy", "plain.csv.gz", "out.parquet"],
            "velo: plain.csv.gz: its first bytes are not gzip's; is it compressed as its name says? compression=none reads "
            "it as it is",
        )

    def test_json_of_another_type_in_line_731(self):
        lines = ['{"id":%d,"qty":%s}\n' % (i, '"seven"' if i == 731 else i) for i in range(1, 1001)]
        self.write("data.ndjson", "".join(lines))
        self.refused(
            ["copy", "data.ndjson", "out.parquet"],
            "velo: data.ndjson: line 731, byte 15130: column 'qty' is int64, found \"seven\" (text); give schema= or fix "
            "the line",
        )

    def test_sql_typos(self):
        self.write("a.csv", "id,qty\n1,2\n")
        self.refused(
            ["run", "-e", "SELEC id FROM file('a.csv')"],
            "velo: SQL:1:1: a statement begins with CREATE STREAM, INSERT INTO, SELECT, EXPLAIN or DESCRIBE; did you "
            "mean SELECT?\n  SELEC id FROM file('a.csv')\n  ^",
        )
        self.refused(
            ["run", "-e", "SELECT id, qtty FROM file('a.csv')"],
            "velo: SQL:1:12: there is no column \"qtty\"; candidates: \"qty\"\n  SELECT id, qtty FROM file('a.csv')\n"
            "             ^",
        )
        self.write("x.sql", "SELECT id,\n  qty +\nFROM file('a.csv');\n")
        self.refused(
            ["run", "x.sql"],
            "velo: x.sql:3:1: syntax error at or near \"FROM\"\n  FROM file('a.csv');\n  ^",
        )

    def test_broken_parquet_footer(self):
        self.write("broken.parquet", b"PAR1" + b"x" * 1000)
        self.refused(
            ["copy", "broken.parquet", "out.csv"],
            "velo: broken.parquet: not a whole Parquet file: Parquet magic bytes not found in footer. Either the file "
            "is corrupted or this is not a parquet file; was it cut off while it was copied or written? format= says "
            "what it is, if it is something else",
        )

    def test_misspelt_option(self):
        self.write("a.csv", "id\n1\n")
        self.refused(
            ["copy", "a.csv?headr=true", "out.parquet"],
            "velo: file:a.csv: unknown option 'headr'; did you mean 'header'? `velo help file` lists them all",
        )

    def test_option_of_queries(self):
        self.write("a.csv", "id\n1\n")
        self.refused(
            ["copy", "a.csv", "b.csv", "--refresh", "10min"],
            "velo: --refresh: a copy joins its source with nothing; velo run does, by a SELECT with a JOIN",
        )

    def test_a_level_that_no_codec_takes(self):
        self.write("a.csv", "id\n1\n")
        for name, called in (("o.orc?", "ORC"), ("o.avro?compression=zstd&", "Avro")):
            self.refused(
                ["copy", "a.csv", f"{name}compression_level=3"],
                f"velo: {name.partition('?')[0]}: compression_level=3: {called}'s codecs have no levels here; leave it out",
            )

    def test_unwritable_target(self):
        self.write("a.csv", "id\n1\n")
        self.refused(
            ["copy", "a.csv", "no/such/folder/out.parquet"],
            "velo: no/such/folder/out.parquet: cannot write into its directory: No such file or directory; check the "
            "path",
        )
        self.refused(
            ["copy", "a.csv", "out.xyz"],
            "velo: out.xyz: its name does not tell its format; add ?format= and one of csv, json, parquet, avro, orc, arrow, "
            "arrows, protobuf, text",
        )

    def test_full_disk(self):
        (self.folder / "disk").mkdir()
        self.write("a.csv", "id\n" + "1\n" * 400_000)
        process = subprocess.run(
            ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c",
             'mount -t tmpfs -o size=256k none disk && "$VELO" copy a.csv disk/out.csv; echo "$?"; ls -A disk'],
            cwd=self.folder, capture_output=True, text=True, timeout=60,
        )
        if "mount:" in process.stderr or "unshare:" in process.stderr:
            self.skipTest("no mount namespaces here: " + process.stderr.strip())
        self.assertRegex(
            process.stderr,
            r"^velo: after \d+ bytes: disk/out\.csv: cannot write it: No space left on device; nothing was left behind: "
            r"free some space and run again\n$",
        )
        self.assertEqual(process.stdout, "1\n")

    def test_size_limit(self):
        rows = "".join(f"{i},{i * 7919}\n" for i in range(200_000))
        self.write("a.csv", "id,x\n" + rows)
        process = self.velo("copy", "a.csv", "out.csv", prefix=("prlimit", "--fsize=100000"))
        self.assertRegex(
            process.stderr, r"^velo: after \d+ bytes: out\.csv: cannot write it: File too large"
        )
        self.assertEqual(process.returncode, 1)
        self.assertEqual(self.files(), ["a.csv"])

    @unittest.skipUnless(os.path.exists("/dev/full"), "there is no /dev/full here")
    def test_full_device(self):
        self.write("a.csv", "id\n1\n")
        self.refused(
            ["copy", "a.csv", "/dev/full?format=csv"],
            "velo: after 0 bytes: /dev/full: cannot write it: No space left on device; nothing was left behind: free "
            "some space and run again",
            code=1,
        )

    def test_an_error_keeps_the_file_that_was_there(self):
        self.write("out.csv", "precious\n")
        self.write("ragged.csv", "id,name\n1,a\n2\n")
        self.assertEqual(self.velo("copy", "ragged.csv", "out.csv").returncode, 2)
        self.assertEqual((self.folder / "out.csv").read_text(), "precious\n")

    def test_interrupted(self):
        self.write("out.csv", "precious\n")
        for sent, code, how in (
            (signal.SIGINT, 130, "Ctrl-C"),
            (signal.SIGTERM, 1, "SIGTERM"),
            (signal.SIGKILL, -9, ""),
        ):
            with self.subTest(sent):
                process = subprocess.Popen(
                    [VELO, "copy", "generate://orders?rows=1000000000", "out.csv"],
                    cwd=self.folder, stderr=subprocess.PIPE, text=True,
                )
                wait_until_signals_are_awaited(process)
                process.send_signal(sent)
                error = process.communicate(timeout=30)[1]
                self.assertEqual(process.returncode, code)
                if how:
                    self.assertRegex(
                        error,
                        rf"^velo: generate://orders\?rows=1000000000 → file:out\.csv: stopped by {how} after [0-9,]+ rows; "
                        r"nothing of them is visible in the sink\n$",
                    )
                self.assertEqual(self.files(), ["out.csv"])
                self.assertEqual((self.folder / "out.csv").read_text(), "precious\n")

    def test_usage(self):
        process = self.velo("copy", "one.csv")
        self.assertEqual(process.returncode, 2)
        self.assertIn("velo: DST is required; `velo copy --help` says how it is used", process.stderr)
        for words, message in (
            (["cpy", "a.csv", "b.csv"], "velo: there is no command 'cpy'; did you mean 'copy'?; `velo --help` lists them\n"),
            (["frobnicate"], "velo: there is no command 'frobnicate'; `velo --help` lists them\n"),
            ([], "velo: a command is missing; `velo --help` lists them\n"),
            (["help", "kafak"], "velo: there is no connector and no command 'kafak', did you mean 'kafka'?; there are the connectors "
             "clickhouse, file, generate, iceberg, kafka, null, postgresql, s3, stdin, stdout; velo --help lists the commands\n"),
            (["copy", "a.csv", "b.csv", "--paralel", "3"],
             "velo: velo copy has no --paralel; did you mean --parallel?; `velo copy --help` lists what it has\n"),
            (["schema", "a.csv", "b.csv"],
             "velo: The following argument was not expected: b.csv; `velo schema --help` says how it is used\n"),
            (["show", "a.csv", "-n", "-1"],
             "velo: --rows: '-1' is not a whole number from 1; `velo show --help` says how it is used\n"),
            (["show", "a.csv", "-n", "1e3"],
             "velo: --rows: '1e3' is not a whole number from 1; `velo show --help` says how it is used\n"),
        ):
            with self.subTest(words):
                process = self.velo(*words)
                self.assertEqual((process.returncode, process.stderr), (2, message))

    def test_a_directory_is_no_file(self):
        self.write("a.csv", "id\n1\n")
        (self.folder / "out").mkdir()
        process = self.velo("copy", "a.csv", "out")
        self.assertEqual(process.returncode, 2)
        self.assertIn("velo: file:out: this is a directory; with a slash at its end", process.stderr)


if __name__ == "__main__":
    unittest.main()
