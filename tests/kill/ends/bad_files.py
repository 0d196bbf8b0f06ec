"""Files with bad records among their rows, and what is to be kept of those."""

import base64
import dataclasses
import gzip
import json
import pathlib
import random

from ends.file import PART_BYTES, FileSink, FileSource
from formats import content_of, format_of, read_rows
from rows import Row

EXTENSIONS = ("csv", "csv.gz", "json", "json.gz")
LETTERS = "bad"


@dataclasses.dataclass
class BadFileSource(FileSource):
    """Files in `in/`; their rows alone are in `good/`, their bad records in `due/`."""

    needs_splits = True

    @classmethod
    def draw(cls, draw: random.Random) -> "BadFileSource":
        return cls(draw.choice(EXTENSIONS), has_schema=True, part_bytes=draw.choice(PART_BYTES))

    def put(self, folder: pathlib.Path, part: str, content: bytes) -> None:
        path = pathlib.PurePath(part)
        for place in ("good", "due"):
            (folder / place).mkdir(exist_ok=True)
        (folder / "good" / path.name).write_bytes(content)
        rows, plain = read_rows(folder / "good" / path.name), path.with_name(path.name.removesuffix(".gz"))
        header = content_of(plain, [])
        bad, pieces, draw = [], [header], random.Random(part)
        for begin in range(0, len(rows) + 1, 97):
            for _ in range(draw.choice((0, 0, 1, 1, 2, 30))):
                bad.append(bad_record(format_of(path), f"{part} {len(bad)}", draw))
                pieces.append(bad[-1].encode() + b"\n")
            pieces.append(content_of(plain, rows[begin : begin + 97]).removeprefix(header))
        (folder / "due" / path.name).write_text(json.dumps(bad), encoding="utf-8")
        mixed = b"".join(pieces)
        super().put(folder, part, gzip.compress(mixed, 1) if path.suffix == ".gz" else mixed)

    def rows(self, folder: pathlib.Path, part: str) -> list[Row]:
        return read_rows(folder / "good" / pathlib.PurePath(part).name)

    def bad_records(self, folder: pathlib.Path, part: str) -> list[str]:
        return json.loads((folder / "due" / pathlib.PurePath(part).name).read_text(encoding="utf-8"))


class AppendedFiles(FileSink):
    """A directory that each load adds to, as bad records are added to theirs."""

    arguments = ("--on-error", f"file:{LETTERS}/?format=json")

    @classmethod
    def draw(cls, draw: random.Random) -> "AppendedFiles":
        sink = super().draw(draw)
        sink.mode = "append"
        return sink

    def letters(self, folder: pathlib.Path) -> list[str]:
        return letters_in(folder)


def letters_in(folder: pathlib.Path) -> list[str]:
    """The records that were kept in a directory."""
    lines = (line for path in (folder / LETTERS).glob("*.json") for line in path.read_text(encoding="utf-8").split("\n") if line)
    return [record_kept(letter["record"], letter["record_encoding"]) for letter in map(json.loads, lines)]


def record_kept(record: str, encoding: str) -> str:
    """What is not UTF-8 has a text of its own here."""
    return base64.b64decode(record).decode("utf-8", "surrogateescape") if encoding == "base64" else record


def bad_record(format: str, name: str, draw: random.Random) -> str:
    """One like no other. None is a list: a file that holds nothing else would be an array."""
    if format == "csv":
        return draw.choice((f"{name}", f"1,{name},2", f"{name},tea,1.0,x", f"1,{name},much,x", f"1,a,2.0,b,{name}"))
    return draw.choice((f"{name}", f'{{"id":"{name}"}}', f'{{"id":1,"note":"{name}', f'{{"id":1}}}}{name}'))
