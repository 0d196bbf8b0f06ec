"""Reads and writes rows in files and objects with clients that are not velo's: pyarrow, and Python's csv and json."""

import csv
import io
import json
import pathlib

import pyarrow
import pyarrow.parquet
from rows import COLUMNS, Row, columns_of, is_number, record_of, row_of

COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}
FORMATS = ("csv", "json", "parquet")
PARQUET_SCHEMA = pyarrow.schema(
    [("id", pyarrow.int64()), ("category", pyarrow.string()), ("amount", pyarrow.float64()), ("note", pyarrow.string())]
)


def format_of(path: pathlib.Path) -> str:
    return next(suffix[1:] for suffix in reversed(path.suffixes) if suffix not in COMPRESSIONS)


def write_rows(path: pathlib.Path, rows: list[Row], row_group_size: int = 5000) -> None:
    path.write_bytes(content_of(path, rows, row_group_size))


def content_of(path: pathlib.PurePath, rows: list[Row], row_group_size: int = 5000) -> bytes:
    """What a file of this name is to hold."""
    content = pyarrow.BufferOutputStream()
    names, records = columns_of(rows), [record_of(row) for row in rows]
    if format_of(path) == "parquet":
        table = pyarrow.Table.from_pylist(records, schema_of(names, records))
        pyarrow.parquet.write_table(table, content, row_group_size=row_group_size)
        return content.getvalue().to_pybytes()
    text = io.StringIO(newline="")
    if format_of(path) == "csv":
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([record.get(name) for name in names] for record in records)
    else:
        for record in records:
            text.write(json.dumps(record, ensure_ascii=False) + "\n")
    with pyarrow.output_stream(content, compression=COMPRESSIONS.get(path.suffix)) as stream:
        stream.write(text.getvalue().encode())
    return content.getvalue().to_pybytes()


def schema_of(names: list[str], records: list[dict]) -> pyarrow.Schema:
    schema = PARQUET_SCHEMA
    for name in names[len(COLUMNS) :]:
        kinds = {type(record[name]) for record in records if name in record}
        type_of_numbers = pyarrow.float64() if float in kinds else pyarrow.int64()
        schema = schema.append(pyarrow.field(name, type_of_numbers if is_number(name) else pyarrow.string()))
    return schema


def read_rows(path: pathlib.Path, more: dict | None = None) -> list[Row]:
    return rows_of(path, path.read_bytes(), more)


def rows_of(path: pathlib.PurePath, content: bytes, more: dict | None = None) -> list[Row]:
    """All rows in their order; more: the columns that are not in the file, but in its name."""
    more = more or {}
    buffer = pyarrow.BufferReader(content)
    if format_of(path) == "parquet":
        return [row_of({**row, **more}) for row in pyarrow.parquet.ParquetFile(buffer).read().to_pylist()]
    with pyarrow.input_stream(buffer, compression=COMPRESSIONS.get(path.suffix)) as stream:
        text = stream.read().decode()
    if format_of(path) == "csv":
        return [row_of({**row, **more}) for row in csv.DictReader(io.StringIO(text, newline=""), strict=True)]
    return [row_of({**json.loads(line), **more}) for line in text.split("\n") if line]
