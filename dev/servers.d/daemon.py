"""A process that outlives the program that started it, and is never mistaken for another."""

import os
import pathlib
import signal
import subprocess
import time


def start_time(pid: int) -> str | None:
    """When a process began, in ticks since the boot; None if there is none or only its zombie."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else fields[19]


def boot() -> str:
    return pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()


class Daemon:
    """A process known by its pid, its start and the boot it belongs to, kept in a file: a pid that
    was given to another process later is not taken for it."""

    def __init__(self, folder: pathlib.Path, stop_signal: signal.Signals):
        self.log = folder / "log"
        self._record = folder / "pid"
        self._stop_signal = stop_signal

    def pid(self) -> int | None:
        """The pid, while the process runs."""
        try:
            pid, start, at_boot = self._record.read_text().split()
        except (FileNotFoundError, ValueError):
            return None
        return int(pid) if at_boot == boot() and start_time(int(pid)) == start else None

    def start(self, command: list, folder: pathlib.Path, environment: dict) -> None:
        """Start it in a session of its own, its output going to a new log."""
        with self.log.open("wb") as log:
            process = subprocess.Popen(
                [str(part) for part in command],
                cwd=folder,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._record.write_text(f"{process.pid} {start_time(process.pid)} {boot()}\n")

    def stop(self, patience_seconds: float = 20) -> None:
        """End it, by force when it has not ended by itself in time."""
        for number, wait in ((self._stop_signal, patience_seconds), (signal.SIGKILL, 5)):
            pid = self.pid()
            if pid is None:
                break
            os.kill(pid, number)
            end = time.monotonic() + wait
            while self.pid() and time.monotonic() < end:
                time.sleep(0.02)
        self._record.unlink(missing_ok=True)

    def kill(self) -> None:
        """End it and all below it at once, without a word to any, and wait until they are gone."""
        processes = self.family()
        begun = {pid: start_time(pid) for pid in processes}
        for pid in processes:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass  # ended with the first
        while any(start and start_time(pid) == start for pid, start in begun.items()):
            time.sleep(0.01)
        self._record.unlink(missing_ok=True)

    def family(self) -> list[int]:
        """The process, and all below it."""
        found, waiting = [], [self.pid()]
        while waiting:
            pid = waiting.pop(0)
            if pid is None:
                continue
            found.append(pid)
            try:
                for children in pathlib.Path(f"/proc/{pid}").glob("task/*/children"):
                    waiting += map(int, children.read_text().split())
            except (FileNotFoundError, ProcessLookupError):
                pass  # ended meanwhile
        return found

    def memory_bytes(self) -> int:
        """The resident memory of the process and all below it."""
        pages = 0
        for pid in self.family():
            try:
                pages += int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1])
            except (FileNotFoundError, ProcessLookupError):
                pass  # ended meanwhile
        return pages * os.sysconf("SC_PAGE_SIZE")
