"""The programs of examples/, as docs/guide shows them."""

import os
import pathlib
import subprocess
import unittest

import pyarrow.parquet

from program import SOURCE, ProgramTest

EXAMPLES = pathlib.Path(os.environ["VELO_BUILD_DIR"]) / "examples"
EVENTS = "id,kind,total\n" + "".join(f"{i},{'view' if i % 4 else 'buy'},{i / 2}\n" for i in range(1000))


class Examples(ProgramTest):
    def example(self, name, *arguments):
        command = [EXAMPLES / name, *arguments]
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=60, check=False)

    def setUp(self):
        super().setUp()
        self.write("events.csv", EVENTS)

    def test_copy_events(self):
        process = self.example("copy_events", "events.csv", "events.parquet")
        self.assertEqual((process.returncode, process.stdout, process.stderr), (0, "", ""))
        read = pyarrow.parquet.read_table(self.folder / "events.parquet")
        self.assertEqual(read["total"].to_pylist(), [i / 2 for i in range(1000)])

    def test_copy_events_says_what_failed(self):
        process = self.example("copy_events", "none.csv", "events.parquet")
        self.assertEqual(process.returncode, 1)
        self.assertRegex(process.stderr, r"^copy_events: none\.csv: ")
        self.assertEqual(self.files(), ["events.csv"])

    def test_run_pipeline(self):
        process = self.example(
            "run_pipeline", "SELECT id, total FROM file('events.csv') WHERE kind = 'buy'", "bought.parquet"
        )
        self.assertEqual((process.returncode, process.stdout, process.stderr), (0, "250 rows\n", ""))
        read = pyarrow.parquet.read_table(self.folder / "bought.parquet")
        self.assertEqual(read["id"].to_pylist(), list(range(0, 1000, 4)))

    def test_count_rows(self):
        process = self.example("count_rows", "events.csv")
        self.assertEqual(process.stdout, "id l\nkind u\ntotal g\n1000 rows\n", process.stderr)

    def test_count_rows_says_what_failed(self):
        process = self.example("count_rows", "kafak://localhost/events")
        self.assertEqual((process.returncode, process.stdout), (1, ""))
        self.assertRegex(process.stderr, r"^count_rows: .*\(invalid_argument\)\n$")


class Pages(unittest.TestCase):
    def test_the_guide_shows_these_programs(self):
        for page, example in [("cpp.md", "copy_events.cpp"), ("cpp.md", "run_pipeline.cpp"), ("c.md", "count_rows.c")]:
            with self.subTest(page, example=example):
                text = (SOURCE / "docs/guide" / page).read_text(encoding="utf-8")
                self.assertIn((SOURCE / "examples" / example).read_text(encoding="utf-8"), text)


if __name__ == "__main__":
    unittest.main()
