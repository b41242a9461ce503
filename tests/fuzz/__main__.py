"""`make fuzz`: every target for some minutes, two at a time, and a table of what came of it.

The corpus lies under .cache/fuzz and grows from run to run. An input on which a target fails, hangs or takes too much
memory is written to tests/fuzz/crashes/TARGET, from where every test run takes it until it passes.
"""

import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.vocabulary import EXAMPLES, WORDS

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "fuzz"
CRASHES = ROOT / "tests" / "fuzz" / "crashes"

AT_A_TIME = 2
MEMORY = 512
"""MiB that a process may have, Python and instrumentation included."""

TOO_LONG = 10
"""Seconds for one input of at most LONGEST bytes."""

LONGEST = 4096
_STATS = re.compile(r"stat::(\w+):\s+(\d+)")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What libFuzzer said of one target at the end."""

    name: str
    status: int
    stats: dict[str, int]
    log: Path
    found: tuple[Path, ...]


def fuzz(name: str, seconds: int) -> Outcome:
    """One target in a process of its own."""
    corpus, crashes, log = CACHE / "corpus" / name, CRASHES / name, CACHE / f"{name}.log"
    corpus.mkdir(parents=True, exist_ok=True)
    crashes.mkdir(parents=True, exist_ok=True)
    for number, example in enumerate(EXAMPLES[name]):
        (corpus / f"example-{number}").write_bytes(example)
    words = CACHE / f"{name}.dict"
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in WORDS[name] if word))
    before = set(crashes.iterdir())
    options = [
        f"-max_total_time={seconds}",
        f"-rss_limit_mb={MEMORY}",
        f"-timeout={TOO_LONG}",
        f"-report_slow_units={TOO_LONG}",
        f"-max_len={LONGEST}",
        f"-dict={words}",
        f"-artifact_prefix={crashes}/",
        "-print_final_stats=1",
    ]
    with log.open("wb") as file:
        command = [sys.executable, "-m", "tests.fuzz.harness", name, *options, str(corpus)]
        done = subprocess.run(command, cwd=ROOT, stdout=file, stderr=file, check=False)
    stats = {key: int(value) for key, value in _STATS.findall(log.read_text(errors="replace"))}
    found = tuple(sorted(set(crashes.iterdir()) - before))
    if not any(crashes.iterdir()):
        crashes.rmdir()
    return Outcome(name, done.returncode, stats, log, found)


def _escaped(word: bytes) -> str:
    return "".join(chr(byte) if 0x20 <= byte < 0x7F and byte not in b'"\\' else f"\\x{byte:02x}" for byte in word)


def main(minutes: float, names: list[str]) -> int:
    """Fuzz and tell; 1 if anything was found."""
    chosen = names or list(WORDS)
    print(f"== {len(chosen)} targets, {minutes:g} minutes each, {AT_A_TIME} at a time", flush=True)
    bad = 0
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        print(f"{'target':15} {'inputs':>10} {'per second':>10} {'corpus':>7} {'peak MiB':>9}  found", flush=True)
        for outcome in pool.map(lambda name: fuzz(name, round(minutes * 60)), chosen):
            bad += bool(outcome.status or outcome.found)
            print(_row(outcome), flush=True)
    return int(bad > 0)


def _row(outcome: Outcome) -> str:
    stats = outcome.stats
    found = ", ".join(os.path.relpath(path, ROOT) for path in outcome.found)
    if outcome.status and not found:
        found = f"status {outcome.status}, see {os.path.relpath(outcome.log, ROOT)}"
    corpus = len(list((CACHE / "corpus" / outcome.name).iterdir()))
    executed, rate = stats.get("number_of_executed_units", 0), stats.get("average_exec_per_sec", 0)
    peak = stats.get("peak_rss_mb", 0)
    return f"{outcome.name:15} {executed:10} {rate:10} {corpus:7} {peak:9}  {found or 'nothing'}"


if __name__ == "__main__":
    began = time.monotonic()
    status = main(float(os.environ.get("MINUTES") or 10), sys.argv[1:])
    print(f"== {(time.monotonic() - began) / 60:.1f} minutes")
    sys.exit(status)
