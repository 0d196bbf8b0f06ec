"""What is done to the server of a running velo: it is killed, and started again."""

import pathlib
import random
import subprocess
import time

from case import Case
from ends.end import End
from faults import Fault, Outcome, Pace, Start, wait_for_fence

SERVERS = pathlib.Path(__file__).parents[2] / "dev/servers"
LONGEST_DOWN_SECONDS = 2


class ServerKilled(Fault):
    """kill -9 of a server at a random time, which is started again on what is left of its data, soon or after a while. velo waits
    until it is back, or stops and says which it was."""

    def __init__(self, server: str, ends: list[End], pace: Pace, draw: random.Random, case: Case):
        self.name = f"{server} killed and started again"
        self.server, self.ends, self.pace, self.draw, self.case = server, ends, pace, draw, case

    def meet(self, start: Start) -> Outcome:
        killer = Killer(self.server)
        at_work = self.draw.random() < 0.6  # else it may be met before it has begun, which it does not live through
        before = self.case.sink.record_mark(self.case.folder) if at_work else set()
        process = start.begin()
        was_there = wait_for_fence(process, self.case, before, self.draw) if at_work else self.pace.wait(process, self.draw)
        killer.kill()
        is_there = process.poll() is None
        time.sleep(self.draw.random() ** 2 * LONGEST_DOWN_SECONDS)
        check(subprocess.run([SERVERS, "up", self.server], stdin=subprocess.DEVNULL, capture_output=True, text=True))
        for end in self.ends:
            end.meet_again()
        outcome = start.end(process, self.name)
        outcome.hit = was_there and (is_there or outcome.code == 1)
        if outcome.code not in ((0, 1) if outcome.hit else (0,)):
            outcome.problem = outcome.problem or f"exit {outcome.code} after {self.name}"
        says_where = any(f":{end.port}" in outcome.output or end.place in outcome.output for end in self.ends)
        if outcome.code == 1 and not says_where:
            outcome.problem = outcome.problem or f"exit 1 after {self.name}, and it does not say where"
        return outcome


class Killer:
    """A process that waits for the word. Only what dev/servers has started itself is ever killed: it refuses others."""

    def __init__(self, server: str):
        self.process = subprocess.Popen(
            [SERVERS, "kill", "--when-told", server],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        if self.process.stdout.readline() != "ready\n":
            self.kill()

    def kill(self) -> None:
        output, errors = self.process.communicate("now\n")
        check(subprocess.CompletedProcess(self.process.args, self.process.returncode, output, errors))


def check(done: subprocess.CompletedProcess) -> None:
    if done.returncode != 0:
        raise SystemExit(f"kill: {' '.join(map(str, done.args))}: {done.stderr.strip()}")
