"""Streams that live through a server that goes away: in one process, and each row arrives once.

Each server is behind a proxy, which is away for a while. With VELO_TEST_OUTAGE=kill it is the server itself that is killed and
started again, which must be one of this checkout's own (PORT_SHIFT=3000 dev/servers up …)."""

import json
import os
import re
import signal
import struct
import subprocess
import time
import unittest
import urllib.parse
import uuid

import boto3
import clickhouse_connect
import confluent_kafka
import confluent_kafka.admin
import psycopg

from kill.proxy import Break, Proxy
from program import SOURCE, VELO, ProgramTest, wait_until_signals_are_awaited

KILLS = os.environ.get("VELO_TEST_OUTAGE") == "kill"
POSTGRESQL, CLICKHOUSE, KAFKA, S3 = (
    urllib.parse.urlsplit(os.environ[f"VELO_TEST_{name}_URI"]) for name in ("POSTGRESQL", "CLICKHOUSE", "KAFKA", "S3")
)
S3_OPTIONS = dict(urllib.parse.parse_qsl(S3.query))
STORE = urllib.parse.urlsplit(S3_OPTIONS["endpoint"])
ROWS, RATE = 30_000, 6_000


def rewritten(data, port):
    """The broker tells its address, which is to be the proxy's."""
    host = KAFKA.hostname.encode()
    return data.replace(host + struct.pack(">i", KAFKA.port), host + struct.pack(">i", port))


class Server:
    """One that can go away. port: where velo is to connect to."""

    def __init__(self, name, address, rewrite=None):
        self.name = name
        self.proxy = None if KILLS else Proxy(address.hostname, address.port, rewrite)
        self.port = address.port if KILLS else self.proxy.port

    def close(self):
        if self.proxy:
            self.proxy.close()

    def go_away(self):
        if self.proxy:
            self.proxy.go_away()
        else:
            subprocess.run([SOURCE / "dev/servers", "kill", self.name], check=True, capture_output=True)

    def come_back(self):
        if self.proxy:
            self.proxy.come_back()
        else:
            subprocess.run([SOURCE / "dev/servers", "up", self.name], check=True, capture_output=True)


class Outages(ProgramTest):
    def setUp(self):
        super().setUp()
        self.mark = uuid.uuid4().hex[:10]
        self.name = f"t{self.mark}"

    def server(self, *arguments):
        server = Server(*arguments)
        self.addCleanup(server.close)
        return server

    def log(self):
        return (self.folder / "velo.log").read_text()

    def begin(self, *arguments):
        """Start velo; what it says is in log()."""
        with open(self.folder / "velo.log", "wb") as log:
            process = subprocess.Popen([VELO, *arguments], cwd=self.folder, stderr=log)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def wait_for(self, condition, process=None, seconds=30):
        end = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), end, self.log())
            self.assertTrue(process is None or process.poll() is None, self.log())
            time.sleep(0.02)

    def retries(self):
        return re.findall(r"^velo: .+; trying again in \d+\.\d s \(attempt \d+\)$", self.log(), re.MULTILINE)

    def outage(self, server, process):
        """Goes on when velo has noticed it; a Kafka client itself waits for a broker for a while."""
        before = len(self.retries())
        server.go_away()
        if server.name != "kafka":
            self.wait_for(lambda: len(self.retries()) > before, process)
        time.sleep(1)
        server.come_back()

    def live_through(self, server, count, into):
        """Rows that are made move through two outages of the sink, and arrive once."""
        self.write("go.sql", f"CREATE STREAM {self.name} WITH (commit_every = '200ms') AS SELECT id FROM "
                   f"generate('orders?rows={ROWS}&rate={RATE}') INSERT INTO {into};")
        process = self.begin("run", "go.sql")
        for part in (10, 3):
            self.wait_for(lambda part=part: count() > ROWS / part, process)
            self.outage(server, process)
        self.assertEqual(process.wait(timeout=120), 0, self.log())
        self.assertRegex(self.log(), rf"(?m)^{self.name} → .*: {ROWS:,} rows, ")
        self.assertEqual(count(), ROWS)

    # PostgreSQL.

    def postgresql(self, query, *parameters):
        with psycopg.connect(POSTGRESQL.geturl(), autocommit=True) as session:
            cursor = session.execute(query, parameters or None)
            return cursor.fetchall() if cursor.description else None

    def schema(self):
        self.postgresql(f"CREATE SCHEMA {self.name}")
        self.addCleanup(self.postgresql, f"DROP SCHEMA {self.name} CASCADE")

    def postgresql_uri(self, server, **options):
        login = POSTGRESQL.netloc.rpartition("@")[0]
        place = f"{login}@{POSTGRESQL.hostname}:{server.port}{POSTGRESQL.path}"
        return f"{place}?{urllib.parse.urlencode({'schema': self.name, **options})}"

    def ids_in_postgresql(self, table="target"):
        """How many there are; each once."""
        if not self.postgresql("SELECT to_regclass(%s) IS NOT NULL", f"{self.name}.{table}")[0][0]:
            return 0
        ((rows, ids),) = self.postgresql(f"SELECT count(*), count(DISTINCT id) FROM {self.name}.{table}")
        self.assertEqual(rows, ids)
        return rows

    def test_rows_into_postgresql(self):
        self.schema()
        server = self.server("postgresql", POSTGRESQL)
        self.live_through(server, self.ids_in_postgresql, f"postgresql('{self.postgresql_uri(server, table='target')}')")

    # ClickHouse.

    def clickhouse(self, query):
        given = dict(host=CLICKHOUSE.hostname, port=CLICKHOUSE.port, username=CLICKHOUSE.username, password=CLICKHOUSE.password)
        client = clickhouse_connect.get_client(**given)
        try:
            return client.query(query).result_rows if query.startswith("SELECT") else client.command(query)
        finally:
            client.close()

    def test_rows_into_clickhouse(self):
        self.clickhouse(f"CREATE DATABASE {self.name}")
        self.addCleanup(self.clickhouse, f"DROP DATABASE {self.name}")
        server = self.server("clickhouse", CLICKHOUSE)

        def count():
            if not self.clickhouse(f"SELECT 1 FROM system.tables WHERE database = '{self.name}' AND name = 'target'"):
                return 0
            ((rows, ids),) = self.clickhouse(f"SELECT count(), uniqExact(id) FROM {self.name}.target")
            self.assertEqual(rows, ids)
            return rows

        login = CLICKHOUSE.netloc.rpartition("@")[0]
        address = f"{login}@{CLICKHOUSE.hostname}:{server.port}/{self.name}?table=target"
        self.live_through(server, count, f"clickhouse('{address}')")

    # S3.

    def test_rows_into_s3(self):
        keys = {name: S3_OPTIONS[name] for name in ("access_key_id", "secret_access_key")}
        store = boto3.client(
            "s3", endpoint_url=S3_OPTIONS["endpoint"], region_name=S3_OPTIONS["region"],
            aws_access_key_id=keys["access_key_id"], aws_secret_access_key=keys["secret_access_key"])  # fmt: skip
        self.addCleanup(store.close)
        bucket = f"velo-{self.mark}"
        store.create_bucket(Bucket=bucket)

        def objects(prefix=""):
            pages = store.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
            return [item["Key"] for page in pages for item in page.get("Contents", [])]

        def remove():
            for upload in store.list_multipart_uploads(Bucket=bucket).get("Uploads", []):
                store.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
            for key in objects():
                store.delete_object(Bucket=bucket, Key=key)
            store.delete_bucket(Bucket=bucket)

        self.addCleanup(remove)

        def count():
            parts = (store.get_object(Bucket=bucket, Key=key)["Body"].read() for key in objects("out/part-"))
            ids = [json.loads(line)["id"] for part in parts for line in part.splitlines()]
            self.assertEqual(len(ids), len(set(ids)))
            return len(ids)

        server = self.server("s3", STORE)
        options = {**S3_OPTIONS, "endpoint": f"http://{STORE.hostname}:{server.port}", "format": "json"}
        self.live_through(server, count, f"s3('{bucket}/out/?{urllib.parse.urlencode(options)}')")

    # Kafka.

    def topic(self, name, partitions=1):
        admin = confluent_kafka.admin.AdminClient({"bootstrap.servers": KAFKA.netloc})
        admin.create_topics([confluent_kafka.admin.NewTopic(name, partitions, 1)])[name].result(30)

        def remove():
            admin = confluent_kafka.admin.AdminClient({"bootstrap.servers": KAFKA.netloc})
            names = [topic for topic in admin.list_topics(timeout=30).topics if self.mark in topic]
            for future in admin.delete_topics(names).values():
                future.result(30)

        self.addCleanup(remove)
        return name

    def ids_in_kafka(self, topic):
        consumer = confluent_kafka.Consumer({
            "bootstrap.servers": KAFKA.netloc, "group.id": topic, "isolation.level": "read_committed",
            "enable.partition.eof": "true"})  # fmt: skip
        consumer.assign([confluent_kafka.TopicPartition(topic, 0, 0)])
        ids = []
        while message := consumer.poll(20):
            if not message.error():
                ids.append(json.loads(message.value())["id"])
            elif message.error().code() == confluent_kafka.KafkaError._PARTITION_EOF:
                break
        consumer.close()
        self.assertEqual(len(ids), len(set(ids)))
        return len(ids)

    def test_rows_into_kafka(self):
        server = self.server("kafka", KAFKA, rewritten)
        topic = self.topic(f"rows-{self.mark}")
        self.live_through(server, lambda: self.ids_in_kafka(topic), f"kafka('{KAFKA.hostname}:{server.port}/{topic}')")

    def test_a_topic_into_postgresql_while_one_and_then_the_other_is_away(self):
        self.schema()
        source, sink = self.server("kafka", KAFKA, rewritten), self.server("postgresql", POSTGRESQL)
        topic = self.topic(f"rows-{self.mark}", 3)
        producer = confluent_kafka.Producer({"bootstrap.servers": KAFKA.netloc, "enable.idempotence": True})
        self.write("go.sql", f"CREATE STREAM {self.name} WITH (commit_every = '200ms') AS SELECT * FROM "
                   f"kafka('{KAFKA.hostname}:{source.port}/{topic}?schema=id:int64') INSERT INTO "
                   f"postgresql('{self.postgresql_uri(sink, table='target')}');")
        process = self.begin("run", "go.sql")
        num_sent = 0

        def send():
            nonlocal num_sent
            for _ in range(500):
                num_sent += 1
                producer.produce(topic, json.dumps({"id": num_sent}), partition=num_sent % 3)
            producer.flush(30)

        for server in (source, sink, source, sink):
            send()
            self.wait_for(lambda: self.ids_in_postgresql() == num_sent, process)
            server.go_away()
            if server is sink:
                send()  # one that has nothing to do does not notice
                self.wait_for(lambda: self.retries()[-1:], process)
            time.sleep(1)
            server.come_back()
        send()
        self.wait_for(lambda: self.ids_in_postgresql() == num_sent, process)
        wait_until_signals_are_awaited(process)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=60), 0, self.log())
        self.assertRegex(self.log(), f"stopped after {num_sent:,} rows, which are committed")
        self.assertEqual(self.ids_in_postgresql(), num_sent)

    # Changes of a table, from its snapshot on.

    def test_changes_into_files_while_the_database_is_away(self):
        self.schema()
        self.postgresql(f"CREATE TABLE {self.name}.orders (id bigint PRIMARY KEY)")
        self.addCleanup(self.drop_slots)
        self.postgresql(f"INSERT INTO {self.name}.orders SELECT n FROM generate_series(1, 5000) n")
        server = self.server("postgresql", POSTGRESQL)

        def arrived():
            lines = [line for file in self.folder.glob("out/*.json") for line in file.read_text().splitlines()]
            ids = [json.loads(line)["id"] for line in lines]
            self.assertEqual(len(ids), len(set(ids)))
            return len(ids)

        self.write("go.sql", f"CREATE STREAM {self.name} WITH (commit_every = '200ms') AS SELECT id FROM "
                   f"postgresql('{self.postgresql_uri(server, table='orders', cdc='true')}') INSERT INTO "
                   "file('out/?format=json');")
        process = self.begin("run", "go.sql")
        total = 5000
        for _ in range(3):
            self.wait_for(lambda: arrived() == total, process)
            self.outage(server, process)
            # Also while velo has not come back yet.
            self.postgresql(f"INSERT INTO {self.name}.orders SELECT n FROM generate_series({total + 1}, {total + 500}) n")
            total += 500
        self.wait_for(lambda: arrived() == total, process)
        wait_until_signals_are_awaited(process)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=60), 0, self.log())
        self.assertEqual(arrived(), total)
        slots = self.postgresql("SELECT count(*) FROM pg_replication_slots WHERE slot_name ~ %s", self.name)
        self.assertEqual(slots, [(1,)])

    def drop_slots(self):
        for _ in range(50):
            found = self.postgresql("SELECT slot_name, active_pid FROM pg_replication_slots WHERE slot_name ~ %s", self.name)
            for slot, pid in found:
                if pid:
                    self.postgresql("SELECT pg_terminate_backend(%s)", pid)
                else:
                    self.postgresql("SELECT pg_drop_replication_slot(%s)", slot)
            if not found:
                break
            time.sleep(0.1)
        for (name,) in self.postgresql("SELECT pubname FROM pg_publication WHERE pubname ~ %s", self.name):
            self.postgresql(f'DROP PUBLICATION "{name}"')

    # Read whole: it begins anew.

    def proxy(self, at, address=POSTGRESQL, rewrite=None):
        """A server behind a proxy that cuts one connection there."""
        proxy = Proxy(address.hostname, address.port, rewrite)
        self.addCleanup(proxy.close)
        proxy.arm(at)
        return proxy

    def test_a_query_is_read_again_from_the_beginning(self):
        self.schema()
        self.postgresql(f"CREATE TABLE {self.name}.orders AS SELECT n AS id, repeat('x', 100) AS filler FROM "
                        "generate_series(1, 300000) n")
        proxy = self.proxy(Break(20_000_000, to_server=False))
        process = self.begin("copy", f"postgresql://{self.postgresql_uri(proxy, table='orders')}", "out/?format=parquet")
        self.assertEqual(process.wait(timeout=120), 0, self.log())
        self.assertTrue(proxy.disarm())
        self.assertEqual(len(self.retries()), 1)
        self.assertIn("\n300,000 rows, ", self.log())
        done = self.done("run", "-e", "SELECT count(*) AS n, count(DISTINCT id) AS ids FROM file('out/*.parquet')",
                         "--to", "-?format=csv")
        self.assertEqual(done.stdout, "n,ids\n300000,300000\n")
        self.assertFalse((self.folder / "out/_velo").exists())

    # What it says when it gives up, and what it does not try.

    def slow(self, server, *more):
        self.schema()
        address = self.postgresql_uri(server, table="target")
        self.write("go.sql", f"CREATE STREAM {self.name} WITH (commit_every = '200ms') AS SELECT id FROM "
                   f"generate('orders?rows={ROWS}&rate={RATE}') INSERT INTO postgresql('{address}');")
        process = self.begin("run", "go.sql", *more)
        self.wait_for(lambda: self.ids_in_postgresql() > 0, process)
        return process

    def test_giving_up(self):
        server = self.server("postgresql", POSTGRESQL)
        process = self.slow(server, "--retry-for", "2s")
        server.go_away()
        self.assertEqual(process.wait(timeout=60), 1)
        server.come_back()
        self.assertGreater(len(self.retries()), 1)
        self.assertRegex(self.log(), rf"(?ms)^velo: [^\n]*:{server.port}/.*; it was tried again for [2-9]\.\d s, \d+ times$")
        self.done("run", "go.sql")
        self.assertEqual(self.ids_in_postgresql(), ROWS)

    def test_not_trying(self):
        server = self.server("postgresql", POSTGRESQL)
        process = self.slow(server, "--retry-for", "0s")
        server.go_away()
        self.assertEqual(process.wait(timeout=60), 1)
        server.come_back()
        self.assertEqual(self.retries(), [])
        self.assertNotIn("tried again", self.log())

    def test_a_stop_while_the_server_is_away(self):
        for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 0)):
            with self.subTest(number.name):
                self.mark = uuid.uuid4().hex[:10]
                self.name = f"t{self.mark}"
                server = self.server("postgresql", POSTGRESQL)
                process = self.slow(server)
                server.go_away()
                self.wait_for(lambda: len(self.retries()) > 2, process)
                wait_until_signals_are_awaited(process)
                process.send_signal(number)
                begin = time.monotonic()
                self.assertEqual(process.wait(timeout=60), code, self.log())
                self.assertLess(time.monotonic() - begin, 1)
                server.come_back()
                (told,) = re.findall(r"stopped after ([\d,]+) rows, which are committed; run it again", self.log())
                self.assertEqual(int(told.replace(",", "")), self.ids_in_postgresql())

    def test_one_that_cannot_begin_fails_at_once(self):
        begin = time.monotonic()
        self.write("in.csv", "id\n1\n")
        for sink in ("postgresql://me@127.0.0.1:9/db?table=t", "clickhouse://127.0.0.1:9/db?table=t", "kafka://127.0.0.1:9/t"):
            process = self.velo("copy", "in.csv", sink)
            self.assertEqual(process.returncode, 1, process.stderr)
            self.assertNotIn("trying again", process.stderr)
        self.assertLess(time.monotonic() - begin, 60)

    def test_an_answer_to_a_commit_that_is_lost(self):
        for retry_for in ("0s", "1min"):
            with self.subTest(retry_for):
                self.mark = uuid.uuid4().hex[:10]
                self.name = f"t{self.mark}"
                proxy = self.proxy(Break(3, re.compile(rb"\0COMMIT\0"), swallows=True))
                process = self.slow(proxy, "--retry-for", retry_for)
                code = process.wait(timeout=60)
                self.assertTrue(proxy.disarm())
                if retry_for == "0s":
                    self.assertEqual(code, 1, self.log())
                    self.assertIn("no answer to COMMIT; whether it was done is found out", self.log())
                    self.done("run", "go.sql")
                else:
                    self.assertEqual(code, 0, self.log())
                    self.assertEqual(len(self.retries()), 1)
                    self.assertRegex(self.log(), rf"(?m)^{self.name} → .*: {ROWS:,} rows, ")
                self.assertEqual(self.ids_in_postgresql(), ROWS)

    def test_an_answer_to_the_removal_of_a_record_that_is_lost(self):
        """All rows are there: who failed now would be run again, and write them twice. Some clients ask again by themselves."""
        self.write("in.csv", "id\n1\n2\n")

        def removed(sink, proxy, asks_again=True):
            process = self.velo("copy", "in.csv", sink, "--retry-for", "0s")
            self.assertTrue(proxy.disarm())
            self.assertEqual(process.returncode, 0, process.stderr)
            self.assertIn("2 rows, ", process.stderr)
            if asks_again:
                return
            self.assertRegex(process.stderr, r"(?m)^velo: all rows are committed; the record of this run may be left in the sink, "
                             rf"since .*:{proxy.port}.* Run again, it moves what is new and removes the record, where")

        with self.subTest("postgresql"):
            self.schema()
            proxy = self.proxy(Break(2, re.compile(rb"\0DELETE FROM"), swallows=True))
            removed(f"postgresql://{self.postgresql_uri(proxy, table='target')}", proxy, asks_again=False)
            self.assertEqual(self.ids_in_postgresql(), 2)
        with self.subTest("clickhouse"):
            self.clickhouse(f"CREATE DATABASE {self.name}")
            self.addCleanup(self.clickhouse, f"DROP DATABASE {self.name}")
            proxy = self.proxy(Break(1, re.compile(rb"ALTER TABLE [^;]*velo_checkpoint[^;]* DELETE"), swallows=True), CLICKHOUSE)
            login = CLICKHOUSE.netloc.rpartition("@")[0]
            removed(f"clickhouse://{login}@{CLICKHOUSE.hostname}:{proxy.port}/{self.name}?table=target", proxy)
            self.assertEqual(self.clickhouse(f"SELECT count() FROM {self.name}.target"), [(2,)])
        with self.subTest("kafka"):
            topic = self.topic(f"rows-{self.mark}")
            proxy = self.proxy(Break(1, re.compile(rb"\x00\x14\x00[\x00-\x14].{4}\x00\x04velo", re.DOTALL), swallows=True), KAFKA, rewritten)
            removed(f"kafka://{KAFKA.hostname}:{proxy.port}/{topic}", proxy)
            self.assertEqual(self.ids_in_kafka(topic), 2)

    def test_a_server_that_takes_no_more_connections(self):
        self.postgresql(f"CREATE ROLE {self.name} LOGIN PASSWORD 'few' CONNECTION LIMIT 0")
        self.addCleanup(self.postgresql, f"DROP ROLE {self.name}")
        place = f"{self.name}:few@{POSTGRESQL.hostname}:{POSTGRESQL.port}{POSTGRESQL.path}"
        process = self.velo("show", f"postgresql://{place}?query=SELECT+1+AS+id")
        self.assertEqual(process.returncode, 1, process.stderr)
        self.assertIn("too many connections", process.stderr)

    def test_standard_input_is_not_read_again(self):
        self.schema()
        proxy = self.proxy(Break(100_000))
        rows = "".join(f"{number}\n" for number in range(100_000))
        process = self.velo("copy", "-?format=csv", f"postgresql://{self.postgresql_uri(proxy, table='target')}",
                            stdin=f"id\n{rows}")
        self.assertTrue(proxy.disarm())
        self.assertEqual(process.returncode, 1, process.stderr)
        self.assertNotIn("trying again", process.stderr)
        self.assertEqual(self.ids_in_postgresql(), 0)


if __name__ == "__main__":
    unittest.main()
