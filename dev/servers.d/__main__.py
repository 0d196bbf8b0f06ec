"""Starts, stops and names the servers that the integration tests run against."""

import argparse
import concurrent.futures
import functools
import os
import shlex
import shutil
import signal
import sys
import time

from clickhouse import Clickhouse
from iceberg import Iceberg
from kafka import Kafka
from network import Network
from packages import Failure, clients, clients_stamp, one_at_a_time, say
from place import Place
from postgresql import Postgresql
from postgresql_18 import Postgresql18
from s3 import S3
from schema_registry import SchemaRegistry

KINDS = [Postgresql, Postgresql18, Clickhouse, Kafka, SchemaRegistry, S3, Iceberg]


def in_parallel(tasks: list) -> None:
    """Run them all to their end; raises one Failure that says what each that failed said."""
    with concurrent.futures.ThreadPoolExecutor(max(len(tasks), 1)) as threads:
        attempts = [threads.submit(task) for task in tasks]
    failures = [attempt.exception() for attempt in attempts if attempt.exception()]
    for failure in failures:
        if not isinstance(failure, Failure):
            raise failure
    if failures:
        raise Failure("\n".join(map(str, failures)))


class Servers:
    """The servers of one place, and what a command line says to do with them."""

    def __init__(self, place: Place):
        self.place = place
        self.network = Network(place.folder)
        self.all = {kind.name: kind(place) for kind in KINDS}

    def named(self, names: list) -> list:
        unknown = [name for name in names if name not in self.all]
        if unknown:
            raise Failure(f"there is no server {unknown[0]}; there are {', '.join(self.all)}")
        return [self.all[name] for name in names]

    def missing(self, names: list) -> list:
        """Those of the named servers (or of all that the tests expect) that do not serve, and those
        that they need; one that the user gives is not missed."""
        wanted = {}
        for server in self.named(names) if names else [server for server in self.all.values() if server.default]:
            if not server.given():
                wanted |= {other.name: other for other in [*self.named(server.needs), server]}
        return [server for server in wanted.values() if not server.serves()]

    def fetch(self, names: list) -> None:
        """Have in the cache what `up` needs: it may be in a network from which nothing is reached."""
        in_parallel([clients, *(server.fetch for server in self.missing(names))])

    def up(self, names: list) -> None:
        """Have these servers serve; raises a Failure that names every one that does not."""
        begin = time.monotonic()

        def bring_up(server):
            server.fetch()
            server.start()
            say(f"{server.name} is up after {time.monotonic() - begin:.1f} s")

        in_parallel([clients, *(functools.partial(bring_up, server) for server in self.missing(names))])

    def down(self, names: list, wipe: bool) -> None:
        chosen = self.named(names) if names else list(self.all.values())
        in_parallel([server.daemon.stop for server in chosen])
        if not names:
            self.network.holder.stop()
        if wipe:
            for server in chosen:
                shutil.rmtree(server.folder, ignore_errors=True)

    def kill(self, names: list, when_told: bool) -> None:
        """End servers as a crash does; `up` starts them again on what is left. Only those of this place: never one that the
        user gives, or that another checkout has started. when_told: not before a line comes in; never, if none does."""
        for server in self.named(names):
            if server.given() or server.daemon.pid() is None:
                raise Failure(f"{server.name} was not started by `dev/servers up` of this checkout, and is not killed")
        if when_told:
            print("ready", flush=True)
            if not sys.stdin.readline():
                return
        for server in self.named(names):
            server.daemon.kill()
            print(f"{server.name} is killed", flush=True)

    def status(self) -> None:
        print(f"{'server':<18} {'state':<10} {'port':>6} {'pid':>8} {'MB':>6}")
        for server in self.all.values():
            pid = server.daemon.pid()
            state = "given" if server.given() else "down" if pid is None else "up" if server.ready() else "silent"
            memory = f"{server.daemon.memory_bytes() / 1e6:.0f}" if pid else "-"
            print(f"{server.name:<18} {state:<10} {server.port:>6} {pid or '-':>8} {memory:>6}")

    def environment(self) -> dict:
        """The variables of every server that is given or serves."""
        variables = {"VELO_TEST_PYTHON": str(clients())} if clients_stamp().exists() else {}
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
    kill = verb("kill", "end servers at once, as a crash does (kill -9): up starts them again")
    kill.add_argument("--when-told", action="store_true", help="say `ready`, and wait for a line on standard input")
    kill.add_argument("names", nargs="+")
    verb("status", "show which servers run, where, and what memory they have")
    env = verb("env", "print the variables by which tests find the servers that run")
    env.add_argument("--export", action="store_true", help="as commands for a shell's eval")
    verb("run", "run a command with those variables").add_argument("command", nargs=argparse.REMAINDER)
    wanted = parser.parse_args(arguments)
    if wanted.verb == "run" and not wanted.command:
        parser.error("run: no command")
    return wanted


def obey(wanted: argparse.Namespace, servers: Servers) -> int:
    if wanted.verb == "up":
        with one_at_a_time(servers.place.folder, "up"):
            if wanted.default_ports:
                servers.fetch(wanted.names)
                servers.network.make()
                servers.network.enter()
            servers.up(wanted.names)
    elif wanted.verb == "down":
        with one_at_a_time(servers.place.folder, "up"):
            servers.down(wanted.names, wanted.wipe)
    elif wanted.verb == "kill":
        with one_at_a_time(servers.place.folder, "up"):
            servers.kill(wanted.names, wanted.when_told)
    else:
        servers.network.enter()
        if wanted.verb == "run":
            environment = {**os.environ, **servers.environment()}
            os.execvpe(wanted.command[0], wanted.command, environment)
        elif wanted.verb == "status":
            servers.status()
        else:
            for name, value in servers.environment().items():
                print(f"export {name}={shlex.quote(value)}" if wanted.export else f"{name}={value}")
    return 0


def main() -> int:
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    wanted = parse(sys.argv[1:])
    try:
        return obey(wanted, Servers(Place(wanted.default_ports)))
    except Failure as failure:
        say(str(failure))
        return 1


if __name__ == "__main__":
    sys.exit(main())
