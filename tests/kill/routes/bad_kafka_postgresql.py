"""A topic with bad messages into a PostgreSQL table; the bad ones are kept in another, or in a directory."""

from ends.bad_kafka import BadKafkaSource, BadPostgresqlSink
from routes import Route

ROUTE = Route("bad-kafka-postgresql", BadKafkaSource, BadPostgresqlSink)
