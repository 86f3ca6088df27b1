"""Orders at or through the opposite touch, off the grid, or left overnight, by hand."""

from __future__ import annotations

from typing import Final

from tests.engine.cases_by_hand import Case, buyer, seller

ORDERS: Final[dict[str, Case]] = {
    # Our bid joins 5.01 while 60 are offered at 5.00: it takes them there; 40 rest, first at 5.01.
    "a marketable order takes at the touch's price and rests before everybody": Case(
        buyer(),
        """
        1 10:06:00 ask   5.00  60
        1 10:06:01 bid   5.01 500
        1 10:06:02 ask   5.02  60
        1 10:06:03 trade 5.01  30
        """,
        {
            "": "",
            "marketable=take": "1 10:06:01 buy 5.00 60 60\n1 10:06:03 buy 5.01 30 90",
        },
    ),
    "a marketable order that takes all leaves no order": Case(
        buyer(),
        """
        1 10:06:00 ask   5.00 160
        1 10:06:01 bid   5.00 500
        1 10:06:02 trade 5.00 999
        """,
        {"marketable=take": "1 10:06:01 buy 5.00 100 100"},
    ),
    # v2 is due again at 10:06:11, when the ask is gone: it never stood at 5.00 and joins behind the 500.
    "an order that took all has no place to come back to": Case(
        buyer(wait=10),
        """
        1 10:06:00 ask   5.00 160
        1 10:06:01 bid   5.00 500
        1 10:06:11 ask   5.00   0
        1 10:06:12 trade 5.00  30
        """,
        {"marketable=take": "1 10:06:01 buy 5.00 100 100"},
        "v2_price_follow_qty_cooldown",
    ),
    # Placed each 10 s against the same 60: had once, the second order finds nothing and rests whole; when 80 are
    # shown there are 20 more for the third.
    "takes against one quote find what it has left": Case(
        buyer(wait=10),
        """
        1 10:06:00 ask   5.00  60
        1 10:06:01 bid   5.01 500
        1 10:06:11 bid   5.01 500
        1 10:06:12 ask   5.00  80
        1 10:06:21 bid   5.01 500
        """,
        {
            "marketable=take": """
                1 10:06:01 buy 5.00 60  60
                1 10:06:11 buy 5.00 60 120
                1 10:06:21 buy 5.00 80 200
                """,
            "marketable=take shown_size=once": """
                1 10:06:01 buy 5.00 60  60
                1 10:06:21 buy 5.00 20  80
                """,
        },
    ),
    # Not placed at 10:06:01 and 10:06:02, so its timer does not run: placed at 10:06:03 behind the 200 of then.
    "a rejected order is told, and tried again at the next event": Case(
        buyer(),
        """
        1 10:06:00 ask   5.00  60
        1 10:06:01 bid   5.01 500
        1 10:06:02 bid   5.01 200
        1 10:06:03 ask   5.02  60
        1 10:06:04 trade 5.01 230
        """,
        {"": "", "marketable=reject": "1 10:06:04 buy 5.01 30 30"},
    ),
    # The order at 4.99 behind 500 is due for 5.01, which is rejected: it stands on in its place.
    "a rejected order leaves the one that stood": Case(
        buyer(wait=10),
        """
        1 10:06:00 bid   4.99 500
        1 10:06:09 ask   5.00  60
        1 10:06:10 bid   5.01 500
        1 10:06:11 trade 4.99 520
        """,
        {"marketable=reject": "1 10:06:11 buy 4.99 20 20"},
    ),
    # 100 bought at 5.00; at bid 4.80, ask 4.82 the mid is 3.8 % below cost: the stop sells to the bid's 40. The next
    # event finds them gone; 55 at the same price are 15 more, 30 at another price are new; 15 are left.
    "a stop takes from one quote what it shows": Case(
        buyer() | {"stop_loss_threshold_pct": 2.0},
        """
        1 10:06:00 bid   5.00 500
        1 10:06:01 ask   5.02 100
        1 10:06:02 trade 5.00 600
        1 10:06:03 bid   4.80  40
        1 10:06:04 ask   4.82 100
        1 10:06:05 ask   4.82  90
        1 10:06:06 bid   4.80  55
        1 10:06:07 bid   4.79  30
        """,
        {
            "": """
                1 10:06:02 buy  5.00 100 100
                1 10:06:04 sell 4.80  40  60
                1 10:06:05 sell 4.80  40  20
                1 10:06:06 sell 4.80  20   0
                """,
            "shown_size=once": """
                1 10:06:02 buy  5.00 100 100
                1 10:06:04 sell 4.80  40  60
                1 10:06:06 sell 4.80  15  45
                1 10:06:07 sell 4.79  30  15
                """,
        },
        "v2_1_stop_loss",
    ),
    # Prices on the grid (tick 0.01 below 10, 0.02 from 10 on).
    "a bid between two ticks stands at the lower": Case(
        buyer(),
        "1 10:06:00 bid 5.004 500\n 1 10:06:01 trade 5.00 600",
        {
            "fill_price=order": "1 10:06:01 buy 5.004 100 100",
            "fill_price=order order_price=grid": "1 10:06:01 buy 5.00 100 100",
        },
    ),
    "an ask between two ticks stands at the higher": Case(
        seller(),
        "1 10:06:00 ask 10.001 500\n 1 10:06:01 trade 10.02 600",
        {
            "fill_price=order": "1 10:06:01 sell 10.001 100 -100",
            "fill_price=order order_price=grid": "1 10:06:01 sell 10.02 100 -100",
        },
    ),
    # 502 * 0.01 is 5.0200000000000005, which a print at 5.02 would not reach.
    "a rounded price is the one that the market writes": Case(
        seller(),
        "1 10:06:00 ask 5.016 500\n 1 10:06:01 trade 5.02 600",
        {"order_price=grid": "1 10:06:01 sell 5.02 100 -100"},
    ),
    "a price within 1e-9 of the grid stands on it": Case(
        seller(),
        "1 10:06:00 ask 5.0100000009 500\n 1 10:06:01 trade 5.01 600",
        {"fill_price=order order_price=grid": "1 10:06:01 sell 5.01 100 -100"},
    ),
    "a price more than 1e-9 off the grid does not": Case(
        seller(),
        "1 10:06:00 ask 5.0100000012 500\n 1 10:06:01 trade 5.02 600",
        {"fill_price=order order_price=grid": "1 10:06:01 sell 5.02 100 -100"},
    ),
    # v2 watches 5.02 while 5.016 is worth less than 1,000 AED. Then its order joins 5.02 behind the 300 at 5.016.
    "a watched place is on the grid": Case(
        seller() | {"min_local_currency_before_quote": 1_000},
        """
        1 10:06:00 ask   5.016 120
        1 10:06:01 ask   5.016 300
        1 10:06:02 trade 5.02  310
        """,
        {"fill_price=order order_price=grid": "1 10:06:02 sell 5.02 10 -10"},
        "v2_price_follow_qty_cooldown",
    ),
    # The close.
    "flatten=none carries the position": Case(
        seller(),
        """
        1 10:06:00 ask   5.02 500
        1 10:06:01 trade 5.02 530
        1 14:45:00 bid   5.00 900
        1 14:56:00 trade 5.01 900
        2 10:06:00 trade 5.02  10
        """,
        {
            "": "1 10:06:01 sell 5.02 30 -30\n1 14:56:00 buy 5.01 30 0\n2 10:06:00 sell 5.02 10 -10",
            "flatten=none": "1 10:06:01 sell 5.02 30 -30\n2 10:06:00 sell 5.02 10 -40",
        },
    ),
}
