"""A PostgreSQL table and its changes into a topic, in Debezium's form."""

from ends.cdc import CdcSource
from ends.kafka_changes import KafkaChangesSink
from routes import Route

ROUTE = Route("cdc-kafka", CdcSource, KafkaChangesSink)
