"""ClickHouse: the `clickhouse local` program inside the chdb-core wheel, with its own HTTP and
native listeners. No other package of a registry holds a server of these years."""

import sys

from packages import new_folder, unpack_wheel
from place import RECIPES, cache, pinned
from server import PASSWORD, USER, Server

# It listens for as long as it has a query to run: this one never ends.
FOREVER = """SYSTEM START LISTEN HTTP; SYSTEM START LISTEN TCP;
SELECT sleepEachRow(3) FROM system.numbers FORMAT Null
SETTINGS max_block_size = 1, max_threads = 1, max_execution_time = 0"""
CONFIGURATION = """<clickhouse>
  <logger><level>warning</level><console>1</console></logger>
  <users_config>{folder}/users.xml</users_config>
  <mark_cache_size>134217728</mark_cache_size>
</clickhouse>
"""
# `default` is who a client is that names no user.
USERS = """<clickhouse>
  <profiles><default/></profiles>
  <quotas><default/></quotas>
  <users>
    <default><password/><networks><ip>127.0.0.1</ip></networks></default>
    <{user}><password>{password}</password><networks><ip>127.0.0.1</ip></networks></{user}>
  </users>
</clickhouse>
"""


class Clickhouse(Server):
    name = "clickhouse"
    variable = "VELO_TEST_CLICKHOUSE_URI"
    own_port = 8123

    def __init__(self, place):
        super().__init__(place)
        self.native_port = place.port(9000)

    def library_folder(self) -> str:
        return f"chdb-core-{pinned()['CHDB_CORE_VERSION']}"

    def fetch(self) -> None:
        with new_folder(self.library_folder()) as folder:
            if folder:
                version, expected = pinned()["CHDB_CORE_VERSION"], pinned()["CHDB_CORE_SHA256"]
                unpack_wheel("chdb-core", version, expected, ".so", folder)

    def command(self) -> list:
        (self.folder / "config.xml").write_text(CONFIGURATION.format(folder=self.folder))
        (self.folder / "users.xml").write_text(USERS.format(user=USER, password=PASSWORD))
        library = cache() / self.library_folder() / "chdb/_chdb.abi3.so"
        return [
            *(sys.executable, "-B", RECIPES / "clickhouse_local.py", library, pinned()["CHDB_CORE_ENTRY"]),
            *("--config-file", self.folder / "config.xml", "--path", self.data, "--listen_host", "127.0.0.1"),
            *("--http_port", self.port, "--tcp_port", self.native_port, "--query", FOREVER),
        ]

    def ready(self) -> bool:
        return self.answers("/ping") and self.listens(self.native_port)

    def variables(self) -> dict:
        address = f"clickhouse://{USER}:{PASSWORD}@127.0.0.1"
        return {
            self.variable: f"{address}:{self.port}/default",
            "VELO_TEST_CLICKHOUSE_NATIVE_URI": f"{address}:{self.native_port}/default",
        }
