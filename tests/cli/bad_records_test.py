"""Records that do not parse or fit: what becomes of them, and of the rows around them."""

import collections
import gzip
import os
import signal
import subprocess
import unittest

from program import CRASHING, ProgramTest

STEPS = ("in_write", "after_prepare_one", "after_prepare", "after_publish", "between_completes", "after_commit", "in_recover")


class BadRecordsTest(ProgramTest):
    def test_the_default_is_to_fail_with_the_first(self):
        self.write("in.json", '{"a":1}\n{"a":2\n{"a":3}\n')
        self.refused(("copy", "in.json", "out.json"), "velo: in.json: line 3, byte 15: expected ',' or '}', found an object")
        self.refused(("copy", "in.json", "out.json", "--on-error", "fail"),
                     "velo: in.json: line 3, byte 15: expected ',' or '}', found an object")
        self.refused(("copy", "in.json", "out.json", "--on-error", "ship"),
                     "velo: on_error = ship: fail, skip or the address of a sink for bad records (bad/?format=json) is expected")

    def test_are_skipped_and_counted(self):
        self.write("in.json", '{"a":1}\n{"a":2\n{"a":3}\nx\n{"a":"five"}\n')
        copied = self.done("copy", "in.json?schema=a int64", "out.json", "--on-error", "skip")
        self.assertEqual((self.folder / "out.json").read_text(), '{"a":1}\n{"a":3}\n')
        summary, bad = copied.stderr.splitlines()
        self.assertRegex(summary, "^2 rows, ")
        self.assertEqual(bad, "velo: 3 bad records skipped; the first: in.json: line 2, byte 13: expected a value, found '2' in column 'a'")

    def test_are_skipped_in_csv_compressed_and_from_standard_input(self):
        text = "a,b\n1,x\ntwo,y\n3\n4,z\n"
        self.write("in.csv", text)
        for source in ("in.csv?schema=a int64,b text", "-?format=csv&schema=a int64,b text"):
            copied = self.done("copy", source, "-?format=json", "--on-error", "skip", stdin=text)
            self.assertEqual(copied.stdout, '{"a":1,"b":"x"}\n{"a":4,"b":"z"}\n')
            self.assertIn("2 bad records skipped; the first: ", copied.stderr)
        subprocess.run(["gzip", "in.csv"], cwd=self.folder, check=True)
        copied = self.done("copy", "in.csv.gz?schema=a int64,b text", "-?format=json", "--on-error", "skip")
        self.assertIn("1 row", copied.stderr.replace("2 rows", "1 row"))
        gz = self.folder / "in.csv.gz"
        gz.write_bytes(gz.read_bytes()[:-12])
        self.assertEqual(self.velo("copy", "in.csv.gz", "null:", "--on-error", "skip").returncode, 2)

    def test_are_skipped_by_every_way_through_sql(self):
        self.write("in.json", '{"a":1}\n{"a":2\n{"a":3}\n')
        for select in ("SELECT * FROM file('in.json')", "SELECT a FROM file('in.json') WHERE a > 0",
                       "SELECT a + 0 AS a FROM file('in.json')", "SELECT * FROM file('in.json') LIMIT 9"):
            with self.subTest(select):
                done = self.done("run", "-e", select, "--on-error", "skip", "--to", "-?format=json")
                self.assertEqual(done.stdout, '{"a":1}\n{"a":3}\n')
                self.assertIn("1 bad record skipped; the first: in.json: line 2", done.stderr)
        done = self.done("run", "-e", "CREATE STREAM s WITH (on_error = skip) AS SELECT * FROM file('in.json') INSERT INTO file('out/?format=json')")
        self.assertEqual([row["a"] for row in self.rows_in("out")], [1, 3])
        self.assertIn("1 bad record skipped", done.stderr)

    def test_at_the_end_are_behind_the_position(self):
        self.write("in/1.json", '{"a":1}\nbad\n')
        stream = ("run", "-e", "CREATE STREAM s WITH (on_error = skip) AS SELECT * FROM file('in/*.json') INSERT INTO file('out/?format=json')")
        self.assertIn("1 bad record", self.done(*stream).stderr)
        self.write("in/2.json", 'bad\n{"a":2}\nbad\n')
        again = self.done(*stream)
        self.assertIn("2 bad records skipped; the first: in/2.json: line 1", again.stderr)
        self.assertEqual([row["a"] for row in self.rows_in("out")], [1, 2])
        self.assertNotIn("bad", self.done(*stream).stderr)

    def test_that_were_skipped_stay_so_when_it_is_to_fail_again(self):
        rows = [f'{{"id":{id},"pad":"{"x" * 100}"}}' for id in range(30_000)]
        rows[100] = rows[29_000] = "bad"
        self.write("in/1.json", "\n".join(rows))
        stream = ("run", "--commit-every", "1B", "-e", "CREATE STREAM s AS SELECT * FROM file('in/*.json?schema=id int64') "
                  "INSERT INTO file('out/?format=json')", "--on-error")
        killed = self.start(*stream, "skip", program=CRASHING, environment={"VELO_CRASH_AT": "after_commit:1"})
        self.assertEqual(killed.wait(60), -signal.SIGKILL)
        num_rows = len(self.ids_in("out"))
        failed = self.velo(*stream, "fail")
        self.assertEqual(failed.returncode, 2)
        self.assertIn("in/1.json: line 29001,", failed.stderr)
        self.done(*stream, "skip")
        self.assertEqual(self.ids_in("out"), [id for id in range(30_000) if id not in (100, 29_000)])
        self.assertLess(num_rows, 29_998)

    def test_are_kept_with_what_is_known_of_them(self):
        self.write("in.json", b'{"a":1}\n{"a":\n{"a":3}\n\xff\x00\n')
        copied = self.done("copy", "in.json", "out/?format=json", "--on-error", "bad/?format=json")
        self.assertRegex(copied.stderr, "\nvelo: 2 bad records kept in file:.*/bad/.*; the first: in.json: line 2, ")
        self.assertEqual([row["a"] for row in self.rows_in("out")], [1, 3])
        first, second = self.rows_in("bad")
        self.assertRegex(first.pop("pipeline"), "^run_[0-9a-f]{16}$")
        self.assertRegex(first.pop("at"), r"^20\d\d-.*Z$")
        self.assertRegex(first.pop("position"), "^0{15}2")
        self.assertRegex(first.pop("life"), "^[0-9a-f]+$")
        self.assertEqual(first, {
            "split": str(self.folder / "in.json"), "error": "corrupt_data", "record": '{"a":', "record_encoding": "text",
            "schema": "a int64",
            "message": "in.json: line 2, byte 8: the line ends within this record: expected a value in column 'a'"})
        self.assertEqual((second["record"], second["record_encoding"]), ("/wA=", "base64"))
        self.assertFalse((self.folder / "bad/_velo").exists(), "a finished run leaves only rows")

    def test_are_kept_once_however_often_it_is_killed(self):
        """At each step of the commits of either sink, whatever the epochs are after it."""
        count, every = 20_000, 7
        for extension in ("json", "csv"):
            text = {"json": lambda id: f'{{"id":{id},"pad":"{"x" * 50}"}}', "csv": lambda id: f"{id},{'x' * 50}"}[extension]
            for step in STEPS:
                for times in (1, 2, 3, 4):
                    with self.subTest(extension=extension, step=step, times=times):
                        self.check_a_kill(extension, text, count, every, step, times)

    def check_a_kill(self, extension, text, count, every, step, times):
        name = f"{extension}_{step}_{times}"
        lines = [text(id) for id in range(count)]
        bad = {lines[id][:len(str(id)) + 6].replace(",", " ") for id in range(2, count, every)}
        for id in range(2, count, every):
            lines[id] = lines[id][:len(str(id)) + 6].replace(",", " ")
        header = "id,pad\n" if extension == "csv" else ""
        for part in range(4):
            self.write(f"{name}/in/{part}.{extension}", header + "\n".join(lines[part::4]) + "\n")
        stream = ("run", "-e", f"CREATE STREAM {name} AS SELECT * FROM file('{name}/in/*.{extension}?schema=id int64,pad text') "
                  f"INSERT INTO file('{name}/out/?format=json')", "--on-error", f"{name}/bad/?format=json", "--commit-every")
        killed = self.start(*stream, "1B", program=CRASHING, environment={"VELO_CRASH_AT": f"{step}:{times}"})
        code = killed.wait(60)
        self.assertIn(code, (0, -signal.SIGKILL))
        self.done(*stream, "10s" if times % 2 else "1B")
        self.assertEqual(self.ids_in(f"{name}/out"), [id for id in range(count) if id % every != 2])
        kept = collections.Counter(row["record"] for row in self.rows_in(f"{name}/bad"))
        self.assertEqual(kept, collections.Counter(bad))

    def test_of_a_file_that_grows_are_kept_once(self):
        stream = ("run", "--once", "-e", "CREATE STREAM s AS SELECT * FROM file('log.json?watch=true&schema=id int64') "
                  "INSERT INTO file('out/?format=json')", "--on-error", "bad/?format=json", "--commit-every")
        due = collections.Counter()
        with (self.folder / "log.json").open("w") as log:
            for turn, step in enumerate(STEPS):
                log.write(f'{{"id":{2 * turn}}}\nrubbish {turn}\n{{"id":"{turn}"}}\n{{"id":{2 * turn + 1}}}\n{{"id":')
                log.flush()
                due += collections.Counter([f"rubbish {turn}", f'{{"id":"{turn}"}}'])
                killed = self.start(*stream, "1B", program=CRASHING, environment={"VELO_CRASH_AT": f"{step}:1"})
                self.assertIn(killed.wait(60), (0, -signal.SIGKILL))
                log.write(f'}}rubbish {turn}\n')
                due[f'{{"id":}}rubbish {turn}'] += 1
                log.flush()
                self.done(*stream, "10s")
                self.assertEqual(self.ids_in("out"), list(range(2 * turn + 2)))
                self.assertEqual(collections.Counter(row["record"] for row in self.rows_in("bad")), due)

    def test_of_a_file_that_has_changed_are_kept_anew(self):
        """After a kill between the two commits: at the same place there is another record now."""
        stream = ("run", "-e", "CREATE STREAM s AS SELECT * FROM file('in.json?schema=id int64') INSERT INTO file('out/?format=json')",
                  "--on-error", "bad/?format=json")
        self.assertEqual(self.velo("plan", *stream[1:]).returncode, 2, "there is no file yet")
        self.write("in.json", '{"id":1}\nBAD\n{"id":3}\nWORSE\n')
        self.done("plan", *stream[1:])
        killed = self.start(*stream, program=CRASHING, environment={"VELO_CRASH_AT": "after_commit:1"})
        self.assertEqual(killed.wait(60), -signal.SIGKILL)
        self.write("in.json", '{"id":1}\n{"id":2}\nNEW\n{"id":4}\n')
        self.done(*stream)
        self.assertEqual(self.ids_in("out"), [1, 2, 4])
        self.assertEqual({row["record"] for row in self.rows_in("bad")}, {"BAD", "WORSE", "NEW"})

    def test_of_a_run_that_then_fails_are_kept_once(self):
        copy = ("copy", "in/*?schema=id int64", "out/?format=json", "--on-error", "bad/?format=json")
        self.write("in/1.json", '{"id":1}\nBAD\n')
        killed = self.start(*copy, program=CRASHING, environment={"VELO_CRASH_AT": "after_commit:1"})
        self.assertEqual(killed.wait(60), -signal.SIGKILL)
        (self.folder / "in/2.json.gz").write_bytes(gzip.compress(b'{"id":2}\n' * 1000)[:-20])
        self.assertNotEqual(self.velo(*copy).returncode, 0)
        (self.folder / "in/2.json.gz").unlink()
        self.done(*copy)
        self.assertEqual(self.ids_in("out"), [1])
        self.assertEqual([row["record"] for row in self.rows_in("bad")], ["BAD"])

    def test_a_quoted_empty_value_is_no_number(self):
        self.write("in.csv", 'id,name\n1,a\n2,b\n"",c\n3,d\n')
        done = self.done("copy", "in.csv?schema=id int64,name text", "out/?format=json", "--on-error", "skip")
        self.assertIn("1 bad record skipped; the first: in.csv: line 4", done.stderr)
        self.assertEqual(self.ids_in("out"), [1, 2, 3])

    def test_may_be_too_large(self):
        """Of a line, a CSV record, one of a file that grows; the rows around it are there, and its beginning is kept."""
        large = "x" * 3_000_000
        texts = {"json": '{"id":%d,"pad":"%s"}\n', "csv": '%d,"%s"\n'}
        for extension, kind in ("json", ""), ("csv", ""), ("json", "&watch=true"):
            with self.subTest(extension=extension, kind=kind):
                name = f"{extension}{bool(kind)}"
                text = texts[extension]
                lines = [text % (1, "a"), text % (2, large), text % (3, "b"), text % (4, "y" * 70_000), text % (5, "c")]
                begin = len("id,pad\n" if extension == "csv" else "")
                self.write(f"{name}/in.{extension}", ("id,pad\n" if begin else "") + "".join(lines))
                source = f"{name}/in.{extension}?schema=id int64,pad text{kind}"
                small = source + "&max_record_bytes=64KiB"
                once = ["--once"] if kind else []
                failed = self.velo("copy", small, f"{name}/fail/?format=json", *once)
                self.assertEqual(failed.returncode, 2)
                self.assertRegex(failed.stderr, f"in.{extension}: (line [23], )?byte {begin + len(lines[0])}: the record is larger than 64 KiB; "
                                 "max_record_bytes= reads larger ones")
                self.done("copy", small, f"{name}/out/?format=json", "--on-error", f"{name}/bad/?format=json", *once)
                self.assertEqual(self.ids_in(f"{name}/out"), [1, 3, 5])
                kept = self.rows_in(f"{name}/bad")
                self.assertEqual([row["record"] for row in kept], [line[:65536] for line in (lines[1], lines[3])])
                self.done("copy", source, f"{name}/all/?format=json", *once)
                self.assertEqual(self.ids_in(f"{name}/all"), [1, 2, 3, 4, 5])

    def test_what_is_too_large_to_be_read_is_not_written(self):
        text = "x" * 70_000
        self.write("in.csv", f"id,pad\n1,{text}\n")
        for extension in "json", "csv":
            with self.subTest(extension):
                sink = f"out.{extension}"
                self.refused(("copy", "in.csv", f"{sink}?max_record_bytes=64KiB"),
                             f"velo: {sink}: row 1: the record has {len(text) + (2 if extension == 'csv' else 17)} bytes, and more than "
                             "64 KiB are not read again; with max_record_bytes= larger ones are written, and read")
                self.done("copy", "in.csv", f"{sink}?max_record_bytes=72KB")
                self.done("copy", f"{sink}?max_record_bytes=72KB", "null:")
        for size in "1KiB", "2GiB":
            refused = self.velo("copy", f"in.csv?max_record_bytes={size}", "out.csv")
            self.assertEqual(refused.returncode, 2)
            self.assertIn(": from 64KiB to 1GiB", refused.stderr)

    def test_how_large_they_may_be_of_a_whole_pipeline(self):
        """A named statement goes on with another size; what its address says goes before it."""
        for id, size in (1, 1), (2, 1), (3, 100_000):
            self.write(f"in/{id}.json", '{"id":%d,"pad":"%s"}\n' % (id, "x" * size))
        stream = lambda size, more="": (f"CREATE STREAM s WITH (commit_every = '1B', max_record_bytes = '{size}') AS SELECT * FROM "
                                        f"file('in/*.json?schema=id int64,pad text{more}') INSERT INTO file('out/?format=json')")
        killed = self.start("run", "-e", stream("64KiB"), program=CRASHING, environment={"VELO_CRASH_AT": "after_commit:2"})
        self.assertEqual(killed.wait(60), -signal.SIGKILL)
        failed = self.velo("run", "-e", stream("64KiB"))
        self.assertEqual(failed.returncode, 2)
        self.assertIn("in/3.json: line 1, byte 0: the record is larger than 64 KiB", failed.stderr)
        self.done("run", "-e", stream("128KiB"))
        self.assertEqual(self.ids_in("out"), [1, 2, 3])
        self.write("velo.toml", "[pipeline]\nmax_record_bytes = '64KiB'\n")
        for arguments in ("in/3.json", "x.json"), ("in/3.json?max_record_bytes=128KiB", "x.json"):
            self.assertEqual(self.velo("copy", *arguments).returncode, 2, arguments)
        self.done("copy", "in/3.json", "x.json", "--max-record-bytes", "128KiB")
        self.done("copy", "in/3.json?max_record_bytes=128KiB", "x.json?max_record_bytes=128KiB")
        self.assertIn("max_record_bytes = much: a size", self.velo("copy", "in/3.json", "x.json", "--max-record-bytes", "much").stderr)

    def test_how_large_they_may_be_is_no_other_source(self):
        """A run that has met one goes on once it may be as large."""
        for id, size in (1, 1), (2, 1), (3, 100_000):
            self.write(f"in/{id}.json", '{"id":%d,"pad":"%s"}\n' % (id, "x" * size))
        copy = lambda size: ("copy", f"in/*.json?schema=id int64&max_record_bytes={size}", "out/?format=json", "--commit-every", "1B")
        killed = self.start(*copy("64KiB"), program=CRASHING, environment={"VELO_CRASH_AT": "after_commit:2"})
        self.assertEqual(killed.wait(60), -signal.SIGKILL)
        before = self.ids_in("out")
        self.assertEqual(before, [1, 2])
        self.assertEqual(self.velo(*copy("64KiB")).returncode, 2)
        self.done(*copy("128KiB"))
        self.assertEqual(self.ids_in("out"), [1, 2, 3])

    def test_can_only_be_kept_where_that_is_once(self):
        self.write("in.json", '{"a":1}\nbad\n')
        for arguments, message in (
                (("in.json", "-", "--on-error", "bad/?format=json"), "the sink for the rows keeps no record"),
                (("-?format=json", "out/?format=json", "--on-error", "bad/?format=json"), "the source cannot be read again from a position"),
                (("in.json", "out/?format=json", "--on-error", "./bad.json"), "it keeps no record of what it was given"),
                (("in.json", "out/?format=json", "--on-error", "bad/"), "bad/: a directory's name")):
            with self.subTest(arguments):
                refused = self.velo("copy", *arguments, stdin='{"a":1}\n')
                self.assertEqual(refused.returncode, 2, refused.stderr)
                self.assertIn(message, refused.stderr)
                self.assertEqual(sorted(os.listdir(self.folder)), ["in.json"])


if __name__ == "__main__":
    unittest.main()
