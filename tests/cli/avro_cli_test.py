"""Avro through the program: files, directories, standard input and output, SQL, and what is wrong."""

import json
import unittest

from program import ProgramTest

ROWS = [{"id": i, "name": None if i % 3 == 0 else f"name {i}", "tags": [f"t{j}" for j in range(i % 3)]} for i in range(100)]


class Avro(ProgramTest):
    def setUp(self):
        super().setUp()
        self.write("in.json", "\n".join(map(json.dumps, ROWS)))
        self.done("copy", "in.json", "rows.avro")

    def rows_of(self, *arguments, **more):
        text = self.done(*arguments, **more).stdout
        return [json.loads(line) for line in text.splitlines()]

    def test_goes_both_ways(self):
        self.assertEqual(self.rows_of("copy", "rows.avro", "-?format=json"), ROWS)

    def test_directories_and_patterns(self):
        self.done("copy", "in.json", "out/?format=avro")
        self.assertEqual(self.rows_of("copy", "out/*.avro", "-?format=json"), ROWS)
        self.done("copy", "in.json", "parts/?format=avro&partition_by=id")
        self.assertEqual(self.rows_of("copy", "parts/id=7/*.avro", "-?format=json"), [{k: v for k, v in ROWS[7].items() if k != "id"}])

    def test_files_of_other_columns_are_united(self):
        self.write("more.json", '{"id": 1000, "more": 1.5}\n')
        self.done("copy", "more.json", "rows2.avro")
        rows = self.rows_of("copy", "rows*.avro", "-?format=json")
        self.assertEqual(len(rows), len(ROWS) + 1)
        self.assertIn({"id": 1000, "name": None, "tags": None, "more": 1.5}, rows)

    def test_standard_input_and_output(self):
        process = self.velo("copy", "rows.avro", "-?format=table&rows=1")
        self.assertIn("id", process.stdout)
        self.done("run", "-e", "INSERT INTO file('again.avro') SELECT id FROM file('rows.avro') WHERE id >= 98")
        with open(self.folder / "again.avro", "rb") as file:
            self.assertEqual(self.rows_of("copy", "-", "-?format=json", stdin_file=file), [{"id": 98}, {"id": 99}])

    def velo(self, *arguments, stdin_file=None, **more):
        if stdin_file is None:
            return super().velo(*arguments, **more)
        import subprocess

        from program import VELO

        return subprocess.run([VELO, *arguments], cwd=self.folder, stdin=stdin_file, capture_output=True, text=True, timeout=120)

    def test_the_schema_is_seen(self):
        self.assertEqual(
            self.done("schema", "rows.avro?schema=name text,id double,new int64").stdout.split(),
            ["name,type,nullable", "name,text,true", "id,double,true", "new,int64,true"],
        )

    def test_aggregates(self):
        self.done("run", "-e", "INSERT INTO file('sum.json') SELECT count(*) AS n, sum(id) AS s FROM file('rows.avro')")
        self.assertEqual(json.loads((self.folder / "sum.json").read_text()), {"n": 100, "s": 4950})

    def test_what_is_wrong_is_said(self):
        whole = (self.folder / "rows.avro").read_bytes()
        self.write("cut.avro", whole[:-5])
        process = self.velo("copy", "cut.avro", "out.parquet")
        self.assertEqual(process.returncode, 2)
        self.assertRegex(
            process.stderr,
            r"^velo: cut.avro: block 1, byte \d+: the file ends within it; was it cut off while it was copied or written\?\n$",
        )
        self.refused(
            ["copy", "in.json?format=avro", "out.parquet"],
            'velo: in.json: head: not an Avro file: an object container file begins with "Obj" and a byte of 1; format= says what it '
            "is, if it is something else",
        )
        self.write("odd.json", '{"unit price": 1}\n')
        self.refused(
            ["copy", "odd.json", "out.avro"],
            "velo: out.avro: column 'unit price': Avro's names are of letters, digits and _; name it otherwise with AS in a SELECT",
        )
        self.refused(
            ["copy", "in.json", "out.avro?compression=xz"],
            "velo: out.avro: compression=xz is not one of Avro's: none, deflate, snappy, zstd, bzip2",
        )

    def test_a_bad_value_is_not_stepped_over(self):
        self.done("copy", "in.json", "plain.avro?compression=none")
        whole = (self.folder / "plain.avro").read_bytes()
        self.write("bad.avro", whole.replace(b"name 50", b"name \xff0"))
        process = self.velo("copy", "bad.avro", "out.json", "--on-error", "skip")
        self.assertEqual(process.returncode, 2, process.stderr)
        self.assertRegex(process.stderr, r"bad.avro: block 1, byte \d+, record 51: field 'name': byte 0xff is not UTF-8")


if __name__ == "__main__":
    unittest.main()
