"""velo dlq replay: bad records that were kept are given another try, and become rows once."""

import bz2
import json
import signal
import unittest

from program import CRASHING, ProgramTest

STEPS = ("in_write", "after_prepare_one", "after_prepare", "after_publish", "between_completes", "after_commit", "in_recover")


class ReplayTest(ProgramTest):
    def keep(self, source, sink="good/?format=json", letters="bad/?format=json"):
        self.done("copy", source, sink, "--on-error", letters)

    def replay(self, *arguments, letters="bad/?format=json", sink="good/?format=json"):
        return self.done("dlq", "replay", letters, sink, *arguments).stderr

    def test_what_is_good_now_is_moved_once(self):
        self.write("in.json", '{"id":1}\n{"id":"2"}\nno JSON\n{"id":3}\n{"id":null,"x":[1]}\n{"id":"ö\\""}\n')
        self.keep("in.json?schema=id int64")
        self.assertEqual([row["id"] for row in self.rows_in("good")], [1, 3, None], "the column x is not wanted")
        told = self.replay()
        self.assertIn("0 rows", told)
        self.assertIn("3 bad records skipped; the first: dead letter of ", told)
        self.assertIn("in.json: line 1, byte 6: column 'id' is int64, found \"2\"", told)
        told = self.replay("--schema", "id text")
        self.assertIn("2 rows", told)
        self.assertIn("1 bad record skipped; the first: dead letter of ", told)
        self.assertIn("the record is no JSON object", told)
        for sink in "good/?format=json", "good/?format=json&compression=gzip", f"{self.folder}/good/?format=csv":
            self.assertIn("nothing new since the 2 rows of earlier runs", self.replay("--schema", "id text", sink=sink))
        self.assertEqual(sorted(str(row["id"]) for row in self.rows_in("good")), ["1", "2", "3", "None", "ö\""])
        # What was bad in the other try is tried again, beside what is new.
        self.write("more.json", '{"id":"4"}\n')
        self.keep("more.json?schema=id int64")
        self.assertIn("1 row,", self.replay("--schema", "id text"))
        self.assertIn("1 bad record skipped", self.replay("--schema", "id text"))

    def test_a_directory_that_is_linked_to_is_one(self):
        self.write("in.json", '{"id":"1"}\n')
        self.keep("in.json?schema=id int64")
        (self.folder / "link").symlink_to("good")
        (self.folder / "here").symlink_to(".")
        self.assertIn("1 row,", self.replay("--schema", "id text"))
        for sink in "link/?format=json", "here/link/?format=json", "here/good/?format=json", "./good//?format=json":
            self.assertIn("nothing new", self.replay("--schema", "id text", sink=sink))
        self.assertEqual([row["id"] for row in self.rows_in("good")], ["1"])

    def test_letters_are_larger_than_their_records(self):
        self.write("in.json", '{"id":1}\n' + json.dumps({"id": "x" * 100_000}) + "\n" + json.dumps({"id": '"' * 20_000}) + "\n")
        limit = ("--max-record-bytes", "64KiB")
        self.done("copy", "in.json?schema=id int64", "good/?format=json", "--on-error", "bad/?format=json", *limit)
        self.write("s.sql", "CREATE STREAM letters WITH (max_record_bytes = '64KiB', on_error = 'file:named/?format=csv') AS SELECT * "
                   "FROM file('in.json?schema=id int64') INSERT INTO file('of_sql/?format=json')")
        self.done("run", "s.sql")
        for letters, sink in (("bad/?format=json", "good/?format=json"), ("named/?format=csv", "of_sql/?format=json")):
            told = self.replay("--schema", "id text", "--format", "json", letters=letters, sink=sink)
            self.assertIn("1 bad record skipped", told)
            self.assertIn("1 row,", told)
        self.assertEqual({row["id"] for row in self.rows_in("good")}, {1, '"' * 20_000})

    def test_letters_do_not_go_where_they_are(self):
        self.write("in.json", '{"id":"1"}\n')
        self.keep("in.json?schema=id int64")
        before = self.files()
        for sink in "bad/?format=json", "bad/?format=csv", f"{self.folder}/bad/?format=json":
            refused = self.velo("dlq", "replay", "bad/?format=json", sink, "--schema", "id text")
            self.assertEqual(refused.returncode, 2)
            self.assertIn("the dead letters are kept here; their rows go elsewhere", refused.stderr)
        self.assertEqual(self.files(), before)

    def test_records_of_csv(self):
        self.write("in.csv", 'id;name;total\n1;a;1.5\ntwo;"b;\n""";2\n3;c;x\n4;d\n5;e;5\n')
        for letters in "bad/?format=json", "bad_csv/?format=csv", "bad_parquet/?format=parquet&compression=zstd":
            with self.subTest(letters):
                sink = letters.replace("bad", "good").split("?")[0] + "?format=json"
                folder = sink.split("/")[0]
                self.keep("in.csv?delimiter=;&schema=id int64,name text,total double", sink, letters)
                refused = self.velo("dlq", "replay", letters, sink)
                self.assertEqual(refused.returncode, 2)
                self.assertIn("in.csv are CSV, where values have no names: schema = says what all columns of the file are, in their order. "
                              "The pipeline's rows had: id int64, name text, total double", refused.stderr)
                corrected = ("--schema", "id text,name text,total text", "--delimiter", ";")
                self.assertIn("1 bad record skipped", self.replay(*corrected, letters=letters, sink=sink))
                self.assertEqual(sorted(str(row["id"]) for row in self.rows_in(folder)), ["1", "3", "5", "two"])
                self.assertEqual([row["name"] for row in self.rows_in(folder) if row["id"] == "two"], ['b;\n"'])
                self.assertIn("nothing new", self.replay(*corrected, letters=letters, sink=sink))

    def test_names_of_columns_may_have_commas(self):
        self.write("in.json", '{"a,b":"1","c":2}\n')
        self.keep('in.json?schema="a,b" int64,c int64')
        self.assertIn("1 row,", self.replay("--schema", '"a,b" text,c int64', "--columns", '"a,b"'))
        self.assertEqual(self.rows_in("good"), [{"a,b": "1"}])

    def test_records_of_csv_are_known_by_their_file(self):
        """Which may be read in parts, compressed, or have tabs."""
        rows = "".join(f"{id},n\n" for id in range(3_000))
        self.write("in.csv", f"id,name\n{rows}two,b\n")
        self.write("in.csv.bz2", bz2.compress(b"id,name\n1,a\ntwo,b\n"))
        self.write("in.tsv", "id\tname\n1\ta\ntwo\tb,c\n")
        for number, source in enumerate(("in.csv?part_bytes=10000&", "in.csv.bz2?", "in.tsv?")):
            with self.subTest(source):
                letters, sink = f"bad_{number}/?format=json", f"good_{number}/?format=json"
                self.keep(f"{source}schema=id int64,name text", sink, letters)
                self.assertIn("1 row,", self.replay("--schema", "id text,name text", letters=letters, sink=sink))
                self.assertIn("two", [row["id"] for row in self.rows_in(f"good_{number}")])

    def test_the_same_record_of_another_run_is_another_one(self):
        self.write("in.json", '{"id":"1"}\n')
        for _ in range(2):
            self.keep("in.json?schema=id int64")
        self.assertIn("2 rows", self.replay("--schema", "id text"))
        self.assertIn("nothing new", self.replay("--schema", "id text"))

    def test_is_exactly_once_wherever_it_is_killed(self):
        lines = [f'{{"id":{id}}}' if id % 3 else f'{{"id":"{id}"}}' for id in range(9_000)]
        lines[600] = "rubbish"
        for part in range(3):
            self.write(f"in/{part}.json", "\n".join(lines[part * 3000:][:3000]))
        self.keep("in/*.json?schema=id int64")
        due = sorted(id for id in range(0, 9_000, 3) if id != 600)
        for step in STEPS:
            for times in (1, 2):
                with self.subTest(step=step, times=times):
                    sink = f"{step}_{times}/?format=json"
                    arguments = ("dlq", "replay", "bad/?format=json", sink, "--schema", "id text")
                    killed = self.start(*arguments, program=CRASHING, environment={"VELO_CRASH_AT": f"{step}:{times}"})
                    self.assertIn(killed.wait(60), (0, -signal.SIGKILL))
                    for _ in range(2):
                        self.assertIn("1 bad record skipped", self.done(*arguments).stderr)
                    self.assertEqual(sorted(int(row["id"]) for row in self.rows_in(f"{step}_{times}")), due)

    def test_some_of_them(self):
        self.write("in.csv", "id,name,total\n1,a,1\nx,b,2\n")
        for name in "first", "second":
            self.done("run", "-e", f"CREATE TABLE {name} WITH (on_error = 'bad/?format=json') AS SELECT total, name AS shout, id "
                      f"FROM file('in.csv?schema=id int64,name text,total int64') INSERT INTO file('{name}/?format=json')")
        corrected = ("--schema", "id text,name text,total int64")
        replay = lambda *more: self.velo("dlq", "replay", "bad/?format=json", "good/?format=json", *corrected, *more)
        refused = replay()
        self.assertEqual(refused.returncode, 2)
        self.assertIn("there are dead letters of several pipelines: first, second; pipeline = NAME takes those of one", refused.stderr)
        refused = replay("--pipeline", "first")
        self.assertEqual(refused.returncode, 2)
        self.assertIn("'shout'", refused.stderr)
        self.assertIn("What its SELECT has computed is not computed again: columns = says which are to be written", refused.stderr)
        for arguments, words in ((("--pipeline", "third"), "there are no such dead letters"),
                                 (("--since", "2999-01-01"), "there are no such dead letters"),
                                 (("--since", "noon"), "since = noon: a time"), (("--format", "avro"), "format = avro: csv or json"),
                                 (("--pipeline", "first", "--columns", "id,sum"), "'sum'"),
                                 (("--delimiter", "||"), "delimiter = ||: one character")):
            refused = replay(*arguments)
            self.assertEqual(refused.returncode, 2, arguments)
            self.assertIn(words, refused.stderr)
        self.assertFalse((self.folder / "good").exists())
        self.assertEqual(replay("--pipeline", "first", "--columns", "total,id", "--since", "2026-01-01").returncode, 0)
        self.assertEqual(self.rows_in("good"), [{"total": 2, "id": "x"}])
        self.assertEqual(replay("--pipeline", "second", "--columns", "total,id").returncode, 0)
        self.assertEqual(len(self.rows_in("good")), 2)

    def test_a_pipeline_goes_by_its_name(self):
        self.write("in.json", '{"id":"1"}\n')
        for name in "Orders", "orders_of_all_the_shops_of_the_north_and_south":
            self.done("run", "-e", f"CREATE STREAM {name} WITH (on_error = 'bad/?format=json') AS SELECT * "
                      f"FROM file('in.json?schema=id int64') INSERT INTO file('{name}/?format=json')")
            self.assertIn("1 row,", self.replay("--schema", "id text", "--pipeline", name))
        self.assertIn("nothing new", self.replay("--schema", "id text", "--pipeline", "ORDERS"))
        self.assertEqual(len(self.rows_in("good")), 2)

    def test_a_damaged_letter_is_named_and_the_others_are_moved(self):
        self.write("in.json", "".join(f'{{"id":"{id}"}}\n' for id in range(5)))
        self.keep("in.json?schema=id int64")
        (path,) = self.folder.glob("bad/*.json")
        letters = path.read_text().splitlines()
        shown = json.loads(letters[3])
        ways = ((letters[3][:50], f"{path.name}: line 4"), ('{"pipeline":[', f"{path.name}: line 4"),
                (json.dumps(shown | {"position": "no"}), f"{path.name}: row 4 is no dead letter of a pipeline ('"),
                (json.dumps(shown | {"position": "no"}), "its position is 'no'"),
                (json.dumps(shown | {"record_encoding": "x"}), "its record_encoding is 'x'"),
                (json.dumps(shown | {"record_encoding": "base64", "record": "="}), "its record is not base64"))
        for number, (damaged, words) in enumerate(ways):
            with self.subTest(damaged):
                path.write_text("\n".join([*letters[:3], damaged, letters[4]]) + "\n")
                sink = f"good{number}/?format=json"
                for moved in "4 rows", "nothing new":
                    told = self.replay("--schema", "id text", sink=sink)
                    self.assertIn(moved, told)
                    self.assertIn("1 bad record skipped; the first: ", told)
                    self.assertIn(words, told)
                path.write_text("\n".join(letters) + "\n")
                self.assertIn("1 row,", self.replay("--schema", "id text", sink=sink))
        path.write_text(letters[3][:50] + "\n")
        refused = self.velo("dlq", "replay", "bad/?format=json", "none/?format=json", "--schema", "id text")
        self.assertEqual(refused.returncode, 2)
        self.assertIn(f"{path.name}: line 1", refused.stderr)
        self.assertFalse((self.folder / "none").exists())

    def test_a_field_that_nobody_knew_is_not_lost(self):
        """It made its record bad, and is not left out unless that is said."""
        good = "".join(f'{{"id":{id}}}\n' for id in range(100_000))
        self.write("in.json", good + '{"id":100000,"new":"x"}\n')
        self.keep("in.json")
        self.assertIn("1 bad record skipped; the first: dead letter of", self.replay())
        self.assertIn("1 row,", self.replay("--schema", "id int64,new text", "--columns", "id,new"))
        self.assertIn({"id": 100_000, "new": "x"}, self.rows_in("good"))

    def test_what_was_too_large_is_not_whole(self):
        self.write("in.csv", 'id,pad\n1,a\n2,"%s"\n' % ("x" * 100_000))
        self.keep("in.csv?schema=id int64,pad text&max_record_bytes=64KiB")
        told = self.replay("--schema", "id int64,pad text")
        self.assertIn("the record was too large, and only its first 64 KiB were kept", told)
        self.assertEqual(self.ids_in("good"), [1])

    def test_one_of_as_many_bytes_is_whole(self):
        """64 KiB are kept of what was too large; a record may have just as many."""
        record = '{"id":"2","pad":"%s"}'
        record %= "x" * (64 * 1024 - len(record) + 2)
        self.assertEqual(len(record), 64 * 1024)
        self.write("in.json", '{"id":1,"pad":"a"}\n' + record + "\n")
        self.keep("in.json?schema=id int64,pad text")
        self.assertIn("1 row,", self.replay("--schema", "id text,pad text"))

    def test_changes_are_not_replayed(self):
        self.write("in.json", '{"op":"c","after":{"id":1}}\n{"op":"c","after":{"id":"2"}}\n')
        self.keep("in.json?envelope=debezium&schema=id int64")
        refused = self.velo("dlq", "replay", "bad/?format=json", "good/?format=json", "--schema", "id text")
        self.assertEqual(refused.returncode, 2)
        self.assertIn("these are changes, and are not replayed", refused.stderr)

    def test_only_into_what_takes_them_once(self):
        self.write("in.json", '{"id":"1"}\n')
        self.keep("in.json?schema=id int64")
        for sink in "good.json", "null:", "-?format=json":
            refused = self.velo("dlq", "replay", "bad/?format=json", sink, "--schema", "id text")
            self.assertEqual(refused.returncode, 2, sink)
            self.assertIn("dead letters are moved once each, and the sink ", refused.stderr)
        self.write("other.json", '{"a":1}\n')
        refused = self.velo("dlq", "replay", "other.parquet", "good/?format=json")
        self.assertEqual(refused.returncode, 2)
        self.done("copy", "other.json", "other.parquet")
        refused = self.velo("dlq", "replay", "other.parquet", "good/?format=json")
        self.assertIn("other.parquet: these are no dead letters: there is no column 'pipeline'", refused.stderr)
        self.assertIn("velo: ACTION: ", self.velo("dlq", "reply", "bad/", "good/").stderr)


if __name__ == "__main__":
    unittest.main()
