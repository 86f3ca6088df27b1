"""The files of what strategies record: their rows, how often, and the same bytes however a run was made."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import backtest
from pipeline.engine.series import Series
from pipeline.errors import ReplayError
from pipeline.runs.security_files import SeriesRows
from tests.made import MONDAY, SECOND, make_config, make_store, make_strategy

if TYPE_CHECKING:
    from pathlib import Path

RECORDS: Final = """
fair: Series = Series(every=60)
lots: Series = Series()

def on_tick(self, m):
    if m.bid_size > 0 and m.ask_size > 0:
        self.fair.record(m, (m.bid + m.ask) / 2)
        m.quote_bid(m.bid, 100)
        m.quote_ask(m.ask, 100)

def on_fill(self, m, side, price, quantity):
    self.lots.record(m, m.position)
"""


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=40), st.integers(0, 12), st.integers(0, 40))
def test_rows_are_so_many_seconds_apart_whatever_the_parts(steps: list[tuple[int, bool]], every: int, cut: int) -> None:
    times = MONDAY + np.cumsum([step for step, _ in steps], dtype=np.int64) * SECOND
    values = np.array([float(number) if there else np.nan for number, (_, there) in enumerate(steps)])
    expected, last = [], None
    for time, value in zip(times.tolist(), values.tolist(), strict=True):
        if value == value and (last is None or time - last >= every * SECOND):  # noqa: PLR0124 - no NaN
            expected.append((time // 10**6, value))
            last = time
    rows = SeriesRows({"fair": Series(every)}, 0)
    tables = [rows.table(times[part], {"fair": values[part]}) for part in (slice(cut), slice(cut, None))]
    found = [
        pair
        for table in tables
        for pair in zip(table["timestamp"].cast("int64").to_pylist(), table["fair"].to_pylist(), strict=True)
    ]
    assert found == expected


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    make_store(tmp_path / "parquet", ("FAB", "EMAAR"), days=3, a_day=400)
    file = make_strategy(tmp_path / "own.py", RECORDS)
    text = file.read_text(encoding="utf-8")
    file.write_text(f"from pipeline.engine.series import Series\n{text}", encoding="utf-8")
    return tmp_path


def run(desk: Path, name: str, **options: Any) -> Any:
    options = {"report": False, "parquet_dir": desk / "parquet", "config": desk / "own.json"} | options
    return backtest(str(desk / "own.py"), output_dir=desk / name, **options)


@pytest.mark.usefixtures("kept_results")
def test_a_run_has_what_its_strategy_recorded(desk: Path) -> None:
    first = run(desk, "one")
    path = desk / "one" / "series" / "FAB.parquet"
    table = pq.read_table(path)
    assert table.column_names == ["timestamp", "fair", "lots"]
    stamps = table.filter(table["fair"].is_valid())["timestamp"].cast("int64").to_numpy()
    assert len(stamps) > 100
    assert np.diff(stamps).min() >= 60_000
    trades = pq.read_table(desk / "one" / "trades" / "FAB.parquet")
    lots = table.filter(table["lots"].is_valid())
    assert {*lots["timestamp"].to_pylist()} == {*trades["timestamp"].to_pylist()}
    assert first.series("fab")["fair"].count() == len(stamps)
    listed = json.loads((desk / "one" / "run.json").read_bytes())["files"]
    assert {"series/EMAAR.parquet", "series/FAB.parquet"} <= {*listed}
    assert [result.cached for result in run(desk, "cached").results] == [True, True]
    run(desk, "plain", engine="python")
    run(desk, "loky", fresh=True, workers=2, backend="loky")
    for other in ("cached", "plain", "loky"):
        for ticker in ("FAB", "EMAAR"):
            file = f"series/{ticker}.parquet"
            assert (desk / other / file).read_bytes() == (desk / "one" / file).read_bytes()


def test_a_run_that_records_nothing_has_no_such_folder(desk: Path) -> None:
    run(desk, "same", securities="FAB")
    assert (desk / "same" / "series" / "FAB.parquet").exists()
    config = make_config(desk / "v1.json", ("FAB",))
    other = backtest(
        parquet_dir=desk / "parquet", config=config, output_dir=desk / "same", securities="FAB", report=False
    )
    assert not (desk / "same" / "series" / "FAB.parquet").exists()
    with pytest.raises(ReplayError, match="records no series; it declares one"):
        other.series("FAB")
