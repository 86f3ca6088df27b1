"""Hypothesis in, workbooks out: every kind of cell, laid out in every way that a sheet's XML may be."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from tests.conversion.books import (
    STYLED_EMPTY,
    Cell,
    boolean,
    error,
    formula,
    formula_text,
    iso,
    number,
    serial,
    shared,
    text,
    write_book,
)

if TYPE_CHECKING:
    from pathlib import Path

FAB = "FAB UH Equity"
TEXTS = ("a title", "BID", "ASK", "TRADE", " bid ", "SETTLE", "17.3", "2025-04-14 10:00:01", "", "   ", "#N/A")
DAY_MS = 86_400_000
FORMULA_NOT_COMPUTED = Cell("", "<f>A1</f>")
FORMULA_OF_NOTHING = Cell('t="str"', "<f>A1</f><v></v>")
FORMULA_OF_A_TRUTH = Cell('t="b"', "<f>A1</f><v>1</v>")
FORMULA_OF_AN_ERROR = Cell('t="e"', "<f>A1</f><v>#DIV/0!</v>")
RICH_TEXT = Cell('t="inlineStr"', "<is><r><t>B</t></r><r><rPr><b/></rPr><t>ID</t></r></is>")

empty = st.sampled_from(
    [None, STYLED_EMPTY, FORMULA_NOT_COMPUTED, FORMULA_OF_NOTHING, text("  "), shared(8), shared(9)]
)
wrong = st.sampled_from(
    [
        *(error(code) for code in ("#N/A", "#DIV/0!", "#NAME?", "#REF!")),
        *(boolean(truth) for truth in (True, False)),
        *(FORMULA_OF_A_TRUTH, FORMULA_OF_AN_ERROR, text("x"), shared(5), shared(10)),
    ]
)


def _moment(ms: int, digits: int, day: int) -> str:
    return f"{day + ms / DAY_MS:.{digits}g}"


days = st.sampled_from([2, 61, 36_526, 45_761, 44_299])
moments = st.builds(_moment, st.integers(0, DAY_MS - 1), st.sampled_from([9, 15, 17]), days)
good_times = st.one_of(moments.map(serial), moments.map(lambda told: Cell('s="1"', f"<f>NOW()</f><v>{told}</v>")))
times = st.one_of(
    good_times,
    moments.map(number),
    st.sampled_from([serial("0.5"), serial("59"), serial("60.5"), serial("-1"), serial("3000000"), serial("45761")]),
    st.sampled_from(["2025-04-14T10:00:01", "2025-04-14T10:00:01.25", "2025-04-14", "10:00:01"]).map(iso),
    st.sampled_from(["2025-04-14 10:00:01", "2025-04-14T10:00", "14/04/25", "2025-04-31", "x"]).map(text),
    st.just(shared(7)),
)
good_kinds = st.one_of(
    st.sampled_from([text("BID"), text("Ask"), text(" trade"), formula_text("BID"), RICH_TEXT]),
    st.sampled_from([shared(1), shared(2), shared(3), shared(4)]),
)
kinds = st.one_of(good_kinds, st.sampled_from([text("SETTLE"), number(1), serial("45761.5"), text("BI D")]))
good_numbers = st.one_of(
    st.integers(0, 10**6).map(number),
    st.floats(0, 1e6).map(lambda value: number(repr(value))),
    st.integers(0, 10**6).map(formula),
    st.sampled_from([number("1E-2"), number("-0"), number("1.50"), number("9007199254740992")]),
)
numbers = st.one_of(
    good_numbers,
    st.sampled_from([number(-1), number("-0.5"), number("1e999"), number("9007199254740994"), serial("45761.5")]),
    st.sampled_from([text("17.3"), formula_text("17.3"), shared(6)]),
)
good_row = st.tuples(good_times, good_kinds, good_numbers, st.integers(0, 10**6).map(number))
any_row = st.tuples(
    *(st.one_of(column, column, column, column, empty, wrong) for column in (times, kinds, numbers, numbers))
)


@dataclass(frozen=True)
class Layout:
    """How a sheet is written. shift: the column of the first header. extra: cells of another column, row by row."""

    shift: int = 0
    header_row: int = 3
    date1904: bool = False
    dimension: str | None = None
    titled: bool = True
    extra: tuple[Cell | None, ...] = ()
    without_references: frozenset[int] = field(default_factory=frozenset)


layouts = st.builds(
    Layout,
    shift=st.sampled_from([0, 0, 0, 1, 24, 700]),
    header_row=st.sampled_from([1, 3, 3, 3, 9]),
    date1904=st.booleans(),
    dimension=st.sampled_from([None, "A1", "A1:D4", "A1:XFD1048576", "B2:C3"]),
    titled=st.booleans(),
    extra=st.lists(st.one_of(st.none(), empty, wrong, times, numbers), max_size=4).map(tuple),
    without_references=st.one_of(st.just(frozenset()), st.frozensets(st.integers(0, 12), max_size=3)),
)


def letters(column: int) -> str:
    name = ""
    column += 1
    while column:
        column, left = divmod(column - 1, 26)
        name = chr(65 + left) + name
    return name


def write(path: Path, rows: list[tuple[Cell | None, ...]], layout: Layout) -> Path:
    """Write rows below the headers of one sheet, an empty tuple leaving its row out."""
    headers = tuple(text(name) for name in ("Dates", "Type", "Price", "Size"))
    lines = [] if layout.header_row == 1 or not layout.titled else [_row(1, (text("a title"),), Layout())]
    lines.append(_row(layout.header_row, headers, layout))
    for place, cells in enumerate(rows):
        extra = layout.extra[place % len(layout.extra)] if layout.extra else None
        bare = place in layout.without_references and layout.shift == 0 and None not in cells
        told = _row(layout.header_row + 1 + place, (*cells, extra), layout, bare=bare) if cells else ""
        lines.append(told)
    return write_book(
        path, {FAB: "".join(lines)}, date1904=layout.date1904, dimension=layout.dimension, texts=list(TEXTS)
    )


def _row(at: int, cells: tuple[Cell | None, ...], layout: Layout, *, bare: bool = False) -> str:
    told = ""
    for place, cell in enumerate(cells):
        if cell is not None:
            reference = "" if bare else f'r="{letters(layout.shift + place)}{at}"'
            told += f"<c {reference} {cell.attributes}>{cell.inner}</c>"
    return f'<row r="{at}">{told}</row>'
