"""What one or several securities have on one clock: drawdown, capital, time in the market, inventory."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from pipeline.markets.exchange_clock import UTC
from pipeline.metrics.loop_clock import SECURITY_VALUES, STATE, VALUES, end_moment, walk_clock
from pipeline.metrics.loop_fills import FILL_FIELDS, MARK_FIELDS
from pipeline.metrics.sessions import NEVER, is_in_session, session_table
from pipeline.native.functions import compiled
from pipeline.ticks import union_of
from pipeline.times import DAY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pipeline.markets.exchange_clock import ExchangeClock
    from pipeline.metrics.ledger import Ledger, Records
    from pipeline.ticks import Float64s, Int64s

AT_A_TIME: Final = 1_000_000
"""About how many fills and marks are walked at a time."""

NO_FILLS: Final = np.empty((0, len(FILL_FIELDS)), np.int64)
NO_TIMES: Final = np.empty(0, np.int64)
NO_MARKS: Final = np.empty((0, len(MARK_FIELDS)), np.int64)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Clock:
    """What securities have together on one clock; money in the market's currency, times in ns.

    The clock is that of their exchange, or UTC where they are on several.

    Attributes:
        max_drawdown: Largest fall of net realised equity from its running peak.
        fall: When the first of the deepest falls began, and when equity was back, None where it never was; None
            without a fall.
        peak_capital: Largest Σ |position| · price of its latest fill at one moment.
        in_market: Continuous session time with a position of any.
        session: All of that time.
        max_drawdown_marked: Largest fall of net equity with open positions at their marks, looked at when a price path
            has a mark; None without one.
        inventory: Σ |position| · mark at each mark of the sessions.
        at_limit: At how many of these one security's position was at its limit; None where it has none.
    """

    max_drawdown: float
    fall: tuple[int, int | None] | None
    peak_capital: float
    in_market: int
    session: int
    max_drawdown_marked: float | None
    inventory: Float64s
    at_limit: int | None


class ClockWalk:
    """Walks so many securities on one clock, stretch by stretch of time.

    shares_limit, notional_limit: of one security by itself, in shares and in money. spans: those of the session, as
    `session_table` returns them, at least up to a stretch's end, or all there are.
    """

    def __init__(self, count: int, shares_limit: float = math.inf, notional_limit: float = math.inf) -> None:
        self._is_limited = math.inf > min(shares_limit, notional_limit)
        self._state = np.zeros(len(STATE), np.int64)
        self._state[STATE.index("moment")] = -NEVER
        self._values = np.zeros(len(VALUES))
        self._values[VALUES.index("shares_limit")] = shares_limit
        self._values[VALUES.index("notional_limit")] = notional_limit
        self._positions = np.zeros(count, np.int64)
        self._own = np.zeros((count, len(SECURITY_VALUES)))
        self._own[:, SECURITY_VALUES.index("mark")] = np.nan
        self._inventory: list[Float64s] = []

    def add(
        self, fills: Sequence[Int64s], marks: Sequence[Int64s], in_session: Sequence[Int64s], spans: Int64s
    ) -> None:
        """Walk the fills and the marks of a stretch, records of each security.

        in_session: whether each mark is of its security's session, 0 or 1; in parts.
        """
        counts = [len(records) for records in (*fills, *marks)]
        every_fill, every_mark = np.concatenate([NO_FILLS, *fills]), np.concatenate([NO_MARKS, *marks])
        order = np.argsort(np.concatenate([every_fill[:, 0], every_mark[:, 0]]), kind="stable")
        owners = np.repeat(np.tile(np.arange(len(fills)), 2), counts)
        self.add_in_order(order, owners, every_fill, every_mark, np.concatenate([NO_TIMES, *in_session]), spans)

    def finish(self, spans: Int64s) -> Clock:
        """Return what all came to."""
        inventory = np.empty(1)
        self._state[STATE.index("marks")] = 0
        end_moment(self._state, self._values, inventory)
        self._inventory.append(inventory[: self._state[STATE.index("marks")]])
        state = dict(zip(STATE, self._state.tolist(), strict=True))
        values = dict(zip(VALUES, self._values.tolist(), strict=True))
        session_time = int(spans[-1, -1])
        end = state["fall_ends"] if state["is_recovered"] else None
        return Clock(
            max_drawdown=values["max_drawdown"],
            fall=(state["fall_begins"], end) if values["max_drawdown"] > 0.0 else None,
            peak_capital=values["peak_capital"],
            in_market=state["in_market"] + (session_time - state["session"] if state["open"] else 0),
            session=session_time,
            max_drawdown_marked=values["max_drawdown_marked"] if state["moments"] else None,
            inventory=np.concatenate(self._inventory),
            at_limit=state["at_limit"] if self._is_limited else None,
        )

    def add_in_order(
        self, order: Int64s, owners: Int64s, fills: Int64s, marks: Int64s, in_session: Int64s, spans: Int64s
    ) -> None:
        """Walk the fills and the marks of a stretch, of which the order of time and the owners are known."""
        inventory = np.empty(len(marks) + 1)
        self._state[STATE.index("marks")] = 0
        facts = [len(order), len(fills), len(self._positions), self._is_limited]
        seen = compiled(walk_clock)(
            *(np.array(facts, np.int64), spans, order, owners, in_session),
            *(fills, fills, marks, marks),
            *(self._state, self._values, self._positions, self._own, inventory),
        )
        self._inventory.append(inventory[:seen].copy())


def clock_of(ledgers: Sequence[Ledger], market_days: Int64s) -> Clock:
    """Return what the securities of some ledgers have on one clock, walked by stretches of whole days.

    It is that of their exchange; where they are on several clocks it is UTC.
    """
    clocks = [ledger.exchange_clock for ledger in ledgers]
    clocks = clocks if len({*clocks}) > 1 else [UTC] * len(ledgers)
    hours = [ledger.sessions for ledger in ledgers]
    spans = session_table(zip(hours, clocks, strict=True), market_days)
    walk = ClockWalk(len(ledgers))
    for fills, marks in _stretches(ledgers, clocks):
        in_session = [is_in_session(of[:, 0], own) for of, own in zip(marks, hours, strict=True)]
        walk.add(_in_utc(fills, clocks), _in_utc(marks, clocks), in_session, spans)
    return walk.finish(spans)


def _in_utc(records: Sequence[Int64s], clocks: Sequence[ExchangeClock]) -> Sequence[Int64s]:
    """Return each ledger's records with their times in UTC."""
    both = zip(records, clocks, strict=True)
    return [of if clock == UTC else np.column_stack([clock.utc(of[:, 0]), of[:, 1:]]) for of, clock in both]


def _stretches(
    ledgers: Sequence[Ledger], clocks: Sequence[ExchangeClock]
) -> Iterator[tuple[list[Int64s], list[Int64s]]]:
    """Yield the records of fills and of marks of each ledger, stretch by stretch of about as many days."""
    records = [*(ledger.fills for ledger in ledgers), *(ledger.marks for ledger in ledgers)]
    stretches = sum(map(len, records)) // AT_A_TIME + 1
    days = union_of([ledger.days[:][:, 0] for ledger in ledgers])
    bounds = np.append(days[np.arange(1, stretches) * len(days) // stretches] * DAY, NEVER)
    ends = [_counts_before(bounds, of, clock) for of, clock in zip(records, (*clocks, *clocks), strict=True)]
    for some in zip(*(pairwise((0, *of)) for of in ends), strict=True):
        parts = [of[first:last] for of, (first, last) in zip(records, some, strict=True)]
        yield parts[: len(ledgers)], parts[len(ledgers) :]


def _counts_before(bounds: Int64s, records: Records, clock: ExchangeClock) -> list[int]:
    """Return how many records are before each of some times."""
    chunks = (records[first : first + AT_A_TIME][:, 0] for first in range(0, len(records), AT_A_TIME))
    counts = np.zeros(len(bounds), np.int64)
    for times in chunks:
        counts += np.searchsorted(clock.utc(times), bounds)
    return [*counts.tolist()]
