"""Files into a ClickHouse table."""

from ends.clickhouse import ClickhouseSink
from ends.file import FileSource
from routes import Route

ROUTE = Route("file-clickhouse", FileSource, ClickhouseSink)
