"""Formats the numbers, times and file names that an explanation shows."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pipeline.times import MINUTE, SECOND, moment_of

PROJECT: Final = Path(__file__).parents[2]
DECIMALS: Final = 6
"""More than any exchange's grid has; an average of several prices is shown to as many."""


def day_of(time: int) -> str:
    """Return the date of ns since 1970-01-01."""
    return moment_of(time).date().isoformat()


def clock_of(time: int) -> str:
    """Return the time of day of ns since 1970-01-01, with milliseconds where there are any."""
    return moment_of(time).time().isoformat(timespec="auto" if time % SECOND == 0 else "milliseconds")


def hour_of(time_of_day: int) -> str:
    """Return ns since midnight as HH:MM."""
    hours, minutes = divmod(time_of_day // MINUTE, 60)
    return f"{hours:02}:{minutes:02}"


def price(value: float) -> str:
    """Return a price, AED, to six decimals at most."""
    return repr(round(value, DECIMALS))


def file_of(path: Path) -> str:
    """Return a file as it would be typed here, or as it is called in the project's own folder."""
    for folder in (Path.cwd(), PROJECT):
        if path.is_relative_to(folder):
            return path.relative_to(folder).as_posix()
    return path.as_posix()
