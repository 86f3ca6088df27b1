"""Where a line fails both engines stop and say so; the compiled loop's numbers end where the documents say."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from pipeline.errors import ReplayError
from tests.engine.replays import both, compiled, plain, strategy_of, written

if TYPE_CHECKING:
    from pipeline.engine.strategy import Strategy

FRAME: Final = """\
class Own(Strategy):
    case: Shares = parameter(-1)
    size: Shares = parameter(0)
    n: int = 0
    money: float = 1.0

    def on_tick(self, m):
"""

TICKS: Final = written(
    """
    1 10:00:00 bid    9.99 500
    1 10:00:01 ask   10.01   0
    1 10:00:02 trade 10.01 900
    1 10:00:03 trade  9.99 900
    """
)

FAILING: Final = {
    "a float divided by zero": "self.money = 1.0 / (m.volume - m.volume)",
    "zero divided by zero": "self.money = (m.price - m.price) / m.ask_size",
    "an int divided by zero": "self.n = 1 // (m.volume - m.volume)",
    "a rest of a division by zero": "self.n = m.volume % self.size",
    "a float's rest of a division by zero": "self.money = m.price % (m.price - m.price)",
    "a division in place": "self.money /= m.ask_size",
    "a division in a condition": "self.n = 3 if m.price / m.ask_size > 1 else 4",
    "a division in an argument": "m.quote_bid(m.price / m.ask_size, 5)",
    "the root of a negative number": "self.money = math.sqrt(-m.price)",
    "a whole number of infinity": "self.n = int(m.price * 1e308 * 10)",
    "a whole number of NaN": "self.n = round(m.price * math.inf - m.price * math.inf)",
    "a floor of what is too large": "self.n = math.floor(m.price * 1e300 * -1e300)",
}


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> type[Strategy]:
    """Make one strategy of all cases, which a parameter tells apart: it is compiled once."""
    body = FRAME
    for case, statement in enumerate(FAILING.values()):
        body += f"        if self.case == {case} and m.event == 2:\n            {statement}  # case {case}.\n"
    body += "        self.n = 5 if m.ask_size == 0 or m.price / m.ask_size > 1 else 1 // self.size\n"
    return strategy_of(tmp_path_factory.mktemp("own"), body)


@pytest.mark.parametrize("engine", [compiled, plain])
@pytest.mark.parametrize("name", FAILING)
def test_a_line_that_fails_ends_the_replay_by_file_line_and_tick(
    name: str, engine: object, own: type[Strategy]
) -> None:
    assert callable(engine)
    case = list(FAILING).index(name)
    file = Path(str(sys.modules[own.__module__].__file__))
    lines = file.read_text(encoding="utf-8").splitlines()
    (line,) = [number for number, text in enumerate(lines, 1) if text.endswith(f"# case {case}.")]
    with pytest.raises(ReplayError) as failed:
        engine(own, TICKS, {"case": case})
    assert str(failed.value) == (
        f"{file}, line {line}: a division by zero, or a number that is none or too large, at tick 2. "
        "Test for it before this line."
    )


def test_a_division_that_python_does_not_reach_does_not_fail(own: type[Strategy]) -> None:
    assert both(own, TICKS).final["s_n"] == 5


def test_a_line_of_an_inherited_method_is_named_in_its_own_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    base = "from pipeline.engine.strategy import Strategy\n\n\nclass Base(Strategy):\n    n: int = 0\n\n"
    (tmp_path / "the_base.py").write_text(base + "    def on_tick(self, m):\n        self.n = 1 // m.ask_size\n")
    strategy = strategy_of(tmp_path, "from the_base import Base\n\n\nclass Own(Base):\n    more: int = 0\n")
    for engine in (compiled, plain):
        with pytest.raises(ReplayError, match=r"the_base\.py, line 8: a division by zero, .* at tick 0\."):
            engine(strategy, TICKS)


# Whole numbers are 64-bit in the compiled loop, and meet floats as floats; Python's own have no end.

ENDS: Final = """\
class Own(Strategy):
    largest: int = 9_223_372_036_854_775_807
    count: int = 0
    later: bool = False

    def on_tick(self, m):
        self.largest += 1
        if m.now + 1 > m.now + 0.0:
            self.later = True
"""


def test_whole_numbers_are_64_bit_when_compiled(tmp_path: Path) -> None:
    strategy = strategy_of(tmp_path, ENDS)
    (row,) = [written("1 10:00:00 bid 9.99 500")]
    fast, slow = compiled(strategy, row).final, plain(strategy, row).final
    assert (fast["s_largest"], slow["s_largest"]) == (-9_223_372_036_854_775_808, 9_223_372_036_854_775_808)
    assert (fast["s_later"], slow["s_later"]) == (0, 1)
