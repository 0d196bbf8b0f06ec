"""ClickHouse tables, as the end that is read and as the end that is written, by clickhouse-connect."""

import dataclasses
import functools
import pathlib
import random
import time

import clickhouse_connect
from ends.end import SETTLE_SECONDS, OnServer, Sink, Source, wait_until
from rows import COLUMNS, Row, draw_rows

TYPES = {"id": "Int64", "category": "Nullable(String)", "amount": "Nullable(Float64)", "note": "Nullable(String)"}


@functools.cache
def session() -> clickhouse_connect.driver.Client:
    address = OnClickhouse.address()
    return clickhouse_connect.get_client(
        host=address.hostname, port=address.port, username=address.username, password=address.password,
        autogenerate_session_id=False,
    )  # fmt: skip


def query(statement: str) -> list[tuple]:
    return [tuple(row) for row in session().query(statement).result_rows]


@dataclasses.dataclass(kw_only=True)
class OnClickhouse(OnServer):
    """The table `orders` in a database of its own."""

    server = "clickhouse"
    speaks_http = True

    def meet_again(self) -> None:
        session.cache_clear()

    @property
    def table(self) -> str:
        return f"{self.place}.orders"

    def make(self) -> None:
        session().command(f"CREATE DATABASE {self.place}")

    def remove(self) -> None:
        session().command(f"DROP DATABASE {self.place}")

    def settle(self) -> None:
        time.sleep(SETTLE_SECONDS)
        running = f"SELECT 1 FROM system.processes WHERE current_database = '{self.place}' AND query NOT LIKE 'SELECT%'"
        mutating = f"SELECT 1 FROM system.mutations WHERE database = '{self.place}' AND NOT is_done"
        wait_until(lambda: not query(f"{running} UNION ALL {mutating}"))

    def make_table(self, names: list[str], clauses: str) -> None:
        columns = ", ".join(f"{name} {TYPES[name]}" for name in names)
        session().command(f"CREATE TABLE {self.table} ({columns}) ENGINE = MergeTree {clauses}")

    def tables(self) -> set[str]:
        return {name for (name,) in query(f"SELECT name FROM system.tables WHERE database = '{self.place}'")}

    def put(self, rows: list[Row]) -> None:
        session().insert(self.table, rows, column_names=COLUMNS)


@dataclasses.dataclass(kw_only=True)
class ClickhouseSource(OnClickhouse, Source):
    """A part is a range of ids."""

    is_whole = True
    breaks = {"DESCRIBE": (rb"DESCRIBE TABLE", 2, False), "SELECT": (rb"SELECT `id`", 1, True)}

    by_query: bool
    parts: list[str] = dataclasses.field(default_factory=list)
    num_rows: int = 0

    @classmethod
    def draw(cls, draw: random.Random) -> "ClickhouseSource":
        return cls(by_query=draw.random() < 0.3)

    @property
    def uri(self) -> str:
        what = {"query": f"SELECT * FROM {self.table}"} if self.by_query else {"table": "orders"}
        return self.uri_of(f"/{self.place}", **what)

    def make(self) -> None:
        super().make()
        self.make_table(list(TYPES), "ORDER BY id")

    def add(self, folder: pathlib.Path, draw: random.Random) -> None:
        count = draw.choice((1, 500, 5_000, 20_000, 40_000, 100_000))
        self.put(draw_rows(draw, self.num_rows, count))
        self.parts.append(f"{self.num_rows} AND {self.num_rows + count - 1}")
        self.num_rows += count

    def rows(self, folder: pathlib.Path, part: str) -> list[Row]:
        return query(f"SELECT id, category, amount, note FROM {self.table} WHERE id BETWEEN {part}")


@dataclasses.dataclass(kw_only=True)
class ClickhouseSink(OnClickhouse, Sink):
    """is_made: the table is there before velo, with its columns in another order, in some partitions."""

    keeps_order = False
    breaks = {
        "rows": (rb"_velo_pipeline%2C", 5, True),
        "intent": (rb"'intent', '", 5, True),
        "done": (rb"'done', '", 5, True),
        "fence": (rb"CREATE TABLE [^;]{0,100}velo_fence_", 1, False),
        "fence's row": (rb"'fence', '", 1, False),
        "end of queries": (rb"KILL QUERY", 1, True),
        "count": (rb"count\(\)", 2, True),
        "removal of rows": (rb"DELETE FROM", 1, True),
        "removal": (rb"(DROP|DELETE) ", 5, True),
    }
    arguments = ("--guarantee", "exactly_once")

    is_made: bool
    num_partitions: int

    @classmethod
    def draw(cls, draw: random.Random) -> "ClickhouseSink":
        return cls(is_made=draw.random() < 0.5, num_partitions=draw.choice((1, 1, 8)))

    @property
    def uri(self) -> str:
        return self.uri_of(f"/{self.place}", table="orders")

    def make(self) -> None:
        super().make()
        if self.is_made:
            self.make_sink_table()

    def make_sink_table(self) -> None:
        self.make_table(list(reversed(TYPES)), f"ORDER BY id PARTITION BY bitAnd(id, {self.num_partitions - 1})")

    def put_before(self, folder: pathlib.Path, rows: list[Row]) -> None:
        if not self.is_made:
            self.is_made = True
            self.make_sink_table()
        self.put(rows)

    def rows(self, folder: pathlib.Path) -> list[Row]:
        if "orders" not in self.tables():
            return []
        return query(f"SELECT id, category, amount, note FROM {self.table}")

    def record_exists(self, folder: pathlib.Path) -> bool:
        return "velo_checkpoint" in self.tables() and bool(query(f"SELECT 1 FROM {self.place}.velo_checkpoint LIMIT 1"))

    def record_mark(self, folder: pathlib.Path) -> set[str]:
        """The fences that were taken."""
        if "velo_checkpoint" not in self.tables():
            return set()
        try:
            return {f"{fence} {holder}" for fence, holder in
                    query(f"SELECT fence, holder FROM {self.place}.velo_checkpoint WHERE state = 'fence'")}  # fmt: skip
        except clickhouse_connect.driver.exceptions.DatabaseError:  # gone since
            return set()

    def state(self, folder: pathlib.Path) -> set[str]:
        if "orders" not in self.tables():
            return set()
        columns = {name for name, *_ in query(f"DESCRIBE TABLE {self.table}")}
        writer = "_velo" if "_velo" in columns else "0"
        return {f"{attempt}: {count} rows" for attempt, count in query(f"SELECT {writer}, count() FROM {self.table} GROUP BY 1")}

    def left_behind(self, folder: pathlib.Path, is_run: bool) -> list[str]:
        """A named pipeline keeps its record and the table of its fence."""
        found = sorted(self.tables() - {"orders"})
        if is_run:
            return found
        fences = [name for name in found if name.startswith("velo_fence_")]
        return [*fences[:-1], *(name for name in found if name not in (*fences, "velo_checkpoint", "velo_split"))]
