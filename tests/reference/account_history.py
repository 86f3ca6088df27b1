"""One security's account over time, worked out from all its fills at once: what ledgers are held against."""

from __future__ import annotations

import dataclasses
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.metrics.accounts import AccountHistory
from pipeline.times import DAY

if TYPE_CHECKING:
    from pipeline.replay.observe import Observed
    from pipeline.ticks import Float64s, Int64s


class Account(AccountHistory):
    """An account that knows what it holds at any time; money in AED, times in ns on the exchange's clock."""

    observed: Observed

    @cached_property
    def clock(self) -> Int64s:
        """The fills' times, never stepping back."""
        times = self.replayed.fills.timestamp
        clock: Int64s = np.maximum.accumulate(times) if len(times) else times
        return clock

    @cached_property
    def fees(self) -> Float64s:
        """The fee of each fill."""
        return self.replayed.fill_fees

    @cached_property
    def net(self) -> Float64s:
        """What each fill realised, after its fee."""
        return self.replayed.fills.realized - self.fees

    @cached_property
    def equity(self) -> Float64s:
        """Net realised P&L after each fill."""
        return np.cumsum(self.net)

    @cached_property
    def cash(self) -> Float64s:
        """Cash received less cash paid, fees included, after each fill."""
        fills = self.replayed.fills
        return np.cumsum(-fills.side * fills.quantity * fills.price - self.fees)

    @cached_property
    def capital(self) -> Float64s:
        """Value of the position after each fill at that fill's price, long or short."""
        fills = self.replayed.fills
        value: Float64s = np.abs(fills.position) * fills.price
        return value

    def position_at(self, times: Int64s) -> Int64s:
        """Return the position in shares at each time, fills of that instant included."""
        position: Int64s = _value_at(self._last_fill(times), self.replayed.fills.position)
        return position

    def equity_at(self, times: Int64s) -> Float64s:
        """Return net realised P&L at each time."""
        equity: Float64s = _value_at(self._last_fill(times), self.equity)
        return equity

    def marked_equity_at(self, times: Int64s) -> Float64s:
        """Return net P&L at each time with the open position at its mark: cash and position · mark."""
        fill = self._last_fill(times)
        position = _value_at(fill, self.replayed.fills.position)
        marked: Float64s = _value_at(fill, self.cash) + position * self._mark_after(fill, times)
        return np.where(position == 0, _value_at(fill, self.equity), marked)

    def mark_at(self, times: Int64s) -> Float64s:
        """Return the price a position is valued at: the mid, else the last print, else the last of either known.

        The price of the last fill where there is none yet, 0 before any.
        """
        return self._mark_after(self._last_fill(times), times)

    def inventory_at(self, times: Int64s) -> Float64s:
        """Return the value of the position at each time at its mark, long or short, AED."""
        fill = self._last_fill(times)
        inventory: Float64s = np.abs(_value_at(fill, self.replayed.fills.position)) * self._mark_after(fill, times)
        return inventory

    def limit_at(self, times: Int64s) -> Float64s | None:
        """Return the largest position in shares that is allowed at each time, None where there is no limit."""
        notional = self.notional_limit if self.notional_binds else None
        if self.shares_limit is None and notional is None:
            return None
        limit = np.full(len(times), np.inf if self.shares_limit is None else float(self.shares_limit))
        if notional is not None:
            mark = self.mark_at(times)
            known = mark > 0.0
            limit[known] = np.minimum(limit[known], np.trunc(notional / mark[known]))
        return limit

    @cached_property
    def marks(self) -> Int64s:
        """The times of the price path inside the continuous session: every five minutes."""
        times = self.observed.path_time
        closes = np.array([spans_of(self.sessions, day)[-1][1] for day in (times // DAY).tolist()], np.int64)
        inside: Int64s = times[times - times // DAY * DAY <= closes]
        return inside

    @cached_property
    def _path(self) -> Float64s:
        """The mark at each entry of the price path, NaN before the first is known."""
        path = self.observed
        marks = np.where(np.isnan(path.path_mid), path.path_last, path.path_mid)
        last_known = np.maximum.accumulate(np.where(np.isnan(marks), 0, np.arange(len(marks))))
        return marks[last_known]

    def _last_fill(self, times: Int64s) -> Int64s:
        """Return the number of the last fill at each time, -1 before the first."""
        last: Int64s = np.searchsorted(self.clock, times, side="right") - 1
        return last

    def _mark_after(self, fill: Int64s, times: Int64s) -> Float64s:
        last_price: Float64s = _value_at(fill, self.replayed.fills.price)
        if not len(self._path):
            return last_price
        entry = np.searchsorted(self.observed.path_time, times, side="right") - 1
        mark = np.where(entry >= 0, self._path[entry], np.nan)
        return np.where(np.isnan(mark), last_price, mark)


def account(history: AccountHistory) -> Account:
    """Return an account with all that it holds at any time."""
    return Account(**{field.name: getattr(history, field.name) for field in dataclasses.fields(history)})


def _value_at(fill: Int64s, values: Any) -> Any:
    """Return the value after each fill, 0 before the first."""
    return np.where(fill >= 0, values[fill], values.dtype.type(0)) if len(values) else np.zeros(len(fill), values.dtype)


def spans_of(hours: Any, day: int) -> Any:
    """Return the spans of continuous trading of a day, ns since midnight, from (day since when, spans)."""
    return [spans for since, spans in hours if since <= day][-1]


def session_clock(times: Int64s, market_days: Int64s, several: Any) -> Int64s:
    """Return times as time in which any of some securities trades, all other and days without a print left out.

    Args:
        times: Times, shape (n,), ns since 1970-01-01.
        market_days: Market days, shape (days,), ascending, as days since 1970-01-01.
        several: Of each security, by the day since when they are, the spans of continuous trading of a day.

    Returns:
        Session time since the opening of the first market day, shape (n,), ns.
    """
    passed = np.zeros(len(times), np.int64)
    for day in market_days.tolist():
        of_day = [span for hours in several for span in spans_of(hours, day)]
        ends = sorted({end for span in of_day for end in span})
        for start, end in pairwise(ends):
            if any(opens <= start and end <= closes for opens, closes in of_day):
                passed += np.clip(times - day * DAY - start, 0, end - start)
    return passed
