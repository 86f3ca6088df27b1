"""v1 on backtesting.py: every tick is a bar of the last price printed; orders fill whole where a bar reaches them."""

from __future__ import annotations

import warnings

import pandas as pd
from backtesting import Backtest, Strategy
from shape import ASK, BID, CLOSES, DAY, OPENS, TRADE, Parameters, asked, measured

V1 = Parameters()


class Touch(Strategy):
    """Quotes the touch of both sides, each at most once a refill interval."""

    def init(self) -> None:
        self.bids, self.asks, self.times = (self.data.df[name].to_numpy() for name in ("Bid", "Ask", "Time"))
        self.orders_of: dict[int, object] = {}
        self.next_at = {1: 0, -1: 0}
        self.held = 0

    def next(self) -> None:
        row = len(self.data) - 1
        now = self.times[row]
        position = self.position.size
        if position != self.held:
            self.next_at[1 if position > self.held else -1] = now + V1.refill
            self.held = position
        if not OPENS <= now % DAY < CLOSES:
            return
        for sign, price in ((1, self.bids[row]), (-1, self.asks[row])):
            shares = min(V1.size, V1.most - sign * position)
            if now < self.next_at[sign] or shares <= 0 or price <= 0:
                continue
            standing = self.orders_of.get(sign)
            if standing in self.orders:
                standing.cancel()
            place = self.buy if sign > 0 else self.sell
            self.orders_of[sign], self.next_at[sign] = place(size=shares, limit=price), now + V1.refill


def main() -> None:
    ticks, runs = asked()
    last = ticks.standing(TRADE, ticks.price)
    last[last == 0] = ticks.price[0]
    bars = pd.DataFrame(dict.fromkeys(("Open", "High", "Low", "Close"), last))
    bars["Bid"], bars["Ask"] = ticks.standing(BID, ticks.price), ticks.standing(ASK, ticks.price)
    bars["Time"] = ticks.timestamp

    def replay() -> int:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            stats = Backtest(bars, Touch, cash=1e9, finalize_trades=True).run()
        return int(stats["# Trades"])

    measured(runs, replay)


main()
