"""Everything the compiled engine's subset of Python allows means there what it means in Python."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Final

import pytest

from pipeline.engine.compiler.specialise import loop_source
from pipeline.engine.execution import make_execution
from pipeline.engine.strategy import fields_of
from pipeline.replay.simulate import CLASSIC, loop_constants
from tests.engine.replays import (
    FACTS,
    HEADER,
    bits,
    both,
    compiled,
    field_values,
    plain,
    random_ticks,
    strategy_of,
    written,
)
from tests.engine.subset_flow import FLOW
from tests.engine.subset_values import OPTIONAL, VALUES
from tests.engine.walks import PythonReplay

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.settings import Value

CASES: Final = FLOW | VALUES

TOUCHES: Final = """
    1 10:00:00 bid    9.99 500
    1 10:00:01 ask   10.01 500
    1 10:00:02 trade 10.01 900
    1 10:00:03 trade  9.99 900
"""

BASE: Final = """\
STEP = 1

class HouseStyle(Strategy):
    budget: Shares = parameter(100)
    ticks: int = 0
    left: int = 0

    def on_start(self):
        self.left = self.budget + 2

    def on_tick(self, m):
        self.ticks += STEP
        self.act(m)

    def act(self, m):
        self.ticks += 1000
"""

DERIVED: Final = """\
from house_style import HouseStyle

STEP = 2

class Own(HouseStyle):
    acted: int = 0

    def act(self, m):
        self.acted += STEP
        self.left -= STEP
"""


@pytest.mark.parametrize("name", CASES)
def test_a_construct_of_the_subset_does_in_a_loop_what_python_does(name: str, tmp_path: Path) -> None:
    """The loop is run by Python as it stands: what a construct becomes is the same when it is compiled."""
    strategy, ticks = strategy_of(tmp_path, CASES[name]), random_ticks()
    outcome = PythonReplay(strategy, loop_constants(CLASSIC)).run(ticks, FACTS, field_values(strategy))
    assert bits(outcome) == bits(plain(strategy, ticks))
    unmoved = [
        memory
        for memory, declared in fields_of(strategy).memory.items()
        if repr(float(outcome.final[f"s_{memory}"])) == repr(float(declared.start))
    ]
    assert not unmoved, "the ticks did not exercise the case"


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_a_construct_of_the_subset_does_compiled_what_python_does(name: str, tmp_path: Path) -> None:
    both(strategy_of(tmp_path, CASES[name]), random_ticks())


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, (-1, -1.0, -1)),
        ({"size": 7}, (7, -1.0, -1)),
        ({"price": 9.5}, (-1, 9.5, -1)),
        ({"wait": 0.25}, (-1, -1.0, 250_000_000)),
        ({"size": 0, "price": 0.0, "wait": 0}, (0, 0.0, 0)),
    ],
)
def test_an_optional_parameter_is_told_apart_from_zero(
    values: dict[str, Value], expected: tuple[int, float, int], tmp_path: Path
) -> None:
    final = both(strategy_of(tmp_path, OPTIONAL), random_ticks(50), values).final
    assert (final["s_had_size"], final["s_had_price"], final["s_had_wait"]) == expected


def test_a_strategy_built_on_another_runs_its_own_and_the_inherited_methods(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "house_style.py").write_text(HEADER + BASE, encoding="utf-8")
    final = both(strategy_of(tmp_path, DERIVED), written(TOUCHES)).final
    assert (final["s_ticks"], final["s_acted"], final["s_left"]) == (4, 8, 94)


def test_an_order_away_from_the_touch_has_nobody_ahead_of_it(tmp_path: Path) -> None:
    body = """\
class Own(Strategy):
    placed: bool = False

    def on_tick(self, m):
        if m.ask_size > 0 and not self.placed:
            self.placed = True
            m.quote_bid(m.bid + 0.01, 70)
            m.quote_ask(m.ask - 0.01, 30)
"""
    fills = both(strategy_of(tmp_path, body), written(TOUCHES)).fills
    assert list(zip(fills.side.tolist(), fills.quantity.tolist(), strict=True)) == [(-1, 30), (1, 70)]


def test_a_strategy_may_trade_from_on_fill(tmp_path: Path) -> None:
    body = """\
class Own(Strategy):
    fills: int = 0

    def on_start(self):
        self.fills = 100

    def on_tick(self, m):
        if m.bid_size > 0 and m.ask_size > 0 and self.fills == 100:
            m.quote_ask(m.ask, 400)

    def on_fill(self, m, side, price, quantity):
        self.fills += 1
        if side == SELL:
            m.quote_bid(m.bid, quantity)
"""
    outcome = both(strategy_of(tmp_path, body), written(TOUCHES))
    assert outcome.fills.quantity.tolist() == [400, 400]
    assert outcome.final["s_fills"] == 102


def test_on_start_called_by_a_strategy_does_what_it_says_and_no_more(tmp_path: Path) -> None:
    body = """\
class Own(Strategy):
    ticks: int = 0
    left: int = 0

    def on_start(self):
        self.left = 7

    def on_tick(self, m):
        self.ticks += 1
        self.left -= 1
        if self.left == 5:
            self.on_start()
"""
    final = both(strategy_of(tmp_path, body), written(TOUCHES)).final
    assert (final["s_ticks"], final["s_left"]) == (4, 7)


NAN_CASE: Final = """\
class Own(Strategy):
    first: float = 0.0
    later: float = 0.0
    most: float = 0.0

    def on_tick(self, m):
        nothing = math.inf - math.inf
        self.first = min(nothing, m.price)
        self.later = min(m.price, nothing)
        self.most = max(m.price, nothing, 3.5)
"""


def test_min_and_max_keep_the_first_of_equals_and_of_nan(tmp_path: Path) -> None:
    strategy = strategy_of(tmp_path, NAN_CASE)
    for engine in (compiled, plain):
        final = engine(strategy, written(TOUCHES)).final
        assert math.isnan(final["s_first"])
        assert (final["s_later"], final["s_most"]) == (9.99, 9.99)


def test_what_a_method_does_for_a_value_that_nobody_takes_is_done(tmp_path: Path) -> None:
    strategy = strategy_of(
        tmp_path,
        "class Own(Strategy):\n    def on_tick(self, m):\n        self.place(m)\n\n"
        "    def place(self, m):\n        return m.quote_bid(10.0, 100)\n",
    )
    assert both(strategy, random_ticks()).final["m_bid_order"] == 10.0


@pytest.mark.parametrize(("preset", "turns"), [("classic", 0), ("strict", 0), (None, 1)])
def test_only_a_loop_that_knows_all_switches_asks_which_turn_it_is(
    preset: str | None, turns: int, tmp_path: Path
) -> None:
    body = "class Own(Strategy):\n    seen: int = 0\n\n    def on_tick(self, m):\n        self.seen += 7\n"
    constants = make_execution(preset, {}, "here").fields() if preset else {}
    source = loop_source(strategy_of(tmp_path, body), constants)
    assert len(re.findall(r"for turn_\d+ in", source)) == turns
    assert ("turn_" in source) == bool(turns)
    assert source.count("s_seen = s_seen + 7") == 1
