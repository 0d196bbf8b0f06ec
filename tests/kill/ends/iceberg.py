"""Tables of Iceberg in a REST catalog, as the end that is read and as the end that is written, by PyIceberg."""

import dataclasses
import functools
import os
import pathlib
import random
import re
import time
import urllib.parse

import pyarrow
import pyarrow.fs
from ends.end import SETTLE_SECONDS, OnServer, Sink, Source
from ends.s3 import KEYS, settings
from formats import PARQUET_SCHEMA
from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.table import Table
from rows import COLUMNS, Row, draw_rows, row_of

OF_VELO = re.compile(r"-f(\d+)-e\d+-.*-([0-9a-f]{16})\.parquet$")
STORE = "VELO_TEST_ICEBERG_STORE_URI"


@functools.cache
def catalog() -> RestCatalog:
    store = settings(STORE)
    return RestCatalog("velo", uri=OnIceberg.address().geturl(), **{
        "s3.endpoint": store["endpoint"], "s3.region": store["region"],
        "s3.access-key-id": store["access_key_id"], "s3.secret-access-key": store["secret_access_key"],
    })  # fmt: skip


@functools.cache
def store() -> pyarrow.fs.S3FileSystem:
    given = settings(STORE)
    scheme, _, server = given["endpoint"].partition("://")
    return pyarrow.fs.S3FileSystem(access_key=given["access_key_id"], secret_key=given["secret_access_key"],
                                   region=given["region"], scheme=scheme, endpoint_override=server)  # fmt: skip


def arrow_of(rows: list[Row]) -> pyarrow.Table:
    return pyarrow.Table.from_pylist([dict(zip(COLUMNS, row)) for row in rows], PARQUET_SCHEMA)


@dataclasses.dataclass(kw_only=True)
class OnIceberg(OnServer):
    """The table `orders` in a namespace of its own. Its catalog is behind one proxy, its files are behind another."""

    server = "iceberg"
    speaks_http = True
    keeps_order = False

    store_port: int = 0

    @classmethod
    def address(cls) -> urllib.parse.SplitResult:
        given = urllib.parse.urlsplit(os.environ["VELO_TEST_ICEBERG_URI"])
        return urllib.parse.urlsplit(dict(urllib.parse.parse_qsl(given.query))["catalog_uri"])

    @staticmethod
    def address_of_store() -> urllib.parse.SplitResult:
        return urllib.parse.urlsplit(settings(STORE)["endpoint"])

    def meet_again(self) -> None:
        catalog.cache_clear()

    @property
    def uri(self) -> str:
        address = self.address()
        store = self.address_of_store()
        given = {name: settings(STORE)[name] for name in KEYS}
        given["endpoint"] = f"{store.scheme}://{store.hostname}:{self.store_port or store.port}"
        options = {"catalog_uri": f"{address.scheme}://{address.hostname}:{self.port or address.port}", **given}
        return f"iceberg://velo/{self.place}/orders?{urllib.parse.urlencode(options, quote_via=urllib.parse.quote)}"

    def make(self) -> None:
        catalog().create_namespace(self.place)

    def remove(self) -> None:
        for table in catalog().list_tables(self.place):
            catalog().purge_table(table)
        catalog().drop_namespace(self.place)

    def settle(self) -> None:
        time.sleep(SETTLE_SECONDS)

    def make_table(self, schema: pyarrow.Schema = PARQUET_SCHEMA) -> None:
        catalog().create_table(f"{self.place}.orders", schema)

    def table(self) -> Table | None:
        try:
            return catalog().load_table(f"{self.place}.orders")
        except NoSuchTableError:
            return None


@dataclasses.dataclass(kw_only=True)
class IcebergSource(OnIceberg, Source):
    """A part is what was added at once, as one snapshot or several."""

    breaks = {"config": (rb"GET /v1/config", 1, False), "load": (rb"GET /v1/[^ ]*/orders ", 2, False)}

    parts: list[str] = dataclasses.field(default_factory=list)
    num_rows: int = 0

    @classmethod
    def draw(cls, draw: random.Random) -> "IcebergSource":
        return cls()

    def make(self) -> None:
        super().make()
        self.make_table()

    def add(self, folder: pathlib.Path, draw: random.Random) -> None:
        begin = self.num_rows
        with self.table().transaction() as transaction:
            for _ in range(draw.choice((1, 1, 2, 5))):
                rows = draw_rows(draw, self.num_rows, draw.choice((1, 500, 5_000, 20_000)))
                transaction.append(arrow_of(rows))
                self.num_rows += len(rows)
        self.parts.append(f"id >= {begin} AND id < {self.num_rows}")

    def rows(self, folder: pathlib.Path, part: str) -> list[Row]:
        return [row_of(row) for row in self.table().scan(row_filter=part).to_arrow().to_pylist()]


@dataclasses.dataclass(kw_only=True)
class IcebergSink(OnIceberg, Sink):
    """is_made: the table is there before velo, with its columns in another order."""

    steps = tuple(step for step in Sink.steps if step != "between_completes")
    breaks = {
        "config": (rb"GET /v1/config", 1, False),
        "load": (rb"GET /v1/[^ ]*/orders ", 6, False),
        "creation": (rb"POST /v1/[^ ]*/tables ", 1, False),
        "fence": (rb"POST /v1/[^ ]*/orders ", 1, False),
        "snapshot": (rb'"added-records"', 6, True),
    }

    is_made: bool

    @classmethod
    def draw(cls, draw: random.Random) -> "IcebergSink":
        return cls(is_made=draw.random() < 0.5)

    def make(self) -> None:
        super().make()
        if self.is_made:
            self.make_sink_table()

    def make_sink_table(self) -> None:
        self.make_table(pyarrow.schema(list(reversed(PARQUET_SCHEMA))))

    def put_before(self, folder: pathlib.Path, rows: list[Row]) -> None:
        if not self.is_made:
            self.is_made = True
            self.make_sink_table()
        self.table().append(arrow_of(rows).select(list(reversed(COLUMNS))))

    def rows(self, folder: pathlib.Path) -> list[Row]:
        table = self.table()
        return [row_of(row) for row in table.scan().to_arrow().to_pylist()] if table else []

    def record_exists(self, folder: pathlib.Path) -> bool:
        return bool(self.record_mark(folder))

    def record_mark(self, folder: pathlib.Path) -> set[str]:
        """The tag with the number of the fence."""
        table = self.table()
        return {name for name in table.refs() if name.startswith("velo_")} if table else set()

    def state(self, folder: pathlib.Path) -> set[str]:
        table = self.table()
        return {task.file.file_path for task in table.scan().plan_files()} if table else set()

    def left_behind(self, folder: pathlib.Path, is_run: bool) -> list[str]:
        """Files that no snapshot names, and a finished run's tag. Files of a run without a name, which nobody comes back for, may
        stay when one that has overtaken it has committed."""
        place = self.table().location().partition("://")[2] + "/data"
        files = store().get_file_info(pyarrow.fs.FileSelector(place, allow_not_found=True))
        named = {path.rpartition("/")[2] for path in self.state(folder)}
        if not is_run:
            return sorted({info.base_name for info in files} - named)
        newest: dict[str, int] = {}
        for fence, incarnation in map(origin_of, named):
            newest[incarnation] = max(newest.get(incarnation, 0), fence)
        unnamed = {info.base_name for info in files} - named
        return sorted(self.record_mark(folder) | {name for name in unnamed if origin_of(name)[0] >= newest.get(origin_of(name)[1], 0)})


def origin_of(name: str) -> tuple[int, str]:
    """The number of the fence, and the record's incarnation; another's file has none."""
    match = OF_VELO.search(name)
    return (int(match[1]), match[2]) if match else (0, "")
