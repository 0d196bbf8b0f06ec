"""Files that are read while others write them: `watch=true`."""

import collections
import json
import os
import shutil
import signal
import threading
import time
import unittest

from program import ProgramTest

STEPS = ("in_write", "after_prepare_one", "after_prepare", "after_publish", "between_completes", "after_commit", "in_recover")


class Watch(ProgramTest):
    def lines(self, begin, end):
        return "".join(json.dumps({"id": n, "name": f"n{n}"}) + "\n" for n in range(begin, end))

    def append(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "a", encoding="utf-8") as file:
            file.write(text)

    def statement(self, pattern="in/*.json", **options):
        options = "".join(f"&{name}={value}" for name, value in options.items())
        self.write("go.sql", "CREATE STREAM seen WITH (commit_every = '100ms') AS SELECT * FROM "
                   f"file('{pattern}?watch=true{options}') INSERT INTO file('out/?format=json');")

    def rows(self):
        return collections.Counter(json.loads(line)["id"] for path in self.folder.glob("out/*.json")
                                   for line in path.read_text().splitlines())

    def once_each(self, num_rows):
        return collections.Counter(range(num_rows))

    def test_files_that_grow_and_appear(self):
        self.append("in/a.json", self.lines(0, 10))
        self.statement()
        process = self.start("run", "go.sql")
        self.wait_for(lambda: len(self.rows()) == 10, process)
        self.append("in/a.json", self.lines(10, 20) + '{"id": 20, ')
        self.append("in/b.json", self.lines(21, 30))
        self.append("in/.hidden.json", self.lines(1000, 1001))
        self.wait_for(lambda: len(self.rows()) == 29, process)
        self.append("in/a.json", '"name": "late"}\n')
        self.wait_for(lambda: len(self.rows()) == 30, process)
        self.stop(process)
        self.assertEqual(self.rows(), self.once_each(30))

    def test_what_came_while_nobody_watched(self):
        self.append("in/a.json", self.lines(0, 10))
        self.statement()
        self.done("run", "--once", "go.sql")
        self.append("in/a.json", self.lines(10, 15))
        self.append("in/b.json", self.lines(15, 20))
        os.rename(self.folder / "in/a.json", self.folder / "in/a.1.json")
        self.append("in/a.json", self.lines(20, 25))
        self.done("run", "--once", "go.sql")
        self.assertEqual(self.rows(), self.once_each(25))
        self.assertIn("nothing new since the 25 rows", self.done("run", "--once", "go.sql").stderr)

    def test_rotation_by_renaming(self):
        self.append("in/app.json", self.lines(0, 5))
        self.statement("in/app.json")
        process = self.start("run", "go.sql")
        self.wait_for(lambda: len(self.rows()) == 5, process)
        with open(self.folder / "in/app.json", "a", encoding="utf-8") as log:
            os.rename(self.folder / "in/app.json", self.folder / "in/app.json.1")
            self.append("in/app.json", self.lines(10, 15))
            self.wait_for(lambda: len(self.rows()) == 10, process)
            log.write(self.lines(5, 10))  # who has it open writes on
        self.wait_for(lambda: len(self.rows()) == 15, process)
        os.remove(self.folder / "in/app.json.1")
        self.append("in/app.json", self.lines(15, 16))
        self.wait_for(lambda: len(self.rows()) == 16, process)
        self.stop(process)
        self.assertEqual(self.rows(), self.once_each(16))

    def test_rotation_while_nobody_looks(self):
        for pattern in ("in/app.json", "in/app*.json", "in/"):
            with self.subTest(pattern):
                for path in self.folder.glob("*/"):
                    shutil.rmtree(path)
                self.append("in/app.json", self.lines(0, 5))
                self.statement(pattern)
                self.done("run", "--once", "go.sql")
                self.append("in/app.json", self.lines(5, 10))  # which no run has read when it is moved
                os.mkdir(self.folder / "in/old")
                os.rename(self.folder / "in/app.json", self.folder / "in/old/app.json.1")
                self.append("in/app.json", self.lines(10, 15))
                process = self.start("run", "go.sql")
                self.wait_for(lambda: len(self.rows()) == 15, process)
                self.append("in/old/app.json.1", self.lines(15, 16))
                self.wait_for(lambda: len(self.rows()) == 16, process)
                os.rename(self.folder / "in/old/app.json.1", self.folder / "in/app2.json")  # seen again, under its name
                self.append("in/app2.json", self.lines(16, 17))
                self.wait_for(lambda: len(self.rows()) == 17, process)
                self.stop(process)
                self.done("run", "--once", "go.sql")
                self.assertEqual(self.rows(), self.once_each(17))

    def test_many_that_were_moved_while_nobody_looks(self):
        for number in range(500):
            self.append(f"in/{number}.json", self.lines(number, number + 1))
        self.statement("in/*.json")
        self.done("run", "--once", "go.sql")
        (self.folder / "in/closed").mkdir(mode=0)
        self.addCleanup(os.chmod, self.folder / "in/closed", 0o700)
        (self.folder / "in/old").mkdir()
        for number in range(500):
            if number % 2:
                self.append(f"in/{number}.json", self.lines(500 + number, 501 + number))
                os.rename(self.folder / f"in/{number}.json", self.folder / f"in/old/{number}.json.1")
            else:
                os.remove(self.folder / f"in/{number}.json")
        self.append("in/new.json", self.lines(2000, 2001))
        held_to_modes = ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all")
        self.done("run", "--once", "go.sql", prefix=() if os.geteuid() else held_to_modes)
        self.assertEqual(self.rows(), collections.Counter([*range(500), *range(501, 1000, 2), 2000]))

    def test_files_that_go_are_passed_over(self):
        self.append("in/a.json", self.lines(0, 10))
        self.append("in/b.json", self.lines(10, 20))
        self.statement(schema="id:int64,name:string")
        process = self.start("run", "go.sql")
        self.wait_for(lambda: len(self.rows()) == 20, process)
        os.remove(self.folder / "in/a.json")
        self.append("in/b.json", self.lines(20, 21))
        self.wait_for(lambda: len(self.rows()) == 21, process)
        self.stop(process)
        os.remove(self.folder / "in/b.json")
        self.append("in/c.json", self.lines(21, 30))
        self.done("run", "--once", "go.sql")
        self.assertEqual(self.rows(), self.once_each(30))

    def test_joined_with_a_table_and_killed_at_each_step(self):
        self.write("labels.csv", "id,label\n" + "".join(f"{n},l{n}\n" for n in range(0, 60, 2)))
        self.append("in/a.json", self.lines(0, 5))
        text = ("CREATE STREAM seen WITH (commit_every = '100ms') AS SELECT s.id, upper(name) || coalesce(label, '-') AS text "
                "FROM file('in/*.json?watch=true') s LEFT JOIN file('labels.csv') l ON l.id = s.id INSERT INTO file('out/?format=json')")
        refused = self.velo("run", "-e", text.replace("LEFT JOIN", "FULL JOIN"))
        self.assertEqual(refused.returncode, 2)
        self.assertIn("goes on for ever, and a SELECT from such a source can have expressions, WHERE, and joins with sources that end, but not a "
                      "join that keeps rows of the other side, or finds out about them; WITH (once = true), or --once, reads", refused.stderr)
        for turn, step in enumerate(STEPS):
            self.append("in/a.json", self.lines(5 + 5 * turn, 10 + 5 * turn))
            self.crash(f"{step}:1", "run", "--once", "-e", text, must=step != "between_completes")  # of one file there is none
        self.done("run", "--once", "-e", text)
        self.assertEqual(self.rows(), self.once_each(5 + 5 * len(STEPS)))
        self.assertEqual({row["id"]: row["text"] for row in self.rows_in("out")},
                         {n: f"N{n}" + ("-" if n % 2 else f"l{n}") for n in range(5 + 5 * len(STEPS))})

    def test_a_query_ends_where_columns_come_up_and_leaves_out_no_row(self):
        self.append("in/a.json", '{"id": 1}\n')
        query = ("run", "-e", "CREATE STREAM seen WITH (on_schema_change = evolve, on_error = skip, commit_every = '50ms') AS SELECT *, id + 0 AS p "
                 "FROM file('in/*.json?watch=true') INSERT INTO file('out/?format=json')")
        process = self.start(*query)
        self.wait_for(lambda: len(self.rows()) == 1, process)
        self.append("in/a.json", '{"id": 2, "x": 5}\n{"id": 3}\n')
        self.assertEqual(process.wait(timeout=60), 2)
        self.assertIn("the columns have changed, to id, x, and a SELECT with expressions or joins ends there; run it again", process.stderr.read())
        process = self.start(*query)
        self.wait_for(lambda: len(self.rows()) == 3, process)
        self.stop(process)
        self.assertEqual(sorted((row["id"], row.get("x"), row["p"]) for row in self.rows_in("out")), [(1, None, 1), (2, 5, 2), (3, None, 3)])

    def test_joined_with_a_table_that_is_read_again(self):
        self.write("labels.csv", "id,label\n1,old\n")
        self.append("in/a.json", self.lines(0, 2))
        process = self.start("run", "--refresh", "50ms", "-e", "CREATE STREAM seen WITH (commit_every = '50ms') AS SELECT s.id, label FROM "
                             "file('in/*.json?watch=true') s JOIN file('labels.csv') l ON l.id = s.id INSERT INTO file('out/?format=json')")
        self.wait_for(lambda: len(self.rows()) == 1, process)
        self.write("labels.csv", "id,label\n1,new\n2,new\n")
        time.sleep(0.2)
        self.append("in/a.json", self.lines(1, 3))
        self.wait_for(lambda: len(self.rows_in("out")) == 3, process)
        self.stop(process)
        self.assertEqual(sorted((row["id"], row["label"]) for row in self.rows_in("out")), [(1, "new"), (1, "old"), (2, "new")])

    def test_joined_with_a_table_that_has_gone(self):
        self.write("labels.csv", "id,label\n1,a\n2,b\n3,c\n")
        self.append("in/a.json", self.lines(0, 2))
        query = ("run", "--refresh", "50ms", "-e", "CREATE STREAM seen WITH (commit_every = '50ms') AS SELECT s.id, label FROM "
                 "file('in/*.json?watch=true') s JOIN file('labels.csv') l ON l.id = s.id INSERT INTO file('out/?format=json')")
        process = self.start(*query)
        self.wait_for(lambda: len(self.rows_in("out")) == 1, process)
        (self.folder / "labels.csv").rename(self.folder / "away.csv")
        time.sleep(0.2)
        self.append("in/a.json", self.lines(2, 3))
        self.assertEqual(process.wait(timeout=30), 1)
        self.assertRegex(process.stderr.read(), r"velo: .*file:labels.csv: it is joined with, and could not be read again \(refresh\): labels.csv: "
                         r".*What was written so far stays; once it is there, the same statement goes on")
        (self.folder / "away.csv").rename(self.folder / "labels.csv")
        process = self.start(*query)
        self.wait_for(lambda: len(self.rows_in("out")) == 2, process)
        self.stop(process)
        self.assertEqual(sorted((row["id"], row["label"]) for row in self.rows_in("out")), [(1, "a"), (2, "b")])

    def test_what_is_written_anew_while_nobody_looks_is_told(self):
        self.append("in/a.json", self.lines(0, 5))
        self.statement(schema="id:int64,name:string")
        process = self.start("run", "go.sql")
        self.wait_for(lambda: len(self.rows()) == 5, process)
        process.send_signal(signal.SIGSTOP)
        os.truncate(self.folder / "in/a.json", 0)
        self.append("in/a.json", self.lines(100, 120))
        process.send_signal(signal.SIGCONT)
        self.assertEqual(process.wait(timeout=30), 1)
        self.assertIn("the file has other bytes than when 120 of it were read", process.stderr.read())

    def test_a_file_that_is_cut_is_told(self):
        self.append("in/a.json", self.lines(0, 10))
        self.statement(schema="id:int64,name:string")
        self.done("run", "--once", "go.sql")
        os.truncate(self.folder / "in/a.json", 0)
        process = self.velo("run", "--once", "go.sql")
        self.assertEqual(process.returncode, 1, process.stderr)
        self.assertIn("in/a.json: the file was cut to 0 bytes when 240 of it had been read", process.stderr)

    def test_the_columns_must_be_known(self):
        (self.folder / "in").mkdir()
        self.statement()
        process = self.velo("run", "go.sql")
        self.assertEqual(process.returncode, 2, process.stderr)
        self.assertIn("there is no line here yet that could tell the columns; give schema=", process.stderr)
        self.statement(schema="id:int64,name:string")
        process = self.start("run", "go.sql")
        time.sleep(0.3)
        self.append("in/a.json", self.lines(0, 3))
        self.wait_for(lambda: len(self.rows()) == 3, process)
        self.stop(process)

    def test_what_is_not_read_yet_is_refused(self):
        self.append("in/a.csv", "id\n1\n")
        process = self.velo("show", "in/a.csv?watch=true")
        self.assertEqual(process.returncode, 2)
        self.assertIn("in/a.csv: watch=true reads JSON lines in UTF-8 that are not compressed, as yet", process.stderr)

    def test_a_line_that_is_no_row_is_named(self):
        self.append("in/a.json", self.lines(0, 2))
        self.statement(schema="id:int64,name:string")
        self.done("run", "--once", "go.sql")
        self.append("in/a.json", self.lines(2, 3) + "nonsense\n")
        process = self.velo("run", "--once", "go.sql")
        self.assertEqual(process.returncode, 2)
        self.assertIn("in/a.json, from byte 48 on:", process.stderr)
        self.assertIn("line 2", process.stderr)
        self.assertEqual(self.rows(), self.once_each(2))

    # A writer that rotates, beside a reader that is killed at each step of a commit.
    def test_every_crash_is_exactly_once(self):
        self.append("in/log.json", self.lines(0, 1))
        self.statement("in/*.json")
        num_rows = 1
        enough = threading.Event()

        def write():
            nonlocal num_rows
            while not enough.wait(0.01):
                if num_rows % 500 == 1 and num_rows > 1:
                    os.rename(self.folder / "in/log.json", self.folder / f"in/log.{num_rows}.json")
                lines = self.lines(num_rows, num_rows + 20)
                num_rows += 20
                self.append("in/log.json", lines[:100])
                self.append("in/log.json", lines[100:])

        writer = threading.Thread(target=write)
        writer.start()
        try:
            steps = ("in_write", "after_prepare", "after_publish", "after_commit", "in_recover")
            for number, step in enumerate(steps * 2):
                at = f"{step}:{1 if step == 'in_recover' else 1 + number}"
                self.crash(at, "run", "go.sql")
        finally:
            enough.set()
            writer.join()
        self.done("run", "--once", "go.sql")
        self.assertEqual(self.rows(), self.once_each(num_rows))


if __name__ == "__main__":
    unittest.main()
