"""Changes in Debezium's form, of a topic, into a PostgreSQL table to which they are applied."""

from ends.cdc import CdcSink
from ends.kafka_changes import KafkaChangesSource
from routes import Route

ROUTE = Route("changes-kafka-postgresql", KafkaChangesSource, CdcSink)
