"""Results as they are kept, a line of docs/results/kills.jsonl each, and docs/guarantees.md, which is made of them."""

import collections
import datetime
import json
import os
import pathlib
import platform
import subprocess

from tally import Tally

DOCS = pathlib.Path(__file__).parents[2] / "docs"
RESULTS = DOCS / "results/kills.jsonl"
PAGE = DOCS / "guarantees.md"

HEADING = """# What was killed, and what came of it

Written by `dev/kill --report` from [results/kills.jsonl](results/kills.jsonl), a line for each recorded run of
`dev/kill --route ROUTE --kills N --seed S --record`.

A run draws pipelines by its seed (formats, compression, lanes, commits, partitions, modes, files added between
runs), kills them while they move rows, starts them again until they are done, and compares the sink with the
source row by row, as multisets, with clients that are not velo's. Only runs with `--record` are here, each with the commit
that it ran on, and among them those that have found something: [below](#what-was-found) is what, and whether the route was run
again since. A trial has failed where rows were lost or repeated, or velo answered otherwise than it should.

"""

FAULTS = """
* `crash STEP`: velo kills itself at a step of a commit, named in `include/velo/commit.h`, for the N-th time.
* `kill -9`: the release binary, at a random time.
* `SIGTERM`, `SIGINT`: it commits what it has read and ends.
* `zombie`: it is stopped, another takes over and ends, it is woken. `zombie of a run`: the same with one that has no
  name, and so no record when it has ended; `of an earlier run`: it is woken while a third, which begins anew, is at
  work.
* `strace CALL EFFECT`: it is killed as it enters the N-th such system call, or the call fails.
* `cut to SERVER`, `cut from SERVER`: its connection is lost after N bytes that way. `SERVER: cut in REQUEST`: in the
  middle of a request. `SERVER: answer to REQUEST lost`: after the server has carried it out.
* `SERVER killed and started again`: kill -9 of the server, which comes back on what is left of its data, soon or after a while.
* `chaos`: within one start, at random and again and again, connections are cut, an answer is lost, bytes are delayed or come slowly (50 kB/s), a
  connection is silent for seconds and then cut or not, a server is away, and of HTTP a request is answered 429, 500 or 503, some with a
  Retry-After, instead of by the server or after it has carried it out. Counted under `in chaos`. `chaos, kill -9`: velo is killed meanwhile.
* `SERVER: REQUEST held back`: the request is on its way while another process takes over and ends; then it arrives.
"""


def commit() -> str:
    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=DOCS, capture_output=True, text=True, check=True).stdout.strip()

    changed = git("status", "--porcelain", "--untracked-files=no", "--", "../src", "../include")
    return git("rev-parse", "--short=12", "HEAD") + (" with changes" if changed else "")


def file_system_of(folder: pathlib.Path) -> str:
    return subprocess.run(["stat", "-f", "-c", "%T", folder], capture_output=True, text=True, check=True).stdout.strip()


def record(route: str, seed: int, folder: pathlib.Path, tally: Tally) -> None:
    line = {
        "route": route,
        "seed": seed,
        "at": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "commit": commit(),
        "machine": f"{os.cpu_count()} cores, {file_system_of(folder)}, Linux {platform.release()}",
        "seconds": round(tally.seconds),
        "trials": tally.num_trials,
        "starts": tally.num_starts,
        "rows": tally.num_rows,
        "lost": tally.num_lost,
        "repeated": tally.num_repeated,
        "failed": tally.num_failed,
        "kills": tally.by_count(tally.kills),
        **({"breaks": tally.by_count(tally.breaks)} if tally.breaks else {}),
    }
    RESULTS.parent.mkdir(exist_ok=True)
    with open(RESULTS, "a", encoding="utf-8") as file:
        file.write(json.dumps(line, ensure_ascii=False) + "\n")


def records() -> list[dict]:
    return [json.loads(line) for line in RESULTS.read_text(encoding="utf-8").splitlines()]


def table(heading: tuple[str, ...], rows: list[tuple]) -> str:
    lines = [heading, ("---",) * len(heading), *rows]
    return "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines)


def finds(line: dict) -> bool:
    return bool(line["lost"] or line["repeated"] or line["failed"])


def since(later: list[dict]) -> str:
    """What runs of a route after another have found."""
    if not later:
        return "not run again"
    kills = sum(sum(line["kills"].values()) for line in later)
    failed = sum(line["failed"] for line in later)
    return f"{len(later)} {'run' if len(later) == 1 else 'runs'}, {kills:,} kills: {failed} trials failed"


def what_was_found(routes: dict[str, list[dict]]) -> str:
    """cause: what somebody has written down of a run that has found something, in its line of the results."""
    rows = [
        (route, line["seed"], line["commit"], line["lost"], f"{line['repeated']:,}", line["failed"],
         line.get("cause", "not written down"), since(lines[number + 1 :]))
        for route, lines in routes.items()
        for number, line in enumerate(lines)
        if finds(line)
    ]  # fmt: skip
    if not rows:
        return "Nothing.\n"
    return table(("route", "seed", "commit", "lost", "repeated", "failed", "cause", "the route since"), rows)


def page() -> str:
    routes: dict[str, list[dict]] = {}
    for line in records():
        routes.setdefault(line["route"], []).append(line)
    totals = []
    for route, lines in routes.items():
        sums = [sum(line[name] for line in lines) for name in ("rows", "lost", "repeated", "failed")]
        kills = sum(sum(line["kills"].values()) for line in lines)
        totals.append((route, len(lines), f"{kills:,}", *(f"{number:,}" for number in sums)))
    parts = [HEADING, table(("route", "runs", "kills", "rows compared", "lost", "repeated", "trials failed"), totals)]
    parts += ["\n## What was found\n\n", what_was_found(routes)]
    for route, lines in routes.items():
        parts += [f"\n## {route}\n\n", table(("seed", "kills", "rows", "lost", "repeated", "failed", "s", "on", "commit"), [
            (line["seed"], sum(line["kills"].values()), f"{line['rows']:,}", line["lost"], line["repeated"], line["failed"],
             line["seconds"], line["machine"], line["commit"])
            for line in lines
        ])]  # fmt: skip
        for heading, what in (("fault", "kills"), ("in chaos", "breaks")):
            counts = collections.Counter()
            for line in lines:
                counts.update(line.get(what, {}))
            if counts:
                parts += ["\n", table((heading, "times"), [(f"`{name}`", count) for name, count in sorted(counts.items())])]
    return "".join([*parts, "\n## The faults\n", FAULTS])


def write() -> None:
    PAGE.write_text(page(), encoding="utf-8")
