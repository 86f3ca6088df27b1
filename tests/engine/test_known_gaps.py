"""Known gaps: each of these fails today and is a bug to be closed; a closed one makes its mark fail, and goes.

What is promised: a strategy either does compiled what it does in Python, or is refused by StrategyError before a tick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from pipeline.engine.compiled import compiled_replay
from pipeline.errors import StrategyError
from tests.engine.replays import both, compiled, plain, random_ticks, strategy_of

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.engine.strategy import Strategy

GAP: Final = pytest.mark.xfail(strict=True, reason="a known gap of the compiled engine")

FRAME: Final = """\
def twice(function):
    return lambda self: 2 * function(self)

def round_up(value):
    return 17

abs = round_up

class Own(Strategy):
    n: int = 0
    count: int = 0
    money: float = 0.0
    on: bool = False

    def on_tick(self, m):
        {}

    def bump(self):
        self.n += 1
        return self.n

    def over(self, m):
        if m.volume > 300:
            return True

    def less(self, first, second):
        return first * 3 - second

    @twice
    def one(self):
        return 1
"""

DIFFERENT: Final = {
    "a chained comparison calls a method that Python would not reach": (
        "if 5 < m.volume % 10 < self.bump(): self.count += 1"
    ),
    "keyword arguments are evaluated in the order of the parameters": (
        "self.count += self.less(second=self.bump(), first=self.bump())"
    ),
    "a method that ends without return gives the value of the event before": "if self.over(m): self.count += 1",
    "a decorator is passed over": "self.count += self.one()",
    "a function of the module that is named like a builtin is passed over": "self.count += abs(m.volume)",
    "a whole number beyond 2**53 is compared with a float inexactly": "if m.now + 1 > m.now + 0.0: self.count += 1",
    "a whole number beyond 2**63 wraps around": "self.n = self.n * 7 + 1",
    "the room for fills can be read, and differs": "self.count = m.capacity",
}


def agree_or_refuse(strategy: type[Strategy]) -> None:
    try:
        compiled_replay(strategy)
    except StrategyError:
        return
    both(strategy, random_ticks(200))


@pytest.mark.parametrize("name", [pytest.param(name, marks=GAP) for name in DIFFERENT])
def test_a_strategy_does_compiled_what_python_does_or_is_refused(name: str, tmp_path: Path) -> None:
    agree_or_refuse(strategy_of(tmp_path, FRAME.format(DIFFERENT[name])))


RAISING: Final = {
    "a float divided by zero": "self.money = 1.0 / (m.volume - m.volume)",
    "an int divided by zero": "self.count = 1 // (m.volume - m.volume)",
    "the root of a negative number": "self.money = math.sqrt(-m.price)",
    "a local without a value on this path": "\n        if m.volume > 100:\n            y = 5\n        self.count = y",
    "a verb's result": "self.count = m.quote_bid(m.bid, 3)",
}


@pytest.mark.parametrize("name", [pytest.param(name, marks=GAP) for name in RAISING])
def test_what_raises_in_python_raises_compiled_or_is_refused(name: str, tmp_path: Path) -> None:
    strategy = strategy_of(tmp_path, FRAME.format(RAISING[name]))
    with pytest.raises((StrategyError, ArithmeticError, ValueError, UnboundLocalError)):
        plain(strategy, random_ticks(200))
    with pytest.raises((StrategyError, ArithmeticError, ValueError, UnboundLocalError)):
        compiled(strategy, random_ticks(200))


LEAKING: Final = {
    "a function of math that numba lacks": "self.money = math.fmod(m.price, 0.7)",
    "float of a flag": "self.money = float(m.price > 10)",
    "a local that never has a value": "y = y + 1; self.count = y",
    "a write into a column of the fills": "m.fill_price[0] = 1.0",
    "a write into a column of the days": "m.market_days[0] = 0",
}


@pytest.mark.parametrize("name", [pytest.param(name, marks=GAP) for name in LEAKING])
def test_what_cannot_be_compiled_is_a_strategy_error_and_not_numbas(name: str, tmp_path: Path) -> None:
    strategy = strategy_of(tmp_path, FRAME.format(LEAKING[name]))
    with pytest.raises(StrategyError, match=r"own\.py, line \d+: "):
        compiled_replay(strategy)


TAKEN: Final = {
    "memory that starts from infinity": ("best: float = math.inf", "self.best = min(self.best, m.price)"),
    "memory that starts from NaN": ("best: float = math.nan", "self.best = m.price"),
    "a flag from isnan": ("best: bool = True", "self.best = math.isnan(m.price)"),
}


@pytest.mark.parametrize("name", [pytest.param(name, marks=GAP) for name in TAKEN])
def test_a_sound_strategy_is_taken(name: str, tmp_path: Path) -> None:
    field, statement = TAKEN[name]
    body = f"class Own(Strategy):\n    {field}\n\n    def on_tick(self, m):\n        {statement}\n"
    both(strategy_of(tmp_path, body), random_ticks(50))


@GAP
def test_a_wrong_default_of_a_parameter_is_the_strategys_error_and_names_its_file(tmp_path: Path) -> None:
    strategy = strategy_of(tmp_path, "class Own(Strategy):\n    size: Shares = parameter(3, minimum=5)\n")
    with pytest.raises(StrategyError, match=r"own\.py"):
        compiled_replay(strategy)
