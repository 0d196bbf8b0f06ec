"""What is done to the connections of a running velo, and how it is to answer."""

import random
import re

from case import Case
from ends.end import End
from faults import Fault, Outcome, Start, wake
from proxy import Break, Proxy


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
