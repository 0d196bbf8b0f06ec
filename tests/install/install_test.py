"""`cmake --install` gives a tree that works wherever it is moved: the program, and for outside
projects the library, by find_package and by pkg-config."""

import os
import pathlib
import re
import shlex
import shutil
import subprocess
import tempfile
import unittest

import pyarrow.csv

SOURCE = pathlib.Path(os.environ["VELO_SOURCE_DIR"])
BUILD = pathlib.Path(os.environ["VELO_BUILD_DIR"])
ROWS = "id,name\n" + "".join(f"{i},n{i}\n" for i in range(1000))
# What the tree takes from the system; all else comes along.
SYSTEM = re.compile(r"(linux-vdso|ld-linux|lib(c|m|dl|rt|pthread|stdc\+\+|gcc_s))[-.].*")


def run(*command, **more):
    process = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, timeout=300, check=False, **more
    )
    if process.returncode != 0:
        raise AssertionError(f"{command} answered {process.returncode}\n{process.stdout}{process.stderr}")
    return process.stdout


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="velo-install-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        run("cmake", "--install", BUILD, "--strip", "--prefix", cls.folder / "first")
        cls.tree = cls.folder / "moved" / "to here"
        cls.tree.parent.mkdir()
        (cls.folder / "first").rename(cls.tree)
        (cls.folder / "in.csv").write_text(ROWS)

    def check_copy(self, program, **more):
        run(program, "in.csv", "out.csv", cwd=self.folder, **more)
        read = pyarrow.csv.read_csv(self.folder / "out.csv")
        self.assertTrue(read.equals(pyarrow.csv.read_csv(self.folder / "in.csv")))

    def test_the_program_needs_no_environment(self):
        program = self.tree / "bin/velo"
        self.assertRegex(run(program, "--version", env={}), r"^velo \d")
        run(program, "copy", "in.csv", "rows.parquet", env={}, cwd=self.folder)
        run(program, "copy", "rows.parquet", "back.csv", env={}, cwd=self.folder)
        self.assertEqual((self.folder / "back.csv").read_text(), ROWS)

    def test_sql_finds_its_engine(self):
        sql = "SELECT count(*) AS n FROM file('in.csv') GROUP BY id % 2"
        log = self.folder / "loaded"
        environment = {"LD_DEBUG": "files", "LD_DEBUG_OUTPUT": str(log)}
        text = run(self.tree / "bin/velo", "run", "-e", sql, env=environment, cwd=self.folder)
        self.assertEqual(text.count("500"), 2)
        loaded = "".join(file.read_text() for file in self.folder.glob("loaded.*"))
        if (self.tree / "lib/libduckdb.so").exists():
            places = re.findall(r"calling init: (.*libduckdb\.so)", loaded)
            self.assertEqual([pathlib.Path(place).resolve() for place in places], [self.tree / "lib/libduckdb.so"])

    def test_libraries_come_from_the_tree(self):
        for file in [self.tree / "bin/velo", *(self.tree / "lib").glob("*.so*")]:
            for line in run("ldd", file, env={}).splitlines():
                name, _, place = line.strip().partition(" => ")
                if not SYSTEM.match(name.rsplit("/", 1)[-1]):
                    self.assertTrue(place.startswith(str(self.tree)), f"{file.name}: {line}")

    def test_nothing_names_where_it_was_built(self):
        # A path of its own, not a part of another's: a checkout may be in a folder named /src.
        place = re.compile(rb"(?<![\w./-])" + re.escape(str(SOURCE).encode()) + rb"/")
        ours = [self.tree / "bin/velo", *(self.tree / "lib").glob("libvelo.so.*"), *(self.tree / "include/velo").glob("*.h")]
        for file in [*ours, *self.tree.rglob("*.cmake"), *self.tree.rglob("*.pc")]:
            self.assertIsNone(place.search(file.read_bytes()), file)

    def test_headers_need_nothing_else(self):
        for header in (self.tree / "include/velo").glob("*.h"):
            for name in re.findall(r"#\s*include\s*[<\"]([^>\"]+)", header.read_text(encoding="utf-8")):
                self.assertRegex(name, r"^(velo/|arrow/|[a-z_]+$|std[a-z]+\.h$)", header.name)

    def test_find_package(self):
        build = self.folder / "build"
        run("cmake", "-G", "Ninja", "-S", SOURCE / "tests/install/outside", "-B", build, f"-DCMAKE_PREFIX_PATH={self.tree}",
            f"-DEXAMPLES={SOURCE / 'examples'}")  # fmt: skip
        run("cmake", "--build", build)
        self.check_copy(build / "copy_events")

    def compile_by_pkg_config(self, *command):
        environment = {**os.environ, "PKG_CONFIG_PATH": str(self.tree / "lib/pkgconfig")}
        flags = run("pkg-config", "--cflags", "--libs", "velo", env=environment)
        run(*command, *shlex.split(flags), f"-Wl,-rpath,{self.tree}/lib", "-o", self.folder / "program")

    def test_pkg_config(self):
        self.compile_by_pkg_config(os.environ["CXX"], "-std=c++20", SOURCE / "examples/copy_events.cpp")
        self.check_copy(self.folder / "program", env={})

    def test_pkg_config_in_c(self):
        self.compile_by_pkg_config(os.environ["CC"], "-std=c99", SOURCE / "examples/count_rows.c")
        rows = run(self.folder / "program", "in.csv", cwd=self.folder, env={})
        self.assertEqual(rows, "id l\nname u\n1000 rows\n")


if __name__ == "__main__":
    unittest.main()
