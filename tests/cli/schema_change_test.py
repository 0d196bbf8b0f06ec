"""Columns that change: between runs of a statement over files, and in files that are watched."""

import json
import unittest

import pyarrow.dataset

from program import ProgramTest


class SchemaChanges(ProgramTest):
    def statement(self, source="in/*.csv", policy=None, sink="out/?format=parquet", **options):
        policy = f", on_schema_change = {policy}" if policy else ""
        self.write("go.sql", f"CREATE STREAM orders WITH (commit_every = '100ms'{policy}) AS SELECT * FROM "
                   f"file('{source}') INSERT INTO file('{sink}');")

    def rows(self, folder="out"):
        if not (self.folder / folder).exists():
            return []
        data = pyarrow.dataset.dataset(self.folder / folder, format="parquet")
        # By name, whichever file is first.
        schema = pyarrow.unify_schemas([part.physical_schema for part in data.get_fragments()],
                                       promote_options="permissive") if data.files else data.schema
        table = pyarrow.dataset.dataset(self.folder / folder, format="parquet", schema=schema).to_table()
        return sorted(table.to_pylist(), key=lambda row: row["id"])

    def append(self, name, *records):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "a", encoding="utf-8") as file:
            file.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records)

    def test_a_later_file_has_more_columns(self):
        self.write("in/a.csv", "id,name\n1,x\n")
        self.statement()
        self.done("run", "go.sql")
        self.write("in/b.csv", "id,größe\n2,1.5\n3,\n")
        refused = self.velo("run", "go.sql")
        self.assertEqual(refused.returncode, 2)
        self.assertIn("orders: the schema of its rows has changed since its last run.\n"
                      "  before: id: int64 name: string\n  now:    id: int64 name: string größe: double\n"
                      "on_schema_change = evolve goes on", refused.stderr)
        self.assertEqual(self.rows(), [{"id": 1, "name": "x"}])
        # The next run goes on as it is told; and again as it was.
        done = self.done("run", "go.sql", "--on-schema-change", "freeze")
        self.assertIn("1 row written without columns that are new: größe (on_schema_change = freeze", done.stderr)
        self.assertEqual(self.rows(), [{"id": 1, "name": "x"}, {"id": 2, "name": None}, {"id": 3, "name": None}])
        self.write("in/c.csv", "größe,id\n2.5,4\n")
        self.statement(policy="evolve")
        self.assertNotIn("without columns", self.done("run", "go.sql").stderr)
        self.assertEqual(self.rows()[3], {"id": 4, "name": None, "größe": 2.5})
        self.assertIn("nothing new", self.done("run", "go.sql").stderr)
        self.write("in/d.csv", "id\n5\n")
        self.statement()
        self.done("run", "go.sql")
        self.assertEqual([row["id"] for row in self.rows()], [1, 2, 3, 4, 5])

    def test_a_later_file_has_wider_types(self):
        self.write("in/a.csv", "id\n1\n")
        self.statement(policy="evolve")
        self.done("run", "go.sql")
        self.write("in/b.csv", "id\n2.5\n")
        self.statement(policy="freeze")
        refused = self.velo("run", "go.sql")
        self.assertEqual(refused.returncode, 2)
        self.assertIn("column 'id' is double here, and a value of it cannot be had as int64", refused.stderr)
        self.statement(policy="evolve")
        self.done("run", "go.sql")
        self.assertEqual(self.rows(), [{"id": 1}, {"id": 2.5}])
        self.write("in/c.csv", "id\nseven\n")
        refused = self.velo("run", "go.sql")
        self.assertEqual(refused.returncode, 2)
        self.assertIn("column 'id' is text, and it was double when this pipeline ran last", refused.stderr)

    def test_what_cannot_follow_is_refused_by_name(self):
        self.write("in.csv", "id\n1\n")
        for sink in ["out.csv", "null:", "-"]:
            process = self.velo("copy", "in.csv", sink, "--on-schema-change", "evolve")
            self.assertEqual(process.returncode, 2, sink)
            self.assertIn("on_schema_change = evolve does not work yet for this sink", process.stderr)
            for policy in ["freeze", "fail"]:
                self.done("copy", "in.csv", sink, "--on-schema-change", policy)
        self.refused(("copy", "in.csv", "more.csv", "--on-schema-change", "evolv"),
                     "velo: on_schema_change = evolv: evolve, freeze or fail is expected")

    def test_a_watched_file_gains_columns(self):
        for policy in ["evolve", "freeze", "fail"]:
            with self.subTest(policy):
                name = f"{policy}/in.json"
                self.append(name, {"id": 1, "n": 1})
                self.statement(f"{policy}/*.json?watch=true", policy, f"{policy}/out/?format=parquet")
                process = self.start("run", "go.sql")
                self.wait_for(lambda: len(self.rows(f"{policy}/out")) == 1, process)
                self.append(name, {"id": 2, "n": 2, "naïve ✓": {"a": [1]}}, {"id": 3, "n": 2.5})
                if policy == "fail":
                    self.assertEqual(process.wait(timeout=60), 2)
                    error = process.stderr.read()
                    self.assertIn("field 'naïve ✓' is not among those of the first records", error)
                    self.assertIn("fail/in.json, from byte 18 on: line 1", error)
                    self.assertEqual(len(self.rows("fail/out")), 1)
                    # It goes on when it is told how.
                    self.statement(f"{policy}/*.json?watch=true", "evolve", f"{policy}/out/?format=parquet")
                    self.done("run", "go.sql", "--once")
                    self.assertEqual(len(self.rows("fail/out")), 3)
                elif policy == "freeze":
                    # 2.5 is no int64, and may not be lost.
                    self.assertEqual(process.wait(timeout=60), 2)
                    self.assertIn("column 'n' is double here, and a value of it cannot be had as int64",
                                  process.stderr.read())
                    self.assertEqual(len(self.rows("freeze/out")), 1)
                else:
                    self.wait_for(lambda: len(self.rows("evolve/out")) == 3, process)
                    self.append(name, {"id": 4})
                    self.wait_for(lambda: len(self.rows("evolve/out")) == 4, process)
                    self.stop(process)
                    self.assertEqual(self.rows("evolve/out"), [
                        {"id": 1, "n": 1.0, "naïve ✓": None},
                        {"id": 2, "n": 2.0, "naïve ✓": {"a": [1]}},
                        {"id": 3, "n": 2.5, "naïve ✓": None},
                        {"id": 4, "n": None, "naïve ✓": None}])

    def test_a_star_that_leaves_columns_out_is_no_list(self):
        """What comes up is one of its columns: it is not left out in silence, whatever is said."""
        for policy in ["evolve", "fail"]:
            with self.subTest(policy):
                name = f"{policy}/in.json"
                self.append(name, {"id": 1, "n": 1, "x": 1})
                self.write("go.sql", f"CREATE STREAM orders WITH (on_schema_change = {policy}) AS SELECT * EXCLUDE (x) FROM "
                           f"file('{name}?watch=true') INSERT INTO file('{policy}/out/?format=parquet');")
                process = self.start("run", "go.sql")
                self.wait_for(lambda: len(self.rows(f"{policy}/out")) == 1, process)
                self.append(name, {"id": 2, "n": 2, "new": 2})
                self.assertEqual(process.wait(timeout=60), 2)
                self.assertRegex(process.stderr.read(), "field 'new' is not among|columns have changed, to id, n, x, new")
                self.assertEqual(self.rows(f"{policy}/out"), [{"id": 1, "n": 1}])

    def test_columns_that_were_named_stay(self):
        self.append("in.json", {"id": 1, "n": 1})
        self.write("go.sql", "CREATE STREAM orders WITH (on_schema_change = evolve) AS SELECT n AS m, id FROM "
                   "file('in.json?watch=true') WHERE id > 0 INSERT INTO file('out/?format=parquet');")
        self.done("run", "--once", "go.sql")
        self.append("in.json", {"id": 2, "more": "x"}, {"id": 0}, {"id": 3, "n": 7, "more": 1})
        self.done("run", "--once", "go.sql")
        self.assertEqual(self.rows(), [{"m": 1, "id": 1}, {"m": None, "id": 2}, {"m": 7, "id": 3}])

    def test_a_bad_record_is_no_news(self):
        self.append("in.json", {"id": 1})
        self.statement("in.json?watch=true", "evolve")
        self.done("run", "--once", "go.sql")
        self.append("in.json", *({"id": n} for n in range(2, 20)), {"id": "seven"}, {"id": 20, "new": 1})
        refused = self.velo("run", "--once", "go.sql")
        self.assertEqual(refused.returncode, 2)
        self.assertIn("'id'", refused.stderr)
        done = self.done("run", "--once", "go.sql", "--on-error", "skip")
        self.assertIn("1 bad record skipped", done.stderr)
        self.assertEqual(self.rows(), [{"id": n, "new": 1 if n == 20 else None} for n in range(1, 21)])

    def test_killed_around_a_change(self):
        for step in ["in_write", "after_prepare", "after_publish", "between_completes", "after_commit", "in_recover"]:
            with self.subTest(step):
                name = f"{step}/in.json"
                self.append(name, {"id": 1})
                self.statement(f"{step}/*.json?watch=true", "evolve", f"{step}/out/?format=parquet")
                self.write("go.sql", (self.folder / "go.sql").read_text().replace("STREAM orders", f"STREAM {step}"))
                self.done("run", "--once", "go.sql")
                self.append(name, *({"id": n} for n in range(2, 50)))
                self.append(f"{step}/in2.json", *({"id": n, "new": str(n)} for n in range(50, 100)))
                for times in (1,):
                    self.crash(f"{step}:{times}", "run", "--once", "go.sql", must=False)
                self.done("run", "--once", "go.sql")
                self.assertEqual(self.rows(f"{step}/out"),
                                 [{"id": n, "new": str(n) if n >= 50 else None} for n in range(1, 100)])


if __name__ == "__main__":
    unittest.main()
