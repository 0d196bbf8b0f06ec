#!/usr/bin/env python3
"""privatize_arrow.py OUT [--pyarrow DIR] [--patchelf FILE] [LIB…]

Copies the Arrow and Parquet libraries of the pyarrow wheel into OUT and makes the copies private
(docs/adr/0002-arrow-in-the-process.md), so that they never meet another Arrow, nor the system's
OpenSSL, simdjson, protobuf or Thrift, in one process:

* each gets a file name and SONAME of its own, libvelo_arrow.so.N;
* namespaces arrow, arrow_vendored and parquet become velo_arrow, velo_arrow_vendored, velo_parquet in every symbol, as
  code sees them that is compiled with -Darrow=velo_arrow and so on;
* every symbol that they export and do not own becomes velo_NAME;
* the name inside each exported std::type_info follows, since dynamic_cast and catch compare these.

Needs nm and c++filt (binutils) and patchelf. Says nothing; does nothing when OUT is already made from the same files."""
import argparse
import hashlib
import pathlib
import re
import shutil
import struct
import subprocess
import sys

LIBS = ["arrow", "arrow_compute", "arrow_acero", "arrow_dataset", "arrow_s3", "parquet"]
PREFIX = "velo_"
# Itanium-mangled names hold each namespace as its length and its name.
OWN = re.compile(r"(?<!\d)(?:5(arrow)|14(arrow_vendored)|7(parquet))")
FOREIGN = re.compile(r"(?<!\d)(?:8simdjson|19simdjson_fast_float|6google8protobuf|3re2|4absl|13opentelemetry|6apache6thrift|22arrow_vendored_private)")
# Found by name at run time (arrow::fs::LoadFileSystemFactories), or the compiler's own.
KEPT_C = ("arrow_filesystem_get_registry", "__cxa_", "_init", "_fini", "_edata", "_end", "__bss_start")
# What a copy may export, once demangled: qualified names begin with these.
MAY_STAY = re.compile(r"(?<![\w:])(?!(?:std|__gnu_cxx|velo_arrow|velo_arrow_vendored|velo_parquet|__cxxabiv1)::)[A-Za-z_]\w*::")


def exports(lib: pathlib.Path) -> set[str]:
    out = subprocess.run(["nm", "-D", "--defined-only", str(lib)], check=True, capture_output=True, text=True).stdout
    return {line.split()[-1].split("@")[0] for line in out.splitlines()}


def private_name(name: str) -> str:
    """The name that a symbol of the wheel has in the copies."""
    if not name.startswith("_Z"):
        return name if name.startswith(KEPT_C) else PREFIX + name
    if FOREIGN.search(name):
        return PREFIX + name
    return OWN.sub(lambda match: f"{len(PREFIX + match[match.lastindex])}{PREFIX}{match[match.lastindex]}", name)


def public_names(lib: pathlib.Path) -> list[str]:
    """What a copy still exports under a name that others may have."""
    names = sorted(name for name in exports(lib) if not name.startswith((PREFIX, *KEPT_C)))
    text = subprocess.run(["c++filt"], input="\n".join(names), check=True, capture_output=True, text=True).stdout
    first = [re.split(r"[(<]", re.sub(r"^(?:[a-z]+(?: name| variable)? for )", "", line))[0] for line in text.splitlines()]
    return [name for name, start in zip(names, first) if not name.startswith("_Z") or MAY_STAY.search(start)]


def rename_types(lib: pathlib.Path) -> None:
    """Let each exported type name, _ZTS…, be the text that its symbol's own name ends in."""
    elf = bytearray(lib.read_bytes())
    first, size, count = struct.unpack_from("<Q", elf, 40)[0], *struct.unpack_from("<HH", elf, 58)
    # Of a section: name, type, flags, address, offset, size, link.
    sections = [struct.unpack_from("<IIQQQQI", elf, first + i * size) for i in range(count)]
    symbols = next(section for section in sections if section[1] == 11)  # SHT_DYNSYM
    names = sections[symbols[6]]
    for at in range(symbols[4], symbols[4] + symbols[5], 24):
        name, _, _, section = struct.unpack_from("<IBBH", elf, at)
        start = names[4] + name
        if section and elf.startswith(b"_ZTS", start):
            length = elf.index(b"\0", start) - start
            struct.pack_into("<HQQ", elf, at + 6, symbols[6], names[3] + name + 4, length - 3)
    lib.write_bytes(elf)


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
    renamed = {src.name: src.name.replace("lib", "lib" + PREFIX, 1) for src in sources}
    key = hashlib.sha256(pathlib.Path(__file__).read_bytes())
    for src in sources:
        info = src.stat()
        key.update(f"{src} {info.st_size} {info.st_mtime_ns}\n".encode())
    stamp = opt.out / ".privatized"
    if stamp.exists() and stamp.read_text() == key.hexdigest() and all((opt.out / new).exists() for new in renamed.values()):
        return

    part = opt.out.with_name(opt.out.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    names = {name for src in sources for name in exports(src)}
    table = part / ".symbols"
    table.write_text("".join(f"{name} {new}\n" for name in sorted(names) if (new := private_name(name)) != name))
    needed = [word for old, new in renamed.items() for word in ("--replace-needed", old, new)]
    for src in sources:
        copy = part / renamed[src.name]
        shutil.copyfile(src, copy)
        copy.chmod(0o755)
        changes = ["--set-soname", copy.name, *needed, "--rename-dynamic-symbols", str(table)]
        subprocess.run([patchelf, *changes, str(copy)], check=True)
        rename_types(copy)
        if left := public_names(copy):
            sys.exit(f"privatize_arrow: {copy.name} still exports {len(left)} foreign names, such as {left[0]}")
    (part / ".privatized").write_text(key.hexdigest())
    shutil.rmtree(opt.out, ignore_errors=True)
    part.rename(opt.out)


main()
