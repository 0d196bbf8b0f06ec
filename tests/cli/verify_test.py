"""`velo verify` of files: what is equal, what is told of what is not, and what it refuses."""

import json
import os
import signal
import subprocess
import unittest

import pyarrow
import pyarrow.parquet

from program import VELO, ProgramTest, wait_until_no_signal_is_left, wait_until_signals_are_awaited


class Verify(ProgramTest):
    def verified(self, *arguments, equal):
        process = self.velo("verify", *arguments, "--json")
        self.assertEqual(process.returncode, 0 if equal else 2, process.stderr)
        self.assertEqual(process.stderr, "")
        found = json.loads(process.stdout)
        self.assertEqual(found["equal"], equal)
        self.assertEqual(found["source"]["hash"] == found["sink"]["hash"], equal)
        return found

    def test_what_was_copied_is_equal_in_every_format(self):
        self.done("copy", "generate://orders?rows=5000&seed=1", "orders.parquet")
        for sink in ["o.csv", "o.json", "out/?format=csv&partition_by=country", "many/?format=json&compression=gzip"]:
            self.done("copy", "orders.parquet", sink)
            if "partition_by" in sink:
                continue  # its rows are there by another source
            found = self.verified("orders.parquet", sink, equal=True)
            self.assertEqual(found["source"]["rows"], 5000)
            self.assertEqual([column["name"] for column in found["columns"]][:2], ["id", "customer_id"])
        [column] = [column for column in self.verified("orders.parquet", "o.json", equal=True)["columns"]
                    if column["name"] == "ordered_at"]
        self.assertEqual(column, {"name": "ordered_at", "source_type": "timestamptz", "sink_type": "text", "as": "instant",
                                  "key": False})
        shown = self.done("verify", "orders.parquet", "o.json", "--key", "id").stdout
        self.assertTrue(shown.startswith("equal\n  source    file:orders.parquet: 5,000 rows, hash "), shown)
        self.assertIn("  column    id int64, key\n", shown)
        self.assertIn("  column    ordered_at timestamptz with text as instant\n", shown)

    def test_differences_are_told_by_key(self):
        self.write("a.csv", "id,name\n" + "".join(f"{n},n{n}\n" for n in range(1, 1001)))
        rows = [f"{n},n{n}" for n in range(1, 1001)]
        rows[16] = "17,other"  # changed
        del rows[499]  # id 500
        rows.append("999,n999")  # a second time
        rows.append("5000,näw")
        self.write("b.csv", "id,name\n" + "\n".join(reversed(rows)) + "\n")
        found = self.verified("a.csv", "b.csv", "--key", "id", equal=False)
        self.assertEqual(found["differences"],
                         {"missing": 1, "extra": 1, "changed": 1, "repeated": 1, "all_counted": True})
        self.assertEqual({row["difference"]: row for row in found["rows"]}, {
            "missing": {"difference": "missing", "source_rows": 1, "sink_rows": 0, "key": {"id": "500"},
                        "source": {"name": "n500"}, "sink": {}},
            "extra": {"difference": "extra", "source_rows": 0, "sink_rows": 1, "key": {"id": "5000"},
                      "source": {}, "sink": {"name": "näw"}},
            "changed": {"difference": "changed", "source_rows": 1, "sink_rows": 1, "key": {"id": "17"},
                        "source": {"name": "n17"}, "sink": {"name": "other"}},
            "repeated": {"difference": "repeated", "source_rows": 1, "sink_rows": 2, "key": {"id": "999"},
                         "source": {}, "sink": {}}})
        for key in [17, 500, 999, 5000]:
            inside = [one for one in found["ranges"]
                      if (one["from"] is None or int(one["from"]) <= key) and (one["to"] is None or key < int(one["to"]))]
            self.assertEqual(len(inside), 1, key)
        self.assertLessEqual(len(found["ranges"]), 4)
        shown = self.velo("verify", "a.csv", "b.csv", "--key", "id").stdout
        self.assertTrue(shown.startswith("not equal\n"), shown)
        self.assertIn("  rows      1 missing, 1 extra, 1 changed, 1 repeated\n", shown)
        self.assertIn("  changed   id='17': name='n17' → name='other'\n", shown)
        self.assertIn("  missing   id='500': name='n500'\n", shown)
        self.assertIn("  extra     id='5000': name='näw'\n", shown)
        self.assertIn("  repeated  id='999' (1 times, 2 in the sink)\n", shown)
        self.assertEqual(self.verified("a.csv", "b.csv", "--key=id", "-n", "0", equal=False)["rows"], [])

    def test_null_is_not_the_empty_text_and_not_a_number(self):
        nothing = [None, "", "a", "b", "ü", "語"]
        self.table("a.parquet", s=nothing, f=[float("nan"), None, 0.0, 1.5, -0.0, float("inf")])
        self.table("b.parquet", s=nothing, f=[float("nan"), None, -0.0, 1.5, 0.0, float("inf")])
        self.verified("a.parquet", "b.parquet", equal=True)
        self.table("c.parquet", s=["", "", "a", "b", "ü", "語"], f=[float("nan"), None, 0.0, 1.5, 0.0, float("inf")])
        found = self.verified("a.parquet", "c.parquet", equal=False)
        self.assertEqual([(row["difference"], row["source"] or row["sink"]) for row in found["rows"]],
                         [("missing", {"s": None, "f": "nan"}), ("extra", {"s": "", "f": "nan"})])
        self.table("d.parquet", s=nothing, f=[0.0, None, 0.0, 1.5, 0.0, float("inf")])
        self.verified("a.parquet", "d.parquet", equal=False)

    def table(self, name, **columns):
        pyarrow.parquet.write_table(pyarrow.table(columns), self.folder / name)

    def test_values_command_no_terminal(self):
        self.table("a.parquet", id=[1, 2], s=["\x1b[31mred\n", "\x9b31m ü"], b=[b"\x00\xff", None])
        self.table("b.parquet", id=[1, 2], s=["", ""], b=[b"\x00", None])
        shown = self.velo("verify", "a.parquet", "b.parquet", "--key", "id").stdout
        self.assertIn("  changed   id='1': s='\\x1b[31mred\\x0a', b='0x00ff' → s='', b='0x00'\n", shown)
        self.assertIn("  changed   id='2': s='\\x9b31m ü' → s=''\n", shown)

    def test_a_row_that_is_there_twice(self):
        self.write("a.csv", "id\n1\n1\n2\n")
        self.write("b.csv", "id\n1\n2\n2\n")
        found = self.verified("a.csv", "b.csv", equal=False)
        self.assertEqual((found["source"]["rows"], found["sink"]["rows"], found["differences"]["repeated"]), (3, 3, 2))

    def test_names_of_columns(self):
        """With commas and quotes in them, and twice."""
        self.write("a.csv", 'id,"a,b","say ""x"""\n1,2,3\n')
        self.write("b.csv", 'id,"a,b","say ""x"""\n1,2,4\n')
        self.verified("a.csv", "b.csv", "--columns", 'id,"a,b"', equal=True)
        self.verified("a.csv", "b.csv", "--columns", '"a,b",say "x"', "--key", '"id"', equal=False)
        self.verified("a.csv", "b.csv", "--columns", '"say ""x"""', equal=False)
        self.refused(["verify", "a.csv", "a.csv", "--columns", "id,id"], "velo: column 'id' is named twice")
        self.refused(["verify", "a.csv", "a.csv", "--key", "id,id"], "velo: column 'id' is named twice")

    def test_columns_and_where(self):
        self.write("a.csv", "id,name,total\n1,x,5\n2,y,50\n3,z,7\n")
        self.write("b.csv", "id,total,loaded\n1,5,now\n2,50,now\n4,70,now\n")
        self.assertEqual(
            self.velo("verify", "a.csv", "b.csv").stderr,
            "velo: only the source has name; only the sink has loaded; say by their names which columns to compare\n")
        self.verified("a.csv", "b.csv", "--columns", "id,total", equal=False)
        found = self.verified("a.csv", "b.csv", "--columns", "id,total", "--where", "id <= 2 OR total = 0", equal=True)
        self.assertEqual(found["source"]["rows"], 2)
        self.verified("a.csv", "b.csv", "--columns", "total", "--key", "id", "--where", "id % 2 = 1", equal=False)
        process = self.velo("verify", "a.csv?encoding=utf-8", "b.csv", "--where", "nam = 1")
        self.assertEqual(process.returncode, 2)
        self.assertIn("--where:3:1: ", process.stderr)
        self.assertNotIn("SELECT", process.stderr)

    def test_what_cannot_be_meant(self):
        self.write("a.csv", "id,at\n1,2026-01-01\n")
        self.table("b.parquet", id=[True], at=[5.5])
        self.refused(["verify", "a.csv", "none.csv"], "velo: none.csv: cannot read it: No such file or directory; check the path")
        self.refused(["verify", "a.csv", "b.parquet"],
                     "velo: column 'at': date cannot be compared with double; compare others by their names")
        self.refused(["verify", "a.csv", "a.csv", "--key", "key"],
                     "velo: the source has no column 'key'; its columns are id, at")
        self.refused(["verify", "generate://orders?unbounded=true", "a.csv"],
                     "velo: the source has no end, not even for now")
        self.assertIn("DST is required", self.velo("verify", "a.csv").stderr)

    def test_standard_input_is_read_once(self):
        self.write("a.csv", "id\n1\n2\n")
        same = self.velo("verify", "a.csv", "-?format=csv", stdin="id\n2\n1\n")
        self.assertEqual(same.returncode, 0, same.stderr)
        other = self.velo("verify", "-?format=csv", "a.csv", stdin="id\n2\n")
        self.assertEqual(other.returncode, 2)
        self.assertIn("  notice    which rows differ is not known: what comes through a pipe cannot be read again\n",
                      other.stdout)

    def test_interrupted(self):
        process = subprocess.Popen([VELO, "verify", "generate://orders?rows=1000000000", "generate://orders?rows=1000000000"],
                                   cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        wait_until_signals_are_awaited(process)
        process.send_signal(signal.SIGINT)
        told, failed = process.communicate(timeout=60)
        self.assertEqual((process.returncode, told), (130, ""))
        self.assertIn("stopped by Ctrl-C before all rows were compared", failed)

    def test_interrupted_before_a_stream(self):
        """Those that were not compared are not equal."""
        os.mkfifo(self.folder / "velo.toml")
        streams = "generate://orders,events?rows=1000000000"
        process = subprocess.Popen([VELO, "verify", streams, "generate://{table}?rows=1000000000", "--config", "velo.toml"],
                                   cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        wait_until_signals_are_awaited(process)
        process.send_signal(signal.SIGINT)
        wait_until_no_signal_is_left(process)
        (self.folder / "velo.toml").write_text("")
        told, failed = process.communicate(timeout=60)
        self.assertEqual((process.returncode, told), (130, ""), failed)
        self.assertRegex(failed, "stopped; 2 of 2 streams were not compared|before all rows were compared")


if __name__ == "__main__":
    unittest.main()
