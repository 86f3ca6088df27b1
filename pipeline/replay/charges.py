"""Charges each fill of a replay what the costs of its exchange come to, money, after a loop that knows none of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from pipeline.engine.rules.account import CLOSE, NO_ORDER, TAKE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from pipeline.engine.costs import Costs
    from pipeline.engine.outcome import Fills
    from pipeline.engine.strategy import Strategy
    from pipeline.markets.market import MarketFacts
    from pipeline.ticks import Float64s, Int64s


@dataclass(slots=True)
class Traded:
    """What the fills so far leave to those that follow.

    month, value: the calendar month of the latest fill, and what was traded in it. charged: what the latest order of
    each side, or each of several, comes to by its rates, by what names the order. Both are money. trade: an auction
    strategy's latest, by its type, side and reference.
    """

    month: np.datetime64 | None = None
    value: float = 0.0
    charged: dict[object, float] = field(default_factory=dict)
    trade: object = None


def charges_of(
    fills: Fills, strategy: type[Strategy], costs: Costs, market: MarketFacts, traded: Traded | None = None
) -> Float64s | None:
    """Return what each fill of a strategy is charged, shape (fills,), money; None where nothing is charged.

    A fill's charge depends on no later fill. traded: what the days before these came to, where these are days of a
    replay that comes in parts; these are added to it.
    """
    value: Float64s = market.in_currency(fills.price) * fills.quantity
    charges: Float64s | None = value * (costs.fees_bps / 10_000) if costs.fees_bps else None
    if costs.minimum_per_order > 0 or any(map(any, costs.rates)):
        by_rate = _by_rate(value, fills, strategy, costs, traded or Traded())
        charges = by_rate if charges is None else by_rate + charges
    if costs.per_trade > 0:
        charges = np.full(len(fills), costs.per_trade) if charges is None else charges + costs.per_trade
    return charges


def rate_of(costs: Costs) -> float | None:
    """Return what fills are charged by their value alone, as a share of it; None where they are charged otherwise."""
    is_by_value = not (costs.per_trade or costs.minimum_per_order or any(map(any, costs.rates)))
    return costs.fees_bps / 10_000 if is_by_value else None


def _by_rate(value: Float64s, fills: Fills, strategy: type[Strategy], costs: Costs, traded: Traded) -> Float64s:
    reached = np.zeros(len(fills), np.int64)
    if len(costs.tiers) > 1:
        turnover = month_turnover(fills.timestamp, value, traded) + costs.other_monthly_turnover
        reached = np.searchsorted([tier.monthly_turnover for tier in costs.tiers], turnover, side="right") - 1
    maker, taker = (np.array(rates)[reached] for rates in zip(*costs.rates, strict=True))
    rate = np.where(is_taker(fills, strategy), taker, maker)
    charged: Float64s = value * (rate / 10_000)
    if not costs.minimum_per_order:
        return charged
    orders = order_of(fills, traded)
    return with_minimum(charged, orders, costs.minimum_per_order, traded, several=fills.order is not None)


def is_taker(fills: Fills, strategy: type[Strategy]) -> NDArray[np.bool_]:
    """Return whether each fill took liquidity, against the touch or at the end of the day; others are of our orders."""
    if fills.trade_type is not None:
        return np.isin(fills.trade_type, [strategy.trade_types.index(name) for name in strategy.taker_types])
    return np.isin(fills.how, (TAKE, CLOSE))


def order_of(fills: Fills, traded: Traded) -> list[object]:
    """Return what names the order of each fill: its side and where it was placed.

    A fill of no order is one by itself. Of an auction strategy's trades those in a row of one type, side and reference
    are one order, also where they follow the latest of the days before.
    """
    sides, names = fills.side.tolist(), range(len(fills))
    if fills.trade_type is not None and fills.reference is not None:
        keys = list(zip(fills.trade_type.tolist(), sides, fills.reference.tolist(), strict=True))
        starts = [key != before for key, before in zip(keys, [traded.trade, *keys], strict=False)]
        traded.trade = keys[-1] if keys else traded.trade
        return [(0, int(run)) for run in np.cumsum(starts)]
    if fills.order is not None:
        return [(sides[at], abs(number)) if number else at for at, number in enumerate(fills.order.tolist())]
    assert fills.placed is not None  # noqa: S101 - who charges by order replays each setting by itself
    placed = fills.placed.tolist()
    return [(sides[at], placed[at]) if placed[at] != NO_ORDER else at for at in names]


def month_turnover(timestamps: Int64s, value: Float64s, traded: Traded) -> Float64s:
    """Return the value traded in each fill's calendar month before it, and add the fills to what was traded.

    timestamps: ns, exchange-local.
    """
    before = np.empty(len(value))
    months = np.maximum.accumulate(timestamps).astype("datetime64[ns]").astype("datetime64[M]")
    for month in np.unique(months):
        rows = np.flatnonzero(months == month)
        start = traded.value if month == traded.month else 0.0
        sums = np.cumsum(np.concatenate([[start], value[rows]]))
        before[rows] = sums[:-1]
        traded.month, traded.value = month, float(sums[-1])
    return before


def with_minimum(
    charged: Float64s, orders: Sequence[object], minimum: float, traded: Traded, *, several: bool
) -> Float64s:
    """Return charges of which those of each order come to at least a minimum after its first fill and all later ones.

    The first fill of an order pays what is missing; a later one pays what its order comes to beyond what it has paid.
    several: whether a side has several orders, so that not only its latest can be filled later.
    """
    sums = traded.charged
    billed = []
    for order, charge in zip(orders, charged.tolist(), strict=True):
        before = sums.get(order)
        sums[order] = charge if before is None else before + charge
        billed.append(max(minimum, sums[order]) - (0.0 if before is None else max(minimum, before)))
    named = [order for order in sums if isinstance(order, tuple)]
    if several:
        traded.charged = {order: sums[order] for order in named}
        return np.array(billed, np.float64)
    latest = {order[0]: order for order in named}
    # The next run of an auction strategy's trades, where it goes on, is number 0 among those that follow.
    traded.charged = {(side, 0) if side == 0 else order: sums[order] for side, order in latest.items()}
    return np.array(billed, np.float64)
