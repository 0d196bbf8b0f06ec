"""Results as they are kept: one line of results.jsonl for each benchmark that was run."""
import datetime
import json
import os
import pathlib
import platform
import subprocess

from measure import Cost

RESULTS = pathlib.Path("benchmarks/results.jsonl")


def machine() -> str:
    model = "unknown processor"
    for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            model = line.split(":")[1].strip()
            break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB, Linux {platform.release()}"


def commit() -> str:
    def git(*words: str) -> str:
        return subprocess.run(["git", *words], capture_output=True, text=True, check=True).stdout.strip()

    changed = git("status", "--porcelain", "--untracked-files=no", "--", "src", "include", "cmake", "CMakeLists.txt")
    return git("rev-parse", "--short=12", "HEAD") + (" with changes" if changed else "")


class Recorder:
    """Appends to RESULTS; knows what was measured where."""

    def __init__(self, versions: dict[str, str]):
        self.origin = {"machine": machine(), "commit": commit(), "versions": versions}

    def append(self, name: str, measurements: list[dict]) -> None:
        """measurements: of each a label, num_rows, command and costs."""
        now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
        line = {"name": name, "at": now, "load": os.getloadavg()[0], **self.origin, "measurements": measurements}
        with open(RESULTS, "a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")


def measurement(label: str, num_rows: int, command: list[str], costs: list[Cost]) -> dict:
    return {
        "label": label,
        "num_rows": num_rows,
        "command": command,
        "costs": [[round(cost.cpu, 4), round(cost.wall, 4), cost.peak_rss] for cost in costs],
    }


def latest() -> dict[str, dict]:
    """The last record of each name."""
    records = {}
    if RESULTS.exists():
        for line in RESULTS.read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            records[record["name"]] = record
    return records
