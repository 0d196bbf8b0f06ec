"""What is done to the connections of a running velo, and how it is to answer."""

import random
import re
import signal

from case import Case
from ends.end import End
from faults import Fault, Outcome, Pace, Start, wait_for_fence, wake
from proxy import Break, Proxy
from storm import Storm


class ConnectionFault(Fault):
    """A connection is cut; velo makes another, or stops and says so, or has no more need of it."""

    def __init__(self, name: str, proxy: Proxy, at: Break):
        self.name, self.proxy, self.at = name, proxy, at

    def meet(self, start: Start) -> Outcome:
        self.proxy.arm(self.at)
        outcome = start.end(start.begin(), self.name)
        outcome.hit = self.proxy.disarm()
        if outcome.code not in ((0, 1) if outcome.hit else (0,)):
            outcome.problem = outcome.problem or f"exit {outcome.code} after {self.name}"
        if outcome.code == 1 and f":{self.proxy.port}" not in outcome.output:
            outcome.problem = outcome.problem or f"exit 1 after {self.name}, and it does not say where"
        return outcome


class HeldRequest(Fault):
    """A request is held back; another process takes over and ends; then it is let through. has_record: whether it must say that
    it was overtaken: before that it may lose its connection, or take over itself."""

    def __init__(self, name: str, proxy: Proxy, at: Break, case: Case, has_record: bool):
        self.name, self.proxy, self.at, self.case, self.has_record = name, proxy, at, case, has_record

    def meet(self, start: Start) -> Outcome:
        self.proxy.arm(self.at)
        first = start.begin()
        while first.poll() is None and not self.at.arrived.wait(0.01):
            pass
        if not self.proxy.disarm():
            return start.end(first, self.name)
        second = start.end(start.begin(), self.name)
        if second.code != 0:
            second.problem = second.problem or f"exit {second.code} of the one that takes over"
        wake(self.at.released.set, first, start, second, self.case, self.has_record)
        second.hit = True
        return second


class Chaos(Fault):
    """Storms over all of its connections: velo goes on by itself, to its end, or stops and says where. It may be killed in them."""

    def __init__(self, proxies: list[tuple[Proxy, End]], pace: Pace, draw: random.Random, case: Case):
        self.kills = draw.random() < 0.15
        self.name = "chaos, kill -9" if self.kills else "chaos"
        self.proxies, self.pace, self.draw, self.case = proxies, pace, draw, case

    def meet(self, start: Start) -> Outcome:
        at_work = self.draw.random() < 0.6  # what meets it before it has begun, it does not live through
        before = self.case.sink.record_mark(self.case.folder) if at_work else set()
        process = start.begin()
        if at_work:
            wait_for_fence(process, self.case, before, self.draw)
        num_events, gap_seconds = self.draw.choice((1, 3, 6, 12)), self.draw.choice((0.005, 0.02, 0.05, 0.15))
        storms = [Storm(proxy, self.draw, end.speaks_http, num_events, gap_seconds) for proxy, end in self.proxies]
        for storm in storms:
            storm.proxy.storm = storm
        if self.kills and self.pace.wait(process, self.draw):
            process.send_signal(signal.SIGKILL)
        outcome = start.end(process, self.name)
        for storm in storms:
            storm.proxy.storm = None
            storm.end()
        for storm, (_, end) in zip(storms, self.proxies):
            outcome.breaks.update({f"{end.server}: {event}": count for event, count in storm.events.items()})
        outcome.hit = bool(outcome.breaks) or outcome.code == -signal.SIGKILL
        return self.judged(outcome)

    def judged(self, outcome: Outcome) -> Outcome:
        expected = {0, *([1] if outcome.breaks else []), *([-signal.SIGKILL] if self.kills else [])}
        if outcome.code not in expected:
            outcome.problem = outcome.problem or f"exit {outcome.code} after {self.name}"
        says_where = any(f":{proxy.port}" in outcome.output or end.place in outcome.output for proxy, end in self.proxies)
        if outcome.code == 1 and not says_where:
            outcome.problem = outcome.problem or f"exit 1 after {self.name}, and it does not say where"
        return outcome


def cut_at_a_byte(proxy: Proxy, end: End, draw: random.Random) -> Fault:
    to_server = draw.random() < 0.5
    num_bytes = int(10 ** draw.uniform(1, 6.3))
    way = f"to {end.server}" if to_server else f"from {end.server}"
    return ConnectionFault(f"cut {way}", proxy, Break(num_bytes, to_server=to_server))


def cut_at_a_request(proxy: Proxy, end: End, draw: random.Random) -> Fault:
    what, pattern, times = draw_request(end.breaks, draw)
    swallows = draw.random() < 0.6
    at = Break(times, pattern, swallows=swallows)
    name = f"{end.server}: answer to {what} lost" if swallows else f"{end.server}: cut in {what}"
    return ConnectionFault(name, proxy, at)


def hold_a_request(proxy: Proxy, end: End, draw: random.Random, case: Case) -> Fault:
    """A run without a name that has no record yet begins anew when it is let through: it is met after that, if it can be."""
    named = {what: request for what, request in end.breaks.items() if case.is_named or request[2]}
    if not named:
        return cut_at_a_request(proxy, end, draw)
    what, pattern, times = draw_request(named, draw)
    return HeldRequest(f"{end.server}: {what} held back", proxy, Break(times, pattern, holds=True), case, named[what][2])


def draw_request(breaks: dict, draw: random.Random) -> tuple[str, re.Pattern, int]:
    what, (pattern, most_times, _) = draw.choice(list(breaks.items()))
    return what, re.compile(pattern, re.DOTALL), 1 + int(draw.random() ** 2 * most_times)
