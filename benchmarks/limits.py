"""Limits that velo keeps by itself: how long a start takes, how much memory a table of any size, and what its promises cost."""
import hashlib
import pathlib
import shutil
import subprocess
import sys

from measure import measure
from record import measurement
from tables import ROWS, velo_schema

SIZES = [1_000_000, 5_000_000, 20_000_000, 50_000_000]


def starts(velo: str, folder: pathlib.Path) -> dict[str, list[str]]:
    small = folder / "small.csv"
    small.write_text("id,name\n" + "".join(f"{i},name {i}\n" for i in range(100)), encoding="utf-8")
    return {
        "velo --version": [velo, "--version"],
        "100 rows of CSV to Parquet": [velo, "copy", str(small), str(folder / "small.parquet")],
        "100 rows of CSV shown": [velo, "copy", str(small), "-"],
    }


def memory(velo: str, folder: pathlib.Path) -> list[dict]:
    """orders → CSV → Parquet at several sizes, once each: the peak matters, not the time."""
    csv, parquet = folder / "orders.csv", folder / "orders.parquet"
    measurements = []
    for num_rows in SIZES:
        for label, command in {
            "orders → CSV": [velo, "copy", f"generate://orders?rows={num_rows}", str(csv)],
            "CSV → Parquet": [velo, "copy", str(csv), str(parquet)],
        }.items():
            measurements.append(measurement(label, num_rows, command, [measure(command)]))
    csv.unlink()
    parquet.unlink()
    return measurements


def overheads(velo: str, folder: pathlib.Path) -> dict[str, list[str]]:
    """Each two commands do the same job, the second with more promised or asked."""
    source = folder / "rows.csv"
    plain, by_sql, file, directory = (folder / name for name in OUTPUTS_OF_OVERHEADS)
    into_directory = f"rm -rf {directory} && exec {velo} copy {source} '{directory}/?format=csv'"
    return {
        "CSV → Parquet, velo copy": [velo, "copy", str(source), str(plain)],
        "the same by SQL, short cut": [velo, "run", "-e", f"INSERT INTO file('{by_sql}') SELECT * FROM file('{source}')"],
        "CSV → CSV, one file without a record": [velo, "copy", str(source), str(file)],
        "the same into a directory, exactly once": ["sh", "-c", into_directory],
    }


def cores(velo: str, folder: pathlib.Path) -> dict[str, list[str]]:
    """Each two commands do the same job, the second on two cores: of large files, which are read in parts."""
    out = folder / "parts"
    commands = {}
    for source in (f"rows.csv?schema={velo_schema(ROWS)}", f"rows.ndjson?schema={velo_schema(ROWS)}"):
        name, _, query = source.partition("?")
        copy = f"{velo} copy --parallel 2 '{folder / name}?{query}&part_bytes=16777216' '{out}/?format=parquet'"
        for label, pinned in (("on one core", "taskset -c 0 "), ("on two", "")):
            commands[f"{name} in parts → Parquet, {label}"] = ["sh", "-c", f"rm -rf {out} && exec {pinned}{copy}"]
    return commands


OUTPUTS_OF_OVERHEADS = ("copied.parquet", "selected.parquet", "copied.csv", "committed")


def sum_of_rows(velo: str, uri: str) -> tuple[int, int]:
    """How many rows, and a sum of their hashes, which their order does not change."""
    count = total = 0
    with subprocess.Popen([velo, "copy", uri, "-?format=csv&header=false"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as rows:
        for line in rows.stdout:
            count += 1
            total += int.from_bytes(hashlib.blake2b(line, digest_size=8).digest(), "big")
    return count, total


def check_overheads(velo: str, folder: pathlib.Path) -> None:
    """End with an error where the outputs of overheads() differ; else remove them."""
    paths = [folder / name for name in OUTPUTS_OF_OVERHEADS]
    sums = {sum_of_rows(velo, str(path) if path.is_file() else f"{path}/*.csv") for path in paths}
    if len(sums) != 1:
        sys.exit(f"bench: the outputs differ: {sums}")
    for path in paths:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
