"""Reads the time cells of a sheet's rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pipeline.conversion import timestamps
from pipeline.conversion.excel.cells import ISO, SERIAL, TEXT, Cell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.conversion.rules import Rules


class Moment(NamedTuple):
    """A row's time: ms since 1970, of UTC where the text had a zone, else on the exchange's clock."""

    ms: int
    is_utc: bool


class TimeColumn:
    """The times of a sheet's rows, each in one cell or in one of the day and one of the time of day."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._likely: str | None = None

    def moment(self, cells: Sequence[Cell]) -> Moment | None:
        """Return the time that a row's cells say; None when it cannot be read, or is not in range."""
        date1904 = self._rules.date1904
        if len(cells) == 1 and cells[0].kind == SERIAL:
            ms = timestamps.serial_ms(float(cells[0].text), date1904=date1904)
            return None if ms is None else Moment(ms, is_utc=False)
        day, clock, offset = self._parts(cells[0])
        if len(cells) > 1:
            _, clock, offset_of_clock = self._parts(cells[1])
            offset = offset_of_clock if offset is None else offset
            if clock is None:
                return None
        if day is None:
            return None
        ms = day + (clock or 0) - (offset or 0)
        in_range = timestamps.FIRST_MS_1900 <= ms < timestamps.END_MS
        return Moment(ms, offset is not None) if in_range else None

    def _parts(self, cell: Cell) -> tuple[int | None, int | None, int | None]:
        """Return the day, the time of day and the offset of a cell, each in ms and None where it has none."""
        if cell.kind == SERIAL:
            serial = float(cell.text)
            day = timestamps.serial_day_ms(serial, date1904=self._rules.date1904)
            return day, timestamps.serial_clock_ms(serial), None
        if cell.kind not in (TEXT, ISO):
            return None, None, None
        time = timestamps.parse_time(cell.text, self._rules.date_order, self._likely)
        if time is None or (self._rules.date_order is None and time.form.startswith(timestamps.DAY_AND_MONTH)):
            return None, None, None
        self._likely = time.form
        return time.day, time.clock, time.offset
