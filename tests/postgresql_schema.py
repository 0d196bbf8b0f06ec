"""What tests of PostgreSQL have in common: a schema of their own, and nothing that pipelines leave behind."""

import os
import time
import uuid

import psycopg

from program import ProgramTest

SERVER = os.environ["VELO_TEST_POSTGRESQL_URI"]


class SchemaTest(ProgramTest):
    """self.name: that of the schema, and to be a part of those of pipelines; self.session: by psycopg, in that schema."""

    def setUp(self):
        super().setUp()
        self.session = psycopg.connect(SERVER, autocommit=True)
        self.addCleanup(self.session.close)
        self.name = f"t{uuid.uuid4().hex[:10]}"
        self.session.execute(f"CREATE SCHEMA {self.name}")
        self.session.execute(f"SET search_path = {self.name}")
        self.addCleanup(self.session.execute, f"DROP SCHEMA {self.name} CASCADE")
        self.addCleanup(self.drop_slots)

    def drop_slots(self):
        """What pipelines of this name have left in the server; a slot that stays keeps the log."""
        for _ in range(50):
            for slot, process in self.rows("SELECT slot_name, active_pid FROM pg_replication_slots WHERE slot_name ~ %s",
                                           self.name):
                if process:
                    self.session.execute("SELECT pg_terminate_backend(%s)", [process])
                else:
                    self.session.execute("SELECT pg_drop_replication_slot(%s)", [slot])
            if not self.slots():
                break
            time.sleep(0.1)
        for publication in self.publications():
            self.session.execute(f'DROP PUBLICATION "{publication}"')

    def rows(self, query, *parameters):
        return self.session.execute(query, parameters or None).fetchall()

    def slots(self):
        return [slot for (slot,) in self.rows("SELECT slot_name FROM pg_replication_slots WHERE slot_name ~ %s", self.name)]

    def publications(self):
        return [name for (name,) in self.rows("SELECT pubname FROM pg_publication WHERE pubname ~ %s", self.name)]
