"""Runs that a backtest can leave and nobody plans for: each has a page, and its numbers are the files'."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from pipeline import api
from pipeline.ticks import Ticks
from tests.made import DAY, MONDAY, SECOND, make_config, random_ticks, write_ticks
from tests.pages.reading import read_page

if TYPE_CHECKING:
    from pathlib import Path

Row = tuple[int, int, float, int]
TEN = 36_000
STEPS_BACK: list[Row] = [
    (TEN, 0, 10.0, 5_000_000),
    (TEN + 1, 1, 10.02, 5_000_000),
    (TEN + 4_000, 2, 10.02, 9_000_000),
    (TEN + 500, 2, 10.0, 9_000_000),
    (TEN + 86_400 * 400, 2, 10.0, 99),
]
RUNS: dict[str, dict[str, list[Row] | None]] = {
    "no print": {"FAB": [(TEN, 0, 10.0, 5)]},
    "one print": {"FAB": [(TEN, 2, 10.0, 5)]},
    "prints at night": {"FAB": [(100, 2, 10.0, 5), (86_000, 2, 10.0, 7)]},
    "one security without a print": {"FAB": [(TEN, 0, 10.0, 5)], "EMAAR": None},
    "a clock that steps back and a year of nothing": {"FAB": STEPS_BACK},
}


def ticks_of(rows: list[Row] | None) -> Ticks:
    if rows is None:
        return random_ticks(3)
    seconds, kind, price, volume = (np.array(column) for column in zip(*rows, strict=True))
    stamps = MONDAY // DAY * DAY + seconds * SECOND
    return Ticks(stamps.astype(np.int64), kind.astype(np.int8), price.astype(np.float64), volume.astype(np.int64))


@pytest.mark.parametrize("name", RUNS)
def test_an_odd_run_has_its_page(name: str, tmp_path: Path) -> None:
    (tmp_path / "parquet").mkdir()
    for ticker, rows in RUNS[name].items():
        ticks = ticks_of(rows)
        metadata = {"exchange": "ADX", "fingerprint": "made"}
        write_ticks(tmp_path / "parquet" / f"{ticker}.parquet", ticks, metadata)
    config = make_config(tmp_path / "v1.json", tuple(RUNS[name]))
    run = api.backtest(config=config, parquet_dir=tmp_path / "parquet", output_dir=tmp_path / "run")
    page = read_page((tmp_path / "run" / "report.html").read_bytes())
    assert run.failed == {}
    fills = {result.ticker: result.fills for result in run.results if result.ledger}
    for number, ticker in enumerate(sorted(fills)):
        columns = page.columns(f"panel-{number}")
        assert len(columns["equity"]) == len(columns["stamps"]) == fills[ticker]
        assert columns["stamps"] == sorted(columns["stamps"])
