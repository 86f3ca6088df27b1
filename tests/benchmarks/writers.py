"""Convert one sheet of ticks in every way of writing it, each against the same ticks as Excel writes them.

    python tests/benchmarks/writers.py [--rows 300000] [--runs 5] [--only NAME]

Whole processes in turn, medians. A way is to take at most 1.5 times the time of Excel's, and 1.1 times where all that
differs is one bad cell, one bad row in a hundred or a footer. LibreOffice takes part where it is installed.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from targets import pipeline, timed

ALLOWED: Final = 1.5
ALLOWED_OF_SPOILT: Final = 1.1
SPOILT: Final = ("one error", "one bad row in a hundred", "footer")
WRITE: Final = "--write"


def written(way: str, path: Path, rows: int) -> Path:
    """Write a workbook in a process of its own: the memory that a parent has counts for its children's peak."""
    subprocess.run([sys.executable, __file__, WRITE, way, str(path), str(rows)], check=True)
    return path


def ways() -> list[str]:
    listed = subprocess.run([sys.executable, __file__, WRITE], check=True, capture_output=True, text=True)
    return listed.stdout.splitlines()


def medians(ours: list[str], excel: list[str], runs: int) -> tuple[float, float, float]:
    """Return the seconds of both, and ours' peak of memory in MiB."""
    taken: tuple[list[float], list[float]] = ([], [])
    peak = 0.0
    for command in (ours, excel):
        timed(command)
    for _ in range(runs):
        seconds, memory = timed(ours)
        taken[0].append(seconds)
        peak = max(peak, memory)
        taken[1].append(timed(excel)[0])
    return statistics.median(taken[0]), statistics.median(taken[1]), peak


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rows", type=int, default=300_000)
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--only", action="append", help="one way, by its name; may be given again")
    given = arguments.parse_args()
    slower = 0
    print(f"{'written':36} {'seconds':>8} {'Excel':>8} {'ratio':>7} {'wanted':>7} {'peak MiB':>9}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ.setdefault("PIPELINE_CACHE_DIR", f"{name}/cache")
        convert = ("convert", "--force", "--parquet-dir", folder / "store")
        excel = pipeline(*convert, written("excel", folder / "excel.xlsx", given.rows))
        for way in given.only or [way for way in ways() if way != "excel"]:
            book = written(way, folder / "ticks.xlsx", given.rows)
            ours, theirs, peak = medians(pipeline(*convert, book), excel, given.runs)
            wanted = ALLOWED_OF_SPOILT if way in SPOILT else ALLOWED
            is_slower = ours > wanted * theirs
            slower += is_slower
            verdict = "SLOWER" if is_slower else ""
            ratio = ours / theirs
            print(f"{way:36} {ours:8.3f} {theirs:8.3f} {ratio:7.2f} {wanted:7.1f} {peak:9.0f}  {verdict}", flush=True)
    return 1 if slower else 0


if __name__ == "__main__":
    if sys.argv[1:2] == [WRITE]:
        from tests.writers.libraries import WAYS
        from tests.writers.made_ticks import made_ticks

        if sys.argv[2:]:
            WAYS[sys.argv[2]](Path(sys.argv[3]), made_ticks(int(sys.argv[4])))
        else:
            print(*WAYS, sep="\n")
    else:
        sys.exit(main())
