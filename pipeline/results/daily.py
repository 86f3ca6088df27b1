"""Accounts in, one row a market day out: P&L, equity and position of each security and of all together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.engine.tape import DAY
from pipeline.results.accounts import union_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pipeline.results.accounts import Account
    from pipeline.ticks import Float64s, Int64s

COLUMNS: Final = (
    *("security", "day", "fills", "gross_pnl", "fees", "net_pnl"),
    *("equity", "position", "marked_equity"),
)
TOTAL: Final = "total"


def daily_rows(accounts: Sequence[Account]) -> Iterator[dict[str, Any]]:
    """Yield a row a security and market day, then `total` a market day of any of them; money in AED.

    equity: net realised P&L since the start. position: shares when the day ends, none for the total. marked_equity:
    equity with the open position at its mark. Fills of a day without a print count to the market day before.
    """
    every = union_of([one.replayed.market_days for one in accounts])
    totals: dict[str, Any] = {}
    for one in accounts:
        days = one.replayed.market_days
        yield from _rows(one.ticker, days, _columns(one, days))
        columns = _columns(one, every)
        del columns["position"]
        totals = {name: totals.get(name, 0) + column for name, column in columns.items()}
    yield from _rows(TOTAL, every, totals)


def _columns(account: Account, days: Int64s) -> dict[str, Any]:
    """Return what happened since the end of the day before, and what stood when each day ended."""
    ends = (days + 1) * DAY - 1
    if len(ends):
        ends[-1] = np.iinfo(np.int64).max
    fills = account.replayed.fills
    upto = np.searchsorted(account.clock, ends, side="right")
    equity = account.equity_at(ends)
    return {
        "fills": np.diff(upto, prepend=0),
        "gross_pnl": _by_day(fills.realized, upto),
        "fees": _by_day(account.replayed.fill_fees, upto),
        "net_pnl": _by_day(account.net, upto),
        "equity": equity,
        "position": account.position_at(ends),
        "marked_equity": account.marked_equity_at(ends),
    }


def _by_day(values: Float64s, upto: Int64s) -> Float64s:
    starts = np.concatenate([[0], upto])[:-1].tolist()
    sums: Float64s = np.array([values[a:b].sum() for a, b in zip(starts, upto, strict=True)], np.float64)
    return sums


def _rows(security: str, days: Int64s, columns: dict[str, Any]) -> Iterator[dict[str, Any]]:
    names = days.astype("datetime64[D]").astype(str).tolist()
    listed = {name: column.tolist() for name, column in columns.items()}
    for at, day in enumerate(names):
        yield {"security": security, "day": day} | {name: column[at] for name, column in listed.items()}
