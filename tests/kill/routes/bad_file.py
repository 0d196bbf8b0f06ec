"""Files with bad records in them into a directory of files; the bad ones are kept in another."""

from ends.bad_files import AppendedFiles, BadFileSource
from routes import Route

ROUTE = Route("bad-file", BadFileSource, AppendedFiles)
