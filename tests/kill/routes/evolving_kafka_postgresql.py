"""A topic whose messages get more fields, into a PostgreSQL table."""

from ends.evolving_servers import EvolvingKafkaSource, EvolvingPostgresqlSink
from routes import Route

ROUTE = Route("evolving-kafka-postgresql", EvolvingKafkaSource, EvolvingPostgresqlSink)
