"""Iceberg as a source and a sink, in a real server's catalog and in one that is a file, looked at by PyIceberg."""

import datetime
import decimal
import os
import re
import signal
import time
import unittest
import urllib.parse
import uuid

import pyarrow
import pyarrow.fs
import pyarrow.parquet
from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.expressions import EqualTo
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import IdentityTransform
from pyiceberg.types import LongType, NestedField, StringType

from kept_state import KeptState
from program import ProgramTest, wait_until_signals_are_awaited
from kill.proxy import Break, Proxy

GIVEN = urllib.parse.urlsplit(os.environ["VELO_TEST_ICEBERG_URI"])
CATALOG_URI = dict(urllib.parse.parse_qsl(GIVEN.query))["catalog_uri"]
STORE = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(os.environ["VELO_TEST_ICEBERG_STORE_URI"]).query))
UTC = datetime.timezone.utc
ONE_ROW = pyarrow.table({"id": [-1]})


class Tables(KeptState, ProgramTest):
    """What holds in every catalog. self.options are those of the catalog, self.catalog is PyIceberg's."""

    def setUp(self):
        super().setUp()
        self.namespace = f"velo_{uuid.uuid4().hex[:12]}"
        # The environment of whoever runs this has no part in it.
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            del os.environ[name]
        self.open_catalog()
        self.catalog.create_namespace(self.namespace)
        self.addCleanup(self.remove_all)

    def remove_all(self):
        for identifier in self.catalog.list_tables(self.namespace):
            self.catalog.drop_table(identifier)
        self.catalog.drop_namespace(self.namespace)

    def uri(self, table="target", **options):
        options = {**self.options, **options}
        return f"iceberg://velo/{self.namespace}/{table}?" + urllib.parse.urlencode(
            options, quote_via=urllib.parse.quote)

    def test_check_and_plan_leave_nothing(self):
        table = self.make(ONE_ROW)
        before = table.metadata_location
        self.assertEqual([step[0] for step in self.checked(self.uri("source"))], ["ok"] * 3)
        self.assertEqual([step[0] for step in self.checked(self.uri("source"), "sink")], ["ok"] * 3)
        self.assertEqual(self.checked(self.uri("new"), "sink")[-1][:2], ("ok", "find the namespace"))
        self.assertIn("there is no table", self.checked(self.uri("none"), code=2)[-1][2])
        self.write("in.csv", "id,more\n1,x\n")
        process = self.velo("plan", "in.csv", self.uri("source"))
        self.assertEqual(process.returncode, 2)
        self.assertRegex(process.stdout, "column     id int64 → id long\n  column     more text: refused: ")
        process = self.done("plan", "in.csv", self.uri("new"), "--require", "exactly-once")
        self.assertIn(f"makes      table {self.namespace}.new\n", process.stdout)
        self.assertRegex(process.stdout, r"makes      tag velo_run_[0-9a-f]{16}\.main\.f1, for the record")
        self.assertEqual(self.table("source").metadata_location, before)
        self.assertEqual(len(self.catalog.list_tables(self.namespace)), 1)

    def sink_of_state(self):
        return self.uri("kept")

    def source_of_state(self, sink):
        return sink

    def in_sql(self, *arguments, **options):
        return self.uri(*arguments, **options).replace("://", "('", 1) + "')"

    def table(self, name="target"):
        return self.catalog.load_table(f"{self.namespace}.{name}")

    def make(self, rows, name="source"):
        table = self.catalog.create_table(f"{self.namespace}.{name}", rows.schema)
        table.append(rows)
        return table

    def ids(self, name="target"):
        return sorted(self.table(name).scan(selected_fields=("id",)).to_arrow()["id"].to_pylist())

    def check_ids(self, num_rows, name="target"):
        ids = self.ids(name)
        self.assertEqual((len(ids), len(set(ids))), (num_rows, num_rows))

    def refs(self, name="target"):
        return set(self.table(name).refs())

    # What was moved.

    def test_every_type_goes_out_and_in(self):
        rows = pyarrow.table({
            "flag": [True, None], "small": pyarrow.array([-(2**31), 2**31 - 1], pyarrow.int32()),
            "large": [-(2**63), 2**63 - 1], "single": pyarrow.array([0.5, None], pyarrow.float32()),
            "double": [5e-324, float("inf")], "price": pyarrow.array(
                [decimal.Decimal("-9999999.99"), None], pyarrow.decimal128(9, 2)),
            "wide": pyarrow.array([decimal.Decimal("9" * 28 + "." + "9" * 10), None], pyarrow.decimal128(38, 10)),
            "day": [datetime.date(1, 1, 1), datetime.date(9999, 12, 31)],
            "clock": pyarrow.array([datetime.time(23, 59, 59, 999999), None], pyarrow.time64("us")),
            "moment": pyarrow.array([datetime.datetime(1900, 1, 1), None], pyarrow.timestamp("us")),
            "instant": pyarrow.array([datetime.datetime(2026, 11, 22, 12, tzinfo=UTC), None],
                                     pyarrow.timestamp("us", "UTC")),
            "name": ["naïve ☃", ""], "raw": [b"\0\xff", None],
            "code": pyarrow.array([b"abc", None], pyarrow.binary(3)),
        })
        self.make(rows)
        self.done("copy", self.uri("source"), self.uri("target"))
        for name in ("source", "target"):
            self.done("copy", self.uri(name), "out.parquet")
            back = pyarrow.parquet.read_table(self.folder / "out.parquet")
            self.assertEqual(back.schema.remove_metadata(), rows.schema)
            self.assertEqual(back.to_pylist(), rows.to_pylist())
            self.assertEqual(self.table(name).scan().to_arrow().to_pylist(), rows.to_pylist())
        # Into a table of another's making, whose order is another.
        self.catalog.create_table(f"{self.namespace}.again", rows.select(rows.column_names[::-1]).schema)
        self.done("copy", "out.parquet", self.uri("again"))
        self.assertEqual(self.table("again").scan(selected_fields=tuple(rows.column_names)).to_arrow()
                         .select(rows.column_names).to_pylist(), rows.to_pylist())

    def test_append_and_what_a_run_leaves(self):
        self.write("in.csv", "id,name\n1,a\n2,b\n")
        for expected in ([1, 2], [1, 1, 2, 2], [1, 1, 1, 2, 2, 2]):
            process = self.done("copy", "in.csv", self.uri())
            self.assertNotIn("at least once", process.stderr)
            self.assertEqual(self.ids(), expected)
            self.assertEqual(self.refs(), {"main"})
        summary = self.table().current_snapshot().summary
        self.assertEqual((summary["total-records"], summary["added-records"]), ("6", "2"))
        self.assertEqual(str(self.table().schema()),
                         "table {\n  1: id: optional long\n  2: name: optional string\n}")

    def test_columns_meet_by_name_and_by_id(self):
        table = self.make(pyarrow.table({"id": pyarrow.array([1], pyarrow.int32()), "old": ["a"]}))
        with table.update_schema() as update:
            update.rename_column("old", "New")
            update.update_column("id", LongType())
            update.add_column("more", StringType())
        table.append(pyarrow.table({"id": [2**40], "New": ["b"], "more": ["c"]}))
        self.write("in.csv", "MORE,id\nd,3\n")
        self.done("copy", "in.csv", self.uri("source"))
        self.done("copy", self.uri("source"), "out.csv")
        self.assertEqual(sorted((self.folder / "out.csv").read_text().splitlines()[1:]),
                         ["1,a,", f"{2**40},b,c", "3,,d"])
        # Time travel shows the columns of that time.
        first = table.history()[0].snapshot_id
        self.done("copy", self.uri("source", snapshot_id=first), "first.csv")
        self.assertEqual((self.folder / "first.csv").read_text(), "id,old\n1,a\n")

    def test_sql_and_branches(self):
        table = self.make(pyarrow.table({"id": list(range(100000)), "third": [i % 3 for i in range(100000)]}))
        table.manage_snapshots().create_branch(table.current_snapshot().snapshot_id, "staging").commit()
        table.append(pyarrow.table({"id": [-1], "third": [9]}))
        process = self.done("run", "-e", f"SELECT third, count(*) AS rows FROM {self.in_sql('source', branch='staging')} "
                            "WHERE id >= 10 GROUP BY third ORDER BY third", "--to", "-?format=csv")
        self.assertEqual(process.stdout, "third,rows\n0,33330\n1,33330\n2,33330\n")
        process = self.done("run", "-e", f"SELECT count(*) AS rows FROM {self.in_sql('source')}", "--to", "-?format=csv")
        self.assertEqual(process.stdout, "rows\n100001\n")
        self.write("in.csv", "id\n7\n")
        self.done("copy", "in.csv", self.uri("source", branch="staging"))
        self.assertEqual(len(self.ids("source")), 100001)
        self.assertEqual(self.table("source").scan().use_ref("staging").to_arrow().num_rows, 100001)
        process = self.velo("copy", "in.csv", self.uri("source", branch="nothing"))
        self.assertEqual(process.returncode, 2)
        self.assertIn("it has no branch 'nothing'", process.stderr)

    def test_an_empty_table(self):
        self.catalog.create_table(f"{self.namespace}.source", ONE_ROW.schema)
        self.done("copy", self.uri("source"), "out.csv")
        self.assertEqual((self.folder / "out.csv").read_text(), "id\n")
        self.done("copy", "out.csv?schema=id int64", self.uri())
        self.assertEqual(self.ids(), [])

    def test_deletes_are_seen_or_refused(self):
        table = self.make(pyarrow.table({"id": [1, 2, 3]}))
        table.delete(EqualTo("id", 2))  # writes the file anew
        self.done("copy", self.uri("source"), "out.csv")
        self.assertEqual((self.folder / "out.csv").read_text(), "id\n1\n3\n")

    def test_what_cannot_be_written(self):
        self.write("in.csv", "id,name\n1,a\n")
        schema = Schema(NestedField(1, "id", LongType(), required=True), NestedField(2, "name", StringType()))
        spec = PartitionSpec(PartitionField(2, 1000, IdentityTransform(), "name"))
        self.catalog.create_table(f"{self.namespace}.partitioned", schema, partition_spec=spec)
        self.catalog.create_table(f"{self.namespace}.required", schema)
        self.catalog.create_table(f"{self.namespace}.first", schema, properties={"format-version": "1"})
        self.catalog.create_table(f"{self.namespace}.narrow", pyarrow.schema({"id": pyarrow.int32()}))
        self.write("nulls.csv", "id,name\n1,a\n,b\n")
        for source, target, words in [
            ("in.csv", "partitioned", "it is partitioned, and such tables are not written yet"),
            ("in.csv", "first", "it is of format version 1, and only 2 is written yet"),
            ("in.csv", "narrow", "column 'id': int64 does not go into int without loss; CAST it in the SELECT"),
            ("in.csv?schema=id int32,other text", "narrow", "there is no column 'name'"),
            ("nulls.csv", "required", "column 'id' is required, and a row has NULL"),
        ]:
            if "schema=" in source:
                source, words = "in.csv?schema=id int32,name text", "there is no column 'name'; the columns are id"
            process = self.velo("copy", source, self.uri(target))
            self.assertEqual(process.returncode, 2, process.stderr)
            self.assertIn(words, process.stderr)
            self.assertEqual((self.ids(target), self.refs(target) - {"main"}), ([], set()))
        pyarrow.parquet.write_table(pyarrow.table({"list": [[1]]}), self.folder / "list.parquet")
        process = self.velo("copy", "list.parquet", self.uri("made"))
        self.assertIn("column 'list' is list<", process.stderr)
        self.assertEqual(process.returncode, 2)

    # Going on.

    def pipeline(self, table="target", rows=8000, rate=8000, name="slow", more="", **options):
        self.write("go.sql", f"CREATE STREAM {name} WITH (commit_every = '200ms'{more}) AS SELECT id FROM "
                   f"generate('orders?rows={rows}&rate={rate}') INSERT INTO {self.in_sql(table, **options)};")

    def check_pipeline(self, rows=8000, table="target"):
        self.done("run", "go.sql")
        self.check_ids(rows, table)

    def wait_for_an_epoch(self):
        self.wait_for(lambda: self.catalog.table_exists(f"{self.namespace}.target") and self.table().scan().count() > 0)

    def test_one_that_is_refused_leaves_the_other_running(self):
        self.pipeline(rate=1600)
        running = self.start("run", "go.sql")
        self.wait_for_an_epoch()
        self.refuse_another_beside(running)
        self.check_ids(8000, "target")

    def test_a_named_pipeline_goes_on(self):
        self.write("in/a.csv", "id,name\n1,a\n2,b\n")
        self.write("go.sql", "CREATE STREAM names WITH (parallel = 2) AS SELECT * FROM file('in/*.csv') INSERT INTO "
                   f"{self.in_sql()};")
        self.done("run", "go.sql")
        self.assertIn("nothing new since the 2 rows", self.done("run", "go.sql").stderr)
        self.write("in/b.csv", "id,name\n3,c\n")
        self.done("run", "go.sql")
        self.assertEqual(self.ids(), [1, 2, 3])
        self.assertEqual(self.refs(), {"main", "velo_names.main.f3"})
        self.write("go.sql", (self.folder / "go.sql").read_text().replace("SELECT *", "SELECT id"))
        process = self.velo("run", "go.sql")
        self.assertEqual(process.returncode, 2)
        self.assertIn("its SELECT has changed", process.stderr)

    def test_many_positions_are_kept_beside_the_snapshot(self):
        for number in range(300):
            self.write(f"in/part-{number:05}-of-a-name-that-is-rather-long.csv", f"id\n{number}\n")
        self.write("go.sql", f"CREATE STREAM many AS SELECT * FROM file('in/*.csv') INSERT INTO {self.in_sql()};")
        self.done("run", "go.sql")
        self.assertLess(len(self.table().current_snapshot().summary["velo.positions"]), 8192)
        self.write("in/more.csv", "id\n300\n")
        self.assertIn("1 row", self.done("run", "go.sql").stderr)
        self.assertIn("nothing new since the 301 rows", self.done("run", "go.sql").stderr)
        self.check_ids(301)

    def test_a_kill_at_each_step_loses_and_repeats_nothing(self):
        for number, at in enumerate(["in_write:2", "after_prepare_one:2", "after_prepare:2", "after_publish:2",
                                     "after_commit:2", "in_recover:1"]):
            with self.subTest(at):
                table = f"target_{number}"
                self.pipeline(table, name=f"slow_{number}", more=", parallel = 2")
                self.crash(at, "run", "go.sql")
                self.crash("in_recover", "run", "go.sql")
                self.check_pipeline(table=table)
                self.check_nothing_is_left(table)

    def check_nothing_is_left(self, table):
        """No data file is there that the table does not name."""
        named = {task.file.file_path for task in self.table(table).scan().plan_files()}
        self.assertEqual({name.rsplit("/", 1)[1] for name in named}, set(self.data_files(table)))

    def test_a_killed_run_starts_again_or_is_done(self):
        self.write("in.csv", "id\n" + "".join(f"{i}\n" for i in range(1000)))
        for at in ["in_write", "after_prepare", "after_publish", "after_commit", "in_recover"]:
            with self.subTest(at):
                table = f"target_{at}"
                self.crash(at, "copy", "in.csv", self.uri(table))
                self.done("copy", "in.csv", self.uri(table))
                self.check_ids(1000, table)
                self.assertEqual(self.refs(table), {"main"})

    def test_a_source_is_read_on_from_where_a_kill_was(self):
        table = self.make(pyarrow.table({"id": list(range(40000))}))
        table.append(pyarrow.table({"id": list(range(40000, 80000))}))
        for number, at in enumerate(["in_write:2", "after_prepare:2", "after_publish:2", "between_completes:1",
                                     "after_commit:2", "in_recover"]):
            with self.subTest(at):
                # Only an epoch of many batches has a file in each lane for certain.
                pace = "1h" if at.startswith("between") else "1ms"
                self.write("go.sql", f"CREATE STREAM out_{number} WITH (commit_every = '{pace}', parallel = 2) AS SELECT id "
                           f"FROM {self.in_sql('source')} INSERT INTO file('out_{number}/?format=parquet');")
                self.crash(at, "run", "go.sql")
                # Meanwhile the table has got more rows, and is then read on.
                before = len(self.ids("source"))
                table.refresh().append(pyarrow.table({"id": [before]}))
                self.done("run", "go.sql")
                self.done("run", "go.sql")
                ids = pyarrow.parquet.read_table(self.folder / f"out_{number}")["id"].to_pylist()
                self.assertEqual((len(ids), len(set(ids))), (before + 1, before + 1))

    def test_what_was_appended_since_is_read(self):
        table = self.make(pyarrow.table({"id": [1, 2]}))
        self.write("go.sql", f"CREATE STREAM more AS SELECT * FROM {self.in_sql('source')} INSERT INTO "
                   "file('out/?format=csv');")
        self.done("run", "go.sql")
        self.assertIn("nothing new since the 2 rows", self.done("run", "go.sql").stderr)
        table.append(pyarrow.table({"id": [3]}))
        table.append(pyarrow.table({"id": [4]}))
        self.assertIn("2 rows", self.done("run", "go.sql").stderr)
        rows = sorted(line for file in (self.folder / "out").glob("*.csv") for line in file.read_text().split()[1:])
        self.assertEqual(rows, ["1", "2", "3", "4"])
        table.overwrite(pyarrow.table({"id": [9]}))
        process = self.velo("run", "go.sql")
        self.assertEqual(process.returncode, 1, process.stderr)
        self.assertIn("has changed or removed rows since (operation '", process.stderr)

    def test_a_part_of_its_history(self):
        table = self.make(pyarrow.table({"id": [1]}))
        for n in range(2, 5):
            time.sleep(0.01)
            table.append(pyarrow.table({"id": [n]}))
        first, second, third, _ = [entry.snapshot_id for entry in table.history()]
        moment = table.snapshot_by_id(third).timestamp_ms
        third_at = datetime.datetime.fromtimestamp(moment / 1000, datetime.timezone.utc).isoformat(timespec="milliseconds")

        def ids(*options):
            self.done("copy", *options, self.uri("source"), "out.csv")
            return sorted(map(int, (self.folder / "out.csv").read_text().split()[1:]))

        self.assertEqual(ids("--from", second), [3, 4])
        self.assertEqual(ids("--until", second), [1, 2])
        self.assertEqual(ids("--from", first, "--until", third), [2, 3])
        self.assertEqual(ids("--from", second, "--until", second), [])
        self.assertEqual(ids("--from", third_at), [3, 4])
        self.assertEqual(ids("--until", third_at), [1, 2])
        self.assertEqual(ids("--until", "2000-01-01"), [])
        self.assertEqual(ids("--from", "latest"), [])
        for options, words in [(("--from", "7"), "from = 7: there is no such snapshot in the history of this branch"),
                               (("--from", third, "--until", first), f"from = {third} is behind until = {first}"),
                               (("--until", "x"), "until = x: earliest, latest, a time")]:
            process = self.velo("copy", *options, self.uri("source"), "out.csv")
            self.assertEqual(process.returncode, 2, process.stderr)
            self.assertIn(words, process.stderr)

        sql = lambda bounds: (f"CREATE STREAM more WITH ({bounds}) AS SELECT * FROM {self.in_sql('source')} INSERT INTO "
                              "file('out/?format=csv');")
        self.done("run", "-e", sql(f"from = '{first}', until = '{second}'"))
        self.assertIn("nothing new", self.done("run", "-e", sql(f"until = '{first}'")).stderr)
        self.done("run", "-e", sql(f"from = 'earliest', until = '{third}'"))
        rows = sorted(line for file in (self.folder / "out").glob("*.csv") for line in file.read_text().split()[1:])
        self.assertEqual(rows, ["2", "3"])

    def test_a_table_made_anew_is_another(self):
        first = self.make(pyarrow.table({"id": [1, 2]})).metadata.table_uuid
        self.write("go.sql", f"CREATE STREAM more AS SELECT * FROM {self.in_sql('source')} INSERT INTO "
                   "file('out/?format=csv');")
        self.done("run", "go.sql")
        self.catalog.drop_table(f"{self.namespace}.source")
        table = self.catalog.create_table(f"{self.namespace}.source", pyarrow.schema({"id": pyarrow.int64()}))
        for _ in range(2):  # empty, and with rows
            process = self.velo("run", "go.sql")
            self.assertEqual(process.returncode, 1, process.stderr)
            self.assertIn(f"{self.namespace}.source: the table of UUID {first}, which was read before, is gone, and one of "
                          f"UUID {table.metadata.table_uuid} has its name", process.stderr)
            table.append(pyarrow.table({"id": [1, 2]}))
        self.assertEqual(sum(len(file.read_text().split()) - 1 for file in (self.folder / "out").glob("*.csv")), 2)

    def test_a_record_is_kept_from_the_beginning_beside_rows_of_others(self):
        """What a source keeps is named after it, and found again when the first process is killed before its first commit."""
        self.catalog.create_table(f"{self.namespace}.target", ONE_ROW.schema)
        self.table().append(ONE_ROW)
        self.pipeline()
        incarnations = set()
        for _ in range(2):
            self.crash("after_prepare", "run", "go.sql")
            incarnations |= {name[-24:] for name in self.data_files("target") if name.startswith("velo-")}
        self.assertEqual(len(incarnations), 1, incarnations)
        self.check_pipeline(8001)

    def test_foreign_appends_between_ours(self):
        self.catalog.create_table(f"{self.namespace}.target", ONE_ROW.schema)
        self.pipeline(rows=20000)
        process = self.start("run", "go.sql")
        for number in range(8):
            self.table().append(pyarrow.table({"id": [-number - 1]}))
        self.assertEqual(process.wait(timeout=60), 0, process.stderr.read())
        self.check_pipeline(20008)

    def test_of_two_the_older_is_fenced(self):
        self.pipeline(rows=20000)
        older = self.start("run", "go.sql")
        self.wait_for_an_epoch()
        older.send_signal(signal.SIGSTOP)
        self.check_pipeline(20000)
        older.send_signal(signal.SIGCONT)
        self.assertEqual(older.wait(timeout=60), 1)
        self.assertIn("a newer run of this pipeline has taken over", older.stderr.read())
        self.check_ids(20000)

    def test_a_stop_commits(self):
        self.pipeline(rows=20000)
        process = self.start("run", "go.sql")
        self.wait_for_an_epoch()
        wait_until_signals_are_awaited(process)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=30), 0)
        self.assertIn("which are committed; run it again to go on", process.stderr.read())
        self.check_pipeline(20000)

    def test_a_record_that_was_taken_away_stops(self):
        self.write("in.csv", "id\n1\n")
        self.write("go.sql", f"CREATE STREAM kept AS SELECT * FROM file('in.csv') INSERT INTO {self.in_sql()};")
        self.done("run", "go.sql")
        first = self.table().history()[-2].snapshot_id
        self.table().append(pyarrow.table({"id": [2]}))
        self.table().manage_snapshots().remove_tag("velo_kept.main.f1").commit()
        process = self.velo("run", "go.sql")
        self.assertEqual(process.returncode, 1, process.stderr)
        self.assertIn("whose record, the tag velo_kept.main.f1, somebody has removed", process.stderr)
        self.done("run", "-e", f"CREATE STREAM other AS SELECT * FROM file('in.csv') INSERT INTO {self.in_sql()};")
        self.table().manage_snapshots().set_current_snapshot(snapshot_id=first).commit()
        process = self.velo("run", "-e",
                            f"CREATE STREAM other AS SELECT * FROM file('in.csv') INSERT INTO {self.in_sql()};")
        self.assertEqual(process.returncode, 1, process.stderr)
        self.assertIn("is no longer in branch main: it was rolled back", process.stderr)

    def test_an_expired_history_loses_no_record(self):
        self.write("in.csv", "id\n1\n")
        self.write("go.sql", f"CREATE STREAM kept AS SELECT * FROM file('in.csv') INSERT INTO {self.in_sql()};")
        self.done("run", "go.sql")
        for number in range(3):
            self.table().append(pyarrow.table({"id": [-number]}))
        self.table().maintenance.expire_snapshots().older_than(datetime.datetime.now() + datetime.timedelta(1)).commit()
        self.assertEqual(len(self.table().snapshots()), 2)
        self.assertIn("nothing new since the 1 row", self.done("run", "go.sql").stderr)
        self.assertEqual(self.ids(), [-2, -1, 0, 1])


class CatalogInAFile(Tables):
    def open_catalog(self):
        self.lake = self.folder / "lake"
        self.lake.mkdir()
        self.options = {"warehouse": str(self.lake)}
        self.catalog = SqlCatalog("velo", uri=f"sqlite:///{self.lake}/catalog.db", warehouse=f"file://{self.lake}")
        self.addCleanup(self.catalog.engine.dispose)

    def data_files(self, table):
        return [path.name for path in (self.lake / self.namespace / table / "data").iterdir()]

    def test_a_warehouse_that_is_not_there(self):
        self.write("in.csv", "id\n1\n")
        process = self.velo("copy", "in.csv", "iceberg://velo/new/target?warehouse=" + str(self.folder / "other"))
        self.assertEqual(process.returncode, 2)
        self.assertIn("create_namespace=true makes it", process.stderr)
        self.assertFalse((self.folder / "other").exists())
        self.done("copy", "in.csv", f"iceberg://velo/a/b/target?create_namespace=true&warehouse={self.folder}/other")
        other = SqlCatalog("velo", uri=f"sqlite:///{self.folder}/other/catalog.db")
        self.addCleanup(other.engine.dispose)
        self.assertEqual(other.load_table("a.b.target").scan().to_arrow().to_pylist(), [{"id": 1}])

    def test_messages(self):
        self.write("in.csv", "id\n1\n")
        self.write("lake/broken.db", "this is no database, but a text of some length\n" * 100)
        here = f"/{self.namespace}/target"
        for uri, words, code in [
            (self.uri("missing"), f"there is no table {self.namespace}.missing in the catalog at sqlite:///", 2),
            (self.uri(snapshot_id=1, branch="main"), "snapshot_id or branch, not both", 2),
            (self.uri(format="orc"), "format=orc does not work yet; parquet does", 2),
            (self.uri(formt="orc"), "did you mean 'format'?", 2),
            ("iceberg://velo/target?warehouse=/x", "which table? iceberg://CATALOG/NAMESPACE/TABLE", 2),
            (f"iceberg://my-lake{here}", "by the environment's VELO_CATALOG_MY_LAKE", 2),
            (f"iceberg://velo{here}?catalog_uri=thrift://x", "catalogs of thrift do not work yet", 2),
            (f"iceberg://velo{here}?catalog_uri=ftp://x", "catalog_uri begins with http://", 2),
            (f"iceberg://velo{here}?catalog_uri=http://me:secret@x", "takes no user or password", 2),
            (f"iceberg://velo{here}?catalog_uri=sqlite:////nowhere/x.db", "/nowhere/x.db", 2),
            (f"iceberg://velo{here}?catalog_uri=sqlite:///lake/broken.db", "file is not a database", 2),
        ]:
            with self.subTest(words):
                process = self.velo("copy", uri, "out.csv")
                self.assertIn(words, process.stderr)
                self.assertEqual(process.returncode, code, process.stderr)
        self.make(ONE_ROW)
        process = self.done("copy", f"iceberg://velo/{self.namespace}/source", "-?format=csv",
                            environment={"VELO_CATALOG_VELO": f"sqlite:///{self.lake}/catalog.db"})
        self.assertEqual(process.stdout, "id\n-1\n")
        self.write("velo.toml", f'[connections.lake]\nuri = "iceberg://velo?warehouse={self.lake}"\n')
        process = self.done("copy", f"@lake/{self.namespace}/source", "-?format=csv")
        self.assertEqual(process.stdout, "id\n-1\n")
        catalog = f"iceberg://own?catalog_uri=sqlite:///{self.lake}/catalog.db"
        self.write("velo.toml", f'[connections.own]\nuri = "{catalog}"\n')
        process = self.velo("copy", f"iceberg://own/{self.namespace}/source", "-?format=csv")
        self.assertIn(f"there is no table {self.namespace}.source in the catalog at sqlite:///", process.stderr)
        # What the table names is gone.
        for file in (self.lake / self.namespace / "source" / "data").iterdir():
            file.unlink()
        process = self.velo("copy", self.uri("source"), "out.csv")
        self.assertEqual(process.returncode, 1)
        self.assertIn("a data file that the snapshot names is gone", process.stderr)

    def test_files_that_are_broken_are_named(self):
        self.make(ONE_ROW)
        metadata = self.lake / self.namespace / "source" / "metadata"
        for file in sorted(metadata.glob("*.avro")):
            whole = file.read_bytes()
            for broken in (whole[: len(whole) // 2], b"", whole[:-20] + b"x" * 20):
                file.write_bytes(broken)
                process = self.velo("copy", self.uri("source"), "out.csv")
                self.assertEqual(process.returncode, 2, process.stderr)
                self.assertIn(file.name, process.stderr)
            file.write_bytes(whole)
        self.done("copy", self.uri("source"), "out.csv")


class CatalogOfAServer(Tables):
    def open_catalog(self):
        self.options = {"catalog_uri": CATALOG_URI, **{name: STORE[name] for name in (
            "endpoint", "region", "access_key_id", "secret_access_key")}}
        self.catalog = RestCatalog("velo", uri=CATALOG_URI, **{
            "s3.endpoint": STORE["endpoint"], "s3.region": STORE["region"],
            "s3.access-key-id": STORE["access_key_id"], "s3.secret-access-key": STORE["secret_access_key"]})

    def remove_all(self):
        for identifier in self.catalog.list_tables(self.namespace):
            self.catalog.purge_table(identifier)
        self.catalog.drop_namespace(self.namespace)

    def data_files(self, table):
        loaded = self.table(table)
        folder = loaded.location().split("://", 1)[1] + "/data"
        files = pyarrow.fs.S3FileSystem(
            access_key=STORE["access_key_id"], secret_key=STORE["secret_access_key"], region=STORE["region"],
            scheme="http", endpoint_override=STORE["endpoint"].split("://")[1])
        return [info.base_name for info in files.get_file_info(pyarrow.fs.FileSelector(folder))]

    def break_at(self, trigger, server=CATALOG_URI, times=1, **more):
        """A proxy that does harm to a request with `trigger`, and the harm."""
        address = urllib.parse.urlsplit(server)
        proxy = Proxy(address.hostname, address.port)
        self.addCleanup(proxy.close)
        at = Break(times, re.compile(re.escape(trigger)), **more)
        self.addCleanup(at.released.set)
        proxy.arm(at)
        return proxy, at

    def test_lost_connections_lose_nothing(self):
        for number, (trigger, swallows) in enumerate([
            (b'"velo.epoch":"2"', True), (b'"velo.epoch":"2"', False), (b'"velo.epoch":"0"', True),
            (b'"schema"', True), (b"remove-snapshot-ref", True), (b"GET /v1/namespaces", False),
        ]):
            with self.subTest(trigger=trigger, swallows=swallows):
                name = f"slow_{number}"
                proxy, _ = self.break_at(trigger, swallows=swallows)
                self.pipeline(table=name, name=name, catalog_uri=f"http://127.0.0.1:{proxy.port}")
                if trigger == b"remove-snapshot-ref":
                    self.crash("after_commit", "run", "go.sql")
                process = self.velo("run", "go.sql")
                self.assertTrue(proxy.disarm())
                self.assertIn(process.returncode, (0, 1), process.stderr)
                self.check_pipeline(table=name)

    def test_a_file_that_arrives_late_is_removed_by_the_next_run(self):
        proxy, at = self.break_at(b"-f1-e2-", STORE["endpoint"], holds=True)
        # The address of the store is no part of what the pipeline is known by.
        self.pipeline(rows=20000, endpoint=f"http://127.0.0.1:{proxy.port}")
        older = self.start("run", "go.sql")
        self.assertTrue(at.arrived.wait(30))
        self.pipeline(rows=20000)
        self.check_pipeline(20000)
        at.released.set()
        self.assertEqual(older.wait(timeout=60), 1)
        self.assertIn("a newer run of this pipeline has taken over", older.stderr.read())
        self.assertTrue([name for name in self.data_files("target") if "-f1-e2-" in name])
        self.check_pipeline(20000)
        named = [task.file.file_path.rpartition("/")[2] for task in self.table().scan().plan_files()]
        self.assertEqual(sorted(self.data_files("target")), sorted(named))

    def test_a_stop_while_a_catalog_does_not_answer(self):
        # The name is looked for, and the schema is checked twice, before.
        for trigger, times in ((b"GET /v1/config", 1), (b"GET /v1/config", 4), (b"GET /v1/namespaces", 6), (b"GET /v1/namespaces", 7), (b'"stage-create"', 1),
                               (b'"velo.epoch":"0"', 1), (b"assert-ref-snapshot-id", 1)):
            with self.subTest(trigger):
                proxy, at = self.break_at(trigger, times=times, holds=True)
                self.pipeline(catalog_uri=f"http://127.0.0.1:{proxy.port}")
                self.stop_while_held(at, self.start("run", "go.sql"))
        self.check_pipeline()

    def test_a_stop_before_the_columns_are_known(self):
        self.make(ONE_ROW)
        self.write("in.csv", "id,more\n1,x\n")
        for command in (lambda address: (address, "out.csv"), lambda address: ("in.csv", address)):
            for trigger in (b"GET /v1/config", b"GET /v1/namespaces"):
                with self.subTest(command("iceberg:"), trigger=trigger):
                    proxy, at = self.break_at(trigger, holds=True)
                    address = self.uri("source", catalog_uri=f"http://127.0.0.1:{proxy.port}")
                    self.stop_while_held(at, self.start("copy", *command(address)))

    def test_a_commit_that_arrives_late_is_refused(self):
        proxy, at = self.break_at(b'"velo.epoch":"2"', holds=True)
        self.pipeline(rows=20000, catalog_uri=f"http://127.0.0.1:{proxy.port}")
        older = self.start("run", "go.sql")
        self.assertTrue(at.arrived.wait(30))
        self.check_pipeline(20000)
        at.released.set()
        self.assertEqual(older.wait(timeout=60), 1)
        self.assertIn("a newer run of this pipeline has taken over", older.stderr.read())
        self.check_ids(20000)

    def test_messages(self):
        self.write("in.csv", "id\n1\n")
        nobody = {"catalog_uri": "http://127.0.0.1:9"}
        for arguments, words, code in [
            ((self.uri("missing"), "out.csv"), f"there is no table {self.namespace}.missing in the catalog", 2),
            ((self.uri(**nobody), "out.csv"), " at http://127.0.0.1:9: cannot connect", 1),
            (("in.csv", self.uri(**nobody)), " at http://127.0.0.1:9: cannot connect", 1),
            (("in.csv", self.uri(catalog_uri=STORE["endpoint"])), "the catalog at", 2),
            (("in.csv", self.uri(secret_access_key="wrong-secret")), "signature", 2),
            (("in.csv", self.uri(endpoint="http://127.0.0.1:9")), " at http://127.0.0.1:9: cannot connect", 1),
        ]:
            with self.subTest(words):
                process = self.velo("copy", *arguments)
                self.assertIn(words, process.stderr)
                self.assertEqual(process.returncode, code, process.stderr)
                for secret in ("wrong-secret", STORE["secret_access_key"]):
                    self.assertNotIn(secret, process.stderr)
        self.assertEqual(self.files(), ["in.csv"])


del Tables

if __name__ == "__main__":
    unittest.main()
