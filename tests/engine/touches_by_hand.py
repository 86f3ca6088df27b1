"""Touches that come to our order, by hand, and what of their size is had."""

from __future__ import annotations

from typing import Final

from tests.engine.cases_by_hand import FOREVER, Case, buyer, seller

TOUCHES: Final[dict[str, Case]] = {
    # The bid reaches our 5.02 with 60; the print finds nobody ahead and fills 25 more at our price.
    "a touch fills a part at our price, a print the next": Case(
        seller(),
        """
        1 10:06:00 ask   5.02 500
        1 10:06:01 ask   5.04 300
        1 10:06:02 bid   5.03  60
        1 10:06:03 trade 5.02  25
        """,
        {
            "": "",
            "touch=fills": "1 10:06:02 sell 5.02 60 -60\n1 10:06:03 sell 5.02 25 -85",
        },
    ),
    "our bid is filled by an ask that comes to it": Case(
        buyer(),
        """
        1 10:06:00 bid   5.02 500
        1 10:06:01 bid   5.00 300
        1 10:06:02 ask   5.02  60
        """,
        {"touch=fills": "1 10:06:02 buy 5.02 60 60"},
    ),
    # Bid 5.04 with ask 5.00 is crossed: nothing. Ask 5.06 uncrosses: our ask 5.00 sells to the bid's 40,
    # then our bid 5.10 buys the ask's 30.
    "one quote crosses both our sides, the ask first": Case(
        {"quote_size": 100, "refill_interval_sec": FOREVER},
        """
        1 10:06:00 bid   5.10 100
        1 10:06:01 bid   5.10   0
        1 10:06:02 ask   5.00 100
        1 10:06:03 bid   5.04  40
        1 10:06:04 ask   5.06  30
        """,
        {"": "", "touch=fills": "1 10:06:04 sell 5.00 40 -40\n1 10:06:04 buy 5.10 30 -10"},
    ),
    # 5.03 / 5.03 is locked; the ask that leaves it uncrosses the book at 5.03 / 5.04.
    "a locked book fills nobody until a quote leaves it": Case(
        seller(),
        """
        1 10:06:00 ask   5.02 500
        1 10:06:01 ask   5.03 300
        1 10:06:02 bid   5.03  70
        1 10:06:03 ask   5.04 300
        """,
        {"touch=fills": "1 10:06:03 sell 5.02 70 -70"},
    ),
    # Each quote of the bid or of the ask finds 60 there again; had once, only what is shown beyond it: 90 - 60,
    # nothing of 50, 65 - 90 is none. At another price, and back, it is a new quote: 65, of which we want 10.
    "a growing size at one price is had once": Case(
        seller(),
        """
        1 10:06:00 ask   5.02 500
        1 10:06:01 ask   5.03 300
        1 10:06:02 bid   5.02  60
        1 10:06:03 ask   5.03 200
        1 10:06:04 bid   5.02  90
        1 10:06:05 bid   5.02  50
        1 10:06:06 bid   5.01  10
        1 10:06:07 bid   5.02  65
        """,
        {
            "touch=fills": "1 10:06:02 sell 5.02 60 -60\n1 10:06:03 sell 5.02 40 -100",
            "touch=fills shown_size=once": """
                1 10:06:02 sell 5.02 60  -60
                1 10:06:04 sell 5.02 30  -90
                1 10:06:07 sell 5.02 10 -100
                """,
        },
    ),
    "a side that was empty shows a new size": Case(
        seller(),
        """
        1 10:06:00 ask   5.02 500
        1 10:06:01 ask   5.03 300
        1 10:06:02 bid   5.02  60
        1 10:06:03 bid   5.02   0
        1 10:06:04 bid   5.02  30
        """,
        {"touch=fills shown_size=once": "1 10:06:02 sell 5.02 60 -60\n1 10:06:04 sell 5.02 30 -90"},
    ),
    "a new day shows a new size": Case(
        seller(),
        """
        1 10:06:00 ask   5.02 500
        1 10:06:01 ask   5.03 300
        1 10:06:02 bid   5.02  60
        2 10:06:00 ask   5.03 300
        2 10:06:01 bid   5.02  60
        """,
        {"touch=fills shown_size=once": "1 10:06:02 sell 5.02 60 -60\n2 10:06:01 sell 5.02 40 -100"},
    ),
    "yesterday's order is filled by a touch before 10:05": Case(
        seller(),
        """
        1 10:06:00 ask   5.02 500
        2 10:01:00 ask   5.03 300
        2 10:01:01 bid   5.02  60
        2 10:01:02 trade 5.02  25
        """,
        {"touch=fills open_delay=10:05": "2 10:01:01 sell 5.02 60 -60"},
    ),
    "a touch fills before a stale order is cancelled": Case(
        seller(),
        """
        1 10:06:00 ask   5.02 500
        1 10:06:01 bid   5.02  60
        1 10:06:02 ask   5.03 300
        1 10:06:03 trade 5.03  50
        """,
        {
            "stale_orders=cancel": "",
            "touch=fills": "1 10:06:02 sell 5.02 60 -60\n1 10:06:03 sell 5.03 40 -100",
            "touch=fills stale_orders=cancel": "1 10:06:02 sell 5.02 60 -60",
        },
    ),
    # Placed at 10:06:00 it is due at 10:06:10; filled by a touch at 10:06:05, not before 10:06:15.
    "a fill by a touch restarts the timer": Case(
        seller(wait=10),
        """
        1 10:06:00 ask   5.02 500
        1 10:06:04 ask   5.03 300
        1 10:06:05 bid   5.02  60
        1 10:06:12 bid   5.00  60
        1 10:06:13 trade 5.02  10
        """,
        {
            "": "",
            "touch=fills": "1 10:06:05 sell 5.02 60 -60\n1 10:06:13 sell 5.02 10 -70",
        },
    ),
    # 100 bought at 5.00; at a mid of 4.86 the stop sells 40 and waits for a bid: our ask at 5.02 is frozen when one
    # comes at 5.03, and the stop sells its 60 there.
    "no touch fills us while a stop works": Case(
        {"quote_size": 100, "refill_interval_sec": FOREVER, "stop_loss_threshold_pct": 2.0},
        """
        1 10:06:00 bid   5.00 500
        1 10:06:01 ask   5.02 100
        1 10:06:02 trade 5.00 600
        1 10:06:03 bid   4.70  40
        1 10:06:04 bid   4.70   0
        1 10:06:05 ask   5.05 100
        1 10:06:06 bid   5.03  60
        """,
        {
            "touch=fills": """
                1 10:06:02 buy  5.00 100 100
                1 10:06:03 sell 4.70  40  60
                1 10:06:06 sell 5.03  60   0
                """,
        },
        "v2_1_stop_loss",
    ),
}
