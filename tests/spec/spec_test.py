"""The statements and programs of the specification, as they stand there, on real servers."""

import json
import os
import signal
import subprocess
import time
import unittest
import urllib.parse

import clickhouse_connect
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from program import SOURCE, VELO, ProgramTest

STATEMENTS = SOURCE / "tests/spec"

# A root that is this one, but for /data/uploads: the folder named first.
IN_UPLOADS = r"""
set -eu
uploads=$1 here=$PWD root=$(mktemp -d)
shift
mount -t tmpfs tmpfs "$root"
for entry in /*; do
  if [ "$entry" = /data ]; then continue
  elif [ -L "$entry" ]; then cp -P "$entry" "$root$entry"
  elif [ -d "$entry" ]; then mkdir "$root$entry"; mount --rbind "$entry" "$root$entry"
  fi
done
mkdir -p "$root/data/uploads"
mount --bind "$uploads" "$root/data/uploads"
exec chroot "$root" sh -c 'cd "$0" && exec "$@"' "$here" "$@"
"""


class Spec(ProgramTest):
    def setUp(self):
        super().setUp()
        clickhouse = urllib.parse.urlsplit(os.environ["VELO_TEST_CLICKHOUSE_URI"])
        self.clickhouse = clickhouse_connect.get_client(
            host=clickhouse.hostname, port=clickhouse.port, username=clickhouse.username, password=clickhouse.password)
        self.addCleanup(self.clickhouse.close)
        # Who they are, by the systems' own variables.
        self.environment = {**os.environ, "CLICKHOUSE_USER": clickhouse.username,
                            "CLICKHOUSE_PASSWORD": clickhouse.password}

    def start(self, *command):
        process = subprocess.Popen(list(map(str, command)), cwd=self.folder, stderr=subprocess.PIPE, text=True,
                                   env=self.environment)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def wait_for(self, condition, process):
        end = time.monotonic() + 60
        while not condition():
            self.assertLess(time.monotonic(), end, "waited for too long")
            if process.poll() is not None:
                self.fail(process.stderr.read())
            time.sleep(0.1)

    def stop(self, process):
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=60), 0, process.stderr.read())

    def warehouse(self):
        self.clickhouse.command("DROP DATABASE IF EXISTS warehouse SYNC")
        self.clickhouse.command("CREATE DATABASE warehouse")
        self.addCleanup(self.clickhouse.command, "DROP DATABASE warehouse SYNC")

    def ids(self, table):
        if not self.clickhouse.command(f"EXISTS warehouse.{table}"):
            return []
        return [id for (id,) in self.clickhouse.query(f"SELECT id FROM warehouse.{table} ORDER BY id").result_rows]

    def new_topic(self, name):
        admin = AdminClient({"bootstrap.servers": "localhost:9092"})
        if name in admin.list_topics(timeout=30).topics:  # of a run that was killed
            admin.delete_topics([name])[name].result(30)
            time.sleep(1)
        admin.create_topics([NewTopic(name, 2, 1)])[name].result(30)
        self.addCleanup(lambda: admin.delete_topics([name])[name].result(30))

    def produce(self, topic, begin, end):
        producer = Producer({"bootstrap.servers": "localhost:9092"})
        for id in range(begin, end):
            producer.produce(topic, json.dumps({"id": id, "kind": "view" if id % 4 else "buy", "total": id / 4}),
                             partition=id % 2)
        producer.flush(30)

    def test_analytics(self):
        self.warehouse()
        self.new_topic("events")
        self.produce("events", 0, 100)
        process = self.start(VELO, "run", STATEMENTS / "analytics.sql")
        self.wait_for(lambda: len(self.ids("events")) == 100, process)
        self.produce("events", 100, 150)
        time.sleep(1)
        self.stop(process)  # which commits what was read
        self.assertEqual(self.ids("events"), list(range(150)))
        self.produce("events", 150, 200)
        # A program of the same name goes on where the statement was.
        process = self.start(os.environ["VELO_MOVE_EVENTS"], "exactly_once")
        self.wait_for(lambda: len(self.ids("events")) >= 200, process)
        process.kill()
        process.wait()
        self.assertEqual(self.ids("events"), list(range(200)))
        rows = self.clickhouse.query("SELECT id, kind, total FROM warehouse.events WHERE id < 2 ORDER BY id").result_rows
        self.assertEqual(rows, [(0, "buy", 0.0), (1, "view", 0.25)])

    def test_the_simple_program(self):
        self.warehouse()
        self.new_topic("events")
        self.produce("events", 0, 100)
        process = self.start(os.environ["VELO_MOVE_EVENTS"])
        end = 100

        def all_but_the_last_are_there():
            nonlocal end
            self.produce("events", end, end + 1)  # the topic goes on
            end += 1
            return self.ids("events")[:100] == list(range(100))

        self.wait_for(all_but_the_last_are_there, process)

    def test_file_monitor(self):
        self.warehouse()
        uploads = self.folder / "uploads"
        uploads.mkdir()

        def upload(name, begin, end):
            with open(uploads / name, "a", encoding="utf-8") as file:
                file.writelines(json.dumps({"id": id, "name": f"n{id}"}) + "\n" for id in range(begin, end))

        upload("a.json", 0, 10)
        as_user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        process = self.start("unshare", "--mount", *as_user, "sh", "-c", IN_UPLOADS, "in_uploads", uploads,
                             VELO, "run", STATEMENTS / "file_monitor.sql")
        self.wait_for(lambda: len(self.ids("uploads")) == 10, process)
        upload("a.json", 10, 20)
        upload("b.json", 20, 30)
        time.sleep(3)
        self.stop(process)  # which commits what was read
        self.assertEqual(self.ids("uploads"), list(range(30)))


if __name__ == "__main__":
    unittest.main()
