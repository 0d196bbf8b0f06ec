#!/usr/bin/env python3
"""Run benchmarks (all unless named), keep what they cost, and write RESULTS.md anew. Started by dev/bench."""
import argparse
import pathlib
import subprocess
import sys

import data
import decoding
import limits
import report
from measure import measure
from paths import ENVIRONMENT, PATHS, Path
from record import Recorder, measurement

VELO = "build/release/bin/velo"
PYTHON = "build/bench/python/bin/python"
LIBAVRO = "build/bench/libavro"
FOLDER = pathlib.Path("build/bench/data")


def starts_of_peers() -> dict[str, list[str]]:
    """What of a peer's time is Python's start and the import: a program of its own would pay less."""
    return {
        "python + import duckdb": [PYTHON, "-c", "import duckdb; duckdb.sql('SELECT 1')"],
        "python + import polars": [PYTHON, "-c", "import polars"],
    }


def check_equal(path: Path, tools: list[str]) -> None:
    targets = [str(path.target_of(tool, FOLDER)) for tool in tools]
    done = subprocess.run([PYTHON, "benchmarks/equal.py", *targets], check=False)
    if done.returncode != 0:
        sys.exit(f"bench: {path.name}: the tools did not write the same rows")


def run_interleaved(commands: dict[str, list[str]], num_rows: int, rounds: int) -> list[dict]:
    """All commands in turn, so many rounds, so that each meets the same machine."""
    costs = {label: [] for label in commands}
    for _ in range(rounds):
        for label, command in commands.items():
            costs[label].append(measure(command, ENVIRONMENT))
    return [measurement(label, num_rows, command, costs[label]) for label, command in commands.items()]


def run_path(path: Path, recorder: Recorder, rounds: int) -> None:
    commands = path.commands(VELO, PYTHON, FOLDER)
    for command in commands.values():  # also warms the page cache
        measure(command, ENVIRONMENT)
    check_equal(path, list(commands))
    recorder.append(path.name, run_interleaved(commands, path.num_rows, rounds))
    for tool in commands:
        path.target_of(tool, FOLDER).unlink()


def run_overheads(recorder: Recorder, rounds: int) -> None:
    commands = limits.overheads(VELO, FOLDER)
    for command in commands.values():
        measure(command, ENVIRONMENT)
    measurements = run_interleaved(commands, data.NUM_ROWS, rounds)
    limits.check_overheads(VELO, FOLDER)
    subprocess.run(["cmake", "--build", "--preset", "release", "--target", "epochs"], check=True, stdout=subprocess.DEVNULL)
    for num_lanes in "1", "4":
        command = ["build/release/bin/epochs", num_lanes]
        measurements.append(measurement(f"5,000 epochs of one row, {num_lanes} lanes, in memory", 5000, command, [measure(command)]))
    recorder.append("overheads", measurements)


def run_decoding(recorder: Recorder, rounds: int) -> None:
    commands = decoding.commands(VELO, PYTHON, LIBAVRO, FOLDER)
    if not pathlib.Path(LIBAVRO).exists():
        print("bench: libavro is left out: libavro-dev is not installed", file=sys.stderr)
        commands = {label: command for label, command in commands.items() if command[0] != LIBAVRO}
    for command in commands.values():
        measure(command, ENVIRONMENT)
    measurements = run_interleaved(commands, data.NUM_ROWS, rounds)
    for measurement_of_one in measurements:
        measurement_of_one["num_bytes"] = decoding.bytes_of(measurement_of_one["label"], FOLDER)
    recorder.append("decoding", measurements)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", nargs="*", help="of a path, or decoding, cores, start, peers_start, overheads, memory")
    parser.add_argument("--rounds", type=int, default=5, help="counted runs of each command (5)")
    arguments = parser.parse_args()
    jobs = {path.name: lambda path=path: run_path(path, recorder, arguments.rounds) for path in PATHS}
    jobs["peers_start"] = lambda: recorder.append(
        "peers_start", run_interleaved(starts_of_peers(), 0, arguments.rounds)
    )
    jobs["start"] = lambda: recorder.append(
        "start", run_interleaved(limits.starts(VELO, FOLDER), 0, arguments.rounds)
    )
    jobs["decoding"] = lambda: run_decoding(recorder, arguments.rounds)
    jobs["cores"] = lambda: recorder.append(
        "cores", run_interleaved(limits.cores(VELO, FOLDER), data.NUM_ROWS, arguments.rounds)
    )
    jobs["overheads"] = lambda: run_overheads(recorder, arguments.rounds)
    jobs["memory"] = lambda: recorder.append("memory", limits.memory(VELO, FOLDER))
    if unknown := [name for name in arguments.name if name not in jobs]:
        parser.error(f"no benchmark {unknown[0]}; there are {', '.join(jobs)}")
    data.prepare(FOLDER, VELO)
    recorder = Recorder(report.versions_of(VELO, PYTHON))
    for name in arguments.name or jobs:
        print(f"bench: {name}", file=sys.stderr)
        jobs[name]()
        report.write()
        print(report.table_of(name), file=sys.stderr)


if __name__ == "__main__":
    main()
