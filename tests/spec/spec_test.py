"""The statements and programs of the specification, as they stand there, on real servers."""

import io
import json
import os
import pathlib
import time
import unittest
import urllib.parse

import boto3
import clickhouse_connect
import psycopg
import pyarrow
import pyarrow.parquet
from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from pyiceberg.catalog.rest import RestCatalog

from program import SOURCE, ProgramTest

STATEMENTS = SOURCE / "tests/spec"

# A root that is this one, but for /data/uploads: the folder named first.
IN_UPLOADS = r"""
set -eu
uploads=$1 here=$PWD root=$(mktemp -d)
shift
mount -t tmpfs tmpfs "$root"
mount --make-private "$root"
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
        self.environment = {"CLICKHOUSE_USER": clickhouse.username, "CLICKHOUSE_PASSWORD": clickhouse.password}

    def warehouse(self):
        self.clickhouse.command("DROP DATABASE IF EXISTS warehouse SYNC")
        self.clickhouse.command("CREATE DATABASE warehouse")
        self.addCleanup(self.clickhouse.command, "DROP DATABASE warehouse SYNC")

    def ids(self, table):
        if not self.clickhouse.command(f"EXISTS warehouse.{table}"):
            return []
        return [id for (id,) in self.clickhouse.query(f"SELECT id FROM warehouse.{table} ORDER BY id").result_rows]

    def drop_topic(self, name):
        """One that a run that was killed has left."""
        admin = AdminClient({"bootstrap.servers": "localhost:9092"})
        if name in admin.list_topics(timeout=30).topics:
            admin.delete_topics([name])[name].result(30)
            time.sleep(1)

    def new_topic(self, name):
        self.drop_topic(name)
        admin = AdminClient({"bootstrap.servers": "localhost:9092"})
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
        process = self.start("run", STATEMENTS / "analytics.sql", environment=self.environment)
        self.wait_for(lambda: len(self.ids("events")) == 100, process)
        self.produce("events", 100, 150)
        time.sleep(1)
        self.stop(process)  # which commits what was read
        self.assertEqual(self.ids("events"), list(range(150)))
        self.produce("events", 150, 200)
        # A program of the same name goes on where the statement was.
        process = self.start("exactly_once", program=os.environ["VELO_MOVE_EVENTS"], environment=self.environment)
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
        process = self.start(program=os.environ["VELO_MOVE_EVENTS"], environment=self.environment)
        end = 100

        def all_but_the_last_are_there():
            nonlocal end
            self.produce("events", end, end + 1)  # the topic goes on
            end += 1
            return self.ids("events")[:100] == list(range(100))

        self.wait_for(all_but_the_last_are_there, process)

    def test_orders_stream(self):
        server = urllib.parse.urlsplit(os.environ["VELO_TEST_POSTGRESQL_URI"])
        self.environment |= {"PGUSER": server.username, "PGPASSWORD": server.password}
        with psycopg.connect(os.environ["VELO_TEST_POSTGRESQL_URI"], autocommit=True) as session:
            session.execute("DROP DATABASE IF EXISTS shop WITH (FORCE)")
            session.execute("CREATE DATABASE shop")
        shop = psycopg.connect(server._replace(path="/shop").geturl(), autocommit=True)
        self.addCleanup(shop.close)
        shop.execute("CREATE TABLE orders (id bigint PRIMARY KEY, total numeric(10, 2))")
        shop.execute("INSERT INTO orders SELECT n, n * 1.25 FROM generate_series(1, 10) AS n")
        for topic in ("orders-events", "velo_checkpoint-orders_stream"):
            self.drop_topic(topic)
        process = self.start("run", STATEMENTS / "orders_stream.sql", environment=self.environment)
        self.wait_for(lambda: len(self.messages("orders-events")) == 10, process)
        shop.execute("UPDATE orders SET total = 7 WHERE id = 1")
        shop.execute("DELETE FROM orders WHERE id = 2")
        shop.execute("INSERT INTO orders VALUES (11, 0.5)")
        self.wait_for(lambda: len(self.messages("orders-events")) == 13, process)
        self.stop(process)
        changes = [(row["_op"], row["id"]) for row in self.messages("orders-events")]
        self.assertEqual(sorted(changes[:10]), [("r", id) for id in range(1, 11)])
        self.assertEqual(changes[10:], [("u", 1), ("d", 2), ("c", 11)])
        self.assertEqual(float(self.messages("orders-events")[10]["total"]), 7)
        for (slot,) in shop.execute("SELECT slot_name FROM pg_replication_slots WHERE database = 'shop'").fetchall():
            shop.execute("SELECT pg_drop_replication_slot(%s)", (slot,))

    def messages(self, topic):
        """What is committed, of all partitions."""
        consumer = Consumer({"bootstrap.servers": "localhost:9092", "group.id": "spec_test",
                             "isolation.level": "read_committed", "enable.partition.eof": True})
        try:
            partitions = [TopicPartition(topic, number, OFFSET_BEGINNING)
                          for number in consumer.list_topics(topic, 30).topics[topic].partitions]
            consumer.assign(partitions)
            rows, ended = [], 0
            while ended < len(partitions):
                message = consumer.poll(30)
                if message.error():
                    ended += 1
                else:
                    rows.append(json.loads(message.value()))
            return rows
        finally:
            consumer.close()

    def test_data_lake(self):
        store = urllib.parse.urlsplit(os.environ["VELO_TEST_S3_URI"])
        options = dict(urllib.parse.parse_qsl(store.query))
        keys = {"aws_access_key_id": options["access_key_id"], "aws_secret_access_key": options["secret_access_key"]}
        s3 = boto3.client("s3", endpoint_url=options["endpoint"], region_name=options["region"], **keys)
        if not any(bucket["Name"] == "data-lake" for bucket in s3.list_buckets()["Buckets"]):
            s3.create_bucket(Bucket="data-lake")
        for found in s3.list_objects_v2(Bucket="data-lake").get("Contents", []):
            s3.delete_object(Bucket="data-lake", Key=found["Key"])
        for part in range(3):
            file = io.BytesIO()
            ids = list(range(part * 100, part * 100 + 100))
            pyarrow.parquet.write_table(pyarrow.table({"id": ids, "name": [f"n{id}" for id in ids]}), file)
            s3.put_object(Bucket="data-lake", Key=f"raw/{part}.parquet", Body=file.getvalue())
        address = os.environ["VELO_TEST_ICEBERG_URI"]
        catalog_uri = urllib.parse.parse_qs(urllib.parse.urlsplit(address).query)["catalog_uri"][0]
        catalog = RestCatalog("spec", uri=catalog_uri, **{
            "s3.endpoint": options["endpoint"], "s3.region": options["region"],
            "s3.access-key-id": options["access_key_id"], "s3.secret-access-key": options["secret_access_key"]})
        catalog.create_namespace_if_not_exists("analytics")
        if catalog.table_exists("analytics.processed_events"):
            catalog.drop_table("analytics.processed_events")
        self.environment |= {name.upper(): value for name, value in keys.items()} | {
            "AWS_ENDPOINT_URL": options["endpoint"], "AWS_REGION": options["region"]}
        self.write("velo.toml", f'[connections.catalog]\nuri = "iceberg://catalog?catalog_uri={catalog_uri}"\n')
        for _ in range(2):
            process = self.start("run", STATEMENTS / "data_lake.sql", environment=self.environment)
            self.assertEqual(process.wait(timeout=60), 0, process.stderr.read())
            rows = catalog.load_table("analytics.processed_events").scan().to_arrow()
            self.assertEqual(sorted(rows["id"].to_pylist()), list(range(300)))

    def test_file_monitor(self):
        self.warehouse()
        uploads = self.folder / "uploads"
        uploads.mkdir()

        def upload(name, begin, end):
            with open(uploads / name, "a", encoding="utf-8") as file:
                file.writelines(json.dumps({"id": id, "name": f"n{id}"}) + "\n" for id in range(begin, end))

        upload("a.json", 0, 10)
        as_user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        # In a chroot no mount is at "/", and unshare could not make that one private.
        mounts = pathlib.Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
        if not any(mount.split()[4] == "/" for mount in mounts):
            as_user += ["--propagation", "unchanged"]
        process = self.start("run", STATEMENTS / "file_monitor.sql", environment=self.environment,
                             prefix=("unshare", "--mount", *as_user, "sh", "-c", IN_UPLOADS, "in_uploads", uploads))
        self.wait_for(lambda: len(self.ids("uploads")) == 10, process)
        upload("a.json", 10, 20)
        upload("b.json", 20, 30)
        time.sleep(3)
        self.stop(process)  # which commits what was read
        self.assertEqual(self.ids("uploads"), list(range(30)))


if __name__ == "__main__":
    unittest.main()
