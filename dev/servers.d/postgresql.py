"""PostgreSQL: Debian's own, used where it is installed and otherwise unpacked from its packages, so
that no cluster of the system's begins to run. It allows logical decoding and forgets a power cut."""

import os
import pathlib
import shutil
import signal

from packages import new_folder, quietly, system_packages, unpack_debian
from place import cache
from server import PASSWORD, USER, Server

MAJOR = 15
SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
wal_level = logical
max_wal_senders = 20
max_replication_slots = 20
max_prepared_transactions = 20
fsync = off
full_page_writes = off
shared_buffers = 128MB
max_wal_size = 4GB
timezone = 'UTC'
log_timezone = 'UTC'
"""


def as_unprivileged(command: list) -> list:
    """PostgreSQL refuses to run as root. As another user it still has to reach folders that are
    closed to all but root, such as root's home: it keeps the one capability for that, also where it
    asks by access(2), which otherwise looks at the user alone."""
    if os.geteuid() != 0:
        return command
    capability = ["--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--securebits=+no_setuid_fixup"]
    user = ["--reuid=nobody", "--regid=nogroup", "--clear-groups"]
    return ["setpriv", *user, *capability, "env", "HOME=/", *command]


class Postgresql(Server):
    name = "postgresql"
    variable = "VELO_TEST_POSTGRESQL_URI"
    own_port = 5432
    stop_signal = signal.SIGINT  # fast: ends the sessions

    def fetch(self) -> None:
        if self.programs().is_dir():
            return
        system_packages(["libpq5", "libxml2", "libicu72", "libxslt1.1"])
        with new_folder(f"postgresql-{MAJOR}") as folder:
            if folder:
                unpack_debian([f"postgresql-{MAJOR}", f"postgresql-client-{MAJOR}"], folder)

    def programs(self) -> pathlib.Path:
        """The folder of initdb and postgres."""
        installed = pathlib.Path(f"/usr/lib/postgresql/{MAJOR}/bin")
        return installed if (installed / "postgres").exists() else cache() / f"postgresql-{MAJOR}" / str(installed)[1:]

    def command(self) -> list:
        if not (self.data / "PG_VERSION").exists():
            self.make_cluster()
        # One that was killed may still be in the process table, and PostgreSQL would take it for alive.
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        return as_unprivileged([self.programs() / "postgres", "-D", self.data, "-p", self.port])

    def make_cluster(self) -> None:
        shutil.rmtree(self.data)
        self.data.mkdir(mode=0o700)
        password = self.folder / "password"
        password.write_text(PASSWORD)
        if os.geteuid() == 0:
            shutil.chown(self.data, "nobody", "nogroup")
        how = ["-U", USER, f"--pwfile={password}", "-A", "scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
        quietly(as_unprivileged([self.programs() / "initdb", "-D", self.data, *how]), cwd="/")
        with (self.data / "postgresql.conf").open("a") as settings:
            settings.write(SETTINGS)

    def ready(self) -> bool:
        """Its own pid file begins with its pid and ends with its state; one may be left of a crash."""
        try:
            words = (self.data / "postmaster.pid").read_text().split()
        except FileNotFoundError:
            return False
        return len(words) > 1 and words[0] == str(self.daemon.pid()) and words[-1] == "ready"

    def variables(self) -> dict:
        return {self.variable: f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/postgres"}
