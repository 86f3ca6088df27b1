"""What each execution switch changes, one hand-written stream a case, with the fills worked out by hand.

As in `rules.py` the strategy is v1_baseline with quotes of 100 shares, placed anew after 60 s. A case is its switches,
its stream, and the fills: those under `classic` first, those with the switches after a line of dashes.
"""

from __future__ import annotations

from typing import Any, Final

SWITCHES_BY_HAND: Final[dict[str, tuple[dict[str, Any], str, str]]] = {
    "fill_price=order books the order's own price": (
        {"fill_price": "order"},
        """
        1 10:00:00 bid   10.00 10
        1 10:00:01 trade  9.90 60
        """,
        """
        1 10:00:01 buy  9.90 50 50 0.0
        ---
        1 10:00:01 buy 10.00 50 50 0.0
        """,
    ),
    "overnight_orders=cancelled takes the orders and the timers": (
        {"overnight_orders": "cancelled"},
        """
        1 14:44:30 bid   10.00 10
        2 10:00:00 trade 10.00 40
        2 10:00:01 bid    9.90  5
        2 10:00:02 trade  9.90 15
        """,
        """
        2 10:00:00 buy 10.00 30 30 0.0
        2 10:00:02 buy  9.90 15 45 0.0
        ---
        2 10:00:02 buy  9.90 10 10 0.0
        """,
    ),
    "shared_print_volume=once leaves the bid what the ask and its queue did not take": (
        {"shared_print_volume": "once"},
        """
        1 10:00:00 bid   10.00 10
        1 10:00:00 ask   10.00 20
        1 10:00:01 trade 10.00 150
        """,
        """
        1 10:00:01 sell 10.00 100 -100 0.0
        1 10:00:01 buy  10.00 100    0 0.0
        ---
        1 10:00:01 sell 10.00 100 -100 0.0
        1 10:00:01 buy  10.00  20  -80 0.0
        """,
    ),
    "same_event_fill=no lets a print find only what stood before it": (
        {"same_event_fill": "no"},
        """
        1 10:00:00 bid   10.00 10
        1 10:00:30 bid   10.02 30
        1 10:01:00 trade 10.01 50
        1 10:01:01 trade 10.01 50
        """,
        """
        1 10:01:00 buy 10.01 20 20 0.0
        1 10:01:01 buy 10.01 50 70 0.0
        ---
        1 10:01:01 buy 10.01 20 20 0.0
        """,
    ),
    "trade_through=clears frees an order that was traded through of its queue": (
        {"trade_through": "clears"},
        """
        1 10:00:00 bid   10.00 500
        1 10:00:01 trade 10.00 30
        1 10:00:02 trade  9.99 40
        """,
        """
        ---
        1 10:00:02 buy 9.99 40 40 0.0
        """,
    ),
    "self_cross=cancel_older takes our ask away when our bid comes to it": (
        {"self_cross": "cancel_older"},
        """
        1 10:00:00 ask   10.00 10
        1 10:00:01 bid   10.00 10
        1 10:00:02 trade 10.00 30
        """,
        """
        1 10:00:02 sell 10.00 20 -20 0.0
        1 10:00:02 buy  10.00 20   0 0.0
        ---
        1 10:00:02 buy  10.00 20  20 0.0
        """,
    ),
    "crossed_book=wait places nothing while bid and ask are locked, and leaves what stands": (
        {"crossed_book": "wait"},
        """
        1 10:00:00 ask   10.00 10
        1 10:00:01 bid   10.00 10
        1 10:00:02 trade 10.00 30
        """,
        """
        1 10:00:02 sell 10.00 20 -20 0.0
        1 10:00:02 buy  10.00 20   0 0.0
        ---
        1 10:00:02 sell 10.00 20 -20 0.0
        """,
    ),
    "open_delay=10:05 watches the first five minutes": (
        {"open_delay": "10:05"},
        """
        1 10:00:00 bid   10.00 10
        1 10:00:01 trade 10.00 30
        1 10:05:00 trade 10.00 30
        """,
        """
        1 10:00:01 buy 10.00 20 20 0.0
        1 10:05:00 buy 10.00 20 40 0.0
        ---
        1 10:05:00 buy 10.00 20 20 0.0
        """,
    ),
    "flatten=touch closes at the opposite touch from 14:45 on": (
        {"flatten": "touch"},
        """
        1 10:00:00 bid   10.00 10
        1 10:00:01 trade 10.00 30
        1 10:00:02 ask   10.10 10
        1 14:45:00 bid   10.50  1
        1 14:55:00 trade 10.25  1
        """,
        """
        1 10:00:01 buy  10.00 20 20 0.0
        1 14:55:00 sell 10.25 20  0 5.0
        ---
        1 10:00:01 buy  10.00 20 20 0.0
        1 14:45:00 sell 10.00 20  0 0.0
        """,
    ),
    "flatten=touch leaves the auction as a last resort when a touch is missing": (
        {"flatten": "touch"},
        """
        1 10:00:00 bid   10.00 10
        1 10:00:01 trade 10.00 30
        1 14:45:00 ask   10.50  1
        1 14:55:00 trade 10.25  1
        """,
        """
        1 10:00:01 buy  10.00 20 20 0.0
        1 14:55:00 sell 10.25 20  0 5.0
        ---
        1 10:00:01 buy  10.00 20 20 0.0
        1 14:55:00 sell 10.25 20  0 5.0
        """,
    ),
    "stale_orders=cancel takes an order away when its touch leaves, until its timer has run out": (
        {"stale_orders": "cancel"},
        """
        1 10:00:00 bid   10.00 10
        1 10:00:01 bid    9.90 10
        1 10:00:02 trade  9.90 30
        1 10:01:00 trade  9.90 30
        """,
        """
        1 10:00:02 buy 9.90 20  20 0.0
        1 10:01:00 buy 9.90 30  50 0.0
        ---
        1 10:01:00 buy 9.90 20  20 0.0
        """,
    ),
    "latency: an order joins the queue so much later, behind the book of then": (
        {"latency_ms": 2000},
        """
        1 10:00:00 bid   10.00 10
        1 10:00:01 trade 10.00 30
        1 10:00:01 bid   10.00 40
        1 10:00:02 trade 10.00 45
        1 10:00:03 trade 10.00 45
        """,
        """
        1 10:00:01 buy 10.00 20 20 0.0
        1 10:00:02 buy 10.00 45 65 0.0
        1 10:00:03 buy 10.00 35 100 0.0
        ---
        1 10:00:02 buy 10.00  5  5 0.0
        1 10:00:03 buy 10.00 45 50 0.0
        """,
    ),
    "latency: an order that arrives a millisecond after a print is not filled by it": (
        {"latency_ms": 2001},
        """
        1 10:00:00 bid   10.00 10
        1 10:00:02 trade 10.00 45
        1 10:00:03 trade 10.00 45
        """,
        """
        1 10:00:02 buy 10.00 35 35 0.0
        1 10:00:03 buy 10.00 45 80 0.0
        ---
        1 10:00:03 buy 10.00 35 35 0.0
        """,
    ),
    "latency: an order whose touch has fallen meanwhile is first in its queue": (
        {"latency_ms": 2000},
        """
        1 10:00:00 bid   10.00 10
        1 10:00:01 bid    9.90 40
        1 10:00:02 trade  9.95 15
        """,
        """
        1 10:00:02 buy 9.95  5  5 0.0
        ---
        1 10:00:02 buy 9.95 15 15 0.0
        """,
    ),
    "latency: the order before it stands until the new one has arrived": (
        {"latency_ms": 2000},
        """
        1 10:00:00 bid   10.00 10
        1 10:00:30 trade 10.00 10
        1 10:01:00 bid    9.00 10
        1 10:01:01 trade 10.00  7
        1 10:01:02 trade 10.00  7
        1 10:01:02 trade  9.00 15
        """,
        """
        1 10:01:02 buy 9.00 5 5 0.0
        ---
        1 10:01:01 buy 10.00 7  7 0.0
        1 10:01:02 buy  9.00 5 12 0.0
        """,
    ),
    "latency: what is on its way at the close arrives the next morning": (
        {"latency_ms": 2000},
        """
        1 14:44:59 bid   10.00 10
        2 10:00:00 trade 10.00 15
        """,
        """
        2 10:00:00 buy 10.00 5 5 0.0
        ---
        2 10:00:00 buy 10.00 15 15 0.0
        """,
    ),
    "latency and orders cancelled overnight: nothing arrives": (
        {"latency_ms": 2000, "overnight_orders": "cancelled"},
        """
        1 14:44:59 bid   10.00 10
        2 10:00:00 trade 10.00 15
        """,
        """
        2 10:00:00 buy 10.00 5 5 0.0
        ---
        """,
    ),
}
