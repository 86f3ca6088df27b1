"""Hand-made workbooks for tests: every cell's XML is written out, so that files no writer makes can be made too."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from pipeline.conversion.excel.archive import open_workbook
from pipeline.conversion.excel.loop_rows import read_rows
from pipeline.conversion.excel.row_blocks import Unsupported
from pipeline.conversion.layout import blocks_of
from pipeline.conversion.rules import Rules
from pipeline.conversion.sheet import read_fast, read_row_by_row
from pipeline.native.functions import compiled

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pipeline.conversion.ticks import Parsed

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"


@dataclass(frozen=True)
class Cell:
    """A cell's attributes (without its place) and what stands between its tags."""

    attributes: str
    inner: str


def number(value: object) -> Cell:
    return Cell("", f"<v>{value}</v>")


def serial(value: object, style: int = 1) -> Cell:
    return Cell(f's="{style}"', f"<v>{value}</v>")


def text(value: str) -> Cell:
    return Cell('t="inlineStr"', f'<is><t xml:space="preserve">{escape(value)}</t></is>')


def shared(index: int) -> Cell:
    return Cell('t="s"', f"<v>{index}</v>")


def error(value: str) -> Cell:
    return Cell('t="e"', f"<v>{escape(value)}</v>")


def boolean(value: bool) -> Cell:  # noqa: FBT001
    return Cell('t="b"', f"<v>{int(value)}</v>")


def iso(value: str) -> Cell:
    return Cell('t="d"', f"<v>{value}</v>")


def formula_text(value: str) -> Cell:
    return Cell('t="str"', f"<f>1+1</f><v>{escape(value)}</v>")


def formula(value: object) -> Cell:
    return Cell("", f"<f>1+1</f><v>{value}</v>")


STYLED_EMPTY = Cell('s="1"', "")
TITLES = ((text("FAB UH Equity"),), (text("made up"),))
HEADERS = (text("Dates"), text("Type"), text("Price"), text("Size"))
MONDAY = 45761  # 2025-04-14 as an Excel serial


def tick(time: object = 45761.5, kind: str = "BID", price: object = 17.3, size: object = 100) -> tuple[Cell, ...]:
    return serial(time), text(kind), number(price), number(size)


def row_xml(at: int, cells: Sequence[Cell | None], first_column: int = 0) -> str:
    inner = "".join(
        f'<c r="{chr(65 + first_column + number)}{at}"{cell.attributes and " " + cell.attributes}>{cell.inner}</c>'
        for number, cell in enumerate(cells)
        if cell is not None
    )
    return f'<row r="{at}">{inner}</row>'


def rows_xml(rows: Sequence[Sequence[Cell | None]], first_column: int = 0) -> str:
    return "".join(row_xml(at, cells, first_column) for at, cells in enumerate(rows, start=1) if cells)


def tick_sheet(*rows: Sequence[Cell | None]) -> str:
    """A sheet's rows: two title lines, the headers in row 3, `rows` from row 4 on."""
    return rows_xml([*TITLES, HEADERS, *rows])


def write_book(
    path: Path,
    sheets: Mapping[str, str],
    *,
    date1904: bool = False,
    texts: Sequence[str] = (),
    dimension: str | None = None,
    date_format: str = r"m/d/yyyy\ h:mm:ss",
    hidden: Sequence[str] = (),
    extra: Mapping[str, bytes] | None = None,
) -> Path:
    """Write a workbook whose sheets hold the given row XML; style 1 is `date_format`, style 2 is a plain number."""
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    size = f'<dimension ref="{dimension}"/>' if dimension else ""
    states = {name: 'state="hidden"' if name in hidden else "" for name in sheets}
    listed = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{n}" {states[name]} r:id="rId{n}"/>'
        for n, name in enumerate(sheets, start=1)
    )
    links = "".join(
        f'<Relationship Id="rId{n}" Type="{OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in range(1, len(sheets) + 1)
    )
    overrides = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{TYPES}.worksheet+xml"/>'
        for n in range(1, len(sheets) + 1)
    )
    parts = {
        "[Content_Types].xml": f'{head}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{TYPES}.sheet.main+xml"/>{overrides}'
        f'<Override PartName="/xl/styles.xml" ContentType="{TYPES}.styles+xml"/>'
        f'<Override PartName="/xl/sharedStrings.xml" ContentType="{TYPES}.sharedStrings+xml"/></Types>',
        "_rels/.rels": f'{head}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="rId1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/_rels/workbook.xml.rels": f"{head}<Relationships "
        f'xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{links}'
        f'<Relationship Id="s1" Type="{OFFICE}/styles" Target="styles.xml"/>'
        f'<Relationship Id="s2" Type="{OFFICE}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
        "xl/workbook.xml": f'{head}<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}">'
        f'<workbookPr date1904="{int(date1904)}"/><sheets>{listed}</sheets></workbook>',
        "xl/styles.xml": f'{head}<styleSheet xmlns="{MAIN}"><numFmts count="1">'
        f'<numFmt numFmtId="164" formatCode={quoteattr(date_format)}/></numFmts>'
        '<fonts count="1"><font><sz val="11"/></font></fonts>'
        '<fills count="1"><fill><patternFill patternType="none"/></fill></fills>'
        '<borders count="1"><border/></borders>'
        '<cellStyleXfs count="1"><xf/></cellStyleXfs>'
        '<cellXfs count="3"><xf numFmtId="0"/><xf numFmtId="164" applyNumberFormat="1"/><xf numFmtId="2"/></cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>',
        "xl/sharedStrings.xml": f'{head}<sst xmlns="{MAIN}">'
        + "".join(f'<si><t xml:space="preserve">{escape(each)}</t></si>' for each in texts)
        + "</sst>",
    }
    for n, rows in enumerate(sheets.values(), start=1):
        parts[f"xl/worksheets/sheet{n}.xml"] = (
            f'{head}<worksheet xmlns="{MAIN}">{size}<sheetData>{rows}</sheetData></worksheet>'
        )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**parts, **(extra or {})}.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return path


def read_compiled(path: Path, header_row: int = 3) -> Parsed | None:
    """Read a workbook's first sheet in one pass; None when that declines."""
    workbook = open_workbook(path)
    sheet = workbook.sheets[0]
    (block,) = blocks_of(workbook, sheet, header_row)
    loop = compiled(read_rows)
    assert loop is not None
    try:
        return read_fast(workbook, sheet, block, loop, Rules(workbook.date1904))[0]
    except Unsupported:
        return None


def read_by_rows(path: Path, header_row: int = 3) -> Parsed:
    """Read a workbook's first sheet row by row."""
    workbook = open_workbook(path)
    sheet = workbook.sheets[0]
    (block,) = blocks_of(workbook, sheet, header_row)
    return read_row_by_row(workbook, sheet, block, Rules(workbook.date1904))[0]


def read_both(path: Path, header_row: int = 3) -> tuple[Parsed | None, Parsed]:
    """Read a workbook's first sheet in one pass, None when that declines, and row by row."""
    return read_compiled(path, header_row), read_by_rows(path, header_row)


def content_of(parsed: Parsed) -> dict[str, object]:
    """All that a reader found, in plain values."""
    ticks = parsed.ticks
    return {
        "timestamp": ticks.timestamp.tolist(),
        "kind": ticks.kind.tolist(),
        "price": [price.hex() for price in ticks.price.tolist()],
        "volume": ticks.volume.tolist(),
        "rejects": [(each.row, each.cells, each.rule) for each in parsed.rejects],
        "rows": parsed.rows,
        "blank": parsed.blank,
    }
