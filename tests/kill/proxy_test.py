"""The proxy passes all on, and cuts where it is told to, of a server that answers each byte by another."""

import re
import socket
import threading
import unittest

from proxy import Break, Proxy


class Upper:
    """Answers what it gets in capitals; `got` is that."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.got = b""
        self.idle = threading.Event()  # nobody is being served
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.idle.clear()
            with client:
                while data := client.recv(1000):
                    self.got += data
                    try:
                        client.sendall(data.upper())
                    except OSError:
                        break
            self.idle.set()


class TestProxy(unittest.TestCase):
    def setUp(self):
        self.server = Upper()
        self.addCleanup(self.server.listener.close)
        self.proxy = Proxy("127.0.0.1", self.server.port, lambda data, port: data.replace(b"PORT", str(port).encode()))
        self.addCleanup(self.proxy.close)

    def exchange(self, *requests: bytes) -> bytes:
        """All that is answered, each request being sent after an answer to the last."""
        answers = b""
        with socket.create_connection(("127.0.0.1", self.proxy.port)) as client:
            client.settimeout(10)
            try:
                for request in requests:
                    client.sendall(request)
                    answer = client.recv(1000)
                    answers += answer
                    if not answer:
                        break
                client.shutdown(socket.SHUT_WR)
                while answer := client.recv(1000):
                    answers += answer
            except OSError:
                pass
        return answers

    def test_passes_on(self):
        self.assertEqual(self.exchange(b"one ", b"port"), f"ONE {self.proxy.port}".encode())

    def check(self, at: Break, answered: bytes, got: bytes):
        self.proxy.arm(at)
        answers = self.exchange(b"abc ", b"let go", b" end")
        self.assertTrue(self.proxy.disarm())
        self.assertTrue(self.server.idle.wait(10))
        # What was passed on before the cut may have been answered before it too; and what follows an answer that
        # was cut may have been sent already.
        self.assertTrue(answers.startswith(answered), answers)
        self.assertTrue(self.server.got.startswith(got), self.server.got)
        if at.to_server:
            self.assertEqual(self.server.got, got)
            self.assertTrue(got.upper().startswith(answers), answers)
        if at.swallows or not at.to_server:
            self.assertEqual(answers, answered)
        self.assertEqual(self.exchange(b"again"), b"AGAIN")

    def test_cuts_what_is_sent(self):
        self.check(Break(6), b"ABC ", b"abc le")

    def test_cuts_what_is_answered(self):
        self.check(Break(6, to_server=False), b"ABC LE", b"abc let go")

    def test_cuts_in_a_request(self):
        self.check(Break(1, re.compile(b"let")), b"ABC ", b"abc le")

    def test_swallows_an_answer(self):
        self.check(Break(1, re.compile(b"c l"), swallows=True), b"ABC ", b"abc let go")

    def test_waits_for_a_later_request(self):
        self.check(Break(3, re.compile(b"[ae]")), b"ABC LET GO", b"abc let go ")

    def test_holds_back(self):
        at = Break(1, re.compile(b"let"), holds=True)
        self.proxy.arm(at)
        answers = []
        thread = threading.Thread(target=lambda: answers.append(self.exchange(b"abc ", b"let go")))
        thread.start()
        self.assertTrue(at.arrived.wait(10))
        self.assertEqual(self.server.got, b"abc ")
        at.released.set()
        thread.join()
        self.assertEqual(answers, [b"ABC LET GO"])

    def test_says_when_nothing_was_cut(self):
        self.proxy.arm(Break(100))
        self.exchange(b"abc")
        self.assertFalse(self.proxy.disarm())

    def test_a_server_that_is_away_loses_all_connections_and_takes_none(self):
        with socket.create_connection(("127.0.0.1", self.proxy.port)) as before:
            before.settimeout(10)
            before.sendall(b"a")
            self.assertEqual(before.recv(1), b"A")
            self.proxy.go_away()
            self.assertEqual(self.read(before), b"")
        with socket.create_connection(("127.0.0.1", self.proxy.port)) as meanwhile:
            meanwhile.settimeout(10)
            self.assertEqual(self.read(meanwhile), b"")
        self.proxy.come_back()
        self.assertEqual(self.exchange(b"b"), b"B")

    def read(self, client: socket.socket) -> bytes:
        try:
            return client.recv(1)
        except ConnectionResetError:
            return b""


if __name__ == "__main__":
    unittest.main()
