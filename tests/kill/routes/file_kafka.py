"""Files into a topic of Kafka."""

from ends.file import FileSource
from ends.kafka import KafkaSink
from routes import Route

ROUTE = Route("file-kafka", FileSource, KafkaSink)
