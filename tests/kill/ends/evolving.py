"""Columns that are added while rows are moved: what sources of such have in common, and files."""

import dataclasses
import random

from ends.file import EXTENSIONS, FileSource
from rows import ADDED, Row, is_number

MOST_COLUMNS = 6


@dataclasses.dataclass(kw_only=True)
class Evolving:
    """num_added: columns. The first, the third and so on hold whole numbers, and numbers with fractions once there are others behind
    them."""

    needs_splits = True
    times = (2, 3, 4)

    num_added: int = 0

    @property
    def names(self) -> list[str]:
        return [f"{ADDED}{'nt'[number % 2]}{number}" for number in range(self.num_added)]

    def add_column(self) -> None:
        self.num_added = min(self.num_added + 1, MOST_COLUMNS)

    def with_values(self, row: Row, names: list[str], draw: random.Random) -> Row:
        return (*row, *((name, self.draw_value(name, draw)) for name in names))

    def draw_value(self, name: str, draw: random.Random) -> int | float | str:
        if not is_number(name):
            return f"süß {draw.randrange(1000)}"
        has_fractions = self.num_added > int(name.removeprefix(f"{ADDED}n")) + 2
        return draw.randrange(1000) / 4 if has_fractions else draw.randrange(1000)

    def with_columns(self, rows: list[Row], names: list[str], draw: random.Random) -> list[Row]:
        """The first of them has a value for each column, so that none is without a type."""
        return [
            self.with_values(row, [name for name in names if not index or draw.random() < 0.8], draw)
            for index, row in enumerate(rows)
        ]


def without_null(rows: list[Row]) -> list[Row]:
    """From the first of them types are taken."""
    return [(rows[0][0], rows[0][1] or "tea", rows[0][2] or 0.25, "plain", *rows[0][4:]), *rows[1:]] if rows else rows


@dataclasses.dataclass(kw_only=True)
class EvolvingFileSource(Evolving, FileSource):
    """A file has the columns that there are by then, or none of those that were added."""

    arguments = ("--on-schema-change", "evolve")

    @classmethod
    def draw(cls, draw: random.Random) -> "EvolvingFileSource":
        return cls(extension=draw.choice(EXTENSIONS), has_schema=False)

    def finished(self, rows: list[Row], draw: random.Random) -> list[Row]:
        if draw.random() < 0.3:
            self.add_column()
        return self.with_columns(without_null(rows), self.names if draw.random() < 0.8 else [], draw)
