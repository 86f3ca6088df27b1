"""Sheets as Excel has them: texts stay texts, dates are dates, long tables go on, equal rows give equal bytes."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest

from pipeline.workbook import writing
from pipeline.workbook.writing import Column, ResultsBook, day_serial, time_serial

if TYPE_CHECKING:
    from collections.abc import Sequence

MOMENT = dt.datetime(2025, 1, 9)  # noqa: DTZ001 - exchange-local
TEXT = (Column("text", "text"),)
TEXTS = [
    *("=1+1", "+1", "-1", "@SUM(A1)", "\tx", '=HYPERLINK("http://x")', "=cmd|' /C calc'!A0", "-", "="),
    *("#N/A", "#REF!", "TRUE", "12", "1e5", "2025-01-01", "<b>&amp;</b>", " two  blanks ", "line\nline", "…ش"),
]


def written(*tables: tuple[str, Sequence[Column], Sequence[Sequence[Any]]]) -> bytes:
    book = ResultsBook("a title", MOMENT)
    for name, columns, rows in tables:
        book.add_table(name, columns, rows)
    file = io.BytesIO()
    book.write(file)
    return file.getvalue()


def read(content: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(content))


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_is_a_text_whatever_it_begins_with(text: str) -> None:
    book = ResultsBook(text, MOMENT)
    book.add_sheet("one", [[(text, "text")], [(text, "head")]], [10])
    book.add_table("two", (Column(text, "text"),), [[text]])
    file = io.BytesIO()
    book.write(file)
    sheets = read(file.getvalue())
    for cell in (sheets["one"]["A1"], sheets["one"]["A2"], sheets["two"]["A1"], sheets["two"]["A2"]):
        assert (cell.value, cell.data_type) == (text, "s")
        assert bool(cell.quotePrefix) == text.startswith(("=", "+", "-", "@", "\t"))
    with zipfile.ZipFile(io.BytesIO(file.getvalue())) as archive:
        assert [name for name in archive.namelist() if re.search(rb"<f[ >/]", archive.read(name))] == []


def test_what_a_sheet_cannot_hold_is_shown_as_its_number_and_cut() -> None:
    sheet = read(written(("one", TEXT, [["\ra\x07b\x1b"], ["x" * 40_000]])))["one"]
    assert sheet["A2"].value == "\\x0da\\x07b\\x1b"
    assert sheet["A3"].value == "x" * 32_767


def test_numbers_and_dates_are_exact_and_shown_by_their_kind() -> None:
    columns = [Column(kind, kind) for kind in ("day", "time", "money", "count", "share", "price")]
    # 20 094 days after 1970-01-01 are 2025-01-06; 10:15:13.007 of it.
    stamp = 20_094 * 86_400_000 + 36_913_007
    rows = [
        [day_serial(20_094), time_serial(stamp), -0.1 - 0.2, 3_000, 0.8105, 14.02],
        [None, None, float("nan"), None, None, float("inf")],
    ]
    sheet = read(written(("one", columns, rows)))["one"]
    day, time, money, *others = (cell.value for cell in sheet[2])
    assert (day, time) == (dt.datetime(2025, 1, 6), dt.datetime(2025, 1, 6, 10, 15, 13, 7_000))  # noqa: DTZ001
    assert money == -0.1 - 0.2
    assert others == [3_000, 0.8105, 14.02]
    assert [cell.value for cell in sheet[3]] == [] or {cell.value for cell in sheet[3]} == {None}
    assert [cell.number_format for cell in sheet[2]] == [writing.FORMATS[column.kind] for column in columns]
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("B2", "A1:F3")


@pytest.mark.parametrize("stamp", [0, 1, 999, 86_399_999, 1_736_157_600_123, 4_102_444_799_999])
def test_a_time_is_exact_to_the_millisecond(stamp: int) -> None:
    value = read(written(("one", (Column("time", "time"),), [[time_serial(stamp)]])))["one"]["A2"].value
    moment = dt.datetime(1970, 1, 1) + dt.timedelta(milliseconds=stamp)  # noqa: DTZ001
    assert value == moment


@pytest.mark.parametrize(("count", "sheets"), [(0, [0]), (3, [3]), (4, [3, 1]), (7, [3, 3, 1])])
def test_a_table_longer_than_a_sheet_goes_on_in_further_ones(
    monkeypatch: pytest.MonkeyPatch, count: int, sheets: list[int]
) -> None:
    monkeypatch.setattr(writing, "MOST_ROWS", 3)
    book = read(written(("Fills FAB", (Column("fill", "count"),), [[number] for number in range(count)])))
    assert book.sheetnames == ["Fills FAB", "Fills FAB 2", "Fills FAB 3"][: len(sheets)]
    assert [sheet.max_row - 1 for sheet in book] == sheets
    assert [sheet["A1"].value for sheet in book] == ["fill"] * len(sheets)
    numbers = [row[0] for sheet in book for row in sheet.iter_rows(min_row=2, values_only=True)]
    assert numbers == list(range(count))


def test_sheets_have_names_that_excel_takes() -> None:
    names = ["a/b", "A:B", "x" * 40, "x" * 40, "[]", "'quoted'", "\x07", ""]
    sheets = read(written(*((name, TEXT, [["x"]]) for name in names))).sheetnames
    assert sheets == ["a_b", "A_B 2", "x" * 31, "x" * 29 + " 2", "__", "quoted", "_", "_ 2"]


def test_equal_rows_give_equal_bytes() -> None:
    one = written(("one", TEXT, [["x"]]))
    assert one == written(("one", TEXT, [["x"]]))
    with zipfile.ZipFile(io.BytesIO(one)) as archive:
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert b"2025-01-09T00:00:00Z" in archive.read("docProps/core.xml")
