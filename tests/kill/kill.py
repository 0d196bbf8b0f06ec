#!/usr/bin/env python3
"""Kill velo while it moves rows, start it again, and compare what arrived with what was sent. Started by dev/kill."""

import argparse
import pathlib
import sys

import report
from faults import Programs, strace_is_there
from routes import route_names, route_of, servers_of
from tally import Tally
from trial import UNLESS_SAID, WEIGHTS, Series, Trial, TrialFailed


def run_trial(trial: Trial, tally: Tally, verbose: bool) -> bool:
    try:
        for outcome in trial.run():
            tally.add(outcome)
            if verbose or outcome.hit:
                print(f"{tally.num_kills:5} {trial.name:20} {outcome.fault:28} exit {outcome.code}", flush=True)
        return True
    except TrialFailed as failure:
        tally.num_failed += 1
        tally.num_lost += failure.num_lost
        tally.num_repeated += failure.num_repeated
        commands = "\n".join(f"  {command}" for command in trial.commands)
        print(f"kill: trial {trial.name}: {failure}\nkill: what was run in {trial.folder}:\n{commands}", file=sys.stderr)
        return False
    finally:
        trial.close()
        tally.num_rows += trial.num_rows


def run(arguments: argparse.Namespace) -> Tally:
    """Trials until there are enough kills and each step was reached; all of them, though one has failed."""
    place = arguments.programs.resolve()
    programs = Programs(place / "velo", place / "velo_crash")
    series = Series(
        route_of(arguments.route), arguments.seed, arguments.folder.resolve(), programs, faults_of(arguments)
    )
    tally = Tally(series.route.sink.steps)
    numbers = [arguments.trial] if arguments.trial is not None else range(10 * arguments.kills + 100)
    for number in numbers:
        if tally.num_kills >= arguments.kills and not ("crash" in series.faults and tally.unreached):
            break
        tally.num_trials += 1
        trial = Trial(series, number)
        if run_trial(trial, tally, arguments.verbose):
            trial.remove()
        else:
            command = f"dev/kill --route {series.route.name} --seed {series.seed} --trial {number}"
            kept = ["the folder", *(f"{end.place} of {end.server}" for _, end in trial.proxies)]
            print(f"kill: kept are {', '.join(kept)}; repeat it with {command}", file=sys.stderr)
    return tally


def faults_of(arguments: argparse.Namespace) -> list[str]:
    faults = arguments.fault or list(UNLESS_SAID)
    if "strace" in faults and not strace_is_there():
        print("kill: strace is not installed: no fault is injected into system calls", file=sys.stderr)
        faults = [fault for fault in faults if fault != "strace"]
    if not servers_of(arguments.route):
        faults = [fault for fault in faults if fault not in ("cut", "request", "hold", "server", "chaos")]
    if not faults:
        raise SystemExit("kill: no such fault can be done on this route")
    return faults


def main() -> int:
    parser = argparse.ArgumentParser(prog="dev/kill", description=__doc__)
    parser.add_argument("--route", choices=route_names())
    parser.add_argument("--kills", type=int, default=20, help="at least so many (20)")
    parser.add_argument("--seed", type=int, default=1, help="draws the cases and the faults (1)")
    parser.add_argument("--trial", type=int, help="only this one of the seed's")
    parser.add_argument("--folder", type=pathlib.Path, default=pathlib.Path("build/kill"), help="for the data (build/kill)")
    parser.add_argument("--programs", type=pathlib.Path, default=pathlib.Path("build/release/bin"),
                        help="where velo and velo_crash are")  # fmt: skip
    parser.add_argument("--fault", "--faults", action="append", choices=list(WEIGHTS),
                        help="only these; may be given again. server: a server is killed and started again, which must be one that "
                        "dev/servers has started here. chaos: its connections are cut, silent, slow, and answered by others, again and again in "
                        "one start. These two are drawn where they are asked for")  # fmt: skip
    parser.add_argument("--record", action="store_true", help="append what came of it to docs/results/kills.jsonl")
    parser.add_argument("--report", action="store_true", help="only write docs/guarantees.md from docs/results/kills.jsonl")
    parser.add_argument("--verbose", action="store_true", help="show the starts that no fault has met too")
    arguments = parser.parse_args()
    if arguments.report:
        report.write()
        return 0
    if not arguments.route:
        parser.error("--route is missing")
    tally = run(arguments)
    print(tally.summary())
    if arguments.record:
        report.record(arguments.route, arguments.seed, arguments.folder, tally)
        report.write()
    return 1 if tally.num_failed else 0


if __name__ == "__main__":
    sys.exit(main())
