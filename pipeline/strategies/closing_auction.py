"""Closing auction: enter in it a little off the day's late VWAP, exit at that VWAP in the next session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.engine.market import BUY, SELL, AuctionMarket
from pipeline.engine.strategy import Days, Minutes, Money, Price, Shares, Strategy, parameter
from pipeline.ticks import TRADE

if TYPE_CHECKING:
    from pipeline.engine.market import AuctionMarket as Market

MINUTE = 60_000_000_000
HOUR = 60 * MINUTE
SECOND = 1_000_000_000
BPS = 10_000
TREND_PRINTS = 10

AUCTION_ENTRY, VWAP_EXIT, STOP_LOSS, EOD_FLATTEN = 0, 1, 2, 3


class ClosingAuction(Strategy):
    """Sells above and buys below the VWAP of the last minutes; what is left the next day goes at its auction."""

    rules = AuctionMarket
    needs_closing_auction = True
    trade_types = ("auction_entry", "vwap_exit", "stop_loss", "eod_flatten")
    taker_types = ("stop_loss", "eod_flatten")
    counters = ("filtered_sell_entries", "filtered_buy_entries")
    shares_limit_key = ""
    notional_limit_key = "order_notional"
    notional_binds = False  # it sizes each order at its VWAP; what is held later is worth more or less

    vwap_period: Minutes = parameter(15, key="vwap_preclose_period_min", minimum=0, maximum=285)
    spread: float = parameter(0.5, key="spread_vwap_pct", minimum=0, maximum=100, doc="percent of the VWAP")
    order_notional: Money = parameter(250_000, minimum=0)
    stop_loss: float = parameter(2.0, key="stop_loss_threshold_pct", doc="percent of the entry price")
    filter_sells: bool = parameter(True, key="trend_filter_sell_enabled")
    sell_trend: float = parameter(10, key="trend_filter_sell_threshold_bps_hr", doc="basis points an hour")
    filter_buys: bool = parameter(False, key="trend_filter_buy_enabled")
    buy_trend: float = parameter(10, key="trend_filter_buy_threshold_bps_hr", doc="basis points an hour")
    fill_share: float = parameter(10, key="auction_fill_pct", minimum=0, maximum=100, doc="percent of the auction")

    entry: Price = 0.0
    exit_quantity: Shares = 0
    exit_side: int = 0
    exit_price: Price = 0.0
    exit_entry: Price = 0.0
    exit_day: Days = 0

    vwap_value: Money = 0.0
    vwap_volume: Shares = 0
    vwap: Price = 0.0
    placed: bool = False
    order_quantity: Shares = 0
    buying: bool = False
    buy_price: Price = 0.0
    selling: bool = False
    sell_price: Price = 0.0
    auction_volume: Shares = 0
    closed: bool = False
    close_price: Price = 0.0
    close_event: int = 0

    prints: int = 0
    sum_x: float = 0.0
    sum_y: float = 0.0
    sum_xy: float = 0.0
    sum_xx: float = 0.0

    filtered_buy_entries: int = 0
    filtered_sell_entries: int = 0

    def on_tick(self, m: Market) -> None:
        """Take one tick through trend, stop loss, exit, VWAP, placement and auction, in that order."""
        time, printed = m.time_of_day, m.kind == TRADE
        if m.in_session:
            if printed:
                self.note_trend(m)
            if time >= m.continuous_opens + 10 * MINUTE and time < m.continuous_closes - MINUTE:
                self.check_stop(m)
            if printed:
                self.work_exit(m)
                late = time >= m.continuous_closes - self.vwap_period
                if late and not self.placed and m.volume > 0 and m.price > 0.0:
                    self.vwap_value += m.price * m.volume
                    self.vwap_volume += m.volume
        elif time >= m.continuous_closes:
            if time < m.auction_prints:
                self.place_orders(m)
            elif printed:
                self.auction_volume += m.volume
                if not self.closed:
                    self.closed = True
                    self.close_price = m.price
                    self.close_event = m.event

    def note_trend(self, m: Market) -> None:
        """Add one print to the line through the day's prints; x is hours since the open."""
        time = m.time_of_day
        hours = time // HOUR - m.continuous_opens // HOUR
        x = hours + time % HOUR // MINUTE / 60 + time % MINUTE // SECOND / 3600
        self.prints += 1
        self.sum_x += x
        self.sum_y += m.price
        self.sum_xy += x * m.price
        self.sum_xx += x * x

    def trend(self) -> float:
        """Return the slope of that line in basis points of the mean price an hour; 0 with too few prints."""
        if self.prints < TREND_PRINTS:
            return 0.0
        spread = self.prints * self.sum_xx - self.sum_x * self.sum_x
        if spread == 0.0 or self.sum_y == 0.0:
            return 0.0
        slope = (self.prints * self.sum_xy - self.sum_x * self.sum_y) / spread
        return slope / (self.sum_y / self.prints) * BPS

    def check_stop(self, m: Market) -> None:
        """Close the whole position at the touch when it has lost the threshold."""
        if m.position == 0 or self.entry <= 0.0:
            return
        mark = m.best_bid if m.position > 0 else m.best_ask
        if mark <= 0.0:
            return
        gain = mark - self.entry if m.position > 0 else self.entry - mark
        if gain / self.entry * 100 < -self.stop_loss:
            side = SELL if m.position > 0 else BUY
            quantity = abs(m.position)
            m.trade(side, mark, quantity, gain * quantity, STOP_LOSS, self.entry, m.event)
            self.entry = 0.0
            self.exit_quantity = 0

    def work_exit(self, m: Market) -> None:
        """Let a print at the exit price or better fill the exit order, at the print's price."""
        if self.exit_quantity == 0 or m.day < self.exit_day:
            return
        if (self.exit_side == SELL and m.price < self.exit_price) or (
            self.exit_side == BUY and m.price > self.exit_price
        ):
            return
        quantity = min(self.exit_quantity, m.volume)
        if quantity > 0:
            self.leave(m, m.price, quantity, VWAP_EXIT, m.event)

    def leave(self, m: Market, price: float, quantity: int, trade_type: int, event: int) -> None:
        """Trade part of the exit order, against its own entry price."""
        gain = price - self.exit_entry if self.exit_side == SELL else self.exit_entry - price
        self.exit_quantity -= quantity
        m.trade(self.exit_side, price, quantity, gain * quantity, trade_type, self.exit_price, event)

    def place_orders(self, m: Market) -> None:
        """Place the day's auction orders around the VWAP, once, unless an exit is still open or the data end today."""
        if self.placed or self.vwap_volume == 0 or self.exit_quantity > 0 or m.day == m.last_day:
            return
        self.placed = True
        self.vwap = self.vwap_value / self.vwap_volume
        share = self.spread / 100
        trend = self.trend()
        self.order_quantity = round(self.order_notional / self.vwap)
        self.buying = not (self.filter_buys and trend < -self.buy_trend)
        self.selling = not (self.filter_sells and trend > self.sell_trend)
        if not self.buying:
            self.filtered_buy_entries += 1
        if not self.selling:
            self.filtered_sell_entries += 1
        self.buy_price = m.round_to_tick(self.vwap * (1 - share))
        self.sell_price = m.round_to_tick(self.vwap * (1 + share))

    def on_day_end(self, m: Market) -> None:
        """Settle the auction at its price, flatten an exit that is due, and forget the day."""
        if self.closed:
            if self.buying and self.close_price <= self.buy_price:
                self.enter(m, BUY)
            if self.selling and self.close_price >= self.sell_price:
                self.enter(m, SELL)
            if self.exit_quantity > 0 and self.exit_day <= m.day:
                self.leave(m, self.close_price, self.exit_quantity, EOD_FLATTEN, self.close_event)
        self.forget_day()

    def enter(self, m: Market, side: int) -> None:
        """Fill one auction order, up to our share of the whole day's auction volume; send the exit after it."""
        quantity = min(self.order_quantity, int(self.auction_volume * (self.fill_share / 100)))
        if quantity > 0:
            m.trade(side, self.close_price, quantity, 0.0, AUCTION_ENTRY, self.vwap, self.close_event)
            self.entry = self.close_price
            self.exit_quantity = quantity
            self.exit_side = -side
            self.exit_price = m.round_to_tick(self.vwap)
            self.exit_entry = self.close_price
            self.exit_day = m.day + 1

    def forget_day(self) -> None:
        """Start the next day with nothing seen and nothing placed."""
        self.vwap_value = 0.0
        self.vwap_volume = 0
        self.placed = False
        self.buying = False
        self.selling = False
        self.auction_volume = 0
        self.closed = False
        self.prints = 0
        self.sum_x = 0.0
        self.sum_y = 0.0
        self.sum_xy = 0.0
        self.sum_xx = 0.0
