"""Where a line fails both engines stop and say so; the compiled loop's numbers end where the documents say."""

from __future__ import annotations

import math
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from pipeline.engine.compiler.specialise import loop_source
from pipeline.errors import ReplayError
from tests.engine.replays import FACTS, both, compiled, field_values, plain, strategy_of, ticks_of, written
from tests.engine.walks import PythonReplay

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.engine.outcome import Outcome
    from pipeline.engine.strategy import Strategy
    from pipeline.settings import Value
    from pipeline.ticks import Ticks

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
    "a power beyond a float": "self.money = (m.price * 1e200) ** 2",
    "zero to a power below zero": "self.money = (m.price - m.price) ** (self.size - 1)",
    "the whole number zero to a power below zero": "self.money = m.ask_size ** -1",
    "a power by its function": "self.money = math.pow(-m.price, 0.3)",
    "an exponential beyond a float": "self.money = math.exp(m.price * 100)",
    "an exponential less one beyond a float": "self.money = math.expm1(m.price * 100)",
    "a logarithm of zero": "self.money = math.log(m.ask_size)",
    "a logarithm of a number below zero": "self.money = math.log(m.price - 100)",
    "a logarithm of one and less than minus one": "self.money = math.log1p(-m.price)",
    "a sine of infinity": "self.money = math.sin(m.price * 1e308 * 10)",
    "a range in steps of zero": "for i in range(m.volume, 0, self.size): self.n = i",
    "a shift by less than none": "self.n = m.volume << self.case - 1_000",
    "a price of zero": "m.quote_bid(0.0, 5)",
    "a price below zero": "m.quote_ask(-m.price, 5)",
    "a price of infinity": "m.watch_bid(m.price * 1e308 * 10)",
    "a price that no tick divides": "m.quote_ask(m.price * 1e300, 5)",
    "a price of NaN": "m.watch_ask(math.inf - math.inf)",
    "a price of a side never seen": "m.quote_ask(m.realized_pnl, 5)",
    "a price that was a touch's before": (
        "price = m.bid\n            if m.bid_size > 0 and price == m.bid:\n                price -= m.bid\n"
        "                m.quote_bid(price, 5)"
    ),
    "a size below zero": "m.quote_bid(m.price, 0 - m.volume)",
    "a quantity below zero": "self.n = m.buy_at_ask(self.size - 1)",
    "a resize below zero": "m.resize_ask(self.size - 1)",
    "a size for no order": "m.resize_bid(5)",
    "a rounding of no number": "self.money = m.round_to_tick(math.inf)",
    "the first of two lines that fail": "self.n = 1 // self.size; self.money = math.sqrt(-1.0)",
}

OF_LIBRARY: Final = ("an exponential", "a logarithm", "a sine")
SAID: Final = {
    "a price": "a price that is not above 0 and below 1e12, or no number",
    "a size for no": "a size for an order that was given no price; quote it first",
    "a size below": "a size below 0 or above 2**53",
    "a quantity": "a size below 0 or above 2**53",
    "a range": "a range whose step is 0",
    "a resize": "a size below 0 or above 2**53",
    **dict.fromkeys(
        ("the root", "a whole number of", "a floor", "a power", "a shift", "a rounding", *OF_LIBRARY),
        "a number that is none, or a whole number outside 64 bits",
    ),
}
"""What is said where the names of the cases above begin so; of all others, that they divide by zero."""


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> type[Strategy]:
    """Make one strategy of all cases, which a parameter tells apart: it is compiled once."""
    body = FRAME
    for case, statement in enumerate(FAILING.values()):
        body += f"        if self.case == {case} and m.event == 2:\n            {statement}  # case {case}.\n"
    body += "        self.n = 5 if m.ask_size == 0 or m.price / m.ask_size > 1 else 1 // self.size\n"
    return strategy_of(tmp_path_factory.mktemp("own"), body)


loop_of: Final = cache(PythonReplay)
"""The text of the compiled loop, run by Python as a machine would."""


def text_of_loop(strategy: type[Strategy], ticks: Ticks, values: Mapping[str, Value]) -> Outcome:
    return loop_of(strategy, None).run(ticks, FACTS, field_values(strategy, values))


@pytest.mark.parametrize("engine", [compiled, plain, text_of_loop])
@pytest.mark.parametrize("name", FAILING)
def test_a_line_that_fails_ends_the_replay_by_file_line_and_tick(
    name: str, engine: object, failing: type[Strategy]
) -> None:
    assert callable(engine)
    case = list(FAILING).index(name)
    file = Path(str(sys.modules[failing.__module__].__file__))
    lines = file.read_text(encoding="utf-8").splitlines()
    (line,) = [number for number, text in enumerate(lines, 1) if text.endswith(f"# case {case}.")]
    said = next((words for start, words in SAID.items() if name.startswith(start)), "a division by zero")
    with pytest.raises(ReplayError) as failed:
        engine(failing, TICKS, {"case": case})
    assert str(failed.value) == (f"{file}, line {line}: {said}, at tick 2. Test for it before this line.")


def test_a_division_that_python_does_not_reach_does_not_fail(failing: type[Strategy]) -> None:
    assert both(failing, TICKS).final["s_n"] == 5


def test_a_line_of_an_inherited_method_is_named_in_its_own_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    base = "from pipeline.engine.strategy import Strategy\n\n\nclass Base(Strategy):\n    n: int = 0\n\n"
    base += "    def sold(self, m):\n        return m.sell_at_bid(-m.volume)\n\n"
    (tmp_path / "the_base.py").write_text(base + "    def on_tick(self, m):\n        self.n = self.sold(m)\n")
    strategy = strategy_of(tmp_path, "from the_base import Base\n\n\nclass Own(Base):\n    more: int = 0\n")
    for engine in (compiled, plain):
        with pytest.raises(ReplayError, match=r"the_base\.py, line 8: a size below 0 or above 2\*\*53, at tick 0\."):
            engine(strategy, TICKS)


# Whole numbers are 64-bit in the compiled loop, which says where they would not fit; Python's own have no end.

OVERFLOWING: Final = {
    "a sum": "self.n = m.now + self.most",
    "a difference": "self.n = -m.now - self.most - 10",
    "a product": "self.n = m.now * m.volume",
    "a product of two durations": "self.money = (m.now - 1) * (m.now - 2) / 1e18",
    "a sum in place": "self.most += 1",
    "a negation": "self.n = -(self.least - 0)",
    "an absolute value": "self.n = abs(self.least)",
    "a quotient": "self.n = self.least // (self.case - self.case - 1)",
    "a shift": "self.n = m.now << 3",
    "a power": "self.n = m.volume ** 7",
    "a helper's sum": "self.n = self.plus(self.most, 5)",
    "a loop's product": "\n            while self.n < self.most:\n                self.n = self.n * 3 + 1",
    "a loop that would go on": "\n            while self.n >= 0:\n                self.n = self.n * 2 + 4",
    "a sign of no number": "self.money = math.copysign(1.0, m.price * math.inf - math.inf)",
    "a float's whole part": "self.n = int(m.price * 1e18)",
    "a whole number kept as a float": "self.money = m.now",
    "a value now int, now float": "self.money = (m.now + 1 if m.price > 0 else 0.0) - 1.0",
    "the larger of an int and a float": "self.money = max(m.now, m.price) - 1.0",
}

LIMITS: Final = """\
class Own(Strategy):
    case: Shares = parameter(-1, minimum=-1, maximum=100)
    n: int = 0
    money: float = 0.0
    most: int = 9_223_372_036_854_775_807
    least: int = -9_223_372_036_854_775_808

    def plus(self, one, other):
        return one + other

    def on_tick(self, m):
"""


def test_a_whole_number_outside_64_bits_ends_the_compiled_replay_at_its_line(tmp_path: Path) -> None:
    body = LIMITS
    for case, statement in enumerate(OVERFLOWING.values()):
        body += f"        if self.case == {case} and m.event == 2:\n            {statement}  # case {case}.\n"
    strategy = strategy_of(tmp_path, body)
    lines = (tmp_path / "own.py").read_text(encoding="utf-8").splitlines()
    for case, name in enumerate(OVERFLOWING):
        line = lines.index(next(text for text in lines if text.endswith(f"# case {case}."))) + 1
        if "helper" in name:
            line = next(at for at, text in enumerate(lines, 1) if "return one + other" in text)
        said = "a whole number beyond 2" if " now " in f"{name} now " and case > 14 else "a number that is none"
        with pytest.raises(ReplayError) as failed:
            compiled(strategy, TICKS, {"case": case})
        assert str(failed.value).startswith(f"{tmp_path / 'own.py'}, line {line}: {said}"), name
        assert "at tick 2. " in str(failed.value), name
    assert both(strategy, TICKS).final["s_n"] == 0


EQUAL: Final = """\
class Own(Strategy):
    size: Shares = parameter(7)
    rate: float = parameter(3)
    later: int = 0
    a: float = 0.0
    b: float = 0.0
    c: float = 0.0
    n: int = 0
    bits: int = 0

    def on_tick(self, m):
        self.later += (m.now + 1 > m.now + 0.0) + 2 * (m.now == m.now + 0.0) + 4 * (m.now - 1.0 < m.now + 1)
        self.a += m.now / 1_000_000_007 + (m.now + 1) / (m.now - m.volume) - m.now / -3
        self.b += round(m.price / 3, 2) + round(m.price * 8.125, 2) + round(m.volume, 2) + round(-m.price / 7, 0)
        self.c += (m.price / 3) ** 2 + (m.price / 7) ** 3 + self.rate // 2 + 7 / self.rate
        self.n += m.volume ** 2 + (m.volume - 900) ** 5 + (m.price > 10) ** 3
        x = self.size
        x = x * 0.5
        self.n += int(x) + int(max(0, m.price - 10)) + int(min(m.event, 2.5) * 10)
        flag = m.price > 10
        self.bits += ~flag + (m.now >> 70) + (~(flag & flag)) + (m.volume << 2)
"""


def test_where_numbers_are_large_or_mixed_the_loop_finds_what_python_finds(tmp_path: Path) -> None:
    assert both(strategy_of(tmp_path, EQUAL), TICKS).final["s_later"] > 0


COUNTING: Final = """\
class Own(Strategy):
    ticks: int = 0
    rounds: int = 0

    def on_tick(self, m):
        self.ticks += 1{more}

    def more(self):
        self.rounds += 1
        return self.rounds % 3 != 0

    def on_fill(self, m, side, price, quantity):
        self.ticks -= 2
"""


@pytest.mark.parametrize(
    ("more", "checked"),
    [
        ("", False),
        ("\n        later = m.now + m.time_of_day + m.volume - m.bid_size", False),
        ("\n        for _ in range(m.volume):\n            self.rounds += 1", True),
        ("\n        while self.more():\n            pass", True),
        ("\n        self.rounds += m.event", True),
        ("\n        self.rounds = self.ticks\n        self.ticks = self.rounds", True),
    ],
)
def test_sums_are_checked_only_where_the_market_lets_them_leave_64_bits(
    tmp_path: Path, more: str, *, checked: bool
) -> None:
    strategy = strategy_of(tmp_path, COUNTING.format(more=more))
    assert ("def plus(" in loop_source(strategy, {})) is checked
    assert PythonReplay(strategy, {}).run(TICKS, FACTS, field_values(strategy)).final["s_ticks"] == 4


@pytest.mark.parametrize("engine", [compiled, plain])
def test_ticks_so_far_away_that_times_would_not_add_up_are_refused(tmp_path: Path, engine: object) -> None:
    assert callable(engine)
    far = ticks_of([(0, 0, 9.99, 500), (2**63 - 1, 2, 10.01, 900)])
    with pytest.raises(ReplayError, match="ticks from 1970-01-01 to 2262-04-11; a replay takes 1825 to 2114"):
        engine(strategy_of(tmp_path, COUNTING.format(more="")), far)


@pytest.mark.parametrize("engine", [compiled, plain])
def test_a_trade_of_an_auction_takes_a_price_of_zero_and_no_other_that_is_none(tmp_path: Path, engine: object) -> None:
    assert callable(engine)
    body = (
        "class Own(Strategy):\n    rules = AuctionMarket\n    trade_types = ('x',)\n    x: float = parameter(0.0)\n\n"
    )
    body = f"from pipeline.engine.market import AuctionMarket\n\n\n{body}    def on_tick(self, m):\n"
    strategy = strategy_of(tmp_path, f"{body}        m.trade(BUY, self.x, 5, 0.0, 0, 9.0, m.event)\n")
    assert list(engine(strategy, TICKS).fills.price) == [0.0] * len(TICKS)
    for price in (-0.5, math.inf):
        with pytest.raises(ReplayError, match=r"own\.py, line \d+: a price below 0, or no number, at tick 0\."):
            engine(strategy, TICKS, {"x": price})
