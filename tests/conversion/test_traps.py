from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING
from xml.sax.saxutils import unescape

import openpyxl
import pytest
import xlsxwriter

from pipeline.conversion import stage
from pipeline.conversion.excel.archive import open_workbook
from pipeline.conversion.layout import blocks_of
from pipeline.conversion.sheet import read_sheet
from pipeline.conversion.stage import convert
from pipeline.errors import CorruptWorkbook, UnreadableSheet
from pipeline.store.tick_file import read_ticks
from tests.conversion.books import (
    MAIN,
    Cell,
    content_of,
    number,
    read_both,
    row_xml,
    serial,
    shared,
    text,
    tick,
    tick_sheet,
    write_book,
)

if TYPE_CHECKING:
    from pathlib import Path

FAB = "FAB UH Equity"


def test_a_row_that_stands_twice_under_one_number_is_kept_twice(tmp_path: Path) -> None:
    rows = tick_sheet(tick(price=1), tick(price=2)) + row_xml(5, tick(price=3)) + row_xml(6, tick(price=4))
    fast, by_row = read_both(write_book(tmp_path / "t.xlsx", {FAB: rows}))
    assert fast is None
    assert by_row.ticks.price.tolist() == [1.0, 2.0, 3.0, 4.0]
    assert (by_row.rows, by_row.blank) == (4, 0)


def test_a_repeated_row_is_found_also_when_head_rows_are_absent(tmp_path: Path) -> None:
    rows = tick_sheet(tick(price=1), tick(price=2)) + row_xml(5, tick(price=3))
    rows = rows.replace(row_xml(1, (text(FAB),)), "")
    fast, by_row = read_both(write_book(tmp_path / "t.xlsx", {FAB: rows}))
    assert fast is None
    assert by_row.ticks.price.tolist() == [1.0, 2.0, 3.0]


def test_rows_out_of_order_come_in_the_order_excel_shows(tmp_path: Path) -> None:
    rows = tick_sheet() + "".join(row_xml(at, tick(price=at)) for at in (6, 4, 5))
    fast, by_row = read_both(write_book(tmp_path / "t.xlsx", {FAB: rows}))
    assert by_row.ticks.price.tolist() == [4.0, 5.0, 6.0]
    assert fast is None or content_of(fast) == content_of(by_row)


@pytest.mark.parametrize("dimension", ["A1", "A1:D4", "A1:XFD1048576", "B2:C3", "nonsense", None])
def test_a_wrong_dimension_loses_no_row(tmp_path: Path, dimension: str | None) -> None:
    book = write_book(tmp_path / "t.xlsx", {FAB: tick_sheet(tick(), tick(), tick())}, dimension=dimension)
    fast, by_row = read_both(book)
    assert len(by_row.ticks) == 3
    assert fast is None or content_of(fast) == content_of(by_row)
    assert convert([book], tmp_path / "store").rows[0].ticks == 3


@pytest.mark.parametrize(
    "change",
    [
        lambda xml: xml.replace(' r="4"', "").replace(' r="5"', ""),  # rows without a number
        lambda xml: xml.replace('r="A5"', "").replace('r="B5"', "").replace('r="C5"', "").replace('r="D5"', ""),
        lambda xml: xml.replace("<v>17.3</v>", "<v><![CDATA[17.3]]></v>"),
        lambda xml: xml.replace("<v>17.3</v>", "<v>17&#46;3</v>"),
        lambda xml: xml.replace("<v>17.3</v>", "<v> 17.3 </v>"),
        lambda xml: xml.replace('<row r="4">', '<row spans="1:4" r="4" ht="15">'),
        lambda xml: xml.replace('<row r="4">', '<row\n r="4" >'),
    ],
)
def test_unusual_but_lawful_xml_gives_the_same_ticks(tmp_path: Path, change: object) -> None:
    plain = tick_sheet(tick(), tick(price=2), tick(price=3))
    changed = change(plain)  # type: ignore[operator]
    assert changed != plain
    _, expected = read_both(write_book(tmp_path / "plain.xlsx", {FAB: plain}))
    fast, by_row = read_both(write_book(tmp_path / "t.xlsx", {FAB: changed}))
    assert content_of(by_row) == content_of(expected)
    assert (fast is None) == ("CDATA" in changed)
    assert fast is None or content_of(fast) == content_of(expected)


@pytest.mark.parametrize("broken", ["1{}0", "{}10", "10{}"])
@pytest.mark.parametrize("column", range(4))
@pytest.mark.parametrize("escape", ["&amp;", "&lt;", "&quot;", "&apos;", "&gt;"])
def test_an_escaped_letter_in_a_number_is_no_shorter_number(
    tmp_path: Path, column: int, broken: str, escape: str
) -> None:
    cells = list(tick())
    cells[column] = Cell(cells[column].attributes, f"<v>{broken.format(escape)}</v>")
    rows = tick_sheet(tick(), cells, tick())
    fast, by_row = read_both(write_book(tmp_path / "t.xlsx", {FAB: rows}))
    assert [each.row for each in by_row.rejects] == [5]
    assert fast is not None
    assert content_of(fast) == content_of(by_row)


@pytest.mark.parametrize("broken", ["BI&amp;D", "&amp;BID", "BID&amp;", "BID&gt;", "&lt;BID"])
@pytest.mark.parametrize("where", ["inline", "formula", "shared"])
def test_an_escaped_letter_in_a_type_makes_it_another_type(tmp_path: Path, broken: str, where: str) -> None:
    time, _, price, size = tick()
    cell = {
        "inline": text(unescape(broken)),
        "formula": Cell('t="str"', f"<v>{broken}</v>"),
        "shared": shared(0),
    }[where]
    rows = tick_sheet(tick(), (time, cell, price, size), tick())
    book = write_book(tmp_path / "t.xlsx", {FAB: rows}, texts=[unescape(broken)])
    fast, by_row = read_both(book)
    assert [each.row for each in by_row.rejects] == [5]
    assert fast is not None
    assert content_of(fast) == content_of(by_row)


@pytest.mark.parametrize("inner", ["BID<b/>", "B<b>I</b>D", "<t>BID</t>", "<r>BID</r>", "BID<si/>", "BID<v>X</v>"])
def test_an_element_within_a_text_is_refused_by_every_reader(tmp_path: Path, inner: str) -> None:
    time, _, price, size = tick()
    inline = Cell('t="inlineStr"', f"<is><t>{inner}</t></is>")
    rows = tick_sheet(*[tick()] * 20, (time, inline, price, size))
    with pytest.raises(UnreadableSheet, match="within a text"):
        read_both(write_book(tmp_path / "inline.xlsx", {FAB: rows}))
    table = f'<sst xmlns="{MAIN}"><si><t>{inner}</t></si></sst>'.encode()
    with pytest.raises(CorruptWorkbook, match=r"within a text|in another"):
        open_workbook(write_book(tmp_path / "t.xlsx", {FAB: rows}, extra={"xl/sharedStrings.xml": table}))


@pytest.mark.parametrize("inner", ["1<b/>", "1<b>2</b>3", "<v>17</v>", "1<t>2</t>"])
@pytest.mark.parametrize("column", [0, 2, 3])
def test_an_element_within_a_number_is_judged_alike_by_all_readers(tmp_path: Path, inner: str, column: int) -> None:
    cells = list(tick())
    cells[column] = Cell(cells[column].attributes, f"<v>{inner}</v>")
    book = write_book(tmp_path / "t.xlsx", {FAB: tick_sheet(tick(), cells, tick())})
    fast, by_row = read_both(book)
    assert fast is not None
    assert content_of(fast) == content_of(by_row)


def test_a_prefixed_namespace_is_read(tmp_path: Path) -> None:
    book = write_book(tmp_path / "t.xlsx", {FAB: tick_sheet(tick(), tick())})
    _, expected = read_both(book)
    rewritten = tmp_path / "prefixed.xlsx"
    with zipfile.ZipFile(book) as old, zipfile.ZipFile(rewritten, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name).decode()
            if name.endswith("sheet1.xml"):
                for tag in ("worksheet", "sheetData", "row", "c", "v", "is", "t"):
                    content = content.replace(f"<{tag} ", f"<x:{tag} ").replace(f"<{tag}>", f"<x:{tag}>")
                    content = content.replace(f"</{tag}>", f"</x:{tag}>")
                content = content.replace("xmlns=", "xmlns:x=")
            new.writestr(name, content)
    fast, by_row = read_both(rewritten)
    assert content_of(by_row) == content_of(expected)
    assert fast is not None
    assert content_of(fast) == content_of(expected)


def test_text_with_an_error_word_in_every_cell_of_a_row_is_no_blank_row(tmp_path: Path) -> None:
    rows = tick_sheet(tick(), (text("NA"), text("NA"), text("NA"), text("NA")), tick())
    fast, by_row = read_both(write_book(tmp_path / "t.xlsx", {FAB: rows}))
    assert fast is not None
    assert [[(each.row, each.rule) for each in by.rejects] for by in (fast, by_row)] == [[(5, "unreadable time")]] * 2


@pytest.mark.parametrize("writer", ["openpyxl", "openpyxl write-only", "xlsxwriter"])
def test_workbooks_of_other_writers_are_read_by_the_fast_reader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writer: str
) -> None:
    import datetime as dt

    path = tmp_path / "t.xlsx"
    start = dt.datetime(2025, 4, 14, 10)  # noqa: DTZ001
    rows = [(start + dt.timedelta(seconds=n), ("BID", "ASK", "TRADE")[n % 3], n / 100, n * 10) for n in range(50)]
    if writer == "xlsxwriter":
        with xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd hh:mm:ss"}) as book:
            sheet = book.add_worksheet(FAB)
            for at, row in enumerate([("Dates", "Type", "Price", "Size"), *rows], start=2):
                sheet.write_row(at, 0, row)
    else:
        book = openpyxl.Workbook(write_only=writer.endswith("write-only"))
        page = book.create_sheet(FAB) if book.write_only else book.active
        page.title = FAB
        for row in [(FAB,), (), ("Dates", "Type", "Price", "Size"), *rows]:
            page.append(row)
        book.save(path)
    monkeypatch.setattr(stage, "WORTH_LOADING", 1)
    monkeypatch.setattr(stage, "WORTH_COMPILING", 1)
    result = convert([path], tmp_path / "store")
    assert [(row.status, row.reader, row.ticks) for row in result.rows] == [("converted", "fast", 50)]
    ticks = read_ticks(tmp_path / "store" / "FAB.parquet")
    first = (start - dt.datetime(1970, 1, 1)) // dt.timedelta(seconds=1)  # noqa: DTZ001
    assert ticks.timestamp.tolist() == [(first + n) * 1_000_000_000 for n in range(50)]
    assert ticks.kind.tolist() == [n % 3 for n in range(50)]
    assert ticks.price.tolist() == [n / 100 for n in range(50)]
    assert ticks.volume.tolist() == [n * 10 for n in range(50)]


def test_cells_of_other_columns_are_not_looked_at(tmp_path: Path) -> None:
    others = (text("x"), number("1e999"), serial(0.5), text("#N/A"))
    rows = [(*tick(), others[n % 4], others[(n + 1) % 4]) for n in range(8)]
    fast, by_row = read_both(write_book(tmp_path / "t.xlsx", {FAB: tick_sheet(*rows)}))
    assert fast is not None
    assert content_of(fast) == content_of(by_row)


def test_a_stray_cell_far_away_takes_no_memory(tmp_path: Path) -> None:
    rows = tick_sheet(tick(), tick()) + '<row r="900000"><c r="XFD900000"><v>1</v></c></row>'
    fast, by_row = read_both(write_book(tmp_path / "t.xlsx", {FAB: rows}, dimension="A1:XFD900000"))
    assert fast is not None
    assert content_of(fast) == content_of(by_row)
    assert (len(by_row.ticks), by_row.rows) == (2, 2)


def test_progress_is_told_while_reading_row_by_row(tmp_path: Path) -> None:
    rows = [tick() for _ in range(20_050)]
    book = open_workbook(write_book(tmp_path / "t.xlsx", {FAB: tick_sheet(*rows, tick(size="0.5"))}))
    progress: list[int] = []
    content = read_sheet(book, book.sheets[0], *blocks_of(book, book.sheets[0]), on_rows=progress.append)
    assert (content.reader, progress) == ("row by row", [20_000])
