"""`velo state` of pipelines that write directories, and what it refuses."""

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

    def test_what_keeps_no_record(self):
        self.write("in.csv", "id\n1\n")
        self.write("go.sql", "CREATE STREAM alone AS SELECT * FROM file('in.csv') INSERT INTO file('one.csv');"
                             "CREATE STREAM both AS SELECT * FROM file('in.csv') INSERT INTO file('out/?format=csv'), "
                             "file('two.csv')")
        self.done("run", "go.sql")
        self.assertEqual([(one["name"], one["known"]) for one in self.state_of("go.sql")],
                         [("alone", False), ("both", False), ("both", False)])
        shown = self.done("state", "show", "go.sql").stdout
        self.assertEqual(shown.count("  state    no record is kept here: each run starts anew\n"), 3)

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
                     "velo: --yes, --source and --leave-source are options of velo state reset")
        self.write("two.sql", "CREATE STREAM first AS SELECT * FROM file('in.csv') INSERT INTO file('out/?format=csv');"
                              "CREATE STREAM second AS SELECT * FROM first INSERT INTO file('more/?format=csv')")
        self.refused(["state", "show", "two.sql", "frst"],
                     "velo: two.sql: there is no pipeline 'frst' here; did you mean 'first'?")
        self.assertIn("ACTION", self.velo("state", "sho", "two.sql").stderr)


if __name__ == "__main__":
    unittest.main()
