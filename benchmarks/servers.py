#!/usr/bin/env python3
"""Measure velo beside the bare client of each system, on the servers of dev/servers, and write SERVERS.md anew. Started by
dev/bench_servers."""
import argparse
import datetime
import os
import pathlib
import shutil
import subprocess
import sys
import urllib.parse
import uuid

from measure import measure, summary_of

VELO = str(pathlib.Path("build/release/bin/velo").resolve())
PAGE = pathlib.Path("benchmarks/SERVERS.md")
FOLDER = pathlib.Path("build/bench/servers")
NUM_ROWS = 1_000_000
MARK = f"velo_bench_{uuid.uuid4().hex[:8]}"
HEADING = f"""# Systems, beside their bare clients

Written by `dev/bench_servers`: {NUM_ROWS:,} rows of `generate://orders` (id, customer, status, total, placed …) into and out of each
server, which runs on the same two cores. The bare client moves the same rows in the system's own format with nothing decoded (but for
PyIceberg, which makes Arrow of them): it is the place to start from, not a rival. CPU is that of the client's process alone, user and
system; the wall is shared with the server. Medians, the two taking turns; after each run of "in" the rows are counted at the server.
"""


def with_options(uri: str, path: str | None = None, **options: str) -> str:
    parts = urllib.parse.urlsplit(uri)
    query = dict(urllib.parse.parse_qsl(parts.query)) | options
    return parts._replace(path=parts.path if path is None else path, query=urllib.parse.urlencode(query, safe=":/")).geturl()


def server(name: str) -> str:
    return os.environ[f"VELO_TEST_{name}_URI"]


def python(*arguments: str) -> list[str]:
    return [os.environ["VELO_TEST_PYTHON"], "-B", "benchmarks/bare_client.py", *arguments]


def routes() -> dict[str, dict[str, list[str]]]:
    """By what is measured: velo's command and the bare client's. What is read is what was written just before."""
    orders = f"generate://orders?rows={NUM_ROWS}"
    postgresql = with_options(server("POSTGRESQL"), table=MARK)
    clickhouse = with_options(server("CLICKHOUSE"), table=MARK)
    kafka = with_options(server("KAFKA"), path=f"/{MARK}")
    bucket = urllib.parse.urlsplit(server("S3"))._replace(netloc=MARK.replace("_", "-")).geturl()
    s3 = with_options(bucket, path=f"/{MARK}/", format="parquet")
    iceberg = with_options(server("ICEBERG"), path=f"/{MARK}/orders")
    changes = with_options(server("POSTGRESQL"), table=MARK, cdc="true").removeprefix("postgresql://")
    follow = f"CREATE STREAM {MARK} WITH (once = true) AS SELECT * FROM postgresql('{changes}') INSERT INTO file('{FOLDER}/changes/?format=parquet')"
    return {
        "PostgreSQL, in": {"velo": [VELO, "copy", orders, postgresql], "COPY … FROM STDIN (binary)": python("postgresql_in", MARK)},
        "PostgreSQL, out": {"velo": [VELO, "copy", postgresql, "null:"], "COPY … TO STDOUT (binary)": python("postgresql_out", MARK)},
        "ClickHouse, in": {"velo": [VELO, "copy", orders, clickhouse], "INSERT … FORMAT Native": python("clickhouse_in", MARK)},
        "ClickHouse, out": {"velo": [VELO, "copy", clickhouse, "null:"], "SELECT … FORMAT Native": python("clickhouse_out", MARK)},
        "Kafka, in": {"velo": [VELO, "copy", orders, kafka], "producer loop (librdkafka, Python)": python("kafka_in", MARK)},
        "Kafka, out": {"velo": [VELO, "copy", "--once", kafka, "null:"], "consumer loop (librdkafka, Python)": python("kafka_out", MARK)},
        "S3, Parquet in": {"velo": [VELO, "copy", orders, s3], "PUT of the same file": python("s3_in", MARK)},
        "S3, Parquet out": {"velo": [VELO, "copy", s3, "null:"], "GET of the same file": python("s3_out", MARK)},
        "Iceberg, in": {"velo": [VELO, "copy", orders, iceberg], "PyIceberg append": python("iceberg_in", MARK)},
        "Iceberg, out": {"velo": [VELO, "copy", iceberg, "null:"], "PyIceberg scan to Arrow": python("iceberg_out", MARK)},
        "PostgreSQL, changes out": {"velo, to Parquet": [VELO, "run", "-e", follow],
                                    "pg_recvlogical, pgoutput": python("changes_out", MARK)},
    }


def table(costs: dict[str, list]) -> list[str]:
    lines = ["| | rows/s | CPU µs/row | CPU s | wall s | peak RSS MiB |", "|---|---|---|---|---|---|"]
    for label, each in costs.items():
        cost = summary_of(each)
        lines.append(f"| {label} | {NUM_ROWS / cost.wall:,.0f} | {cost.cpu / NUM_ROWS * 1e6:.2f} | {cost.cpu:.2f} | "
                     f"{cost.wall:.2f} | {cost.peak_rss / 2**20:.0f} |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="counted runs of each command (3)")
    rounds = parser.parse_args().rounds
    FOLDER.mkdir(parents=True, exist_ok=True)
    measure(python("prepare", MARK, VELO, str(NUM_ROWS)))
    shutil.rmtree(FOLDER / "changes", ignore_errors=True)
    page = [HEADING]
    try:
        for name, commands in routes().items():
            print(f"bench: {name}", file=sys.stderr)
            costs = {label: [] for label in commands}
            system, way = name.split(", ", 1)
            if way == "changes out":
                measure(commands["velo, to Parquet"])  # makes its slot, and copies what is there
            for _ in range(rounds):
                if way == "changes out":
                    measure(python("change", MARK))
                for label, command in commands.items():
                    if way.endswith("in"):
                        measure(python("empty", MARK, system))
                    costs[label].append(measure(command))
                    if way.endswith("in"):
                        measure(python("count", MARK, system, str(NUM_ROWS)))
            page += [f"## {name}", "", *table(costs), ""]
    finally:
        measure(python("remove", MARK))
    commit = subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    page.append(f"2 cores, Linux {os.uname().release}; commit {commit}; {now}, load average {os.getloadavg()[2]:.1f}; {rounds} runs each")
    PAGE.write_text("\n".join(page) + "\n")


if __name__ == "__main__":
    main()
