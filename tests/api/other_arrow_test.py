"""Hosts with another Arrow in the process: pyarrow's own, unchanged, in the global scope."""

import os
import pathlib
import re
import subprocess
import sys
import unittest

from bindings import crossings, run_and_trace
from program import SOURCE, ProgramTest

LIBVELO = os.environ["LIBVELO"]
HOSTS = os.environ["VELO_OTHER_ARROW_HOSTS"].split(":")
OURS = r"libvelo"
THEIRS = r"lib(arrow|parquet)|other_arrow_host"
# What libstdc++'s templates give to every C++ file alike, and the calls of velo.h.
COMMON = re.compile(r".*: (_Z(N?K?|T[ISV]N?K?)S[ts](?!.*\d(arrow|parquet|velo))|velo_[a-z_]+$|__libc_\w+$)")


class Program(ProgramTest):
    def test_rows_go_both_ways_and_no_symbol_does(self):
        for host in HOSTS:  # linked before libvelo, and after
            with self.subTest(pathlib.Path(host).name):
                process, found = run_and_trace([host, self.folder], timeout=100)
                self.assertEqual((process.returncode, process.stderr), (0, ""))
                crossing = [line for line in crossings(found, OURS, THEIRS) if not COMMON.match(line)]
                self.assertEqual(crossing, [])


class Python(ProgramTest):
    def test_pyarrow_in_the_global_scope(self):
        code = pathlib.Path(__file__).with_name("pyarrow_host.py")
        process = subprocess.run(
            [sys.executable, "-B", code, LIBVELO, self.folder], capture_output=True, text=True, timeout=100, check=False
        )
        self.assertEqual((process.returncode, process.stderr), (0, ""))

    def test_the_guide(self):
        self.write("events.csv", "id\n1\n2\n")
        page = (SOURCE / "docs/guide/c.md").read_text(encoding="utf-8")
        code = re.search(r"```python\n(.*?)```", page, re.DOTALL)[1]
        environment = {**os.environ, "LD_LIBRARY_PATH": str(pathlib.Path(LIBVELO).parent)}
        process = subprocess.run(
            [sys.executable, "-c", code],
            cwd=self.folder, env=environment, capture_output=True, text=True, timeout=100, check=False)  # fmt: skip
        self.assertEqual((process.returncode, process.stdout, process.stderr), (0, "2\n", ""))


if __name__ == "__main__":
    unittest.main()
