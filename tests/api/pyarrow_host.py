"""A Python host: pyarrow and libvelo exchange rows. pyarrow_host.py LIBVELO FOLDER"""

import ctypes
import datetime
import decimal
import os
import sys

# The worst case: every symbol of pyarrow's Arrow can be found by those who come later.
sys.setdlopenflags(os.RTLD_GLOBAL | os.RTLD_NOW)
import pyarrow as pa
import pyarrow.parquet

sys.setdlopenflags(os.RTLD_NOW)

VELO = ctypes.CDLL(sys.argv[1])
FOLDER = sys.argv[2]


class Error(ctypes.Structure):
    _fields_ = [("kind", ctypes.c_int32), ("message", ctypes.c_char * 2044)]


class Stream(ctypes.Structure):
    _fields_ = [("members", ctypes.c_void_p * 5)]


def call(name, *arguments):
    error = Error()
    if getattr(VELO, name)(*arguments, ctypes.byref(error)) != 0:
        raise RuntimeError(error.message.decode())


def write(table, uri):
    stream = Stream()
    table.to_reader(max_chunksize=999)._export_to_c(ctypes.addressof(stream))
    call("velo_write", ctypes.byref(stream), uri.encode(), None, None)


def read(uri):
    stream = Stream()
    call("velo_open", uri.encode(), None, ctypes.byref(stream))
    return pa.RecordBatchReader._import_from_c(ctypes.addressof(stream)).read_all()


def sample():
    moment = datetime.datetime(2026, 1, 2, 3, 4, 5, 678901, datetime.timezone.utc)
    return pa.table(
        {
            "i": pa.array([1, None, -(2**63)] * 2000, pa.int64()),
            "u": pa.array([0, None, 2**64 - 1] * 2000, pa.uint64()),
            "f": pa.array([0.1, None, float("inf")] * 2000),
            "s": pa.array(["", None, "€ \U0001f600"] * 2000),
            "b": pa.array([b"\0\xff", None, b""] * 2000, pa.binary()),
            "d": pa.array([decimal.Decimal("0.1"), None, decimal.Decimal("-9999.9")] * 2000, pa.decimal128(20, 1)),
            "t": pa.array([moment, None, moment] * 2000, pa.timestamp("us", "Asia/Tokyo")),
            "l": pa.array([[1, None], None, []] * 2000, pa.list_(pa.int32())),
            "r": pa.array([{"x": 1, "y": "a"}, None, {"x": None, "y": None}] * 2000),
            "c": pa.array(["red", None, "blue"] * 2000).dictionary_encode(),
        }
    )


def main():
    table = sample()
    write(table, f"{FOLDER}/rows.parquet")
    assert read(f"{FOLDER}/rows.parquet").equals(table), "through velo"
    assert pa.parquet.read_table(f"{FOLDER}/rows.parquet").equals(table), "by pyarrow"
    orders = read("generate://orders?rows=5000&seed=1")
    pa.parquet.write_table(orders, f"{FOLDER}/orders.parquet")
    assert read(f"{FOLDER}/orders.parquet").equals(orders), "pyarrow's file"
    try:
        read(f"{FOLDER}/none.parquet")
    except RuntimeError as error:
        assert "none.parquet" in str(error), error
    else:
        raise AssertionError("a missing file was read")


main()
