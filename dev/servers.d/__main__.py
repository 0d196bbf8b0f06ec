"""Starts, stops and names the servers that the integration tests run against."""

import argparse
import concurrent.futures
import os
import shlex
import shutil
import subprocess
import sys
import time

from clickhouse import Clickhouse
from iceberg import Iceberg
from kafka import Kafka
from packages import Failure, one_at_a_time, say
from place import Place
from postgresql import Postgresql
from s3 import S3

KINDS = [Postgresql, Clickhouse, Kafka, S3, Iceberg]


class Servers:
    """The servers of one place, and what a command line says to do with them."""

    def __init__(self, place: Place):
        self.place = place
        self.all = {kind.name: kind(place) for kind in KINDS}

    def chosen(self, names: list) -> list:
        """The named servers, or the default ones, after what they need."""
        wanted = {}
        for name in names or [name for name, server in self.all.items() if server.default]:
            if name not in self.all:
                raise Failure(f"there is no server {name}; there are {', '.join(self.all)}")
            for server in [*self.all[name].needs, name]:
                wanted[server] = self.all[server]
        return list(wanted.values())

    def up(self, names: list) -> None:
        """Have these servers serve; raises a Failure that names every one that does not."""
        begin = time.monotonic()
        missing = [server for server in self.chosen(names) if not server.given() and not server.serves()]
        if not missing:
            return

        def bring_up(server):
            server.fetch()
            server.start()
            say(f"{server.name} is up after {time.monotonic() - begin:.1f} s")

        with concurrent.futures.ThreadPoolExecutor(len(missing)) as threads:
            attempts = [threads.submit(bring_up, server) for server in missing]
        failures = [str(attempt.exception()) for attempt in attempts if attempt.exception()]
        if failures:
            raise Failure("\n".join(failures))

    def down(self, names: list, wipe: bool) -> None:
        running = self.chosen(names or list(self.all))
        with concurrent.futures.ThreadPoolExecutor(len(running)) as threads:
            list(threads.map(lambda server: server.daemon.stop(), running))
        for server in running:
            if wipe:
                shutil.rmtree(server.folder, ignore_errors=True)

    def status(self) -> None:
        print(f"{'server':<18} {'state':<10} {'port':>6} {'pid':>8} {'MB':>6}")
        for server in self.all.values():
            pid = server.daemon.pid()
            state = "given" if server.given() else "down" if pid is None else "up" if server.ready() else "silent"
            memory = f"{server.daemon.memory_bytes() / 1e6:.0f}" if pid else "-"
            print(f"{server.name:<18} {state:<10} {server.port:>6} {pid or '-':>8} {memory:>6}")

    def environment(self) -> dict:
        """The variables of every server that is given or serves."""
        variables = {}
        for server in self.all.values():
            if server.given():
                variables[server.variable] = server.given()
            elif server.serves():
                variables |= server.variables()
        return variables


def parse(arguments: list) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="dev/servers", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")

    def verb(name, text):
        added = verbs.add_parser(name, help=text, description=text)
        added.add_argument("--default-ports", action="store_true", help="the set on the systems' own ports")
        return added

    verb("up", "have servers serve: those named, or all that the tests expect").add_argument("names", nargs="*")
    down = verb("down", "stop servers: those named, or all")
    down.add_argument("--wipe", action="store_true", help="and remove their data and logs")
    down.add_argument("names", nargs="*")
    verb("status", "show which servers run, where, and what memory they have")
    env = verb("env", "print the variables by which tests find the servers that run")
    env.add_argument("--export", action="store_true", help="as commands for a shell's eval")
    verb("run", "run a command with those variables").add_argument("command", nargs=argparse.REMAINDER)
    return parser.parse_args(arguments)


def main() -> int:
    wanted = parse(sys.argv[1:])
    servers = Servers(Place(wanted.default_ports))
    try:
        if wanted.verb == "up":
            with one_at_a_time(servers.place.folder, "up"):
                servers.up(wanted.names)
        elif wanted.verb == "down":
            with one_at_a_time(servers.place.folder, "up"):
                servers.down(wanted.names, wanted.wipe)
        elif wanted.verb == "status":
            servers.status()
        elif wanted.verb == "env":
            for name, value in servers.environment().items():
                print(f"export {name}={shlex.quote(value)}" if wanted.export else f"{name}={value}")
        else:
            return subprocess.run(wanted.command, env={**os.environ, **servers.environment()}).returncode
    except Failure as failure:
        say(str(failure))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
