"""Several lanes into a PostgreSQL table with a key, each with the rows of some keys, on a real server."""

import json
import random
import signal
import threading
import unittest
import urllib.parse

from postgresql_schema import SERVER, SchemaTest
from program import CRASHING

STEPS = ["in_write", "after_prepare_one", "after_prepare", "between_completes", "after_commit", "in_recover"]


class LanesByKey(SchemaTest):
    def uri(self, table, **options):
        options = {"schema": self.name, "table": table, **options}
        return SERVER + "?" + urllib.parse.urlencode(options, quote_via=urllib.parse.quote)

    def address(self, table, **options):
        return self.uri(table, **options).removeprefix("postgresql://")

    def ahead(self):
        """Splits of which some lanes have committed more than others."""
        if not self.rows("SELECT to_regclass('velo_split') IS NOT NULL")[0][0]:
            return []
        return self.rows("SELECT a.split FROM velo_split a LEFT JOIN velo_split p ON a.pipeline LIKE p.pipeline || ':%:ahead' "
                         "AND a.split = p.split WHERE a.pipeline LIKE '%:ahead' AND a.position > coalesce(p.position, '')")

    def into_target(self, parallel=3, commit_every="1ms", **more):
        more = "".join(f", {name} = {value}" for name, value in more.items())
        return (f"CREATE STREAM {self.name} WITH (parallel = {parallel}, commit_every = '{commit_every}'{more}) AS SELECT * FROM "
                f"file('in/*.csv') INSERT INTO postgresql('{self.address('target', key='id,part')}')")

    def test_every_crash_leaves_each_key_as_its_last_row(self):
        wanted = {}
        for file in range(12):
            rows = [(file * 1000 + n % 60, "ab"[n % 2], f"file {file}, row {n} ☃") for n in range(200)]
            lines = "".join(f'{id},{part},"{name}"\n' for id, part, name in rows)
            self.write(f"in/{file:02}.csv", "id,part,name\n" + lines)
            wanted |= {(id, part): name for id, part, name in rows}
        num_crashes, num_ahead = 0, 0
        for number, step in enumerate(f"{step}:{n}" for n in (1, 2, 3) for step in STEPS):
            parallel = (3, 2, 4, 1)[number % 4] if number > 5 else 3
            num_crashes += self.crash(step, "run", "-e", self.into_target(parallel), must=False)
            num_ahead += bool(self.ahead())
        self.done("run", "-e", self.into_target(2))
        self.assertEqual({(id, part): name for id, part, name in self.rows("SELECT * FROM target")}, wanted)
        self.assertEqual(self.rows("SELECT sum(num_rows) FROM velo_checkpoint"), [(2400,)])
        self.assertEqual(self.ahead(), [])
        self.assertGreater(num_crashes, 5)  # how many epochs there are is a matter of time
        self.assertGreater(num_ahead, 0)
        self.assertIn("nothing new since the 2,400 rows", self.done("run", "-e", self.into_target()).stderr)

    def test_each_crash_between_two_lanes(self):
        self.write("in/a.csv", "id,part,name\n" + "".join(f"{n},a,n{n}\n" for n in range(500)))
        expected = [(n, "a", f"n{n}") for n in range(500)]
        for between in (1, 2):
            with self.subTest(between):
                self.session.execute("DROP TABLE IF EXISTS target, velo_checkpoint, velo_split")
                statement = self.into_target(3, commit_every="1h")
                self.crash(f"between_completes:{between}", "run", "-e", statement)
                some = self.rows("SELECT count(*) FROM target")[0][0]
                self.assertTrue(0 < some < 500, some)
                self.assertEqual(len(self.ahead()), 1)
                # Until all are there again, and that is one commit, no row counts as moved.
                self.assertEqual(self.rows("SELECT sum(num_rows) FROM velo_checkpoint"), [(0,)])
                self.crash("in_write", "run", "-e", statement)
                self.crash("after_prepare", "run", "-e", statement)
                self.assertEqual(self.rows("SELECT count(*) FROM target"), [(some,)])
                self.done("run", "-e", statement)
                self.assertEqual(self.rows("SELECT * FROM target ORDER BY id"), expected)
                self.assertEqual(self.ahead(), [])

    def generated(self, rows, replace="", parallel=2, commit_every="1h"):
        return (f"CREATE {replace} STREAM {self.name} WITH (parallel = {parallel}, commit_every = '{commit_every}') AS SELECT * FROM "
                f"generate('orders?{rows}') INSERT INTO postgresql('{self.address('target', key='id')}')")

    def test_another_source_has_nothing_to_reach(self):
        """How far lanes had got in a source that was replaced is no goal in the one that goes on from its place."""
        for parallel in (1, 2):
            with self.subTest(parallel):
                self.session.execute("DROP TABLE IF EXISTS target, velo_checkpoint, velo_split")
                self.crash("between_completes", "run", "-e", self.generated("rows=1000"))
                self.assertEqual(len(self.ahead()), 1)
                self.done("run", "-e", self.generated("rows=500&seed=3", "OR REPLACE", parallel))
                self.assertEqual(self.ahead(), [])
                self.assertIn("nothing new", self.done("run", "-e", self.generated("rows=500&seed=3", "", parallel)).stderr)
                self.session.execute("DROP TABLE target, velo_checkpoint, velo_split")
                self.crash("between_completes", "run", "-e", self.generated("rows=100000"))
                goes_on = self.generated("unbounded=true&rate=500&seed=5", "OR REPLACE", parallel, "100ms")
                for statement in (goes_on, goes_on.replace("OR REPLACE", "")):
                    before = self.rows("SELECT sum(num_rows) FROM velo_checkpoint")[0][0]
                    process = self.start("run", "-e", statement)
                    self.wait_for(lambda: self.rows("SELECT sum(num_rows) FROM velo_checkpoint")[0][0] > before, process)
                    self.stop(process)

    def test_another_source_keeps_what_is_ahead_until_it_commits(self):
        self.crash("between_completes", "run", "-e", self.generated("rows=1000"))
        some = self.rows("SELECT count(*) FROM target")[0][0]
        self.crash("after_prepare", "run", "-e", self.generated("rows=500&seed=3", "OR REPLACE"))
        self.assertEqual(len(self.ahead()), 1)
        self.done("run", "-e", self.generated("rows=1000"))  # the first one, as if nothing had been
        self.assertGreater(1000, some)
        self.assertEqual(self.rows("SELECT count(*), count(DISTINCT id) FROM target"), [(1000, 1000)])

    def test_the_key_stays_until_the_lanes_are_level(self):
        self.write("in/a.csv", "id,part,name\n" + "".join(f"{n},a,n{n}\n" for n in range(500)))
        with_key = self.into_target(2, commit_every="1h")
        without = with_key.replace("&key=id%2Cpart", "")
        self.assertNotEqual(with_key, without)
        self.crash("between_completes", "run", "-e", with_key)
        some = self.rows("SELECT count(*) FROM target")
        self.session.execute("ALTER TABLE target DROP CONSTRAINT target_pkey")
        process = self.velo("run", "-e", without)
        self.assertEqual(process.returncode, 2, process.stderr)
        self.assertIn("without key= they would be there twice; let it run with the key= that it had", process.stderr)
        self.assertEqual(self.rows("SELECT count(*) FROM target"), some)
        self.session.execute("ALTER TABLE target ADD PRIMARY KEY (id, part)")
        self.done("run", "-e", with_key)
        self.done("run", "-e", without)
        self.assertEqual(self.rows("SELECT count(*) FROM target"), [(500,)])

    def test_a_run_without_a_name_takes_its_record_along(self):
        self.write("in.csv", "id\n" + "".join(f"{n}\n" for n in range(1000)))
        copy = ("copy", "in.csv", self.uri("target", key="id"), "--parallel", "3")
        self.crash("between_completes", *copy)
        self.assertEqual(len(self.ahead()), 1)
        self.done(*copy)
        self.assertEqual(self.rows("SELECT count(*), sum(id) FROM target"), [(1000, 499500)])
        self.assertEqual(self.rows(f"SELECT tablename FROM pg_tables WHERE schemaname = '{self.name}'"), [("target",)])

    def changes_into_copy(self, parallel):
        return (f"CREATE STREAM {self.name} WITH (parallel = {parallel}, commit_every = '1ms', once = true) AS SELECT * FROM "
                f"postgresql('{self.address('orders', cdc='true', batch_size='20')}') INSERT INTO "
                f"postgresql('{self.address('copy', key='id')}')")

    def change(self, draw):
        """A transaction of a few changes; large ones come in several batches."""
        with self.session.transaction():
            for _ in range(draw.choice((1, 2, 12))):
                key = draw.randrange(400)
                self.session.execute(draw.choice((
                    f"INSERT INTO orders SELECT n, 'new ' || n, repeat(md5(n::text), 300) FROM generate_series({key}, {key + 25}) n "
                    "ON CONFLICT DO NOTHING",
                    f"UPDATE orders SET name = name || '+' WHERE id % 9 = {key % 9}",
                    f"UPDATE orders SET name = 'ü{key}', long = repeat(md5('{key}'), 200) WHERE id BETWEEN {key} AND {key + 5}",
                    f"UPDATE orders SET id = id + 1000000, long = '' WHERE id % 50 = {key % 50}",
                    f"UPDATE orders SET name = NULL WHERE id = {key}",
                    f"DELETE FROM orders WHERE id % 11 = {key % 11}")))

    def same(self):
        names = ", ".join(name for (name,) in self.rows("SELECT attname FROM pg_attribute WHERE attrelid = 'orders'::regclass AND "
                                                        "attnum > 0 ORDER BY attnum"))
        self.assertEqual(self.rows(f"SELECT {names} FROM copy ORDER BY id"), self.rows(f"SELECT {names} FROM orders ORDER BY id"))

    def test_changes_come_to_the_same_table(self):
        self.session.execute("CREATE TABLE orders (id bigint PRIMARY KEY, name text, long text)")
        self.session.execute("ALTER TABLE orders ALTER long SET STORAGE EXTERNAL")
        self.session.execute("INSERT INTO orders SELECT n, 'n' || n, repeat(md5(n::text), 300) FROM generate_series(1, 200) n")
        self.done("run", "-e", self.changes_into_copy(3))
        self.same()
        draw = random.Random(7)
        num_crashes = 0
        for number, step in enumerate(f"{step}:{n}" for n in (1, 2) for step in STEPS):
            for _ in range(4):
                self.change(draw)
            if number % 4 == 1:
                with self.session.transaction():  # in the middle of a transaction, behind what other batches have
                    self.session.execute("INSERT INTO orders SELECT n, 'gone', '' FROM generate_series(5000, 5100) n")
                    self.session.execute("TRUNCATE orders")
                    self.session.execute("INSERT INTO orders SELECT n, 'after ' || n, 'x' FROM generate_series(1, 150) n")
            parallel = (2, 3, 1, 4)[number % 4]
            num_crashes += self.crash(step, "run", "-e", self.changes_into_copy(parallel), must=False)
        self.done("run", "-e", self.changes_into_copy(2))
        self.same()
        self.assertGreater(num_crashes, 6)
        # Above, an epoch may hold a truncate, which one lane writes; here each epoch has rows of every lane.
        self.session.execute("UPDATE orders SET name = 'of every lane'")
        self.crash("between_completes", "run", "-e", self.changes_into_copy(3))
        self.assertEqual(len(self.ahead()), 1)
        self.done("run", "-e", self.changes_into_copy(2))
        self.same()

    def test_an_idle_table_is_caught_up_with(self):
        """How far the lanes were may be beyond the last change, where no change tells of it."""
        self.session.execute("CREATE TABLE orders (id bigint PRIMARY KEY, name text); CREATE TABLE others (id bigint)")
        self.session.execute("INSERT INTO orders SELECT n, 'n' || n FROM generate_series(1, 20) n")
        goes_on = self.changes_into_copy(3).replace(", once = true", "")
        self.done("run", "-e", self.changes_into_copy(3))
        for number in range(1, 4):
            killed = self.start("run", "-e", goes_on, program=CRASHING, environment={"VELO_CRASH_AT": "between_completes"})
            self.session.execute("INSERT INTO others SELECT generate_series(1, 1000)")
            self.session.execute(f"INSERT INTO orders SELECT n, 'n' || n FROM generate_series({number}000, {number}200) n")
            self.session.execute("INSERT INTO others SELECT generate_series(1, 1000)")
            self.assertEqual(killed.wait(timeout=60), -signal.SIGKILL)
            # A place that only the log has told of, as the server does where others write.
            self.session.execute("UPDATE velo_split SET position = decode(lpad(to_hex((pg_current_wal_flush_lsn() - '0/0')::bigint), "
                                 "16, '0'), 'hex') || substr(position, 9) WHERE pipeline LIKE '%:ahead'")
            process = self.start("run", "-e", goes_on.replace("parallel = 3", f"parallel = {number}"))
            self.wait_for(lambda: not self.ahead(), process, seconds=20)
            self.stop(process)
            self.same()

    def test_columns_that_change_inside_a_transaction(self):
        self.session.execute("CREATE TABLE orders (id bigint PRIMARY KEY, name text)")
        self.session.execute("INSERT INTO orders SELECT n, 'n' || n FROM generate_series(1, 50) n")
        statement = self.changes_into_copy(3).replace("once = true", "once = true, on_schema_change = evolve")
        self.done("run", "-e", statement)
        for step in ("in_write:3", "after_prepare", "between_completes", "after_commit"):
            number = 1000 * len(step)
            with self.session.transaction():
                self.session.execute(f"INSERT INTO orders SELECT n, 'n' || n FROM generate_series({number}, {number + 100}) n")
                self.session.execute(f"ALTER TABLE orders ADD more{number} text")
                self.session.execute(f"UPDATE orders SET more{number} = 'more' || id WHERE id % 2 = 0")
            self.session.execute(f"INSERT INTO orders SELECT n, 'n' || n FROM generate_series({number + 200}, {number + 300}) n")
            self.session.execute(f"ALTER TABLE orders ADD last{number} bigint")
            self.session.execute(f"UPDATE orders SET last{number} = id WHERE id % 3 = 0")
            self.crash(step, "run", "-e", statement, must=False)
        self.done("run", "-e", statement)
        self.same()

    def test_one_lane_where_rows_of_two_keys_can_meet(self):
        self.write("in.csv", "id,name\n1,a\n2,b\n")
        self.write("doubles.csv", "id,name\n1.5,a\n2.5,b\n")
        table = "CREATE TABLE target (id bigint PRIMARY KEY, name text);"
        function = ("CREATE OR REPLACE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;")
        for make, words in (
                ("CREATE TABLE target (id bigint PRIMARY KEY, name text UNIQUE)", 'rows of different keys can meet in its index'),
                (table + "ALTER TABLE target ADD EXCLUDE (name WITH =)", r"can meet in its index \w+\.target_name_excl"),
                ("CREATE TABLE target (id bigint UNIQUE, name text)", "its column id, of the key, may be NULL"),
                (table + function + "CREATE TRIGGER t AFTER UPDATE ON target EXECUTE FUNCTION nothing()", "it has a trigger, t"),
                (table + "ALTER TABLE target ADD other bigint REFERENCES target", "by the foreign key target_other_fkey"),
                (table + "CREATE TABLE child (id bigint REFERENCES target ON DELETE CASCADE)", "by the foreign key child_id_fkey"),
                ("CREATE TABLE target (id float8 PRIMARY KEY, name text)", "rows cannot be divided by 'id'"),
                ("CREATE TABLE target (id bigint, name text, PRIMARY KEY (id)) PARTITION BY RANGE (id);"
                 "CREATE TABLE part PARTITION OF target DEFAULT; CREATE UNIQUE INDEX of_part ON part (name)", r"in its index \w+\.of_part"),
        ):
            with self.subTest(words):
                self.session.execute("DROP TABLE IF EXISTS child, target CASCADE")
                self.session.execute(make)
                source = "doubles.csv" if "float8" in make else "in.csv"
                copy = ("copy", source, self.uri("target", key="id"), "--parallel", "2")
                self.assertRegex(self.done("plan", *copy[1:]).stdout, f"parallel +one writer: .*{words}")
                told = json.loads(self.done("plan", *copy[1:], "--json").stdout)
                self.assertRegex(told["statements"][0]["sinks"][0]["one_lane"], words)
                self.assertRegex(self.done(*copy).stderr, f"parallel: one writer, no more; .*{words}")
                self.assertEqual(self.rows("SELECT trunc(id)::int, name FROM target ORDER BY 1"), [(1, "a"), (2, "b")])

    def alter_beside(self, statement):
        """Alter the table of a pipeline that runs on; it goes on, and so does who reads the table."""
        process = self.start("run", "-e", statement)
        number = "SELECT coalesce(sum(num_rows), 0) FROM velo_checkpoint"
        self.wait_for(lambda: self.rows("SELECT to_regclass('velo_checkpoint') IS NOT NULL")[0][0]
                      and self.rows(number)[0][0] > 0, process)
        self.session.execute("SET lock_timeout = '30s'")
        for column in range(25):
            self.session.execute(f"ALTER TABLE target ADD COLUMN x{column} int")
        count = self.rows(number)[0][0]
        self.wait_for(lambda: self.rows(number)[0][0] > count, process)
        self.stop(process)

    def test_the_table_is_altered_while_lanes_write(self):
        """Who alters it waits for what one lane has of it, and another lane waits behind that."""
        self.alter_beside(self.generated("unbounded=true&rate=20000", parallel=3, commit_every="100ms"))
        self.assertEqual(*self.rows("SELECT count(*), count(DISTINCT id) FROM target")[0])

    def test_the_table_is_altered_while_lanes_add_rows(self):
        for file in range(4):
            self.write(f"in/{file}.json", '{"id":0}\n')
        done = threading.Event()

        def grow():
            number = 0
            while not done.wait(0.02):
                number += 1
                for file in range(4):
                    with open(self.folder / f"in/{file}.json", "a") as out:
                        out.write("".join(f'{{"id":{number * 1000 + n}}}\n' for n in range(500)))

        growing = threading.Thread(target=grow)
        growing.start()
        self.addCleanup(growing.join)
        self.addCleanup(done.set)
        self.alter_beside(f"CREATE STREAM {self.name} WITH (parallel = 3, commit_every = '100ms') AS SELECT * FROM "
                          f"file('in/*.json?watch=true&schema=id int64') INSERT INTO postgresql('{self.address('target')}')")

    def test_lanes_that_meet_later_do_not_wait_for_ever(self):
        address = self.address("target", key="id")
        statement = (f"CREATE STREAM {self.name} WITH (parallel = 2, commit_every = '100ms') AS SELECT * FROM "
                     f"generate('orders?unbounded=true&rate=2000') INSERT INTO postgresql('{address}')")
        process = self.start("run", "-e", statement, environment={"PGOPTIONS": "-c lock_timeout=1s"})
        self.wait_for(lambda: self.rows("SELECT to_regclass('target') IS NOT NULL")[0][0]
                      and self.rows("SELECT count(*) > 0 FROM target")[0][0], process)
        self.session.execute(
            "CREATE TABLE tally (count bigint); INSERT INTO tally VALUES (0); CREATE FUNCTION tell() RETURNS trigger LANGUAGE "
            f"plpgsql AS $$ BEGIN UPDATE {self.name}.tally SET count = count + 1; RETURN NULL; END $$;"
            "CREATE TRIGGER tell AFTER INSERT ON target EXECUTE FUNCTION tell()")
        count = self.rows("SELECT count FROM tally")[0][0]  # the next attempt finds the trigger
        self.wait_for(lambda: self.rows("SELECT count FROM tally")[0][0] > count + 3, process)
        process.send_signal(signal.SIGTERM)
        told = process.stderr.read()
        self.assertEqual(process.wait(timeout=60), 0, told)
        self.assertRegex(told, "lane [01] waited for another transaction longer than lock_timeout")
        self.assertIn("parallel = 1", told)
        number, last, distinct = self.rows("SELECT count(*), max(id), count(DISTINCT id) FROM target")[0]
        self.assertEqual((number, number), (last, distinct))

    def test_several_lanes_where_no_rows_meet(self):
        self.write("in.csv", "id,name\n" + "".join(f"{n},n{n}\n" for n in range(100)))
        for make in (
                "SELECT 1",
                "CREATE TABLE target (id bigint PRIMARY KEY, name text); CREATE UNIQUE INDEX ON target (name, id);"
                "CREATE INDEX ON target (name); CREATE TABLE child (id bigint REFERENCES target)",
                "CREATE TABLE target (id bigint PRIMARY KEY, name varchar) PARTITION BY HASH (id);"
                "CREATE TABLE part0 PARTITION OF target FOR VALUES WITH (MODULUS 2, REMAINDER 0);"
                "CREATE TABLE part1 PARTITION OF target FOR VALUES WITH (MODULUS 2, REMAINDER 1)",
        ):
            with self.subTest(make):
                self.session.execute("DROP TABLE IF EXISTS child, target CASCADE")
                self.session.execute(make)
                copy = ("copy", "in.csv", self.uri("target", key="id"), "--parallel", "2")
                self.assertTrue(self.crash("between_completes", *copy))
                self.assertNotIn("one writer", self.done(*copy).stderr)
                self.assertEqual(self.rows("SELECT count(*) FROM target"), [(100,)])


if __name__ == "__main__":
    unittest.main()
