"""What every server has in common: it is fetched, started, waited for, and found by the tests."""

import http.client
import os
import signal
import socket
import time

from daemon import Daemon
from packages import Failure, last_lines
from place import Place

# The user and the password of every server that knows any.
USER = "velo"
PASSWORD = "secret"


class Server:
    """One server of a place. A recipe says what is named below and overrides the methods."""

    name: str  # as on the command line
    variable: str  # the tests find it by this; a user who sets it brings a server of their own
    own_port: int  # what is waited for; see Place.port
    needs: tuple = ()  # names of servers that must run for this one to work
    default = True  # whether `up` without names starts it
    stop_signal = signal.SIGTERM
    patience_seconds = 120

    def __init__(self, place: Place):
        self.place = place
        self.folder = place.folder / self.name
        self.data = self.folder / "data"
        self.daemon = Daemon(self.folder, self.stop_signal)
        self.port = place.port(self.own_port)

    def fetch(self) -> None:
        """Bring into the cache what it is made of; quick when it is there."""
        raise NotImplementedError

    def command(self) -> list:
        """Prepare its data, if need be, and answer the command line that runs it."""
        raise NotImplementedError

    def surroundings(self) -> dict:
        """What its environment has besides ours."""
        return {}

    def ready(self) -> bool:
        """Whether it serves; asked while the process runs."""
        return self.listens()

    def settle(self) -> None:
        """What is to be done once when it begins to serve."""

    def variables(self) -> dict:
        """What the tests are told: the velo URI, and what other clients need."""
        raise NotImplementedError

    def given(self) -> str | None:
        """The URI of a server that the user brings instead of this one; none is reached from a
        network of our own."""
        value = None if self.place.default_ports else os.environ.get(self.variable)
        return value if value and value != self.variables()[self.variable] else None

    def serves(self) -> bool:
        return self.daemon.pid() is not None and self.ready()

    def start(self) -> None:
        """Start it unless it runs, and wait until it serves."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.daemon.pid() is None:
            self.data.mkdir(exist_ok=True)
            if self.listens():
                raise Failure(
                    f"{self.name}: port {self.port} is taken, maybe by another checkout; PORT_SHIFT=N moves all"
                )
            command = self.command()
            self.daemon.start(command, self.data, self.surroundings())
        end = time.monotonic() + self.patience_seconds
        while not self.ready():
            if self.daemon.pid() is None:
                raise self.failure("ended while it was starting")
            if time.monotonic() > end:
                raise self.failure(f"does not serve after {self.patience_seconds} s")
            time.sleep(0.05)
        self.settle()

    def failure(self, what: str) -> Failure:
        log = self.daemon.log.read_text(errors="replace")
        return Failure(f"{self.name} {what}; {self.daemon.log} ends with:\n{last_lines(log)}")

    def listens(self, port: int | None = None) -> bool:
        try:
            socket.create_connection(("127.0.0.1", port or self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def answers(self, path: str, status: int = 200) -> bool:
        """Whether a GET of the path is answered with this status."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", path)
            return connection.getresponse().status == status
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
