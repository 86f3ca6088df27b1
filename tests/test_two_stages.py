from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest

from pipeline import backtest, convert
from pipeline.conversion.sample import write_sample
from pipeline.errors import StaleStore

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    path = tmp_path / "raw" / "ticks.xlsx"
    write_sample(path, days=2, rows=600)
    return path


def test_a_workbook_goes_to_results_and_every_row_is_accounted_for(workbook: Path, tmp_path: Path) -> None:
    converted = convert(workbook, tmp_path / "parquet")
    assert [row.status for row in converted.rows] == ["converted"] * 4
    for row in converted.rows:
        assert row.rows == row.ticks + sum(row.rejects.values()) + row.blank
        assert pq.read_metadata(tmp_path / "parquet" / f"{row.ticker}.parquet").num_rows == row.ticks
    run = backtest(parquet_dir=tmp_path / "parquet", output_dir=tmp_path / "run")
    assert run.failed == {}
    assert run.summary["rows"].tolist() == [row.ticks for row in sorted(converted.rows, key=lambda one: one.ticker)]
    assert run.summary["trades"].sum() > 0


def test_a_workbook_changed_after_its_conversion_stops_the_backtest_until_it_is_converted(
    workbook: Path, tmp_path: Path
) -> None:
    convert(workbook, tmp_path / "parquet")
    write_sample(workbook, seed=8, days=2, rows=600)
    with pytest.raises(StaleStore, match="pipeline convert") as stale:
        backtest(parquet_dir=tmp_path / "parquet")
    assert stale.value.exit_status == 2
    old = backtest(parquet_dir=tmp_path / "parquet", allow_stale=True)
    assert {row.status for row in convert(workbook, tmp_path / "parquet").rows} == {"converted"}
    new = backtest(parquet_dir=tmp_path / "parquet")
    assert new.summary["realized_pnl"].tolist() != old.summary["realized_pnl"].tolist()


def test_a_touched_workbook_is_not_read_again_and_is_fresh_after_convert(workbook: Path, tmp_path: Path) -> None:
    convert(workbook, tmp_path / "parquet")
    before = {file.name: file.read_bytes() for file in (tmp_path / "parquet").glob("*.parquet")}
    os.utime(workbook, ns=(1, 1))
    with pytest.raises(StaleStore):
        backtest(parquet_dir=tmp_path / "parquet")
    assert {row.status for row in convert(workbook, tmp_path / "parquet").rows} == {"unchanged"}
    backtest(parquet_dir=tmp_path / "parquet")
    assert {file.name: file.read_bytes() for file in (tmp_path / "parquet").glob("*.parquet")} == before


def test_a_workbook_that_is_gone_does_not_stop_the_backtest(workbook: Path, tmp_path: Path) -> None:
    convert(workbook, tmp_path / "parquet")
    workbook.unlink()
    assert backtest(parquet_dir=tmp_path / "parquet").failed == {}
