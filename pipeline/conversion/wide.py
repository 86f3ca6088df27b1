"""Makes ticks of rows that hold the whole quote: ask, bid and trade, in this order, of one row's time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from pipeline.conversion.excel.cells import BLANK, TEXT, Cell
from pipeline.conversion.rules import type_code
from pipeline.conversion.ticks import Judge, OtherDateOrder
from pipeline.errors import AmbiguousColumns, shown
from pipeline.ticks import ASK, BID, TICK_TYPES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from pipeline.conversion.headers import Block, Columns
    from pipeline.conversion.rules import Rules
    from pipeline.conversion.ticks import Parsed, Row

# No column of a sheet has these.
_TYPE: Final = -1
_PRICE: Final = -2
_SIZE: Final = -3


class WideJudge(Judge):
    """Sorts rows of whole quotes into ticks and rejects, each pair of price and size that is not blank as a row."""

    def __init__(self, columns: Columns, rules: Rules) -> None:
        super().__init__(replace(columns, type=_TYPE, price=_PRICE, size=_SIZE, quotes=()), rules)
        self._quotes = columns.quotes
        self._cells = columns.used
        self._type = columns.type

    def judge(self, number: int, row: Mapping[int, Cell]) -> None:
        """Take one row: its Excel number and its cells that are not blank, by column."""
        if not any(column in row for column in self._cells):
            self.note_beside(number, row)
            return
        kind = row.get(self._type, BLANK)
        if type_code(kind.text, self._rules.words) in (BID, ASK):
            raise AmbiguousColumns(
                f"the first rows are trades with the quotes beside them, of which each was to give three ticks, and "
                f"row {number} says {shown(kind.text.strip())}. To read each row by its type, remove the columns of "
                "the quotes; else put the rows that are no trades into a sheet of their own."
            )
        for event in self._events(row):
            super().judge(number, event)

    def _events(self, row: Mapping[int, Cell]) -> Iterator[Mapping[int, Cell]]:
        filled = [quote for quote in self._quotes if quote[1] in row or quote[2] in row]
        if not filled and row:  # a time alone is a row without a price
            filled = [(ASK, _PRICE, _SIZE)]
        for kind, price, size in filled:
            cells = {_PRICE: row.get(price, BLANK), _SIZE: row.get(size, BLANK)}
            yield {**row, _TYPE: Cell(TEXT, TICK_TYPES[kind]), **cells}


def judge_of(columns: Columns, rules: Rules) -> Judge:
    """Return what sorts the rows of a block into ticks and rejects."""
    return WideJudge(columns, rules) if columns.quotes else Judge(columns, rules)


def judge_all(read: Callable[[], Iterable[Row]], block: Block, rules: Rules) -> Parsed:
    """Return the ticks and rejects of the rows that `read` gives, again where they show another order of their days."""
    judge = judge_of(block.columns, rules)
    for number, cells in read():
        judge.judge(number, cells)
    try:
        return judge.parsed(block.header_row)
    except OtherDateOrder as other:
        return judge_all(read, block, replace(rules, date_order=other.order))
