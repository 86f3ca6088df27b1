"""Formulas of market making, from fills and the mids around them: spread captured, mark-outs, times to fill."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.engine.rules.account import NO_ORDER
from pipeline.engine.rules.replay_state import BUY, SELL
from pipeline.metrics.accounts import session_clock
from pipeline.metrics.formulas import joined
from pipeline.replay.observe import HORIZONS
from pipeline.times import SECOND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.engine.outcome import Fills
    from pipeline.metrics.accounts import AccountHistory
    from pipeline.ticks import Float64s, Int64s

BPS: Final = 10_000


@dataclass(frozen=True, slots=True, eq=False)
class Markout:
    """The mark-out of fills and their adverse selection, which together are the spread these fills captured.

    Attributes:
        aed, bps: Mark-out, AED and basis points of the fills' value; None without a fill.
        adverse_aed, adverse_bps: Adverse selection, likewise.
        fills: How many fills have a mid at both times; all four are over these.
    """

    aed: float | None
    bps: float | None
    adverse_aed: float | None
    adverse_bps: float | None
    fills: int


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """The spread captured, AED and basis points of the fills' value, None without a fill, and over how many fills."""

    aed: float | None
    bps: float | None
    fills: int


def spread_captured(accounts: Sequence[AccountHistory]) -> Spread:
    """Return what fills earned against the mid at the fill: half the spread, for a quote at the touch.

    It is Σ side · (mid at fill - price) · quantity over all fills with a mid; fills that take from the touch count too,
    and pay. Source: the realised-spread decomposition of R. Huang and H. Stoll, Dealer versus Auction Markets,
    J. Financial Economics 41 (1996).

    Args:
        accounts: The accounts of the securities, whose fills are taken together.

    Returns:
        The sum in AED and in basis points of the fills' value, and the number of fills with a mid.
    """
    columns = _columns(accounts)
    known = ~np.isnan(columns.mid)
    earned = columns.signed[known] * (columns.mid[known] - columns.price[known])
    return Spread(*_sums(earned, columns.value[known]), int(known.sum()))


def markouts(accounts: Sequence[AccountHistory]) -> dict[str, Markout]:
    """Return the mark-out of all fills at each of HORIZONS, and its part that is adverse selection.

    At horizon τ the mark-out is Σ side · (mid at τ - price) · quantity, and adverse selection is
    Σ side · (mid at fill - mid at τ) · quantity. Source: as for `spread_captured`; the later mid measures
    price impact there.

    Args:
        accounts: The accounts of the securities, whose fills are taken together.

    Returns:
        By name of the horizon (`1s`, `10s`, ...): both sums in AED and in basis points of the fills' value, and the
        number of fills with a mid at both times.
    """
    columns = _columns(accounts)
    at_horizons = {}
    for number, horizon in enumerate(HORIZONS):
        later = joined([account.observed.mid_later[number] for account in accounts])
        known = ~np.isnan(columns.mid) & ~np.isnan(later)
        signed, value = columns.signed[known], columns.value[known]
        markout = _sums(signed * (later[known] - columns.price[known]), value)
        adverse = _sums(signed * (columns.mid[known] - later[known]), value)
        at_horizons[horizon] = Markout(*markout, *adverse, int(known.sum()))
    return at_horizons


def times_to_fill(account: AccountHistory) -> Float64s:
    """Return how long each order that was filled had stood by its first fill.

    An order is our quote on one side at one price without a break, identified by the event at which it was placed: two
    orders placed within one second are two. Where clocks step back an order may be filled before it was placed; that
    counts as 0.

    Args:
        account: The account of one security.

    Returns:
        Time from placing to first fill, shape (filled orders,), in seconds of continuous session.
    """
    fills, days, session = account.replayed.fills, account.replayed.market_days, account.session
    firsts = _first_fills(fills)
    if not len(firsts):
        return np.empty(0)
    filled = session_clock(fills.timestamp[firsts], days, session)
    placed = session_clock(account.observed.placed[firsts], days, session)
    seconds: Float64s = np.maximum(filled - placed, 0) / SECOND
    return seconds


def _first_fills(fills: Fills) -> Int64s:
    """Return the number of each order's first fill, ascending; a side's orders follow one another."""
    assert fills.placed is not None  # noqa: S101 - only a replay of its own is observed
    firsts = []
    for side in (BUY, SELL):
        of_side = np.flatnonzero((fills.side == side) & (fills.placed != NO_ORDER))
        firsts.append(of_side[np.diff(fills.placed[of_side], prepend=NO_ORDER) != 0])
    ascending: Int64s = np.sort(np.concatenate(firsts))
    return ascending


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class _Columns:
    signed: Any
    price: Any
    value: Any
    mid: Any


def _columns(accounts: Sequence[AccountHistory]) -> _Columns:
    fills = [account.replayed.fills for account in accounts]
    price = joined([each.price for each in fills])
    quantity = joined([each.quantity for each in fills])
    signed = joined([each.side for each in fills]) * quantity
    return _Columns(signed, price, price * quantity, joined([account.observed.mid for account in accounts]))


def _sums(earned: Any, value: Any) -> tuple[float | None, float | None]:
    """Return Σ earned in AED and in basis points of Σ value."""
    if not len(earned):
        return None, None
    aed = float(earned.sum())
    total = float(value.sum())
    return aed, aed / total * BPS if total > 0.0 else None
