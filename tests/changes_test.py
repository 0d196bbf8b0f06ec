"""Changes on their way: Debezium's messages and files, keys and tombstones, what each sink makes of them. On real
servers, looked at by clients that are not ours."""

import base64
import decimal
import gzip
import json
import os
import re
import unittest
import urllib.parse

import boto3
import clickhouse_connect
import pyarrow.dataset
from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from debezium import capture
from postgresql_schema import SERVER as POSTGRESQL, SchemaTest
from program import SOURCE

BROKER = urllib.parse.urlsplit(os.environ["VELO_TEST_KAFKA_URI"]).netloc
CLICKHOUSE = urllib.parse.urlsplit(os.environ["VELO_TEST_CLICKHOUSE_URI"])
S3 = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(os.environ["VELO_TEST_S3_URI"]).query))
UNAVAILABLE = "__debezium_unavailable_value"
STEPS = ["in_write", "after_prepare", "after_commit", "in_recover"]


def connect_field(field, type, name=None, optional=True, **parameters):
    """A column as Kafka Connect's JsonConverter describes it."""
    described = {"type": type, "optional": optional, "field": field}
    if name:
        described |= {"name": name, "version": 1}
    if parameters:
        described["parameters"] = {key.replace("_", "."): str(value) for key, value in parameters.items()}
    return described


COLUMNS = [
    connect_field("id", "int32", optional=False),
    connect_field("name", "string"),
    connect_field("total", "bytes", "org.apache.kafka.connect.data.Decimal", scale=2, connect_decimal_precision=12),
    connect_field("day", "int32", "io.debezium.time.Date"),
    connect_field("made", "int64", "io.debezium.time.MicroTimestamp"),
    connect_field("at", "string", "io.debezium.time.ZonedTimestamp"),
    connect_field("doc", "string", "io.debezium.data.Json"),
    connect_field("raw", "bytes"),
    connect_field("flag", "boolean"),
    connect_field("ratio", "double"),
]


def unscaled(text):
    """The bytes of a decimal's digits."""
    digits = int(decimal.Decimal(text).scaleb(2))
    size = digits.bit_length() // 8 + 1
    return base64.b64encode(digits.to_bytes(size, "big", signed=True)).decode()


def row(id, name=None, **more):
    values = {field["field"]: None for field in COLUMNS} | {"id": id, "name": name} | more
    if values["total"] is not None:
        values["total"] = unscaled(values["total"])
    return values


def change(op, before=None, after=None, wrapped=True, place=1):
    """A message of Debezium's PostgreSQL connector."""
    payload = {
        "before": before,
        "after": after,
        "source": {"version": "3.0.8.Final", "connector": "postgresql", "name": "shop", "ts_ms": 1700000000000 + place,
                   "snapshot": "true" if op == "r" else "false", "db": "shop", "sequence": f'["{place}","{place}"]',
                   "ts_us": (1700000000000 + place) * 1000, "ts_ns": (1700000000000 + place) * 1000000,
                   "schema": "public", "table": "orders", "txId": place, "lsn": place, "xmin": None},
        "transaction": None,
        "op": op,
        "ts_ms": 1700000001000,
        "ts_us": 1700000001000000,
        "ts_ns": 1700000001000000000,
    }
    if not wrapped:
        return json.dumps(payload)
    rows = {"type": "struct", "fields": COLUMNS, "optional": True, "name": "shop.public.orders.Value"}
    fields = [{**rows, "field": "before"}, {**rows, "field": "after"},
              {"type": "struct", "fields": [connect_field("lsn", "int64")], "optional": False, "field": "source"},
              connect_field("op", "string", optional=False), connect_field("ts_ms", "int64")]
    schema = {"type": "struct", "fields": fields, "optional": False, "name": "shop.public.orders.Envelope", "version": 2}
    return json.dumps({"schema": schema, "payload": payload})


class Changes(SchemaTest):
    def setUp(self):
        super().setUp()
        self.session.execute("SET timezone = 'UTC'")
        self.admin = AdminClient({"bootstrap.servers": BROKER})
        self.addCleanup(self.remove_topics)

    def remove_topics(self):
        topics = [name for name in self.admin.list_topics(timeout=10).topics if self.name in name]
        for future in self.admin.delete_topics(topics).values() if topics else []:
            future.result()

    def topic(self, name, partitions=1):
        name = f"{name}-{self.name}"
        self.admin.create_topics([NewTopic(name, partitions, 1)])[name].result()
        return name

    def produce(self, topic, *messages):
        """Values, or (key, value)."""
        producer = Producer({"bootstrap.servers": BROKER})
        for message in messages:
            key, value = message if isinstance(message, tuple) else (None, message)
            producer.produce(topic, value, key)
        self.assertEqual(producer.flush(30), 0)

    def consume(self, topic):
        """All committed messages."""
        consumer = Consumer({"bootstrap.servers": BROKER, "group.id": self.name, "enable.partition.eof": True,
                             "isolation.level": "read_committed", "auto.offset.reset": "earliest"})
        left = set(self.admin.list_topics(topic, timeout=10).topics[topic].partitions)
        consumer.assign([TopicPartition(topic, partition, 0) for partition in left])
        found = []
        while left:
            for message in consumer.consume(1000, 0.2):
                if not message.error():
                    found.append(message)
                elif message.error().code() == KafkaError._PARTITION_EOF:
                    left.discard(message.partition())
        consumer.close()
        return found

    def cdc(self, table="orders", **options):
        options = {"schema": self.name, "table": table, "cdc": "true", **options}
        return f"postgresql('{POSTGRESQL[13:]}?{urllib.parse.urlencode(options)}')"

    def kafka(self, topic, **options):
        query = urllib.parse.urlencode(options, quote_via=urllib.parse.quote)
        return f"kafka('{BROKER}/{topic}?{query}')"

    def mirror(self, table="mirror", key="id"):
        return f"postgresql('{POSTGRESQL[13:]}?table={table}&schema={self.name}&key={key}')"

    def statement(self, source, sink, name, kind="TABLE", columns="*"):
        return (f"CREATE {kind} {self.name}_{name} WITH (once = true, commit_every = '100ms') AS SELECT {columns} FROM "
                f"{source} INSERT INTO {sink}")

    def run_sql(self, *arguments, **more):
        return self.done("run", "-e", self.statement(*arguments, **more))

    def test_what_debezium_itself_has_written(self):
        """Into a table that is then as the one that it was written of."""
        self.session.execute(capture.TABLE)
        for statement in capture.CHANGES:
            self.session.execute(statement)
        names = ("id s b r d n wide flag t v c bytes day tm tm3 ts ts3 tz u j jb m").split()
        written = [name for name in names if name not in ("tm", "tm3")]  # times of day are no columns of PostgreSQL's sink
        shown = ", ".join("rtrim(c)" if name == "c" else f"{name}::text" for name in written)
        expected = self.rows(f"SELECT {shown} FROM everything ORDER BY id")
        self.assertEqual(len(expected), 3)
        types = ("int32 int16 int64 float double decimal(12,2) decimal(38,10) bool text text text binary date time time "
                 "timestamp(us) timestamp(ms) timestamptz text text text text").split()
        schema = ", ".join(map(" ".join, zip(names, types)))
        for form, options in [("wrapped", {}), ("bare", {"schema": schema})]:
            lines = gzip.decompress((SOURCE / f"tests/debezium/{form}.tsv.gz").read_bytes()).decode().splitlines()
            messages = [tuple(None if part == "null" else part for part in line.split("\t")) for line in lines]
            topic = self.topic(form)
            self.produce(topic, *messages)
            source = self.kafka(topic, envelope="debezium", **options)
            self.run_sql(source, self.mirror(form), form, columns=", ".join(written))
            self.assertEqual(self.rows(f"SELECT {shown} FROM {form} ORDER BY id"), expected, form)
            self.run_sql(source, f"file('{form}/?format=parquet')", f"{form}_log", "STREAM")
            table = pyarrow.dataset.dataset(self.folder / form, format="parquet").to_table()
            self.assertEqual(table["_op"].to_pylist(), list("rrutccccudcdu"))
            self.assertEqual(table["_unset"].to_pylist(), [None] * 8 + ["t"] + [None] * 4)
            self.assertEqual(str(table.schema.field("_ts").type), "timestamp[us, tz=UTC]")
            self.assertEqual(table["_position"].null_count, 0)
            self.assertEqual([str(time) for time in table["tm"].to_pylist()[4:6]], ["00:00:00", "23:59:59.999999"])
            self.assertEqual([str(time) for time in table["tm3"].to_pylist()[4:6]], ["00:00:00.001000", "23:59:59.999000"])
            if not options:
                self.assertEqual(table["tags"].to_pylist()[4:6], [[], ["a", "b,c"]])
                self.assertEqual(table["nums"].to_pylist()[4:6], [[1, None], None])

    def test_debezium_into_a_table(self):
        topic = self.topic("debezium")
        full = dict(total="-9999999999.99", day=19675, made=1700000000123456, at="2023-11-14T22:13:20.5Z",
                    doc='{"a": "ö"}', raw=base64.b64encode(b"\0\xff").decode(), flag=True, ratio=-0.5)
        self.produce(
            topic,
            change("r", None, row(1, "naïve ☃", **full)),
            change("r", None, row(2)),
            change("c", None, row(2147483647, "", total="9999999999.99", made=-1)),
            change("c", None, row(4, "to go")),
            change("u", None, row(2, "two", total="0.01", day=-1)),
            # A large value that was not sent, and one that was.
            change("u", None, row(1, UNAVAILABLE, **full | {"doc": UNAVAILABLE, "flag": False})),
            change("d", row(4)), ('{"id":4}', None))
        sql = self.statement(self.kafka(topic, envelope="debezium"), self.mirror(), "in")
        self.done("run", "-e", sql)
        known = "SELECT id, name, total::text, day::text, made::text, at::text, doc, raw, flag, ratio FROM mirror ORDER BY id"
        self.assertEqual(self.rows(known), [
            (1, "naïve ☃", "-9999999999.99", "2023-11-14", "2023-11-14 22:13:20.123456", "2023-11-14 22:13:20.5+00",
             '{"a": "ö"}', b"\0\xff", False, -0.5),
            (2, "two", "0.01", "1969-12-31", None, None, None, None, None, None),
            (2147483647, "", "9999999999.99", None, "1969-12-31 23:59:59.999999", None, None, None, None, None)])
        self.assertEqual(dict(self.rows("SELECT column_name, data_type FROM information_schema.columns WHERE table_name = "
                                        "'mirror' AND table_schema = %s", self.name))["at"], "timestamp with time zone")
        # Only a tombstone is new: the position moves on.
        self.produce(topic, ('{"id":4}', None))
        self.done("run", "-e", sql)
        self.done("run", "-e", sql)
        # Nor are tombstones of other forms changes, nor what applications write into the log.
        self.produce(topic, ('{"id":4}', ""), ('{"id":4}', '{"schema":null,"payload":null}'), change("m"),
                     change("u", None, row(2, "zwei")), change("m"))
        self.done("run", "-e", sql)
        self.assertEqual(self.rows("SELECT name FROM mirror WHERE id = 2"), [("zwei",)])
        self.assertIn("nothing new", self.done("run", "-e", sql).stderr)
        # Without the wrapping, values are read as they stand; a truncation takes all that came before it.
        self.produce(topic, change("t"), change("c", None, {"id": 5, "name": "five"}, wrapped=False))
        self.done("run", "-e", sql)
        self.assertEqual(self.rows("SELECT id, name FROM mirror"), [(5, "five")])

    def test_every_crash_between_debezium_and_a_table_is_exactly_once(self):
        """After each step, also on the way of an epoch of tombstones alone."""
        topic = self.topic("crashed")
        sql = self.statement(self.kafka(topic, envelope="debezium", batch_size="3"), self.mirror(), "crash")
        state, crashes = {}, 0
        for number, step in enumerate(f"{step}:{count}" for step in STEPS for count in (1, 2)):
            messages = []
            for place in range(8):
                id = (number * 5 + place * 3) % 7
                if id in state and place % 3 == 0:
                    messages += [change("d", row(id), place=place), ('{"id":%d}' % id, None)]
                    del state[id]
                else:
                    messages.append(change("u" if id in state else "c", None, row(id, f"{step} {place}"), place=place))
                    state[id] = f"{step} {place}"
            self.produce(topic, *messages)
            crashes += self.crash(step, "run", "-e", sql, must=False)
            self.done("run", "-e", sql)
            self.assertEqual(dict(self.rows("SELECT id, name FROM mirror")), state, step)
        self.assertGreater(crashes, 4)

    def test_messages_of_a_table(self):
        """Change data capture into a topic in Debezium's form, by key, and from there into a table."""
        self.session.execute("CREATE TABLE orders (id bigint PRIMARY KEY, name text, total numeric(12,2), day date, doc text)")
        self.session.execute("ALTER TABLE orders ALTER doc SET STORAGE EXTERNAL")
        self.session.execute("INSERT INTO orders VALUES (1, 'ö', 1.5, '2026-11-23', repeat('x', 9000))")
        self.session.execute("INSERT INTO orders (id) VALUES (-9223372036854775808)")
        topic = self.topic("orders", partitions=3)
        into = self.statement(
            self.cdc(before="true"), self.kafka(topic, envelope="debezium", key="id", tombstones="true"), "out", "STREAM")
        self.done("run", "-e", into)
        self.session.execute("UPDATE orders SET name = NULL WHERE id = 1")
        self.session.execute("UPDATE orders SET id = 2 WHERE id = 1")
        self.session.execute("DELETE FROM orders WHERE id < 0")
        self.session.execute("ALTER TABLE orders REPLICA IDENTITY FULL")
        self.session.execute("UPDATE orders SET name = 'two', total = -0.01 WHERE id = 2")
        self.session.execute("DELETE FROM orders WHERE id = 2")
        self.session.execute("INSERT INTO orders SELECT n, 'n' || n FROM generate_series(1, 9) n")
        self.done("run", "-e", into)
        messages = self.consume(topic)
        of_key, places = {}, {}
        for message in messages:
            value = json.loads(message.value()) if message.value() is not None else None
            of_key.setdefault(message.key(), []).append(value)
            places.setdefault(message.key(), set()).add(message.partition())
        self.assertTrue(all(len(partitions) == 1 for partitions in places.values()))
        self.assertGreater(len(set.union(*places.values())), 1)

        def told(key):
            return [value and (value["op"], value["before"], value["after"]) for value in of_key[b'{"id":%d}' % key]]

        nothing = {"name": None, "total": None, "day": None, "doc": None}
        one = {"id": 1, "name": "ö", "total": 1.5, "day": "2026-11-23", "doc": "x" * 9000}
        self.assertEqual(told(1)[:5], [
            ("r", None, one), ("u", None, one | {"name": None, "doc": UNAVAILABLE}), ("d", {"id": 1} | nothing, None), None,
            ("c", None, {"id": 1, "name": "n1"} | {name: None for name in ("total", "day", "doc")})])
        two = one | {"id": 2, "name": None}
        now = two | {"name": "two", "total": -0.01}
        self.assertEqual(told(2)[1:4], [("u", two, now), ("d", now, None), None])
        least = -9223372036854775808
        self.assertEqual(told(least), [("r", None, {"id": least} | nothing), ("d", {"id": least} | nothing, None), None])
        source = of_key[b'{"id":1}'][1]["source"]
        self.assertEqual((source["connector"], source["snapshot"]), ("velo", "false"))
        self.assertRegex(source["position"], "^[0-9a-f]{32}$")
        self.assertIsInstance(source["ts_ms"], int)
        # Nothing was written twice.
        positions = [value["source"]["position"] for values in of_key.values() for value in values
                     if value and value["op"] != "r"]
        self.assertEqual(len(positions), len(set(positions)))

    def test_from_table_to_topic_to_table(self):
        self.session.execute("CREATE TABLE orders (id bigint, part text, name text, total numeric(12,2), at timestamptz, "
                             "PRIMARY KEY (id, part))")
        self.session.execute("ALTER TABLE orders ALTER name SET STORAGE EXTERNAL")
        self.session.execute("INSERT INTO orders SELECT n % 50, 'ß' || n / 50, repeat(md5(n::text), 90), n * 0.01, now() FROM "
                             "generate_series(1, 400) n")
        topic = self.topic("between", partitions=4)
        envelope = {"envelope": "debezium"}
        into = self.statement(self.cdc(), self.kafka(topic, **envelope, key="id,part"), "into", "STREAM")
        columns = "id int64, part text, name text, total decimal(12,2), at timestamptz"
        out = self.statement(self.kafka(topic, **envelope, schema=columns), self.mirror(key="id,part"), "out")
        for statement in [
            "SELECT 1",
            "UPDATE orders SET total = total + 1 WHERE id % 3 = 0; DELETE FROM orders WHERE id % 7 = 0",
            "UPDATE orders SET name = 'short' WHERE id % 5 = 0; INSERT INTO orders VALUES (7, 'again', NULL, NULL, NULL);"
            "UPDATE orders SET at = 'epoch', total = 9999999999.99 WHERE id = 11",
        ]:
            self.session.execute(statement)
            self.done("run", "-e", into)
            self.done("run", "-e", out)
            state = [self.rows(f"SELECT * FROM {table} ORDER BY id, part") for table in ("orders", "mirror")]
            self.assertEqual(state[0], state[1], statement)

    def test_files_in_debeziums_form(self):
        self.session.execute("CREATE TABLE orders (id int PRIMARY KEY, name text)")
        self.session.execute("INSERT INTO orders VALUES (1, 'a'), (2, NULL)")
        into = self.statement(self.cdc(), "file('out/?format=json&envelope=debezium&compression=gzip')", "files", "STREAM")
        self.done("run", "-e", into)
        self.session.execute("UPDATE orders SET name = 'ö' WHERE id = 1; DELETE FROM orders WHERE id = 2; TRUNCATE orders")
        self.session.execute("INSERT INTO orders VALUES (3, 'c')")
        self.done("run", "-e", into)
        read = "out/*.json.gz?envelope=debezium"
        shown = self.done("copy", read, "-?format=csv").stdout.splitlines()
        self.assertEqual(shown[0], "id,name,_op,_ts,_position,_unset")
        self.assertEqual(sorted(",".join(line.split(",")[:3]) for line in shown[1:]),
                         sorted(["1,a,r", "2,,r", "1,ö,u", "2,,d", ",,t", "3,c,c"]))
        self.run_sql(f"file('{read}')", self.mirror(), "mirror")
        # One file for each commit, in the order of their names.
        self.assertEqual(self.rows("SELECT * FROM mirror"), [(3, "c")])
        # Through pipes, as they come.
        lines = self.done("copy", read, "-?format=json&envelope=debezium").stdout
        self.assertEqual([json.loads(line)["op"] for line in lines.splitlines()].count("r"), 2)
        again = self.done("copy", "-?format=json&envelope=debezium", "-?format=json", stdin=lines).stdout
        self.assertEqual(len(again.splitlines()), 6)

    def test_files_that_grow(self):
        path = self.write("debezium.json", change("c", None, row(1, "a"), wrapped=False) + "\n")
        source = "file('debezium.json?watch=true&envelope=debezium&schema=id int32, name text')"
        self.run_sql(source, self.mirror(), "watch")
        with path.open("a") as file:
            file.write(change("d", row(1), wrapped=False) + "\n" + change("c", None, row(2, "b"), wrapped=False) + "\n")
        self.run_sql(source, self.mirror(), "watch")
        self.assertEqual(self.rows("SELECT * FROM mirror"), [(2, "b")])

    def test_bad_records_are_kept_once(self):
        topic = self.topic("bad")
        self.produce(topic, change("c", None, row(1, "a")), '{"id":1}')
        statement = self.statement(self.kafka(topic, envelope="debezium"), self.mirror(), "bad")
        refused = self.velo("run", "-e", statement)
        self.assertEqual(refused.returncode, 2)
        self.assertRegex(refused.stderr, "partition 0, offset 1: .*the record is no change of Debezium's: it has no \"op\"")
        self.produce(topic, "no JSON", change("d", None), ('{"id":1}', None), change("m"), change("c", None, row(2, "b")))
        sql = statement.replace("once = true", "once = true, on_error = 'bad/?format=json'")
        for step in STEPS:
            self.crash(step, "run", "-e", sql, must=False)
        self.done("run", "-e", sql)
        self.assertEqual(self.rows("SELECT id, name FROM mirror ORDER BY id"), [(1, "a"), (2, "b")])
        kept = pyarrow.dataset.dataset(self.folder / "bad", format="json").to_table().to_pylist()
        self.assertEqual(sorted(record["record"] for record in kept),
                         sorted(['{"id":1}', "no JSON", change("d", None)]))

    def test_the_row_as_it_was(self):
        self.session.execute("CREATE TABLE orders (id int PRIMARY KEY, name text)")
        self.session.execute("INSERT INTO orders VALUES (1, 'a'), (2, 'b')")
        into = self.statement(self.cdc(before="true"), "file('out/?format=parquet')", "before", "STREAM")
        self.done("run", "-e", into)
        self.session.execute("UPDATE orders SET name = 'ö' WHERE id = 1")
        self.session.execute("ALTER TABLE orders REPLICA IDENTITY FULL")
        self.session.execute("UPDATE orders SET name = NULL WHERE id = 1; DELETE FROM orders WHERE id = 2; TRUNCATE orders")
        self.done("run", "-e", into)
        table = pyarrow.dataset.dataset(self.folder / "out", format="parquet").to_table().sort_by("_position")
        self.assertEqual([(one["_op"], one["_before"]) for one in table.to_pylist()], [
            ("r", None), ("r", None), ("u", None), ("u", {"id": 1, "name": "ö"}), ("d", {"id": 2, "name": "b"}), ("t", None)])
        # Into a table with a key it is of no use, and does no harm.
        self.session.execute("INSERT INTO orders VALUES (3, 'c')")
        self.run_sql(self.cdc(before="true"), self.mirror(), "applied")
        self.session.execute("UPDATE orders SET name = 'd'")
        self.run_sql(self.cdc(before="true"), self.mirror(), "applied")
        self.assertEqual(self.rows("SELECT * FROM mirror"), [(3, "d")])
        self.session.execute('CREATE TABLE odd (id int PRIMARY KEY, _before text)')
        refused = self.velo("schema", f"{POSTGRESQL}?schema={self.name}&table=odd&cdc=true")
        self.assertEqual(refused.returncode, 2)
        self.assertIn("'_before' is named like one that every change has", refused.stderr)

    def test_what_cannot_be_is_refused_before_anything_is_made(self):
        self.write("rows.csv", "id\n1\n")
        topic = f"new-{self.name}"
        address = f"kafka://{BROKER}/{topic}"
        for sink, words in [
            (f"{address}?envelope=debezium", "envelope=debezium writes changes, and these rows have no column '_op'"),
            ("out/?format=json&envelope=debezium", "these rows have no column '_op'"),
            ("out.json?envelope=debezium", "these rows have no column '_op'"),
            ("-?format=json&envelope=debezium", "these rows have no column '_op'"),
            ("-?format=csv&envelope=debezium", "envelope=debezium is a form of JSON and Avro, and this is csv"),
            ("out.parquet?envelope=debezium", "envelope=debezium is a form of JSON and Avro, and this is parquet"),
            ("out/?format=csv&envelope=debezium", "envelope=debezium is a form of JSON and Avro, and this is csv"),
            (f"{address}?key=nope", "key names a column 'nope' that the rows do not have"),
            (f"{address}?tombstones=true", "key=COLUMN"),
            (f"{address}?tombstones=true&key=id", "the rows have no column '_op' of text"),
            (f"{address}?envelope=canal", "option 'envelope': 'canal' is not what it takes"),
        ]:
            for verb in ("copy", "plan"):
                with self.subTest(verb=verb, sink=sink):
                    refused = self.velo(verb, "rows.csv", sink)
                    self.assertEqual(refused.returncode, 2, refused.stdout)
                    self.assertIn(words, refused.stderr + refused.stdout)
        self.assertEqual(self.files(), ["rows.csv"])
        self.assertNotIn(topic, self.admin.list_topics(timeout=10).topics)
        refused = self.velo("copy", "rows.csv?envelope=debezium", "out.json")
        self.assertIn("envelope=debezium is a form of JSON and Avro, and this is csv", refused.stderr)

    def test_every_sink_as_the_guide_says(self):
        """Each row of the table of sinks: what changes become there."""
        page = (SOURCE / "docs/guide/changes.md").read_text(encoding="utf-8")
        section = page.split("## What a sink makes of them")[1].split("## ")[0]
        table = dict(re.findall(r"^\| `(\w+)[^|]*\| ([a-z]+)\b", section, re.MULTILINE))
        self.session.execute("CREATE TABLE orders (id bigint PRIMARY KEY, name text)")
        self.session.execute("INSERT INTO orders VALUES (1, 'a'), (2, 'b')")
        bucket = f"velo-{self.name}"
        s3 = boto3.client("s3", endpoint_url=S3["endpoint"], region_name=S3["region"],
                          aws_access_key_id=S3["access_key_id"], aws_secret_access_key=S3["secret_access_key"])
        s3.create_bucket(Bucket=bucket)

        def empty_bucket():
            for item in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
                s3.delete_object(Bucket=bucket, Key=item["Key"])
            s3.delete_bucket(Bucket=bucket)

        self.addCleanup(empty_bucket)
        server = dict(host=CLICKHOUSE.hostname, port=CLICKHOUSE.port, username=CLICKHOUSE.username,
                      password=CLICKHOUSE.password)
        clickhouse = clickhouse_connect.get_client(**server)
        self.addCleanup(clickhouse.close)
        clickhouse.command(f"CREATE DATABASE {self.name}")
        self.addCleanup(clickhouse.command, f"DROP DATABASE {self.name}")
        topic = self.topic("every")
        s3_options = urllib.parse.urlencode(S3, quote_via=urllib.parse.quote)
        warehouse = f"warehouse={self.folder}/lake&create_namespace=true"
        sinks = {  # where it is written, and where what is there is read again
            "csv": ("csv/?format=csv", "csv/*.csv"),
            "json": ("json/?format=json", "json/*.json"),
            "parquet": ("parquet/?format=parquet", "parquet/*.parquet"),
            "s3": (f"s3://{bucket}/every/?format=parquet&{s3_options}", f"s3://{bucket}/every/*.parquet?{s3_options}"),
            "kafka": (f"kafka://{BROKER}/{topic}?key=id", f"kafka://{BROKER}/{topic}"),
            "clickhouse": (f"clickhouse://{CLICKHOUSE.netloc}/{self.name}?table=every", None),
            "iceberg": (f"iceberg://velo/db/every?{warehouse}", f"iceberg://velo/db/every?warehouse={self.folder}/lake"),
            "postgresql": (f"{POSTGRESQL}?schema={self.name}&table=every", None),
            "key": (f"{POSTGRESQL}?schema={self.name}&table=mirror&key=id", f"{POSTGRESQL}?schema={self.name}&table=mirror"),
        }
        self.assertEqual(set(table), set(sinks))
        log = self.statement(self.cdc(), "file('log/?format=parquet')", "every", "STREAM")
        self.done("run", "-e", log)
        self.session.execute("UPDATE orders SET name = 'ö' WHERE id = 1; DELETE FROM orders WHERE id = 2")
        self.done("run", "-e", log)
        expected = {"columns": [("r", "1"), ("r", "2"), ("u", "1"), ("d", "2")], "applied": [("None", "1")]}
        for name, (sink, source) in sinks.items():
            self.done("copy", "log/*.parquet", sink)
            lines = self.done("copy", source or sink, "-?format=json", "--once").stdout.splitlines()
            found = [json.loads(line) for line in lines]
            self.assertEqual(sorted((str(one.get("_op")), str(one["id"])) for one in found),
                             sorted(expected[table[name]]), name)
            self.assertEqual({one["name"] for one in found if one.get("_op") in ("u", None)}, {"ö"}, name)


if __name__ == "__main__":
    unittest.main()
