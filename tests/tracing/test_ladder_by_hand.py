"""Fills of several orders a side, explained as docs/reference/execution.md has them, worked out by hand."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import pytest

from pipeline.engine.execution import make_execution
from pipeline.markets.facts import facts_of
from pipeline.runs.recorded_setting import Setting
from pipeline.tracing import moment_rendering, rendering
from pipeline.tracing.explain import explain_fill
from pipeline.tracing.explain_moment import explain_moment
from tests.engine.replays import moment, strategy_of, written
from tests.tracing.scenario import value_at
from tests.tracing.ticks_at_hand import TicksAtHand

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True)
class Case:
    """What a ladder asks for on which tick, the ticks, and what is expected of a fill, or of our bids at a time."""

    calls: Mapping[int, str]
    ticks: str
    asked: int | str
    facts: Mapping[str, Any]
    words: tuple[str, ...]
    switches: Mapping[str, object] = field(default_factory=dict)
    rules: tuple[str, ...] = ()


DEEP: Final = "self.a = m.place(BUY, 9.98, 100); self.b = m.place(BUY, 10.0, 60); self.c = m.place(BUY, 9.98, 70)"
"""Orders 32, 65 and 98: the number of each by 32 is which one it is."""

CASES: Final[dict[str, Case]] = {
    # Of 400, 50 pass and 60 fill at 10.00; of the 290 left 50 pass, and 100 and 70 fill at 9.98.
    "the younger of two orders below a better one": Case(
        {0: DEEP},
        """
        1 10:00:00 bid   10.00  50
        1 10:00:01 trade  9.98 400
        """,
        3,
        {
            "order.number": 98,
            "order.price": 9.98,
            "order.ahead": 50,
            "order.shown": 50,
            "order.shown_at": 10.0,
            "match.better": 110,
            "match.older": 100,
            "match.ahead": 50,
            "match.passed": 50,
            "match.left": 140,
            "match.filled": 70,
            "match.remains": 0,
            "prior.0.number": 65,
            "prior.0.filled": 60,
            "prior.1.number": 32,
            "prior.1.remaining": 100,
            "others.0.order": 65,
            "others.1.number": 2,
        },
        (
            "order 98, our bid at 9.98, placed on tick 0 (10:00:00)",
            "behind 50 of 50 shown at 10.0",
            "order 65 at 10.0: 60 of 60 filled order 32 at 9.98: 100 of 100 filled",
            "print of 400 - 110 used at better prices - 100 of older orders of ours at this",
            "price - 50 ahead of us = 140 left",
            "on the same tick: fill 1, bought 60 at 10.0, order 65",
        ),
        {"fill_price": "order"},
        ("§5.1", "levels", "levels", "§5.1", "fill_price=order", "§5.2"),
    ),
    # It enters anew at 9.99, ahead of the touch; the touch then comes to the orders from 9.99 on.
    "an order that moved, met by the touch after another of ours": Case(
        {0: DEEP, 1: "m.replace(self.b, 9.99, 30)"},
        """
        1 10:00:00 bid   10.00  50
        1 10:00:01 bid    9.90  50
        1 10:00:02 ask    9.98 120
        """,
        2,
        {
            "how": "crossing",
            "order.number": 32,
            "order.moves": 0,
            "taking.shown": 120,
            "taking.had": 30,
            "taking.available": 90,
            "taking.taken": 90,
            "taking.remains": 10,
            "prior.0.number": 65,
            "prior.0.price": 9.99,
            "prior.0.filled": 30,
        },
        ("order 65 at 9.99: 30 of 30 filled", "120 shown - 30 that we have had = 90 available"),
        {"touch": "fills"},
        ("touch=fills", "levels", "shown_size=again", "§5.2"),
    ),
    "an order that moved to another price, then by print": Case(
        {0: DEEP, 1: "m.replace(self.b, 9.99, 30)"},
        """
        1 10:00:00 bid   10.00  50
        1 10:00:01 bid    9.90  50
        1 10:00:02 trade  9.99  20
        """,
        1,
        {
            "order.number": 65,
            "order.moves": 1,
            "order.first.index": 0,
            "order.placed.index": 1,
            "order.ahead": 0,
            "order.line.text": "m.replace(self.b, 9.99, 30)",
            "match.left": 20,
            "match.remains": 10,
            "prior": (),
        },
        ("moved to another price once since it was first placed, on tick 0 (10:00:00)", "first in its queue"),
    ),
    # It grows, and so enters anew at its price behind the 70 that are shown then: 75 - 70.
    "an order that grew at its price": Case(
        {0: "self.a = m.place(BUY, 10.0, 10)", 1: "m.replace(self.a, 10.0, 20)"},
        """
        1 10:00:00 bid   10.00  50
        1 10:00:01 bid   10.00  70
        1 10:00:02 trade 10.00  75
        """,
        1,
        {
            "order.placed.index": 0,
            "order.taken.index": 1,
            "order.first.index": 0,
            "order.again": 1,
            "order.moves": 0,
            "order.ahead": 70,
            "order.size": 20,
            "match.left": 5,
            "match.remains": 15,
        },
        ("placed on tick 0 (10:00:00)", "placed anew at its price once since, last on tick 1 (10:00:01)"),
    ),
    # 70 - 20 = 50 remain before it after it shrinks in its place.
    "an order that shrank in its place": Case(
        {0: "self.a = m.place(BUY, 10.0, 40)", 2: "m.replace(self.a, 10.0, 15)"},
        """
        1 10:00:00 bid   10.00  70
        1 10:00:01 trade 10.00  20
        1 10:00:02 ask   10.05  70
        1 10:00:03 trade 10.00  60
        """,
        1,
        {
            "order.taken.index": 0,
            "order.size": 40,
            "order.resizes.0.before": 40,
            "order.resizes.0.after": 15,
            "order.passed": 20,
            "match.ahead": 50,
            "match.filled": 10,
        },
        ("resized once, last on tick 2 (10:00:02): 40 to 15",),
    ),
    # The older joins behind 300, then 200 are shown; the younger, who joins behind those, is behind the older's 300.
    "an order behind what stands before an older one": Case(
        {0: "self.a = m.place(BUY, 10.0, 10)", 1: "self.b = m.place(BUY, 10.0, 10)"},
        """
        1 10:00:00 bid   10.00 300
        1 10:00:01 bid   10.00 200
        1 10:00:02 trade 10.00 315
        """,
        2,
        {"order.ahead": 300, "order.shown": 200, "match.older": 10, "match.left": 5},
        ("behind 300, as an older order of ours at its price; 200 shown",),
        rules=("§5.1", "levels", "levels", "§5.1", "§5.1", "§5.2"),
    ),
    # 400 - 60 - 50 = 290 reach 9.98 without a fill at once: 50 pass there, and so on, as above.
    "all that stands at a time": Case(
        {0: DEEP, 2: "m.cancel(self.a)"},
        """
        1 10:00:00 bid   10.00  50
        1 10:00:01 trade  9.98 150
        1 10:00:02 ask   10.05  10
        """,
        "10:00:02",
        {
            "order": None,
            "remaining": 0,
            "position": 60,
            "orders.0.order.number": 98,
            "orders.0.ahead": 10,
            "orders.0.remaining": 70,
            "orders.0.last_print.ahead": 40,
            "orders.0.wanted.first": 11,
            "orders.0.wanted.whole": 80,
            "orders.0.wanted.prior": 0,
            "ended.how": "cancelled",
            "ended.number": 32,
            "ended.line.text": "m.cancel(self.a)",
        },
        ("our bid at 9.98, 70 remaining, 10 ahead", "Our bid, order 98", "a print of at least 11 at 9.98 or below"),
    ),
    # 50 and 60 at 10.00 come first; then 50 ahead, and 100 of the older.
    "what would fill each of three": Case(
        {0: DEEP},
        "1 10:00:00 bid 10.00 50",
        "10:00:00",
        {
            "orders.0.order.number": 65,
            "orders.0.wanted.first": 51,
            "orders.1.order.number": 32,
            "orders.1.wanted.first": 161,
            "orders.1.wanted.whole": 260,
            "orders.2.order.number": 98,
            "orders.2.wanted.prior": 160,
            "orders.2.wanted.first": 261,
            "orders.2.wanted.whole": 330,
        },
        ("3 bids of ours, first our bid at 10.0, 60 remaining, 50 ahead",),
    ),
    "messages on their way": Case(
        {0: "self.a = m.place(BUY, 10.0, 10)", 1: "m.replace(self.a, 9.9, 20); self.b = m.place(BUY, 9.8, 30)"},
        "1 10:00:00 bid 10.00 50\n1 10:00:01 bid 10.00 60",
        "10:00:01",
        {
            "orders.0.order.sent.index": 0,
            "orders.0.ahead": 50,
            "messages.0.kind": "replace",
            "messages.0.number": 32,
            "messages.0.due": moment("1", "10:00:02"),
            "messages.1.kind": "place",
            "messages.1.number": 65,
        },
        ("on its way: replace order 32, 20 at 9.9, due from 10:00:02 on", "on its way: place order 65, 30 at 9.8"),
        {"latency_ms": 1_000},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_an_order_of_several_is_told_as_it_was_by_hand(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    body = ["class Own(Strategy):", "    levels = 3", *(f"    {one}: int = 0" for one in "abc"), ""]
    body += ["    def on_tick(self, m):"]
    body += [
        line
        for event, calls in case.calls.items()
        for line in (f"        if m.event == {event}:", *(f"            {call}" for call in calls.split("; ")))
    ]
    execution = make_execution("classic", case.switches, "here")
    setting = Setting(strategy_of(tmp_path, "\n".join(body)), {}, facts_of("ADX"), execution)
    ticks = TicksAtHand(written(case.ticks))
    if isinstance(case.asked, str):
        found: Any = explain_moment(ticks, setting, moment("1", case.asked), "buy")[0]
        lines = [*moment_rendering.lines_of(found, verbose=True), moment_rendering.summary(found)]
    else:
        found = explain_fill(ticks, setting, case.asked)[0]
        lines = [*rendering.lines_of(found, verbose=True), rendering.summary(found)]
        assert case.rules in ((), tuple(rule.section for rule in found.rules))
    assert {path: value_at(found, path) for path in case.facts} == case.facts
    said = " ".join(line.strip() for line in lines)
    assert [words for words in case.words if words not in said] == []
    assert max(map(len, lines[:-1])) <= 80
    json.dumps(found.as_json(), allow_nan=False)
