"""A network of its own for the servers on the systems' default ports, with a loopback device and
nothing else. Run as a program, it holds the network it is in until it is ended."""

import fcntl
import os
import pathlib
import signal
import socket
import struct
import sys
import time

from daemon import Daemon
from packages import Failure, quietly

READY = "the network is up"


class Network:
    """The network namespace of one place. It lives as long as the process that holds it."""

    def __init__(self, folder: pathlib.Path):
        self._folder = folder / "network"
        self.holder = Daemon(self._folder, signal.SIGTERM)

    def make(self) -> None:
        """Have the namespace; root can make one, a user one inside a user namespace."""
        name_localhost()
        if self.holder.pid():
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        as_user = [] if os.geteuid() == 0 else ["--user", "--map-current-user", "--keep-caps"]
        self.holder.start(["unshare", "--net", *as_user, sys.executable, "-B", __file__], self._folder, {})
        while READY not in self.holder.log.read_text():
            if not self.holder.pid():
                raise Failure(f"no network of its own can be made here: {self.holder.log.read_text().strip()}")
            time.sleep(0.02)

    def enter(self) -> None:
        """Begin this program again inside the namespace, unless it is there or there is none."""
        pid = self.holder.pid()
        if pid and os.readlink(f"/proc/{pid}/ns/net") != os.readlink("/proc/self/ns/net"):
            as_user = [] if os.geteuid() == 0 else ["--user", "--preserve-credentials"]
            os.execvp("nsenter", ["nsenter", f"--target={pid}", "--net", *as_user, *sys.orig_argv])


def name_localhost() -> None:
    """A bare root may have no hosts file, and leave localhost to a name server, which this network has not."""
    hosts = pathlib.Path("/etc/hosts")
    if hosts.exists():
        return
    root = [] if os.geteuid() == 0 else ["sudo"]
    quietly([*root, "sh", "-c", f"printf '127.0.0.1 localhost\n::1 localhost\n' >{hosts} && chmod 644 {hosts}"])


def loopback_up() -> None:
    """What `ip link set lo up` does."""
    set_flags, up, running = 0x8914, 0x1, 0x40
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, set_flags, struct.pack("16sh22x", b"lo", up | running))


if __name__ == "__main__":
    loopback_up()
    # Wait without the capabilities that this took: the kernel shows nothing of a process that has
    # more of them than who asks, not even its network.
    wait = ["sh", "-c", f"echo {READY}; exec sleep infinity"]
    os.execvp("setpriv", ["setpriv", "--inh-caps=-all", "--ambient-caps=-all", *wait])
