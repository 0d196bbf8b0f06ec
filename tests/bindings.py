"""What binds to what in a process: the loader's own account."""

import collections
import os
import pathlib
import re
import subprocess
import tempfile

BINDING = re.compile(rb"binding file (\S+) \[\d+\] to (\S+) \[\d+\]: \S+ symbol `([^']*)'")


def run_and_trace(command, **more):
    """Run a command with every symbol bound at load. Answers the process and a Counter of
    (from file, to file, symbol), by file names."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "LD_BIND_NOW": "1", "LD_DEBUG": "bindings", "LD_DEBUG_OUTPUT": f"{folder}/log"}
        process = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, **more)
        found = collections.Counter()
        for log in pathlib.Path(folder).iterdir():
            with log.open("rb") as lines:
                for line in lines:
                    if match := BINDING.search(line):
                        source, target, symbol = (part.decode() for part in match.groups())
                        found[source.rsplit("/", 1)[-1], target.rsplit("/", 1)[-1], symbol] += 1
    return process, found


def crossings(found, one, other):
    """Of what run_and_trace found, the bindings between two sets of files, either way; each set is a regex."""
    return sorted(
        f"{source} -> {target}: {symbol}"
        for source, target, symbol in found
        if (re.match(one, source) and re.match(other, target)) or (re.match(other, source) and re.match(one, target))
    )
