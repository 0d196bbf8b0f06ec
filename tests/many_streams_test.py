"""Sources of several tables and topics, on real servers: PostgreSQL and Kafka into files, tables and topics."""

import json
import os
import re
import time
import unittest
import urllib.parse
import uuid

import psycopg
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from program import ProgramTest

POSTGRESQL = os.environ["VELO_TEST_POSTGRESQL_URI"]
KAFKA = os.environ["VELO_TEST_KAFKA_URI"]
BROKER = urllib.parse.urlsplit(KAFKA).netloc
# A table that is called so needs a comma, quotes, a space and letters that are not ASCII to be told from others.
ODD = 'Größe, "neu" 1/2'


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


class ManyStreams(ProgramTest):
    def setUp(self):
        super().setUp()
        self.mark = uuid.uuid4().hex[:10]
        self.session = psycopg.connect(POSTGRESQL, autocommit=True)
        self.addCleanup(self.session.close)
        self.schema = f"from_{self.mark}"
        self.target = f"to_{self.mark}"
        for schema in (self.schema, self.target):
            self.session.execute(f"CREATE SCHEMA {schema}")
            self.addCleanup(self.session.execute, f"DROP SCHEMA {schema} CASCADE")
        self.admin = AdminClient({"bootstrap.servers": BROKER})
        self.addCleanup(self.remove_topics)

    def remove_topics(self):
        topics = [name for name in self.admin.list_topics(timeout=10).topics if self.mark in name]
        for future in self.admin.delete_topics(topics).values() if topics else []:
            future.result()

    def table(self, name, rows=100):
        self.session.execute(f"CREATE TABLE {self.schema}.{quoted(name)} (id bigint PRIMARY KEY, name text)")
        self.session.execute(f"INSERT INTO {self.schema}.{quoted(name)} SELECT n, 'n' || n FROM generate_series(1, {rows}) n")

    def uri(self, table, schema=None, **options):
        options = {"schema": schema or self.schema, "table": table, **options}
        return POSTGRESQL + "?" + urllib.parse.urlencode(options, quote_via=urllib.parse.quote)

    def rows(self, query):
        return self.session.execute(query).fetchall()

    def ids_of(self, table, schema=None):
        return [row[0] for row in self.rows(f"SELECT id FROM {schema or self.target}.{quoted(table)} ORDER BY id")]

    def records(self, schema):
        """Pipelines that the sink still knows."""
        if not self.rows(f"SELECT FROM pg_tables WHERE schemaname = '{schema}' AND tablename = 'velo_checkpoint'"):
            return []
        return self.rows(f"SELECT pipeline FROM {schema}.velo_checkpoint")

    def topic(self, name, messages=0):
        topic = f"{name}-{self.mark}"
        self.admin.create_topics([NewTopic(topic, 1, 1)])[topic].result()
        producer = Producer({"bootstrap.servers": BROKER})
        for number in range(1, messages + 1):
            producer.produce(topic, json.dumps({"id": number, "topic": name}))
        self.assertEqual(producer.flush(30), 0)
        return topic

    def consumed(self, topic):
        """The committed messages of a topic; none where there is no such topic."""
        if topic not in self.admin.list_topics(timeout=10).topics:
            return []
        consumer = Consumer({"bootstrap.servers": BROKER, "group.id": self.mark, "enable.partition.eof": True,
                             "isolation.level": "read_committed"})
        consumer.assign([TopicPartition(topic, 0, 0)])
        found = []
        while True:
            message = consumer.poll(30)
            self.assertIsNotNone(message)
            if message.error():
                break
            found.append(json.loads(message.value()))
        consumer.close()
        return found

    def drop_slots(self, plan):
        """What the pipelines of a plan have left in the source: a slot that stays keeps the log."""
        for pipeline in re.findall(r"^run_\w+", plan, re.MULTILINE):
            mine = f"^velo_{pipeline}_"
            for _ in range(50):
                slots = self.rows(f"SELECT slot_name, active_pid FROM pg_replication_slots WHERE slot_name ~ '{mine}'")
                for slot, process in slots:
                    if not process:
                        self.session.execute("SELECT pg_drop_replication_slot(%s)", [slot])
                if not slots:
                    break
                time.sleep(0.1)
            for (publication,) in self.rows(f"SELECT pubname FROM pg_publication WHERE pubname ~ '{mine}'"):
                self.session.execute(f"DROP PUBLICATION {publication}")

    def test_all_tables_of_a_schema_into_another(self):
        for name, rows in (("orders", 100), (ODD, 50), ("a*b", 7), ("empty", 0)):
            self.table(name, rows)
        self.session.execute(f"CREATE VIEW {self.schema}.a_view AS SELECT 1 AS id")
        self.session.execute(f"CREATE TABLE {self.schema}.whole (id bigint, name text) PARTITION BY RANGE (id)")
        self.session.execute(f"CREATE TABLE {self.schema}.part PARTITION OF {self.schema}.whole FOR VALUES FROM (0) TO (9)")
        self.session.execute(f"INSERT INTO {self.schema}.whole SELECT n, 'x' FROM generate_series(0, 8) n")
        copy = ["copy", self.uri("*"), self.uri("{table}", self.target)]
        process = self.done(*copy)
        self.assertIn("5 of 5 streams are done", process.stderr)
        self.assertEqual({name for (name,) in self.rows(f"SELECT tablename FROM pg_tables WHERE schemaname = '{self.target}'")}
                         - {"velo_checkpoint", "velo_split"}, {"orders", ODD, "a*b", "empty", "whole"})
        self.assertEqual(self.ids_of("orders"), list(range(1, 101)))
        self.assertEqual(self.ids_of(ODD), list(range(1, 51)))
        self.assertEqual(self.ids_of("whole"), list(range(9)))
        self.assertEqual(self.ids_of("empty"), [])
        self.assertEqual(self.records(self.target), [])
        verified = self.done("verify", self.uri("*"), self.uri("{table}", self.target))
        self.assertEqual(verified.stdout.count("100 rows"), 2)
        # By name: what has a comma or a star is quoted.
        self.done("copy", self.uri(f"{quoted(ODD)},orders"), "files/{table}/?format=json")
        self.assertEqual(sorted(path.name for path in (self.folder / "files").iterdir()),
                         ['Größe, "neu" 1%2F2', "orders"])
        self.done("copy", self.uri('"a*b"'), "one.{schema}.{table}.csv")
        self.assertTrue((self.folder / f"one.{self.schema}.a*b.csv").exists())
        # What was written can be read as many.
        self.done("copy", self.uri("o*,e*", self.target), "back/{table}/?format=json")
        self.assertEqual(self.ids_in("back/orders"), list(range(1, 101)))

    def test_several_schemas(self):
        self.table("orders", 3)
        self.session.execute(f"CREATE TABLE {self.target}.orders (id bigint, name text)")
        both = f"{self.schema},{self.target}"
        self.done("copy", self.uri("orders", both), "{schema}.{table}.csv")
        self.assertEqual(sorted(path.name for path in self.folder.glob("*.csv")),
                         [f"{self.schema}.orders.csv", f"{self.target}.orders.csv"])
        process = self.velo("copy", self.uri("orders", both), "out/{table}.csv")
        self.assertEqual(process.returncode, 2)
        self.assertIn(f"{self.schema}.orders and {self.target}.orders would both be written to", process.stderr)
        shown = self.done("show", self.uri("*", f"*_{self.mark}"), "--stream", f"{self.schema}.orders").stdout
        self.assertIn("n3", shown)

    def test_what_is_not_there_or_not_granted(self):
        self.table("orders", 3)
        self.table("secret", 3)
        process = self.velo("copy", self.uri("x*"), "out/{table}/?format=json")
        self.assertEqual(process.returncode, 2)
        self.assertIn(f"table=x* of schema={self.schema}: no table is called so in its schemas, which have 2", process.stderr)
        role = f"r{self.mark}"
        self.session.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'not-much'; GRANT USAGE ON SCHEMA {self.schema} TO {role}; "
                             f"GRANT SELECT ON {self.schema}.orders TO {role}")
        self.addCleanup(self.session.execute, f"DROP OWNED BY {role}; DROP ROLE {role}")
        at = urllib.parse.urlsplit(POSTGRESQL)
        as_role = lambda table: self.uri(table).replace(
            POSTGRESQL, at._replace(netloc=f"{role}:${{env:IT}}@{at.hostname}:{at.port}").geturl())
        process = self.done("copy", as_role("*"), "out/{table}/?format=json", environment={"IT": "not-much"})
        self.assertIn(f"left out: {self.schema}.secret: SELECT is not granted", process.stderr)
        self.assertNotIn("not-much", process.stderr)
        self.assertEqual([path.name for path in (self.folder / "out").iterdir()], ["orders"])
        self.assertIn("lacks   left out", self.done("check", as_role("*"), environment={"IT": "not-much"}).stdout)
        # One that was asked for by name fails by itself.
        process = self.velo("copy", as_role("secret,orders"), "named/{table}/?format=json", environment={"IT": "not-much"})
        self.assertEqual(process.returncode, 2)
        self.assertRegex(process.stderr, r"velo: secret: .*permission denied")
        self.assertEqual(self.ids_in("named/orders"), [1, 2, 3])

    def test_killed_and_run_again(self):
        for name in ("a", "b", "c"):
            self.table(name, 500)
        copy = ["copy", self.uri("*"), self.uri("{table}", self.target)]
        for at in ("after_commit:1", "after_prepare:2", "in_recover:3", "after_commit:3", "after_commit:4"):
            with self.subTest(at=at):
                self.crash(at, *copy)
                self.done(*copy)
                for name in ("a", "b", "c"):
                    self.assertEqual(self.ids_of(name), list(range(1, 501)))
                self.assertEqual(self.records(self.target), [])
                self.session.execute(f"TRUNCATE {self.target}.a, {self.target}.b, {self.target}.c")

    def test_a_sink_that_lets_nobody_in_does_not_keep_the_others_from_theirs(self):
        """Also where it is that of the first stream."""
        role, at = f"r{self.mark}", urllib.parse.urlsplit(POSTGRESQL)
        other, closed, opened = f"a_{self.mark}", f"in_a_{self.mark}", f"in_{self.schema}"
        for schema in (other, closed, opened):
            self.session.execute(f"CREATE SCHEMA {schema}")
            self.addCleanup(self.session.execute, f"DROP SCHEMA {schema} CASCADE")
        self.table("orders", 3)
        self.session.execute(f"CREATE TABLE {other}.orders AS SELECT 1::bigint AS id")
        self.session.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'not-much'; GRANT USAGE ON SCHEMA {self.schema}, {other} TO {role}; "
                             f"GRANT SELECT ON {self.schema}.orders, {other}.orders TO {role}; GRANT ALL ON SCHEMA {opened} TO {role}")
        self.addCleanup(self.session.execute, f"DROP OWNED BY {role}; DROP ROLE {role}")
        server = at._replace(netloc=f"{role}:not-much@{at.hostname}:{at.port}").geturl()
        copy = [uri.replace(POSTGRESQL, server)
                for uri in (self.uri("orders", f"{other},{self.schema}"), self.uri("{table}", "in_{schema}"))]
        process = self.velo("copy", *copy)
        self.assertEqual(process.returncode, 2)
        self.assertRegex(process.stderr, rf"velo: {other}.orders: .*permission denied")
        self.assertEqual(self.ids_of("orders", opened), [1, 2, 3])

    def test_topics(self):
        topics = [self.topic("eu.orders", 300), self.topic("us_orders", 200)]
        source = f"{KAFKA}/{','.join(topics)}"
        self.done("copy", source, "out/{topic}/?format=json", "--once")
        for topic, count in zip(topics, (300, 200)):
            self.assertEqual(self.ids_in(f"out/{topic}"), list(range(1, count + 1)))
        copy = ["copy", source, f"{KAFKA}/copy.{{topic}}", "--once"]
        self.crash("after_commit:1", *copy)
        self.done(*copy)
        for topic, count in zip(topics, (300, 200)):
            self.assertEqual([message["id"] for message in self.consumed(f"copy.{topic}")], list(range(1, count + 1)))
        process = self.velo("copy", source, f"{KAFKA}/all-{self.mark}", "--once")
        self.assertEqual(process.returncode, 2)
        self.assertIn(f"all-{self.mark}.{{topic}}", process.stderr)

    def test_topics_that_go_on(self):
        topics = [self.topic("one", 30), self.topic("two", 20)]
        copy = ["copy", f"{KAFKA}/{','.join(topics)}", "out/{topic}/?format=json", "--commit-every", "100ms"]
        process = self.start(*copy)
        self.wait_for(lambda: all((self.folder / "out" / topic).exists() for topic in topics)
                      and len(self.rows_in("out")) == 50, process)
        self.stop(process)
        producer = Producer({"bootstrap.servers": BROKER})
        producer.produce(topics[1], json.dumps({"id": 21, "topic": "two"}))
        self.assertEqual(producer.flush(30), 0)
        process = self.start(*copy)
        self.wait_for(lambda: len(self.rows_in("out")) == 51, process)
        self.stop(process)
        self.assertEqual(self.ids_in(f"out/{topics[1]}"), list(range(1, 22)))

    def test_changes_of_two_tables(self):
        self.table("orders", 10)
        self.table("items", 5)
        source = self.uri("*", cdc="true")
        planned = self.done("plan", source, f"{KAFKA}/{self.mark}.{{table}}").stdout
        self.assertEqual(planned.count("replication slot"), 2)
        self.addCleanup(self.drop_slots, planned)
        copy = ["copy", source, f"{KAFKA}/{self.mark}.{{table}}"]
        count = lambda table: len(self.consumed(f"{self.mark}.{table}"))
        process = self.start(*copy)
        self.wait_for(lambda: (count("orders"), count("items")) == (10, 5), process)
        self.session.execute(f"INSERT INTO {self.schema}.orders VALUES (11, 'new'); DELETE FROM {self.schema}.items WHERE id = 1")
        self.wait_for(lambda: (count("orders"), count("items")) == (11, 6), process)
        process.kill()
        process.wait()
        self.session.execute(f"UPDATE {self.schema}.orders SET name = 'x' WHERE id = 1")
        process = self.start(*copy)
        self.wait_for(lambda: count("orders") == 12, process)
        self.stop(process)
        self.assertEqual([m["_op"] for m in self.consumed(f"{self.mark}.orders")], ["r"] * 10 + ["c", "u"])
        self.assertEqual([m["_op"] for m in self.consumed(f"{self.mark}.items")], ["r"] * 5 + ["d"])
        # Read to where they are now, the changes end, and so do slots and records.
        once = [source, "changes/{schema}.{table}/?format=json", "--once"]
        self.addCleanup(self.drop_slots, self.done("plan", *once).stdout)
        self.done("copy", *once)
        self.assertEqual(len(self.rows_in(f"changes/{self.schema}.items")), 4)
        process = self.velo("copy", self.uri("*", cdc="true", slot="mine"), "x/{table}/")
        self.assertIn("slot names the replication slot of one table", process.stderr)

    def test_a_hundred_tables(self):
        for number in range(100):
            self.session.execute(f"CREATE TABLE {self.schema}.t{number} AS SELECT {number}::bigint AS id")
        begin = time.monotonic()
        process = self.done("copy", self.uri("t*"), "t/{table}/?format=json")
        self.assertIn("100 of 100 streams are done", process.stderr)
        self.assertEqual(len(list((self.folder / "t").iterdir())), 100)
        self.assertLess(time.monotonic() - begin, 60)


if __name__ == "__main__":
    unittest.main()
