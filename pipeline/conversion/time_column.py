"""Reads the time cells of a sheet's rows, and finds in them which of two numbers is the day and which the month."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from pipeline.conversion import timestamps
from pipeline.conversion.excel.cells import BLANK, ISO, NUMBER, SERIAL, TEXT, Cell
from pipeline.conversion.number_column import LARGEST_SIZE
from pipeline.conversion.reject_rules import NO_TIME, UNREADABLE_TIME, Broken
from pipeline.conversion.timestamps import (
    DAY_AND_MONTH,
    EARLIEST_PLAIN_MS,
    END_MS,
    FIRST_MS_1900,
    LATEST_PLAIN_MS,
)
from pipeline.errors import AmbiguousTimes, shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.conversion.rules import DateOrder, Rules
    from pipeline.conversion.ticks import TickRows

MONTHS_A_YEAR: Final = 12
OTHER_ORDER: Final[dict[DateOrder, DateOrder]] = {"dmy": "mdy", "mdy": "dmy"}
_NAMES: Final = {"dmy": "day/month", "mdy": "month/day"}
_GIVE_ORDER: Final = "Say which it is: --date-order dmy (day first) or --date-order mdy (month first)."


_Parts: TypeAlias = "tuple[int | None, int | None, int | None]"
"""The day, the time of day and the offset from UTC of a cell, ms; None where it has none."""

_NOTHING: Final = (None, None, None)


class Quoted(NamedTuple):
    """A cell as a message names it: its row and its text."""

    row: int
    text: str

    def __str__(self) -> str:
        return f"row {self.row} ('{shown(self.text)}')"

    def below(self, row: int) -> Quoted:
        """Return it with its row counted from `row`."""
        return Quoted(self.row + row, self.text)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What times show of the order of day and month.

    serial: the first that is a number. text: the first that is a text of day and month. proofs: by order, the first
    that cannot be of the other.
    """

    serial: Quoted | None = None
    text: Quoted | None = None
    proofs: Mapping[DateOrder, Quoted] = field(default_factory=dict)

    def then(self, later: Evidence, row: int = 0) -> Evidence:
        """Return what both show, the rows of the later counted from `row`."""
        serial, text = (quoted and quoted.below(row) for quoted in (later.serial, later.text))
        proofs = {order: quoted.below(row) for order, quoted in later.proofs.items()}
        return Evidence(self.serial or serial, self.text or text, {**proofs, **self.proofs})

    def order(self, requested: DateOrder | None) -> DateOrder | None:
        """Return the order of day and month, None when no text is of that kind; `requested` is what the request says.

        Raises AmbiguousTimes where they do not show it, or where Excel may have swapped some.
        """
        if self.text is None and not self.proofs:
            return None
        proofs, quoted = self.proofs, next(iter(self.proofs.values()), self.text)
        if self.serial is not None:
            raise AmbiguousTimes(
                f"its times are dates in part, as in {self.serial}, and texts of day and month in part, as in "
                f"{quoted}. Excel leaves such texts where it takes dates of one order for the other, and has then "
                "swapped day and month of those that fit. Correcting the texts is not enough: load the export into "
                "Excel again with its dates declared as what they are (Data, From Text/CSV, or Text to Columns, Date)."
            )
        if len(proofs) > 1:
            raise AmbiguousTimes(
                f"the day comes first in {proofs['dmy']} and the month in {proofs['mdy']}: load the export into Excel "
                "again with its dates declared as one of them (Data, From Text/CSV, or Text to Columns, Date)."
            )
        order = next(iter(proofs), None)
        if requested is not None and order == OTHER_ORDER[requested]:
            raise AmbiguousTimes(f"its times are {_NAMES[order]}, as in {quoted}, and --date-order is {requested}.")
        if order is None and requested is None:
            raise AmbiguousTimes(
                f"no time shows which number is the day and which the month, as in {quoted}. {_GIVE_ORDER}"
            )
        return order or requested


class TimeColumn:
    """The times of a sheet's rows, each in one cell or in one of the day and one of the time of day.

    order: that by which texts of day and month are read, None before the first of them.
    """

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._likely: str | None = None
        self._has_order = False
        self._likely_clock: str | None = None
        self.order: DateOrder | None = rules.date_order
        self._serial: Quoted | None = None
        self._text: Quoted | None = None
        self._proofs: dict[DateOrder, Quoted] = {}

    def moment(self, row: int, cells: Sequence[Cell], *, is_whole: bool) -> tuple[int, bool]:
        """Return the time that a row's cells say, ms since 1970, and whether it is of UTC, since its text has a zone.

        is_whole: the row has all cells of a tick, so that it counts for the order of day and month. Raises Broken.
        """
        day_cell = cells[0]
        if is_whole and self._serial is None and day_cell.kind in (SERIAL, NUMBER):
            self._serial = self._quoted_serial(row, day_cell)
        if len(cells) == 1 and day_cell.kind in (SERIAL, NUMBER):
            ms = self._serial_ms(day_cell)
            epoch = None if ms is not None else _epoch_ms(day_cell)
            if ms is None and epoch is None:
                raise Broken(UNREADABLE_TIME)
            return (ms, False) if ms is not None else (epoch or 0, True)
        if BLANK in cells:
            raise Broken(NO_TIME)
        day, clock, offset = self._day(row, day_cell, is_whole=is_whole)
        if len(cells) > 1:
            of_day, (day_again, clock, of_clock) = clock, self._clock(cells[1])
            # Programs write a time of day with a day of long ago, as 1900-01-01.
            has_two_days = day_again is not None and day_again >= EARLIEST_PLAIN_MS and day_again != day
            if of_day or has_two_days:
                raise Broken(UNREADABLE_TIME)
            offset = of_clock if offset is None else offset
        if day is None or (clock is None and len(cells) > 1):
            raise Broken(UNREADABLE_TIME)
        ms = day + (clock or 0) - (offset or 0)
        if not FIRST_MS_1900 <= ms < END_MS:
            raise Broken(UNREADABLE_TIME)
        return ms, offset is not None

    def decided_order(self, read: TickRows | None) -> DateOrder | None:
        """Return the order of day and month that the texts show, None when there are none of that kind.

        Raises AmbiguousTimes where they do not show it, or where Excel may have swapped some.
        """
        seen = Evidence(self._serial, self._text, self._proofs)
        return (seen if read is None else read.evidence.then(seen)).order(self._rules.date_order)

    def _serial_ms(self, cell: Cell) -> int | None:
        """Return the moment of a number: a date of any year where it is formatted as one, else of a plausible year."""
        ms = timestamps.serial_ms(float(cell.text), date1904=self._rules.date1904)
        if cell.kind == NUMBER and ms is not None and not EARLIEST_PLAIN_MS <= ms < LATEST_PLAIN_MS:
            return None
        return ms

    def _serial_parts(self, cell: Cell) -> tuple[int | None, int | None]:
        """Return the day and the time of day that a number says."""
        serial = float(cell.text)
        clock = timestamps.serial_clock_ms(serial)
        return timestamps.serial_day_ms(serial, date1904=self._rules.date1904), clock

    def _quoted_serial(self, row: int, cell: Cell) -> Quoted | None:
        ms = self._serial_ms(cell)
        return None if ms is None else Quoted(row, timestamps.as_text(ms))

    def _day(self, row: int, cell: Cell, *, is_whole: bool) -> _Parts:
        """Return what the first cell of a row's time says."""
        if cell.kind == NUMBER and self._serial_ms(cell) is None:  # 20250514 in a column of its own
            cell = Cell(TEXT, cell.text)
        if cell.kind in (SERIAL, NUMBER):
            return (*self._serial_parts(cell), None)
        time = timestamps.parse_time(cell.text, self.order, self._likely) if cell.kind in (TEXT, ISO) else None
        if time is None:
            if is_whole and self.order is not None and timestamps.parse_time(cell.text, OTHER_ORDER[self.order]):
                self._proofs.setdefault(OTHER_ORDER[self.order], Quoted(row, cell.text))
            return _NOTHING
        form, day, clock, offset = time
        if form != self._likely:
            self._likely, self._has_order = form, form.startswith(DAY_AND_MONTH)
        if self._has_order and is_whole and day is not None:
            self.order = self.order or ("dmy" if form.startswith("d") else "mdy")
            if self._text is None:
                self._text = Quoted(row, cell.text)
            if self.order not in self._proofs and timestamps.day_of_month(day) > MONTHS_A_YEAR:
                self._proofs[self.order] = Quoted(row, cell.text)
        return day, clock, offset

    def _clock(self, cell: Cell) -> _Parts:
        """Return what the second cell of a row's time says."""
        if cell.kind in (SERIAL, NUMBER):
            day, clock = self._serial_parts(cell)
            # A number of 1 and more that no format shows as a date may count seconds, or be 100001 for 10:00:01.
            is_plain = cell.kind == NUMBER and float(cell.text) >= 1
            return _NOTHING if is_plain and (day or 0) < EARLIEST_PLAIN_MS else (day, clock, None)
        time = timestamps.parse_time(cell.text, likely=self._likely_clock) if cell.kind in (TEXT, ISO) else None
        if time is None:
            return _NOTHING
        self._likely_clock, day, clock, offset = time
        return day, clock, offset


def _epoch_ms(cell: Cell) -> int | None:
    """Return ms of UTC of a number that counts s, ms, us or ns since 1970."""
    if cell.kind == NUMBER and cell.text.strip().isdigit():
        return timestamps.epoch_ms(int(cell.text))
    number = float(cell.text)
    is_exact = number.is_integer() and number <= LARGEST_SIZE  # above it, ns come out as the ms before
    return timestamps.epoch_ms(int(number)) if cell.kind == NUMBER and is_exact else None
