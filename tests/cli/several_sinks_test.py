"""Statements with several sinks, and of several streams, without a server: each is a pipeline of its own."""

import json
import re
import unittest

from program import CRASHING, ProgramTest, wait_until_signals_are_awaited

STEPS = ["in_write", "after_prepare_one", "after_prepare", "after_publish", "between_completes", "after_commit", "in_recover"]
ENDLESS = "generate('orders?unbounded=true&rate=20000&batch_size=1000')"
TWO = ("one", "two")


class SeveralSinks(ProgramTest):
    def write_rows(self, begin, end, file="in/a.csv"):
        self.write(file, "id,name\n" + "".join(f"{n},n{n}\n" for n in range(begin, end)))

    def sinks(self, *folders):
        return ", ".join(f"file('{folder}/?format=json')" for folder in folders)

    def statement(self, *folders, name="pair", options="", source="file('in/*.csv?schema=id int64,name text')"):
        create = f"CREATE STREAM {name}{options} AS SELECT * FROM {source}" if name else ""
        text = f"{create} INSERT INTO {self.sinks(*folders)}" if name else f"INSERT INTO {self.sinks(*folders)} SELECT * FROM {source}"
        self.write("go.sql", text + ";\n")
        return ("run", "go.sql", "--commit-every", "1ms")

    def states(self, *arguments):
        return json.loads(self.done("state", "show", *(arguments or ("go.sql",)), "--json").stdout)["pipelines"]

    def pipelines(self):
        return [state["pipeline"] for state in self.states()]

    def test_each_has_a_record_and_goes_on(self):
        self.write_rows(0, 100)
        run = self.statement(*TWO)
        told = self.done(*run).stderr
        for folder in TWO:
            self.assertEqual(self.ids_in(folder), list(range(100)))
            self.assertIn(f"pair → file:{folder}/?format=json: 100 rows, ", told)
        self.assertEqual(self.done(*run).stderr.count("nothing new since the 100 rows of earlier runs"), 2)
        self.write_rows(100, 150, "in/b.csv")
        self.done(*run)
        for folder in TWO:
            self.assertEqual(self.ids_in(folder), list(range(150)))
        for pipeline in self.pipelines():
            self.assertRegex(pipeline, "^pair_to_[0-9a-f]{8}$")
        self.assertEqual(len(set(self.pipelines())), 2)

    def test_every_crash_in_turn(self):
        for number, step in enumerate(f"{step}:{n}" for n in (1, 2, 3) for step in STEPS):
            self.write_rows(number * 50, number * 50 + 50, f"in/{number:02}.csv")
            self.crash(step, *self.statement(*TWO), must=False)
        self.done(*self.statement(*TWO))
        for folder in TWO:
            self.assertEqual(self.ids_in(folder), list(range(50 * 3 * len(STEPS))))

    def test_every_crash_of_a_run_without_a_name(self):
        self.write_rows(0, 200)
        for step in [f"{step}:{n}" for n in (1, 2, 3) for step in STEPS]:
            with self.subTest(step):
                folders = [f"{folder}_{step.replace(':', '_')}" for folder in TWO]
                run = self.statement(*folders, name="")
                if self.crash(step, *run, must=False):
                    self.done(*run)
                for folder in folders:
                    self.assertEqual(self.ids_in(folder), list(range(200)))
                    self.assertEqual([path for path in (self.folder / folder).glob("_velo/*") if any(path.iterdir())], [])

    def test_killed_beside_each_other(self):
        run = ("run", "go.sql")
        self.statement(*TWO, source=ENDLESS, options=" WITH (commit_every = '200ms')")
        for step in ["after_prepare:3", "after_publish:4", "after_commit:5", "in_recover:2"]:
            killed = self.start(*run, program=CRASHING, environment={"VELO_CRASH_AT": step})
            self.assertEqual(killed.wait(timeout=60), -9, step)
        last = self.start(*run, "--metrics-port", "0", "--log-format", "json")
        before = {folder: len(self.ids_in(folder)) for folder in TWO}
        self.wait_for(lambda: all(len(self.ids_in(folder)) > before[folder] for folder in TWO), last)
        wait_until_signals_are_awaited(last)
        last.terminate()
        told = last.communicate(timeout=60)[1]
        self.assertEqual(last.returncode, 0, told)
        for folder in TWO:
            ids = self.ids_in(folder)
            self.assertEqual(ids, list(range(1, len(ids) + 1)))
        events = [json.loads(line) for line in told.splitlines()]
        for event in ("start", "commit", "summary"):
            sinks = {one["sink"] for one in events if one["event"] == event}
            self.assertEqual(sinks, {f"file:{folder}/?format=json" for folder in TWO}, event)

    def test_sinks_come_and_go(self):
        self.write_rows(0, 10)
        self.done(*self.statement("one"))
        self.assertEqual(self.pipelines(), ["pair"])
        self.write_rows(10, 20, "in/b.csv")
        self.done(*self.statement("two", "one"))
        second, first = self.pipelines()
        self.assertEqual(first, "pair")
        self.assertRegex(second, "^pair_to_")
        self.write_rows(20, 30, "in/c.csv")
        self.done(*self.statement("three", "two"))
        self.write_rows(30, 40, "in/d.csv")
        self.done(*self.statement("two"))
        self.assertEqual(self.pipelines(), [second])
        self.done(*self.statement("one", "two", "three"))
        for folder in ("one", "two", "three"):
            self.assertEqual(self.ids_in(folder), list(range(40)))

    def test_one_that_fails_does_not_keep_the_others(self):
        self.write_rows(0, 10)
        self.write("two", "a file in the place of a folder")
        run = self.statement("two", "one")
        process = self.velo(*run)
        self.assertNotEqual(process.returncode, 0)
        self.assertEqual(self.ids_in("one"), list(range(10)))
        self.assertIn("one/?format=json: 10 rows", process.stderr)
        (self.folder / "two").unlink()
        self.done(*run)
        self.assertEqual(self.ids_in("two"), list(range(10)))
        self.write_rows(10, 20, "in/b.csv")
        self.write("none", "")
        process = self.velo(*self.statement("none", "one"), "--fail-fast")
        self.assertNotEqual(process.returncode, 0)
        self.assertEqual(self.ids_in("one"), list(range(10)))

    def test_what_a_failed_first_sink_ends(self):
        self.write_rows(0, 10)
        self.write("bad", "")
        self.statement("bad", "one")
        with (self.folder / "go.sql").open("a") as script:
            script.write("INSERT INTO file('later.csv') SELECT * FROM pair;\n")
        process = self.velo("run", "go.sql")
        self.assertIn("not run: it reads pair, which has failed", process.stderr)
        self.assertEqual(self.ids_in("one"), list(range(10)))
        self.statement("one", "bad")
        with (self.folder / "go.sql").open("a") as script:
            script.write("INSERT INTO file('later.json') SELECT count(*) AS n FROM pair;\n")
        process = self.velo("run", "go.sql")
        self.assertNotEqual(process.returncode, 0)
        self.assertEqual(json.loads((self.folder / "later.json").read_text()), {"n": 10})

    def test_bad_records_are_kept_once_for_each(self):
        self.write("in.json", '{"id": 1}\nrubbish\n{"id": 2}\n')
        run = self.statement(*TWO, source="file('in.json?schema=id int64')", options=" WITH (on_error = 'bad/?format=json')")
        self.crash("after_commit", *run)
        self.done(*run)
        self.done(*run)
        for folder in TWO:
            self.assertEqual(self.ids_in(folder), [1, 2])
        kept = self.rows_in("bad")
        self.assertEqual([row["record"] for row in kept], ["rubbish"] * 2)
        self.assertEqual({row["pipeline"] for row in kept}, set(self.pipelines()))

    def test_state(self):
        self.write_rows(0, 40)
        run = self.statement(*TWO)
        self.assertEqual([state["known"] for state in self.states()], [False, False])
        self.done(*run)
        first, second = self.pipelines()
        self.assertEqual({state["name"] for state in self.states()}, {"pair"})
        self.assertEqual([state["pipeline"] for state in self.states("go.sql", second)], [second])
        self.assertEqual([state["pipeline"] for state in self.states("two/?format=json")], [second])
        process = self.velo("state", "show", "go.sql", "pair_to_00000000")
        self.assertEqual(process.returncode, 2)
        self.assertIn("there is no pipeline 'pair_to_00000000' here", process.stderr)

        told = self.done("state", "rewind", "go.sql", second, "--to", "30", "--yes").stderr
        self.assertIn(f"{second}: set back", told)
        self.assertNotIn(first, told)
        self.done(*run)
        self.assertEqual(len(self.ids_in("one")), 40)
        self.assertEqual(self.ids_in("two"), sorted([*range(40), *range(30, 40)]))
        self.done("state", "rewind", "go.sql", "PAIR", "--to", "39", "--yes")
        self.done(*run)
        self.assertEqual((len(self.ids_in("one")), len(self.ids_in("two"))), (41, 51))
        # Killed between the two: the same again sets back the other one.
        for to, numbers in (("38", (43, 53)), ("earliest", (83, 93))):
            self.crash("after_commit", "state", "rewind", "go.sql", "pair", "--to", to, "--yes")
            told = self.done("state", "rewind", "go.sql", "pair", "--to", to, "--yes").stderr
            self.assertIn(f"{first}: left as it is: ", told)
            self.assertIn(f"{second}: set back", told)
            self.done(*run)
            self.assertEqual((len(self.ids_in("one")), len(self.ids_in("two"))), numbers)

        told = self.done("state", "reset", "go.sql", first, "--yes").stderr
        self.assertIn(f"{first}: reset; its next run begins anew", told)
        self.assertEqual([state["known"] for state in self.states()], [False, True])
        self.done("state", "reset", "go.sql", "pair", "--yes")
        self.assertEqual([state["known"] for state in self.states()], [False, False])

    def test_fork(self):
        self.write_rows(0, 40)
        self.done(*self.statement(*TWO))
        first, second = self.pipelines()
        both = (self.folder / "go.sql").read_text()
        self.write("fork.sql", both + both.replace("pair", "also").replace("one/", "three/").replace("two/", "four/"))
        process = self.velo("state", "fork", "fork.sql", "pair", "also")
        self.assertEqual(process.returncode, 2)
        self.assertIn(f"it has 2 sinks, and each is at a place of its own: say where to go on from: {first}, {second}",
                      process.stderr)
        self.crash("after_commit", "state", "fork", "fork.sql", second, "also")
        self.done("state", "fork", "fork.sql", second, "also")
        self.write_rows(40, 50, "in/b.csv")
        self.done("run", "fork.sql")
        for folder, begin in (("one", 0), ("two", 0), ("three", 40), ("four", 40)):
            self.assertEqual(self.ids_in(folder), list(range(begin, 50)))

    def test_plan(self):
        self.write_rows(0, 10)
        self.statement(*TWO)
        before = self.files()
        plan = self.done("plan", "go.sql", "--require", "exactly-once").stdout
        self.assertIn("  reads      once for each of 2 sinks\n", plan)
        ids = re.findall("pipeline +(pair_to_[0-9a-f]{8})\n", plan)
        self.assertEqual(self.files(), before)
        self.done("run", "go.sql")
        self.assertEqual(ids, self.pipelines())
        self.assertEqual(self.done("plan", "go.sql").stdout.count("begins     after 10 rows of 1 split, committed up to epoch "), 2)

    def test_a_sink_named_twice(self):
        self.write_rows(0, 10)
        self.statement("one", "one")
        process = self.velo("run", "go.sql")
        self.assertEqual(process.returncode, 2)
        self.assertIn("file:one/?format=json is a sink of this statement already", process.stderr)
        self.assertIn("go.sql:1:", process.stderr)
        self.assertFalse((self.folder / "one").exists())

    def test_what_can_be_read_once(self):
        statement = "INSERT INTO file('one/?format=json'), file('two.csv') SELECT * FROM stdin('?format=csv')"
        self.done("run", "-e", statement, stdin="id\n1\n2\n")
        self.assertEqual(self.ids_in("one"), [1, 2])
        self.assertEqual((self.folder / "two.csv").read_text(), "id\n1\n2\n")
        plan = self.done("plan", "-e", statement, stdin="id\n1\n2\n").stdout
        self.assertIn("  reads      once, for all sinks\n", plan)
        self.assertEqual(plan.count("guarantee  at-least-once: what is read can be read only once"), 2)
        process = self.velo("plan", "-e", statement, "--guarantee", "exactly_once", stdin="id\n1\n")
        self.assertEqual(process.returncode, 2)
        self.assertIn("guarantee = exactly_once: what is read can be read only once", process.stderr)

    def test_changes_into_sinks_that_apply_them_and_that_do_not(self):
        self.write("in.json", '{"before": null, "after": {"id": 1, "name": "a"}, "op": "c"}\n')
        self.done("run", "-e", "CREATE STREAM changes AS SELECT * FROM file('in.json?envelope=debezium') INSERT INTO "
                  "file('one/?format=json&envelope=debezium'), file('two/?format=json')")
        self.assertEqual(self.rows_in("one")[0]["op"], "c")
        self.assertEqual(self.ids_in("two"), [1])


class Streams(ProgramTest):
    TABLES = "generate('orders,events?rows=100')"

    def counts(self):
        return {path.name: len(self.rows_in(f"out/{path.name}")) for path in (self.folder / "out").iterdir()}

    def test_each_by_name(self):
        statement = f"CREATE STREAM all_of_them AS SELECT * FROM {self.TABLES} INSERT INTO file('out/{{table}}/?format=json')"
        self.write("go.sql", statement)
        told = self.done("run", "go.sql").stderr
        self.assertEqual(self.counts(), {"orders": 100, "events": 100})
        self.assertRegex(told, "all_of_them → file:out/events/\\?format=json: 100 rows")
        self.assertEqual(self.done("run", "go.sql").stderr.count("nothing new since"), 2)
        plan = json.loads(self.done("plan", "go.sql", "--json").stdout)["statements"][0]
        self.assertEqual([(sink["stream"], sink["sink"]) for sink in plan["sinks"]],
                         [("orders", "file:out/orders/?format=json"), ("events", "file:out/events/?format=json")])
        states = json.loads(self.done("state", "show", "go.sql", "--json").stdout)["pipelines"]
        self.assertEqual([state["sink"] for state in states], [sink["sink"] for sink in plan["sinks"]])
        self.assertEqual([state["pipeline"] for state in states], [sink["pipeline"] for sink in plan["sinks"]])
        self.assertEqual({state["finished"] for state in states}, {True})
        self.done("state", "reset", "go.sql", states[1]["pipeline"], "--yes")
        self.done("run", "go.sql")
        self.assertEqual(self.counts(), {"orders": 100, "events": 200})

    def test_every_crash(self):
        for step in STEPS:
            for number in (1, 2):
                with self.subTest(step=step, number=number):
                    out = f"out/{step}{number}_{{table}}"
                    run = ("run", "-e", f"INSERT INTO file('{out}/?format=json') SELECT * FROM {self.TABLES}")
                    if self.crash(f"{step}:{number}", *run, must=False):
                        self.done(*run)
        self.assertEqual({name: count for name, count in self.counts().items() if count != 100}, {})

    def test_several_sinks_of_each(self):
        self.done("run", "-e", f"CREATE STREAM m AS SELECT * FROM {self.TABLES} WHERE true INSERT INTO "
                  "file('out/a_{table}/?format=json'), file('out/b_{table}/?format=json')")
        self.assertEqual(self.counts(), {name: 100 for name in ("a_orders", "a_events", "b_orders", "b_events")})

    def test_beside_each_other(self):
        self.write("go.sql", "CREATE STREAM live WITH (commit_every = '100ms') AS SELECT * FROM "
                   "generate('orders,events?unbounded=true&rate=2000') INSERT INTO file('out/{table}/?format=json')")
        running = self.start("run", "go.sql", "--memory", "64MiB")
        self.wait_for(lambda: (self.folder / "out").exists() and len(self.counts()) == 2 and all(self.counts().values()), running)
        self.stop(running)
        process = self.velo("run", "go.sql", "--memory", "60MiB")
        self.assertEqual(process.returncode, 2)
        self.assertIn("memory: 60MiB are too few for 2 pipelines at the same time, each of which takes 32MiB at least: 64MiB",
                      process.stderr)

    def test_one_stream_fills_a_template(self):
        self.done("run", "-e", "INSERT INTO file('out/{table}/?format=json') SELECT id FROM generate('orders?rows=5')")
        self.assertEqual(self.counts(), {"orders": 5})
        self.done("run", "-e", "CREATE STREAM s WITH (on_error = 'bad/{table}/?format=json') AS SELECT id FROM "
                  "generate('orders?rows=5') INSERT INTO file('out/more/?format=json')")
        self.assertEqual(self.counts(), {"orders": 5, "more": 5})

    def test_refused(self):
        for statement, words in (
            (f"INSERT INTO file('out/') SELECT * FROM {self.TABLES}",
             "SQL:1:13: file:out/: generate://orders,events?rows=100 is 2 streams (orders, events), and each needs a place of "
             "its own here: file:out/{table}/"),
            (f"INSERT INTO file('out/{{topic}}/') SELECT * FROM {self.TABLES}", "{topic} is no name that this source has"),
            (f"INSERT INTO file('out/{{table}}/') SELECT * FROM {self.TABLES} a JOIN generate('orders,lineitem') b ON true",
             "name several streams each, and one address of a SELECT may; name one stream in the other"),
            (f"INSERT INTO file('out/{{table}}/?format=json') SELECT status FROM {self.TABLES}", "status"),
            ("INSERT INTO file('out/{table}/?format=json') SELECT 1 AS id",
             "SQL:1:13: file:out/{table}/?format=json: {table} stands for a name of the source, and this source has none"),
            ("INSERT INTO file('one/'), file('out/{stream}/?format=json') SELECT 1 AS id", "SQL:1:27: "),
            ("CREATE STREAM s WITH (on_error = 'bad/{table}/?format=json') AS SELECT 1 AS id INSERT INTO file('out/?format=json')",
             "on_error: file:bad/{table}/?format=json: {table} stands for a name of the source, and this source has none"),
        ):
            with self.subTest(statement):
                process = self.velo("run", "-e", statement)
                self.assertEqual(process.returncode, 2, process.stderr)
                self.assertIn(words, process.stderr)


if __name__ == "__main__":
    unittest.main()
