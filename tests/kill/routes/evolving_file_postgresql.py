"""Files that get more columns, into a PostgreSQL table."""

from ends.evolving import EvolvingFileSource
from ends.evolving_servers import EvolvingPostgresqlSink
from routes import Route

ROUTE = Route("evolving-file-postgresql", EvolvingFileSource, EvolvingPostgresqlSink)
