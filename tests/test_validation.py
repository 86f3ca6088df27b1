from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from pipeline import convert
from pipeline.bench.stages import benchmark
from pipeline.conversion.sample import write_sample
from pipeline.store.parquet import read_footer
from pipeline.store.tick_file import read_ticks
from pipeline.ticks import Ticks
from pipeline.validation import validate
from tests.made import write_ticks

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path) -> Path:
    workbook = tmp_path / "ticks.xlsx"
    write_sample(workbook, days=1, rows=300)
    convert(workbook, tmp_path / "parquet")
    return tmp_path / "parquet"


def test_every_way_of_running_and_the_workbook_agree(store: Path) -> None:
    warnings: list[str] = []
    checks = list(validate(store, on_warnings=warnings.extend))
    assert [text for text in warnings if "market day" in text]
    assert [check.name for check in checks if not check.passed] == []
    names = " / ".join(check.name for check in checks)
    for words in ("two threads", "two processes", "plain Python", "Parquet = workbook, FAB"):
        assert words in names


def test_a_tick_that_is_not_the_workbooks_is_found_by_row_and_column(store: Path) -> None:
    ticks = read_ticks(store / "FAB.parquet")
    price = np.array(ticks.price)
    price[57] += 0.01
    write_ticks(
        store / "FAB.parquet",
        Ticks(ticks.timestamp, ticks.kind, price, ticks.volume),
        read_footer(store / "FAB.parquet").metadata,
    )
    failed = [check for check in validate(store) if not check.passed]
    assert [check.name for check in failed] == ["Parquet = workbook, FAB"]
    assert "row 61, price" in failed[0].detail  # the 58th tick, below three rows of head


def test_the_benchmark_measures_each_stage_both_ways(tmp_path: Path) -> None:
    workbook = tmp_path / "ticks.xlsx"
    write_sample(workbook, days=1, rows=200)
    timings = benchmark([workbook], runs=1, workers=2)
    assert [timing.stage for timing in timings] == [
        "sheet discovery",
        "reading Excel, writing Parquet",
        "reading Parquet",
        "replay",
        "whole backtest",
    ]
    assert all(timing.sequential > 0 and timing.parallel > 0 for timing in timings)
