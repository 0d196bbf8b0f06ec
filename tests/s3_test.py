"""S3 as a source and a sink, on a real server, looked at by boto3 and pyarrow."""

import gzip
import io
import json
import os
import re
import signal
import unittest
import urllib.parse
import uuid

import boto3
import pyarrow
import pyarrow.parquet

from kept_state import KeptState
from kill.proxy import Break, Proxy
from program import ProgramTest, wait_until_signals_are_awaited

GIVEN = urllib.parse.urlsplit(os.environ["VELO_TEST_S3_URI"])
OPTIONS = dict(urllib.parse.parse_qsl(GIVEN.query))
SERVER = urllib.parse.urlsplit(OPTIONS["endpoint"])
KEYS = {name: OPTIONS[name] for name in ("access_key_id", "secret_access_key")}
ODD_NAMES = ["a b+c.csv", "naïve ☃.csv", "100%.csv", "quo'te&<x>.csv", "q=1;[x].csv"]


class S3(KeptState, ProgramTest):
    def setUp(self):
        super().setUp()
        self.bucket = f"velo-{uuid.uuid4().hex[:12]}"
        self.s3 = boto3.client(
            "s3", endpoint_url=OPTIONS["endpoint"], region_name=OPTIONS["region"],
            aws_access_key_id=KEYS["access_key_id"], aws_secret_access_key=KEYS["secret_access_key"])
        self.addCleanup(self.s3.close)
        self.s3.create_bucket(Bucket=self.bucket)
        self.addCleanup(self.remove_bucket)
        # The environment of whoever runs this has no part in it.
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            del os.environ[name]
        os.environ["AWS_ENDPOINT_URL_S3"] = OPTIONS["endpoint"]
        os.environ["AWS_ACCESS_KEY_ID"] = KEYS["access_key_id"]
        os.environ["AWS_SECRET_ACCESS_KEY"] = KEYS["secret_access_key"]

    def sink_of_state(self):
        return f"s3://{self.bucket}/kept/?format=csv"

    def source_of_state(self, sink):
        return f"s3://{self.bucket}/kept/*.csv"

    def remove_bucket(self):
        for upload in self.uploads():
            self.s3.abort_multipart_upload(Bucket=self.bucket, Key=upload["Key"], UploadId=upload["UploadId"])
        for key in self.keys():
            self.s3.delete_object(Bucket=self.bucket, Key=key)
        self.s3.delete_bucket(Bucket=self.bucket)

    def keys(self, prefix=""):
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def uploads(self):
        return self.s3.list_multipart_uploads(Bucket=self.bucket).get("Uploads", [])

    def put(self, key, content):
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=content)

    def get(self, key):
        return self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()

    def uri(self, path="", **options):
        query = "?" + urllib.parse.urlencode(options, quote_via=urllib.parse.quote) if options else ""
        return f"s3://{self.bucket}/{path}{query}"

    def in_sql(self, *arguments, **options):
        return self.uri(*arguments, **options).replace("://", "('", 1) + "')"

    def parquet_rows(self, prefix):
        """The rows of the objects that readers see, as pyarrow reads them."""
        tables = [pyarrow.parquet.read_table(io.BytesIO(self.get(key)))
                  for key in self.keys(prefix) if not key.removeprefix(prefix).startswith("_velo/")]
        return pyarrow.concat_tables(tables).to_pylist() if tables else []

    def check_ids(self, num_rows, prefix="out/"):
        ids = [row["id"] for row in self.parquet_rows(prefix)]
        self.assertEqual((len(ids), len(set(ids))), (num_rows, num_rows))

    # What was moved.

    def test_every_format_goes_out_and_in(self):
        self.done("copy", "generate://orders?rows=3000", "in.parquet")
        expected = pyarrow.parquet.read_table(self.folder / "in.parquet").to_pylist()
        schema = ("id int64,customer_id int64,product text,quantity int32,price decimal(12,2),total decimal(14,2),"
                  "status text,country text,ordered_at timestamptz")
        for key, options in [("one.csv", {"schema": schema}), ("one.csv.gz", {"schema": schema}),
                             ("one.ndjson", {"schema": schema}), ("one.json.zst", {"schema": schema}),
                             ("one.parquet", {}), ("as/told", {"format": "parquet"})]:
            with self.subTest(key):
                written = {name: value for name, value in options.items() if name != "schema"}
                self.done("copy", "in.parquet", self.uri(key, **written))
                self.done("copy", self.uri(key, **options), "back.parquet")
                back = pyarrow.parquet.read_table(self.folder / "back.parquet")
                self.assertEqual(back.to_pylist(), expected)
        self.assertEqual(gzip.decompress(self.get("one.csv.gz")), self.get("one.csv"))
        self.assertEqual(pyarrow.parquet.read_table(io.BytesIO(self.get("one.parquet"))).to_pylist(), expected)
        self.assertEqual(self.uploads(), [])

    def test_an_object_larger_than_a_part(self):
        self.done("copy", "generate://orders?rows=300000", self.uri("large.csv"))
        size = self.s3.head_object(Bucket=self.bucket, Key="large.csv")["ContentLength"]
        self.assertGreater(size, 20 << 20)
        self.done("copy", "generate://orders?rows=300000", "here.csv")
        self.assertEqual(self.get("large.csv"), (self.folder / "here.csv").read_bytes())
        query = f"SELECT count(*) AS rows, sum(id) AS ids FROM {self.in_sql('large.csv')}"
        self.assertEqual(self.done("run", "-e", query, "--to", "-?format=csv").stdout, "rows,ids\n300000,45000150000\n")

    def test_globs_and_prefixes(self):
        for key in ["logs/2024-01-01/a.csv", "logs/2024-01-02/b.csv", "logs/2024-02-01/c.csv", "logs/note.txt",
                    "logs/.hidden.csv", "logs/_velo/x.csv", "logs/2024-01-01/.tmp/d.csv", "other.csv"]:
            self.put(key, f"key\n{key}\n")
        self.put("logs/folder/", b"")
        for path, expected in [
            ("logs/2024-01-*/*.csv", ["logs/2024-01-01/a.csv", "logs/2024-01-02/b.csv"]),
            ("logs/**/*.csv", ["logs/2024-01-01/a.csv", "logs/2024-01-02/b.csv", "logs/2024-02-01/c.csv"]),
            ("logs/2024-{01-02,02-01}/*", ["logs/2024-01-02/b.csv", "logs/2024-02-01/c.csv"]),
            ("logs/", ["logs/2024-01-01/a.csv", "logs/2024-01-02/b.csv", "logs/2024-02-01/c.csv"]),
            ("logs/2024-01-01", ["logs/2024-01-01/a.csv"]),
            ("", ["logs/2024-01-01/a.csv", "logs/2024-01-02/b.csv", "logs/2024-02-01/c.csv", "other.csv"]),
        ]:
            with self.subTest(path):
                self.done("copy", self.uri(path), "out.csv")
                self.assertEqual((self.folder / "out.csv").read_text().split()[1:], expected)

    def test_odd_keys(self):
        for name in ODD_NAMES:
            self.put("odd/" + name, "key\n" + name + "\n")
            self.done("copy", self.uri("odd/" + urllib.parse.quote(name)), "out.csv")
            self.assertIn(name.split()[0], (self.folder / "out.csv").read_text())
            self.done("copy", "out.csv", self.uri("copied/" + urllib.parse.quote(name)))
        self.assertEqual(sorted(self.keys("copied/")), sorted("copied/" + name for name in ODD_NAMES))
        self.done("copy", self.uri("odd/"), "out.csv")
        self.assertEqual(len((self.folder / "out.csv").read_text().splitlines()), len(ODD_NAMES) + 1)

    def test_a_listing_of_many_pages(self):
        for number in range(25):
            self.put(f"many/{number:03}.csv", f"n\n{number}\n")
        # The server answers with as many keys as are asked for; 1,000 is what velo asks for.
        query = f"SELECT count(*) AS rows, sum(n) AS total FROM {self.in_sql('many/*.csv')}"
        self.assertEqual(self.done("run", "-e", query, "--to", "-?format=csv").stdout, "rows,total\n25,300\n")

    def test_empty_ones(self):
        self.write("in.ndjson", "")
        self.put("empty.csv", b"id\n")
        self.done("copy", self.uri("empty.csv"), self.uri("again.csv"))
        self.assertEqual(self.get("again.csv"), b"id\n")
        self.done("copy", self.uri("empty.csv"), self.uri("again.ndjson"))
        self.assertEqual(self.get("again.ndjson"), b"")
        self.done("copy", self.uri("empty.csv"), self.uri("out/", format="csv"))
        self.assertEqual(self.keys("out/"), [])

    def test_partitions(self):
        self.write("in.csv", "id,country\n1,NL\n2,DE\n3,NL\n4,\n5,São Tomé\n")
        self.done("copy", "in.csv", self.uri("out", format="parquet", partition_by="country"))
        folders = {key.split("/")[1] for key in self.keys("out/")}
        self.assertEqual(folders, {"country=NL", "country=DE", "country=__HIVE_DEFAULT_PARTITION__",
                                   "country=S%C3%A3o%20Tom%C3%A9"})
        self.check_ids(5)

    def test_modes(self):
        self.write("in.csv", "id\n1\n")
        for expected in (1, 2):
            self.done("copy", "in.csv", self.uri("out/", format="csv"))
            self.assertEqual(len(self.keys("out/")), expected)
        self.put("out/other.txt", "stays")
        self.put("out/x=1/y.csv", "id\n7\n")
        self.done("copy", "in.csv", self.uri("out/", format="csv", mode="overwrite"))
        self.assertEqual(len(self.keys("out/")), 2)
        self.assertIn("out/other.txt", self.keys("out/"))
        process = self.velo("copy", "in.csv", self.uri("out/", format="csv", mode="error"))
        self.assertEqual(process.returncode, 2)
        self.assertIn("holds files already, and mode=error", process.stderr)
        self.done("copy", "in.csv", self.uri("one.csv", mode="error"))
        process = self.velo("copy", "in.csv", self.uri("one.csv", mode="error"))
        self.assertEqual(process.returncode, 2)
        self.assertIn("the file exists, and mode=error", process.stderr)
        self.done("copy", "in.csv", self.uri("one.csv"))
        self.assertEqual(self.uploads(), [])

    def test_what_fails_leaves_nothing(self):
        self.write("in.csv", "id\n" + "1\n" * 200000 + "x\n")
        for path, options in [("one.csv", {}), ("out/", {"format": "csv"})]:
            process = self.velo("copy", "in.csv?schema=id int64", self.uri(path, **options))
            self.assertEqual(process.returncode, 2, process.stderr)
            self.assertEqual([key for key in self.keys() if not key.startswith("out/_velo/")], [])
        # An upload whose beginning was cut short by the failure is taken by the next run.
        self.write("in.csv", "id\n1\n")
        self.done("copy", "in.csv?schema=id int64", self.uri("out/", format="csv"))
        self.assertEqual(len(self.keys()), 1)
        self.assertEqual(self.uploads(), [])

    # Going on.

    def pipeline(self, target="out/", rows=30000, name="slow", more="", endpoint=None, **options):
        options = {"format": "parquet", **options, **({"endpoint": endpoint} if endpoint else {})}
        self.write("go.sql", f"CREATE STREAM {name} WITH (commit_every = '200ms'{more}) AS SELECT id, country FROM "
                   f"generate('orders?rows={rows}&rate={rows}') INSERT INTO {self.in_sql(target, **options)};")

    def wait_for_an_epoch(self, prefix="out/"):
        self.wait_for(lambda: not all(key.startswith(prefix + "_velo/") for key in self.keys(prefix)))

    def test_uploads_of_odd_partitions_are_given_up(self):
        self.write("in.csv", "id,kind\n1,a=b\n2,süß & salty\n3,50%/half\n")
        statement = (f"CREATE STREAM odd AS SELECT * FROM file('in.csv') INSERT INTO "
                     f"{self.in_sql('out/', format='csv', partition_by='kind')}")
        self.crash("after_prepare", "run", "-e", statement)
        self.assertEqual(len(self.uploads()), 3)
        self.done("run", "-e", statement)
        self.assertEqual(self.uploads(), [])

    def test_a_named_pipeline_goes_on(self):
        self.put("in/a.csv", "id,name\n1,a\n2,b\n")
        self.write("go.sql", f"CREATE STREAM names AS SELECT * FROM {self.in_sql('in/*.csv')} INSERT INTO "
                   f"{self.in_sql('out/', format='json')};")
        self.done("run", "go.sql")
        self.assertIn("nothing new since the 2 rows", self.done("run", "go.sql").stderr)
        self.put("in/b.csv", "id,name\n3,c\n")
        self.done("run", "go.sql")
        rows = [json.loads(line) for key in self.keys("out/part-") for line in self.get(key).splitlines()]
        self.assertEqual(sorted(row["id"] for row in rows), [1, 2, 3])
        record = self.keys("out/_velo/")
        self.assertTrue(all(re.fullmatch(r"out/_velo/names/(done/\d{13}-[0-9a-f]{16}|\d{13}\.json)", key) for key in record), record)
        self.assertEqual(len([key for key in record if "/done/" in key]), 1)
        self.assertEqual(self.uploads(), [])
        self.put("in/a.csv", "id,name\n1,a\n2,z\n")
        process = self.velo("run", "go.sql")
        self.assertEqual(process.returncode, 1)
        self.assertIn(f"s3://{self.bucket}/in/a.csv: the file has changed since 2 rows of it were read", process.stderr)

    def test_a_run_leaves_only_its_rows(self):
        self.done("copy", "generate://orders?rows=1000", self.uri("out/", format="parquet"))
        self.assertEqual(self.keys("out/_velo/"), [])
        self.check_ids(1000)

    def test_a_kill_at_each_step_loses_and_repeats_nothing(self):
        for number, at in enumerate(["in_write:2", "after_prepare_one:2", "after_prepare:2", "after_publish:2",
                                     "between_completes:2", "after_commit:2", "in_recover:1"]):
            with self.subTest(at):
                target = f"out_{number}/"
                self.pipeline(target, rows=8000, name=f"slow_{number}", more=", parallel = 2")
                self.crash(at, "run", "go.sql")
                self.crash("in_recover", "run", "go.sql")
                self.done("run", "go.sql")
                self.check_ids(8000, target)
                self.assertEqual(self.uploads(), [])

    def test_reading_goes_on_where_it_was_killed(self):
        for number in range(3):
            rows = "".join(f"{i}\n" for i in range(number * 10000, (number + 1) * 10000))
            self.put(f"in/{number}.csv", "id\n" + rows)
        for at in ["in_write:2", "after_prepare", "after_publish", "after_commit", "in_recover"]:
            with self.subTest(at):
                name = at.replace(":", "_")
                self.write("go.sql", f"CREATE STREAM {name} WITH (commit_every = '1kB') AS SELECT * FROM "
                           f"{self.in_sql('in/*.csv')} INSERT INTO file('{name}/?format=csv');")
                self.crash(at, "run", "go.sql")
                self.done("run", "go.sql")
                lines = [line for path in (self.folder / name).glob("part-*") for line in path.read_text().split()]
                ids = sorted(int(line) for line in lines if line != "id")
                self.assertEqual(ids, list(range(30000)))

    def test_a_load_that_was_killed_goes_on(self):
        self.write("in.csv", "id\n" + "".join(f"{i}\n" for i in range(100000)))
        for at in ["in_write", "after_prepare", "after_publish", "in_recover"]:
            with self.subTest(at):
                command = ["copy", "in.csv", self.uri(f"{at}/", format="parquet")]
                self.crash(at, *command)
                self.assertEqual(self.parquet_rows(f"{at}/"), [])
                self.done(*command)
                self.check_ids(100000, f"{at}/")
                self.assertEqual((self.keys(f"{at}/_velo/"), self.uploads()), ([], []))

    def test_a_stop_commits(self):
        self.pipeline()
        process = self.start("run", "go.sql")
        self.wait_for_an_epoch()
        wait_until_signals_are_awaited(process)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=30), 0)
        self.assertIn("which are committed; run it again to go on", process.stderr.read())
        self.done("run", "go.sql")
        self.check_ids(30000)

    def test_of_two_the_older_is_fenced(self):
        self.pipeline()
        older = self.start("run", "go.sql")
        self.wait_for_an_epoch()
        older.send_signal(signal.SIGSTOP)
        self.done("run", "go.sql")
        older.send_signal(signal.SIGCONT)
        self.assertEqual(older.wait(timeout=60), 1)
        self.assertIn("a newer run of this pipeline has taken over", older.stderr.read())
        self.check_ids(30000)
        self.assertEqual(self.uploads(), [])

    def break_at(self, trigger, times=1, **more):
        """A proxy that does harm to the first request with `trigger`, or a later one, and the harm."""
        proxy = Proxy(SERVER.hostname, SERVER.port)
        self.addCleanup(proxy.close)
        at = Break(times, re.compile(trigger, re.DOTALL), **more)
        self.addCleanup(at.released.set)
        proxy.arm(at)
        return proxy, at

    def hold(self, trigger, times=1):
        """Start a copy whose first request with `trigger` is held, through a proxy; answers what is held, the copy, and the
        command by which another does the same. The address of the server is no part of what the run is known by."""
        self.proxy, at = self.break_at(re.escape(trigger), times, holds=True)
        command = ["copy", "in.csv", self.uri("out/", format="parquet")]
        older = self.start(*command, environment={"AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{self.proxy.port}"})
        self.assertTrue(at.arrived.wait(timeout=30))
        return at, older, command

    def test_a_stop_while_a_store_does_not_answer(self):
        for trigger in (b"list-type=2", rb"PUT [^ ]*9999999999999.json", rb"GET [^ ]*9999999999999.json", rb"PUT [^ ]*done/9999999999998"):
            with self.subTest(trigger):
                proxy, at = self.break_at(trigger, holds=True)
                self.pipeline(endpoint=f"http://127.0.0.1:{proxy.port}")
                self.stop_while_held(at, self.start("run", "go.sql"))
        self.assertEqual([key for key in self.keys("out/") if "/_velo/" not in key], [])
        self.pipeline()
        self.done("run", "go.sql")

    def test_a_stop_before_the_columns_are_known(self):
        self.write("in.csv", "id\n1\n")
        self.done("copy", "in.csv", self.uri("in/one.csv"))
        self.done("copy", "in.csv", self.uri("in/two.csv"))
        for path, trigger in (("in/*.csv", b"list-type=2"), ("in/one.csv", b"HEAD "), ("in/one.csv", b"GET "), ("in/*.csv", b"GET [^ ]*two.csv")):
            with self.subTest(path, trigger=trigger):
                proxy, at = self.break_at(trigger, holds=True)
                address = self.uri(path, endpoint=f"http://127.0.0.1:{proxy.port}")
                self.stop_while_held(at, self.start("schema", address))

    def test_a_run_that_was_forgotten_fences_the_older(self):
        self.write("in.csv", "id\n" + "".join(f"{i}\n" for i in range(1000)))
        # 9999999999998 is the second manifest, its first commit; the upload is begun before that.
        for trigger in (b"9999999999998.json", b"?uploads= HTTP"):
            with self.subTest(trigger):
                at, older, command = self.hold(trigger)
                self.done(*command)
                self.assertEqual(self.keys("out/_velo/"), [])
                at.released.set()
                self.assertEqual(older.wait(timeout=60), 1)
                self.assertIn("a newer run of this pipeline has taken over", older.stderr.read())
                self.check_ids(1000)
                self.assertEqual((self.keys("out/_velo/"), self.uploads()), ([], []))
                for key in self.keys("out/"):
                    self.s3.delete_object(Bucket=self.bucket, Key=key)

    def test_a_number_of_a_later_record_is_not_the_older_ones(self):
        self.write("in.csv", "id\n" + "".join(f"{i}\n" for i in range(1000)))
        at, older, command = self.hold(b"9999999999998.json")
        self.done(*command)
        # A third begins anew, and has the first manifest of its record when the older one gets the second.
        self.crash("in_recover", *command)
        self.assertEqual(self.keys("out/_velo/")[0].rpartition("/")[2], "9999999999999.json")
        at.released.set()
        self.assertEqual(older.wait(timeout=60), 1)
        self.assertIn("a newer run of this pipeline has taken over", older.stderr.read())
        self.done(*command)
        ids = [row["id"] for row in self.parquet_rows("out/")]
        self.assertEqual((len(ids), len(set(ids))), (2000, 1000))

    def test_a_run_that_is_killed_while_it_removes_its_record_has_finished(self):
        for number in range(3):
            self.write(f"in/{number}.csv", "id\n" + "".join(f"{i}\n" for i in range(number * 100, number * 100 + 100)))
        command = ["copy", "in/*.csv", self.uri("out/", format="parquet"), "--commit-every", "200B"]
        number_of_removal = 1
        while self.kill_in_removal(number_of_removal, command):
            with self.subTest(number_of_removal):
                left = self.keys("out/_velo/")
                self.forget_rows()  # as who takes in what others wrote does
                self.crash("in_recover", *command)
                self.crash("after_publish", *command)
                self.done(*command)
                self.check_ids(300)
                self.assertEqual((self.keys("out/_velo/"), self.uploads()), ([], []), left)
            self.forget_rows()
            number_of_removal += 1
        self.assertGreater(number_of_removal, 5)

    def test_a_run_that_is_killed_while_it_removes_its_record_has_filled_its_place(self):
        self.write("in.csv", "id\n1\n")
        command = ["copy", "in.csv", self.uri("out/", format="csv", mode="error")]
        self.assertTrue(self.kill_in_removal(2, command))
        process = self.velo(*command)
        self.assertEqual(process.returncode, 2, process.stderr)
        self.assertIn("holds files already, and mode=error", process.stderr)

    def kill_in_removal(self, number_of_request, command):
        """Kill a run where it sends the n-th removal of its record; answers whether it has sent so many."""
        proxy, end = self.break_at(b"\"forgotten\": *true", holds=True)
        process = self.start(*command, environment={"AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{proxy.port}"})
        self.assertTrue(end.arrived.wait(timeout=30))
        removal = Break(number_of_request, re.compile(b"DELETE /"), holds=True)
        self.addCleanup(removal.released.set)
        proxy.arm(removal)
        end.released.set()
        while process.poll() is None and not removal.arrived.wait(0.01):
            pass
        process.kill()
        process.wait()
        return proxy.disarm()

    def test_a_sleeper_that_is_killed_before_it_takes_its_number_back(self):
        self.write("in.csv", "id\n" + "".join(f"{i}\n" for i in range(1000)))
        at, older, command = self.hold(b"9999999999998.json")
        self.done(*command)
        looking = Break(1, re.compile(b"HEAD "), holds=True)
        self.addCleanup(looking.released.set)
        self.proxy.arm(looking)
        at.released.set()
        self.assertTrue(looking.arrived.wait(timeout=30))
        older.kill()
        older.wait()
        self.assertEqual([key.rpartition("/")[2] for key in self.keys("out/_velo/")], ["9999999999998.json"])
        self.done(*command)
        ids = [row["id"] for row in self.parquet_rows("out/")]
        self.assertEqual((len(ids), len(set(ids))), (2000, 1000))
        self.assertEqual(self.keys("out/_velo/"), [])

    def test_a_run_begins_while_an_earlier_one_removes_its_record(self):
        self.write("in.csv", "id\n1\n")
        removal, earlier, _ = self.hold(b"9999999999997.json HTTP/1.1", times=2)  # the end of the record: it is put, and removed
        looking, later, _ = self.hold(b"9999999999997.json HTTP/1.1", times=2)  # whether it is there, and what it says
        removal.released.set()
        self.assertEqual(earlier.wait(timeout=30), 0)
        looking.released.set()
        self.assertEqual(later.wait(timeout=30), 0, later.stderr.read())
        self.assertEqual(len(self.parquet_rows("out/")), 2)
        self.assertEqual((self.keys("out/_velo/"), self.uploads()), ([], []))

    def test_a_done_mark_of_an_earlier_record_says_nothing_of_a_later_one(self):
        self.write("in.csv", "id\n" + "".join(f"{i}\n" for i in range(1000)))
        at, older, command = self.hold(b"/done/", times=2)  # the first is the fence's
        self.done(*command)
        self.forget_rows()
        self.crash("after_publish", *command)
        at.released.set()
        older.communicate(timeout=60)
        self.done(*command)
        self.check_ids(1000)
        self.assertEqual((self.keys("out/_velo/"), self.uploads()), ([], []))

    def forget_rows(self):
        for key in self.keys("out/"):
            if "/_velo/" not in key:
                self.s3.delete_object(Bucket=self.bucket, Key=key)

    def test_lost_answers_and_connections_lose_nothing(self):
        for number, (trigger, swallows) in enumerate([
            (b"9999999999998.json", True), (b"9999999999997.json", True), (b"9999999999997.json", False),
            (rb"\?uploads= HTTP", True), (b"partNumber=1", True), (b"partNumber=1.{600}", False),
            (b"<CompleteMultipartUpload>", True), (b"<CompleteMultipartUpload>", False), (b"/done/", True),
        ]):
            with self.subTest(trigger=trigger, swallows=swallows):
                proxy, _ = self.break_at(trigger, swallows=swallows)
                target = f"out_{number}/"
                self.pipeline(target, rows=4000, name=f"slow_{number}", endpoint=f"http://127.0.0.1:{proxy.port}")
                self.done("run", "go.sql")
                self.assertTrue(proxy.disarm())
                self.check_ids(4000, target)

    def test_a_connection_that_is_lost_among_the_rows(self):
        self.done("copy", "generate://orders?rows=100000", self.uri("in.csv"))
        proxy, _ = self.break_at(b"Range: bytes=0-", swallows=True)
        self.done("copy", self.uri("in.csv", endpoint=f"http://127.0.0.1:{proxy.port}"), "out.csv")
        self.assertTrue(proxy.disarm())
        self.assertEqual(len((self.folder / "out.csv").read_text().splitlines()), 100001)

    def test_an_object_that_changes_while_it_is_read(self):
        self.done("copy", "generate://orders?rows=3000", self.uri("in.parquet"))
        self.done("copy", "generate://orders?rows=3000", self.uri("in.csv"))
        # Parquet: its footer is read first, then the columns.
        for key, trigger in [("in.csv", b"Range: bytes=0-"), ("in.parquet", b"Range: bytes=4-")]:
            with self.subTest(key):
                proxy, at = self.break_at(trigger, holds=True)
                process = self.start("copy", self.uri(key, endpoint=f"http://127.0.0.1:{proxy.port}"), "out.csv")
                self.assertTrue(at.arrived.wait(timeout=30))
                self.put(key, self.get(key) + b" ")
                at.released.set()
                self.assertEqual(process.wait(timeout=30), 1)
                self.assertIn(f"s3://{self.bucket}/{key}: the object has changed while it was read",
                              process.stderr.read())
                self.assertEqual(self.files(), [])

    def test_what_others_take_away_is_missed(self):
        self.pipeline(rows=8000, more=", parallel = 1", partition_by="country", target="out")
        self.crash("after_publish", "run", "go.sql")
        upload = self.uploads()[0]
        self.s3.abort_multipart_upload(Bucket=self.bucket, Key=upload["Key"], UploadId=upload["UploadId"])
        process = self.velo("run", "go.sql")
        self.assertEqual(process.returncode, 1)
        self.assertIn(f"s3://{self.bucket}/{upload['Key']}: this object was committed, and neither it nor its upload",
                      process.stderr)

    def test_a_part_of_the_record_that_is_gone(self):
        self.pipeline(rows=4000)
        self.done("run", "go.sql")
        oldest = max(key for key in self.keys("out/_velo/") if key.endswith(".json"))
        self.s3.delete_object(Bucket=self.bucket, Key=oldest)
        process = self.velo("run", "go.sql")
        self.assertEqual(process.returncode, 1)
        self.assertIn(f"s3://{self.bucket}/{oldest}: a part of the pipeline's record is gone", process.stderr)

    # What is said.

    def test_check_and_plan_leave_nothing(self):
        self.put("in.csv", "id\n1\n")
        before = self.keys()
        self.assertEqual([step[0] for step in self.checked(self.uri("in.csv"))], ["ok"] * 3)
        steps = self.checked(self.uri("out/", format="csv"), "sink")
        self.assertEqual([step[0] for step in steps], ["ok"] * 6, steps)
        self.assertEqual([step[0] for step in self.checked(self.uri("out.csv"), "sink")], ["ok"] * 2)
        denied = self.uri("", access_key_id="nobody", secret_access_key="wrong")
        self.assertIn("(InvalidAccessKeyId)", self.checked(denied, code=2)[-1][2])
        denied = self.uri("out/", format="csv", access_key_id="nobody", secret_access_key="wrong")
        self.assertIn("(InvalidAccessKeyId)", self.checked(denied, "sink", code=2)[-1][2])
        self.checked(self.uri("in.csv", endpoint="http://127.0.0.1:9"), code=1)
        process = self.done("plan", self.uri("in.csv"), self.uri("out/", format="csv"), "--require", "exactly-once")
        self.assertIn("one step decides on it and the rows", process.stdout)
        self.assertEqual(self.keys(), before)
        self.assertEqual(self.uploads(), [])

    def test_messages(self):
        self.put("in.csv", "id\n1\n")
        endpoint = OPTIONS["endpoint"]
        for uri, words, code in [
            (self.uri("missing.csv"), f"s3://{self.bucket}/missing.csv: there is no such object", 2),
            (self.uri("missing/*.csv"), "no object matches the pattern", 2),
            (self.uri("missing/"), "no object of a known format is below this prefix", 2),
            ("s3://velo-no-such-bucket/x.csv", "(NoSuchBucket); make it, or look at its name", 2),
            (self.uri("", access_key_id="nobody", secret_access_key="wrong"), "(InvalidAccessKeyId); look at", 2),
            (self.uri("", access_key_id=KEYS["access_key_id"], secret_access_key="wrong"),
             "(SignatureDoesNotMatch); look at access_key_id and secret_access_key", 2),
            (self.uri("in.csv", anonymous="true"), "access is denied", 2),
            (self.uri("in.csv", access_key_id="x"), "a key id without its secret", 2),
            (self.uri("in.csv", endpoint="http://127.0.0.1:9"), "is the server there", 1),
            (self.uri("in.csv", profile="me"), "profile", 2),
            (self.uri("in.csv", regoin="x"), "did you mean 'region'?", 2),
            (f"s3://{SERVER.hostname}:{SERVER.port}/x.csv", f"endpoint={endpoint}", 2),
            (self.uri("in.what"), "there is no such object", 2),
        ]:
            with self.subTest(words):
                process = self.velo("copy", uri, "out.csv")
                self.assertIn(words, process.stderr)
                self.assertEqual(process.returncode, code, process.stderr)
                self.assertNotIn("wrong", process.stderr)
        self.write("here.csv", "id\n1\n")
        for uri, words, code in [
            (self.uri("*.csv"), "a pattern can be read, not written", 2),
            (self.uri("out/"), "a directory's name does not tell the format", 2),
            (self.uri("out.csv", endpoint="http://127.0.0.1:9"), "is the server there", 1),
            (self.uri("out/", format="csv", endpoint="http://127.0.0.1:9"), "is the server there", 1),
            (self.uri("out.csv", access_key_id="nobody", secret_access_key="wrong"), "(InvalidAccessKeyId)", 2),
        ]:
            with self.subTest(words):
                process = self.velo("copy", "here.csv", uri)
                self.assertIn(words, process.stderr)
                self.assertEqual(process.returncode, code, process.stderr)
        self.assertEqual(self.files(), ["here.csv"])


if __name__ == "__main__":
    unittest.main()
