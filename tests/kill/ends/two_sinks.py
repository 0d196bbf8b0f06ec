"""A PostgreSQL table and a directory of files, both of one statement."""

import dataclasses
import pathlib
import random

from ends.end import Sink
from ends.file import FileSink
from ends.postgresql import PostgresqlSink
from rows import Row


@dataclasses.dataclass(kw_only=True)
class TableAndFiles(PostgresqlSink):
    """The table is the first; the directory `out/` is to have the same rows, each load added to those before."""

    steps = Sink.steps
    is_several = True
    system_calls = PostgresqlSink.system_calls + FileSink.system_calls

    format: str

    @classmethod
    def draw(cls, draw: random.Random) -> "TableAndFiles":
        return cls(is_made=draw.random() < 0.5, upserts=False, format=draw.choice(("json", "csv", "parquet")))

    @property
    def files(self) -> FileSink:
        return FileSink(self.format, "", partitioned=False, mode="append")

    @property
    def further_uris(self) -> list[str]:
        return [self.files.uri]

    def put_before(self, folder: pathlib.Path, rows: list[Row]) -> None:
        super().put_before(folder, rows)
        self.files.put_before(folder, rows)

    def further_rows(self, folder: pathlib.Path) -> list[list[Row]]:
        return [self.files.rows(folder)]

    def record_exists(self, folder: pathlib.Path) -> bool:
        return super().record_exists(folder) or self.files.record_exists(folder)

    def record_mark(self, folder: pathlib.Path) -> set[str]:
        return super().record_mark(folder) | self.files.record_mark(folder)

    def state(self, folder: pathlib.Path) -> set[str]:
        return super().state(folder) | self.files.state(folder)

    def left_behind(self, folder: pathlib.Path, is_run: bool) -> list[str]:
        return super().left_behind(folder, is_run) + self.files.left_behind(folder, is_run)
