#!/usr/bin/env python3
"""Compares the rows of a case's sink with those of its source, as multisets of whole rows, by clients not velo's.

checker.py [--partial] FOLDER: exit 0 when none is lost and none repeated, else 1. FOLDER holds case.json. --partial: rows may
be missing, as they are between a kill and the next run."""

import argparse
import collections
import dataclasses
import functools
import pathlib
import sys

from case import QUERIES, Case
from rows import Row


@dataclasses.dataclass
class Verdict:
    """num_repeated counts also rows that were in no source."""

    num_rows: int
    num_lost: int
    num_repeated: int
    problems: list[str]

    @property
    def is_good(self) -> bool:
        return not self.problems


@functools.lru_cache(maxsize=256)  # a part never changes
def rows_of_part(folder: pathlib.Path, part: str) -> list[Row]:
    return Case.load(folder).source.rows(folder, part)


def expected_rows(case: Case, parts: list[str]) -> list[Row]:
    keeps = QUERIES[case.query].keeps
    return [row for part in parts for row in rows_of_part(case.folder, part) if keeps(row)]


def shown(what: str, rows: collections.Counter) -> list[str]:
    examples = ", ".join(f"{row} × {count}" for row, count in list(rows.items())[:3])
    return [f"{rows.total()} rows {what}, among them {examples}"] if rows else []


def check(case: Case) -> Verdict:
    """Whether the sink holds what it must."""
    rows = case.sink.rows(case.folder)
    num_before = sum(row[0] < 0 for row in rows)
    rows = [row for row in rows if row[0] >= 0]
    expected = expected_rows(case, case.loads)
    there, due = collections.Counter(rows), collections.Counter(expected)
    lost, repeated = due - there, there - due
    problems = shown("lost", lost) + shown("repeated or invented", repeated)
    due_before = 0 if case.sink.replaces and case.loads else case.num_before
    if num_before != due_before:
        problems.append(f"{num_before} rows of somebody else's, where {due_before} should be")
    problems += check_letters(case, is_done=True) + check_further(case, due, is_done=True)
    if case.ordered and not problems and rows != expected:
        problems.append("the rows are not in the source's order")
    return Verdict(len(rows), lost.total(), repeated.total(), problems)


def check_partial(case: Case, loads_before: list[str]) -> Verdict:
    """Whether the sink holds nothing but what it held before and what it is to hold."""
    rows = collections.Counter(row for row in case.sink.rows(case.folder) if row[0] >= 0)
    due = collections.Counter(expected_rows(case, case.loads))
    if case.sink.replaces:  # the new files appear before the old ones go, which an earlier start may have brought
        due += due | collections.Counter(expected_rows(case, loads_before))
    if case.source.changes_rows:
        due = collections.Counter(case.source.versions())
    repeated = rows - due
    problems = shown("repeated or invented", repeated) + check_letters(case, is_done=False)
    problems += check_further(case, due, is_done=False)
    return Verdict(rows.total(), 0, repeated.total(), problems)


def check_letters(case: Case, is_done: bool) -> list[str]:
    """What is wrong with the bad records that were kept."""
    due = collections.Counter(record for part in case.loads for record in case.source.bad_records(case.folder, part))
    kept = collections.Counter(case.sink.letters(case.folder))
    lost = due - kept if is_done else collections.Counter()
    return shown("of bad records lost", lost) + shown("of bad records repeated or invented", kept - due)


def check_further(case: Case, due: collections.Counter, is_done: bool) -> list[str]:
    """What is wrong with the rows of further sinks."""
    problems = []
    for rows in case.sink.further_rows(case.folder):
        there = collections.Counter(row for row in rows if row[0] >= 0)
        lost = due - there if is_done else collections.Counter()
        problems += shown("of a further sink lost", lost) + shown("of a further sink repeated or invented", there - due)
    return problems


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--partial", action="store_true")
    arguments = parser.parse_args()
    case = Case.load(arguments.folder)
    verdict = check_partial(case, case.loads) if arguments.partial else check(case)
    for problem in verdict.problems:
        print(f"checker: {problem}", file=sys.stderr)
    print(f"checker: {verdict.num_rows} rows, {verdict.num_lost} lost, {verdict.num_repeated} repeated")
    return 0 if verdict.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
