"""Named pipes as files to read: as a stream, to the end of their writer."""

import gzip
import os
import signal
import subprocess
import threading
import unittest

import pyarrow.parquet
from program import VELO, ProgramTest, wait_until_signals_are_awaited

ROWS = "id,name\n" + "".join(f"{i},name {i}\n" for i in range(100_000))


class Pipe(ProgramTest):
    def pipe(self, name, content=None):
        """Make a pipe; with content, somebody writes it as soon as the pipe is read."""
        path = self.folder / name
        os.mkfifo(path)
        if content is not None:
            writer = threading.Thread(target=path.write_bytes, args=[content])
            writer.start()
            self.addCleanup(writer.join)
        return path

    def test_copy(self):
        self.pipe("in.csv", ROWS.encode())
        self.done("copy", "in.csv", "out.parquet")
        read = pyarrow.parquet.read_table(self.folder / "out.parquet")
        self.assertEqual(read["id"].to_pylist(), list(range(100_000)))

    def test_compressed_json(self):
        self.pipe("in.json.gz", gzip.compress(b'{"id":1}\n{"id":2}\n'))
        self.assertEqual(self.done("copy", "in.json.gz", "-").stdout, "id\n1\n2\n")

    def test_sql_reads_once_what_it_looked_at(self):
        for way in ([], ["--no-short-cut"]):
            path = self.pipe("in.csv", ROWS.encode())
            sql = "SELECT name FROM file('in.csv') WHERE id = 99999"
            self.assertEqual(self.done("run", *way, "-e", sql).stdout, "name\nname 99999\n")
            path.unlink()
        self.pipe("in.csv", b"id\n1\n")
        process = self.velo("run", "-e", "SELECT a.id FROM file('in.csv') a JOIN file('in.csv') b USING (id)")
        self.assertEqual(process.returncode, 2)
        self.assertIn("in.csv: a pipe can be read once: save it to a file to read it again", process.stderr)

    def test_what_cannot_be_read_so(self):
        self.pipe("in.parquet")
        self.refused(
            ["copy", "in.parquet", "out.csv"],
            "velo: in.parquet: parquet needs a file that can be read anywhere, and a pipe comes in order: save it to a "
            "file first",
        )
        self.pipe("in.csv")
        self.refused(
            ["copy", "in*.csv", "out.csv"],
            "velo: in.csv: a pipe is not read as one of several files: name it alone",
        )

    def test_nobody_writes(self):
        self.pipe("in.csv")
        for sent, code, how in ((signal.SIGINT, 130, "Ctrl-C"), (signal.SIGTERM, 1, "SIGTERM")):
            with self.subTest(sent):
                process = subprocess.Popen(
                    [VELO, "copy", "in.csv", "out.csv"], cwd=self.folder, stderr=subprocess.PIPE, text=True
                )
                wait_until_signals_are_awaited(process)
                process.send_signal(sent)
                error = process.communicate(timeout=30)[1]
                self.assertEqual(
                    error,
                    f"velo: file:in.csv → file:out.csv: stopped by {how} after 0 rows; nothing of them is visible in the "
                    "sink\n",
                )
                self.assertEqual(process.returncode, code)
                self.assertEqual(self.files(), ["in.csv"])

    def test_nobody_writes_what_tells_the_columns(self):
        self.pipe("in.csv")
        for command in (["schema", "in.csv"], ["run", "-e", "SELECT id FROM file('in.csv')"]):
            with self.subTest(command):
                process = self.start(*command)
                wait_until_signals_are_awaited(process)
                process.send_signal(signal.SIGINT)
                self.assertEqual(process.wait(timeout=30), 130)
                self.assertIn("stopped", process.stderr.read())


if __name__ == "__main__":
    unittest.main()
