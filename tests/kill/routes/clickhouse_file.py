"""A ClickHouse table, or a query, into a directory of files: one commit."""

from ends.clickhouse import ClickhouseSource
from ends.file import FileSink
from routes import Route

ROUTE = Route("clickhouse-file", ClickhouseSource, FileSink)
