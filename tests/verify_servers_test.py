"""`velo verify` between systems: what velo has written into them is equal, and what is done to it there is found."""

import json
import os
import unittest
import urllib.parse
import uuid

import clickhouse_connect
import psycopg
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from program import ProgramTest

POSTGRESQL = os.environ["VELO_TEST_POSTGRESQL_URI"]
CLICKHOUSE = urllib.parse.urlsplit(os.environ["VELO_TEST_CLICKHOUSE_URI"])
BROKER = urllib.parse.urlsplit(os.environ["VELO_TEST_KAFKA_URI"]).netloc
ROWS = 100_000
ORDERS = f"generate://orders?rows={ROWS}&seed=7"


class VerifyServers(ProgramTest):
    def setUp(self):
        super().setUp()
        self.mark = f"velo_{uuid.uuid4().hex[:12]}"

    def verified(self, *arguments, equal, **more):
        process = self.velo("verify", *arguments, "--json", **more)
        self.assertEqual(process.returncode, 0 if equal else 2, process.stderr)
        found = json.loads(process.stdout)
        self.assertEqual(found["equal"], equal, process.stdout)
        return found

    def postgresql(self):
        """A session in a schema of its own, and the URI of a table there."""
        session = psycopg.connect(POSTGRESQL, autocommit=True)
        self.addCleanup(session.close)
        session.execute(f"CREATE SCHEMA {self.mark}")
        self.addCleanup(session.execute, f"DROP SCHEMA {self.mark} CASCADE")
        session.execute(f"SET search_path = {self.mark}")
        return session, lambda table: f"{POSTGRESQL}?schema={self.mark}&table={table}"

    def clickhouse(self):
        server = dict(host=CLICKHOUSE.hostname, port=CLICKHOUSE.port, username=CLICKHOUSE.username,
                      password=CLICKHOUSE.password)
        outside = clickhouse_connect.get_client(**server)
        self.addCleanup(outside.close)
        outside.command(f"CREATE DATABASE {self.mark}")
        self.addCleanup(outside.command, f"DROP DATABASE {self.mark}")
        session = clickhouse_connect.get_client(database=self.mark, **server)
        self.addCleanup(session.close)
        return session, lambda table: CLICKHOUSE._replace(path=f"/{self.mark}", query=f"table={table}").geturl()

    def test_rows_in_postgresql(self):
        session, uri = self.postgresql()
        sink = uri("orders")
        self.done("copy", ORDERS, sink)
        found = self.verified(ORDERS, sink + "&key=id", "--key", "id", equal=True)
        self.assertEqual((found["source"]["rows"], found["sink"]["rows"]), (ROWS, ROWS))
        self.assertNotIn(urllib.parse.urlsplit(POSTGRESQL).password, json.dumps(found))

        changes = {
            "missing": ("DELETE FROM orders WHERE id = 4711", 4711),
            "extra": ("INSERT INTO orders SELECT -1, customer_id, product, quantity, price, total, status, country, "
                      "ordered_at FROM orders WHERE id = 1", -1),
            "changed": ("UPDATE orders SET ordered_at = ordered_at + interval '1 microsecond' WHERE id = 99999", 99999),
            "repeated": ("INSERT INTO orders SELECT * FROM orders WHERE id = 50000", 50000),
        }
        for statement, _ in changes.values():
            session.execute(statement)
        found = self.verified(ORDERS, sink, "--key", "id", equal=False)
        self.assertEqual(found["differences"], {**dict.fromkeys(changes, 1), "all_counted": True})
        self.assertEqual({row["difference"]: int(row["key"]["id"]) for row in found["rows"]},
                         {kind: id for kind, (_, id) in changes.items()})
        [changed] = [row for row in found["rows"] if row["difference"] == "changed"]
        self.assertEqual(list(changed["source"]), ["ordered_at"])
        self.assertEqual(len(found["ranges"]), 4)
        self.verified(ORDERS, sink, "--where", "id BETWEEN 1 AND 4000", equal=True)
        self.verified(ORDERS, sink, "--key", "id", "--columns", "product,total", "--where", "id > 60000", equal=True)

    def test_numbers_times_and_texts_in_postgresql(self):
        session, uri = self.postgresql()
        session.execute("""
            CREATE TABLE one (id int, price numeric(20,4), real8 double precision, moment timestamptz, wall timestamp,
                              day date, flag boolean, name text, data bytea);
            INSERT INTO one VALUES
              (1, 12.5, 0.1, '2026-11-22 12:00:00.123456+02', '2026-01-02 03:04:05', '2026-01-02', true, '', '\\x00ff'),
              (2, -9999999999999999.9999, 'NaN', '0001-01-01 00:00:00Z', '9999-12-31 23:59:59.999999', '0001-01-01', false,
               'naïve ☃ 語', ''),
              (3, 0, '-infinity', '2026-11-22 12:00:00Z', '2026-01-02 00:00:00', '9999-12-31', true, E'a\\tb\\n"c\\\\', '\\x41'),
              (4, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
            CREATE TABLE other (id text, price numeric(30,10), real8 numeric, moment timestamptz(6), wall timestamp,
                                day text, flag boolean, name varchar(40), data bytea);
            INSERT INTO other SELECT id::text, price, CASE WHEN id = 1 THEN 0.10 END, moment, wall, day::text, flag, name, data
              FROM one""")
        self.done("copy", uri("one"), "one.parquet")
        self.verified("one.parquet", uri("one"), equal=True)
        query = f"SELECT id, price, moment, wall, day, flag, name, data FROM postgresql('{uri('one')}')"
        self.done("run", "-e", query, "--to", "one.json")
        self.verified(uri("one"), "one.json?schema=id int64, price decimal(20,4), real8 double, moment text, wall text, day "
                      "text, flag bool, name text, data text", "--columns", "id,price,moment,wall,day,flag,name,data", equal=True)
        self.assertEqual(self.rows_of("one", "other", uri, "id,price,moment,wall,day,flag,name,data"), [])
        self.assertEqual(self.rows_of("one", "other", uri, "real8", "--where", "id = '1'"), [])
        session.execute("UPDATE other SET name = NULL WHERE id = '1'; UPDATE other SET price = price + 0.0000000001 WHERE id = '3';"
                        "UPDATE other SET moment = moment + interval '1 us' WHERE id = '2'")
        self.assertEqual(
            self.rows_of("one", "other", uri, "price,moment,wall,day,flag,name,data"),
            [("1", {"name": ""}, {"name": None}),
             ("2", {"moment": "0001-01-01 00:00:00.000000Z"}, {"moment": "0001-01-01 00:00:00.000001Z"}),
             ("3", {"price": "0.0000"}, {"price": "1E-10"})])

    def rows_of(self, one, other, uri, columns, *more):
        process = self.velo("verify", uri(one), uri(other), "--key=id", "--columns", columns, "--json", *more)
        found = json.loads(process.stdout)
        return [(row["key"]["id"], row["source"], row["sink"]) for row in found["rows"]]

    def test_clickhouse_hides_what_it_keeps_beside_the_rows(self):
        session, uri = self.clickhouse()
        self.done("copy", ORDERS, uri("orders"))
        self.assertIn("_velo", str(session.query("DESCRIBE orders").result_rows))
        found = self.verified(ORDERS, uri("orders"), equal=True)
        self.assertEqual(found["not_compared"], [])
        session.command("ALTER TABLE orders DELETE WHERE id = 17 SETTINGS mutations_sync = 2")
        found = self.verified(ORDERS, uri("orders"), "--key=id", equal=False)
        self.assertEqual([row["key"]["id"] for row in found["rows"]], ["17"])

    def test_a_topic_as_it_is_now(self):
        admin = AdminClient({"bootstrap.servers": BROKER})
        self.addCleanup(lambda: [future.result() for future in admin.delete_topics([self.mark]).values()])
        for future in admin.create_topics([NewTopic(self.mark, 3, 1)]).values():
            future.result()
        self.done("copy", "generate://orders?rows=5000", f"kafka://{BROKER}/{self.mark}")
        self.verified("generate://orders?rows=5000", f"kafka://{BROKER}/{self.mark}", "--key", "id", equal=True)
        producer = Producer({"bootstrap.servers": BROKER})
        producer.produce(self.mark, '{"id": 5001, "product": "stray"}')
        self.assertEqual(producer.flush(30), 0)
        found = self.verified("generate://orders?rows=5000", f"kafka://{BROKER}/{self.mark}", "--key", "id", equal=False)
        self.assertEqual([(row["difference"], row["key"]["id"]) for row in found["rows"]], [("extra", "5001")])

    def test_between_two_servers(self):
        _, from_uri = self.postgresql()
        _, to_uri = self.clickhouse()
        self.done("copy", "generate://orders?rows=20000", from_uri("orders"))
        self.done("copy", from_uri("orders"), to_uri("orders"))
        self.verified(from_uri("orders"), to_uri("orders"), "--key", "id", equal=True)


if __name__ == "__main__":
    unittest.main()
