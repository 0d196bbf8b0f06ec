"""Iceberg's REST catalog: the one of Iceberg's own tests, its tables in our S3, its state in SQLite."""

import s3
from packages import class_path
from place import RECIPES, Place, pinned
from server import Server


class Iceberg(Server):
    name = "iceberg"
    variable = "VELO_TEST_ICEBERG_URI"
    own_port = 8181
    needs = ("s3",)

    def __init__(self, place: Place):
        super().__init__(place)
        self.store = s3.S3(place)

    def jars(self) -> str:
        return class_path("iceberg", pinned()["ICEBERG_VERSION"], pinned()["ICEBERG_JARS_SHA256"])

    def fetch(self) -> None:
        self.jars()

    def command(self) -> list:
        properties = {
            "port": self.port,
            "database": f"jdbc:sqlite:{self.data}/catalog.db?journal_mode=WAL&busy_timeout=10000",
            "warehouse": f"s3://{s3.BUCKET}/warehouse",
            "endpoint": self.store.endpoint(),
            "access_key_id": s3.ACCESS_KEY_ID,
            "secret_access_key": s3.SECRET_ACCESS_KEY,
            "region": s3.REGION,
        }
        quick = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:-UsePerfData", "-Djava.net.preferIPv4Stack=true"]
        return [
            *("java", "-Xmx512m", *quick, "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"),
            *("-cp", self.jars(), "org.eclipse.jetty.xml.XmlConfiguration"),
            *(f"{name}={value}" for name, value in properties.items()),
            RECIPES / "iceberg/jetty.xml",
        ]

    def ready(self) -> bool:
        return self.answers("/v1/config")

    def variables(self) -> dict:
        return {
            self.variable: f"iceberg://velo?catalog_uri=http://127.0.0.1:{self.port}",
            # Where its tables are, also when the user gives another S3 to the tests of S3.
            "VELO_TEST_ICEBERG_STORE_URI": self.store.variables()[self.store.variable],
        }
