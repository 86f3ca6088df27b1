"""Writes a synthetic tick workbook from a seed: made-up prices in the layout of a Bloomberg export, for the demo."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pipeline.conversion.excel.write import ErrorValue, Moment, write_workbook

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pipeline.conversion.excel.write import Value

_FIRST_DAY: Final = dt.date(2025, 1, 6)
_UNIX_DAY: Final = dt.date(1970, 1, 1).toordinal()
_MS_PER_DAY: Final = 86_400_000
_SATURDAY: Final = 5
# Seconds of the day: pre-open, continuous trading, its end, the closing auction's prints.
_PRE_OPEN, _OPEN, _PRE_CLOSE, _AUCTION = 34_200, 36_000, 53_100, 53_700
_NOTE: Final = "SYNTHETIC ticks made by a random number generator: not market data"
_PRE_OPEN_SHARE: Final = 0.03
_AUCTION_PRINTS: Final = 12


@dataclass(frozen=True, slots=True)
class _Security:
    """What a made-up security starts from: its price in AED a share and its price step in AED."""

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
    path.parent.mkdir(parents=True, exist_ok=True)
    sheets = {}
    for number, security in enumerate(_SECURITIES):
        chance = random.Random(seed * 1000 + number)  # noqa: S311 - a reproducible sample, no secret
        sheets[security.sheet] = list(_sheet(security, chance, days, max(rows // days, 50)))
    _spoil(sheets[_SECURITIES[-1].sheet])
    write_workbook(path, sheets)


def _sheet(security: _Security, chance: random.Random, days: int, rows_a_day: int) -> Iterator[Sequence[Value]]:
    yield (security.sheet,)
    yield (_NOTE,)
    yield ("Dates", "Type", "Price", "Size")
    steps = round(security.price / security.step)
    day = _FIRST_DAY
    for _ in range(days):
        while day.weekday() >= _SATURDAY:
            day += dt.timedelta(days=1)
        midnight = (day.toordinal() - _UNIX_DAY) * _MS_PER_DAY
        for second, kind, place, size in _day(chance, rows_a_day, steps, security.usual_size):
            yield (Moment(midnight + second * 1000), kind, round(place * security.step, 4), size)
            steps = place or steps
        day += dt.timedelta(days=1)


def _day(chance: random.Random, rows: int, steps: int, usual: int) -> Iterator[tuple[int, str, int, int]]:
    """Yield one day's (second, type, price in steps, size), in time order; several may share a second."""
    yield _PRE_OPEN, "BID", 0, 0
    yield _PRE_OPEN, "ASK", 0, 0
    middle = steps
    early = int(rows * _PRE_OPEN_SHARE)
    for second in _seconds(chance, _PRE_OPEN, _OPEN, early):
        yield _quote(chance, second, middle, usual)
    for second in _seconds(chance, _OPEN, _PRE_CLOSE, rows - 2 * early - _AUCTION_PRINTS - 2):
        luck = chance.random()
        if luck < 0.04:  # noqa: PLR2004 - one event in 25 moves the middle by a step
            middle = max(5, middle + (1 if luck < 0.02 else -1))  # noqa: PLR2004 - up as often as down
        yield _event(chance, second, middle, usual)
    for second in _seconds(chance, _PRE_CLOSE, _AUCTION, early):
        yield _quote(chance, second, middle, usual)
    # The auction's trades are printed in one or two seconds, all at the closing price.
    for number in range(_AUCTION_PRINTS):
        yield _AUCTION + number // 8, "TRADE", middle, _size(chance, usual * 6)


def _event(chance: random.Random, second: int, middle: int, usual: int) -> tuple[int, str, int, int]:
    luck = chance.random()
    if luck < 0.2:  # noqa: PLR2004 - one event in five is a trade, half of them up
        return second, "TRADE", middle + (1 if luck < 0.1 else -1), _size(chance, usual // 2)  # noqa: PLR2004
    return _quote(chance, second, middle, usual)


def _quote(chance: random.Random, second: int, middle: int, usual: int) -> tuple[int, str, int, int]:
    depth = 1 + int(chance.random() * 1.3)
    if chance.random() < 0.5:  # noqa: PLR2004 - bids as often as asks
        return second, "BID", max(1, middle - depth), _size(chance, usual * 4)
    return second, "ASK", middle + depth, _size(chance, usual * 4)


def _seconds(chance: random.Random, start: int, end: int, count: int) -> list[int]:
    return sorted(start + int(chance.random() * (end - start)) for _ in range(max(count, 0)))


def _size(chance: random.Random, usual: int) -> int:
    return 1 + int(usual * 2 * chance.random() ** 2)


def _spoil(rows: list[Sequence[Value]]) -> None:
    """Insert rows that are no ticks, as exports have them: error cells, an unknown type, a broken size, a blank row."""
    time = rows[40][0]
    rows[20:20] = [(time, "ASK", ErrorValue("#N/A"), 500), ()]
    rows[60:60] = [("#N/A N/A", "BID", 1.6, 100), (time, "SETTLE", 1.6, 100), (time, "TRADE", 1.6, 250.5)]
