"""A proxy in front of a server, which can break a connection at a byte or at a request, or again and again in a storm. It knows no
protocol."""

import dataclasses
import re
import select
import socket
import threading
from collections.abc import Callable

QUIET_SECONDS = 0.05  # an answer that has paused for so long is over
LONGEST_PATTERN = 4096
LONGEST_HOLD_SECONDS = 120


@dataclasses.dataclass
class Break:
    """Where a connection is cut. pattern: at its N-th match in what velo sends; else after N bytes. to_server: which way these go.
    swallows: not before the server has got the whole request, and has answered. holds: it is not cut; what has matched is
    held back from when it has arrived until it is released."""

    times: int
    pattern: re.Pattern | None = None
    to_server: bool = True
    swallows: bool = False
    holds: bool = False
    arrived: threading.Event = dataclasses.field(default_factory=threading.Event)
    released: threading.Event = dataclasses.field(default_factory=threading.Event)


class Connection:
    """One of velo's, and the one to the server that belongs to it."""

    def __init__(self, client: socket.socket, server: socket.socket):
        self.client, self.server = client, server
        self.seen = b""  # the end of what velo has sent
        self.is_mute = False  # whether answers are swallowed
        self.last_words = b""  # what is answered then
        self.silent_until = self.slow_until = 0.0  # by time.monotonic()

    def send(self, data: bytes, to_server: bool) -> bool:
        return send(self.server if to_server else self.client, data)

    def answer_instead(self, answer: bytes, longest_seconds: float) -> bool:
        """What velo still sends is read, so that it hears the answer, and not that nobody listens."""
        send(self.client, answer)
        end_writing(self.client)
        while select.select([self.client], [], [], longest_seconds)[0] and receive(self.client):
            pass
        return False

    def cut(self) -> None:
        for end in (self.client, self.server):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Proxy:
    """Listens on one port for as long as it lives, and passes everything on but for one break at a time. rewrite: what becomes of
    bytes from the server, given its port."""

    def __init__(self, host: str, port: int, rewrite: Callable[[bytes, int], bytes] | None = None):
        self.server = (host, port)
        self.rewrite = rewrite
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port = self.listener.getsockname()[1]
        self.lock = threading.Lock()
        self.awaited: Break | None = None  # guarded by lock
        self.left = 0  # bytes, or matches, up to it; guarded by lock
        self.is_away = False  # guarded by lock
        self.storm = None  # a Storm, that of all connections, while there is one
        self.connections: list[Connection] = []  # guarded by lock
        threading.Thread(target=self.accept, daemon=True).start()

    def close(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def go_away(self) -> None:
        """As a server that is killed: every connection is lost, and none is made until it comes back."""
        with self.lock:
            self.is_away = True
            for connection in self.connections:
                connection.cut()

    def come_back(self) -> None:
        with self.lock:
            self.is_away = False

    def arm(self, awaited: Break) -> None:
        with self.lock:
            self.awaited, self.left = awaited, awaited.times

    def disarm(self) -> bool:
        """Answers whether what was awaited came."""
        with self.lock:
            was_cut = self.awaited is None
            self.awaited = None
            return was_cut

    def accept(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self.server)
            except OSError:  # the server is down
                client.close()
                continue
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = Connection(client, server)
            with self.lock:
                self.connections.append(connection)
                if self.is_away:
                    connection.cut()
            threads = [threading.Thread(target=pass_on, args=(connection,), daemon=True)
                       for pass_on in (self.to_server, self.to_client)]  # fmt: skip
            for thread in threads:
                thread.start()
            threading.Thread(target=self.close_after, args=(connection, threads), daemon=True).start()

    def close_after(self, connection: Connection, threads: list[threading.Thread]) -> None:
        for thread in threads:
            thread.join()
        with self.lock:
            self.connections.remove(connection)
        connection.client.close()
        connection.server.close()

    def to_server(self, connection: Connection) -> None:
        while data := receive(connection.client):
            whole, is_cut = data, False
            with self.lock:
                awaited = self.awaited
                if self.awaited and self.awaited.pattern:
                    data, is_cut = self.look(connection, data)
                elif self.awaited and self.awaited.to_server:
                    data, is_cut = self.count(data)
                connection.seen = (connection.seen + whole)[-LONGEST_PATTERN:]
                is_held = awaited is not None and awaited.holds and self.awaited is None
            if is_held:
                awaited.arrived.set()
                awaited.released.wait(LONGEST_HOLD_SECONDS)
            if not self.send(connection, data, to_server=True) or is_cut:
                return connection.cut()
        end_writing(connection.server)

    def to_client(self, connection: Connection) -> None:
        while data := receive(connection.server):
            if connection.is_mute:
                while select.select([connection.server], [], [], QUIET_SECONDS)[0] and receive(connection.server):
                    pass
                send(connection.client, connection.last_words)
                return connection.cut()
            if self.rewrite:
                data = self.rewrite(data, self.port)
            is_cut = False
            with self.lock:
                if self.awaited and not self.awaited.pattern and not self.awaited.to_server:
                    data, is_cut = self.count(data)
            if not self.send(connection, data, to_server=False) or is_cut:
                return connection.cut()
        end_writing(connection.client)

    def send(self, connection: Connection, data: bytes, to_server: bool) -> bool:
        storm = self.storm
        return storm.send(connection, data, to_server) if storm else connection.send(data, to_server)

    def count(self, data: bytes) -> tuple[bytes, bool]:
        """What still passes, and whether that is all."""
        passing = data[: self.left]
        self.left -= len(passing)
        if self.left > 0:
            return passing, False
        self.awaited = None
        return passing, True

    def look(self, connection: Connection, data: bytes) -> tuple[bytes, bool]:
        """The same, for a pattern, which may begin in what was sent before."""
        num_seen = len(connection.seen)
        for match in self.awaited.pattern.finditer(connection.seen + data):
            if match.end() <= num_seen:
                continue
            self.left -= 1
            if self.left > 0:
                continue
            connection.is_mute = self.awaited.swallows
            passes = self.awaited.swallows or self.awaited.holds
            self.awaited = None
            return (data, False) if passes else (data[: match.end() - num_seen - 1], True)
        return data, False


def receive(end: socket.socket) -> bytes:
    try:
        return end.recv(1 << 16)
    except OSError:
        return b""


def send(end: socket.socket, data: bytes) -> bool:
    try:
        end.sendall(data)
        return True
    except OSError:
        return False


def end_writing(end: socket.socket) -> None:
    try:
        end.shutdown(socket.SHUT_WR)
    except OSError:
        pass
