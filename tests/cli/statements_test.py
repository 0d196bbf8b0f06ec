"""Several statements in one file: their order, those that run beside each other, and what a failure ends."""

import json
import signal
import unittest

from program import CRASHING, ProgramTest, wait_until_signals_are_awaited

ENDLESS = "generate('orders?unbounded=true&rate=20000&batch_size=1000')"


class Statements(ProgramTest):
    def ids_in(self, directory):
        """Of what is committed; a directory's files get their names one after the other."""
        ids = []
        for file in (self.folder / directory).glob("*.json"):
            ids += [json.loads(line)["id"] for line in file.read_text().splitlines()]
        return sorted(ids)

    def told_until_stopped(self, running):
        """Stop it; it must succeed. Answers what it has said."""
        wait_until_signals_are_awaited(running)
        running.send_signal(signal.SIGTERM)
        told = running.communicate(timeout=60)[1]
        self.assertEqual(running.returncode, 0, told)
        return told

    def stream(self, name, source=ENDLESS, columns="id", where=""):
        return (f"CREATE STREAM {name} WITH (commit_every = '200ms') AS SELECT {columns} FROM {source}{where} "
                f"INSERT INTO file('{name}/?format=json');\n")

    def test_what_never_ends_runs_beside_what_follows(self):
        self.write("in.csv", "id\n1\n2\n")
        self.write("go.sql", self.stream("one") + "INSERT INTO file('copied.csv') SELECT * FROM file('in.csv');\n"
                   + self.stream("two", columns="id, upper(status) AS status", where=" WHERE id > 10")
                   + "SELECT count(*) AS n, sum(total) AS total FROM generate('orders?rows=100000');")
        running = self.start("run", "go.sql", "--to", "null:")
        self.wait_for(lambda: self.ids_in("one") and self.ids_in("two"), running)
        self.assertEqual((self.folder / "copied.csv").read_text(), "id\n1\n2\n")
        told = self.told_until_stopped(running)
        for line in ["one → file:one/?format=json: ", "INSERT → file:copied.csv: 2 rows, ", "two → file:two/?format=json: "]:
            self.assertIn(line, told)
        for name, first in [("one", 1), ("two", 11)]:
            ids = self.ids_in(name)
            self.assertEqual(ids, list(range(first, first + len(ids))))

    def test_what_ends_has_ended_before_the_next(self):
        self.write("go.sql", "INSERT INTO file('a/?format=json') SELECT id FROM generate('orders?rows=200000');\n"
                             "INSERT INTO file('b.json') SELECT count(*) AS n FROM file('a/?format=json');")
        self.done("run", "go.sql")
        self.assertEqual(json.loads((self.folder / "b.json").read_text()), {"n": 200000})

    def test_who_reads_a_stream_waits_for_its_first_commit(self):
        self.write("go.sql", self.stream("first") + "CREATE STREAM seen AS SELECT id FROM first WHERE id < 5;\n"
                             "CREATE STREAM second AS SELECT * FROM seen INSERT INTO file('second.json');")
        running = self.start("run", "go.sql")
        self.wait_for((self.folder / "second.json").exists, running)
        self.assertIn("seen: waits for the first rows of first\n", self.told_until_stopped(running))
        self.assertEqual(self.ids_in("."), [1, 2, 3, 4])

    def test_who_waits_is_stopped(self):
        (self.folder / "none").mkdir()
        self.write("go.sql", self.stream("quiet", "file('none/*.json?watch=true&schema=id int64')")
                   + "INSERT INTO file('never.json') SELECT * FROM quiet;")
        running = self.start("run", "go.sql")
        self.assertIn("waits for the first rows of quiet", running.stderr.readline())
        running.send_signal(signal.SIGTERM)
        self.assertEqual(running.wait(timeout=60), 1)
        self.assertIn("velo: go.sql:2:1: not run: stopped before it had begun\n", running.stderr.read())
        self.assertFalse((self.folder / "never.json").exists())

    def test_a_failure_ends_those_that_read_it(self):
        self.write("in.csv", "id\n1\n")
        self.write("go.sql", "CREATE STREAM lost AS SELECT * FROM file('nowhere.csv') INSERT INTO file('lost.csv');\n"
                             "CREATE STREAM seen AS SELECT * FROM lost;\n"
                             "INSERT INTO file('also_lost.csv') SELECT * FROM seen;\n"
                             "INSERT INTO file('kept.csv') SELECT * FROM file('in.csv');\n")
        process = self.velo("run", "go.sql")
        self.assertEqual(process.returncode, 2)
        self.assertEqual((self.folder / "kept.csv").read_text(), "id\n1\n")
        self.assertFalse((self.folder / "also_lost.csv").exists())
        self.assertIn("velo: nowhere.csv: cannot read it", process.stderr)
        self.assertIn("velo: go.sql:2:1: not run: it reads lost, which has failed\n", process.stderr)
        self.assertIn("velo: go.sql:3:1: not run: it reads seen, which has failed\n", process.stderr)

    def test_fail_fast(self):
        self.write("in.csv", "id\n1\n")
        self.write("go.sql", "INSERT INTO file('lost.csv') SELECT * FROM file('nowhere.csv');\n"
                             "INSERT INTO file('kept.csv') SELECT * FROM file('in.csv');\n")
        self.refused(["run", "--fail-fast", "go.sql"], "velo: nowhere.csv: cannot read it: No such file or directory; check "
                     "the path")

    def start_with_a_failure(self, *options):
        """A stream that goes on, and one whose source yields what is no record, once the other has committed."""
        self.write("in/a.json", '{"id": 1}\n')
        self.write("go.sql", self.stream("good") + self.stream("bad", "file('in/*.json?watch=true')"))
        running = self.start("run", *options, "go.sql")
        self.wait_for(lambda: self.ids_in("good") and self.ids_in("bad"), running)
        self.write("in/b.json", "rubbish\n")
        return running

    def test_a_stream_that_fails_leaves_the_others(self):
        running = self.start_with_a_failure()
        self.assertIn("in/b.json: line 1", running.stderr.readline())
        before = len(self.ids_in("good"))
        self.wait_for(lambda: len(self.ids_in("good")) > before, running)
        running.send_signal(signal.SIGTERM)
        self.assertEqual(running.wait(timeout=60), 2)
        ids = self.ids_in("good")
        self.assertEqual(ids, list(range(1, len(ids) + 1)))

    def test_a_stream_that_fails_ends_all_where_that_is_asked_for(self):
        running = self.start_with_a_failure("--fail-fast")
        self.assertEqual(running.wait(timeout=60), 2)
        told = running.stderr.read()
        self.assertIn("in/b.json: line 1", told)
        self.assertIn("good → file:good/?format=json: ", told)
        ids = self.ids_in("good")
        self.assertEqual(ids, list(range(1, len(ids) + 1)))

    def test_killed_beside_each_other(self):
        self.write("go.sql", self.stream("one") + self.stream("two", columns="id, total * 2 AS twice"))
        for step in ["after_prepare:3", "after_publish:4", "after_commit:5", "in_recover:2"]:
            killed = self.start("run", "go.sql", program=CRASHING, environment={"VELO_CRASH_AT": step})
            self.assertEqual(killed.wait(timeout=60), -signal.SIGKILL, step)
        last = self.start("run", "go.sql")
        before = {name: len(self.ids_in(name)) for name in ["one", "two"]}
        self.wait_for(lambda: all(len(self.ids_in(name)) > before[name] for name in before), last)
        self.stop(last)
        for name in before:
            ids = self.ids_in(name)
            self.assertEqual(ids, list(range(1, len(ids) + 1)), name)

    def test_one_pipeline_runs_once(self):
        same = f"INSERT INTO file('same/?format=json') SELECT id FROM {ENDLESS};\n"
        self.write("go.sql", same + same)
        running = self.start("run", "go.sql", "--commit-every", "200ms")
        self.assertEqual(running.stderr.readline(), "velo: go.sql:2:1: the statement at go.sql:1:1 is the same pipeline, and "
                         "runs\n")
        self.wait_for(lambda: self.ids_in("same"), running)
        running.send_signal(signal.SIGTERM)
        self.assertEqual(running.wait(timeout=60), 2)
        ids = self.ids_in("same")
        self.assertEqual(ids, list(range(1, len(ids) + 1)))

    def test_machines_are_told_whose_it_is(self):
        self.write("go.sql", self.stream("one") + self.stream("two"))
        running = self.start("run", "go.sql", "--log-format", "json")
        self.wait_for(lambda: self.ids_in("one") and self.ids_in("two"), running)
        events = [json.loads(line) for line in self.told_until_stopped(running).splitlines()]
        for name in ["start", "commit", "summary"]:
            self.assertEqual({event["pipeline"] for event in events if event["event"] == name}, {"one", "two"}, name)


if __name__ == "__main__":
    unittest.main()
