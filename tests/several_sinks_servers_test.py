"""Statements with several sinks on real servers: PostgreSQL and Kafka, each exactly once, whatever becomes of the other."""

import json
import os
import struct
import unittest
import urllib.parse

from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient

from kill.proxy import Proxy
from postgresql_schema import SERVER, SchemaTest
from program import CRASHING

KAFKA = urllib.parse.urlsplit(os.environ["VELO_TEST_KAFKA_URI"])
STEPS = ["in_write", "after_prepare_one", "after_prepare", "after_publish", "between_completes", "after_commit", "in_recover"]


def rewritten(data, port):
    """The broker tells its address, which is to be the proxy's."""
    host = KAFKA.hostname.encode()
    return data.replace(host + struct.pack(">i", KAFKA.port), host + struct.pack(">i", port))


class SeveralSinks(SchemaTest):
    def setUp(self):
        super().setUp()
        self.admin = AdminClient({"bootstrap.servers": KAFKA.netloc})
        self.addCleanup(self.remove_topics)

    def topics(self):
        return [name for name in self.admin.list_topics(timeout=10).topics if self.name in name]

    def remove_topics(self):
        topics = self.topics()
        for future in self.admin.delete_topics(topics).values() if topics else []:
            future.result()

    def table(self, name, **options):
        query = urllib.parse.urlencode({"schema": self.name, "table": name, **options}, quote_via=urllib.parse.quote)
        return f"postgresql('{SERVER.removeprefix('postgresql://')}?{query}')"

    def topic(self, name="out", port=KAFKA.port, **options):
        query = "?" + urllib.parse.urlencode(options) if options else ""
        return f"kafka('{KAFKA.hostname}:{port}/{self.name}-{name}{query}')"

    def messages(self, name="out"):
        """All that is committed, as rows."""
        topic = f"{self.name}-{name}"
        if topic not in self.topics():
            return []
        consumer = Consumer({"bootstrap.servers": KAFKA.netloc, "group.id": self.name, "enable.partition.eof": True,
                             "isolation.level": "read_committed"})
        consumer.assign([TopicPartition(topic, 0, 0)])
        rows, message = [], None
        while message is None or not message.error():
            if message is not None and message.value():
                rows.append(json.loads(message.value()))
            message = consumer.poll(10)
            self.assertIsNotNone(message, "the topic has no end")
        consumer.close()
        return rows

    def end(self, name="out"):
        """Where the topic ends; how many rows it has, and marks of transactions."""
        if f"{self.name}-{name}" not in self.topics():
            return 0
        consumer = Consumer({"bootstrap.servers": KAFKA.netloc, "group.id": self.name})
        _, end = consumer.get_watermark_offsets(TopicPartition(f"{self.name}-{name}", 0))
        consumer.close()
        return end

    def sent(self, name="out"):
        return sorted(row["id"] for row in self.messages(name))

    def stored(self, name="target"):
        is_there = self.rows("SELECT to_regclass(%s) IS NOT NULL", f"{self.name}.{name}")[0][0]
        return [id for (id,) in self.rows(f"SELECT id FROM {name} ORDER BY id")] if is_there else []

    def num_stored(self):
        return len(self.stored())

    def write_statement(self, *sinks, source="file('in/*.csv?schema=id int64,name text')", options="", name=None):
        self.write("go.sql", f"CREATE STREAM {name or self.name}{options} AS SELECT * FROM {source} INSERT INTO {', '.join(sinks)};")
        return ("run", "go.sql", "--commit-every", "1ms")

    def write_rows(self, begin, end):
        self.write(f"in/{begin:05}.csv", "id,name\n" + "".join(f"{n},n{n}\n" for n in range(begin, end)))

    def states(self):
        return json.loads(self.done("state", "show", "go.sql", "--json").stdout)["pipelines"]

    def test_every_crash_in_turn(self):
        run = self.write_statement(self.table("target"), self.topic(), "file('out/?format=json')")
        num_crashes = 0
        for number, step in enumerate(f"{step}:{n}" for n in (1, 2) for step in STEPS):
            self.write_rows(number * 40, number * 40 + 40)
            num_crashes += self.crash(step, *run, must=False)
            for ids in (self.stored(), self.sent(), self.ids_in("out")):
                self.assertEqual(len(ids), len(set(ids)), f"repeated after {step}")
        self.done(*run)
        due = list(range(40 * 2 * len(STEPS)))
        self.assertEqual((self.stored(), self.sent(), self.ids_in("out")), (due, due, due))
        self.assertGreater(num_crashes, 10)
        self.assertEqual(self.done(*run).stderr.count(f"nothing new since the {len(due)} rows"), 3)

    def test_changes_of_a_table(self):
        """Each sink has a slot of its own; one applies the changes, the other is told of them."""
        self.session.execute("CREATE TABLE source (id bigint PRIMARY KEY, name text)")
        self.session.execute("INSERT INTO source SELECT n, 'n' || n FROM generate_series(1, 100) n")
        self.write_statement(self.table("target", key="id"), self.table("target2", key="id"),
                             source=self.table("source", cdc="true", slot="one_for_all"), options=" WITH (once = true)")
        for verb in "plan", "run":
            refused = self.velo(verb, "go.sql")
            self.assertEqual(refused.returncode, 2)
            self.assertIn("replication slot one_for_all can serve one of the 2 sinks", refused.stdout + refused.stderr)
        self.assertEqual(self.slots(), [])
        source = self.table("source", cdc="true")
        run = self.write_statement(self.table("target", key="id"), self.topic(envelope="debezium", key="id"), source=source,
                                   options=" WITH (once = true)")
        plan = self.done("plan", "go.sql").stdout
        self.assertEqual(plan.count("keeps      replication slot"), 2, plan)
        for number, step in enumerate(STEPS):
            self.crash(step, *run, must=False)
            self.session.execute(f"UPDATE source SET name = name || '+' WHERE id % 7 = {number}")
            self.session.execute(f"DELETE FROM source WHERE id = {number + 1}")
        self.done(*run)
        self.assertEqual(len(self.slots()), 2)
        self.assertEqual(self.rows("SELECT * FROM target ORDER BY id"), self.rows("SELECT * FROM source ORDER BY id"))
        left = {}
        for change in self.messages():
            if change["op"] == "d":
                del left[change["before"]["id"]]
            else:
                left[change["after"]["id"]] = change["after"]["name"]
        self.assertEqual(sorted(left.items()), self.rows("SELECT * FROM source ORDER BY id"))
        self.done("state", "reset", "go.sql", self.name, "--yes")
        self.assertEqual(self.slots(), [])

    def test_one_that_is_away_does_not_hold_up_the_other(self):
        proxy = Proxy(KAFKA.hostname, KAFKA.port, rewritten)
        self.addCleanup(proxy.close)
        self.write_statement(self.topic(port=proxy.port), self.table("target"), options=" WITH (commit_every = '200ms')",
                             source="generate('orders?unbounded=true&rate=500&batch_size=100')")
        running = self.start("run", "go.sql")
        self.wait_for(lambda: self.num_stored() and self.end(), running)
        proxy.go_away()
        stored, end = self.num_stored(), self.end()
        self.wait_for(lambda: self.num_stored() > stored + 1000, running)
        self.assertLess(self.end(), end + 1000)
        proxy.come_back()
        self.wait_for(lambda: self.end() > end + 1000, running)
        self.stop(running)
        for ids in (self.stored(), self.sent()):
            self.assertEqual(ids, list(range(1, len(ids) + 1)))

    def test_sinks_come_and_go(self):
        """Two tables of one database, and two topics of one cluster, by one name."""
        name = self.name
        for number, sinks in enumerate((["first"], ["second", "first"], ["second"], ["third", "first", "second"])):
            self.write_rows(number * 10, number * 10 + 10)
            both = [self.table(sink) for sink in sinks] + [self.topic(sink) for sink in sinks]
            self.done(*self.write_statement(*both, name=name))
        due = list(range(40))
        for sink in ("first", "second", "third"):
            self.assertEqual((self.stored(sink), self.sent(sink)), (due, due), sink)
        states = self.states()
        self.assertEqual(len({state["pipeline"] for state in states}), 6)
        self.assertEqual([state["rows"] for state in states], [40] * 6)
        kept = [state["pipeline"] for state in states[3:]]
        uri = f"kafka://{KAFKA.netloc}/{self.name}-first"
        listed = json.loads(self.done("state", "show", uri, "--json").stdout)["pipelines"]
        self.assertEqual([state["pipeline"] for state in listed], [kept[1]])
        self.done("state", "reset", "go.sql", self.name, "--yes")
        self.assertEqual({state["known"] for state in self.states()}, {False})
        self.assertEqual([topic for topic in self.topics() if topic.startswith("velo_checkpoint")], [])

    def test_one_sink_that_becomes_two(self):
        """What knows the statement by its name goes on by it."""
        self.write_rows(0, 10)
        self.done(*self.write_statement(self.table("target")))
        self.write_rows(10, 20)
        run = self.write_statement(self.topic(), self.table("target"))
        self.crash("after_commit", *run)
        self.done(*run)
        self.assertEqual((self.stored(), self.sent()), (list(range(20)), list(range(20))))
        self.assertEqual([state["pipeline"] for state in self.states()][1], self.name)

    def test_several_tables_into_several_topics(self):
        for table in ("a", "b"):
            self.session.execute(f"CREATE TABLE {table} (id bigint PRIMARY KEY, name text)")
            self.session.execute(f"INSERT INTO {table} SELECT n, '{table}' || n FROM generate_series(1, 50) n")
        run = self.write_statement(self.topic("{table}"), source=self.table("*", cdc="true"), options=" WITH (once = true)")
        self.assertTrue(self.crash("after_commit", *run))
        self.session.execute("INSERT INTO b VALUES (51, 'b51')")
        self.done(*run)
        self.assertEqual((self.sent("a"), self.sent("b")), (list(range(1, 51)), list(range(1, 52))))
        self.assertEqual(len(self.slots()), 2)
        self.done("state", "reset", "go.sql", self.name, "--yes")
        self.assertEqual(self.slots(), [])


if __name__ == "__main__":
    unittest.main()
