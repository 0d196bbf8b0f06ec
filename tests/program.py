"""Runs the velo program as a user would, in a folder of its own."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

VELO = os.environ["VELO"]
# The same program, which can be told to kill itself at a step of a commit.
CRASHING = pathlib.Path(VELO).with_name("velo_crash")
SOURCE = pathlib.Path(os.environ["VELO_SOURCE_DIR"])


def wait_until_signals_are_awaited(process):
    """Wait until the program has blocked SIGINT, and not, as for a moment at its start, every signal."""
    blocked = set()
    while process.poll() is None and (signal.SIGINT not in blocked or signal.SIGHUP in blocked):
        time.sleep(0.01)
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        mask = int(re.search(r"^SigBlk:\s*(\w+)", status, re.MULTILINE).group(1), 16)
        blocked = {number for number in signal.valid_signals() if mask & (1 << (number - 1))}


def wait_until_no_signal_is_left(process):
    """Wait until the program has taken those that were sent to it."""
    while process.poll() is None:
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        if int(re.search(r"^ShdPnd:\s*(\w+)", status, re.MULTILINE).group(1), 16) == 0:
            return
        time.sleep(0.01)


class ProgramTest(unittest.TestCase):
    """A test case with an empty folder, self.folder, which is removed afterwards."""

    maxDiff = None

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="velo-test-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def velo(self, *arguments, stdin=None, environment=None, prefix=()):
        """Run the program in the folder; answers the completed process, with text output."""
        return subprocess.run(
            [*prefix, VELO, *map(str, arguments)],
            cwd=self.folder,
            input=stdin,
            capture_output=True,
            text=True,
            env={**os.environ, **(environment or {})},
            timeout=120,
        )

    def write(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def done(self, *arguments, **more):
        """Run the program; it must succeed."""
        process = self.velo(*arguments, **more)
        self.assertEqual(process.returncode, 0, process.stderr)
        return process

    def refused(self, arguments, message, code=2, **more):
        """Run the program; it must fail with exactly this message, and leave no new file."""
        before = self.files()
        process = self.velo(*arguments, **more)
        self.assertEqual(process.stderr, message + "\n")
        self.assertEqual(process.returncode, code)
        self.assertEqual(process.stdout, "")
        self.assertEqual(self.files(), before)

    def rows_in(self, folder):
        """The rows of a directory of JSON lines that a reader of it sees."""
        files = sorted(path for path in (self.folder / folder).rglob("*.json") if "_velo" not in path.parts)
        return [json.loads(line) for path in files for line in path.read_text().splitlines()]

    def ids_in(self, folder):
        return sorted(row["id"] for row in self.rows_in(folder))

    def checked(self, uri, use="source", code=0, environment=None):
        """Run `velo check`; answers its steps as (mark, what, words)."""
        process = self.velo("check", uri, "--as", use, environment=environment)
        self.assertEqual(process.returncode, code, process.stdout + process.stderr)
        lines = [re.fullmatch(r"(ok|lacks|failed) +(.*?): (.*)", line) for line in process.stdout.splitlines()]
        return [line.groups() for line in lines if line]

    def start(self, *arguments, program=VELO, environment=None, stdout=None, prefix=()):
        """Start the program in the folder; it is killed at the end of the test."""
        process = subprocess.Popen(
            [*map(str, prefix), program, *map(str, arguments)],
            cwd=self.folder,
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **(environment or {})},
        )
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def wait_for(self, condition, process=None, seconds=60):
        """Wait until the condition holds; the process, if one is given, must go on meanwhile."""
        end = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), end, "waited for too long")
            if process and process.poll() is not None:
                self.fail(process.stderr.read())
            time.sleep(0.02)

    def stop(self, process):
        """Ask a started program to end after its next commit; it must succeed."""
        wait_until_signals_are_awaited(process)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=60), 0, process.stderr.read())

    def crash(self, step, *arguments, must=True):
        """Run the program until it kills itself at a step, as "after_prepare:2"; answers whether it came there."""
        process = subprocess.run(
            [CRASHING, *map(str, arguments)],
            cwd=self.folder,
            capture_output=True,
            text=True,
            env={**os.environ, "VELO_CRASH_AT": step},
            timeout=120,
        )
        allowed = {-signal.SIGKILL} if must else {-signal.SIGKILL, 0}
        self.assertIn(process.returncode, allowed, process.stderr)
        return process.returncode != 0

    def refuse_another_beside(self, running):
        """Run the statement of go.sql, which runs, with another SELECT: that is refused, and what runs goes on to its end."""
        self.write("other.sql", (self.folder / "go.sql").read_text().replace(" INSERT INTO ", " WHERE id > 0 INSERT INTO "))
        process = self.velo("run", "other.sql")
        self.assertEqual(process.returncode, 2, process.stderr)
        self.assertIn("its SELECT has changed since its last run", process.stderr)
        self.assertIsNone(running.poll(), "it has ended too early to show anything")
        self.assertEqual(running.wait(timeout=60), 0, running.stderr.read())

    def stop_while_held(self, at, process):
        """Ctrl-C while what a proxy holds back is waited for."""
        self.assertTrue(at.arrived.wait(30))
        begin = time.monotonic()
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=60), 130)
        self.assertLess(time.monotonic() - begin, 2)
        self.assertIn("stopped", process.stderr.read())
        at.released.set()

    def files(self):
        return sorted(p.relative_to(self.folder).as_posix() for p in self.folder.rglob("*"))
