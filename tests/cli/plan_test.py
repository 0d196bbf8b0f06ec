"""`velo plan` of files, which changes nothing."""

import json
import os
import unittest

from program import SOURCE, ProgramTest

GOLDEN = SOURCE / "tests/cli/plan.golden.json"  # VELO_WRITE_GOLDEN=1 writes it


class Plan(ProgramTest):
    def write_statements(self):
        self.write("in.csv", "id,name,total\n1,a,2.5\n")
        self.write("go.sql", """
            CREATE STREAM big AS SELECT id, total FROM file('in.csv') WHERE id > 10;
            CREATE STREAM kept AS SELECT id, name FROM file('in.csv') WHERE total >= 1 LIMIT 5
              INSERT INTO file('out/?format=parquet&partition_by=name');
            INSERT INTO file('one.csv') SELECT * FROM file('in.csv');
            SELECT count(*) AS n FROM big;
            EXPLAIN SELECT id FROM file('in.csv');""")

    def test_it_is_stable_and_changes_nothing(self):
        self.write_statements()
        before = self.files()
        told = json.loads(self.done("plan", "go.sql", "--json").stdout)
        for statement in told["statements"]:  # DuckDB's own words are its own
            statement["steps"] = [step for step in statement["steps"] if step["step"] != "plan"]
        text = json.dumps(told, indent=2, ensure_ascii=False).replace(str(self.folder), "FOLDER") + "\n"
        if os.environ.get("VELO_WRITE_GOLDEN"):
            GOLDEN.write_text(text)
        self.assertEqual(text, GOLDEN.read_text())
        self.assertEqual(self.files(), before)

    def test_it_says_where_a_run_would_go_on(self):
        self.write_statements()
        self.assertIn("begins     at the beginning of the source", self.done("plan", "go.sql").stdout)
        self.done("run", "go.sql", "--to", "null:")
        self.assertIn("begins     nowhere: it was loaded before", self.done("plan", "go.sql").stdout)

    def test_a_copy(self):
        self.write("in.csv", "id\n1\n")
        text = self.done("plan", "in.csv", "out/?format=json", "--require", "exactly-once").stdout
        self.assertRegex(text, r"^run_[0-9a-f]{16}\n  source     file:in.csv\n  sink       file:out/\?format=json\n"
                               r"  column     id int64 → id json\n  makes      files out/part-….json\n")
        self.assertIn("guarantee  exactly-once: the position is kept in the sink", text)
        process = self.velo("plan", "in.csv", "null:", "--require", "exactly-once")
        self.assertEqual(process.returncode, 2)
        self.assertRegex(process.stderr, "^velo: null:.*: --require exactly-once: it is at-least-once: ")
        self.assertEqual(self.files(), ["in.csv"])

    def test_several_sinks(self):
        self.write("in.csv", "id\n1\n")
        self.write("go.sql", "CREATE STREAM both AS SELECT * FROM file('in.csv') INSERT INTO file('out/?format=csv'), "
                             "file('two.csv')")
        plan = self.done("plan", "go.sql").stdout
        self.assertIn("  reads      once for each of 2 sinks\n", plan)
        self.assertRegex(plan, r"  sink       file:out/\?format=csv\n  pipeline   both_to_[0-9a-f]{8}\n")
        self.assertIn("guarantee  exactly-once: the position is kept in the sink", plan)

    def test_what_becomes_of_bad_records(self):
        self.write("in.json", '{"id":1}\nbad\n')
        self.assertNotIn("on_error", self.done("plan", "in.json?schema=id int64", "out/?format=json").stdout)
        copy = ["in.json?schema=id int64", "out/?format=json", "--on-error"]
        self.assertIn("  on_error   skip: bad records are left out, and counted\n", self.done("plan", *copy, "skip").stdout)
        kept = self.done("plan", *copy, "bad/?format=parquet").stdout
        self.assertRegex(kept, r"  on_error   keep: bad records are written, once each, to file:/.*/bad/.*\n"
                               r"  makes      files .*/?bad/part-….parquet\n"
                               r"  makes      .*/?bad/_velo/run_[0-9a-f]{16}_…_dead/, for the record\n")
        self.assertEqual(self.files(), ["in.json"])
        self.write("go.sql", "CREATE STREAM some WITH (on_error = 'bad/?format=parquet') AS SELECT * FROM "
                             "file('in.json?schema=id int64') INSERT INTO file('out/?format=json')")
        self.done("run", "go.sql")
        [statement] = json.loads(self.done("plan", "go.sql", "--json").stdout)["statements"]
        told = statement["sinks"][0]["on_error"]
        [record] = [path.name for path in (self.folder / "bad/_velo").iterdir()]
        self.assertEqual(told["action"], "keep")
        self.assertIn(f"bad/_velo/{record}/, for the record", told["makes"][1])
        process = self.velo("plan", *copy, "file:one.json")
        self.assertEqual(process.returncode, 2)
        self.assertIn("on_error: the sink for bad records: it keeps no record", process.stdout)

    def test_what_is_refused(self):
        self.write("in.csv", "id\n1\n")
        self.assertIn("the file exists, and mode=error", self.velo("plan", "in.csv", "in.csv?mode=error").stderr)
        self.assertIn("there is no such file", self.velo("plan", "none.sql").stderr)
        process = self.velo("plan", "-e", "SELECT idd FROM file('in.csv')")
        self.assertEqual(process.returncode, 2)
        self.assertIn("idd", process.stderr)
        self.assertIn("refused    ", process.stdout)
        process = self.velo("plan", "generate://orders?unbounded", "one.csv")
        self.assertEqual(process.returncode, 2)
        self.assertIn("this source goes on for ever", process.stderr)
        process = self.velo("plan", "in.csv", "out/?format=csv&partition_by=day")
        self.assertEqual(process.returncode, 2)
        self.assertIn("partition_by names a column 'day' that the rows do not have", process.stderr)
        process = self.velo("plan", "in.csv", "one.csv", "-e", "SELECT 1")
        self.assertEqual(process.returncode, 2)


if __name__ == "__main__":
    unittest.main()
