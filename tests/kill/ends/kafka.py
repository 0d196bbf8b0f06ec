"""Topics of Kafka, as the end that is read and as the end that is written, by confluent-kafka."""

import dataclasses
import functools
import json
import pathlib
import random
import struct
import time
from collections.abc import Iterable

from confluent_kafka import Consumer, KafkaError, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from ends.end import SETTLE_SECONDS, OnServer, Sink, Source
from rows import SCHEMA, Row, draw_rows, record_of, row_of

RECORD = "velo_checkpoint-"
PATIENCE_SECONDS = 30


@functools.cache
def client(kind: type, **settings: str) -> AdminClient | Consumer:
    return kind({"bootstrap.servers": OnKafka.address().netloc, "log_level": "2", **settings})


def topics() -> dict[str, list[int]]:
    """The partitions of each."""
    return {name: list(topic.partitions) for name, topic in client(AdminClient).list_topics(timeout=10).topics.items()}


def consume(topic: str, isolation: str = "read_committed") -> list[Message]:
    """All messages of a topic, partition by partition, up to the first open transaction where isolation is read_committed; none
    where it is not there."""
    settings = {"group.id": "velo_kill", "enable.partition.eof": "true", "fetch.wait.max.ms": "10",
                "allow.auto.create.topics": "false", "isolation.level": isolation}  # fmt: skip
    consumer = client(Consumer, **settings)
    left = set(topics().get(topic, ()))
    found: dict[int, list[Message]] = {partition: [] for partition in sorted(left)}
    consumer.assign([TopicPartition(topic, partition, 0) for partition in left])
    while left:
        messages = consumer.consume(10_000, 0.1)
        if not messages and topic not in topics():  # it is gone since, and nobody says so
            break
        for message in messages:
            if not message.error():
                found[message.partition()].append(message)
            elif message.error().code() == KafkaError._PARTITION_EOF:
                left.discard(message.partition())
            else:
                left.clear()
    consumer.unassign()
    return [message for messages in found.values() for message in messages]


def payload_of(row: Row) -> str:
    return json.dumps(record_of(row), ensure_ascii=False)


@dataclasses.dataclass(kw_only=True)
class OnKafka(OnServer):
    """The topic is the place."""

    server = "kafka"
    system_calls = ("sendmsg", "recvmsg", "poll", "connect")

    num_partitions: int

    @classmethod
    def rewritten(cls, data: bytes, port: int) -> bytes:
        """The broker tells its address, which is to be the proxy's."""
        address = cls.address()
        host = address.hostname.encode()
        return data.replace(host + struct.pack(">i", address.port), host + struct.pack(">i", port))

    def meet_again(self) -> None:
        client.cache_clear()

    @property
    def keeps_order(self) -> bool:
        return self.num_partitions == 1

    def settle(self) -> None:
        time.sleep(SETTLE_SECONDS)

    def make_topic(self) -> None:
        topic = NewTopic(self.place, self.num_partitions, 1)
        client(AdminClient).create_topics([topic])[self.place].result(PATIENCE_SECONDS)

    def remove_topics(self, names: list[str]) -> None:
        there = [name for name in names if name in topics()]
        for future in client(AdminClient).delete_topics(there).values() if there else ():
            future.result(PATIENCE_SECONDS)

    def put(self, producer: Producer, rows: list[Row], draw: random.Random) -> None:
        for payload in self.payloads(rows, draw):
            producer.produce(self.place, payload, partition=draw.randrange(self.num_partitions))
            producer.poll(0)
        producer.flush(PATIENCE_SECONDS)

    def payloads(self, rows: list[Row], draw: random.Random) -> Iterable[str | bytes]:
        return map(payload_of, rows)


@dataclasses.dataclass(kw_only=True)
class KafkaSource(OnKafka, Source):
    """A part is a range of ids. transactions: rows come in some, between others that are aborted."""

    breaks = {"Fetch": (rb"\x00\x01\x00[\x00-\x14].{4}\x00\x04velo", 5, False),
              "Metadata": (rb"\x00\x03\x00[\x00-\x14].{4}\x00\x04velo", 2, False),
              "ListOffsets": (rb"\x00\x02\x00[\x00-\x14].{4}\x00\x04velo", 2, False)}  # fmt: skip
    arguments = ("--once",)

    transactions: bool
    batch_size: int
    parts: list[str] = dataclasses.field(default_factory=list)
    num_rows: int = 0

    @classmethod
    def draw(cls, draw: random.Random) -> "KafkaSource":
        return cls(num_partitions=draw.choice((1, 3, 8)), transactions=draw.random() < 0.5,
                   batch_size=draw.choice((100, 1_000, 32_768)))  # fmt: skip

    @property
    def uri(self) -> str:
        return self.uri_of(f"/{self.place}", schema=SCHEMA, batch_size=str(self.batch_size))

    def make(self) -> None:
        self.make_topic()

    def remove(self) -> None:
        self.remove_topics([self.place])

    def add(self, folder: pathlib.Path, draw: random.Random) -> None:
        count = draw.choice((1, 500, 5_000, 20_000, 40_000))
        rows = self.finished(draw_rows(draw, self.num_rows, count), draw)
        if not self.transactions:
            self.put(Producer({"bootstrap.servers": self.address().netloc, "enable.idempotence": True}), rows, draw)
        else:
            producer = Producer({"bootstrap.servers": self.address().netloc, "transactional.id": self.place})
            producer.init_transactions(PATIENCE_SECONDS)
            size = draw.choice((500, 5_000, 50_000))
            for begin in range(0, count, size):
                producer.begin_transaction()
                self.put(producer, draw_rows(draw, 10**9, 20), draw)
                producer.abort_transaction(PATIENCE_SECONDS)
                producer.begin_transaction()
                self.put(producer, rows[begin : begin + size], draw)
                producer.commit_transaction(PATIENCE_SECONDS)
        self.parts.append(f"{self.num_rows} {self.num_rows + count}")
        self.num_rows += count

    def finished(self, rows: list[Row], draw: random.Random) -> list[Row]:
        """What becomes of rows before they are sent."""
        return rows

    def rows(self, folder: pathlib.Path, part: str) -> list[Row]:
        begin, end = map(int, part.split())
        rows = (row_of(json.loads(message.value())) for message in consume(self.place))
        return [row for row in rows if begin <= row[0] < end]


@dataclasses.dataclass(kw_only=True)
class KafkaSink(OnKafka, Sink):
    """is_made: the topic is there before velo."""

    steps = tuple(step for step in Sink.steps if step != "after_publish")
    breaks = {
        "InitProducerId": (rb"\x00\x16\x00[\x00-\x14].{4}\x00\x04velo", 4, False),
        "AddPartitionsToTxn": (rb"\x00\x18\x00[\x00-\x14].{4}\x00\x04velo", 5, False),
        "Produce": (rb"\x00\x00\x00[\x00-\x14].{4}\x00\x04velo", 8, False),
        "EndTxn": (rb"\x00\x1a\x00[\x00-\x14].{4}\x00\x04velo", 8, False),
        "Fetch": (rb"\x00\x01\x00[\x00-\x14].{4}\x00\x04velo", 2, False),
        "CreateTopics": (rb"\x00\x13\x00[\x00-\x14].{4}\x00\x04velo", 2, False),
        "DeleteTopics": (rb"\x00\x14\x00[\x00-\x14].{4}\x00\x04velo", 1, True),
    }

    is_made: bool

    @classmethod
    def draw(cls, draw: random.Random) -> "KafkaSink":
        return cls(num_partitions=draw.choice((1, 3)), is_made=draw.random() < 0.5)

    @property
    def uri(self) -> str:
        return self.uri_of(f"/{self.place}", partitions=str(self.num_partitions))

    def make(self) -> None:
        if self.is_made:
            self.make_topic()

    def remove(self) -> None:
        self.remove_topics([self.place, *self.records()])

    def put_before(self, folder: pathlib.Path, rows: list[Row]) -> None:
        if not self.is_made:
            self.is_made = True
            self.make_topic()
        self.put(Producer({"bootstrap.servers": self.address().netloc}), rows, random.Random(self.place))

    def rows(self, folder: pathlib.Path) -> list[Row]:
        return [row_of(json.loads(message.value())) for message in consume(self.place)]

    def records(self) -> list[str]:
        """The topics of records that say they are of this one."""
        return [name for name in topics() if name.startswith(RECORD) and target_of(name) == self.place]

    def record_exists(self, folder: pathlib.Path) -> bool:
        return bool(self.records())

    def record_mark(self, folder: pathlib.Path) -> set[str]:
        return {f"{name} {message.offset()}" for name in self.records() for message in fences(name, "read_committed")}

    def state(self, folder: pathlib.Path) -> set[str]:
        return {f"{message.partition()} {message.offset()}" for message in consume(self.place)}

    def left_behind(self, folder: pathlib.Path, is_run: bool) -> list[str]:
        return self.records() if is_run else []


def fences(record: str, isolation: str = "read_uncommitted") -> list[Message]:
    return [message for message in consume(record, isolation) if message.key() == b"fence"]


TARGETS: dict[str, str] = {}


def target_of(record: str) -> str | None:
    """The topic that a record is of; None where it does not say so yet."""
    if record not in TARGETS and (found := fences(record)):
        TARGETS[record] = json.loads(found[0].value())["topic"]
    return TARGETS.get(record)
