"""Finds the columns of time, type, price and size in the top rows of a sheet."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeAlias

from pipeline.conversion.names import full_name
from pipeline.errors import AmbiguousColumns, EmptySheet, MissingColumns, SeveralSecurities, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Head: TypeAlias = "Mapping[int, Mapping[int, str]]"
"""A sheet's first rows: row number → column (0 is A) → the start of the text."""

HEAD_ROWS: Final = 20
_ALIASES: Final = {
    **dict.fromkeys(("dates", "date", "time", "timestamp"), "time"),
    "type": "type",
    "price": "price",
    **dict.fromkeys(("size", "volume", "vol", "qty", "quantity"), "size"),
}
_CONDITION: Final = frozenset(
    {"conditioncodes", "conditioncode", "condcodes", "condcode", "cond", "condition", "conditions"}
    | {"condition_codes", "condition_code", "cond_codes", "cond_code"}
)
_SECURITY: Final = frozenset(
    {"ticker", "tickers", "tickersymbol", "security", "securities", "securityname", "symbol", "instrument"}
    | {"stock", "bloombergticker", "bloombergcode", "isin", "ric", "sedol", "figi"}
)
_WANTED: Final = {"time": "Dates", "type": "Type", "price": "Price", "size": "Size"}
_LONGEST: Final = 64
_MOST_NAMES: Final = 20
_SIDE_BY_SIDE: Final = 3
ONE_EACH: Final = "Put each security into a sheet of its own, with its name as the sheet's."
_DATE_NAMES: Final = frozenset({"date", "dates"})


@dataclass(frozen=True, slots=True)
class Columns:
    """Positions (0 is column A) of what a tick needs.

    clock: the second column when Date and Time stand apart. security: the column that names each row's security.
    condition: the column of the vendor's condition codes.
    """

    time: int
    type: int
    price: int
    size: int
    clock: int | None = None
    security: int | None = None
    condition: int | None = None

    @property
    def used(self) -> tuple[int, ...]:
        """Return the positions in the order time, (clock,) type, price, size."""
        times = (self.time,) if self.clock is None else (self.time, self.clock)
        return (*times, self.type, self.price, self.size)

    @property
    def with_others(self) -> tuple[int, ...]:
        """Return the positions used and those of the security's name and of condition codes, where there are any."""
        return (*self.used, *(column for column in (self.security, self.condition) if column is not None))


def find_columns(head: Head, header_row: int) -> Columns:
    """Return where the columns stand in `head` (row number → position → text).

    Raises EmptySheet, MissingColumns (naming what was found), AmbiguousColumns (naming both) or SeveralSecurities for
    blocks that stand side by side.
    """
    if all(not text or text.isspace() for row in head.values() for text in row.values()):
        raise EmptySheet("the sheet is empty.")
    by_meaning = _by_meaning(head.get(header_row, {}))
    missing = [name for meaning, name in _WANTED.items() if meaning not in by_meaning]
    if missing:
        raise MissingColumns(_missing_message(head, header_row, missing))
    repeated = [headers[1][1] for headers in by_meaning.values() if len(headers) > 1]
    if len(repeated) >= _SIDE_BY_SIDE:
        raise SeveralSecurities(
            f"row {header_row} has the headers {', '.join(map(shown, repeated))} twice, as for two securities side by "
            f"side. {ONE_EACH}"
        )
    by_meaning["time"], clock = _date_and_clock(by_meaning["time"])
    for meaning, headers in by_meaning.items():
        if len(headers) > 1:
            raise AmbiguousColumns(
                f"row {header_row} has two columns for {meaning}, '{shown(headers[0][1])}' and "
                f"'{shown(headers[1][1])}'; rename or remove one."
            )
    time, kind, price, size = (by_meaning[meaning][0][0] for meaning in _WANTED)
    columns = Columns(time, kind, price, size, clock)
    _refuse_lower_block(head, header_row, columns)
    marked = [column for column, text in sorted(head[header_row].items()) if _word(text) in _CONDITION]
    condition = marked[0] if len(marked) == 1 else None
    security = _security_column(head, header_row, columns)
    return replace(columns, security=security, condition=None if condition == security else condition)


def names_columns(cells: Iterable[str]) -> bool:
    """Return whether cells of a row are column names again: two of them at least."""
    return sum(_word(cell) in _ALIASES for cell in cells) > 1


def _by_meaning(row: Mapping[int, str]) -> dict[str, list[tuple[int, str]]]:
    """Return meaning → [(position, header text)], left to right."""
    by_meaning: dict[str, list[tuple[int, str]]] = {}
    for position, text in sorted(row.items()):
        meaning = _ALIASES.get(_word(text))
        if meaning is not None:
            by_meaning.setdefault(meaning, []).append((position, text))
    return by_meaning


def _date_and_clock(times: list[tuple[int, str]]) -> tuple[list[tuple[int, str]], int | None]:
    """Split a Date and a Time column; anything else stays what it is, two columns for one meaning or one."""
    dates = [header for header in times if _word(header[1]) in _DATE_NAMES]
    clocks = [header for header in times if _word(header[1]) == "time"]
    is_split = len(times) == len(dates) + len(clocks) and len(dates) == len(clocks) == 1
    return (dates, clocks[0][0]) if is_split else (times, None)


def _word(text: str) -> str:
    """Return a header's text without case and blanks."""
    return "".join(text.split()).casefold() if len(text) <= _LONGEST else ""


def _refuse_lower_block(head: Head, header_row: int, columns: Columns) -> None:
    """Raise SeveralSecurities for headers that stand lower, and beside the columns that are read."""
    for number, row in sorted(head.items()):
        beside = not names_columns(row.get(column, "") for column in columns.used)
        if number > header_row and beside and set(_by_meaning(row)) == set(_WANTED):
            raise SeveralSecurities(f"row {header_row} has headers, and row {number} has them again. {ONE_EACH}")


def _security_column(head: Head, header_row: int, columns: Columns) -> int | None:
    """Return the column whose header, or whose every cell in the first rows, names securities."""
    rows = [cells for number, cells in head.items() if number > header_row and columns.type in cells]
    for column in sorted(set(head[header_row]).union(*rows) - set(columns.used)):
        is_named = bool(rows) and all(full_name(cells.get(column, "")) for cells in rows)
        if is_named or _word(head[header_row].get(column, "")) in _SECURITY:
            return column
    return None


def _missing_message(head: Head, header_row: int, missing: list[str]) -> str:
    names = [text.strip() for _, text in sorted(head.get(header_row, {}).items()) if text and not text.isspace()]
    listed = ", ".join([shown(name, _LONGEST) for name in names[:_MOST_NAMES]] + ["…"] * (len(names) > _MOST_NAMES))
    message = f"row {header_row} has no column {' and no column '.join(missing)}; it holds {listed or 'nothing'}."
    elsewhere = [number for number in sorted(head) if set(_by_meaning(head[number])) == set(_WANTED)]
    if elsewhere:
        return f"{message} Row {elsewhere[0]} has the headers: use --header-row {elsewhere[0]}."
    return f"{message} A tick sheet needs Dates, Type, Price and Size in one row."
