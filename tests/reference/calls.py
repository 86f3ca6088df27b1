"""When a strategy is called and what it then sees, worked out day by day from the ticks alone: no engine, no index."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tests.reference.records import ASK, BID, DAY, TRADE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Tick = tuple[int, int, float, int]
"""ns since 1970, kind, price, volume."""

OPEN, TIME, CLOSE, TICK, OUTSIDE = range(5)
"""What is called, in the order of what is called at one time."""

CLOSED, CONTINUOUS, BREAK = 0, 3, 4

FIVE_MINUTES: Final = 300_000_000_000


@dataclass(frozen=True)
class Hours:
    """A day's hours, ns since it began: spans of continuous trading, from when on prints count, and close the day.

    phases: the other phases, by their number.
    """

    spans: Sequence[tuple[int, int]]
    phases: Mapping[int, tuple[int, int]]
    listens: int
    prints_from: int
    times: Sequence[int]

    def phase(self, time: int) -> int:
        """Return the number of the phase at a time."""
        if any(start <= time < end for start, end in self.spans):
            return CONTINUOUS
        within = [number for number, (start, end) in self.phases.items() if start <= time < end]
        between = self.spans[0][0] <= time < self.spans[-1][1]
        return within[0] if within else BREAK if between else CLOSED


@dataclass
class Seen:
    """What a call sees: its kind, time, and the place of the tick that comes next; the book and the auctions."""

    kind: int
    now: int
    event: int
    phase: int
    bid_size: int
    ask_size: int
    open_price: float
    open_size: int
    close_price: float
    close_size: int
    previous_close: float


def calls(
    ticks: Sequence[Tick], hours: Mapping[int, Hours], *, empties_over_break: bool, open_delay: bool
) -> Iterator[Seen]:
    """Yield every call over some days' ticks, in order."""
    numbered = [(event, tick) for event, tick in enumerate(ticks) if tick[2] > 0.0]
    previous = 0.0
    for number in sorted({tick[0] // DAY for _, tick in numbered}):
        of_day = [(event, tick) for event, tick in numbered if tick[0] // DAY == number]
        next_event = min((event for event, tick in numbered if tick[0] // DAY > number), default=len(ticks) - 1)
        day = _Day(hours[number], number * DAY, previous, of_day)
        yield from day.calls(next_event, empties=empties_over_break, delay=FIVE_MINUTES if open_delay else 0)
        previous = day.closing[0] or day.last or previous


class _Day:
    def __init__(self, hours: Hours, start: int, previous: float, ticks: Sequence[tuple[int, Tick]]) -> None:
        self._hours, self._start, self._previous, self._ticks = hours, start, previous, ticks
        self._times = [tick[0] - start for _, tick in ticks]
        self._book = {BID: 0, ASK: 0}
        self._breaks = 0
        self._latest = 0
        self._opening = 0.0, 0
        self.closing = 0.0, 0
        self.last = 0.0

    def calls(self, next_event: int, *, empties: bool, delay: int) -> Iterator[Seen]:
        opens, closes = self._hours.spans[0][0], self._hours.spans[-1][1]
        first = opens + delay
        moments = [(first, OPEN), *((time, TIME) for time in self._hours.times if time >= first), (closes, CLOSE)]
        called = [(self._reached(time), time, what) for time, what in sorted(moments) if time <= closes]
        for at, (event, (_, kind, price, volume)) in enumerate(self._ticks):
            for _, time, what in (call for call in called if call[0] == at):
                if time < closes:
                    self._pass_breaks(time, empties=empties)
                yield self._seen(what, time, event)
            if kind == TRADE:
                self._note(at, price, volume)
            time = self._times[at]
            if opens <= time < closes:
                self._pass_breaks(time, empties=empties)
            if any(begin <= time < end for begin, end in self._hours.spans):
                if kind == TRADE:
                    self.last = price
                else:
                    self._book[kind] = volume
                if time >= first:
                    yield self._seen(TICK, time, event)
                self._latest = max(self._latest, time)
            else:
                yield self._seen(OUTSIDE, time, event)
        self._book = {BID: 0, ASK: 0}
        for _, time, what in (call for call in called if call[0] == len(self._ticks)):
            yield self._seen(what, time, next_event)

    def _reached(self, time: int) -> int:
        """Return the place of the first tick at or after a time."""
        return next((at for at, of_day in enumerate(self._times) if of_day >= time), len(self._ticks))

    def _seen(self, kind: int, time: int, event: int) -> Seen:
        book = self._book[BID], self._book[ASK]
        self._latest = max(self._latest, time)
        phase = self._hours.phase(self._latest)
        return Seen(kind, self._start + time, event, phase, *book, *self._opening, *self.closing, self._previous)

    def _pass_breaks(self, time: int, *, empties: bool) -> None:
        over = sum(end <= time for _, end in self._hours.spans)
        if over > self._breaks and empties:
            self._book = {BID: 0, ASK: 0}
        self._breaks = max(self._breaks, over)

    def _note(self, at: int, price: float, volume: int) -> None:
        if self._opening == (0.0, 0) and at >= self._reached(self._hours.listens):
            self._opening = price, volume
        if self.closing == (0.0, 0) and self._times[at] >= self._hours.prints_from:
            self.closing = price, volume
