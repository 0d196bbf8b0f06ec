"""Runs commands and says what each cost, by the kernel's own accounting of the finished process."""
import dataclasses
import os
import statistics
import subprocess
import sys
import time


@dataclasses.dataclass(frozen=True)
class Cost:
    cpu: float  # seconds, user and system, with all children that it waited for
    wall: float  # seconds
    peak_rss: int  # bytes, of the largest process


def measure(command: list[str], environment: dict[str, str] | None = None) -> Cost:
    """Run a command to its end; one that fails ends the benchmark, with what it printed."""
    os.sync()  # what an earlier command left to be written is not this one's wait
    start = time.monotonic()
    process = subprocess.Popen(
        command, env=os.environ | (environment or {}), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    printed = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{printed.decode(errors='replace')}\nbench: failed ({process.returncode}): {command}")
    return Cost(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss * 1024)


@dataclasses.dataclass(frozen=True)
class Summary:
    """Medians, and the least wall: on a busy machine the nearest to what a free one takes."""

    cpu: float
    wall: float
    least_wall: float
    peak_rss: int
    runs: int


def summary_of(costs: list[Cost]) -> Summary:
    return Summary(
        cpu=statistics.median(cost.cpu for cost in costs),
        wall=statistics.median(cost.wall for cost in costs),
        least_wall=min(cost.wall for cost in costs),
        peak_rss=round(statistics.median(cost.peak_rss for cost in costs)),
        runs=len(costs),
    )
