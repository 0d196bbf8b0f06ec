"""clickhouse_local.py LIBRARY ENTRY ARGUMENT…: run the `clickhouse local` program inside a library.

The library is stripped and exports no way in, so ENTRY, in hexadecimal, is where the program's
main function (int, char**) begins in it; dev/servers.d/clickhouse_entry.py finds it."""

import ctypes
import os
import pathlib
import signal
import sys


def loaded_at(library: str) -> int:
    """The address of the first byte of a library that this process has loaded."""
    for line in pathlib.Path("/proc/self/maps").read_text().splitlines():
        addresses, _, offset, *_ = line.split()
        if line.endswith(library) and int(offset, 16) == 0:
            return int(addresses.split("-")[0], 16)
    raise RuntimeError(f"{library} is not loaded")


def main() -> None:
    library, entry, *arguments = sys.argv[1:]
    # A client that goes away must not end the server.
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    # Its symbols must not meet those of Python's own libraries.
    ctypes.CDLL(library, mode=ctypes.RTLD_GLOBAL | os.RTLD_DEEPBIND)
    begin = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.POINTER(ctypes.c_char_p))
    texts = [b"clickhouse-local", *map(os.fsencode, arguments)]
    sys.exit(begin(loaded_at(library) + int(entry, 16))(len(texts), (ctypes.c_char_p * (len(texts) + 1))(*texts, None)))


main()
