"""Reads the small XML parts of a workbook: sheet list, shared strings, number formats and date epoch."""

from __future__ import annotations

import copy
import posixpath
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from pipeline.conversion.excel.stream import ElementStream, elements, local_name
from pipeline.errors import shown

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element
    from zipfile import ZipInfo

Pieces: TypeAlias = Iterable[bytes]
"""A part's bytes, piece by piece; none when there is no such part."""

BINARY: Final = ".bin"
RETURN: Final = "_x000D_"
"""As Excel writes the carriage return of a line end that a macro or a paste put into a cell."""

RELATIONS: Final = "_rels/.rels"
_RELATIONSHIP_ID: Final = "}id"
_TRUE: Final = frozenset({"1", "true", "on"})
_LONGEST_ENTRY: Final = 1 << 20
# Excel ends at 31 and at 255.
_XML_PER_BYTE: Final = 8
_LONGEST_NAME: Final = 255
_LONGEST_FORMAT: Final = 1_000
_ITEM: Final = "si"
_MOST_ENTRIES: Final = 65_536


# Number formats that Excel has built in and that show a date or a time; in others, what no letter is a date's by:
# quoted texts, and what stands in brackets but is no elapsed time. The rule is openpyxl's.
_DATE_FORMATS: Final = frozenset(map(str, (*range(14, 23), 45, 46, 47)))
_LITERALS: Final = re.compile(r'".*?"|\[(?!hh?\]|mm?\]|ss?\])[^\]]*\]')
_DATE_LETTER: Final = re.compile(r"(?<![_\\])[dmhysDMHYS]")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A worksheet as the workbook lists it, and its part of the archive.

    packed: what is unpacked for it where that is no XML; `part` then has as many bytes as its XML may have.
    """

    name: str
    hidden: bool
    part: ZipInfo
    packed: ZipInfo | None = None


@dataclass(frozen=True, slots=True)
class Book:
    """The worksheets, where their texts and styles are in the archive, and which epoch the dates count from.

    is_binary: they are records, not XML.
    """

    sheets: tuple[Sheet, ...]
    strings_part: str | None
    styles_part: str | None
    date1904: bool
    is_binary: bool = False


class Entry(NamedTuple):
    """A sheet in the list of sheets: its name, the id of its relation, and whether Excel hides it."""

    name: str
    link: str
    hidden: bool


class _Relation(NamedTuple):
    kind: str
    part: str


def read_book(read: Callable[[str], Pieces], listed: Mapping[str, ZipInfo]) -> Book:
    """Follow the relationships from the package root; `listed` are the archive's parts by `part_key`.

    Raises KeyError when it is not a workbook, ValueError when its XML is bad or lists what is not there.
    """
    root = _relations(read(RELATIONS), "")
    part = next((relation.part for relation in root.values() if relation.kind == "officeDocument"), "")
    if part_key(part) not in listed:
        raise KeyError("it has no workbook part")
    folder, name = posixpath.split(part)
    relations = _relations(read(f"{folder}/_rels/{name}.rels"), folder)
    is_binary = part.lower().endswith(BINARY)
    if is_binary:
        from pipeline.conversion.excel.binary import binary_entries

        entries, date1904 = binary_entries(read(part))
    else:
        entries, date1904 = _entries(read(part))
    sheets: dict[str, Sheet] = {}
    for entry in entries:
        _add_sheet(sheets, entry, relations, listed)
    of_kind = {relation.kind: relation.part for relation in relations.values()}
    strings, styles = of_kind.get("sharedStrings"), of_kind.get("styles")
    for other in (strings, styles):
        if other is not None and part_key(other) not in listed:
            raise ValueError(f"it lists {shown(other)} and does not hold it")
    return Book(tuple(sheets.values()), strings, styles, date1904, is_binary)


def _entries(pieces: Pieces) -> tuple[list[Entry], bool]:
    """Return the sheets that the workbook's part lists, and whether its dates count from 1904."""
    entries = []
    date1904 = False
    stream = ElementStream(("sheet", "workbookPr"), _LONGEST_ENTRY)
    for piece in pieces:
        for node in stream.feed(piece):
            if local_name(node) == "workbookPr":
                date1904 |= node.get("date1904", "").lower() in _TRUE
            else:
                link = next((value for key, value in node.items() if key.endswith(_RELATIONSHIP_ID)), "")
                entries.append(Entry(node.get("name", ""), link, node.get("state", "visible") != "visible"))
                check_number(len(entries))
    if stream.root != "workbook":
        raise KeyError("its main part is not a workbook")
    stream.close()
    return entries, date1904


def _add_sheet(
    sheets: dict[str, Sheet], entry: Entry, relations: Mapping[str, _Relation], listed: Mapping[str, ZipInfo]
) -> None:
    """Add a worksheet by its part, so that none is lost and none is read again and again."""
    name = entry.name
    relation = relations.get(entry.link)
    if relation is None:
        raise ValueError(f"it lists a sheet '{shown(name)}' and does not say where it is")
    if relation.kind != "worksheet":  # chart and dialog sheets hold no cells
        return
    if len(name) > _LONGEST_NAME:
        raise ValueError(f"it has a sheet's name of {len(name):,} letters")
    part = part_key(relation.part)
    if part not in listed:
        raise ValueError(f"it lists a sheet '{shown(name)}' and does not hold it")
    if part in sheets:
        raise ValueError(f"the sheets '{shown(sheets[part].name)}' and '{shown(name)}' are one")
    info = listed[part]
    if part.endswith(BINARY):
        packed, info = info, copy.copy(info)
        info.file_size *= _XML_PER_BYTE
        sheets[part] = Sheet(name, entry.hidden, info, packed)
    else:
        sheets[part] = Sheet(name, entry.hidden, info)


def part_key(name: str) -> str:
    """Return what a part's name is compared by: not by case, nor by which slash some Windows programs write."""
    return name.replace("\\", "/").lstrip("/").casefold()


def text_of(item: Element) -> str:
    """Return the text of a string item: its own runs, in order; raises ValueError for elements within a text."""
    pieces: list[str] = []
    for node in item:
        name = local_name(node)
        for text in node if name == "r" else (node,):
            if name == "t" or local_name(text) == "t":
                pieces.append(_plain(text))
            elif local_name(text) == _ITEM or text.find(f".//{{*}}{_ITEM}") is not None:
                raise ValueError("a text is nested in another, which Excel never writes")
    return "".join(pieces)


def _plain(text: Element) -> str:
    if len(text):
        raise ValueError("an element stands within a text, which Excel never writes")
    return text.text or ""


def read_styles(pieces: Pieces) -> tuple[str, ...]:
    """Return the number format of each cell style: a built-in format's number, or an own format's text after '='.

    Raises ValueError.
    """
    own: dict[str, str] = {}
    listed: dict[str, str] = {}
    numbers: list[str] = []
    of_cells: list[str] = []
    stream = ElementStream(("xf", "numFmt"), _LONGEST_ENTRY, ends=("cellXfs", "cellStyleXfs", "numFmts"))
    for piece in pieces:
        for node in stream.feed(piece):
            name = local_name(node)
            if name == "xf":
                numbers.append(node.get("numFmtId", "0"))
            elif name == "numFmt":
                listed[node.get("numFmtId", "")] = _format(node.get("formatCode", ""))
            else:
                # The formats of rules that colour cells stand in a list of another name.
                if name == "cellXfs":
                    of_cells = numbers
                elif name == "numFmts":
                    own |= listed
                numbers, listed = [], {}
        check_number(max(len(numbers), len(listed)))
    if stream.begun:
        stream.close()
    return tuple(f"={own[number]}" if number in own else number for number in of_cells)


def date_style_numbers(formats: Sequence[str]) -> frozenset[int]:
    """Return the numbers of the cell styles that show a number as a date or a time."""
    dates = {number_format for number_format in set(formats) if _is_date(number_format)}
    return frozenset(number for number, number_format in enumerate(formats) if number_format in dates)


def _is_date(number_format: str) -> bool:
    if not number_format.startswith("="):
        return number_format in _DATE_FORMATS
    first = number_format[1:].split(";", maxsplit=1)[0]
    return _DATE_LETTER.search(_LITERALS.sub("", first)) is not None


def _format(code: str) -> str:
    # One of a million letters would take a reader of formats for ever.
    if len(code) > _LONGEST_FORMAT:
        raise ValueError(f"it has a number format of {len(code):,} letters")
    return code


def _relations(pieces: Pieces, folder: str) -> dict[str, _Relation]:
    """Return relationships by id; targets are relative to `folder` unless they start with a slash."""
    relations: dict[str, _Relation] = {}
    for node in elements(pieces, ("Relationship",), _LONGEST_ENTRY):
        kind = node.get("Type", "").rsplit("/", 1)[-1]
        target = node.get("Target", "").replace("\\", "/")
        part = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
        relations[node.get("Id", "")] = _Relation(kind, part)
        check_number(len(relations))
    return relations


def check_number(entries: int) -> None:
    """Raise ValueError for a list longer than any that Excel writes."""
    if entries > _MOST_ENTRIES:
        raise ValueError(f"one of its lists has more than {_MOST_ENTRIES:,} entries")
