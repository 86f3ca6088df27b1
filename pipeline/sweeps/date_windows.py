"""Date windows: a setting's figures between two days, to choose on one part of the data and judge on another."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.metrics.figure import shown_annualised
from pipeline.metrics.formulas import market_day_indices, max_drawdown_of_each, sharpe_of_each
from pipeline.ticks import union_of
from pipeline.times import date_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipeline.ticks import Float64s, Int64s

END: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Window:
    """The market days from `first` to `last`, both included, as days since 1970-01-01.

    start, end: what counts to it, with the days around them that have no print: a position may be closed on one.
    """

    first: int
    last: int
    start: int
    end: int

    def __str__(self) -> str:
        """Say it as two dates."""
        return f"{date_of(self.first)} to {date_of(self.last)}"


@dataclass(frozen=True, slots=True)
class WindowFigures:
    """The figures of a window; money: net_pnl, turnover, daily_drawdown. None where a figure cannot be computed.

    Without a market day and a fill there is none but counts. sharpe: annualised, of daily net P&L on all market days.
    daily_drawdown: of net P&L, looked at when days end.
    """

    fills: int
    net_pnl: float | None
    sharpe: float | None
    daily_drawdown: float | None
    win_rate: float | None
    turnover: float | None
    market_days: int

    @property
    def shown_sharpe(self) -> float | None:
        """The Sharpe ratio as it is shown: None of too few market days."""
        return shown_annualised(self.sharpe, self.market_days)

    def as_shown(self) -> dict[str, Any]:
        """Return the figures as `--json` has them."""
        return asdict(self) | {"sharpe": self.shown_sharpe}


WHOLE: Final = Window(-END, END, -END, END)
FIGURES: Final = tuple(WindowFigures.__slots__)


@dataclass(frozen=True, slots=True, eq=False)
class SettingDays:
    """What one setting did day by day, on one security or on several together: what a desk's own figure is made of.

    Attributes:
        market_days: The days with a print, as datetime64[D], ascending, shape (days,), as all that follow.
        net_pnl: Realised P&L after fees, money, float64.
        turnover: money, float64.
        fills: How many, int64.
        closing_fills: How many realised a gain or a loss, int64.
        gaining_fills: How many realised a gain, int64.
    """

    market_days: Any
    net_pnl: Any
    turnover: Any
    fills: Any
    closing_fills: Any
    gaining_fills: Any

    def __len__(self) -> int:
        """Return the number of market days."""
        return len(self.market_days)


@dataclass(frozen=True, eq=False)
class DayResults:
    """What settings did on one security day by day.

    days: since 1970-01-01, shape (days,), ascending; market: which of them are market days. read: returns an array
    of `encode_figures` by its name, shape (settings, days).
    """

    days: Int64s
    market: Any
    read: Callable[[str], Any]


class WindowColumns:
    """The figures of settings in a window, on one security or on several together, each worked out when asked for."""

    def __init__(self, securities: Sequence[DayResults], window: Window) -> None:
        self._securities = [
            (each, slice(*np.searchsorted(each.days, (window.start, window.end + 1)).tolist())) for each in securities
        ]
        self._daily: dict[str, Any] = {}
        self._market = union_of([each.days[inside][each.market[inside]] for each, inside in self._securities])

    def column(self, figure: str) -> Float64s:
        """Return a figure of WindowFigures, shape (settings,); NaN where it cannot be computed."""
        values: Float64s = getattr(self, f"_{figure}")()
        return values

    def figures(self, at: int = 0) -> WindowFigures:
        """Return all figures of one setting."""
        known = {name: float(self.column(name)[at]) for name in FIGURES}
        values = {name: None if np.isnan(value) else value for name, value in known.items()}
        return WindowFigures(**values | {name: int(known[name]) for name in ("fills", "market_days")})  # type: ignore[arg-type]

    def _fills(self) -> Any:
        return self._joined("fills").sum(axis=1).astype(np.float64)

    def _net_pnl(self) -> Any:
        return np.where(self._is_empty, np.nan, self._sums("net"))

    def _turnover(self) -> Any:
        return np.where(self._is_empty, np.nan, self._sums("turnover"))

    def _win_rate(self) -> Any:
        closing = self._joined("closing").sum(axis=1)
        wins = self._joined("wins").sum(axis=1)
        return np.where(closing > 0, wins / np.maximum(closing, 1), np.nan)

    def _sharpe(self) -> Any:
        return sharpe_of_each(self.daily)

    def _daily_drawdown(self) -> Any:
        return np.where(self._is_empty, np.nan, max_drawdown_of_each(np.cumsum(self.daily, axis=1)))

    def _market_days(self) -> Any:
        return np.full(len(self.daily), float(len(self._market)))

    @cached_property
    def _is_empty(self) -> Any:
        """Which settings have neither a market day nor a fill."""
        return False if len(self._market) else ~self._traded.any(axis=1)

    @cached_property
    def _traded(self) -> Any:
        return self._joined("fills") > 0

    @property
    def market_days(self) -> Int64s:
        """The market days of the window, as days since 1970-01-01."""
        return self._market

    def days_of(self, at: int) -> SettingDays:
        """Return the days of one setting."""
        counts = (self._by_day(name)[at].astype(np.int64) for name in ("fills", "closing", "wins"))
        return SettingDays(self._market.astype("datetime64[D]"), self.daily[at], self._by_day("turnover")[at], *counts)

    @property
    def daily(self) -> Any:
        """Net P&L of each market day, shape (settings, days)."""
        return self._by_day("net")

    def _by_day(self, name: str) -> Any:
        """Return an array on market days, added up in the order of securities and days."""
        if name not in self._daily:
            self._daily[name] = self._added_by_day(name)
        return self._daily[name]

    def _added_by_day(self, name: str) -> Any:
        several = [each.read(name) for each, _ in self._securities]
        daily = np.zeros((len(several[0]), len(self._market)))
        for net, (each, inside) in zip(several, self._securities, strict=True) if len(self._market) else ():
            places = market_day_indices(each.days[inside], self._market)
            if len(places) and (places[1:] == places[:-1] + 1).all():
                daily[:, places[0] : places[-1] + 1] += net[:, inside]
            else:  # others have days between them, or a day without a print counts to one before it
                for place, of_day in zip(places.tolist(), net[:, inside].T, strict=True):
                    daily[:, place] += of_day
        return daily

    def _joined(self, name: str) -> Any:
        return np.concatenate([each.read(name)[:, inside] for each, inside in self._securities], axis=1)

    def _sums(self, name: str) -> Any:
        """Return the sums over the days with fills: numpy's sum depends on how many numbers there are."""
        values, traded = self._joined(name), self._traded
        counts = traded.sum(axis=1)
        sums = np.zeros(len(values))
        for count in np.flatnonzero(np.bincount(counts)).tolist():
            rows = counts == count
            sums[rows] = values[rows][traded[rows]].reshape(-1, count).sum(axis=1) if count else 0.0
        return sums
