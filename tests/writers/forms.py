"""The ways in which programs write a sheet of ticks into a workbook, imitated as templates of XML.

What each imitates was looked up in a file that the program wrote, or in the report of somebody who was sent one. Where
no program is named, the XML is lawful and Excel takes it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MC: Final = "http://schemas.openxmlformats.org/markup-compatibility/2006"
X14AC: Final = "http://schemas.microsoft.com/office/spreadsheetml/2009/9/ac"
DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_EXCEL_HEAD: Final = (
    f'{DECLARATION}<worksheet xmlns="{MAIN}" xmlns:r="{OFFICE}" xmlns:mc="{MC}" mc:Ignorable="x14ac"'
    f' xmlns:x14ac="{X14AC}">'
    '<dimension ref="A1:D{last}"/><sheetViews><sheetView tabSelected="1" workbookViewId="0"/></sheetViews>'
    '<sheetFormatPr defaultRowHeight="15" x14ac:dyDescent="0.25"/>'
    '<cols><col min="1" max="1" width="18" customWidth="1"/></cols>'
    "<sheetData>"
)
_EXCEL_TAIL: Final = (
    '</sheetData><pageMargins left="0.7" right="0.7" top="0.75" bottom="0.75" header="0.3" footer="0.3"/></worksheet>'
)
_PLAIN_HEAD: Final = f'{DECLARATION}<worksheet xmlns="{MAIN}"><sheetData>'
_PLAIN_TAIL: Final = "</sheetData></worksheet>"
_SHARED_KIND: Final = '<c r="B{n}" t="s"><v>{shared_kind}</v></c>'


@dataclass(frozen=True)
class Form:
    """How a sheet is written; templates name the values of `MadeTicks.columns`.

    source: the program that writes so. text: a cell of text in the rows above the ticks, of `ref`, `shared` (its number
    among the shared texts) and `value`. own: the column whose texts are shared ones, each its row's own; "" for none.
    item: one shared text, of `value`. spoils: replaces rows of the sheet (the first is row 4) and returns the numbers,
    from 0, of the ticks that are none then. last: rows below the ticks. part: what becomes of a part's name in the
    package.
    """

    name: str
    source: str
    row: str = '<row r="{n}" spans="1:4" x14ac:dyDescent="0.25">{cells}</row>'
    time: str = '<c r="A{n}" s="1"><v>{time}</v></c>'
    kind: str = _SHARED_KIND
    price: str = '<c r="C{n}"><v>{price}</v></c>'
    size: str = '<c r="D{n}"><v>{size}</v></c>'
    text: str = '<c r="{ref}" t="s"><v>{shared}</v></c>'
    head: str = _EXCEL_HEAD
    tail: str = _EXCEL_TAIL
    last: str = ""
    own: str = ""
    item: str = "<si><t>{value}</t></si>"
    encoding: str = "utf-8"
    spoils: Callable[[list[str]], range] = lambda _: range(0)
    part: Callable[[str], str] = str

    def everywhere(self, name: str, source: str, change: Callable[[str], str]) -> Form:
        """Return the form with all its templates changed."""
        fields = ("row", "time", "kind", "price", "size", "text", "head", "tail", "item")
        return replace(self, name=name, source=source, **{field: change(getattr(self, field)) for field in fields})


EXCEL: Final = Form("excel", "Excel 2016 and later, Save As .xlsx: shared texts, spans, dyDescent")
_PLAIN: Final = Form(
    "closedxml",
    "ClosedXML 0.102, EPPlus 7 and Apache POI 5: no spans, shared texts",
    row='<row r="{n}">{cells}</row>',
    head=_PLAIN_HEAD,
    tail=_PLAIN_TAIL,
)
_INLINE: Final = replace(
    _PLAIN,
    name="inline",
    source="Apache POI's SXSSF 5, openpyxl 3.1 in write-only mode: texts in the cells",
    kind='<c r="B{n}" t="inlineStr"><is><t>{kind}</t></is></c>',
    text='<c r="{ref}" t="inlineStr"><is><t>{value}</t></is></c>',
)


def _prefixed(xml: str) -> str:
    xml = re.sub(r"<(/?)([A-Za-z])", r"<\1x:\2", xml)
    return xml.replace("xmlns=", "xmlns:x=")


def _single_quoted(xml: str) -> str:
    return xml.replace('"', "'")


def _indented(xml: str) -> str:
    return re.sub(r"(?<!^)(?<!\n)<(?=c |v>|/c>|row|/row|sheetData|/sheetData|/worksheet)", "\n    <", xml)


def _price_is_an_error(row: str) -> str:
    return re.sub(r'<c r="C(\d+)"[^>]*><v>[^<]*</v></c>', r'<c r="C\1" t="e"><v>#N/A</v></c>', row)


def _one_error(rows: list[str]) -> range:
    middle = len(rows) // 2
    rows[middle] = _price_is_an_error(rows[middle])
    return range(middle, middle + 1)


def _one_in_a_hundred(rows: list[str]) -> range:
    bad = range(50, len(rows), 100)
    for number in bad:
        rows[number] = _price_is_an_error(rows[number])
    return bad


BDH: Final = (
    '<f>_xll.BDH("FAB UH Equity",A2,"2025-05-14 10:00:00","","IntrRw=true","Headers=true",'
    '"cols=4;rows=300001")</f>'.replace('"', "&quot;")
)


def _live_formula(rows: list[str]) -> range:
    rows[0] = rows[0].replace('"><v>', f'">{BDH}<v>', 1)
    return range(0)


def _hidden(rows: list[str]) -> range:
    rows[::7] = [row.replace(">", ' hidden="1">', 1) for row in rows[::7]]
    return range(0)


def _commented(rows: list[str]) -> range:
    rows[::50] = [f"<!-- page -->{row}" for row in rows[::50]]
    return range(0)


_EXTENSION: Final = (
    '<extLst><ext uri="{78C0D931-6437-407d-A8EE-F0AAD7539E65}}" xmlns:x14="http://schemas.microsoft.com/office/spreadsheetml/'
    '2009/9/main"><x14:conditionalFormattings><x14:conditionalFormatting><x14:cfRule type="dataBar" id="1"/>'
    "</x14:conditionalFormatting></x14:conditionalFormattings></ext></extLst></worksheet>"
)
_DRAWING: Final = "http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing"
_BUTTON: Final = (
    f'<mc:AlternateContent><mc:Choice Requires="x14" xmlns:xdr="{_DRAWING}"><controls><control shapeId="1"'
    ' r:id="rId2" name="Button 1"><controlPr defaultSize="0"><anchor moveWithCells="1"><from><xdr:col>5</xdr:col>'
    "<xdr:row>1</xdr:row></from></anchor></controlPr></control></controls>"
    "</mc:Choice></mc:AlternateContent></worksheet>"
)
_LIBREOFFICE_ROW: Final = (
    '<row r="{n}" customFormat="false" ht="15" hidden="false" customHeight="false" outlineLevel="0" collapsed="false">'
    "{cells}</row>"
)

IMITATED: Final = (
    EXCEL,
    _PLAIN,
    _INLINE,
    replace(
        _PLAIN,
        name="libreoffice",
        source="LibreOffice 7.4 and later: height, hidden and a style on everything",
        row=_LIBREOFFICE_ROW,
        time='<c r="A{n}" s="1"><v>{time}</v></c>',
        kind='<c r="B{n}" s="0" t="s"><v>{shared_kind}</v></c>',
        price='<c r="C{n}" s="0"><v>{price}</v></c>',
        size='<c r="D{n}" s="0"><v>{size}</v></c>',
        text='<c r="{ref}" s="0" t="s"><v>{shared}</v></c>',
        item='<si><t xml:space="preserve">{value}</t></si>',
    ),
    replace(
        _PLAIN,
        name="openpyxl",
        source="openpyxl 3.1, and pandas 2 through it: t=n on numbers",
        time='<c r="A{n}" s="1" t="n"><v>{time}</v></c>',
        price='<c r="C{n}" t="n"><v>{price}</v></c>',
        size='<c r="D{n}" t="n"><v>{size}</v></c>',
    ),
    replace(
        _INLINE,
        name="pyexcelerate",
        source="pyexcelerate 0.13: xml:space on texts in the cells, white space in the head of the sheet",
        kind='<c r="B{n}" t="inlineStr"><is><t xml:space="preserve">{kind}</t></is></c>',
        text='<c r="{ref}" t="inlineStr"><is><t xml:space="preserve">{value}</t></is></c>',
        head=_PLAIN_HEAD.replace("<sheetData>", "\n\t\n    <sheetViews>\n    </sheetViews>\n\t\n    <sheetData>"),
    ),
    replace(
        _PLAIN,
        name="sheetjs",
        source="SheetJS 0.18 by default: texts as those of formulas, no table of shared texts used",
        kind='<c r="B{n}" t="str"><v>{kind}</v></c>',
        text='<c r="{ref}" t="str"><v>{value}</v></c>',
    ),
    replace(
        _INLINE,
        name="no references",
        source="neither rows nor cells say where they are: github.com/ExcelDataReader/ExcelDataReader, pull 115",
        row="<row>{cells}</row>",
        time='<c s="1"><v>{time}</v></c>',
        kind='<c t="inlineStr"><is><t>{kind}</t></is></c>',
        price="<c><v>{price}</v></c>",
        size="<c><v>{size}</v></c>",
        text='<c t="inlineStr"><is><t>{value}</t></is></c>',
    ),
    replace(
        _PLAIN,
        name="power bi",
        source="Power BI's and Log Analytics' export, only rows say where they are: github.com/QtExcel/QXlsx, pull 311",
        time='<c s="1"><v>{time}</v></c>',
        kind='<c t="str"><v>{kind}</v></c>',
        price="<c><v>{price}</v></c>",
        size="<c><v>{size}</v></c>",
        text='<c t="str"><v>{value}</v></c>',
        head=_PLAIN_HEAD.replace("<sheetData>", '<dimension ref="A1"/><sheetData xml:space="preserve">'),
    ),
    _PLAIN.everywhere("prefix x", "Microsoft's Open XML SDK: github.com/exceljs/exceljs, issue 1437", _prefixed),
    EXCEL.everywhere("single quotes", "lawful: apostrophes around attributes", _single_quoted),
    _PLAIN.everywhere("indented", "a part that went through a tool that indents", _indented),
    replace(
        _PLAIN,
        name="attributes in another order",
        source="libraries that keep attributes in a hash or sort them: t and s before r, ht before it",
        row='<row ht="15" r="{n}">{cells}</row>',
        time='<c s="1" r="A{n}"><v>{time}</v></c>',
        kind='<c t="s" r="B{n}"><v>{shared_kind}</v></c>',
        price='<c s="0" r="C{n}"><v>{price}</v></c>',
        size='<c s="0" r="D{n}"><v>{size}</v></c>',
    ),
    replace(
        _INLINE,
        name="rich text in cells",
        source="formatted texts of writers that share none",
        kind='<c r="B{n}" t="inlineStr"><is><r><rPr><b/></rPr><t>{kind}</t></r></is></c>',
    ),
    replace(
        EXCEL,
        name="rich shared texts",
        source="Excel: letters of a text formatted, a phonetic guide as Japanese input leaves it",
        item='<si><r><rPr><b/><sz val="11"/></rPr><t xml:space="preserve">{value}</t></r>'
        '<rPh sb="0" eb="1"><t>a</t></rPh>'
        '<phoneticPr fontId="1"/></si>',
    ),
    replace(
        EXCEL,
        name="formulas",
        source="Excel, a sheet that looks its ticks up in another: a formula and its last value in every cell",
        time='<c r="A{n}" s="1"><f>Raw!A{n}</f><v>{time}</v></c>',
        kind='<c r="B{n}" t="str"><f>IF(Raw!B{n}&lt;&gt;"",Raw!B{n},"")</f><v>{kind}</v></c>',
        price='<c r="C{n}"><f>Raw!C{n}</f><v>{price}</v></c>',
        size='<c r="D{n}"><f>Raw!D{n}</f><v>{size}</v></c>',
    ),
    replace(
        EXCEL,
        name="live formula",
        source="Excel with Bloomberg's add-in: =BDH(…) in A4 fills all",
        spoils=_live_formula,
    ),
    replace(EXCEL, name="one error", source="Excel with Bloomberg's add-in: one price is #N/A", spoils=_one_error),
    replace(EXCEL, name="one bad row in a hundred", source="as one error, more often", spoils=_one_in_a_hundred),
    replace(
        EXCEL,
        name="footer",
        source="a line of totals below the ticks",
        last='<row r="{n}"><c r="A{n}" t="inlineStr"><is><t>Total</t></is></c><c r="D{n}"><v>12345</v></c></row>',
    ),
    replace(
        EXCEL,
        name="text times",
        source="pandas 2 with times as str, LSEG's tick history: ISO texts, each a shared text",
        time='<c r="A{n}" t="s"><v>{own}</v></c>',
        own="spaced",
    ),
    replace(
        EXCEL,
        name="day first text times",
        source="a .csv of dd/mm/yyyy opened in Excel with US regional settings",
        time='<c r="A{n}" t="s"><v>{own}</v></c>',
        own="dmy",
    ),
    replace(
        _PLAIN,
        name="iso dates",
        source="openpyxl 3.1 with iso_dates, SheetJS 0.18 with cellDates: t=d",
        time='<c r="A{n}" s="1" t="d"><v>{iso}</v></c>',
    ),
    replace(_PLAIN, name="comments", source="templates that are filled in: comments between rows", spoils=_commented),
    replace(EXCEL, name="hidden rows", source="Excel with a filter set", spoils=_hidden),
    replace(
        EXCEL,
        name="extensions",
        source="Excel with data bars: an extLst behind the rows",
        tail=_EXCEL_TAIL.replace("</worksheet>", _EXTENSION),
    ),
    replace(
        EXCEL,
        name="a button",
        source="Excel with a form control, as a sheet that a macro fills has: xdr:row in its anchor",
        tail=_EXCEL_TAIL.replace("</worksheet>", _BUTTON),
    ),
    replace(
        EXCEL,
        name="styled empty cells",
        source="Excel, columns formatted beyond the data: cells without a value, self-closing and not",
        row='<row r="{n}" spans="1:7" s="2" customFormat="1" ht="14.4" thickBot="1" x14ac:dyDescent="0.3">{cells}'
        '<c r="E{n}" s="2"/><c r="F{n}" s="2"></c><c r="G{n}" s="2" t="s"/></row>',
    ),
    replace(
        EXCEL,
        name="utf-16",
        source="lawful by XML 1.0, section 4.3.3; seen in github.com/yfedoseev/office_oxide, issue 229",
        encoding="utf-16",
        head=_EXCEL_HEAD.replace("UTF-8", "UTF-16"),
    ),
    replace(
        EXCEL,
        name="latin-1",
        source="a part that declares an encoding of one byte a letter",
        encoding="iso-8859-1",
        head=_EXCEL_HEAD.replace("UTF-8", "ISO-8859-1"),
    ),
    replace(
        _PLAIN,
        name="part names in another case",
        source="listed as xl/sharedStrings.xml: github.com/SheetJS/sheetjs, issue 439; calamine, pull 419",
        part=lambda name: name.replace("sharedStrings", "SharedStrings"),
    ),
    replace(
        _PLAIN,
        name="backslashes in part names",
        source=".NET programs on Windows: github.com/dotnet/Open-XML-SDK, issue 1128; calamine, issue 530",
        part=lambda name: name.replace("/", "\\"),
    ),
)
