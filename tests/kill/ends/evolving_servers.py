"""Columns that are added while rows are moved: a topic, a table and its changes, and tables that follow."""

import dataclasses
import pathlib
import random

from ends.cdc import CdcSink, CdcSource
from ends.evolving import MOST_COLUMNS, Evolving, EvolvingFileSource, without_null
from ends.kafka import KafkaSource
from ends.postgresql import PostgresqlSink, query
from rows import ADDED, COLUMNS, Row, columns_of, is_number, row_of


@dataclasses.dataclass(kw_only=True)
class EvolvingKafkaSource(Evolving, KafkaSource):
    """A field comes up in the middle of messages that are sent together."""

    arguments = (*KafkaSource.arguments, *EvolvingFileSource.arguments)

    @property
    def uri(self) -> str:
        return self.uri_of(f"/{self.place}", batch_size=str(self.batch_size))

    def finished(self, rows: list[Row], draw: random.Random) -> list[Row]:
        before = draw.randrange(len(rows) + 1)
        first = self.with_columns(without_null(rows[:before]), self.names, draw)
        self.add_column()
        return first + self.with_columns(without_null(rows[before:]), self.names, draw)


@dataclasses.dataclass(kw_only=True)
class EvolvingCdcSource(Evolving, CdcSource):
    """ALTER TABLE ADD COLUMN, or TYPE, is among the changes."""

    arguments = (*CdcSource.arguments, *EvolvingFileSource.arguments)

    @property
    def names(self) -> list[str]:
        """Those of a transaction that was rolled back are not among them."""
        return sorted(types_of(self.table))

    def change(self, draw: random.Random) -> None:
        if draw.random() < 0.3:
            self.alter(draw)
        super().change(draw)

    def alter(self, draw: random.Random) -> None:
        types = types_of(self.table)
        whole = [name for name, type in types.items() if type == "bigint"]
        if len(types) == MOST_COLUMNS and not whole:
            return
        if len(types) == MOST_COLUMNS or whole and draw.random() < 0.3:
            do = f"ALTER {whole[0]} TYPE double precision"
        else:
            kind = draw.choice("nt")
            type = draw.choice(("bigint", "double precision")) if kind == "n" else "text"
            do = f"ADD {ADDED}{kind}{len(types)} {type}"
        for table in (self.table, f"{self.place}.versions"):
            query(f"ALTER TABLE {table} {do}")

    def finished(self, rows: list[Row], draw: random.Random) -> list[Row]:
        return self.with_columns(rows, self.names, draw)

    def draw_value(self, name: str, draw: random.Random) -> int | str:
        return draw.randrange(1000) if is_number(name) else f"süß {draw.randrange(1000)}"

    def draw_change(self, draw: random.Random) -> str:
        name = draw.choice(self.names or [""])
        if not is_number(name):
            return super().draw_change(draw)
        some = f"id % {draw.choice((2, 7, 50))} = 0 AND id > {draw.randrange(self.num_rows)}"
        return f"UPDATE {self.table} SET {name} = amount::numeric / 4 WHERE {some}"

    def rows(self, folder: pathlib.Path, part: str) -> list[Row]:
        return rows_in(self.table)

    def versions(self) -> list[Row]:
        return rows_in(f"{self.place}.versions")


class EvolvingTable:
    """All columns that a table has by now."""

    def put(self, rows: list[Row]) -> None:
        for name in columns_of(rows)[len(COLUMNS) :]:
            query(f"ALTER TABLE {self.table} ADD COLUMN IF NOT EXISTS {name} {'double precision' if is_number(name) else 'text'}")
        super().put(rows)

    def rows(self, folder: pathlib.Path) -> list[Row]:
        return rows_in(self.table, "ORDER BY place" if self.is_made else "") if self.is_there("orders") else []


class EvolvingPostgresqlSink(EvolvingTable, PostgresqlSink):
    """A table that is altered by the pipeline."""


class EvolvingCdcSink(EvolvingTable, CdcSink):
    """The same, to which changes are applied."""


def types_of(table: str) -> dict[str, str]:
    """The columns that were added."""
    columns = "SELECT attname, atttypid::regtype::text FROM pg_attribute"
    return dict(query(f"{columns} WHERE attrelid = '{table}'::regclass AND attname LIKE '{ADDED.replace('_', '!_')}%' ESCAPE '!'"))


def rows_in(table: str, clause: str = "") -> list[Row]:
    return [row_of(values) for (values,) in query(f"SELECT row_to_json(each) FROM (SELECT * FROM {table} {clause}) each")]
