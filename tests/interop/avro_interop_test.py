"""Avro files of fastavro read by velo, and those of velo read by fastavro and Polars."""

import datetime
import decimal
import io
import json
import os
import pathlib
import unittest
import urllib.parse
import uuid

import boto3
import fastavro
import polars
import pyarrow
import pyarrow.parquet
from program import ProgramTest

CODECS = ["null", "deflate", "snappy", "zstandard", "bzip2"]
WRITTEN = {"none": "null", "deflate": "deflate", "snappy": "snappy", "zstd": "zstandard", "bzip2": "bzip2"}
UTC = datetime.timezone.utc

SCHEMA = {
    "type": "record",
    "name": "row",
    "namespace": "of.test",
    "fields": [
        {"name": "b", "type": "boolean"},
        {"name": "i", "type": "int"},
        {"name": "l", "type": ["null", "long"]},
        {"name": "f", "type": "float"},
        {"name": "d", "type": "double"},
        {"name": "y", "type": "bytes"},
        {"name": "s", "type": ["string", "null"]},
        {"name": "x", "type": {"type": "fixed", "name": "four", "size": 4}},
        {"name": "e", "type": {"type": "enum", "name": "color", "symbols": ["RED", "GREEN"]}},
        {"name": "a", "type": {"type": "array", "items": ["null", "string"]}},
        {"name": "m", "type": {"type": "map", "values": "long"}},
        {"name": "r", "type": ["null", {"type": "record", "name": "inner", "fields": [{"name": "p", "type": "int"}]}]},
        {"name": "n", "type": {"type": "bytes", "logicalType": "decimal", "precision": 20, "scale": 3}},
        {"name": "day", "type": {"type": "int", "logicalType": "date"}},
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-micros"}},
        {"name": "ms", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "here", "type": {"type": "long", "logicalType": "local-timestamp-micros"}},
        {"name": "u", "type": ["null", "string", "long"]},
    ],
}


def row(i):
    return {
        "b": i % 2 == 0,
        "i": -i,
        "l": None if i % 3 == 0 else i * 10**12,
        "f": i + 0.5,
        "d": i / 3,
        "y": bytes([i % 256] * (i % 40)),
        "s": None if i % 5 == 0 else f"naïve ☃ {i}",
        "x": i.to_bytes(4, "big"),
        "e": ["RED", "GREEN"][i % 2],
        "a": [None, "x" * (i % 50)][: i % 3],
        "m": {f"k{j}": j * i for j in range(i % 4)},
        "r": None if i % 7 == 0 else {"p": i},
        "n": decimal.Decimal(i * 1001).scaleb(-3),
        "day": datetime.date(1970, 1, 1) + datetime.timedelta(days=i - 500),
        "at": datetime.datetime(2026, 1, 1, tzinfo=UTC) + datetime.timedelta(microseconds=i * 1001),
        "ms": datetime.datetime(1969, 1, 1, tzinfo=UTC) + datetime.timedelta(milliseconds=i),
        "here": datetime.datetime(2026, 1, 1) + datetime.timedelta(microseconds=i),
        "u": [None, f"text {i}", i][i % 3],
    }


ROWS = [row(i) for i in range(1000)]


def as_velo_has_it(row):
    """A union of several types is a struct."""
    union = row["u"]
    struct = {"string": union if isinstance(union, str) else None, "long": union if isinstance(union, int) else None}
    return {**row, "u": None if union is None else struct, "m": list(row["m"].items())}


class Avro(ProgramTest):
    def test_what_fastavro_writes_is_read(self):
        expected = [as_velo_has_it(row) for row in ROWS]
        for codec in CODECS:
            with self.subTest(codec=codec):
                with open(self.folder / "in.avro", "wb") as file:
                    fastavro.writer(file, SCHEMA, ROWS, codec=codec, sync_interval=3000)
                self.done("copy", "in.avro", "out.parquet")
                rows = pyarrow.parquet.read_table(self.folder / "out.parquet").to_pylist()
                for i, one in enumerate(rows):
                    self.assertEqual(one, expected[i])
                self.assertEqual(len(rows), len(expected))

    def test_what_is_written_is_read_by_fastavro(self):
        with open(self.folder / "in.avro", "wb") as file:
            fastavro.writer(file, SCHEMA, ROWS)
        for compression, codec in WRITTEN.items():
            with self.subTest(codec=codec):
                self.done("copy", "in.avro", f"out.avro?compression={compression}")
                with open(self.folder / "out.avro", "rb") as file:
                    reader = fastavro.reader(file)
                    self.assertEqual(reader.codec, codec)
                    rows = list(reader)
                self.assertEqual(len(rows), len(ROWS))
                for i, one in enumerate(rows):
                    expected = as_velo_has_it(ROWS[i])
                    self.assertEqual(one, {**expected, "m": ROWS[i]["m"]})

    def test_what_is_written_is_read_by_polars(self):
        lines = [json.dumps({"i": i, "t": None if i % 3 == 0 else f"text {i}", "d": i / 7, "l": list(range(i % 4))}) for i in range(1000)]
        self.write("in.json", "\n".join(lines))
        for compression in ["none", "deflate", "snappy"]:
            with self.subTest(compression=compression):
                self.done("copy", "in.json", f"out.avro?compression={compression}")
                rows = polars.read_avro(self.folder / "out.avro").to_dicts()
                self.assertEqual(rows, [json.loads(line) for line in lines])

    def test_what_polars_writes_is_read(self):
        frame = polars.DataFrame({"i": [1, None, -(2**62)], "t": ["a", "", None], "f": [0.5, None, 1e300], "b": [True, None, False]})
        for compression in ["uncompressed", "deflate", "snappy"]:
            with self.subTest(compression=compression):
                frame.write_avro(self.folder / "in.avro", compression=compression)
                self.done("copy", "in.avro", "out.parquet")
                rows = pyarrow.parquet.read_table(self.folder / "out.parquet").to_pylist()
                self.assertEqual(rows, frame.to_dicts())

    def test_a_reader_of_another_schema(self):
        """What velo resolves is what fastavro resolves."""
        wanted = {
            "type": "record",
            "name": "row",
            "namespace": "of.test",
            "fields": [
                {"name": "new", "type": ["null", "string"], "default": None},
                {"name": "i", "type": "double"},
                {"name": "e", "type": {"type": "enum", "name": "color", "symbols": ["RED", "GREEN"]}},
                {"name": "l", "type": ["null", "double"]},
            ],
        }
        bytes_of = io.BytesIO()
        fastavro.writer(bytes_of, SCHEMA, ROWS)
        bytes_of.seek(0)
        expected = list(fastavro.reader(bytes_of, wanted))
        pathlib.Path(self.folder / "in.avro").write_bytes(bytes_of.getvalue())
        self.done("copy", "in.avro?schema=new text,i double,e text,l double", "out.parquet")
        rows = pyarrow.parquet.read_table(self.folder / "out.parquet").to_pylist()
        for i, one in enumerate(rows):
            self.assertEqual(one, expected[i])

    def test_changes_in_debeziums_envelope(self):
        """Changes that fastavro has written as Kafka Connect's converter does, and those that velo writes read by it."""
        times = ["io.debezium.time.Date", "io.debezium.time.MicroTimestamp", "io.debezium.time.ZonedTimestamp"]
        kinds = ["int", "long", "string"]
        typed = [["null", {"type": kind, "connect.version": 1, "connect.name": name}] for kind, name in zip(kinds, times, strict=True)]
        value = {
            "type": "record",
            "name": "Value",
            "fields": [
                {"name": "id", "type": {"type": "int", "connect.default": 0}, "default": 0},
                *({"name": name, "type": type_, "default": None} for name, type_ in zip(["day", "made", "seen"], typed, strict=True)),
                {"name": "total", "type": ["null", {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2}]},
                {"name": "name", "type": ["null", "string"], "default": None},
            ],
        }
        source = {
            "type": "record",
            "name": "Source",
            "namespace": "io.debezium.connector.postgresql",
            "fields": [{"name": "ts_ms", "type": "long"}, {"name": "sequence", "type": ["null", "string"]}, {"name": "lsn", "type": ["null", "long"]}],
        }
        envelope = {
            "type": "record",
            "name": "Envelope",
            "namespace": "shop.public.orders",
            "fields": [
                {"name": "before", "type": ["null", value], "default": None},
                {"name": "after", "type": ["null", "Value"], "default": None},
                {"name": "source", "type": source},
                {"name": "transaction", "type": ["null", "string"], "default": None},
                {"name": "op", "type": "string"},
                {"name": "ts_ms", "type": ["null", "long"], "default": None},
            ],
        }
        day, made = datetime.date(2026, 1, 31), datetime.datetime(2026, 1, 31, 12, 0, 0, 123456)

        def value_of(id_, name):
            since = made - datetime.datetime(1970, 1, 1)
            return {"id": id_, "day": (day - datetime.date(1970, 1, 1)).days, "made": since // datetime.timedelta(microseconds=1),
                    "seen": "2026-01-31T13:00:00.5+01:00", "total": decimal.Decimal("1.50"), "name": name}

        def change(op, before=None, after=None, lsn=7):
            return {"before": before, "after": after, "source": {"ts_ms": 1_700_000_000_001, "sequence": None, "lsn": lsn}, "op": op,
                    "ts_ms": 1}

        changes = [change("r", None, value_of(1, "ä")), change("c", None, value_of(2, None)), change("m"),
                   change("u", value_of(2, None), value_of(2, "__debezium_unavailable_value")), change("d", value_of(1, "ä")), change("t")] * 300
        with open(self.folder / "in.avro", "wb") as file:
            fastavro.writer(file, envelope, changes, codec="deflate", sync_interval=1000)
        self.done("copy", "in.avro?envelope=debezium", "out.parquet")
        rows = pyarrow.parquet.read_table(self.folder / "out.parquet").to_pylist()
        at = datetime.datetime(2023, 11, 14, 22, 13, 20, 1000, UTC)

        def row_of(op, id_, name, unset=None):
            values = {"id": id_, "day": day, "made": made, "seen": datetime.datetime(2026, 1, 31, 12, 0, 0, 500000, UTC),
                      "total": decimal.Decimal("1.50"), "name": name}
            if id_ is None:
                values = dict.fromkeys(values)
            return {**values, "_op": op, "_ts": at, "_position": "7", "_unset": unset}

        expected = [row_of("r", 1, "ä"), row_of("c", 2, None), row_of("u", 2, None, "name"), row_of("d", 1, "ä"), row_of("t", None, None)] * 300
        self.assertEqual(rows, expected)

        self.done("copy", "out.parquet", "back.avro?envelope=debezium")
        with open(self.folder / "back.avro", "rb") as file:
            written = list(fastavro.reader(file))
        self.assertEqual(len(written), len(expected))
        self.assertEqual([one["op"] for one in written], [one["_op"] for one in expected])
        for one, row in zip(written, expected, strict=True):
            values = {name: value for name, value in row.items() if not name.startswith("_")}
            if row["_unset"]:
                values["name"] = "__debezium_unavailable_value"
            self.assertEqual(one["after"], values if row["_op"] in "rcu" else None)
            self.assertEqual(one["before"], values if row["_op"] == "d" else None)
            self.assertEqual(one["ts_ms"], one["source"]["ts_ms"])
            self.assertEqual((one["ts_ms"] // 1000, one["source"]["position"]), (1_700_000_000, "7"))
        self.done("copy", "back.avro?envelope=debezium", "again.parquet")
        self.assertEqual(pyarrow.parquet.read_table(self.folder / "again.parquet").to_pylist(), expected)

    def test_objects_in_s3(self):
        given = urllib.parse.urlsplit(os.environ["VELO_TEST_S3_URI"])
        options = dict(urllib.parse.parse_qsl(given.query))
        s3 = boto3.client(
            "s3",
            endpoint_url=options["endpoint"],
            region_name=options["region"],
            aws_access_key_id=options["access_key_id"],
            aws_secret_access_key=options["secret_access_key"],
        )
        self.addCleanup(s3.close)
        bucket = f"velo-{uuid.uuid4().hex[:12]}"
        s3.create_bucket(Bucket=bucket)
        self.addCleanup(s3.delete_bucket, Bucket=bucket)
        with open(self.folder / "in.avro", "wb") as file:
            fastavro.writer(file, SCHEMA, ROWS, codec="snappy")
        self.done("copy", "in.avro", f"s3://{bucket}/rows/out.avro?{given.query}&compression=zstd")
        self.addCleanup(s3.delete_object, Bucket=bucket, Key="rows/out.avro")
        rows = list(fastavro.reader(s3.get_object(Bucket=bucket, Key="rows/out.avro")["Body"]))
        self.assertEqual([one["i"] for one in rows], [one["i"] for one in ROWS])
        self.done("copy", f"s3://{bucket}/rows/*.avro?{given.query}", "again.avro")
        with open(self.folder / "again.avro", "rb") as file:
            self.assertEqual(list(fastavro.reader(file)), rows)


if __name__ == "__main__":
    unittest.main()
