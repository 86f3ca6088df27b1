"""Applies the rules of what a tick is to raw rows: ticks, and rejects with the rule they broke."""

from __future__ import annotations

import math
import sys
from array import array
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

from pipeline.conversion import timestamps
from pipeline.conversion.excel.cells import BLANK, BOOL, EMPTY, ISO, NUMBER, SERIAL, TEXT, Cell
from pipeline.conversion.rules import LONGEST_TEXT, type_code
from pipeline.conversion.time_column import Moment, TimeColumn
from pipeline.ticks import Ticks, union_of
from pipeline.times import MILLISECOND

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pipeline.conversion.headers import Columns
    from pipeline.conversion.rules import DateOrder, Rules
    from pipeline.ticks import Float64s, Int8s, Int32s, Int64s

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
LONG_TEXT: Final = "\0"
"""Stands among the texts that were read for one that is too long to be asked for, and for times and numbers as text."""
# As many as are asked for one by one when it is to be known whether a sheet changed.
_MOST_TEXTS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that is not a tick: Excel row number, the cells (time, type, price, size) as text, and the rule it broke.

    Only the first 100 letters of a cell's text are kept. security: index into `Parsed.securities`.
    """

    row: int
    cells: tuple[str, str, str, str]
    rule: str
    security: int = 0


@dataclass(frozen=True, slots=True)
class Parsed:
    """One sheet's rows: `rows` = ticks + rejects + `blank`; `texts` are the cell texts that were read.

    A text longer than Excel's longest name stands among them as one that no cell holds; above a thousand none is added.
    `row_numbers` are the ticks' Excel rows, ascending (empty where the reader does not know them). `security` is each
    tick's index into `securities`, the texts of the column that names each row's security, "" where its cell is blank;
    None and empty without such a column. `remarks` are sentences that a person must be told of how cells were read.
    """

    ticks: Ticks
    rejects: tuple[Reject, ...]
    rows: int
    blank: int
    texts: frozenset[str]
    row_numbers: Int64s = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    security: Int32s | None = None
    securities: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def reject_counts(self) -> dict[str, int]:
        """Return the number of rejected rows by rule, sorted by rule."""
        return dict(sorted(Counter(reject.rule for reject in self.rejects).items()))


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class TickRows:
    """Rows that a fast reader took as ticks, each in range and clean, in ascending order of rows.

    rows: Excel row numbers. moments: ms since 1970 on the exchange's clock, or of UTC where `utc` is True.
    security, condition: index into `labels`, which has "" for a blank cell; None without such a column.
    used_texts: of all cells that were read. serials, texts: how many times were numbers, how many texts, with the first
    row of each (0: none). order: that by which day/month texts were read; None where there are none.
    largest_first, largest_second: the largest first and second number of such texts. number_texts: how many prices or
    sizes were texts.
    """

    rows: Int64s
    moments: Int64s
    kinds: Int8s
    price: Float64s
    volume: Int64s
    security: Int32s | None = None
    condition: Int32s | None = None
    labels: tuple[str, ...] = ()
    used_texts: frozenset[str] = frozenset()
    utc: bool = False
    serials: int = 0
    texts: int = 0
    first_serial_row: int = 0
    first_text_row: int = 0
    order: DateOrder | None = None
    largest_first: int = 0
    largest_second: int = 0
    number_texts: int = 0


class OtherDateOrder(Exception):
    """The sheet's times are of another order of day and month than they were read by."""

    def __init__(self, order: DateOrder) -> None:
        super().__init__(order)
        self.order = order


class _Broken(Exception):
    """A row broke the rule that is the only argument."""


class Judge:
    """Sorts rows below the header, which come in any order, into ticks and rejects."""

    def __init__(self, columns: Columns, rules: Rules) -> None:
        self._columns = columns
        self._rules = rules
        self._times = TimeColumn(rules)
        # Excel rows, ms, type codes, prices, sizes, indices of securities and of conditions of the ticks.
        self._arrays: tuple[array[Any], ...] = (
            array("q"),
            array("q"),
            array("b"),
            array("d"),
            array("q"),
            array("i"),
            array("i"),
        )
        self._of_utc = array("q")
        self._rejects: list[Reject] = []
        self._filled = array("q")
        self._texts: set[str] = set()
        self._securities = {"": 0}
        self._conditions = {"": 0}

    def judge(self, number: int, row: Mapping[int, Cell]) -> None:
        """Take one row: its Excel number and its cells that are not blank, by column."""
        columns = self._columns
        cells = [row.get(column, BLANK) for column in columns.used]
        if all(cell is BLANK for cell in cells):
            return
        self._filled.append(number)
        self._note_texts(cells[-3:-2])
        if any(cell.kind == TEXT for cell in (*cells[:-3], *cells[-2:])):
            self._texts.add(LONG_TEXT)
        security = 0
        if columns.security is not None:
            named = row.get(columns.security, BLANK)
            text = named.text[:LONGEST_SHOWN] if named.kind in (TEXT, NUMBER) else ""
            security = self._securities.setdefault(text, len(self._securities))
        *times, kind, price, size = cells
        try:
            moment = self._moment(times)
            tick = (number, moment.ms, self._code(kind), _price(price), _size(size), security)
        except _Broken as broken:
            self._reject(number, times, (kind, price, size), str(broken), security)
            return
        if moment.is_utc:
            self._of_utc.append(len(self._arrays[0]))
        for column, value in zip(self._arrays, (*tick, self._condition(row)), strict=True):
            column.append(value)

    def parsed(self, header_row: int, read: TickRows | None = None) -> Parsed:
        """Return all ticks, those judged here and those that a fast reader took, in ascending order of rows.

        Raises OtherDateOrder where the sheet is to be read again by another order of day and month.
        """
        rows, moments, kinds, price, volume, security, condition = self._ticks(read)
        filled = np.asarray(self._filled)
        numbers = [filled] if read is None else [filled, read.rows]
        holding = union_of(numbers)
        blank = int(holding[-1]) - header_row - len(holding) if len(holding) else 0
        has_condition = len(self._conditions) > 1
        has_security = self._columns.security is not None
        used = frozenset() if read is None else read.used_texts
        return Parsed(
            ticks=Ticks(
                timestamp=moments * MILLISECOND,
                kind=kinds,
                price=price,
                volume=volume,
                condition=condition if has_condition else None,
                conditions=tuple(self._conditions) if has_condition else (),
            ),
            rejects=tuple(sorted(self._rejects, key=lambda reject: reject.row)),
            rows=sum(map(len, numbers)) + blank,
            blank=blank,
            texts=used.union(self._texts, self._securities.keys() - {""}),
            row_numbers=rows,
            security=security if has_security else None,
            securities=tuple(self._securities) if has_security else (),
        )

    def _ticks(self, read: TickRows | None) -> list[Any]:
        """Return the arrays of all ticks in ascending order of rows, moments on the exchange's clock."""
        arrays: list[Any] = [np.array(column) for column in self._arrays]
        of_utc = np.asarray(self._of_utc)
        arrays[1][of_utc] = timestamps.to_clock(arrays[1][of_utc], self._rules.time_zone)
        if read is not None:
            moments = timestamps.to_clock(read.moments, self._rules.time_zone) if read.utc else read.moments
            security = _codes_of(read.security, len(moments), read.labels, self._securities)
            labels = [text.strip() for text in read.labels]
            condition = _codes_of(read.condition, len(moments), labels, self._conditions)
            of_reader = (read.rows, moments, read.kinds, read.price, read.volume, security, condition)
            if not len(arrays[0]):
                return list(of_reader)
            arrays = [np.concatenate(pair) for pair in zip(list[Any](of_reader), arrays, strict=True)]
        # A file may hold its rows in another order than Excel shows them; what Excel shows is the workbook's order.
        order = np.argsort(arrays[0], kind="stable")
        return [column[order] for column in arrays]

    def _note_texts(self, cells: Iterable[Cell]) -> None:
        if len(self._texts) <= _MOST_TEXTS:
            self._texts.update(
                cell.text if len(cell.text) <= LONGEST_TEXT else LONG_TEXT for cell in cells if cell.kind == TEXT
            )

    def _condition(self, row: Mapping[int, Cell]) -> int:
        """Return the index of a row's condition codes."""
        if self._columns.condition is None:
            return 0
        cell = row.get(self._columns.condition, BLANK)
        self._note_texts([cell])
        text = cell.text.strip()[:LONGEST_SHOWN] if cell.kind in (TEXT, NUMBER) else ""
        return self._conditions.setdefault(text, len(self._conditions))

    def _moment(self, cells: Sequence[Cell]) -> Moment:
        if BLANK in cells:
            raise _Broken(NO_TIME)
        moment = self._times.moment(cells)
        if moment is None:
            raise _Broken(UNREADABLE_TIME)
        return moment

    def _code(self, cell: Cell) -> int:
        code = type_code(cell.text, self._rules.words) if cell.kind == TEXT else -1
        if code < 0:
            raise _Broken(UNKNOWN_TYPE)
        return code

    def _reject(self, number: int, times: Sequence[Cell], others: Sequence[Cell], rule: str, security: int) -> None:
        date1904 = self._rules.date1904
        time = " ".join(filter(None, (_shown(cell, date1904=date1904) for cell in times)))
        shown = (time, *(_shown(cell, date1904=date1904) for cell in others))
        # A million rejects may well say the same.
        cells = tuple(sys.intern(text[:LONGEST_SHOWN]) for text in shown)
        self._rejects.append(Reject(number, cells, rule, security))  # type: ignore[arg-type]


def judge_rows(rows: Iterable[Row], columns: Columns, header_row: int, rules: Rules) -> Parsed:
    """Sort the rows below the header, in any order, into ticks, rejects and blanks by row number.

    Raises OtherDateOrder where they are to be read again by another order of day and month.
    """
    judge = Judge(columns, rules)
    for number, row in rows:
        judge.judge(number, row)
    return judge.parsed(header_row)


def _codes_of(codes: Int32s | None, ticks: int, labels: Sequence[str], indices: dict[str, int]) -> Int32s:
    """Return a fast reader's indices into its labels as those of `indices`, to which its texts are added."""
    if codes is None:
        return np.zeros(ticks, np.int32)
    shown = [text[:LONGEST_SHOWN] for text in labels]
    used = np.bincount(codes, minlength=len(labels)) > 0
    own = [indices.setdefault(text, len(indices)) if use else 0 for text, use in zip(shown, used, strict=True)]
    return np.array(own, np.int32)[codes]


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
        value = float(cell.text)
        return str(int(value)) if value.is_integer() and abs(value) < LARGEST_SIZE else repr(value)
    return cell.text
