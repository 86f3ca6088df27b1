"""Reads the small XML parts of a workbook: sheet list, shared strings, number formats and date epoch."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from pipeline.conversion.excel.stream import ElementStream, elements, local_name
from pipeline.errors import shown

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

Pieces: TypeAlias = Iterable[bytes]
"""A part's bytes, piece by piece; none when there is no such part."""

_RELATIONSHIP_ID: Final = "}id"
_TRUE: Final = frozenset({"1", "true", "on"})
_LONGEST_ENTRY: Final = 1 << 20
# Excel ends at 31 and at 255.
_LONGEST_NAME: Final = 255
_LONGEST_FORMAT: Final = 1_000
_ITEM: Final = "si"
_LEAST_TEXT: Final = 16
_MOST_ENTRIES: Final = 65_536


@dataclass(frozen=True, slots=True)
class SheetEntry:
    """A worksheet as the workbook lists it."""

    name: str
    hidden: bool
    part: str


@dataclass(frozen=True, slots=True)
class Book:
    """Where things are in the archive, and which epoch its dates count from."""

    sheets: tuple[SheetEntry, ...]
    strings_part: str | None
    styles_part: str | None
    date1904: bool


class _Relation(NamedTuple):
    kind: str
    part: str


def read_book(read: Callable[[str], Pieces], names: Iterable[str]) -> Book:
    """Follow the relationships from the package root; `names` are the archive's parts.

    Raises KeyError when it is not a workbook, ValueError when its XML is bad or lists what is not there.
    """
    there = frozenset(names)
    root = _relations(read("_rels/.rels"), "")
    part = next((relation.part for relation in root.values() if relation.kind == "officeDocument"), "")
    if part not in there:
        raise KeyError("it has no workbook part")
    folder, name = posixpath.split(part)
    relations = _relations(read(f"{folder}/_rels/{name}.rels"), folder)
    sheets: list[SheetEntry] = []
    truths: list[str] = []
    stream = ElementStream(("sheet", "workbookPr"), _LONGEST_ENTRY)
    for piece in read(part):
        for node in stream.feed(piece):
            if local_name(node) == "workbookPr":
                truths.append(node.get("date1904", ""))
                continue
            relation = _relation_of(node, relations)
            # Chart and dialog sheets hold no cells.
            if relation.kind == "worksheet":
                sheets.append(_sheet(node, relation.part))
        _check_number(len(sheets))
    if stream.root != "workbook":
        raise KeyError("its main part is not a workbook")
    stream.close()
    _check_parts(sheets, there)
    of_kind = {relation.kind: relation.part for relation in relations.values()}
    parts = (part, of_kind.get("sharedStrings"), of_kind.get("styles"))
    for other in parts[1:]:
        if other is not None and other not in there:
            raise ValueError(f"it lists {shown(other)} and does not hold it")
    return Book(
        sheets=tuple(sheets),
        strings_part=parts[1],
        styles_part=parts[2],
        date1904=any(truth.lower() in _TRUE for truth in truths),
    )


def shared_texts(pieces: Pieces, longest: int, size: int) -> tuple[str, ...]:
    """Return the shared-string table's texts by number; phonetic guides are not part of a text.

    Raises ValueError, also for a text of more than `longest` bytes, or for more texts than `size` bytes are meant for.
    """
    texts: list[str] = []
    most = size // _LEAST_TEXT
    for item in elements(pieces, (_ITEM,), longest):
        texts.append(text_of(item))
        if len(texts) > most:
            raise ValueError(f"it has more than {most:,} texts, most of them empty")
    return tuple(texts)


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
        _check_number(max(len(numbers), len(listed)))
    if stream.begun:
        stream.close()
    return tuple(f"={own[number]}" if number in own else number for number in of_cells)


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
        target = node.get("Target", "")
        part = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
        relations[node.get("Id", "")] = _Relation(kind, part)
        _check_number(len(relations))
    return relations


def _relation_of(node: Element, relations: dict[str, _Relation]) -> _Relation:
    link = next((value for key, value in node.items() if key.endswith(_RELATIONSHIP_ID)), "")
    relation = relations.get(link)
    if relation is None:
        raise ValueError(f"it lists a sheet '{shown(node.get('name', ''))}' and does not say where it is")
    return relation


def _sheet(node: Element, part: str) -> SheetEntry:
    name = node.get("name", "")
    if len(name) > _LONGEST_NAME:
        raise ValueError(f"it has a sheet's name of {len(name):,} letters")
    return SheetEntry(name, node.get("state", "visible") != "visible", part)


def _check_parts(sheets: Iterable[SheetEntry], there: frozenset[str]) -> None:
    """See that each sheet has a part of its own, so that none is lost and none is read again and again."""
    taken: dict[str, str] = {}
    for sheet in sheets:
        name = shown(sheet.name)
        if sheet.part not in there:
            raise ValueError(f"it lists a sheet '{name}' and does not hold it")
        if sheet.part in taken:
            raise ValueError(f"the sheets '{taken[sheet.part]}' and '{name}' are one")
        taken[sheet.part] = name


def _check_number(entries: int) -> None:
    if entries > _MOST_ENTRIES:
        raise ValueError(f"one of its lists has more than {_MOST_ENTRIES:,} entries")
