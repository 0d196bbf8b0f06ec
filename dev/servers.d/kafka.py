"""Kafka: one broker that is its own controller, from the jars that Kafka publishes."""

from packages import class_path, quietly
from place import RECIPES, pinned
from server import Server

# Small internal topics and no waiting for a second group member: tests make many short groups. A
# broker that was killed may come back as soon as its session has ended.
SETTINGS = """process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={data}
num.partitions=3
offsets.topic.num.partitions=5
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=5
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=2
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=3000
log.segment.bytes=268435456
log.cleaner.dedupe.buffer.size=16777216
num.network.threads=2
num.io.threads=4
"""
CLUSTER = "velostream-test-clustr"  # 22 characters of base 64, as every cluster's id


class Kafka(Server):
    name = "kafka"
    variable = "VELO_TEST_KAFKA_URI"
    own_port = 9092

    def jars(self) -> str:
        return class_path("kafka", pinned()["KAFKA_VERSION"], pinned()["KAFKA_JARS_SHA256"])

    def fetch(self) -> None:
        self.jars()

    def java(self, main: str, memory: str) -> list:
        # The quick compiler alone: the broker starts in half the time.
        quick = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:-UsePerfData", "-Djava.net.preferIPv4Stack=true"]
        log = f"-Dlog4j2.configurationFile=file:{RECIPES / 'kafka/log4j2.properties'}"
        return ["java", memory, *quick, log, "-cp", self.jars(), main]

    def command(self) -> list:
        settings = self.folder / "server.properties"
        controller = self.place.port(9093)
        settings.write_text(SETTINGS.format(port=self.port, controller=controller, data=self.data))
        if not (self.data / "meta.properties").exists():
            storage_tool = self.java("kafka.tools.StorageTool", "-Xmx128m")
            quietly([*storage_tool, "format", "--cluster-id", CLUSTER, "--config", settings])
        return [*self.java("kafka.Kafka", "-Xmx768m"), settings]

    def ready(self) -> bool:
        return self.listens() and "Kafka Server started" in self.daemon.log.read_text(errors="replace")

    def variables(self) -> dict:
        return {self.variable: f"kafka://127.0.0.1:{self.port}"}
