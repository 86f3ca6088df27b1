"""Calls at moments of random days, with breaks, half days and other hours: all engines and the slow reference agree."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest

from pipeline.engine.day_tables import day_tables
from pipeline.engine.execution import PRESETS, make_execution
from pipeline.engine.outcome import Span
from pipeline.engine.plain import PlainReplay
from pipeline.replay.batch import Setting
from pipeline.replay.simulate import engine_facts
from pipeline.times import date_of
from tests.engine.replays import SECOND, bits, strategy_of
from tests.engine.walks import PythonReplay, alone, together
from tests.properties.seeded import for_seeded_cases
from tests.properties.streams import columns
from tests.properties.test_hours_agree import in_market
from tests.reference import calls as reference
from tests.reference.calls import CLOSE, OPEN, OUTSIDE, TICK, TIME, Seen, calls
from tests.reference.records import DAY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from pipeline.engine.outcome import Outcome
    from pipeline.engine.strategy import Strategy
    from pipeline.markets.market import MarketFacts
    from pipeline.markets.phases import Hours
    from pipeline.settings import Value
    from tests.properties.streams import Case

STEP: Final = 97
PRIME: Final = 1_000_003
DEAF: Final = f"""
from pipeline.engine.moments import At, Every

class Own(Strategy):
    times = Every(seconds={STEP})
    counters = ("heard", "calls")
    heard: int = 0
    calls: int = 0

    def note(self, value):
        self.heard = (self.heard * 31 + value) % {PRIME}

    def hear(self, m, kind):
        self.calls += 1
        self.note(kind)
        self.note(m.now // {SECOND} % {PRIME})
        self.note(m.time_of_day // {SECOND})
        self.note(m.event)
        self.note(m.phase)
        self.note(m.bid_size)
        self.note(m.ask_size)
        self.note(int(m.open_price * 100 + 0.5))
        self.note(m.open_size)
        self.note(int(m.close_price * 100 + 0.5))
        self.note(m.close_size)
        self.note(int(m.previous_close * 100 + 0.5))

    def on_open(self, m):
        self.hear(m, {OPEN})

    def on_time(self, m):
        self.hear(m, {TIME})

    def on_close(self, m):
        self.hear(m, {CLOSE})

    def on_tick(self, m):
        self.hear(m, {TICK})

    def on_outside(self, m):
        self.hear(m, {OUTSIDE})
"""
BUSY: Final = """
from pipeline.engine.moments import At, Every

class Own(Strategy):
    times = Every(seconds=61)
    {levels}
    counters = ("state", "asked")
    seed: int = parameter(1, minimum=0, maximum=1e9)
    state: int = 0
    asked: int = 0

    def on_start(self):
        self.state = self.seed

    def draw(self, below):
        self.state = (self.state * 1103515245 + 12345) % 2147483648
        return self.state // 65536 % below

    def act(self, m):
        price = (9960 + self.draw(9) * 10) / 1000
        what = self.draw(6)
        if what == 0:
            self.asked += m.buy_at_ask(30)
        elif what == 1:
            self.asked += m.sell_at_bid(30)
        {verbs}

    def on_open(self, m):
        self.act(m)
        self.act(m)

    def on_time(self, m):
        self.act(m)
        self.act(m)

    def on_close(self, m):
        self.act(m)

    def on_tick(self, m):
        if self.draw(3) == 0:
            self.act(m)
"""
ONE: Final = """
        elif what == 2:
            m.quote_bid(price, 40)
        elif what == 3:
            m.quote_ask(price, 40)
        elif what == 4:
            m.cancel_bid()
        else:
            m.cancel_ask()"""
SEVERAL: Final = """
        elif what < 5:
            m.place(BUY if self.draw(2) == 0 else SELL, price, 40)
        else:
            m.cancel(self.draw(100))"""


def with_all_phases(market: MarketFacts) -> MarketFacts:
    """Return a market with two phases before its continuous trading, and one after its auction."""

    def changed(hours: Hours) -> Hours:
        opens, over = hours.opens, hours.prints_from
        late = (over, over + 60 * SECOND) if hours.closing_auction else None
        early = (opens - 900 * SECOND, opens - 10 * SECOND), (opens - 10 * SECOND, opens)
        return replace(hours, pre_open=early[0], opening_auction=early[1], trade_at_last=late)

    sessions = tuple(replace(each, hours=changed(each.hours)) for each in market.sessions)
    return replace(market, sessions=sessions, half_days=tuple((day, changed(of)) for day, of in market.half_days))


def for_varying_cases(count: int, check: Callable[[Case], None]) -> None:
    """Check cases in markets of their own whose days vary, or have breaks."""

    def in_its_market(case: Case) -> None:
        own, span = in_market(case, grids=True), Span.of(case.ticks)
        if len(case.ticks) % 3:
            own = replace(own, own_market=with_all_phases(own.market))
        if day_tables(own.market, span.first_day, span.last_day).varies:
            check(own)

    for_seeded_cases(["v1_baseline"], count, in_its_market)


class Both:
    """A strategy replayed by the plain engine and by its loop for such days as Python runs it."""

    def __init__(self, strategy: type[Strategy]) -> None:
        self._plain = PlainReplay(strategy)
        self._loop = PythonReplay(strategy, {"varies": 1})

    def run(self, case: Case, values: Mapping[str, Value]) -> list[Outcome]:
        """Replay a case's ticks by both."""
        facts = engine_facts(case.market, case.execution)
        return [replay.run(case.ticks, facts, values) for replay in (self._plain, self._loop)]


def heard_by(seen: Sequence[Seen]) -> tuple[int, int]:
    """Return what a strategy that notes these calls has heard, and how many they are."""
    heard = 0
    for one in seen:
        own = (
            one.kind,
            one.now // SECOND % PRIME,
            one.now % DAY // SECOND,
            one.event,
            one.phase,
            one.bid_size,
            one.ask_size,
        )
        opening = int(one.open_price * 100 + 0.5), one.open_size
        closing = int(one.close_price * 100 + 0.5), one.close_size
        for value in (*own, *opening, *closing, int(one.previous_close * 100 + 0.5)):
            heard = (heard * 31 + value) % PRIME
    return heard, len(seen)


def hours_of(case: Case) -> dict[int, reference.Hours]:
    days = {}
    for day in {int(time) // DAY for time in case.ticks.timestamp.tolist()}:
        hours = case.market.hours_on(date_of(day))
        times = sorted(
            start + count * STEP * SECOND
            for start, end in hours.continuous
            for count in range(DAY // SECOND // STEP)
            if start + count * STEP * SECOND < end
        )
        listens = hours.opening_auction[0] if hours.opening_auction else hours.opens
        others = {1: hours.pre_open, 2: hours.opening_auction, 5: hours.closing_auction, 6: hours.trade_at_last}
        phases = {number: span for number, span in others.items() if span is not None}
        days[day] = reference.Hours(hours.continuous, phases, listens, hours.prints_from, times)
    return days


@pytest.mark.parametrize("count", [30, pytest.param(100, marks=pytest.mark.slow)])
def test_calls_come_when_the_reference_says_and_see_what_it_says(tmp_path: Path, count: int) -> None:
    both = Both(strategy_of(tmp_path, DEAF))

    def agree(own: Case) -> None:
        ticks = list(zip(*(column.tolist() for column in columns(own.ticks)), strict=True))
        empties = own.execution.cancels_over_break(own.market)
        delays = own.execution.fields()["open_delay"] > 0
        heard = heard_by([*calls(ticks, hours_of(own), empties_over_break=empties, open_delay=delays)])
        for found in both.run(own, {}):
            assert (found.final["s_heard"], found.final["s_calls"]) == heard

    for_varying_cases(count, agree)


@pytest.mark.parametrize("count", [30, pytest.param(100, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("levels", "verbs"), [("", ONE), ("levels = 3", SEVERAL)], ids=["one", "several"])
def test_what_is_done_at_moments_is_the_same_in_both_engines(
    tmp_path: Path, count: int, levels: str, verbs: str
) -> None:
    both = Both(strategy_of(tmp_path, BUSY.format(levels=levels, verbs=verbs.strip())))
    reached = {"fills": 0}

    def agree(own: Case) -> None:
        found = both.run(own, {"seed": 7})
        assert bits(found[0]) == bits(found[1])
        reached["fills"] += len(found[0].fills)

    for_varying_cases(count, agree)
    assert reached["fills"] > 3 * count


@pytest.mark.slow
def test_settings_that_walk_together_do_at_moments_what_each_does_alone(tmp_path: Path) -> None:
    strategy = strategy_of(tmp_path, BUSY.format(levels="", verbs=ONE.strip()))

    def agree(case: Case) -> None:
        executions = [make_execution(preset, {"fees_bps": 1, "latency_ms": 2}, "here") for preset in PRESETS]
        settings = [Setting({"seed": seed}, execution) for seed in (1, 7) for execution in executions]
        for setting, one in zip(settings, together(case.ticks, strategy, settings, case.market), strict=True):
            assert one == alone(case.ticks, strategy, setting, case.market)

    for_seeded_cases(["v1_baseline"], 15, agree)
