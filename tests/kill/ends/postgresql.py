"""PostgreSQL tables, as the end that is read and as the end that is written, by psycopg."""

import dataclasses
import functools
import pathlib
import random
import time

import psycopg
from ends.end import SETTLE_SECONDS, OnServer, Sink, Source, wait_until
from rows import Row, columns_of, draw_rows, record_of

TYPES = {"id": "bigint", "category": "text", "amount": "double precision", "note": "text"}


@functools.cache
def session() -> psycopg.Connection:
    return psycopg.connect(OnPostgresql.address().geturl(), autocommit=True)


def query(statement: str) -> list[tuple]:
    try:
        done = session().execute(statement)
    except psycopg.OperationalError:  # the server was killed since
        session.cache_clear()
        done = session().execute(statement)
    return done.fetchall() if done.description else []


@dataclasses.dataclass(kw_only=True)
class OnPostgresql(OnServer):
    """The table `orders` in a schema of its own."""

    server = "postgresql"
    # libpq waits for what the server has to say when it cannot send: only a lost connection ends that.
    calls_that_only_kill = ("sendto",)

    def meet_again(self) -> None:
        session.cache_clear()

    @property
    def table(self) -> str:
        return f"{self.place}.orders"

    def make(self) -> None:
        query(f"CREATE SCHEMA {self.place}")

    def remove(self) -> None:
        query(f"DROP SCHEMA {self.place} CASCADE")

    def settle(self) -> None:
        time.sleep(SETTLE_SECONDS)
        active = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'velo:%' AND state = 'active'"
        waits = f"AND wait_event IS DISTINCT FROM 'ClientRead' AND query LIKE '%{self.place}%'"
        wait_until(lambda: query(f"{active} {waits}") == [(0,)])

    def is_there(self, table: str) -> bool:
        return query(f"SELECT to_regclass('{self.place}.{table}')")[0][0] is not None

    def put(self, rows: list[Row]) -> None:
        names = columns_of(rows)
        with session().cursor().copy(f"COPY {self.table} ({', '.join(names)}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(tuple(map(record_of(row).get, names)))


@dataclasses.dataclass(kw_only=True)
class PostgresqlSource(OnPostgresql, Source):
    """A part is a range of ids."""

    is_whole = True
    breaks = {"BEGIN": (rb"\0BEGIN READ ONLY", 1, True), "COPY": (rb"\0COPY \(SELECT", 1, True)}

    by_query: bool
    batch_size: int
    parts: list[str] = dataclasses.field(default_factory=list)
    num_rows: int = 0

    @classmethod
    def draw(cls, draw: random.Random) -> "PostgresqlSource":
        return cls(by_query=draw.random() < 0.3, batch_size=draw.choice((100, 1_000, 65_536)))

    @property
    def uri(self) -> str:
        what = {"query": f"SELECT * FROM {self.table}"} if self.by_query else {"table": "orders", "schema": self.place}
        return self.uri_of(self.address().path, **what, batch_size=str(self.batch_size))

    def make(self) -> None:
        super().make()
        query(f"CREATE TABLE {self.table} ({', '.join(map(' '.join, TYPES.items()))})")

    def add(self, folder: pathlib.Path, draw: random.Random) -> None:
        count = draw.choice((1, 500, 5_000, 20_000, 40_000))
        self.put(draw_rows(draw, self.num_rows, count))
        self.parts.append(f"{self.num_rows} AND {self.num_rows + count - 1}")
        self.num_rows += count

    def rows(self, folder: pathlib.Path, part: str) -> list[Row]:
        return query(f"SELECT id, category, amount, note FROM {self.table} WHERE id BETWEEN {part}")


@dataclasses.dataclass(kw_only=True)
class PostgresqlSink(OnPostgresql, Sink):
    """is_made: the table is there before velo, with its columns in another order and one more, which counts the rows as they come."""

    steps = tuple(step for step in Sink.steps if step != "after_publish")
    breaks = {
        "COMMIT": (rb"\0COMMIT\0", 10, False),
        "COPY": (rb"\0COPY [^\0]* FROM STDIN", 5, True),
        "end of COPY": (rb"c\0\0\0\x04", 5, True),
        "lane's row": (rb"\0UPDATE [^\0]*velo_checkpoint", 5, False),
        "fence": (rb"\0INSERT INTO [^\0]*velo_checkpoint", 2, False),
        "removal": (rb"\0DELETE FROM", 3, True),
    }

    is_made: bool
    upserts: bool

    @classmethod
    def draw(cls, draw: random.Random) -> "PostgresqlSink":
        return cls(is_made=draw.random() < 0.5, upserts=draw.random() < 0.4)

    @property
    def uri(self) -> str:
        key = {"key": "id"} if self.upserts else {}
        return self.uri_of(self.address().path, table="orders", schema=self.place, **key)

    @property
    def keeps_order(self) -> bool:
        return self.is_made and not self.upserts

    def make(self) -> None:
        super().make()
        if self.is_made:
            self.make_table()

    def make_table(self) -> None:
        key = " PRIMARY KEY" if self.upserts else ""
        columns = [f"{name} {type}{key if name == 'id' else ''}" for name, type in TYPES.items()]
        query(f"CREATE TABLE {self.table} ({', '.join(reversed(columns))}, place bigserial)")

    def put_before(self, folder: pathlib.Path, rows: list[Row]) -> None:
        if not self.is_made:
            self.is_made = True
            self.make_table()
        self.put(rows)

    def rows(self, folder: pathlib.Path) -> list[Row]:
        if not self.is_there("orders"):
            return []
        return query(f"SELECT id, category, amount, note FROM {self.table}{' ORDER BY place' if self.is_made else ''}")

    def record_exists(self, folder: pathlib.Path) -> bool:
        return self.is_there("velo_checkpoint") and bool(query(f"SELECT 1 FROM {self.place}.velo_checkpoint LIMIT 1"))

    def record_mark(self, folder: pathlib.Path) -> set[str]:
        """Its connections that are at what comes after the fence. The record itself is left alone: reading it could keep velo
        from removing it."""
        work = f"query LIKE '%{self.place}%' AND (query ~ 'velo_split WHERE|DO NOTHING' OR application_name !~ ':control$')"
        found = query(f"SELECT pid, application_name FROM pg_stat_activity WHERE application_name LIKE 'velo:%' AND {work}")
        return {f"{pid} {name}" for pid, name in found}

    def state(self, folder: pathlib.Path) -> set[str]:
        if not self.is_there("orders"):
            return set()
        return {f"{writer}: {count} rows" for writer, count in query(f"SELECT xmin::text, count(*) FROM {self.table} GROUP BY 1")}

    def left_behind(self, folder: pathlib.Path, is_run: bool) -> list[str]:
        known = {"orders"} if is_run else {"orders", "velo_checkpoint", "velo_split"}
        tables = {name for (name,) in query(f"SELECT tablename FROM pg_tables WHERE schemaname = '{self.place}'")}
        return sorted(tables - known)
