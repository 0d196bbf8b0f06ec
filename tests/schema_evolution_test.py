"""Columns that change while rows are moved, on real servers: what becomes of them in the sinks."""

import json
import os
import signal
import unittest
import urllib.parse

import pyarrow.dataset
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from postgresql_schema import SERVER, SchemaTest
from program import wait_until_signals_are_awaited

BROKER = urllib.parse.urlsplit(os.environ["VELO_TEST_KAFKA_URI"]).netloc


class Evolution(SchemaTest):
    def columns(self, table):
        return self.rows("SELECT column_name::text, data_type::text FROM information_schema.columns WHERE table_schema = %s "
                         "AND table_name = %s ORDER BY ordinal_position", self.name, table)

    def table(self, name, **options):
        options = {"schema": self.name, "table": name, **options}
        return SERVER.removeprefix("postgresql://") + "?" + urllib.parse.urlencode(options, quote_via=urllib.parse.quote)

    def statement(self, sink, policy="evolve", table="orders", select="*", **options):
        policy = f", on_schema_change = {policy}" if policy else ""
        more = "".join(f", {name} = {value}" for name, value in options.items())
        self.write("go.sql", f"CREATE TABLE {self.name} WITH (commit_every = '100ms'{policy}{more}) AS SELECT {select} FROM "
                   f"postgresql('{self.table(table, cdc='true')}') INSERT INTO {sink};")

    def mirror(self, policy="evolve", **options):
        self.statement(f"postgresql('{self.table('mirror', key='id')}')", policy, **options)

    def create(self, columns="id bigint PRIMARY KEY, name text, n int"):
        self.session.execute(f"CREATE TABLE orders ({columns})")
        self.session.execute("INSERT INTO orders VALUES (1, 'one', 1), (2, 'zwei ß', 2)")

    def check_mirror(self, columns="id, name, n"):
        select = f"SELECT {columns} FROM {{}} ORDER BY id"
        self.assertEqual(self.rows(select.format("mirror")), self.rows(select.format("orders")))

    def test_a_mirror_follows(self):
        self.create()
        self.mirror()
        process = self.start("run", "go.sql")
        self.wait_for(lambda: self.columns("mirror") and len(self.rows("SELECT FROM mirror")) == 2, process)
        for change, row, columns in [
                ('ALTER TABLE orders ADD COLUMN "größe ✓" numeric(10,2)', "(3, 'c', 3, 1.25)", 'id, name, n, "größe ✓"'),
                ("ALTER TABLE orders ALTER n TYPE bigint", "(4, 'd', 9223372036854775807, -0.01)", 'id, n, "größe ✓"'),
                ('ALTER TABLE orders ALTER "größe ✓" TYPE numeric(20,4)', "(5, NULL, NULL, 1234567890123456.0001)", 'id, "größe ✓"'),
                ("ALTER TABLE orders ADD at timestamptz DEFAULT '2026-01-31 12:00+00', ADD ok boolean", "(6)", "id, ok"),
                ("ALTER TABLE orders RENAME name TO title", "(7, 'renamed')", "id")]:
            self.session.execute(change)
            self.session.execute(f"INSERT INTO orders VALUES {row}")
            self.session.execute("UPDATE orders SET id = id WHERE id = 1")
            number = len(self.rows("SELECT FROM orders"))
            self.wait_for(lambda: len(self.rows("SELECT FROM mirror")) == number, process)
            self.check_mirror(columns)
        self.assertEqual(self.columns("mirror"), [
            ("id", "bigint"), ("name", "text"), ("n", "bigint"), ("größe ✓", "numeric"),
            ("at", "timestamp with time zone"), ("ok", "boolean"), ("title", "text")])
        # What is gone at the source stays here as it was, also of a row that was updated since.
        self.session.execute("UPDATE orders SET title = 'eins' WHERE id = 1; UPDATE orders SET title = 'zwei' WHERE id = 2")
        self.wait_for(lambda: self.rows("SELECT title FROM mirror WHERE id = 2") == [("zwei",)], process)
        self.assertEqual(self.rows("SELECT name, title FROM mirror WHERE id < 3 ORDER BY id"), [("one", "eins"), ("zwei ß", "zwei")])
        wait_until_signals_are_awaited(process)
        process.send_signal(signal.SIGTERM)
        told = process.communicate(timeout=60)[1]
        self.assertEqual(process.returncode, 0, told)
        self.assertIn(f'{self.name}: ALTER TABLE "{self.name}"."mirror" ADD COLUMN IF NOT EXISTS "größe ✓" numeric(10,2)\n', told)
        self.assertIn(f'ALTER TABLE "{self.name}"."mirror" ALTER COLUMN "n" TYPE bigint\n', told)

    def test_columns_that_go_and_must_have_been(self):
        self.create("id bigint PRIMARY KEY, name text NOT NULL, n int")
        self.session.execute("CREATE TABLE mirror (id bigint PRIMARY KEY, name text NOT NULL, n int NOT NULL DEFAULT 0)")
        self.mirror()
        self.done("run", "--once", "go.sql")
        self.session.execute("ALTER TABLE orders DROP name, DROP n; INSERT INTO orders VALUES (3); DELETE FROM orders WHERE id = 1")
        done = self.done("run", "--once", "go.sql")
        self.done("run", "--once", "go.sql")
        self.assertIn('ALTER COLUMN "name" DROP NOT NULL\n', done.stderr)
        self.assertEqual(self.rows("SELECT * FROM mirror ORDER BY id"), [(2, "zwei ß", 2), (3, None, 0)])

    def test_in_the_middle_of_a_transaction(self):
        self.create()
        self.mirror()
        process = self.start("run", "go.sql")
        self.wait_for(lambda: self.columns("mirror") and len(self.rows("SELECT FROM mirror")) == 2, process)
        with self.session.transaction():
            self.session.execute("UPDATE orders SET n = 10; INSERT INTO orders VALUES (3, 'c', 3); DELETE FROM orders WHERE id = 2")
            self.session.execute("ALTER TABLE orders ADD tip double precision; UPDATE orders SET tip = n / 4.0")
            self.session.execute("ALTER TABLE orders DROP name; INSERT INTO orders VALUES (4, 4, 4); UPDATE orders SET n = n + 1 WHERE id = 3")
        self.wait_for(lambda: len(self.rows("SELECT FROM mirror")) == 3, process)
        self.check_mirror("id, n, tip")
        self.assertEqual(self.rows("SELECT name FROM mirror ORDER BY id"), [("one",), ("c",), (None,)])
        self.stop(process)

    def test_killed_around_a_change(self):
        self.create()
        self.mirror()
        self.done("run", "--once", "go.sql")
        for number, step in enumerate(["in_write", "after_prepare", "after_commit", "in_recover"]):
            self.session.execute(f"INSERT INTO orders (id) VALUES ({number * 2 + 10}); ALTER TABLE orders ADD c{number} int; "
                                 f"INSERT INTO orders (id, c{number}) VALUES ({number * 2 + 11}, {number})")
            before = self.columns("mirror")
            self.crash(f"{step}:1", "run", "--once", "go.sql", must=False)
            if step in ("in_write", "after_prepare"):
                # The column goes where the rows go: back.
                self.wait_for(lambda: self.columns("mirror") == before)
            self.done("run", "--once", "go.sql")
            self.check_mirror(f"id, name, n, c{number}")

    def test_plan_shows_the_ddl(self):
        self.create()
        self.session.execute("CREATE TABLE mirror (id int PRIMARY KEY, name text, must text NOT NULL)")
        self.mirror(policy=None)
        refused = self.velo("run", "--once", "go.sql")
        self.assertEqual(refused.returncode, 2)
        self.assertIn("there is no column 'n'", refused.stderr)
        self.mirror()
        ddl = (f'ALTER TABLE "{self.name}"."mirror" ADD COLUMN IF NOT EXISTS "n" integer, ALTER COLUMN "id" TYPE bigint, '
               'ALTER COLUMN "must" DROP NOT NULL')
        planned = self.done("plan", "go.sql").stdout
        self.assertIn(f"runs       {ddl}", planned)
        self.assertEqual(self.columns("mirror")[0], ("id", "integer"))
        self.assertIn(ddl, self.done("run", "--once", "go.sql").stderr)
        self.check_mirror()
        self.assertNotIn("runs  ", self.done("plan", "go.sql").stdout)

    def test_what_cannot_be_widened_stops(self):
        self.create()
        self.mirror()
        self.done("run", "--once", "go.sql")
        self.session.execute("INSERT INTO orders VALUES (3, 'c', 3); ALTER TABLE orders ALTER n TYPE text; INSERT INTO orders VALUES (4, 'd', 'x')")
        for _ in range(2):
            refused = self.velo("run", "--once", "go.sql")
            self.assertEqual(refused.returncode, 2)
            self.assertRegex(refused.stderr, r"column 'n' is (text, and it was int32|string)|'n'")
        self.assertEqual(self.columns("mirror")[2], ("n", "integer"))

    def test_freeze_and_fail(self):
        self.create()
        self.mirror(policy="fail")
        self.done("run", "--once", "go.sql")
        self.session.execute("INSERT INTO orders VALUES (3, 'c', 3); ALTER TABLE orders ADD tip int, DROP name; INSERT INTO orders VALUES (4, 4, 4)")
        refused = self.velo("run", "--once", "go.sql")
        self.assertEqual(refused.returncode, 2)
        self.assertIn("there is no column 'tip'", refused.stderr)
        self.mirror(policy="freeze")
        done = self.done("run", "--once", "go.sql")
        self.assertIn("1 row written without columns that are new: tip (on_schema_change = freeze", done.stderr)
        self.assertEqual(self.rows("SELECT * FROM mirror ORDER BY id"), [(1, "one", 1), (2, "zwei ß", 2), (3, "c", 3), (4, None, 4)])
        # The position is behind it: from here on with all of the columns.
        self.mirror(policy="evolve")
        self.session.execute("UPDATE orders SET tip = 5 WHERE id = 4")
        self.done("run", "--once", "go.sql")
        self.assertEqual(self.rows("SELECT id, name, n, tip FROM mirror WHERE id > 2 ORDER BY id"), [(3, "c", 3, None), (4, None, 4, 5)])

    def test_changes_into_files(self):
        self.create()
        self.statement("file('out/?format=parquet')")
        process = self.start("run", "go.sql")
        told = lambda: sum(pyarrow.dataset.dataset(path).count_rows() for path in self.folder.glob("out/*.parquet"))
        self.wait_for(lambda: told() == 2, process)
        self.session.execute("INSERT INTO orders VALUES (3, 'c', 3); ALTER TABLE orders ADD tip int; INSERT INTO orders VALUES (4, 'd', 4, 4)")
        self.wait_for(lambda: told() == 4, process)
        self.stop(process)
        self.done("copy", "out/*.parquet", "all.json")
        rows = [json.loads(line) for line in (self.folder / "all.json").read_text().splitlines()]
        self.assertEqual(sorted((row["id"], row["name"], row["n"], row.get("tip")) for row in rows),
                         [(1, "one", 1, None), (2, "zwei ß", 2, None), (3, "c", 3, None), (4, "d", 4, 4)])

    def produce(self, topic, *messages):
        producer = Producer({"bootstrap.servers": BROKER})
        for message in messages:
            producer.produce(topic, json.dumps(message), partition=message["id"] % 2)
        self.assertEqual(producer.flush(30), 0)

    def test_a_topic_into_tables_topics_and_back(self):
        admin = AdminClient({"bootstrap.servers": BROKER})
        source, copied = f"in-{self.name}", f"out-{self.name}"
        for future in admin.create_topics([NewTopic(source, 2, 1), NewTopic(copied, 1, 1)]).values():
            future.result()
        self.addCleanup(lambda: [future.result() for future in admin.delete_topics(
            [name for name in admin.list_topics(timeout=10).topics if self.name in name]).values()])
        self.produce(source, *({"id": n, "n": n} for n in range(10)))
        self.session.execute("CREATE TABLE events (id bigint, n bigint)")
        into = {"events": f"postgresql('{self.table('events')}')", "copied": f"kafka('{BROKER}/{copied}')"}
        statements = {name: f"CREATE STREAM {self.name}_{name} WITH (commit_every = '100ms', on_schema_change = {{}}, parallel = 2) AS "
                      f"SELECT * FROM kafka('{BROKER}/{source}') INSERT INTO {sink};" for name, sink in into.items()}
        running = {name: self.start("run", "-e", statement.format("evolve")) for name, statement in statements.items()}
        self.wait_for(lambda: len(self.rows("SELECT FROM events")) == 10, running["events"])
        self.produce(source, *({"id": n, "n": n + 0.5, "tag": f"t{n}" if n % 3 else None} for n in range(10, 20)))
        self.wait_for(lambda: len(self.rows("SELECT FROM events")) == 20, running["events"])
        self.produce(source, *({"id": n, "other": [n]} for n in range(20, 30)))
        self.assertEqual(running["events"].wait(timeout=60), 2)
        # A list has no place in a table yet: what came before is there.
        self.assertIn("column 'other'", running["events"].stderr.read())
        self.assertEqual(self.columns("events"), [("id", "bigint"), ("n", "double precision"), ("tag", "text")])
        self.assertEqual(self.rows("SELECT id, n, tag FROM events ORDER BY id"),
                         [(n, n, None) if n < 10 else (n, n + 0.5, f"t{n}" if n % 3 else None) for n in range(20)])
        # A column that was widened takes the values that were whole numbers at the beginning.
        self.assertIn("column 'other'", self.velo("run", "--once", "-e", statements["events"].format("evolve")).stderr)
        done = self.done("run", "--once", "-e", statements["events"].format("freeze"))
        self.assertIn("10 rows written without columns that are new: other", done.stderr)
        self.assertEqual(len(self.rows("SELECT FROM events")), 30)

        def read():
            consumer = Consumer({"bootstrap.servers": BROKER, "group.id": self.name, "isolation.level": "read_committed",
                                 "auto.offset.reset": "earliest"})
            consumer.assign([TopicPartition(copied, 0, 0)])
            messages = consumer.consume(100, 2)
            consumer.close()
            return sorted((json.loads(message.value()) for message in messages if not message.error()), key=lambda row: row["id"])
        self.wait_for(lambda: len(read()) == 30, running["copied"])
        self.stop(running["copied"])
        rows = read()
        self.assertEqual([row["id"] for row in rows], list(range(30)))
        self.assertEqual([row.get("other") for row in rows], [None] * 20 + [[n] for n in range(20, 30)])
        self.assertEqual(rows[11]["n"], 11.5)

    def test_whole_numbers_that_are_no_double_are_not_rounded(self):
        self.write("in/a.json", '{"id": 9007199254740993}\n')
        self.session.execute("CREATE TABLE numbers (id bigint)")
        statement = (f"CREATE STREAM {self.name} WITH (on_schema_change = evolve) AS SELECT * FROM file('in/*.json?watch=true') "
                     f"INSERT INTO postgresql('{self.table('numbers')}');")
        self.done("run", "--once", "-e", statement)
        self.write("in/b.json", '{"id": 1.5}\n')
        refused = self.velo("run", "--once", "-e", statement)
        self.assertEqual(refused.returncode, 2)
        self.assertIn("column 'id' would become double precision, and 9007199254740993 in it is none", refused.stderr)
        self.assertEqual(self.rows("SELECT id FROM numbers"), [(9007199254740993,)])

    def test_a_field_that_comes_up_within_a_file(self):
        pad = "x" * 700  # the last lines are behind the first 1,000, and behind a block
        lines = [f'{{"id": {n}, "pad": "{pad}"}}\n' for n in range(2000)] + ['{"id": 2000, "price": 1.25}\n', '{"id": 2001, "note": "x"}\n']
        self.write("in/a.json", "".join(lines))
        self.session.execute("CREATE TABLE target (id bigint, pad text)")
        statement = (f"CREATE STREAM {self.name} WITH (on_schema_change = {{}}, parallel = 2) AS SELECT * FROM "
                     f"file('in/a.json?part_bytes=100000') INSERT INTO postgresql('{self.table('target')}');")
        refused = self.velo("run", "-e", statement.format("fail"))
        self.assertEqual(refused.returncode, 2)
        self.assertIn("line 2001", refused.stderr)
        done = self.done("run", "-e", statement.format("evolve"))
        self.assertIn('ADD COLUMN IF NOT EXISTS "price" double precision', done.stderr)
        self.assertEqual(self.rows("SELECT count(*), count(DISTINCT id) FROM target"), [(2002, 2002)])
        self.assertEqual(self.rows("SELECT id, price, note FROM target WHERE id > 1998 ORDER BY id"),
                         [(1999, None, None), (2000, 1.25, None), (2001, None, "x")])

    def test_files_with_more_columns_into_a_table(self):
        self.write("in/a.csv", "id,name\n1,x\n")
        self.session.execute("CREATE TABLE target (id bigint, name text)")
        statement = (f"CREATE STREAM {self.name} WITH (on_schema_change = evolve, parallel = 2) AS SELECT * FROM file('in/*.csv') "
                     f"INSERT INTO postgresql('{self.table('target')}');")
        self.done("run", "-e", statement)
        self.write("in/b.csv", "price,id\n1.25,2\n")
        self.write("in/c.csv", "id\n3\n")
        done = self.done("run", "-e", statement)
        self.assertIn('ADD COLUMN IF NOT EXISTS "price" double precision\n', done.stderr)
        self.assertEqual(self.rows("SELECT * FROM target ORDER BY id"), [(1, "x", None), (2, None, 1.25), (3, None, None)])


if __name__ == "__main__":
    unittest.main()
