"""The rows of daily.csv from all fills at once: what ledgers are held against."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.metrics.daily import TOTAL
from pipeline.metrics.formulas import market_day_indices
from pipeline.ticks import union_of
from pipeline.times import DAY
from tests.reference.account_history import account

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pipeline.metrics.accounts import AccountHistory
    from pipeline.ticks import Int64s
    from tests.reference.account_history import Account


def daily_rows(histories: Sequence[AccountHistory]) -> Iterator[dict[str, Any]]:
    """Yield the rows of daily.csv.

    A row goes on until the next market day of its security begins: what happens on a day without a print counts to the
    market day before, to the first where none is before.

    Args:
        accounts: The accounts of the securities that were replayed, in the order of the rows.

    Yields:
        A row a security and market day, then `total` a market day of any of them, by COLUMNS; money in AED. equity: net
        realised P&L since the start. position: shares when the day ends, none for the total. marked_equity: equity with
        the open position at its mark.
    """
    accounts = [account(history) for history in histories]
    all_days = union_of([each.replayed.market_days for each in accounts])
    totals: dict[str, Any] = {}
    for each in accounts:
        days = each.replayed.market_days
        columns = _columns(each, days)
        yield from _rows(each.ticker, days, columns)
        if len(days) < len(all_days):
            columns = _columns(each, all_days)
        totals = {name: totals.get(name, 0) + column for name, column in columns.items() if name != "position"}
    yield from _rows(TOTAL, all_days, totals)


def _columns(account: Account, days: Int64s) -> dict[str, Any]:
    """Return what happened on each day, and what stood when the next began."""
    if not len(days):
        return {}
    ends = np.append(days[1:] * DAY - 1, np.iinfo(np.int64).max)
    fills = account.replayed.fills
    indices = market_day_indices(account.clock // DAY, days)
    gross, fees, net = (
        np.bincount(indices, values, len(days)) for values in (fills.realized, account.fees, account.net)
    )
    return {
        "fills": np.bincount(indices, minlength=len(days)),
        "gross_pnl": gross,
        "fees": fees,
        "net_pnl": net,
        "equity": account.equity_at(ends),
        "position": account.position_at(ends),
        "marked_equity": account.marked_equity_at(ends),
    }


def _rows(security: str, days: Int64s, columns: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    names = days.astype("datetime64[D]").astype(str).tolist()
    values = {name: column.tolist() for name, column in columns.items()}
    for number, day in enumerate(names):
        yield {"security": security, "day": day} | {name: column[number] for name, column in values.items()}
