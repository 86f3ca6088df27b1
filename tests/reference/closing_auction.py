"""Reference of the closing-auction strategy (section 10): enter in the auction around the VWAP, exit the next day."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .auction_day import Day, Exit, Ledger
from .auction_prices import round_to_tick, slope_bps_per_hour
from .records import (
    ASK,
    BID,
    CLASSIC,
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    TRADE,
    USUAL,
    DayHours,
    Direction,
    Replay,
    Switches,
    calendars,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray


class ClosingAuction(Ledger):
    """State of one security over the whole run."""

    def __init__(
        self, parameters: Mapping[str, Any], exchange: str, last_day: int, hours: Mapping[int, DayHours]
    ) -> None:
        super().__init__()
        self.hours = hours
        get = parameters.get
        self.last_day = last_day  # no orders are placed on it
        self.exchange: str = get("exchange", exchange)
        self.period = get("vwap_preclose_period_min", 15) * MINUTE
        self.spread = get("spread_vwap_pct", 0.5) / 100
        self.notional: float = get("order_notional", 250_000)
        self.stop_threshold: float = get("stop_loss_threshold_pct", 2.0)
        self.filter_sell: bool = get("trend_filter_sell_enabled", True)
        self.filter_sell_above: float = get("trend_filter_sell_threshold_bps_hr", 10)
        self.filter_buy: bool = get("trend_filter_buy_enabled", False)
        self.filter_buy_above: float = get("trend_filter_buy_threshold_bps_hr", 10)
        self.cap = get("auction_fill_pct", 10) / 100

        self.entry = 0.0
        self.best = {BID: 0.0, ASK: 0.0}
        self.exit: Exit | None = None
        self.today = Day()
        self.filtered = {"buy": 0, "sell": 0}

    def on_event(self, event: int, ts: int, kind: int, price: float, volume: int) -> None:
        """Take one row through steps 2 to 8."""
        tod = ts % DAY
        today = self.today
        hours = self.hours.get(ts // DAY, USUAL)
        in_session = hours.span_at(tod) is not None
        if kind != TRADE and price > 0:
            self.best[kind] = price
        if kind == TRADE and in_session:
            hour, minute, second = tod // HOUR, tod % HOUR // MINUTE, tod % MINUTE // SECOND
            today.trend.append(((hour - hours.opens // HOUR) + minute / 60 + second / 3600, price))
        if in_session and hours.opens + 10 * MINUTE <= tod < hours.closes - MINUTE:
            self.check_stop(event, ts)
        if kind == TRADE and in_session:
            self.work_exit(event, ts, price, volume)
        if kind == TRADE and in_session and hours.closes - self.period <= tod and volume > 0 and price > 0:
            today.sum_pv += price * volume
            today.sum_v += volume
        if hours.closes <= tod < hours.prints and ts // DAY != self.last_day:
            self.place()
        if kind == TRADE and tod >= hours.prints:
            today.auction_volume += volume
            if today.close is None:
                today.close = (price, ts, event)

    def check_stop(self, event: int, ts: int) -> None:
        """Close the whole position at the touch when its loss passes the threshold (step 4)."""
        if self.position == 0 or self.entry <= 0:
            return
        long = self.position > 0
        mark = self.best[BID] if long else self.best[ASK]
        if mark <= 0:
            return
        gain = mark - self.entry if long else self.entry - mark
        if (gain / self.entry) * 100 < -self.stop_threshold:
            quantity = abs(self.position)
            self.trade(
                event,
                ts,
                side="sell" if long else "buy",
                price=mark,
                quantity=quantity,
                realized=gain * quantity,
                trade_type="stop_loss",
                reference=self.entry,
            )
            self.entry = 0.0
            self.exit = None

    def work_exit(self, event: int, ts: int, price: float, volume: int) -> None:
        """Fill the exit order with a print at its price or better (step 5)."""
        order = self.exit
        if order is None or ts // DAY < order.target_day or order.remaining <= 0:
            return
        if price < order.price if order.side == "sell" else price > order.price:
            return
        quantity = min(order.remaining, volume)
        if quantity > 0:
            order.remaining -= quantity
            self.close_exit(event, ts, order, price, quantity=quantity, trade_type="vwap_exit")
            if order.remaining == 0:
                self.exit = None

    def close_exit(self, event: int, ts: int, order: Exit, price: float, *, quantity: int, trade_type: str) -> None:
        """Trade part of the exit order, with the P&L against its own entry price."""
        gain = price - order.entry_price if order.side == "sell" else order.entry_price - price
        self.trade(
            event,
            ts,
            side=order.side,
            price=price,
            quantity=quantity,
            realized=gain * quantity,
            trade_type=trade_type,
            reference=order.price,
        )

    def place(self) -> None:
        """Place the day's auction orders around the VWAP (step 7)."""
        today = self.today
        if today.placed or today.sum_v <= 0 or (self.exit is not None and self.exit.remaining > 0):
            return
        today.placed = True
        today.vwap = today.sum_pv / today.sum_v
        quantity = round(self.notional / today.vwap)
        slope = slope_bps_per_hour(today.trend)
        no_buy = self.filter_buy and slope < -self.filter_buy_above
        no_sell = self.filter_sell and slope > self.filter_sell_above
        self.filtered["buy"] += no_buy
        self.filtered["sell"] += no_sell
        if quantity > 0 and not no_buy:
            today.orders["buy"] = (round_to_tick(today.vwap * (1 - self.spread), self.exchange), quantity)
        if quantity > 0 and not no_sell:
            today.orders["sell"] = (round_to_tick(today.vwap * (1 + self.spread), self.exchange), quantity)

    def settle(self) -> None:
        """Execute the auction orders at the closing price, then flatten an exit order that is due."""
        today = self.today
        if today.close is None or today.done:
            return
        price, ts, event = today.close
        today.close = None
        today.done = True
        if "buy" in today.orders and price <= today.orders["buy"][0]:
            self.enter(event, ts, "buy", price)
        if "sell" in today.orders and price >= today.orders["sell"][0]:
            self.enter(event, ts, "sell", price)
        order = self.exit
        if order is not None and order.remaining > 0 and order.target_day <= ts // DAY:
            self.close_exit(event, ts, order, price, quantity=order.remaining, trade_type="eod_flatten")
            self.exit = None

    def enter(self, event: int, ts: int, side: Direction, price: float) -> None:
        """Fill one auction order, as far as its share of the day's auction volume reaches."""
        today = self.today
        quantity = min(today.orders[side][1], math.trunc(today.auction_volume * self.cap))
        if quantity > 0:
            self.trade(
                event,
                ts,
                side=side,
                price=price,
                quantity=quantity,
                realized=0.0,
                trade_type="auction_entry",
                reference=today.vwap,
            )
            self.entry = price
            self.exit = Exit(
                price=round_to_tick(today.vwap, self.exchange),
                remaining=quantity,
                side="sell" if side == "buy" else "buy",
                entry_price=price,
                target_day=ts // DAY + 1,
            )


def replay(
    timestamps_ns: NDArray[np.int64],
    kinds: NDArray[np.int8],
    prices: NDArray[np.float64],
    volumes: NDArray[Any],
    parameters: Mapping[str, Any],
    exchange: str = "ADX",
    switches: Switches = CLASSIC,
) -> Replay:
    """Replay one security's ticks with the closing-auction strategy. Of the switches only the hours apply to it."""
    last_day = int(timestamps_ns.max()) // DAY if len(timestamps_ns) else 0
    state = ClosingAuction(parameters, exchange, last_day, switches.hours)
    market_days: set[int] = set()
    days_not_flat: set[int] = set()
    day: int | None = None
    columns = (timestamps_ns.tolist(), kinds.tolist(), prices.tolist(), volumes.tolist())
    for event, (ts, kind, price, volume) in enumerate(zip(*columns, strict=True)):
        if day is not None and day != ts // DAY:
            state.settle()
            if state.position != 0:
                days_not_flat.add(day)
            state.today = Day()
        day = ts // DAY
        if kind == TRADE:
            market_days.add(day)
        state.on_event(event, ts, kind, price, int(volume))
    state.settle()
    if day is not None and state.position != 0:
        days_not_flat.add(day)
    return Replay(
        fills=tuple(state.fills),
        rows=len(timestamps_ns),
        rows_after_clean=len(timestamps_ns),
        pnl=state.pnl,
        final_position=state.position,
        market_dates=calendars(market_days),
        strategy_dates=calendars(fill.timestamp_ns // DAY for fill in state.fills),
        days_not_flat=calendars(days_not_flat),
        filtered_buy_entries=state.filtered["buy"],
        filtered_sell_entries=state.filtered["sell"],
    )
