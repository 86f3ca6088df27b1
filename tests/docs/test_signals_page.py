"""docs/use/signals.md: its model is fitted as printed, knows nothing of later ticks, and trades out of sample."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.made import DAY, EXCHANGES, MONDAY, make_store, random_ticks, write_ticks

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = (ROOT / "docs" / "use" / "signals.md").read_text(encoding="utf-8")


def run(folder: Path, *words: str) -> None:
    """Run Python in a folder as the page says."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, check=False, cwd=folder, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert "cannot be compiled" not in done.stderr


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """Return a folder with ticks of six days and the printed files."""
    make_store(tmp_path / "data" / "parquet", ("FAB", "EMAAR"), days=6, a_day=900)
    printed = re.findall(r"^`(desk/[\w.]+)`:\n\n```\w+\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)
    assert len(printed) == 3
    for name, content in printed:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content, encoding="utf-8")
    return tmp_path


def signal_of(desk: Path) -> tuple[list[int], list[float]]:
    table = pq.read_table(desk / "data" / "signals" / "FAB.parquet")
    return table["time"].cast("timestamp[ns]").cast("int64").to_pylist(), table["alpha"].to_pylist()


@pytest.mark.slow
def test_the_model_is_fitted_and_traded_out_of_sample_as_printed(desk: Path) -> None:
    pytest.importorskip("sklearn")
    run(desk, "desk/fit.py")
    times, values = signal_of(desk)
    assert min(times) > MONDAY + 3 * DAY
    assert len(times) > 300
    run(desk, "-m", "pipeline", "backtest", "--strategy", "desk/by_model.py", "--config", "desk/by_model.json")
    for ticker in ("FAB", "EMAAR"):
        trades = pq.read_table(desk / "output" / "by_model" / "trades" / f"{ticker}.parquet")
        assert len(trades) > 10
        assert min(trades["timestamp"].cast("int64").to_pylist()) * 10**6 > min(times)

    other = random_ticks(99, days=6, a_day=900)
    last_day = MONDAY + 5 * DAY
    ticks = random_ticks(0, days=6, a_day=900)
    ticks.price[ticks.timestamp >= last_day] = other.price[other.timestamp >= last_day] + 1
    write_ticks(desk / "data" / "parquet" / "FAB.parquet", ticks, {"exchange": EXCHANGES["FAB"]})
    run(desk, "desk/fit.py")
    times_then, values_then = signal_of(desk)
    earlier = np.array(times) < last_day
    assert earlier.sum() > 100
    assert [pair for pair in zip(times_then, values_then, strict=True) if pair[0] < last_day] == [
        pair for pair, is_earlier in zip(zip(times, values, strict=True), earlier, strict=True) if is_earlier
    ]
    assert values_then != values
