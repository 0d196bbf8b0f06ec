"""ClickHouse as a source and a sink, on a real server, looked at by clickhouse-connect and pyarrow."""

import datetime
import decimal
import os
import re
import signal
import time
import unittest
import urllib.parse
import uuid

import clickhouse_connect
import pyarrow
import pyarrow.parquet

from kept_state import KeptState
from kill.proxy import Break, Proxy
from program import CRASHING, ProgramTest, wait_until_signals_are_awaited

SERVER = urllib.parse.urlsplit(os.environ["VELO_TEST_CLICKHOUSE_URI"])
UTC = datetime.timezone.utc

COLUMNS = """
    i8 Int8, i16 Int16, i32 Int32, i64 Int64, u8 UInt8, u16 UInt16, u32 UInt32, u64 UInt64, f32 Float32, f64 Float64,
    flag Bool, name String, code FixedString(3), day Date, day32 Date32, moment DateTime, milli DateTime64(3, 'UTC'),
    nano DateTime64(9, 'UTC'), price Decimal(9, 2), wide Decimal(38, 10), low LowCardinality(String),
    maybe Nullable(Int32), maybe_name Nullable(String), maybe_low LowCardinality(Nullable(String)),
    maybe_price Nullable(Decimal(18, 4))"""
VALUES = [
    """(-128, -32768, -2147483648, -9223372036854775808, 0, 0, 0, 0, -1024.5, 5e-324, false, '', 'abc', '1970-01-01',
        '1900-01-01', '1970-01-01 00:00:00', '1900-01-01 00:00:00.001', '1900-01-01 00:00:00', -9999999.99,
        '-9999999999999999999999999999.9999999999', '', NULL, NULL, NULL, NULL)""",
    """(127, 32767, 2147483647, 9223372036854775807, 255, 65535, 4294967295, 18446744073709551615, inf, 1.5, true,
        'naïve ☃', 'x\\0z', '2149-06-06', '2299-12-31', '2106-02-07 06:28:15', '2299-12-31 23:59:59.999',
        '2026-11-22 12:00:00.123456789', 0.01, '0.0000000001', 'low', -7, '', 'a', -0.0001)""",
]


class Clickhouse(KeptState, ProgramTest):
    def setUp(self):
        super().setUp()
        self.database = f"velo_{uuid.uuid4().hex[:12]}"
        server = dict(host=SERVER.hostname, port=SERVER.port, username=SERVER.username, password=SERVER.password)
        outside = clickhouse_connect.get_client(**server)
        self.addCleanup(outside.close)
        outside.command(f"CREATE DATABASE {self.database}")
        self.addCleanup(outside.command, f"DROP DATABASE {self.database}")
        self.session = clickhouse_connect.get_client(database=self.database, **server)
        self.addCleanup(self.session.close)

    def uri(self, table=None, port=None, **options):
        at = f"{SERVER.username}:{SERVER.password}@{SERVER.hostname}:{port or SERVER.port}/{self.database}"
        options = {**({"table": table} if table else {}), **options}
        return f"clickhouse://{at}?" + urllib.parse.urlencode(options, quote_via=urllib.parse.quote)

    def sink_of_state(self):
        return self.uri("kept")

    def source_of_state(self, sink):
        return sink

    def break_at(self, pattern, times=1, **more):
        proxy = Proxy(SERVER.hostname, SERVER.port)
        self.addCleanup(proxy.close)
        proxy.arm(Break(times, re.compile(pattern, re.DOTALL), **more))
        return proxy

    def rows(self, query):
        return [tuple(row) for row in self.session.query(query).result_rows]

    def tables(self):
        return {name for (name,) in self.rows("SHOW TABLES")}

    def columns(self, table):
        return {row[0]: row[1] for row in self.rows(f"DESCRIBE TABLE {table}")}

    # What was moved.

    def fill(self):
        self.session.command(f"CREATE TABLE everything ({COLUMNS}) ENGINE = MergeTree ORDER BY i8")
        for values in VALUES:
            self.session.command(f"INSERT INTO everything VALUES {values}")

    def test_every_type_goes_out_and_in(self):
        self.fill()
        self.done("copy", self.uri(query="SELECT * FROM everything ORDER BY i8"), "out.parquet")
        table = pyarrow.parquet.read_table(self.folder / "out.parquet")
        nano = table.schema.get_field_index("nano")
        self.assertEqual(table.column("nano").cast(pyarrow.int64()).to_pylist(), [-2208988800 * 10**9,
                                                                                  1795348800123456789])
        self.assertEqual(table.schema.field(nano).type, pyarrow.timestamp("ns", "UTC"))
        table = table.drop_columns("nano")
        self.assertEqual(table.schema.field("wide").type, pyarrow.decimal128(38, 10))
        self.assertEqual(table.schema.field("u64").type, pyarrow.uint64())
        first, last = table.to_pylist()
        self.assertEqual(first["i64"], -(2**63))
        self.assertEqual(last["u64"], 2**64 - 1)
        self.assertEqual(first["wide"], decimal.Decimal("-" + "9" * 28 + "." + "9" * 10))
        self.assertEqual(last["day32"], datetime.date(2299, 12, 31))
        self.assertEqual(last["name"], "naïve ☃")
        self.assertEqual(last["code"], b"x\0z")
        self.assertEqual(last["milli"], datetime.datetime(2299, 12, 31, 23, 59, 59, 999000, UTC))
        self.assertEqual([first[name] for name in ("maybe", "maybe_name", "maybe_low", "maybe_price")], [None] * 4)
        self.assertEqual([last[name] for name in ("maybe", "maybe_name", "maybe_low", "maybe_price")],
                         [-7, "", "a", decimal.Decimal("-0.0001")])
        # Back into a table of the same columns, and into one that is made.
        for target in ("again", "made"):
            if target == "again":
                self.session.command(f"CREATE TABLE again ({COLUMNS}) ENGINE = MergeTree ORDER BY i8")
            self.done("copy", self.uri("everything"), self.uri(target))
            for table in (target, "everything"):
                other = "everything" if table == target else target
                self.assertEqual(self.rows(f"SELECT * FROM {table} EXCEPT SELECT * FROM {other}"), [])
        self.assertEqual(self.columns("made")["price"], "Decimal(9, 2)")
        self.assertEqual(self.columns("made")["maybe"], "Nullable(Int32)")

    def test_other_types_are_read_as_their_text(self):
        query = ("SELECT [1, 2] AS list, toUUID('61f0c404-5cb3-11e7-907b-a6006ad3dba0') AS id, map('a', 1) AS pairs, "
                 "(1, 'x') AS both, toIPv4('127.0.0.1') AS address, toInt256(7) AS big, "
                 "CAST('on' AS Enum8('on' = 1)) AS state")
        self.done("copy", self.uri(query=query), "out.csv")
        self.assertEqual((self.folder / "out.csv").read_text(),
                         "list,id,pairs,both,address,big,state\n"
                         "\"[1,2]\",61f0c404-5cb3-11e7-907b-a6006ad3dba0,{'a':1},\"(1,'x')\",127.0.0.1,7,on\n")

    def test_a_query_and_sql(self):
        self.session.command("CREATE TABLE numbers ENGINE = MergeTree ORDER BY n AS SELECT toInt64(number) AS n, n % 3 AS "
                             "third FROM numbers(200000)")
        uri = self.uri("numbers").removeprefix("clickhouse://")
        process = self.done("run", "-e", f"SELECT third, count(*) AS rows FROM clickhouse('{uri}') WHERE n >= 190000 "
                            "GROUP BY third ORDER BY third", "--to", "-?format=csv")
        self.assertEqual(process.stdout, "third,rows\n0,3333\n1,3334\n2,3333\n")
        process = self.done("run", "-e", f"SELECT count(*) AS rows FROM clickhouse('{uri}')", "--to", "-?format=csv")
        self.assertEqual(process.stdout, "rows\n200000\n")
        self.assertIn("third", self.done("show", self.uri("numbers"), "-n", "2").stdout)
        self.assertIn("uint64", self.done("schema", self.uri(query="SELECT toUInt64(1) AS one")).stdout)

    def test_an_empty_table(self):
        self.session.command("CREATE TABLE empty (id Int64, name String) ENGINE = Memory")
        self.done("copy", self.uri("empty"), "out.csv")
        self.assertEqual((self.folder / "out.csv").read_text(), "id,name\n")
        self.done("copy", "out.csv?schema=id int64,name text", self.uri("made", key="id"))
        self.assertEqual(self.columns("made")["id"], "Int64")
        self.assertEqual(self.rows("SELECT * FROM made"), [])

    def test_an_error_among_the_rows(self):
        query = "SELECT number, throwIf(number = 200000, 'no further') AS boom FROM numbers(300000)"
        process = self.velo("copy", self.uri(query=query), "out.csv")
        self.assertEqual(process.returncode, 2, process.stderr)
        self.assertIn("no further", process.stderr)
        self.assertEqual(self.files(), [])

    def test_what_arrow_cannot_hold_is_named(self):
        process = self.velo("copy", self.uri(query="SELECT unhex('ff') AS raw"), "out.csv")
        self.assertEqual(process.returncode, 2)
        self.assertIn("column 'raw' after row 0: row 1 of the block is not UTF-8; read it as query=SELECT hex(raw)",
                      process.stderr)

    def test_append_and_what_a_run_leaves(self):
        self.write("in.csv", "id,name\n1,a\n2,b\n")
        for expected in (2, 4):
            process = self.done("copy", "in.csv", self.uri("target"))
            self.assertNotIn("at least once", process.stderr)
            self.assertEqual(self.rows("SELECT count() FROM target"), [(expected,)])
        self.assertEqual(self.tables(), {"target"})
        self.assertEqual(self.columns("target"), {"id": "Nullable(Int64)", "name": "Nullable(String)",
                                                  "_velo_pipeline": "UInt64", "_velo": "UInt64"})
        self.assertEqual(self.rows("SELECT * FROM target ORDER BY id LIMIT 1"), [(1, "a")])

    def test_equal_rows_are_not_taken_for_a_repetition(self):
        # A server that remembers blocks drops those that it has seen.
        self.session.command("CREATE TABLE target (id Int64) ENGINE = MergeTree ORDER BY id "
                             "SETTINGS non_replicated_deduplication_window = 100")
        self.write("in.csv", "id\n1\n")
        for expected, arguments in enumerate([[], [], ["--guarantee", "exactly_once"], []], start=1):
            self.done("copy", *arguments, "in.csv", self.uri("target"))
            self.assertEqual(self.rows("SELECT count() FROM target"), [(expected,)])

    def test_columns_meet_by_name(self):
        self.session.command("CREATE TABLE target (Id Int64, note String DEFAULT 'none', amount Decimal(20, 4)) "
                             "ENGINE = MergeTree ORDER BY Id")
        self.write("in.csv", "amount,id\n1.25,7\n")
        self.done("copy", "in.csv?schema=amount decimal(12,2),id int32", self.uri("target"))
        self.assertEqual(self.rows("SELECT * FROM target"), [(7, "none", decimal.Decimal("1.2500"))])
        self.write("in.csv", "id,other\n1,2\n")
        process = self.velo("copy", "in.csv", self.uri("target"))
        self.assertEqual(process.returncode, 2)
        self.assertIn("there is no column 'other'; the columns are Id, note, amount", process.stderr)

    def test_what_could_be_lost_is_refused(self):
        self.session.command("CREATE TABLE target (id Int32, moment DateTime64(6, 'Europe/Berlin'), list Array(Int8)) "
                             "ENGINE = MergeTree ORDER BY id")
        for content, words in [
            ("id\n1\n", "column 'id': int64 does not go into Int32 without loss; CAST it in the SELECT"),
            ("moment\n2026-01-01 00:00:00\n", "does not go into DateTime64(6, 'Europe/Berlin') without loss"),
            ("list\na\n", "column 'list' is Array(Int8), which cannot be written yet"),
        ]:
            self.write("in.csv", content)
            process = self.velo("copy", "in.csv", self.uri("target"))
            self.assertEqual(process.returncode, 2, process.stderr)
            self.assertIn(words, process.stderr)
        self.write("in.csv", "id,name\n1,a\n,b\n")
        process = self.velo("copy", "in.csv?schema=id int32,name text", self.uri("made", key="id"))
        self.assertEqual(process.returncode, 2, process.stderr)
        self.assertIn("row 2: column 'id': Int32 cannot hold NULL", process.stderr)
        pyarrow.parquet.write_table(pyarrow.table({"day": [datetime.date(1, 1, 1)]}), self.folder / "day.parquet")
        process = self.velo("copy", "day.parquet", self.uri("days"))
        self.assertEqual(process.returncode, 2, process.stderr)
        self.assertIn("column 'day': Nullable(Date32) cannot hold 0001-01-01", process.stderr)
        self.assertEqual(self.rows("SELECT * FROM target"), [])

    # What is promised.

    def test_a_table_of_the_users_is_changed_only_when_asked(self):
        self.session.command("CREATE TABLE target (id Int64) ENGINE = MergeTree ORDER BY id")
        self.write("in.csv", "id\n1\n")
        process = self.done("copy", "in.csv", self.uri("target"))
        self.assertIn("at least once, no more: ", process.stderr)
        self.assertIn("guarantee = exactly_once adds them, _velo_pipeline and _velo", process.stderr)
        self.assertEqual(list(self.columns("target")), ["id"])
        process = self.done("copy", "--guarantee", "exactly_once", "in.csv", self.uri("target"))
        self.assertNotIn("at least once", process.stderr)
        self.assertEqual(list(self.columns("target")), ["id", "_velo_pipeline", "_velo"])
        self.assertEqual(self.rows("SELECT * FROM target"), [(1,), (1,)])
        self.assertEqual(self.rows("SELECT countIf(_velo = 0), countIf(_velo > 0) FROM target"), [(1, 1)])
        self.assertNotIn("at least once", self.done("copy", "in.csv", self.uri("target")).stderr)

    def test_tables_whose_rows_cannot_be_counted(self):
        self.session.command("CREATE TABLE replacing (id Int64) ENGINE = ReplacingMergeTree ORDER BY id")
        self.session.command("CREATE TABLE seen (id Int64) ENGINE = MergeTree ORDER BY id")
        self.session.command("CREATE MATERIALIZED VIEW view ENGINE = MergeTree ORDER BY id AS SELECT id FROM seen")
        self.write("in.csv", "id\n1\n")
        for table, words in [("replacing", "the engine ReplacingMergeTree may merge"),
                             ("seen", f"the materialized views {self.database}.view would keep rows")]:
            process = self.velo("copy", "--guarantee", "exactly_once", "in.csv", self.uri(table))
            self.assertEqual(process.returncode, 2)
            self.assertIn(words, process.stderr)
            self.assertIn("guarantee = at_least_once lets it run", process.stderr)
            process = self.done("copy", "in.csv", self.uri(table))
            self.assertIn("at least once, no more: " + words, process.stderr)
            self.assertEqual(self.rows(f"SELECT count() FROM {table}"), [(1,)])

    def test_a_table_is_made_as_asked(self):
        self.write("in.csv", "id,part,name\n1,a,first\n")
        self.done("copy", "in.csv", self.uri("target", key="part,id"))
        self.assertIn("ORDER BY (part, id)", self.session.command("SHOW CREATE TABLE target"))
        self.done("copy", "in.csv", self.uri("replacing", key="id", engine="ReplacingMergeTree"))
        self.assertIn("ENGINE = ReplacingMergeTree", self.session.command("SHOW CREATE TABLE replacing"))
        self.done("copy", "--guarantee", "at_least_once", "in.csv", self.uri("plain"))
        self.assertEqual(list(self.columns("plain")), ["id", "part", "name"])

    # Going on.

    def pipeline(self, table="target", rows=30000, rate=30000, name="slow", port=None, more=""):
        address = self.uri(table, port=port).removeprefix("clickhouse://")
        self.write("go.sql", f"CREATE STREAM {name} WITH (commit_every = '200ms'{more}) AS SELECT id FROM "
                   f"generate('orders?rows={rows}&rate={rate}') INSERT INTO clickhouse('{address}');")

    def check_pipeline(self, rows=30000, table="target"):
        self.done("run", "go.sql")
        self.assertEqual(self.rows(f"SELECT count(), uniqExact(id) FROM {table}"), [(rows, rows)])

    def wait_for_an_epoch(self):
        self.wait_for(lambda: "velo_checkpoint" in self.tables() and
                      self.rows("SELECT 1 FROM velo_checkpoint WHERE state = 'done'"))

    def test_one_that_is_refused_leaves_the_other_running(self):
        self.pipeline(rate=6000)
        running = self.start("run", "go.sql")
        self.wait_for_an_epoch()
        self.refuse_another_beside(running)
        self.assertEqual(self.rows("SELECT count(), uniqExact(id) FROM target"), [(30000, 30000)])

    def test_a_named_pipeline_goes_on(self):
        self.write("in/a.csv", "id,name\n1,a\n2,b\n")
        address = self.uri("target").removeprefix("clickhouse://")
        self.write("go.sql", "CREATE STREAM names WITH (parallel = 2) AS SELECT * FROM file('in/*.csv') INSERT INTO "
                   f"clickhouse('{address}');")
        self.done("run", "go.sql")
        self.assertIn("nothing new since the 2 rows", self.done("run", "go.sql").stderr)
        self.write("in/b.csv", "id,name\n3,c\n")
        self.done("run", "go.sql")
        self.assertEqual(self.rows("SELECT id FROM target ORDER BY id"), [(1,), (2,), (3,)])
        self.assertEqual(self.tables(), {"target", "velo_checkpoint", "velo_split", "velo_fence_names_3"})
        self.write("go.sql", (self.folder / "go.sql").read_text().replace("SELECT *", "SELECT id"))
        process = self.velo("run", "go.sql")
        self.assertEqual(process.returncode, 2)
        self.assertIn("its SELECT has changed", process.stderr)
        self.session.command("DROP TABLE target")
        self.write("go.sql", (self.folder / "go.sql").read_text().replace("SELECT id", "SELECT *"))
        process = self.velo("run", "go.sql")
        self.assertEqual(process.returncode, 1)
        self.assertIn("the table is gone, and with it 3 rows that this pipeline has committed", process.stderr)

    def test_a_kill_at_each_step_loses_and_repeats_nothing(self):
        for number, at in enumerate(["in_write:2", "after_prepare_one:2", "after_prepare:2", "after_publish:2",
                                     "between_completes:2", "after_commit:2", "in_recover:1"]):
            with self.subTest(at):
                table = f"target_{number}"
                self.pipeline(table, rows=8000, name=f"slow_{number}", more=", parallel = 2")
                self.crash(at, "run", "go.sql")
                self.crash("in_recover", "run", "go.sql")
                self.check_pipeline(8000, table)

    def test_a_load_that_was_killed_starts_again(self):
        self.session.command("CREATE TABLE numbers ENGINE = MergeTree ORDER BY n AS SELECT toInt64(number) AS n FROM "
                             "numbers(300000)")
        for at, left in [("in_write", 0), ("after_publish", 0), ("between_completes", 0), ("after_prepare", 300000)]:
            with self.subTest(at):
                self.crash(at, "copy", self.uri("numbers"), self.uri("target"))
                self.assertEqual(self.rows("SELECT count() FROM target"), [(left,)])
                self.done("copy", self.uri("numbers"), self.uri("target"))
                self.assertEqual(self.rows("SELECT count(), uniqExact(n) FROM target"), [(300000, 300000)])
                self.assertEqual(self.tables(), {"numbers", "target"})
                self.session.command("DROP TABLE target")

    def test_an_epoch_larger_than_memory_is_for(self):
        query = "SELECT number AS n, concat(repeat('x', 30), toString(number)) AS text FROM numbers(2500000)"
        self.done("copy", self.uri(query=query), self.uri("target"), environment={"TMPDIR": str(self.folder)})
        self.assertEqual(self.rows("SELECT count(), sum(n), uniqExact(text) FROM target"),
                         [(2500000, 2500000 * 2499999 // 2, 2500000)])
        self.assertEqual(self.files(), [])
        process = self.velo("copy", self.uri(query=query), self.uri("target"), environment={"TMPDIR": "/nowhere"})
        self.assertEqual(process.returncode, 2)
        self.assertIn("/nowhere: cannot keep rows in it until they are committed", process.stderr)
        self.assertEqual(self.rows("SELECT count() FROM target"), [(2500000,)])

    def test_lost_connections_lose_nothing(self):
        for pattern, swallows in [(b"_velo_pipeline%2C", True), (b"_velo_pipeline%2C.{3000}", False), (b"'intent'", True),
                                  (b"'done'", True), (b"KILL QUERY", False), (b"CREATE TABLE", True)]:
            with self.subTest(pattern=pattern, swallows=swallows):
                self.session.command("DROP TABLE IF EXISTS target")
                proxy = self.break_at(pattern, swallows=swallows)
                name = f"slow_{uuid.uuid4().hex[:6]}"
                self.pipeline(rows=8000, name=name, port=proxy.port)
                process = self.velo("run", "go.sql")
                self.assertTrue(proxy.disarm())
                self.assertIn(process.returncode, (0, 1), process.stderr)
                self.check_pipeline(8000)

    def test_a_server_that_has_the_rows_and_does_not_answer(self):
        self.write("in.csv", "id\n1\n2\n")
        proxy = self.break_at(b"_velo_pipeline%2C", swallows=True)
        # The rows are counted: they are there.
        self.done("copy", "in.csv", self.uri("target", port=proxy.port))
        self.assertTrue(proxy.disarm())
        self.assertEqual(self.rows("SELECT * FROM target ORDER BY id"), [(1,), (2,)])
        self.assertEqual(self.tables(), {"target"})

    def test_a_stop_commits(self):
        self.pipeline()
        process = self.start("run", "go.sql")
        self.wait_for_an_epoch()
        wait_until_signals_are_awaited(process)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=30), 0)
        self.assertIn("which are committed; run it again to go on", process.stderr.read())
        self.check_pipeline()

    def test_of_two_the_older_is_fenced(self):
        self.pipeline()
        older = self.start("run", "go.sql")
        self.wait_for_an_epoch()
        older.send_signal(signal.SIGSTOP)
        self.check_pipeline()
        older.send_signal(signal.SIGCONT)
        self.assertEqual(older.wait(timeout=60), 1)
        self.assertIn("a newer run of this pipeline has taken over", older.stderr.read())
        self.assertEqual(self.rows("SELECT count(), uniqExact(id) FROM target"), [(30000, 30000)])

    def test_a_run_that_was_forgotten_fences_the_older(self):
        self.write("in.csv", "id\n" + "".join(f"{i}\n" for i in range(50000)))
        older = self.start("copy", "in.csv", self.uri("target"), program=CRASHING)
        self.wait_for(lambda: any(name.startswith("velo_fence") for name in self.tables()) or older.poll() is not None)
        older.send_signal(signal.SIGSTOP)
        self.done("copy", "in.csv", self.uri("target"))
        older.send_signal(signal.SIGCONT)
        older.wait(timeout=60)
        (count, distinct), = self.rows("SELECT count(), uniqExact(id) FROM target")
        # Where the older one had done all before it was stopped, both are whole.
        self.assertEqual((count, distinct), (50000 if older.returncode else 100000, 50000), older.stderr.read())

    def hold(self, pattern, times=1):
        proxy = self.break_at(pattern, times, holds=True)
        return proxy, proxy.awaited

    def insert(self, port):
        address = self.uri("target", port=port).removeprefix("clickhouse://")
        return ("run", "--commit-every", "100ms", "-e", f"INSERT INTO clickhouse('{address}') SELECT id FROM "
                "generate('orders?rows=6000&rate=12000')")

    def test_a_stop_while_a_server_does_not_answer(self):
        for pattern in (b"LIMIT 1 BY state", b"CREATE TABLE IF NOT EXISTS [^ ]*velo_split", b"CREATE TABLE [^ ]*velo_fence",
                        b"KILL QUERY", b"CREATE TABLE IF NOT EXISTS [^ ]*target"):
            with self.subTest(pattern):
                proxy, at = self.hold(pattern)
                self.pipeline(rows=8000, port=proxy.port)
                self.stop_while_held(at, self.start("run", "go.sql"))
        self.check_pipeline(8000)

    def test_a_stop_before_the_columns_are_known(self):
        self.write("in.csv", "id\n1\n")
        for command in (lambda address: (address, "out.csv"), lambda address: ("in.csv", address)):
            proxy, at = self.hold(b"POST")
            with self.subTest(command("clickhouse:")):
                self.stop_while_held(at, self.start("copy", *command(self.uri("target", port=proxy.port))))

    def test_a_sleeper_does_not_remove_the_record_of_a_later_run(self):
        for pattern in (rb"ALTER TABLE [^ ]*velo_split", rb"ALTER TABLE [^ ]*velo_checkpoint"):
            with self.subTest(pattern):
                self.session.command("DROP TABLE IF EXISTS target")
                proxy, at = self.hold(pattern)
                insert = self.insert(proxy.port)
                sleeper = self.start(*insert)
                self.assertTrue(at.arrived.wait(30))
                self.done(*insert)
                third = self.start(*insert)
                self.wait_for_an_epoch()
                at.released.set()
                codes = sleeper.wait(timeout=30), third.wait(timeout=30)
                self.assertEqual(codes, (0, 0), sleeper.stderr.read() + third.stderr.read())
                self.assertEqual(self.rows("SELECT count(), uniqExact(id) FROM target"), [(12000, 6000)])
                self.assertEqual(self.tables(), {"target"})

    def test_a_sleeper_of_a_run_that_is_forgotten_is_fenced_by_the_next(self):
        for pattern, is_after in ((b"KILL QUERY", True), (b"velo_split%60%20%28pipeline", True), (b"'intent', '", False), (b"_velo_pipeline%2C", True),
                                  (b"'done', '", False)):
            with self.subTest(pattern=pattern, is_after=is_after):
                self.session.command("DROP TABLE IF EXISTS target")
                proxy, at = self.hold(pattern)
                insert = self.insert(proxy.port)
                sleeper = self.start(*insert)
                self.assertTrue(at.arrived.wait(30))
                self.done(*insert)
                if is_after:
                    self.done(*insert)
                    at.released.set()
                else:
                    third = self.start(*insert)
                    self.wait_for_an_epoch()
                    at.released.set()
                    self.assertEqual(third.wait(timeout=30), 0, third.stderr.read())
                self.assertEqual(sleeper.wait(timeout=30), 1)
                self.assertIn("a newer run of this pipeline has taken over", sleeper.stderr.read())
                self.assertEqual(self.rows("SELECT count(), uniqExact(id) FROM target"), [(12000, 6000)])
                self.assertEqual(self.tables(), {"target"})

    def test_rows_that_came_before_their_intent_are_removed(self):
        proxy, at = self.hold(b"'intent', '")
        self.pipeline(rows=8000, port=proxy.port, more=", parallel = 2")
        first = self.start("run", "go.sql")
        self.assertTrue(at.arrived.wait(30))
        time.sleep(0.5)  # the other lane has sent what it has, if it may
        first.kill()
        first.wait()
        self.check_pipeline(8000)

    def test_a_sleeper_that_recovers_removes_nothing_of_a_later_run(self):
        # Positions are read by two looks too, which take nothing over.
        for pattern, times in ((rb"SELECT toString\(count\(\)\) FROM [^ ]*target", 1),
                               (rb"toString\(count\(\)\) FROM .{1,200} AND NOT", 1),
                               (rb"DELETE FROM [^ ]*target", 1), (rb"argMax\(position", 3)):
            with self.subTest(pattern):
                self.session.command("DROP TABLE IF EXISTS target")
                proxy, at = self.hold(pattern, times)
                self.pipeline(rows=8000, name=f"slow_{uuid.uuid4().hex[:6]}", port=proxy.port, more=", parallel = 2")
                proxy.disarm()
                self.crash("between_completes:2", "run", "go.sql")
                proxy.arm(at)
                sleeper = self.start("run", "go.sql")
                self.assertTrue(at.arrived.wait(30))
                self.check_pipeline(8000)
                at.released.set()
                self.assertEqual(sleeper.wait(timeout=30), 1)
                self.assertIn("a newer run of this pipeline has taken over", sleeper.stderr.read())
                self.assertEqual(self.rows("SELECT count(), uniqExact(id) FROM target"), [(8000, 8000)])

    # What is said.

    def everything(self):
        return self.rows("SELECT name, engine, create_table_query, toString(total_rows) FROM system.tables WHERE database = "
                         f"'{self.database}' ORDER BY name")

    def test_check(self):
        self.session.command("CREATE TABLE orders (id Int64) ENGINE = MergeTree ORDER BY id")
        before = self.everything()
        steps = self.checked(self.uri("orders"))
        self.assertRegex(steps[0][2], r"^ClickHouse \d+\.\d+.*, as .*, database velo_")
        self.assertEqual(steps[1][1:], (f"read `{self.database}`.`orders`", "SELECT is granted"))
        steps = self.checked(self.uri("orders"), "sink")
        self.assertIn(("lacks", "exactly once"), [step[:2] for step in steps])
        self.assertEqual({step[0] for step in self.checked(self.uri("new"), "sink")}, {"ok"})
        self.assertIn("orders", self.checked(self.uri("order"), code=2)[-1][2])
        self.assertEqual(self.everything(), before)
        at = f"{SERVER.hostname}:{SERVER.port}"
        [(mark, what, words)] = self.checked(f"clickhouse://{SERVER.username}:wrong@{at}/{self.database}?table=t", code=2)
        self.assertEqual((mark, what), ("failed", "sign in"))
        self.checked(self.uri("orders", port=9), code=1)

    def test_plan_changes_nothing(self):
        self.session.command("CREATE TABLE orders (id Int64, name String) ENGINE = MergeTree ORDER BY id")
        self.write("in.csv", "id,name\n1,a\n")
        before = self.everything()
        in_sql = self.uri("orders").replace("://", "('", 1) + "')"
        self.write("go.sql", f"CREATE STREAM moved AS SELECT * FROM file('in.csv') INSERT INTO {in_sql}")
        process = self.done("plan", "go.sql")
        self.assertIn("column     id int64 → id Int64", process.stdout)
        self.assertIn("guarantee  at-least-once: ", process.stdout)
        self.assertIn("lacks two columns for more", process.stdout)
        self.assertNotIn("runs ", process.stdout)
        process = self.velo("plan", "go.sql", "--require", "exactly-once")
        self.assertEqual(process.returncode, 2)
        self.assertIn("--require exactly-once: it is at-least-once", process.stderr)
        process = self.done("plan", "go.sql", "--require", "exactly-once", "--guarantee", "exactly_once")
        self.assertIn(f"runs       ALTER TABLE `{self.database}`.`orders` ADD COLUMN IF NOT EXISTS _velo_pipeline", process.stdout)
        self.assertIn(f"makes      table `{self.database}`.`velo_checkpoint`, for the record", process.stdout)
        process = self.done("plan", "in.csv", self.uri("new"))
        self.assertIn(f"runs       CREATE TABLE IF NOT EXISTS `{self.database}`.`new`", process.stdout)
        self.write("in.csv", "id,name\nx,a\n")
        process = self.velo("plan", "in.csv", self.uri("orders"))
        self.assertEqual(process.returncode, 2)
        self.assertRegex(process.stdout, "column     id text: refused: ")
        self.assertEqual(self.everything(), before)

    def test_messages(self):
        self.write("in.csv", "id\n1\n")
        at = f"{SERVER.hostname}:{SERVER.port}"
        credentials = f"{SERVER.username}:{SERVER.password}"
        for uri, words, code in [
            (f"clickhouse://{SERVER.username}:wrong@{at}/{self.database}?table=t", "Authentication failed", 2),
            (f"clickhouse://{credentials}@{at}/nothing?table=t", "Database nothing does not exist", 2),
            (f"clickhouse://{credentials}@127.0.0.1:9/{self.database}?table=t", "is the server there", 1),
            (self.uri("missing"), "missing", 2),
            (self.uri("t") + "&tabel=t", "did you mean 'table'?", 2),
            (self.uri().removesuffix("?"), "which rows? Add ?table=NAME", 2),
            (self.uri("t", compression="lz4"), "compression", 2),
            (self.uri("t", format="Parquet"), "format=Parquet does not work yet", 2),
            (self.uri(query="SELECT nonsense("), "Syntax error", 2),
        ]:
            with self.subTest(words):
                process = self.velo("copy", uri, "out.csv")
                self.assertIn(words, process.stderr)
                self.assertEqual(process.returncode, code, process.stderr)
                self.assertNotIn("wrong@", process.stderr)
                self.assertNotIn(f":{SERVER.password}@", process.stderr)
        self.assertEqual(self.files(), ["in.csv"])


if __name__ == "__main__":
    unittest.main()
