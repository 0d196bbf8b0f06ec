"""Bytes to Arrow, nothing written: what a decoder costs, beside those of others that make the same columns of the same file."""
import pathlib

from paths import NUM_THREADS, program_of_duckdb
from tables import ROWS, duckdb_columns, velo_schema

# Batches of all columns are made, and let go.
BATCHES_OF_DUCKDB = f"""\
import duckdb, sys
duckdb.sql("SET threads={NUM_THREADS}; SET enable_progress_bar=false")
for batch in duckdb.sql(sys.argv[1]).to_arrow_reader(122_880):
    pass"""

BATCHES_OF_ARROW = """\
import pyarrow as pa, pyarrow.csv, sys
types = {"id": pa.int64(), "qty": pa.int32(), "price": pa.float64(), "amount": pa.decimal128(12, 2), "code": pa.string(),
         "ts": pa.timestamp("us"), "active": pa.bool_(), "note": pa.string()}
for batch in pa.csv.open_csv(sys.argv[1], convert_options=pa.csv.ConvertOptions(column_types=types)):
    pass"""

RECORDS_OF_FASTAVRO = """\
import fastavro, sys
with open(sys.argv[1], "rb") as file:
    for record in fastavro.reader(file):
        pass"""

SOURCES = ("rows.csv", "rows.ndjson", "rows.avro")


def commands(velo: str, python: str, libavro: str, folder: pathlib.Path) -> dict[str, list[str]]:
    """A label tells the file and the tool: 'rows.csv: velo'. libavro and fastavro make no columns: they read values."""
    csv, ndjson, avro = (folder / name for name in SOURCES)
    schema, columns = velo_schema(ROWS), duckdb_columns(ROWS)
    return {
        "rows.csv: velo": [velo, "copy", f"{csv}?schema={schema}", "null:"],
        "rows.csv: Arrow's reader": [python, "-c", BATCHES_OF_ARROW, str(csv)],
        "rows.csv: DuckDB": [python, "-c", BATCHES_OF_DUCKDB, f"FROM read_csv('{csv}', header=true, columns={columns})"],
        "rows.ndjson: velo": [velo, "copy", f"{ndjson}?schema={schema}", "null:"],
        "rows.ndjson: DuckDB": [
            python, "-c", BATCHES_OF_DUCKDB, f"FROM read_json('{ndjson}', format='newline_delimited', columns={columns})"],
        "rows.avro: velo": [velo, "copy", str(avro), "null:"],
        "rows.avro: libavro, values": [libavro, str(avro)],
        "rows.avro: fastavro, values": [python, "-c", RECORDS_OF_FASTAVRO, str(avro)],
    }


def bytes_of(label: str, folder: pathlib.Path) -> int:
    return (folder / label.split(":")[0]).stat().st_size
