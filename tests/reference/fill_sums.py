"""Sums over all fills at once, in arrays: spread, mark-outs, waits, kinds of fills; what ledgers are held against."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from pipeline.engine.rules.account import CLOSE, NO_ORDER, OWN, PRINT, TAKE, TOUCH
from pipeline.engine.rules.replay_state import BUY, SELL
from pipeline.metrics.fill_kinds import KINDS, NO_CODE, NO_PRINT
from pipeline.replay.observe import HORIZONS
from pipeline.replay.prints import ONE_SIDED, OUTSIDE, OVERSIZED, THROUGH
from pipeline.times import SECOND
from tests.reference.account_history import session_clock
from tests.reference.fill_formulas import joined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.engine.outcome import Fills
    from pipeline.ticks import Float64s, Int64s
    from tests.reference.account_history import Account

HORIZON: Final = "60s"
BPS: Final = 10_000


class Spread(NamedTuple):
    """The spread captured, money and basis points of the fills' value, None without a fill, and over how many fills."""

    amount: float | None
    bps: float | None
    fills: int


class Markout(NamedTuple):
    """The mark-out of fills and their adverse selection, likewise."""

    amount: float | None
    bps: float | None
    adverse_amount: float | None
    adverse_bps: float | None
    fills: int


def spread_captured(accounts: Sequence[Account]) -> Spread:
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
    at_horizons = {}
    for number, horizon in enumerate(HORIZONS):
        later = joined([account.observed.mid_later[number] for account in accounts])
        known = ~np.isnan(columns.mid) & ~np.isnan(later)
        signed, value = columns.signed[known], columns.value[known]
        markout = _sums(signed * (later[known] - columns.price[known]), value)
        adverse = _sums(signed * (columns.mid[known] - later[known]), value)
        at_horizons[horizon] = Markout(*markout, *adverse, int(known.sum()))
    return at_horizons


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
    fills, days, session = account.replayed.fills, account.replayed.market_days, [account.sessions]
    firsts = _first_fills(fills)
    if not len(firsts):
        return np.empty(0)
    filled = session_clock(fills.timestamp[firsts], days, session)
    placed = session_clock(account.observed.placed[firsts], days, session)
    seconds: Float64s = np.maximum(filled - placed, 0) / SECOND
    return seconds


def _first_fills(fills: Fills) -> Int64s:
    """Return the number of each order's first fill, ascending; a side's orders follow one another."""
    assert fills.placed is not None
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


def _columns(accounts: Sequence[Account]) -> _Columns:
    fills = [account.replayed.fills for account in accounts]
    price = joined([each.price for each in fills])
    quantity = joined([each.quantity for each in fills])
    signed = joined([each.side for each in fills]) * quantity
    return _Columns(signed, price, price * quantity, joined([account.observed.mid for account in accounts]))


def _sums(earned: Any, value: Any) -> tuple[float | None, float | None]:
    """Return Σ earned in AED and in basis points of Σ value."""
    if not len(earned):
        return None, None
    amount = float(earned.sum())
    total = float(value.sum())
    return amount, amount / total * BPS if total > 0.0 else None


def fills_by_kind(accounts: Sequence[Account]) -> dict[str, dict[str, float | None]]:
    """Return what each kind of fill is of all, those left out that have no fill.

    Args:
        accounts: The accounts of the securities, whose fills are taken together.

    Returns:
        By kind: `fills`; `shares`; `realized_pnl`, before fees; `price_gain`, how much better than the order's own
        price they were booked; `markout_60s`, over fills with a mid both at the fill and then, None without one (all
        AED); and the shares of all fills, shares and realised P&L that these are, which add up to 1; `share_of_pnl` is
        None where all P&L is 0.
    """
    kinds = joined([_kinds(account) for account in accounts]).astype(np.int64)
    return _rows(accounts, kinds, [*KINDS])


def fills_by_condition(accounts: Sequence[Account]) -> dict[str, dict[str, float | None]]:
    """Return what the fills of prints are by their condition codes: as `fills_by_kind`; empty without any code.

    Args:
        accounts: The accounts of the securities, whose fills are taken together.

    Returns:
        By the text of the code, NO_CODE for prints without one, NO_PRINT for fills of no print.
    """
    conditions = joined([account.observed.condition for account in accounts])
    of_print = joined([account.replayed.fills.how for account in accounts]) == PRINT
    if not (conditions[of_print] != "").any():
        return {}
    texts = [NO_CODE if text == "" else str(text) for text in conditions.tolist()]
    groups = [text if is_print else NO_PRINT for text, is_print in zip(texts, of_print.tolist(), strict=True)]
    names = sorted(set(groups))
    numbers = {name: number for number, name in enumerate(names)}
    return _rows(accounts, np.array([numbers[name] for name in groups]), names)


def _rows(accounts: Sequence[Account], kind: Any, names: Sequence[str]) -> dict[str, dict[str, float | None]]:
    """Return the table of fills by groups; kind: each fill's number among the names."""
    fills = [account.replayed.fills for account in accounts]
    observed = [account.observed for account in accounts]
    quantity = joined([each.quantity for each in fills])
    signed = joined([each.side for each in fills]) * quantity
    price = joined([each.price for each in fills])
    limit = joined([each.price if each.limit is None else each.limit for each in fills])
    later = joined([each.mid_later[list(HORIZONS).index(HORIZON)] for each in observed])
    markout = signed * (later - price)
    is_marked = ~np.isnan(markout) & ~np.isnan(joined([each.mid for each in observed]))
    count = len(names)
    marked = np.bincount(kind[is_marked], minlength=count)
    columns = {
        "fills": np.bincount(kind, minlength=count),
        "shares": np.bincount(kind, quantity, count).astype(np.int64),
        "realized_pnl": np.bincount(kind, joined([each.realized for each in fills]), count),
        "price_gain": np.bincount(kind, signed * (limit - price), count),
        "markout_60s": np.bincount(kind[is_marked], markout[is_marked], count),
    }
    by_kind: dict[str, dict[str, float | None]] = {}
    for number, name in enumerate(names):
        if columns["fills"][number]:
            row: dict[str, float | None] = {column: values[number].item() for column, values in columns.items()}
            if not marked[number]:
                row["markout_60s"] = None
            for share, of in (
                ("share_of_fills", "fills"),
                ("share_of_shares", "shares"),
                ("share_of_pnl", "realized_pnl"),
            ):
                whole = columns[of].sum().item()
                row[share] = columns[of][number].item() / whole if whole else None
            by_kind[name] = row
    return by_kind


def traits(accounts: Sequence[Account], bit: int) -> int:
    """Return how many fills have a trait, a bit of `replay/prints.py`.

    Args:
        accounts: The accounts of the securities, whose fills are taken together.
        bit: The trait.

    Returns:
        The number of fills.
    """
    return sum(int(np.count_nonzero(account.observed.traits & bit)) for account in accounts)


def through_pnl(accounts: Sequence[Account]) -> float:
    """Return what all fills by prints through our price realised, whatever else these prints are.

    Args:
        accounts: The accounts of the securities, whose fills are taken together.

    Returns:
        Realised P&L before fees, AED.
    """
    sums = [account.replayed.fills.realized[account.observed.traits & THROUGH > 0].sum() for account in accounts]
    return float(sum(sums))


def _kinds(account: Account) -> Any:
    """Return the number of each fill's kind, in the order of KINDS."""
    names = list(KINDS)
    fills, has = account.replayed.fills, account.observed.traits
    of_print = np.select(
        [has & bit > 0 for bit in (ONE_SIDED, OVERSIZED, OUTSIDE, THROUGH)],
        [names.index(name) for name in ("one_sided_book", "oversized", "outside_touch", "through")],
        names.index("at_price"),
    )
    by_how = np.zeros(OWN + 1, np.int64)
    for how, name in ((TOUCH, "touch"), (TAKE, "take"), (CLOSE, "close"), (OWN, "own")):
        by_how[how] = names.index(name)
    return np.where(fills.how == PRINT, of_print, by_how[fills.how])
