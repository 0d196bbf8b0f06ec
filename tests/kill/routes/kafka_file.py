"""A topic of Kafka, up to where it ends at each start, into a directory of files."""

from ends.file import FileSink
from ends.kafka import KafkaSource
from routes import Route

ROUTE = Route("kafka-file", KafkaSource, FileSink)
