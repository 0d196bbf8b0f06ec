"""Files into a PostgreSQL table."""

from ends.file import FileSource
from ends.postgresql import PostgresqlSink
from routes import Route

ROUTE = Route("file-postgresql", FileSource, PostgresqlSink)
