#!/usr/bin/env python3
"""Measure the peak memory of velo on every route, with small budgets and slow sinks, and write BUDGET.md anew. Started by
dev/bench_budget."""
import argparse
import datetime
import os
import pathlib
import shutil
import subprocess
import sys
import threading
import time
import urllib.parse

import servers
from measure import measure, summary_of
from servers import MARK, VELO, python, server, with_options
from throttle import Throttle

PAGE = pathlib.Path("benchmarks/BUDGET.md")
FOLDER = pathlib.Path("build/bench/budget")
BESIDE_MIB = 128
SLOW_BYTES_PER_SECOND = 20_000_000
HEADING = """# What a budget bounds

Written by `dev/bench_budget`: {rows:,} rows of `generate://orders` on each route, and of `generate://lineitem` where it says so, with
`--memory` as the columns say. The figures are the peak resident memory of the process in MiB, by the kernel; the promise is the budget
and {beside} MiB. "slow" is a sink that takes {slow} MB a second, by a proxy before the server or a pipe that is read so slowly.
"""


def slow_pipe(path: pathlib.Path) -> None:
    """Make a pipe, and have it read at the speed of a slow sink."""
    path.unlink(missing_ok=True)
    os.mkfifo(path)

    def read() -> None:
        # It is opened twice: once to see whether it can be written.
        with open(path, "rb", buffering=0) as pipe:
            while True:
                time.sleep(max(len(pipe.read(1 << 16)) / SLOW_BYTES_PER_SECOND, 0.001))

    threading.Thread(target=read, daemon=True).start()


class Route:
    """A copy. `empties`: the system whose table is emptied before each run; `slow`: the option or place of the server's
    address, for a proxy."""

    def __init__(self, name: str, source: str, sink: str, *more: str, empties: str = "", pipe: str = ""):
        self.name, self.source, self.sink, self.more = name, source, sink, more
        self.empties, self.pipe = empties, pipe

    def command(self, budget_mib: int) -> list[str]:
        return [VELO, "copy", *self.more, "--memory", f"{budget_mib}MiB", self.source, self.sink]

    def peak(self, budget_mib: int) -> int:
        if self.empties:
            measure(python("empty", MARK, self.empties))
        if self.pipe:
            slow_pipe(pathlib.Path(self.pipe))
        return round(summary_of([measure(self.command(budget_mib))]).peak_rss / 2**20)


def through(proxy: Throttle, uri: str) -> str:
    parts = urllib.parse.urlsplit(uri)
    user = parts.netloc.rpartition("@")[0]
    return parts._replace(netloc=(user + "@" if user else "") + f"127.0.0.1:{proxy.port}").geturl()


def slow_server(name: str) -> str:
    """The server's address, by a proxy."""
    parts = urllib.parse.urlsplit(server(name))
    return through(Throttle(parts.hostname, parts.port, SLOW_BYTES_PER_SECOND), server(name))


def routes(rows: int) -> list[Route]:
    orders, lines = f"generate://orders?rows={rows}", f"generate://lineitem?rows={rows}"
    postgresql = with_options(server("POSTGRESQL"), table=MARK)
    clickhouse = with_options(server("CLICKHOUSE"), table=MARK)
    kafka = with_options(server("KAFKA"), path=f"/{MARK}")
    bucket = urllib.parse.urlsplit(server("S3"))._replace(netloc=MARK.replace("_", "-")).geturl()
    s3 = with_options(bucket, path=f"/{MARK}/", format="parquet")
    endpoint = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(bucket).query))["endpoint"]
    place = urllib.parse.urlsplit(endpoint)
    slow_s3 = with_options(s3, format="json", endpoint=through(Throttle(place.hostname, place.port, SLOW_BYTES_PER_SECOND), endpoint))
    iceberg = with_options(server("ICEBERG"), path=f"/{MARK}/orders")
    out = f"{FOLDER}/out/?format=parquet"
    pipe = f"{FOLDER}/slow.csv"
    few = max(rows // 10, 1)
    few_orders = f"generate://orders?rows={few}"
    made = []
    for format in "parquet", "csv", "json":
        files = f"{FOLDER}/{format}/?format={format}"
        made += [Route(f"generate → {format}", orders, files),
                 Route(f"{format} → Parquet", f"{FOLDER}/{format}/*.{format}", out)]
    made += [
        Route("generate → Parquet, parallel = 4", orders, out, "--parallel", "4"),
        Route("lineitem → Parquet, parallel = 4", lines, out, "--parallel", "4"),
        Route("lineitem → Parquet, 50 partitions", lines, out + "&partition_by=l_quantity"),
        Route("JSON → Parquet, parallel = 4", f"{FOLDER}/json/*.json", out, "--parallel", "4"),
        Route("lineitem → CSV, slow pipe", f"generate://lineitem?rows={few}", pipe, pipe=pipe),
    ]
    for system, address, more in [("PostgreSQL", postgresql, ()), ("ClickHouse", clickhouse, ()),
                                  ("Kafka", kafka, ("--once",)), ("S3", s3, ()), ("Iceberg", iceberg, ())]:
        made += [Route(f"generate → {system}", orders, address, empties=system),
                 Route(f"{system} → Parquet", address, out, *more),
                 Route(f"generate → {system}, parallel = 4", orders, address, "--parallel", "4", empties=system)]
    made += [
        Route("generate → PostgreSQL, slow", few_orders, with_options(slow_server("POSTGRESQL"), table=MARK), empties="PostgreSQL"),
        Route("generate → ClickHouse, slow", few_orders, with_options(slow_server("CLICKHOUSE"), table=MARK), empties="ClickHouse"),
        Route("generate → S3 (JSON), slow", few_orders, slow_s3, empties="S3"),
        Route("generate → S3 (JSON), slow, parallel = 4", few_orders, slow_s3, "--parallel", "4", empties="S3"),
    ]
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000, help="of each route (10000000); of slow ones a tenth")
    parser.add_argument("--budgets", default="64,128", help="in MiB (64,128)")
    parser.add_argument("name", nargs="*", help="a part of the names of those that are wanted; the page is then left as it is")
    arguments = parser.parse_args()
    budgets = [int(budget) for budget in arguments.budgets.split(",")]
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    servers.FOLDER.mkdir(parents=True, exist_ok=True)
    measure(python("prepare", MARK, VELO, "1000"))
    lines = ["| route | " + " | ".join(f"{budget} MiB" for budget in budgets) + " |", "|---" * (1 + len(budgets)) + "|"]
    worst = 0
    try:
        for route in routes(arguments.rows):
            if arguments.name and not any(name in route.name for name in arguments.name):
                continue
            peaks = []
            for budget in budgets:
                peaks.append(route.peak(budget))
                worst = max(worst, peaks[-1] - budget)
                shutil.rmtree(FOLDER / "out", ignore_errors=True)
            lines.append(f"| {route.name} | " + " | ".join(map(str, peaks)) + " |")
            print(lines[-1], file=sys.stderr)
    finally:
        measure(python("remove", MARK))
        shutil.rmtree(FOLDER, ignore_errors=True)
    print(f"bench: {worst} MiB beyond the budget at most", file=sys.stderr)
    if not arguments.name:
        commit = subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        heading = HEADING.format(rows=arguments.rows, beside=BESIDE_MIB, slow=SLOW_BYTES_PER_SECOND // 1_000_000)
        end = (f"{worst} MiB beyond the budget at most. 2 cores, Linux {os.uname().release}; commit {commit}; {now}, load average "
               f"{os.getloadavg()[2]:.1f}; slow routes of a tenth of the rows; one run each: `dev/bench_budget --rows {arguments.rows}`")
        PAGE.write_text("\n".join([heading, *lines, "", end]) + "\n")
    if worst > BESIDE_MIB:
        sys.exit("bench: that is more than was promised")


if __name__ == "__main__":
    main()
