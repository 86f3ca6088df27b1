"""The fast reader, the one that goes row by row and openpyxl find the same ticks and rejects in any workbook."""

from __future__ import annotations

import re
import zipfile
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.conversion.excel.archive import open_workbook
from pipeline.conversion.layout import blocks_of
from pipeline.conversion.reject_rules import UNREADABLE_TIME
from pipeline.conversion.stage import convert
from pipeline.conversion.verify import read_by_openpyxl
from pipeline.errors import UnreadableSheet
from pipeline.store.parquet import read_footer, read_table
from pipeline.store.tick_file import read_ticks
from tests.conversion.books import (
    MAIN,
    content_of,
    number,
    read_both,
    serial,
    shared,
    text,
    tick,
    tick_sheet,
    write_book,
)
from tests.properties.workbooks import FAB, Layout, any_row, good_row, layouts, write
from tests.properties.xml_styles import STYLES, chosen_encoding, chosen_styles, restyle

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.conversion.ticks import Parsed
    from tests.conversion.books import Cell

Rows = list[tuple["Cell | None", ...]]
some_rows = st.lists(st.one_of(good_row, good_row, good_row, any_row, st.just(())), min_size=1, max_size=14)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("agree")


def all_agree(book: Path, header_row: int = 3) -> bool:
    """Compare what three readers find; return whether the fast one took the sheet."""
    fast, by_row = read_both(book, header_row)
    workbook = open_workbook(book)
    by_openpyxl = read_by_openpyxl(workbook, workbook.sheets[0], *blocks_of(workbook, workbook.sheets[0], header_row))
    assert _shown_alike(by_row) == _shown_alike(by_openpyxl)
    assert fast is None or content_of(fast) == content_of(by_row)
    # A part of a text whose letters differ in font may be a type word that the one pass looked up.
    assert fast is None or fast.texts >= by_row.texts
    return fast is not None


def _shown_alike(parsed: Parsed) -> dict[str, object]:
    """What was found; of a time that cannot be read openpyxl does not tell the cell's own text."""
    content = content_of(parsed)
    rejects = [(each.row, each.cells, each.rule) for each in parsed.rejects]
    content["rejects"] = [(at, cells[1:] if rule == UNREADABLE_TIME else cells, rule) for at, cells, rule in rejects]
    return content


@settings(max_examples=settings().max_examples // 2)
@given(rows=some_rows, layout=layouts)
def test_three_readers_find_the_same_ticks_and_rejects(folder: Path, rows: Rows, layout: Layout) -> None:
    all_agree(write(folder / "t.xlsx", rows, layout), layout.header_row)


@settings(max_examples=settings().max_examples // 2)
@given(rows=st.lists(st.one_of(good_row, st.just(())), min_size=1, max_size=14).filter(any), layout=layouts)
def test_the_fast_reader_takes_clean_sheets_however_they_are_laid_out(folder: Path, rows: Rows, layout: Layout) -> None:
    clean = Layout(layout.shift, layout.header_row, layout.date1904, layout.dimension, layout.titled)
    assert all_agree(write(folder / "t.xlsx", rows, clean), clean.header_row)


@given(rows=some_rows, layout=layouts, styles=chosen_styles, encoding=chosen_encoding)
def test_a_sheet_is_read_alike_in_any_style_of_xml(
    folder: Path, rows: Rows, layout: Layout, styles: list[str], encoding: str
) -> None:
    all_agree(restyle(write(folder / "t.xlsx", rows, layout), styles, encoding), layout.header_row)


@pytest.mark.parametrize("style", STYLES)
def test_no_style_of_xml_changes_what_is_read(tmp_path: Path, style: str) -> None:
    rows = [tick(), tick(45761.6, "ASK", 2), (), tick(45761.7, "TRADE", "1E-2")]
    plain = read_both(write(tmp_path / "t.xlsx", rows, Layout()))[1]
    styled = restyle(tmp_path / "t.xlsx", [style])
    assert content_of(read_both(styled)[1]) == content_of(plain)
    assert len(plain.ticks) == 3
    all_agree(styled)


RULES = '<conditionalFormatting sqref="A1"><cfRule type="expression" priority="1"/></conditionalFormatting>'
ODD = (
    ("<v>17.3</v>", "<v>17<!-- a note -->.3</v>"),
    ("<v>17.3</v>", "<v>17<?a note?>.3</v>"),
    ("<v>17.3</v>", "<v>17<![CDATA[.3]]></v>"),
    ("<v>17.3</v>", "<v>&#49;7.3</v>"),
    ("<v>17.3</v>", "<f>1<2</f><v>17.3</v>".replace("1<2", "1&lt;2")),
    ('<c r="C4"', "<c r='C4'"),
    ('<c r="C4"', "<c"),
    ('<row r="4"', '<row ht="15" r="4"'),
    ('<row r="4"', '<row r="4" spans="1:4" x14ac:dyDescent="0.25" xmlns:x14ac="u"'),
    ('<row r="5">', "<row>"),
    ("</row>", "</row>\n  "),
    ('<t xml:space="preserve">BID</t>', "<t>B_x0049_D</t>"),
    ('<t xml:space="preserve">BID</t>', "<t>B<!-- -->ID</t>"),
    ('<t xml:space="preserve">BID</t>', '<t>BID</t><rPh sb="0" eb="1"><t>ASK</t></rPh>'),
    ("<sheetData>", '<!-- <row r="4"><c r="A4"/></row> --><sheetData>'),
    ("</sheetData>", f"</sheetData>{RULES}"),
    ("</sheetData>", '<row r="9"/><row r="12"><c r="A12" s="1"/><c r="D12"/></row></sheetData>'),
    ("</sheetData>", '<row r="9"><c r="ZZ9"><v>1</v></c></row></sheetData>'),
    ("</sheetData>", '<row r="6"><c r="C6"><v>2</v></c></row></sheetData>'),
    ('<row r="6">', '<row r="16">'),
)


@settings(max_examples=settings().max_examples // 2)
@given(changes=st.lists(st.sampled_from(ODD), min_size=1, max_size=4, unique=True))
def test_lawful_xml_of_any_style_is_read_alike(folder: Path, changes: list[tuple[str, str]]) -> None:
    plain = write_book(folder / "plain.xlsx", {FAB: tick_sheet(tick(), tick(price=2), tick(kind="ASK"))})
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(folder / "t.xlsx", "w") as new:
        for name in old.namelist():
            content = old.read(name).decode()
            for before, after in changes if name.endswith("sheet1.xml") else ():
                content = content.replace(before, after)
            new.writestr(name, content)
    try:
        all_agree(folder / "t.xlsx")
    except UnreadableSheet:
        assert [before for before, _ in changes].count('<row r="6">') == 1  # its cells say 6, so it cannot be row 16


@given(code=st.text(st.sampled_from('dmhysaDMHYSAp/0#.,;:-" \\_*[]$E@?R'), min_size=1, max_size=12))
def test_a_format_that_readers_take_differently_is_left_to_the_exact_one(folder: Path, code: str) -> None:
    book = write_book(folder / "t.xlsx", {FAB: tick_sheet(tick(), tick())}, date_format=code)
    all_agree(book)
    priced = (serial("45761.5", style=3), text("BID"), serial("1.5"), number(2))
    styles = STYLES_WITH_ONE_MORE.format(quoteattr(code)).encode()
    all_agree(write_book(folder / "t.xlsx", {FAB: tick_sheet(priced, priced)}, extra={"xl/styles.xml": styles}))


STYLES_WITH_ONE_MORE = (
    f'<styleSheet xmlns="{MAIN}"><numFmts count="1"><numFmt numFmtId="164" formatCode={{}}/></numFmts>'
    "<fonts><font/></fonts><fills><fill><patternFill/></fill></fills><borders><border/></borders><cellStyleXfs><xf/></cellStyleXfs>"
    '<cellXfs><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="2"/><xf numFmtId="22"/></cellXfs>'
    '<cellStyles><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)


@pytest.mark.parametrize(
    "items",
    [
        "<si/><si><t>BID</t></si>",
        "<si><t/></si><si><t>BID</t></si>",
        "<si><t>ASK</t></si><si><r><t>B</t></r><r><t>ID</t></r><rPh sb='0' eb='1'><t>ASK</t></rPh></si>",
        "<si><t>ASK</t></si><si><t>B_x0049_D</t></si>",
        "<si><t>B<!-- -->ID</t></si><si><t><![CDATA[BID]]></t></si>",
        "<si><t xml:space='preserve'> BID </t></si><si><t>&#66;ID</t></si>",
    ],
)  # fmt: skip
@pytest.mark.parametrize("numbers", [(0, 1), (1, 1), ("01", "1")])
def test_shared_texts_of_any_style_are_read_alike(folder: Path, items: str, numbers: tuple[object, ...]) -> None:
    time, _, *others = tick()
    rows = [(time, shared(number), *others) for number in numbers]
    sst = f'<sst xmlns="{MAIN}">{items}</sst>'.encode()
    all_agree(write_book(folder / "t.xlsx", {FAB: tick_sheet(*rows)}, extra={"xl/sharedStrings.xml": sst}))


@pytest.mark.parametrize("number", ["-1", "2", "x", "1.0", "99999999999999999999", "1 1"])
def test_a_number_of_no_shared_text_is_an_error_and_never_another_text(tmp_path: Path, number: str) -> None:
    time, _, *others = tick()
    rows = [*[tick()] * 30, (time, shared(number), *others)]
    book = write_book(tmp_path / "t.xlsx", {FAB: tick_sheet(*rows)}, texts=["BID", "ASK"])
    (row,) = convert([book], tmp_path / "store").rows
    assert "no shared text" in str(row.error)


def rows_in_xml(book: Path, header_row: int) -> tuple[int, int]:
    """Count, by nothing of the project's, rows from the header to the last that holds anything, and those that do."""
    space = f"{{{MAIN}}}"
    with zipfile.ZipFile(book) as archive:
        sheet = ET.fromstring(archive.read("xl/worksheets/sheet1.xml"))  # noqa: S314 - our own
        items = ET.fromstring(archive.read("xl/sharedStrings.xml")).iter(f"{space}si")  # noqa: S314
        texts = ["".join(each.text or "" for each in item.iter(f"{space}t")) for item in items]
    header = next(row for row in sheet.iter(f"{space}row") if row.get("r") == str(header_row))
    wanted = [re.sub(r"\d", "", cell.get("r", "")) for cell in header][:4]
    filled = []
    for row in sheet.iter(f"{space}row"):
        held = False
        for place, cell in enumerate(row):
            column = re.sub(r"\d", "", cell.get("r", "")) or "ABCDEFGH"[place]
            told = "".join(each.text or "" for each in cell.iter() if each.tag in (f"{space}v", f"{space}t"))
            told = texts[int(told)] if cell.get("t") == "s" else told
            held = held or (column in wanted and bool(told.strip()))
        if held and int(row.get("r", "0")) > header_row:
            filled.append(int(row.get("r", "0")))
    return (max(filled) - header_row if filled else 0), len(filled)


@settings(max_examples=settings().max_examples // 4)
@given(rows=some_rows, layout=layouts)
def test_ticks_rejects_and_blank_rows_are_the_rows_of_the_sheet(folder: Path, rows: Rows, layout: Layout) -> None:
    book = write(folder / "t.xlsx", rows, layout)
    expected, filled = rows_in_xml(book, layout.header_row)
    (row,) = convert([book], folder / "store", header_row=layout.header_row, force=True, max_rejects=1).rows
    if row.status == "failed":
        assert len(read_both(book, layout.header_row)[1].ticks) == 0
        why = "no rows below" if expected == 0 else f"no ticks: {filled} of {filled} rows rejected"
        assert why in str(row.error)
        return
    ticks = len(read_ticks(folder / "store" / "FAB.parquet"))
    rejects = read_table(folder / "store" / "FAB.rejects.parquet").num_rows if row.rejects else 0
    assert (ticks + rejects, ticks + rejects + row.blank) == (filled, expected)
    assert (row.rows, row.ticks, sum(row.rejects.values())) == (expected, ticks, rejects)
    told = read_footer(folder / "store" / "FAB.parquet").metadata
    names = ("rows_in", "rows_kept", "rows_rejected", "rows_blank")
    assert tuple(int(told[name]) for name in names) == (expected, ticks, rejects, row.blank)
    assert (folder / "store" / "FAB.rejects.parquet").exists() == bool(rejects)
