"""Says whether files hold the same rows in the same order: python3 equal.py FILE OTHER…

Columns are compared one at a time, as the first file's types."""
import sys

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq


def names_of(path: str) -> list[str]:
    if path.endswith(".parquet"):
        return pq.read_schema(path).names
    with open(path, encoding="utf-8") as file:
        return next(file).rstrip("\n").replace('"', "").split(",")


def read_column(path: str, name: str) -> pa.ChunkedArray:
    if path.endswith(".parquet"):
        return pq.ParquetFile(path).read(columns=[name]).column(0)
    options = pa.csv.ConvertOptions(include_columns=[name])
    return pa.csv.read_csv(path, convert_options=options).column(0)


def difference(path: str, other: str) -> str | None:
    names = names_of(path)
    if names != names_of(other):
        return f"columns {names} against {names_of(other)}"
    for name in names:
        left, right = read_column(path, name), read_column(other, name)
        if len(left) != len(right):
            return f"{len(left)} rows against {len(right)}"
        if pa.types.is_string_view(right.type) or right.type != left.type:
            right = pc.cast(right, left.type)
        if not left.equals(right):
            return f"column {name} differs"
    return None


if __name__ == "__main__":
    for other in sys.argv[2:]:
        if found := difference(sys.argv[1], other):
            sys.exit(f"{sys.argv[1]} and {other}: {found}")
