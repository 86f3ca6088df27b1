"""Memory does not grow with a CSV file: what is held are blocks of it, never all its rows."""

from __future__ import annotations

import datetime as dt
import sys
from typing import TYPE_CHECKING

import pytest

from pipeline.store.parquet import read_footer
from tests.hostile.limited import convert

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="a child's peak memory is told by wait4"),
]

A_DAY = 100_000
MOST_BYTES = 400 << 20


def write(path: Path, days: int, *, securities: int = 0) -> int:
    """Write so many days of ticks; return how many rows a security has, of the first or of the only one."""
    rows = []
    for number in range(A_DAY):
        clock = f"{10 + number // 25_000:02}:{number // 420 % 60:02}:{number // 7 % 60:02}"
        ticker = f",S{number % securities} UH Equity" if securities else ""
        rows.append(
            f"D {clock},{('BID', 'ASK', 'TRADE')[number % 3]},{17 + number % 50 / 100:.2f},{number % 90}00{ticker}"
        )
    day = "\n".join([*rows, ""])
    with path.open("w") as file:
        file.write(f"Dates,Type,Price,Size{',Ticker' if securities else ''}\n")
        for number in range(days):
            file.write(day.replace("D ", f"{dt.date(2024, 1, 1) + dt.timedelta(number)} "))
    return days * A_DAY // (securities or 1)


def test_four_times_the_rows_take_no_more_memory(tmp_path: Path) -> None:
    held = []
    for days in (10, 40):
        path = tmp_path / "FAB UH Equity.csv"
        rows = write(path, days)
        ended = convert(path, tmp_path / "store", "--force", "--quiet")
        assert ended.status == 0, ended.said
        assert read_footer(tmp_path / "store" / "FAB.parquet").rows == rows
        held.append(ended.bytes)
        path.unlink()
    assert max(held) < MOST_BYTES
    assert held[1] < held[0] + (80 << 20)


def test_two_hundred_securities_in_one_file_take_no_more(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    rows = write(path, 30, securities=200)
    ended = convert(path, tmp_path / "store", "--quiet")
    assert ended.status == 0, ended.said
    assert read_footer(tmp_path / "store" / "S7.parquet").rows == rows
    assert ended.bytes < MOST_BYTES + (200 << 20)
