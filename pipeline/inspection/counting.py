"""Counts everything about one security's ticks, given the facts of its market; it reads and writes no files.

It runs over every tick that is converted, in one compiled walk.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from pipeline.errors import PipelineError
from pipeline.inspection.counts import FAR, Counts, FarPrint, Gap, as_text
from pipeline.inspection.day_parts import OF_DATES, PARTS, day_parts
from pipeline.inspection.loop_count import COUNTS, OF_DAY, count_ticks
from pipeline.inspection.sessions import longest_gap, longest_of, shifted_days, shifts_of
from pipeline.markets.codes import exchanges_beside
from pipeline.markets.facts import facts_of
from pipeline.markets.tick_tables import NO_GRID
from pipeline.native.functions import compiled
from pipeline.ticks import TRADE, join_ticks, shifted
from pipeline.times import DAY, FIRST_DAY, date_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from pipeline.markets.market import MarketFacts
    from pipeline.ticks import Float64s, Int64s, Ticks

ENOUGH: Final = 1 << 18
"""Ticks that are counted at a time when they come block by block."""

_SLOTS: Final = 1 << 13
"""For rows of one time: twice as many as there are of nearly any, and no more than a processor has at hand."""
OFF_GRID: Final = 1e-6
"""Ticks by which a price may miss the grid and still be on it: what binary fractions cost."""
_FAR_TIME: Final = 2**62
_SUMS: Final = ("ticks", *(name for name in COUNTS if name not in ("largest_step", "first_far")))


class RunningCounts:
    """Counts everything about one security's ticks that come block by block; the days counted are not kept.

    days_ascend: whether a day's ticks have all come before the next day's so far. Where they do not, nothing is counted
    here: it takes all the ticks at once. waiting: how many ticks are in memory.
    """

    def __init__(self, facts: MarketFacts, enough: int = ENOUGH) -> None:
        self._facts = facts
        self._counted: list[_Counted] = []
        self._waiting: list[Ticks] = []
        self.waiting = 0
        self._least = self._enough = enough
        self.days_ascend = True

    def add(self, ticks: Ticks) -> None:
        """Take the next ticks."""
        if self.days_ascend and len(ticks):
            self._waiting.append(shifted(ticks, self._facts.clock_shift))
            self.waiting += len(ticks)
            if self.waiting >= self._enough:
                self._count_waiting(is_last=False)

    def flush(self) -> None:
        """Count the days in memory that are over."""
        if self._waiting:
            self._count_waiting(is_last=False)

    def text(self) -> str:
        """Return what was counted of all ticks as the text that is stored beside them; empty unless `days_ascend`."""
        if self._waiting:
            self._count_waiting(is_last=True)
        if not self.days_ascend:
            return ""
        return _text_of(self._counted, self._facts)

    def _count_waiting(self, *, is_last: bool) -> None:
        """Count the days that are whole: all but the last, which may go on."""
        ticks = join_ticks(self._waiting)
        day = ticks.timestamp // DAY
        last_counted = self._counted[-1].counts.days[-1] if self._counted else day[0] - 1
        self.days_ascend = bool(day[0] > last_counted and (day[1:] >= day[:-1]).all())
        whole = len(ticks) if is_last else int(np.searchsorted(day, day[-1]))
        if self.days_ascend and whole:
            begun = bool(self._counted)
            self._counted.append(_counted(ticks[:whole], self._facts, begun=begun, goes_on=not is_last))
        self._waiting = [ticks[whole:]] if self.days_ascend and not is_last else []
        self.waiting = sum(map(len, self._waiting))
        self._enough = max(self._least, 2 * self.waiting)


class _Counted(NamedTuple):
    """Counts without shifts, and of the days that are shifted by some hours how many they are and their minutes."""

    counts: Counts
    shifted: dict[int, tuple[int, Int64s]]


def count(ticks: Ticks, facts: MarketFacts) -> Counts:
    """Count everything about one security's ticks, of which there is at least one."""
    return _own_clock(_whole([_counted(shifted(ticks, facts.clock_shift), facts)]), facts.clock_shift)


def _text_of(parts: Sequence[_Counted], facts: MarketFacts) -> str:
    return as_text(_own_clock(_whole(parts), facts.clock_shift) if parts else None, facts)


def _own_clock(counts: Counts, shift: int) -> Counts:
    """Return counts with their times on the exchange's own clock."""
    gap, far = counts.gap, counts.first_far
    return replace(
        counts,
        first=counts.first - shift,
        last=counts.last - shift,
        gap=gap and Gap(gap.start - shift, gap.end - shift),
        first_far=far and replace(far, timestamp=far.timestamp - shift),
    )


def _whole(parts: Sequence[_Counted]) -> Counts:
    """Return the counts of all of parts that are of other days each, in their order."""
    counts = [part.counts for part in parts]
    shifted: dict[int, tuple[int, Int64s]] = {}
    for part in parts:
        for hours, (days, by_minute) in part.shifted.items():
            before = shifted.get(hours, (0, np.zeros_like(by_minute)))
            shifted[hours] = (before[0] + days, before[1] + by_minute)
    totals: dict[str, Any] = {name: sum(getattr(part, name) for part in counts) for name in _SUMS}
    totals["steps_forward"] += len(counts) - 1
    return Counts(
        first=min(part.first for part in counts),
        last=max(part.last for part in counts),
        days=tuple(day for part in counts for day in part.days),
        days_without_print=tuple(day for part in counts for day in part.days_without_print),
        gap=longest_of(part.gap for part in counts if part.gap is not None),
        largest_step=max(part.largest_step for part in counts),
        first_far=next((part.first_far for part in counts if part.first_far is not None), None),
        phases=_phases_of(
            [sum(part.phases.get(name, (0, 0))[at] for part in counts) for name in PARTS for at in (0, 1)]
        ),
        quotes_elsewhere=_added([part.quotes_elsewhere for part in counts]),
        shifts=tuple(shifts_of(shifted)),
        **totals,
    )


def _counted(ticks: Ticks, facts: MarketFacts, *, begun: bool = False, goes_on: bool = False) -> _Counted:
    """Count ticks; begun, goes_on: whether there are ticks of earlier days, and of later ones."""
    first, last = int(ticks.timestamp.min()), int(ticks.timestamp.max())
    span = -_FAR_TIME if begun else first, _FAR_TIME if goes_on else last
    by_day = np.zeros((last // DAY - first // DAY + 1, len(OF_DAY)), np.int64)
    by_part = np.zeros(2 * len(PARTS), np.int64)
    touch = np.zeros(2)
    in_order = bool((ticks.timestamp[1:] >= ticks.timestamp[:-1]).all())
    by_time = ticks if in_order else ticks[np.argsort(ticks.timestamp, kind="stable")]
    counts = _walked(ticks, by_time, facts, by_day, by_part, touch)
    far = counts.pop("first_far")
    days = np.flatnonzero(by_day[:, 0])
    counted = Counts(
        ticks=len(ticks),
        first=first,
        last=last,
        days=tuple((days + first // DAY).tolist()),
        days_without_print=tuple((days[by_day[days, 1] == 0] + first // DAY).tolist()),
        gap=longest_gap(by_time.timestamp, days + first // DAY, facts, span),
        first_far=FarPrint(int(ticks.timestamp[far]), float(ticks.price[far]), *touch.tolist()) if far >= 0 else None,
        phases=_phases_of(by_part.tolist()),
        quotes_elsewhere=quotes_elsewhere(ticks, facts) if counts["quotes_off_grid"] else {},
        shifts=(),
        **counts,
    )
    return _Counted(counted, shifted_days(ticks.timestamp, days + first // DAY, by_day[days], facts))


def _added(several: Sequence[dict[str, int]]) -> dict[str, int]:
    names = dict.fromkeys(name for each in several for name in each)
    return {name: sum(each.get(name, 0) for each in several) for name in names}


def _phases_of(by_part: Sequence[int]) -> dict[str, tuple[int, int]]:
    """Return ticks and prints by the part of the day, of those that have any."""
    several = zip(PARTS, by_part[::2], by_part[1::2], strict=True)
    return {name: (ticks, prints) for name, ticks, prints in several if ticks}


def _walked(
    ticks: Ticks, by_time: Ticks, facts: MarketFacts, by_day: Int64s, by_part: Int64s, touch: Float64s
) -> dict[str, int]:
    """Walk ticks, fill `by_day`, `by_part` and `touch`, and return the counts by name."""
    first_day = int(by_time.timestamp[0]) // DAY
    parts = day_parts(facts, first_day, int(by_time.timestamp[-1]) // DAY)
    numbers = [len(ticks), first_day, len(parts.dates) // len(OF_DATES)]
    columns = [(each.timestamp, each.kind, each.price, each.volume) for each in (ticks, by_time)]
    # A few slots do, unless very many rows are of one time.
    for slots in (_SLOTS, 1 << (2 * len(ticks)).bit_length()):
        counts = np.zeros(len(COUNTS), np.int64)
        by_day[:] = 0
        by_part[:] = 0
        compiled(count_ticks)(
            np.array([*numbers, slots]),
            np.array([1 - FAR, 1 + FAR, OFF_GRID]),
            *(parts.dates, parts.parts, parts.below, parts.sizes),
            *map(np.ascontiguousarray, (*columns[0], *columns[1])),
            *(np.full(slots, -1), counts, by_day, by_part, touch),
        )
        by_name: dict[str, int] = dict(zip(COUNTS, counts.tolist(), strict=True))
        if by_name["repeated"] >= 0:
            break
    return by_name


def counted_batches(batches: Iterable[Ticks], last: int, facts: MarketFacts) -> str:
    """Return what `counted_text` does of ticks that come as stretches of whole days, the last of them at `last`, ns.

    They are on the clock whose days are trading days.
    """
    parts: list[_Counted] = []
    for ticks in batches:
        goes_on = int(ticks.timestamp.max()) < last
        parts.append(_counted(ticks, facts, begun=bool(parts), goes_on=goes_on))
    return _text_of(parts, facts)


def counted_text(ticks: Ticks, facts: MarketFacts) -> str:
    """Return everything that is counted about one security's ticks as the text that is stored beside them."""
    return as_text(count(ticks, facts) if len(ticks) else None, facts)


def quotes_elsewhere(ticks: Ticks, facts: MarketFacts) -> dict[str, int]:
    """Return how many quotes that are off the grid of their exchange are on that of each other one of its currency.

    Only exchanges whose tick sizes are known are asked.
    """
    quotes = ticks[(ticks.kind != TRADE) & (ticks.price > 0)]
    off = quotes[_is_off(quotes, facts)]
    found = {}
    for name in exchanges_beside(facts.exchange):
        with suppress(PipelineError):  # what is wrong with another market's file is for who uses it
            other = facts_of(name)
            if other.tick_tables:
                found[name] = int(np.count_nonzero(~_is_off(off, other)))
    return found


def _is_off(ticks: Ticks, facts: MarketFacts) -> NDArray[np.bool_]:
    """Return of each price whether it is no multiple of the tick size of its day."""
    is_off = np.zeros(len(ticks), np.bool_)
    if not len(ticks):
        return is_off
    days = ticks.timestamp // DAY
    stretches = facts.stretches(date_of(int(days.min())), date_of(int(days.max())))
    begins = np.array([(day - FIRST_DAY).days for day, _, _ in stretches])
    of_stretch = np.searchsorted(begins, days, side="right") - 1
    for number, (_, _, levels) in enumerate(stretches):
        own = of_stretch == number
        below, sizes = (np.array(column) for column in zip(*(levels or NO_GRID), strict=True))
        steps = ticks.price[own] / sizes[np.searchsorted(below, ticks.price[own], side="right")]
        is_off[own] = np.abs(steps - np.floor(steps + 0.5)) > OFF_GRID
    return is_off
