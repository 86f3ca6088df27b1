"""A name that does not exist is refused before the first tick, also in a strategy that only plain Python can run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from pipeline.engine.compiler.names import check_names
from pipeline.errors import StrategyError
from pipeline.strategies.loading.load import load_strategy, strategy_names
from tests.engine.replays import HEADER, plain, random_ticks, strategy_of

if TYPE_CHECKING:
    from pathlib import Path

PURE: Final = """\
from collections import deque
from typing import ClassVar


class Own(Strategy):
    STEPS: ClassVar[int] = 4
    size: Shares = parameter(500)
    window: deque = deque(maxlen=5)
    count: int = 0

    def on_tick(self, m):
        self.window.append(m.price)
        self.count = sum(1 for price in self.window if price > self.mean()) * self.STEPS
        {}

    def on_fill(self, m, side, price, quantity):
        {}

    def mean(self):
        return sum(self.window) / len(self.window)

    def helper(self, book):
        return book.whatever
"""

MISSPELT: Final = {
    "a market field": ("x = m.bidd", "the market has no 'bidd'. Did you mean 'bid'?"),
    "a verb": ("m.quote_bit(m.bid, 5)", "the market has no 'quote_bit'. Did you mean 'quote_bid'?"),
    "a verb of the engine only": ("m.book_fill(1, m.bid, 5)", "the market has no 'book_fill'."),
    "a field of the engine only": ("x = m.capacity", "the market has no 'capacity'."),
    "an auction's field": ("x = m.best_bid", "the market has no 'best_bid'."),
    "memory read": ("x = self.cuont", "Own has no 'cuont'. Did you mean 'count'?"),
    "memory not declared": ("self.total = 1", "Own has no 'total'."),
    "memory not declared, in a comprehension": ("x = [self.widow for _ in ()]", "Own has no 'widow'. Did you mean 'wi"),
    "a parameter": ("x = self.sise", "Own has no 'sise'. Did you mean 'size'?"),
    "a verb that nothing calls": ("m.cancel_bid", "`m.cancel_bid` is not called; write `m.cancel_bid(...)`."),
    "a comparison for an assignment": ("self.count == 5", "`self.count == 5` does nothing; = assigns, == compares."),
    "a helper": ("x = self.meen()", "Own has no 'meen'. Did you mean 'mean'?"),
}


@pytest.mark.parametrize("hook", [0, 1])
@pytest.mark.parametrize("name", MISSPELT)
def test_a_misspelt_name_is_refused_by_file_line_and_the_nearest(name: str, hook: int, tmp_path: Path) -> None:
    statement, words = MISSPELT[name]
    body = PURE.format(*("pass", statement) if hook else (statement, "pass"))
    strategy = strategy_of(tmp_path, body)
    line = (HEADER + body).splitlines().index(f"        {statement}") + 1
    with pytest.raises(StrategyError) as refused:
        check_names(strategy)
    assert str(refused.value).startswith(f"{tmp_path / 'own.py'}, line {line}: {words}")


def test_a_strategy_of_plain_python_with_right_names_is_taken_and_runs(tmp_path: Path) -> None:
    strategy = strategy_of(
        tmp_path, PURE.format("m.quote_bid(max(m.bid, 0.01), self.size)", "m.quote_ask(price, quantity)")
    )
    check_names(strategy)
    assert plain(strategy, random_ticks(100)).final["s_count"] > 0


@pytest.mark.parametrize("name", strategy_names())
def test_the_shipped_strategies_know_their_names(name: str) -> None:
    check_names(load_strategy(name))
