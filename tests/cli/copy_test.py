"""velo copy, with pyarrow writing the inputs and reading what came out."""

import gzip
import subprocess
import unittest

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from program import VELO, ProgramTest


class Copy(ProgramTest):
    def test_csv_to_parquet(self):
        rows = "".join(f"{i},{i / 4},name {i},2026-01-0{i % 9 + 1}\n" for i in range(100_000))
        self.write("in.csv", "id,price,name,day\n" + rows)
        self.done("copy", "in.csv", "out.parquet")
        read = pa.parquet.read_table(self.folder / "out.parquet")
        expected = pa.csv.read_csv(self.folder / "in.csv")
        self.assertTrue(read.equals(expected), read.schema)

    def test_parquet_to_csv_and_back(self):
        table = pa.table(
            {
                "i": pa.array([1, None, -(2**63)], pa.int64()),
                "f": pa.array([0.1, None, -1e300]),
                "s": pa.array(['a,"b"\n', None, ""]),
                "b": pa.array([True, None, False]),
                "t": pa.array([0, None, 1_700_000_000_123_456], pa.timestamp("us", "UTC")),
                "d": pa.array([0, None, 20_000], pa.date32()),
            }
        )
        pa.parquet.write_table(table, self.folder / "in.parquet")
        self.done("copy", "in.parquet", "mid.csv.gz")
        self.done("copy", "mid.csv.gz", "out.parquet")
        self.assertTrue(pa.parquet.read_table(self.folder / "out.parquet").equals(table))
        with gzip.open(self.folder / "mid.csv.gz") as file:
            self.assertTrue(file.read().startswith(b"i,f,s,b,t,d\n"))

    def test_glob_and_directory(self):
        for i in range(3):
            self.write(f"in/part-{i}.csv", f"id\n{i}\n")
        self.write("in/.hidden.csv", "id\n99\n")
        for source in ["in", "in/", "in/*.csv", "in/part-[0-2].csv", "**/part-*.csv"]:
            with self.subTest(source):
                self.done("copy", source, "out.parquet")
                read = pa.parquet.read_table(self.folder / "out.parquet")
                self.assertEqual(read["id"].to_pylist(), [0, 1, 2])

    def test_the_first_rows_alone(self):
        self.write("in.csv", "id\n" + "".join(f"{i}\n" for i in range(100_000)))
        for target in ["out.parquet", "out/?format=parquet"]:
            self.done("copy", "--limit", "70000", "in.csv", target)
            read = pa.parquet.read_table(self.folder / target.partition("?")[0])
            self.assertEqual(read["id"].to_pylist(), list(range(70_000)))
        self.done("copy", "--limit", "10", "generate://orders?unbounded=true", "few.csv")
        self.assertEqual((self.folder / "few.csv").read_text().count("\n"), 11)

    def test_files_with_other_columns_are_united_by_name(self):
        self.write("in/a.csv", "id,name\n1,x\n")
        self.write("in/b.csv", "größe,id\n1.5,2\n,3\n")
        self.write("in/c.json", '{"id": 9223372036854775807, "more": {"a": [1]}}\n')
        self.done("copy", "in/*.csv", "out.parquet")
        read = pa.parquet.read_table(self.folder / "out.parquet")
        self.assertEqual(read.to_pylist(), [
            {"id": 1, "name": "x", "größe": None},
            {"id": 2, "name": None, "größe": 1.5},
            {"id": 3, "name": None, "größe": None}])
        self.done("copy", "in", "out.parquet")
        read = pa.parquet.read_table(self.folder / "out.parquet")
        self.assertEqual(read["id"].to_pylist(), [1, 2, 3, 2**63 - 1])
        self.assertEqual(read["more"].to_pylist()[3], {"a": [1]})
        shown = self.done("run", "-e", "SELECT name, id FROM file('in/*.csv') WHERE id > 1")
        self.assertEqual(shown.stdout.count("\n"), 3, shown.stdout)

    def test_types_of_files_are_widened_in_whichever_order_they_come(self):
        types = {"i": [pa.int32(), pa.int64()], "d": [pa.int32(), pa.float64()],
                 "m": [pa.decimal128(5, 2), pa.int16()], "n": [pa.null(), pa.string()],
                 "l": [pa.list_(pa.int8()), pa.list_(pa.int16())]}
        rows = {"i": [-2**31, None], "d": [2**31 - 1, 1], "m": [1, 2], "n": [None, None], "l": [[1], None]}
        for order in [(0, 1), (1, 0)]:
            for name, which in zip("ab", order):
                fields = pa.schema([(column, pair[which]) for column, pair in types.items()])
                (self.folder / "in").mkdir(exist_ok=True)
                pa.parquet.write_table(pa.table(rows, schema=fields), self.folder / f"in/{name}.parquet")
            self.done("copy", "in", "out.parquet")
            read = pa.parquet.read_table(self.folder / "out.parquet")
            self.assertEqual(read.schema, pa.schema([
                ("i", pa.int64()), ("d", pa.float64()), ("m", pa.decimal128(21, 2)),
                ("n", pa.string()), ("l", pa.list_(pa.field("element", pa.int16())))]))
            self.assertEqual(read["i"].to_pylist(), [-2**31, None] * 2)
            self.assertEqual(read["l"].to_pylist(), [[1], None] * 2)

    def test_files_whose_types_hold_no_common_value_are_refused(self):
        (self.folder / "in").mkdir()
        for name, type, value in [("a", pa.int32(), 1), ("b", pa.int64(), 2), ("c", pa.string(), "3")]:
            pa.parquet.write_table(pa.table({"n": pa.array([value], type)}), self.folder / f"in/{name}.parquet")
        process = self.velo("copy", "in", "out/?format=csv")
        self.assertEqual(process.returncode, 2)
        self.assertIn("in/c.parquet: column 'n' is text, and int64 in in/b.parquet", process.stderr)
        self.assertFalse((self.folder / "out").exists())

    def test_a_later_file_keeps_its_zeros(self):
        for first, last in [("1", "007"), ("007", "1")]:
            self.write("in/a.csv", f"id\n{first}\n")
            self.write("in/b.csv", f"id\n{last}\n")
            self.done("copy", "in", "out.csv")
            self.assertEqual((self.folder / "out.csv").read_text(), f"id\n{first}\n{last}\n")
        # Behind what was looked at, it is refused.
        self.write("in/a.csv", "id\n1\n")
        self.write("in/b.csv", "id\n" + "1234567\n" * 300_000 + "007\n")
        process = self.velo("copy", "in", "out.csv")
        self.assertEqual(process.returncode, 2)
        self.assertIn("in/b.csv: line 300002, byte 2400003: column 'id' is int64, and '007' is not", process.stderr)

    def test_a_thousand_files(self):
        for i in range(1000):
            column = f",c{i}" if i % 100 == 0 else ""
            self.write(f"in/{i:04}.csv", f"id{column}\n{i}{column and ',x'}\n")
        self.done("copy", "in", "out.parquet")
        read = pa.parquet.read_table(self.folder / "out.parquet")
        self.assertEqual(read["id"].to_pylist(), list(range(1000)))
        self.assertEqual(read.num_columns, 11)
        self.assertEqual(read["c900"].null_count, 999)

    def test_partitions(self):
        rows = "".join(f"{i},{'NL' if i % 3 else 'DE'}\n" for i in range(1000))
        self.write("in.csv", "id,country\n" + rows)
        self.done("copy", "in.csv", "out/?format=parquet&partition_by=country")
        read = pa.parquet.read_table(self.folder / "out")
        self.assertEqual(read.num_rows, 1000)
        self.assertEqual(sorted(set(read["country"].to_pylist())), ["DE", "NL"])
        self.assertEqual(sorted(read["id"].to_pylist()), list(range(1000)))
        # Again: append doubles the rows, overwrite does not.
        self.done("copy", "in.csv", "out/?format=parquet&partition_by=country")
        self.assertEqual(pa.parquet.read_table(self.folder / "out").num_rows, 2000)
        self.done("copy", "in.csv", "out/?format=parquet&partition_by=country&mode=overwrite")
        self.assertEqual(pa.parquet.read_table(self.folder / "out").num_rows, 1000)

    def test_partitions_need_a_column_for_the_files(self):
        self.write("in.csv", "id,country\n1,NL\n")
        process = self.velo("copy", "in.csv", "out/?format=parquet&partition_by=id,country")
        self.assertEqual(process.returncode, 2)
        self.assertIn("partition_by names every column", process.stderr)
        self.assertEqual(self.files(), ["in.csv"])

    def test_rows_but_none(self):
        self.write("in.csv", "id,name\n")
        self.done("copy", "in.csv", "out.parquet")
        read = pa.parquet.read_table(self.folder / "out.parquet")
        self.assertEqual((read.num_rows, read.column_names), (0, ["id", "name"]))

    def test_an_existing_file_is_replaced_and_keeps_its_mode(self):
        self.write("in.csv", "id\n1\n")
        self.write("out.csv", "old\n").chmod(0o640)
        self.done("copy", "in.csv", "out.csv")
        self.assertEqual((self.folder / "out.csv").read_text(), "id\n1\n")
        self.assertEqual((self.folder / "out.csv").stat().st_mode & 0o777, 0o640)

    def test_standard_streams_with_options(self):
        read = self.done("copy", "-?delimiter=;", "out.csv", stdin="id;name\n1;a\n")
        self.assertEqual((self.folder / "out.csv").read_text(), "id,name\n1,a\n", read.stderr)
        written = self.done("copy", "out.csv", "-?format=json", "--config", self.write("velo.toml", ""))
        self.assertEqual(written.stdout, '{"id":1,"name":"a"}\n')
        for verb in ("show", "schema"):
            shown = self.done(verb, "-?format=json", stdin='{"word":1}\n')
            self.assertIn("word", shown.stdout)
        for to in (["--to", "-?format=json"], ["--to=-?format=json"]):
            self.assertEqual(self.done("run", "-e", "SELECT 1 AS id", *to).stdout, '{"id":1}\n')
        self.refused(
            ["copy", "-?fromat=csv", "out.parquet"],
            "velo: -: unknown option 'fromat'; did you mean 'format'? `velo help -` lists them all",
        )
        self.assertRegex(self.done("help", "-").stdout, r"(?s)^stdin .*\nstdout ")

    def test_version(self):
        output = subprocess.run([VELO, "--version"], capture_output=True, text=True, check=True).stdout
        self.assertRegex(output, r"^velo \d+\.\d+\.\d+\n$")


if __name__ == "__main__":
    unittest.main()
