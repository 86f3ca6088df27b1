"""Applies the rules of what a tick is to raw rows: ticks, and rejects with the rule they broke."""

from __future__ import annotations

import math
import sys
from array import array
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from pipeline.conversion import timestamps
from pipeline.conversion.excel.cells import BLANK, BOOL, EMPTY, ISO, NUMBER, SERIAL, TEXT, Cell
from pipeline.ticks import TICK_TYPES, Int64s, Ticks
from pipeline.times import MILLISECOND

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pipeline.conversion.headers import Columns

Row: TypeAlias = "tuple[int, Mapping[int, Cell]]"
"""A row's Excel number and its cells that are not blank, by column."""

NO_TIME: Final = "no time"
UNREADABLE_TIME: Final = "unreadable time"
UNKNOWN_TYPE: Final = "unknown type"
PRICE_MISSING: Final = "price missing"
PRICE_NOT_A_NUMBER: Final = "price not a number"
PRICE_NEGATIVE: Final = "price negative"
SIZE_MISSING: Final = "size missing"
SIZE_NOT_A_NUMBER: Final = "size not a number"
SIZE_NEGATIVE: Final = "size negative"
SIZE_NOT_WHOLE: Final = "size not whole"
SIZE_TOO_LARGE: Final = "size too large"
# Excel keeps numbers as doubles, so above 2**53 a whole number is no longer the one that was meant.
LARGEST_SIZE: Final = 2.0**53
LONGEST_SHOWN: Final = 100
_LONGEST_KNOWN: Final = 255
_LONG_TEXT: Final = "\0"
# As many as are asked for one by one when it is to be known whether a sheet changed.
_MOST_TEXTS: Final = 1_000
_CODES: Final = {name.casefold(): code for code, name in enumerate(TICK_TYPES)}


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that is not a tick: Excel row number, the cells (time, type, price, size) as text, and the rule it broke.

    Only the first 100 letters of a cell's text are kept.
    """

    row: int
    cells: tuple[str, str, str, str]
    rule: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """One sheet's rows: `rows` = ticks + rejects + `blank`; `texts` are the cell texts that were read.

    A text longer than Excel's longest name stands among them as one that no cell holds; above a thousand none is added.
    `row_numbers` are the ticks' Excel rows when the rows were read one by one, else empty. `securities` are the texts
    of the column that names each row's security, each with its first row (0 when rows were not read one by one).
    """

    ticks: Ticks
    rejects: tuple[Reject, ...]
    rows: int
    blank: int
    texts: frozenset[str]
    row_numbers: Int64s = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    securities: dict[str, int] = field(default_factory=dict)

    @property
    def reject_counts(self) -> dict[str, int]:
        """Return the number of rejected rows by rule, sorted by rule."""
        return dict(sorted(Counter(reject.rule for reject in self.rejects).items()))


class _Broken(Exception):
    """A row broke the rule that is the only argument."""


def type_code(text: str) -> int:
    """Return the code of BID, ASK or TRADE, case and blanks ignored; -1 for anything else."""
    return _CODES.get(text.strip().casefold(), -1) if len(text) <= _LONGEST_KNOWN else -1


def judge_rows(rows: Iterable[Row], columns: Columns, header_row: int, *, date1904: bool) -> Parsed:
    """Sort the rows below the header, in any order, into ticks, rejects and blanks by row number."""
    numbers, moments, sizes, marks = array("q"), array("q"), array("q"), array("i")
    codes, prices = array("b"), array("d")
    rejects: list[Reject] = []
    texts: set[str] = set()
    filled = array("q")
    securities: dict[str, int] = {}
    conditions = {"": 0}
    used = columns.used
    for number, row in rows:
        cells = [row.get(column, BLANK) for column in used]
        if all(cell is BLANK for cell in cells):
            continue
        filled.append(number)
        security = BLANK if columns.security is None else row.get(columns.security, BLANK)
        if security.kind in (TEXT, NUMBER) and len(securities) < _MOST_TEXTS:
            securities.setdefault(security.text[:LONGEST_SHOWN], number)
        if len(texts) <= _MOST_TEXTS:
            texts.update(
                cell.text if len(cell.text) <= _LONGEST_KNOWN else _LONG_TEXT for cell in cells if cell.kind == TEXT
            )
        condition = BLANK if columns.condition is None else row.get(columns.condition, BLANK)
        mark = condition.text.strip()[:LONGEST_SHOWN] if condition.kind in (TEXT, NUMBER) else ""
        if condition.kind == TEXT and len(texts) <= _MOST_TEXTS:
            texts.add(condition.text if len(condition.text) <= _LONGEST_KNOWN else _LONG_TEXT)
        *times, kind, price, size = cells
        try:
            moment, code = _moment(times, date1904=date1904), _code(kind)
            cost, shares = _price(price), _size(size)
        except _Broken as broken:
            shown = [_shown(cell, date1904=date1904) for cell in (kind, price, size)]
            time = " ".join(filter(None, (_shown(cell, date1904=date1904) for cell in times)))
            # A million rejects may well say the same.
            texts_shown = tuple(sys.intern(text[:LONGEST_SHOWN]) for text in (time, *shown))
            rejects.append(Reject(number, texts_shown, str(broken)))  # type: ignore[arg-type]
            continue
        numbers.append(number)
        moments.append(moment)
        codes.append(code)
        prices.append(cost)
        sizes.append(shares)
        marks.append(conditions.setdefault(mark, len(conditions)))
    # A file may hold its rows in another order than Excel shows them; what Excel shows is the workbook's order.
    order = np.argsort(np.asarray(numbers), kind="stable")
    blank = max(filled) - header_row - len(np.unique(np.asarray(filled))) if filled else 0
    return Parsed(
        ticks=Ticks(
            timestamp=np.asarray(moments)[order] * MILLISECOND,
            kind=np.asarray(codes)[order],
            price=np.asarray(prices)[order],
            volume=np.asarray(sizes)[order],
            condition=np.asarray(marks)[order] if len(conditions) > 1 else None,
            conditions=tuple(conditions) if len(conditions) > 1 else (),
        ),
        rejects=tuple(sorted(rejects, key=lambda reject: reject.row)),
        rows=len(filled) + blank,
        blank=blank,
        texts=frozenset(texts.union(securities)),
        row_numbers=np.asarray(numbers)[order],
        securities=securities,
    )


def _moment(times: Sequence[Cell], *, date1904: bool) -> int:
    if any(cell.kind == EMPTY for cell in times):
        raise _Broken(NO_TIME)
    if len(times) == 1:
        moment = _time_of(times[0], partial(timestamps.serial_ms, date1904=date1904), timestamps.iso_ms)
    else:
        day = _time_of(times[0], partial(timestamps.serial_day_ms, date1904=date1904), timestamps.iso_day_ms)
        clock = _time_of(times[1], timestamps.serial_clock_ms, timestamps.iso_clock_ms)
        moment = None if day is None or clock is None else day + clock
    if moment is None:
        raise _Broken(UNREADABLE_TIME)
    return moment


def _time_of(cell: Cell, of_serial: Callable[[float], int | None], of_iso: Callable[[str], int | None]) -> int | None:
    if cell.kind == SERIAL:
        return of_serial(float(cell.text))
    return of_iso(cell.text) if cell.kind in (TEXT, ISO) else None


def _code(cell: Cell) -> int:
    code = type_code(cell.text) if cell.kind == TEXT else -1
    if code < 0:
        raise _Broken(UNKNOWN_TYPE)
    return code


def _price(cell: Cell) -> float:
    return _number(cell, PRICE_MISSING, PRICE_NOT_A_NUMBER, PRICE_NEGATIVE) + 0.0


def _size(cell: Cell) -> int:
    value = _number(cell, SIZE_MISSING, SIZE_NOT_A_NUMBER, SIZE_NEGATIVE)
    if value > LARGEST_SIZE:
        raise _Broken(SIZE_TOO_LARGE)
    if not value.is_integer():
        raise _Broken(SIZE_NOT_WHOLE)
    return int(value)


def _number(cell: Cell, missing: str, not_a_number: str, negative: str) -> float:
    if cell.kind == EMPTY:
        raise _Broken(missing)
    value = float(cell.text) if cell.kind == NUMBER else math.nan
    if not math.isfinite(value):
        raise _Broken(not_a_number)
    if value < 0:
        raise _Broken(negative)
    return value


def _shown(cell: Cell, *, date1904: bool) -> str:
    """Return a cell's text as a person would name it: 17.3, 2025-04-14 10:00:01, TRUE, #N/A."""
    if cell.kind == ISO:
        moment = timestamps.iso_ms(cell.text)
        return cell.text if moment is None else timestamps.as_text(moment)
    if cell.kind == BOOL:
        return "FALSE" if cell.text.strip() in ("0", "false") else "TRUE"
    if cell.kind == SERIAL:
        moment = timestamps.serial_ms(float(cell.text), date1904=date1904)
        if moment is not None:
            return timestamps.as_text(moment)
        if 0 <= float(cell.text) < 1:
            return timestamps.as_text(timestamps.serial_clock_ms(float(cell.text)) or 0).partition(" ")[2]
    if cell.kind in (NUMBER, SERIAL):
        value = float(cell.text)
        return str(int(value)) if value.is_integer() and abs(value) < LARGEST_SIZE else repr(value)
    return cell.text
