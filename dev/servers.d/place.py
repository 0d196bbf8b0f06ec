"""Where servers run: their folders, their ports, and the network they are in."""

import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
RECIPES = ROOT / "dev/servers.d"
# The default ports are the systems' own ones plus this, so that they meet no server of the user's.
AWAY = 10000


def pinned() -> dict:
    """The versions and checksums of dev/versions.env."""
    lines = (ROOT / "dev/versions.env").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def cache() -> pathlib.Path:
    """Where what was fetched is kept, for every checkout of this user."""
    home = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(os.environ.get("VELO_DEPS") or pathlib.Path(home) / "velostream") / "servers"


class Place:
    """One set of servers: a folder of data and logs, and a shift of every port.

    PORT_SHIFT=N makes a second set beside the first. With default_ports the set listens where the
    systems' own tools expect it (5432, 9092, …), in a network namespace of its own."""

    def __init__(self, default_ports: bool):
        self.default_ports = default_ports
        self.shift = -AWAY if default_ports else int(os.environ.get("PORT_SHIFT") or 0)
        name = "default_ports" if default_ports else f"shift_{self.shift}"
        self.folder = ROOT / "build/servers" / name

    def port(self, own: int) -> int:
        """Where a server listens whose own port this is."""
        return own + AWAY + self.shift
