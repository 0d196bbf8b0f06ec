"""How much memory a pipeline takes: its budget, and 128 MiB for the program itself."""

import os
import shutil
import subprocess
import sys
import time
import unittest

import pyarrow.parquet
from program import VELO, ProgramTest

BESIDE_MIB = 128
# One row group of 160 MB that does not compress.
WIDE_FILE = """
import pyarrow, pyarrow.parquet, random
noise = random.Random(1).randbytes(800_000).hex()
texts = [noise[n % 99 * 8000:][:8000] + str(n) for n in range(20_000)]
rows = pyarrow.table({"id": range(20_000), "country": [n % 50 for n in range(20_000)], "text": texts})
pyarrow.parquet.write_table(rows, "wide.parquet", row_group_size=20_000, compression="none", use_dictionary=False)
"""


class Memory(ProgramTest):
    def check_peak(self, budget_mib, *arguments, slow_reader=None, started=None):
        """Run the program with this budget; its peak must be within the promise."""
        process = subprocess.Popen([VELO, *map(str, arguments), "--memory", f"{budget_mib}MiB"], cwd=self.folder,
                                   stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
        if started is not None:
            started.append(process)
        if slow_reader:
            slow_reader()
        told = process.stderr.read().decode()
        process.stderr.close()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(process.returncode, 0, told)
        self.assertLessEqual(usage.ru_maxrss / 1024, budget_mib + BESIDE_MIB, f"MiB; {told}")

    def rows(self, folder):
        return sum(pyarrow.parquet.read_metadata(file).num_rows for file in (self.folder / folder).rglob("*.parquet"))

    def test_wide_rows(self):
        # By another process: the memory of the one that starts it counts as that of a program too.
        subprocess.run([sys.executable, "-c", WIDE_FILE], cwd=self.folder, check=True)
        self.check_peak(64, "copy", "wide.parquet", "out/?format=parquet&compression=none")
        self.assertEqual(self.rows("out"), 20_000)
        self.check_peak(64, "copy", "wide.parquet", "parts/?format=parquet&partition_by=country&compression=none")
        self.assertEqual(self.rows("parts"), 20_000)

    def test_several_writers(self):
        self.check_peak(64, "copy", "generate://orders?rows=1000000", "out/?format=parquet", "--parallel", "4")
        self.assertEqual(self.rows("out"), 1_000_000)

    def test_statements_at_the_same_time(self):
        """One of them by DuckDB, and one with two sinks."""
        select = {"one": "*", "two": "id, upper(status) AS status", "three": "*"}
        for name, columns in select.items():
            also = f", file('{name}_also/?format=parquet')" if name == "three" else ""
            with (self.folder / "go.sql").open("a") as script:
                script.write(f"CREATE STREAM {name} AS SELECT {columns} FROM generate('orders?unbounded=true') "
                             f"INSERT INTO file('{name}/?format=parquet'){also};\n")

        def stop_after_a_while():
            end = time.monotonic() + 60
            folders = [*select, "three_also"]
            while not all((self.folder / name).exists() and self.rows(name) > 500_000 for name in folders):
                self.assertLess(time.monotonic(), end)
                time.sleep(0.1)
            running[0].terminate()

        running = []
        self.check_peak(320, "run", "go.sql", "--commit-every", "1s", slow_reader=stop_after_a_while, started=running)

    def test_a_slow_sink(self):
        os.mkfifo(self.folder / "slow.csv")

        def read_slowly():
            with open(self.folder / "slow.csv", "rb") as pipe:
                end = time.monotonic() + 2
                while time.monotonic() < end:
                    pipe.read(20_000)
                    time.sleep(0.01)
                while pipe.read(1 << 20):
                    pass

        self.check_peak(32, "copy", "generate://lineitem?rows=1000000", "slow.csv", slow_reader=read_slowly)

    def test_a_record_that_is_too_large(self):
        """It is stepped over, in pieces: 300 MB of a line, of a CSV record, of a line of a file that grows."""
        for extension, begin, end in ("json", '{"id":2,"pad":"', '"}\n'), ("csv", '2,"', '"\n'):
            good = {"json": '{"id":1,"pad":"a"}\n', "csv": "1,a\n"}[extension]
            with (self.folder / f"in.{extension}").open("w") as file:
                file.write(("id,pad\n" if extension == "csv" else "") + good + begin)
                for _ in range(300):
                    file.write("x" * 1_000_000)
                file.write(end + good)
            for kind in ("", "&watch=true") if extension == "json" else ("",):
                with self.subTest(extension + kind):
                    self.check_peak(64, "copy", f"in.{extension}?schema=id int64,pad text{kind}", "out/?format=parquet", "--on-error", "skip",
                                    "--once", "--max-record-bytes", "8MiB")
                    self.assertEqual(self.rows("out"), 2)
                    shutil.rmtree(self.folder / "out")

    def test_columns_that_are_looked_for(self):
        """In all of a file that is read whole, of which no more is held for that."""
        with (self.folder / "in.json").open("w") as file:
            for _ in range(300):
                file.write(('{"id":1,"pad":"%s"}\n' % ("x" * 10_000)) * 100)
            file.write('{"id":2,"pad":"x","more":1}\n')
        self.check_peak(64, "copy", "in.json?part_bytes=0", "out/?format=parquet", "--on-schema-change", "evolve")
        self.assertEqual(self.rows("out"), 30_001)

    def test_a_budget_that_is_too_small(self):
        for arguments, words in [
                (["--memory", "16MiB"], "memory: 16777216 bytes are too few; with parallel = 1 it takes 32MiB at least"),
                (["--memory", "64MiB", "--parallel", "8"],
                 "memory: 67108864 bytes are too few; with parallel = 8 it takes 128MiB at least"),
                (["--memory", "much"], "memory = much: a size (256MiB) is expected")]:
            self.refused(["copy", "generate://orders?rows=1", "out/?format=csv", *arguments], f"velo: {words}")
        sql = "INSERT INTO file('out/?format=csv') SELECT {} FROM generate('orders?rows=1')"
        process = self.velo("run", "--memory", "40MiB", "-e", sql.format("count(*)"))
        self.assertEqual(process.returncode, 2)
        self.assertIn("memory: 41943040 bytes are too few: this SELECT is run by DuckDB, which has 20MiB of it, and with "
                      "parallel = 1 the rest takes 32MiB at least", process.stderr)
        self.done("run", "--memory", "64MiB", "-e", sql.format("count(*)"))
        self.done("run", "--memory", "40MiB", "-e", sql.format("id"))
        self.write("small.sql", "CREATE STREAM a WITH (memory = 16MiB) AS SELECT id FROM generate('orders?rows=1') "
                   "INSERT INTO file('a/?format=csv');")
        process = self.velo("run", "small.sql")
        self.assertEqual(process.returncode, 2)
        self.assertIn("memory: 16777216 bytes are too few", process.stderr)

    def test_what_differs_everywhere(self):
        """All of many rows differ, and each is wide."""
        text = "x" * 1000
        for name, mark in [("a", "a"), ("b", "b")]:
            writer = None
            for part in range(20):
                table = pyarrow.table({"id": range(part * 10_000, (part + 1) * 10_000), "text": [mark + text] * 10_000})
                writer = writer or pyarrow.parquet.ParquetWriter(self.folder / f"{name}.parquet", table.schema)
                writer.write_table(table)
            writer.close()
        script = ("import resource, subprocess, sys; code = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL);"
                  "print(code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)")
        told = subprocess.run([sys.executable, "-c", script, VELO, "verify", "a.parquet", "b.parquet", "--key",
                               "id"], cwd=self.folder, capture_output=True, text=True, timeout=120)
        code, kilobytes = map(int, told.stdout.split())
        self.assertEqual(code, 2, told.stderr)
        self.assertLess(kilobytes, 320 * 1024)


if __name__ == "__main__":
    unittest.main()
