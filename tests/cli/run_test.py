"""`velo run`, `velo show` and `velo schema`, as a user meets them."""

import json
import re
import signal
import subprocess
import time
import unittest

import pyarrow
import pyarrow.parquet
from program import VELO, ProgramTest, wait_until_signals_are_awaited

ORDERS = "id,customer,total\n1,ann,2.50\n2,bob,10.25\n3,ann,0.75\n"


class Run(ProgramTest):
    def setUp(self):
        super().setUp()
        self.write("orders.csv", ORDERS)

    def test_types_of_the_first_file_hold_for_some_columns_too(self):
        self.write("in/a.json", '{"id": 1, "amount": 2.5, "note": "x"}\n')
        self.write("in/b.json", '{"id": 2, "amount": null, "note": "y"}\n')
        process = self.done("run", "-e", "SELECT sum(amount) AS total, max(id) AS last FROM file('in/*.json')", "--to", "-?format=csv")
        self.assertEqual(process.stdout, "total,last\n2.5,2\n")

    def test_file_of_statements(self):
        self.write(
            "job.sql",
            "\ufeff-- what customers spent\n"
            "CREATE TABLE spent AS SELECT customer, sum(total) AS total FROM file('orders.csv') GROUP BY customer\n"
            "INSERT INTO file('spent.parquet');\n"
            "CREATE STREAM most AS SELECT * FROM spent ORDER BY total DESC;\n"
            "SELECT * FROM most LIMIT 1;\n",
        )
        process = self.done("run", "job.sql")
        self.assertEqual(process.stdout, "customer,total\nbob,10.25\n")
        summary = re.sub(r"[\d.]+ k?B in .*", "…", process.stderr)
        self.assertEqual(
            summary,
            "spent → file:spent.parquet: 2 rows, …\nmost: named for later statements\nSELECT: 1 row, …\n",
        )
        table = pyarrow.parquet.read_table(self.folder / "spent.parquet")
        self.assertEqual(table.schema.types, [pyarrow.string(), pyarrow.float64()])
        self.assertEqual(sorted(table.to_pylist(), key=str), [{"customer": "ann", "total": 3.25}, {"customer": "bob", "total": 10.25}])

    def test_of_a_name_in_another_layout_and_over_changed_files(self):
        self.write("in/1.json", '{"id":1}\n')
        self.write("in/2.json", '{"id":2}\n')
        text = "CREATE STREAM s AS SELECT id FROM file('in/*.json') WHERE id > 0 INSERT INTO file('out/?format=json')"
        self.done("run", "-e", text)
        again = self.done("run", "-e", text.replace(" ", "\n  ").replace("SELECT", "-- now\nselect"))
        self.assertIn("nothing new since the 2 rows", again.stderr)
        (self.folder / "in/1.json").touch()
        process = self.velo("run", "-e", text)
        self.assertEqual(process.returncode, 1)
        self.assertRegex(process.stderr, r"in/1.json: .*on_changed = reread .*on_changed = ignore leaves it")
        self.write("in/1.json", '{"id":10}\n{"id":11}\n')
        self.write("in/3.json", '{"id":3}\n')
        self.done("run", "-e", text, "--on-changed", "ignore")
        self.assertEqual(self.ids_in("out"), [1, 2, 3])
        self.crash("after_prepare:1", "run", "-e", text, "--on-changed", "reread")
        for _ in range(2):
            self.done("run", "-e", text, "--on-changed", "reread")
            self.assertEqual(self.ids_in("out"), [1, 2, 3, 10, 11])
        self.done("run", "-e", text)

    def test_rows_elsewhere(self):
        process = self.done("run", "-e", "SELECT id FROM 'orders.csv' WHERE id > 1", "--to", "stdout:?format=json")
        self.assertEqual([json.loads(line)["id"] for line in process.stdout.splitlines()], [2, 3])

    def test_standard_input(self):
        self.assertEqual(self.done("run", "-", stdin="SELECT 1 AS one").stdout, "one\n1\n")
        process = self.done("run", "-e", "SELECT count(*) AS n FROM stdin('?format=csv')", stdin=ORDERS)
        self.assertEqual(process.stdout, "n\n3\n")

    def test_named_connections(self):
        self.write("velo.toml", '[connections.here]\nuri = "file:orders.csv"\n')
        for way in ([], ["--no-short-cut"]):
            process = self.done("run", *way, "-e", "SELECT customer FROM '@here' WHERE id = 2")
            self.assertEqual(process.stdout, "customer\nbob\n")

    def test_schema_and_show(self):
        self.assertEqual(
            self.done("schema", "-e", "SELECT id, total * 2 AS twice FROM file('orders.csv')").stdout,
            "name,type,nullable\nid,int64,true\ntwice,double,true\n",
        )
        self.assertIn("customer", self.done("schema", "orders.csv").stdout)
        shown = self.done("show", "orders.csv", "-n", "2").stdout
        self.assertIn("bob", shown)
        self.assertNotIn("0.75", shown)

    def test_mistakes(self):
        self.write("typo.sql", "SELECT 1 AS one;\nSELECT totl\nFROM file('orders.csv');\n")
        process = self.velo("run", "typo.sql")
        self.assertEqual(process.returncode, 2)
        self.assertTrue(
            process.stderr.endswith(
                'velo: typo.sql:2:8: there is no column "totl"; candidates: "total", "customer"\n  SELECT totl\n         ^\n'
            ),
            process.stderr,
        )
        self.refused(
            ["run", "-e", "SELECT id totl FROM FROM x"],
            'velo: SQL:1:21: syntax error at or near "FROM"\n  SELECT id totl FROM FROM x\n                      ^',
        )
        self.refused(["run", "nowhere.sql"], "velo: nowhere.sql: there is no such file")
        self.refused(
            ["run", "typo.sql", "-e", "SELECT 1"],
            "velo: give either FILE or SQL with -e, not both",
        )
        self.refused(
            ["run", "-e", "INSERT INTO file('out.csv') SELECT * FROM file('missing.csv')"],
            "velo: missing.csv: cannot read it: No such file or directory; check the path",
        )

    def test_failure_leaves_nothing(self):
        self.write("late.csv", "id,n\n" + "1,2\n" * 400_000 + "1,x\n")  # behind what tells the types
        for way in ([], ["--no-short-cut"]):
            self.refused(
                ["run", *way, "-e", "INSERT INTO file('out.parquet') SELECT n FROM file('late.csv') WHERE id = 1"],
                "velo: late.csv: line 400002, byte 1600005: column 'n' is int64, and 'x' is not; correct the line, or "
                "give the column another type with schema=",
            )

    def test_no_duckdb(self):
        self.refused(
            ["run", "-e", "SELECT 1"],
            "velo: SQL needs DuckDB, which is not there: looked for /nowhere/libduckdb.so; install libduckdb.so, or "
            "name it in VELO_DUCKDB_LIBRARY",
            environment={"VELO_DUCKDB_LIBRARY": "/nowhere/libduckdb.so"},
        )

    def test_spills_and_cleans_up(self):
        temporary = self.folder / "tmp"
        temporary.mkdir()
        self.done(
            *["run", "--memory", "160MiB", "--threads", "2", "-e"],
            "INSERT INTO file('sorted.parquet') SELECT * FROM generate('orders?rows=1000000') ORDER BY total, id",
            environment={"TMPDIR": str(temporary)},
        )
        self.assertEqual(list(temporary.iterdir()), [])
        totals = pyarrow.parquet.read_table(self.folder / "sorted.parquet", columns=["total"])["total"].to_pylist()
        self.assertEqual(len(totals), 1_000_000)
        self.assertEqual(totals, sorted(totals))

    def test_a_source_that_goes_on(self):
        rows = "FROM generate('orders?unbounded=true')"
        self.assertEqual(self.done("run", "-e", f"SELECT id {rows} WHERE id > 7 LIMIT 2").stdout, "id\n8\n9\n")
        joined = f"SELECT a.id * 2 AS twice, b.customer {rows} a JOIN file('orders.csv') b ON a.id = b.id WHERE a.id > 1.5"
        self.assertEqual(self.done("run", "--limit", "2", "-e", joined).stdout, "twice,customer\n4,bob\n6,ann\n")
        for sql, words in (
            (f"SELECT status, count(*) {rows} GROUP BY status", "not GROUP BY or DISTINCT; WITH (once = true), or --once, reads"),
            (f"SELECT DISTINCT status {rows}", "not GROUP BY or DISTINCT;"),
            (f"SELECT id {rows} ORDER BY id", "not ORDER BY;"),
            (f"SELECT id, sum(id) OVER () AS s {rows}", "not window functions;"),
            (f"SELECT a.id {rows} a FULL JOIN file('orders.csv') b ON a.id = b.id", "not a join that keeps rows of the other side"),
            (f"SELECT count(*) {rows}", "not an aggregate;"),
            (f"SELECT id + 1 AS n {rows} LIMIT 2", "not LIMIT beside these (--limit);"),
            (f"INSERT INTO file('one.csv') SELECT id {rows}", "write into a directory (out/), or let it end"),
            (f"INSERT INTO file('out/?mode=overwrite&format=csv') SELECT id {rows}", "the sink takes all rows at once"),
        ):
            with self.subTest(sql):
                process = self.velo("run", "-e", sql)
                self.assertEqual(process.returncode, 2, process.stderr)
                self.assertIn(words, process.stderr)
        process = self.velo("run", "--once", "-e", f"SELECT id {rows} WHERE id < 0")
        self.assertEqual(process.returncode, 2, process.stderr)
        self.assertIn("this source has no end, not even for now", process.stderr)

    def test_one_that_is_refused_leaves_the_other_running(self):
        self.write("go.sql", "CREATE STREAM slow WITH (commit_every = '200ms') AS SELECT id FROM "
                   "generate('orders?rows=2000&rate=800') INSERT INTO file('out/?format=csv');")
        running = subprocess.Popen([VELO, "run", "go.sql"], cwd=self.folder, stderr=subprocess.PIPE, text=True)
        self.addCleanup(running.stderr.close)
        while not list(self.folder.glob("out/*.csv")):
            time.sleep(0.02)
        self.refuse_another_beside(running)
        ids = [int(line) for part in self.folder.glob("out/*.csv") for line in part.read_text().splitlines()[1:]]
        self.assertEqual(sorted(ids), list(range(1, 2001)))

    def test_interrupt(self):
        for sql in (
            "INSERT INTO file('out.parquet') SELECT id FROM generate('orders?rows=100000000000')",
            "SELECT sum(a.id * b.id) AS s FROM generate('orders?rows=100000000') a, generate('orders?rows=100000000') b",
        ):
            process = subprocess.Popen([VELO, "run", "-e", sql], cwd=self.folder, stderr=subprocess.PIPE, text=True)
            wait_until_signals_are_awaited(process)
            time.sleep(0.2)
            process.send_signal(signal.SIGINT)
            error = process.communicate(timeout=60)[1]
            self.assertEqual(process.returncode, 130, error)
            began = r"( → file:out\.parquet)?: stopped after \d+ rows; (nothing|what)"
            self.assertRegex(error, rf"^velo: SQL:1:1({began}|: not run: stopped before it had begun)")
            self.assertEqual(self.files(), ["orders.csv"])


if __name__ == "__main__":
    unittest.main()
