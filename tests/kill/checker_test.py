"""The checker finds one row lost, one row doubled, one row changed, and says nothing of a sink that holds what it must."""

import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import unittest

from case import Case
from ends.file import FileSink, FileSource
from formats import read_rows, write_rows
from routes import route_of

CHECKER = pathlib.Path(__file__).parent / "checker.py"


class Checker(unittest.TestCase):
    """For each format, a source of several files and a sink that was made by hand from its rows."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="velo-test-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def make(self, format: str) -> tuple[Case, pathlib.Path]:
        folder = self.folder / format
        folder.mkdir()
        source = FileSource(format, has_schema=False)
        draw = random.Random(format)
        source.add(folder, draw)
        case = Case(route_of("file-file"), folder, "stream", "all", source, FileSink(format, "", False, "append"))
        case.count_load()
        case.save()
        rows = [row for part in source.parts for row in source.rows(folder, part)]
        (folder / "out").mkdir()
        half = len(rows) // 2
        for number, some in enumerate((rows[:half], rows[half:])):
            write_rows(folder / f"out/part-0123456789abcdef-{number:08}-f1-0-00000.{format}", some)
        return case, folder / f"out/part-0123456789abcdef-00000001-f1-0-00000.{format}"

    def answer(self, case: Case, *options: str) -> tuple[int, str]:
        command = [sys.executable, "-B", CHECKER, *options, case.folder]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout.partition(" rows, ")[2].strip() + done.stderr

    def check_spoilt(self, spoil, code_and_answer, *options):
        for format in ("csv", "json", "parquet"):
            with self.subTest(format):
                case, file = self.make(format)
                rows = read_rows(file)
                spoil(rows)
                write_rows(file, rows)
                code, answer = self.answer(case, *options)
                self.assertEqual((code, answer.partition("checker: ")[0]), code_and_answer, answer)
                shutil.rmtree(case.folder)

    def test_whole(self):
        self.check_spoilt(lambda rows: None, (0, "0 lost, 0 repeated"))

    def test_lost(self):
        self.check_spoilt(lambda rows: rows.pop(7), (1, "1 lost, 0 repeated"))

    def test_doubled(self):
        self.check_spoilt(lambda rows: rows.append(rows[7]), (1, "0 lost, 1 repeated"))

    def test_changed(self):
        def change(rows):
            rows[7] = (*rows[7][:3], "another note")

        self.check_spoilt(change, (1, "1 lost, 1 repeated"))

    def test_order(self):
        def swap(rows):
            rows[7], rows[8] = rows[8], rows[7]

        self.check_spoilt(swap, (1, "0 lost, 0 repeated"))

    def test_partial(self):
        self.check_spoilt(lambda rows: rows.pop(7), (0, "0 lost, 0 repeated"), "--partial")
        self.check_spoilt(lambda rows: rows.append(rows[7]), (1, "0 lost, 1 repeated"), "--partial")

    def test_file_gone(self):
        case, file = self.make("parquet")
        file.unlink()
        self.assertEqual(self.answer(case)[0], 1)


if __name__ == "__main__":
    unittest.main()
