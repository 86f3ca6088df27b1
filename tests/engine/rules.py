"""The market's rules, one hand-written stream a rule, with the fills worked out by hand.

The strategy is v1_baseline: quotes of 100 shares, placed anew after 60 s. A stream's line is day, time, type, price,
volume; a fill's line is day, time, side, price, shares, position after it, P&L realised so far.
"""

from __future__ import annotations

from typing import Final

RULES: Final = {
    "a print fills us only after the queue ahead, in several prints if need be": (
        """
        1 10:00:00 bid   10.00 500
        1 10:00:01 trade 10.00 300
        1 10:00:02 trade 10.00 200
        1 10:00:03 trade 10.00  40
        """,
        "1 10:00:03 buy 10.00 40 40 0.0",
    ),
    "a print that ends the queue fills us with what is left of it": (
        """
        1 10:00:00 bid   10.00 500
        1 10:00:01 trade 10.00 530
        """,
        "1 10:00:01 buy 10.00 30 30 0.0",
    ),
    "a partly filled order keeps its remainder and its place": (
        """
        1 10:00:00 bid   10.00 500
        1 10:00:01 trade 10.00 530
        1 10:00:02 trade 10.00  60
        1 10:00:03 trade 10.00  60
        1 10:00:04 trade 10.00  60
        """,
        """
        1 10:00:01 buy 10.00 30  30 0.0
        1 10:00:02 buy 10.00 60  90 0.0
        1 10:00:03 buy 10.00 10 100 0.0
        """,
    ),
    "a print through our price is booked at the print's price, after the queue": (
        """
        1 10:00:00 bid   10.00 500
        1 10:00:01 trade  9.90 499
        1 10:00:02 trade  9.80   2
        """,
        "1 10:00:02 buy 9.80 1 1 0.0",
    ),
    "a print that does not reach our price does nothing": (
        """
        1 10:00:00 bid   10.00 500
        1 10:00:00 ask   10.10 500
        1 10:00:01 trade 10.05 9999
        """,
        "",
    ),
    "one print may fill both sides, the ask first, each with its whole volume": (
        """
        1 10:00:00 bid   10.00 10
        1 10:00:00 ask   10.00 20
        1 10:00:01 trade 10.00 70
        """,
        """
        1 10:00:01 sell 10.00 50 -50 0.0
        1 10:00:01 buy  10.00 60  10 0.0
        """,
    ),
    "a print alone never changes the book": (
        """
        1 10:00:00 bid   10.00 10
        1 10:00:01 trade 10.00 110
        1 10:01:02 trade 10.00 15
        """,
        """
        1 10:00:01 buy 10.00 100 100 0.0
        1 10:01:02 buy 10.00   5 105 0.0
        """,
    ),
    "an order is refreshed before the print that finds it, and can be filled by it": (
        """
        1 10:00:00 bid   10.00 10
        1 10:00:30 bid   10.02 30
        1 10:01:00 trade 10.01 50
        """,
        "1 10:01:00 buy 10.01 20 20 0.0",
    ),
    "an order sticks at its price until the timer runs out": (
        """
        1 10:00:00 bid   10.00 10
        1 10:00:30 bid   10.02 30
        1 10:00:59 trade 10.01 50
        """,
        "",
    ),
    "a quote of zero shares empties its side, and the order that stood there stays": (
        """
        1 10:00:00 bid   10.00 10
        1 10:00:01 bid   10.01  0
        1 10:02:00 trade 10.00 25
        """,
        "1 10:02:00 buy 10.00 15 15 0.0",
    ),
    "a print of zero shares fills nothing": (
        """
        1 10:00:00 bid   10.00 10
        1 10:00:01 trade 10.00  0
        """,
        "",
    ),
    "the position is flattened at the first print from 14:55:00 on, whatever its volume": (
        """
        1 10:00:00 bid   10.00 10
        1 10:00:01 trade 10.00 110
        1 14:54:59 trade 11.00 500
        1 14:55:00 trade 10.25   0
        1 14:56:00 trade 12.00 500
        """,
        """
        1 10:00:01 buy  10.00 100 100 0.0
        1 14:55:00 sell 10.25 100   0 25.0
        """,
    ),
    "a short position is bought back at the flatten": (
        """
        1 10:00:00 ask   10.00 10
        1 10:00:01 trade 10.00 70
        1 14:59:00 trade 10.50  1
        """,
        """
        1 10:00:01 sell 10.00 60 -60 0.0
        1 14:59:00 buy  10.50 60   0 -30.0
        """,
    ),
    "a quote after 14:55 makes the flatten wait for the next print": (
        """
        1 10:00:00 bid   10.00 10
        1 10:00:01 trade 10.00 110
        1 14:55:00 ask   10.20 5
        1 14:55:01 bid   10.10 5
        1 14:55:02 trade 10.125 7
        """,
        """
        1 10:00:01 buy  10.00 100 100 0.0
        1 14:55:02 sell 10.125 100  0 12.5
        """,
    ),
    "a wait for a print that never comes is over the next morning, and the position is carried": (
        """
        1 10:00:00 bid   10.00 10
        1 10:00:01 trade 10.00 110
        1 14:55:00 ask   10.20 5
        2 09:59:00 trade 10.60 1
        2 10:00:00 trade 10.70 1
        2 14:55:00 trade 10.50 1
        """,
        """
        1 10:00:01 buy  10.00 100 100 0.0
        2 14:55:00 sell 10.50 100   0 50.0
        """,
    ),
    "without an event after 14:55 the position is carried": (
        """
        1 10:00:00 bid   10.00 10
        1 10:00:01 trade 10.00 110
        2 10:30:00 trade 10.60 1
        """,
        "1 10:00:01 buy 10.00 100 100 0.0",
    ),
    "the book is empty in the morning, and last night's order still stands": (
        """
        1 14:44:00 bid   10.00 10
        1 14:44:01 trade 10.00 6
        2 10:00:00 trade 10.00 40
        2 10:00:01 ask   10.10 10
        """,
        "2 10:00:00 buy 10.00 36 36 0.0",
    ),
    "the session opens at 10:00:00": (
        """
        1 09:59:59 bid   10.00 10
        1 09:59:59 trade 10.00 90
        1 10:00:00 trade 10.00 90
        1 10:00:00 bid    9.99 10
        1 10:00:01 trade  9.99 11
        """,
        "1 10:00:01 buy 9.99 1 1 0.0",
    ),
    "the session closes at 14:45:00": (
        """
        1 14:44:59 bid   10.00 10
        1 14:44:59 trade 10.00 15
        1 14:45:00 trade 10.00 90
        1 14:54:59 trade 10.00 90
        """,
        "1 14:44:59 buy 10.00 5 5 0.0",
    ),
    "a clock that steps back is taken as it comes": (
        """
        1 10:00:10 bid   10.00 10
        1 10:00:08 trade 10.00 15
        1 10:01:07 bid   10.01 10
        1 10:01:07 trade 10.01 99
        1 10:01:08 trade 10.01 99
        """,
        """
        1 10:00:08 buy 10.00  5   5 0.0
        1 10:01:08 buy 10.01 89  94 0.0
        """,
    ),
    "a price of zero is skipped": (
        """
        1 10:00:00 bid   10.00 10
        1 10:00:01 bid    0.00 99
        1 10:00:02 trade  0.00 99
        1 10:00:03 trade 10.00 15
        """,
        "1 10:00:03 buy 10.00 5 5 0.0",
    ),
    "a fill that closes and turns the position is one record": (
        """
        1 10:00:00 bid   10.00  0
        1 10:00:00 ask   10.00 10
        1 10:00:01 trade 10.00 40
        1 10:00:02 bid    9.50  5
        1 10:00:03 trade  9.50 95
        """,
        """
        1 10:00:01 sell 10.00 30 -30 0.0
        1 10:00:03 buy   9.50 90  60 15.0
        """,
    ),
    "two buys are entered at their average": (
        """
        1 10:00:00 bid   10.00 10
        1 10:00:01 trade 10.00 30
        1 10:00:02 trade  9.00 60
        1 14:55:00 trade 10.00 1
        """,
        """
        1 10:00:01 buy  10.00 20 20 0.0
        1 10:00:02 buy   9.00 60 80 0.0
        1 14:55:00 sell 10.00 80  0 60.0
        """,
    ),
}
