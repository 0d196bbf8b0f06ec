"""The data sets: 2,000,000 rows of 8 columns as CSV and as JSON lines, and TPC-H's lineitem.

`python3 benchmarks/data.py NUM_ROWS FOLDER` writes rows.csv (115 bytes a row) and rows.ndjson (192
bytes); the same number gives the same bytes. rows.avro is velo's copy of rows.csv, uncompressed, and
lineitem comes from its generator."""
import datetime
import pathlib
import random
import subprocess
import sys

from tables import ROWS, velo_schema

NUM_ROWS = 2_000_000
NUM_LINES = 6_001_215  # of scale factor 1
SEED = 42
FIRST_TIME = datetime.datetime(2026, 1, 1)


def write_rows(num_rows: int, folder: pathlib.Path) -> None:
    source = random.Random(SEED)
    with (
        open(folder / "rows.csv", "w", buffering=1 << 20) as csv,
        open(folder / "rows.ndjson", "w", buffering=1 << 20) as ndjson,
    ):
        csv.write("id,qty,price,amount,code,ts,active,note\n")
        for number in range(1, num_rows + 1):
            quantity = source.randrange(1, 100_000)
            price = f"{source.random() * 1000:.6f}"
            cents = source.randrange(0, 10**9)
            amount = f"{cents // 100}.{cents % 100:02d}"
            text = f"{source.getrandbits(192):048x}"
            code, note = text[:16], text[16:]
            milliseconds = number * 13
            time = FIRST_TIME + datetime.timedelta(milliseconds=milliseconds)
            at = f"{time:%Y-%m-%d %H:%M:%S}.{milliseconds % 1000:03d}"
            active = "true" if quantity % 2 else "false"
            csv.write(f"{number},{quantity},{price},{amount},{code},{at},{active},{note}\n")
            ndjson.write(
                f'{{"id":{number},"qty":{quantity},"price":{price},"amount":{amount},"code":"{code}",'
                f'"ts":"{at}","active":{active},"note":"{note}","src":"gen42"}}\n'
            )


def prepare(folder: pathlib.Path, velo: str) -> None:
    """Write what is missing of all data sets; a file appears when it is whole."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "rows.ndjson").exists():
        aside = folder / "unfinished"
        aside.mkdir(exist_ok=True)
        write_rows(NUM_ROWS, aside)
        for name in ("rows.csv", "rows.ndjson"):
            (aside / name).rename(folder / name)
    if not (folder / "rows.avro").exists():
        source = f"{folder / 'rows.csv'}?schema={velo_schema(ROWS)}"
        subprocess.run([velo, "copy", source, f"{folder / 'rows.avro'}?compression=none"], check=True)
    for name in ("lineitem.csv", "lineitem.parquet"):
        if not (folder / name).exists():
            source = f"generate://lineitem?rows={NUM_LINES}"
            subprocess.run([velo, "copy", source, str(folder / name)], check=True)


if __name__ == "__main__":
    write_rows(int(sys.argv[1]), pathlib.Path(sys.argv[2]))
