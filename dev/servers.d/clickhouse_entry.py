"""clickhouse_entry.py LIBRARY: print where `clickhouse local` begins in a stripped chdb library.

That is CHDB_CORE_ENTRY in dev/versions.env. The program's main function is the one that makes a
DB::LocalServer; what survives of it is the class's name, from which the way leads on: name, type
information, table of virtual functions, the one function that loads that table's address."""

import bisect
import mmap
import re
import struct
import sys

CLASS_NAME = b"N2DB11LocalServerE\0"
# lea register, [rip + offset]: three bytes, then the offset from the next instruction.
LOAD_ADDRESS = re.compile(rb"[\x48\x4c]\x8d[\x05\x0d\x15\x1d\x25\x2d\x35\x3d]", re.DOTALL)


class Library:
    """The sections of an ELF file, 64 bits, little-endian."""

    def __init__(self, path: str):
        with open(path, "rb") as file:
            self.bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        (table,) = struct.unpack_from("<Q", self.bytes, 0x28)
        size, count, names = struct.unpack_from("<HHH", self.bytes, 0x3A)
        headers = [struct.unpack_from("<IIQQQQ", self.bytes, table + number * size) for number in range(count)]
        self.sections = {}  # name: (address, offset in the file, size)
        for name, _, _, address, offset, length in headers:
            begin = headers[names][4] + name
            self.sections[self.bytes[begin : self.bytes.find(b"\0", begin)].decode()] = (address, offset, length)

    def content(self, name: str) -> memoryview:
        _, offset, size = self.sections[name]
        return memoryview(self.bytes)[offset : offset + size]

    def address_of(self, position: int) -> int:
        """The address of a byte of the file."""
        for address, offset, size in self.sections.values():
            if address and offset <= position < offset + size:
                return address + position - offset
        raise LookupError(f"byte {position} of the file is in no section")

    def pointers_to(self, target: int) -> list:
        """Where the loader writes this address."""
        return [place for place, _, value in struct.iter_unpack("<QQq", self.content(".rela.dyn")) if value == target]

    def code_that_loads(self, target: int):
        begin = self.sections[".text"][0]
        code = self.content(".text")
        for match in LOAD_ADDRESS.finditer(code):
            (offset,) = struct.unpack_from("<i", code, match.end())
            if begin + match.end() + 4 + offset == target:
                yield begin + match.start()

    def function_around(self, address: int) -> int:
        """Where the function begins that has this address, by the sorted table for unwinding."""
        base = self.sections[".eh_frame_hdr"][0]
        header = self.content(".eh_frame_hdr")
        (count,) = struct.unpack_from("<I", header, 8)
        starts = [base + start for start, _ in struct.iter_unpack("<ii", header[12 : 12 + 8 * count])]
        return starts[bisect.bisect_right(starts, address) - 1]


def main() -> None:
    library = Library(sys.argv[1])
    name = library.address_of(library.bytes.find(CLASS_NAME))
    type_information = library.pointers_to(name)[0] - 8
    virtual_functions = min(library.pointers_to(type_information)) - 8
    functions = {library.function_around(place) for place in library.code_that_loads(virtual_functions)}
    print(*map(hex, sorted(functions)))


main()
