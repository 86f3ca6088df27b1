"""v1 on hftbacktest: a compiled strategy that is woken at every event of a book by price; latency 0, no fees."""

from __future__ import annotations

import numpy as np
from hftbacktest import (
    BUY_EVENT,
    DEPTH_EVENT,
    EXCH_EVENT,
    GTX,
    LIMIT,
    LOCAL_EVENT,
    SELL_EVENT,
    TRADE_EVENT,
    BacktestAsset,
    ROIVectorMarketDepthBacktest,
    event_dtype,
)
from numba import njit
from shape import ASK, CLOSES, DAY, OPENS, TRADE, Parameters, Shape, asked, measured

END, FOREVER = 1, 1 << 60


def events(ticks: Shape) -> np.ndarray:
    row, price, shares = ticks.depth_steps()
    kind = ticks.kind[row]
    sells = np.where(kind == TRADE, ~ticks.bought()[row], kind == ASK)
    flags = np.where(kind == TRADE, TRADE_EVENT, DEPTH_EVENT) | np.where(sells, SELL_EVENT, BUY_EVENT)
    feed = np.zeros(len(row), event_dtype)
    feed["ev"] = flags | EXCH_EVENT | LOCAL_EVENT
    feed["exch_ts"] = feed["local_ts"] = ticks.timestamp[row]
    feed["px"], feed["qty"] = price, shares
    return feed


@njit
def quote_the_touch(hbt, size, refill, most):  # noqa: ANN001, ANN201
    number = 1
    order_bid = order_ask = 0
    next_bid = next_ask = 0
    position = 0.0
    while hbt.wait_next_feed(False, FOREVER) != END:
        now = hbt.current_timestamp
        after = hbt.position(0)
        if after > position:
            next_bid = now + refill
        elif after < position:
            next_ask = now + refill
        position = after
        if now % DAY < OPENS or now % DAY >= CLOSES or (now < next_bid and now < next_ask):
            continue
        hbt.clear_inactive_orders(0)
        depth, orders = hbt.depth(0), hbt.orders(0)
        shares = min(size, most - position)
        if now >= next_bid and depth.best_bid_qty > 0 and shares > 0:
            if order_bid in orders:
                hbt.cancel(0, order_bid, False)
            hbt.submit_buy_order(0, number, depth.best_bid, shares, GTX, LIMIT, False)
            order_bid, next_bid = number, now + refill
            number += 1
        shares = min(size, most + position)
        if now >= next_ask and depth.best_ask_qty > 0 and shares > 0:
            if order_ask in orders:
                hbt.cancel(0, order_ask, False)
            hbt.submit_sell_order(0, number, depth.best_ask, shares, GTX, LIMIT, False)
            order_ask, next_ask = number, now + refill
            number += 1
    return hbt.state_values(0).num_trades


def main() -> None:
    ticks, runs = asked()
    feed, v1 = events(ticks), Parameters()

    def replay() -> int:
        asset = BacktestAsset().data(feed).linear_asset(1.0).constant_order_latency(0, 0).tick_size(0.01).lot_size(1.0)
        asset = asset.risk_adverse_queue_model().partial_fill_exchange().trading_value_fee_model(0.0, 0.0)
        asset = asset.roi_lb(0.0).roi_ub(2.0 * float(ticks.price.max())).last_trades_capacity(0)
        hbt = ROIVectorMarketDepthBacktest([asset])
        fills = quote_the_touch(hbt, float(v1.size), v1.refill, float(v1.most))
        hbt.close()
        return int(fills)

    measured(runs, replay)


main()
