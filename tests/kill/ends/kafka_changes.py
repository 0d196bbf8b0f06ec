"""Topics of changes in Debezium's form, as the end that is read and as the end that is written: what is compared is what they leave."""

import collections
import dataclasses
import json
import pathlib
import random
from collections.abc import Iterator

from confluent_kafka import Message, Producer
from ends.kafka import PATIENCE_SECONDS, KafkaSink, KafkaSource, consume
from rows import SCHEMA, Row, draw_rows, record_of, row_of

NOT_SENT = "__debezium_unavailable_value"

Change = tuple[str, int, dict | None]  # operation, id, and the row that there is now


@dataclasses.dataclass(kw_only=True)
class KafkaChangesSource(KafkaSource):
    """There is one part: what there is after the last change. is_wrapped: messages are as Kafka Connect writes them."""

    changes_rows = True

    is_wrapped: bool

    @classmethod
    def draw(cls, draw: random.Random) -> "KafkaChangesSource":
        return cls(**vars(KafkaSource.draw(draw)), is_wrapped=draw.random() < 0.5)

    @property
    def uri(self) -> str:
        return self.uri_of(f"/{self.place}", schema=SCHEMA, batch_size=str(self.batch_size), envelope="debezium")

    def add(self, folder: pathlib.Path, draw: random.Random) -> None:
        state = {row[0]: row for row in self.rows(folder, "")}
        changes = list(self.draw_changes(state, draw.choice((1, 50, 500, 5_000, 20_000)), draw))
        settings = {"transactional.id": self.place} if self.transactions else {"enable.idempotence": True}
        producer = Producer({"bootstrap.servers": self.address().netloc, **settings})
        if not self.transactions:
            self.send(producer, changes, draw)
        else:
            producer.init_transactions(PATIENCE_SECONDS)
            size = draw.choice((500, 5_000, 50_000))
            for begin in range(0, len(changes), size):
                producer.begin_transaction()
                self.send(producer, list(self.draw_changes(dict(state), 20, draw)), draw)
                producer.abort_transaction(PATIENCE_SECONDS)
                producer.begin_transaction()
                self.send(producer, changes[begin : begin + size], draw)
                producer.commit_transaction(PATIENCE_SECONDS)
        self.parts = [f"after {self.num_rows}"]

    def draw_changes(self, state: dict[int, Row], count: int, draw: random.Random) -> Iterator[Change]:
        for row in draw_rows(draw, self.num_rows, count):
            self.num_rows += 1
            kind = draw.choice("cccuud") if state else "c"
            id = row[0] if kind == "c" else draw.choice(list(state)[-100:])
            state[id] = (id, *row[1:])
            yield kind, id, None if kind == "d" else record_of(state[id])
            if kind == "d":
                del state[id]

    def send(self, producer: Producer, changes: list[Change], draw: random.Random) -> None:
        for kind, id, row in changes:
            before = None if kind == "c" else {"id": id, "category": None, "amount": None, "note": None}
            source = {"connector": "kill", "ts_ms": 1_700_000_000_000, "lsn": self.num_rows}
            value = {"before": before, "after": row, "source": source, "op": kind, "ts_ms": 1_700_000_000_001}
            words = json.dumps({"schema": None, "payload": value} if self.is_wrapped else value, ensure_ascii=False)
            key, partition = json.dumps({"id": id}), id % self.num_partitions
            producer.produce(self.place, words, key, partition)
            if kind == "d" and draw.random() < 0.5:
                producer.produce(self.place, None, key, partition)  # a tombstone
            producer.poll(0)
        producer.flush(PATIENCE_SECONDS)

    def rows(self, folder: pathlib.Path, part: str) -> list[Row]:
        return list(left_by(consume(self.place)).values())

    def versions(self) -> list[Row]:
        return list({row_of(after) for _, _, after in map(change_of, consume(self.place)) if after})


@dataclasses.dataclass(kw_only=True)
class KafkaChangesSink(KafkaSink):
    """By one lane: no step is between two. tombstones: whether a deletion is followed by one."""

    keeps_order = False
    steps = tuple(step for step in KafkaSink.steps if step not in ("after_prepare_one", "between_completes"))

    tombstones: bool

    @classmethod
    def draw(cls, draw: random.Random) -> "KafkaChangesSink":
        return cls(num_partitions=draw.choice((1, 3)), is_made=draw.random() < 0.5, tombstones=draw.random() < 0.5)

    @property
    def uri(self) -> str:
        more = {"tombstones": "true"} if self.tombstones else {}
        return self.uri_of(f"/{self.place}", partitions=str(self.num_partitions), envelope="debezium", key="id", **more)

    def rows(self, folder: pathlib.Path) -> list[Row]:
        """A change that is there twice brings its row twice."""
        messages = consume(self.place)
        rows = left_by(messages)
        places = collections.Counter(place_of(message) for message in messages if message.value())
        again = [rows.get(id, (id, None, None, None)) for (id, *_), count in places.items() for _ in range(count - 1)]
        return [*rows.values(), *again]


def payload_of(message: Message) -> dict:
    value = json.loads(message.value())
    return value["payload"] if "payload" in value else value


def change_of(message: Message) -> Change:
    """A tombstone is none; a plain row is one that there is."""
    if not message.value():
        return "tombstone", 0, None
    value = payload_of(message)
    if "op" not in value:
        return "r", value["id"], value
    return value["op"], (value["after"] or value["before"])["id"], value["after"]


def place_of(message: Message) -> tuple:
    """What no other change has: an insertion of a row, or its place in the source."""
    kind, id, _ = change_of(message)
    return (id, kind) if kind == "r" else (id, kind, payload_of(message)["source"]["position"])


def left_by(messages: list[Message]) -> dict[int, Row]:
    records: dict[int, dict] = {}
    for kind, id, after in map(change_of, messages):
        if kind == "d":
            records.pop(id, None)
        elif after:
            records[id] = {name: records[id][name] if value == NOT_SENT else value for name, value in after.items()}
    return {id: row_of(record) for id, record in records.items()}
