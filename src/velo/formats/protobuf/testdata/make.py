"""Write the files of this folder: python make.py, with protobuf 7.36.2 and grpcio-tools, which has protoc, installed."""

import datetime
import io
import math
import pathlib
import sys
import tempfile

import grpc_tools.protoc
from google.protobuf.proto import serialize_length_prefixed

HERE = pathlib.Path(__file__).parent


def run_protoc(*arguments: str) -> None:
    include = pathlib.Path(grpc_tools.protoc.__file__).parent / "_proto"
    assert grpc_tools.protoc.main(["protoc", f"-I{HERE}", f"-I{include}", *arguments]) == 0


def orders(shop, legacy) -> list:
    """The empty one, one of the largest values, one of the least, and one of each special case."""
    full = shop.Order(
        a_int32=2**31 - 1,
        a_int64=2**63 - 1,
        a_uint32=2**32 - 1,
        a_uint64=2**64 - 1,
        a_sint32=2**31 - 1,
        a_sint64=2**63 - 1,
        a_fixed32=2**32 - 1,
        a_fixed64=2**64 - 1,
        a_sfixed32=2**31 - 1,
        a_sfixed64=2**63 - 1,
        a_float=1.5,
        a_double=math.pi,
        a_bool=True,
        a_string="grüße 日本",
        a_bytes=b"\x00\xff",
        color=shop.BLUE,
        maybe=0,
        item=shop.Item(name="tea", price=-1, tags=["a", ""], size=shop.Item.Size(height=2.5, width=0)),
        numbers=[0, -1, 300],
        unpacked=[0, -1, 2**62],
        words=["", "x"],
        items=[shop.Item(), shop.Item(name="pot", size=shop.Item.Size())],
        colors=[shop.RED, shop.COLOR_UNKNOWN],
        counts={"a": 1},
        by_number={7: shop.Item(name="seven")},
        middle=0,
        part=legacy.Part(number=0, note="", text="", grade=legacy.BAD, marks=[legacy.GOOD, legacy.BAD], plain=[1, 2]),
        doubles=[math.inf, -0.0],
    )
    full.at.FromDatetime(datetime.datetime(1969, 12, 31, 23, 59, 59, 250000))
    full.took.seconds, full.took.nanos = -1, -500_000_000
    full.wrapped.value = 0
    full.wrapped_text.value = "text"
    least = shop.Order(
        a_int32=-(2**31),
        a_int64=-(2**63),
        a_sint32=-(2**31),
        a_sint64=-(2**63),
        a_sfixed32=-(2**31),
        a_sfixed64=-(2**63),
        a_float=-math.inf,
        a_double=5e-324,
        color=42,
        left="l",
        part=legacy.Part(number=-1),
    )
    right = shop.Order(right=shop.Item(price=9))
    return [shop.Order(), full, least, right]


def main() -> None:
    run_protoc("--include_imports", f"--descriptor_set_out={HERE / 'shop.desc'}", "shop.proto")
    with tempfile.TemporaryDirectory() as folder:
        run_protoc(f"--python_out={folder}", "shop.proto", "legacy.proto")
        sys.path.insert(0, folder)
        import legacy_pb2
        import shop_pb2
    stream = io.BytesIO()
    for order in orders(shop_pb2, legacy_pb2):
        serialize_length_prefixed(order, stream)
    (HERE / "orders.protobuf").write_bytes(stream.getvalue())
    stream = io.BytesIO()
    newer = shop_pb2.NewerOrder(a_int32=1, a_string="s", news="n", more_news=2, still_more=3, number=-4, item=shop_pb2.Item(name="i"))
    serialize_length_prefixed(newer, stream)
    (HERE / "newer_orders.protobuf").write_bytes(stream.getvalue())


if __name__ == "__main__":
    main()
