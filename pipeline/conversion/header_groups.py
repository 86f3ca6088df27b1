"""Groups the headers of a row that belong together, and finds the one of times that pandas leaves out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, cast

from pipeline.conversion.header_times import has_time_of_day, is_clock_of, reading_of
from pipeline.conversion.header_words import LONG, WIDE, is_clock, is_date, is_day, meaning_of
from pipeline.conversion.timestamps import END_SERIAL, FIRST_SERIAL, parse_time

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.conversion.header_words import Meaning
    from pipeline.conversion.headers import Head

Header: TypeAlias = "tuple[int, str, int]"
"""Its column, text and rank."""

_Gaps: TypeAlias = Literal["all", "repeated", "complete"]
"""Which group of headers an empty column ends: each, one that has the next header too, or only a complete one."""

_GAPS: Final[tuple[_Gaps, ...]] = ("all", "repeated", "complete")


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


def groups_of(head: Head, number: int, own: Mapping[str, Meaning]) -> list[Group]:
    """Return a row's headers in groups of which each has a meaning once; an empty column ends a group.

    It ends none that is not complete where no group would be complete then, as in ticks with an empty column between.
    """
    groups: list[Group] = []
    for gaps in _GAPS:
        groups = _Grouping(head, number, gaps).groups_of(own)
        if any(group.is_complete for group in groups):
            break
    return groups


class _Grouping:
    """The groups of a row's headers, left to right."""

    def __init__(self, head: Head, number: int, gaps: _Gaps) -> None:
        self._head = head
        self._number = number
        self._gaps = gaps
        self._groups = [Group()]

    def groups_of(self, own: Mapping[str, Meaning]) -> list[Group]:
        """Return the groups of the row's headers."""
        row = self._head[self._number]
        last, before, is_other_between = -1, "", False
        for column, text in sorted(row.items()):
            known = meaning_of(text, own)
            if known is None or known[0] in ("condition", "security"):
                is_other_between |= known is None and bool(text.strip())
                continue
            meaning, rank = known
            if meaning == "size" and before in ("bid", "ask") and last == column - 1:  # Bid, Size, Ask, Size
                meaning = cast("Meaning", f"{before} size")
            is_apart = any(not row.get(between, "").strip() for between in range(last + 1, column))
            is_beyond = is_apart and before != "time"
            is_beyond |= self._groups[-1].is_complete and is_other_between
            last, before, is_other_between = column, meaning, False
            self._take(meaning, (column, text, rank), is_apart=is_apart, is_beyond=is_beyond)
        return self._groups

    def _take(self, meaning: Meaning, header: Header, *, is_apart: bool, is_beyond: bool) -> None:
        """Take a header into the last group, or into a new one.

        is_beyond: other columns or an empty one are between.
        """
        group = self._groups[-1]
        may_pair = meaning == "time" and _is_pair(group, header[1])
        if may_pair and is_beyond:
            date, clock = _date_and_clock(group, header)
            may_pair = is_clock_of(self._head, self._number, date[0], clock[0])
        if may_pair and self._paired(group, header, is_apart):
            return
        ends = group.is_complete or self._gaps == "all" or (self._gaps == "repeated" and meaning in group.headers)
        if is_apart and ends and group.headers:
            self._groups.append(group := Group())
        if meaning in group.headers:
            self._again(group, meaning, header)
        else:
            group.headers[meaning] = header

    def _paired(self, group: Group, header: Header, is_apart: bool) -> bool:  # noqa: FBT001
        """Join a header and the group's time as the cells below them say; return False where they are not joined.

        To the right of a complete group, and beyond an empty column, one is taken only for what the other lacks.
        """
        other = group.headers["time"]
        date, clock = _date_and_clock(group, header)
        reading = reading_of(self._head, self._number, date[0], clock[0])
        lacking = ("pair", "other day", "clock") if other is date and not is_apart else ("pair",)
        if reading not in lacking and (group.is_complete or is_apart):
            return False
        if reading in ("pair", "other day"):  # of another day, the rows are rejected
            group.headers["time"], group.clock = date, clock[:2]
        elif reading == "contradiction":
            group.twice = group.twice or ("time", other[1], header[1])
        else:
            taken, left = (date, clock) if reading == "date" else (clock, date)
            group.headers["time"] = taken
            group.unread.append((*left[:2], taken[1]))
        return True

    def _again(self, group: Group, meaning: Meaning, header: Header) -> None:
        """Take a header for what the last group has a column of: the surer counts; a complete one ends."""
        column, text, rank = header
        other = group.headers[meaning]
        if not (group.is_complete or group.clock or is_clock(text) or is_clock(other[1])):
            # days say less than times
            rank += (is_day(text) and not is_date(other[1])) - (is_day(other[1]) and not is_date(text))
        if meaning == "time" and group.is_complete and has_time_of_day(self._head, self._number, other[0]):
            rank = max(rank, other[2])
        if rank < other[2]:
            group.headers[meaning] = header
            group.unread.append((other[0], other[1], text))
        elif rank > other[2]:
            group.unread.append((column, text, other[1]))
        elif group.is_complete:
            self._groups.append(Group({meaning: header}))
        else:
            group.twice = group.twice or (meaning, other[1], text)


def _date_and_clock(group: Group, header: Header) -> tuple[Header, Header]:
    """Return a header and the group's time as that of the days and that of the times of day."""
    other = group.headers["time"]
    return (header, other) if is_date(header[1]) else (other, header)


def _is_pair(group: Group, text: str) -> bool:
    """Return whether a header and the group's time are a date and a time of day."""
    if "time" not in group.headers or group.clock is not None:
        return False
    other = group.headers["time"][1]
    return (is_date(text) and is_clock(other)) or (is_clock(text) and is_date(other))


def with_index(head: Head) -> Head:
    """Return the rows with a header for a column of times without one: pandas writes an index's below, or nowhere."""
    rows = dict(head)
    for number, row in head.items():
        meanings = {known[0] for text in row.values() if (known := meaning_of(text, {}))}
        if "time" in meanings or not any(meanings >= set(needed[1:]) for needed in (LONG, WIDE)):
            continue
        below = {column: text for column, text in head.get(number + 1, {}).items() if text.strip()}
        named = [column for column, text in below.items() if (known := meaning_of(text, {})) and known[0] == "time"]
        unnamed = [column for column in below if not row.get(column, "").strip() and is_time(below[column])]
        if len(below) == len(named) == 1 and not meaning_of(row.get(named[0], ""), {}):
            rows[number + 1] = {**row, **below}
        elif len(unnamed) == 1:
            rows[number] = {**row, unnamed[0]: "time"}
    return rows


def is_time(text: str) -> bool:
    """Return whether a cell's text is a date with its time, or Excel's number for one of this time."""
    time = parse_time(text)
    if time is not None:
        return time.day is not None
    try:
        return FIRST_SERIAL < float(text) < END_SERIAL
    except ValueError:
        return False
