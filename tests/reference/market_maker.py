"""What the four market-making references share: the event skeleton (section 4) and the book (section 3).

A strategy supplies `quote`; v2.1 adds its stop loss through the other hooks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from .messages import Messages
from .orders import Event, Side
from .records import (
    ASK,
    BID,
    DAY,
    MINUTE,
    SECOND,
    TRADE,
    USUAL,
    DayHours,
    Replay,
    Switches,
    calendars,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray


class MarketMaker(Messages, ABC):
    """State of one security over the whole run, and the rules every market-making strategy shares."""

    def __init__(self, parameters: Mapping[str, Any], switches: Switches, exchange: str = "ADX") -> None:
        super().__init__(switches, exchange)
        size = parameters.get("quote_size", 50_000)
        self.quote_size = {
            BID: parameters.get("quote_size_bid", size),
            ASK: parameters.get("quote_size_ask", size),
        }
        self.interval: float = parameters.get("refill_interval_sec", 60)
        self.max_position: int = parameters.get("max_position", 2_000_000)
        self.max_notional: float | None = parameters.get("max_notional")
        self.threshold: float = parameters.get("min_local_currency_before_quote", 25_000)

        self.last_day: int | None = None
        self.flat_day: int | None = None
        self.closed = False
        self.pending = False
        self.breaks = 0

        self.market_days: set[int] = set()
        self.days_not_flat: set[int] = set()
        self.rows_after_clean = 0
        self.counts = {BID: 0, ASK: 0, TRADE: 0}
        self.last_price: float | None = None
        self.stop_loss_triggers = 0

    # What a strategy decides.

    @abstractmethod
    def quote(self, event: Event) -> None:
        """Refresh our quotes; at least one side of the book is there."""

    def stop_loss(self, event: Event) -> bool:  # noqa: ARG002
        """Say whether the event goes on to quoting and matching."""
        return True

    def after_flatten(self) -> None:
        """Hear that the position was flattened."""

    def cancel_overnight(self) -> None:
        """Forget every order and timer at the start of a new day."""
        for side in self.sides.values():
            side.cancel()
            side.last = None
        for under_way in self.under_way.values():
            under_way.clear()

    # Section 4.

    def on_event(self, event: Event) -> None:
        """Take one cleaned row through the steps of section 4."""
        self.start_day(event.day)  # 1
        if event.kind == TRADE:  # 2
            self.market_days.add(event.day)
        if self.flat_day is not None and self.flat_day != event.day:  # 3
            self.closed = False
            self.pending = False
        if self.switches.flatten == "touch" and event.tod >= self.hours.closes:
            self.flatten_at_touch(event)
        if self.close_of_day(event):  # 4 and 5
            return
        self.rest(event)
        if self.hours.span_at(event.tod) is None:  # 6
            return
        self.see(event)  # 7
        if self.switches.open_delay == "10:05" and event.tod < self.hours.opens + 5 * MINUTE:
            return
        self.trade_and_quote(event)  # 8 and 9

    @property
    def hours(self) -> DayHours:
        """The hours of the day at hand."""
        return self.switches.hours.get(self.last_day or 0, USUAL)

    def rest(self, event: Event) -> None:
        """Lose every order and the book when a break has begun, where orders do not stand over it."""
        ended = self.hours.ended(event.tod)
        if ended > self.breaks and self.switches.break_orders == "cancelled":
            self.cancel_overnight()
            for side in self.sides.values():
                side.touch = None
        self.breaks = max(ended, self.breaks)

    def start_day(self, day: int) -> None:
        """Empty the book on a new day."""
        if self.last_day is not None and self.last_day != day:
            if self.account.position != 0:
                self.days_not_flat.add(self.last_day)
            for side in self.sides.values():
                side.touch = None
            if self.switches.overnight_orders == "cancelled":
                self.cancel_overnight()
        if self.last_day != day:
            self.breaks = 0
        self.last_day = day

    def close_of_day(self, event: Event) -> bool:
        """Flatten in the closing auction; say whether the event ends here."""
        if self.switches.flatten == "none":
            return False
        if event.tod >= self.hours.prints and not self.closed:
            self.closed = True
            self.flat_day = event.day
            if self.account.position != 0:
                if event.kind == TRADE:
                    self.flatten(event, event.price)
                else:
                    self.pending = True
                return True
        if self.pending:
            if event.kind == TRADE:
                self.flatten(event, event.price)
                self.pending = False
            return True
        return False

    def flatten_at_touch(self, event: Event) -> None:
        """Close the position against the opposite touch of the last book of the quoting window."""
        bid, ask = self.sides[BID].touch, self.sides[ASK].touch
        if self.account.position != 0 and bid is not None and ask is not None:
            self.flatten(event, bid[0] if self.account.position > 0 else ask[0])

    def flatten(self, event: Event, price: float) -> None:
        """Close the whole position at one price."""
        side = ASK if self.account.position > 0 else BID
        self.fill(event, side, price, abs(self.account.position))
        self.after_flatten()

    def see(self, event: Event) -> None:
        """Update the book and the counters."""
        self.deliver(event)
        self.counts[event.kind] += 1
        if event.kind == TRADE:
            self.last_price = event.price
        else:
            self.see_quote(event)
        if self.switches.stale_orders == "cancel":
            for side in self.sides.values():
                if side.quote is not None and (side.touch is None or side.touch[0] != side.quote):
                    side.cancel()

    def trade_and_quote(self, event: Event) -> None:
        """Run the strategy section, and match a trade against our orders after it (classic) or before it."""
        match_first = self.switches.same_event_fill == "no"
        if match_first and event.kind == TRADE and not self.stands_aside():
            self.match(event)
        if not self.stop_loss(event):
            return
        if self.sides[BID].touch is not None or self.sides[ASK].touch is not None:
            self.quote(event)
        self.book_takes(event)
        if not match_first and event.kind == TRADE:
            self.match(event)

    # What quoting rules share.

    def elapsed(self, side: Side, ts: int) -> float | None:
        """Seconds since the side's timer started; none if it never did."""
        return None if side.last is None else (ts - side.last) / SECOND

    def may_quote(self, touch: tuple[float, float], size: int) -> bool:
        """Say whether the touch is liquid enough and we have room."""
        return touch[0] * touch[1] >= self.threshold and size > 0 and not self.waits_for_uncrossed_book()

    # The whole run.

    def run(
        self,
        timestamps_ns: NDArray[np.int64],
        kinds: NDArray[np.int8],
        prices: NDArray[np.float64],
        volumes: NDArray[Any],
    ) -> Replay:
        """Replay one security's ticks in stored order; rows without a positive price are skipped."""
        columns = (timestamps_ns.tolist(), kinds.tolist(), prices.tolist(), volumes.tolist())
        for index, (ts, kind, price, volume) in enumerate(zip(*columns, strict=True)):
            if price > 0:
                self.rows_after_clean += 1
                self.on_event(Event(index, ts, kind, price, volume))
        if self.account.position != 0 and self.last_day is not None:
            self.days_not_flat.add(self.last_day)
        return Replay(
            fills=tuple(self.fills),
            rows=len(timestamps_ns),
            rows_after_clean=self.rows_after_clean,
            pnl=self.account.pnl,
            final_position=self.account.position,
            market_dates=calendars(self.market_days),
            strategy_dates=calendars(fill.timestamp_ns // DAY for fill in self.fills),
            days_not_flat=calendars(self.days_not_flat),
            session_rows=sum(self.counts.values()),
            bid_count=self.counts[BID],
            ask_count=self.counts[ASK],
            trade_count=self.counts[TRADE],
            last_price=self.last_price,
            stop_loss_triggers=self.stop_loss_triggers,
            crossed_fills=self.crossed_fills,
            crossed_shares=self.crossed_shares,
            takes=self.takes,
            taken_shares=self.taken_shares,
        )
