"""The routes: one file each, which names the end that is read and the end that is written."""

import dataclasses
import importlib
import pathlib


@dataclasses.dataclass(frozen=True)
class Route:
    """source: draw, uri, parts, add, rows. sink: draw, uri, keeps_order, put_before, rows, record_exists, record_mark, state,
    left_behind. ends/end.py and ends/file.py say what each does."""

    name: str
    source: type
    sink: type


def route_names() -> list[str]:
    return sorted(path.stem.replace("_", "-") for path in pathlib.Path(__file__).parent.glob("[a-z]*.py"))


def servers_of(name: str) -> list[str]:
    """The servers that a route needs, as dev/servers calls them."""
    ends = ("postgresql" if end == "cdc" else end for end in name.split("-"))
    return sorted(set(ends) - {"", "bad", "changes", "evolving", "file", "many"})


def route_of(name: str) -> Route:
    return importlib.import_module("routes." + name.replace("-", "_")).ROUTE
