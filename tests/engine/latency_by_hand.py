"""Messages that take time: orders, new sizes, cancels and orders to take, and what they meet on arrival, by hand."""

from __future__ import annotations

from typing import Final

from tests.engine.cases_by_hand import Case, buyer, seller

LATENCY: Final[dict[str, Case]] = {
    # Latency: a message sent at 10:06:00 arrives with the first event from then on.
    "up to a second of latency is one on ticks of whole seconds": Case(
        buyer(),
        """
        1 10:06:00 bid   5.00 500
        1 10:06:00 trade 5.00 550
        1 10:06:01 bid   5.00 100
        1 10:06:01 trade 5.00 530
        """,
        {
            "": "1 10:06:00 buy 5.00 50 50\n1 10:06:01 buy 5.00 50 100",
            **dict.fromkeys(("latency_ms=1", "latency_ms=500", "latency_ms=1000"), "1 10:06:01 buy 5.00 30 30"),
            "latency_ms=1001": "",
        },
    ),
    # At 10:06:01 only 500 AED are shown: the cancel of then arrives a second after the order, which stands behind 100.
    "a cancel does not overtake its order": Case(
        buyer(wait=1) | {"min_local_currency_before_quote": 1_000},
        """
        1 10:06:00 bid   5.00 500
        1 10:06:01 bid   5.00 100
        1 10:06:02 trade 5.00 130
        1 10:06:03 trade 5.00  50
        """,
        {"": "", "latency_ms=2000": "1 10:06:02 buy 5.00 30 30"},
    ),
    # The first arrives at 10:06:02 and stands at 5.00 behind the 50 that the touch shows; the second a second later.
    "an order sent does not stop the one before it": Case(
        buyer(wait=1),
        """
        1 10:06:00 bid   5.00 100
        1 10:06:01 bid   5.01  50
        1 10:06:02 trade 5.00  80
        1 10:06:03 trade 5.01  60
        """,
        {"latency_ms=2000": "1 10:06:02 buy 5.00 30 30\n1 10:06:03 buy 5.01 10 40"},
    ),
    # 5.01 was to arrive at 10:06:06; 5.02, sent after it, takes its place under way and arrives at 10:06:07.
    "a third message takes the place of the second": Case(
        buyer(wait=1),
        """
        1 10:06:00 bid   5.00 100
        1 10:06:01 bid   5.01  50
        1 10:06:02 bid   5.02  40
        1 10:06:06 trade 5.01  60
        1 10:06:07 trade 5.02  45
        """,
        {"latency_ms=5000": "1 10:06:07 buy 5.02 5 5"},
    ),
    # The ask of v2 has 60 left at 10:06:02 and asks for 100 again; a print fills it before that arrives.
    "a change of size finds no order that was filled meanwhile": Case(
        seller(wait=1),
        """
        1 10:06:00 ask   5.02  10
        1 10:06:01 trade 5.02  50
        1 10:06:02 trade 5.02  60
        1 10:06:03 trade 5.02  30
        """,
        {"latency_ms=1000": "1 10:06:01 sell 5.02 40 -40\n1 10:06:02 sell 5.02 60 -100"},
        "v2_price_follow_qty_cooldown",
    ),
    # The bid is back at 5.00 while the order for 5.01 is under way: it moves there at 10:06:15 and back a second later.
    "an order follows its touch there and back": Case(
        buyer(),
        """
        1 10:06:00 bid   5.00 100
        1 10:06:10 bid   5.01 100
        1 10:06:11 bid   5.00 100
        1 10:06:20 trade 5.00 150
        """,
        {"latency_ms=5000": "1 10:06:20 buy 5.00 50 50"},
        "v2_price_follow_qty_cooldown",
    ),
    # 50 AED at 10:06:10 are too few, 500 a second later enough: the order goes at 10:06:12 and is back a second later.
    "an order comes back behind its cancel": Case(
        buyer() | {"min_local_currency_before_quote": 400},
        """
        1 10:06:00 bid   5.00 100
        1 10:06:10 bid   5.00  10
        1 10:06:11 bid   5.00 100
        1 10:06:20 trade 5.00 130
        """,
        {"latency_ms=2000": "1 10:06:20 buy 5.00 30 30"},
        "v2_price_follow_qty_cooldown",
    ),
    "what is under way at the close arrives in the morning, or never": Case(
        buyer(),
        """
        1 14:44:59 bid   5.00 100
        2 10:00:00 trade 5.00  15
        """,
        {
            "latency_ms=2000": "2 10:00:00 buy 5.00 15 15",
            "latency_ms=2000 overnight_orders=cancelled": "",
        },
    ),
    # By its clock the second message would arrive at 10:06:10, before the first: it waits for it.
    "two messages of a side keep their order when the clock steps back": Case(
        buyer(),
        """
        1 10:06:10 bid   5.00 100
        1 10:06:08 bid   5.01  50
        1 10:06:11 trade 5.01  60
        1 10:06:12 trade 5.01  60
        """,
        {"latency_ms=2000": "1 10:06:12 buy 5.01 10 10"},
        "v2_price_follow_qty_cooldown",
    ),
    "an order is judged marketable when it arrives": Case(
        buyer(),
        """
        1 10:06:00 bid   5.00 500
        1 10:06:00 ask   5.00  60
        1 10:06:01 trade 5.00  10
        """,
        {
            "marketable=take": "",
            "marketable=take latency_ms=1000": "1 10:06:01 buy 5.00 60 60\n1 10:06:01 buy 5.00 10 70",
            "marketable=reject latency_ms=1000": "",
        },
    ),
    # The ask of 10:06:02 is due at 10:06:05 and by its clock the stop's order to sell, of 10:06:00, at 10:06:03.
    "an order to take does not overtake its side's order when the clock steps back": Case(
        {"quote_size": 100, "refill_interval_sec": 1_000_000, "stop_loss_threshold_pct": 2.0},
        """
        1 10:05:50 bid   5.00 500
        1 10:05:56 trade 5.00 600
        1 10:06:02 ask   4.82 100
        1 10:06:00 bid   4.80 200
        1 10:06:03 bid   4.79 300
        1 10:06:05 trade 4.81 10
        """,
        {"latency_ms=3000": "1 10:05:56 buy 5.00 100 100\n1 10:06:05 sell 4.79 100 0"},
        "v2_1_stop_loss",
    ),
    # Both arrive at 10:06:01: the ask of 4.82 takes 100 of the 150, then the stop has what is left, or all of it again.
    "an order that takes as it arrives and a stop that does fill apart": Case(
        {"quote_size": 100, "refill_interval_sec": 1_000_000, "stop_loss_threshold_pct": 2.0},
        """
        1 10:05:50 bid   5.00 500
        1 10:05:56 trade 5.00 600
        1 10:06:00 ask   4.82 100
        1 10:06:00 bid   4.80 200
        1 10:06:00 bid   4.83 150
        1 10:06:01 trade 4.90 10
        """,
        {
            "marketable=take latency_ms=1000": """
                1 10:05:56 buy  5.00 100  100
                1 10:06:01 sell 4.83 100    0
                1 10:06:01 sell 4.83 100 -100
                """,
            "marketable=take shown_size=once latency_ms=1000": """
                1 10:05:56 buy  5.00 100 100
                1 10:06:01 sell 4.83 100   0
                1 10:06:01 sell 4.83  50 -50
                """,
        },
        "v2_1_stop_loss",
    ),
    # The bid that is gone at 10:06:06 is back at 10:06:07: what the stop asks for then arrives two seconds later.
    "a stop does not ask for what an empty touch does not show": Case(
        buyer() | {"stop_loss_threshold_pct": 2.0},
        """
        1 10:06:00 bid   5.00 500
        1 10:06:01 ask   5.02 100
        1 10:06:02 trade 5.00 600
        1 10:06:03 bid   4.80  40
        1 10:06:04 ask   4.82 100
        1 10:06:06 bid   4.80   0
        1 10:06:07 bid   4.80  55
        1 10:06:08 ask   4.82  90
        1 10:06:09 ask   4.82  80
        """,
        {"latency_ms=2000": "1 10:06:02 buy 5.00 100 100\n1 10:06:06 sell 4.80 40 60\n1 10:06:09 sell 4.80 55 5"},
        "v2_1_stop_loss",
    ),
    # As "a stop takes from one quote what it shows", a second later each: the take sent at 10:06:04 finds 40.
    "a stop's takes arrive late, and one at a time": Case(
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
            "latency_ms=1000": """
                1 10:06:02 buy  5.00 100 100
                1 10:06:05 sell 4.80  40  60
                1 10:06:06 sell 4.80  40  20
                1 10:06:07 sell 4.80  20   0
                """,
            "latency_ms=1000 shown_size=once": """
                1 10:06:02 buy  5.00 100 100
                1 10:06:05 sell 4.80  40  60
                1 10:06:07 sell 4.80  15  45
                """,
        },
        "v2_1_stop_loss",
    ),
}
