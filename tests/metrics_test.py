"""/metrics and /healthz of running pipelines, read by Prometheus' own parser: files, Kafka, changes of a table."""

import json
import os
import random
import re
import signal
import socket
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request
import uuid

import psycopg
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic
from prometheus_client.parser import text_string_to_metric_families

from program import SOURCE, VELO, ProgramTest, wait_until_signals_are_awaited

BROKER = urllib.parse.urlsplit(os.environ["VELO_TEST_KAFKA_URI"]).netloc
POSTGRESQL = os.environ["VELO_TEST_POSTGRESQL_URI"]
ENDLESS = "generate://orders?unbounded=true&rate=20000&batch_size=1000"


class Metrics(ProgramTest):
    def serve(self, *arguments):
        """Start velo with metrics; answers the process and the URL that it prints."""
        process = self.start(*arguments, "--metrics-port", "0")
        line = process.stderr.readline()
        url = re.fullmatch(r"metrics at (http://127\.0\.0\.1:\d+)/metrics\n", line)
        self.assertTrue(url, line)
        return process, url[1]

    def get(self, url, status=200):
        try:
            with urllib.request.urlopen(url, timeout=60) as answer:
                code, kind, text = answer.status, answer.headers["Content-Type"], answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                code, kind, text = error.code, error.headers["Content-Type"], error.read().decode()
        self.assertEqual(code, status, text)
        return kind, text

    def families(self, url):
        kind, text = self.get(url + "/metrics")
        self.assertEqual(kind, "text/plain; version=0.0.4; charset=utf-8")
        return {family.name: family for family in text_string_to_metric_families(text)}

    def value(self, url, name, **labels):
        """The one sample of this name with these labels; None where there is none."""
        values = [sample.value for family in self.families(url).values() for sample in family.samples
                  if sample.name == name and labels.items() <= sample.labels.items()]
        self.assertLessEqual(len(values), 1, name)
        return values[0] if values else None

    def stop_at_once(self, process):
        wait_until_signals_are_awaited(process)
        begin = time.monotonic()
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=30), 0, process.stderr.read())
        self.assertLess(time.monotonic() - begin, 2)

    def test_files(self):
        process, url = self.serve("copy", ENDLESS, "out/?format=csv", "--commit-every", "200ms")
        self.wait_for(lambda: (self.value(url, "velo_commits_total") or 0) >= 3, process)
        first = self.families(url)
        self.wait_for(lambda: self.value(url, "velo_commits_total") >= 6, process)
        families = self.families(url)
        self.assertEqual(set(families), set(first))

        def only(name):
            (sample,) = families[name.removesuffix("_total")].samples
            return sample

        rows = only("velo_rows_read_total")
        self.assertEqual(set(rows.labels), {"pipeline", "source", "sink"})
        self.assertRegex(rows.labels["pipeline"], "^run_[0-9a-f]{16}$")
        self.assertIn("generate://orders", rows.labels["source"])
        self.assertIn("out/", rows.labels["sink"])
        self.assertGreaterEqual(rows.value, only("velo_rows_committed_total").value)
        self.assertGreater(only("velo_rows_committed_total").value, 0)
        self.assertGreater(only("velo_bytes_written_total").value, 0)
        self.assertEqual(only("velo_pipeline_running").value, 1)
        self.assertAlmostEqual(only("velo_last_commit_timestamp_seconds").value, time.time(), delta=5)
        histogram = {(s.name, s.labels.get("le")): s.value for s in families["velo_commit_seconds"].samples}
        self.assertEqual(histogram["velo_commit_seconds_count", None], only("velo_commits_total").value)
        self.assertEqual(histogram["velo_commit_seconds_bucket", "+Inf"], histogram["velo_commit_seconds_count", None])
        buckets = [s.value for s in families["velo_commit_seconds"].samples if s.name.endswith("_bucket")]
        self.assertEqual(buckets, sorted(buckets))
        self.assertGreater(histogram["velo_commit_seconds_sum", None], 0)
        self.assertEqual(families["velo_lag_rows"].samples, [])  # nobody knows
        self.assertEqual(only("velo_build_info").labels["version"], self.done("--version").stdout.split()[1])
        memory = int(re.search(r"^VmRSS:\s*(\d+) kB", self.status_of(process), re.MULTILINE)[1]) * 1024
        self.assertAlmostEqual(only("process_resident_memory_bytes").value, memory, delta=memory / 2)
        self.assertAlmostEqual(only("process_start_time_seconds").value, time.time(), delta=60)
        self.assertGreater(only("process_cpu_seconds_total").value, 0)
        self.assertAlmostEqual(only("process_open_fds").value, len(os.listdir(f"/proc/{process.pid}/fd")), delta=5)
        for name in first:
            for before, after in zip(first[name].samples, families[name].samples):
                if families[name].type in ("counter", "histogram"):
                    self.assertLessEqual(before.value, after.value, name)
        self.assertEqual(self.get(url + "/healthz"), ("text/plain; charset=utf-8", "ok\n"))
        self.get(url + "/", status=404)
        self.get(url + "/metrics/more", status=404)
        self.stop_at_once(process)

    def status_of(self, process):
        with open(f"/proc/{process.pid}/status", encoding="utf-8") as status:
            return status.read()

    def test_statements(self):
        self.write("go.sql", "CREATE STREAM first AS SELECT * FROM generate('orders?rows=100') INSERT INTO file('first/?format=csv');\n"
                   "CREATE STREAM second WITH (commit_every = '100ms') AS SELECT * FROM generate('orders?unbounded=true&rate=1000')"
                   " INSERT INTO file('second/?format=csv');\n")
        process, url = self.serve("run", "go.sql")
        self.wait_for(lambda: self.value(url, "velo_commits_total", pipeline="second"), process)
        self.assertEqual(self.value(url, "velo_pipeline_running", pipeline="first"), 0)
        self.assertEqual(self.value(url, "velo_rows_committed_total", pipeline="first"), 100)
        self.assertEqual(self.value(url, "velo_pipeline_running", pipeline="second"), 1)
        self.stop_at_once(process)

    def test_a_file_that_is_watched(self):
        self.write("in/a.json", "".join(json.dumps({"id": n}) + "\n" for n in range(100)))
        process, url = self.serve("copy", "in/*.json?watch=true", "out/?format=csv", "--commit-every", "100ms")
        self.wait_for(lambda: self.value(url, "velo_lag_bytes") == 0, process)
        self.assertEqual(self.value(url, "velo_lag_seconds"), 0)
        with open(self.folder / "in/a.json", "a", encoding="utf-8") as file:
            file.write('{"id": ')  # no whole line: nobody can read it yet
            file.flush()
            self.wait_for(lambda: self.value(url, "velo_lag_bytes") == 7, process)
            self.wait_for(lambda: self.value(url, "velo_lag_seconds") > 2, process)
            file.write("100}\n")
        self.wait_for(lambda: self.value(url, "velo_rows_committed_total") == 101, process)
        self.wait_for(lambda: self.value(url, "velo_lag_bytes") == 0, process)
        self.stop_at_once(process)

    def topic(self):
        name = f"metrics-{uuid.uuid4().hex[:12]}"
        admin = AdminClient({"bootstrap.servers": BROKER})
        admin.create_topics([NewTopic(name, 2, 1)])[name].result()
        self.addCleanup(lambda: admin.delete_topics([name])[name].result())
        return name

    def produce(self, topic, numbers, transactional=False):
        producer = Producer({"bootstrap.servers": BROKER, **({"transactional.id": topic} if transactional else {})})
        if transactional:
            producer.init_transactions()
            producer.begin_transaction()
        for number in numbers:
            producer.produce(topic, json.dumps({"id": number}).encode(), partition=number % 2)
            producer.poll(0)
        if transactional:
            producer.commit_transaction()
        self.assertEqual(producer.flush(30), 0)

    def test_kafka(self):
        topic = self.topic()
        self.produce(topic, range(100_000))
        self.produce(topic, range(100), transactional=True)  # leaves marks behind the messages
        process, url = self.serve("copy", f"kafka://{BROKER}/{topic}?batch_size=100", "out/?format=csv", "--commit-every", "100ms")
        seen = []
        self.wait_for(lambda: seen.append(self.value(url, "velo_lag_rows")) or seen[-1] == 0, process)
        self.assertGreater(max(lag or 0 for lag in seen), 50_000)  # the first that was measured
        self.wait_for(lambda: self.value(url, "velo_rows_committed_total") == 100_100, process)
        self.assertEqual(self.value(url, "velo_lag_seconds"), 0)
        self.produce(topic, range(1000))
        self.wait_for(lambda: self.value(url, "velo_rows_committed_total") == 101_100, process)
        self.wait_for(lambda: self.value(url, "velo_lag_rows") == 0, process)
        self.stop_at_once(process)

    def test_changes(self):
        name = f"metrics_{uuid.uuid4().hex[:10]}"
        session = psycopg.connect(POSTGRESQL, autocommit=True)
        self.addCleanup(session.close)
        for table in (name, f"{name}_sink"):
            session.execute(f"CREATE TABLE {table} (id bigint PRIMARY KEY, name text)")
            self.addCleanup(session.execute, f"DROP TABLE {table}")
        address = POSTGRESQL.removeprefix("postgresql://")
        statement = (f"CREATE TABLE {name} WITH (commit_every = '100ms') AS SELECT id, name FROM "
                     f"postgresql('{address}?table={name}&cdc=true') INSERT INTO postgresql('{address}?table={name}_sink&key=id')")
        self.addCleanup(self.drop_slots, name)  # after the process
        process, url = self.serve("run", "-e", statement)
        self.wait_for(lambda: self.value(url, "velo_lag_bytes") is not None, process)
        with session.transaction():  # the sink waits, and what is read fills the queues
            session.execute(f"LOCK TABLE {name}_sink")
            with psycopg.connect(POSTGRESQL, autocommit=True) as other:
                other.execute(f"INSERT INTO {name} SELECT n, repeat('x', 200) FROM generate_series(1, 400000) n")
            self.wait_for(lambda: self.value(url, "velo_lag_bytes") > 10_000_000, process)
            self.wait_for(lambda: self.value(url, "velo_lag_seconds") > 1, process)
            self.wait_for(lambda: self.value(url, "velo_queue_bytes") > 1_000_000, process)
        self.wait_for(lambda: self.value(url, "velo_rows_committed_total") == 400_000, process)
        self.wait_for(lambda: self.value(url, "velo_lag_bytes") < 65536, process)
        self.assertLess(self.value(url, "velo_lag_seconds"), 60)
        self.stop_at_once(process)

    def test_errors_of_servers(self):
        """What the JSON log says of them."""
        def error(*arguments):
            process = self.velo(*arguments, "--log-format", "json")
            *_, event = (json.loads(line) for line in process.stderr.splitlines())
            self.assertEqual((event["event"], event["exit_code"]), ("error", process.returncode), event)
            return event

        event = error("copy", POSTGRESQL + "?table=no_such_table", "null:")
        self.assertEqual((event["kind"], event["connector"], event["exit_code"]), ("not_found", "postgresql", 2))
        event = error("copy", POSTGRESQL + "?query=" + urllib.parse.quote("SELECT 1/0 AS n"), "null:")
        self.assertEqual((event["vendor_code"], event["connector"]), ("22012", "postgresql"))
        event = error("copy", f"kafka://{BROKER}/no-such-topic-{uuid.uuid4().hex}?schema=id%20int64", "null:", "--once")
        self.assertEqual((event["kind"], event["connector"], event["exit_code"]), ("not_found", "kafka", 2))

    def test_the_older_of_two(self):
        statement = ("CREATE STREAM both WITH (commit_every = '100ms') AS SELECT * FROM "
                     "generate('orders?unbounded=true&rate=1000') INSERT INTO file('out/?format=csv')")
        older = self.start("run", "-e", statement, "--log-format", "json")
        self.wait_for(lambda: any(self.folder.glob("out/*.csv")), older)
        newer = self.start("run", "-e", statement, "--log-format", "json")
        self.assertEqual(older.wait(timeout=60), 1)
        *_, event = (json.loads(line) for line in older.stderr)
        self.assertEqual((event["event"], event["kind"], event["pipeline"], event["exit_code"]), ("error", "fenced", "both", 1))
        newer.kill()

    def drop_slots(self, name):
        with psycopg.connect(POSTGRESQL, autocommit=True) as session:
            session.execute("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name ~ %s", [name])
            for (publication,) in session.execute("SELECT pubname FROM pg_publication WHERE pubname ~ %s", [name]).fetchall():
                session.execute(f'DROP PUBLICATION "{publication}"')

    def test_the_page_names_every_metric(self):
        page = (SOURCE / "docs/guide/observing.md").read_text(encoding="utf-8")
        told = dict(re.findall(r"^\| `((?:velo|process)_\w+)` \| (\w+) \|", page, re.MULTILINE))
        process, url = self.serve("copy", ENDLESS, "null:")
        _, text = self.get(url + "/metrics")
        self.assertEqual(told, dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE)))
        process.kill()

    def test_refused(self):
        self.write("in.csv", "id\n1\n")
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            self.refused(["copy", "in.csv", "out.csv", "--metrics-port", port],
                         f"velo: 127.0.0.1:{port}: metrics cannot be served here: Address already in use; another program has "
                         "this port: --metrics-port=0 takes one that is free")
        self.refused(["copy", "in.csv", "out.csv", "--metrics-port", "0", "--metrics-address", "localhost"],
                     "velo: --metrics-address=localhost: an IPv4 address of this machine is expected, as a number: 127.0.0.1, or "
                     "0.0.0.0 for all")
        process = self.velo("copy", "in.csv", "out.csv", "--metrics-port", "0", "--metrics-address", "192.0.2.1")
        self.assertEqual(process.returncode, 2)
        self.assertIn("Cannot assign requested address", process.stderr)
        for arguments in (["--metrics-port", "70000"], ["--metrics-port", "x"], ["--metrics-address", "127.0.0.1"]):
            self.assertEqual(self.velo("copy", "in.csv", "out.csv", *arguments).returncode, 2)

    def test_everywhere(self):
        process = self.start("copy", ENDLESS, "null:", "--metrics-port", "0", "--metrics-address", "0.0.0.0")
        port = int(re.search(r":(\d+)/metrics", process.stderr.readline())[1])
        self.get(f"http://127.0.0.1:{port}/healthz")
        process.kill()

    def ask(self, port, request):
        """What is answered to these bytes; nothing where the connection is closed."""
        with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
            answer = b""
            try:
                connection.sendall(request)
                connection.shutdown(socket.SHUT_WR)
                while piece := connection.recv(65536):
                    answer += piece
            except OSError:  # hung up on
                pass
            return answer

    def test_garbage(self):
        process, url = self.serve("copy", ENDLESS, "out/?format=csv", "--commit-every", "200ms")
        port = int(url.rsplit(":", 1)[1])
        self.assertTrue(self.ask(port, b"GET /metrics HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 200 "))
        head = self.ask(port, b"HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        self.assertTrue(head.startswith(b"HTTP/1.1 200 ") and head.endswith(b"\r\n\r\n"), head)
        self.assertTrue(self.ask(port, b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc").startswith(b"HTTP/1.1 405 "))
        for request in (b"", b"\r\n\r\n", b"GET", b"GET /" + b"a" * 1_000_000, b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 100_000,
                        b"GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /%00%ff%2e%2e/ HTTP/1.1\r\nHost: x\r\n\r\n",
                        b"\0" * 100_000, b"PUT /x HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999999999999999\r\n\r\n",
                        b"GET /metrics HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"):
            self.assertNotIn(b"root:", self.ask(port, request))
        chance = random.Random(5)
        valid = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\nContent-Length: 0\r\n\r\n"
        for _ in range(300):
            request = bytearray(valid)
            for _ in range(chance.randrange(1, 6)):
                request[chance.randrange(len(request))] = chance.randrange(256)
            del request[chance.randrange(len(request) + 1):]
            self.ask(port, bytes(request) if chance.random() < 0.7 else chance.randbytes(chance.randrange(200)))
        self.wait_for(lambda: self.value(url, "velo_commits_total") > 0, process)
        self.stop_at_once(process)

    def test_slow_clients(self):
        process, url = self.serve("copy", ENDLESS, "out/?format=csv", "--commit-every", "200ms")
        port = int(url.rsplit(":", 1)[1])
        clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(40)]
        for client in clients:
            client.sendall(b"GET /metr")
        commits = self.value(url, "velo_commits_total")  # it waits for its turn
        self.wait_for(lambda: self.value(url, "velo_commits_total") > commits, process)
        clients += [socket.create_connection(("127.0.0.1", port)) for _ in range(8)]
        self.stop_at_once(process)
        for client in clients:
            client.close()


if __name__ == "__main__":
    unittest.main()
