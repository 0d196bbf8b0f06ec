"""A topic with bad records among its messages, and the table, or the directory, that they are kept in."""

import dataclasses
import json
import pathlib
import random
import re
from collections.abc import Iterable

from confluent_kafka import Message
from ends.bad_files import LETTERS, bad_record, letters_in, record_kept
from ends.kafka import KafkaSource, consume, payload_of
from ends.postgresql import PostgresqlSink, query
from rows import Row, row_of

NAME = re.compile(rb"bad (\d+)\.\d+")


@dataclasses.dataclass(kw_only=True)
class BadKafkaSource(KafkaSource):
    """The name of a bad record holds the id of a row that was sent with it."""

    needs_splits = True

    def payloads(self, rows: list[Row], draw: random.Random) -> Iterable[str | bytes]:
        for begin in range(0, len(rows), 97):
            for number in range(draw.choice((0, 0, 1, 1, 2, 30))):
                name = f"bad {rows[begin][0]}.{number}"
                yield draw.choice((bad_record("json", name, draw), b"\xff\xfe\0" + name.encode(), f"[{json.dumps(name)}]"))
            yield from map(payload_of, rows[begin : begin + 97])

    def messages(self, part: str, are_bad: bool) -> list[Message]:
        begin, end = map(int, part.split())

        def belongs(message: Message) -> bool:
            name = NAME.search(message.value())
            return bool(name) == are_bad and (not name or begin <= int(name[1]) < end)

        return [message for message in consume(self.place) if belongs(message)]

    def rows(self, folder: pathlib.Path, part: str) -> list[Row]:
        begin, end = map(int, part.split())
        rows = (row_of(json.loads(message.value())) for message in self.messages(part, are_bad=False))
        return [row for row in rows if begin <= row[0] < end]

    def bad_records(self, folder: pathlib.Path, part: str) -> list[str]:
        return [message.value().decode("utf-8", "surrogateescape") for message in self.messages(part, are_bad=True)]


@dataclasses.dataclass(kw_only=True)
class BadPostgresqlSink(PostgresqlSink):
    """keeps_in_table: the bad records are in a table `letters`, in a schema of its own, so that its record is not taken for that of the
    rows; else in a directory."""

    keeps_in_table: bool

    @classmethod
    def draw(cls, draw: random.Random) -> "BadPostgresqlSink":
        return cls(is_made=draw.random() < 0.5, upserts=False, keeps_in_table=draw.random() < 0.5)

    @property
    def arguments(self) -> tuple[str, ...]:
        table = self.uri_of(self.address().path, table="letters", schema=self.place_of_letters)
        return ("--on-error", table if self.keeps_in_table else f"file:{LETTERS}/?format=json")

    @property
    def place_of_letters(self) -> str:
        return f"{self.place}_bad"

    def make(self) -> None:
        super().make()
        query(f"CREATE SCHEMA {self.place_of_letters}")

    def remove(self) -> None:
        super().remove()
        query(f"DROP SCHEMA {self.place_of_letters} CASCADE")

    def letters(self, folder: pathlib.Path) -> list[str]:
        if not self.keeps_in_table:
            return letters_in(folder)
        if query(f"SELECT to_regclass('{self.place_of_letters}.letters')") == [(None,)]:
            return []
        return [record_kept(*letter) for letter in query(f"SELECT record, record_encoding FROM {self.place_of_letters}.letters")]
