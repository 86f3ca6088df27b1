"""What our order was at a moment, worked out by hand: where it stood, why there was none, what would fill it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import pytest

from pipeline.errors import BadRequest, PipelineError, UnknownMoment
from pipeline.tracing.explain_moment import explain_moment
from pipeline.tracing.moment_rendering import lines_of, summary
from tests.engine.replays import moment, random_ticks, written
from tests.tracing.of_exchange import FOLLOWED, SHRUNK
from tests.tracing.of_others import STOPPED
from tests.tracing.of_v1 import CROSSED
from tests.tracing.scenario import SMALL, setting_of, value_at
from tests.tracing.ticks_at_hand import TicksAtHand

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.settings import Value
    from pipeline.tracing.moment import Moment

FILLED: Final = """
    1 10:00:00 ask 10.00 100
    1 10:00:05 trade 10.00 1200
    1 10:00:20 ask 10.02 300
"""
NEXT_DAY: Final = """
    1 14:40:00 ask 10.00 100
    1 14:40:05 trade 10.00 150
    1 14:40:09 bid 9.90 100
    1 14:41:00 trade 9.90 1100
    2 10:00:01 trade 9.95 10
"""
TOO_SMALL: Final = """
    1 10:00:00 ask 10.00 5000
    1 10:01:30 ask 10.00 10
    1 10:01:40 ask 10.00 20
"""
OVERNIGHT: Final = """
    1 14:40:00 ask 10.00 100
    2 10:00:30 ask 0 70
    2 10:01:00 trade 9.90 10
    2 10:01:00 trade 9.80 10
    2 15:10:00 trade 9.80 10
"""


@dataclass(frozen=True)
class Asked:
    """A moment of a made-up day, and what is expected of it."""

    ticks: str
    clock: str
    side: str
    facts: Mapping[str, Any]
    words: tuple[str, ...]
    day: str = "1"
    strategy: str = "v1_baseline"
    parameters: Mapping[str, Value] = field(default_factory=lambda: SMALL)
    switches: Mapping[str, object] = field(default_factory=dict)


ASKED: Final[dict[str, Asked]] = {
    # 500 - 100 printed - 50 cancelled = 350 ahead of 1,000.
    "an order in its queue": Asked(
        SHRUNK,
        "10:00:03",
        "sell",
        {
            "tick.index": 3,
            "events": 1,
            "order.price": 10.02,
            "order.placed.index": 0,
            "order.ahead": 500,
            "remaining": 1_000,
            "ahead": 350,
            "last_print.tick.index": 2,
            "last_print.ahead": 100,
            "last_quote.tick.index": 3,
            "last_quote.ahead": 50,
            "last_touch": None,
            "wanted.first": 351,
            "wanted.whole": 1_350,
            "wanted.touch": True,
            "wanted.through": True,
            "position": 0,
        },
        (
            "our ask at 10.02, 1,000 remaining, 350 ahead",
            "800 shown - 600 - 100 printed = 100 gone",
            "the last print: tick 2, 10:00:02: TRADE 10.02 x 100: 100 of the queue, 0 of ours",
            "50 of the queue ahead went",
            "a print of at least 351 at 10.02 or above for its first share, of 1,350 for all 1,000",
            "a print of any size above 10.02: it clears the queue ahead",
            "if the strategy, which acts on a print first, leaves the order as it is",
            "the bid at 10.02 or above, with the ask still above that (a locked or crossed book fills nobody)",
        ),
        switches={"queue": "power2", "touch": "fills", "trade_through": "clears"},
    ),
    # 600 - (500 - 100) = 200 of it are sold.
    "one between two ticks": Asked(
        SHRUNK,
        "10:30:00",
        "sell",
        {"tick.index": 4, "events": 0, "remaining": 800, "ahead": 0, "position": -200, "wanted.acts_first": False},
        ("no tick is in it; this is the state after the last one before", "nobody ahead"),
        switches={"same_event_fill": "no"},
    ),
    "a side that never was": Asked(
        SHRUNK,
        "10:00:03",
        "buy",
        {"order": None, "ended": None, "call": None, "wanted": None, "remaining": 0},
        ("no bid of ours, since none has been placed", "the strategy has never asked for one"),
    ),
    "an order that was filled": Asked(
        FILLED,
        "10:00:20",
        "sell",
        {"order": None, "ended.how": "filled", "ended.tick.index": 1, "call.tick.index": 0, "position": -1_000},
        ("no ask of ours, since the last was filled at 10:00:05", "the strategy has asked for nothing since"),
    ),
    # The ask shows 10 x 10.00 AED, less than 25,000: cancelled at 10:01:30, and asked for again ten seconds later.
    "an order that the strategy cancelled": Asked(
        TOO_SMALL,
        "10:01:40",
        "sell",
        {
            "order": None,
            "ended.how": "cancelled",
            "ended.tick.index": 1,
            "ended.line.text": "m.cancel_ask()",
            "call.tick.index": 2,
            "call.line.text": "m.cancel_ask()",
        },
        ("since the last was cancelled at 10:01:30", "m.cancel_ask()", "the strategy's last call for this side"),
        parameters=SMALL | {"min_local_currency_before_quote": 25_000},
    ),
    "an order that a switch cancelled": Asked(
        CROSSED,
        "10:00:01",
        "sell",
        {"order": None, "ended.how": "self_cross=cancel_older", "ended.tick.index": 1, "ended.line": None},
        ("since the last was cancelled at 10:00:01 by self_cross=cancel_older",),
        switches={"self_cross": "cancel_older"},
    ),
    "an order whose touch went": Asked(
        FILLED,
        "10:00:20",
        "sell",
        {"ended.how": "stale_orders=cancel", "ended.tick.index": 2},
        ("by stale_orders=cancel",),
        parameters=SMALL | {"quote_size": 5_000},
        switches={"stale_orders": "cancel"},
    ),
    "quotes that stand aside": Asked(
        STOPPED,
        "10:00:03",
        "sell",
        {"tick.index": 4, "aside_since.index": 4, "position": -200},
        (
            "our quotes stand aside since tick 4, 10:00:03",
            "nothing, until the strategy lets its quotes be filled again",
        ),
        strategy="v2_1_stop_loss",
    ),
    "messages on their way": Asked(
        FOLLOWED,
        "10:00:01",
        "sell",
        {
            "order": None,
            "messages.0.kind": "place",
            "messages.0.price": 10.0,
            "messages.0.due": moment("1", "10:00:01") + 500_000_000,
            "messages.1.price": 10.02,
            "messages.1.due": moment("1", "10:00:02") + 500_000_000,
        },
        ("on its way: place 1,000 at 10.0, due from 10:00:01.500 on",),
        strategy="v2_price_follow_qty_cooldown",
        switches={"latency_ms": 1_500},
    ),
    "a cancel on its way": Asked(
        TOO_SMALL,
        "10:01:30",
        "sell",
        {"messages.0.kind": "cancel", "messages.0.due": moment("1", "10:01:31") + 500_000_000},
        ("on its way: cancel, due from 10:01:31.500 on",),
        parameters=SMALL | {"min_local_currency_before_quote": 25_000},
        switches={"latency_ms": 1_500},
    ),
    "an order on its way out that keeps its place": Asked(
        TOO_SMALL,
        "10:01:30",
        "sell",
        {"messages.0.kind": "hold", "messages.0.price": 10.0},
        ("on its way: hold",),
        strategy="v2_price_follow_qty_cooldown",
        parameters=SMALL | {"min_local_currency_before_quote": 25_000},
        switches={"latency_ms": 1_500},
    ),
    # 100 passed and 50 of ours filled on the day before; the bid that was filled whole then is not placed anew.
    "what was on the day before": Asked(
        NEXT_DAY,
        "10:00:01",
        "sell",
        {"remaining": 950, "last_print.tick.index": 1},
        ("the last print: tick 1, 2025-01-01 14:40:05: TRADE 10.0 x 150: 100 of the queue, 50 of ours",),
        day="2",
    ),
    "an order that was filled on the day before": Asked(
        NEXT_DAY,
        "10:00:01",
        "buy",
        {"order": None, "ended.tick.index": 3},
        ("since the last was filled at 2025-01-01 14:41:00", "tick 3, 2025-01-01 14:41:00: TRADE 9.9 x 1,100"),
        day="2",
    ),
    # Two prints in one second, neither at or above our ask of the evening before; quoting begins at 10:05.
    "several ticks in a second, before quoting begins": Asked(
        OVERNIGHT,
        "10:01:00",
        "sell",
        {
            "tick.index": 3,
            "events": 2,
            "bid": None,
            "ask": None,
            "order.placed.index": 0,
            "last_print": None,
            "wanted.not_before": moment("2", "10:05:00"),
        },
        (
            "2 ticks are in it; this is the state after the last of them",
            "placed on tick 0 (2025-01-01 14:40:00)",
            "no print before 10:05:00",
        ),
        day="2",
        switches={"open_delay": "10:05"},
    ),
}


def explained(asked: Asked) -> Moment:
    setting = setting_of(asked.strategy, asked.parameters, asked.switches)
    return explain_moment(TicksAtHand(written(asked.ticks)), setting, moment(asked.day, asked.clock), asked.side)[0]


@pytest.mark.parametrize("name", ASKED)
def test_an_order_is_told_as_it_was_by_hand(name: str) -> None:
    asked = ASKED[name]
    explanation = explained(asked)
    assert {path: value_at(explanation, path) for path in asked.facts} == asked.facts
    lines = lines_of(explanation, verbose=True)
    assert max(map(len, lines)) <= 80
    said = " ".join(line.strip() for line in [*lines, summary(explanation)])
    assert [words for words in asked.words if words not in said] == []
    plain = json.loads(json.dumps(explanation.as_json(), allow_nan=False))
    assert plain["asked_at"] == f"2025-01-0{asked.day}T{asked.clock}.000"
    assert plain["remaining"] == explanation.remaining


@pytest.mark.parametrize(
    ("next_tick", "remaining"),
    [
        ("trade 10.02 350", 1_000),
        ("trade 10.02 351", 999),
        ("trade 10.02 1349", 1),
        ("trade 10.02 1350", 0),
        ("trade 10.00 9999", 1_000),
        ("trade 10.04 1", 999),
        ("bid 10.00 7", 1_000),
        ("bid 10.02 7", 1_000),  # locked
        ("ask 10.04 300\n1 10:00:04 bid 10.02 7", 993),
    ],
)
def test_what_would_have_filled_it_fills_it_and_nothing_less_does(next_tick: str, remaining: int) -> None:
    asked = ASKED["an order in its queue"]
    stream = SHRUNK.strip().splitlines()[:4]
    wanted = explained(asked).wanted
    assert wanted is not None
    assert (wanted.price, wanted.first, wanted.whole) == (10.02, 351, 1_350)
    after = replace(asked, ticks="\n".join([*stream, f"1 10:00:04 {next_tick}"]), clock="10:00:04")
    assert explained(after).remaining == remaining


def test_the_history_of_an_order_adds_up_to_what_stands_ahead_of_it() -> None:
    switches = {"queue": "power1", "touch": "fills", "shown_size": "once", "marketable": "take"}
    ticks = random_ticks(300)
    setting = setting_of("v2_price_follow_qty_cooldown", SMALL, switches)
    live = 0
    for time in ticks.timestamp[5:145:10].tolist():
        for side in ("buy", "sell"):
            try:
                explanation = explain_moment(TicksAtHand(ticks), setting, time, side)[0]
            except UnknownMoment:
                continue
            if explanation.order is not None:
                live += 1
                assert explanation.order.still_ahead == explanation.ahead >= 0 < explanation.remaining
    assert live > 5


@pytest.mark.parametrize(
    ("day", "clock", "kind", "words"),
    [
        ("1", "09:59:59", UnknownMoment, "outside the continuous session, 10:00 to 14:45.*at 2025-01-01 14:40:00"),
        ("2", "14:45:00", UnknownMoment, "outside the continuous session.* nearest .* 2025-01-02 10:01:00"),
        ("2", "10:00:59", UnknownMoment, "before the first tick of that day's session.* 2025-01-02 10:01:00"),
        ("5", "12:00:00", UnknownMoment, "a day without ticks.* nearest .* 2025-01-02 10:01:00"),
    ],
)
def test_a_time_without_a_state_is_refused_with_the_nearest(
    day: str, clock: str, kind: type[PipelineError], words: str
) -> None:
    with pytest.raises(kind, match=words) as error:
        explain_moment(TicksAtHand(written(OVERNIGHT)), setting_of("v1_baseline", SMALL, {}), moment(day, clock), "buy")
    assert error.value.exit_status == 2


def test_a_strategy_that_keeps_its_own_orders_has_no_order_to_tell() -> None:
    with pytest.raises(BadRequest, match="--fill"):
        explain_moment(
            TicksAtHand(written(OVERNIGHT)), setting_of("closing_auction", {}, {}), moment("1", "14:40:00"), "buy"
        )
