"""A result is named by every fact of its market that a replay reads, and is replayed by these facts wherever it is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from pipeline import api
from pipeline.engine.strategy import Strategy
from pipeline.folders import config_file
from pipeline.markets.facts import facts_of
from pipeline.replay.plan import Request, plan
from pipeline.replay.result_key import Identity
from pipeline.runs.replaying import run
from tests.made import make_config, make_signal_desk, make_store

READ: Final = {"cancels_over_break": True, "day_starts": 1, "time_zone": "Asia/Dubai", "half_days": ()}
NOT_READ: Final = {"name": "Hong Kong", "codes": ("XX",), "closed_days": frozenset[Any](), "tickers": ("FAB",)}


@pytest.mark.parametrize(("fact", "value"), [*READ.items(), *NOT_READ.items()])
def test_a_result_is_of_every_fact_of_its_market_that_a_replay_reads(fact: str, value: Any) -> None:
    facts = facts_of("HKEX").of_security("FAB")
    one, other = (
        Identity(Strategy, "", "", market, "compiled", "", ()).kind
        for market in (facts, replace(facts, **{fact: value}))
    )
    assert (one != other) is (fact in READ)


def test_a_worker_that_starts_after_a_market_file_was_changed_replays_what_the_plan_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = make_signal_desk(tmp_path)
    request = Request(str(file), file.with_suffix(".json"), make_store(tmp_path / "parquet"), backend="sequential")
    planned = plan(request)
    expected = {result.ticker: result.files for result in run(planned)}
    write_markets(tmp_path, monkeypatch)
    facts_of.cache_clear()
    try:
        assert {result.ticker: result.files for result in run(planned)} == expected
        assert {result.ticker: result.files for result in run(plan(request))} != expected
    finally:
        facts_of.cache_clear()


def write_markets(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Go into a folder whose markets open at 13:00."""
    monkeypatch.chdir(folder)
    Path("configs/markets").mkdir(parents=True)
    for market in ("ADX", "DFM"):
        path = Path(f"configs/markets/{market}.json")
        path.write_text(config_file(path).read_text("utf-8").replace('[["10:00"', '[["13:00"'), "utf-8")


def test_a_second_call_in_a_process_reads_the_markets_files_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options: dict[str, Any] = {
        "parquet_dir": make_store(tmp_path / "parquet"),
        "config": make_config(tmp_path / "v1.json"),
    }
    before = api.backtest(**options)
    with monkeypatch.context() as inside:
        write_markets(tmp_path, inside)
        later = api.backtest(**options)
    again = api.backtest(**options)
    counts = [list(run.summary["trades"]) for run in (before, later, again)]
    assert counts[0] == counts[2]
    assert all(fewer < more for fewer, more in zip(counts[1], counts[0], strict=True))
