"""Date windows: a setting's figures between two days, to choose on one part of the data and judge on another."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.errors import BadRequest
from pipeline.metrics.formulas import market_day_indices, max_drawdown, sharpe
from pipeline.ticks import union_of
from pipeline.times import FIRST_DAY, date_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from pipeline.sweeps.codec import Days
    from pipeline.ticks import Int64s

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
    """The figures of a window; AED: net_pnl, turnover, daily_drawdown. None where a figure cannot be computed.

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


WHOLE: Final = Window(-END, END, -END, END)
FIGURES: Final = tuple(WindowFigures.__slots__)


def window_figures(days: Sequence[Days], window: Window) -> WindowFigures:
    """Return the figures of one setting in a window, on one security or on several together."""
    # Bytes are joined because concatenating structured arrays checks their types field by field, a tenth as fast.
    together = np.frombuffer(b"".join(security.traded.tobytes() for security in days), days[0].traded.dtype)
    traded = _within(together, together["day"], window)
    every_day = _distinct(b"".join(security.market_days.tobytes() for security in days))
    market_days = _within(every_day, every_day, window)
    net = traded["realized"] - traded["fees"]
    daily = np.zeros(len(market_days))
    if len(market_days):
        np.add.at(daily, market_day_indices(traded["day"], market_days), net)
    closing = int(traded["closing"].sum())
    empty = not len(market_days) and not len(traded)
    return WindowFigures(
        fills=int(traded["fills"].sum()),
        net_pnl=None if empty else float(net.sum()),
        sharpe=sharpe(daily),
        daily_drawdown=None if empty else max_drawdown(np.cumsum(daily)),
        win_rate=int(traded["wins"].sum()) / closing if closing else None,
        turnover=None if empty else float(traded["turnover"].sum()),
        market_days=len(market_days),
    )


def train_and_test(market_days: Int64s, until: dt.date) -> tuple[Window, Window]:
    """Part market days after a date; raise BadRequest when either part would be empty."""
    split = (until - FIRST_DAY).days
    train, test = market_days[market_days <= split], market_days[market_days > split]
    if not len(train) or not len(test):
        period = (
            f"{date_of(int(market_days[0]))} to {date_of(int(market_days[-1]))}" if len(market_days) else "none at all"
        )
        raise BadRequest(f"--train-until {until} leaves no day on one side; the market days are {period}.")
    first = int(train[0])
    return Window(first, int(train[-1]), first, split), Window(int(test[0]), int(test[-1]), split + 1, END)


def check_folds(folds: int) -> None:
    """Raise BadRequest for a walk forward of no fold at all."""
    if folds < 1:
        raise BadRequest(f"--walk-forward is {folds}; it takes a whole number of at least 1.")


def walk_forward(market_days: Int64s, folds: int) -> list[tuple[Window, Window]]:
    """Return (train, test) for each fold: N + 1 parts of as many days; each is tested by what all before it chose."""
    check_folds(folds)
    if len(market_days) < folds + 1:
        most = len(market_days) - 1
        takes = f"it takes 1 to {most}" if most > 0 else "there is nothing to part"
        raise BadRequest(f"--walk-forward is {folds}; with {len(market_days)} market days {takes}.")
    parts = np.array_split(market_days, folds + 1)
    starts = [int(part[0]) for part in parts]
    every = [
        Window(start, int(part[-1]), start, after - 1)
        for start, part, after in zip(starts, parts, [*starts[1:], END + 1], strict=True)
    ]
    return [(Window(starts[0], before.last, starts[0], before.end), part) for before, part in pairwise(every)]


@functools.lru_cache(maxsize=64)
def _distinct(days: bytes) -> Int64s:
    """Return the days that occur, ascending; settings of one sweep share theirs."""
    return union_of([np.frombuffer(days, np.int64)])


def _within(rows: Any, days: Any, window: Window) -> Any:
    return rows[(days >= window.start) & (days <= window.end)]
