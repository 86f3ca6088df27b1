"""Days of the other strategies, a fill of each, and what docs/reference/rules.md says of it: worked out by hand."""

from __future__ import annotations

from typing import Final

from tests.tracing.scenario import SMALL, Scenario

COOLING = """
    1 10:00:00 ask 10.00 500
    1 10:00:01 trade 10.00 700
    1 10:00:05 ask 10.00 50
    1 10:00:10 trade 10.00 100
    1 10:01:30 ask 10.00 60
    1 10:01:31 trade 10.00 400
"""
SUPPRESSED = """
    1 10:00:00 ask 10.00 400
    1 10:00:01 ask 10.00 600
    1 10:00:02 trade 10.00 450
"""
STOPPED = """
    1 10:00:00 bid 9.90 100
    1 10:00:00 ask 10.00 100
    1 10:00:01 trade 10.00 600
    1 10:00:02 ask 10.40 300
    1 10:00:03 bid 10.10 100
    1 10:00:04 bid 10.10 120
"""
BEHIND = """
    1 10:05:00 ask 10.00 500
    1 10:05:01 trade 10.00 300
    1 10:05:02 trade 10.00 300
    1 10:05:03 ask 10.00 450
    1 10:05:04 trade 10.00 700
"""
AUCTION = """
    1 14:31:00 trade 10.00 100
    1 14:40:00 trade 10.20 100
    1 14:46:00 bid 10.05 100
    1 14:55:00 trade 10.00 8000
    1 14:56:00 trade 10.00 2000
    2 10:00:00 trade 10.10 400
    2 14:55:00 trade 9.95 5000
"""
FALLEN = """
    1 14:31:00 trade 10.00 100
    1 14:40:00 trade 10.20 100
    1 14:46:00 bid 10.05 100
    1 14:55:00 trade 10.00 10000
    2 10:30:00 bid 9.79 70
    2 14:55:00 trade 9.95 5000
"""
NEXT_DAY = "§10, settle"

SCENARIOS: Final = (
    # 700 - 500 = 200, then 100 in the cooldown; 80 s after that the size is full again, in its place: 400 of 1,000.
    Scenario(
        "v2, an order that kept its place and got its size back",
        "v2_price_follow_qty_cooldown",
        COOLING,
        3,
        {
            "tick.index": 5,
            "quantity": 400,
            "order.placed.index": 0,
            "order.taken.index": 0,
            "order.again": 0,
            "order.ahead": 500,
            "order.passed": 500,
            "order.filled": 300,
            "order.resizes.0.tick.index": 4,
            "order.resizes.0.before": 700,
            "order.resizes.0.after": 1_000,
            "match.ahead": 0,
            "match.remaining": 1_000,
            "match.remains": 600,
            "account.position": -700,
        },
        ("§5.1", "§5.1", "§5.1", "§5.2", "§7"),
        (
            "resized once, last on tick 4 (10:01:30): 700 to 1,000",
            "2 prints reached it before: 500 of the queue ahead went, 300 of ours",
            "print of 400 - 0 ahead of us = 400 left",
        ),
    ),
    # 4,000 AED are too little, so only the place behind 400 is noted; 6,000 are enough: 450 - 400 = 50.
    Scenario(
        "v2, a place noted while the side was suppressed",
        "v2_price_follow_qty_cooldown",
        SUPPRESSED,
        1,
        {
            "quantity": 50,
            "order.taken.index": 0,
            "order.placed.index": 1,
            "order.ahead": 400,
            "order.shown": 400,
            "match.ahead": 400,
        },
        ("§5.1", "§5.1", "§5.1", "§5.2", "§7"),
        (
            "our ask at 10.0, placed on tick 1 (10:00:01)",
            "its place in the queue was noted on tick 0 (10:00:00)",
        ),
        parameters=SMALL | {"min_local_currency_before_quote": 5_000},
    ),
    # Short 500 at 10.00. Mid 10.15: -1.5 %. Mid 10.25: (10.25 - 10) x -500 = -125 of 5,000 is -2.5 %: 300, then 200.
    Scenario(
        "v2.1, the second slice of a stop",
        "v2_1_stop_loss",
        STOPPED,
        3,
        {
            "how": "taken",
            "tick.index": 5,
            "side": "buy",
            "price": 10.4,
            "quantity": 200,
            "taking.wanted": 200,
            "taking.shown": 300,
            "taking.taken": 200,
            "taking.aside_since.index": 4,
            "details.trigger_tick": 4,
            "details.mid": 10.25,
            "details.cost": 5_000.0,
            "details.loss_pct": -2.5,
            "details.threshold_pct": 2.0,
            "details.ordered": 500,
            "details.done_before": 300,
            "account.realized": -80.0,
            "account.position": 0,
            "account.pnl": -200.0,
        },
        ("buy_at_ask, sell_at_bid", "shown_size=again", "§5.2", "§8, A", "§8, B"),
        (
            "200 wanted; the ask shows 300 at 10.4: 200 taken",
            "our quotes stand aside since tick 4 (10:00:03)",
            "-125.00 AED are -2.5000 % of the cost, less than -2 %.",
            "500 to close, 300 done before, 200 left; 300 are shown.",
            "200 closed: (10.0 - 10.4) x 200 = -80.00 AED realised",
        ),
    ),
    # Placed anew on each of five events, the print itself among them, behind the 450 shown: 700 - 450 = 250.
    Scenario(
        "v3, placed anew at every event",
        "v3_liquidity_monitor",
        BEHIND,
        1,
        {
            "tick.index": 4,
            "quantity": 250,
            "order.placed.index": 0,
            "order.taken.index": 4,
            "order.again": 4,
            "order.ahead": 450,
            "order.passed": 0,
            "match.ahead": 450,
            "match.left": 250,
        },
        ("§4, steps 8 and 9", "§5.1", "§5.1", "§5.1", "§5.2", "§9"),
        (
            "placed anew at its price 4 times since, last on this very tick",
            "1,000 shares, behind 450 of 450 shown",
            "no print reached it before this one",
        ),
    ),
    # VWAP (1,000 + 1,020) / 200 = 10.10; 10.10 x 0.995 = 10.0495, in ticks of 0.02: 10.04; 250,000 / 10.10: 24,752.
    Scenario(
        "closing auction, the entry",
        "closing_auction",
        AUCTION,
        1,
        {
            "how": "trade",
            "tick.index": 3,
            "side": "buy",
            "price": 10.0,
            "quantity": 1_000,
            "bid.price": 10.05,
            "trade.type": "auction_entry",
            "trade.reference": 10.1,
            "details.placed_tick": 2,
            "details.vwap": 10.1,
            "details.limit": 10.04,
            "details.ordered": 24_752,
            "details.auction_volume": 10_000,
            "details.share": 1_000,
            "account.position": 1_000,
        },
        (NEXT_DAY,),
        (
            "The buy order was placed at tick 2 (14:46:00)",
            "250,000 AED at the late VWAP of 10.1 are 24,752 shares",
            "The auction's first print, 10.0, is at or below it.",
            "10 % of the day's auction volume of 10,000 are 1,000",
        ),
        parameters={},
    ),
    # The exit sells at 10.10 from the next day on: 400 printed of 1,000 wanted, 400 x (10.10 - 10.00).
    Scenario(
        "closing auction, the exit at the VWAP",
        "closing_auction",
        AUCTION,
        2,
        {
            "tick.index": 5,
            "side": "sell",
            "price": 10.1,
            "quantity": 400,
            "trade.type": "vwap_exit",
            "details.limit": 10.1,
            "details.remaining": 1_000,
            "details.remains": 600,
            "account.realized": 40.0,
            "account.position": 600,
        },
        ("§10, step 5",),
        ("1,000 were left, 400 printed: 400 filled, 600 remain.", "(10.1 - 10.0) x 400 = 40.00 AED realised."),
        parameters={},
    ),
    # 600 are left at that day's close: 600 x (9.95 - 10.00).
    Scenario(
        "closing auction, what is left goes at the close",
        "closing_auction",
        AUCTION,
        3,
        {
            "tick.index": 6,
            "side": "sell",
            "price": 9.95,
            "quantity": 600,
            "trade.type": "eod_flatten",
            "account.realized": -30.0,
            "account.position": 0,
            "account.pnl": 10.0,
        },
        (NEXT_DAY,),
        ("600 of the exit order at 10.1 were left at the close.",),
        parameters={},
    ),
    # Entered at 10.00; the bid at 9.79 is -2.1 %.
    Scenario(
        "closing auction, the stop loss",
        "closing_auction",
        FALLEN,
        2,
        {
            "tick.index": 4,
            "side": "sell",
            "price": 9.79,
            "quantity": 1_000,
            "trade.type": "stop_loss",
            "trade.reference": 10.0,
            "details.loss_pct": -2.1,
            "account.realized": -210.0,
            "account.position": 0,
        },
        ("§10, step 4",),
        ("entered at 10.0; its touch is at 9.79: -2.1000 %, less than -2 %.",),
        parameters={},
    ),
)
