"""A sheet's XML in, the same sheet in another style of lawful XML out."""

from __future__ import annotations

import codecs
import re
import zipfile
from typing import TYPE_CHECKING, Final

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

_ATTRIBUTE: Final = re.compile(r'([\w:]+)="([^"]*)"')
_TAG: Final = re.compile(r"<[a-zA-Z][^<>]*>")
_DRAWING: Final = "http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing"
_BUTTON: Final = (
    '<autoFilter ref="A3:D9"/><controls><control><controlPr><anchor><from>'
    f'<xdr:col xmlns:xdr="{_DRAWING}">1</xdr:col><xdr:row xmlns:xdr="{_DRAWING}">4</xdr:row>'
    "</from></anchor></controlPr></control></controls>"
)
SHEET: Final = "xl/worksheets/sheet1.xml"


def _prefixed(xml: str) -> str:
    xml = re.sub(r"<(/?)(?=[a-zA-Z]+[\s/>])", r"<\1x:", xml)
    return xml.replace(" xmlns=", " xmlns:x=")


def _single_quoted(xml: str) -> str:
    return _TAG.sub(lambda tag: _ATTRIBUTE.sub(r"\1='\2'", tag[0]), xml)


def _turned(xml: str) -> str:
    """Turn the order of every tag's attributes round."""

    def turn(tag: re.Match[str]) -> str:
        attributes = _ATTRIBUTE.findall(tag[0])
        name = re.match(r"<[\w:]+", tag[0])
        end = "/>" if tag[0].endswith("/>") else ">"
        return (name[0] if name else "") + "".join(f' {key}="{value}"' for key, value in reversed(attributes)) + end

    return _TAG.sub(turn, xml)


def _spaced(xml: str) -> str:
    """Put white space wherever a tag may have it."""
    xml = _TAG.sub(lambda tag: re.sub(r"(\s)(?=[\w:]+=)", r"\n \t", tag[0]).replace('="', ' =\n"', 1), xml)
    return re.sub(r"(?<=[\w\"'])(/?>)", r" \1", xml).replace("? >", "?>")


def _indented(xml: str) -> str:
    return re.sub(r"(?=<(?:c|row|v|f|is)[\s/>])|(?=</(?:c|row|is|sheetData)>)", "\r\n  ", xml)


def _row_attributes(xml: str) -> str:
    return re.sub(r"<row ", '<row spans="1:4" s="1" customFormat="1" ht="14.4" hidden="1" outlineLevel="2" ', xml)


def _with(text: str, before: str) -> Callable[[str], str]:
    return lambda xml: re.sub(f"(?={before})", text, xml)


def _cell_attributes(xml: str) -> str:
    return re.sub(r"<c ", '<c cm="1" vm="2" ph="0" ', xml)


def _array_formulas(xml: str) -> str:
    """As Excel writes a formula that spills, with signs that need references."""
    return re.sub(
        r"(?<=>)(?=<v>)", '<f t="array" aca="1" ref="A4:D9" ca="1">_xll.BDH(&quot;A&quot;,&lt;1&gt;&amp;2)</f>', xml
    )


def _shared_formulas(xml: str) -> str:
    return re.sub(r"(?<=>)(?=<v>)", '<f t="shared" ref="C4:C9" si="0"/>', xml)


def _numbers_said(xml: str) -> str:
    return re.sub(r'(<c (?:r="\w+")?) (s="\d")?>(?=<v>)', r'\1 \2 t="n">', xml)


def _references(xml: str) -> str:
    """Write a digit of each number as a reference."""
    return re.sub(r"(?<=<v>)(\d)", lambda digit: f"&#{ord(digit[1])};", xml)


def _literal(xml: str) -> str:
    return re.sub(r"<v>([^<&]+)</v>", r"<v><![CDATA[\1]]></v>", xml)


def _runs(xml: str) -> str:
    """Cut each text in a cell into runs, with a phonetic guide behind."""
    cut = r'<is><r><rPr><b/></rPr><t xml:space="preserve">\1</t></r><r><t xml:space="preserve">\2</t></r>'
    guide = '<rPh sb="0" eb="1"><t>guide</t></rPh><phoneticPr fontId="1"/></is>'
    return re.sub(r'<is><t xml:space="preserve">(.?)([^<]*)</t></is>', cut + guide, xml)


def _without_space(xml: str) -> str:
    return xml.replace(' xml:space="preserve"', "")


def _space_everywhere(xml: str) -> str:
    return re.sub(r"<(sheetData|v)>", r'<\1 xml:space="preserve">', xml)


STYLES: Final[dict[str, Callable[[str], str]]] = {
    "rows with attributes": _row_attributes,
    "cells with attributes": _cell_attributes,
    "array formulas": _array_formulas,
    "shared formulas": _shared_formulas,
    "numbers said to be": _numbers_said,
    "runs": _runs,
    "without xml:space": _without_space,
    "xml:space everywhere": _space_everywhere,
    "references": _references,
    "literal": _literal,
    "comments between rows": _with("<!-- <row> & > -->", "<row"),
    "comments in cells": _with("<!-- <v>1</v> -->", "<v>"),
    "instructions": _with("<?page <c/> ?>", "<c "),
    "extensions in cells": _with('<extLst><ext uri="u"/></extLst>', "</c>"),
    "an empty row and cells between": _with('<row r="2" ht="15"/>', '<row r="3"'),
    "columns and views before": _with('<sheetViews><sheetView tabSelected="1"/></sheetViews><cols/>', "<sheetData>"),
    "a filter and a button": lambda xml: xml.replace("</sheetData>", f"</sheetData>{_BUTTON}"),
    "attributes turned": _turned,
    "indented": _indented,
    "single quotes": _single_quoted,
    "prefix": _prefixed,
    "white space in tags": _spaced,
}
"""In the order in which they are applied: the first look for what the last change."""

ENCODINGS: Final = {
    "utf-8": ("utf-8", b""),
    "UTF-8": ("utf-8", codecs.BOM_UTF8),
    "UTF-16": ("utf-16-le", codecs.BOM_UTF16_LE),
    "UTF-16BE": ("utf-16-be", b""),
    "ISO-8859-1": ("iso-8859-1", b""),
}
chosen_styles = st.lists(st.sampled_from(list(STYLES)), max_size=4, unique=True)
chosen_encoding = st.one_of(st.just("utf-8"), st.sampled_from(list(ENCODINGS)))


def restyle(book: Path, styles: Sequence[str], encoding: str = "utf-8") -> Path:
    """Write the first sheet of a workbook in these styles."""
    with zipfile.ZipFile(book) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    declaration, _, xml = parts[SHEET].decode().partition("?>")
    for name, change in STYLES.items():
        if name in styles:
            xml = change(xml)
    codec, mark = ENCODINGS[encoding]
    declaration = declaration.replace("UTF-8", encoding)
    parts[SHEET] = mark + f"{declaration}?>{xml}".encode(codec)
    with zipfile.ZipFile(book, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return book
