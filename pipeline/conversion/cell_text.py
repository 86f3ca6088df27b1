"""The text of a cell as a person would name it."""

from __future__ import annotations

from pipeline.conversion import timestamps
from pipeline.conversion.excel.cells import BOOL, ISO, NUMBER, SERIAL, Cell, number_text


def cell_text(cell: Cell, *, date1904: bool) -> str:
    """Return 17.3, 2025-04-14 10:00:01, TRUE, #N/A for a cell of any kind."""
    if cell.kind == ISO:
        time = timestamps.parse_time(cell.text)
        without_zone = time is not None and time.offset is None and time.day
        return timestamps.as_text(without_zone + (time.clock or 0)) if time and without_zone else cell.text
    if cell.kind == BOOL:
        return "FALSE" if cell.text.strip() in ("0", "false") else "TRUE"
    if cell.kind == SERIAL:
        moment = timestamps.serial_ms(float(cell.text), date1904=date1904)
        if moment is not None:
            return timestamps.as_text(moment)
        if 0 <= float(cell.text) < 1:
            return timestamps.as_text(timestamps.serial_clock_ms(float(cell.text)) or 0).partition(" ")[2]
    if cell.kind in (NUMBER, SERIAL):
        return number_text(float(cell.text))
    return cell.text
