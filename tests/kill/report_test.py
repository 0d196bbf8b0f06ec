"""docs/guarantees.md is what docs/results/kills.jsonl says."""

import unittest

import report


class Report(unittest.TestCase):
    maxDiff = None

    def test_page_is_made_from_the_results(self):
        self.assertEqual(report.PAGE.read_text(encoding="utf-8"), report.page(), "run dev/kill --report")


if __name__ == "__main__":
    unittest.main()
