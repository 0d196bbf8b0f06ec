"""What was done, and what came of it."""

import collections
import time

from faults import Outcome


class Tally:
    """steps: those that each have to be met."""

    def __init__(self, steps: tuple[str, ...]):
        self.steps = steps
        self.kills: collections.Counter[str] = collections.Counter()
        self.breaks: collections.Counter[str] = collections.Counter()
        self.num_lived_through = self.num_starts = self.num_trials = self.num_rows = self.num_lost = self.num_repeated = self.num_failed = 0
        self.begin = time.monotonic()

    def add(self, outcome: Outcome) -> None:
        self.num_starts += 1
        if outcome.hit:
            self.kills[outcome.fault] += 1
        self.breaks.update(outcome.breaks)
        if outcome.code == 0 and "; trying again in" in outcome.output:
            self.num_lived_through += 1

    @property
    def num_kills(self) -> int:
        return self.kills.total()

    @property
    def unreached(self) -> list[str]:
        return [step for step in self.steps if not self.kills[f"crash {step}"]]

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.begin

    @staticmethod
    def by_count(counts: collections.Counter[str]) -> dict[str, int]:
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

    def summary(self) -> str:
        lines = [f"{count:6} {name}" for counts in (self.kills, self.breaks) for name, count in self.by_count(counts).items()]
        if self.num_lived_through:
            lines.append(f"{self.num_lived_through} starts went on after a lost connection, to their end")
        lines.append(
            f"{self.num_kills} kills in {self.num_trials} trials and {self.num_starts} starts, {self.seconds:.0f} s, "
            f"{self.num_rows:,} rows: {self.num_lost} lost, {self.num_repeated} repeated, {self.num_failed} trials failed"
        )
        return "\n".join(lines)
