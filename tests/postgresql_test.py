"""PostgreSQL as a source and a sink, on a real server, looked at by psycopg and pyarrow."""

import datetime
import decimal
import os
import pathlib
import re
import signal
import socket
import subprocess
import time
import unittest
import urllib.parse
import uuid

import psycopg
import pyarrow
import pyarrow.csv
import pyarrow.parquet

from kept_state import KeptState
from kill.proxy import Break, Proxy
from program import CRASHING, VELO, ProgramTest, wait_until_signals_are_awaited

SERVER = os.environ["VELO_TEST_POSTGRESQL_URI"]
UTC = datetime.timezone.utc

COLUMNS = """
    small smallint, number integer, big bigint, price numeric(12,2), wide numeric(38,10), real4 real,
    real8 double precision, flag boolean, name text, short varchar(20), data bytea, day date,
    moment timestamptz, wall timestamp"""
ROWS = [
    (1, 2, 3, decimal.Decimal("12.50"), decimal.Decimal("1.0000000001"), 1.5, 2.25, True, "naïve ☃", "ab", b"\x00\xff",
     datetime.date(2026, 11, 22), datetime.datetime(2026, 11, 22, 12, 0, 0, 123456, UTC), datetime.datetime(2026, 1, 2)),
    (-(2**15), -(2**31), -(2**63), decimal.Decimal("-9999999999.99"), decimal.Decimal("-" + "9" * 28 + "." + "9" * 10),
     -1024.5, 5e-324, False, "", "", b"", datetime.date(1, 1, 1), datetime.datetime(1, 1, 1, tzinfo=UTC),
     datetime.datetime(1, 1, 1)),
    (2**15 - 1, 2**31 - 1, 2**63 - 1, decimal.Decimal("0.01"), decimal.Decimal("0"), float("inf"), 1.7976931348623157e308,
     None, "a\tb\n\"c\\", "x" * 20, bytes(range(256)), datetime.date(9999, 12, 31),
     datetime.datetime(9999, 12, 31, 23, 59, 59, 999999, UTC), datetime.datetime(9999, 12, 31, 23, 59, 59, 999999)),
    (None,) * 14,
]


class Postgresql(KeptState, ProgramTest):
    def setUp(self):
        super().setUp()
        self.session = psycopg.connect(SERVER, autocommit=True)
        self.addCleanup(self.session.close)
        self.schema = f"velo_{uuid.uuid4().hex[:12]}"
        self.session.execute(f"CREATE SCHEMA {self.schema}")
        self.addCleanup(self.session.execute, f"DROP SCHEMA {self.schema} CASCADE")
        self.session.execute(f"SET search_path = {self.schema}")
        self.session.execute("SET timezone = 'UTC'")

    def uri(self, table=None, **options):
        options = {"schema": self.schema, **({"table": table} if table else {}), **options}
        return SERVER + "?" + urllib.parse.urlencode(options, quote_via=urllib.parse.quote)

    def sink_of_state(self):
        return self.uri("kept")

    def source_of_state(self, sink):
        return sink

    def everything(self):
        """What is in the schema, and what roles may do with it."""
        return [self.rows(query) for query in (
            f"SELECT relname, relkind, relacl::text, oid FROM pg_class WHERE relnamespace = '{self.schema}'::regnamespace "
            "ORDER BY 1",
            "SELECT attrelid, attname, atttypid FROM pg_attribute WHERE attrelid IN (SELECT oid FROM pg_class WHERE "
            f"relnamespace = '{self.schema}'::regnamespace) ORDER BY 1, attnum",
            f"SELECT slot_name FROM pg_replication_slots WHERE slot_name ~ '{self.schema}' ORDER BY 1",
            f"SELECT pubname FROM pg_publication WHERE pubname ~ '{self.schema}' ORDER BY 1")]

    def role(self):
        """A role that may do nothing yet, and the URI of a table as it."""
        role = "r" + self.schema
        self.session.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'not-much'")
        self.addCleanup(self.session.execute, f"DROP OWNED BY {role}; DROP ROLE {role}")
        at = urllib.parse.urlsplit(SERVER)
        server = at._replace(netloc=f"{role}:not-much@{at.hostname}:{at.port}").geturl()
        return role, lambda table, **options: self.uri(table, **options).replace(SERVER, server)

    def test_dead_letters_are_replayed_once(self):
        """Out of a table into one, killed at each step; beside new ones, and what is bad still."""
        self.session.execute("CREATE TABLE orders (id bigint, total numeric(12,2))")
        replay = ("dlq", "replay", self.uri("bad"), self.uri("orders"), "--schema", "id int64, total decimal(12,2)")
        due = []
        for number, step in enumerate(("in_write", "after_prepare_one", "after_prepare", "after_commit", "in_recover")):
            rows = [(id, f"{id}.5" if id % 3 == 0 else id) for id in range(number * 100, number * 100 + 100)]
            self.write(f"{number}.csv", "id,total\n" + "".join(f"{id},{total}\n" for id, total in rows) + "x,1\n")
            self.done("copy", f"{number}.csv?schema=id int64,total decimal(10,0)", self.uri("orders"), "--on-error", self.uri("bad"))
            due += [(id, decimal.Decimal(total)) for id, total in rows]
            killed = self.start(*replay, program=CRASHING, environment={"VELO_CRASH_AT": f"{step}:1"})
            self.assertEqual(killed.wait(60), -signal.SIGKILL, step)
            for _ in range(2):
                self.assertIn(f"{number + 1} bad record", self.done(*replay).stderr)
            self.assertEqual(self.rows("SELECT id, total FROM orders ORDER BY id"), due)

    def test_a_table_that_is_spelt_otherwise_is_one_for_dead_letters(self):
        self.session.execute("CREATE TABLE orders (id text)")
        self.write("in.json", '{"id":"1"}\n')
        self.done("copy", "in.json?schema=id int64", "good/?format=json", "--on-error", "bad/?format=json")
        database = self.rows("SELECT current_database()")[0][0]
        server = urllib.parse.urlsplit(SERVER)
        for count, (place, options) in enumerate((
                (SERVER, f"schema={self.schema}&table=orders"), (SERVER, f"table=orders&schema={self.schema}"),
                (SERVER, f'schema="{self.schema}"&table="orders"'), (SERVER, f"table=orders&schema={self.schema}&ssl_mode=prefer"),
                (server._replace(path="/" + database).geturl(), f"schema={self.schema}&table=orders"))):
            told = self.done("dlq", "replay", "bad/?format=json", f"{place}?{options}", "--schema", "id text").stderr
            self.assertIn("nothing new" if count else "1 row", told)
        self.assertEqual(self.rows("SELECT * FROM orders"), [("1",)])
        name = f"dlq_{self.schema}"
        self.session.execute(f"CREATE TABLE public.{name} (id text)")
        self.addCleanup(self.session.execute, f"DROP TABLE public.{name}")
        for options in (f"table={name}", f"table={name}&schema=public", f'schema="public"&table="{name}"'):
            self.done("dlq", "replay", "bad/?format=json", f"{SERVER}?{options}", "--schema", "id text")
        self.assertEqual(self.rows(f"SELECT * FROM public.{name}"), [("1",)])
        self.session.execute("DELETE FROM public.velo_split WHERE pipeline IN (SELECT pipeline FROM public.velo_checkpoint "
                             "WHERE target = %s)", [name])
        self.session.execute("DELETE FROM public.velo_checkpoint WHERE target = %s", [name])

    def test_dead_letters_do_not_replace_what_is_newer(self):
        self.session.execute("CREATE TABLE orders (id bigint PRIMARY KEY, note text)")
        self.write("in.json", '{"id":"1","note":"old"}\n{"id":1,"note":"new"}\n')
        self.done("copy", "in.json?schema=id int64,note text", self.uri("orders", key="id"), "--on-error", "bad/?format=json")
        replay = ("dlq", "replay", "bad/?format=json", self.uri("orders", key="id"), "--schema", "id text,note text")
        process = self.velo(*replay)
        self.assertEqual(process.returncode, 2, process.stderr)
        self.assertIn("dead letters are old, and this sink replaces rows by key=", process.stderr)
        self.assertEqual(self.rows("SELECT * FROM orders"), [(1, "new")])

    def test_a_column_that_has_to_have_a_value(self):
        self.session.execute("CREATE TABLE strict (id bigint PRIMARY KEY, note text NOT NULL, number int NOT NULL)")
        self.write("in.csv", "id,note\n1,a\n2,\n")
        for evolve, name in ((), "number"), (("--on-schema-change", "evolve"), "note"):
            refused = self.velo("copy", "in.csv", self.uri("strict"), *evolve)
            self.assertEqual(refused.returncode, 2)
            self.assertRegex(refused.stderr, f'null value in column "{name}" .*the column is NOT NULL: give it a value in the SELECT '
                             ".*, which on_schema_change = evolve does for columns that the rows do not have")
            self.assertEqual(self.rows("SELECT * FROM strict"), [])
        self.done("run", "--on-schema-change", "evolve", "-e", "INSERT INTO postgresql('" + self.uri("strict") + "') SELECT id, "
                  "coalesce(note, '') AS note FROM file('in.csv')")
        self.assertEqual(self.rows("SELECT * FROM strict ORDER BY id"), [(1, "a", None), (2, "", None)])

    def test_check(self):
        self.session.execute("CREATE TABLE orders (id bigint PRIMARY KEY)")
        role, uri = self.role()
        before = self.everything()
        steps = self.checked(self.uri("orders"))
        self.assertRegex(steps[0][2], r"^PostgreSQL 1\d\.\d+.*, as .*, with(out)? TLS, by libpq 1\d\.\d+$")
        self.assertEqual([step[0] for step in steps], ["ok", "ok"])
        self.assertEqual({step[0] for step in self.checked(self.uri("orders", key="id"), "sink")}, {"ok"})
        self.assertIn(("ok", f'write "{self.schema}"."new"', "it is not there, and may be made"),
                      self.checked(self.uri("new"), "sink"))
        self.assertEqual([step[0] for step in self.checked(self.uri("orders", cdc="true"))], ["ok"] * 6)
        mark, what, words = self.checked(self.uri("ordres"), code=2)[-1]
        self.assertEqual((mark, what), ("failed", f'read "{self.schema}"."ordres"'))
        self.assertIn("did you mean 'orders'?", words)
        mark, _, words = self.checked(uri("orders"), "sink", code=2)[2]
        self.assertEqual(mark, "failed")
        self.assertIn(f'GRANT USAGE ON SCHEMA "{self.schema}" TO "{role}"', words)
        self.session.execute(f"GRANT USAGE ON SCHEMA {self.schema} TO {role}")
        steps = self.checked(uri("orders", key="id"), "sink", code=2)
        self.assertIn(f'GRANT SELECT, INSERT, UPDATE, DELETE ON "{self.schema}"."orders" TO "{role}"', steps[2][2])
        self.assertIn(f'GRANT CREATE ON SCHEMA "{self.schema}" TO "{role}"', steps[-1][2])
        self.session.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON orders TO {role}; "
                             f"GRANT CREATE ON SCHEMA {self.schema} TO {role}")
        self.assertEqual({step[0] for step in self.checked(uri("orders", key="id"), "sink")}, {"ok"})
        self.assertEqual([words for mark, _, words in self.checked(uri("orders", cdc="true"), code=2) if mark == "failed"][0],
                         f"{uri('').split('?')[0].replace('not-much', '***')}: ALTER ROLE \"{role}\" REPLICATION lets it "
                         "read changes")
        self.session.execute(f"REVOKE ALL ON orders FROM {role}; REVOKE ALL ON SCHEMA {self.schema} FROM {role}")
        [(mark, what, words)] = self.checked(uri("orders").replace("not-much", "wrong"), code=2)
        self.assertEqual((mark, what), ("failed", "sign in"))
        self.assertNotIn("wrong", words)
        [(mark, _, words)] = self.checked("postgresql://127.0.0.1:9/x?table=t", code=1)
        self.assertEqual(mark, "failed")
        process = self.velo("check", self.uri("orders", tabel="x"))
        self.assertEqual((process.returncode, process.stdout), (2, ""))
        self.assertEqual(self.everything()[1:], before[1:])

    def test_plan_and_state_messages(self):
        role, uri = self.role()
        self.write("in.csv", "id\n1\n")
        self.done("run", "-e", "CREATE STREAM kept AS SELECT * FROM file('in.csv') INSERT INTO "
                  f"postgresql('{self.uri('kept').removeprefix('postgresql://')}')")
        self.session.execute(f"GRANT USAGE ON SCHEMA {self.schema} TO {role}")
        gone = "postgresql://127.0.0.1:9/x?table=t"
        for uri_of, code, words in ((uri("kept").replace("not-much", "wrong"), 2, "password authentication failed"),
                                    (uri("kept"), 2, "permission denied"), (gone, 1, "127.0.0.1")):
            for arguments in (["state", "show", uri_of], ["state", "reset", uri_of, "kept", "--yes"],
                              ["plan", "in.csv", uri_of]):
                with self.subTest(words=words, verb=arguments[:2]):
                    process = self.velo(*arguments)
                    self.assertIn(words, process.stderr)
                    self.assertEqual(process.returncode, code, process.stderr)
                    self.assertNotIn("not-much", process.stderr)

    def test_plan_changes_nothing(self):
        self.session.execute("CREATE TABLE orders (id bigint, name varchar(20), total numeric(12,2))")
        self.session.execute("INSERT INTO orders VALUES (1, 'a', 2.5)")
        before = self.everything()
        source = self.uri("orders").removeprefix("postgresql://")
        new = self.uri("new").removeprefix("postgresql://")
        self.write("go.sql", f"CREATE STREAM moved AS SELECT id, total FROM postgresql('{source}') INSERT INTO "
                             f"postgresql('{new}')")
        process = self.done("plan", "go.sql", "--require", "exactly-once")
        for words in (f'runs       CREATE TABLE IF NOT EXISTS "{self.schema}"."new" ("id" bigint, "total" numeric(12,2))',
                      "column     id int64 → id bigint", f'makes      table "{self.schema}".velo_checkpoint, for the record',
                      "columns    id, total", "guarantee  exactly-once: all rows appear at once, at the end"):
            self.assertIn(words, process.stdout)
        self.session.execute("CREATE TABLE new (id bigint, total integer)")
        process = self.velo("plan", "go.sql")
        self.assertEqual(process.returncode, 2)
        self.assertRegex(process.stdout, r"column     total decimal\(12,2\): refused: .*'total'")
        self.session.execute("DROP TABLE new")
        changes = self.uri("orders", cdc="true").removeprefix("postgresql://")
        self.session.execute("ALTER TABLE orders REPLICA IDENTITY FULL")
        process = self.done("plan", "-e", f"CREATE STREAM {self.schema} AS SELECT * FROM postgresql('{changes}') INSERT INTO "
                            "file('out/?format=parquet')")
        self.assertIn(f"keeps      replication slot velo_{self.schema}_", process.stdout)
        self.assertIn(f"makes      out/_velo/{self.schema}/, for the record", process.stdout)
        self.assertEqual(self.everything(), before)
        self.assertEqual(self.files(), ["go.sql"])

    def rows(self, query, parameters=None):
        return self.session.execute(query, parameters).fetchall()

    def tables(self):
        return {name for (name,) in self.rows(f"SELECT tablename FROM pg_tables WHERE schemaname = '{self.schema}'")}

    def fill(self):
        self.session.execute(f"CREATE TABLE everything ({COLUMNS})")
        with self.session.cursor().copy("COPY everything FROM STDIN (FORMAT binary)") as copy:
            copy.set_types("int2 int4 int8 numeric numeric float4 float8 bool text varchar bytea date timestamptz "
                           "timestamp".split())
            for row in ROWS:
                copy.write_row(row)

    def test_every_type_goes_out_and_in(self):
        self.fill()
        self.done("copy", self.uri("everything"), "out.parquet")
        table = pyarrow.parquet.read_table(self.folder / "out.parquet")
        self.assertEqual(table.schema.field("wide").type, pyarrow.decimal128(38, 10))
        self.assertEqual(table.schema.field("moment").type, pyarrow.timestamp("us", "UTC"))
        self.assertEqual([tuple(row.values()) for row in table.to_pylist()], ROWS)
        self.done("copy", "out.parquet", self.uri("again"))
        self.assertEqual(self.rows("SELECT * FROM again"), ROWS)
        self.assertEqual(self.rows("(TABLE again EXCEPT ALL TABLE everything) UNION ALL "
                                   "(TABLE everything EXCEPT ALL TABLE again)"), [])

    def test_other_types_are_read_as_their_text(self):
        self.session.execute("CREATE TABLE other AS SELECT '{1,2}'::int[] AS list, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"
                             "::uuid AS id, '{\"a\": 1}'::jsonb AS doc, 1.10::numeric AS free, '10 days'::interval AS span")
        self.done("copy", self.uri("other"), "out.csv")
        self.assertEqual(pyarrow.csv.read_csv(self.folder / "out.csv").schema.names, ["list", "id", "doc", "free", "span"])
        self.assertIn('"{1,2}",a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11,"{""a"": 1}",1.10,10 days',
                      (self.folder / "out.csv").read_text())

    def test_what_arrow_cannot_hold_is_named(self):
        self.session.execute("CREATE TABLE odd AS SELECT 'infinity'::timestamptz AS moment")
        process = self.velo("copy", self.uri("odd"), "out.csv")
        self.assertEqual(process.returncode, 2)
        self.assertIn("row 1: column 'moment': infinity has no counterpart in a timestamp; read it as text", process.stderr)
        self.done("copy", self.uri(query=f"SELECT moment::text FROM {self.schema}.odd"), "out.csv")
        self.assertEqual((self.folder / "out.csv").read_text(), "moment\ninfinity\n")

    def test_a_query_and_sql(self):
        self.session.execute("CREATE TABLE numbers AS SELECT n::bigint AS n, n % 3 AS third FROM generate_series(1, 5000) n")
        uri = self.uri("numbers").removeprefix("postgresql://")
        process = self.done("run", "-e", f"SELECT third, count(*) AS rows FROM postgresql('{uri}') WHERE n > 4000 "
                            "GROUP BY third ORDER BY third", "--to", "-?format=csv")
        self.assertEqual(process.stdout, "third,rows\n0,333\n1,333\n2,334\n")
        process = self.done("show", self.uri("numbers"), "-n", "2")
        self.assertIn("third", process.stdout)
        process = self.done("schema", self.uri(query="SELECT 1::smallint AS one, now() AS moment"))
        self.assertIn("int16", process.stdout)

    def test_an_empty_table(self):
        self.session.execute("CREATE TABLE empty (id bigint, name text)")
        self.done("copy", self.uri("empty"), "out.csv")
        self.assertEqual((self.folder / "out.csv").read_text(), "id,name\n")
        self.done("copy", "out.csv?schema=id int64,name text", self.uri("made"))
        self.assertEqual(self.rows("SELECT * FROM made"), [])

    def test_append_and_what_a_run_leaves(self):
        self.write("in.csv", "id,name\n1,a\n2,b\n")
        for expected in (2, 4):
            self.done("copy", "in.csv", self.uri("target"))
            self.assertEqual(self.rows("SELECT count(*) FROM target"), [(expected,)])
        self.assertEqual(self.tables(), {"target"})

    def test_upsert_by_key(self):
        self.write("in.csv", "id,part,name\n1,a,first\n2,a,second\n1,a,third\n1,b,fourth\n")
        self.done("copy", "in.csv", self.uri("target", key="id,part"))
        self.assertEqual(self.rows("SELECT * FROM target ORDER BY 1, 2"),
                         [(1, "a", "third"), (1, "b", "fourth"), (2, "a", "second")])
        self.write("more.csv", "id,part,name\n2,a,changed\n3,c,new\n")
        self.done("copy", "more.csv", self.uri("target", key="id,part"))
        self.assertEqual(self.rows("SELECT name FROM target ORDER BY id, part"),
                         [("third",), ("fourth",), ("changed",), ("new",)])

    def test_a_named_pipeline_goes_on(self):
        self.write("in/a.csv", "id,name\n1,a\n2,b\n")
        address = self.uri("target").removeprefix("postgresql://")
        self.write("go.sql", "CREATE STREAM names WITH (parallel = 2) AS SELECT * FROM file('in/*.csv') INSERT INTO "
                   f"postgresql('{address}');")
        self.done("run", "go.sql")
        self.assertIn("nothing new since the 2 rows", self.done("run", "go.sql").stderr)
        self.write("in/b.csv", "id,name\n3,c\n")
        self.done("run", "go.sql")
        self.assertEqual(self.rows("SELECT id FROM target ORDER BY 1"), [(1,), (2,), (3,)])
        self.assertEqual(self.tables(), {"target", "velo_checkpoint", "velo_split"})
        self.write("go.sql", (self.folder / "go.sql").read_text().replace("SELECT *", "SELECT id"))
        process = self.velo("run", "go.sql")
        self.assertEqual(process.returncode, 2)
        self.assertIn("its SELECT has changed", process.stderr)

    def test_a_name_is_of_one_table(self):
        self.write("a.csv", "id\n1\n")

        def sql(table):
            return f"CREATE STREAM once AS SELECT * FROM file('a.csv') INSERT INTO postgresql('{self.uri(table)}')"

        self.done("run", "-e", sql("target"))
        process = self.velo("run", "-e", sql("other"))
        self.assertEqual(process.returncode, 2)
        self.assertIn("the record of this pipeline is of the table target, and not of other", process.stderr)
        self.assertEqual(self.rows("SELECT fence FROM velo_checkpoint WHERE lane = -1"), [(1,)])

    def test_the_same_name_in_another_schema_is_another_pipeline(self):
        self.slow_pipeline()
        process = self.start("run", "go.sql")
        self.wait_for(self.lanes)
        other = f"{self.schema}_2"
        self.session.execute(f"CREATE SCHEMA {other}")
        self.addCleanup(self.session.execute, f"DROP SCHEMA {other} CASCADE")
        statement = (self.folder / "go.sql").read_text().replace(self.schema, other).replace("rows=30000", "rows=10")
        self.done("run", "-e", statement)
        self.assertEqual(process.wait(timeout=60), 0)
        self.assertEqual(self.rows("SELECT count(*), count(DISTINCT id) FROM target"), [(30000, 30000)])

    def test_one_key_in_two_splits(self):
        """Two lanes would wait for each other: one for a row, the other for its turn to commit."""
        for name in "ab":
            self.write(f"in/{name}.csv", f"id,name\n1,{name}\n2,{name}\n")
        address = self.uri("target", key="id").removeprefix("postgresql://")
        self.done("run", "-e", "CREATE STREAM names WITH (parallel = 2) AS SELECT * FROM file('in/*.csv') INSERT INTO "
                  f"postgresql('{address}')")
        self.assertEqual(self.rows("SELECT id FROM target ORDER BY 1"), [(1,), (2,)])

    def test_lanes_that_wait_for_each_other_say_so(self):
        for name in "ab":
            self.write(f"in/{name}.csv", "id\n1\n")
        self.session.execute("CREATE TABLE target (id bigint UNIQUE)")
        address = self.uri("target").removeprefix("postgresql://")
        statement = ("CREATE STREAM names WITH (parallel = 2, retry_for = '{}') AS SELECT * FROM file('in/*.csv') INSERT "
                     f"INTO postgresql('{address}')")
        process = self.velo("run", "-e", statement.format("0s"))
        self.assertEqual(process.returncode, 1)
        self.assertRegex(process.stderr, r"lane [01] waited for another transaction longer than lock_timeout \(2s unless")
        self.assertIn("parallel = 1", process.stderr)
        # Where trying again does not help, one lane says what is wrong with the rows.
        process = self.velo("run", "-e", statement.format("1min"))
        self.assertEqual(process.returncode, 2, process.stderr)
        self.assertRegex(process.stderr, "lane [01] waited for another transaction")
        self.assertIn("duplicate key value", process.stderr)
        self.assertEqual(self.rows("SELECT * FROM target"), [])

    def test_names_are_not_cut(self):
        """The server would leave off what is behind the 63rd byte, and two tables would be one."""
        stem = "t" * 58
        for letter in "ab":
            self.session.execute(f"CREATE TABLE {stem}_{letter} AS SELECT '{letter}' AS v")
        process = self.velo("copy", self.uri(f"{stem}_*"), self.uri("copy_of_{table}"))
        self.assertEqual(process.returncode, 2, process.stderr)
        self.assertIn(f"table: the name copy_of_{stem}_a has 68 bytes, and PostgreSQL takes 63", process.stderr)
        self.write("x.csv", f"id,{'ü' * 32}\n1,2\n")
        for address, words in ((self.uri("ü" * 32), "table: the name ü"), (self.uri("t", schema="s" * 64), "schema: the name s"),
                               (self.uri("t", key="k" * 64), "key: the name k"), (self.uri("t"), "column: the name ü")):
            for verb in ("copy", "plan"):
                process = self.velo(verb, "x.csv", address)
                self.assertEqual(process.returncode, 2, process.stderr)
                self.assertIn(words, process.stderr + process.stdout)
                self.assertIn("bytes, and PostgreSQL takes 63", process.stderr + process.stdout)
        self.session.execute("CREATE TABLE known (id bigint)")
        statement = (f"CREATE STREAM names WITH (on_schema_change = evolve) AS SELECT * FROM file('x.csv') INSERT INTO "
                     f"postgresql('{self.uri('known').removeprefix('postgresql://')}')")
        process = self.velo("run", "-e", statement)
        self.assertEqual(process.returncode, 2, process.stderr)
        self.assertIn("column: the name ü", process.stderr)
        for source in (self.uri("t" * 64), self.uri("a", cdc="true", publication="p" * 64)):
            process = self.velo("copy", source, "out/?format=json")
            self.assertEqual(process.returncode, 2, process.stderr)
            self.assertIn("bytes, and PostgreSQL takes 63", process.stderr)
        self.assertEqual(len(self.rows(f"SELECT FROM pg_tables WHERE schemaname = '{self.schema}'")), 3)
        exact = "ü" * 31
        self.write("y.csv", "id\n1\n")
        self.done("copy", "y.csv", self.uri(exact))
        self.assertEqual(self.rows(f'SELECT id FROM "{exact}"'), [(1,)])

    def test_a_table_that_is_gone_is_not_made_anew(self):
        self.write("in/a.csv", "id\n1\n2\n")
        address = self.uri("target").removeprefix("postgresql://")
        for source in ("file('in/*.csv')", "file('in/a.csv') ORDER BY id"):
            with self.subTest(source):
                name = "whole" if "ORDER" in source else "splits"
                statement = f"CREATE STREAM {name} AS SELECT * FROM {source} INSERT INTO postgresql('{address}')"
                self.done("run", "-e", statement)
                self.session.execute("DROP TABLE target")
                process = self.velo("run", "-e", statement)
                self.assertEqual(process.returncode, 1, process.stderr)
                self.assertIn("the table is gone, and with it 2 rows that this pipeline has committed; another name begins "
                              "anew", process.stderr)
                self.assertNotIn("target", self.tables())

    def test_a_table_that_is_gone_before_a_killed_run_goes_on(self):
        self.write("in.csv", "id\n1\n2\n")
        crash = pathlib.Path(VELO).with_name("velo_crash")
        copy = ("copy", "in.csv", self.uri("target"))
        subprocess.run([crash, *copy], cwd=self.folder, env={**os.environ, "VELO_CRASH_AT": "after_commit"},
                       stderr=subprocess.DEVNULL)
        self.session.execute("DROP TABLE target")
        process = self.velo(*copy)
        self.assertEqual(process.returncode, 1, process.stderr)
        self.assertIn("the table is gone, and with it 2 rows", process.stderr)
        ((pipeline,),) = self.rows("SELECT pipeline FROM velo_checkpoint WHERE lane = -1")
        self.assertIn(f"DELETE FROM \"{self.schema}\".velo_checkpoint WHERE pipeline = '{pipeline}', and the same of "
                      "velo_split, lets this run begin anew", process.stderr)
        for table in ("velo_checkpoint", "velo_split"):
            self.session.execute(f"DELETE FROM {table} WHERE pipeline = %s", (pipeline,))
        self.done(*copy)
        self.assertEqual(self.rows("SELECT * FROM target"), [(1,), (2,)])

    def test_columns_meet_by_name(self):
        self.session.execute('CREATE TABLE target ("Id" bigint, note text DEFAULT \'none\', amount numeric(20,4))')
        self.write("in.csv", "amount,id\n1.25,7\n")
        self.done("copy", "in.csv?schema=amount decimal(12,2),id int32", self.uri("target"))
        self.assertEqual(self.rows("SELECT * FROM target"), [(7, "none", decimal.Decimal("1.2500"))])
        self.write("in.csv", "id,other\n1,2\n")
        process = self.velo("copy", "in.csv", self.uri("target"))
        self.assertEqual(process.returncode, 2)
        self.assertIn("there is no column 'other'; the columns are Id, note, amount", process.stderr)

    def test_what_could_be_lost_is_refused(self):
        self.session.execute("CREATE TABLE target (id integer, name text)")
        self.write("in.csv", "id,name\n1,a\n")
        process = self.velo("copy", "in.csv", self.uri("target"))
        self.assertEqual(process.returncode, 2)
        self.assertIn("column 'id': int64 does not go into integer without loss; CAST it in the SELECT", process.stderr)
        pyarrow.parquet.write_table(pyarrow.table({"name": ["a", "b\x00c"]}), self.folder / "nul.parquet")
        process = self.velo("copy", "nul.parquet", self.uri("target"))
        self.assertEqual(process.returncode, 2)
        self.assertIn("column 'name': PostgreSQL cannot hold the value", process.stderr)
        self.assertEqual(self.rows("SELECT * FROM target"), [])

    def test_messages(self):
        parts = urllib.parse.urlsplit(SERVER)
        at = f"{parts.hostname}:{parts.port}"
        self.write("in.csv", "id\n1\n")
        for uri, words, code in [
            (f"postgresql://{parts.username}:wrong@{at}{parts.path}?table=t", "password authentication failed", 2),
            (f"postgresql://{parts.username}:{parts.password}@{at}/nothing?table=t", 'database "nothing" does not exist', 2),
            (f"postgresql://{parts.username}:{parts.password}@127.0.0.1:9{parts.path}?table=t", "is the server there", 1),
            (self.uri("missing"), 'relation "' + self.schema + '.missing" does not exist', 2),
            (SERVER + "?tabel=t", "did you mean 'table'?", 2),
            (SERVER, "which rows? Add ?table=NAME", 2),
            (SERVER + "?cdc=true&schema=sales", "cdc=true of which table? table=NAME names one", 2),
        ]:
            with self.subTest(words):
                process = self.velo("copy", uri, "out.csv")
                self.assertIn(words, process.stderr)
                self.assertEqual(process.returncode, code, process.stderr)
                self.assertNotIn("wrong@", process.stderr)
                self.assertNotIn(f":{parts.password}@", process.stderr)
        self.assertEqual(self.files(), ["in.csv"])

    def lanes(self):
        return self.rows("SELECT pid FROM pg_stat_activity WHERE application_name ~ '^velo:slow:[0-9]+:[0-9]+:' "
                         "AND application_name LIKE '%%' || left(encode(sha256(%s), 'hex'), 8)", (self.schema.encode(),))

    def slow_pipeline(self, rate=20000):
        address = self.uri("target").removeprefix("postgresql://")
        self.write("go.sql", "CREATE STREAM slow WITH (commit_every = '200ms') AS SELECT id FROM "
                   f"generate('orders?rows=30000&rate={rate}') INSERT INTO postgresql('{address}');")

    def check_slow_pipeline(self):
        self.done("run", "go.sql")
        self.assertEqual(self.rows("SELECT count(*), count(DISTINCT id) FROM target"), [(30000, 30000)])

    def test_a_query_that_fails_before_its_first_row(self):
        """It is planned only then; that is no lost connection, which a later attempt would mend."""
        for query, words in (("SELECT 1/0 AS n", "division by zero (SQLSTATE 22012)"),
                             ("SELECT 'x'::text::int AS n", 'invalid input syntax for type integer: "x" (SQLSTATE 22P02)')):
            process = self.velo("copy", SERVER + "?query=" + urllib.parse.quote(query), "null:")
            self.assertIn(words, process.stderr)
            self.assertNotIn("the connection is lost", process.stderr)
            self.assertEqual(process.returncode, 2, process.stderr)

    def test_a_lost_connection_loses_nothing(self):
        self.slow_pipeline()
        process = self.start("run", "go.sql")
        self.wait_for(self.lanes)
        time.sleep(0.5)
        self.session.execute("SELECT pg_terminate_backend(pid) FROM unnest(%s::int[]) AS lane(pid)",
                             ([pid for (pid,) in self.lanes()],))
        self.assertEqual(process.wait(timeout=30), 0)
        self.assertRegex(process.stderr.read(), r"trying again in 0\.\d s \(attempt 2\)\n.*: 30,000 rows, ")
        self.check_slow_pipeline()

    def test_a_stop_commits(self):
        self.slow_pipeline()
        process = self.start("run", "go.sql")
        self.wait_for(self.lanes)
        wait_until_signals_are_awaited(process)
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=30), 0)
        self.assertIn("which are committed; run it again to go on", process.stderr.read())
        self.check_slow_pipeline()

    def test_of_two_the_older_is_fenced(self):
        self.slow_pipeline()
        older = self.start("run", "go.sql")
        self.wait_for(self.lanes)
        older.send_signal(signal.SIGSTOP)
        self.check_slow_pipeline()
        older.send_signal(signal.SIGCONT)
        self.assertEqual(older.wait(timeout=30), 1)
        self.assertIn("a newer run of this pipeline has taken over", older.stderr.read())
        self.assertEqual(self.rows("SELECT count(*), count(DISTINCT id) FROM target"), [(30000, 30000)])

    def test_one_that_is_refused_leaves_the_other_running(self):
        self.slow_pipeline(rate=6000)
        running = self.start("run", "go.sql")
        self.wait_for(lambda: "target" in self.tables() and self.rows("SELECT 1 FROM target LIMIT 1"))
        self.refuse_another_beside(running)
        self.assertEqual(self.rows("SELECT count(*), count(DISTINCT id) FROM target"), [(30000, 30000)])
        for change in (f"DROP TABLE {self.schema}.target", f"UPDATE {self.schema}.velo_checkpoint SET target = 'other'"):
            self.session.execute(change)
            before = self.rows("TABLE velo_checkpoint ORDER BY lane")
            process = self.velo("run", "go.sql")
            self.assertNotEqual(process.returncode, 0)
            self.assertEqual(self.rows("TABLE velo_checkpoint ORDER BY lane"), before, process.stderr)

    def through(self, proxy, table, **options):
        return self.uri(table, **options).replace(f":{urllib.parse.urlsplit(SERVER).port}/", f":{proxy.port}/")

    def proxy(self):
        parts = urllib.parse.urlsplit(SERVER)
        proxy = Proxy(parts.hostname, parts.port)
        self.addCleanup(proxy.close)
        return proxy

    def test_a_connection_lost_while_it_is_made_is_not_the_password(self):
        self.session.execute("CREATE TABLE target (id bigint)")
        proxy = self.proxy()
        for at in (Break(20), Break(20, to_server=False), Break(1, re.compile(b"user"), swallows=True)):
            with self.subTest(at):
                proxy.arm(at)
                process = self.velo("copy", self.through(proxy, "target"), "out.csv")
                self.assertTrue(proxy.disarm())
                self.assertIn("cannot connect: ", process.stderr)
                self.assertNotIn("password comes from", process.stderr)
                self.assertEqual(process.returncode, 1, process.stderr)

    def test_a_stop_while_a_server_does_not_answer(self):
        self.slow_pipeline()
        proxy = self.proxy()
        sql = (self.folder / "go.sql").read_text()
        self.write("go.sql", sql.replace(f":{urllib.parse.urlsplit(SERVER).port}/", f":{proxy.port}/"))
        for pattern in (b"velo:slow:control", b"READ ONLY", b"CREATE TABLE IF NOT EXISTS [^ ]*velo_checkpoint",
                        rb"ON CONFLICT \(pipeline, lane\) DO UPDATE", b"velo:slow:[0-9]+:[0-9]+:"):
            with self.subTest(pattern):
                at = Break(1, re.compile(pattern), holds=True)
                proxy.arm(at)
                self.stop_while_held(at, self.start("run", "go.sql"))
        with socket.create_server(("127.0.0.1", 0)) as silent:
            at = Break(1, re.compile(rb"ON CONFLICT \(pipeline, lane\) DO UPDATE"), holds=True)
            proxy.arm(at)
            process = self.start("run", "go.sql")
            self.assertTrue(at.arrived.wait(30))
            proxy.server = silent.getsockname()  # nor does it answer to a request to cancel
            self.stop_while_held(at, process)
        proxy.server = (urllib.parse.urlsplit(SERVER).hostname, urllib.parse.urlsplit(SERVER).port)
        self.check_slow_pipeline()

    def test_a_stop_before_the_columns_are_known(self):
        self.session.execute("CREATE TABLE target (id bigint)")
        self.write("in.csv", "id\n1\n")
        proxy = self.proxy()
        address = self.through(proxy, "target")
        for command in (("copy", address, "out.csv"), ("copy", "in.csv", address), ("schema", address),
                        ("copy", self.through(proxy, "target", cdc="true"), "out/?format=csv")):
            with self.subTest(command):
                at = Break(1, re.compile(b"SELECT"), holds=True)
                proxy.arm(at)
                self.stop_while_held(at, self.start(*command))

    def test_a_stop_while_a_connection_is_made_ends_by_no_signal(self):
        """The server answers some milliseconds after Ctrl-C, which is when the program leaves."""
        self.write("in.csv", "id\n1\n")
        proxy = self.proxy()
        address = self.through(proxy, "target").removeprefix("postgresql://")
        for i in range(20):
            at = Break(1, re.compile(rb"velo:[^\0]*:control"), holds=True)
            proxy.arm(at)
            process = self.start("run", "-e", f"CREATE TABLE made AS SELECT * FROM file('in.csv') INSERT INTO postgresql('{address}')")
            self.assertTrue(at.arrived.wait(30))
            process.send_signal(signal.SIGINT)
            time.sleep(i * 0.0015)
            at.released.set()
            self.assertEqual(process.wait(timeout=30), 130, process.stderr.read())

    def test_a_host_that_is_silent_is_left_for_the_next(self):
        self.session.execute("CREATE TABLE here (id bigint)")
        with socket.create_server(("127.0.0.1", 0)) as silent:
            parts = urllib.parse.urlsplit(self.uri("here"))
            login, _, server = parts.netloc.rpartition("@")
            two = parts._replace(netloc=f"{login}@127.0.0.1:{silent.getsockname()[1]},{server}").geturl()
            begin = time.monotonic()
            self.assertIn("id", self.done("schema", two).stdout)
            self.assertGreater(time.monotonic() - begin, 9)
            only = parts._replace(netloc=f"{login}@127.0.0.1:{silent.getsockname()[1]}").geturl()
            process = self.velo("schema", only)
            self.assertEqual(process.returncode, 1)
            self.assertIn("timeout expired; the connection was lost while it was made", process.stderr)

    def test_one_that_stands_still_while_it_takes_over_is_ended(self):
        self.slow_pipeline()
        self.check_slow_pipeline()
        with psycopg.connect(SERVER, application_name="velo:slow:control") as other:
            other.execute(f"SELECT FROM {self.schema}.velo_checkpoint WHERE pipeline = 'slow' AND lane = -1 FOR UPDATE")
            begin = time.monotonic()
            self.done("run", "go.sql")
            self.assertLess(time.monotonic() - begin, 15)
            with self.assertRaises(psycopg.OperationalError):
                other.execute("SELECT 1")

    def test_a_load_by_lanes_that_was_killed_is_there_once(self):
        self.write("in.csv", "id\n" + "".join(f"{i}\n" for i in range(1000)))
        address = self.uri("target").removeprefix("postgresql://")
        insert = ("run", "--parallel", "3", "-e", f"INSERT INTO postgresql('{address}') SELECT * FROM file('in.csv') ORDER BY id")
        crash = pathlib.Path(VELO).with_name("velo_crash")
        for at in ("between_completes", "after_prepare", "after_commit"):
            self.session.execute("DROP TABLE IF EXISTS target")
            subprocess.run([crash, *insert], cwd=self.folder, env={**os.environ, "VELO_CRASH_AT": at}, stderr=subprocess.DEVNULL)
            if at != "between_completes":  # with one lane there is no between
                self.done(*insert)
            self.assertEqual(self.rows("SELECT count(*) FROM target"), [(1000,)])
            self.assertEqual(self.tables(), {"target"})

    def leave_record_tables(self):
        """They are there from now on, with the record of a pipeline with a name."""
        self.slow_pipeline()
        self.write("one.sql", (self.folder / "go.sql").read_text().replace("rows=30000", "rows=1").replace("slow", "one")
                   .replace("table=target", "table=other"))
        self.done("run", "one.sql")

    def waiting(self):
        return len(self.rows("SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'velo:run_%' AND "
                             f"wait_event_type = 'Lock' AND query LIKE '%{self.schema}%'"))

    def test_a_sleeper_of_a_run_that_is_forgotten_is_fenced_by_the_next(self):
        self.leave_record_tables()
        self.write("in.csv", "id\n" + "".join(f"{i}\n" for i in range(1000)))
        self.session.execute("CREATE TABLE target (id bigint)")
        copy = ("copy", "in.csv", self.uri("target"))
        with psycopg.connect(SERVER) as gate:
            gate.execute(f"LOCK TABLE {self.schema}.velo_split")
            sleeper = self.start(*copy)  # it has its fence, and no lane yet
            self.wait_for(lambda: self.waiting() == 1)
            sleeper.send_signal(signal.SIGSTOP)
        self.done(*copy)
        with psycopg.connect(SERVER) as gate:
            gate.execute(f"LOCK TABLE {self.schema}.target IN EXCLUSIVE MODE")
            third = self.start(*copy)
            self.wait_for(lambda: self.waiting() == 1)
            sleeper.send_signal(signal.SIGCONT)
            self.wait_for(lambda: self.waiting() == 2 or sleeper.poll() is not None)
        answers = sleeper.wait(timeout=30), third.wait(timeout=30)
        self.assertEqual(answers, (1, 0))
        self.assertIn("a newer run of this pipeline has taken over", sleeper.stderr.read())
        self.assertEqual(self.rows("SELECT count(*), count(DISTINCT id) FROM target"), [(2000, 1000)])

    def test_a_sleeper_of_a_run_whose_record_is_gone_is_fenced(self):
        self.write("in.csv", "id\n1\n2\n")
        for pattern, times in ((rb"velo_split WHERE", 1), (rb"DO NOTHING", 1), (rb"\0COPY", 1), (rb"\0UPDATE [^\0]*velo_checkpoint", 2)):
            with self.subTest(pattern):
                self.session.execute("DROP TABLE IF EXISTS target")
                proxy = self.proxy()
                at = Break(times, re.compile(pattern), holds=True)
                proxy.arm(at)
                copy = ("copy", "in.csv", self.through(proxy, "target"))
                sleeper = self.start(*copy)
                self.assertTrue(at.arrived.wait(30))
                self.done(*copy)
                at.released.set()
                self.assertEqual(sleeper.wait(timeout=30), 1)
                self.assertIn("a newer run of this pipeline has taken over", sleeper.stderr.read())
                self.assertEqual(self.rows("SELECT count(*) FROM target"), [(2,)])
                self.assertEqual(self.tables(), {"target"})

    def test_a_sleeper_does_not_remove_the_record_of_a_later_run(self):
        self.leave_record_tables()
        # The first that removes something waits in it for lock 2.
        self.session.execute("CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF pg_try_advisory_xact_lock(1) "
                             "THEN PERFORM pg_advisory_xact_lock(2); END IF; RETURN NULL; END $$")
        for table in ("velo_split", "velo_checkpoint"):
            self.session.execute(f"CREATE TRIGGER wait BEFORE DELETE ON {table} EXECUTE FUNCTION {self.schema}.wait()")
        address = self.uri("target").removeprefix("postgresql://")
        insert = ("run", "--commit-every", "100ms", "-e", f"INSERT INTO postgresql('{address}') SELECT id FROM "
                  "generate('orders?rows=20000&rate=20000')")
        with psycopg.connect(SERVER) as gate:
            gate.execute("SELECT pg_advisory_xact_lock(2)")
            sleeper = self.start(*insert)
            self.wait_for(self.waiting)
            self.done(*insert)
            third = self.start(*insert)
            self.wait_for(lambda: self.rows("SELECT FROM velo_checkpoint WHERE pipeline LIKE 'run_%' AND epoch > 0"))
        self.assertEqual((sleeper.wait(timeout=30), third.wait(timeout=30)), (0, 0))
        self.assertEqual(self.rows("SELECT count(*), count(DISTINCT id) FROM target"), [(40000, 20000)])

    def test_the_record_of_a_run_goes_whole(self):
        self.write("in.csv", "id\n" + "".join(f"{i}\n" for i in range(1000)))
        proxy = self.proxy()
        for times in (1, 2, 3):
            for swallows in (False, True):
                with self.subTest(times=times, swallows=swallows):
                    proxy.arm(Break(times, re.compile(rb"\0DELETE FROM"), swallows=swallows))
                    self.done("copy", "in.csv", self.through(proxy, f"target_{times}_{int(swallows)}"))
                    proxy.disarm()
                    self.assertEqual(self.rows(f"SELECT count(*) FROM target_{times}_{int(swallows)}"), [(1000,)])
                    self.assertNotIn("velo_checkpoint", self.tables())

    def test_a_server_that_goes_away_while_the_record_is_removed(self):
        self.write("in.csv", "id\n" + "".join(f"{i}\n" for i in range(1000)))
        for trigger, comes_back in ((b"LOCK TABLE", False), (rb"\0DELETE FROM", True), (rb"\0COMMIT\0", True)):
            with self.subTest(trigger):
                target = f"target_{comes_back:d}_{len(trigger)}"
                proxy = self.proxy()
                server = proxy.server
                at = Break(1, re.compile(rb"\0DELETE FROM"), holds=True)
                self.addCleanup(at.released.set)
                proxy.arm(at)
                run = self.start("copy", "in.csv", self.through(proxy, target))
                self.assertTrue(at.arrived.wait(timeout=30))
                proxy.server = ("127.0.0.1", 1)  # where nobody listens
                proxy.arm(Break(1, re.compile(trigger), swallows=True))
                at.released.set()
                if comes_back:
                    time.sleep(2)
                    proxy.server = server
                self.assertEqual(run.wait(timeout=60), 0, run.stderr.read())
                self.assertEqual(self.rows(f"SELECT count(*) FROM {target}"), [(1000,)])
                if comes_back:
                    self.assertNotIn("velo_checkpoint", self.tables())


if __name__ == "__main__":
    unittest.main()
