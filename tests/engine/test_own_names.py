"""Names of a strategy never stand for what the engine keeps beside them, and what is read twice is the same twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from pipeline.engine.compiler.names import check_names
from pipeline.engine.execution import make_execution
from pipeline.errors import ReplayError, StrategyError
from pipeline.replay.simulate import CLASSIC
from tests.engine.replays import both, compiled, plain, random_ticks, strategy_of
from tests.engine.walks import alone, settings_of, together

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.settings import Value

LEFT: Final = """\
class Own(Strategy):
    size: Shares = parameter(1000)
    n: int = parameter(3)
    skipped: int = 0

    def on_tick(self, m):
        left = self.size
        for i in range(self.n):
            if m.bid_size < 100 * i:
                self.skipped += self.rest(m, left)
                return
            left -= 100
        if left > 0 and not m.bid_live:
            m.quote_bid(m.bid, left)

    def rest(self, m, left):
        kept = left
        while kept > 0:
            kept -= 300
            if kept < m.volume:
                return left + kept
        return left
"""

OF_LOCALS: Final = """\
class Own(Strategy):
    size: Shares = parameter(1000)
    {fields}

    def on_tick(self, m):
        s_vol = m.bid_size
        m_bid_size = s_vol + 1
        sx_vol = m_bid_size * 2
        if s_vol > 0 and sx_vol > m_bid_size and not m.bid_live:
            m.quote_bid(m.bid, self.size)
"""
"""With every number that a local's name may end in taken by a field."""

GIVEN: Final = """\
class Own(Strategy):
    size: Shares = parameter(1000)
    cap: Shares | None = parameter(None)
    cap_given: int = parameter(7)

    def on_tick(self, m):
        q = self.size + self.cap_given
        if self.cap is not None:
            q = min(q, self.cap)
        if m.bid_size > 0 and not m.bid_live:
            m.quote_bid(m.bid, q)
"""

ADVANCES: Final = """\
class Own(Strategy):
    size: Shares = parameter(1000)
    i: int = 0
    first: int = 0
    last: int = 0
    hits: IntArray = IntArray(4)
    steps: Array = Array(4)

    def advance(self):
        self.i = (self.i + 1) % 4
        return self.i

    def on_tick(self, m):
        self.hits[self.i] += self.advance()
        self.hits[self.hits[0] % 4] += self.advance()
        self.hits[self.advance()] -= 1
        self.steps[self.advance()] += self.hits[self.i] * 0.5
        self.first = self.hits[0]
        self.last = self.hits[3]
        if self.steps[2] > 0 and not m.bid_live and m.bid_size > 0:
            m.quote_bid(m.bid, self.size + self.first % 7)
"""

GUARDED: Final = """\
class Own(Strategy):
    size: Shares = parameter(1000)
    cap: Shares | None = parameter(None)
    lim: AED | None = parameter(None)

    def on_tick(self, m):
        size = self.size if self.cap is None else self.cap
        if self.cap and m.position < self.cap:
            size = self.cap - m.position
        if not self.lim or self.lim < m.price:
            size += 1
        if self.lim is not None and m.price > self.lim:
            size += self.extra(m)
        if self.cap is None or self.cap > 5:
            size += 2
        if m.bid_size > 0 and not m.bid_live and size > 0:
            m.quote_bid(m.bid, size)

    def extra(self, m):
        return int(self.lim)
"""

ALIKE: Final[dict[str, tuple[str, tuple[dict[str, Value], ...]]]] = {
    "a local of a name that a way out of a loop has": (LEFT, ({}, {"n": 1}, {"size": 250})),
    "locals that begin as fields do": (
        OF_LOCALS.format(fields="\n    ".join(f"vol_{number}: int = 0" for number in range(300))),
        ({}, {"size": 50}),
    ),
    "a parameter called as whether another is null": (
        GIVEN,
        ({}, {"cap": 400}, {"cap": 400, "cap_given": 0}, {"cap_given": 0}),
    ),
    "an index that the value changes": (ADVANCES, ({}, {"size": 100})),
    "parameters that may be null, tested first": (GUARDED, ({}, {"cap": 3}, {"cap": 400, "lim": 9.5}, {"lim": 10.0})),
}


@pytest.mark.parametrize("named", ALIKE)
def test_it_is_the_same_in_both_engines_and_in_a_walk_of_many_settings(named: str, tmp_path: Path) -> None:
    text, values = ALIKE[named]
    strategy, ticks = strategy_of(tmp_path, text), random_ticks()
    settings = settings_of(strategy, values, [CLASSIC, make_execution("strict", {}, "here")])
    found = [alone(ticks, strategy, setting) for setting in settings]
    assert found == [alone(ticks, strategy, setting, engine="python") for setting in settings]
    assert found == together(ticks, strategy, settings)


UNTESTED: Final = {
    "compared": "m.position < self.cap",
    "in a sum": "m.volume > 3 * self.cap",
    "in a call": "m.volume > max(self.cap, 3)",
    "after a test that says nothing": "(self.cap is not None or m.volume > 0) and m.position < self.cap",
    "where it is null": "self.cap is None and m.position < self.cap",
    "as a value of `and`": "m.position < (self.cap and 5)",
}


@pytest.mark.parametrize("named", UNTESTED)
def test_a_parameter_that_is_null_ends_the_replay_at_the_line_that_takes_it_for_a_number(
    named: str, tmp_path: Path
) -> None:
    text = (
        "class Own(Strategy):\n    cap: Shares | None = parameter(None)\n\n    def on_tick(self, m):\n"
        f"        if {UNTESTED[named]}:\n            m.cancel_bid()\n"
    )
    strategy, ticks = strategy_of(tmp_path, text), random_ticks()
    with pytest.raises(ReplayError, match=r"line \d+.*a parameter that is null"):
        compiled(strategy, ticks)
    compiled(strategy, ticks, {"cap": 5})


@pytest.mark.parametrize(
    ("field", "why"),
    [
        ("w__count: int = 0", "Own.w__count has two underscores in a row, which the engine's own names have"),
        ("__seen: int = 0", "Own.__seen: a name that begins with two underscores is another in Python; write `_seen`"),
    ],
)
def test_a_field_whose_name_could_be_the_engines_is_refused(field: str, why: str, tmp_path: Path) -> None:
    text = f"class Own(Strategy):\n    w: Window = Window(5)\n    {field}\n\n    def on_tick(self, m):\n        pass\n"
    with pytest.raises(StrategyError, match=why):
        check_names(strategy_of(tmp_path, text))


def test_a_range_whose_last_step_passes_64_bits_ends(tmp_path: Path) -> None:
    text = (
        "LAST = 2**63 - 1\n\nclass Own(Strategy):\n    x: int = 0\n\n    def on_tick(self, m):\n"
        "        for j in range(LAST - 5 - m.kind, LAST, 2):\n            self.x += j % 10\n"
    )
    with pytest.raises(ReplayError, match="outside 64 bits"):
        compiled(strategy_of(tmp_path, text), random_ticks())


def test_a_whole_number_too_large_for_a_float_fails_in_an_array_in_both_engines(tmp_path: Path) -> None:
    text = "class Own(Strategy):\n    a: Array = Array(3)\n\n    def on_tick(self, m):\n        self.a[2] = m.now\n"
    strategy, ticks = strategy_of(tmp_path, text), random_ticks()
    for replayed in (compiled, plain):
        with pytest.raises(ReplayError, match=r"beyond 2\*\*53"):
            replayed(strategy, ticks)


@pytest.mark.parametrize(
    "body",
    [
        "self.x = 60 * 10**9 + m.volume",
        "self.x = -2**63 + m.volume",
        "self.x += 1\n        if m.volume > 300:\n            return None\n        self.x += 1\n        return None",
        "self.y = sqrt(m.price)",
    ],
)
def test_what_quants_write_compiles(body: str, tmp_path: Path) -> None:
    fields = "class Own(Strategy):\n    counters: tuple = ('x',)\n    x: int = 0\n    y: float = 0.0"
    text = f"from math import sqrt\n\n{fields}\n\n    def on_tick(self, m):\n        {body}\n"
    both(strategy_of(tmp_path, text), random_ticks())
