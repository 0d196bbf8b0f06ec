#!/usr/bin/env python3
"""Check that includes follow the layers: cli -> sql -> engine -> formats, storage -> columnar, http -> base;
connectors -> fileset -> formats, storage.

Every folder may include include/velo/*.h and itself; ALLOWED says what else. Connectors include
neither each other nor the engine; foreign headers stay where FOREIGN says."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LOWEST = {"base"}
MIDDLE = LOWEST | {"columnar"}
ALLOWED = {
    "base": set(),
    "columnar": LOWEST,
    "http": LOWEST,
    "storage": MIDDLE | {"http"},
    "formats": MIDDLE,
    "fileset": MIDDLE | {"storage", "formats"},
    "engine": MIDDLE | {"storage", "formats"},
    "verification": MIDDLE,
    "connectors": MIDDLE | {"http", "storage", "formats", "fileset"},
    "sql": MIDDLE | {"storage", "formats", "engine"},
    "builtins.cc": None,  # names every connector
    "testing": None,
}
# A header that only this folder, or these, may see.
FOREIGN = {
    "duckdb.h": "src/velo/sql/",
    "nlohmann/": (
        "src/cli/",
        "src/velo/sql/",
        "src/velo/storage/",
        "src/velo/formats/avro/",
        "src/velo/connectors/iceberg/",
        "src/velo/connectors/kafka/",
        "src/cli/",
    ),
    "simdjson.h": "src/velo/formats/json/",
    "parquet/": "src/velo/formats/parquet/",
    "arrow/csv/": "src/velo/formats/csv/",
    "arrow/ipc/": "src/velo/formats/ipc/",
    "arrow/adapters/orc/": "src/velo/formats/orc/",
    "curl/": "src/velo/http/",
    "CLI/": "src/cli/",
    "civetweb.h": "src/cli/",
    "libpq-fe.h": "src/velo/connectors/postgresql/",
    "librdkafka/": "src/velo/connectors/kafka/",
    "sqlite3.h": "src/velo/connectors/iceberg/",
    "openssl/": "src/velo/base/",
}
# What ships with no program may include what helps tests.
TEST = re.compile(r"_(test|fuzz)\.cc$|_for_test\.h$")
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')


def folder_of(path: str) -> str:
    """The part of src/velo that a path below it belongs to; a connector is a part of its own."""
    parts = path.split("/")
    return "/".join(parts[:2]) if parts[0] == "connectors" and len(parts) > 2 else parts[0]


def problems_of(file: pathlib.Path):
    relative = file.relative_to(ROOT).as_posix()
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        name = match.group(2)
        where = f"{relative}:{number}"
        for foreign, home in FOREIGN.items():
            if name.startswith(foreign) and not relative.startswith(home):
                yield f"{where}: {name} belongs below {home}"
        if relative.startswith("include/velo/"):
            if name.startswith("velo/") and not (ROOT / "include" / name).exists():
                yield f"{where}: a public header includes {name}, which is not public"
            continue
        if not name.startswith("velo/") or (ROOT / "include" / name).exists():
            continue
        if relative.startswith("src/cli/"):
            yield f"{where}: the program sees the public headers only, not {name}"
            continue
        if not relative.startswith("src/velo/"):
            continue
        own = folder_of(relative.removeprefix("src/velo/"))
        target = folder_of(name.removeprefix("velo/"))
        allowed = ALLOWED[own.split("/")[0]]
        if target == "testing" and TEST.search(relative):
            continue
        if target == own or allowed is None or target.split("/")[0] in allowed:
            continue
        yield f"{where}: {own} may not include {target} ({name})"


def main() -> int:
    files = [f for top in ("include", "src") for f in sorted((ROOT / top).rglob("*")) if f.suffix in (".h", ".cc")]
    problems = [problem for file in files for problem in problems_of(file)]
    print("\n".join(problems) if problems else f"layers: {len(files)} files, all arrows point down", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
