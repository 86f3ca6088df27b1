"""Writes a small .xlsx workbook from rows of plain values; equal rows give equal bytes."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape, quoteattr

from pipeline.store.atomic import staging

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_CONTENT: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_EPOCH_DAYS: Final = 25569
_MS_PER_DAY: Final = 86_400_000
_ZIP_DATE: Final = (1980, 1, 1, 0, 0, 0)
_STYLES: Final = (
    f'{_HEAD}<styleSheet xmlns="{_MAIN}"><numFmts count="1"><numFmt numFmtId="164" formatCode="m/d/yyyy\\ h:mm:ss"/>'
    '</numFmts><fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    '</fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="2"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)


@dataclass(frozen=True, slots=True)
class Moment:
    """A date cell: milliseconds since 1970-01-01."""

    ms: int


@dataclass(frozen=True, slots=True)
class ErrorValue:
    """An error cell such as #N/A."""

    text: str


Value = str | int | float | Moment | ErrorValue | None


def write_workbook(path: Path, sheets: Mapping[str, Iterable[Sequence[Value]]]) -> None:
    """Write one worksheet per name, rows from row 1 on, whole or not at all; raises OutputNotWritable."""
    texts: dict[str, int] = {}
    with staging(path) as (file, staged), zipfile.ZipFile(file, "w") as archive:
        for number, rows in enumerate(sheets.values(), start=1):
            _add(archive, f"xl/worksheets/sheet{number}.xml", _sheet(rows, texts))
        names = list(sheets)
        _add(archive, "[Content_Types].xml", _content_types(len(names)))
        _add(archive, "_rels/.rels", _relations([("officeDocument", "xl/workbook.xml")]))
        _add(archive, "xl/workbook.xml", _book(names))
        parts = [("worksheet", f"worksheets/sheet{number}.xml") for number in range(1, len(names) + 1)]
        parts += [("styles", "styles.xml"), ("sharedStrings", "sharedStrings.xml")]
        _add(archive, "xl/_rels/workbook.xml.rels", _relations(parts))
        _add(archive, "xl/styles.xml", _STYLES)
        items = "".join(f'<si><t xml:space="preserve">{escape(text)}</t></si>' for text in texts)
        _add(archive, "xl/sharedStrings.xml", f'{_HEAD}<sst xmlns="{_MAIN}" uniqueCount="{len(texts)}">{items}</sst>')
    staged.commit()


def _add(archive: zipfile.ZipFile, name: str, content: str) -> None:
    info = zipfile.ZipInfo(name, _ZIP_DATE)
    info.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(info, content)


def _sheet(rows: Iterable[Sequence[Value]], texts: dict[str, int]) -> str:
    lines = []
    for number, row in enumerate(rows, start=1):
        cells = "".join(_cell(f"{chr(65 + column)}{number}", value, texts) for column, value in enumerate(row))
        if cells:
            lines.append(f'<row r="{number}">{cells}</row>')
    return f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetData>{"".join(lines)}</sheetData></worksheet>'


def _cell(reference: str, value: Value, texts: dict[str, int]) -> str:
    if value is None:
        return ""
    if isinstance(value, Moment):
        return f'<c r="{reference}" s="1"><v>{value.ms / _MS_PER_DAY + _EPOCH_DAYS!r}</v></c>'
    if isinstance(value, ErrorValue):
        return f'<c r="{reference}" t="e"><v>{escape(value.text)}</v></c>'
    if isinstance(value, str):
        return f'<c r="{reference}" t="s"><v>{texts.setdefault(value, len(texts))}</v></c>'
    return f'<c r="{reference}"><v>{value!r}</v></c>'


def _book(names: Sequence[str]) -> str:
    sheets = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{number}" r:id="rId{number}"/>'
        for number, name in enumerate(names, start=1)
    )
    return f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{sheets}</sheets></workbook>'


def _relations(parts: Sequence[tuple[str, str]]) -> str:
    links = "".join(
        f'<Relationship Id="rId{number}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(parts, start=1)
    )
    return f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{links}</Relationships>'


def _content_types(sheets: int) -> str:
    kinds = [("workbook", "sheet.main"), ("styles", "styles"), ("sharedStrings", "sharedStrings")]
    kinds += [(f"worksheets/sheet{number}", "worksheet") for number in range(1, sheets + 1)]
    parts = "".join(
        f'<Override PartName="/xl/{part}.xml" ContentType="{_CONTENT}.{kind}+xml"/>' for part, kind in kinds
    )
    return (
        f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{parts}</Types>'
    )
