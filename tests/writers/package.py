"""Writes a workbook of one sheet of made ticks in an imitated form."""

from __future__ import annotations

import re
import zipfile
from typing import TYPE_CHECKING, Final

from tests.writers.forms import DECLARATION, MAIN, OFFICE
from tests.writers.made_ticks import FIRST_ROW, NAMES, SHARED, TITLES, MadeTicks

if TYPE_CHECKING:
    from pathlib import Path

    from tests.writers.forms import Form

SHEET: Final = "FAB UH Equity"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_TYPES: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_SLOT: Final = re.compile(r"\{([a-z_]+)\}")
_STYLES: Final = (
    f'{DECLARATION}<styleSheet xmlns="{MAIN}"><numFmts count="1">'
    r'<numFmt numFmtId="164" formatCode="yyyy\-mm\-dd\ hh:mm:ss"/></numFmts>'
    '<fonts count="1"><font><sz val="11"/></font></fonts>'
    '<fills count="1"><fill><patternFill patternType="none"/></fill></fills>'
    '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf numFmtId="0"/></cellStyleXfs>'
    '<cellXfs count="3"><xf numFmtId="0"/><xf numFmtId="164" applyNumberFormat="1"/><xf numFmtId="2"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)
_PARTS: Final = {
    "[Content_Types].xml": f'{DECLARATION}<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPES}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPES}.worksheet+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_TYPES}.styles+xml"/>'
    f'<Override PartName="/xl/sharedStrings.xml" ContentType="{_TYPES}.sharedStrings+xml"/></Types>',
    "_rels/.rels": f'{DECLARATION}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/_rels/workbook.xml.rels": f'{DECLARATION}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{OFFICE}/styles" Target="styles.xml"/>'
    f'<Relationship Id="rId3" Type="{OFFICE}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
    "xl/workbook.xml": f'{DECLARATION}<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}">'
    f'<sheets><sheet name="{SHEET}" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/styles.xml": _STYLES,
}


def write_form(path: Path, form: Form, ticks: MadeTicks) -> MadeTicks:
    """Write the ticks in a form; return those that a reader is to find."""
    columns = ticks.columns()
    template = form.row.replace("{cells}", form.time + form.kind + form.price + form.size)
    slots = _SLOT.findall(template)
    text = _SLOT.sub("%s", template.replace("%", "%%"))
    rows = list(map(text.__mod__, zip(*(columns[slot] for slot in slots), strict=True)))
    bad = form.spoils(rows)
    last = FIRST_ROW + len(ticks) - 1
    above = [TITLES[:1], TITLES[1:], NAMES]
    head = [_titles(form, number, texts) for number, texts in enumerate(above, start=1)]
    below = form.last.replace("{n}", str(last + 1))
    xml = "".join((form.head.replace("{last}", str(last)), *head, *rows, below, form.tail))
    texts = [*SHARED, *(columns[form.own] if form.own else ())]
    items = "".join([form.item.replace("{value}", value) for value in texts])
    space = "xmlns:x" if form.item.startswith("<x:") else "xmlns"
    table = "x:sst" if form.item.startswith("<x:") else "sst"
    parts: dict[str, str | bytes] = {
        **_PARTS,
        "xl/sharedStrings.xml": f'{DECLARATION}<{table} {space}="{MAIN}">{items}</{table}>',
        "xl/worksheets/sheet1.xml": xml.encode(form.encoding),
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in parts.items():
            archive.writestr(form.part(name), content)
    return ticks.without(bad)


def _titles(form: Form, number: int, texts: tuple[str, ...]) -> str:
    """Return a row above the ticks."""
    cells = ""
    for letter, value in zip("ABCD", texts, strict=False):
        cell = form.text.replace("{ref}", f"{letter}{number}").replace("{value}", value)
        cells += cell.replace("{shared}", str(SHARED.index(value)))
    row = re.sub(r"<c r=\"[EFG].*?(/>|</c>)", "", form.row.replace("{cells}", cells))
    return row.replace("{n}", str(number))
