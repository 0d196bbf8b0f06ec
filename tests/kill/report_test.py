"""docs/guarantees.md is what docs/results/kills.jsonl says."""

import unittest

import report


class Report(unittest.TestCase):
    maxDiff = None

    def test_page_is_made_from_the_results(self):
        self.assertEqual(report.PAGE.read_text(encoding="utf-8"), report.page(), "run dev/kill --report")

    def test_every_run_that_found_something_is_named(self):
        good = {"seed": 1, "commit": "c1", "lost": 0, "repeated": 0, "failed": 0, "kills": {"kill -9": 1_000}}
        bad = good | {"seed": 2, "repeated": 1_502, "failed": 1}
        heading = (
            "| route | seed | commit | lost | repeated | failed | cause | the route since |\n"
            "| --- | --- | --- | --- | --- | --- | --- | --- |\n"
        )
        self.assertEqual(
            report.what_was_found({"a-b": [good, bad | {"cause": "a word. Mended"}, good, good], "c-d": [good, bad]}),
            heading
            + "| a-b | 2 | c1 | 0 | 1,502 | 1 | a word. Mended | 2 runs, 2,000 kills: 0 trials failed |\n"
            + "| c-d | 2 | c1 | 0 | 1,502 | 1 | not written down | not run again |\n",
        )
        self.assertEqual(report.what_was_found({"a-b": [good]}), "Nothing.\n")


if __name__ == "__main__":
    unittest.main()
