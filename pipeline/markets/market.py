"""What is known of one exchange's market: its hours, days, tick sizes, currency and clock."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Final, TypeVar

from pipeline.markets.phases import EVER, Hours, Sessions
from pipeline.markets.tick_tables import NO_GRID, Levels, LotSize, TickTable
from pipeline.times import DAY

if TYPE_CHECKING:
    from pipeline.ticks import Float64s

Amounts = TypeVar("Amounts", float, "Float64s")

UNKNOWN_ZONE: Final = "UTC"
"""The clock of a market that no file knows."""


@dataclass(frozen=True, slots=True)
class MarketFacts:
    """One exchange, as its file says.

    Attributes:
        exchange: Its name, which is its file's.
        sessions: The hours of its days, ascending by the day from which they are.
        name: Its full name.
        codes: Bloomberg's codes of it in securities' names.
        time_zone: Its clock, by the name of the tz database; all times of its ticks are on it.
        currency: ISO 4217.
        price_unit: What its prices are quoted in where that is not the currency, as GBp; else empty.
        price_units_per_currency: How many of these are one of the currency.
        calendar: Its name in `exchange_calendars`, which knows its closed and half days; empty for none.
        tickers: Securities known to be listed there, whatever code their names carry.
        cancels_over_break: Whether it cancels resting orders at the start of a break within its day.
        day_starts: When a trading day begins on the calendar day before it, ns since midnight; 0 where days begin at
            midnight.
        half_days: Days with hours of their own, ascending.
        closed_days: Days known to have had no trading; from known_from to known_to they are all of them.
        known_from: First of the days whose closed and half days are all known.
        known_to: Last of them; before known_from where none are.
        tentative_days: Days announced as closed, but not for certain.
        tick_tables: Its tick sizes, ascending by the day from which they are; none where they are not known.
        lot_sizes: Its lots, likewise.
        from_calendar: What its calendar gave beyond its file: `sessions`, `half_days`, `closed_days`.
        is_known: Whether a file says all this.
        ticker: The security that is replayed there; empty for none.
    """

    exchange: str
    sessions: tuple[Sessions, ...]
    name: str = ""
    codes: tuple[str, ...] = ()
    time_zone: str = UNKNOWN_ZONE
    currency: str = ""
    price_unit: str = ""
    price_units_per_currency: float = 1.0
    calendar: str = ""
    tickers: tuple[str, ...] = ()
    cancels_over_break: bool = False
    day_starts: int = 0
    half_days: tuple[tuple[dt.date, Hours], ...] = ()
    closed_days: frozenset[dt.date] = frozenset()
    known_from: dt.date = dt.date.max
    known_to: dt.date = dt.date.min
    tentative_days: frozenset[dt.date] = frozenset()
    tick_tables: tuple[TickTable, ...] = ()
    lot_sizes: tuple[LotSize, ...] = ()
    from_calendar: tuple[str, ...] = ()
    is_known: bool = True
    ticker: str = ""

    def trades_on(self, day: dt.date) -> bool | None:
        """Tell whether the exchange trades on a day; None where that is not known."""
        sessions = self.sessions_on(day)
        if not self.is_known or day < sessions.since:
            return None
        if day in self.closed_days:
            return False
        if any(day == half for half, _ in self.half_days):
            return True
        if day.weekday() not in sessions.week:
            return False
        return True if self.known_from <= day <= self.known_to and day not in self.tentative_days else None

    def may_trade_on(self, day: dt.date) -> bool:
        """Tell whether a day is one of the exchange's week and not announced as closed, not even tentatively."""
        is_of_week = self.is_known and day >= self.sessions[0].since
        return is_of_week and self.trades_on(day) is not False and day not in self.tentative_days

    def is_of_week(self, day: dt.date) -> bool:
        """Tell whether a day is one of the exchange's week."""
        return day.weekday() in self.sessions_on(day).week

    def sessions_on(self, day: dt.date) -> Sessions:
        """Return the sessions in force on a day; before the first that are known, these."""
        in_force = self.sessions[0]
        for sessions in self.sessions:
            if sessions.since <= day:
                in_force = sessions
        return in_force

    def hours_on(self, day: dt.date) -> Hours:
        """Return the hours of a day, those of its week where it is none of trading."""
        own = [hours for half, hours in self.half_days if half == day]
        return own[0] if own else self.sessions_on(day).hours

    def ticks_on(self, day: dt.date) -> Levels | None:
        """Return the tick sizes in force on a day, before the first that are known these; None where none are."""
        if not self.tick_tables:
            return None
        in_force = [table.levels for table in self.tick_tables if table.since <= day]
        return in_force[-1] if in_force else self.tick_tables[0].levels

    def stretches(self, first: dt.date, last: dt.date) -> list[tuple[dt.date, Hours, Levels | None]]:
        """Return each stretch of days of the same hours and tick sizes: its first day, and these.

        The first begins on `first`, the last ends on `last`.
        """
        next_days = [half + dt.timedelta(days=1) for half, _ in self.half_days]
        changes = {sessions.since for sessions in self.sessions} | {table.since for table in self.tick_tables}
        changes |= {half for half, _ in self.half_days} | {*next_days}
        begins = [first, *sorted(day for day in changes if first < day <= last)]
        return [(day, self.hours_on(day), self.ticks_on(day)) for day in begins]

    @property
    def hours(self) -> Hours:
        """The hours that are in force last."""
        return self.sessions[-1].hours

    @property
    def tick_sizes(self) -> Levels:
        """The tick sizes that are in force last; a grid that has every price where none are known."""
        return self.tick_tables[-1].levels if self.tick_tables else NO_GRID

    @property
    def prices_in(self) -> str:
        """What prices are quoted in: its currency, or a part of it as GBp."""
        return self.price_unit or self.currency

    def in_currency(self, prices: Amounts) -> Amounts:
        """Return prices, or prices times shares, in its currency: of 350 pence 3.5."""
        return prices if self.price_units_per_currency == 1.0 else prices / self.price_units_per_currency

    @property
    def known_zone(self) -> str:
        """Its clock; empty where no file knows the market."""
        return self.time_zone if self.is_known else ""

    @property
    def has_closing_auction(self) -> bool:
        """Whether there is a closing auction on any of its days."""
        return any(sessions.hours.closing_auction for sessions in self.sessions)

    @property
    def clock_shift(self) -> int:
        """How far the trading clock, whose days are trading days, is ahead of the exchange's own; ns."""
        return (DAY - self.day_starts) % DAY

    def own_time(self, of_day: int) -> int:
        """Return a time of a trading day, ns since it began, as a time of day on the exchange's own clock."""
        return (of_day + self.day_starts) % DAY if self.day_starts else of_day

    @property
    def key(self) -> str:
        """A digest of the hours and tick sizes: what is counted by them holds for these alone."""
        facts = (self.sessions, self.half_days, self.day_starts, self.tick_tables)
        return blake2b(repr(facts).encode(), digest_size=4).hexdigest()

    def of_security(self, ticker: str, tick: float | None = None) -> MarketFacts:
        """Return the same market for one of its securities, with its own tick size at all prices where that is said."""
        tables = self.tick_tables if tick is None else (TickTable(EVER, ((float("inf"), tick),)),)
        return replace(self, ticker=ticker, tick_tables=tables)
