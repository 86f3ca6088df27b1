"""Rows of cells for the judge, and what it makes of them."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final

from pipeline.conversion.excel.cells import NUMBER, SERIAL, TEXT, Cell
from pipeline.conversion.headers import Columns
from pipeline.conversion.rules import Rules
from pipeline.conversion.ticks import Judge

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pipeline.conversion.ticks import Parsed, Row

COLUMNS: Final = Columns(0, 1, 2, 3)
NOON: Final = Cell(SERIAL, "45761.5")
NOON_MS: Final = (dt.date(2025, 4, 14) - dt.date(1970, 1, 1)).days * 86_400_000 + 43_200_000


def texts(*values: str) -> list[Cell]:
    return [Cell(TEXT, value) for value in values]


def rows_of(
    times: Sequence[Cell] = (),
    kinds: Sequence[str] = ("BID",),
    prices: Sequence[Cell] = (Cell(NUMBER, "17.3"),),
    sizes: Sequence[Cell] = (Cell(NUMBER, "100"),),
) -> list[tuple[int, dict[int, Cell]]]:
    """Rows from 4 on, as many as the longest column has; the others repeat their first cell."""
    columns = [times or [NOON], texts(*kinds), prices, sizes]
    count = max(map(len, columns))
    return [
        (number + 4, {at: cells[number] if number < len(cells) else cells[0] for at, cells in enumerate(columns)})
        for number in range(count)
    ]


def judge_rows(rows: Iterable[Row], columns: Columns, header_row: int, rules: Rules) -> Parsed:
    """What the judge makes of the rows below a header."""
    judge = Judge(columns, rules)
    for number, row in rows:
        judge.judge(number, row)
    return judge.parsed(header_row)


def judged(rows: list[tuple[int, dict[int, Cell]]], **rules: Any) -> Parsed:
    parsed = judge_rows(rows, COLUMNS, 3, Rules(**rules))
    assert parsed.rows == len(parsed.ticks) + len(parsed.rejects) + parsed.blank
    return parsed
