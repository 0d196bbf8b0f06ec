"""docs/design/errors.md has a row for each kind of error, and what it names is there."""

import re
import unittest

from program import SOURCE, ProgramTest

PAGE = SOURCE / "docs/design/errors.md"
KIND = re.compile(r"^  k(\w+) = (\d+),", re.MULTILINE)


def rows():
    """The cells of the table, by the kind."""
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if re.match(r"\| `\w+` \|", line)]
    cells = ([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines)
    return {row[0].strip("`"): row[1:] for row in cells}


class Errors(unittest.TestCase):
    def test_each_kind_has_a_row(self):
        header = (SOURCE / "include/velo/error.h").read_text(encoding="utf-8")
        kinds = [re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower() for name, _ in KIND.findall(header)]
        self.assertGreater(len(kinds), 15)
        self.assertEqual(list(rows()), kinds)

    def test_each_row_says_what_is_done_the_exit_code_and_a_message(self):
        for kind, row in rows().items():
            with self.subTest(kind):
                self.assertEqual(len(row), 4)
                self.assertRegex(row[1], r"^\d+(, \d+)?$")
                self.assertRegex(row[3], r"^`velo: .+`$")

    def test_each_test_that_is_named_is_there(self):
        for kind, (_, _, tests, _) in rows().items():
            named = re.findall(r"\[`([\w]+)`\]\(([^)]+)\)", tests)
            self.assertTrue(named, kind)
            for name, file in named:
                with self.subTest(kind=kind, test=name):
                    text = (PAGE.parent / file).resolve().read_text(encoding="utf-8")
                    is_there = re.search(rf'def {name}\(|TEST(_F)?\(\w+, {name}\)|\{{"{name}",', text)
                    self.assertTrue(is_there, f"{file} has no test {name}")


class Produced(ProgramTest):
    def test_a_statement_that_is_there(self):
        self.write("in.csv", "id\n1\n")
        create = "CREATE STREAM a AS SELECT * FROM file('in.csv');"
        process = self.velo("run", "-e", create + create)
        self.assertEqual(process.returncode, 2)
        self.assertIn("there is a statement named a already; CREATE OR REPLACE takes its place", process.stderr)


if __name__ == "__main__":
    unittest.main()
