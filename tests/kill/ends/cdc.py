"""A PostgreSQL table and its changes, as the end that is read, and the table that is to equal it, by psycopg."""

import dataclasses
import pathlib
import random

from ends.end import Source, wait_until
from ends.postgresql import TYPES, OnPostgresql, PostgresqlSink, query
from rows import Row, draw_rows

MOST_ROWS = 10**9  # an id that is moved so far, however often, meets no other
CHANGE_COLUMNS = {"_op": "text", "_ts": "timestamptz", "_position": "text", "_unset": "text"}


@dataclasses.dataclass(kw_only=True)
class CdcSource(OnPostgresql, Source):
    """There is one part: the table as it is after the last change. A trigger keeps every row that there ever was."""

    changes_rows = True
    arguments = ("--once",)
    breaks = {
        "CREATE_PUBLICATION": (rb"CREATE PUBLICATION", 1, False),
        "CREATE_REPLICATION_SLOT": (rb"CREATE_REPLICATION_SLOT", 1, False),
        "COPY": (rb"COPY \(SELECT", 1, True),
        "START_REPLICATION": (rb"START_REPLICATION", 1, False),
    }

    batch_size: int
    is_identity_full: bool
    num_changes: int = 0
    num_rows: int = 0  # ids that were given

    @classmethod
    def draw(cls, draw: random.Random) -> "CdcSource":
        return cls(batch_size=draw.choice((100, 1_000, 65_536)), is_identity_full=draw.random() < 0.3)

    @property
    def uri(self) -> str:
        return self.uri_of(self.address().path, table="orders", schema=self.place, cdc="true", batch_size=str(self.batch_size))

    @property
    def parts(self) -> list[str]:
        return [f"after {self.num_changes}"] if self.num_changes else []

    def make(self) -> None:
        super().make()
        columns = ", ".join(map(" ".join, TYPES.items()))
        query(f"CREATE TABLE {self.table} ({columns}, PRIMARY KEY (id))")
        query(f"ALTER TABLE {self.table} ALTER note SET STORAGE EXTERNAL")  # so that large ones come as not sent
        query(f"ALTER TABLE {self.table} REPLICA IDENTITY {'FULL' if self.is_identity_full else 'DEFAULT'}")
        query(f"CREATE TABLE {self.place}.versions ({columns})")
        query(f"""CREATE FUNCTION {self.place}.keep() RETURNS trigger LANGUAGE plpgsql AS
                  $$ BEGIN INSERT INTO {self.place}.versions VALUES (NEW.*); RETURN NULL; END $$""")
        query(f"""CREATE TRIGGER keep AFTER INSERT OR UPDATE ON {self.table}
                  FOR EACH ROW EXECUTE FUNCTION {self.place}.keep()""")

    def remove(self) -> None:
        """With the slots and publications of velo's pipelines: a slot keeps the server's log."""
        found = query(f"SELECT pubname FROM pg_publication_tables WHERE schemaname = '{self.place}'")
        for (name,) in found:
            slot = f"FROM pg_replication_slots WHERE slot_name = '{name}'"
            query(f"SELECT pg_terminate_backend(active_pid) {slot} AND active")
            wait_until(lambda: not query(f"SELECT 1 {slot} AND active"))
            query(f"SELECT pg_drop_replication_slot(slot_name) {slot}")
            query(f'DROP PUBLICATION "{name}"')
        super().remove()

    def add(self, folder: pathlib.Path, draw: random.Random) -> None:
        """Some transactions, large ones and small ones."""
        for _ in range(draw.choice((1, 3, 10, 30))):
            query("BEGIN")
            self.change(draw)
            query("ROLLBACK" if self.num_changes and draw.random() < 0.1 else "COMMIT")
            self.num_changes += 1

    def change(self, draw: random.Random) -> None:
        """What one transaction does."""
        rows = draw_rows(draw, self.num_rows, draw.choice((1, 50, 500, 3_000)))
        self.put(self.finished(rows, draw))
        self.num_rows += len(rows)
        for _ in range(draw.choice((0, 1, 5))):
            query(self.draw_change(draw))

    def finished(self, rows: list[Row], draw: random.Random) -> list[Row]:
        """What becomes of rows before they are inserted."""
        return rows

    def draw_change(self, draw: random.Random) -> str:
        """A row that is not sent whole cannot be moved to another key."""
        whole = "" if self.is_identity_full else "AND coalesce(length(note), 0) < 1000"
        some = f"id % {draw.choice((2, 7, 50))} = {draw.randrange(2)} AND id > {draw.randrange(self.num_rows)}"
        return draw.choice((
            f"UPDATE {self.table} SET amount = {draw.randrange(1000)} WHERE {some}",
            f"UPDATE {self.table} SET note = repeat(md5(id::text), 200) WHERE {some} AND id % 10 = 0",
            f"UPDATE {self.table} SET id = id + {MOST_ROWS} WHERE {some} AND id % 3 = 0 {whole}",
            f"DELETE FROM {self.table} WHERE {some}",
        ))  # fmt: skip

    def rows(self, folder: pathlib.Path, part: str) -> list[Row]:
        return query(f"SELECT id, category, amount, note FROM {self.table}")

    def versions(self) -> list[Row]:
        """All rows that there ever were, but for those of transactions that were rolled back."""
        return query(f"SELECT DISTINCT id, category, amount, note FROM {self.place}.versions")


@dataclasses.dataclass(kw_only=True)
class CdcSink(PostgresqlSink):
    """A table with a key, to which the changes are applied."""

    @classmethod
    def draw(cls, draw: random.Random) -> "CdcSink":
        return cls(is_made=draw.random() < 0.5, upserts=True)

    def make_table(self) -> None:
        super().make_table()
        query(f"ALTER TABLE {self.table} {', '.join(f'ADD {name} {type}' for name, type in CHANGE_COLUMNS.items())}")
