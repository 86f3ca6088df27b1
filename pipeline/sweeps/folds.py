"""Parts market days into those that settings are chosen on and those they are judged on, once or fold by fold."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.errors import BadRequest
from pipeline.numbers import counted
from pipeline.sweeps.date_windows import END, Window
from pipeline.times import FIRST_DAY, date_of

if TYPE_CHECKING:
    import datetime as dt

    from pipeline.ticks import Int64s


@dataclass(frozen=True, slots=True)
class Parting:
    """How days are parted.

    Attributes:
        train_until: Last training day, None where days are not parted once.
        folds: Walk-forward folds, None without a walk forward.
        train_days: Market days that each fold is chosen on, the last before it; None for all (expanding).
        purge: Market days left out of the end of each training.
        embargo: Market days left out of the beginning of each test: what was held when the choice was made runs off.
    """

    train_until: dt.date | None = None
    folds: int | None = None
    train_days: int | None = None
    purge: int = 0
    embargo: int = 0

    def check(self) -> None:
        """Raise BadRequest for numbers of folds and days that no market days could have."""
        least = {"walk-forward": (self.folds, 1), "train-days": (self.train_days, 1)}
        least |= {"purge": (self.purge, 0), "embargo": (self.embargo, 0)}
        for name, (value, fewest) in least.items():
            if value is not None and value < fewest:
                raise BadRequest(f"--{name} is {value}; it takes a whole number of at least {fewest}.")
        if self.train_days is not None and self.folds is None:
            raise BadRequest("--train-days is of a walk forward; add --walk-forward N.")
        if (self.purge or self.embargo) and self.folds is None and self.train_until is None:
            raise BadRequest("--purge and --embargo part the days of a choice; add --train-until or --walk-forward.")


def check_parted(market_days: Int64s, parting: Parting) -> None:
    """Raise BadRequest where these market days cannot be parted so."""
    if parting.train_until is not None:
        train_and_test(market_days, parting)
    if parting.folds is not None:
        walk_forward(market_days, parting)


def train_and_test(market_days: Int64s, parting: Parting) -> tuple[Window, Window]:
    """Part market days after a date; raise BadRequest when either part would be empty."""
    until = parting.train_until
    assert until is not None  # noqa: S101 - asked for where there is one
    split = (until - FIRST_DAY).days
    before = int(np.searchsorted(market_days, split, side="right"))
    last, first = before - parting.purge, before + parting.embargo
    if last <= 0 or first >= len(market_days):
        period = (
            f"{date_of(int(market_days[0]))} to {date_of(int(market_days[-1]))}" if len(market_days) else "none at all"
        )
        out = f", less {_left_out(parting)}," if parting.purge or parting.embargo else ""
        raise BadRequest(f"--train-until {until}{out} leaves no day on one side; the market days are {period}.")
    train = _window(market_days, 0, last, None if parting.purge else split)
    return train, _window(market_days, first, len(market_days), start=None if parting.embargo else split + 1)


def walk_forward(market_days: Int64s, parting: Parting) -> list[tuple[Window, Window]]:
    """Return (train, test) for each fold: N + 1 parts of as many days, each tested by what days before it chose."""
    folds = parting.folds or 0
    if len(market_days) < folds + 1:
        most = len(market_days) - 1
        takes = f"it takes 1 to {most}" if most > 0 else "there is nothing to part"
        raise BadRequest(f"--walk-forward is {folds}; with {len(market_days)} market days {takes}.")
    sizes = [len(part) for part in np.array_split(market_days, folds + 1)]
    if sizes[0] <= parting.purge or sizes[-1] <= parting.embargo:
        raise BadRequest(
            f"--walk-forward {folds} parts {len(market_days)} market days into parts of {sizes[-1]} or more; "
            f"{_left_out(parting)} leave no day in one of them. Take fewer folds."
        )
    windows, begins = [], 0
    for size, after in itertools.pairwise(sizes):
        begins += size
        last = begins - parting.purge
        first = 0 if parting.train_days is None else max(0, last - parting.train_days)
        train = _window(market_days, first, last)
        windows.append((train, _window(market_days, begins + parting.embargo, begins + after)))
    return windows


def _window(market_days: Int64s, first: int, last: int, end: int | None = None, start: int | None = None) -> Window:
    """Return the market days from one to before another; what is between it and the next market day counts to it."""
    until = (int(market_days[last]) - 1 if last < len(market_days) else END) if end is None else end
    begins = int(market_days[first])
    return Window(begins, int(market_days[last - 1]), begins if start is None else start, until)


def _left_out(parting: Parting) -> str:
    days = {"purge": parting.purge, "embargo": parting.embargo}
    return " and ".join(f"--{name} of {counted(count, 'day')}" for name, count in days.items() if count)
