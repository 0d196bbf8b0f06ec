"""A PostgreSQL table and its changes, up to where the log ends at each start, into another table, which equals it then."""

from ends.cdc import CdcSink, CdcSource
from routes import Route

ROUTE = Route("cdc-postgresql", CdcSource, CdcSink)
