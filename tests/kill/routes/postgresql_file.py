"""A PostgreSQL table, or a query, into a directory of files: one commit."""

from ends.file import FileSink
from ends.postgresql import PostgresqlSource
from routes import Route

ROUTE = Route("postgresql-file", PostgresqlSource, FileSink)
