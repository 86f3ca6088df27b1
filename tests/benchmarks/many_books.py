"""What a row of a full sheet costs to convert, many workbooks at a time: wall clock, processor time, peak memory.

    python tests/benchmarks/many_books.py [--books 16] [--rows 1000000] [--runs 3] [--workers 1,2] [--folder FOLDER]

Workbooks of one sheet each, from the project's synthetic sample. --folder: where they are left, and taken from.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ten_sheets import repeat

from pipeline.bench.process import measure_process, pipeline_command
from pipeline.bench.synthetic import SampleSecurity, sample_week
from pipeline.conversion.excel.write import Moment, write_workbook
from pipeline.ticks import TICK_TYPES
from pipeline.times import MILLISECOND

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pipeline.conversion.excel.write import Value

NS = 1e9


def rows_of(security: SampleSecurity, rows: int) -> Iterator[Sequence[Value]]:
    yield ("SYNTHETIC ticks made by a random number generator: not market data",)
    yield ("Dates", "Type", "Price", "Size")
    for block in security.blocks(rows):
        columns = (block.timestamp // MILLISECOND, block.kind, block.price, block.volume)
        for ms, kind, price, size in zip(*(column.tolist() for column in columns), strict=True):
            yield (Moment(ms), TICK_TYPES[kind], price, size)


def make_books(folder: Path, books: int, rows: int) -> list[Path]:
    """Write workbooks of one full sheet each: a few, and the others copies of their sheets as they are packed."""
    with tempfile.TemporaryDirectory() as name:
        sample = sample_week(Path(name))
    paths: list[Path] = []
    for number in range(books):
        security, copy = sample[number % len(sample)], number // len(sample)
        path = folder / f"ticks{number:02d}.xlsx"
        ticker = f"{security.ticker[:3]}{chr(65 + copy)}"
        if not copy:
            write_workbook(path, {f"{ticker} UH Equity": rows_of(security, rows)})
        else:
            repeat(paths[number % len(sample)], path, {f"{security.ticker[:3]}A UH Equity": f"{ticker} UH"})
        paths.append(path)
    return paths


def measure(command: list[str]) -> tuple[float, float, float]:
    """Return wall seconds, processor seconds and peak MB of a command and its children."""
    before = os.times()
    use = measure_process(command)
    after = os.times()
    processor = after.children_user + after.children_system - before.children_user - before.children_system
    return use.seconds, processor, use.peak_bytes / 1e6


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--books", type=int, default=16)
    arguments.add_argument("--rows", type=int, default=1_000_000)
    arguments.add_argument("--runs", type=int, default=3)
    arguments.add_argument("--workers", default="1,2")
    arguments.add_argument("--folder", type=Path)
    given = arguments.parse_args()
    with contextlib.ExitStack() as stack:
        folder = given.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        books = sorted(folder.glob("ticks*.xlsx")) or make_books(folder, given.books, given.rows)
        rows = len(books) * given.rows
        for workers in given.workers.split(","):
            command = pipeline_command("convert", *books, "--parquet-dir", folder / "parquet", "--force", "--quiet")
            command += ["--workers", workers]
            measure(command)
            taken = [measure(command) for _ in range(given.runs)]
            wall, processor = (statistics.median(column) / rows * NS for column in list(zip(*taken, strict=True))[:2])
            peak = max(each[2] for each in taken)
            print(f"{rows:,} rows, {workers} workers: {wall:.0f} ns a row, CPU {processor:.0f} ns, peak {peak:.0f} MB")


if __name__ == "__main__":
    main()
