"""What a storm does to connections, one kind at a time, of a server that answers each byte by another."""

import random
import socket
import time
import unittest

from proxy import Proxy
from proxy_test import Upper
from storm import Storm


class TestStorm(unittest.TestCase):
    def setUp(self):
        self.server = Upper()
        self.addCleanup(self.server.listener.close)
        self.proxy = Proxy("127.0.0.1", self.server.port)
        self.addCleanup(self.proxy.close)

    def begin(self, kind, speaks_http=False):
        """A storm of one event."""
        storm = Storm(self.proxy, random.Random(kind), speaks_http, num_events=1, gap_seconds=0.001)
        storm.KINDS = (kind,)
        time.sleep(0.002)
        self.addCleanup(storm.end)
        self.proxy.storm = storm
        return storm

    def exchange(self, request: bytes) -> bytes:
        """What is answered until the answer is as long as the request, or the connection is lost."""
        answers = b""
        with socket.create_connection(("127.0.0.1", self.proxy.port)) as client:
            client.settimeout(10)
            try:
                client.sendall(request)
                while len(answers) < len(request) and (answer := client.recv(1 << 16)):
                    answers += answer
            except OSError:
                pass
        return answers

    def check(self, storm, name):
        """It has happened; it was the only one."""
        self.assertEqual(storm.events, {name: 1})
        self.assertEqual(self.exchange(b"again"), b"AGAIN")
        self.assertEqual(storm.events, {name: 1})

    def test_cut(self):
        storm = self.begin("cut")
        self.assertLess(len(self.exchange(b"abc" * 100)), 300)
        self.check(storm, "cut")

    def test_an_answer_is_lost(self):
        storm = self.begin("answer lost")
        self.assertEqual(self.exchange(b"abc"), b"")
        self.assertEqual(self.server.got, b"abc")
        self.check(storm, "answer lost")

    def test_delayed(self):
        begin = time.monotonic()
        storm = self.begin("delayed")
        self.assertEqual(self.exchange(b"abc"), b"ABC")
        self.assertGreater(time.monotonic() - begin, 0.05)
        self.check(storm, "delayed")

    def test_slowed(self):
        begin = time.monotonic()
        storm = self.begin("slowed")
        self.assertEqual(self.exchange(b"a" * 30_000), b"A" * 30_000)
        self.assertGreater(time.monotonic() - begin, 0.4)
        self.check(storm, "slowed")

    def test_silent(self):
        begin = time.monotonic()
        storm = self.begin("silent")
        self.assertIn(self.exchange(b"abc"), (b"", b"ABC"))
        self.assertGreater(time.monotonic() - begin, 0.2)
        self.check(storm, "silent")

    def test_away(self):
        storm = self.begin("away")
        self.assertEqual(self.exchange(b"abc"), b"")
        storm.end()
        self.check(storm, "away")

    def settle(self):
        """What was let through before a cut may still be on its way."""
        before = None
        while before != self.server.got:
            before = self.server.got
            time.sleep(0.1)

    def test_a_request_is_answered_by_the_storm(self):
        request, names = b"PUT /there?a=b HTTP/1.1\r\n\r\n" + b"x" * 1000, set()
        while len(names) < 6:
            before, storm = self.server.got, self.begin("cut", speaks_http=True)
            storm.draw = random.Random(time.monotonic())
            answer = self.exchange(request)
            ((name, _),) = storm.events.items()
            if name == "cut":
                self.settle()
                continue
            status, _, how = name.partition(" ")
            self.assertTrue(answer.startswith(f"HTTP/1.1 {status} ".encode()), answer)
            self.assertTrue(answer.endswith(f"the storm says {status}\n".encode()), answer)
            self.assertEqual(self.server.got.removeprefix(before), b"" if how.startswith("instead") else request)
            names.add(name)

    def test_a_storm_that_has_ended_does_nothing(self):
        storm = self.begin("cut")
        storm.end()
        self.assertEqual(self.exchange(b"abc"), b"ABC")
        self.assertEqual(storm.events, {})


if __name__ == "__main__":
    unittest.main()
