"""A workbook of a few securities in, one of ten sheets out: the same sheets under other names, packed as they were.

python tests/benchmarks/ten_sheets.py GOLDEN_WORKBOOK TEN_WORKBOOK
"""

from __future__ import annotations

import copy
import re
import struct
import sys
import zipfile
from pathlib import Path

TEN = {
    "FAB UH Equity": "FAB UH,EMAAR DH,ALDAR UH,ADCB UH,ADIB UH,EAND UH",
    "MODON UH Equity": "MODON UH,SALIK DH,PARKIN DH",
    "SPINNEYS DH Equity": "SPINNEYS DH",
}
"""The golden workbook's sheets, and the names under which each is to stand: 3.86 million rows in all."""

BOOK, RELATIONS, TYPES = "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "[Content_Types].xml"
SHEET = re.compile(r'<sheet name="([^"]*)" sheetId="\d+" r:id="([^"]*)"/>')
TARGET = r'<Relationship Id="{}" Type="([^"]*)" Target="([^"]*)"/>'


def repeat(source: Path, target: Path, names: dict[str, str] | None = None) -> None:
    """Write `target` with the sheets of `source` under the names given for each."""
    with zipfile.ZipFile(source) as given, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
        book, relations, types = (given.read(part).decode() for part in (BOOK, RELATIONS, TYPES))
        sheets, links, kinds = [], [], []
        for name, link in SHEET.findall(book):
            found = re.search(TARGET.format(re.escape(link)), relations)
            if found is None:
                sys.exit(f"{source}: sheet {name} has no part")
            part = f"xl/{found[2]}"
            for security in (names or TEN).get(name, "").split(","):
                number = len(sheets) + 1
                copied = f"xl/worksheets/copy{number}.xml"
                copy_packed(given, made, part, copied)
                sheets.append(f'<sheet name="{security} Equity" sheetId="{number}" r:id="copy{number}"/>')
                links.append(
                    f'<Relationship Id="copy{number}" Type="{found[1]}" Target="worksheets/copy{number}.xml"/>'
                )
                kinds.append(re.sub('PartName="[^"]*"', f'PartName="/{copied}"', override(types, part)))
            relations, types = relations.replace(found[0], ""), types.replace(override(types, part), "")
        made.writestr(BOOK, re.sub("<sheets>.*</sheets>", f"<sheets>{''.join(sheets)}</sheets>", book))
        made.writestr(RELATIONS, relations.replace("</Relationships>", f"{''.join(links)}</Relationships>"))
        made.writestr(TYPES, types.replace("</Types>", f"{''.join(kinds)}</Types>"))
        for part in given.namelist():
            if part not in (BOOK, RELATIONS, TYPES) and not part.startswith("xl/worksheets/"):
                copy_packed(given, made, part, part)


def override(types: str, part: str) -> str:
    found = re.search(f'<Override PartName="/{re.escape(part)}"[^>]*/>', types)
    return found[0] if found else ""


def copy_packed(given: zipfile.ZipFile, made: zipfile.ZipFile, part: str, name: str) -> None:
    """Copy a part as it is packed, so that unpacking it costs what it cost."""
    info = given.getinfo(part)
    source, target = given.fp, made.fp
    if source is None or target is None:
        raise ValueError("the archive is closed")
    source.seek(info.header_offset)
    local = source.read(30)
    source.seek(sum(struct.unpack("<HH", local[26:30])), 1)
    copied = copy.copy(info)
    copied.filename = copied.orig_filename = name
    copied.extra = b""
    copied.flag_bits &= ~0x08
    target.seek(made.start_dir)
    copied.header_offset = target.tell()
    target.write(copied.FileHeader(zip64=False))
    target.write(source.read(info.compress_size))
    made.start_dir = target.tell()
    made.filelist.append(copied)
    made.NameToInfo[name] = copied
    made._didModify = True


if __name__ == "__main__":
    repeat(Path(sys.argv[1]), Path(sys.argv[2]))
