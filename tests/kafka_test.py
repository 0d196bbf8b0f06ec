"""Kafka as a source and a sink, on a real broker, looked at by confluent-kafka and pyarrow."""

import collections
import json
import os
import re
import signal
import struct
import time
import unittest
import urllib.parse
import uuid

import pyarrow
import pyarrow.dataset
from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, KafkaError, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic

from kept_state import KeptState
from kill.proxy import Break, Proxy
from program import CRASHING, ProgramTest, wait_until_signals_are_awaited

SERVER = os.environ["VELO_TEST_KAFKA_URI"]
BROKER = urllib.parse.urlsplit(SERVER).netloc
STEPS = ["in_write", "after_prepare_one", "after_prepare", "between_completes", "after_commit", "in_recover"]


class Kafka(KeptState, ProgramTest):
    def setUp(self):
        super().setUp()
        self.admin = AdminClient({"bootstrap.servers": BROKER})
        self.mark = uuid.uuid4().hex[:12]
        self.addCleanup(self.remove_topics)

    def topics(self):
        return sorted(name for name in self.admin.list_topics(timeout=10).topics if self.mark in name)

    def remove_topics(self):
        topics = self.topics()
        for future in self.admin.delete_topics(topics).values() if topics else []:
            future.result()

    def topic(self, name, partitions=None, **configuration):
        """A topic's name of this test's own; made, where it is said how many partitions it has."""
        name = f"{name}-{self.mark}"
        if partitions:
            topic = NewTopic(name, partitions, 1, config=configuration)
            self.admin.create_topics([topic])[name].result()
            self.wait_for(lambda: name in self.topics())  # the broker's answer may be older than the controller's
        return name

    def uri(self, topic, **options):
        return f"kafka://{self.address(topic, **options)}"

    def address(self, topic, **options):
        query = urllib.parse.urlencode(options, quote_via=urllib.parse.quote)
        return f"{BROKER}/{topic}" + ("?" + query if query else "")

    def sink_of_state(self):
        return self.uri(self.topic("kept"))

    def source_of_state(self, sink):
        return sink

    def produce(self, topic, messages, partition=0):
        producer = Producer({"bootstrap.servers": BROKER})
        for message in messages:
            payload = json.dumps(message) if isinstance(message, dict) else message
            producer.produce(topic, payload, partition=partition)
            producer.poll(0)
        self.assertEqual(producer.flush(30), 0)

    def consume(self, topic):
        """All committed messages, partition by partition."""
        consumer = Consumer({"bootstrap.servers": BROKER, "group.id": self.mark, "enable.partition.eof": True,
                             "isolation.level": "read_committed", "auto.offset.reset": "earliest"})
        partitions = self.admin.list_topics(topic, timeout=10).topics[topic].partitions
        consumer.assign([TopicPartition(topic, partition, 0) for partition in partitions])
        left, found = set(partitions), []
        while left:
            for message in consumer.consume(1000, 0.2):
                if not message.error():
                    found.append(message)
                elif message.error().code() == KafkaError._PARTITION_EOF:
                    left.discard(message.partition())
                else:
                    self.fail(message.error())
        consumer.close()
        return found

    def rows(self, topic):
        return [json.loads(message.value()) for message in self.consume(topic)]

    def parquet(self, folder):
        return pyarrow.dataset.dataset(self.folder / folder, format="parquet").to_table()

    def write_files(self, files=8, rows=500):
        for number in range(files):
            lines = "".join(f"{number * rows + row},n{number}\n" for row in range(rows))
            self.write(f"in/{number}.csv", "id,name\n" + lines)
        return list(range(files * rows))

    def test_there_and_back(self):
        topic = self.topic("events")
        self.write("in.ndjson", '{"id":1,"name":"naïve ☃\\n","price":1.5,"flag":true,"none":null,"in":{"a":[1,2]}}\n'
                   '{"id":2,"name":"","price":-0.0,"flag":false,"none":null,"in":{"a":[]}}\n')
        self.done("copy", "in.ndjson", self.uri(topic, partitions=2))
        self.assertEqual(self.topics(), [topic])
        self.assertEqual(len(self.admin.list_topics(topic, timeout=10).topics[topic].partitions), 2)
        self.assertEqual(sorted((row["id"], row["name"]) for row in self.rows(topic)), [(1, "naïve ☃\n"), (2, "")])
        self.done("copy", self.uri(topic), "out/?format=parquet", "--once")
        lines = (self.folder / "in.ndjson").read_text().splitlines()
        wrote = pyarrow.Table.from_pylist([json.loads(line) for line in lines])
        self.assertEqual(sorted(self.parquet("out").to_pylist(), key=lambda row: row["id"]), wrote.to_pylist())

    def test_a_stream_that_reads_another(self):
        """Two statements of one file, the second of which goes on with what the first writes; killed, and run again."""
        topic, raw = self.topic("raw"), f"raw_{self.mark}"
        self.write("go.sql", f"CREATE STREAM {raw} WITH (commit_every = '200ms') AS SELECT id, total FROM "
                             "generate('orders?unbounded=true&rate=5000&batch_size=500') "
                             f"INSERT INTO kafka('{self.address(topic)}');\n"
                             f"CREATE STREAM odd WITH (commit_every = '200ms') AS SELECT id FROM {raw} WHERE id > 10 "
                             "INSERT INTO file('odd/?format=json');")

        def ids():
            return sorted(json.loads(line)["id"] for file in self.folder.glob("odd/*.json")
                          for line in file.read_text().splitlines())
        killed = self.start("run", "go.sql", program=CRASHING, environment={"VELO_CRASH_AT": "after_commit:6"})
        self.assertIn(f"odd: waits for the first rows of {raw}", killed.stderr.readline())
        self.assertEqual(killed.wait(timeout=60), -signal.SIGKILL)
        before = len(ids())
        running = self.start("run", "go.sql")
        self.wait_for(lambda: len(ids()) > before + 1000, running)
        self.stop(running)
        found = ids()
        self.assertEqual(found, list(range(11, 11 + len(found))))

    def produce_bad_ones(self, topic, count=60, unfit=('{"id":"text"}', '{"id":[1]}')):
        """Messages in two partitions, some of which are no rows; answers the ids of the others, and the bad payloads."""
        bad_ones = ["", "rubbish", '{"id":', "{} {}", None, '{"id":1}}', *unfit]
        ids, bad = [], []
        for partition in range(2):
            payloads = []
            for number in range(count):
                if number % 3 == 1:
                    payloads.append(bad_ones[number // 3 % len(bad_ones)])
                    bad.append(payloads[-1] or "")
                else:
                    ids.append(partition * 1000 + number)
                    payloads.append(json.dumps({"id": ids[-1]}))
            self.produce(topic, payloads, partition)
        return ids, collections.Counter(bad)

    def test_bad_messages_are_skipped(self):
        for topic, unfit, options in ((self.topic("given", 2), ('{"id":"text"}', '{"id":[1]}'), {"schema": "id int64"}),
                                      (self.topic("inferred", 2), (), {})):
            ids, bad = self.produce_bad_ones(topic, unfit=unfit)
            address = self.uri(topic, **options)
            copied = self.done("copy", address, "out/?format=parquet&mode=overwrite", "--once", "--on-error", "skip")
            self.assertEqual(sorted(self.parquet("out")["id"].to_pylist()), ids)
            self.assertRegex(copied.stderr, rf"{bad.total()} bad records skipped; the first: kafka://.*{topic}: partition \d, offset 1: ")
        failed = self.velo("copy", self.uri(topic, schema="id int64"), "out/?format=parquet", "--once")
        self.assertEqual(failed.returncode, 2)
        self.assertRegex(failed.stderr, "offset 1: the message is empty")

    def test_bad_messages_are_kept_once_in_a_topic(self):
        topic, letters = self.topic("events", 2), self.topic("letters", 1)
        due_ids, due = [], collections.Counter()
        stream = ("run", "-e", f"CREATE STREAM s{self.mark} WITH (on_error = '{self.uri(letters)}', once = true, commit_every = '1ms') "
                  f"AS SELECT * FROM kafka('{self.address(topic, schema='id int64', batch_size=7)}') INSERT INTO file('out/?format=parquet')")
        for step in STEPS:
            for times in (1, 2, 3):
                ids, bad = self.produce_bad_ones(topic)
                due_ids += ids
                due += bad
                killed = self.start(*stream, program=CRASHING, environment={"VELO_CRASH_AT": f"{step}:{times}"})
                self.assertIn(killed.wait(60), (0, -signal.SIGKILL))
                self.done(*stream)
                with self.subTest(step=step, times=times):
                    self.assertEqual(sorted(self.parquet("out")["id"].to_pylist()), sorted(due_ids))
                    self.assertEqual(collections.Counter(row["record"] for row in self.rows(letters)), due)

    def test_dead_letters_are_replayed_once(self):
        """Out of a topic into one, killed at each step."""
        topic, letters, again = self.topic("events", 2), self.topic("letters", 2), self.topic("again", 1)
        replay = ("dlq", "replay", self.uri(letters), self.uri(again), "--schema", "id text")
        due = 0
        for step in STEPS:
            for partition in range(2):
                self.produce(topic, [json.dumps({"id": f"{step} {n}" if n % 2 else n}) for n in range(40)] + ["bad"], partition)
            due += 40
            self.done("run", "--once", "-e", f"CREATE STREAM s{self.mark} WITH (on_error = '{self.uri(letters)}') AS SELECT * FROM "
                      f"kafka('{self.address(topic, schema='id int64')}') INSERT INTO file('out/?format=json')")
            killed = self.start(*replay, program=CRASHING, environment={"VELO_CRASH_AT": f"{step}:1"})
            self.assertIn(killed.wait(60), (0, -signal.SIGKILL))
            for _ in range(2):
                self.assertIn(" bad records skipped; the first: dead letter of " + topic, self.done(*replay).stderr)
            found = sorted(row["id"] for row in self.rows(again))
            self.assertEqual((len(found), len(set(found))), (due, due // 2), step)

    def test_messages_that_are_too_large_are_bad(self):
        topic = self.topic("large", 1)
        large = json.dumps({"id": 2, "pad": "x" * 100_000})
        self.produce(topic, [json.dumps({"id": 1}), large, json.dumps({"id": 3})])
        failed = self.velo("copy", self.uri(topic, schema="id int64", max_record_bytes="64KiB"), "out/?format=json", "--once")
        self.assertEqual(failed.returncode, 2)
        self.assertIn(f"partition 0, offset 1: the message has {len(large)} bytes: the record is larger than 64 KiB", failed.stderr)
        self.done("copy", self.uri(topic, max_record_bytes="64KiB"), "out/?format=json", "--once", "--on-error", "bad/?format=json")
        self.assertEqual(self.ids_in("out"), [1, 3])
        self.assertEqual([row["record"] for row in self.rows_in("bad")], [large[:65536]])
        self.done("copy", self.uri(topic), "all/?format=json", "--once")
        self.assertEqual(self.ids_in("all"), [1, 2, 3])
        refused = self.velo("copy", "all/?format=json", self.uri(self.topic("small", 1), max_record_bytes="64KiB"))
        self.assertEqual(refused.returncode, 2)
        self.assertIn("and more than 64 KiB are not read again", refused.stderr)

    def test_show_schema_and_sql(self):
        topic = self.topic("events", 3)
        for partition in range(3):
            self.produce(topic, [{"id": partition * 10 + n, "third": n % 3} for n in range(10)], partition)
        self.assertIn("third,int64,true", self.done("schema", self.uri(topic)).stdout)
        self.assertIn("30 rows, 2 columns", self.done("show", self.uri(topic), "-n", "100").stdout)
        process = self.done("show", "-e", f"SELECT id FROM kafka('{self.address(topic)}') WHERE id > 27")
        self.assertIn("2 rows, 1 column", process.stdout)
        grouped = f"SELECT third, count(*) AS n FROM kafka('{self.address(topic)}') GROUP BY third ORDER BY third"
        self.assertEqual(self.done("run", "-e", grouped, "--once").stdout, "third,n\n0,12\n1,9\n2,9\n")
        process = self.velo("run", "-e", grouped)
        self.assertEqual(process.returncode, 2)
        self.assertIn("goes on for ever", process.stderr)
        self.assertIn("but not GROUP BY or DISTINCT; WITH (once = true)", process.stderr)

    def test_only_what_was_committed_is_read(self):
        topic = self.topic("events", 1)
        producer = Producer({"bootstrap.servers": BROKER, "transactional.id": self.mark})
        producer.init_transactions(30)
        for outcome in (producer.commit_transaction, producer.abort_transaction, producer.commit_transaction, None):
            producer.begin_transaction()
            producer.produce(topic, json.dumps({"outcome": outcome.__name__ if outcome else "open"}))
            producer.flush()
            if outcome:
                outcome(30)
        process = self.done("copy", self.uri(topic), "-?format=csv", "--once")
        self.assertEqual(process.stdout, "outcome\ncommit_transaction\ncommit_transaction\n")
        producer.abort_transaction(30)

    def test_what_is_no_object_is_named(self):
        for bad, words in [
            (b"not json", "the message is no JSON object: not json"),
            (b"[1,2]", "the message is no JSON object: [1,2]"),
            (b"", "the message is empty"),
            (None, "the message has no payload (a tombstone)"),
            (b'{"id":1}{"id":2}', "the message holds 2 JSON objects"),
            (b'{"id":}', "line 1, byte 6"),
            (b'{"id":"seven","new":1}', "column 'id' is int64"),
        ]:
            with self.subTest(words):
                topic = self.topic(f"bad{uuid.uuid4().hex[:6]}", 2)
                self.produce(topic, [{"id": n} for n in range(1000)], 1)
                self.produce(topic, [bad, {"id": 8}], 1)
                process = self.velo("copy", self.uri(topic), "out/?format=csv", "--once")
                self.assertEqual(process.returncode, 2, process.stderr)
                self.assertIn(f"{topic}: partition 1, offset 1000: ", process.stderr)
                self.assertIn(words, process.stderr)

    def test_a_stream_goes_on_after_a_stop(self):
        topic = self.topic("events", 2)
        group = f"group-{self.mark}"
        self.produce(topic, [{"id": n} for n in range(100)], 0)
        self.write("go.sql", f"CREATE STREAM s WITH (commit_every = '100ms') AS SELECT * FROM "
                   f"kafka('{self.address(topic, group_id=group)}') INSERT INTO file('out/?format=parquet');")
        expected = 100
        for sent in (signal.SIGTERM, signal.SIGTERM):
            process = self.start("run", "go.sql")
            self.wait_for(lambda: (self.folder / "out").exists() and self.parquet("out").num_rows == expected, process)
            self.produce(topic, [{"id": expected + n} for n in range(50)], 1)
            expected += 50
            self.wait_for(lambda: self.parquet("out").num_rows == expected, process)
            wait_until_signals_are_awaited(process)
            process.send_signal(sent)
            self.assertEqual(process.wait(timeout=30), 0, process.stderr.read())
        self.assertEqual(sorted(self.parquet("out")["id"].to_pylist()), list(range(expected)))
        asked = ConsumerGroupTopicPartitions(group, [TopicPartition(topic, 0), TopicPartition(topic, 1)])
        found = self.admin.list_consumer_group_offsets([asked])[group].result()
        self.assertEqual([partition.offset for partition in found.topic_partitions], [100, 100])

    def test_a_stop_before_the_first_row(self):
        topic = self.topic("events", 1)
        process = self.start("copy", self.uri(topic, schema="id int64"), "out/?format=csv")
        wait_until_signals_are_awaited(process)
        time.sleep(1)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=30), 0, process.stderr.read())

    def test_latest_begins_where_the_topic_ends(self):
        topic = self.topic("events", 1)
        self.produce(topic, [{"id": n} for n in range(10)])
        self.write("go.sql", "CREATE STREAM s WITH (once = true) AS SELECT * FROM "
                   f"kafka('{self.address(topic, offset='latest')}') INSERT INTO file('out/?format=parquet');")
        self.done("run", "go.sql")
        self.produce(topic, [{"id": n} for n in range(10, 15)])
        self.done("run", "go.sql")
        self.assertEqual(sorted(self.parquet("out")["id"].to_pylist()), [10, 11, 12, 13, 14])

    def test_a_part_of_a_topic(self):
        topic = self.topic("events", 2)
        for partition in 0, 1:
            self.produce(topic, [{"id": partition * 100 + n} for n in range(20)], partition)

        def ids(*options):
            self.done("copy", *options, self.uri(topic), "out.csv")
            return sorted(map(int, (self.folder / "out.csv").read_text().split()[1:]))

        both = [partition * 100 + n for partition in (0, 1) for n in range(20)]
        self.assertEqual(ids("--until", "latest"), both)
        self.assertEqual(ids("--until", "2000-01-01"), [])
        self.assertEqual(ids("--from", "2000-01-01", "--until", "latest"), both)
        self.assertEqual(ids("--from", "17", "--until", "0:19,1:18", "--parallel", "2"), [17, 18, 117])
        self.assertEqual(ids("--from", "1:15", "--until", "0:1"), [0, 115, 116, 117, 118, 119])
        self.assertEqual(ids("--from", "20", "--once"), [])
        self.assertEqual(ids("--from", "latest", "--until", "latest"), [])

    def test_a_part_by_time(self):
        topic = self.topic("events", 1)
        producer = Producer({"bootstrap.servers": BROKER})
        for n in range(10):
            producer.produce(topic, json.dumps({"id": n}), timestamp=1_700_000_000_000 + n * 60_000)
        self.assertEqual(producer.flush(30), 0)
        minutes = lambda n: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(1_700_000_000 + n * 60))
        self.done("copy", "--from", minutes(3), "--until", minutes(6), self.uri(topic), "out/?format=parquet")
        self.assertEqual(sorted(self.parquet("out")["id"].to_pylist()), [3, 4, 5])

    def test_set_back_to_a_time(self):
        topic = self.topic("events", 3)
        producer = Producer({"bootstrap.servers": BROKER})
        for n in range(10):
            producer.produce(topic, json.dumps({"id": n}), partition=n % 2, timestamp=1_700_000_000_000 + n * 60_000)
        self.assertEqual(producer.flush(30), 0)
        minutes = lambda n: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(1_700_000_000 + n * 60))
        self.write("go.sql", f"CREATE STREAM s WITH (once = true) AS SELECT * FROM kafka('{self.address(topic)}') INSERT INTO "
                             "file('out/?format=parquet')")
        ids = lambda: sorted(self.parquet("out")["id"].to_pylist())
        self.done("run", "go.sql")
        told = self.done("state", "rewind", "go.sql", "s", "--to", minutes(7), "--yes").stderr
        self.assertIn(f"{topic}/0: from offset 5 to offset 4\n", told)
        self.assertIn(f"{topic}/1: from offset 5 to offset 3\n", told)
        self.done("run", "go.sql")
        self.assertEqual(ids(), [*range(7), 7, 7, 8, 8, 9, 9])
        self.done("state", "rewind", "go.sql", "s", "--to", minutes(8), "--split", f"{topic}/0", "--yes")
        self.done("run", "go.sql")
        self.assertEqual(ids(), [*range(7), 7, 7, 8, 8, 8, 9, 9])
        process = self.velo("state", "rewind", "go.sql", "s", "--to", minutes(60), "--yes")
        self.assertEqual(process.returncode, 2)
        self.assertIn(f"velo: s: nothing that it has read is from {minutes(60)} or later", process.stderr)

    def test_a_part_of_a_query_keeps_its_position(self):
        topic = self.topic("events", 1)
        self.produce(topic, [{"id": n} for n in range(20)], 0)
        query = ("run", "-e", f"CREATE STREAM s AS SELECT id * 2 AS twice FROM kafka('{self.address(topic)}') INSERT INTO file('out/?format=parquet')")
        for options, count in ((("--until", "5"), 5), (("--until", "12"), 12), (("--once",), 20), (("--until", "latest"), 20)):
            self.done(*query, *options)
            self.assertEqual(sorted(self.parquet("out")["twice"].to_pylist()), [2 * n for n in range(count)])

    def test_where_a_part_begins_and_ends_is_for_the_first_run(self):
        """A record goes before `from`; `until` is moved on from run to run; a kill repeats nothing."""
        topic = self.topic("events", 1)
        self.produce(topic, [{"id": n} for n in range(30)])
        sql = lambda begin, end: (
            f"CREATE STREAM s WITH (from = '{begin}', until = '{end}', commit_every = '1B') AS SELECT id FROM "
            f"kafka('{self.address(topic, batch_size=3)}') INSERT INTO file('out/?format=parquet');")
        for step in "in_write", "after_prepare", "after_commit":
            self.crash(step, "run", "-e", sql(5, 20))
        self.done("run", "-e", sql(5, 20))
        self.assertIn("nothing new", self.done("run", "-e", sql(5, 20)).stderr)
        self.assertIn("nothing new", self.done("run", "-e", sql(5, 12)).stderr)
        self.done("run", "-e", sql("earliest", 25))
        self.assertEqual(sorted(self.parquet("out")["id"].to_pylist()), list(range(5, 25)))

    def test_a_partition_that_came_later_is_read_from_its_beginning(self):
        """Also by a reader of its own, and where the others began at their ends."""
        topic = self.topic("events", 1)
        self.produce(topic, [{"id": n} for n in range(10)])
        for name, begin, options in ("a", "", {"offset": "latest"}), ("b", ", from = latest", {}):
            self.write(f"{name}.sql", f"CREATE STREAM {name} WITH (once = true, parallel = 3{begin}) AS SELECT * FROM "
                       f"kafka('{self.address(topic, **options)}') INSERT INTO file('{name}/?format=parquet');")
            self.done("run", f"{name}.sql")
        self.admin.create_partitions([NewPartitions(topic, 2)])[topic].result()
        self.produce(topic, [{"id": n} for n in range(10, 15)], partition=1)
        for name in "ab":
            self.done("run", f"{name}.sql")
            self.assertEqual(sorted(self.parquet(name)["id"].to_pylist()), [10, 11, 12, 13, 14])

    def test_parts_that_are_not_there(self):
        topic = self.topic("events", 1)
        self.produce(topic, [{"id": n} for n in range(10)])
        self.admin.delete_records([TopicPartition(topic, 0, 5)])[TopicPartition(topic, 0)].result()

        def said(*options):
            process = self.velo("copy", *options, self.uri(topic), "out/?format=parquet")
            return process.returncode, process.stderr

        for options, code, words in [
                (("--from", "2", "--once"), 1, "from = 2: the topic's retention has removed what was there: its first "
                 "message is at 5; from = earliest begins there"),
                (("--from", "11", "--once"), 2, "from = 11: the partition ends at 10; from = latest begins there"),
                (("--until", "2999-01-01"), 2, "until = 2999-01-01: that is in the future"),
                (("--until", "earliest"), 2, "until = earliest: nothing is before that"),
                (("--from", "7:5", "--once"), 2, f"from = 7:5: topic '{topic}' has no partition 7; it has 1, from 0 on"),
                (("--until", "0:6,3:5"), 2, f"until = 0:6,3:5: topic '{topic}' has no partition 3"),
                (("--from", "8", "--until", "6"), 2, f"{topic}/0: from = 8 is behind until = 6: in this partition these "
                 "are the offsets 8 and 6"),
                (("--from", "latest", "--until", "0:7"), 2, "from = latest is behind until = 0:7"),
                (("--from", "2026-01-02", "--until", "2026-01-01"), 2, "from = 2026-01-02 is behind until = 2026-01-01"),
                (("--from", "0;3"), 2, "from = 0;3: earliest, latest, a time (2026-01-31T12:00:00Z), an offset (1200), "
                 "or one for each partition")]:
            found, told = said(*options)
            self.assertEqual((found, words in told), (code, True), told)
        self.refused(["copy", "--from", "earliest", "generate://orders?rows=1", "x.csv"],
                     "velo: from = earliest: this source has no places to begin or to end at; leave it out")

    def test_positions_that_are_gone(self):
        topic = self.topic("events", 1)
        self.produce(topic, [{"id": n} for n in range(10)])
        self.write("go.sql", f"CREATE STREAM s WITH (once = true) AS SELECT * FROM kafka('{self.address(topic)}') "
                   "INSERT INTO file('out/?format=parquet');")
        self.done("run", "go.sql")
        self.produce(topic, [{"id": n} for n in range(10, 20)])
        self.admin.delete_records([TopicPartition(topic, 0, 15)])[TopicPartition(topic, 0)].result()
        process = self.velo("run", "go.sql")
        self.assertEqual(process.returncode, 1)
        self.assertIn(f"{topic}/0: offset 10: this is where the last run got to, and the topic's retention has removed "
                      "what was there: its first message is at 15", process.stderr)
        self.admin.delete_topics([topic])[topic].result()
        time.sleep(1)
        self.topic("events", 1)
        self.produce(topic, [{"id": 1}])
        process = self.velo("run", "go.sql")
        self.assertEqual(process.returncode, 1)
        self.assertIn("was the topic made anew?", process.stderr)

    def test_the_sinks_topic_is_gone(self):
        topic = self.topic("events", 1)
        self.write("a.csv", "id\n1\n2\n")
        statement = f"CREATE STREAM p{self.mark} AS SELECT * FROM file('a*.csv') INSERT INTO kafka('{self.address(topic)}')"
        self.assertNotIn(" 0 B", self.done("run", "-e", statement).stderr)
        self.admin.delete_topics([topic])[topic].result()
        time.sleep(1)
        process = self.velo("run", "-e", statement)
        self.assertEqual(process.returncode, 1, process.stderr)
        self.assertIn("the topic is gone, and with it 2 rows that this pipeline has committed", process.stderr)
        self.topic("events", 1)

    def test_every_crash_is_exactly_once(self):
        """File → Kafka → File, killed at each step of each half."""
        ids = self.write_files()
        topic = self.topic("events")
        name = f"p{self.mark}"
        into = (f"CREATE STREAM {name} WITH (parallel = 2, commit_every = '1ms') AS SELECT * FROM file('in/*.csv') "
                f"INSERT INTO kafka('{self.address(topic, partitions=3)}')")
        out_of = (f"CREATE STREAM {name}b WITH (parallel = 2, commit_every = '1ms', once = true) AS SELECT * FROM "
                  f"kafka('{self.address(topic, batch_size=100)}') INSERT INTO file('out/?format=parquet')")
        for statement in (into, out_of):
            for step in STEPS:
                self.crash(step, "run", "-e", statement, must=False)
            self.done("run", "-e", statement)
        self.assertEqual(sorted(row["id"] for row in self.rows(topic)), ids)
        self.assertEqual(sorted(self.parquet("out")["id"].to_pylist()), ids)
        self.assertEqual(self.topics(), sorted([topic, f"velo_checkpoint-{name}"]))

    def test_kafka_to_kafka_and_what_the_record_says(self):
        first, second = self.topic("first", 3), self.topic("second")
        for partition in range(3):
            self.produce(first, [{"id": partition * 1000 + n} for n in range(1000)], partition)
        name = f"p{self.mark}"
        statement = (f"CREATE STREAM {name} WITH (parallel = 2, once = true) AS SELECT * FROM "
                     f"kafka('{self.address(first, batch_size=100)}') INSERT INTO kafka('{self.address(second)}')")
        self.done("run", "-e", statement)
        self.assertIn("nothing new since the 3,000 rows", self.done("run", "-e", statement).stderr)
        self.produce(first, [{"id": 3000}], 2)
        self.done("run", "-e", statement)
        self.assertEqual(sorted(row["id"] for row in self.rows(second)), list(range(3001)))
        record = {message.key().decode(): json.loads(message.value())
                  for message in self.consume(f"velo_checkpoint-{name}")}
        positions = collections.defaultdict(int)
        for key, value in record.items():
            lane, _, split = key.partition("/")
            if split:
                positions[split] = max(positions[split], int(value["position"], 16))
        self.assertEqual(positions, {f"{first}/0": 1000, f"{first}/1": 1000, f"{first}/2": 1001})
        self.assertEqual(record["0"]["num_rows"] + record["1"]["num_rows"], 3001)
        self.assertEqual((record["fence"]["fence"], record["fence"]["topic"]), (3, second))
        process = self.velo("run", "-e", statement.replace(second, self.topic("third")))
        self.assertEqual(process.returncode, 2)
        self.assertIn(f"the record of this pipeline is of the topic {second}, and not of", process.stderr)

    def end(self, topic, level="read_committed"):
        consumer = Consumer({"bootstrap.servers": BROKER, "group.id": self.mark, "isolation.level": level})
        end = consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=10, cached=False)[1]
        consumer.close()
        return end

    def has_open_transaction(self, topic):
        ends = {self.end(topic, "read_uncommitted"), self.end(topic)}
        return len(ends) == 2

    def slow_pipeline(self, commit_every="200ms", rate=15000, **options):
        topic = self.topic("slow")
        self.write("go.sql", f"CREATE STREAM p{self.mark} WITH (commit_every = '{commit_every}') AS SELECT id FROM "
                   f"generate('orders?rows=30000&rate={rate}') INSERT INTO kafka('{self.address(topic, **options)}');")
        return topic

    def check_slow_pipeline(self, topic):
        self.done("run", "go.sql")
        self.assertEqual(sorted(row["id"] for row in self.rows(topic)), list(range(1, 30001)))

    def test_of_two_the_older_is_fenced(self):
        topic = self.slow_pipeline()
        older = self.start("run", "go.sql")
        self.wait_for(lambda: topic in self.topics(), older)
        time.sleep(0.5)
        older.send_signal(signal.SIGSTOP)
        self.check_slow_pipeline(topic)
        older.send_signal(signal.SIGCONT)
        self.assertEqual(older.wait(timeout=60), 1)
        self.assertIn("a newer run of this pipeline has taken over", older.stderr.read())
        self.assertEqual(len(self.rows(topic)), 30000)

    def test_one_that_is_refused_leaves_the_other_running(self):
        topic = self.slow_pipeline(rate=5000)
        running = self.start("run", "go.sql")
        self.wait_for(lambda: topic in self.topics() and self.end(topic) > 0, running)
        self.refuse_another_beside(running)
        self.assertEqual(sorted(row["id"] for row in self.rows(topic)), list(range(1, 30001)))

    def test_a_record_of_another_topic_is_left_as_it_is(self):
        self.slow_pipeline(rate=100000)
        self.done("run", "go.sql")
        sql = (self.folder / "go.sql").read_text()
        self.write("go.sql", sql.replace("slow-", "other-"))
        before = len(self.consume(f"velo_checkpoint-p{self.mark}"))
        process = self.velo("run", "go.sql")
        self.assertEqual(process.returncode, 2)
        self.assertIn("the record of this pipeline is of the topic slow-", process.stderr)
        self.assertEqual(len(self.consume(f"velo_checkpoint-p{self.mark}")), before)

    def test_a_transaction_that_was_open_for_too_long(self):
        topic = self.slow_pipeline("900ms", rate=5000, transaction_timeout="2s")
        process = self.start("run", "go.sql")
        self.wait_for(lambda: topic in self.topics() and self.rows(topic), process)
        process.send_signal(signal.SIGSTOP)
        while not self.has_open_transaction(topic):
            process.send_signal(signal.SIGCONT)
            time.sleep(0.1)
            process.send_signal(signal.SIGSTOP)
        time.sleep(14)  # the broker looks every 10 seconds
        process.send_signal(signal.SIGCONT)
        self.assertEqual(process.wait(timeout=60), 0)
        self.assertRegex(process.stderr.read(), r"transaction_timeout \(2 s\).*; trying again in 0\.\d s \(attempt 2\)\n")
        self.check_slow_pipeline(topic)

    def everything(self):
        topics = self.admin.list_topics(timeout=10).topics
        return {name: sorted(topics[name].partitions) for name in self.topics()}

    def test_check(self):
        topic = self.topic("events", 2)
        before = self.everything()
        steps = self.checked(self.uri(topic))
        self.assertEqual(steps[0][:2], ("ok", "open librdkafka"))
        self.assertIn(("ok", "read a message", "it has no messages yet"), steps)
        if steps[0][2] < "2.1":
            self.assertIn("leader epochs (KIP-320; 2.1.0)", steps[1][2])
            self.assertIn("KIP-848", steps[1][2])
        self.produce(topic, [{"id": 1}], partition=1)
        self.assertEqual(self.checked(self.uri(topic))[-1], ("ok", "read a message", "partition 1 has offsets 0 to 1"))
        self.assertEqual(self.checked(self.uri(topic), "sink")[-1][:2], ("ok", "begin transactions"))
        self.assertIn(("ok", "make the topic", "it is not there, and may be made"),
                      self.checked(self.uri(self.topic("new")), "sink"))
        mark, _, words = self.checked(self.uri(topic[:-1] + "x"), code=2)[-1]
        self.assertEqual(mark, "failed")
        self.assertIn("there is no such topic that we may see", words)
        self.assertIn("is a broker there, and does it listen at this address?",
                      self.checked("kafka://127.0.0.1:9/events", code=1)[-1][2])
        self.assertEqual(self.everything(), before)
        self.assertEqual([message.value() for message in self.consume(topic)], [b'{"id": 1}'])

    def test_plan_changes_nothing(self):
        topic = self.topic("events", 1)
        self.produce(topic, [{"id": 1, "name": "a"}])
        before = self.everything()
        out = self.topic("out")
        self.write("go.sql", f"CREATE STREAM moved_{self.mark} AS SELECT name FROM kafka('{self.address(topic)}') WHERE id > 0 "
                             f"INSERT INTO kafka('{self.address(out)}')")
        process = self.done("plan", "go.sql", "--require", "exactly-once")
        for words in (f"makes      topic {out}, 1 partition\n", "column     name text → name JSON",
                      f"makes      topic velo_checkpoint-moved_{self.mark}, 1 partition, compacted, for the record",
                      "predicate  id > 0", "in the transaction of the rows", "begins     at the beginning of the source"):
            self.assertIn(words, process.stdout)
        self.assertEqual(self.everything(), before)
        self.done("run", "--once", "go.sql")
        self.assertIn("begins     after 1 row of 1 split, committed up to epoch ", self.done("plan", "go.sql").stdout)
        self.write("other.sql", (self.folder / "go.sql").read_text().replace("id > 0", "id > 1"))
        process = self.velo("plan", "other.sql")
        self.assertEqual(process.returncode, 2)
        self.assertIn("its SELECT has changed since its last run", process.stderr)
        process = self.velo("plan", self.uri(topic), "one.csv")
        self.assertEqual(process.returncode, 2)
        self.assertIn("this source goes on for ever", process.stdout)

    def test_messages(self):
        topic = self.topic("events", 1)
        self.write("in.csv", "id\n1\n")
        for uri, words, code in [
            ("kafka://127.0.0.1:9/events", "is a broker there, and does it listen at this address?", 1),
            (self.uri(f"none-{self.mark}"), f"there is no topic 'none-{self.mark}'", 2),
            (self.uri(topic), "there are no messages yet that could say what its columns are; schema= names them", 2),
            (self.uri(topic, groupid="a"), "did you mean 'group_id'?", 2),
            (self.uri(topic, format="avro"), "format=avro does not work yet; format=json does", 2),
            (self.uri(topic, offset="2026-11-22"), "offset=2026-11-22 does not work yet", 2),
            (self.uri(topic, schema_registry="http://localhost"), "'schema_registry' does not work yet; leave it out", 2),
            (self.uri(topic, security_protocol="SSL"), "security_protocol=SSL does not work yet", 2),
            (f"kafka://me:hidden@{BROKER}/{topic}", "(SASL) do not work yet", 2),
            (f"kafka://{BROKER}", "which topic? It is the path", 2),
            (f"kafka://{BROKER}/a/b", "'a/b' cannot be a topic", 2),
        ]:
            with self.subTest(words):
                process = self.velo("copy", uri, "out/?format=csv")
                self.assertIn(words, process.stderr)
                self.assertEqual(process.returncode, code, process.stderr)
                self.assertNotIn("hidden", process.stderr)
        process = self.velo("copy", "in.csv", "kafka://127.0.0.1:9/events")
        self.assertEqual(process.returncode, 1)
        self.assertIn("is a broker there", process.stderr)
        self.produce(topic, [{"id": 1}])
        process = self.velo("copy", self.uri(topic), "one.csv")
        self.assertEqual(process.returncode, 2)
        self.assertIn("write into a directory (out/), or let it end where it is now (--once", process.stderr)
        self.assertEqual([name for name in self.files() if name != "out"], ["in.csv"])

    def test_what_a_broker_refuses(self):
        topic = self.topic("small", 1, **{"max.message.bytes": "1000"})
        self.write("in.csv", "text\n" + "x" * 5000 + "\n")
        process = self.velo("copy", "in.csv", self.uri(topic))
        self.assertEqual(process.returncode, 2, process.stderr)
        self.assertIn("Message size too large", process.stderr)
        self.assertEqual(self.rows(topic), [])
        self.assertEqual(self.topics(), [topic])

    def through(self, api, times=1, **more):
        """A proxy that does harm to a request of this kind, and the harm; the broker's address is replaced by its own."""
        host, port = BROKER.split(":")
        told = [host.encode() + struct.pack(">i", int(port)), host.encode()]
        proxy = Proxy(host, int(port), lambda data, own: data.replace(told[0], told[1] + struct.pack(">i", own)))
        self.addCleanup(proxy.close)
        at = Break(times, re.compile(struct.pack(">h", api) + rb"\x00[\x00-\x14].{4}\x00\x04velo", re.DOTALL), **more)
        self.addCleanup(at.released.set)
        proxy.arm(at)
        return proxy, at

    def test_an_answer_to_the_end_of_a_run_that_is_lost(self):
        expected = self.write_files(1)
        topic = self.topic("events", 1)
        proxy, _ = self.through(20, swallows=True)  # DeleteTopics
        self.done("copy", "in/0.csv", self.uri(topic).replace(BROKER, f"127.0.0.1:{proxy.port}"))
        self.assertTrue(proxy.disarm())
        self.assertEqual(sorted(row["id"] for row in self.rows(topic)), expected)

    def test_a_stop_while_a_broker_does_not_answer(self):
        # ListOffsets, CreateTopics, InitProducerId, AddPartitionsToTxn, EndTxn: Metadata is asked for before.
        for api in (19, 22, 24, 26, 2):
            with self.subTest(api=api):
                proxy, at = self.through(api, holds=True)
                address = self.address(self.topic("events")).replace(BROKER, f"127.0.0.1:{proxy.port}")
                self.write("go.sql", f"CREATE STREAM p{self.mark} AS SELECT id FROM generate('orders?rows=10') INSERT INTO "
                           f"kafka('{address}');")
                self.stop_while_held(at, self.start("run", "go.sql"))

    def test_a_stop_before_the_columns_are_known(self):
        self.write("in.csv", "id\n1\n")
        topic = self.topic("events")
        self.produce(topic, [{"id": 1}])
        # Fetch, ListOffsets, Metadata.
        for api, command in ((1, ["schema"]), (2, ["schema"]), (3, ["schema"]), (3, ["copy", "in.csv"])):
            with self.subTest(command, api=api):
                proxy, at = self.through(api, holds=True)
                address = self.uri(topic).replace(BROKER, f"127.0.0.1:{proxy.port}")
                self.stop_while_held(at, self.start(*command, address))

    def test_a_sleeper_is_fenced_at_each_request(self):
        expected = self.write_files(1)
        # AddPartitionsToTxn, Produce, EndTxn: those of the fence, and those of the rows.
        for api, times in ((24, 1), (24, 2), (0, 3), (26, 1), (26, 2)):
            with self.subTest(api=api, times=times):
                topic = self.topic(f"events{api}_{times}", 1)
                proxy, at = self.through(api, times, holds=True)
                self.write("go.sql", f"CREATE STREAM slow_{api}_{times}_{self.mark} AS SELECT id FROM file('in/0.csv') INSERT INTO "
                           f"kafka('{self.address(topic).replace(BROKER, f'127.0.0.1:{proxy.port}')}');")
                sleeper = self.start("run", "go.sql")
                self.assertTrue(at.arrived.wait(30))
                self.done("run", "go.sql")
                at.released.set()
                self.assertEqual(sleeper.wait(timeout=60), 1)
                self.assertIn("a newer run of this pipeline has taken over", sleeper.stderr.read())
                self.assertEqual(sorted(row["id"] for row in self.rows(topic)), expected)


if __name__ == "__main__":
    unittest.main()
