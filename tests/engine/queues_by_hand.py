"""Where our order stands in its queue, by hand, under each model of queues."""

from __future__ import annotations

from typing import Final

from tests.engine.cases_by_hand import Case, buyer, seller

# An order joins behind 500; 800 are shown later, so 300 stand behind it; then 200 are cancelled.
JOINED_MID_QUEUE: Final = """
    1 10:06:00 ask   5.02 500
    1 10:06:01 ask   5.02 800
    1 10:06:02 ask   5.02 600
    1 10:06:03 trade 5.02 600
"""

QUEUES: Final[dict[str, Case]] = {
    "a touch that retreats leaves nobody ahead of us": Case(
        seller(),
        """
        1 10:06:00 ask   5.02 500
        1 10:06:01 ask   5.03 300
        1 10:06:02 trade 5.02  30
        """,
        {"": "", **dict.fromkeys(("queue=capped", "queue=front", "queue=power2"), "1 10:06:02 sell 5.02 30 -30")},
    ),
    "a side that empties leaves nobody ahead of us": Case(
        buyer(),
        """
        1 10:06:00 bid   5.02 500
        1 10:06:01 bid   5.02   0
        1 10:06:02 trade 5.02  30
        """,
        {"": "", "queue=capped": "1 10:06:02 buy 5.02 30 30"},
    ),
    "a touch that retreats and returns comes back behind us": Case(
        buyer(),
        """
        1 10:06:00 bid   5.02 500
        1 10:06:01 bid   5.01 300
        1 10:06:02 bid   5.02 400
        1 10:06:03 trade 5.02  30
        """,
        {"": "", "queue=capped": "1 10:06:03 buy 5.02 30 30"},
    ),
    # The better touch says nothing of 5.02: 500 stay ahead, then at most the 400 shown, and no one is seen to cancel.
    "a better touch hides our queue": Case(
        seller(),
        """
        1 10:06:00 ask   5.02 500
        1 10:06:01 ask   5.01 900
        1 10:06:02 ask   5.02 400
        1 10:06:03 trade 5.02 430
        """,
        {"": "", "queue=capped": "1 10:06:03 sell 5.02 30 -30", "queue=front": "1 10:06:03 sell 5.02 30 -30"},
    ),
    # 500 ahead, 300 behind, gone = 800 - 600 = 200; a print of 600 then fills 600 - ahead.
    #   capped: min(500, 600) = 500.   front: 500 - 200 = 300.
    #   power1: share behind 300/800 = 0.375: 500 - 0.625 * 200 = 375.
    #   power2: 90,000/340,000 = 0.2647: 500 - 0.7353 * 200 = 352.94, so 353.
    #   power3: 27/(27 + 125) = 0.1776: 500 - 0.8224 * 200 = 335.53, so 336.
    "an order joined mid-queue moves up by cancels as the model says": Case(
        seller(1_000),
        JOINED_MID_QUEUE,
        {
            "": "1 10:06:03 sell 5.02 100 -100",
            "queue=capped": "1 10:06:03 sell 5.02 100 -100",
            "queue=front": "1 10:06:03 sell 5.02 300 -300",
            "queue=power1": "1 10:06:03 sell 5.02 225 -225",
            "queue=power2": "1 10:06:03 sell 5.02 247 -247",
            "queue=power3": "1 10:06:03 sell 5.02 264 -264",
        },
    ),
    # The print takes 100 of 500 ahead and explains 100 of the 200 that are missing: gone = 800 - 600 - 100 = 100.
    #   front: 400 - 100 = 300.   power1: 400 behind of 800: 400 - 0.5 * 100 = 350.
    "what prints took at our price is not cancelled once more": Case(
        seller(1_000),
        """
        1 10:06:00 ask   5.02 500
        1 10:06:01 ask   5.02 800
        1 10:06:02 trade 5.02 100
        1 10:06:03 ask   5.02 600
        1 10:06:04 trade 5.02 600
        """,
        {
            "queue=capped": "1 10:06:04 sell 5.02 200 -200",
            "queue=front": "1 10:06:04 sell 5.02 300 -300",
            "queue=power1": "1 10:06:04 sell 5.02 250 -250",
        },
    ),
    # A print at 5.03 uses up 100 of our queue but is none at our price: gone = 200, front: 400 - 200 = 200.
    "a print through our price does not count as printed at it": Case(
        seller(1_000),
        """
        1 10:06:00 ask   5.02 500
        1 10:06:01 ask   5.02 800
        1 10:06:02 trade 5.03 100
        1 10:06:03 ask   5.02 600
        1 10:06:04 trade 5.02 600
        """,
        {"queue=front": "1 10:06:04 sell 5.02 400 -400"},
    ),
    # The first quote explains the print: gone = 0. The second misses 100 more: front: 400 - 100 = 300.
    "a print explains one quote only": Case(
        seller(1_000),
        """
        1 10:06:00 ask   5.02 500
        1 10:06:01 ask   5.02 800
        1 10:06:02 trade 5.02 100
        1 10:06:03 ask   5.02 700
        1 10:06:04 bid   5.00 999
        1 10:06:05 ask   5.02 600
        1 10:06:06 trade 5.02 600
        """,
        {"queue=front": "1 10:06:06 sell 5.02 300 -300"},
    ),
    # 100 ahead, 300 behind, gone = 380; share 0.9 of it is 342, more than the 300 there: 100 - 38 - 42 = 20.
    "cancels beyond all that stand behind come from ahead": Case(
        seller(1_000),
        """
        1 10:06:00 ask   5.02 100
        1 10:06:01 ask   5.02 400
        1 10:06:02 ask   5.02  20
        1 10:06:03 trade 5.02  50
        """,
        {"queue=power2": "1 10:06:03 sell 5.02 30 -30", "queue=prints": ""},
    ),
    # Overnight the book is emptied, which is no quote: 600 replaces nothing, so nobody is seen to cancel.
    "a new day's empty book moves no queue": Case(
        seller(1_000),
        """
        1 10:06:00 ask   5.02 500
        1 10:06:01 ask   5.02 800
        2 10:06:00 ask   5.02 600
        2 10:06:01 trade 5.02 600
        """,
        {"queue=front": "2 10:06:01 sell 5.02 100 -100", "queue=power1": "2 10:06:01 sell 5.02 100 -100"},
    ),
    "a new day before its first quote leaves the queue as it was": Case(
        seller(),
        """
        1 10:06:00 ask   5.02 500
        2 10:06:00 trade 5.02 510
        """,
        {"queue=capped": "2 10:06:00 sell 5.02 10 -10"},
    ),
    # v2's 10 are sold; while it cools it watches 5.02 behind 120. At 10:06:12 it is back there, behind the 90 of then.
    "the cap moves a place that is only watched": Case(
        seller(10, wait=10),
        """
        1 10:06:00 ask   5.02 100
        1 10:06:01 trade 5.02 110
        1 10:06:02 ask   5.02 120
        1 10:06:12 ask   5.02  90
        1 10:06:13 trade 5.02  95
        """,
        {
            "": "1 10:06:01 sell 5.02 10 -10",
            "queue=capped": "1 10:06:01 sell 5.02 10 -10\n1 10:06:13 sell 5.02 5 -15",
        },
        "v2_price_follow_qty_cooldown",
    ),
}
