"""For each route to or from a server: the checker reads both ends by clients of others, and finds one row lost and one doubled."""

import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import unittest

from case import Case
from routes import route_names, route_of, servers_of

CHECKER = pathlib.Path(__file__).parent / "checker.py"
SPOILS = {
    "0 lost, 0 repeated": lambda rows: None,
    "1 lost, 0 repeated": lambda rows: rows.pop(7),
    "0 lost, 1 repeated": lambda rows: rows.append(rows[7]),
}


class Ends(unittest.TestCase):
    maxDiff = None

    def make(self, route: str) -> Case:
        folder = pathlib.Path(tempfile.mkdtemp(prefix="velo-test-"))
        self.addCleanup(shutil.rmtree, folder)
        case = Case.draw(route_of(route), folder, random.Random(route))
        for end in (case.source, case.sink):
            end.make()
            self.addCleanup(end.remove)
        case.ordered = False
        if case.sink.upserts:
            case.sink.upserts = False
        case.query = "all"
        while case.source.num_rows < 1000:
            case.source.add(folder, random.Random(route))
        case.count_load()
        case.save()
        return case

    def check(self, case: Case) -> tuple[int, str]:
        done = subprocess.run([sys.executable, "-B", CHECKER, case.folder], capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout.partition(" rows, ")[2].strip() or done.stderr

    def test_routes(self):
        for route in filter(servers_of, route_names()):
            for answer, spoil in SPOILS.items():
                with self.subTest(route=route, answer=answer):
                    case = self.make(route)
                    rows = [row for part in case.source.parts for row in case.source.rows(case.folder, part)]
                    spoil(rows)
                    case.sink.put_before(case.folder, rows)
                    case.save()
                    self.assertEqual(self.check(case), (int(not answer.startswith("0 lost, 0")), answer))


if __name__ == "__main__":
    unittest.main()
