"""A strategy's own series in the engines: what it records, alike compiled, plain and in parts; left out of batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pytest

from pipeline.engine.outcome import Span
from pipeline.engine.plain import PlainReplay
from pipeline.engine.series import Series
from pipeline.errors import StrategyError
from tests.engine.replays import FACTS, compiled, field_values, plain, random_ticks, strategy_of, written
from tests.engine.walks import PythonReplay, plainly_alone, settings_of, walked_by_python

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.engine.compiled import CompiledReplay
    from pipeline.engine.strategy import Strategy
    from pipeline.ticks import Ticks

RECORDS: Final = """\
class Own(Strategy):
    size: Shares = parameter(100)
    fair: Series = Series()
    lots: Series = Series(every=60)
    n: int = 0

    def on_tick(self, m):
        self.n += 1
        if m.bid_size > 0 and m.ask_size > 0:
            self.fair.record(m, (m.bid + m.ask) / 2)
            self.fair.record(m, (m.bid * m.ask_size + m.ask * m.bid_size) / (m.ask_size + m.bid_size))
            m.quote_bid(m.bid, self.size)
            m.quote_ask(m.ask, self.size)

    def on_fill(self, m, side, price, quantity):
        self.lots.record(m, m.position)
"""


def recorded(
    strategy: type[Strategy], replay: CompiledReplay | PlainReplay, ticks: Ticks, cuts: list[int]
) -> dict[str, bytes]:
    """Return what a strategy records in parts of ticks."""
    run = replay.begin(Span.of(ticks), FACTS, field_values(strategy))
    columns: dict[str, list[bytes]] = {"fair": [], "lots": []}
    for start, end in zip([0, *cuts], [*cuts, len(ticks)], strict=True):
        run.feed(ticks[start:end])
        for name, values in run.series.items():
            assert len(values) == end - start
            columns[name].append(values.tobytes())
    run.end()
    return {name: b"".join(parts) for name, parts in columns.items()}


def test_what_is_recorded_is_the_last_number_of_an_event(tmp_path: Path) -> None:
    strategy = strategy_of(tmp_path, RECORDS)
    ticks = written("""
        1 10:00:00 bid 10.00 300
        1 10:00:01 ask 10.04 100
        1 10:00:02 trade 10.00 1000
        1 10:00:03 bid 10.00 0
    """)
    run = PlainReplay(strategy).begin(Span.of(ticks), FACTS, field_values(strategy))
    run.feed(ticks)
    # (10.00 * 100 + 10.04 * 300) / 400 = 10.03; our bid of 100 is filled by what the print leaves behind 300
    np.testing.assert_array_equal(run.series["fair"], [np.nan, 10.03, 10.03, np.nan])
    np.testing.assert_array_equal(run.series["lots"], [np.nan, np.nan, 100.0, np.nan])


@pytest.mark.parametrize("seed", range(3))
def test_series_are_the_same_in_both_engines_and_in_parts(seed: int, tmp_path: Path) -> None:
    strategy, ticks = strategy_of(tmp_path, RECORDS), random_ticks(400, seed)
    whole = recorded(strategy, PlainReplay(strategy), ticks, [])
    assert (~np.isnan(np.frombuffer(whole["lots"]))).sum() > 5
    for replay in (PythonReplay(strategy, None), PlainReplay(strategy)):
        assert recorded(strategy, replay, ticks, [1, 37, 222, 223]) == whole


def test_machine_code_records_what_python_records(tmp_path: Path) -> None:
    from pipeline.engine.compiled import compiled_replay
    from pipeline.replay.simulate import CLASSIC, loop_constants

    strategy, ticks = strategy_of(tmp_path, RECORDS), random_ticks(3_000)
    fast = compiled_replay(strategy, loop_constants(CLASSIC))
    assert recorded(strategy, fast, ticks, [700]) == recorded(strategy, PlainReplay(strategy), ticks, [])


def test_settings_together_record_nothing_and_give_what_each_gives(tmp_path: Path) -> None:
    strategy, ticks = strategy_of(tmp_path, RECORDS), random_ticks(400)
    settings = settings_of(strategy, [{}, {"size": 7}, {"size": 900}])
    assert walked_by_python(ticks, strategy, settings) == plainly_alone(ticks, strategy, settings)


REFUSED: Final = {
    "reading back": ("self.n = int(self.fair.values[0])", "outside what can be compiled"),
    "an index": ("self.fair[0] = 1.0", "cannot be assigned to"),
    "without the market": ("self.fair.record(1.0)", "record takes m, value; 1 given"),
    "a misspelt method": ("self.fair.recrod(m, 1.0)", "has no 'recrod'. Did you mean 'record'?"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_wrong_use_is_refused_at_its_line(name: str, tmp_path: Path) -> None:
    statement, said = REFUSED[name]
    declared = "class Own(Strategy):\n    fair: Series = Series()\n    n: int = 0\n\n"
    strategy = strategy_of(tmp_path, f"{declared}    def on_tick(self, m):\n        {statement}\n")
    with pytest.raises(StrategyError, match=said):
        compiled(strategy, random_ticks(3))


def test_a_series_of_the_day_after_the_last_part_is_left_out(tmp_path: Path) -> None:
    body = (
        "from pipeline.engine.rules.auction import AuctionMarket\n\nclass Own(Strategy):\n    rules = AuctionMarket\n"
    )
    body += '    trade_types = ("entry",)\n    fair: Series = Series()\n\n    def on_tick(self, m):\n        pass\n\n'
    body += "    def on_day_end(self, m):\n        self.fair.record(m, 1.0)\n"
    strategy, ticks = strategy_of(tmp_path, body), random_ticks(40)
    for replay in (PythonReplay(strategy, None), PlainReplay(strategy)):
        run = replay.begin(Span.of(ticks), FACTS, field_values(strategy))
        run.feed(ticks)
        assert np.flatnonzero(~np.isnan(run.series["fair"])).tolist() == [20]
        run.end()
        assert run.series["fair"].tolist() == []
    assert plain(strategy, ticks).fills is not None


@pytest.mark.parametrize("every", [-1.0, float("inf"), float("nan")])
def test_an_interval_that_cannot_be_is_refused(every: float) -> None:
    with pytest.raises(StrategyError, match="it takes seconds"):
        Series(every)
