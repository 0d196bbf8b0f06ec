"""One trial: a case drawn by seed, run with faults until it is done, once or several times, and checked."""

import dataclasses
import pathlib
import random
import shlex
import shutil
from collections.abc import Iterator
from signal import SIGINT, SIGKILL, SIGTERM

from case import Case
from checker import check, check_partial
from connection_faults import Chaos, cut_at_a_byte, cut_at_a_request, hold_a_request
from ends.end import End
from faults import (
    CrashAt,
    Fault,
    NoFault,
    Outcome,
    Pace,
    Programs,
    SignalAt,
    Start,
    SystemCall,
    Zombie,
)
from proxy import Proxy
from server_faults import ServerKilled
from routes import Route
from rows import draw_rows

COMMIT_EVERY = ("1ms", "10ms", "64KiB,30ms", "16KiB", "100ms", "10s")
MOST_STARTS = 30
WEIGHTS = {"crash": 7, "kill": 6, "stop": 2, "zombie": 2, "zombie_of_run": 1, "strace": 4, "cut": 3, "request": 4, "hold": 2}
UNLESS_SAID = tuple(WEIGHTS)  # the kinds of faults that are drawn
WEIGHTS |= {"server": 4, "chaos": 4}
RETRY_FOR = ("0s", "1min", "1min")  # what fails at once is started again
TIMES = (1, 1, 1, 2, 2, 3, 4, 5, 7, 10, 15, 25)


class TrialFailed(Exception):
    """Rows were lost or repeated, or velo did not answer as it should."""

    def __init__(self, message: str, num_lost: int = 0, num_repeated: int = 0):
        super().__init__(message)
        self.num_lost, self.num_repeated = num_lost, num_repeated


@dataclasses.dataclass
class Series:
    """What the trials of one run of dev/kill have in common. folder: that of each trial is made in it."""

    route: Route
    seed: int
    folder: pathlib.Path
    programs: Programs
    faults: list[str]
    pace: Pace = dataclasses.field(default_factory=Pace)


class Trial:
    """Its random numbers come from the seed and its number alone, those of each start from the start's number too: how
    long a program ran does not change what is drawn next."""

    def __init__(self, series: Series, number: int):
        self.name = f"{series.route.name}/{series.seed}/{number}"
        self.number = number
        self.programs, self.pace, self.faults = series.programs, series.pace, series.faults
        self.draw = random.Random(self.name)
        folder = series.folder / self.name.replace("/", "-")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self.case = Case.draw(series.route, folder, self.draw)
        self.proxies: list[tuple[Proxy, End]] = []
        self.store_proxies: list[tuple[Proxy, End]] = []  # of those whose data is on another server than they are
        self.num_starts = self.num_rows = 0
        self.commands: list[str] = []

    @property
    def folder(self) -> pathlib.Path:
        return self.case.folder

    def make_ends(self) -> None:
        for end in (self.case.source, self.case.sink):
            end.make()
            if end.server:
                address = end.address()
                proxy = Proxy(address.hostname, address.port, end.rewritten)
                end.port = proxy.port
                self.proxies.append((proxy, end))
            if store := end.address_of_store():
                proxy = Proxy(store.hostname, store.port)
                end.store_port = proxy.port
                self.store_proxies.append((proxy, end))

    def close(self) -> None:
        for proxy, _ in self.proxies + self.store_proxies:
            proxy.close()

    def remove(self) -> None:
        shutil.rmtree(self.folder)
        for _, end in self.proxies:
            end.remove()

    def run(self) -> Iterator[Outcome]:
        """Answers each outcome as it comes. Raises TrialFailed."""
        self.make_ends()
        if self.draw.random() < 0.3:
            self.case.num_before = 100
            self.case.sink.put_before(self.folder, draw_rows(self.draw, -100, 100))
        for _ in range(self.draw.choice(self.case.source.times)):
            if not self.case.source.parts or self.draw.random() < 0.8:
                self.case.source.add(self.folder, self.draw)
            yield from self.run_until_done(self.draw.randint(1, 6))
            verdict = check(self.case)
            self.num_rows += verdict.num_rows
            if not verdict.is_good:
                raise TrialFailed("; ".join(verdict.problems), verdict.num_lost, verdict.num_repeated)
        if self.case.is_named:
            yield from self.run_again()

    def run_until_done(self, num_faults: int) -> Iterator[Outcome]:
        loads_before = list(self.case.loads)
        state_before = self.case.sink.state(self.folder)
        self.case.count_load()
        self.case.save()
        for turn in range(MOST_STARTS):
            fault = self.draw_fault() if turn < num_faults else NoFault()
            outcome = self.start(fault)
            if outcome.code < 0:
                self.case.sink.settle()
            yield outcome
            if outcome.problem:
                raise TrialFailed(f"{outcome.problem}: {outcome.output.strip()}")
            if outcome.is_done or self.finished_unseen(outcome, state_before):
                if outcome.may_leave_record:
                    yield from self.remove_record()
                self.check_leftovers(outcome)
                return
            verdict = check_partial(self.case, loads_before)
            if not verdict.is_good:
                raise TrialFailed("; ".join(verdict.problems), num_repeated=verdict.num_repeated)
        raise TrialFailed(f"not done after {MOST_STARTS} starts")

    def start(self, fault: Fault) -> Outcome:
        self.num_starts += 1
        options = ["--commit-every", self.draw_start("commit").choice(COMMIT_EVERY), "--parallel", str(self.draw_lanes())]
        options += ["--retry-for", self.draw_start("retry").choice(RETRY_FOR)]
        arguments = [*self.case.arguments, *options]
        outcome = fault.meet(Start(self.programs, arguments, self.folder))
        self.commands.append(f"{shlex.join(['velo', *arguments])}  # {fault.name}: exit {outcome.code}: {outcome.output.strip()}")
        return outcome

    def draw_start(self, what: str) -> random.Random:
        return random.Random(f"{self.name}/{self.num_starts}/{what}")

    def draw_lanes(self) -> int:
        lanes = self.draw_start("lanes").choice((1, 1, 2, 3, 4))
        if random.Random(f"{self.name}/lanes").random() < 0.3:
            lanes = 1  # then the order of the rows is looked at
        self.case.ordered = self.case.ordered and lanes == 1
        return lanes

    def draw_fault(self) -> Fault:
        """The first of a trial is the first time of a step, which are taken in turn, so that each is met."""
        draw = self.draw_start("fault")
        if self.num_starts == 0 and "crash" in self.faults:
            steps = self.case.sink.steps
            return CrashAt(steps[self.number % len(steps)], 1)
        kinds = [kind for kind in self.faults for _ in range(WEIGHTS[kind])]
        return self.make_fault(draw.choice(kinds), draw)

    def make_fault(self, kind: str, draw: random.Random) -> Fault:
        match kind:
            case "crash":
                return self.crash(draw.choice(self.case.sink.steps), draw)
            case "kill":
                return SignalAt(SIGKILL, self.pace, draw)
            case "stop":
                return SignalAt(draw.choice((SIGTERM, SIGINT)), self.pace, draw)
            case "zombie" if self.case.is_named:
                return Zombie(self.pace, draw, self.case)
            case "zombie_of_run" if not self.case.is_named:
                return Zombie(self.pace, draw, self.case)
            case "zombie" | "zombie_of_run":
                return SignalAt(SIGKILL, self.pace, draw)
            case "cut":
                return cut_at_a_byte(*draw.choice(self.proxies), draw)
            case "request":
                return cut_at_a_request(*draw.choice(self.proxies), draw)
            case "server":
                server = draw.choice(self.proxies)[1].server
                return ServerKilled(server, [end for _, end in self.proxies if end.server == server], self.pace, draw, self.case)
            case "chaos":
                return Chaos(self.proxies + self.store_proxies, self.pace, draw, self.case)
            case "hold":
                return hold_a_request(*draw.choice(self.proxies), draw, self.case)
        calls = [(call, end) for end in (self.case.sink, self.case.source) for call in end.system_calls]
        call, end = draw.choice(calls)
        effect = draw.choice(("signal=KILL", "signal=KILL", f"error={end.failure}"))
        if call in end.calls_that_only_kill:
            effect = "signal=KILL"
        return SystemCall(call, effect, draw.choice(TIMES))

    def crash(self, step: str, draw: random.Random) -> Fault:
        """What is read whole is committed once."""
        comes_once = step == "in_recover" or self.case.is_whole and step != "in_write"
        return CrashAt(step, 1 if comes_once else draw.choice(TIMES))

    def finished_unseen(self, outcome: Outcome, state_before: set[str]) -> bool:
        """A run without a name that was killed between the end of its record and its own."""
        sink = self.case.sink
        if outcome.code not in (-SIGKILL, -SIGTERM, -SIGINT, 130):
            return False
        return not self.case.is_named and not sink.record_exists(self.folder) and sink.state(self.folder) != state_before

    def remove_record(self) -> Iterator[Outcome]:
        """A run that has moved all rows does not know what became of its record: where that is left, the next start removes it."""
        self.case.sink.settle()
        if not self.case.sink.record_exists(self.folder):
            return
        outcome = self.start(NoFault())
        yield outcome
        if outcome.problem or outcome.may_leave_record:
            raise TrialFailed(f"{outcome.problem or 'its record is left'}: {outcome.output.strip()}")

    def check_leftovers(self, outcome: Outcome) -> None:
        is_run = not self.case.is_named
        if is_run and outcome.hit or not is_run:
            return
        if left := self.case.sink.left_behind(self.folder, is_run):
            raise TrialFailed(f"left behind by a run that has finished: {', '.join(left)}")

    def run_again(self) -> Iterator[Outcome]:
        """A pipeline that has nothing to do says so, changes nothing, and has cleaned up."""
        sink = self.case.sink
        state, rows = sink.state(self.folder), check(self.case).num_rows
        outcome = self.start(NoFault())
        yield outcome
        if outcome.problem:
            raise TrialFailed(f"{outcome.problem}: {outcome.output.strip()}")
        if not sink.replaces and not self.case.is_whole:
            if sink.state(self.folder) != state:
                raise TrialFailed("run again with nothing new, it has changed what is visible")
            if rows and "nothing new" not in outcome.output:
                raise TrialFailed(f"run again, it does not say that nothing is new: {outcome.output.strip()}")
        if not check(self.case).is_good:
            raise TrialFailed("run again with nothing new, it has changed the rows")
        if left := sink.left_behind(self.folder, is_run=False):
            raise TrialFailed(f"left behind after a run with nothing to do: {', '.join(left)}")
