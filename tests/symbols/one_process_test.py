"""TLS through libcurl, Parquet, simdjson, Arrow's S3 module and DuckDB in one process: each works, and
none of their bundled libraries binds to another's. See one_process.c."""

import os
import pathlib
import socket
import subprocess
import time
import unittest

from bindings import crossings, run_and_trace
from program import ProgramTest

PROGRAM = os.environ["VELO_ONE_PROCESS"]  # two programs: libcurl linked before libvelo, and after
S3_MODULE = os.environ["VELO_S3_MODULE"]
TLS = r"lib(curl|ssl|crypto)\b"
OURS = r"lib(velo|duckdb)"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class OneProcess(ProgramTest):
    def setUp(self):
        super().setUp()
        self.write("in.json", "".join(f'{{"id":{i},"kind":"{"ab"[i % 2]}"}}\n' for i in range(1000)))
        certificate = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                       "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2",
                       "-keyout", "key.pem", "-out", "cert.pem"]  # fmt: skip
        subprocess.run(certificate, cwd=self.folder, check=True, capture_output=True)
        self.port = free_port()
        server = subprocess.Popen(
            ["openssl", "s_server", "-accept", f"127.0.0.1:{self.port}", "-cert", "cert.pem", "-key", "key.pem", "-www"],
            cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
        self.addCleanup(server.wait)
        self.addCleanup(server.terminate)
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)
        self.fail("openssl s_server did not come up")

    def test_each_keeps_to_its_own(self):
        for program in PROGRAM.split(":"):
            with self.subTest(pathlib.Path(program).name):
                command = [program, f"https://127.0.0.1:{self.port}/", "cert.pem", S3_MODULE]
                process, found = run_and_trace(command, cwd=self.folder, timeout=100)
                self.assertEqual((process.returncode, process.stderr), (0, ""))
                self.assertEqual((self.folder / "sums.csv").read_text(), "kind,total\na,249500\nb,250000\n")
                files = {file for binding in found for file in binding[:2]}
                for name in ["libcurl", "libcrypto", "libvelo.", "libvelo_parquet", "libvelo_arrow_s3", "libduckdb"]:
                    self.assertTrue(any(file.startswith(name) for file in files), f"{name} is not in the process")
                self.assertEqual(crossings(found, TLS, OURS), [])


if __name__ == "__main__":
    unittest.main()
