"""Directories named by partition values, read back by DuckDB and pyarrow."""

import ctypes
import json
import os
import unittest

import pyarrow
import pyarrow.dataset
from program import ProgramTest

VALUES = [None, "", "__HIVE_DEFAULT_PARTITION__", "NULL", "null", "Null", "a b/c=d", "..", "100%", "%41", "ö", "'\"\\", "NL"]
# pyarrow decodes a value before it looks whether it is Hive's word for none.
PYARROW_SEES = {"__HIVE_DEFAULT_PARTITION__": None}


class Result(ctypes.Structure):
    _fields_ = [("deprecated", ctypes.c_uint64 * 4), ("deprecated_error", ctypes.c_char_p), ("internal", ctypes.c_void_p)]


def duckdb_rows(sql, num_columns):
    """The rows of a query as texts and None, by DuckDB's C library."""
    library = ctypes.CDLL(os.environ["VELO_TEST_DUCKDB"] or "libduckdb.so")
    library.duckdb_value_varchar.restype = ctypes.c_void_p
    library.duckdb_result_error.restype = ctypes.c_char_p
    for name in ("duckdb_row_count", "duckdb_value_varchar", "duckdb_value_is_null"):
        getattr(library, name).argtypes = [ctypes.POINTER(Result), ctypes.c_uint64, ctypes.c_uint64][: 1 if "count" in name else 3]
    library.duckdb_row_count.restype = ctypes.c_uint64
    library.duckdb_value_is_null.restype = ctypes.c_bool
    database, connection, result = ctypes.c_void_p(), ctypes.c_void_p(), Result()
    assert library.duckdb_open(None, ctypes.byref(database)) == 0
    assert library.duckdb_connect(database, ctypes.byref(connection)) == 0
    failed = library.duckdb_query(connection, sql.encode(), ctypes.byref(result))
    assert not failed, library.duckdb_result_error(ctypes.byref(result))

    def value(row, column):
        if library.duckdb_value_is_null(ctypes.byref(result), column, row):
            return None
        return ctypes.string_at(library.duckdb_value_varchar(ctypes.byref(result), column, row)).decode()

    rows = [[value(row, column) for column in range(num_columns)] for row in range(library.duckdb_row_count(ctypes.byref(result)))]
    library.duckdb_destroy_result(ctypes.byref(result))
    library.duckdb_disconnect(ctypes.byref(connection))
    library.duckdb_close(ctypes.byref(database))
    return rows


class Partitions(ProgramTest):
    def setUp(self):
        super().setUp()
        lines = [json.dumps({"i": i, "k": value, "a b/c": 1}) for i, value in enumerate(VALUES)]
        self.write("in.json", "\n".join(lines))

    def test_duckdb_reads_every_value_back(self):
        self.done("copy", "in.json", "out/?format=parquet&partition_by=k")
        rows = duckdb_rows(
            f"SELECT i, k FROM read_parquet('{self.folder}/out/*/*.parquet', hive_partitioning = true, hive_types = {{'k': VARCHAR}})", 2
        )
        self.assertEqual({int(i): k for i, k in rows}, dict(enumerate(VALUES)))

    def test_pyarrow_reads_values_and_names_back(self):
        self.done("copy", "in.json", "out/?format=parquet&partition_by=k,a b%2Fc")
        schema = pyarrow.schema([("k", pyarrow.string()), ("a b/c", pyarrow.int64())])
        partitioning = pyarrow.dataset.partitioning(schema, flavor="hive")
        table = pyarrow.dataset.dataset(self.folder / "out", partitioning=partitioning).to_table()
        self.assertEqual(
            dict(zip(table["i"].to_pylist(), table["k"].to_pylist())), dict(enumerate(PYARROW_SEES.get(v, v) for v in VALUES))
        )
        self.assertEqual(set(table["a b/c"].to_pylist()), {1})

    def test_a_value_that_no_file_system_holds_leaves_nothing(self):
        self.write("in.json", json.dumps({"i": 1, "k": "国" * 40}))
        process = self.velo("copy", "in.json", "out/?format=parquet&partition_by=k")
        self.assertEqual(process.returncode, 2, process.stderr)
        self.assertIn("a value of column 'k' makes a directory's name of 362 bytes, and file systems take 255", process.stderr)
        self.assertEqual(self.files(), ["in.json"])


if __name__ == "__main__":
    unittest.main()
