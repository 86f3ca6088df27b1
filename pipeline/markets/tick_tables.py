"""Tick sizes by price range and lot sizes, each from a day on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from pipeline.errors import MarketFactsError
from pipeline.markets import blocks
from pipeline.markets.phases import EVER, check_ascending

if TYPE_CHECKING:
    import datetime as dt

Levels: TypeAlias = tuple[tuple[float, float], ...]

NO_GRID: Final[Levels] = ((math.inf, 2.0**-80),)
"""One level, of a power of 2, which has every price on its grid: where tick sizes are not known."""


@dataclass(frozen=True, slots=True)
class TickTable:
    """The tick sizes from a day on: (price below which one applies, it), ascending, the last below infinity."""

    since: dt.date
    levels: Levels


@dataclass(frozen=True, slots=True)
class LotSize:
    """The lot from a day on, shares."""

    since: dt.date
    size: float


def tick_tables_of(value: object, where: str) -> tuple[TickTable, ...]:
    """Return the tables that a file says, ascending by their days; none where it knows none."""
    listed = blocks.items(value, where, "a list of levels, or of tables by day")
    if value is not None and not listed:
        raise MarketFactsError(f"{where} is empty; leave it out where tick sizes are not known.")
    if listed and isinstance(listed[0], dict) and "levels" not in listed[0]:
        return (TickTable(EVER, _levels(listed, where)),)
    tables: list[TickTable] = []
    for number, each in enumerate(listed):
        place = f"{where}[{number}]"
        table = blocks.block(each, place, ("from", "levels"), ("levels",))
        since = EVER if table.get("from") is None else blocks.day(table["from"], f"{place}.from")
        if tables:
            check_ascending(tables[-1].since, since, place)
        levels = blocks.items(table["levels"], f"{place}.levels", "a list of levels")
        tables.append(TickTable(since, _levels(levels, f"{place}.levels")))
    return tuple(tables)


def lot_sizes_of(value: object, where: str) -> tuple[LotSize, ...]:
    """Return the lot sizes that a file says, none where it knows none."""
    if isinstance(value, list):
        sizes: list[LotSize] = []
        for number, each in enumerate(value):
            place = f"{where}[{number}]"
            entry = blocks.block(each, place, ("from", "size"), ("size",))
            since = EVER if entry.get("from") is None else blocks.day(entry["from"], f"{place}.from")
            if sizes:
                check_ascending(sizes[-1].since, since, place)
            sizes.append(LotSize(since, blocks.number(entry["size"], f"{place}.size")))
        return tuple(sizes)
    return () if value is None else (LotSize(EVER, blocks.number(value, where)),)


def _levels(listed: list[object], where: str) -> Levels:
    levels: list[tuple[float, float]] = []
    for number, each in enumerate(listed):
        place = f"{where}[{number}]"
        level = blocks.block(each, place, ("below", "tick"), ("tick",))
        if "below" not in level:
            raise MarketFactsError(f"{place}: 'below' is missing; it is null at the last.")
        below = math.inf if level["below"] is None else blocks.number(level["below"], f"{place}.below")
        if levels and below <= levels[-1][0]:
            raise MarketFactsError(f"{place}.below is not above that of the level in front of it.")
        levels.append((below, blocks.number(level["tick"], f"{place}.tick")))
    if not levels or levels[-1][0] != math.inf:
        raise MarketFactsError(f'{where} has no last level that applies without limit: "below": null.')
    return tuple(levels)
