"""What is done to a running velo, and how it is to answer."""

import abc
import collections
import dataclasses
import os
import pathlib
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable

from case import Case

LONGEST_SECONDS = 120


@dataclasses.dataclass
class Programs:
    velo: pathlib.Path
    velo_crash: pathlib.Path


@dataclasses.dataclass
class Outcome:
    """hit: whether the fault met the process before its end. problem: what it should not have done. breaks: what has happened to its
    connections, where that is more than one thing."""

    fault: str
    code: int
    output: str
    hit: bool = False
    problem: str = ""
    breaks: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)

    @property
    def is_done(self) -> bool:
        return self.code == 0 and "stopped after" not in self.output

    @property
    def may_leave_record(self) -> bool:
        """Of a run without a name: its rows are there, and it does not know whether its record is."""
        return "the record of this run may be left" in self.output


class Start:
    """One start of velo: a command in a folder."""

    def __init__(self, programs: Programs, arguments: list[str], folder: pathlib.Path):
        self.programs = programs
        self.arguments = arguments
        self.folder = folder

    def begin(
        self, program: pathlib.Path | None = None, prefix: tuple[str, ...] = (), **environment: str
    ) -> subprocess.Popen:
        command = [*prefix, str(program or self.programs.velo), *self.arguments]
        output = open(self.folder / "velo.log", "ab")
        with output:
            return subprocess.Popen(
                command, cwd=self.folder, env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
                stdout=output, stderr=subprocess.PIPE, text=True, start_new_session=True,
            )  # fmt: skip

    def end(self, process: subprocess.Popen, fault: str) -> Outcome:
        try:
            _, output = process.communicate(timeout=LONGEST_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # strace does not take along what it watches
            _, output = process.communicate()
            return Outcome(fault, process.returncode, output, problem=f"still running after {LONGEST_SECONDS} s")
        return Outcome(fault, process.returncode, output)


class Fault(abc.ABC):
    """name: what the summary counts it as."""

    name: str

    @abc.abstractmethod
    def meet(self, start: Start) -> Outcome:
        """Start velo, do it, and wait for the end."""


class NoFault(Fault):
    name = "none"

    def meet(self, start: Start) -> Outcome:
        outcome = start.end(start.begin(), self.name)
        if outcome.code != 0:
            outcome.problem = f"exit {outcome.code} without a fault"
        return outcome


class CrashAt(Fault):
    """The process kills itself when it reaches a step of a commit for the N-th time."""

    def __init__(self, step: str, times: int):
        self.name = f"crash {step}"
        self.where = f"{step}:{times}"

    def meet(self, start: Start) -> Outcome:
        outcome = start.end(start.begin(start.programs.velo_crash, VELO_CRASH_AT=self.where), self.name)
        outcome.hit = outcome.code == -signal.SIGKILL
        if not outcome.hit and outcome.code != 0:
            outcome.problem = f"exit {outcome.code} without a fault"
        return outcome


class Pace:
    """How long after its start a process is met, so that most are met at work: learnt from those that were missed."""

    def __init__(self):
        self.longest = 0.5

    def wait(self, process: subprocess.Popen, draw: random.Random) -> bool:
        """Answers whether the process is still there after the time drawn."""
        try:
            process.wait(draw.random() * self.longest)
        except subprocess.TimeoutExpired:
            self.longest = min(self.longest * 1.1, 10.0)
            return True
        self.longest = max(self.longest * 0.7, 0.02)
        return False


class SignalAt(Fault):
    """A signal at a random time."""

    # Killed by it, where the program has not begun to wait for it; stopped; or done by then.
    ANSWERS = {signal.SIGKILL: (), signal.SIGTERM: (0, 1, -signal.SIGTERM), signal.SIGINT: (130, -signal.SIGINT)}

    def __init__(self, number: signal.Signals, pace: Pace, draw: random.Random):
        self.name = {signal.SIGKILL: "kill -9"}.get(number, number.name)
        self.number, self.pace, self.draw = number, pace, draw

    def meet(self, start: Start) -> Outcome:
        process = start.begin()
        hit = self.pace.wait(process, self.draw)
        if hit:
            process.send_signal(self.number)
        outcome = start.end(process, self.name)
        outcome.hit = hit and (outcome.code == -signal.SIGKILL or self.number != signal.SIGKILL)
        if outcome.code not in (0, -signal.SIGKILL, *self.ANSWERS[self.number]):
            outcome.problem = f"exit {outcome.code} after {self.name}"
        if outcome.code == 1 and "stopped" not in outcome.output:
            outcome.problem = f"exit 1 after {self.name}, and it does not say that it was stopped"
        return outcome


def wait_for_fence(process: subprocess.Popen, case: Case, before: set[str], draw: random.Random) -> bool:
    """Until the process has made the record its own: one that is woken before that begins anew, as a later one does."""
    while process.poll() is None:
        if case.sink.record_mark(case.folder) - before:
            time.sleep(draw.random() * 0.1)
            return process.poll() is None
        time.sleep(0.002)
    return False


class Zombie(Fault):
    """A process is stopped, another takes over and ends; the first is woken, and must not change anything.

    A run without a name has no record when it has ended: the first is stopped only where it has made one, and it may be
    woken while a third process, which begins anew, is at work."""

    def __init__(self, pace: Pace, draw: random.Random, case: Case):
        self.name = "zombie" if case.is_named else "zombie of a run"
        self.pace, self.draw, self.case = pace, draw, case

    def meet(self, start: Start) -> Outcome:
        before = self.case.sink.record_mark(self.case.folder)
        first = start.begin()
        if not (self.pace.wait(first, self.draw) if self.case.is_named else wait_for_fence(first, self.case, before, self.draw)):
            return start.end(first, self.name)
        first.send_signal(signal.SIGSTOP)
        if not self.case.is_named and not self.case.sink.record_exists(self.case.folder):
            first.kill()  # it has ended its record
            outcome = start.end(first, "kill -9")
            outcome.hit = outcome.code == -signal.SIGKILL
            return outcome
        second = start.end(start.begin(), self.name)
        if second.code != 0:
            second.problem = second.problem or f"exit {second.code} of the one that takes over"
        if not self.case.is_named and self.draw.random() < 0.5:
            self.wake_beside_third(first, start, second)
        else:
            wake(lambda: first.send_signal(signal.SIGCONT), first, start, second, self.case)
        second.hit = True
        return second

    def wake_beside_third(self, first: subprocess.Popen, start: Start, answer: Outcome) -> None:
        answer.fault = "zombie of an earlier run"
        self.case.count_load()
        self.case.save()
        third = start.begin()
        self.pace.wait(third, self.draw)
        first.send_signal(signal.SIGCONT)
        woken = start.end(first, self.name)
        last = start.end(third, self.name)
        answer.problem = answer.problem or woken.problem or last.problem or answer_of_zombie(woken, self.case)
        if last.code != 0:
            answer.problem = f"exit {last.code} of the run in which one of an earlier run was woken"
        answer.output += woken.output + last.output


def wake(
    go_on: Callable[[], None],
    first: subprocess.Popen,
    start: Start,
    second: Outcome,
    case: Case,
    has_record: bool = True,
) -> None:
    """The first goes on after the second has taken over and ended. Where rows are replaced, one that was stopped before it had
    begun replaces them again."""

    def state() -> set[str]:
        return set() if case.sink.replaces else case.sink.state(case.folder)

    before = state()
    go_on()
    woken = start.end(first, second.fault)
    second.problem = second.problem or woken.problem
    if has_record or woken.code not in (0, 1):
        second.problem = second.problem or answer_of_zombie(woken, case)
    if state() != before:
        second.problem = second.problem or "the one that was woken has changed what is visible"
    second.output += woken.output


def answer_of_zombie(woken: Outcome, case: Case) -> str:
    """It may also have slept for longer than it waits for its source, or Kafka for the end of a transaction."""
    slept = case.source.server is not None and f":{case.source.port}" in woken.output or "transaction_timeout" in woken.output
    if woken.code == 0 or (woken.code == 1 and (slept or "a newer run" in woken.output)):
        return ""
    return f"woken after another had taken over: exit {woken.code}, without saying so"


class SystemCall(Fault):
    """strace kills the process as it enters the N-th such system call, or has the call fail."""

    def __init__(self, call: str, effect: str, when: int):
        self.name = f"strace {'any' if ',' in call else call} {effect}"
        self.prefix = (
            *("strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}"),
            *("-e", f"inject={call}:{effect}:when={when}"),
        )
        self.kills = effect == "signal=KILL"

    def meet(self, start: Start) -> Outcome:
        outcome = start.end(start.begin(prefix=self.prefix), self.name)
        outcome.hit = outcome.code == -signal.SIGKILL if self.kills else outcome.code != 0
        expected = (0, -signal.SIGKILL) if self.kills else (0, 1, 2)
        if outcome.code not in expected:
            outcome.problem = f"exit {outcome.code} after {self.name}"
        return outcome


def strace_is_there() -> bool:
    return shutil.which("strace") is not None
