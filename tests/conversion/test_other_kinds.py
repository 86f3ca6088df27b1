"""Workbooks that are no .xlsx: .xls, .xlsb and .ods give the same cells, or say what they are."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from pipeline.conversion.excel.archive import open_workbook
from pipeline.conversion.excel.cells import Cell
from pipeline.conversion.excel.row_reader import read_rows
from pipeline.conversion.stage import convert
from pipeline.errors import CorruptWorkbook, NotAWorkbook, PasswordProtected, PipelineError, WorkbookTooLarge
from pipeline.store.tick_file import read_ticks
from tests.conversion.books import content_of, read_both

WRITERS = Path(__file__).parents[1] / "writers"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
ODF = "urn:oasis:names:tc:opendocument:xmlns"
FAB = "FAB UH Equity"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@pytest.mark.parametrize("kind", ["xls", "ods"])
def test_odd_cells_are_judged_as_those_of_an_xlsx_are(kind: str) -> None:
    """LibreOffice saved one sheet three times: errors, texts for numbers, signs, repeated and blank rows."""
    expected = content_of(read_both(WRITERS / "odd" / "odd.xlsx")[1])
    assert len(expected["rejects"]) == 9  # type: ignore[arg-type]
    assert content_of(read_both(WRITERS / "odd" / f"odd.{kind}")[1]) == expected


@pytest.mark.parametrize("name", ["libreoffice.xls", "libreoffice.ods", "pyxlsbwriter.xlsb"])
def test_it_is_told_and_left_alone_until_it_changes(tmp_path: Path, name: str) -> None:
    book = tmp_path / name
    book.write_bytes((WRITERS / "written" / name).read_bytes())
    first = convert([book], tmp_path / "store")
    assert any(f"{name} is a" in warning or f"{name} is an" in warning for warning in first.warnings)
    assert [row.status for row in convert([book], tmp_path / "store").rows] == ["unchanged"]


def cells_of(path: Path) -> list[tuple[int, dict[int, Cell], bool]]:
    workbook = open_workbook(path)
    return list(read_rows(workbook, workbook.sheets[0], 0, range(16_384)))


def varint(value: int) -> bytes:
    return bytes([value]) if value < 128 else bytes([value & 127 | 128]) + varint(value >> 7)


def record(kind: int, content: bytes = b"") -> bytes:
    return varint(kind) + varint(len(content)) + content


def wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def row(number: int, flags: int = 0) -> bytes:
    return record(0, struct.pack("<IIHBBB", number - 1, 0, 300, 0, flags, 0) + bytes(4))


def cell(kind: int, column: int, content: bytes = b"", style: int = 0) -> bytes:
    return record(kind, struct.pack("<II", column, style) + content)


def write_xlsb(path: Path, *rows: bytes, date1904: bool = False, state: int = 0) -> Path:
    book = record(153, struct.pack("<III", int(date1904), 0, 0)) + record(143)
    book += record(156, struct.pack("<II", state, 1) + wide("s1") + wide(FAB)) + record(144)
    styles = record(44, struct.pack("<H", 164) + wide("yyyy-mm-dd")) + record(617)
    styles += b"".join(record(47, struct.pack("<HH", 0, number) + bytes(12)) for number in (0, 164, 22)) + record(618)
    parts = {
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="r" Type="{OFFICE}/officeDocument" '
        'Target="xl/workbook.bin"/></Relationships>',
        "xl/_rels/workbook.bin.rels": f'<Relationships xmlns="{PACKAGE}">'
        f'<Relationship Id="s1" Type="{OFFICE}/worksheet" Target="worksheets/sheet1.bin"/>'
        f'<Relationship Id="s2" Type="{OFFICE}/styles" Target="styles.bin"/>'
        f'<Relationship Id="s3" Type="{OFFICE}/sharedStrings" Target="sharedStrings.bin"/></Relationships>',
        "xl/workbook.bin": book,
        "xl/styles.bin": styles,
        "xl/sharedStrings.bin": record(159)
        + record(19, b"\0" + wide("BID"))
        + record(19, b"\1" + wide("ASK") + bytes(8)),
        "xl/worksheets/sheet1.bin": record(129) + record(145) + b"".join(rows) + record(146) + record(130) + row(99),
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def rk(value: int) -> bytes:
    return struct.pack("<I", value & 0xFFFF_FFFF)


XLSB_CELLS = {
    "whole number in 30 bits": (cell(2, 0, rk(46500 << 2 | 2)), Cell("number", "46500")),
    "hundredths": (cell(2, 0, rk(1730 << 2 | 3)), Cell("number", "17.3")),
    "negative": (cell(2, 0, rk(-5 << 2 | 2)), Cell("number", "-5")),
    "half a double": (cell(2, 0, rk(struct.unpack("<I", struct.pack("<d", 1.5)[4:])[0])), Cell("number", "1.5")),
    "its hundredth": (cell(2, 0, rk(struct.unpack("<I", struct.pack("<d", 1.5)[4:])[0] | 1)), Cell("number", "0.015")),
    "double": (cell(5, 0, struct.pack("<d", 0.1 + 0.2)), Cell("number", "0.30000000000000004")),
    "date": (cell(5, 0, struct.pack("<d", 45791.5), style=1), Cell("serial", "45791.5")),
    "date of a built-in format": (cell(5, 0, struct.pack("<d", 45791), style=2), Cell("serial", "45791")),
    "error": (cell(3, 0, b"\x2a"), Cell("error", "#N/A")),
    "truth": (cell(4, 0, b"\1"), Cell("bool", "1")),
    "text": (cell(6, 0, wide("a<&>é")), Cell("text", "a<&>é")),
    "shared text": (cell(7, 0, rk(1)), Cell("text", "ASK")),
    "rich text": (cell(62, 0, b"\1" + wide("BID") + bytes(8)), Cell("text", "BID")),
    "formula's text": (cell(8, 0, wide("BID") + bytes(10)), Cell("text", "BID")),
    "formula's number": (cell(9, 0, struct.pack("<d", 17.3) + bytes(10)), Cell("number", "17.3")),
    "formula's truth": (cell(10, 0, b"\0" + bytes(10)), Cell("bool", "0")),
    "formula's error": (cell(11, 0, b"\x07" + bytes(10)), Cell("error", "#DIV/0!")),
    "number without its column": (record(13, rk(0) + rk(7 << 2 | 2)), Cell("number", "7")),
    "shared text without its column": (record(18, rk(0) + rk(0)), Cell("text", "BID")),
}


@pytest.mark.parametrize(("content", "expected"), XLSB_CELLS.values(), ids=XLSB_CELLS)
def test_every_kind_of_cell_of_a_binary_workbook(tmp_path: Path, content: bytes, expected: Cell) -> None:
    after = record(16, rk(0) + struct.pack("<d", 2))
    book = write_xlsb(tmp_path / "t.xlsb", row(4, flags=16), content, after, row(7), cell(1, 3), cell(2, 700, rk(6)))
    assert cells_of(book) == [
        (4, {0: expected, 1: Cell("number", "2")}, True),
        (7, {700: Cell("number", "1")}, False),
    ]


def test_a_binary_workbooks_epoch_is_its_own(tmp_path: Path) -> None:
    assert open_workbook(write_xlsb(tmp_path / "t.xlsb", date1904=True)).date1904
    assert not open_workbook(write_xlsb(tmp_path / "t.xlsb")).date1904


@pytest.mark.parametrize(
    "content",
    [
        cell(5, 0, b"\0\0"),
        cell(2, 0),
        record(0, b"\0"),
        cell(6, 0, struct.pack("<I", 1_000)),
        row(1_048_577),
        cell(2, 16_384, rk(6)),
        varint(5) + varint(1 << 27),
        b"\x05\x40",
    ],
)
def test_records_that_are_none_fail_the_sheet_by_name(tmp_path: Path, content: bytes) -> None:
    book = write_xlsb(tmp_path / "t.xlsb", row(4), content)
    (converted,) = convert([book], tmp_path / "store").rows
    assert "cannot be read" in str(converted.error)


def test_a_changed_byte_of_a_binary_workbook_is_noticed(tmp_path: Path) -> None:
    book = write_xlsb(tmp_path / "t.xlsb", row(4), cell(5, 0, struct.pack("<d", 17.3)))
    book.write_bytes(book.read_bytes().replace(struct.pack("<d", 17.3), struct.pack("<d", 17.4)))
    with pytest.raises(CorruptWorkbook, match="checksum"):
        cells_of(book)


@pytest.mark.parametrize("kind", ["xls", "ods"])
def test_hidden_sheets_are_passed_over_and_hidden_rows_are_told(tmp_path: Path, kind: str) -> None:
    """LibreOffice saved four ticks, two of them in hidden rows, and four of the next day in a hidden sheet."""
    result = convert([WRITERS / "odd" / f"hidden.{kind}"], tmp_path / "store")
    assert [(row.sheet, row.ticks) for row in result.rows if row.status == "converted"] == [(FAB, 4)]
    assert "FAB: rows that Excel hides or filters out were read as well: 2." in result.warnings


@pytest.mark.parametrize(("state", "hidden"), [(0, False), (1, True), (2, True)])
def test_a_hidden_sheet_of_a_binary_workbook_is_known(tmp_path: Path, state: int, hidden: bool) -> None:  # noqa: FBT001
    (sheet,) = open_workbook(write_xlsb(tmp_path / "t.xlsb", state=state)).sheets
    assert sheet.hidden is hidden


def write_ods(path: Path, rows: str, *, manifest: str = "", before: str = "", tables: str = "") -> Path:
    spaces = " ".join(f'xmlns:{name}="{ODF}:{name}:1.0"' for name in ("office", "table", "text", "style"))
    table = tables or f'<table:table table:name="A &amp; B"/><table:table table:name="{FAB}">{rows}</table:table>'
    table = before + table
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", f"<office:document-content {spaces}>{table}</office:document-content>")
        archive.writestr("META-INF/manifest.xml", manifest)
    return path


def ods_cell(kind: str, value: str, text: str = "", more: str = "") -> str:
    return f'<table:table-cell office:value-type="{kind}" {value} {more}><text:p>{text}</text:p></table:table-cell>'


SHOWN_AS_ERROR = 'xmlns:c="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0" c:value-type="error"'
ODS_CELLS = {
    "number": (ods_cell("float", 'office:value="17.30"', "17"), Cell("number", "17.3")),
    "percentage": (ods_cell("percentage", 'office:value="0.5"'), Cell("number", "0.5")),
    "currency": (ods_cell("currency", 'office:value="17"'), Cell("number", "17")),
    "date": (ods_cell("date", 'office:date-value="2025-05-14T10:00:01.5"'), Cell("iso", "2025-05-14T10:00:01.5")),
    "clock": (ods_cell("time", 'office:time-value="PT06H00M00.5S"'), Cell("serial", repr(21600.5 / 86400))),
    "truth": (ods_cell("boolean", 'office:boolean-value="true"'), Cell("bool", "1")),
    "text": (ods_cell("string", "", "a<text:s text:c='2'/>b<text:span>c</text:span>&lt;"), Cell("text", "a  bc<")),
    "text of its own": (ods_cell("string", 'office:string-value="BID"', "shown"), Cell("text", "BID")),
    "error": (ods_cell("string", "", "#N/A", SHOWN_AS_ERROR), Cell("error", "#N/A")),
}


@pytest.mark.parametrize(("content", "expected"), ODS_CELLS.values(), ids=ODS_CELLS)
def test_every_kind_of_cell_of_an_open_document(tmp_path: Path, content: str, expected: Cell) -> None:
    blank = '<table:table-row table:number-rows-repeated="2"><table:table-cell/></table:table-row>'
    many = '<table:table-cell table:number-columns-repeated="3"/>'
    twice = f'<table:table-row table:number-rows-repeated="2">{many}{content}</table:table-row>'
    end = '<table:table-row table:number-rows-repeated="1048571"><table:table-cell/></table:table-row>'
    workbook = open_workbook(write_ods(tmp_path / "t.ods", blank + twice + end))
    assert [sheet.name for sheet in workbook.sheets] == ["A & B", FAB]
    assert list(read_rows(workbook, workbook.sheets[1], 0, range(10))) == [
        (3, {3: expected}, False),
        (4, {3: expected}, False),
    ]


STYLES = "".join(
    f'<style:style style:name="ta{number}" style:family="table"><style:table-properties table:display="{shown}"/>'
    "</style:style>"
    for number, shown in enumerate(("true", "false"), start=1)
)


@pytest.mark.parametrize(
    "attributes",
    [
        'table:name="A" table:style-name="{}"',
        'table:style-name="{}" table:name="A"',
        "table:style-name='{}' table:print='x > y'\n table:name = 'A'",
    ],
)
@pytest.mark.parametrize(("style", "hidden"), [("ta1", False), ("ta2", True)])
def test_a_table_has_its_own_name_and_style_in_any_order(
    tmp_path: Path, attributes: str, style: str, *, hidden: bool
) -> None:
    table = f"<table:table {attributes.format(style)}/>"
    (sheet,) = open_workbook(write_ods(tmp_path / "t.ods", "", before=STYLES, tables=table)).sheets
    assert (sheet.name, sheet.hidden) == ("A", hidden)


def null_date(day: str) -> str:
    return (
        f'<table:calculation-settings><table:null-date table:date-value="{day}"/></table:calculation-settings>'
        if day
        else ""
    )


@pytest.mark.parametrize(
    ("day", "time"),
    [("", "2025-05-14"), ("1899-12-30", "2025-05-14"), ("1904-01-01", "2029-05-15")],
)
def test_numbers_of_an_open_document_count_from_its_own_day(tmp_path: Path, day: str, time: str) -> None:
    rows = [["Dates", "Type", "Price", "Size"], ["", "BID", "", ""]]
    texts = [[ods_cell("string", "", text) for text in row] for row in rows]
    for at, value in ((0, 45791.5), (2, 17.5), (3, 100)):
        texts[1][at] = ods_cell("float", f'office:value="{value}"')
    sheet = "".join(f"<table:table-row>{''.join(row)}</table:table-row>" for row in texts)
    convert([write_ods(tmp_path / "t.ods", sheet, before=null_date(day))], tmp_path / "store")
    (moment,) = read_ticks(tmp_path / "store" / "FAB.parquet").timestamp.tolist()
    assert np.datetime64(moment, "ns") == np.datetime64(f"{time}T12:00")


def test_an_open_document_that_counts_from_another_day_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotAWorkbook, match=r"t\.ods counts its dates from 1900-01-01.*\.csv"):
        open_workbook(write_ods(tmp_path / "t.ods", "", before=null_date("1900-01-01")))


def bomb(rows: int, columns: int) -> str:
    cell = '<table:table-cell table:number-columns-repeated="{}" office:value-type="float" office:value="1"/>'
    return f'<table:table-row table:number-rows-repeated="{rows}">{cell.format(columns)}</table:table-row>'


@pytest.mark.parametrize(
    ("make", "kind", "words"),
    [
        (lambda path: write_ods(path, "", manifest="<encryption-data/>"), PasswordProtected, "password"),
        (lambda path: path.write_bytes(OLE + bytes(5_000)), NotAWorkbook, "t.any"),
        (lambda path: path.write_bytes((WRITERS / "odd" / "odd.xls").read_bytes()[:3_000]), PipelineError, "t.any"),
        (lambda path: path.write_bytes(OLE + bytes(65 << 20)), WorkbookTooLarge, "text_mb"),
    ],
)
def test_what_cannot_be_opened_is_a_named_error(
    tmp_path: Path, make: object, kind: type[PipelineError], words: str
) -> None:
    make(tmp_path / "t.any")  # type: ignore[operator]
    with pytest.raises(kind, match=words):
        open_workbook(tmp_path / "t.any")


def test_repeated_rows_are_no_bomb(tmp_path: Path) -> None:
    book = write_ods(tmp_path / "t.ods", bomb(rows=1_000_000, columns=16_384))
    (converted,) = convert([book], tmp_path / "store", only=[FAB], limits={"sheet_gb": 0.01}).rows
    assert converted.status == "failed"


@pytest.mark.slow
def test_a_row_beyond_what_a_sheet_can_have_is_refused(tmp_path: Path) -> None:
    late = write_ods(tmp_path / "t.ods", bomb(rows=1, columns=1) + bomb(rows=1_048_576, columns=1))
    with pytest.raises(PipelineError, match=r"beyond the 1,048,576"):
        list(read_rows(open_workbook(late), open_workbook(late).sheets[1], 0, range(4)))


def test_a_security_may_be_in_workbooks_of_several_kinds(tmp_path: Path) -> None:
    books = [WRITERS / "written" / "libreoffice.xls", WRITERS / "written" / "libreoffice.ods"]
    for book in books:
        convert([book], tmp_path / book.suffix[1:])
    first, second = (read_ticks(tmp_path / kind / "FAB.parquet") for kind in ("xls", "ods"))
    assert first.timestamp.tolist() == second.timestamp.tolist()
