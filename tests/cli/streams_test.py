"""Sources of several streams into sinks with a template, without a server: made-up tables into files."""

import json
import pathlib
import shutil
import unittest

from program import ProgramTest

TABLES = "generate://orders,events,lineitem?rows=100"
STEPS = ["in_write", "after_prepare_one", "after_prepare", "after_publish", "between_completes", "after_commit",
         "in_recover"]


class Streams(ProgramTest):
    def counts(self, folder="out"):
        """Rows by folder, and whether a pipeline's record is left."""
        root = self.folder / folder
        counts = {path.name: len(self.rows_in(f"{folder}/{path.name}")) for path in root.iterdir()}
        left = [path for path in root.rglob("_velo/*") if path.is_dir() and any(path.iterdir())]
        return counts, bool(left)

    def test_each_has_its_own_sink(self):
        process = self.done("copy", TABLES, "out/{table}/?format=json")
        self.assertEqual(self.counts(), ({"orders": 100, "events": 100, "lineitem": 100}, False))
        self.assertRegex(process.stderr, r"(?m)^orders: 100 rows")
        self.assertRegex(process.stderr, r"(?m)^3 of 3 streams are done$")
        self.done("copy", TABLES, "{stream}.csv")
        self.assertEqual(len((self.folder / "events.csv").read_text().splitlines()), 101)
        # One stream fills a template too, and a second run of it is another.
        self.done("copy", "generate://orders?rows=5", "one/{table}/?format=json")
        self.done("copy", "generate://orders?rows=5", "one/{table}/?format=json")
        self.assertEqual(self.counts("one"), ({"orders": 10}, False))
        self.done("copy", TABLES, "out/{table}/?format=json")
        self.assertEqual(self.counts(), ({"orders": 200, "events": 200, "lineitem": 200}, False))

    def test_refused(self):
        self.refused(["copy", TABLES, "out/"],
                     "velo: file:out/: generate://orders,events,lineitem?rows=100 is 3 streams (orders, events, lineitem), "
                     "and each needs a place of its own here: file:out/{table}/")
        self.refused(["copy", TABLES, "null:"],
                     "velo: null:: generate://orders,events,lineitem?rows=100 is 3 streams (orders, events, lineitem), "
                     "and this is one place: name one of them, or write into a directory for each (out/{table}/)")
        self.refused(["copy", TABLES, "out/{topic}/"],
                     "velo: file:out/{topic}/: {topic} is no name that this source has; it has {stream}, {table}")
        self.refused(["copy", "generate://orders,event", "out/{table}/"],
                     "velo: generate://event: no table 'event', did you mean 'events'?")
        self.write("x.csv", "id\n1\n")
        process = self.velo("copy", "x.csv", "out/{table}/")
        self.assertEqual(process.returncode, 2)
        self.assertIn("this source has none", process.stderr)
        for verb in ("show", "schema"):
            process = self.velo(verb, TABLES)
            self.assertEqual(process.returncode, 2)
            self.assertIn("these are 3 streams, and one is looked at: --stream NAME says which of orders, events, lineitem",
                          process.stderr)
        process = self.velo("show", TABLES, "--stream", "event")
        self.assertIn("no stream is called 'event', did you mean 'events'?", process.stderr)
        process = self.velo("copy", TABLES + "&unbounded", "{table}.csv")
        self.assertEqual(process.returncode, 2)

    def test_one_is_looked_at(self):
        shown = self.done("show", TABLES, "--stream", "orders", "-n", "2").stdout
        self.assertEqual(shown, self.done("show", "generate://orders?rows=100", "-n", "2").stdout)
        self.assertIn("l_orderkey", self.done("schema", TABLES, "--stream", "lineitem").stdout)

    def test_plan_says_each(self):
        process = self.done("plan", TABLES, "out/{table}/?format=json", "--json")
        statements = json.loads(process.stdout)["statements"]
        self.assertEqual([statement["place"] for statement in statements], ["orders", "events", "lineitem"])
        self.assertEqual([pathlib.PurePath(statement["sinks"][0]["sink"].split("?")[0]).name for statement in statements],
                         ["orders", "events", "lineitem"])
        self.assertEqual(len({statement["name"] for statement in statements}), 3)
        self.assertEqual({statement["sinks"][0]["guarantee"] for statement in statements}, {"exactly-once"})
        self.assertFalse((self.folder / "out").exists())

    def test_check_tries_each(self):
        process = self.done("check", TABLES)
        self.assertEqual([line for line in process.stdout.splitlines() if ":" not in line], ["orders", "events", "lineitem"])

    def test_verify_compares_each(self):
        self.done("copy", TABLES, "{table}.csv")
        process = self.done("verify", "generate://orders,events?rows=100", "{table}.csv")
        self.assertEqual(process.stdout.count("100 rows"), 4)
        self.write("events.csv", (self.folder / "events.csv").read_text().rsplit("\n", 2)[0] + "\n")
        self.assertEqual(self.velo("verify", "generate://orders,events?rows=100", "{table}.csv").returncode, 2)

    def test_killed_anywhere_and_run_again(self):
        """Those that had finished are not written again; also where the end itself was cut short."""
        copy = ["copy", TABLES, "out/{table}/?format=json"]
        for step in STEPS:
            for times in range(1, 14):
                with self.subTest(step=step, times=times):
                    came = self.crash(f"{step}:{times}", *copy, must=False)
                    if came:
                        self.done(*copy)
                    self.assertEqual(self.counts(), ({"orders": 100, "events": 100, "lineitem": 100}, False))
                shutil.rmtree(self.folder / "out")
                if not came:
                    break

    def test_killed_at_the_end_and_run_again_with_one_stream_more(self):
        """As table=* is, where a table was made meanwhile; then with as many as at first."""
        def copy(tables):
            return ["copy", f"generate://{tables}?rows=100", "out/{table}/?format=json"]

        both, all_three = "events,orders", "events,lineitem,orders"
        for step in ("in_recover", "after_commit"):
            for times in range(1, 30):
                with self.subTest(step=step, times=times):
                    came = self.crash(f"{step}:{times}", *copy(both), must=False)
                    if came:
                        self.done(*copy(all_three))
                        self.assertEqual(self.counts(), ({"orders": 100, "events": 100, "lineitem": 100}, False))
                        self.done(*copy(both))  # another day
                        self.assertEqual(self.counts(), ({"orders": 200, "events": 200, "lineitem": 100}, False))
                shutil.rmtree(self.folder / "out")
                if not came:
                    break

    def test_a_failure_of_one(self):
        self.write("out/events", "in the way")
        copy = ["copy", TABLES, "out/{table}/?format=json"]
        process = self.velo(*copy)
        self.assertEqual(process.returncode, 2, process.stderr)
        self.assertRegex(process.stderr, r"(?m)^velo: events: .*out/events")
        self.assertIn("2 of 3 streams are done; run it again", process.stderr)
        (self.folder / "out/events").unlink()
        self.done(*copy)  # those that were done are not written again
        self.assertEqual(self.counts(), ({"orders": 100, "events": 100, "lineitem": 100}, False))
        self.write("fast/events", "in the way")
        process = self.velo("copy", TABLES, "fast/{table}/?format=json", "--fail-fast")
        self.assertEqual(process.returncode, 2)
        self.assertFalse((self.folder / "fast/lineitem").exists())

    def test_streams_that_go_on_run_beside_each_other(self):
        copy = ["copy", "generate://orders,events?unbounded&rate=200", "on/{table}/?format=json", "--commit-every", "100ms"]
        for least in (1, 100):
            process = self.start(*copy)
            self.wait_for(lambda: all(len(self.rows_in(f"on/{table}")) > least for table in ("orders", "events")), process)
            self.stop(process)
        for table, key in (("orders", "id"), ("events", "id")):
            rows = [row[key] for row in self.rows_in(f"on/{table}")]
            self.assertEqual(len(rows), len(set(rows)))
        process = self.velo(*copy, "--memory", "20MiB")
        self.assertEqual(process.returncode, 2)
        self.assertIn("20 MiB are too few for 2 streams beside each other, each of which takes 32 MiB at least: 64 MiB",
                      process.stderr)


if __name__ == "__main__":
    unittest.main()
