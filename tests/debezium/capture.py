"""Makes wrapped.tsv.gz and bare.tsv.gz anew: what Debezium itself says of some changes. README.md says how it is called."""

import gzip
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.parse

import psycopg

HERE = pathlib.Path(__file__).parent
SERVER = urllib.parse.urlsplit(os.environ["VELO_TEST_POSTGRESQL_URI"])
SCHEMA = "debezium_golden"
TABLE = """CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE everything (id int PRIMARY KEY, s smallint NOT NULL, b bigint, r real, d double precision, n numeric(12,2),
 wide numeric(38,10), flag boolean, t text, v varchar(20), c char(4), bytes bytea, day date, tm time, tm3 time(3), ts timestamp,
 ts3 timestamp(3), tz timestamptz, u uuid, j json, jb jsonb, m mood, tags text[], nums int[]);
ALTER TABLE everything ALTER t SET STORAGE EXTERNAL;
INSERT INTO everything (id, s) VALUES (1, 0), (2, 2)"""
CHANGES = [
    "UPDATE everything SET n = 0.01 WHERE id = 1",
    "TRUNCATE everything",
    """INSERT INTO everything VALUES
 (-2147483648, -32768, -9223372036854775808, -1.5, 5e-324, -9999999999.99, '-9999999999999999999999999999.9999999999', false, '',
  'ö', 'ab', '\\x00ff', '0001-01-01', '00:00', '00:00:00.001', '0001-01-01', '1969-12-31 23:59:59.999',
  '1970-01-01 00:00:00.000001+00', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{"a": 1}', '{"b": [null]}', 'sad', '{}', '{1,NULL}'),
 (2147483647, 32767, 9223372036854775807, 3.4028235e38, 1.7976931348623157e308, 9999999999.99,
  '9999999999999999999999999999.9999999999', true, repeat('naïve ☃ ', 300), 'v', 'wxyz', '\\x', '9999-12-31', '23:59:59.999999',
  '23:59:59.999', '9999-12-31 23:59:59.999999', '2026-11-23 12:00:00.5', '2026-11-23 12:00:00.5+02',
  'ffffffff-ffff-ffff-ffff-ffffffffffff', 'null', '"text"', 'ok', '{a,"b,c"}', NULL)""",
    "INSERT INTO everything (id, s) VALUES (7, 7), (8, 8)",
    "UPDATE everything SET s = 1 WHERE id = 2147483647",
    "UPDATE everything SET id = 9, n = 1 WHERE id = 7",
    "DELETE FROM everything WHERE id = 8",
    "ALTER TABLE everything REPLICA IDENTITY FULL",
    "UPDATE everything SET n = NULL, flag = true WHERE id = -2147483648",
]
NUM_MESSAGES = 15  # two of the snapshot, eleven changes, two tombstones
PROPERTIES = {
    "name": "capture",
    "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
    "offset.storage": "org.apache.kafka.connect.storage.MemoryOffsetBackingStore",
    "database.hostname": SERVER.hostname,
    "database.port": SERVER.port,
    "database.user": SERVER.username or "",
    "database.password": SERVER.password or "",
    "database.dbname": SERVER.path.strip("/"),
    "topic.prefix": "shop",
    "plugin.name": "pgoutput",
    "schema.include.list": SCHEMA,
    "slot.name": SCHEMA,
    "slot.drop.on.stop": "true",
    "publication.name": SCHEMA,
    "publication.autocreate.mode": "filtered",
    "skipped.operations": "none",
}


def num_lines(path):
    return path.read_text(encoding="utf-8").count("\n") if path.exists() else 0


def wait_for_lines(path, number):
    end = time.monotonic() + 60
    while num_lines(path) < number:
        if time.monotonic() > end:
            sys.exit(f"{path.name}: {num_lines(path)} of {number} messages")
        time.sleep(0.2)


def capture(session, libraries, name, **more):
    session.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE; CREATE SCHEMA {SCHEMA}; SET search_path = {SCHEMA}")
    session.execute(TABLE)
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, name)
        properties = PROPERTIES | {key.replace("_", "."): value for key, value in more.items()}
        process = subprocess.Popen(["java", "-cp", f"{libraries}/*", HERE / "Capture.java", path,
                                    *[f"{key}={value}" for key, value in properties.items()]], stdout=subprocess.DEVNULL)
        wait_for_lines(path, 2)
        time.sleep(3)  # until it streams
        for statement in CHANGES:
            session.execute(statement)
        wait_for_lines(path, NUM_MESSAGES)
        path.with_name(name + ".stop").touch()
        process.wait(60)
        (HERE / f"{name}.tsv.gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))
    session.execute(f"DROP SCHEMA {SCHEMA} CASCADE; DROP PUBLICATION {SCHEMA}")


def main():
    with psycopg.connect(os.environ["VELO_TEST_POSTGRESQL_URI"], autocommit=True) as session:
        session.execute("SET timezone = 'UTC'")
        capture(session, sys.argv[1], "wrapped")
        capture(session, sys.argv[1], "bare", converter_schemas_enable="false", decimal_handling_mode="string",
                time_precision_mode="adaptive_time_microseconds")


if __name__ == "__main__":
    main()
