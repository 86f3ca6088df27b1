"""Groups the headers of a row that belong together, and finds the one of times that pandas leaves out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from pipeline.conversion.header_words import LONG, WIDE, is_clock, is_date, is_day, meaning_of
from pipeline.conversion.timestamps import parse_time

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.conversion.header_words import Meaning
    from pipeline.conversion.headers import Head

_FIRST_DAY, _LAST_DAY = 32_874, 73_051
"""Excel's numbers of the years 1990 and 2100."""


@dataclass(slots=True)
class Group:
    """Headers side by side, each meaning once, with its column, text and rank."""

    headers: dict[Meaning, tuple[int, str, int]] = field(default_factory=dict)
    clock: tuple[int, str] | None = None
    twice: tuple[Meaning, str, str] | None = None
    unread: list[tuple[int, str, str]] = field(default_factory=list)

    @property
    def is_long(self) -> bool:
        """Return whether it has all that a row of one tick needs."""
        return self.headers.keys() >= set(LONG)

    @property
    def is_wide(self) -> bool:
        """Return whether it has all that a row of both sides needs."""
        return self.headers.keys() >= set(WIDE)

    @property
    def is_complete(self) -> bool:
        """Return whether its columns are ticks."""
        return self.is_long or self.is_wide

    @property
    def positions(self) -> set[int]:
        """Return the columns of times, types, prices and sizes."""
        used = (*LONG, *WIDE) if self.is_wide else LONG
        columns = {header[0] for meaning, header in self.headers.items() if meaning in used}
        return columns | ({self.clock[0]} if self.clock else set())


def groups_of(row: Mapping[int, str], own: Mapping[str, Meaning]) -> list[Group]:
    """Return a row's headers in groups of which each has a meaning once; a gap ends a complete one.

    It ends one that is not complete where a later one is then, as an own calculation to the left of the ticks.
    """
    apart = _groups(row, own, gaps_end=True)
    return apart if any(group.is_complete for group in apart) else _groups(row, own, gaps_end=False)


def _groups(row: Mapping[int, str], own: Mapping[str, Meaning], *, gaps_end: bool) -> list[Group]:
    groups = [Group()]
    last, before, is_other_between = -1, "", False
    for column, text in sorted(row.items()):
        known = meaning_of(text, own)
        if known is None or known[0] in ("condition", "security"):
            is_other_between |= known is None and bool(text.strip())
            continue
        meaning, rank = known
        if meaning == "size" and before in ("bid", "ask") and last == column - 1:  # Bid, Size, Ask, Size
            meaning = cast("Meaning", f"{before} size")
        group = groups[-1]
        is_apart = any(not row.get(between, "").strip() for between in range(last + 1, column))
        is_pair = _is_pair(group, text) and not (is_apart and before != "time")
        is_pair &= not (group.is_complete and is_other_between)
        last, before, is_other_between = column, meaning, False
        if is_apart and (group.is_complete or (gaps_end and meaning in group.headers and not is_pair)):
            groups.append(group := Group())
        if meaning in group.headers and not is_pair:
            group = _again(groups, meaning, (column, text, rank))
        elif meaning in group.headers:
            other = group.headers["time"]
            date, clock = ((column, text, rank), other) if is_date(text) else (other, (column, text, rank))
            group.headers["time"], group.clock = date, clock[:2]
        else:
            group.headers[meaning] = (column, text, rank)
    return groups


def _is_pair(group: Group, text: str) -> bool:
    """Return whether a header and the group's time are a date and a time of day."""
    if "time" not in group.headers or group.clock is not None:
        return False
    other = group.headers["time"][1]
    return (is_date(text) and is_clock(other)) or (is_clock(text) and is_date(other))


def _again(groups: list[Group], meaning: Meaning, header: tuple[int, str, int]) -> Group:
    """Take a header for what the last group has a column of: the surer counts; a complete one ends."""
    group = groups[-1]
    column, text, rank = header
    other = group.headers[meaning]
    if not (group.is_complete or group.clock or is_clock(text) or is_clock(other[1])):
        # days say less than times
        rank += (is_day(text) and not is_date(other[1])) - (is_day(other[1]) and not is_date(text))
    if rank < other[2]:
        group.headers[meaning] = header
        group.unread.append((other[0], other[1], text))
    elif rank > other[2]:
        group.unread.append((column, text, other[1]))
    elif group.is_complete:
        groups.append(group := Group({meaning: header}))
    else:
        group.twice = group.twice or (meaning, other[1], text)
    return group


def with_index(head: Head) -> Head:
    """Return the rows with a header for a column of times without one: pandas writes an index's below, or nowhere."""
    rows = dict(head)
    for number, row in head.items():
        meanings = {known[0] for text in row.values() if (known := meaning_of(text, {}))}
        if "time" in meanings or not any(meanings >= set(needed[1:]) for needed in (LONG, WIDE)):
            continue
        below = {column: text for column, text in head.get(number + 1, {}).items() if text.strip()}
        named = [column for column, text in below.items() if (known := meaning_of(text, {})) and known[0] == "time"]
        unnamed = [column for column in below if not row.get(column, "").strip() and _is_time(below[column])]
        if len(below) == len(named) == 1 and not meaning_of(row.get(named[0], ""), {}):
            rows[number + 1] = {**row, **below}
        elif len(unnamed) == 1:
            rows[number] = {**row, unnamed[0]: "time"}
    return rows


def _is_time(text: str) -> bool:
    """Return whether a cell's text is a date with its time, or Excel's number for one of this time."""
    time = parse_time(text)
    if time is not None:
        return time.day is not None
    try:
        return _FIRST_DAY < float(text) < _LAST_DAY
    except ValueError:
        return False
