"""Daily P&L, equity and position of each security and of all together, one row per market day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.metrics.formulas import market_day_indices
from pipeline.metrics.loop_fills import DAY_FIELDS
from pipeline.ticks import union_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pipeline.metrics.ledger import Ledger
    from pipeline.ticks import Int64s

COLUMNS: Final = (
    *("security", "day", "fills", "gross_pnl", "fees", "net_pnl"),
    *("equity", "position", "marked_equity"),
)
TOTAL: Final = "total"
_DAY, _FILLS, _, _GROSS, _FEES, _NET, _EQUITY, _POSITION, _MARKED = range(len(DAY_FIELDS))


def daily_columns(
    ledgers: Sequence[Ledger], totals: Mapping[str, Sequence[Ledger]]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each security, by ticker, and then `total`, with its columns of daily.csv but for the first.

    totals: by currency the ledgers that add up in it. Of several currencies each has a total (`total GBP`), and that of
    all has fills alone.

    A row goes on until the next market day of its security begins: what happens on a day without a print counts to the
    market day before, to the first where none is before. Money in the currency of each.
    day: datetime64[D]. equity: net realised P&L since the start. position: shares when the day ends, not of the total.
    marked_equity: equity with the open position at its mark. Each array has a value a market day.
    """
    for ledger in _by_ticker(ledgers):
        yield ledger.ticker, _named(ledger.market_days, _columns(ledger.days[:], ledger.market_days))
    for unit in sorted(totals) if len(totals) > 1 else ():
        yield f"{TOTAL} {unit}", _total(totals[unit])
    together = _total([ledger for of_unit in totals.values() for ledger in of_unit])
    mixed = ("day", "fills") if len(totals) > 1 else [*together]
    yield TOTAL, {name: together[name] for name in mixed if name in together}


def _total(ledgers: Sequence[Ledger]) -> dict[str, Any]:
    days = union_of([ledger.market_days for ledger in ledgers])
    totals: dict[str, Any] = {}
    for ledger in _by_ticker(ledgers):
        columns = _columns(ledger.days[:], days)
        totals = {name: totals.get(name, 0) + column for name, column in columns.items() if name != "position"}
    return _named(days, totals)


def _by_ticker(ledgers: Sequence[Ledger]) -> list[Ledger]:
    return sorted(ledgers, key=lambda ledger: ledger.ticker)


def _columns(records: Int64s, days: Int64s) -> dict[str, Any]:
    """Return what happened on each market day, and what stood when the next began."""
    if not len(days):
        return {}
    amounts = records.view(np.float64)
    indices = market_day_indices(records[:, _DAY], days)
    last = np.append(np.searchsorted(records[:, _DAY], days[1:]), len(records)) - 1
    gross, fees, net = (np.bincount(indices, amounts[:, column], len(days)) for column in (_GROSS, _FEES, _NET))
    return {
        "fills": np.bincount(indices, records[:, _FILLS], len(days)).astype(np.int64),
        "gross_pnl": gross,
        "fees": fees,
        "net_pnl": net,
        "equity": _value_at(last, amounts[:, _EQUITY]),
        "position": _value_at(last, records[:, _POSITION]),
        "marked_equity": _value_at(last, amounts[:, _MARKED]),
    }


def _value_at(last: Int64s, values: Any) -> Any:
    """Return the values of the last records, 0 before the first."""
    return np.where(last >= 0, values[last], values.dtype.type(0)) if len(values) else np.zeros(len(last), values.dtype)


def _named(days: Int64s, columns: Mapping[str, Any]) -> dict[str, Any]:
    return {"day": days.astype("datetime64[D]")} | dict(columns)
