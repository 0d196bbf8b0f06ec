#!/usr/bin/env python3
"""privatize_arrow.py OUT [--pyarrow DIR] [--patchelf FILE] [LIB…]

Copies the Arrow and Parquet libraries of the pyarrow wheel into OUT and gives every symbol that they export but do
not own (OpenSSL, simdjson, protobuf, RE2, utf8proc, Abseil, OpenTelemetry) a private name, velo_NAME, in all of them alike,
so that the system's OpenSSL, a private simdjson or the system's protobuf can be linked into the same process.
Needs nm (binutils) and patchelf. Says nothing; does nothing when OUT is already made from the same files."""
import argparse
import hashlib
import pathlib
import re
import shutil
import subprocess
import sys

LIBS = ["arrow", "arrow_compute", "arrow_acero", "arrow_dataset", "arrow_s3", "parquet"]
PREFIX = "velo_"
# Itanium-mangled names hold each namespace as its length and its name.
FOREIGN = re.compile(r"(?<!\d)(?:8simdjson|15simdjson_fast_float|6google8protobuf|3re2|4absl|13opentelemetry)")
OWN_C = ("arrow_", "parquet_", "__cxa_", "_init", "_fini", "_edata", "_end", "__bss_start")


def exports(lib: pathlib.Path) -> set[str]:
    out = subprocess.run(["nm", "-D", "--defined-only", str(lib)], check=True, capture_output=True, text=True).stdout
    return {line.split()[-1].split("@")[0] for line in out.splitlines()}


def is_foreign(name: str) -> bool:
    if name.startswith("_Z"):
        return FOREIGN.search(name) is not None
    return not name.startswith((*OWN_C, PREFIX))


def main() -> None:
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("out", type=pathlib.Path)
    args.add_argument("libs", nargs="*", default=LIBS)
    args.add_argument("--pyarrow", type=pathlib.Path)
    args.add_argument("--patchelf")
    opt = args.parse_args()
    if opt.pyarrow is None:
        import importlib.util

        spec = importlib.util.find_spec("pyarrow")
        if spec is None or spec.origin is None:
            sys.exit("privatize_arrow: no pyarrow in this Python; pass --pyarrow DIR")
        opt.pyarrow = pathlib.Path(spec.origin).parent
    beside = pathlib.Path(sys.executable).parent / "patchelf"
    patchelf = opt.patchelf or (str(beside) if beside.exists() else "patchelf")

    sources = []
    for lib in opt.libs:
        found = sorted(opt.pyarrow.glob(f"lib{lib}.so.[0-9]*"))
        if not found:
            sys.exit(f"privatize_arrow: no lib{lib}.so.N in {opt.pyarrow}")
        sources.append(found[0])
    key = hashlib.sha256(pathlib.Path(__file__).read_bytes())
    for src in sources:
        info = src.stat()
        key.update(f"{src} {info.st_size} {info.st_mtime_ns}\n".encode())
    stamp = opt.out / ".privatized"
    if stamp.exists() and stamp.read_text() == key.hexdigest() and all((opt.out / s.name).exists() for s in sources):
        return

    part = opt.out.with_name(opt.out.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    foreign = {name for src in sources for name in exports(src) if is_foreign(name)}
    table = part / ".symbols"
    table.write_text("".join(f"{name} {PREFIX}{name}\n" for name in sorted(foreign)))
    for src in sources:
        copy = part / src.name
        shutil.copyfile(src, copy)
        copy.chmod(0o755)
        subprocess.run([patchelf, "--rename-dynamic-symbols", str(table), str(copy)], check=True)
        left = {name for name in exports(copy) if is_foreign(name)}
        if left:
            sys.exit(f"privatize_arrow: {copy.name} still exports {len(left)} foreign names, such as {min(left)}")
        (part / src.name.rsplit(".so", 1)[0]).with_suffix(".so").symlink_to(src.name)  # libarrow.so -> libarrow.so.2600
    (part / ".privatized").write_text(key.hexdigest())
    shutil.rmtree(opt.out, ignore_errors=True)
    part.rename(opt.out)


main()
