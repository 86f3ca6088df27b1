"""The moments of a day at which a strategy is called beside its ticks: at times or an interval, the open, the close."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.engine.rules.calls import (
    BREAK,
    CLOSED,
    CLOSING,
    CLOSING_AUCTION,
    CONTINUOUS,
    DELAYED_OPENING,
    LISTEN,
    OPENING,
    OPENING_AUCTION,
    PRE_OPEN,
    TIME,
    TRADE_AT_LAST,
)
from pipeline.engine.rules.market import OPEN_DELAY
from pipeline.errors import StrategyError
from pipeline.times import DAY, FIRST_DAY, HOUR, MINUTE, SECOND, date_of

if TYPE_CHECKING:
    from pipeline.markets.market import MarketFacts
    from pipeline.markets.phases import Hours
    from pipeline.ticks import Int64s

OTHERS: Final = {
    "pre_open": PRE_OPEN,
    "opening_auction": OPENING_AUCTION,
    "closing_auction": CLOSING_AUCTION,
    "trade_at_last": TRADE_AT_LAST,
}
"""The phases that are not continuous trading, by their names in a market's hours."""

CLOCK: Final = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?")
LONGEST: Final = DAY // SECOND


class Every:
    """`times = Every(seconds=60)`: when each span of continuous trading opens, and every so often from then on.

    Args:
        seconds: 1 to 86,400.
    """

    def __init__(self, seconds: float) -> None:
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 1 <= seconds <= LONGEST:
            raise StrategyError(f"Every({seconds!r}): it takes 1 to {LONGEST:,} seconds, as in Every(seconds=60).")
        self._step = round(seconds * SECOND)

    def within(self, hours: Hours, shift: int) -> set[int]:
        """Return the moments within a day's continuous trading, ns since it began; shift is of no account."""
        del shift
        return {time for start, end in hours.continuous for time in range(start, end, self._step)}

    def check(self, market: MarketFacts) -> None:
        """Accept any market: each day has a first moment."""


class At:
    """`times = At("14:00", "14:30")`: times of day on the exchange's own clock, on days that trade then.

    Args:
        times: Hours and minutes, seconds where they matter: "14:00", "14:29:30".
    """

    def __init__(self, *times: str) -> None:
        if not times:
            raise StrategyError('At() has no times; write them as in At("14:00", "14:30").')
        self._times = {time: _of_day(time) for time in times}

    def within(self, hours: Hours, shift: int) -> set[int]:
        """Return the moments within a day's continuous trading, ns since it began.

        shift: how far the clock of trading days is ahead of the exchange's own, ns.
        """
        return {time for of_day in self._times.values() if hours.is_continuous(time := (of_day + shift) % DAY)}

    def check(self, market: MarketFacts) -> None:
        """Raise StrategyError for a time that is of continuous trading on no day of a market."""
        several = [*(each.hours for each in market.sessions), *(hours for _, hours in market.half_days)]
        for text, of_day in self._times.items():
            time = (of_day + market.clock_shift) % DAY
            if not any(each.is_continuous(time) for each in several):
                spans = dict.fromkeys(market.hours.continuous)
                known = " and ".join(" to ".join(_clock(market.own_time(end)) for end in span) for span in spans)
                raise StrategyError(
                    f'At("{text}") is never called: {market.exchange} trades continuously from {known}. '
                    "on_close is called when that is over."
                )


def _clock(of_day: int) -> str:
    seconds = f":{of_day // SECOND % 60:02}" if of_day % MINUTE else ""
    return f"{of_day // HOUR:02}:{of_day // MINUTE % 60:02}{seconds}"


def _of_day(text: object) -> int:
    found = CLOCK.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise StrategyError(f'At({text!r}): it takes times of day, as in At("14:00", "14:29:30").')
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return hours * HOUR + minutes * MINUTE + seconds * SECOND


def moment_columns(strategy: Any, market: MarketFacts, first_day: int, last_day: int) -> dict[str, Int64s]:
    """Return the columns of a replay that say when a strategy is called.

    Args:
        strategy: Its class.
        market: Where it trades.
        first_day: First day of the replay, since 1970-01-01.
        last_day: Last day, included.

    Returns:
        Of all moments of each kind of day, ascending: `moment_times`, ns since the day began, and `moment_kinds`; of
        each day, `moment_days`: where its moments begin and end in these.

    Raises:
        StrategyError: A time of day is on none of the market's days one of continuous trading.
    """
    begins, of_days = [], []
    for day, hours, _ in market.stretches(date_of(first_day), date_of(last_day)):
        begins.append((day - FIRST_DAY).days)
        of_days.append(hours)
    if strategy.times is not None:
        strategy.times.check(market)
    ends: dict[Hours, tuple[int, int]] = {}
    moments: list[tuple[int, int]] = []
    for hours in dict.fromkeys(of_days):
        first = len(moments)
        moments += _moments(strategy, hours, market.clock_shift)
        ends[hours] = first, len(moments)
    lengths = np.diff([*begins, last_day + 1])
    never = [(DAY, LISTEN)]  # so that what stands behind the last may be looked at
    times, kinds = np.array([*moments, *never], np.int64).T
    return {
        "moment_times": np.ascontiguousarray(times),
        "moment_kinds": np.ascontiguousarray(kinds),
        "moment_days": np.repeat(np.array([ends[hours] for hours in of_days], np.int64), lengths, axis=0).ravel(),
    }


def _moments(strategy: Any, hours: Hours, shift: int) -> list[tuple[int, int]]:
    """Return the moments of a day of these hours, each with its kind, ascending."""
    overrides = {name for owner in strategy.__mro__[:-2] for name in vars(owner)}
    moments = [(time, -1 - _phase_at(time, hours)) for time in _changes(hours)]
    moments.append((hours.opening_auction[0] if hours.opening_auction else hours.opens, LISTEN))
    if "on_open" in overrides:
        moments.append((hours.opens, OPENING))
        moments += [(time, DELAYED_OPENING) for time in (hours.opens + OPEN_DELAY,) if time <= hours.closes]
    if strategy.times is not None:
        moments += [(time, TIME) for time in strategy.times.within(hours, shift)]
    if "on_close" in overrides:
        moments.append((hours.closes, CLOSING))
    return sorted(moments)


def _changes(hours: Hours) -> list[int]:
    """Return when the phases of a day begin and end, ns since it began."""
    spans = [*hours.continuous, *(span for name in OTHERS if (span := getattr(hours, name)))]
    return sorted({end for span in spans for end in span if end < DAY})


def _phase_at(time: int, hours: Hours) -> int:
    """Return the phase of a day at a time, ns since it began: continuous trading, where an auction reaches into it."""
    if hours.is_continuous(time):
        return CONTINUOUS
    for name, phase in OTHERS.items():
        span = getattr(hours, name)
        if span and span[0] <= time < span[1]:
            return phase
    return BREAK if hours.opens <= time < hours.closes else CLOSED
