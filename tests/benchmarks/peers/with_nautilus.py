"""v1 on nautilus_trader: a strategy in Python, woken at every quote of both sides and every print; no fees."""

from __future__ import annotations

from typing import Any

from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig, RiskEngineConfig
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.data import QuoteTick, TradeTick
from nautilus_trader.model.enums import AccountType, AggressorSide, OmsType, OrderSide
from nautilus_trader.model.identifiers import TradeId, Venue
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.test_kit.providers import TestInstrumentProvider
from nautilus_trader.trading.strategy import Strategy
from shape import ASK, BID, CLOSES, DAY, OPENS, TRADE, Parameters, Shape, asked, measured

SIM = Venue("SIM")
V1 = Parameters()


class Touch(Strategy):
    """Quotes the touch of both sides, each at most once a refill interval."""

    def __init__(self, instrument: Any) -> None:
        super().__init__()
        self.instrument = instrument
        self.orders: dict[OrderSide, Any] = {}
        self.next = {OrderSide.BUY: 0, OrderSide.SELL: 0}
        self.position = self.fills = 0
        self.quote: Any = None

    def on_start(self) -> None:
        self.subscribe_quote_ticks(self.instrument.id)
        self.subscribe_trade_ticks(self.instrument.id)

    def on_quote_tick(self, tick: Any) -> None:
        self.quote = tick
        self.refill(tick.ts_event)

    def on_trade_tick(self, tick: Any) -> None:
        self.refill(tick.ts_event)

    def refill(self, now: int) -> None:
        if not OPENS <= now % DAY < CLOSES or self.quote is None:
            return
        for side, price, sign in (
            (OrderSide.BUY, self.quote.bid_price, 1),
            (OrderSide.SELL, self.quote.ask_price, -1),
        ):
            shares = min(V1.size, V1.most - sign * self.position)
            if now < self.next[side] or shares <= 0:
                continue
            standing = self.orders.get(side)
            if standing is not None and standing.is_open:
                self.cancel_order(standing)
            order = self.order_factory.limit(self.instrument.id, side, Quantity.from_int(shares), price, post_only=True)
            self.orders[side], self.next[side] = order, now + V1.refill
            self.submit_order(order)

    def on_order_filled(self, event: Any) -> None:
        shares = int(event.last_qty.as_double())
        self.position += shares if event.order_side == OrderSide.BUY else -shares
        self.next[event.order_side] = event.ts_event + V1.refill
        self.fills += 1


def events(ticks: Shape, instrument: Any) -> list[Any]:
    bid, ask = ticks.standing(BID, ticks.price), ticks.standing(ASK, ticks.price)
    bid_shares, ask_shares = ticks.standing(BID, ticks.volume), ticks.standing(ASK, ticks.volume)
    bought = ticks.bought()
    feed: list[Any] = []
    for row in range(len(ticks)):
        at = int(ticks.timestamp[row])
        if ticks.kind[row] == TRADE:
            side = AggressorSide.BUYER if bought[row] else AggressorSide.SELLER
            price, shares = Price(ticks.price[row], 2), Quantity(max(ticks.volume[row], 1), 0)
            feed.append(TradeTick(instrument.id, price, shares, side, TradeId(str(row)), at, at))
        elif bid[row] > 0 and ask[row] > 0:
            sizes = Quantity(bid_shares[row], 0), Quantity(ask_shares[row], 0)
            feed.append(QuoteTick(instrument.id, Price(bid[row], 2), Price(ask[row], 2), *sizes, at, at))
    return feed


def main() -> None:
    ticks, _ = asked()
    instrument = TestInstrumentProvider.equity("FAB", "SIM")
    feed = events(ticks, instrument)
    quiet = BacktestEngineConfig(
        logging=LoggingConfig(bypass_logging=True), risk_engine=RiskEngineConfig(bypass=True), run_analysis=False
    )
    engine = BacktestEngine(quiet)
    engine.add_venue(SIM, OmsType.NETTING, AccountType.MARGIN, [Money(1_000_000_000, USD)], USD, trade_execution=True)
    engine.add_instrument(instrument)
    engine.add_data(feed)
    strategies = [Touch(instrument)]
    engine.add_strategy(strategies[0])

    def replay() -> int:
        engine.run()
        return strategies[0].fills

    measured(0, replay)  # one engine a process: its log is started once


main()
