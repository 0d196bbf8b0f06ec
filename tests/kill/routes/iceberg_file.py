"""A table of Iceberg, and what was appended since, into a directory of files."""

from ends.file import FileSink
from ends.iceberg import IcebergSource
from routes import Route

ROUTE = Route("iceberg-file", IcebergSource, FileSink)
