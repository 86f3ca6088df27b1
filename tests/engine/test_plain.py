"""What the plain engine takes of a library's numbers, and how it names the line where a strategy of Python fails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from pipeline.errors import PipelineError
from tests.engine.replays import HEADER, plain, random_ticks, strategy_of

if TYPE_CHECKING:
    from pathlib import Path

FRAME: Final = """\
import numpy as np


class Own(Strategy):
    count: int = 0
    money: float = 0.0
    on: bool = False

    def on_tick(self, m):
        {}
"""

TAKEN: Final = {
    "a float of numpy's": ("self.money = np.float64(2.5)", "s_money", 2.5),
    "a whole number of numpy's": ("self.count = np.int64(7)", "s_count", 7),
    "a truth of numpy's": ("self.on = np.array([1.0]).all()", "s_on", 1),
    "a whole number for a float": ("self.money = 3", "s_money", 3),
    "a truth for a float": ("self.money = m.price > 0 and True", "s_money", 1),
    "a truth for a whole number": ("self.count = m.price > 0", "s_count", 1),
}


@pytest.mark.parametrize("name", TAKEN)
def test_memory_takes_numbers_of_its_kind_whoever_made_them(name: str, tmp_path: Path) -> None:
    statement, field, value = TAKEN[name]
    remembered = plain(strategy_of(tmp_path, FRAME.format(statement)), random_ticks(50)).final[field]
    assert (remembered, type(remembered)) == (value, type(value))


CHANGED: Final = {
    "a float in whole-number memory": ("self.count = 1.5", "count is declared int and became a float", "int"),
    "numpy's float in it": ("self.count = np.float64(1)", "count is declared int and became a float64", "int"),
    "single precision": ("self.money = np.float32(0.1)", "money is declared float and became a float32", "float"),
    "text": ("self.on = 'yes'", "on is declared bool and became a str", "bool"),
}


@pytest.mark.parametrize("name", CHANGED)
def test_memory_that_became_something_else_is_refused(name: str, tmp_path: Path) -> None:
    statement, words, kind = CHANGED[name]
    with pytest.raises(PipelineError) as refused:
        plain(strategy_of(tmp_path, FRAME.format(statement)), random_ticks(50))
    assert str(refused.value) == (
        f"Own.{words} during the run; write {kind}(...) where it is assigned or declare it as what it is."
    )


FAILING: Final = {
    "an index": ("x = np.array([])[5]", "IndexError: index 5 is out of bounds for axis 0 with size 0"),
    "a key": ("x = {}['FAB']", "KeyError: 'FAB'"),
    "an error of its own": ("raise ValueError('no model')", "ValueError: no model"),
    "an error inside a library": ("np.linalg.inv(np.zeros((2, 2)))", "LinAlgError: Singular matrix"),
}


@pytest.mark.parametrize("name", FAILING)
def test_a_line_that_raises_is_named_with_its_tick(name: str, tmp_path: Path) -> None:
    statement, words = FAILING[name]
    body = FRAME.format(f"if m.session_rows == 3:\n            {statement}")
    line = (HEADER + body).splitlines().index(f"            {statement}") + 1
    ticks = random_ticks(50)
    opens = int(((ticks.timestamp // 10**9 % 86_400 >= 36_000) & (ticks.price > 0)).argmax())
    with pytest.raises(PipelineError) as failed:
        plain(strategy_of(tmp_path, body), ticks)
    assert str(failed.value) == f"{words} ({tmp_path / 'own.py'}, line {line}, at tick {opens + 2})."


@pytest.mark.parametrize("statement", ["m.quote_bid(m.bid, 50.5)", "m.quote_ask(m.ask, m.ask_size / 2)"])
def test_a_size_that_is_a_float_is_refused_in_words(statement: str, tmp_path: Path) -> None:
    verb = statement[2:].partition("(")[0]
    line = HEADER.count("\n") + 10
    with pytest.raises(
        PipelineError, match=rf"own\.py, line {line}: {verb} takes size as int and would be given a float"
    ):
        plain(strategy_of(tmp_path, FRAME.format(statement)), random_ticks())
