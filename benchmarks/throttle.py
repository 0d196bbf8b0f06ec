"""A proxy before a server, which takes what is sent to it no faster than so many bytes a second."""
import socket
import threading
import time


class Throttle:
    """Listens on a port of its own for as long as the program runs."""

    def __init__(self, host: str, port: int, bytes_per_second: int):
        self.server, self.bytes_per_second = (host, port), bytes_per_second
        self.lock = threading.Lock()
        self.next_turn = 0.0  # guarded by lock
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        while True:
            client, _ = self.listener.accept()
            server = socket.create_connection(self.server)
            threading.Thread(target=self.pass_on, args=(client, server, True), daemon=True).start()
            threading.Thread(target=self.pass_on, args=(server, client, False), daemon=True).start()

    def wait_for_turn(self, num_bytes: int) -> None:
        with self.lock:
            turn = max(self.next_turn, time.monotonic())
            self.next_turn = turn + num_bytes / self.bytes_per_second
        time.sleep(max(turn - time.monotonic(), 0))

    def pass_on(self, source: socket.socket, sink: socket.socket, is_slow: bool) -> None:
        try:
            while data := source.recv(1 << 16):
                if is_slow:
                    self.wait_for_turn(len(data))
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            for end in (source, sink):
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
