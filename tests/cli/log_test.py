"""What velo writes to standard error: lines for people, and the same events as JSON."""

import datetime
import json
import os
import re
import signal
import subprocess
import threading
import unittest
import urllib.parse

from program import VELO, ProgramTest, wait_until_signals_are_awaited

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
LEVELS = {"start": "info", "commit": "info", "progress": "info", "summary": "info", "stop": "info", "named": "info",
          "skipped": "info", "metrics": "info", "notice": "warning", "error": "error"}


class Log(ProgramTest):
    def events_of(self, text):
        """Every line as an object, checked for what all have."""
        self.assertTrue(text == "" or text.endswith("\n"), text)
        events = []
        for line in text.split("\n")[:-1]:
            event = json.loads(line)
            self.assertEqual(list(event)[:3], ["ts", "level", "event"], line)
            self.assertRegex(event["ts"], TIME)
            age = datetime.datetime.now(datetime.timezone.utc) - datetime.datetime.fromisoformat(event["ts"].replace("Z", "+00:00"))
            self.assertLess(abs(age.total_seconds()), 120)
            self.assertEqual(event["level"], LEVELS[event["event"]], line)
            events.append(event)
        return events

    def test_names_do_not_reach_the_terminal_as_they_are(self):
        for name, shown in (("\x1bcx", "\\x1bcx"), ("a\rb", "a\\x0db"), ("\u009b2J", "\\xc2\\x9b2J"), ("ä\tö", "ä\tö")):
            with self.subTest(shown):
                for verb in ("show", "check", "plan"):
                    process = self.velo(verb, f"generate://{urllib.parse.quote(name)}", *(["out/?format=json"] if verb == "plan" else []))
                    told = process.stdout + process.stderr
                    self.assertIn(f"no table '{shown}'", told)
                    if shown != name:
                        self.assertNotIn(name, told)

    def logged(self, *arguments, code=0, environment=None):
        process = self.velo(*arguments, "--log-format", "json", environment=environment)
        self.assertEqual(process.returncode, code, process.stderr)
        return self.events_of(process.stderr)

    def error(self, *arguments, kind, code=2):
        (*_, event) = self.logged(*arguments, code=code)
        self.assertEqual((event["event"], event["kind"], event["exit_code"]), ("error", kind, code))
        return event

    def test_copy(self):
        start, *commits, summary = self.logged("copy", "generate://orders?rows=1000&seed=1", "out/?format=csv")
        self.assertEqual([start["event"], summary["event"]], ["start", "summary"])
        self.assertIn("generate://orders", start["source"])
        self.assertTrue(start["sink"].startswith("file:"), start["sink"])
        self.assertEqual({event["event"] for event in commits}, {"commit"})
        self.assertEqual(commits[-1]["rows"], 1000)
        self.assertEqual(commits[-1]["commits"], len(commits))
        self.assertGreater(commits[-1]["seconds"], 0)
        self.assertEqual({event["pipeline"] for event in [start, *commits, summary]}, {start["pipeline"]})
        size = sum(path.stat().st_size for path in self.folder.glob("out/*.csv"))
        self.assertEqual((summary["rows"], summary["bytes"], summary["commits"], summary["rows_before"], summary["stopped"]),
                         (1000, size, len(commits), 0, False))
        self.assertIsInstance(summary["seconds"], float)
        self.assertRegex(summary["message"], r"^1,000 rows, .* in [\d.]+ s")

    def test_a_sink_without_a_record(self):
        self.write("in.csv", "id\n1\n2\n")
        start, summary = self.logged("copy", "in.csv", "null:")
        self.assertEqual((start["event"], summary["event"], summary["rows"], summary["commits"]), ("start", "summary", 2, 0))

    def test_rows_on_standard_output_stay_there(self):
        self.write("in.csv", "id\n1\n2\n")
        process = self.done("copy", "in.csv", "-?format=csv", "--log-format=json")
        self.assertEqual(process.stdout, "id\n1\n2\n")
        self.assertEqual([event["event"] for event in self.events_of(process.stderr)], ["start", "summary"])

    def test_run(self):
        self.write("in.csv", "id\n1\n2\n3\n")
        self.write("go.sql", "CREATE STREAM few AS SELECT id FROM file('in.csv') WHERE id > 1;\n"
                   "CREATE STREAM kept AS SELECT * FROM few INSERT INTO file('out/?format=csv');\n"
                   "CREATE STREAM IF NOT EXISTS kept AS SELECT 1;\n"
                   "SELECT * FROM kept;\n")
        events = self.logged("run", "go.sql", "--to", "null:")
        self.assertEqual([event["event"] for event in events],
                         ["named", "start", "commit", "summary", "skipped", "start", "summary"])
        named, start, _, summary, skipped, _, shown = events
        self.assertEqual((named["name"], named["place"], skipped["name"]), ("few", "go.sql:1:1", "kept"))
        self.assertEqual((start["pipeline"], summary["pipeline"]), ("kept", "kept"))
        self.assertIn("in.csv", start["source"])
        self.assertEqual((summary["statement"], summary["place"], summary["rows"]), ("CREATE", "go.sql:2:1", 2))
        self.assertEqual((shown["statement"], shown["rows"]), ("SELECT", 2))
        again = self.logged("run", "go.sql", "--to", "null:")
        self.assertEqual([event["rows_before"] for event in again if event["event"] == "summary"], [2, 0])

    def test_errors(self):
        self.write("bad.csv", "id,name\n1,a\nseven,b\n")
        error = self.error("copy", "bad.csv?schema=id%20int64,name%20string", "out.parquet", kind="schema_mismatch")
        self.assertEqual((error["resource"], error["position"]), ("bad.csv", "line 3, byte 12"))
        self.assertIn("seven", error["message"])
        self.assertFalse(error["message"].startswith("velo:"))
        self.assertRegex(error["pipeline"], "^run_[0-9a-f]{16}$")
        self.write("short.csv", "id,name\n1,a\n2\n")
        self.error("copy", "short.csv", "out.csv", kind="corrupt_data")
        error = self.error("copy", "none.csv", "out.csv", kind="not_found")
        self.assertTrue(error["resource"].endswith("none.csv"), error)
        self.error("copy", "in.csv?no_such=1", "out.csv", kind="invalid_argument")
        self.error("run", "-e", "SELEC 1", kind="invalid_argument")
        self.error("copy", "short.csv?watch=true", "out/?format=csv", kind="not_implemented")
        self.error("copy", "bad.csv", "nowhere://x", kind="invalid_argument")
        error = self.error("copy", "postgresql://somebody:hunter2@127.0.0.1:1/db?table=t", "out.csv", kind="transient", code=1)
        self.assertEqual(error["connector"], "postgresql")
        self.error("show", "none.csv", kind="not_found")
        self.error("schema", "none.csv", kind="not_found")
        self.error("help", "kafak", kind="invalid_argument")

    def test_usage(self):
        for arguments in (["copy", "a.csv", "--no-such"], ["cpy", "a", "b"], ["copy", "a"]):
            (error,) = self.events_of(self.velo(*arguments, environment={"VELO_LOG_FORMAT": "json"}).stderr)
            self.assertEqual((error["kind"], error["exit_code"]), ("invalid_argument", 2))
        self.refused(["copy", "a", "b", "--log-format", "yaml"], "velo: --log-format=yaml: text or json is expected")
        self.refused(["copy", "a", "b"], "velo: VELO_LOG_FORMAT=yaml: text or json is expected",
                     environment={"VELO_LOG_FORMAT": "yaml"})

    def test_the_command_line_comes_before_the_environment(self):
        self.write("in.csv", "id\n1\n")
        process = self.done("copy", "in.csv", "null:", "--log-format", "text", environment={"VELO_LOG_FORMAT": "json"})
        self.assertRegex(process.stderr, r"^1 row, ")
        process = self.done("copy", "in.csv", "null:", environment={"VELO_LOG_FORMAT": "json"})
        self.events_of(process.stderr)

    def test_names_of_any_bytes(self):
        for name in (b"with \"quotes\" and \\.csv", b"two\nlines.csv", b"\xff\xfe latin-1 \xe9.csv", "naïve ☃\u2028\x01.csv".encode()):
            with self.subTest(name):
                process = subprocess.run([VELO, "copy", b"file:" + name.replace(b"%", b"%25"), "out.csv", "--log-format", "json"],
                                         cwd=self.folder, capture_output=True, timeout=60, check=False)
                self.assertEqual(process.returncode, 2)
                *_, error = self.events_of(process.stderr.decode("utf-8", errors="strict"))
                self.assertEqual(error["event"], "error")
                (self.folder / os.fsdecode(name)).write_bytes(b"id\n1\n")
                process = subprocess.run([VELO, "copy", b"file:" + name, "out/?format=csv", "--log-format", "json"],
                                         cwd=self.folder, capture_output=True, timeout=60, check=False)
                self.events_of(process.stderr.decode("utf-8", errors="strict"))

    def test_no_secret(self):
        secret = "correct-horse-battery"
        uris = [f"postgresql://somebody:{secret}@127.0.0.1:1/db?table=t", f"clickhouse://somebody:{secret}@127.0.0.1:1/db?table=t",
                "postgresql://somebody:${env:HIDDEN}@127.0.0.1:1/db?table=t"]
        for uri in uris:
            for arguments in (["copy", uri, "null:"], ["copy", "generate://orders?rows=1", uri]):
                with self.subTest(arguments):
                    process = self.velo(*arguments, "--log-format", "json", environment={"HIDDEN": secret})
                    self.assertNotEqual(process.returncode, 0)
                    self.events_of(process.stderr)
                    self.assertNotIn(secret, process.stderr)

    def test_stops(self):
        for number, code, name in ((signal.SIGINT, 130, "SIGINT"), (signal.SIGTERM, 0, "SIGTERM")):
            with self.subTest(name):
                process = self.start("copy", "generate://orders?unbounded=true&rate=1000", f"{name}/?format=csv",
                                     "--commit-every", "100ms", "--log-format", "json")
                self.wait_for(lambda: any(self.folder.glob(f"{name}/*.csv")), process)
                wait_until_signals_are_awaited(process)
                process.send_signal(number)
                self.assertEqual(process.wait(timeout=60), code)
                events = self.events_of(process.stderr.read())
                self.assertEqual([event["signal"] for event in events if event["event"] == "stop"], [name])
                *_, summary = events
                self.assertEqual((summary["event"], summary["stopped"]), ("summary", True))
                self.assertEqual(summary["rows"], sum(len(path.read_text().splitlines()) - 1
                                                      for path in self.folder.glob(f"{name}/*.csv")))

    def test_a_stop_that_commits_nothing(self):
        process = self.start("copy", "generate://orders?rows=1000000&rate=1000", "out.csv", "--log-format", "json")
        wait_until_signals_are_awaited(process)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=60), 130)
        *_, error = self.events_of(process.stderr.read())
        self.assertEqual((error["event"], error["kind"], error["exit_code"]), ("error", "cancelled", 130))

    def test_progress_every_ten_seconds(self):
        process = self.start("copy", "generate://orders?unbounded=true&rate=1000", "out/?format=csv", "--commit-every", "1h",
                             "--log-format", "json")
        lines = []
        reading = threading.Thread(target=lambda: lines.extend(process.stderr))
        reading.start()
        self.wait_for(lambda: any('"progress"' in line for line in lines), process, seconds=30)
        self.stop_quietly(process)
        reading.join()
        event = next(event for event in self.events_of("".join(lines)) if event["event"] == "progress")
        self.assertGreater(event["rows"], 1000)
        self.assertEqual((event["rows_committed"], event["commits"]), (0, 0))
        self.assertAlmostEqual(event["seconds"], 10, delta=2)

    def at_terminal(self, *arguments, environment=None):
        """Run velo with a terminal as its standard error, and Ctrl-C after some seconds; answers what it shows."""
        ours, theirs = os.openpty()
        process = subprocess.Popen([VELO, *arguments], cwd=self.folder, stderr=theirs, env={**os.environ, **(environment or {})})
        os.close(theirs)
        self.addCleanup(process.kill)
        threading.Timer(2.5, process.send_signal, [signal.SIGINT]).start()
        shown = b""
        try:
            while piece := os.read(ours, 65536):
                shown += piece
        except OSError:  # the other end is closed
            pass
        os.close(ours)
        self.assertEqual(process.wait(timeout=60), 130)
        return shown.decode().replace("\r\n", "\n")

    def test_line_at_a_terminal(self):
        arguments = ["copy", "in/*.json?watch=true", "out/?format=csv", "--commit-every", "100ms"]
        self.write("in/a.json", "".join(json.dumps({"id": n}) + "\n" for n in range(1000)) + '{"id": ')
        shown = self.at_terminal(*arguments)
        *lines, summary, end = re.split(r"\r\x1b\[K|\n", shown)
        self.assertEqual((summary, end), ("stopped after 1,000 rows, which are committed; run it again to go on", ""))
        self.assertRegex(lines[-2], r"^1,000 rows, [\d.]+ k?B, [\d.]+ k? ?rows/s, lag 7 B( \([\d.]+ s\))?, committed [\d.]+ s ago$")
        shown = self.at_terminal(*arguments, environment={"VELO_LOG_FORMAT": "json"})
        self.assertNotIn("\x1b", shown)
        self.events_of(shown)

    def stop_quietly(self, process):
        wait_until_signals_are_awaited(process)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=60), 0)

    def test_who_has_no_standard_error(self):
        self.write("in.csv", "id\n1\n")
        for arguments in (["copy", "in.csv", "out.csv"], ["copy", "none.csv", "out.csv"]):
            process = subprocess.run(["sh", "-c", 'exec "$0" "$@" 2>&-', VELO, *arguments], cwd=self.folder, timeout=60, check=False)
            self.assertEqual(process.returncode, 0 if arguments[1] == "in.csv" else 2)


if __name__ == "__main__":
    unittest.main()
