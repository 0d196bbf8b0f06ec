"""Several PostgreSQL tables by one command, each into a directory of its own: each is one commit."""

from ends.many import ManyFilesSink, ManyPostgresqlSource
from routes import Route

ROUTE = Route("many-postgresql-file", ManyPostgresqlSource, ManyFilesSink)
