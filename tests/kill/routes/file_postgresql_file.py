"""Files into a PostgreSQL table and into a directory of files, by one statement."""

from ends.file import FileSource
from ends.two_sinks import TableAndFiles
from routes import Route

ROUTE = Route("file-postgresql-file", FileSource, TableAndFiles)
