"""Signals in the engines: read as of each event, alike compiled, plain, in parts and in batches; misuse is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest

from pipeline.engine.compiler.batch_loop import batch_source
from pipeline.engine.outcome import Span
from pipeline.engine.plain import PlainReplay
from pipeline.engine.signal import Signal
from pipeline.errors import ReplayError, StrategyError
from tests.engine.replays import (
    FACTS,
    bits,
    both,
    compiled,
    field_values,
    plain,
    random_ticks,
    strategy_of,
    with_signals,
)
from tests.engine.test_memory import in_parts
from tests.engine.walks import PythonReplay, alone, plainly_alone, settings_of, together, walked_by_python

if TYPE_CHECKING:
    from pathlib import Path

QUOTES: Final = """\
class Own(Strategy):
    size: Shares = parameter(100)
    edge: float = parameter(0.01)
    longest: Duration = parameter(600.0)
    alpha: Signal = Signal("alpha")
    other: Signal = Signal("EMAAR.mid")
    seen: float = 0.0
    stale: int = 0

    def on_tick(self, m):
        if m.now - self.alpha.time > self.longest:
            self.stale += 1
            m.cancel_bid()
        elif m.bid_size > 0 and self.alpha.value - 10.0 > self.edge:
            m.quote_bid(m.bid, self.size)
        if m.ask_size > 0 and self.other.value < 10.0:
            m.quote_ask(m.ask, self.size)

    def on_fill(self, m, side, price, quantity):
        if not math.isnan(self.alpha.value):
            self.seen += self.alpha.value
"""


@pytest.mark.parametrize("seed", range(3))
def test_signals_are_the_same_in_both_engines_in_parts_and_in_batches(seed: int, tmp_path: Path) -> None:
    strategy, ticks = strategy_of(tmp_path, QUOTES), with_signals(random_ticks(500, seed), seed, 2)
    whole = plain(strategy, ticks)
    assert len(whole.fills) > 5
    assert whole.final["s_stale"] > 0
    assert whole.final["s_alpha__value"] == ticks.signals[0][-1]
    for replay in (PythonReplay(strategy, None), PlainReplay(strategy)):
        assert bits(in_parts(strategy, replay, ticks, [1, 37, 222, 223])) == bits(whole)
    settings = settings_of(strategy, [{"edge": 0.0}, {"size": 7}, {"longest": 60.0}, {"edge": 0.03, "size": 900}])
    assert walked_by_python(ticks, strategy, settings) == plainly_alone(ticks, strategy, settings)


def test_machine_code_reads_what_python_reads(tmp_path: Path) -> None:
    strategy, ticks = strategy_of(tmp_path, QUOTES), with_signals(random_ticks(3_000, 5), 5, 2)
    assert len(both(strategy, ticks).fills) > 20
    settings = settings_of(strategy, [{"edge": 0.002 * step, "longest": 60.0 * step} for step in range(10)])
    assert together(ticks, strategy, settings) == [alone(ticks, strategy, setting) for setting in settings]


def test_a_batch_reads_a_signal_once_for_all_its_settings(tmp_path: Path) -> None:
    _, layout = batch_source(strategy_of(tmp_path, QUOTES))
    assert {"s_alpha__value", "s_other__value"} <= {*layout.shared.state_floats}
    assert not {name for name in (*layout.rows.ints, *layout.rows.floats) if "__" in name}


@pytest.mark.parametrize("cut", [1, 250, 499])
def test_a_plain_replay_goes_on_from_where_a_compiled_one_stands(cut: int, tmp_path: Path) -> None:
    strategy, ticks = strategy_of(tmp_path, QUOTES), with_signals(random_ticks(500), 1, 2)
    first = PythonReplay(strategy, None).begin(Span.of(ticks), FACTS, field_values(strategy))
    first.feed(ticks[:cut])
    rest = PlainReplay(strategy).begin(Span.of(ticks), FACTS, field_values(strategy), first.checkpoint())
    assert bits(rest.end(ticks[cut:]))["s_seen"] == bits(plain(strategy, ticks))["s_seen"]


@pytest.mark.parametrize("engine", [compiled, plain])
def test_ticks_without_their_signals_are_no_ticks_of_such_a_strategy(engine: object, tmp_path: Path) -> None:
    with pytest.raises(ReplayError, match="came without the signals alpha, other"):
        engine(strategy_of(tmp_path, QUOTES), random_ticks(10))  # type: ignore[operator]


REFUSED: Final = {
    "an assignment": ("self.alpha.value = 1.0", "can be read, not assigned to"),
    "an index": ("self.a = self.alpha[0]", "outside what can be compiled"),
    "the row to come": ("self.a = self.alpha.values[m.event + 1]", "outside what can be compiled"),
    "an event to come": ("self.alpha.take(m.event + 1)", "alpha, Signal.'alpha'., has no 'take'"),
    "a misspelt field": ("self.a = self.alpha.valeu", "has no 'valeu'. Did you mean 'value'?"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_wrong_use_is_refused_at_its_line(name: str, tmp_path: Path) -> None:
    statement, said = REFUSED[name]
    declared = "class Own(Strategy):\n    alpha: Signal = Signal('alpha')\n    a: float = 0.0\n\n"
    strategy = strategy_of(tmp_path, f"{declared}    def on_tick(self, m):\n        {statement}\n")
    with pytest.raises(StrategyError, match=said):
        compiled(strategy, random_ticks(3))


AHEAD: Final = ("self.alpha.values[m.event + 1]", "self.alpha.take(m.event + 1)", "getattr(self.alpha, 'times')[-1]")


@pytest.mark.parametrize("statement", AHEAD)
def test_plain_python_cannot_reach_the_rows_to_come(statement: str, tmp_path: Path) -> None:
    declared = "class Own(Strategy):\n    alpha: Signal = Signal('alpha')\n    seen: list = []\n\n"
    strategy = strategy_of(tmp_path, f"{declared}    def on_tick(self, m):\n        self.seen.append({statement})\n")
    ticks = random_ticks(300)
    with pytest.raises(ReplayError, match=r"has no attribute '(values|times)'"):
        plain(strategy, replace(ticks, signals=(ticks.price, ticks.timestamp)))


def test_a_signal_without_a_name_is_refused_with_how_to_write_it(tmp_path: Path) -> None:
    strategy = strategy_of(tmp_path, "class Own(Strategy):\n    a: Signal\n\n    def on_tick(self, m):\n        pass\n")
    with pytest.raises(StrategyError, match=r'write what it starts as, `a: Signal = Signal\("alpha"\)`'):
        PlainReplay(strategy)


@pytest.mark.parametrize(
    ("name", "said"),
    [("", "takes the name of a column"), ("EMAAR.middle", "there are mid, bid, ask, bid_size, ask_size. Did you mean")],
)
def test_a_name_that_cannot_be_is_refused(name: str, said: str) -> None:
    with pytest.raises(StrategyError, match=said):
        Signal(name)


OF_THE_AUCTION: Final = """\
from pipeline.engine.rules.auction import AuctionMarket

class Own(Strategy):
    rules = AuctionMarket
    trade_types = ("entry",)
    alpha: Signal = Signal("alpha")
    seen: float = 0.0

    def on_tick(self, m):
        if self.alpha.value > 10.02 and m.best_bid > 0:
            m.trade(BUY, m.best_bid, 100, 0.0, 0, self.alpha.value, m.event)

    def on_day_end(self, m):
        if self.alpha.time > 0:
            self.seen += self.alpha.value
"""

LADDER: Final = """\
class Own(Strategy):
    levels = 3
    alpha: Signal = Signal("alpha")

    def on_tick(self, m):
        if m.bid_size > 0 and m.ask_size > 0 and self.alpha.value > 10.0 and m.position < 900:
            for step in range(3):
                m.place(BUY, m.bid - 0.01 * step, 100)
        if m.ask_size > 0 and self.alpha.value < 10.0 and m.position > 0:
            m.place(SELL, m.ask, 100)
"""


@pytest.mark.parametrize("text", [OF_THE_AUCTION, LADDER])
def test_any_market_reads_them(text: str, tmp_path: Path) -> None:
    strategy, ticks = strategy_of(tmp_path, text), with_signals(random_ticks(600, 2), 2, 1)
    whole = plain(strategy, ticks)
    assert len(whole.fills) > 5
    assert bits(in_parts(strategy, PythonReplay(strategy, None), ticks, [1, 300, 301])) == bits(whole)
