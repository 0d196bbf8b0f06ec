"""Bad weather on the connections of a proxy: at random, again and again, for as long as it lasts."""

import collections
import random
import re
import threading
import time

REQUEST = re.compile(rb"(GET|HEAD|PUT|POST|DELETE) [^ \r\n]+ HTTP/1\.1\r\n")
STATUSES = {429: "Too Many Requests", 500: "Internal Server Error", 503: "Service Unavailable"}
PIECE_BYTES = 4096
SLOW_BYTES_A_SECOND = 50_000
LONGEST_DRAIN_SECONDS = 1


class Storm:
    """It begins with its first event, and ends by itself after so many, or after LONGEST_SECONDS. gap_seconds: between two, on
    average. speaks_http: whether requests are answered by others than the server, too. events: what has happened."""

    LONGEST_SECONDS = 15
    KINDS = ("cut", "cut", "answer lost", "answer lost", "delayed", "delayed", "slowed", "silent", "away")

    def __init__(self, proxy, draw: random.Random, speaks_http: bool, num_events: int, gap_seconds: float):
        self.proxy, self.speaks_http, self.gap_seconds = proxy, speaks_http, gap_seconds
        self.draw = random.Random(draw.random())  # guarded by lock
        self.lock = threading.Lock()
        self.left = num_events  # guarded by lock
        self.next_at = time.monotonic() + self.draw.random() * gap_seconds  # guarded by lock
        self.last_at = time.monotonic() + self.LONGEST_SECONDS
        self.events: collections.Counter[str] = collections.Counter()  # guarded by lock
        self.over = threading.Event()

    def end(self) -> None:
        """Whatever still waits goes on."""
        self.over.set()
        self.proxy.come_back()

    def send(self, connection, data: bytes, to_server: bool) -> bool:
        """Passes on what one side has sent, or not; answers whether the connection is still there."""
        self.wait(connection.silent_until)
        match self.draw_event(data, to_server):
            case None:
                return self.pass_on(connection, data, to_server)
            case "cut":
                with self.lock:
                    count = self.draw.randrange(len(data) + 1)
                self.pass_on(connection, data[:count], to_server)
                return False
            case "answer lost":
                connection.is_mute = True
                return self.pass_on(connection, data, to_server)
            case "delayed":
                self.over.wait(self.between(0.05, 2))
                return self.pass_on(connection, data, to_server)
            case "slowed":
                connection.slow_until = time.monotonic() + self.between(0.5, 3)
                return self.pass_on(connection, data, to_server)
            case "silent":
                connection.silent_until = time.monotonic() + self.between(0.2, 4)
                self.wait(connection.silent_until)
                return self.between(0, 1) < 0.4 and self.pass_on(connection, data, to_server)
            case "away":
                self.proxy.go_away()
                timer = threading.Timer(self.between(0.05, 1), self.proxy.come_back)
                timer.daemon = True
                timer.start()
                return False
            case int(status), "instead":
                return connection.answer_instead(self.answer(status), LONGEST_DRAIN_SECONDS)
            case int(status), "after":
                connection.is_mute, connection.last_words = True, self.answer(status)
                return self.pass_on(connection, data, to_server)

    def draw_event(self, data: bytes, to_server: bool) -> str | tuple[int, str] | None:
        """What meets these bytes."""
        with self.lock:
            now = time.monotonic()
            if self.over.is_set() or not self.left or now > self.last_at or now < self.next_at:
                return None
            begins_request = self.speaks_http and to_server and REQUEST.match(data)
            if begins_request and self.draw.random() < 0.5:
                event = self.draw.choice((*STATUSES, 503)), self.draw.choice(("instead", "after"))
                name = f"{event[0]} {'instead of' if event[1] == 'instead' else 'after'} the answer"
            else:
                event = name = self.draw.choice(self.KINDS)
                if event == "answer lost" and not to_server:
                    return None  # it meets the next request
            self.left -= 1
            self.next_at = now + self.draw.expovariate(1 / self.gap_seconds)
            self.events[name] += 1
            return event

    def between(self, least: float, most: float) -> float:
        with self.lock:
            return self.draw.uniform(least, most)

    def answer(self, status: int) -> bytes:
        words = f"the storm says {status}\n"
        waits = f"Retry-After: {int(self.between(0, 2))}\r\n" if self.between(0, 1) < 0.5 else ""
        head = f"HTTP/1.1 {status} {STATUSES[status]}\r\n{waits}Content-Type: text/plain\r\nContent-Length: {len(words)}\r\n"
        return f"{head}Connection: close\r\n\r\n{words}".encode()

    def wait(self, until: float) -> None:
        if (seconds := until - time.monotonic()) > 0:
            self.over.wait(seconds)

    def pass_on(self, connection, data: bytes, to_server: bool) -> bool:
        for begin in range(0, len(data), PIECE_BYTES):
            if time.monotonic() >= connection.slow_until:
                return connection.send(data[begin:], to_server)
            self.over.wait(PIECE_BYTES / SLOW_BYTES_A_SECOND)
            if not connection.send(data[begin : begin + PIECE_BYTES], to_server):
                return False
        return True
