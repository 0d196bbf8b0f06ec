"""CSV of other writers, read by velo; velo's, read by others: Python's csv module, pyarrow and DuckDB."""

import csv
import json
import random
import unittest

import pyarrow
import pyarrow.csv
from partitions_test import duckdb_rows
from program import ProgramTest

NASTY = ["", "a", "a,b", "a;b", 'say "x"', "it's", "two\nlines", "two\r\nlines", "r\r", " edge ", "\ttab", "NULL", "NA", "#", "# no", "\\", "\\N", "a\\", "é", "🙂",
         "007", "1e5", '"', '""', "'", "\\\"", ",", "-"]

DIALECTS = [
    ("delimiter=,", {}),
    ("delimiter=;&quote='", {"delimiter": ";", "quotechar": "'"}),
    ("delimiter=tab&quote_style=all", {"delimiter": "\t"}),
    ("escape=\\&quote_style=text", {"doublequote": False, "escapechar": "\\"}),
    ("line_end=crlf&comment=%23", {}),
]


def of_source(options):
    return "&".join(o for o in options.split("&") if not o.startswith(("quote_style", "line_end")))


class Csv(ProgramTest):
    def rows(self):
        draw = random.Random(5)
        return [[draw.choice(NASTY), "x" + draw.choice(NASTY), draw.choice(NASTY)] for _ in range(300)]

    def write_json(self, rows):
        self.write("in.json", "".join(json.dumps(dict(zip("abc", row))) + "\n" for row in rows))

    def read_with_velo(self, uri):
        lines = self.done("copy", uri, "stdout:?format=json").stdout.split("\n")
        return [list(json.loads(line).values()) for line in lines if line]

    def test_python_reads_every_dialect(self):
        rows = self.rows()
        self.write_json(rows)
        for options, dialect in DIALECTS:
            with self.subTest(options=options):
                self.done("copy", "in.json", f"out.csv?{options}")
                with open(f"{self.folder}/out.csv", newline="", encoding="utf-8") as file:
                    self.assertEqual(list(csv.reader(file, strict=True, **dialect)), [["a", "b", "c"], *rows])

    def test_every_dialect_of_python_is_read(self):
        rows = self.rows()
        for options, dialect in DIALECTS:
            with self.subTest(options=options):
                with open(f"{self.folder}/in.csv", "w", newline="", encoding="utf-8") as file:
                    writer = csv.writer(file, quoting=csv.QUOTE_ALL, **dialect)
                    writer.writerows([["a", "b", "c"], *rows])
                uri = f"in.csv?schema=a text,b text,c text&{of_source(options)}"
                self.assertEqual(self.read_with_velo(uri), rows)

    def test_duckdb_and_pyarrow_tell_null_from_the_empty_text(self):
        rows = [[text, None] for text in NASTY] + [[None, text] for text in NASTY]
        self.write("in.json", "".join(json.dumps(dict(zip("ab", row))) + "\n" for row in rows))
        self.done("copy", "in.json", "out.csv?null_values=nothing")
        read = duckdb_rows(
            f"SELECT a, b FROM read_csv('{self.folder}/out.csv', header = true, all_varchar = true, nullstr = 'nothing', "
            "quote = '\"', escape = '\"', delim = ',')", 2)
        self.assertEqual(read, rows)
        table = pyarrow.csv.read_csv(
            f"{self.folder}/out.csv",
            parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
            convert_options=pyarrow.csv.ConvertOptions(
                null_values=["nothing"], strings_can_be_null=True, quoted_strings_can_be_null=False,
                column_types={"a": pyarrow.string(), "b": pyarrow.string()}))
        self.assertEqual([list(row.values()) for row in table.to_pylist()], rows)


if __name__ == "__main__":
    unittest.main()
