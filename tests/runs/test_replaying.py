"""A plan's securities are replayed alike on every backend, each for itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pipeline.replay.model_check import ModelCheck
from pipeline.replay.plan import Request, plan
from pipeline.runs.replaying import run
from pipeline.store.parquet import read_footer
from pipeline.store.tick_file import read_ticks
from pipeline.store.tick_writer import TicksWriter
from tests.made import make_config, make_store

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.engine.outcome import Fills
    from pipeline.ticks import Ticks


@pytest.fixture
def request_for(tmp_path: Path) -> Any:
    store, config = make_store(tmp_path / "parquet"), make_config(tmp_path / "v1.json")
    return lambda **changes: Request(**{"parquet_dir": store, "config": config, **changes})


@pytest.mark.parametrize("backend", ["sequential", "threading", "loky"])
@pytest.mark.parametrize("engine", ["compiled", "python"])
def test_every_backend_and_engine_gives_the_same_bytes(request_for: Any, backend: str, engine: str) -> None:
    expected = {result.ticker: result for result in run(plan(request_for(backend="sequential")))}
    actual = {result.ticker: result for result in run(plan(request_for(backend=backend, engine=engine, workers=2)))}
    assert actual.keys() == expected.keys()
    for ticker, result in actual.items():
        theirs = expected[ticker]
        assert result.fills > 100
        assert result.files == theirs.files
        assert result.ledger is not None
        assert theirs.ledger is not None
        assert result.ledger.to_bytes() == theirs.ledger.to_bytes()


def test_a_security_replayed_ahead_of_its_writing_gives_the_same_bytes(request_for: Any, tmp_path: Path) -> None:
    for path in (tmp_path / "parquet").iterdir():
        content, writer = read_ticks(path), TicksWriter(path)
        for start in range(0, len(content), 700):
            writer.write(content[start : start + 700])
            writer.flush()
        writer.close({"exchange": "ADX", "security": path.stem}).commit()
        assert read_footer(path).group_rows == 700
    alone, beside = ({one.ticker: one for one in run(plan(request_for(workers=workers)))} for workers in (1, 2))
    for ticker, result in alone.items():
        assert result.fills > 100
        assert result.files == beside[ticker].files
        assert result.alternatives.keys() == beside[ticker].alternatives.keys() > set()
        assert result.read_seconds >= 0.0 <= result.replay_seconds


@pytest.mark.parametrize("backend", ["sequential", "threading", "loky"])
def test_a_failing_security_does_not_take_the_others_along(request_for: Any, tmp_path: Path, backend: str) -> None:
    planned = plan(request_for(backend=backend, workers=2))
    broken = tmp_path / "parquet" / "FAB.parquet"
    content = bytearray(broken.read_bytes())
    content[len(content) // 2] ^= 0x10
    broken.write_bytes(content)
    results = {result.ticker: result for result in run(planned)}
    assert "FAB.parquet" in (results["FAB"].error or "")
    assert results["FAB"].ledger is None
    assert results["EMAAR"].ledger is not None
    assert results["MODON"].ledger is not None


def test_a_strategy_that_raises_is_an_error_in_words(request_for: Any, tmp_path: Path) -> None:
    file = tmp_path / "always_fails.py"
    file.write_text(
        "from pipeline.engine.strategy import Strategy\n"
        "class AlwaysFails(Strategy):\n"
        "    def on_tick(self, m):\n"
        "        raise ValueError('no model for ' + str(m.price))\n"
    )
    (tmp_path / "none.json").write_text('{"_defaults": {}}')
    planned = plan(
        request_for(strategy=str(file), config=tmp_path / "none.json", engine="python", backend="sequential")
    )
    errors = [result.error or "" for result in run(planned)]
    assert len(errors) == 3
    assert all(error.startswith("ValueError: no model for") for error in errors)


def test_two_loops_that_disagree_are_said_to(request_for: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    feed = ModelCheck.feed

    def one_fill_short(check: ModelCheck, ticks: Ticks, fills: Fills) -> None:
        feed(check, ticks, fills.at(slice(0, -1)))

    monkeypatch.setattr(ModelCheck, "feed", one_fill_short)
    results = list(run(plan(request_for(backend="sequential", sensitivity=True))))
    assert {result.error is not None and "a fault of this project" in result.error for result in results} == {True}
    monkeypatch.undo()
    assert {result.error for result in run(plan(request_for(backend="sequential", sensitivity=True)))} == {None}
