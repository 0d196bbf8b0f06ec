"""What every end of a route has, and what those have that are on a server."""

import dataclasses
import os
import pathlib
import time
import urllib.parse
import uuid
from collections.abc import Callable

from rows import Row


# For what was sent before a process was killed to arrive.
SETTLE_SECONDS = 0.02


def wait_until(condition: Callable[[], bool], patience_seconds: float = 40) -> None:
    end = time.monotonic() + patience_seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)


class End:
    """An end without a server. system_calls, failure: what strace may meet in a process that works with this end, and the error
    that such a call may have, but for calls_that_only_kill. arguments: what velo is told besides. keeps_order: whether one
    lane keeps the rows in order."""

    server: str | None = None
    system_calls: tuple[str, ...] = ()
    failure = "EIO"
    calls_that_only_kill: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    keeps_order = True

    def make(self) -> None:
        """What has to be there before velo is started, or rows are put in."""

    def remove(self) -> None:
        """All that it has made."""

    def settle(self) -> None:
        """Wait until what a killed process has asked for is done."""

    @staticmethod
    def address_of_store() -> urllib.parse.SplitResult | None:
        """Of a second server, which has its data; its port is store_port."""


class Source(End):
    """is_whole: velo reads it as one commit, and again from the beginning after a crash. parts: what add() has added, in the
    order of time; rows() answers those of a part, which never change. changes_rows: rows are also changed and removed;
    versions() answers all that there ever were. is_many: it is several streams, each with a place of its own in the sink, which only
    `velo copy` takes. needs_splits: it cannot be read by an engine that loses its positions. times: how
    often rows are added, one of these."""

    is_whole = False
    changes_rows = False
    is_many = False
    needs_splits = False
    times = (1, 1, 2, 3)

    def bad_records(self, folder: pathlib.Path, part: str) -> list[str]:
        """Those that are among the rows of a part, each like no other."""
        return []


class Sink(End):
    """replaces: a run replaces what was there. upserts: a row replaces the one of its key. steps: those of a commit that
    velo meets in this sink. is_several: it has further sinks."""

    replaces = False
    upserts = False
    is_several = False
    steps: tuple[str, ...] = (
        *("in_write", "after_prepare_one", "after_prepare", "after_publish"),
        *("between_completes", "after_commit", "in_recover"),
    )

    def letters(self, folder: pathlib.Path) -> list[str]:
        """The bad records that were kept."""
        return []

    @property
    def further_uris(self) -> list[str]:
        """Further sinks of the statement, which are to have the same rows."""
        return []

    def further_rows(self, folder: pathlib.Path) -> list[list[Row]]:
        """What those have."""
        return []


@dataclasses.dataclass(kw_only=True)
class OnServer:
    """place: what its things are in, with a name of its own. port: where velo finds the server: that of a proxy. breaks: requests of
    velo's at which a connection may be cut: a regular expression of their bytes, up to the how-manieth, and whether the
    process has its record by then."""

    server = ""
    speaks_http = False
    breaks = {}
    system_calls = ("sendto", "recvfrom", "poll", "connect")
    failure = "ECONNRESET"

    place: str = dataclasses.field(default_factory=lambda: f"velo_kill_{uuid.uuid4().hex[:12]}")
    port: int = 0

    @classmethod
    def address(cls) -> urllib.parse.SplitResult:
        """The server's, as dev/servers tells it."""
        return urllib.parse.urlsplit(os.environ[f"VELO_TEST_{cls.server.upper()}_URI"])

    @classmethod
    def rewritten(cls, data: bytes, port: int) -> bytes:
        """What the proxy on `port` makes of bytes from the server."""
        return data

    def meet_again(self) -> None:
        """The server was started again: let go of connections, and wait until what it has can be read."""

    def uri_of(self, path: str, **options: str) -> str:
        """Through the proxy."""
        address = self.address()
        user = f"{address.username}:{address.password}@" if address.username else ""
        query = urllib.parse.urlencode(options, quote_via=urllib.parse.quote)
        return f"{address.scheme}://{user}{address.hostname}:{self.port or address.port}{path}?{query}"
