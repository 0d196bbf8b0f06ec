"""`velo state` of pipelines that write directories, and what it refuses."""

import json
import os
import pty
import subprocess
import unittest

from kept_state import KeptState
from program import VELO, ProgramTest


class State(KeptState, ProgramTest):
    def sink_of_state(self):
        return f"file://{self.folder}/out/?format=csv"

    def source_of_state(self, sink):
        return "out/*.csv"

    def test_who_is_asked_may_say_no(self):
        self.write_pipeline("asked")
        self.done("run", "go.sql")
        for answer, known in [("\n", True), ("no\n", True), ("y\n", False)]:
            master, slave = pty.openpty()
            process = subprocess.Popen([VELO, "state", "reset", "go.sql"], cwd=self.folder, stdin=slave,
                                       stderr=subprocess.PIPE, text=True)
            os.write(master, answer.encode())
            _, told = process.communicate(timeout=60)
            self.assertEqual(process.returncode, 0, told)
            self.assertIn("Reset asked? [y/N] ", told)
            self.assertIn("asked: left as it is" if known else "asked: reset", told)
            os.close(slave)
            os.close(master)
            self.assertEqual(self.state_of("go.sql")[0]["known"], known)

    def test_an_unfinished_run_is_reset_too(self):
        self.write("in.csv", "id\n1\n2\n")
        self.crash("after_commit", "copy", "in.csv", "out/?format=csv")
        [state] = self.state_of("out/?format=csv")
        self.assertRegex(state["pipeline"], "^run_[0-9a-f]{16}$")
        self.assertEqual(state["rows"], 2)
        self.done("state", "reset", "out/?format=csv", state["pipeline"], "--yes")
        self.assertEqual(self.state_of("out/?format=csv"), [])

    def test_many_splits_are_cut_short_for_people_only(self):
        for number in range(30):
            self.write(f"in/{number:02}.csv", "id\n1\n")
        self.write("go.sql", "CREATE STREAM many AS SELECT * FROM file('in/*.csv') INSERT INTO file('out/?format=csv')")
        self.done("run", "go.sql")
        self.assertIn("10 more; --json shows all", self.done("state", "show", "go.sql").stdout)
        self.assertEqual(len(self.state_of("go.sql")[0]["splits"]), 30)

    def test_what_follows_a_growing_file_is_a_byte(self):
        self.write("app.json", '{"id": 1}\n')
        self.write("go.sql", "CREATE STREAM tail WITH (once = true) AS SELECT * FROM file('app.json?watch=true') INSERT INTO "
                             "file('out/?format=csv')")
        self.done("run", "go.sql")
        self.assertEqual(self.state_of("go.sql")[0]["splits"][0]["position"], "byte 10")

    def test_a_directory_needs_no_format_to_be_looked_at(self):
        self.write_pipeline("plain")
        self.done("run", "go.sql")
        [plain] = self.state_of("out/")
        self.assertEqual([{**plain, "sink": "file:out/?format=csv"}], self.state_of("out/?format=csv"))
        self.done("state", "reset", "out/", "plain", "--yes")
        self.assertEqual(self.state_of("out/"), [])
        self.refused(["copy", "in/a.csv", "out/"],
                     "velo: out/: a directory's name does not tell the format of its files; add ?format= and "
                     "one of csv, json, parquet, avro, orc, arrow, arrows, protobuf, text")

    def write_bad_ones(self):
        self.write("in.json", '{"id":1}\nbad\n{"id":2}\n')
        self.write("go.sql", "CREATE STREAM some WITH (on_error = 'bad/?format=json') AS SELECT * FROM file('in.json') "
                             "INSERT INTO file('out/?format=json')")
        self.done("run", "go.sql")
        [dead] = self.state_of("bad/")
        self.assertRegex(dead["pipeline"], "^some_[0-9a-f]{8}_dead$")
        return dead["pipeline"]

    def num_dead(self):
        return sum(len(file.read_text().splitlines()) for file in self.folder.glob("bad/*.json"))

    def test_the_record_of_bad_records_goes_too(self):
        self.write_bad_ones()
        told = self.done("state", "reset", "go.sql", "--yes").stderr
        self.assertIn("  goes:  the record of its bad records at file:bad/?format=json\n", told)
        self.assertEqual((self.state_of("bad/"), self.state_of("out/"), self.num_dead()), ([], [], 1))
        self.done("run", "go.sql")  # all of it again
        self.assertEqual(self.num_dead(), 2)
        dead = self.state_of("bad/")[0]["pipeline"]
        self.done("state", "reset", "out/", "some", "--yes")
        self.assertEqual([one["pipeline"] for one in self.state_of("bad/")], [dead])
        self.done("state", "reset", "bad/", dead, "--yes")
        self.assertEqual(self.state_of("bad/"), [])
        self.done("run", "go.sql")
        self.done("state", "reset", "out/", "some", "--on-error", "bad/", "--yes")
        self.assertEqual((self.state_of("bad/"), self.num_dead()), ([], 3))

    def test_killed_while_it_is_reset(self):
        """The record goes last: whatever is left is known by it, and the same again removes the rest."""
        self.write_bad_ones()
        for number, (step, is_left) in enumerate((("in_recover", True), ("in_recover:2", True), ("between_completes", True),
                                                  ("between_completes:2", False))):
            self.crash(step, "state", "reset", "go.sql", "--yes")
            self.assertEqual((len(self.state_of("out/")), bool(self.state_of("bad/"))), (1, is_left), step)
            self.assertEqual(self.num_dead(), number + 1)
            self.done("state", "reset", "go.sql", "--yes")
            self.assertEqual((self.state_of("bad/"), self.state_of("out/")), ([], []), step)
            self.done("run", "go.sql")
            self.assertEqual(self.num_dead(), number + 2)

    def test_a_reset_is_told_to_machines(self):
        self.write_pipeline("told")
        self.done("run", "go.sql")
        lines = self.done("state", "reset", "go.sql", "--yes", "--log-format", "json").stderr.splitlines()
        events = [json.loads(line) for line in lines]
        self.assertEqual([event["event"] for event in events], ["goes", "reset"])
        self.assertEqual({event["pipeline"] for event in events}, {"told"})
        self.assertEqual(events[0]["rows"], 40)
        again = self.done("state", "reset", "go.sql", "--yes", "--log-format", "json").stderr
        self.assertEqual(json.loads(again)["event"], "not_known")

    def test_what_keeps_no_record(self):
        self.write("in.csv", "id\n1\n")
        self.write("go.sql", "CREATE STREAM alone AS SELECT * FROM file('in.csv') INSERT INTO file('one.csv');"
                             "CREATE STREAM both AS SELECT * FROM file('in.csv') INSERT INTO file('out/?format=csv'), "
                             "file('two.csv')")
        self.done("run", "go.sql")
        self.assertEqual([(one["name"], one["known"]) for one in self.state_of("go.sql")],
                         [("alone", False), ("both", True), ("both", False)])
        shown = self.done("state", "show", "go.sql").stdout
        self.assertEqual(shown.count("  state    no record is kept here: each run starts anew\n"), 2)

    def test_who_runs_is_ended_by_going_back(self):
        self.write("go.sql", "CREATE STREAM endless WITH (commit_every = '100ms') AS SELECT id FROM "
                             "generate('orders?unbounded=true&rate=5000&batch_size=100') INSERT INTO file('out/?format=csv')")
        running = self.start("run", "go.sql")
        self.wait_for(lambda: any(self.folder.glob("out/*.csv")), running)
        self.done("state", "rewind", "go.sql", "endless", "--to", "10", "--yes")
        self.assertEqual(running.wait(timeout=60), 1)
        self.assertIn("a newer run of this pipeline has taken over", running.stderr.read())
        self.assertEqual(self.state_of("go.sql")[0]["splits"][0]["position"], "row 10")

    def ids(self):
        return sorted(int(line) for file in self.folder.glob("out/*.csv") for line in file.read_text().split()[1:])

    def test_killed_while_it_is_set(self):
        """It is where it was, or where it was to be; the same again does it."""
        self.write("in/a.csv", "id\n" + "".join(f"{n}\n" for n in range(20)))
        one = "CREATE STREAM one AS SELECT id FROM file('in/*.csv') INSERT INTO file('out/?format=csv');\n"
        for step in ["in_recover", "after_prepare", "after_publish", "after_commit"]:
            self.write("go.sql", one.replace("one", step) + one.replace("one", step + "_too"))
            self.write("one.sql", one.replace("one", step))
            self.done("run", "one.sql")
            self.crash(step, "state", "rewind", "go.sql", step, "--to", "5", "--yes")
            position = self.state_of("one.sql")[0]["splits"][0]["position"].split(" of")[0]
            self.assertEqual(position, "record 20" if step in ("in_recover", "after_prepare") else "record 5")
            if position == "record 20":
                self.done("state", "rewind", "go.sql", step, "--to", "5", "--yes")
            self.done("run", "one.sql")
            self.assertEqual(self.ids(), sorted([*range(20), *range(5, 20)]))
            self.crash(step, "state", "fork", "go.sql", step, step + "_too")
            self.velo("state", "fork", "go.sql", step, step + "_too")
            self.assertEqual([one["splits"] for one in self.state_of("go.sql")][0], self.state_of("go.sql")[1]["splits"])
            for file in self.folder.glob("out/*.csv"):
                file.unlink()

    def test_what_cannot_be_set(self):
        self.write("in/a.csv", "id\n1\n2\n")
        self.write("in/b.csv", "id\n3\n")
        self.write("other.csv", "id\n1\n")
        self.write("go.sql", "CREATE STREAM dir AS SELECT id FROM file('in/*.csv') INSERT INTO file('out/?format=csv');\n"
                             "CREATE STREAM alone AS SELECT id FROM file('in/*.csv') INSERT INTO file('one.csv');\n"
                             "CREATE STREAM whole AS SELECT max(id) AS id FROM file('in/*.csv') INSERT INTO "
                             "file('max/?format=csv');\n"
                             "CREATE STREAM other AS SELECT id FROM file('other.csv') INSERT INTO file('other/?format=csv');")
        self.refused(["state", "rewind", "go.sql", "dir", "--to", "earliest", "--yes"],
                     "velo: dir: it is not known at its sink: it has not run, or was reset")
        self.done("run", "go.sql")
        a, b = self.folder / "in/a.csv", self.folder / "in/b.csv"
        for arguments, message in [
            (["rewind", "go.sql", "dir", "--to", "1", "--yes"],
             "velo: dir: which split? --split says so; velo state show lists them"),
            (["rewind", "go.sql", "dir", "--to", "soon", "--yes"],
             "velo: dir: --to=soon: earliest is expected, the number of a record, message or row, or a time (2026-01-31T12:00:00Z)"),
            (["rewind", "go.sql", "dir", "--to", "2026-01-31T12:00:00Z", "--yes"],
             "velo: from = 2026-01-31T12:00:00Z: this source has no places to begin or to end at; leave it out"),
            (["rewind", "go.sql", "dir", "--to", "1", "--split", "in/c.csv", "--yes"],
             "velo: dir: it has read no split in/c.csv"),
            (["rewind", "go.sql", "alone", "--to", "earliest", "--yes"], "velo: alone: its sink keeps no record of it"),
            (["fork", "go.sql", "other", "dir"],
             f"velo: dir: it reads file://{self.folder}/in/*.csv, and other has read file://{self.folder}/other.csv"),
            (["rewind", "out/?format=csv", "dir", "--to", "earliest"],
             "velo: velo state rewind FILE.sql NAME --to earliest, a number or a time: the statement is needed, as its run will be "
             "by it"),
            (["fork", "go.sql", "dir"], "velo: velo state fork FILE.sql NAME NEW_NAME: both statements are needed"),
            (["show", "go.sql", "--to", "1"], "velo: --to and --split are options of velo state rewind"),
        ]:
            with self.subTest(arguments):
                self.refused(["state", *arguments], message)
        process = self.velo("state", "rewind", "go.sql", "dir", "--to", "2", "--split", a, "--yes")
        self.assertEqual(process.returncode, 2)
        self.assertRegex(process.stderr, "a.csv is at record 2 of a file of 7 bytes: it can only go back from there")
        process = self.velo("state", "rewind", "go.sql", "whole", "--to", "earliest", "--yes")
        self.assertEqual(process.returncode, 2)
        self.done("state", "rewind", "go.sql", "dir", "--to", "0", "--split", b, "--yes")
        self.done("run", "go.sql")
        self.assertEqual(self.ids(), [1, 2, 3, 3])

    def test_what_cannot_be_meant(self):
        self.write("in.csv", "id\n1\n")
        self.write("none.sql", "INSERT INTO file('out/?format=csv') SELECT * FROM file('in.csv')")
        self.refused(["state", "show", "none.sql"],
                     "velo: none.sql: no statement here has both a name and a sink, so that nothing is kept under a name: "
                     "CREATE STREAM name AS SELECT … INSERT INTO …")
        self.refused(["state", "show", "other.sql"], "velo: other.sql: there is no such file")
        self.refused(["state", "show", "out.csv"],
                     "velo: file:out.csv: such a sink keeps no record of pipelines: each run starts anew")
        self.refused(["state", "reset", "out/?format=csv"],
                     "velo: which pipeline? velo state reset out/?format=csv NAME; velo state show lists them")
        self.refused(["state", "show", "out/?format=csv", "nobody"],
                     "velo: file:out/?format=csv: there is no pipeline 'nobody' here; there is none")
        self.refused(["state", "show", "out/?format=csv", "--yes"],
                     "velo: --yes is an option of velo state reset and rewind")
        self.write("two.sql", "CREATE STREAM first AS SELECT * FROM file('in.csv') INSERT INTO file('out/?format=csv');"
                              "CREATE STREAM second AS SELECT * FROM first INSERT INTO file('more/?format=csv')")
        self.refused(["state", "show", "two.sql", "frst"],
                     "velo: two.sql: there is no pipeline 'frst' here; did you mean 'first'?")
        self.assertIn("ACTION", self.velo("state", "sho", "two.sql").stderr)


if __name__ == "__main__":
    unittest.main()
