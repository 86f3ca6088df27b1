"""Windows, arrays and means that forget: what they hold, by hand and by brute force; alike in either engine."""

from __future__ import annotations

import dataclasses
import math
import operator
import statistics
import sys
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.engine.memory import MOST, Array, Ewma, IntArray, TimeWindow, Window
from pipeline.engine.outcome import Span, join_fills
from pipeline.engine.plain import PlainReplay
from pipeline.errors import ReplayError, StrategyError
from tests.engine.replays import FACTS, bits, compiled, field_values, plain, random_ticks, strategy_of, written
from tests.engine.walks import PythonReplay, plainly_alone, settings_of, walked_by_python

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.engine.compiled import CompiledReplay
    from pipeline.engine.outcome import Outcome
    from pipeline.engine.strategy import Strategy
    from pipeline.ticks import Ticks

VALUES: Final = st.lists(st.floats(-1e6, 1e6), max_size=40)

EVERYTHING: Final = """\
class Own(Strategy):
    half_life: Duration = parameter(30.0)
    span: Duration = parameter(900.0)
    quote_size: Shares = parameter(10)
    recent: Window = Window(5)
    flow: TimeWindow = TimeWindow(size=4)
    mid: Ewma = Ewma()
    steps: Array = Array(4)
    counts: IntArray = IntArray(3)
    a: float = 0.0
    b: float = 0.0
    n: int = 0

    def on_start(self):
        self.mid.set_half_life(self.half_life)
        self.flow.set_span(self.span)

    def on_tick(self, m):
        self.recent.add(m.price)
        self.counts[m.kind] += 1
        at = m.volume % 4
        self.steps[at] = self.steps[at] + m.price
        if m.kind == 2:
            self.flow.add(m.volume, m.now)
        else:
            self.flow.expire(m.now)
        self.mid.add(m.price, m.now)
        if self.recent.count == self.recent.size and self.recent.variance() > 0.0001:
            self.a += self.recent.mean() - self.mid.mean()
            self.n += self.flow.count + self.flow.dropped + self.counts[2]
        self.b += self.recent.sum() + self.recent.lowest() - self.recent.highest() + self.steps[1] + self.flow.sum()
        self.b += self.recent.oldest() - self.recent.newest()
        if self.recent.value(m.kind) > 10.0:
            self.n += 1
        if m.bid_size > 0 and self.recent.mean() < 10.0:
            m.quote_bid(m.bid, self.quote_size)
        if m.ask_size > 0 and self.recent.mean() > 10.0:
            m.quote_ask(m.ask, self.quote_size)

    def on_fill(self, m, side, price, quantity):
        self.steps[3] -= price
        if self.n > 400:
            self.recent.clear()
"""


@given(VALUES, st.integers(1, 12))
def test_a_window_says_of_its_last_values_what_python_says(values: list[float], size: int) -> None:
    window = Window(size)
    for at, value in enumerate(values):
        window.add(value)
        check_sums(window, values[: at + 1][-size:])
    last = values[-size:]
    assert window.count == len(last)
    assert [window.value(ago) for ago in range(len(last))] == last[::-1]
    if last:
        assert (window.oldest(), window.newest()) == (last[0], last[-1])
        assert (window.lowest(), window.highest()) == (min(last), max(last))
        assert window.mean() == pytest.approx(statistics.fmean(last), abs=1e-9)
    else:
        assert all(map(math.isnan, (window.mean(), window.lowest(), window.highest(), window.newest())))
    assert all(map(math.isnan, (window.value(-1), window.value(len(last)))))
    window.clear()
    check_sums(window, [])


def check_sums(window: Window | TimeWindow, values: list[float]) -> None:
    """Hold what a window adds up, asked for twice, to its values, the oldest first."""
    for _ in range(2):
        if len(values) > 1:
            assert window.variance() == pytest.approx(statistics.variance(values), rel=1e-9, abs=1e-6)
        else:
            assert math.isnan(window.variance())
        assert window.sum() == reduce(operator.add, values, 0.0)


@given(st.lists(st.tuples(st.integers(0, 20), st.floats(0, 100)), max_size=40), st.integers(1, 60), st.integers(1, 8))
def test_a_time_window_holds_what_came_within_its_span(steps: list[tuple[int, float]], span: int, size: int) -> None:
    window, now, came, dropped = TimeWindow(span, size), 0, [], 0
    for step, value in steps:
        now += step
        window.add(value, now)
        came = [each for each in came if now - each[0] < span]
        dropped += len(came) == size
        came = [*came, (now, value)][-size:]
        assert [window.value(ago) for ago in range(window.count)] == [each[1] for each in reversed(came)]
        check_sums(window, [each[1] for each in came])
        window.expire(now + 3)
        came = [each for each in came if now + 3 - each[0] < span]
        check_sums(window, [each[1] for each in came])
    assert window.dropped == dropped
    window.expire(now + span)
    assert (window.count, window.sum()) == (0, 0.0)


def test_a_mean_by_time_halves_the_weight_each_half_life() -> None:
    ewma = Ewma(half_life=10)
    assert math.isnan(ewma.mean())
    means = []
    for value, now in ((8.0, 100), (16.0, 110), (0.0, 110), (4.0, 130), (9.0, -99_999)):
        ewma.add(value, now)
        means.append(ewma.mean())
    # 16 + 8 / 2 - 16 / 2 = 12; no time passed, so all weight stays with what there was, or it falls; 4 + 8 / 4 = 6
    assert means == [8.0, 12.0, 12.0, 6.0, 6.0]
    ewma.set_half_life(0)
    ewma.add(1.5, 131)
    assert (ewma.mean(), ewma.count) == (1.5, 6)


@pytest.mark.parametrize("seed", range(4))
def test_memory_of_several_numbers_is_the_same_in_both_engines_in_parts_and_in_batches(
    seed: int, tmp_path: Path
) -> None:
    strategy, ticks = strategy_of(tmp_path, EVERYTHING), random_ticks(400, seed)
    whole = plain(strategy, ticks)
    assert whole.final["s_flow__dropped"] > 0 < len(whole.fills.price)
    for replay in (PythonReplay(strategy, None), PlainReplay(strategy)):
        assert bits(in_parts(strategy, replay, ticks, [])) == bits(whole)
        assert bits(in_parts(strategy, replay, ticks, [1, 37, 222, 223])) == bits(whole)
    settings = settings_of(strategy, [{"half_life": 1.0}, {"span": 5.0, "quote_size": 3}, {"quote_size": 90}])
    assert walked_by_python(ticks, strategy, settings) == plainly_alone(ticks, strategy, settings)


@pytest.mark.parametrize("cut", [1, 200, 399])
def test_a_plain_replay_goes_on_from_where_a_compiled_one_stands(cut: int, tmp_path: Path) -> None:
    strategy, ticks = strategy_of(tmp_path, EVERYTHING), random_ticks(400)
    first = PythonReplay(strategy, None).begin(Span.of(ticks), FACTS, field_values(strategy))
    first.feed(ticks[:cut])
    rest = PlainReplay(strategy).begin(Span.of(ticks), FACTS, field_values(strategy), first.checkpoint())
    assert bits(rest.end(ticks[cut:]))["s_b"] == bits(plain(strategy, ticks))["s_b"]


def in_parts(strategy: type[Strategy], replay: CompiledReplay | PlainReplay, ticks: Ticks, cuts: list[int]) -> Outcome:
    """Replay ticks that are fed in parts, and return all fills with the final state."""
    run = replay.begin(Span.of(ticks), FACTS, field_values(strategy))
    fills = [run.feed(ticks[start:end]) for start, end in zip([0, *cuts], [*cuts, len(ticks)], strict=False)]
    outcome = run.end()
    return dataclasses.replace(outcome, fills=join_fills([*fills, outcome.fills]))


FAILING: Final = {
    "an index below 0": ("self.steps[self.n - 1] = 1.0", "an index below 0 or not below the size of an array"),
    "an index that is the size": ("self.a = self.steps[self.n + 3]", "an index below 0 or not below the size of an"),
    "a counter's index": ("self.counts[m.volume] += 1", "an index below 0 or not below the size of an array"),
}


@pytest.mark.parametrize("engine", [compiled, plain])
@pytest.mark.parametrize("name", FAILING)
def test_an_index_outside_an_array_ends_the_replay_at_its_line(
    name: str, engine: Callable[..., object], tmp_path: Path
) -> None:
    statement, said = FAILING[name]
    strategy = own(tmp_path, f"{statement}  # here")
    with pytest.raises(ReplayError, match=said) as failed:
        engine(strategy, written("1 10:00:00 bid 9.99 500\n1 10:00:01 ask 10.01 500"))
    lines = Path(str(sys.modules[strategy.__module__].__file__)).read_text(encoding="utf-8").splitlines()
    line = next(number for number, text in enumerate(lines, 1) if text.endswith("# here"))
    assert f"line {line}: " in str(failed.value)


REFUSED: Final = {
    "a float as an index": ("self.steps[m.price] = 1.0", "an index is a whole number; write int"),
    "a float among whole numbers": ("self.counts[0] = m.price", "counts is declared int and would become a float"),
    "a float for a whole number": (
        "self.a = self.recent.value(m.price)",
        "value takes ago as int and would be given a",
    ),
    "a misspelt method": ("self.recent.ad(m.price)", "recent, Window.5., has no 'ad'. Did you mean 'add'?"),
    "a hidden field": ("self.n = self.recent.at", "recent, Window.5., has no 'at'."),
    "its own size": ("self.recent.size = 3", "can be read, not assigned to"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_wrong_use_is_refused_at_its_line(name: str, tmp_path: Path) -> None:
    statement, said = REFUSED[name]
    with pytest.raises(StrategyError, match=said):
        compiled(own(tmp_path, statement), random_ticks(3))


def test_memory_without_a_start_is_refused_with_how_to_write_it(tmp_path: Path) -> None:
    strategy = strategy_of(
        tmp_path, "class Own(Strategy):\n    recent: Window\n\n    def on_tick(self, m):\n        pass\n"
    )
    with pytest.raises(StrategyError, match=r"write what it starts as, `recent: Window = Window\(20\)`"):
        PlainReplay(strategy)


@pytest.mark.parametrize("size", [0, -1, MOST + 1])
@pytest.mark.parametrize("kind", [Array, IntArray, Window])
def test_a_size_that_cannot_be_is_refused(kind: type, size: int) -> None:
    with pytest.raises(StrategyError, match="it holds 1 to 10,000 numbers"):
        kind(size)


def own(folder: Path, statement: str) -> type[Strategy]:
    """Return a strategy of memory of several numbers and one statement on a tick."""
    declared = "    recent: Window = Window(5)\n    steps: Array = Array(3)\n    counts: IntArray = IntArray(3)\n"
    body = f"    a: float = 0.0\n    n: int = 0\n\n    def on_tick(self, m):\n        {statement}\n"
    return strategy_of(folder, f"class Own(Strategy):\n{declared}{body}")
