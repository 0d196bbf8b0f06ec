"""What libvelo shows to others, and what it asks of them."""

import os
import re
import subprocess
import unittest

LIBVELO = os.environ["LIBVELO"]


def symbols(*options):
    text = subprocess.run(["nm", "-D", *options, LIBVELO], capture_output=True, text=True, check=True).stdout
    names = [line.split()[-1].split("@")[0] for line in text.splitlines()]
    text = subprocess.run(["c++filt"], input="\n".join(names), capture_output=True, text=True, check=True).stdout
    return text.splitlines()


class Exports(unittest.TestCase):
    def test_only_namespace_velo_and_the_c_interface(self):
        own = re.compile(r"((typeinfo|typeinfo name|vtable|VTT|guard variable|[a-z-]+ thunk) (for|to) )?velo::|velo_[a-z_]+$")
        foreign = [name for name in symbols("--defined-only") if not own.match(name)]
        self.assertEqual(foreign, [])

    def test_the_c_interface_is_whole(self):
        with open(os.environ["VELO_SOURCE_DIR"] + "/include/velo/velo.h", encoding="utf-8") as header:
            declared = set(re.findall(r"^(?:int|void|const char\*|velo_stop\*) (velo_\w+)\(", header.read(), re.MULTILINE))
        exported = {name for name in symbols("--defined-only") if re.fullmatch(r"velo_\w+", name)}
        self.assertEqual(exported, declared)

    def test_its_arrow_is_private(self):
        shared = [name for name in symbols("--undefined-only") if re.search(r"(?<![\w:])(arrow|parquet)::", name)]
        self.assertEqual(shared, [])


if __name__ == "__main__":
    unittest.main()
