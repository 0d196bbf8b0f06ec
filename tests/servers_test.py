"""Each server of dev/servers keeps what a client of others writes, and gives it back."""

import os
import pathlib
import subprocess
import unittest
import urllib.parse
import uuid

import boto3
import clickhouse_connect
import confluent_kafka
import confluent_kafka.admin
import psycopg
import pyarrow
from pyiceberg.catalog.rest import RestCatalog

SERVERS = pathlib.Path(os.environ["VELO_SOURCE_DIR"]) / "dev/servers"
ROWS = [(1, "first"), (2, "naïve ☃"), (3, None)]


def server(name):
    """The parts of a server's URI, and its options."""
    parts = urllib.parse.urlsplit(os.environ[f"VELO_TEST_{name}_URI"])
    return parts, dict(urllib.parse.parse_qsl(parts.query))


def new_name():
    """The name of a table, topic or prefix that no other run has."""
    return f"servers_test_{uuid.uuid4().hex}"


class Servers(unittest.TestCase):
    def test_postgresql(self):
        with psycopg.connect(os.environ["VELO_TEST_POSTGRESQL_URI"], autocommit=True) as session:
            name = new_name()
            session.execute(f"CREATE TABLE {name} (id bigint PRIMARY KEY, name text)")
            self.addCleanup(self.drop_from_postgresql, name)
            with session.cursor().copy(f"COPY {name} FROM STDIN") as copy:
                for row in ROWS:
                    copy.write_row(row)
            self.assertEqual(session.execute(f"SELECT * FROM {name} ORDER BY id").fetchall(), ROWS)
            self.assertEqual(session.execute("SHOW wal_level").fetchone(), ("logical",))

    def drop_from_postgresql(self, name):
        with psycopg.connect(os.environ["VELO_TEST_POSTGRESQL_URI"], autocommit=True) as session:
            session.execute(f"DROP TABLE {name}")

    def test_a_server_of_the_users_is_never_killed(self):
        given = {**os.environ, "VELO_TEST_POSTGRESQL_URI": "postgresql://127.0.0.1:1/theirs"}
        done = subprocess.run([SERVERS, "kill", "postgresql"], env=given, capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("postgresql was not started by `dev/servers up` of this checkout, and is not killed", done.stderr)
        self.test_postgresql()

    def test_clickhouse(self):
        parts, _ = server("CLICKHOUSE")
        client = clickhouse_connect.get_client(
            host=parts.hostname, port=parts.port, username=parts.username, password=parts.password
        )
        self.addCleanup(client.close)
        name = new_name()
        client.command(f"CREATE TABLE {name} (id Int64, name Nullable(String)) ENGINE = MergeTree ORDER BY id")
        self.addCleanup(client.command, f"DROP TABLE {name}")
        client.insert(name, ROWS, column_names=["id", "name"])
        self.assertEqual(client.query(f"SELECT * FROM {name} ORDER BY id").result_rows, ROWS)

    def test_kafka(self):
        parts, _ = server("KAFKA")
        brokers = {"bootstrap.servers": parts.netloc}
        topic = new_name()
        admin = confluent_kafka.admin.AdminClient(brokers)
        admin.create_topics([confluent_kafka.admin.NewTopic(topic, 1, 1)])[topic].result(30)
        self.addCleanup(lambda: admin.delete_topics([topic])[topic].result(30))
        producer = confluent_kafka.Producer({**brokers, "transactional.id": topic})
        producer.init_transactions(60)
        producer.begin_transaction()
        for id, name in ROWS:
            producer.produce(topic, key=str(id), value=name)
        producer.commit_transaction(60)
        consumer = confluent_kafka.Consumer(
            {**brokers, "group.id": topic, "auto.offset.reset": "earliest", "isolation.level": "read_committed"}
        )
        self.addCleanup(consumer.close)
        consumer.subscribe([topic])
        messages = consumer.consume(len(ROWS), 60)
        values = [(int(message.key()), message.value() and message.value().decode()) for message in messages]
        self.assertEqual(values, ROWS)

    def test_s3(self):
        parts, options = server("S3")
        client = boto3.client(
            "s3",
            endpoint_url=options["endpoint"],
            region_name=options["region"],
            aws_access_key_id=options["access_key_id"],
            aws_secret_access_key=options["secret_access_key"],
        )
        self.addCleanup(client.close)
        place = {"Bucket": parts.netloc, "Key": f"{new_name()}/one.txt"}
        client.put_object(**place, Body=b"first", IfNoneMatch="*")
        self.addCleanup(client.delete_object, **place)
        with self.assertRaisesRegex(client.exceptions.ClientError, "PreconditionFailed"):
            client.put_object(**place, Body=b"second", IfNoneMatch="*")
        self.assertEqual(client.get_object(**place)["Body"].read(), b"first")

    def test_iceberg(self):
        _, options = server("ICEBERG")
        _, store = server("ICEBERG_STORE")
        catalog = RestCatalog(
            "velo",
            **{
                "uri": options["catalog_uri"],
                "s3.endpoint": store["endpoint"],
                "s3.region": store["region"],
                "s3.access-key-id": store["access_key_id"],
                "s3.secret-access-key": store["secret_access_key"],
            },
        )
        namespace = new_name()
        catalog.create_namespace(namespace)
        self.addCleanup(catalog.drop_namespace, namespace)
        rows = pyarrow.table({"id": [row[0] for row in ROWS], "name": [row[1] for row in ROWS]})
        table = catalog.create_table(f"{namespace}.rows", rows.schema)
        self.addCleanup(catalog.purge_table, f"{namespace}.rows")
        table.append(rows)
        self.assertEqual(catalog.load_table(f"{namespace}.rows").scan().to_arrow().to_pylist(), rows.to_pylist())


if __name__ == "__main__":
    unittest.main()
