"""Objects of S3 into a directory of files."""

from ends.file import FileSink
from ends.s3 import S3Source
from routes import Route

ROUTE = Route("s3-file", S3Source, FileSink)
