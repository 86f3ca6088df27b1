"""Market-making metrics from fills and the mids around them: spread captured, adverse selection, time to fill."""

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
    from pipeline.metrics.accounts import Account
    from pipeline.ticks import Float64s, Int64s

BPS: Final = 10_000


@dataclass(frozen=True, slots=True, eq=False)
class Markout:
    """What fills were worth some time after, AED and basis points of their value; None where there are none to tell.

    aed, bps: Σ side · (mid then - price) · quantity. adverse_aed, adverse_bps: Σ side · (mid at the fill - mid then) ·
    quantity, what the market moved against us. fills: those with a mid at both times, which all four are over, so that
    aed + adverse_aed is the spread these captured.
    """

    aed: float | None
    bps: float | None
    adverse_aed: float | None
    adverse_bps: float | None
    fills: int


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """Σ side · (mid at the fill - price) · quantity, AED, in basis points of the fills' value, and over how many."""

    aed: float | None
    bps: float | None
    fills: int


def spread_captured(accounts: Sequence[Account]) -> Spread:
    """Return what fills earned against the mid in force when they happened: half the spread, for a quote at the touch.

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
    return Spread(*_told(earned, columns.value[known]), int(known.sum()))


def markouts(accounts: Sequence[Account]) -> dict[str, Markout]:
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
    found = {}
    for number, name in enumerate(HORIZONS):
        later = joined([one.observed.mid_later[number] for one in accounts])
        known = ~np.isnan(columns.mid) & ~np.isnan(later)
        signed, value = columns.signed[known], columns.value[known]
        kept = _told(signed * (later[known] - columns.price[known]), value)
        lost = _told(signed * (columns.mid[known] - later[known]), value)
        found[name] = Markout(*kept, *lost, int(known.sum()))
    return found


def times_to_fill(account: Account) -> Float64s:
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
    stood = filled - session_clock(account.observed.placed[firsts], days, session)
    waited: Float64s = np.maximum(stood, 0) / SECOND
    return waited


def _first_fills(fills: Fills) -> Int64s:
    """Return the number of each order's first fill, ascending; a side's orders follow one another."""
    assert fills.placed is not None  # noqa: S101 - only a replay of its own is observed
    found = []
    for side in (BUY, SELL):
        own = np.flatnonzero((fills.side == side) & (fills.placed != NO_ORDER))
        found.append(own[np.diff(fills.placed[own], prepend=NO_ORDER) != 0])
    firsts: Int64s = np.sort(np.concatenate(found))
    return firsts


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class _Columns:
    signed: Any
    price: Any
    value: Any
    mid: Any


def _columns(accounts: Sequence[Account]) -> _Columns:
    fills = [one.replayed.fills for one in accounts]
    price = joined([one.price for one in fills])
    quantity = joined([one.quantity for one in fills])
    signed = joined([one.side for one in fills]) * quantity
    return _Columns(signed, price, price * quantity, joined([one.observed.mid for one in accounts]))


def _told(earned: Any, value: Any) -> tuple[float | None, float | None]:
    if not len(earned):
        return None, None
    aed = float(earned.sum())
    total = float(value.sum())
    return aed, aed / total * BPS if total > 0.0 else None
