"""The seconds that a run says it took count all of it: the writing, the page, and in the closing line the command."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from pipeline.console.backtest import show_backtest
from pipeline.console.output import Console, console, set_console
from pipeline.replay.plan import Request
from pipeline.runs import writer
from pipeline.runs.backtest import Listeners, run_backtest
from tests.made import make_config, make_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SLOW = 0.4
"""Seconds that writing, and then the page, take longer here."""


@pytest.fixture
def begun_long_ago() -> Iterator[None]:
    before = console()
    set_console(Console("backtest", quiet=True, started=time.perf_counter() - 100))
    yield
    set_console(before)


@pytest.mark.usefixtures("begun_long_ago")
def test_the_seconds_count_the_writing_and_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    metrics_json = writer.metrics_json

    def slowly(*given: object) -> object:
        time.sleep(SLOW)
        return metrics_json(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(writer, "metrics_json", slowly)
    request = Request(parquet_dir=make_store(tmp_path / "parquet"), config=make_config(tmp_path / "v1.json"))
    before = time.perf_counter()
    run = run_backtest(request, tmp_path / "run", Listeners(), lambda _: time.sleep(SLOW), fresh=True)
    took = time.perf_counter() - before
    recorded = json.loads((tmp_path / "run/run.json").read_bytes())["how"]["seconds"]["total"]
    assert SLOW < recorded < took - SLOW
    assert 2 * SLOW < run.seconds["total"] <= took
    said = float(show_backtest(run).line.partition("(")[2].partition(" s")[0])
    assert 100 + took <= said < 100 + took + 5
