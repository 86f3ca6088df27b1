"""The top rows of a sheet in, the positions of time, type, price and size out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pipeline.errors import AmbiguousColumns, EmptySheet, MissingColumns, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

HEAD_ROWS: Final = 20
_ALIASES: Final = {
    "dates": "time",
    "date": "time",
    "time": "time",
    "timestamp": "time",
    "type": "type",
    "price": "price",
    "size": "size",
    "volume": "size",
    "vol": "size",
    "qty": "size",
    "quantity": "size",
}
_WANTED: Final = {"time": "Dates", "type": "Type", "price": "Price", "size": "Size"}
_LONGEST: Final = 64
_MOST_NAMES: Final = 20
_DATE_NAMES: Final = frozenset({"date", "dates"})


@dataclass(frozen=True, slots=True)
class Columns:
    """Positions (0 is column A) of what a tick needs; `clock` is the second column when Date and Time stand apart."""

    time: int
    type: int
    price: int
    size: int
    clock: int | None = None

    @property
    def used(self) -> tuple[int, ...]:
        """Return the positions in the order time, (clock,) type, price, size."""
        times = (self.time,) if self.clock is None else (self.time, self.clock)
        return (*times, self.type, self.price, self.size)


def find_columns(head: Mapping[int, Mapping[int, str]], header_row: int) -> Columns:
    """Return where the columns stand in `head` (row number → position → text).

    Raises EmptySheet, MissingColumns (naming what was found) or AmbiguousColumns (naming both).
    """
    if all(not text or text.isspace() for row in head.values() for text in row.values()):
        raise EmptySheet("the sheet is empty.")
    found = _meanings(head.get(header_row, {}))
    missing = [name for meaning, name in _WANTED.items() if meaning not in found]
    if missing:
        raise MissingColumns(_missing_message(head, header_row, missing))
    clock = None
    times = found["time"]
    if len(times) > 1:
        times, clock = _date_and_clock(times)
    for meaning, places in {**found, "time": times}.items():
        if len(places) > 1:
            (_, first), (_, second) = places[:2]
            raise AmbiguousColumns(
                f"row {header_row} has two columns for {meaning}, '{shown(first)}' and '{shown(second)}'; "
                "rename or remove one."
            )
    return Columns(times[0][0], found["type"][0][0], found["price"][0][0], found["size"][0][0], clock)


def _meanings(row: Mapping[int, str]) -> dict[str, list[tuple[int, str]]]:
    """Return meaning → [(position, header text)], left to right."""
    found: dict[str, list[tuple[int, str]]] = {}
    for position, text in sorted(row.items()):
        meaning = _ALIASES.get("".join(text.split()).casefold()) if len(text) <= _LONGEST else None
        if meaning is not None:
            found.setdefault(meaning, []).append((position, text))
    return found


def _date_and_clock(times: list[tuple[int, str]]) -> tuple[list[tuple[int, str]], int | None]:
    """Split a Date and a Time column; anything else stays two columns for one meaning."""
    dates = [place for place in times if "".join(place[1].split()).casefold() in _DATE_NAMES]
    clocks = [place for place in times if "".join(place[1].split()).casefold() == "time"]
    if len(times) == len(dates) + len(clocks) and len(dates) == len(clocks) == 1:
        return dates, clocks[0][0]
    return times, None


def _missing_message(head: Mapping[int, Mapping[int, str]], header_row: int, missing: list[str]) -> str:
    names = [text.strip() for _, text in sorted(head.get(header_row, {}).items()) if text and not text.isspace()]
    told = ", ".join([shown(name, _LONGEST) for name in names[:_MOST_NAMES]] + ["…"] * (len(names) > _MOST_NAMES))
    message = f"row {header_row} has no column {' and no column '.join(missing)}; it holds {told or 'nothing'}."
    elsewhere = [number for number in sorted(head) if set(_meanings(head[number])) == set(_WANTED)]
    if elsewhere:
        return f"{message} Row {elsewhere[0]} has the headers: use --header-row {elsewhere[0]}."
    return f"{message} A tick sheet needs Dates, Type, Price and Size in one row."
