"""v1 on vectorbt: a row a tick; which quotes stand and what fills them is written here, it keeps the account."""

from __future__ import annotations

import numpy as np
import vectorbt as vbt
from numba import njit
from shape import ASK, BID, CLOSES, DAY, OPENS, TRADE, Parameters, asked, measured
from vectorbt.portfolio import nb


@njit
def quote_the_touch(c, at, kind, price, volume, bid, ask, quotes, waits, size, refill, most):  # noqa: ANN001, ANN201
    row, now = c.i, at[c.i]
    position = c.position_now
    order = nb.order_nothing_nb()
    if kind[row] == TRADE and quotes[0] > 0 and price[row] <= quotes[0]:
        shares = min(size, most - position, volume[row])
        if shares > 0:
            order = nb.order_nb(size=shares, price=quotes[0])
            quotes[0], waits[0] = 0.0, now + refill
    elif kind[row] == TRADE and quotes[1] > 0 and price[row] >= quotes[1]:
        shares = min(size, most + position, volume[row])
        if shares > 0:
            order = nb.order_nb(size=-shares, price=quotes[1])
            quotes[1], waits[1] = 0.0, now + refill
    if OPENS <= now % DAY < CLOSES:
        if now >= waits[0] and bid[row] > 0:
            quotes[0], waits[0] = bid[row], now + refill
        if now >= waits[1] and ask[row] > 0:
            quotes[1], waits[1] = ask[row], now + refill
    return order


def main() -> None:
    ticks, runs = asked()
    v1 = Parameters()
    bid, ask = ticks.standing(BID, ticks.price), ticks.standing(ASK, ticks.price)
    columns = (ticks.timestamp, ticks.kind, ticks.price, ticks.volume.astype(float), bid, ask)

    def replay() -> int:
        state = (np.zeros(2), np.zeros(2, np.int64))
        numbers = (float(v1.size), v1.refill, float(v1.most))
        portfolio = vbt.Portfolio.from_order_func(
            ticks.price, quote_the_touch, *columns, *state, *numbers, init_cash=1e9
        )
        return int(portfolio.orders.count())

    measured(runs, replay)


main()
