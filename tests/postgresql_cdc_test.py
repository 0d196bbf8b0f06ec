"""Changes of PostgreSQL tables, on a real server, made and looked at by psycopg and pyarrow."""

import collections
import decimal
import random
import re
import signal
import threading
import time
import unittest
import urllib.parse

import psycopg
import pyarrow
import pyarrow.dataset

from kill.proxy import Break, Proxy
from postgresql_schema import SERVER, SchemaTest
from program import wait_until_signals_are_awaited

STEPS = ["in_write", "after_prepare_one", "after_prepare", "after_publish", "between_completes", "after_commit",
         "in_recover"]


class Changes(SchemaTest):
    def create(self, table="orders", columns="id bigint PRIMARY KEY, name text, total numeric(12,2)", rows=3):
        self.session.execute(f"CREATE TABLE {table} ({columns})")
        if rows:
            self.session.execute(f"INSERT INTO {table} SELECT n, 'n' || n, n * 1.5 FROM generate_series(1, {rows}) n")

    def uri(self, table="orders", **options):
        options = {"schema": self.name, "table": table, "cdc": "true", **options}
        return SERVER + "?" + urllib.parse.urlencode(options, quote_via=urllib.parse.quote)

    def statement(self, sink="file('out/?format=parquet')", once=False, commit_every="100ms", table="orders", name=None,
                  **options):
        address = self.uri(table, **options).removeprefix("postgresql://")
        once = ", once = true" if once else ""
        return (f"CREATE STREAM {name or self.name} WITH (commit_every = '{commit_every}'{once}) AS SELECT * FROM "
                f"postgresql('{address}') INSERT INTO {sink}")

    def once(self, **options):
        return self.done("run", "-e", self.statement(once=True, **options))

    def changes(self, folder="out"):
        """All that has arrived, in the order of the log; no change twice."""
        if not (self.folder / folder).exists():
            return []
        rows = pyarrow.dataset.dataset(self.folder / folder, format="parquet").to_table().to_pylist()
        places = collections.Counter(row["_position"] for row in rows if row["_op"] != "r")
        self.assertEqual([place for place, count in places.items() if count > 1], [])
        return sorted(rows, key=lambda row: row["_position"])

    def told(self, *columns, folder="out"):
        return [tuple(row[column] for column in ("_op", *columns)) for row in self.changes(folder)]

    def check_state(self, table="orders", folder="out", key="id"):
        """The changes, applied in order, lead to the table as it is; none does what could not have been done."""
        state = {}
        for row in self.changes(folder):
            op, at = row["_op"], row[key]
            values = tuple(value for name, value in row.items() if not name.startswith("_"))
            if op == "t":
                state.clear()
                continue
            self.assertEqual(at in state, op in "ud", f"{op} of {at}")
            if op == "d":
                del state[at]
            else:
                state[at] = values
        self.assertEqual(sorted(state.values()), sorted(self.rows(f"SELECT * FROM {table}")))

    def test_reset_takes_slot_and_publication_along(self):
        self.create()
        self.write("go.sql", self.statement())
        process = self.start("run", "go.sql")
        self.wait_for(lambda: len(self.changes()) == 3, process)
        self.session.execute("INSERT INTO orders VALUES (4, 'n4', 6)")
        self.wait_for(lambda: len(self.changes()) == 4, process)
        shown = self.done("state", "show", "go.sql").stdout
        self.assertRegex(shown, rf"split    {self.name}\.orders: [0-9A-F]+/[0-9A-F]+")
        [slot], [publication] = self.slots(), self.publications()
        folder = "out/?format=parquet"
        refused = self.velo("state", "reset", folder, self.name, "--yes")
        self.assertEqual(refused.returncode, 2)
        self.assertIn("something may be kept for it: a replication slot. --source URI", refused.stderr)
        self.assertIsNone(process.poll())
        told = self.done("state", "reset", folder, self.name, "--yes", "--source", self.uri()).stderr
        self.assertIn(f"goes:  replication slot {slot[:slot.rindex('_')]}_…", told)
        self.assertIn(f"goes:  publication {publication[:publication.rindex('_')]}_…", told)
        self.assertEqual(process.wait(timeout=60), 1)
        self.assertIn("a newer run of this pipeline has taken over", process.stderr.read())
        self.assertEqual((self.slots(), self.publications()), ([], []))
        # Anew, with a snapshot; and this time the statement tells the source.
        self.once()
        self.assertEqual(len(self.changes()), 8)
        self.assertEqual(len(self.slots()), 1)
        # A slot is at one place, and of one pipeline: it is refused before anybody is ended.
        self.write("two.sql", self.statement() + ";" + self.statement(sink="file('two/?format=parquet')", name=self.name + "_2"))
        process = self.start("run", "go.sql")
        self.wait_for(self.slots_are_read, process)
        for arguments in [["rewind", "go.sql", self.name, "--to", "earliest", "--yes"],
                          ["fork", "two.sql", self.name, self.name + "_2"]]:
            refused = self.velo("state", *arguments)
            self.assertEqual(refused.returncode, 2)
            self.assertIn("its source keeps a place of its own for it (replication slot", refused.stderr)
        self.stop(process)
        self.done("state", "reset", "go.sql", "--yes")
        self.assertEqual((self.slots(), self.publications()), ([], []))

    def slots_are_read(self):
        return self.rows(f"SELECT bool_and(active) FROM pg_replication_slots WHERE slot_name ~ '{self.name}'") == [(True,)]

    def test_the_table_and_then_what_changes(self):
        self.create()
        process = self.start("run", "-e", self.statement())
        self.wait_for(lambda: len(self.changes()) == 3, process)
        self.session.execute("INSERT INTO orders VALUES (4, 'naïve ☃', 12.5)")
        self.session.execute("UPDATE orders SET total = NULL WHERE id = 1")
        self.session.execute("DELETE FROM orders WHERE id = 2")
        self.session.execute("UPDATE orders SET id = 30 WHERE id = 3")
        self.session.execute("TRUNCATE orders")
        self.wait_for(lambda: len(self.changes()) == 9, process)
        self.stop(process)
        number = decimal.Decimal
        self.assertEqual(self.told("id", "name", "total"), [
            ("r", 1, "n1", number("1.50")), ("r", 2, "n2", number("3.00")), ("r", 3, "n3", number("4.50")),
            ("c", 4, "naïve ☃", number("12.50")), ("u", 1, "n1", None), ("d", 2, None, None), ("d", 3, None, None),
            ("c", 30, "n3", number("4.50")), ("t", None, None, None)])
        self.assertEqual({row["_unset"] for row in self.changes()}, {None})
        self.assertEqual([row["_ts"] for row in self.changes()], sorted(row["_ts"] for row in self.changes()))

    def test_changes_from_now_on_and_until_a_place(self):
        self.create()
        until = lambda lsn: self.statement().replace("(commit", f"(from = 'latest', until = '{lsn}', commit")
        self.assertIn(" 0 rows", self.done("run", "-e", until("latest")).stderr)
        self.session.execute("INSERT INTO orders VALUES (4, 'd', 1)")
        self.session.execute("DELETE FROM orders WHERE id = 1")
        (here,), = self.rows("SELECT pg_current_wal_insert_lsn()")
        self.session.execute("INSERT INTO orders VALUES (5, 'e', 1)")
        self.done("run", "-e", until(here))
        self.assertEqual(self.told("id"), [("c", 4), ("d", 1)])
        self.done("run", "-e", until(here))
        self.assertEqual(self.told("id"), [("c", 4), ("d", 1)])
        self.done("run", "-e", until("latest"))
        self.assertEqual(self.told("id"), [("c", 4), ("d", 1), ("c", 5)])
        self.assertEqual(len(self.slots()), 1)

    def test_the_table_and_its_changes_until_a_place(self):
        self.create()
        (here,), = self.rows("SELECT pg_current_wal_insert_lsn()")
        self.done("copy", "--until", here, self.uri(), "out/?format=parquet")
        self.assertEqual(self.told("id"), [("r", 1), ("r", 2), ("r", 3)])
        self.assertEqual((self.slots(), self.publications()), ([], []))
        for options, words in [(("--from", here), "from = " + here + ": earliest (the rows that the table has, then its "
                                "changes) or latest (the changes from now on) is expected"),
                               (("--until", "2026-01-01"), "until = 2026-01-01: latest or an LSN (16/B374D848) is "
                                "expected")]:
            process = self.velo("copy", *options, self.uri(), "more/?format=parquet")
            self.assertEqual(process.returncode, 2, process.stderr)
            self.assertIn(words, process.stderr)
        self.assertEqual(self.slots(), [])

    def test_every_type_is_as_the_snapshot_has_it(self):
        self.session.execute("CREATE TYPE mood AS ENUM ('sad', 'happy')")
        self.session.execute("CREATE DOMAIN amount AS numeric(9,3) CHECK (value > 0)")
        self.create(columns="""id int PRIMARY KEY, small smallint, big bigint, price numeric(12,2), wide numeric(38,10),
            real4 real, real8 double precision, flag boolean, name text, short varchar(20), fixed char(6), data bytea,
            day date, moment timestamptz, wall timestamp, uid uuid, doc json, docb jsonb, feels mood, worth amount,
            twice int GENERATED ALWAYS AS (id * 2) STORED""", rows=0)
        values = """, -5, 1::bigint << 40, -1.25, 1e-10, 1.5, -2.25, true, E'a\\tb', 'x', 'ab', '\\x00ff', '2026-11-22',
            '2026-11-22 12:00:00.123456+02', '0001-01-01', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{"a" : 1}',
            '{"b": [1, null]}', 'happy', 1.125"""
        self.session.execute(f"INSERT INTO orders VALUES (1{values}); INSERT INTO orders VALUES (2)")
        self.once()
        self.session.execute(f"INSERT INTO orders VALUES (3{values}); INSERT INTO orders VALUES (4)")
        self.once()
        rows = [{name: value for name, value in row.items() if not name.startswith("_")} for row in self.changes()]
        self.assertNotIn("twice", rows[0])
        by_id = {row.pop("id"): row for row in rows}
        self.assertEqual(by_id[3], by_id[1])
        self.assertEqual(by_id[4], by_id[2])
        self.assertEqual(by_id[1]["fixed"], "ab")
        self.assertEqual(set(by_id[2].values()), {None})
        self.create("odd", "id int PRIMARY KEY, span interval", rows=0)
        process = self.velo("copy", self.uri("odd"), "odd/?format=csv", "--once")
        self.assertEqual(process.returncode, 2)
        self.assertIn("column 'span' is interval, which cdc=true cannot read yet", process.stderr)

    def test_transactions_come_whole_in_the_order_of_their_commits(self):
        self.create(rows=0)
        self.once()
        first, second, third = (psycopg.connect(SERVER) for _ in range(3))
        for number in range(3):
            for place, session in enumerate((first, second, third)):
                session.execute(f"INSERT INTO {self.name}.orders VALUES ({place * 10 + number})")
        third.rollback()
        second.commit()
        first.commit()
        with first.transaction(), second.transaction():
            first.execute(f"UPDATE {self.name}.orders SET name = 'one' WHERE id < 10")
            second.execute(f"DELETE FROM {self.name}.orders WHERE id >= 10")
            try:
                with first.transaction():
                    first.execute(f"INSERT INTO {self.name}.orders VALUES (99)")
                    raise psycopg.Rollback()
            except psycopg.Rollback:
                pass
        for session in (first, second, third):
            session.close()
        self.once()
        self.assertEqual(self.told("id"), [("c", 10), ("c", 11), ("c", 12), ("c", 0), ("c", 1), ("c", 2),
                                           ("d", 10), ("d", 11), ("d", 12), ("u", 0), ("u", 1), ("u", 2)])
        self.check_state()

    def test_what_was_committed_while_nobody_read(self):
        self.create()
        for number in range(10, 13):
            process = self.start("run", "-e", self.statement())
            self.wait_for(lambda: len(self.changes()) == number - 7, process)
            self.stop(process)
            self.session.execute(f"INSERT INTO orders VALUES ({number})")
        self.once()
        self.assertIn("nothing new since the 6 rows", self.once().stderr)
        self.check_state()
        (slot,) = self.slots()
        self.assertTrue(slot.startswith(f"velo_{self.name}_"))

    def test_the_server_may_forget_what_was_committed(self):
        self.create()
        process = self.start("run", "-e", self.statement())
        self.wait_for(lambda: len(self.changes()) == 3, process)
        self.session.execute("INSERT INTO orders VALUES (4)")
        ((here,),) = self.rows("SELECT pg_current_wal_lsn()")
        self.wait_for(lambda: self.rows("SELECT confirmed_flush_lsn >= %s FROM pg_replication_slots WHERE slot_name ~ %s",
                                        here, self.name) == [(True,)], process)
        # Others write, and nothing comes of this table.
        self.create("others", rows=0)
        self.session.execute("INSERT INTO others SELECT n, repeat(md5(n::text), 10) FROM generate_series(1, 100000) n")
        ((here,),) = self.rows("SELECT pg_current_wal_lsn() - 16777216")
        self.wait_for(lambda: self.rows("SELECT confirmed_flush_lsn >= %s FROM pg_replication_slots WHERE slot_name ~ %s",
                                        here, self.name) == [(True,)], process)
        self.stop(process)
        self.assertEqual(len(self.changes()), 4)

    def test_a_large_transaction(self):
        """One that is cut, between rows of smaller ones, with a crash at each step on the way."""
        self.create(rows=10)
        self.once(batch_size=4000)
        self.session.execute("INSERT INTO orders VALUES (11)")
        self.session.execute("INSERT INTO orders SELECT n, repeat(md5(n::text), 12) FROM generate_series(100, 149999) n")
        self.session.execute("DELETE FROM orders WHERE id < 5")
        self.session.execute("UPDATE orders SET total = id WHERE id BETWEEN 100 AND 20000")
        statement = self.statement(once=True, commit_every="1ms", batch_size=4000)
        steps = ("in_write:12", "after_prepare:2", "after_publish:2", "after_commit:1", "in_write:3")
        self.assertGreaterEqual(sum(self.crash(step, "run", "-e", statement, must=False) for step in steps), 4)
        self.once(batch_size=4000)
        self.assertGreater(len(list((self.folder / "out/_velo" / self.name).glob("0*.json"))), 5)
        self.check_state()

    def test_every_crash_is_exactly_once(self):
        self.create(rows=5000)
        num_crashes = 0
        for round_, sink in enumerate(("file('out/?format=parquet')", self.table_sink())):
            for number, step in enumerate([f"{step}:{n}" for step in STEPS for n in (1, 2)]):
                self.session.execute(f"INSERT INTO orders SELECT n FROM generate_series({10000 * round_ + 10000 + number * 10}, "
                                     f"{10000 * round_ + 10000 + number * 10 + 4}) n")
                self.session.execute(f"UPDATE orders SET total = {number} WHERE id % 7 = {number % 7}")
                self.session.execute(f"DELETE FROM orders WHERE id % 50 = {number}")
                statement = self.statement(sink, once=True, commit_every="1ms", batch_size=100, name=f"{self.name}{round_}")
                num_crashes += self.crash(step, "run", "-e", statement, must=False)
            self.once(sink=sink, batch_size=100, name=f"{self.name}{round_}")
            if round_ == 0:
                self.check_state()
        self.assertGreater(num_crashes, 10)
        self.assertEqual(len(self.slots()), 2)
        told = self.rows("SELECT count(*), count(DISTINCT _position) FROM events WHERE _op <> 'r'")
        self.assertEqual(told[0][0], told[0][1])
        self.assertEqual(self.rows("SELECT id, total FROM orders ORDER BY id"), self.rows(
            "SELECT id, total FROM (SELECT DISTINCT ON (id) id, total, _op FROM events ORDER BY id, _position DESC) AS last "
            "WHERE _op <> 'd' ORDER BY id"))

    def table_sink(self, table="events"):
        address = SERVER.removeprefix("postgresql://")
        return f"postgresql('{address}?table={table}&schema={self.name}')"

    def test_a_busy_table_and_random_kills(self):
        """What has arrived is what another plugin's slot tells of the same log, change by change."""
        self.create(rows=200)
        self.session.execute("SELECT pg_create_logical_replication_slot(%s, 'test_decoding')", [f"check_{self.name}"])
        done = threading.Event()
        threads = [threading.Thread(target=self.work, args=(seed, done)) for seed in range(3)]
        for thread in threads:
            thread.start()
        try:
            chance = random.Random(self.name)
            for _ in range(12):
                process = self.start("run", "-e", self.statement(commit_every="20ms", batch_size=50))
                time.sleep(chance.uniform(0.1, 0.9))
                process.kill()
                process.wait()
        finally:
            done.set()
            for thread in threads:
                thread.join()
        self.once(batch_size=50)
        self.check_state()
        changes = self.changes()
        begin = int(changes[0]["_position"][:16], 16)
        self.assertEqual([(row["_op"], row["id"]) for row in changes if row["_op"] != "r"], self.decoded(begin))
        self.assertGreater(len(changes), 300)

    def work(self, seed, done):
        chance = random.Random(seed)
        with psycopg.connect(SERVER) as session:
            while not done.is_set():
                try:
                    for _ in range(chance.choice((1, 3, 30, 120))):
                        at = chance.randrange(1000)
                        session.execute(chance.choice((
                            f"INSERT INTO {self.name}.orders VALUES ({at}, '{seed}', 1) ON CONFLICT (id) DO UPDATE SET name = 'x'",
                            f"UPDATE {self.name}.orders SET total = total + 1 WHERE id = {at}",
                            f"UPDATE {self.name}.orders SET id = {chance.randrange(1000)} WHERE id = {at}",
                            f"DELETE FROM {self.name}.orders WHERE id = {at}")))
                    (session.rollback if chance.random() < 0.1 else session.commit)()
                except (psycopg.errors.DeadlockDetected, psycopg.errors.UniqueViolation):
                    session.rollback()
                time.sleep(0.002)

    def decoded(self, begin):
        """The changes of all transactions behind a place in the log, as test_decoding tells of them."""
        found, transaction = [], []
        for lsn, line in self.rows("SELECT lsn - '0/0', data FROM pg_logical_slot_get_changes(%s, NULL, NULL)",
                                   f"check_{self.name}"):
            if line.startswith("COMMIT"):
                found += transaction if lsn > begin else []
                transaction = []
            elif line.startswith(f"table {self.name}.orders: "):
                kind = line.split(": ")[1]
                old, *new = [int(key) for key in re.findall(r"\bid\[bigint\]:(\d+)", line)]
                transaction += [("d", old), ("c", new[0])] if new else [({"INSERT": "c", "UPDATE": "u", "DELETE": "d"}[kind], old)]
        return found

    def test_whole_rows_as_identity(self):
        self.create(columns="id bigint, name text, total numeric(12,2)")
        process = self.velo("run", "-e", self.statement(once=True))
        self.assertEqual(process.returncode, 2)
        self.assertIn("has no replica identity, and PostgreSQL would refuse every UPDATE and DELETE", process.stderr)
        self.assertIn(f'ALTER TABLE "{self.name}"."orders" REPLICA IDENTITY FULL', process.stderr)
        self.assertEqual(self.publications(), [])
        self.session.execute("ALTER TABLE orders REPLICA IDENTITY FULL")
        self.once()
        self.session.execute("UPDATE orders SET total = 0 WHERE id = 1")
        self.session.execute("DELETE FROM orders WHERE id = 2")
        self.once()
        self.assertEqual(self.told("id", "name")[3:], [("u", 1, "n1"), ("d", 2, "n2")])

    def test_values_that_were_not_sent(self):
        self.create(columns="id bigint PRIMARY KEY, doc text, other text", rows=0)
        self.session.execute("ALTER TABLE orders ALTER doc SET STORAGE EXTERNAL")
        self.once()
        self.session.execute("INSERT INTO orders VALUES (1, repeat('x', 20000), 'a')")
        self.session.execute("UPDATE orders SET other = 'b'")
        self.once()
        (inserted, updated) = self.changes()
        self.assertEqual((inserted["doc"], inserted["_unset"]), ("x" * 20000, None))
        self.assertEqual((updated["doc"], updated["other"], updated["_unset"]), (None, "b", "doc"))
        self.session.execute("ALTER TABLE orders REPLICA IDENTITY FULL")
        self.session.execute("UPDATE orders SET other = 'c'")
        self.once()
        self.assertEqual((self.changes()[2]["doc"], self.changes()[2]["_unset"]), ("x" * 20000, None))

    def into(self, table="copy", key="id"):
        return f"postgresql('{SERVER[13:]}?table={table}&schema={self.name}&key={key}')"

    def same(self, table="orders", copy="copy"):
        self.assertEqual(self.rows(f"(TABLE {table} EXCEPT ALL TABLE {copy}) UNION ALL (TABLE {copy} EXCEPT ALL TABLE {table})"),
                         [])

    def test_a_table_that_follows(self):
        self.create()
        options = {"sink": self.into()}
        self.once(**options)
        self.same()
        self.session.execute("INSERT INTO orders VALUES (4, 'd', 4), (5, 'e', 5); UPDATE orders SET name = 'x' WHERE id = 4; "
                             "DELETE FROM orders WHERE id = 1; UPDATE orders SET id = 20 WHERE id = 2; DELETE FROM orders "
                             "WHERE id = 5; INSERT INTO orders VALUES (5, 'again', 6)")
        self.once(**options)
        self.same()
        self.assertEqual(self.rows("SELECT id, name FROM copy ORDER BY id"), [(3, "n3"), (4, "x"), (5, "again"), (20, "n2")])
        self.session.execute("INSERT INTO orders VALUES (6); TRUNCATE orders; INSERT INTO orders VALUES (7, 'g', 7)")
        self.once(**options)
        self.assertEqual(self.rows("SELECT id FROM copy"), [(7,)])

    def test_a_table_that_follows_keeps_what_was_not_sent(self):
        self.create(columns="id bigint PRIMARY KEY, doc text NOT NULL, other text, big text", rows=0)
        self.session.execute("ALTER TABLE orders ALTER doc SET STORAGE EXTERNAL, ALTER big SET STORAGE EXTERNAL")
        self.session.execute("CREATE TABLE copy (LIKE orders INCLUDING ALL)")
        fill = "INSERT INTO orders VALUES ({0}, repeat('{0}', 5000), 'a', repeat('b', 6000))"
        self.session.execute(fill.format(1))
        options = {"sink": self.into()}
        self.once(**options)
        for number in range(2, 6):
            self.session.execute(fill.format(number))
        self.session.execute("UPDATE orders SET other = 'b' WHERE id < 4")       # of before, and of this epoch
        self.session.execute("UPDATE orders SET doc = repeat('y', 5000) WHERE id = 2")
        self.session.execute("UPDATE orders SET other = NULL, big = NULL WHERE id IN (1, 2)")
        self.session.execute("UPDATE orders SET other = 'z' WHERE id = 4; DELETE FROM orders WHERE id = 4")
        self.session.execute("UPDATE orders SET other = 'z' WHERE id = 5; DELETE FROM orders WHERE id = 5")
        self.session.execute(fill.format(5))
        self.session.execute("UPDATE orders SET other = 'last' WHERE id = 5")
        self.once(**options)
        self.same()
        self.session.execute("DELETE FROM copy WHERE id = 1; UPDATE orders SET other = 'c' WHERE id = 1")
        process = self.velo("run", "-e", self.statement(once=True, **options))
        self.assertEqual(process.returncode, 2)
        self.assertIn("the row of key 1 was updated at the source, which did not send all of it, and it is not here",
                      process.stderr)
        self.session.execute("INSERT INTO copy SELECT * FROM orders WHERE id = 1; UPDATE orders SET id = 9 WHERE id = 1")
        process = self.velo("run", "-e", self.statement(once=True, **options))
        self.assertIn("a row got another key by an UPDATE that did not send all of it (doc is missing)", process.stderr)

    def test_a_table_that_follows_keeps_what_was_not_sent_of_any_name(self):
        names = ["a,b", "b", 'q"u,o', "u", "it's", "back\\slash"]
        quoted = ['"' + name.replace('"', '""') + '"' for name in names]
        self.create(columns="id bigint PRIMARY KEY, other text, " + ", ".join(f"{name} text" for name in quoted), rows=0)
        for name in quoted:
            self.session.execute(f"ALTER TABLE orders ALTER {name} SET STORAGE EXTERNAL")
        values = ", ".join(f"repeat('{digit}', 5000)" for digit in range(len(names)))
        self.session.execute(f"INSERT INTO orders VALUES (1, 'a', {values})")
        options = {"sink": self.into()}
        self.once(**options)
        for name in ("other", *quoted):
            self.session.execute(f"UPDATE orders SET {name} = 'b'")
            self.once(**options)
            self.same()

    def test_a_key_that_a_deleted_row_does_not_have(self):
        self.create()
        options = {"sink": self.into(key="name")}
        self.once(**options)
        self.session.execute("DELETE FROM orders WHERE id = 1")
        process = self.velo("run", "-e", self.statement(once=True, **options))
        self.assertEqual(process.returncode, 2)
        self.assertIn("a row was deleted at the source, and came without its 'name', a column of key=", process.stderr)
        self.assertIn("REPLICA IDENTITY FULL", process.stderr)
        self.assertEqual(self.rows("SELECT count(*) FROM copy"), [(3,)])

    def test_a_table_of_keys_that_follows(self):
        self.create(columns="id bigint PRIMARY KEY, doc text, other text", rows=0)
        self.session.execute("ALTER TABLE orders ALTER doc SET STORAGE EXTERNAL")
        self.session.execute("INSERT INTO orders VALUES (1, repeat('x', 5000)), (2, 'y')")
        statement = self.statement(self.into(), once=True).replace("SELECT *", "SELECT id, _op, _unset")
        self.done("run", "-e", statement)
        for change in ("UPDATE orders SET other = 'b'", "DELETE FROM orders WHERE id = 2", "UPDATE orders SET id = 3"):
            self.session.execute(change)
            self.done("run", "-e", statement)
        self.assertEqual(self.rows("TABLE copy"), [(3,)])

    def test_a_table_that_follows_some_rows_and_columns(self):
        self.create(rows=6)
        self.session.execute("ALTER TABLE orders ALTER name SET STORAGE EXTERNAL")
        statement = self.statement(self.into(), once=True).replace("SELECT *", "SELECT id, name").replace(
            " INSERT INTO", " WHERE total > 4 INSERT INTO")

        def follow():
            self.done("run", "-e", statement)
            self.assertEqual(self.rows("SELECT id, name FROM orders WHERE total > 4 ORDER BY id"),
                             self.rows("TABLE copy ORDER BY id"))

        follow()
        self.assertEqual(len(self.rows("TABLE copy")), 4)
        for change in ("DELETE FROM orders WHERE id IN (1, 4)",              # one was never there
                       "UPDATE orders SET total = 1 WHERE id = 5",           # leaves
                       "UPDATE orders SET total = 9 WHERE id IN (2, 5)",     # come, again
                       "UPDATE orders SET total = NULL WHERE id = 6",
                       "UPDATE orders SET id = 60, total = 6 WHERE id = 6",
                       "UPDATE orders SET name = repeat('x', 5000) WHERE id = 60; UPDATE orders SET total = 7 WHERE id = 60",
                       "TRUNCATE orders; INSERT INTO orders VALUES (7, 'g', 7), (8, 'h', 1)"):
            with self.subTest(change):
                self.session.execute(change)
                follow()
        self.session.execute("UPDATE orders SET name = repeat('y', 5000) WHERE id = 7")
        follow()
        statement = statement.replace("total > 4", "name <> 'x'").replace(self.name + " WITH", self.name + "2 WITH").replace(
            "table=copy", "table=copy2")
        self.done("run", "-e", statement)
        self.session.execute("UPDATE orders SET total = 8 WHERE id = 7")
        process = self.velo("run", "-e", statement)
        self.assertEqual(process.returncode, 2)
        self.assertIn("WHERE looks at 'name', whose value is large, and was not sent with an UPDATE that left it as it was", process.stderr)

    def test_changes_that_cannot_be_carried(self):
        self.create()
        for select, message in (("SELECT id, name AS title", "'name' under the name 'title', of changes that go into a table"),
                                ("SELECT id, upper(name) AS name", "yields changes, and those can go into a table with a key"),
                                ("SELECT DISTINCT *", "yields changes, and those can go into a table with a key")):
            with self.subTest(select):
                process = self.velo("run", "-e", self.statement(self.into(), once=True).replace("SELECT *", select))
                self.assertEqual(process.returncode, 2)
                self.assertIn(message, process.stderr)
        process = self.velo("run", "-e", self.statement(self.into(), once=True).replace(" INSERT", " WHERE _op = 'r' INSERT"))
        self.assertIn("WHERE says which rows are in a table with a key, and '_op' is of the change", process.stderr)
        explained = self.done("run", "-e", "EXPLAIN " + self.statement(self.into(), once=True).replace("*", "id", 1)).stdout
        self.assertIn("id, _op, _unset", explained)
        self.assertIn("exactly once, where the table lets it", explained)
        process = self.velo("run", "-e", self.statement(self.into(), once=True).replace(" INSERT", " LIMIT 2 INSERT"))
        self.assertIn("a LIMIT of changes that go into a table with a key does not work", process.stderr)
        self.assertEqual(self.slots(), [])

    def test_a_table_that_follows_through_kills(self):
        self.create(rows=200)
        done = threading.Event()
        threads = [threading.Thread(target=self.work, args=(seed, done)) for seed in range(3)]
        for thread in threads:
            thread.start()
        try:
            for step in (f"{step}:{n}" for n in (1, 2) for step in STEPS):
                statement = self.statement(self.into(), once=True, commit_every="1ms", batch_size=20)
                self.crash(step, "run", "-e", statement, must=False)
        finally:
            done.set()
            for thread in threads:
                thread.join()
        self.once(sink=self.into(), batch_size=20)
        self.same()

    def test_a_slot_that_is_not_what_it_was(self):
        self.create()
        self.once()
        (slot,) = self.slots()
        self.session.execute("SELECT pg_drop_replication_slot(%s)", [slot])
        self.session.execute("INSERT INTO orders VALUES (4)")
        process = self.velo("run", "-e", self.statement(once=True))
        self.assertEqual(process.returncode, 1)
        self.assertIn(f"slot '{slot}', which kept what came after it, was dropped. Another name begins anew", process.stderr)
        self.session.execute("SELECT pg_create_logical_replication_slot(%s, 'pgoutput')", [slot])
        process = self.velo("run", "-e", self.statement(once=True))
        self.assertEqual(process.returncode, 1)
        self.assertIn("was it made anew, or read by another?", process.stderr)
        self.session.execute("SELECT pg_drop_replication_slot(%s)", [slot])
        self.session.execute("SELECT pg_create_logical_replication_slot(%s, 'test_decoding')", [slot])
        process = self.velo("run", "-e", self.statement(once=True))
        self.assertIn("is another's now: of another database, or not of pgoutput", process.stderr)
        self.assertEqual(len(self.changes()), 3)

    def test_a_table_made_anew_between_runs(self):
        self.create()
        self.once()
        self.session.execute("DROP TABLE orders")
        self.create(rows=5)
        process = self.velo("run", "-e", self.statement(once=True))
        self.assertEqual(process.returncode, 1, process.stderr)
        self.assertIn("does not have the table any more", process.stderr)
        self.assertEqual(len(self.changes()), 3)

    def test_names_that_are_given(self):
        self.create()
        slot, publication = f"slot_{self.name}", f"publication_{self.name}"
        self.session.execute(f"CREATE PUBLICATION {publication} FOR TABLE orders WITH (publish = 'insert')")
        process = self.velo("run", "-e", self.statement(once=True, slot=slot, publication=publication))
        self.assertEqual(process.returncode, 2)
        self.assertIn("leaves out inserts, updates, deletes or truncates", process.stderr)
        self.create("others")
        self.session.execute(f"DROP PUBLICATION {publication}; CREATE PUBLICATION {publication} FOR TABLE others")
        process = self.velo("run", "-e", self.statement(once=True, slot=slot, publication=publication))
        self.assertIn(f'does not have the table; ALTER PUBLICATION "{publication}" ADD TABLE', process.stderr)
        self.session.execute(f"ALTER PUBLICATION {publication} ADD TABLE orders")
        self.once(slot=slot, publication=publication)
        self.session.execute("INSERT INTO others VALUES (7); INSERT INTO orders VALUES (8); DELETE FROM others")
        self.once(slot=slot, publication=publication)
        self.assertEqual(self.told("id")[3:], [("c", 8)])
        self.assertEqual((self.slots(), self.publications()), ([slot], [publication]))
        self.session.execute(f"ALTER PUBLICATION {publication} DROP TABLE orders; INSERT INTO orders VALUES (9)")
        process = self.velo("run", "-e", self.statement(once=True, slot=slot, publication=publication))
        self.assertEqual(process.returncode, 1)
        self.assertIn("does not have the table any more, and what has changed since it was taken out was not kept; another "
                      "name begins anew", process.stderr)
        process = self.velo("run", "-e", self.statement(once=True, slot=slot, name=f"{self.name}b"))
        self.assertEqual(process.returncode, 2)
        self.assertIn(f"slot '{slot}' is there, and this pipeline has not read from it", process.stderr)

    def test_runs_without_a_name_leave_only_their_rows(self):
        self.create()
        self.done("copy", self.uri(), "out/?format=parquet", "--once")
        self.assertEqual(self.told("id"), [("r", 1), ("r", 2), ("r", 3)])
        process = self.done("show", self.uri())
        self.assertIn("3 rows, 7 columns", process.stdout)
        process = self.done("run", "-e", f"SELECT _op, count(*) AS n FROM postgresql('{self.uri()[13:]}') GROUP BY _op",
                            "--once")
        self.assertEqual(process.stdout, "_op,n\nr,3\n")
        with open(self.folder / "out.csv", "w", encoding="utf-8") as output:
            process = self.start("copy", self.uri(), "-?format=csv", stdout=output)
        self.wait_for(lambda: self.rows("SELECT FROM pg_replication_slots WHERE slot_name LIKE 'velo_reader_%' AND active "
                                        "AND confirmed_flush_lsn IS NOT NULL"), process)
        self.session.execute("INSERT INTO orders VALUES (4)")
        self.wait_for(lambda: "\n4,,,c," in (self.folder / "out.csv").read_text(), process)
        wait_until_signals_are_awaited(process)
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)
        self.assertEqual(self.rows("SELECT FROM pg_publication_tables WHERE schemaname = %s", self.name), [])
        self.wait_for(lambda: not self.rows("SELECT FROM pg_replication_slots WHERE slot_name ~ '^velo_(run|reader)_'"))

    def test_columns_that_change_stop_it(self):
        self.create()
        process = self.start("run", "-e", self.statement())
        self.wait_for(lambda: len(self.changes()) == 3, process)
        self.session.execute("INSERT INTO orders VALUES (4)")
        self.session.execute("ALTER TABLE orders ADD COLUMN more int; ALTER TABLE orders DROP COLUMN more")
        self.session.execute("INSERT INTO orders VALUES (5)")
        self.wait_for(lambda: len(self.changes()) == 5, process)
        self.session.execute("ALTER TABLE orders ADD COLUMN more int; INSERT INTO orders VALUES (6)")
        self.assertEqual(process.wait(timeout=30), 2)
        self.assertIn("from here on the rows have other columns than the table has", process.stderr.read())
        self.assertEqual(len(self.changes()), 5)

    def test_a_lost_connection_loses_nothing(self):
        self.create()
        process = self.start("run", "-e", self.statement())
        self.wait_for(lambda: len(self.changes()) == 3, process)
        self.session.execute("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name ~ %s",
                             [self.name])
        self.session.execute("INSERT INTO orders VALUES (4)")
        self.wait_for(lambda: len(self.changes()) == 4, process)
        self.stop(process)
        self.once()
        self.check_state()

    def test_of_two_the_newer_reads(self):
        self.create()
        older = self.start("run", "-e", self.statement())
        self.wait_for(lambda: len(self.changes()) == 3, older)
        older.send_signal(signal.SIGSTOP)
        self.session.execute("INSERT INTO orders VALUES (4)")
        self.once()
        older.send_signal(signal.SIGCONT)
        self.assertEqual(older.wait(timeout=30), 1)
        self.session.execute("INSERT INTO orders VALUES (5)")
        self.once()
        self.check_state()

    def test_who_was_overtaken_takes_nothing_from_the_newer(self):
        """A process is held in a request; another takes over and ends; then the request arrives."""
        address = urllib.parse.urlsplit(SERVER)
        for number, (request, times, is_named) in enumerate([
            (rb"\0CREATE PUBLICATION", 1, True), (rb"CREATE_REPLICATION_SLOT", 1, True),
            (rb"\0INSERT INTO [^\0]*velo_checkpoint", 2, True),  # the lane's row, before anything is made in the source
            (rb"\0CREATE PUBLICATION", 1, False), (rb"CREATE_REPLICATION_SLOT", 1, False),
            (rb"\0INSERT INTO [^\0]*velo_checkpoint", 2, False),
        ]):
            with self.subTest(request=request, is_named=is_named):
                table, name = f"orders{number}", f"{self.name}{number}"
                self.create(table)
                self.session.execute(f"CREATE TABLE events{number} (LIKE {table}, _op text, _ts timestamptz, "
                                     "_position text, _unset text)")
                proxy = Proxy(address.hostname, address.port)
                self.addCleanup(proxy.close)
                direct = f"{address.hostname}:{address.port}"
                statement = self.statement(self.table_sink(f"events{number}"), once=True, table=table, name=name)
                if not is_named:
                    statement = re.sub("CREATE STREAM .* AS (SELECT .*) INSERT INTO (.*)", r"INSERT INTO \2 \1", statement)
                options = [] if is_named else ["--once"]
                command = ["run", "-e", statement.replace(direct, f"127.0.0.1:{proxy.port}"), *options]
                at = Break(times, re.compile(request, re.DOTALL), holds=True)
                self.addCleanup(at.released.set)
                proxy.arm(at)
                older = self.start(*command)
                self.assertTrue(at.arrived.wait(timeout=30))
                self.done(*command)
                kept = self.kept()
                self.assertEqual([len(names) for names in kept], [is_named] * 2)
                at.released.set()
                self.assertEqual(older.wait(timeout=30), 1)
                self.assertIn("a newer run of this pipeline has taken over", older.stderr.read())
                self.assertEqual(self.kept(), kept)
                if is_named:
                    self.session.execute(f"INSERT INTO {table} VALUES (4)")
                    self.done(*command)
                told = self.rows(f"SELECT _op, id FROM events{number} ORDER BY id")
                self.assertEqual(told, [("r", 1), ("r", 2), ("r", 3), ("c", 4)][:4 if is_named else 3])
                self.drop_slots()

    def test_who_was_overtaken_has_not_lost_its_place(self):
        """The newer process has read on, so that the slot does not have any more what the older one goes on from."""
        self.create()
        self.session.execute("CREATE TABLE events (LIKE orders, _op text, _ts timestamptz, _position text, _unset text)")
        address = urllib.parse.urlsplit(SERVER)
        proxy = Proxy(address.hostname, address.port)
        self.addCleanup(proxy.close)
        statement = self.statement(self.table_sink(), once=True)
        command = ["run", "-e", statement.replace(f"{address.hostname}:{address.port}", f"127.0.0.1:{proxy.port}")]
        self.done(*command)
        self.session.execute("INSERT INTO orders VALUES (4)")
        at = Break(2, re.compile(rb"\0INSERT INTO [^\0]*velo_checkpoint", re.DOTALL), holds=True)
        self.addCleanup(at.released.set)
        proxy.arm(at)
        older = self.start(*command)
        self.assertTrue(at.arrived.wait(timeout=30))
        self.done(*command)
        self.done(*command)  # which tells the server what the last one has committed
        at.released.set()
        self.assertEqual(older.wait(timeout=30), 1)
        self.assertIn("a newer run of this pipeline has taken over", older.stderr.read())
        self.assertEqual(self.rows("SELECT id FROM events ORDER BY id"), [(1,), (2,), (3,), (4,)])

    def kept(self):
        """Slots and publications of this test's pipelines, and of runs without a name."""
        names = f"{self.name}|^velo_run_"
        return [self.rows(query, names) for query in ("SELECT slot_name FROM pg_replication_slots WHERE slot_name ~ %s",
                                                      "SELECT pubname FROM pg_publication WHERE pubname ~ %s")]

    def test_what_an_overtaken_process_has_left_is_removed(self):
        self.create()
        self.once()
        (slot,) = self.slots()
        reader = slot.rpartition("_")[0]
        for process in (0, 10**17):
            self.session.execute("SELECT pg_create_logical_replication_slot(%s, 'pgoutput')", [f"{reader}_{process}"])
            self.session.execute(f"CREATE PUBLICATION {reader}_{process} FOR TABLE orders")
        self.session.execute("INSERT INTO orders VALUES (4)")
        process = self.velo("run", "-e", self.statement(once=True))
        self.assertEqual(process.returncode, 1)
        self.assertIn("a newer run of this pipeline has taken over", process.stderr)
        self.assertIn(slot, self.slots())
        self.session.execute("SELECT pg_drop_replication_slot(%s)", [f"{reader}_{10**17}"])
        self.session.execute(f"DROP PUBLICATION {reader}_{10**17}")
        self.once()
        self.assertEqual((self.slots(), self.publications()), ([slot], [slot]))
        self.check_state()

    def test_the_server_hears_from_who_is_idle_or_slow(self):
        self.create()
        self.session.execute("CREATE TABLE events (id bigint, name text, total numeric(12,2), _op text, _ts timestamptz, "
                             "_position text, _unset text)")
        arrived = "SELECT count(*), count(DISTINCT _position) FROM events"
        process = self.start("run", "-e", self.statement(self.table_sink()),
                             environment={"PGOPTIONS": "-c wal_sender_timeout=3s"})
        self.wait_for(lambda: self.rows(arrived) == [(3, 1)], process)
        time.sleep(4)
        with psycopg.connect(SERVER) as other:
            other.execute(f"LOCK TABLE {self.name}.events IN ACCESS EXCLUSIVE MODE")
            self.session.execute("INSERT INTO orders SELECT n, repeat(md5(n::text), 30) FROM generate_series(10, 79999) n")
            time.sleep(6)
            self.assertIsNone(process.poll())
        self.wait_for(lambda: self.rows(arrived) == [(79993, 79991)], process)
        self.stop(process)

    def test_messages(self):
        self.create()
        self.session.execute("CREATE VIEW seen AS SELECT * FROM orders")
        self.create("ours", "id bigint PRIMARY KEY, _op text", rows=0)
        for uri, words in [
            (self.uri("missing"), "there is no such table"),
            (self.uri("seen"), "cdc=true reads plain tables"),
            (self.uri("ours"), "column '_op' is named like one that every change has"),
            (SERVER + "?cdc=true&query=SELECT 1", "cdc=true reads a table"),
            (SERVER + "?table=orders&slot=s", "slot, publication and before are of use with cdc=true only"),
            (self.uri(slot="No-Slot"), "slot: at most 63 of the characters a-z, 0-9 and _"),
        ]:
            with self.subTest(words):
                process = self.velo("copy", uri, "new/?format=csv")
                self.assertIn(words, process.stderr)
                self.assertEqual(process.returncode, 2, process.stderr)
        role = f"role_{self.name}"
        self.session.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'hidden'; GRANT USAGE ON SCHEMA {self.name} TO {role}; "
                             f"GRANT SELECT ON orders TO {role}")
        self.addCleanup(self.session.execute, f"DROP OWNED BY {role}; DROP ROLE {role}")
        parts = urllib.parse.urlsplit(self.uri())
        uri = parts._replace(netloc=f"{role}:hidden@{parts.hostname}:{parts.port}").geturl()
        process = self.velo("copy", uri, "new/?format=csv")
        self.assertEqual(process.returncode, 2, process.stderr)
        self.assertIn(f'a superuser may say ALTER ROLE "{role}" REPLICATION', process.stderr)
        self.session.execute(f"ALTER ROLE {role} REPLICATION")
        process = self.velo("copy", uri, "new/?format=csv")
        self.assertEqual(process.returncode, 2, process.stderr)
        self.assertIn("the table's owner may say CREATE PUBLICATION", process.stderr)


if __name__ == "__main__":
    unittest.main()
