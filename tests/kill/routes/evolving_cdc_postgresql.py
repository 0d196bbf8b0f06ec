"""A PostgreSQL table that is altered among its changes, into another table, which equals it then."""

from ends.evolving_servers import EvolvingCdcSink, EvolvingCdcSource
from routes import Route

ROUTE = Route("evolving-cdc-postgresql", EvolvingCdcSource, EvolvingCdcSink)
