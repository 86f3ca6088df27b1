"""The command line on a hostile workbook, in a process of its own: what it said, how long it took, how much it held."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
MOST_BYTES = 1_000_000_000
MOST_SECONDS = 20.0
_PATIENCE = 240.0


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
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"}
    with said.open("wb") as out:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=subprocess.STDOUT)
        killer = threading.Timer(_PATIENCE, process.kill)
        killer.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        finally:
            killer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
    unit = 1 if sys.platform == "darwin" else 1024
    return Ended(
        process.returncode,
        said.read_text(encoding="utf-8", errors="replace"),
        usage.ru_utime + usage.ru_stime,
        usage.ru_maxrss * unit,
    )
