"""Fills beyond `classic`, by docs/reference/execution.md, worked out by hand: queues, touches, takes, delays."""

from __future__ import annotations

from typing import Final

from tests.tracing.of_others import STOPPED
from tests.tracing.scenario import Scenario

SHRUNK: Final = """
    1 10:00:00 ask 10.02 500
    1 10:00:01 ask 10.02 800
    1 10:00:02 trade 10.02 100
    1 10:00:03 ask 10.02 600
    1 10:00:04 trade 10.02 600
"""
RETREATED: Final = """
    1 10:00:00 ask 10.02 500
    1 10:00:01 ask 10.02 200
    1 10:00:02 ask 10.04 300
    1 10:00:03 trade 10.02 30
"""
CAME: Final = """
    1 10:00:00 ask 10.02 500
    1 10:00:01 ask 10.06 300
    1 10:00:02 bid 10.04 60
    1 10:00:03 bid 10.04 90
"""
PLACED_THROUGH: Final = """
    1 10:00:00 ask 10.00 100
    1 10:00:01 bid 10.02 200
    1 10:00:02 trade 10.02 250
"""
OFF_GRID: Final = """
    1 10:00:00 bid 10.03 50
    1 10:00:01 trade 10.00 90
"""
FOLLOWED: Final = """
    1 10:00:00 ask 10.00 100
    1 10:00:01 ask 10.02 300
    1 10:00:02 bid 9.90 50
    1 10:00:02 trade 10.00 40
"""

SCENARIOS: Final = (
    # 500 - 100 = 400 of 800 ahead; 800 - 600 - 100 = 100 gone. 400 ahead and 400 behind share them: 50. 600 - 350.
    Scenario(
        "power2, a queue that shrank by cancels",
        "v1_baseline",
        SHRUNK,
        1,
        {
            "how": "print",
            "quantity": 250,
            "order.ahead": 500,
            "order.passed": 100,
            "order.shrinks.0.tick.index": 3,
            "order.shrinks.0.shown_before": 800,
            "order.shrinks.0.shown": 600,
            "order.shrinks.0.printed": 100,
            "order.shrinks.0.gone": 100,
            "order.shrinks.0.share": 0.5,
            "order.shrinks.0.ahead": 400,
            "order.shrinks.0.cancelled": 50,
            "order.shrinks.0.capped": 0,
            "order.shrinks.0.left": 350,
            "order.still_ahead": 350,
            "match.ahead": 350,
            "match.left": 250,
        },
        ("§5.1", "§5.1", "queue=power2", "§5.1", "§5.2", "§6"),
        (
            "1 quote shortened the queue ahead: by 50 cancelled, by 0 beyond what was shown",
            "800 shown - 600 - 100 printed = 100 gone, 50.00 % of them ahead of us: 50; 400 ahead to 350",
            "print of 600 - 350 ahead of us = 250 left",
            "divided by the shares ahead and behind to the power of 2.",
        ),
        switches={"queue": "power2"},
    ),
    # The same under front: all 100 were ahead of us. 600 - 300.
    Scenario(
        "front, a queue that shrank by cancels",
        "v1_baseline",
        SHRUNK,
        1,
        {"quantity": 300, "order.shrinks.0.share": 1.0, "order.shrinks.0.left": 300, "match.ahead": 300},
        ("§5.1", "§5.1", "queue=front", "§5.1", "§5.2", "§6"),
        ("= 100 gone, 100.00 % of them ahead of us: 100; 400 ahead to 300",),
        switches={"queue": "front"},
    ),
    # 500 ahead, of whom 200 are shown, then none: the print is ours.
    Scenario(
        "capped, a queue that cannot be longer than what is shown",
        "v1_baseline",
        RETREATED,
        1,
        {
            "quantity": 30,
            "order.shrinks.0.tick.index": 1,
            "order.shrinks.0.gone": 0,
            "order.shrinks.0.capped": 300,
            "order.shrinks.0.left": 200,
            "order.shrinks.1.tick.index": 2,
            "order.shrinks.1.shown": 0,
            "order.shrinks.1.capped": 200,
            "order.shrinks.1.left": 0,
            "match.ahead": 0,
        },
        ("§5.1", "§5.1", "queue=capped", "§5.1", "§5.2", "§6"),
        (
            "2 quotes shortened the queue ahead: by 0 cancelled, by 500 beyond what was shown",
            "ASK 10.02 x 200: no more than 200 can be ahead; 500 ahead to 200",
            "ASK 10.04 x 300: nobody stands there any more; 200 ahead to 0",
            "print of 30 - 0 ahead of us = 30 left",
        ),
        switches={"queue": "capped"},
    ),
    # The bid comes to 10.04 with 60: all of them at our 10.02, although 500 stood ahead.
    Scenario(
        "touch, the bid came to our ask",
        "v1_baseline",
        CAME,
        1,
        {
            "how": "crossing",
            "tick.index": 2,
            "side": "sell",
            "price": 10.02,
            "quantity": 60,
            "match": None,
            "order.side": "ask",
            "order.price": 10.02,
            "order.placed.index": 0,
            "order.still_ahead": 500,
            "order.touches": (),
            "taking.price": 10.04,
            "taking.wanted": 1_000,
            "taking.shown": 60,
            "taking.had": 0,
            "taking.available": 60,
            "taking.taken": 60,
            "taking.remains": 940,
            "taking.limit": 10.02,
        },
        ("touch=fills", "shown_size=once", "§5.2", "§6"),
        (
            "the bid, 10.04, is at or through our ask at 10.02, in a book neither locked nor crossed",
            "the 500 still ahead of us count no more",
            "60 shown = 60 available",
            "1,000 of ours remained: 60 filled, 940 remain",
            "booked at our order's price, 10.02",
        ),
        switches={"touch": "fills", "shown_size": "once"},
    ),
    # 90 shown, 60 of them had before: 30 of the 940 left.
    Scenario(
        "touch, what we have had of it is gone",
        "v1_baseline",
        CAME,
        2,
        {
            "how": "crossing",
            "quantity": 30,
            "order.touches.0.tick.index": 2,
            "order.touches.0.ahead": 500,
            "order.touches.0.filled": 60,
            "order.still_ahead": 0,
            "taking.wanted": 940,
            "taking.shown": 90,
            "taking.had": 60,
            "taking.available": 30,
            "taking.remains": 910,
        },
        ("touch=fills", "shown_size=once", "§5.2", "§6"),
        (
            "it met the bid before: 60 of ours went",
            "90 shown - 60 that we have had = 30 available",
            "940 of ours remained: 30 filled, 910 remain",
            "a new size at the same price brings nothing back",
        ),
        switches={"touch": "fills", "shown_size": "once"},
    ),
    # Our bid at 10.02 finds 100 at 10.00: it has them at once, and 900 rest.
    Scenario(
        "marketable, an order placed through the ask",
        "v1_baseline",
        PLACED_THROUGH,
        1,
        {
            "how": "marketable",
            "tick.index": 1,
            "side": "buy",
            "price": 10.0,
            "quantity": 100,
            "match": None,
            "order.price": 10.02,
            "order.placed.index": 1,
            "order.size": 1_000,
            "order.ahead": 0,
            "order.touches": (),
            "taking.tick.index": 1,
            "taking.wanted": 1_000,
            "taking.shown": 100,
            "taking.available": 100,
            "taking.taken": 100,
            "taking.remains": 900,
            "taking.earlier": 0,
        },
        ("marketable=take", "shown_size=again", "§5.2", "§6"),
        (
            "our bid at 10.02 is placed at or through the ask, 10.0",
            "100 shown = 100 available",
            "1,000 of ours: 100 taken, the rest of 900 stands with nobody ahead",
            "booked at the touch's price, 10.0",
            "if m.quote_bid(m.bid, bid_size):",
        ),
        switches={"marketable": "take"},
    ),
    # The ask at 10.00 sells 250 - 100 = 150 first; the bid's rest of 900 has nobody ahead: 250.
    Scenario(
        "marketable, the rest of it",
        "v1_baseline",
        PLACED_THROUGH,
        3,
        {
            "how": "print",
            "quantity": 250,
            "order.touches.0.filled": 100,
            "match.ahead": 0,
            "match.remaining": 900,
            "match.remains": 650,
        },
        ("§5.1", "§5.1", "§5.1", "§5.1", "§5.1", "§5.2", "§6"),
        ("it met the ask before: 100 of ours went", "print of 250 - 0 ahead of us = 250 left"),
        switches={"marketable": "take"},
    ),
    # Ticks of 0.02: 10.03 becomes 10.02, behind the 50 that the better touch shows: 90 - 50.
    Scenario(
        "grid, a bid between two ticks",
        "v1_baseline",
        OFF_GRID,
        1,
        {"quantity": 40, "order.price": 10.02, "order.asked": 10.03, "order.ahead": 50, "match.limit": 10.02},
        ("order_price=grid", "§5.1", "§5.1", "§5.1", "§5.1", "§5.2", "§6"),
        ("our bid at 10.02, placed on tick 0", "asked for at 10.03, rounded down to the grid of ticks"),
        switches={"order_price": "grid"},
    ),
    # Two messages are on their way: the first, due at 10:00:01.5, arrives on tick 2; it betters the touch at 10.02.
    Scenario(
        "latency, the first of two messages",
        "v2_price_follow_qty_cooldown",
        FOLLOWED,
        1,
        {
            "quantity": 40,
            "price": 10.0,
            "order.price": 10.0,
            "order.sent.index": 0,
            "order.placed.index": 2,
            "order.ahead": 0,
        },
        ("latency_ms=1500", "§5.1", "§5.1", "§5.1", "§5.2", "§7"),
        ("decided on tick 0 (10:00:00), on its way until then: due from 10:00:01.500 on",),
        switches={"latency_ms": 1_500},
    ),
    # Triggered on tick 4, the order to take arrives on tick 5 and finds 300 of the 500.
    Scenario(
        "latency, an order to take",
        "v2_1_stop_loss",
        STOPPED,
        2,
        {
            "how": "taken",
            "tick.index": 5,
            "order": None,
            "quantity": 300,
            "price": 10.4,
            "taking.wanted": 500,
            "taking.shown": 300,
            "taking.sent.index": 4,
            "taking.aside_since.index": 4,
        },
        ("latency_ms=500", "buy_at_ask, sell_at_bid", "shown_size=again", "§5.2", "§8, A", "§8, B"),
        (
            "500 wanted; the ask shows 300 at 10.4: 300 taken",
            "asked for on tick 4 (10:00:03), on its way until then: due from 10:00:03.500 on",
            "return m.buy_at_ask(self.stop_quantity if m.ask_size > 0 else 0)",
        ),
        switches={"latency_ms": 500},
    ),
)
