"""Numbers and times in, the text that an explanation shows of them out."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).parents[3]
EPOCH: Final = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - exchange-local, as the ticks are
NS_A_US: Final = 1_000
MINUTE: Final = 60_000_000_000
DECIMALS: Final = 6
"""More than any exchange's grid has; an average of several prices is shown to as many."""


def iso(time: int) -> str:
    """Return ns since 1970-01-01 as ISO text to the millisecond."""
    return _moment(time).isoformat(timespec="milliseconds")


def day_of(time: int) -> str:
    """Return the date of ns since 1970-01-01."""
    return _moment(time).date().isoformat()


def clock_of(time: int) -> str:
    """Return the time of day of ns since 1970-01-01, with milliseconds where there are any."""
    return _moment(time).time().isoformat(timespec="auto" if time % 1_000_000_000 == 0 else "milliseconds")


def hour_of(time_of_day: int) -> str:
    """Return ns since midnight as HH:MM."""
    hours, minutes = divmod(time_of_day // MINUTE, 60)
    return f"{hours:02}:{minutes:02}"


def price(value: float) -> str:
    """Return a price, AED, to six decimals at most."""
    return repr(round(value, DECIMALS))


def money(value: float) -> str:
    """Return an amount, AED, to the hundredth; nought has no sign."""
    return f"{round(value, 2) + 0.0:,.2f}"


def file_of(path: Path) -> str:
    """Return a file as it would be typed here, or as it is called in the project's own folder."""
    for folder in (Path.cwd(), PROJECT):
        if path.is_relative_to(folder):
            return path.relative_to(folder).as_posix()
    return path.as_posix()


def _moment(time: int) -> dt.datetime:
    return EPOCH + dt.timedelta(microseconds=time // NS_A_US)
