"""One case: a source, a sink, and what a pipeline between them is to have moved. Kept beside its data as case.json."""

import dataclasses
import json
import pathlib
import random
import uuid
from collections.abc import Callable

from routes import Route, route_of
from rows import Row

KINDS = ("stream", "stream", "stream", "copy", "insert")


@dataclasses.dataclass
class Query:
    sql: str  # what follows SELECT … FROM source
    keeps: Callable[[Row], bool]


QUERIES = {
    "all": Query("", lambda row: True),
    "filter": Query("WHERE amount >= 0", lambda row: row[2] is not None and row[2] >= 0),
    "sorted": Query("ORDER BY id", lambda row: True),
}


@dataclasses.dataclass
class Case:
    """name: of the pipeline, where it has one. loads: the parts whose rows the sink must hold, each as often as it is named here."""

    route: Route
    folder: pathlib.Path
    kind: str  # stream: it has a name; copy, insert: it has none, and each time is another load
    query: str
    source: object
    sink: object
    name: str = dataclasses.field(default_factory=lambda: f"orders_{uuid.uuid4().hex[:8]}")
    num_before: int = 0  # rows that were in the sink before, with ids below zero
    loads: list[str] = dataclasses.field(default_factory=list)
    ordered: bool = True  # whether the rows must come in the source's order

    @classmethod
    def draw(cls, route: Route, folder: pathlib.Path, draw: random.Random) -> "Case":
        changes_rows = route.source.changes_rows  # only who goes on hears of rows that are removed
        kind = "stream" if changes_rows else "copy" if route.source.is_many else draw.choice(KINDS)
        if route.sink.is_several and kind == "copy":
            kind = "insert"
        query = "all" if kind == "copy" or changes_rows else draw.choice(("all", "all", "filter", "sorted"))
        if route.source.needs_splits and query == "sorted":
            query = "all"
        case = cls(route, folder, kind, query, route.source.draw(draw), route.sink.draw(draw))
        case.ordered = case.is_named and case.source.keeps_order and case.sink.keeps_order and not case.is_whole
        return case

    @property
    def is_named(self) -> bool:
        return self.kind == "stream"

    @property
    def is_whole(self) -> bool:
        """Whether the rows come out of a source, or of an engine, that cannot go on in their middle."""
        return self.query == "sorted" or self.source.is_whole

    @property
    def arguments(self) -> list[str]:
        """What velo is told; written out as a file of SQL where it is SQL."""
        more = [*self.source.arguments, *self.sink.arguments]
        if self.kind == "copy":
            return ["copy", self.source.uri, self.sink.uri, *more]
        select = f"SELECT * FROM {call_of(self.source.uri)} {QUERIES[self.query].sql}"
        insert = "INSERT INTO " + ", ".join(map(call_of, [self.sink.uri, *self.sink.further_uris]))
        text = f"CREATE STREAM {self.name} AS {select} {insert};\n" if self.is_named else f"{insert} {select};\n"
        (self.folder / "job.sql").write_text(text, encoding="utf-8")
        return ["run", "job.sql", *more]

    def count_load(self) -> None:
        """What the next complete run is to add."""
        if self.is_named and self.loads and self.is_whole and not self.sink.replaces:
            return  # what is read as a whole is loaded once
        if self.is_named or self.sink.replaces or self.sink.upserts:
            self.loads = list(self.source.parts)
        else:
            self.loads += self.source.parts

    def save(self) -> None:
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        values |= {"source": vars(self.source), "sink": vars(self.sink), "route": self.route.name}
        del values["folder"]
        (self.folder / "case.json").write_text(json.dumps(values, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: pathlib.Path) -> "Case":
        values = json.loads((folder / "case.json").read_text(encoding="utf-8"))
        route = values["route"] = route_of(values["route"])
        values |= {"source": route.source(**values["source"]), "sink": route.sink(**values["sink"])}
        return cls(folder=folder, **values)


def call_of(uri: str) -> str:
    scheme, _, rest = uri.partition(":")
    return f"{scheme}('{rest.removeprefix('//')}')"
