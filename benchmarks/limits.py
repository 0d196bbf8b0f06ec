"""Limits that velo keeps by itself: how long a start takes, and how much memory a table of any size."""
import pathlib

from measure import measure
from record import measurement

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
