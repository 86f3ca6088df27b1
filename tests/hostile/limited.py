"""The command line on a hostile workbook, in a process of its own: what it said, how long it took, how much it held."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
MOST_BYTES = 1_000_000_000
MOST_SECONDS = 20.0
_PATIENCE = 240.0
_MEASURE = """
import json, os, subprocess, sys
process = subprocess.Popen(sys.argv[2:])
_, status, usage = os.wait4(process.pid, 0)
figures = [os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime, usage.ru_maxrss]
with open(sys.argv[1], "w") as file:
    json.dump(figures, file)
"""


@dataclass(frozen=True)
class Ended:
    """How a process ended: exit status, both its streams, CPU seconds, and the most memory it held, in bytes."""

    status: int
    said: str
    seconds: float
    bytes: int


def convert(workbook: Path, store: Path, *options: str) -> Ended:
    """Run `pipeline convert` on a workbook; one that goes on for minutes is killed."""
    command = [sys.executable, "-m", "pipeline", "convert", str(workbook), "--parquet-dir", str(store), *options]
    return run(command, store.parent / "said.txt")


def run(command: list[str], said: Path) -> Ended:
    """Run a command by way of a small process: what a parent holds counts for its child's peak of memory."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"}
    measured = said.with_suffix(".json")
    with said.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _MEASURE, str(measured), *command],
            cwd=ROOT,
            env=environment,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    status, seconds, held = json.loads(measured.read_text())
    unit = 1 if sys.platform == "darwin" else 1024
    return Ended(status, said.read_text(encoding="utf-8", errors="replace"), seconds, held * unit)
