"""What is done at moments beside the ticks, worked out by hand; and what a class may not say of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
import pytest

from pipeline.engine.compiler.names import check_names
from pipeline.engine.execution import make_execution
from pipeline.engine.market import CallingLadderMarket, CallingMarket, LadderMarket, Market
from pipeline.engine.outcome import Span
from pipeline.engine.plain import PlainReplay
from pipeline.engine.strategy import fields_of
from pipeline.errors import StrategyError
from pipeline.replay.simulate import CLASSIC, engine_facts
from pipeline.ticks import Ticks
from tests.engine.replays import (
    ADX,
    FACTS,
    FIRST_DAY,
    SECOND,
    field_values,
    random_ticks,
    strategy_of,
    with_signals,
    written,
)
from tests.engine.test_signal import in_parts
from tests.engine.walks import PythonReplay, plainly_alone, settings_of, walked_by_python

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.engine.outcome import Outcome

USES: Final = "from pipeline.engine.moments import At, Every\n"
OWN: Final = f"{USES}\nclass Own(Strategy):\n"
TICK: Final = "    def on_tick(self, m):\n        pass\n\n"
DONE: Final = {
    "a quote joins the queue of the book before, and a print of its own second fills it": (
        'times = At("11:00")',
        "on_time: m.quote_bid(m.bid, 100)",
        "1 10:00:00 bid 10.00 300 / 1 11:00:00 trade 10.00 350",
        {},
        [(1, 1, 10.00, 50)],
    ),
    "what is taken is booked at the tick that comes next": (
        'times = At("11:00", "12:00")',
        "on_time: m.buy_at_ask(40)",
        "1 10:00:00 ask 10.04 100 / 1 13:00:00 bid 10.00 100",
        {},
        [(1, 1, 10.04, 40), (1, 1, 10.04, 40)],
    ),
    "a quote that takes is booked at once, where orders take": (
        'times = At("11:00")',
        "on_time: m.quote_bid(10.05, 40)",
        "1 10:00:00 ask 10.04 100 / 1 13:00:00 bid 10.00 100",
        {"marketable": "take"},
        [(1, 1, 10.04, 40)],
    ),
    "a latency counts from the moment": (
        'times = At("11:00")',
        "on_time: m.quote_bid(m.bid, 100)",
        "1 10:00:00 bid 10.00 300 / 1 11:00:00 trade 10.00 350 / 1 11:00:01 trade 10.00 320",
        {"latency_ms": 1000},
        [(2, 1, 10.00, 20)],
    ),
    "what has arrived by a moment has arrived": (
        'times = At("11:00", "11:00:02")',
        "on_time: m.quote_bid(m.bid, 100 if m.time_of_day % 60_000_000_000 == 0 or m.bid_sent else 7)",
        "1 10:00:00 bid 10.00 300 / 1 11:00:09 trade 10.00 350",
        {"latency_ms": 1000},
        [(1, 1, 10.00, 7)],
    ),
    "no order is placed before an open_delay is over": (
        'times = At("10:04", "10:05")',
        "on_time: m.quote_bid(m.bid, 100)",
        "1 10:00:00 bid 10.00 300 / 1 10:04:59 trade 10.00 350 / 1 10:06:00 trade 10.00 320",
        {"open_delay": "10:05"},
        [(2, 1, 10.00, 20)],
    ),
    "on_close takes the last touch before the first tick after the session": (
        "",
        "on_close: m.buy_at_ask(40)",
        "1 10:00:00 ask 10.04 100 / 1 14:45:00 ask 10.09 100 / 1 14:50:00 ask 10.00 100",
        {},
        [(1, 1, 10.04, 40)],
    ),
    "after a day's last tick an order can be cancelled and nothing taken": (
        'times = At("10:30")',
        "on_time: m.quote_bid(m.bid, 100) / on_close: m.cancel_bid(); m.buy_at_ask(40)",
        "1 10:00:00 bid 10.00 10 / 1 10:00:01 ask 10.04 10 / 1 11:00:00 ask 10.04 10 / 2 10:00:00 trade 10.00 350",
        {},
        [],
    ),
    "on_open comes before the first tick of the day": (
        "",
        "on_open: m.quote_ask(10.00, 40)",
        "1 10:00:07 trade 10.00 30 / 1 10:00:08 trade 10.00 30",
        {},
        [(0, -1, 10.00, 30), (1, -1, 10.00, 10)],
    ),
    "the close before is that of the closing auction, else the last print of the session": (
        "",
        "on_open: m.quote_ask(max(m.previous_close, 1.0), 10 + int(m.previous_close))",
        (
            "1 10:00:00 bid 1.50 10 / 1 14:55:00 trade 8.00 9 / 1 14:56:00 trade 9.00 9 / 2 10:00:00 trade 8.00 99 / "
            "2 11:00:00 trade 6.00 99 / 2 14:50:00 trade 5.00 99 / 3 10:00:00 trade 6.00 99"
        ),
        {},
        [(3, -1, 8.00, 18), (6, -1, 6.00, 16)],
    ),
}


def class_of(declared: str, methods: str) -> str:
    """Return the text of a class from `name: statement / name: statement`."""
    text = f"{OWN}    {declared}\n{TICK}"
    for method in methods.split(" / "):
        name, _, statement = method.partition(": ")
        text += f"    def {name}(self, m):\n        {statement}\n\n"
    return text


def fills_of(outcome: Outcome) -> list[tuple[int, int, float, int]]:
    fills = outcome.fills
    columns = fills.event, fills.side, fills.price, fills.quantity
    return list(zip(*(column.tolist() for column in columns), strict=True))


@pytest.mark.parametrize("name", DONE)
def test_what_is_done_at_a_moment_fills_as_worked_out(name: str, tmp_path: Path) -> None:
    declared, methods, lines, switches, fills = DONE[name]
    strategy = strategy_of(tmp_path, class_of(declared, methods))
    execution = make_execution("classic", {"flatten": "none", **switches}, "here")
    found = PlainReplay(strategy).run(written(lines.replace(" / ", "\n")), engine_facts(ADX, execution), {})
    assert fills_of(found) == fills


SEES: Final = f"""{OWN}
    times = Every(seconds=1800)
    alpha: Signal = Signal("alpha")
    size: Shares = parameter(40)
    price: float = 0.0
    value: float = 0.0
    ahead: int = 0

    def on_tick(self, m):
        self.price = m.price
        self.value = self.alpha.value
        if m.bid_size > 0:
            m.quote_bid(m.bid, self.size)

    def on_time(self, m):
        if self.price > 0 and (m.price != self.price or self.alpha.value != self.value):
            self.ahead += 1
        if m.position > 0:
            m.sell_at_bid(10)
"""


def test_nothing_of_the_tick_that_comes_next_is_seen(tmp_path: Path) -> None:
    strategy, count = strategy_of(tmp_path, SEES), 240
    times = FIRST_DAY + (36_000 + 60 * np.arange(count)) * SECOND
    signals = np.arange(count) + 0.5, times
    ticks = Ticks(times, np.zeros(count, np.int8), 10 + np.arange(count) / 100, np.full(count, 9), signals=signals)
    for replay in (PythonReplay(strategy, None), PlainReplay(strategy)):
        final = replay.run(ticks, FACTS, field_values(strategy)).final
        assert (final["s_ahead"], final["s_value"]) == (0, 239.5)


def test_parts_and_settings_together_give_the_same(tmp_path: Path) -> None:
    strategy, ticks = strategy_of(tmp_path, SEES), with_signals(random_ticks(400), 1, 1)
    whole = PlainReplay(strategy).run(ticks, FACTS, field_values(strategy))
    for replay in (PythonReplay(strategy, None), PlainReplay(strategy)):
        assert fills_of(in_parts(strategy, replay, ticks, [1, 150, 200, 201])) == fills_of(whole) != []
    settings = settings_of(strategy, [{}, {"size": 7}])
    assert walked_by_python(ticks, strategy, settings) == plainly_alone(ticks, strategy, settings)


@pytest.mark.parametrize(
    ("body", "rules"),
    [
        (TICK, Market),
        (f"    levels = 2\n{TICK}", LadderMarket),
        (f"    previous_close: float = 0.0\n{TICK.replace('pass', 'self.previous_close = m.bid')}", Market),
        (TICK.replace("pass", "x = m.previous_close"), CallingMarket),
        (f"    def on_open(self, m):\n        pass\n\n{TICK}", CallingMarket),
        (f"    levels = 2\n    def on_close(self, m):\n        pass\n\n{TICK}", CallingLadderMarket),
    ],
)
def test_only_a_strategy_that_wants_calls_gets_a_market_that_calls(body: str, rules: type, tmp_path: Path) -> None:
    assert strategy_of(tmp_path, OWN + body).rules is rules


def test_a_function_outside_the_class_that_reads_what_only_such_a_market_has_is_told_how(tmp_path: Path) -> None:
    far = "def far(m):\n    return m.bid > m.previous_close\n"
    body = f"{USES}{far}class Own(Strategy):\n{TICK.replace('pass', 'far(m)')}"
    with pytest.raises(StrategyError, match="line 10: write `rules = CallingMarket` in Own: no method"):
        check_names(strategy_of(tmp_path, body))
    own = body.replace("(Strategy):", "(Strategy):\n    rules = CallingMarket\n")
    check_names(strategy_of(tmp_path, f"from pipeline.engine.market import CallingMarket\n{own}", "other.py"))


TIMED: Final = "    def on_time(self, m):\n        pass\n\n"
MISTAKES: Final = {
    "on_time without times": (TIMED, "line 11: Own.on_time is never called: say when, as in `times = At"),
    "times without on_time": ('    times = At("14:00")\n\n', "Own.times calls nothing: write `def on_time"),
    "a number": (f"    times = 60\n{TIMED}", r"line 11: Own.times is 60; write `times = Every\(seconds=60\)` or"),
    "a list": (f'    times = ["14:00"]\n{TIMED}', r"Own.times is \['14:00'\]; write"),
    "no time": (f'    times = At("2 pm")\n{TIMED}', r"At\('2 pm'\): it takes times of day, as in At\(\"14:00\""),
    "no hour": (f'    times = At("24:00")\n{TIMED}', "it takes times of day"),
    "hours as numbers": (f"    times = At(14)\n{TIMED}", r"At\(14\): it takes times of day"),
    "no times": (f"    times = At()\n{TIMED}", r"At\(\) has no times"),
    "too short": (f"    times = Every(0.5)\n{TIMED}", r"Every\(0.5\): it takes 1 to 86,400 seconds"),
    "a text": (f'    times = Every("60")\n{TIMED}', r"Every\('60'\): it takes 1 to 86,400 seconds"),
    "another signature": (f"    times = Every(60)\n{TIMED.replace('m)', 'm, now)')}", "Write `def on_time.self, m.`"),
    "nearly its name": ("    def on_opening(self, m):\n        pass\n\n", "nothing calls on_opening. Did you mean"),
    "an auction's market": (
        f"    rules = AuctionMarket\n    times = Every(60)\n{TIMED}",
        "means nothing in an AuctionM",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_what_would_never_be_called_is_refused_at_its_line(name: str, tmp_path: Path) -> None:
    body, said = MISTAKES[name]
    imports = "from pipeline.engine.market import AuctionMarket\n" if "Auction" in body else ""
    with pytest.raises(StrategyError, match=said):
        fields_of(strategy_of(tmp_path, imports + OWN + body + TICK))


@pytest.mark.parametrize(
    ("call", "line", "method"),
    [
        ("m.quote_bid(m.price, 1)", 12, "quote_bid"),
        ("self.act(m)", 15, "cancel_ask"),
        ("market = m; helped(self, market)", 22, "cancel_bid"),
        ("m.tick(1.0)", 0, ""),
    ],
)
def test_orders_outside_continuous_trading_are_refused_at_their_line(
    call: str, line: int, method: str, tmp_path: Path
) -> None:
    acts = f"    def on_outside(self, m):\n        {call}\n\n    def act(self, m):\n        m.cancel_ask()\n\n"
    strategy = strategy_of(tmp_path, f"{OWN}{acts}{TICK}\ndef helped(of, market):\n    market.cancel_bid()\n")
    if not method:
        check_names(strategy)
        return
    with pytest.raises(StrategyError, match=f"line {line}: on_outside may not call {method}: outside continuous"):
        check_names(strategy)


def test_a_strategy_that_is_called_at_moments_alone_needs_no_on_tick(tmp_path: Path) -> None:
    strategy = strategy_of(tmp_path, f"{OWN}    def on_open(self, m):\n        m.quote_bid(9.99, 10)\n")
    check_names(strategy)
    ticks = written("1 10:00:00 trade 9.99 4")
    for replay in (PythonReplay(strategy, CLASSIC.fields()), PlainReplay(strategy)):
        assert fills_of(replay.run(ticks, FACTS, {})) == [(0, 1, 9.99, 4)]


def test_a_time_outside_the_hours_of_all_days_is_refused_with_those_hours(tmp_path: Path) -> None:
    strategy = strategy_of(tmp_path, f'{OWN}    times = At("14:00", "16:00")\n{TIMED}{TICK}')
    said = r'At\("16:00"\) is never called: ADX trades continuously from 10:00 to 14:45.'
    with pytest.raises(StrategyError, match=said):
        PlainReplay(strategy).begin(Span.of(random_ticks(10)), FACTS, {})


def test_a_time_is_on_the_clock_of_an_exchange_whose_day_begins_on_the_evening_before(tmp_path: Path) -> None:
    market = replace(ADX, day_starts=20 * 3_600_000_000_000)
    strategy = strategy_of(tmp_path, class_of('times = At("06:30")', "on_time: m.quote_bid(m.bid, 100)"))
    ticks = written("1 10:00:00 bid 10.00 300\n1 10:30:00 trade 10.00 350")
    found = PlainReplay(strategy).run(ticks, engine_facts(market, make_execution("classic", {}, "here")), {})
    assert fills_of(found) == [(1, 1, 10.00, 50)]
