"""Files, as the end that is read and as the end that is written."""

import dataclasses
import json
import pathlib
import random
import re
import urllib.parse

from ends.end import Sink, Source
from formats import FORMATS, content_of, read_rows, write_rows
from rows import SCHEMA, Row, draw_rows

EXTENSIONS = ("csv", "csv.gz", "csv.zst", "json", "json.gz", "json.zst", "parquet")
PART_BYTES = (0, 10_000, 100_000, 64 << 20)
OF_VELO = re.compile(r"part-[0-9a-f]{16}-(\d{8})-f\d+-(\d+)-(\d+)\.")


@dataclasses.dataclass
class FileSource(Source):
    """Files in `in/`. A part is one file."""

    extension: str
    has_schema: bool
    part_bytes: int = 64 << 20  # of what velo reads at once, in a file of lines
    parts: list[str] = dataclasses.field(default_factory=list)
    num_rows: int = 0

    @classmethod
    def draw(cls, draw: random.Random) -> "FileSource":
        return cls(draw.choice(EXTENSIONS), has_schema=draw.random() < 0.5, part_bytes=draw.choice(PART_BYTES))

    @property
    def options(self) -> dict[str, str]:
        needs_schema = self.has_schema and not self.extension.startswith("parquet")
        return {"part_bytes": str(self.part_bytes)} | ({"schema": SCHEMA} if needs_schema else {})

    @property
    def uri(self) -> str:
        return f"file:in/*.{self.extension}?" + "&".join(f"{name}={value}" for name, value in self.options.items())

    def add(self, folder: pathlib.Path, draw: random.Random) -> None:
        """1 to 20 files; some may be empty, where their columns are known all the same, but not the first."""
        can_be_empty = self.has_schema or self.extension == "parquet"
        total = draw.choice((500, 5_000, 20_000, 40_000))
        weights = [draw.random() ** 3 for _ in range(draw.randint(1, 20))]
        added = []
        for index, weight in enumerate(weights):
            is_empty = can_be_empty and index > 0 and draw.random() < 0.1
            count = 0 if is_empty else 1 + int(total * weight / sum(weights))
            part = f"in/{len(self.parts):02}-{index:02}.{self.extension}"
            rows = draw_rows(draw, self.num_rows, count)
            if self.num_rows == 0:  # from which the types of all are taken
                rows[0] = (*rows[0][:2], rows[0][2] or 0.25, rows[0][3])
            rows = self.finished(rows, draw)
            self.put(folder, part, content_of(pathlib.PurePath(part), rows, draw.choice((500, 5_000, 50_000))))
            self.num_rows += count
            added.append(part)
        self.parts += added

    def finished(self, rows: list[Row], draw: random.Random) -> list[Row]:
        """What becomes of the rows of a file before they are written."""
        return rows

    def put(self, folder: pathlib.Path, part: str, content: bytes) -> None:
        (folder / part).parent.mkdir(exist_ok=True)
        (folder / part).write_bytes(content)

    def rows(self, folder: pathlib.Path, part: str) -> list[Row]:
        return read_rows(folder / part)


@dataclasses.dataclass
class FileSink(Sink):
    """A directory `out/`, perhaps with a file of somebody else's in it."""

    system_calls = ("rename", "renameat2", "link", "unlink", "fsync", "mkdir", "rename,renameat2,link,unlink,fsync")

    format: str
    compression: str
    partitioned: bool
    mode: str

    @classmethod
    def draw(cls, draw: random.Random) -> "FileSink":
        format = draw.choice(FORMATS)
        compression = "" if format == "parquet" else draw.choice(("", "gzip", "zstd"))
        return cls(format, compression, partitioned=draw.random() < 0.3, mode=draw.choice(("append",) * 4 + ("overwrite",)))

    @property
    def options(self) -> dict[str, str]:
        options = {"format": self.format, "compression": self.compression, "mode": self.mode}
        options["partition_by"] = "category" if self.partitioned else ""
        return {name: value for name, value in options.items() if value}

    @property
    def uri(self) -> str:
        return "file:out/?" + "&".join(f"{name}={value}" for name, value in self.options.items())

    @property
    def name_of_before(self) -> str:
        return f"out/before.{self.format}" + {"": "", "gzip": ".gz", "zstd": ".zst"}[self.compression]

    @property
    def replaces(self) -> bool:
        return self.mode == "overwrite"

    @property
    def keeps_order(self) -> bool:
        """Whether one lane leaves the rows in the order of the source."""
        return not self.partitioned

    def put_before(self, folder: pathlib.Path, rows: list[Row]) -> None:
        """Rows of somebody else's."""
        (folder / "out").mkdir()
        write_rows(folder / self.name_of_before, rows)

    def files(self, folder: pathlib.Path) -> list[pathlib.Path]:
        """Those that a reader of the directory sees, in the order of their epochs."""
        out = folder / "out"
        found = [path for path in out.rglob("*") if path.is_file() and not is_hidden(path.relative_to(out))]
        return sorted(found, key=place_of)

    def rows(self, folder: pathlib.Path) -> list[Row]:
        return [row for path in self.files(folder) for row in read_rows(path, partition_of(path))]

    def record_exists(self, folder: pathlib.Path) -> bool:
        """Whether a run would go on from it: one whose end is written down begins anew."""
        manifests = sorted((folder / "out/_velo").glob("[!.]*/*.json"))
        return bool(manifests) and not json.loads(manifests[-1].read_text(encoding="utf-8"))["forgotten"]

    def record_mark(self, folder: pathlib.Path) -> set[str]:
        """What grows with each process that takes the record over."""
        return {str(path) for path in (folder / "out/_velo").glob("[!.]*/*.json")}

    def state(self, folder: pathlib.Path) -> set[str]:
        """What changes whenever rows become visible."""
        return {str(path) for path in self.files(folder)}

    def left_behind(self, folder: pathlib.Path, is_run: bool) -> list[str]:
        """What should not be there after a run that has found nothing to do: staged files, a finished run's record."""
        velo = folder / "out/_velo"
        found = [velo] if is_run else [*velo.glob("**/*.part")]
        return [str(path.relative_to(folder)) for path in found if path.exists()]


def is_hidden(path: pathlib.PurePath) -> bool:
    return any(name.startswith((".", "_")) for name in path.parts)


def place_of(path: pathlib.PurePath) -> tuple:
    match = OF_VELO.match(path.name)
    return (1, *map(int, match.groups())) if match else (0,)


def partition_of(path: pathlib.PurePath) -> dict:
    name, equals, value = path.parent.name.partition("=")
    if not equals:
        return {}
    return {name: None if value == "__HIVE_DEFAULT_PARTITION__" else urllib.parse.unquote(value)}
