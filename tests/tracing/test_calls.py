"""Fills of what a strategy did between ticks are explained by the moment of the call, with its line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from pipeline.engine.execution import make_execution
from pipeline.errors import BadRequest
from pipeline.markets.facts import facts_of
from pipeline.runs.recorded_setting import Setting
from pipeline.tracing.explain import explain_fill
from pipeline.tracing.explain_moment import explain_moment
from pipeline.tracing.explanation import Tick
from pipeline.tracing.plain_values import as_plain
from pipeline.tracing.rendering import lines_of
from pipeline.tracing.trace import CALL
from tests.engine.replays import moment, random_ticks, strategy_of, written
from tests.tracing.ticks_at_hand import TicksAtHand

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.tracing.explanation import Explanation

QUOTES: Final = """
from pipeline.engine.moments import At

class Own(Strategy):
    times = At("11:00")

    def on_time(self, m):
        m.quote_bid(m.bid, 100)
"""
TAKES: Final = QUOTES.replace("m.quote_bid(m.bid, 100)", "m.buy_at_ask(40)")
PLACES: Final = QUOTES.replace("times =", "levels = 2\n    times =").replace(
    "m.quote_bid(m.bid, 100)", "m.place(BUY, m.bid, 100)"
)
TICKS: Final = """
    1 10:00:00 bid 10.00 300
    1 10:00:01 ask 10.04 100
    1 11:00:30 trade 10.00 350
"""
AT_ELEVEN: Final = Tick(2, moment("1", "11:00:00"), CALL, 0.0, 0)


def setting_of(folder: Path, body: str, switches: dict[str, object]) -> Setting:
    execution = make_execution("classic", switches, "here")
    return Setting(strategy_of(folder, body), {}, facts_of("ADX"), execution)


def explained(folder: Path, body: str, **switches: object) -> Explanation:
    explanation, _ = explain_fill(TicksAtHand(written(TICKS)), setting_of(folder, body, switches), 1)
    assert explanation is not None
    return explanation


@pytest.mark.parametrize("body", [QUOTES, PLACES], ids=["one", "several"])
def test_an_order_is_placed_at_the_moment_before_the_tick_that_fills_it(body: str, tmp_path: Path) -> None:
    fill = explained(tmp_path, body)
    order = fill.order
    assert order is not None
    assert order.line is not None
    assert (order.placed, order.taken, order.ahead, fill.tick.index) == (AT_ELEVEN, AT_ELEVEN, 300, 2)
    assert "m." in order.line.text
    assert "placed at 11:00:00, before this tick" in " ".join(lines_of(fill))


def test_what_was_taken_is_booked_at_the_tick_that_came_next(tmp_path: Path) -> None:
    fill = explained(tmp_path, TAKES)
    assert fill.taking is not None
    assert (fill.taking.tick, fill.taking.taken, fill.how) == (AT_ELEVEN, 40, "taken")
    assert "taken at 11:00:00, before this tick, booked on this one" in " ".join(lines_of(fill))


def test_memory_leaves_out_what_only_grows_and_copies_nothing(tmp_path: Path) -> None:
    seen = QUOTES.replace("class Own", "from pipeline.engine.series import Series\n\nclass Own").replace(
        "def on_time(self, m):", "asked: Series = Series()\n    note: object = None\n\n    def on_time(self, m):"
    )
    fill = explained(
        tmp_path, seen.replace("m.quote", "self.asked.record(m, m.bid); self.note = memoryview(b''); m.quote")
    )
    assert list(as_plain(fill)["memory"]) == ["note"]


def test_a_latency_counts_from_the_moment(tmp_path: Path) -> None:
    fill = explained(tmp_path, QUOTES, latency_ms=1000)
    order = fill.order
    assert order is not None
    assert (order.sent, order.due, order.placed.index) == (AT_ELEVEN, moment("1", "11:00:01"), 2)


def test_an_order_at_a_time_between_ticks_is_refused_with_what_to_ask_for(tmp_path: Path) -> None:
    setting = setting_of(tmp_path, QUOTES, {})
    with pytest.raises(BadRequest, match=r"Own is called between ticks as well.*--fill"):
        explain_moment(TicksAtHand(written(TICKS)), setting, moment("1", "11:00:10"), "buy")


BUSY: Final = """
from pipeline.engine.moments import Every

class Own(Strategy):
    times = Every(seconds=300)

    def on_time(self, m):
        if m.position > 0:
            m.sell_at_bid(50)
        elif m.bid_size > 0:
            m.quote_bid(m.bid, 500)

    def on_close(self, m):
        m.cancel_bid()
"""


@pytest.mark.parametrize("latency", [0, 2000])
def test_every_fill_is_explained_by_a_call_before_its_tick(latency: int, tmp_path: Path) -> None:
    ticks, setting = random_ticks(600), setting_of(tmp_path, BUSY, {"latency_ms": latency, "marketable": "take"})
    number, calls = 1, 0
    while True:
        fill, fills = explain_fill(TicksAtHand(ticks), setting, number, stride=100)
        if fill is None:
            break
        tick = fill.order.placed if fill.order else fill.taking.tick if fill.taking else fill.tick
        calls += tick.type == CALL
        assert tick.time <= fill.tick.time == fills.timestamp[number - 1]
        lines_of(fill, verbose=True)
        number += 1
    assert (number > 20, calls > 10) == (True, latency == 0)
