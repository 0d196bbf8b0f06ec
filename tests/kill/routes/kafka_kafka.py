"""A topic of Kafka, up to where it ends at each start, into another."""

from ends.kafka import KafkaSink, KafkaSource
from routes import Route

ROUTE = Route("kafka-kafka", KafkaSource, KafkaSink)
