"""Several tables of PostgreSQL, each of which goes into a directory of its own, by one command."""

import dataclasses
import pathlib
import random

from ends.file import FileSink
from ends.postgresql import TYPES, PostgresqlSource, query, session
from rows import Row, draw_rows, record_of

TABLE = "orders_"


def table_of(row: Row) -> str | None:
    """Each row that is moved says of which table it is."""
    name = (row[3] or "").partition(" ")[0]
    return name if name.startswith(TABLE) else None


@dataclasses.dataclass(kw_only=True)
class ManyPostgresqlSource(PostgresqlSource):
    """A part is a range of ids of one table. velo takes the tables by their names, in their order."""

    is_whole = False  # each is one commit
    is_many = True
    breaks = {what: (pattern, 4, has_record) for what, (pattern, _, has_record) in PostgresqlSource.breaks.items()}

    num_tables: int

    @classmethod
    def draw(cls, draw: random.Random) -> "ManyPostgresqlSource":
        return cls(by_query=False, batch_size=draw.choice((100, 1_000, 65_536)), num_tables=draw.choice((2, 3, 5, 8)))

    @property
    def uri(self) -> str:
        return self.uri_of(self.address().path, table="*", schema=self.place, batch_size=str(self.batch_size))

    def make(self) -> None:
        query(f"CREATE SCHEMA {self.place}")
        for number in range(self.num_tables):
            query(f"CREATE TABLE {self.place}.{TABLE}{number} ({', '.join(map(' '.join, TYPES.items()))})")

    def add(self, folder: pathlib.Path, draw: random.Random) -> None:
        """Some of the tables may be empty."""
        for number in range(self.num_tables):
            count = draw.choice((0, 1, 500, 5_000, 10_000))
            if not count and self.parts:
                continue
            name = f"{TABLE}{number}"
            rows = [(*row[:3], f"{name} {row[3]}") for row in draw_rows(draw, self.num_rows, count)]
            self.put_into(name, rows)
            self.parts.append(f"{name} WHERE id BETWEEN {self.num_rows} AND {self.num_rows + count - 1}")
            self.num_rows += count

    def put_into(self, table: str, rows: list[Row]) -> None:
        with session().cursor().copy(f"COPY {self.place}.{table} ({', '.join(TYPES)}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(tuple(map(record_of(row).get, TYPES)))

    def rows(self, folder: pathlib.Path, part: str) -> list[Row]:
        return query(f"SELECT id, category, amount, note FROM {self.place}.{part}")


@dataclasses.dataclass
class ManyFilesSink(FileSink):
    """Directories `out/` in folders that are called as the tables are."""

    @property
    def uri(self) -> str:
        return super().uri.replace("file:out/", "file:{table}/out/", 1)

    @staticmethod
    def folders(folder: pathlib.Path) -> list[pathlib.Path]:
        return sorted(folder.glob(f"{TABLE}*"))

    def put_before(self, folder: pathlib.Path, rows: list[Row]) -> None:
        for name in {table_of(row) or f"{TABLE}0" for row in rows}:
            (folder / name).mkdir(exist_ok=True)
            super().put_before(folder / name, [row for row in rows if (table_of(row) or f"{TABLE}0") == name])

    def rows(self, folder: pathlib.Path) -> list[Row]:
        """A row in the wrong directory is one that was in no source."""
        found = []
        for place in self.folders(folder):
            for row in super().rows(place):
                is_there = row[0] < 0 or table_of(row) == place.name
                found.append(row if is_there else (*row[:3], f"in {place.name}: {row[3]}"))
        return found

    def record_exists(self, folder: pathlib.Path) -> bool:
        return any(super(ManyFilesSink, self).record_exists(place) for place in self.folders(folder))

    def record_mark(self, folder: pathlib.Path) -> set[str]:
        return {mark for place in self.folders(folder) for mark in super(ManyFilesSink, self).record_mark(place)}

    def state(self, folder: pathlib.Path) -> set[str]:
        return {state for place in self.folders(folder) for state in super(ManyFilesSink, self).state(place)}

    def left_behind(self, folder: pathlib.Path, is_run: bool) -> list[str]:
        """Each is told with its folder."""
        places = self.folders(folder)
        return [f"{place.name}/{left}" for place in places for left in super(ManyFilesSink, self).left_behind(place, is_run)]
