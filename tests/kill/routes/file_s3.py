"""Files into a prefix of S3."""

from ends.file import FileSource
from ends.s3 import S3Sink
from routes import Route

ROUTE = Route("file-s3", FileSource, S3Sink)
