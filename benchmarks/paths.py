"""The paths that are compared: what each tool is told to do, given the same types, codec, row-group size and
number of threads."""
import dataclasses
import pathlib

from tables import LINEITEM, ROWS, ColumnType, duckdb_columns, polars_schema, velo_schema

NUM_THREADS = 2
ROW_GROUP_ROWS = 122_880
ENVIRONMENT = {"POLARS_MAX_THREADS": str(NUM_THREADS)}
PARQUET_OF_DUCKDB = f"FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE {ROW_GROUP_ROWS}"
PARQUET_OF_POLARS = f"compression='snappy', row_group_size={ROW_GROUP_ROWS}"

PRICING_SUMMARY = """\
SELECT l_returnflag, l_linestatus, count(*) AS num_lines, sum(l_quantity) AS quantity,
  sum(l_extendedprice * (1 - l_discount)) AS revenue, min(l_shipdate) AS first_shipped
FROM {lines} WHERE l_shipdate <= DATE '1998-09-02'
GROUP BY l_returnflag, l_linestatus ORDER BY l_returnflag, l_linestatus"""

# Polars rounds a product of decimals to the larger of their scales: it is given one that loses nothing.
PRICING_SUMMARY_OF_POLARS = """\
(pl.scan_parquet('{source}').filter(pl.col('l_shipdate') <= pl.date(1998, 9, 2))
.group_by('l_returnflag', 'l_linestatus')
.agg(pl.len().alias('num_lines'), pl.col('l_quantity').sum().alias('quantity'),
(pl.col('l_extendedprice').cast(pl.Decimal(38, 4)) * (1 - pl.col('l_discount'))).sum().alias('revenue'),
pl.col('l_shipdate').min().alias('first_shipped'))
.sort('l_returnflag', 'l_linestatus').sink_csv('{target}'))"""


@dataclasses.dataclass(frozen=True)
class Path:
    """One job, for velo and those peers that can do it. {source} and {target} stand for the files, {schema} for the types."""

    name: str
    title: str
    source: str
    target: str  # what the written file's name ends in
    num_rows: int
    table: dict[str, ColumnType]  # what is read
    velo: list[str]
    duckdb: str | None
    polars: str | None

    def commands(self, velo: str, python: str, folder: pathlib.Path) -> dict[str, list[str]]:
        """The command of each tool; its output is target_of(tool)."""

        def filled(text: str, tool: str, schema: str) -> str:
            text = text.replace("{source}", str(folder / self.source))
            return text.replace("{target}", str(self.target_of(tool, folder))).replace("{schema}", schema)

        commands = {"velo": [velo] + [filled(word, "velo", velo_schema(self.table)) for word in self.velo]}
        if self.duckdb:
            commands["duckdb"] = program_of_duckdb(python, filled(self.duckdb, "duckdb", duckdb_columns(self.table)))
        if self.polars:
            commands["polars"] = program_of_polars(python, filled(self.polars, "polars", polars_schema(self.table)))
        return commands

    def target_of(self, tool: str, folder: pathlib.Path) -> pathlib.Path:
        return folder / f"{self.name}.{tool}.{self.target}"


def program_of_duckdb(python: str, sql: str) -> list[str]:
    settings = f"SET threads={NUM_THREADS}; SET enable_progress_bar=false; "
    return [python, "-c", "import duckdb, sys; duckdb.sql(sys.argv[1])", settings + sql]


def program_of_polars(python: str, expression: str) -> list[str]:
    return [python, "-c", f"import polars as pl\n{expression}"]


PATHS = [
    Path(
        name="rows_csv_to_parquet",
        title="CSV → Parquet, 8 columns",
        source="rows.csv",
        target="parquet",
        num_rows=2_000_000,
        table=ROWS,
        velo=["copy", "{source}?schema={schema}", "{target}?compression=snappy"],
        duckdb=f"COPY (FROM read_csv('{{source}}', header=true, columns={{schema}})) TO '{{target}}' ({PARQUET_OF_DUCKDB})",
        polars=f"pl.scan_csv('{{source}}', schema={{schema}}).sink_parquet('{{target}}', {PARQUET_OF_POLARS})",
    ),
    Path(
        name="rows_ndjson_to_parquet",
        title="NDJSON → Parquet, 8 columns of 9",
        source="rows.ndjson",
        target="parquet",
        num_rows=2_000_000,
        table=ROWS,
        velo=["copy", "{source}?schema={schema}", "{target}?compression=snappy"],
        duckdb="COPY (FROM read_json('{source}', format='newline_delimited', columns={schema}))"
        f" TO '{{target}}' ({PARQUET_OF_DUCKDB})",
        # Polars reads no decimals from JSON, and its own reading of times takes six times as long.
        polars="pl.scan_ndjson('{source}', schema={schema} | {'amount': pl.Float64, 'ts': pl.String})"
        ".with_columns(pl.col('amount').cast(pl.Decimal(12,2)),"
        " pl.col('ts').str.to_datetime('%Y-%m-%d %H:%M:%S%.3f', time_unit='us'))"
        f".sink_parquet('{{target}}', {PARQUET_OF_POLARS})",
    ),
    Path(
        name="rows_avro_to_parquet",
        title="Avro → Parquet, 8 columns",
        source="rows.avro",
        target="parquet",
        num_rows=2_000_000,
        table=ROWS,
        velo=["copy", "{source}", "{target}?compression=snappy"],
        duckdb=None,  # its extension is not in what is installed
        polars=f"pl.read_avro('{{source}}').write_parquet('{{target}}', {PARQUET_OF_POLARS})",
    ),
    Path(
        name="lineitem_csv_to_parquet",
        title="TPC-H lineitem CSV → Parquet, 16 columns",
        source="lineitem.csv",
        target="parquet",
        num_rows=6_001_215,
        table=LINEITEM,
        velo=["copy", "{source}?schema={schema}", "{target}?compression=snappy"],
        duckdb=f"COPY (FROM read_csv('{{source}}', header=true, columns={{schema}})) TO '{{target}}' ({PARQUET_OF_DUCKDB})",
        polars=f"pl.scan_csv('{{source}}', schema={{schema}}).sink_parquet('{{target}}', {PARQUET_OF_POLARS})",
    ),
    Path(
        name="lineitem_parquet_to_csv",
        title="TPC-H lineitem Parquet → CSV, 16 columns",
        source="lineitem.parquet",
        target="csv",
        num_rows=6_001_215,
        table=LINEITEM,
        velo=["copy", "{source}", "{target}"],
        duckdb="COPY (FROM read_parquet('{source}')) TO '{target}' (FORMAT csv, HEADER)",
        polars="pl.scan_parquet('{source}').sink_csv('{target}')",
    ),
    Path(
        name="lineitem_filter_aggregate",
        title="TPC-H lineitem Parquet, filter + aggregate (SQL), 6 of 16 columns",
        source="lineitem.parquet",
        target="csv",
        num_rows=6_001_215,
        table=LINEITEM,
        velo=["run", "-e", "INSERT INTO file('{target}') " + PRICING_SUMMARY.format(lines="file('{source}')")],
        duckdb="COPY (" + PRICING_SUMMARY.format(lines="read_parquet('{source}')") + ") TO '{target}' (FORMAT csv, HEADER)",
        polars=PRICING_SUMMARY_OF_POLARS,
    ),
]
