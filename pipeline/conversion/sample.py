"""Writes a synthetic tick workbook from a seed: made-up prices in the layout of a Bloomberg export, for the demo."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pipeline.conversion.excel.write import ErrorValue, Moment, write_workbook
from pipeline.markets.phases import WORKING_WEEK
from pipeline.store.atomic import not_written
from pipeline.times import FIRST_DAY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pipeline.conversion.excel.write import Value

_FIRST_DAY: Final = dt.date(2025, 1, 6)
_MS_PER_DAY: Final = 86_400_000
# Seconds of the day at which the pre-open, continuous trading and the pre-close begin, and the closing auction trades.
_PRE_OPEN, _OPEN, _PRE_CLOSE, _AUCTION = 34_200, 36_000, 53_100, 53_700
_NOTE: Final = "SYNTHETIC ticks made by a random number generator: not market data"
_PRE_OPEN_SHARE: Final = 0.03
_AUCTION_PRINTS: Final = 12
_MID_MOVES: Final = 0.04
_TRADES: Final = 0.2
"""Shares of the events of continuous trading: those that move the mid by a price step, and the trades."""


@dataclass(frozen=True, slots=True)
class _Security:
    """A made-up security: its first price and its price step, of a share, and its usual size in shares."""

    sheet: str
    price: float
    step: float
    usual_size: int


_SECURITIES: Final = (
    _Security("FAB UH Equity", 14.0, 0.02, 9_000),
    _Security("MODON UH Equity", 3.2, 0.01, 25_000),
    _Security("EMAAR DH Equity", 13.5, 0.05, 12_000),
    _Security("SPINNEYS DH Equity", 1.6, 0.01, 30_000),
)


def write_sample(path: Path, *, seed: int = 7, days: int = 4, rows: int = 12_000) -> None:
    """Write a workbook of four securities with about `rows` rows each over `days` trading days.

    Equal arguments give equal bytes. The last sheet holds a few rows that are not ticks. Raises OutputNotWritable.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise not_written(path, error) from error
    sheets = {}
    for number, security in enumerate(_SECURITIES):
        rng = random.Random(seed * 1000 + number)  # noqa: S311 - a reproducible sample, no secret
        sheets[security.sheet] = list(_sheet(security, rng, days, max(rows // days, 50)))
    _spoil(sheets[_SECURITIES[-1].sheet])
    write_workbook(path, sheets)


def _sheet(security: _Security, rng: random.Random, days: int, rows_a_day: int) -> Iterator[Sequence[Value]]:
    yield (security.sheet,)
    yield (_NOTE,)
    yield ("Dates", "Type", "Price", "Size")
    steps = round(security.price / security.step)
    day = _FIRST_DAY
    for _ in range(days):
        while day.weekday() not in WORKING_WEEK:
            day += dt.timedelta(days=1)
        midnight = (day - FIRST_DAY).days * _MS_PER_DAY
        for second, kind, price_steps, size in _day(rng, rows_a_day, steps, security.usual_size):
            yield (Moment(midnight + second * 1000), kind, round(price_steps * security.step, 4), size)
            steps = price_steps or steps
        day += dt.timedelta(days=1)


def _day(rng: random.Random, rows: int, mid: int, usual_size: int) -> Iterator[tuple[int, str, int, int]]:
    """Yield one day's (second, type, price in steps, size), in time order; several may share a second."""
    yield _PRE_OPEN, "BID", 0, 0
    yield _PRE_OPEN, "ASK", 0, 0
    outside = int(rows * _PRE_OPEN_SHARE)
    for second in _seconds(rng, _PRE_OPEN, _OPEN, outside):
        yield _quote(rng, second, mid, usual_size)
    for second in _seconds(rng, _OPEN, _PRE_CLOSE, rows - 2 * outside - _AUCTION_PRINTS - 2):
        draw = rng.random()
        if draw < _MID_MOVES:
            mid = max(5, mid + (1 if draw < _MID_MOVES / 2 else -1))
        yield _event(rng, second, mid, usual_size)
    for second in _seconds(rng, _PRE_CLOSE, _AUCTION, outside):
        yield _quote(rng, second, mid, usual_size)
    # The auction's trades are printed within two seconds, all at the closing price.
    for number in range(_AUCTION_PRINTS):
        yield _AUCTION + number // 8, "TRADE", mid, _size(rng, usual_size * 6)


def _event(rng: random.Random, second: int, mid: int, usual_size: int) -> tuple[int, str, int, int]:
    draw = rng.random()
    if draw < _TRADES:
        return second, "TRADE", mid + (1 if draw < _TRADES / 2 else -1), _size(rng, usual_size // 2)
    return _quote(rng, second, mid, usual_size)


def _quote(rng: random.Random, second: int, mid: int, usual_size: int) -> tuple[int, str, int, int]:
    distance = 1 + int(rng.random() * 1.3)
    if rng.random() < 1 / 2:
        return second, "BID", max(1, mid - distance), _size(rng, usual_size * 4)
    return second, "ASK", mid + distance, _size(rng, usual_size * 4)


def _seconds(rng: random.Random, start: int, end: int, count: int) -> list[int]:
    return sorted(start + int(rng.random() * (end - start)) for _ in range(max(count, 0)))


def _size(rng: random.Random, usual_size: int) -> int:
    return 1 + int(usual_size * 2 * rng.random() ** 2)


def _spoil(rows: list[Sequence[Value]]) -> None:
    """Insert rows that are not ticks, as exports have them: errors, an unknown type, a broken size, a blank."""
    time = rows[40][0]
    rows[20:20] = [(time, "ASK", ErrorValue("#N/A"), 500), ()]
    rows[60:60] = [("#N/A N/A", "BID", 1.6, 100), (time, "SETTLE", 1.6, 100), (time, "TRADE", 1.6, 250.5)]
