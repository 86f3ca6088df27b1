"""What a reference replay takes and gives: event kinds, clock times, execution switches, fills, the result."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

BID, ASK, TRADE = 0, 1, 2

Direction = Literal["buy", "sell"]

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

OPEN = 10 * HOUR
QUOTING_END = 14 * HOUR + 45 * MINUTE
AUCTION = 14 * HOUR + 55 * MINUTE


@dataclass(frozen=True)
class DayHours:
    """The spans of continuous trading of a day, and from when on a print closes the day; ns since midnight."""

    spans: tuple[tuple[int, int], ...] = ((OPEN, QUOTING_END),)
    prints: int = AUCTION

    @property
    def opens(self) -> int:
        """When the first span opens."""
        return self.spans[0][0]

    @property
    def closes(self) -> int:
        """When the last span closes."""
        return self.spans[-1][1]

    def span_at(self, tod: int) -> int | None:
        """Give the number of the span that a time of day is in; none outside of all."""
        return next((number for number, (start, end) in enumerate(self.spans) if start <= tod < end), None)

    def ended(self, tod: int) -> int:
        """Give how many spans but the last are over at a time of day within the day's trading."""
        return sum(end <= tod for _, end in self.spans[:-1]) if self.opens <= tod < self.closes else 0


USUAL = DayHours()


@dataclass(frozen=True)
class Switches:
    """The execution model. The defaults are `classic`."""

    fill_price: Literal["print", "order"] = "print"
    overnight_orders: Literal["kept", "cancelled"] = "kept"
    shared_print_volume: Literal["each", "once"] = "each"
    same_event_fill: Literal["yes", "no"] = "yes"
    trade_through: Literal["queue", "clears"] = "queue"
    self_cross: Literal["allowed", "cancel_older"] = "allowed"
    crossed_book: Literal["quoted", "wait"] = "quoted"
    open_delay: Literal["none", "10:05"] = "none"
    flatten: Literal["auction", "touch", "none"] = "auction"
    stale_orders: Literal["kept", "cancel"] = "kept"
    queue: Literal["prints", "capped", "front", "power1", "power2", "power3"] = "prints"
    touch: Literal["ignored", "fills"] = "ignored"
    shown_size: Literal["again", "once"] = "again"
    marketable: Literal["rest", "take", "reject"] = "rest"
    order_price: Literal["any", "grid"] = "any"
    latency_ms: float = 0
    break_orders: Literal["kept", "cancelled"] = "kept"
    hours: Mapping[int, DayHours] = field(default_factory=dict)  # of days that have other hours than the usual ones


CLASSIC = Switches()
STRICT = Switches(
    fill_price="order",
    overnight_orders="cancelled",
    shared_print_volume="once",
    same_event_fill="no",
    trade_through="clears",
    self_cross="cancel_older",
    crossed_book="wait",
    open_delay="10:05",
    flatten="touch",
    queue="capped",
    touch="fills",
    shown_size="once",
    marketable="take",
    order_price="grid",
)


@dataclass(frozen=True)
class Fill:
    """One execution, with the account just after it. The last two fields belong to the closing-auction strategy."""

    event: int  # index of the event into the arrays given to the replay
    timestamp_ns: int
    side: Direction
    price: float
    quantity: int
    realized: float
    position: int
    pnl: float
    trade_type: str = ""
    vwap_reference: float = 0.0


@dataclass(frozen=True)
class Replay:
    """Everything one security's replay produced."""

    fills: tuple[Fill, ...]
    rows: int
    rows_after_clean: int
    pnl: float
    final_position: int
    market_dates: tuple[date, ...]
    strategy_dates: tuple[date, ...]
    days_not_flat: tuple[date, ...]
    # market making
    session_rows: int = 0
    bid_count: int = 0
    ask_count: int = 0
    trade_count: int = 0
    last_price: float | None = None
    stop_loss_triggers: int = 0
    crossed_fills: int = 0  # by a touch at or through our order
    crossed_shares: int = 0
    takes: int = 0  # by orders placed at or through the opposite touch
    taken_shares: int = 0
    # closing auction
    filtered_buy_entries: int = 0
    filtered_sell_entries: int = 0

    def count(self, trade_type: str) -> int:
        """How many fills are of this type."""
        return sum(fill.trade_type == trade_type for fill in self.fills)


def calendar(day: int) -> date:
    """Give the date of a day counted from 1970-01-01."""
    return date(1970, 1, 1) + timedelta(days=day)


def calendars(days: Iterable[int]) -> tuple[date, ...]:
    """Give each day's date once, in order."""
    return tuple(calendar(day) for day in sorted(set(days)))
