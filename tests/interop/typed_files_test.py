"""Parquet, ORC and Arrow IPC: the real files of parquet-testing, each read as pyarrow reads it or refused with a reason;
and what velo writes, read by pyarrow."""

import datetime
import decimal
import os
import pathlib
import subprocess
import unittest

import pyarrow
import pyarrow.ipc
import pyarrow.orc
import pyarrow.parquet
from program import VELO, ProgramTest

# Why a file of parquet-testing is refused; all others are read.
REFUSED = {
    "datapage_v1-corrupt-checksum.parquet": None,  # read where nobody checks the sums, as pyarrow does
    "rle-dict-uncompressed-corrupt-checksum.parquet": None,
}


def rows():
    """Rows of the types that all three have."""
    return pyarrow.table(
        {
            "id": pyarrow.array([1, 2, 3], pyarrow.int64()),
            "small": pyarrow.array([1, None, -1], pyarrow.int8()),
            "ratio": pyarrow.array([0.5, None, -0.0]),
            "name": ["a", None, "ä"],
            "bytes": pyarrow.array([b"\x00", None, b""], pyarrow.binary()),
            "price": pyarrow.array([decimal.Decimal("1.50"), None, decimal.Decimal("-0.01")], pyarrow.decimal128(12, 2)),
            "day": pyarrow.array([datetime.date(2026, 1, 1), None, datetime.date(1900, 1, 1)]),
            "at": pyarrow.array([0, None, -1], pyarrow.timestamp("ns", "UTC")),
            "tags": [["x", None], None, []],
            "pair": [{"a": 1, "b": "x"}, None, {"a": None, "b": "y"}],
            "map": pyarrow.array([[("k", 1)], None, []], pyarrow.map_(pyarrow.string(), pyarrow.int64())),
        }
    )


class TypedFilesTest(ProgramTest):
    def read_by_velo(self, *source, **more):
        """The rows of a source, through a stream of Arrow's."""
        self.done("copy", *source, "read.arrows", **more)
        with pyarrow.OSFile(str(self.folder / "read.arrows")) as file, pyarrow.ipc.open_stream(file) as stream:
            return stream.read_all()

    def check_same(self, table, expected):
        self.assertEqual(table.schema.names, expected.schema.names)
        for name in expected.schema.names:
            left, right = table.column(name).combine_chunks(), expected.column(name).combine_chunks()
            self.assertTrue(left.equals(right) or repr(left.to_pylist()) == repr(right.to_pylist()), f"{name}: {left} {right}")

    def test_parquet_testing(self):
        if "VELO_TEST_DATA" not in os.environ:
            self.skipTest("VELO_TEST_DATA does not say where the files are")
        files = sorted((pathlib.Path(os.environ["VELO_TEST_DATA"]) / "parquet").glob("*.parquet"))
        self.assertGreater(len(files), 30)
        for file in files:
            with self.subTest(file.name):
                try:
                    expected = pyarrow.parquet.read_table(file)
                except (OSError, pyarrow.ArrowException) as error:
                    expected = error
                reason = REFUSED.get(file.name)
                if reason is not None or isinstance(expected, Exception):
                    process = self.velo("copy", file, "read.arrows")
                    self.assertEqual(process.returncode, 2, process.stderr)
                    self.assertRegex(process.stderr, rf"^velo: .*{file.name}: .*{reason or ''}")
                    continue
                self.check_same(self.read_by_velo(file), expected)

    def test_what_pyarrow_wrote_is_read(self):
        expected = rows()
        pyarrow.orc.write_table(expected, self.folder / "in.orc", compression="zlib")
        pyarrow.parquet.write_table(expected, self.folder / "in.parquet", compression="brotli")
        for name, make in (("in.arrow", pyarrow.ipc.new_file), ("in.arrows", pyarrow.ipc.new_stream), ("in.feather", pyarrow.ipc.new_file)):
            options = pyarrow.ipc.IpcWriteOptions(compression="lz4")
            with pyarrow.OSFile(str(self.folder / name), "wb") as file, make(file, expected.schema, options=options) as writer:
                writer.write_table(expected, max_chunksize=2)
        for name in ("in.orc", "in.parquet", "in.arrow", "in.arrows", "in.feather"):
            with self.subTest(name):
                self.check_same(self.read_by_velo(name), expected)
                with open(self.folder / name, "rb") as stdin:
                    process = subprocess.run(
                        [VELO, "copy", "-", "read.arrows"], cwd=self.folder, stdin=stdin, capture_output=True, timeout=60
                    )
                self.assertEqual(process.returncode, 0, process.stderr)

    def test_pyarrow_reads_what_is_written(self):
        expected = rows()
        pyarrow.parquet.write_table(expected, self.folder / "in.parquet")
        for codec in ("none", "zlib", "snappy", "lz4", "zstd"):
            self.done("copy", "in.parquet", f"out.orc?compression={codec}")
            self.check_same(pyarrow.orc.read_table(self.folder / "out.orc"), expected)
        for codec in ("none", "lz4", "zstd"):
            self.done("copy", "in.parquet", f"out.arrow?compression={codec}")
            self.check_same(pyarrow.ipc.open_file(self.folder / "out.arrow").read_all(), expected)
            self.done("copy", "in.parquet", f"out.arrows?compression={codec}")
            self.check_same(pyarrow.ipc.open_stream(self.folder / "out.arrows").read_all(), expected)

    def test_options_of_parquet(self):
        ids = pyarrow.table({"id": list(range(10_000)), "name": [f"name {i % 7}" for i in range(10_000)]})
        pyarrow.parquet.write_table(ids, self.folder / "in.parquet")

        def written(options):
            self.done("copy", "in.parquet", f"out.parquet?{options}".rstrip("?"))
            file = pyarrow.parquet.ParquetFile(self.folder / "out.parquet")
            self.assertTrue(file.read().equals(ids))
            return file.metadata

        self.assertEqual(written("row_group_rows=3000").num_row_groups, 4)
        self.assertGreater(written("row_group_bytes=64KiB").num_row_groups, 1)
        for codec in ("none", "snappy", "gzip", "zstd", "lz4", "brotli"):
            found = written(f"compression={codec}").row_group(0).column(0).compression
            self.assertEqual(found.lower(), {"none": "uncompressed"}.get(codec, codec))
        self.assertIn("RLE_DICTIONARY", written("dictionary=on").row_group(0).column(0).encodings)
        self.assertNotIn("RLE_DICTIONARY", written("dictionary=off").row_group(0).column(1).encodings)
        self.assertIsNone(written("statistics=false").row_group(0).column(0).statistics)
        self.assertTrue(written("").row_group(0).column(0).has_offset_index)
        self.assertFalse(written("page_index=false").row_group(0).column(0).has_offset_index)
        self.assertEqual(written("parquet_version=1.0").format_version, "1.0")
        self.assertGreater(
            written("compression=zstd&compression_level=1").row_group(0).total_byte_size, 0
        )
        plain = written("").serialized_size + (self.folder / "out.parquet").stat().st_size
        written("bloom_filters=id,name")
        self.assertGreater((self.folder / "out.parquet").stat().st_size, plain - 4000)
        for options, message in (
            ("compression=lzma", "compression=lzma is not one of Parquet's: none, snappy, gzip, zstd, lz4, brotli"),
            ("compression=zstd&compression_level=99", "compression_level=99 is not one of zstd's: -131072 to 22"),
            ("compression=snappy&compression_level=1", "compression_level=1: snappy has no levels"),
            ("row_group_rows=0", "row_group_rows=0 is not 1 or more"),
            ("bloom_filters=nam", "bloom_filters=nam: there is no such column; there are id, name"),
        ):
            self.refused(["copy", "in.parquet", f"other.parquet?{options}"], f"velo: other.parquet: {message}")

    def test_where_leaves_row_groups_out(self):
        ids = pyarrow.table({"id": list(range(100_000))})
        pyarrow.parquet.write_table(ids, self.folder / "in.parquet", row_group_size=1000)
        self.done("run", "-e", "INSERT INTO file('out.parquet') SELECT id FROM file('in.parquet') WHERE id >= 41500 AND id < 42500")
        self.assertEqual(pyarrow.parquet.read_table(self.folder / "out.parquet").column("id").to_pylist(), list(range(41_500, 42_500)))
        # Row groups that are left out are not looked at: broken, they hurt nobody.
        metadata = pyarrow.parquet.ParquetFile(self.folder / "in.parquet").metadata
        offset = metadata.row_group(7).column(0).data_page_offset
        content = bytearray((self.folder / "in.parquet").read_bytes())
        content[offset : offset + 8] = b"\xff" * 8
        self.write("in.parquet", bytes(content))
        self.done("run", "-e", "INSERT INTO file('out.parquet') SELECT id FROM file('in.parquet') WHERE id >= 41500 AND id < 42500")
        self.assertEqual(self.velo("copy", "in.parquet", "all.parquet").returncode, 2)

    # Encryption is refused by name.
    def test_encrypted(self):
        pyarrow.parquet.write_table(pyarrow.table({"id": [1]}), self.folder / "in.parquet")
        content = (self.folder / "in.parquet").read_bytes()
        self.write("encrypted.parquet", b"PARE" + content[4:-4] + b"PARE")
        process = self.velo("copy", "encrypted.parquet", "out.csv")
        self.assertEqual(process.returncode, 2)
        self.assertIn("encrypt", process.stderr.lower())


if __name__ == "__main__":
    unittest.main()
