"""Stands between velo and a server, and does harm to one request."""

import socket
import threading


class Proxy:
    """Passes bytes on to a server (what urlsplit makes of its address), but for the first request that holds `trigger`:
    `mode` is "swallow" (it is carried out, and the answer lost), "hold" (it waits until release()), or the number of
    its bytes to pass on before the connection is cut."""

    def __init__(self, server, trigger, mode):
        self.server = (server.hostname, server.port)
        self.trigger, self.mode = trigger, mode
        self.used, self.released = threading.Event(), threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def release(self):
        self.released.set()

    def close(self):
        self.release()
        self.listener.close()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        with client, socket.create_connection(self.server) as server:
            lost = threading.Event()
            forward = threading.Thread(target=self.forward, args=(client, server, lost))
            forward.start()
            while (data := self.receive(server)) and not lost.is_set():
                client.sendall(data)
            self.end(client, server)
            forward.join()

    def forward(self, client, server, lost):
        seen = b""
        left = None
        while left != 0 and (data := self.receive(client)):
            seen = (seen + data)[-20000:]
            if not self.used.is_set() and self.trigger in seen:
                self.used.set()
                if self.mode == "hold":
                    self.released.wait()
                else:
                    lost.set()
                left = self.mode if isinstance(self.mode, int) else None
            if left is not None:
                data = data[:left]
                left -= len(data)
            server.sendall(data)
        self.end(server, *([client] if left == 0 else []))

    @staticmethod
    def receive(end):
        try:
            return end.recv(65536)
        except OSError:
            return b""

    @staticmethod
    def end(*ends):
        for end in ends:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
