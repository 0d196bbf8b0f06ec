"""A schema registry that speaks Confluent's protocol: Apicurio, its schemas in a file."""

import http.client
import tarfile

from packages import Failure, fetch_artifact, new_folder
from place import cache, pinned
from server import Server

API = "/apis/ccompat/v7"


class SchemaRegistry(Server):
    name = "schema_registry"
    variable = "VELO_TEST_SCHEMA_REGISTRY_URL"
    own_port = 8081
    default = False

    def cache_folder(self) -> str:
        return f"apicurio-{pinned()['APICURIO_VERSION']}"

    def fetch(self) -> None:
        with new_folder(self.cache_folder()) as folder:
            if folder:
                version, expected = pinned()["APICURIO_VERSION"], pinned()["APICURIO_SHA256"]
                artifact = f"io.apicurio:apicurio-registry-app:{version}:tar.gz:all"
                packed = fetch_artifact(artifact, expected, folder)
                with tarfile.open(packed) as files:
                    files.extractall(folder)
                packed.unlink()

    def command(self) -> list:
        (program,) = (cache() / self.cache_folder()).glob("apicurio-registry-app-*-runner.jar")
        settings = {
            "quarkus.http.host": "127.0.0.1",
            "quarkus.http.port": self.port,
            "quarkus.log.level": "WARN",
            "apicurio.storage.kind": "sql",
            "apicurio.storage.sql.kind": "h2",
            "apicurio.datasource.url": f"jdbc:h2:file:{self.data}/registry",
            # As Confluent's: one schema has one id, and is found however it is written.
            "apicurio.ccompat.legacy-id-mode.enabled": "false",
            "apicurio.ccompat.use-canonical-hash": "true",
        }
        return [
            *("java", "-Xmx384m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:-UsePerfData"),
            *(f"-D{name}={value}" for name, value in settings.items()),
            *("-Djava.util.logging.manager=org.jboss.logmanager.LogManager", "-jar", program),
        ]

    def ready(self) -> bool:
        return self.answers(f"{API}/subjects")

    def settle(self) -> None:
        """Have it refuse what Confluent's refuses from the start, where this one takes every schema."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        level, kind = '{"compatibility": "BACKWARD"}', {"Content-Type": "application/json"}
        connection.request("PUT", f"{API}/config", level, kind)
        if connection.getresponse().status != 200:
            raise Failure("schema_registry: the compatibility could not be set")
        connection.close()

    def variables(self) -> dict:
        return {self.variable: f"http://127.0.0.1:{self.port}{API}"}
