"""A hostile workbook cannot take the machine: a named error or correct rows, under 1 GB and 20 s of CPU, each time."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from pipeline.store.tick_file import read_ticks
from tests.hostile import bombs
from tests.hostile.bombs import BOOK, FAB, RELATIONS, SHEET, STYLES, TEXTS
from tests.hostile.limited import MOST_BYTES, MOST_SECONDS, convert

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a child's peak memory is told by wait4")

LARGER = ("--limit", "ratio=1000000", "--limit", "sheet_gb=4", "--limit", "text_mb=200")
"""What gets a bomb past the first refusal, to what stands behind it."""

ROWS = {
    "the last cell of all": bombs.far_cell('<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'),
    "the last cell of a row of its own": bombs.far_cell('<row r="7"><c r="XFD7"><v>1</v></c></row>'),
    "a cell far to the right by many cells": bombs.far_cell(f'<row r="7">{"<c/>" * 16_383}<c><v>1</v></c></row>'),
    "the last row's first cell": bombs.far_cell('<row r="1048576"><c r="Z1048576"><v>1</v></c></row>'),
    "small letters": bombs.far_cell('<row r="1048576"><c r="xfd1048576"><v>1</v></c></row>'),
    "another order of attributes": bombs.far_cell('<row r="1048576"><c s="1" r="XFD1048576"><v>1</v></c></row>'),
    "a prefix": bombs.far_cell('<row r="1048576" xmlns:x="u"><x:c r="XFD1048576"><v>1</v></x:c></row>'),
}
"""Sheets with three ticks and what no one needs beside them."""

REFUSED = {
    "a zip bomb": (bombs.zeros, "more than 200 to 1"),
    "a part under many names": (bombs.one_part_under_many_names, "than a file of its size can hold"),
    "a long shared text": (bombs.long_shared_text, "more than 64 MB"),
    "a dictionary of gigabytes": (bombs.packed_by_lzma, "packed as Excel does not pack"),
    "entities in the list of sheets": (bombs.entities_in(BOOK, bombs.book_of("&e9;")), "declares"),
    "entities in the shared texts": (bombs.entities_in(TEXTS, bombs.texts_of("<si><t>&e9;</t></si>")), "declares"),
    "entities in the styles": (bombs.entities_in(STYLES, f"{bombs.HEAD}<styleSheet>&e9;</styleSheet>"), "declares"),
    "entities in the relations": (bombs.entities_in(RELATIONS, f"{bombs.HEAD}<a>&e9;</a>"), "declares"),
    "a file of the machine": (bombs.a_file_as_entity, "declares"),
    "fifty thousand sheets of one part": (bombs.sheets_of_one_part, "are one"),
    "a million sheets": (bombs.many_sheets, "more than 65,536 entries"),
    "a name of a million blanks": (bombs.name_of_blanks, "name of 1,000,002 letters"),
    "a format of brackets": (bombs.format_of_brackets, "number format of 500,000 letters"),
}
"""Workbooks of which nothing is converted."""

SPOILED = {
    "entities in the sheet": (bombs.entities_in(SHEET, bombs.sheet_of(bombs.GOOD), " " * 10_000), "declares"),
    "entities far behind": (bombs.entities_in(SHEET, bombs.sheet_of(bombs.GOOD), f"<!--{'x' * 70_000}-->"), "begin"),
    "entities in another encoding": (bombs.entities_in_another_encoding, "in the encoding cp037"),
    "entities in UTF-16": (bombs.entities_in_utf16, "declares a document type"),
    "a header in every column": (bombs.long_header_in_every_column, "no row has the headers"),
    "a row of another number": (bombs.far_cell('<row r="7"><c r="A1048576"><v>1</v></c></row>'), "not a cell of row 7"),
    "a row that Excel has not": (bombs.far_cell('<row r="4294967303"><c><v>1</v></c></row>'), "not a row number"),
    "a column that Excel has not": (bombs.far_cell('<row r="7"><c r="XFE7"><v>1</v></c></row>'), "beyond column XFD"),
    "letters without end": (bombs.far_cell(f'<row r="7"><c r="{"A" * 900_000}7"/></row>'), "not a cell of row 7"),
}
"""Workbooks whose sheet fails by name."""

SLOW_TO_MAKE = {"a hundred thousand parts": (bombs.many_parts, "more parts than any workbook")}

SLOW_REFUSED = {
    "a long shared text": (bombs.long_shared_text, "goes on for more than 4 MB"),
    "empty texts": (bombs.empty_texts, "texts, most of them empty"),
    "many styles": (bombs.many_styles, "more than 65,536 entries"),
}

SLOW_SPOILED = {
    "a long text": (bombs.long_inline_text, "goes on for more than 4 MB"),
    "a long comment": (bombs.long_comment, "goes on for more than 4 MB"),
    "a long attribute": (bombs.long_attribute, "goes on for more than 4 MB"),
    "rows without end": (bombs.many_rows, "beyond the 1,048,576"),
    "elements without end": (bombs.many_elements, "the sheet is empty"),
    "elements in elements": (bombs.deep_elements, "too deep"),
    "kinds of elements": (bombs.kinds_of_elements, "more than 10,000 kinds"),
}


def cases(table: dict[str, tuple[Callable[[Path], Path], str]], *marks: pytest.MarkDecorator) -> list[object]:
    return [pytest.param(*case, id=name, marks=marks) for name, case in table.items()]


def check_cost(seconds: float, held: int) -> None:
    assert held < MOST_BYTES
    assert seconds < MOST_SECONDS


@pytest.mark.parametrize(
    "make",
    [
        *(pytest.param(make, id=name) for name, make in ROWS.items()),
        pytest.param(bombs.styled_cells, id="millions of empty styled cells", marks=pytest.mark.slow),
    ],
)
def test_what_stands_beside_the_ticks_costs_nothing_to_speak_of(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    ended = convert(make(tmp_path / "t.xlsx"), tmp_path / "store")
    assert ended.status == 0, ended.said
    assert len(read_ticks(tmp_path / "store" / "FAB.parquet")) == 3
    check_cost(ended.seconds, ended.bytes)


def check_refused(tmp_path: Path, make: Callable[[Path], Path], words: str, *options: str) -> None:
    ended = convert(make(tmp_path / "t.xlsx"), tmp_path / "store", *options)
    assert "Traceback" not in ended.said
    assert words in ended.said
    assert len(ended.said) < 2_000
    assert ended.status == 2
    assert not (tmp_path / "store").exists()
    check_cost(ended.seconds, ended.bytes)


def check_spoiled(tmp_path: Path, make: Callable[[Path], Path], words: str, *options: str) -> None:
    ended = convert(make(tmp_path / "t.xlsx"), tmp_path / "store", *options)
    assert "Traceback" not in ended.said
    assert words in ended.said
    assert FAB in ended.said
    assert len(ended.said) < 3_000
    assert ended.status == 1
    assert not list((tmp_path / "store").iterdir())
    check_cost(ended.seconds, ended.bytes)


@pytest.mark.parametrize(("make", "words"), [*cases(REFUSED), *cases(SLOW_TO_MAKE, pytest.mark.slow)])
def test_a_workbook_that_no_excel_wrote_is_refused(tmp_path: Path, make: Callable[[Path], Path], words: str) -> None:
    check_refused(tmp_path, make, words)


@pytest.mark.parametrize(("make", "words"), cases(SPOILED))
def test_a_sheet_that_no_excel_wrote_fails_by_name(tmp_path: Path, make: Callable[[Path], Path], words: str) -> None:
    check_spoiled(tmp_path, make, words)


@pytest.mark.slow
@pytest.mark.parametrize(("make", "words"), cases(SLOW_REFUSED))
def test_a_workbook_let_through_by_larger_limits_is_refused(
    tmp_path: Path, make: Callable[[Path], Path], words: str
) -> None:
    check_refused(tmp_path, make, words, *LARGER)


@pytest.mark.slow
@pytest.mark.parametrize(("make", "words"), cases(SLOW_SPOILED))
def test_a_sheet_let_through_by_larger_limits_fails_by_name(
    tmp_path: Path, make: Callable[[Path], Path], words: str
) -> None:
    check_spoiled(tmp_path, make, words, *LARGER)


@pytest.mark.slow
@pytest.mark.parametrize(
    "make",
    [bombs.many_elements_between_rows, bombs.kinds_of_attributes, bombs.kinds_of_prefixes],
    ids=lambda make: make.__name__,
)
def test_what_no_reader_looks_at_is_let_go_of(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    ended = convert(make(tmp_path / "t.xlsx"), tmp_path / "store", *LARGER)
    assert ended.status == 0, ended.said
    check_cost(ended.seconds, ended.bytes)


@pytest.mark.slow
def test_a_long_text_in_every_row_is_kept_once_and_shown_in_part(tmp_path: Path) -> None:
    more = (*LARGER, "--max-rejects", "1")
    ended = convert(bombs.long_text_in_every_row(tmp_path / "t.xlsx"), tmp_path / "store", *more)
    assert ended.status == 0, ended.said
    assert (tmp_path / "store" / "FAB.rejects.parquet").stat().st_size < 1_000_000
    check_cost(ended.seconds, ended.bytes)
