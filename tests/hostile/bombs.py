"""Workbooks that mean harm, written piece by piece: small code, large files, nothing of them kept."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

from tests.conversion.books import MAIN, OFFICE, row_xml, shared, tick, tick_sheet, write_book

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    Content = str | bytes | Iterable[bytes]

FAB = "FAB UH Equity"
SHEET = "xl/worksheets/sheet1.xml"
TEXTS = "xl/sharedStrings.xml"
STYLES = "xl/styles.xml"
BOOK = "xl/workbook.xml"
RELATIONS = "xl/_rels/workbook.xml.rels"
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
GOOD = tick_sheet(tick(), tick(kind="ASK"), tick(kind="TRADE"))
MIB = 1 << 20
ENTITIES = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "lol"}">' for n in range(10))
LAUGHS = f"<!DOCTYPE x [{ENTITIES}]>"


def sheet_of(*rows: str) -> str:
    """A whole sheet's XML around rows."""
    return f'{HEAD}<worksheet xmlns="{MAIN}"><sheetData>{"".join(rows)}</sheetData></worksheet>'


def texts_of(items: str) -> str:
    return f'{HEAD}<sst xmlns="{MAIN}">{items}</sst>'


def book_of(sheets: str) -> str:
    return f'{HEAD}<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{sheets}</sheets></workbook>'


def book_with(path: Path, parts: Mapping[str, Content], *, level: int = 1) -> Path:
    """Write a good workbook in which some parts are others; a part may be given in pieces."""
    plain = write_book(path.with_suffix(".plain"), {FAB: GOOD})
    with (
        zipfile.ZipFile(plain) as old,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as new,
    ):
        for name in [*(name for name in old.namelist() if name not in parts), *parts]:
            content = parts.get(name)
            if content is None:
                new.writestr(name, old.read(name))
            elif isinstance(content, (str, bytes)):
                new.writestr(name, content)
            else:
                with new.open(name, "w", force_zip64=True) as file:
                    for piece in content:
                        file.write(piece)
    plain.unlink()
    return path


def around(whole: str, piece: str, count: int) -> Iterator[bytes]:
    """Yield a text with a piece `count` times where it says @."""
    start, end = whole.split("@")
    yield start.encode()
    block = piece.encode() * 1000
    for _ in range(count // 1000):
        yield block
    yield end.encode()


def rows_of(rows: Iterable[str]) -> Iterator[bytes]:
    """Yield a sheet of the good rows and others."""
    start, end = sheet_of(GOOD, "@").split("@")
    yield start.encode()
    for row in rows:
        yield row.encode()
    yield end.encode()


def far_cell(cell: str) -> Callable[[Path], Path]:
    return lambda path: book_with(path, {SHEET: sheet_of(GOOD, cell)})


def styled_cells(path: Path) -> Path:
    rows = range(7, 200_007)
    cells = ("".join(f'<c r="{chr(65 + place)}{row}" s="1"/>' for place in range(20)) for row in rows)
    return book_with(
        path, {SHEET: rows_of(f'<row r="{row}">{each}</row>' for row, each in zip(rows, cells, strict=True))}
    )


def long_inline_text(path: Path) -> Path:
    row = '<row r="7"><c r="B7" t="inlineStr"><is><t>@</t></is></c></row>'
    return book_with(path, {SHEET: around(sheet_of(GOOD, row), "0123456789", 10_000_000)})


def long_comment(path: Path) -> Path:
    return book_with(path, {SHEET: around(sheet_of(GOOD, "<!--@-->"), "0123456789", 10_000_000)})


def long_attribute(path: Path) -> Path:
    row = '<row r="7" x="@"/>'
    return book_with(path, {SHEET: around(sheet_of(GOOD, row), "0123456789", 10_000_000)})


def long_shared_text(path: Path) -> Path:
    return book_with(path, {TEXTS: around(texts_of("<si><t>@</t></si>"), "0123456789", 10_000_000)})


def long_text_in_every_row(path: Path) -> Path:
    time, _, *others = tick()
    rows = (row_xml(at, (time, shared(0), *others)) for at in range(7, 50_007))
    return book_with(path, {SHEET: rows_of(rows), TEXTS: texts_of(f"<si><t>{'y' * 3 * MIB}</t></si>")})


def long_header_in_every_column(path: Path) -> Path:
    cells = "".join(f'<c r="{_column(place)}3" t="s"><v>0</v></c>' for place in range(16_384))
    return book_with(
        path, {SHEET: sheet_of(f'<row r="3">{cells}</row>'), TEXTS: texts_of(f"<si><t>x{' ' * 3 * MIB}</t></si>")}
    )


def _column(place: int) -> str:
    letters = ""
    place += 1
    while place:
        place, left = divmod(place - 1, 26)
        letters = chr(65 + left) + letters
    return letters


def zeros(path: Path) -> Path:
    return book_with(path, {SHEET: (bytes(16 * MIB) for _ in range(128))})


def many_rows(path: Path) -> Path:
    return book_with(path, {SHEET: around(sheet_of(GOOD, "@"), "<row/>", 20_000_000)})


def many_elements(path: Path) -> Path:
    return book_with(path, {SHEET: around(sheet_of("@", GOOD), "<a/>", 30_000_000)})


def many_elements_between_rows(path: Path) -> Path:
    return book_with(path, {SHEET: rows_of(f'{"<a/>" * 500_000}<row r="{row}"/>' for row in range(7, 32))})


def deep_elements(path: Path) -> Path:
    return book_with(path, {SHEET: around(sheet_of(GOOD, "@"), "<a>", 5_000_000)})


def kinds_of_elements(path: Path) -> Path:
    return book_with(path, {SHEET: rows_of(f"<t{n}/>" for n in range(2_000_000))})


def kinds_of_attributes(path: Path) -> Path:
    row = '<row r="{0}"><c r="A{0}"><v a{0}="" b{0}="" c{0}="" d{0}="" e{0}=""/></c></row>'
    return book_with(path, {SHEET: rows_of(row.format(at) for at in range(7, 300_007))})


def kinds_of_prefixes(path: Path) -> Path:
    row = '<row r="{0}"><c r="A{0}"><v xmlns:p{0}="u"/></c></row>'
    return book_with(path, {SHEET: rows_of(row.format(at) for at in range(7, 300_007))})


def empty_texts(path: Path) -> Path:
    return book_with(path, {TEXTS: around(texts_of("@"), "<si/>", 14_000_000)})


def many_styles(path: Path) -> Path:
    whole = f'{HEAD}<styleSheet xmlns="{MAIN}"><cellXfs>@</cellXfs></styleSheet>'
    return book_with(path, {STYLES: around(whole, "<xf/>", 12_000_000)})


def format_of_brackets(path: Path) -> Path:
    code = "[" * 500_000
    styles = f'<numFmts><numFmt numFmtId="164" formatCode="{code}"/></numFmts><cellXfs><xf numFmtId="164"/></cellXfs>'
    return book_with(path, {STYLES: f'{HEAD}<styleSheet xmlns="{MAIN}">{styles}</styleSheet>'})


def sheets_of_one_part(path: Path) -> Path:
    names = (f'<sheet name="T{n} UH Equity" sheetId="{n}" r:id="rId1"/>' for n in range(1, 50_001))
    return book_with(path, {BOOK: book_of("".join(names))})


def many_sheets(path: Path) -> Path:
    return book_with(path, {BOOK: around(book_of("@"), '<sheet name="A" sheetId="1" r:id="rId1"/>', 1_000_000)})


def name_of_blanks(path: Path) -> Path:
    return book_with(path, {BOOK: book_of(f'<sheet name="A{" " * 1_000_000}x" sheetId="1" r:id="rId1"/>')})


def many_parts(path: Path) -> Path:
    return book_with(path, {f"{n:06d}{'x' * 60}": b"" for n in range(100_000)}, level=0)


def entities_in(part: str, inner: str, before: str = "") -> Callable[[Path], Path]:
    """A bomb of entities in a part, behind so much else that a look at its beginning would not see it."""
    return lambda path: book_with(path, {part: inner.replace(HEAD, f"{HEAD}{before}{LAUGHS}")})


def entities_in_another_encoding(path: Path) -> Path:
    declared = b'<?xml version="1.0" encoding="cp037"?>'
    hidden = (LAUGHS + sheet_of(GOOD).replace(HEAD, "")).encode("cp037")
    return book_with(path, {SHEET: declared + hidden})


def entities_in_utf16(path: Path) -> Path:
    return book_with(path, {SHEET: sheet_of(GOOD).replace(HEAD, LAUGHS).encode("utf-16")})


def a_file_as_entity(path: Path) -> Path:
    outside = '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>'
    return book_with(path, {TEXTS: texts_of("<si><t>&f;</t></si>").replace(HEAD, HEAD + outside)})


def packed_by_lzma(path: Path) -> Path:
    plain = write_book(path.with_suffix(".plain"), {FAB: GOOD})
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    return path


def one_part_under_many_names(path: Path) -> Path:
    """A list of a thousand parts that are all one stretch of the file, which is how a small file holds gigabytes."""
    book_with(path, {SHEET: rows_of(GOOD for _ in range(20_000)), "xl/worksheets/same.xml": b""})
    content = path.read_bytes()
    start = int.from_bytes(content[-6:-2], "little")
    listed, at = [], start
    while content.startswith(b"PK\x01\x02", at):
        lengths = [int.from_bytes(content[at + place : at + place + 2], "little") for place in (28, 30, 32)]
        size = 46 + sum(lengths)
        listed.append(content[at : at + size])
        at += size
    big = next(each for each in listed if SHEET.encode() in each)
    listed += [big.replace(b"sheet1.xml", f"{n:06d}.xml".encode()) for n in range(1000)]
    directory = b"".join(listed)
    end = bytearray(content[at:][-22:])
    end[8:12] = len(listed).to_bytes(2, "little") * 2
    end[12:16] = len(directory).to_bytes(4, "little")
    path.write_bytes(content[:start] + directory + end)
    return path
