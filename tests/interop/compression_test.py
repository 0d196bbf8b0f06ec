"""Compressed files, written by others and read by velo, and the other way round: the codecs' own libraries in Python,
and the programs of the system where they are installed."""

import bz2
import gzip
import io
import shutil
import subprocess
import unittest

import cramjam
import lz4.frame
import pyarrow.csv
import pyarrow.parquet
import zstandard
from program import VELO, ProgramTest


def all_lz4_frames(content):
    """lz4.frame.decompress() reads the first one alone."""
    read = b""
    while content:
        one = lz4.frame.LZ4FrameDecompressor()
        read += one.decompress(content)
        content = one.unused_data
    return read


def lz4_frames(content, **options):
    return lz4.frame.compress(content, **options)


def zstd_frames(content, **options):
    return zstandard.ZstdCompressor(**options).compress(content)


def zstd_content(frames):
    return zstandard.ZstdDecompressor().stream_reader(io.BytesIO(frames), read_across_frames=True).read()


# By name: extensions, of which the first is written; how others write it, in several ways; how they read it; a program.
CODECS = {
    "gzip": (
        ("gz", "gzip"),
        [gzip.compress, lambda content: gzip.compress(content, compresslevel=1)],
        gzip.decompress,
        "gzip",
    ),
    "zstd": (
        ("zst", "zstd"),
        [
            zstd_frames,
            lambda content: zstd_frames(content, level=19, write_checksum=True),
            lambda content: zstd_frames(content, write_content_size=False),
        ],
        zstd_content,
        "zstd",
    ),
    "snappy": (
        ("sz", "snappy"),
        [lambda content: bytes(cramjam.snappy.compress(content))],
        lambda frames: bytes(cramjam.snappy.decompress(frames)),
        None,
    ),
    "lz4": (
        ("lz4",),
        [
            lz4_frames,
            lambda content: lz4_frames(content, block_linked=False, content_checksum=True, block_checksum=True),
            lambda content: lz4_frames(content, compression_level=9, store_size=False, block_size=lz4.frame.BLOCKSIZE_MAX4MB),
        ],
        all_lz4_frames,
        "lz4",
    ),
    "bzip2": (
        ("bz2", "bzip2"),
        [bz2.compress, lambda content: bz2.compress(content, compresslevel=1)],
        bz2.decompress,
        "bzip2",
    ),
}
CONTENT = b"id,name\n" + b"".join(b"%d,name %d\n" % (i, i * 7919 % 1000) for i in range(200_000))
ROWS = 200_000


class CompressionTest(ProgramTest):
    def rows_of(self, *source, **more):
        self.done("copy", *source, "out.parquet", **more)
        return pyarrow.parquet.read_table(self.folder / "out.parquet")

    def check_rows(self, *source, **more):
        expected = pyarrow.csv.read_csv(io.BytesIO(CONTENT))
        self.assertTrue(self.rows_of(*source, **more).equals(expected), source)

    def test_reads_what_others_wrote(self):
        half = len(CONTENT) // 2
        for name, (extensions, ways, *_) in CODECS.items():
            for number, compress in enumerate(ways):
                with self.subTest(name, way=number):
                    several = compress(CONTENT[:half]) + compress(b"") + compress(CONTENT[half:])
                    self.write(f"in.csv.{extensions[0]}", compress(CONTENT))
                    self.check_rows(f"in.csv.{extensions[0]}")
                    self.write(f"in.csv.{extensions[-1]}", several)
                    self.check_rows(f"in.csv.{extensions[-1]}")
                    self.write("said", several)
                    self.check_rows(f"said?format=csv&compression={name}")
                    with open(self.folder / "said", "rb") as stdin:
                        process = subprocess.run(
                            [VELO, "copy", "-", "out.parquet"], cwd=self.folder, stdin=stdin, capture_output=True, timeout=120
                        )
                    self.assertEqual(process.returncode, 0, process.stderr)

    def test_is_read_by_others(self):
        self.write("in.csv", CONTENT)
        for name, (extensions, _, decompress, program) in CODECS.items():
            with self.subTest(name):
                self.done("copy", "in.csv", f"out.csv.{extensions[0]}")
                written = self.folder / f"out.csv.{extensions[0]}"
                self.assertEqual(decompress(written.read_bytes()), CONTENT)
                if program and shutil.which(program):
                    read = subprocess.run([program, "-dc", written], capture_output=True, timeout=60)
                    self.assertEqual((read.returncode, read.stdout), (0, CONTENT), read.stderr)
                self.check_rows(written)
                piped = subprocess.run(
                    [VELO, "copy", "in.csv", f"-?format=csv&compression={name}"], cwd=self.folder, capture_output=True, timeout=120
                )
                self.assertEqual(decompress(piped.stdout), CONTENT, piped.stderr)
                self.done("copy", "in.csv", f"{name}/?format=csv&compression={name}")
                (part,) = (self.folder / name).glob(f"part-*.csv.{extensions[0]}")
                self.assertEqual(decompress(part.read_bytes()), CONTENT)

    def test_reads_what_the_programs_wrote(self):
        plain = self.write("in.csv", CONTENT)
        for name, (extensions, _, _, program) in CODECS.items():
            if not program or not shutil.which(program):
                continue
            with self.subTest(name):
                for level in ("-1", "-9"):
                    written = subprocess.run([program, level, "-c", plain], capture_output=True, timeout=60, check=True).stdout
                    self.write(f"made.csv.{extensions[0]}", written)
                    self.check_rows(f"made.csv.{extensions[0]}")

    def test_levels(self):
        self.write("in.csv", CONTENT)
        for name, least, most in (("gzip", 1, 9), ("zstd", 1, 19), ("bzip2", 1, 9), ("lz4", 1, 12)):
            extension = CODECS[name][0][0]
            for level in (least, most):
                self.done("copy", "in.csv", f"{level}.csv.{extension}?compression_level={level}")
            small, large = ((self.folder / f"{level}.csv.{extension}").stat().st_size for level in (most, least))
            self.assertLess(small, large, name)
        self.refused(
            ["copy", "in.csv", "out.csv.gz?compression_level=10"],
            "velo: out.csv.gz: compression_level=10 is not one of gzip's: 1 to 9",
        )
        self.refused(
            ["copy", "in.csv", "out.csv?compression_level=3"], "velo: out.csv: compression_level=3: none has no levels"
        )

    def test_names_what_is_not_so(self):
        self.write("zstd.csv.gz", zstd_frames(CONTENT))
        self.refused(
            ["copy", "zstd.csv.gz", "out.csv"], "velo: zstd.csv.gz: its first bytes are not gzip's but zstd's; compression=zstd reads it"
        )
        self.write("lz4.csv", lz4_frames(CONTENT))
        self.refused(
            ["copy", "lz4.csv", "out.csv"],
            "velo: lz4.csv: its first bytes are lz4's, which its name does not tell; compression=lz4 reads it",
        )
        self.write("more.csv.gz", gzip.compress(CONTENT, mtime=0) + b"more")
        self.assertIn("and what follows is not gzip", self.velo("copy", "more.csv.gz", "out.csv").stderr)
        self.write("padded.csv.gz", gzip.compress(CONTENT) + bytes(1000))
        self.check_rows("padded.csv.gz")
        self.write("empty.csv.zst", b"")
        self.assertIn("it is empty", self.velo("copy", "empty.csv.zst", "out.csv").stderr)

    # 2 GiB of zeros and of rows that are all alike, in some hundred KB.
    def test_bombs(self):
        frame = zstd_frames(bytes(64 << 20))
        self.write("zeros.csv.zst", frame * 32)
        process = self.velo("copy", "zeros.csv.zst", "out.parquet")
        self.assertIn("max_record_bytes= reads larger ones", process.stderr)
        frame = zstd_frames(b"0,0\n" * (16 << 20))
        self.write("rows.csv.zst", zstd_frames(b"a,b\n") + frame * 32)
        process = self.velo("copy", "rows.csv.zst", "null:")
        self.assertRegex(process.stderr, r"rows\.csv\.zst: \d+ compressed bytes expand to more than \d+, above max_ratio=1000; ")
        self.assertEqual(process.returncode, 2)


if __name__ == "__main__":
    unittest.main()
