"""Runs every `velo` command of the README and of docs/guide, page by page, each page in a folder of its own.

A command of a ```sh block that begins with `velo ` must succeed; `sql` blocks are run with `velo run`."""

import os
import pathlib
import re
import subprocess
import unittest

from program import SOURCE, VELO, ProgramTest

BLOCK = re.compile(r"^```(sh|sql)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# What a page's commands expect to be there.
SETUP = ["copy", "generate://orders?rows=1000&seed=1", "orders.csv"]


def commands_of(page: pathlib.Path):
    for kind, text in BLOCK.findall(page.read_text(encoding="utf-8")):
        if kind == "sql":
            yield ["bash", "-c", 'exec velo run -e "$1"', "bash", text]
            continue
        for line in re.sub(r"\\\n\s*", " ", text).splitlines():
            if line.startswith("velo "):
                yield ["bash", "-o", "pipefail", "-c", line]


class Docs(ProgramTest):
    def run_page(self, page):
        self.done(*SETUP)
        path = f"{pathlib.Path(VELO).parent}:{os.environ['PATH']}"
        commands = list(commands_of(page))
        for command in commands:
            process = subprocess.run(
                command, cwd=self.folder, capture_output=True, text=True, env={**os.environ, "PATH": path}, timeout=120
            )
            with self.subTest(page=page.name, command=command[-1]):
                self.assertIn(process.returncode, (0, 141) if "| head" in command[-1] else (0,), process.stderr)
        return len(commands)

    def test_readme(self):
        self.assertGreater(self.run_page(SOURCE / "README.md"), 0)

    def test_guide(self):
        pages = sorted((SOURCE / "docs/guide").rglob("*.md"))
        total = 0
        for page in pages:
            self.setUp()
            total += self.run_page(page)
        self.assertGreater(total, 10)

    def test_quickstart_script(self):
        script = (SOURCE / "examples/quickstart.sql").read_text().replace("rows=1000000", "rows=20000")
        self.write("quickstart.sql", script)
        for _ in range(2):  # it runs again as well as the first time
            self.done("run", "quickstart.sql")

    def test_help_names_every_option_once(self):
        listing = self.done("help").stdout
        schemes = re.findall(r"^  (\w+) +(?:source|sink)", listing, re.MULTILINE)
        self.assertIn("file", schemes)
        for scheme in schemes:
            options = re.findall(r"^  (\w+)=", self.done("help", scheme).stdout, re.MULTILINE)
            self.assertEqual(len(options), len(set(options)), scheme)

    def test_help_names_every_format(self):
        formats = {"csv", "json", "parquet", "avro", "orc", "arrow", "arrows", "protobuf", "text"}
        self.assertEqual(set(re.search(r"(?m)^  format=(\S+)", self.done("help", "stdin").stdout)[1].split("|")), formats)
        for line in self.done("help").stdout.splitlines():
            if line.startswith(("  file ", "  s3 ", "  std")):
                words = set(re.findall(r"\w+", line.lower()))
                self.assertEqual(formats - {"arrows"} - words, set(), line)

    def test_every_event_of_the_log_is_described(self):
        events = set()
        for file in (SOURCE / "src/cli").glob("*.cc"):
            text = file.read_text(encoding="utf-8")
            events.update(re.findall(r'\.name = "(\w+)",\s*\.(?:level|pipeline|message|fields)', text))
            events.update(re.findall(r'\btell\("(\w+)",', text))
        page = (SOURCE / "docs/guide/observing.md").read_text(encoding="utf-8")
        self.assertLess({"start", "summary", "left_out", "rewound", "reset", "not_known"}, events)
        self.assertEqual({event for event in events if f"`{event}`" not in page}, set())

    def test_help_of_a_command_is_its_own(self):
        commands = re.findall(r"^  (\w+)  ", self.done("--help").stdout.partition("Subcommands:")[2], re.MULTILINE)
        self.assertIn("dlq", commands)
        for command in commands:
            self.assertEqual(self.done("help", command).stdout, self.done(command, "--help").stdout)

    def test_help_of_one_end_has_no_options_of_the_other(self):
        for scheme, other in ("stdin", "row_group_rows"), ("stdout", "skip_lines"):
            text = self.done("help", scheme).stdout
            self.assertNotRegex(text, rf"(?m)^  {other}=|only\]")
            self.assertRegex(self.done("help", "file").stdout, rf"(?m)^  {other}=")


if __name__ == "__main__":
    unittest.main()
