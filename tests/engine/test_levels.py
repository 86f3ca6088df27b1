"""Several orders a side, worked out by hand: who of ours is filled by what, and what is left for the next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from pipeline.engine.execution import make_execution
from tests.engine.replays import both, strategy_of, written

if TYPE_CHECKING:
    from pathlib import Path

# What is asked for at which tick, the switches, the ticks; then each fill: tick, side, price, quantity, which order.
CASES: Final[dict[str, tuple[dict[int, str], dict[str, Any], str, list[tuple[int, int, float, int, int]]]]] = {
    "at one price the older first, behind the same shares": (
        {0: "a = m.place(BUY, 10.0, 100)\nb = m.place(BUY, 10.0, 100)"},
        {},
        """
        1 10:00:00 bid   10.00 300
        1 10:00:01 trade 10.00 310
        1 10:00:02 trade 10.00 100
        """,
        [(1, 1, 10.0, 10, 1), (2, 1, 10.0, 90, 1), (2, 1, 10.0, 10, 2)],
    ),
    "shares that came between two of ours stand before the younger alone": (
        {0: "a = m.place(BUY, 10.0, 50)", 1: "b = m.place(BUY, 10.0, 50)"},
        {},
        """
        1 10:00:00 bid   10.00 100
        1 10:00:01 bid   10.00 160
        1 10:00:02 trade 10.00 180
        1 10:00:03 trade 10.00  40
        """,
        # 100 pass, 50 are the older's, 30 of the 60 between pass; then 30 pass and 10 are the younger's
        [(2, 1, 10.0, 50, 1), (3, 1, 10.0, 10, 2)],
    ),
    "a print goes from the best price on, and what a price uses is gone for the next": (
        {0: "a = m.place(BUY, 9.98, 100)\nb = m.place(BUY, 10.0, 100)"},
        {"fill_price": "order"},
        """
        1 10:00:00 bid   10.00  50
        1 10:00:01 trade  9.98 230
        """,
        # of 230, 50 pass and 100 fill at 10.00; of the 80 left, 50 pass and 30 fill at 9.98
        [(1, 1, 10.0, 100, 2), (1, 1, 9.98, 30, 1)],
    ),
    "asks stand the other way round": (
        {0: "a = m.place(SELL, 10.06, 100)\nb = m.place(SELL, 10.04, 100)"},
        {"fill_price": "order", "trade_through": "clears"},
        """
        1 10:00:00 ask   10.04  50
        1 10:00:01 trade 10.06 230
        """,
        # through 10.04 nobody is before us: 100; of the 130 left, 50 pass and 80 fill at 10.06
        [(1, -1, 10.04, 100, 2), (1, -1, 10.06, 80, 1)],
    ),
    "an order that shrinks keeps its place, one that grows goes behind": (
        {
            0: "a = m.place(BUY, 10.0, 50)\nb = m.place(BUY, 10.0, 50)",
            1: "m.replace(a, 10.0, 60)\nm.replace(b, 10.0, 20)",
        },
        {},
        """
        1 10:00:00 bid   10.00 10
        1 10:00:01 bid    9.90 10
        1 10:00:02 trade 10.00 40
        """,
        # the grown one enters anew, ahead of the touch; it still stands behind what is before the older of ours
        [(2, 1, 10.0, 20, 2), (2, 1, 10.0, 10, 1)],
    ),
    "a touch that comes to them fills them from the best price on": (
        {0: "a = m.place(BUY, 9.98, 100)\nb = m.place(BUY, 10.0, 100)"},
        {"touch": "fills"},
        """
        1 10:00:00 bid 10.00 500
        1 10:00:01 bid  9.90 500
        1 10:00:02 ask  9.98 150
        """,
        [(2, 1, 10.0, 100, 2), (2, 1, 9.98, 50, 1)],
    ),
    "self_cross=cancel_older takes those that the new one would trade with": (
        {0: "a = m.place(SELL, 10.0, 50)\nb = m.place(SELL, 10.04, 50)\nc = m.place(BUY, 10.02, 50)"},
        {"self_cross": "cancel_older"},
        """
        1 10:00:00 ask   10.10 10
        1 10:00:01 trade 10.04 60
        1 10:00:02 trade 10.02 60
        """,
        [(1, -1, 10.04, 50, 2), (2, 1, 10.02, 50, 3)],
    ),
    "marketable=take takes up the touch order by order, and books it after the turn": (
        {1: "a = m.place(BUY, 10.02, 60)\nb = m.place(BUY, 10.04, 60)"},
        {"marketable": "take", "shown_size": "once"},
        """
        1 10:00:00 bid    9.90 10
        1 10:00:01 ask   10.02 100
        1 10:00:02 trade 10.02  5
        """,
        # 60 and 40 of 100; what is left of the second stands with nobody before it
        [(1, 1, 10.02, 60, 1), (1, 1, 10.02, 40, 2), (2, 1, 10.02, 5, 2)],
    ),
    "latency_ms: what is asked for arrives later, a message about an order that has gone is void": (
        {0: "a = m.place(BUY, 10.0, 50)", 2: "m.replace(a, 9.90, 500)"},
        {"latency_ms": 1_000},
        """
        1 10:00:00 bid   10.00  10
        1 10:00:00 trade 10.00 500
        1 10:00:01 trade 10.00  20
        1 10:00:01 trade 10.00 100
        1 10:00:05 trade  9.80 100
        """,
        [(2, 1, 10.0, 10, 1), (3, 1, 10.0, 40, 1)],
    ),
    "latency_ms: where the clock steps back, an order waits for the one that its side sent before": (
        {0: "a = m.place(BUY, 10.0, 50)", 1: "b = m.place(BUY, 10.0, 50)"},
        {"latency_ms": 2_000},
        """
        1 10:00:10 bid   10.00  10
        1 10:00:08 bid   10.00  20
        1 10:00:11 trade 10.00  30
        1 10:00:12 trade 10.00  60
        """,
        [(3, 1, 10.0, 40, 1)],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_orders_are_filled_as_by_hand(case: str, tmp_path: Path) -> None:
    asked, switches, ticks, expected = CASES[case]
    body = ["class Own(Strategy):", "    levels = 3", "    a: int = 0", "    b: int = 0", "    c: int = 0"]
    body += ["", "    def on_tick(self, m):"]
    for event, lines in asked.items():
        body.append(f"        if m.event == {event}:")
        for line in lines.splitlines():
            name, assigned, call = line.partition(" = ")
            text = f"self.{name} = {call}" if assigned else name.replace("(a,", "(self.a,").replace("(b,", "(self.b,")
            body.append(f"            {text}")
    outcome = both(strategy_of(tmp_path, "\n".join(body)), written(ticks), {}, make_execution("classic", switches, ""))
    fills = outcome.fills
    assert fills.order is not None
    columns = (fills.event, fills.side, fills.price, fills.quantity, abs(fills.order))
    assert list(zip(*(column.tolist() for column in columns), strict=True)) == expected
