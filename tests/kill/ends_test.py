"""For each route to or from a server: the checker reads both ends by clients of others, and finds one row lost and one doubled."""

import pathlib
import random
import shutil
import tempfile
import unittest

from case import Case
from checker import check
from routes import route_names, route_of, servers_of

SPOILS = {
    "0 lost, 0 repeated": lambda rows: None,
    "1 lost, 0 repeated": lambda rows: rows.pop(7),
    "0 lost, 1 repeated": lambda rows: rows.append(rows[7]),
}


class Ends(unittest.TestCase):
    maxDiff = None

    def made(self, end):
        end.make()
        self.addCleanup(end.remove)
        return end

    def case_of(self, route: str) -> Case:
        folder = pathlib.Path(tempfile.mkdtemp(prefix="velo-test-"))
        self.addCleanup(shutil.rmtree, folder)
        draw = random.Random(route)
        case = Case.draw(route_of(route), folder, draw)
        self.made(case.source)
        while case.source.num_rows < 1000:
            case.source.add(folder, draw)
        case.kind, case.query, case.ordered = "stream", "all", False
        case.count_load()
        return case

    def test_routes(self):
        for route in filter(servers_of, route_names()):
            case = self.case_of(route)
            rows = [row for part in case.source.parts for row in case.source.rows(case.folder, part)]
            for answer, spoil in SPOILS.items():
                with self.subTest(route=route, answer=answer):
                    for written in list(case.folder.rglob("out")):
                        shutil.rmtree(written)
                    case.sink = case.route.sink.draw(random.Random(route))
                    if case.sink.upserts:
                        case.sink.upserts = False
                    self.made(case.sink)
                    spoilt = list(rows)
                    spoil(spoilt)
                    case.sink.put_before(case.folder, spoilt)
                    case.save()
                    verdict = check(case)
                    self.assertEqual(f"{verdict.num_lost} lost, {verdict.num_repeated} repeated", answer)
                    of_rows = [problem for problem in verdict.problems if "bad records" not in problem]
                    self.assertEqual(not of_rows, answer == "0 lost, 0 repeated", of_rows)
                    # Nobody has kept the bad records.
                    has_bad = any(case.source.bad_records(case.folder, part) for part in case.loads)
                    self.assertEqual(len(verdict.problems) - len(of_rows), has_bad, verdict.problems)


if __name__ == "__main__":
    unittest.main()
