"""What one or several securities have on one clock: drawdown, capital, time in the market, inventory."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.metrics.loop_clock import SECURITY_VALUES, STATE, VALUES, end_moment, walk_clock
from pipeline.metrics.loop_fills import FILL_FIELDS, MARK_FIELDS
from pipeline.metrics.sessions import is_in_session, session_table, utc_session_table
from pipeline.native.functions import compiled
from pipeline.times import DAY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pipeline.markets.exchange_clock import ExchangeClock
    from pipeline.metrics.ledger import Ledger
    from pipeline.ticks import Float64s, Int64s

AT_A_TIME: Final = 1_000_000
"""About how many fills and marks are walked at a time."""

FAR: Final = 2**62
NO_FILLS: Final = np.empty((0, len(FILL_FIELDS)), np.int64)
NO_TIMES: Final = np.empty(0, np.int64)
NO_MARKS: Final = np.empty((0, len(MARK_FIELDS)), np.int64)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Limits:
    """The largest position of one security, in shares and in money; without such a limit it is infinite."""

    shares: float = math.inf
    notional: float = math.inf

    def __bool__(self) -> bool:
        return math.inf > min(self.shares, self.notional)


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

    limits: of one security by itself. spans: those of the session, as `session_table` returns them, at least up to a
    stretch's end, or all there are.
    """

    def __init__(self, count: int, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._state = np.zeros(len(STATE), np.int64)
        self._state[STATE.index("moment")] = -FAR
        self._values = np.zeros(len(VALUES))
        self._values[VALUES.index("shares_limit")] = self._limits.shares
        self._values[VALUES.index("notional_limit")] = self._limits.notional
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
            at_limit=state["at_limit"] if self._limits else None,
        )

    def add_in_order(
        self, order: Int64s, owners: Int64s, fills: Int64s, marks: Int64s, in_session: Int64s, spans: Int64s
    ) -> None:
        """Walk the fills and the marks of a stretch, of which the order of time and the owners are known."""
        inventory = np.empty(len(marks) + 1)
        self._state[STATE.index("marks")] = 0
        facts = [len(order), len(fills), len(self._positions), bool(self._limits)]
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
    if len({*clocks}) > 1:
        by_day = [_by_utc_day(ledger) for ledger in ledgers]
        spans = utc_session_table([(ledger.sessions, ledger.exchange_clock) for ledger in ledgers], market_days)
    else:
        clocks = []
        by_day = [ledger.days[:] for ledger in ledgers]
        spans = session_table([ledger.sessions for ledger in ledgers], market_days)
    walk = ClockWalk(len(ledgers))
    for fills, marks in _stretches(ledgers, by_day):
        walk.add(_in_utc(fills, clocks), _in_utc(marks, clocks), _in_session(marks, ledgers), spans)
    return walk.finish(spans)


def _in_session(marks: Sequence[Int64s], ledgers: Sequence[Ledger]) -> list[Int64s]:
    """Return whether each mark of the ledgers, one after the other, is of its session."""
    by_hours = groupby(zip(ledgers, marks, strict=True), key=lambda pair: pair[0].sessions)
    return [is_in_session(np.concatenate([of[:, 0] for _, of in pairs]), hours) for hours, pairs in by_hours]


def _in_utc(records: Sequence[Int64s], clocks: Sequence[ExchangeClock]) -> Sequence[Int64s]:
    """Return each ledger's records with their times in UTC; as they are without clocks."""
    if not clocks:
        return records
    return [np.column_stack([clock.utc(of[:, 0]), of[:, 1:]]) for of, clock in zip(records, clocks, strict=True)]


def _by_utc_day(ledger: Ledger) -> Int64s:
    """Return how many fills and marks a ledger has by day in UTC: the day and both counts, a row a day."""
    days, counts = [NO_TIMES], [np.empty((0, 2), np.int64)]
    for column, records in enumerate((ledger.fills, ledger.marks)):
        for first in range(0, len(records), AT_A_TIME):
            times = records[first : first + AT_A_TIME][:, 0]
            of_part, many = np.unique(ledger.exchange_clock.utc(times) // DAY, return_counts=True)
            days.append(of_part)
            counts.append(np.zeros((len(of_part), 2), np.int64))
            counts[-1][:, column] = many
    every, places = np.unique(np.concatenate(days), return_inverse=True)
    sums = np.zeros((len(every), 2), np.int64)
    np.add.at(sums, places, np.concatenate(counts))
    return np.column_stack([every, sums])


def _stretches(ledgers: Sequence[Ledger], by_day: Sequence[Int64s]) -> Iterator[tuple[list[Int64s], list[Int64s]]]:
    """Yield the records of fills and of marks of each ledger, stretch by stretch.

    by_day: of each ledger a row a day that has any, beginning with the day and how many fills and marks it has.
    """
    ends = _ends(by_day)
    at = [(0, 0)] * len(ledgers)
    for stretch in range(ends.shape[0]):
        until = [(int(fills), int(marks)) for fills, marks in ends[stretch]]
        both = list(zip(ledgers, at, until, strict=True))
        yield (
            [ledger.fills[first[0] : last[0]] for ledger, first, last in both],
            [ledger.marks[first[1] : last[1]] for ledger, first, last in both],
        )
        at = until


def _ends(by_day: Sequence[Int64s]) -> Any:
    """Return how many fills and marks each ledger has up to the end of each stretch, shape (stretches, ledgers, 2)."""
    first, events = _events_by_day(by_day)
    stretch = np.cumsum(events) // AT_A_TIME
    bounds = [*np.flatnonzero(np.diff(stretch, prepend=-1)).tolist(), len(events)]
    last_days = np.array([first + end for _, end in pairwise(bounds)], np.int64)
    ends = np.zeros((len(last_days), len(by_day), 2), np.int64)
    for number, days in enumerate(by_day):
        so_far = np.zeros((len(days) + 1, 2), np.int64)
        so_far[1:] = np.cumsum(days[:, 1:3], axis=0)
        ends[:, number] = so_far[np.searchsorted(days[:, 0], last_days)]
    return ends


def _events_by_day(by_day: Sequence[Int64s]) -> tuple[int, Int64s]:
    """Return the first day of any ledger, and how many fills and marks all have on each day from it on."""
    spans = [(int(days[0, 0]), int(days[-1, 0])) for days in by_day if len(days)]
    if not spans:
        return 0, np.zeros(0, np.int64)
    first, last = min(first for first, _ in spans), max(last for _, last in spans)
    events = np.zeros(last - first + 1, np.int64)
    for days in by_day:
        events[days[:, 0] - first] += days[:, 1] + days[:, 2]
    return first, events
