"""Files into a directory of files."""

from ends.file import FileSink, FileSource
from routes import Route

ROUTE = Route("file-file", FileSource, FileSink)
