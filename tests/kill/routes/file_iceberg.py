"""Files into a table of Iceberg."""

from ends.file import FileSource
from ends.iceberg import IcebergSink
from routes import Route

ROUTE = Route("file-iceberg", FileSource, IcebergSink)
