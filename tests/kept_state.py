"""`velo state` at a sink, whichever it is."""

import json
import re
import uuid

ROWS = 40


class KeptState:
    """Beside ProgramTest. Tells of its sink: sink_of_state(), a URI, and source_of_state(sink), where its rows are read."""

    def write_pipeline(self, name, source="file('in/*.csv')", options=""):
        self.write("in/a.csv", "id,name\n" + "".join(f"{n},n{n}\n" for n in range(ROWS)))
        sink = self.sink_of_state()
        in_sql = sink.replace("://", "('", 1) + "')"
        self.write("go.sql", f"CREATE STREAM {name}{options} AS SELECT * FROM {source} INSERT INTO {in_sql};")
        return sink

    def state_of(self, *arguments):
        return json.loads(self.done("state", "show", *arguments, "--json").stdout)["pipelines"]

    def rows_of_state(self, sink):
        self.done("copy", "--once", self.source_of_state(sink), "all.csv")
        return len((self.folder / "all.csv").read_text().splitlines()) - 1

    def test_state_is_shown_and_reset(self):
        name = f"kept_{uuid.uuid4().hex[:8]}"
        sink = self.write_pipeline(name)
        self.assertEqual([(one["name"], one["known"]) for one in self.state_of("go.sql")], [(name, False)])
        self.assertEqual(self.state_of(sink), [])
        self.assertIn("no pipeline has a record here", self.done("state", "show", sink).stdout)
        self.assertEqual(self.done("state", "reset", "go.sql", "--yes").returncode, 0)

        self.done("run", "go.sql")
        [state] = self.state_of("go.sql", name.upper())
        self.assertEqual((state["pipeline"], state["rows"], state["finished"], state["obstacle"]), (name, ROWS, True, ""))
        self.assertGreater(state["fence"], 0)
        self.assertIn("in/*.csv", state["source"])
        self.assertEqual(state["select"], "SELECT * FROM file('in/*.csv')")
        [split] = state["splits"]
        self.assertTrue(split["split"].endswith("in/a.csv"))
        self.assertTrue(split["ended"])
        self.assertRegex(split["position"], rf"^record {ROWS} of a file of \d+ bytes$")
        self.assertEqual([one["pipeline"] for one in self.state_of(sink)], [name])
        self.assertEqual(self.state_of(sink, name), [{**state, "name": name}])
        shown = self.done("state", "show", sink, name).stdout
        self.assertIn(f"  rows     {ROWS}, epoch ", shown)
        self.assertIn("  state    finished\n", shown)
        self.assertNotRegex(shown, r":[^*/@]+@")

        # Looking has taken nothing over.
        self.assertEqual(self.state_of("go.sql")[0]["fence"], state["fence"])
        process = self.velo("state", "show", sink, name[:-1] + "x")
        self.assertEqual(process.returncode, 2)
        self.assertIn(f"there is no pipeline '{name[:-1]}x' here; did you mean '{name}'?", process.stderr)

        process = self.velo("state", "reset", sink, name, stdin="")
        self.assertEqual(process.returncode, 2)
        self.assertIn("nothing was changed: nobody is here to be asked; --yes does it", process.stderr)
        self.assertEqual(self.state_of("go.sql")[0]["fence"], state["fence"])

        process = self.done("state", "reset", "go.sql", name, "--yes")
        self.assertIn("goes:  its record at ", process.stderr)
        self.assertIn("or they are there twice", process.stderr)
        self.assertIn(f"{name}: reset; its next run begins anew\n", process.stderr)
        self.assertEqual([one["known"] for one in self.state_of("go.sql")], [False])
        self.assertEqual(self.state_of(sink), [])
        self.assertIn("nothing is kept at", self.done("state", "reset", sink, name, "-y").stderr)
        self.assertEqual(self.rows_of_state(sink), ROWS)
        for _ in range(2):  # the second finds nothing new
            self.done("run", "go.sql")
            self.assertEqual(self.rows_of_state(sink), 2 * ROWS)
        self.done("state", "reset", sink, name, "--yes")

    def test_reset_ends_who_runs(self):
        name = f"runs_{uuid.uuid4().hex[:8]}"
        sink = self.write_pipeline(name, "generate('events?unbounded&rate=200&seed=3')", " WITH (commit_every = '200ms')")
        process = self.start("run", "go.sql")
        self.wait_for(lambda: any(one.get("rows", 0) > 0 for one in self.state_of("go.sql")), process)
        [state] = self.state_of("go.sql")
        self.assertFalse(state["finished"])
        self.assertRegex(state["splits"][0]["position"], r"^row \d+$")
        self.done("state", "reset", "go.sql", "--yes")
        self.assertEqual(process.wait(timeout=60), 1)
        self.assertRegex(process.stderr.read(), re.compile("a newer run of this pipeline has taken over"))
        self.assertEqual(self.state_of(sink), [])

    def test_state_is_set_back(self):
        name = f"back_{uuid.uuid4().hex[:8]}"
        sink = self.write_pipeline(name)
        self.done("run", "go.sql")
        told = self.done("state", "rewind", "go.sql", name.upper(), "--to", "15", "--yes").stderr
        self.assertRegex(told, rf"  back:  .*in/a.csv: from record {ROWS} of a file of \d+ bytes to record 15 of")
        self.assertIn("What is read again is written again", told)
        [state] = self.state_of("go.sql")
        self.assertEqual((state["rows"], state["finished"], state["splits"][0]["ended"]), (ROWS, False, False))
        self.assertTrue(state["splits"][0]["position"].startswith("record 15 of"))
        self.done("run", "go.sql")
        self.assertEqual(self.rows_of_state(sink), 2 * ROWS - 15)
        self.done("state", "rewind", "go.sql", name, "--to", "earliest", "--yes")
        self.assertEqual(self.state_of("go.sql")[0]["splits"][0]["position"], "the beginning")
        for _ in range(2):  # the second finds nothing new
            self.done("run", "go.sql")
            self.assertEqual(self.rows_of_state(sink), 3 * ROWS - 15)

    def test_state_is_forked(self):
        name = f"fork_{uuid.uuid4().hex[:8]}"
        sink = self.write_pipeline(name)
        self.done("run", "go.sql")
        first = (self.folder / "go.sql").read_text()
        self.write("both.sql", first + first.replace(name, name + "_too"))
        told = self.done("state", "fork", "both.sql", name, name + "_too").stderr
        self.assertIn(f"{name}_too: goes on from where {name} is, into ", told)
        before, after = self.state_of("both.sql")
        self.assertEqual(before["splits"], after["splits"])
        self.assertEqual((before["rows"], after["rows"]), (ROWS, 0))
        self.write("in/b.csv", "id,name\n100,b\n101,b\n")
        self.done("run", "both.sql")
        self.assertEqual(self.rows_of_state(sink), ROWS + 4)
        process = self.velo("state", "fork", "both.sql", name, name + "_too")
        self.assertEqual(process.returncode, 2)
        self.assertIn("it has begun: 2 rows are committed; another name, or velo state reset, is needed", process.stderr)
