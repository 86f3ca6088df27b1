"""Applies the rules of what a tick is to raw rows: ticks, and rejects with the rule they broke."""

from __future__ import annotations

import sys
from array import array
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from pipeline.conversion import timestamps
from pipeline.conversion.cell_text import cell_text
from pipeline.conversion.excel.cells import BLANK, NUMBER, TEXT, Cell, number_text
from pipeline.conversion.number_column import NumberColumn
from pipeline.conversion.reject_rules import (
    MORE_CELLS,
    PRICE_UNCLEAR,
    SIZE_UNCLEAR,
    TRADE_TOLD_TWICE,
    UNKNOWN_TYPE,
    Broken,
)
from pipeline.conversion.rules import AT_TRADE, LONGEST_TEXT, type_code
from pipeline.conversion.tick_columns import LONGEST_SHOWN, JudgedTicks, Tick, TickColumns
from pipeline.conversion.time_column import Evidence, TimeColumn
from pipeline.ticks import TRADE, Ticks, union_of
from pipeline.times import MILLISECOND

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pipeline.conversion.headers import Columns
    from pipeline.conversion.rules import DateOrder, Rules
    from pipeline.ticks import Float64s, Int8s, Int32s, Int64s

Row: TypeAlias = "tuple[int, Mapping[int, Cell]]"
"""A row's Excel number and its cells that are not blank, by column."""

BEYOND: Final = -4
"""No column: under it stands what a row of a table holds beyond the headers."""

LONG_TEXT: Final = "\0"
"""Stands among the texts that were read for one that is too long to be asked for, and for times and numbers as text."""
# As many as are asked for one by one when it is to be known whether a sheet changed.
_MOST_TEXTS: Final = 1_000
NUMBER_TEXTS: Final = "prices and sizes stored as text, read as numbers: {:,}."
BEST_TOO: Final = "it has {}, which may tell each quote twice: both were read. Load one of them"
AT_TRADE_NOTES: Final = (
    "AT_TRADE rows, read as trades since the sheet has no TRADE: {:,}.",
    "AT_TRADE rows, left out since the sheet has TRADE too: {:,}.",
)


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
    None and empty without such a column. `notes` are what a person must be told of how cells were read, with
    a place for the count of each. `beside` are the texts, with their rows, that stand alone in other columns of blank
    rows.
    """

    ticks: Ticks
    rejects: tuple[Reject, ...]
    rows: int
    blank: int
    texts: frozenset[str]
    row_numbers: Int64s = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    security: Int32s | None = None
    securities: tuple[str, ...] = ()
    notes: Mapping[str, int] = field(default_factory=dict)
    beside: tuple[tuple[int, str], ...] = ()

    @property
    def remarks(self) -> tuple[str, ...]:
        """Return the notes as sentences."""
        return tuple(note.format(count) for note, count in self.notes.items())

    @property
    def first_rows(self) -> dict[str, int]:
        """Return the texts of the column of securities, each with the first row of it, 0 where none is known."""
        first = np.zeros(len(self.securities), np.int64)
        if self.security is not None:
            first[self.security[::-1]] = self.row_numbers[::-1]  # of several the last that is assigned stays
            for reject in self.rejects:
                first[reject.security] = min(first[reject.security] or reject.row, reject.row)
        return dict(zip(self.securities, first.tolist(), strict=True))

    @property
    def reject_counts(self) -> dict[str, int]:
        """Return the number of rejected rows by rule, sorted by rule."""
        return dict(sorted(Counter(reject.rule for reject in self.rejects).items()))


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class TickRows:
    """Rows that a fast reader took as ticks, each in range and clean, in ascending order of rows.

    rows: Excel row numbers. moments: ms since 1970 on the exchange's clock, or of UTC where `utc` is True. kinds: codes
    of type words, `AT_TRADE` too.
    security, condition: index into `labels`, which has "" for a blank cell; None without such a column.
    used_texts: of all cells that were read. order: that by which day/month texts were read; None where there are none.
    evidence: what their times show of that order. number_texts: how many prices or sizes were texts; dotted_prices: how
    many prices among them had decimals behind a point.
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
    order: DateOrder | None = None
    evidence: Evidence = field(default_factory=Evidence)
    number_texts: int = 0
    dotted_prices: int = 0


class OtherDateOrder(Exception):
    """The sheet's times are of another order of day and month than they were read by."""

    def __init__(self, order: DateOrder) -> None:
        super().__init__(order)
        self.order = order


class Judge:
    """Sorts rows below the header, which come in any order, into ticks and rejects."""

    def __init__(self, columns: Columns, rules: Rules) -> None:
        self._columns = columns
        self._used = columns.used
        self._rules = rules
        self._codes: dict[str, int] = {}
        self._times = TimeColumn(rules)
        self._prices, self._sizes = NumberColumn("price", is_whole=False), NumberColumn("size", is_whole=True)
        self._ticks = TickColumns()
        self._rejects: list[Reject] = []
        self._unclear: list[tuple[Tick, Reject, NumberColumn]] = []
        self._filled = array("q")
        self._texts: set[str] = set()
        self._beside: list[tuple[int, str]] = []

    def note_beside(self, number: int, row: Mapping[int, Cell]) -> None:
        """Take a row that has no cell of a tick: the text that stands alone in it may name another security."""
        texts = [cell.text[:LONGEST_SHOWN] for cell in row.values() if cell.kind == TEXT]
        if len(texts) == 1:
            self._beside.append((number, sys.intern(texts[0])))

    def judge(self, number: int, row: Mapping[int, Cell]) -> None:
        """Take one row: its Excel number and its cells that are not blank, by column."""
        columns = self._columns
        cells = [row.get(column, BLANK) for column in self._used]
        blanks = cells.count(BLANK)
        if blanks == len(cells):
            self.note_beside(number, row)
            return
        self._filled.append(number)
        security = 0 if columns.security is None else self._security(row.get(columns.security, BLANK))
        *times, kind, price, size = cells
        self._note_text(kind)
        if [cell.kind for cell in cells].count(TEXT) > (kind.kind == TEXT):
            self._texts.add(LONG_TEXT)
        if BEYOND in row:
            self._rejects.append(self._reject(number, cells, MORE_CELLS, security))
            return
        try:
            ms, is_utc = self._times.moment(number, times, is_whole=not blanks)
            code, cost, shares = self._code(kind), self._prices.value(price) + 0.0, int(self._sizes.value(size))
        except Broken as broken:
            self._rejects.append(self._reject(number, cells, str(broken), security))
            return
        condition = 0 if columns.condition is None else self._condition(row.get(columns.condition, BLANK))
        tick = (number, ms, code, cost, shares, security, condition, is_utc)
        if price.kind == size.kind == NUMBER:
            self._ticks.append(tick)
        else:
            self._take_texts(tick, cells)

    def parsed(self, header_row: int, read: TickRows | None = None) -> Parsed:
        """Return all ticks, those judged here and those that a fast reader took, in ascending order of rows.

        Raises OtherDateOrder where the sheet is to be read again by another order of day and month, and AmbiguousTimes
        where its times do not show which it is.
        """
        order = self._times.decided_order(read)
        if order is not None and not {self._times.order, read and read.order} <= {None, order}:
            raise OtherDateOrder(order)
        if read is not None and read.dotted_prices:
            self._prices.note_dots()
        for tick, reject, column in self._unclear:
            if column.dots_are_decimal:
                self._ticks.append(tick)
                column.texts += 1
            else:
                self._rejects.append(reject)
        ticks = self._ticks.merged(read, self._rules.time_zone)
        notes = dict(self._notes(read))
        at_trade = ticks.kinds == AT_TRADE
        if at_trade.any():
            has_trades = self._rules.has_trades
            has_trades = bool((ticks.kinds == TRADE).any()) if has_trades is None else has_trades
            notes[AT_TRADE_NOTES[has_trades]] = int(np.count_nonzero(at_trade))
            if has_trades:
                self._rejects += _told_twice(ticks.where(at_trade))
                ticks = ticks.where(~at_trade)
            else:
                ticks = ticks._replace(kinds=np.where(at_trade, np.int8(TRADE), ticks.kinds))
        filled = [np.asarray(self._filled), *([] if read is None else [read.rows])]
        rows = union_of(filled) if len(self._filled) or read is None else read.rows
        blank = int(rows[-1]) - header_row - len(rows) if len(rows) else 0
        conditions = tuple(self._ticks.conditions) if len(self._ticks.conditions) > 1 else ()
        has_security = self._columns.security is not None
        return Parsed(
            ticks=Ticks(
                timestamp=ticks.ms * MILLISECOND,
                kind=ticks.kinds,
                price=ticks.price,
                volume=ticks.volume,
                condition=ticks.condition if conditions else None,
                conditions=conditions,
            ),
            rejects=tuple(sorted(self._rejects, key=lambda reject: reject.row)),
            rows=sum(map(len, filled)) + blank,
            blank=blank,
            texts=frozenset(self._texts).union(self._ticks.securities.keys() - {""}, read.used_texts if read else ()),
            row_numbers=ticks.rows,
            security=ticks.security if has_security else None,
            securities=tuple(self._ticks.securities) if has_security else (),
            notes=notes,
            beside=tuple(self._beside),
        )

    def _notes(self, read: TickRows | None) -> Iterator[tuple[str, int]]:
        """Yield what a person must be told of how cells were read, and how many there are."""
        texts = self._prices.texts + self._sizes.texts + (read.number_texts if read else 0)
        if texts:
            yield NUMBER_TEXTS, texts
        used = (*self._codes, *(read.used_texts if read else ()))
        words = {text.strip().casefold().replace(" ", "_") for text in used}
        for name in ("bid", "ask"):
            several = [word.upper() for word in (name, f"best_{name}", f"{name}_best") if word in words]
            if len(several) > 1:
                yield BEST_TOO.format(" and ".join(several)), 1
        of_utc = self._ticks.of_utc + (len(read.rows) if read and read.utc else 0)
        if of_utc:
            yield zone_note(self._rules.time_zone), of_utc

    def _take_texts(self, tick: Tick, cells: Sequence[Cell]) -> None:
        """Take a tick of which a number is text: one that may mean two numbers when the column shows which."""
        columns = ((self._prices, cells[-2], PRICE_UNCLEAR), (self._sizes, cells[-1], SIZE_UNCLEAR))
        for column, cell, rule in columns:
            if column.is_unclear(cell):
                number, *_, security, _, _ = tick
                self._unclear.append((tick, self._reject(number, cells, rule, security), column))
                return
        for column, cell, _ in columns:
            column.texts += cell.kind == TEXT
        self._ticks.append(tick)

    def _note_text(self, cell: Cell) -> None:
        if cell.kind == TEXT and len(self._texts) <= _MOST_TEXTS:
            self._texts.add(cell.text if len(cell.text) <= LONGEST_TEXT else LONG_TEXT)

    def _security(self, cell: Cell) -> int:
        """Return the index of the security that a cell names."""
        text = cell.text[:LONGEST_SHOWN] if cell.kind in (TEXT, NUMBER) else ""
        return self._ticks.securities.setdefault(text, len(self._ticks.securities))

    def _condition(self, cell: Cell) -> int:
        """Return the index of a cell's condition codes."""
        self._note_text(cell)
        text = cell.text.strip()[:LONGEST_SHOWN] if cell.kind in (TEXT, NUMBER) else ""
        return self._ticks.conditions.setdefault(text, len(self._ticks.conditions))

    def _code(self, cell: Cell) -> int:
        code = self._codes.get(cell.text) if cell.kind == TEXT else None
        if code is None:
            code = type_code(cell.text, self._rules.words) if cell.kind == TEXT else -1
            if code < 0:
                raise Broken(UNKNOWN_TYPE)
            self._codes[cell.text] = code
        return code

    def _reject(self, number: int, cells: Sequence[Cell], rule: str, security: int) -> Reject:
        *times, kind, price, size = (cell_text(cell, date1904=self._rules.date1904) for cell in cells)
        # A million rejects may well say the same.
        texts = (sys.intern(text[:LONGEST_SHOWN]) for text in (" ".join(filter(None, times)), kind, price, size))
        return Reject(number, tuple(texts), rule, security)  # type: ignore[arg-type]


ON_CLOCK: Final = "times with a time zone, put on the exchange's clock"


def zone_note(time_zone: str) -> str:
    """Return the note for times whose texts have a zone."""
    return f"{ON_CLOCK} ({time_zone}): {{:,}}."


def _told_twice(ticks: JudgedTicks) -> Iterator[Reject]:
    """Yield trades that stand under another type as well as rejects."""
    columns = (ticks.rows, ticks.ms, ticks.price, ticks.volume, ticks.security)
    for row, ms, price, volume, security in zip(*(column.tolist() for column in columns), strict=True):
        cells = (timestamps.as_text(ms), "AT_TRADE", number_text(price), str(volume))
        yield Reject(row, cells, TRADE_TOLD_TWICE, security)
