"""Objects of S3 into a table of Iceberg."""

from ends.iceberg import IcebergSink
from ends.s3 import S3Source
from routes import Route

ROUTE = Route("s3-iceberg", S3Source, IcebergSink)
