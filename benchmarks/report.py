"""Writes RESULTS.md from the last record of each benchmark."""
import json
import pathlib
import shlex
import subprocess

from measure import Cost, Summary, summary_of
from paths import ENVIRONMENT, PATHS
from record import latest

PAGE = pathlib.Path("benchmarks/RESULTS.md")
MIB = 2**20

HEADING = """# Results

Files and SQL, beside DuckDB and Polars; every server, beside its bare client: [SERVERS](SERVERS.md).

Written by `dev/bench`; every run is a line of `results.jsonl`. The tools take turns (A B C A B C …), after one
run of each that is not counted; their outputs were compared column by column and hold the same rows in the same
order. All are told the types, the codec (snappy), the row-group size (122,880 rows) and two threads. CPU is user
and system time of the whole process, its start included; CPU and wall are medians, "least" is the fastest run's
wall: the machine has other work, so **compare CPU**. velo makes its file durable (fsync) before it says done; the
peers do not.
"""


def versions_of(velo: str, python: str) -> dict[str, str]:
    program = "import duckdb, polars, json; print(json.dumps([duckdb.__version__, polars.__version__]))"
    answer = subprocess.run([python, "-c", program], capture_output=True, text=True, check=True)
    duckdb, polars = json.loads(answer.stdout)
    own = subprocess.run([velo, "--version"], capture_output=True, text=True, check=True).stdout
    return {"velo": own.split()[-1], "DuckDB": duckdb, "Polars": polars}


def summary_of_measurement(measurement: dict) -> Summary:
    return summary_of([Cost(*cost) for cost in measurement["costs"]])


def path_table(record: dict) -> str:
    lines = [
        "| tool | CPU µs/row | CPU s | wall s | least | peak RSS MiB | CPU against velo's |",
        "|---|---|---|---|---|---|---|",
    ]
    of_velo = summary_of_measurement(record["measurements"][0]).cpu
    for measurement in record["measurements"]:
        cost = summary_of_measurement(measurement)
        lines.append(
            f"| {measurement['label']} | {cost.cpu / measurement['num_rows'] * 1e6:.2f} | {cost.cpu:.2f} | {cost.wall:.2f} "
            f"| {cost.least_wall:.2f} | {cost.peak_rss / MIB:.0f} | {cost.cpu / of_velo:.2f} × |"
        )
    return "\n".join(lines)


def start_table(record: dict) -> str:
    lines = ["| command | CPU ms | wall ms | least | peak RSS MiB |", "|---|---|---|---|---|"]
    for measurement in record["measurements"]:
        cost = summary_of_measurement(measurement)
        lines.append(
            f"| {measurement['label']} | {cost.cpu * 1e3:.1f} | {cost.wall * 1e3:.1f} | {cost.least_wall * 1e3:.1f} "
            f"| {cost.peak_rss / MIB:.0f} |"
        )
    return "\n".join(lines)


def memory_table(record: dict) -> str:
    lines = ["| copy | rows | CPU µs/row | peak RSS MiB |", "|---|---|---|---|"]
    for measurement in record["measurements"]:
        cost = summary_of_measurement(measurement)
        rows = measurement["num_rows"]
        lines.append(
            f"| {measurement['label']} | {rows:,} | {cost.cpu / rows * 1e6:.2f} | {cost.peak_rss / MIB:.0f} |"
        )
    return "\n".join(lines)


def overhead_table(record: dict) -> str:
    lines = ["| job | CPU µs/row | wall µs/row | CPU against the one before |", "|---|---|---|---|"]
    before = None
    for number, measurement in enumerate(record["measurements"]):
        cost = summary_of_measurement(measurement)
        cpu = cost.cpu / measurement["num_rows"] * 1e6
        against = f"{cpu / before:.3f} ×" if number in (1, 3) else ""
        lines.append(f"| {measurement['label']} | {cpu:.3f} | {cost.wall / measurement['num_rows'] * 1e6:.3f} | {against} |")
        before = cpu
    return "\n".join(lines)


def decoding_table(record: dict) -> str:
    lines = ["| file: tool | CPU µs/row | MB/s of CPU | CPU against velo's | wall s | peak RSS MiB |", "|---|---|---|---|---|---|"]
    of_velo = 0.0
    for measurement in record["measurements"]:
        cost = summary_of_measurement(measurement)
        if measurement["label"].endswith(": velo"):
            of_velo = cost.cpu
        lines.append(
            f"| {measurement['label']} | {cost.cpu / measurement['num_rows'] * 1e6:.2f} | {measurement['num_bytes'] / cost.cpu / 1e6:.0f} "
            f"| {cost.cpu / of_velo:.2f} × | {cost.wall:.2f} | {cost.peak_rss / MIB:.0f} |"
        )
    return "\n".join(lines)


def cores_table(record: dict) -> str:
    lines = ["| job | CPU s | wall s | least | times as fast | peak RSS MiB |", "|---|---|---|---|---|---|"]
    on_one = 0.0
    for number, measurement in enumerate(record["measurements"]):
        cost = summary_of_measurement(measurement)
        faster = f"{on_one / cost.wall:.2f} ×" if number % 2 else ""
        on_one = cost.wall
        lines.append(
            f"| {measurement['label']} | {cost.cpu:.2f} | {cost.wall:.2f} | {cost.least_wall:.2f} | {faster} | {cost.peak_rss / MIB:.0f} |"
        )
    return "\n".join(lines)


TITLES = {path.name: path.title for path in PATHS} | {
    "decoding": "Bytes → Arrow, nothing written (targets: CSV ≥ Arrow's reader, NDJSON ≥ 2 × DuckDB, Avro ≥ 4 × libavro and 500 MB/s)",
    "cores": "One core and two (target: 1.7 × as fast where the source is read in parts)",
    "peers_start": "Of that, the peers' start: Python and its imports",
    "start": "Start (targets: `--version` 20 ms, the first row of a small file 100 ms)",
    "overheads": "Overheads (targets: SQL short cut and exactly once each within 5 %, an epoch without rows 2,000 µs)",
    "memory": "Memory (target: 256 MiB + 128 MiB at any size)",
}
TABLES = {"decoding": decoding_table, "cores": cores_table, "peers_start": start_table, "start": start_table, "overheads": overhead_table, "memory": memory_table}


def origin_of(record: dict) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in record["versions"].items())
    return (
        f"{record['machine']}; commit {record['commit']}; {versions}; {record['at']}, "
        f"load average {record['load']:.1f}; {len(record['measurements'][0]['costs'])} runs each"
    )


def table_of(name: str) -> str:
    record = latest()[name]
    return TABLES.get(name, path_table)(record)


def quoted(word: str) -> str:
    plain_in_double_quotes = "'" in word and not set(word) & set('"$`\\!')
    return f'"{word}"' if plain_in_double_quotes else shlex.quote(word)


def commands_of(record: dict) -> str:
    return "\n".join(
        " ".join(quoted(word) for word in measurement["command"]) for measurement in record["measurements"]
    )


def write() -> None:
    records = latest()
    known = [name for name in TITLES if name in records]
    parts = [HEADING]
    for name in known:
        parts.append(f"## {TITLES[name]}\n\n{table_of(name)}\n\n{origin_of(records[name])}\n")
    environment = " ".join(f"{name}={value}" for name, value in ENVIRONMENT.items())
    parts.append(f"## Commands\n\nFrom the top of the checkout, with `{environment}` in the environment.\n")
    for name in known:
        parts.append(f"{TITLES[name]}:\n\n```sh\n{commands_of(records[name])}\n```\n")
    PAGE.write_text("\n".join(parts), encoding="utf-8")
