"""Days of v1, a fill of each, and what docs/reference/rules.md says of it: worked out by hand, written as literals."""

from __future__ import annotations

from typing import Final

from tests.tracing.scenario import SMALL, Scenario

RESTING = """
    1 10:00:00 bid 10.00 5000
    1 10:00:05 ask 10.02 1200
    1 10:00:10 trade 10.02 900
    1 10:00:20 ask 10.02 9000
    1 10:00:30 trade 10.02 800
    1 10:00:40 trade 9.98 6500
"""
CROSSED = """
    1 10:00:00 ask 10.00 100
    1 10:00:01 bid 10.01 200
    1 10:00:02 trade 10.00 700
"""
FLATTENED = """
    1 10:00:00 ask 10.00 100
    1 10:00:05 trade 10.00 600
    1 14:54:59 bid 9.70 30
    1 14:55:00 bid 9.90 50
    1 14:55:01 ask 9.95 40
    1 14:55:02 trade 9.80 1
"""
CLOSED_AT_ONCE = """
    1 10:00:00 ask 10.00 100
    1 10:00:05 trade 10.00 600
    1 14:55:00 trade 9.80 1
"""
TWO_SIDED = """
    1 10:00:00 bid 9.96 80
    1 10:00:01 ask 10.00 100
    1 10:00:05 trade 10.00 600
    1 14:45:00 bid 9.00 1
"""
CARRIED = """
    1 10:00:00 ask 10.00 100
    1 10:00:30 trade 10.00 60
    2 10:00:00 trade 10.00 90
"""
THROUGH = """
    1 10:00:00 bid 10.00 5000
    1 10:00:30 trade 9.98 700
"""
LATE = """
    1 10:00:00 ask 10.00 100
    1 10:00:01 ask 10.00 300
    1 10:00:02 bid 9.90 50
    1 10:00:03 trade 10.00 400
"""

SCENARIOS: Final = (
    # 800 printed, 300 of the 1,200 are still ahead: 500 of our 1,000. What the ask shows since does not matter.
    Scenario(
        "v1, a resting ask behind its queue",
        "v1_baseline",
        RESTING,
        1,
        {
            "how": "print",
            "tick.index": 4,
            "before.index": 3,
            "bid.price": 10.0,
            "bid.size": 5_000,
            "ask.price": 10.02,
            "ask.size": 9_000,
            "side": "sell",
            "price": 10.02,
            "quantity": 500,
            "order.side": "ask",
            "order.placed.index": 1,
            "order.taken.index": 1,
            "order.shown": 1_200,
            "order.ahead": 1_200,
            "order.size": 1_000,
            "order.passed": 900,
            "match.print_size": 800,
            "match.ahead": 300,
            "match.passed": 300,
            "match.left": 500,
            "match.remaining": 1_000,
            "match.filled": 500,
            "match.remains": 500,
            "match.through": False,
            "account.opened": 500,
            "account.closed": 0,
            "account.realized": 0.0,
            "account.position": -500,
        },
        ("§5.1", "§5.1", "§5.1", "§5.2", "§6"),
        (
            "sold 500 at 10.02, 2025-01-01 10:00:30",
            "our ask at 10.02, placed on tick 1 (10:00:05)",
            "1,000 shares, behind 1,200 of 1,200 shown",
            "1 print reached it before: 900 of the queue ahead went, 0 of ours",
            "print of 800 - 300 ahead of us = 500 left",
            "1,000 of ours remained: 500 filled, 500 remain",
            "A print at or above our ask reaches it.",
        ),
    ),
    # 6,500 through our bid at 10.00 consume the 5,000 ahead: 1,500 left for our 1,000, at 9.98. 500 x (10.02 - 9.98).
    Scenario(
        "v1, a print through our bid that turns the position",
        "v1_baseline",
        RESTING,
        2,
        {
            "tick.index": 5,
            "side": "buy",
            "price": 9.98,
            "quantity": 1_000,
            "match.ahead": 5_000,
            "match.left": 1_500,
            "match.remaining": 1_000,
            "match.remains": 0,
            "match.limit": 10.0,
            "match.through": True,
            "match.at_limit": False,
            "account.closed": 500,
            "account.opened": 500,
            "account.entry_before": 10.02,
            "account.realized": 20.0,
            "account.position_before": -500,
            "account.position": 500,
            "account.entry": 9.98,
            "account.pnl": 20.0,
        },
        ("§5.1", "§5.1", "§5.1", "§5.1", "§5.2", "§6"),
        (
            "500 closed: (10.02 - 9.98) x 500 = 20.00 AED realised",
            "500 opened long; average entry then 9.98",
            "booked at the print's price, 9.98, not our order's, 10.0",
            "A print through our price consumes only its own volume",
        ),
    ),
    # Both read the whole print: 700 - 100 = 600 for the ask's 1,000, then 700 - 200 = 500 for the bid's.
    Scenario(
        "v1, one print fills both sides",
        "v1_baseline",
        CROSSED,
        2,
        {
            "tick.index": 2,
            "side": "buy",
            "quantity": 500,
            "price": 10.0,
            "match.print_size": 700,
            "match.used": 0,
            "match.ahead": 200,
            "match.left": 500,
            "match.limit": 10.01,
            "account.position_before": -600,
            "account.position": -100,
            "account.realized": 0.0,
            "others.0.number": 1,
            "others.0.side": "sell",
            "others.0.quantity": 600,
        },
        ("§5.1", "§5.1", "§5.1", "§5.1", "§5.1", "§5.1", "§5.2", "§6"),
        (
            "on the same tick: fill 1, sold 600 at 10.0",
            "then the ask side is matched, then the bid side.",
            "Each side may use the whole print",
        ),
    ),
    # The first of both: the ask is matched first, and knows of the bid's fill too.
    Scenario(
        "v1, the side that is matched first",
        "v1_baseline",
        CROSSED,
        1,
        {"side": "sell", "quantity": 600, "match.left": 600, "others.0.number": 2, "others.0.quantity": 500},
        ("§5.1", "§5.1", "§5.1", "§5.1", "§5.1", "§5.2", "§6"),
        ("on the same tick: fill 2, bought 500 at 10.0",),
    ),
    # Used once: 700 - (100 + 600) = 0 is left. A smaller ask leaves 700 - (100 + 300) = 300, less 200 ahead: 100.
    Scenario(
        "v1, one print used once",
        "v1_baseline",
        CROSSED,
        2,
        {"match.used": 400, "match.passed": 200, "match.left": 100, "match.filled": 100, "match.remains": 900},
        ("§5.1", "§5.1", "shared_print_volume=once", "§5.1", "§5.1", "§5.1", "§5.2", "§6"),
        ("print of 700 - 400 used by the ask side - 200 ahead of us = 100 left",),
        parameters=SMALL | {"quote_size_ask": 300},
        switches={"shared_print_volume": "once"},
    ),
    # Found short at 14:55:00 by a bid; the ask is skipped; the print of one share closes all 500.
    Scenario(
        "v1, a flatten that waits for a print",
        "v1_baseline",
        FLATTENED,
        2,
        {
            "how": "auction",
            "tick.index": 5,
            "before.index": 4,
            "bid": None,
            "ask.price": 10.0,
            "ask.size": 100,
            "side": "buy",
            "quantity": 500,
            "price": 9.80,
            "order": None,
            "flatten.found.index": 3,
            "flatten.waited": True,
            "account.realized": 100.0,
            "account.position": 0,
            "account.pnl": 100.0,
        },
        ("§4, steps 4 and 5", "§5.2"),
        (
            "the position of -500 was found open on tick 3 (14:55:00): a BID, no print",
            "this is the first print since: it closes all of it at its price, 9.8",
            "500 closed: (10.0 - 9.8) x 500 = 100.00 AED realised",
            "The first event at or after 14:55 finds an open position and is no print",
        ),
    ),
    # The first event from 14:55 on is a print: it closes all 500 although it is of one share.
    Scenario(
        "v1, a flatten at once",
        "v1_baseline",
        CLOSED_AT_ONCE,
        2,
        {"how": "auction", "tick.index": 2, "quantity": 500, "price": 9.8, "flatten.waited": False, "tick.size": 1},
        ("§4, step 4", "§5.2"),
        ("the position of -500 is closed at this print's price, 9.8", "its size of 1 does not matter"),
    ),
    # The bid at 14:45:00 does not reach the book; both sides of the book are there, so 500 are bought at the ask.
    Scenario(
        "v1, flattened against the touch",
        "v1_baseline",
        TWO_SIDED,
        2,
        {
            "how": "touch",
            "tick.index": 3,
            "side": "buy",
            "price": 10.0,
            "quantity": 500,
            "bid.price": 9.96,
            "flatten.waited": False,
            "account.position_before": -500,
            "account.realized": 0.0,
        },
        ("flatten=touch", "§5.2"),
        ("the position of -500 is closed at the ask, 10.0, whatever that shows", "At any event from 14:45 on"),
        switches={"flatten": "touch"},
    ),
    # The night empties the book, not our queue: 100 - 60 = 40 ahead, 90 - 40 = 50.
    Scenario(
        "v1, an order that survived the night",
        "v1_baseline",
        CARRIED,
        1,
        {
            "tick.index": 2,
            "quantity": 50,
            "bid": None,
            "ask": None,
            "order.placed.index": 0,
            "match.ahead": 40,
            "match.left": 50,
        },
        ("§4, step 1", "§5.1", "§5.1", "§5.1", "§5.2", "§6"),
        (
            "our ask at 10.0, placed on tick 0 (2025-01-01 10:00:00)",
            "the book: no bid, no ask",
            "A new day empties the book and nothing else",
        ),
    ),
    # Through our bid: the 5,000 ahead are cleared, all 700 are ours, at our own price.
    Scenario(
        "v1, a print through our price that clears the queue",
        "v1_baseline",
        THROUGH,
        1,
        {
            "price": 10.0,
            "quantity": 700,
            "match.ahead": 5_000,
            "match.cleared": 5_000,
            "match.passed": 0,
            "match.left": 700,
            "match.remains": 300,
            "match.at_limit": True,
        },
        ("§5.1", "trade_through=clears", "§5.1", "fill_price=order", "§5.2", "§6"),
        (
            "the print is through our price: the 5,000 ahead of us are cleared",
            "booked at our order's price, 10.0, not the print's, 9.98",
        ),
        switches={"trade_through": "clears", "fill_price": "order"},
    ),
    # Decided at 10:00:00, it joins at 10:00:02, before that bid and behind the 300 shown: 400 - 300 = 100.
    Scenario(
        "v1, an order that took its time",
        "v1_baseline",
        LATE,
        1,
        {
            "quantity": 100,
            "order.sent.index": 0,
            "order.placed.index": 2,
            "order.shown": 300,
            "order.ahead": 300,
            "match.ahead": 300,
        },
        ("latency_ms=1500", "§5.1", "§5.1", "§5.1", "§5.2", "§6"),
        ("decided on tick 0 (10:00:00), on its way until then",),
        switches={"latency_ms": 1_500},
    ),
)
