"""A topic of Kafka, up to where it ends at each start, into a ClickHouse table."""

from ends.clickhouse import ClickhouseSink
from ends.kafka import KafkaSource
from routes import Route

ROUTE = Route("kafka-clickhouse", KafkaSource, ClickhouseSink)
