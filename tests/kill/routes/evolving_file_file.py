"""Files that get more columns, into a directory of files."""

from ends.evolving import EvolvingFileSource
from ends.file import FileSink
from routes import Route

ROUTE = Route("evolving-file-file", EvolvingFileSource, FileSink)
