"""Says of each fill what filled it: what the print was beside the touch, and what no exchange would have let stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from pipeline.engine.rules.account import NO_ORDER, PRINT, TAKE, TOUCH
from pipeline.engine.rules.replay_state import BUY, ON_GRID, SELL
from pipeline.ticks import ASK, BID
from pipeline.times import DAY

if TYPE_CHECKING:
    from typing import Any

    from pipeline.engine.outcome import Fills
    from pipeline.markets.book import Book
    from pipeline.markets.facts import MarketFacts
    from pipeline.ticks import Float64s, Int8s, Int64s, Ticks

THROUGH: Final = 1
OUTSIDE: Final = 2
OVERSIZED: Final = 4
ONE_SIDED: Final = 8
OFF_GRID: Final = 16
MARKETABLE: Final = 32
"""The traits of a fill, bits of one number. Of the print that filled it: through our price; more than one tick outside
the touch; larger than TIMES_SHOWN times what the touch of our side showed; while a side of the book was empty. Of its
order: priced off the market's grid; placed at or through the opposite touch."""

TIMES_SHOWN: Final = 10


def traits_of(ticks: Ticks, fills: Fills, book: Book, market: MarketFacts, *, delayed: bool) -> Int8s:
    """Return the traits of each fill.

    Args:
        ticks: What was replayed.
        fills: The fills of a replay of its own, which know their orders.
        book: The book of the continuous sessions of these ticks.
        market: The market, for its tick sizes.
        delayed: Whether orders arrive with a latency; they meet the book as it stands before their event.

    Returns:
        Sums of the bits above, shape (fills,).
    """
    assert fills.placed is not None  # noqa: S101 - only a replay of its own is observed
    assert fills.limit is not None  # noqa: S101 - the same
    traits = np.zeros(len(fills), np.int8)
    buys = fills.side == BUY
    of_order = fills.placed != NO_ORDER
    bid, ask = book.standing(fills.event, fills.timestamp // DAY)
    bid_price, ask_price = (_prices(ticks, quote) for quote in (bid, ask))
    hit = np.where(buys, bid, ask)
    price, volume = ticks.price[fills.event], ticks.volume[fills.event]
    below = price < bid_price - _tick_at(bid_price, market) - ON_GRID
    above = price > ask_price + _tick_at(ask_price, market) + ON_GRID
    of_print = {
        THROUGH: price != fills.limit,
        OUTSIDE: below | above,
        OVERSIZED: (hit >= 0) & (volume > TIMES_SHOWN * ticks.volume[hit].astype(np.float64)),
        ONE_SIDED: (bid < 0) | (ask < 0),
    }
    for bit, has in of_print.items():
        traits[(fills.how == PRINT) & has] |= bit
    traits[of_order & ~_on_grid(fills.limit, market)] |= OFF_GRID
    placed_days = ticks.timestamp[fills.placed] // DAY
    bid_then, ask_then = book.standing(np.where(of_order, fills.placed - delayed, -1), placed_days)
    bid_price, ask_price = (_prices(ticks, quote) for quote in (bid_then, ask_then))
    traits[np.where(buys, fills.limit >= ask_price, fills.limit <= bid_price)] |= MARKETABLE
    return traits


def shares_beyond_shown(fills: Fills, book: Book, *, delayed: bool) -> Int64s:
    """Return how many shares were had of one quote beyond the most that it showed.

    One quote is a touch at one price, whatever sizes it shows, until its side shows another price, is empty or a day
    begins. What its touch filled and what was taken from it count together.

    Args:
        fills: The fills.
        book: The book of the continuous sessions of the ticks.
        delayed: Whether orders arrive with a latency.

    Returns:
        Shares, shape (fills,): with the last fill of each quote, and 0 for all others.
    """
    beyond = np.zeros(len(fills), np.int64)
    is_of_touch = (fills.how == TAKE) | (fills.how == TOUCH)
    for side, kind in ((BUY, ASK), (SELL, BID)):
        rows = np.flatnonzero(is_of_touch & (fills.side == side))
        if len(rows):
            events = fills.event[rows] - (delayed & (fills.how[rows] == TAKE))
            quote, shown = book.unbroken(kind, events)
            begins = np.flatnonzero(np.diff(quote, prepend=-1))
            had = np.add.reduceat(fills.quantity[rows], begins)
            most = np.maximum.reduceat(shown, begins)
            beyond[rows[np.append(begins[1:], len(rows)) - 1]] = np.maximum(had - most, 0)
    return beyond


def _prices(ticks: Ticks, quotes: Int64s) -> Float64s:
    prices: Float64s = np.where(quotes >= 0, ticks.price[quotes], np.nan)
    return prices


def _tick_at(prices: Float64s, market: MarketFacts) -> Float64s:
    below, sizes = (np.array(column) for column in zip(*market.tick_sizes, strict=True))
    ticks: Float64s = sizes[np.searchsorted(below[:-1], prices, side="right")]
    return ticks


def _on_grid(prices: Float64s, market: MarketFacts) -> Any:
    tick = _tick_at(prices, market)
    steps = np.rint(prices / tick)
    nearest = np.where(tick < 1.0, steps / np.rint(1.0 / tick), steps * tick)
    return np.abs(prices - nearest) <= ON_GRID
