"""The columns of the data sets, with the type that each tool is told; nobody infers."""
import dataclasses


@dataclasses.dataclass(frozen=True)
class ColumnType:
    velo: str
    duckdb: str
    polars: str


INT32 = ColumnType("int32", "INTEGER", "pl.Int32")
INT64 = ColumnType("int64", "BIGINT", "pl.Int64")
DOUBLE = ColumnType("double", "DOUBLE", "pl.Float64")
TEXT = ColumnType("text", "VARCHAR", "pl.String")
BOOL = ColumnType("bool", "BOOLEAN", "pl.Boolean")
DATE = ColumnType("date", "DATE", "pl.Date")
TIMESTAMP = ColumnType("timestamp", "TIMESTAMP", "pl.Datetime('us')")


def decimal(precision: int, scale: int) -> ColumnType:
    return ColumnType(
        f"decimal({precision},{scale})", f"DECIMAL({precision},{scale})", f"pl.Decimal({precision},{scale})"
    )


ROWS = {
    "id": INT64,
    "qty": INT32,
    "price": DOUBLE,
    "amount": decimal(12, 2),
    "code": TEXT,
    "ts": TIMESTAMP,
    "active": BOOL,
    "note": TEXT,
}

LINEITEM = {
    "l_orderkey": INT64,
    "l_partkey": INT64,
    "l_suppkey": INT64,
    "l_linenumber": INT32,
    "l_quantity": decimal(15, 2),
    "l_extendedprice": decimal(15, 2),
    "l_discount": decimal(15, 2),
    "l_tax": decimal(15, 2),
    "l_returnflag": TEXT,
    "l_linestatus": TEXT,
    "l_shipdate": DATE,
    "l_commitdate": DATE,
    "l_receiptdate": DATE,
    "l_shipinstruct": TEXT,
    "l_shipmode": TEXT,
    "l_comment": TEXT,
}


def velo_schema(table: dict[str, ColumnType]) -> str:
    return ",".join(f"{name}:{column.velo}" for name, column in table.items())


def duckdb_columns(table: dict[str, ColumnType]) -> str:
    return "{" + ", ".join(f"'{name}': '{column.duckdb}'" for name, column in table.items()) + "}"


def polars_schema(table: dict[str, ColumnType]) -> str:
    return "{" + ", ".join(f"'{name}': {column.polars}" for name, column in table.items()) + "}"
