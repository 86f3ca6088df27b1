"""The small XML parts of a workbook in; sheet list, shared texts, date styles and epoch out."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

if TYPE_CHECKING:
    from collections.abc import Callable
    from xml.etree.ElementTree import Element

_RELATIONSHIP_ID: Final = "}id"
_TRUE: Final = frozenset({"1", "true", "on"})


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


def read_book(read: Callable[[str], bytes]) -> Book:
    """Follow the relationships from the package root; raises KeyError when it is no workbook, ValueError on bad XML."""
    root = _relations(read("_rels/.rels"), "")
    book_part = next((target for kind, target in root.values() if kind == "officeDocument"), None)
    if book_part is None or not (content := read(book_part)):
        raise KeyError("it has no workbook part")
    folder, name = posixpath.split(book_part)
    relations = _relations(read(f"{folder}/_rels/{name}.rels"), folder)
    tree = parse(content)
    if _local(tree) != "workbook":
        raise KeyError("its main part is no workbook")
    of_kind = dict(relations.values())
    return Book(
        sheets=tuple(_worksheets(tree, relations)),
        strings_part=of_kind.get("sharedStrings"),
        styles_part=of_kind.get("styles"),
        date1904=any(node.get("date1904", "").lower() in _TRUE for node in tree if _local(node) == "workbookPr"),
    )


def shared_texts(content: bytes) -> tuple[str, ...]:
    """Return the shared-string table's texts by number; phonetic guides are no part of a text."""
    return tuple(text_of(item) for item in parse(content) if _local(item) == "si")


def text_of(item: Element) -> str:
    """Return the text of a string item: its own runs, in order."""
    pieces: list[str] = []
    for node in item:
        if _local(node) == "t":
            pieces.append(node.text or "")
        elif _local(node) == "r":
            pieces.extend(child.text or "" for child in node if _local(child) == "t")
    return "".join(pieces)


def date_styles(content: bytes) -> tuple[str, ...]:
    """Return each cell style's number format (built-in number or own text), which makes a number a date or not."""
    tree = parse(content)
    own: dict[str, str] = {}
    for node in tree.iter():
        if _local(node) == "numFmt":
            own[node.get("numFmtId", "")] = node.get("formatCode", "")
    styles = next((node for node in tree if _local(node) == "cellXfs"), ())
    formats = (style.get("numFmtId", "0") for style in styles if _local(style) == "xf")
    return tuple(f"={own[number]}" if number in own else number for number in formats)


def parse(content: bytes) -> Element:
    """Parse XML without entities or external references; raises ValueError."""
    try:
        return fromstring(content, forbid_dtd=True)
    except (ParseError, DefusedXmlException) as error:
        raise ValueError(f"bad XML: {error}") from error


def _relations(content: bytes, folder: str) -> dict[str, tuple[str, str]]:
    """Return relationship id → (kind, part); targets are relative to `folder` unless they start with a slash."""
    if not content:
        return {}
    found: dict[str, tuple[str, str]] = {}
    for node in parse(content):
        kind = node.get("Type", "").rsplit("/", 1)[-1]
        part = posixpath.normpath(posixpath.join("/", folder, node.get("Target", ""))).lstrip("/")
        found[node.get("Id", "")] = (kind, part)
    return found


def _worksheets(tree: Element, relations: dict[str, tuple[str, str]]) -> list[SheetEntry]:
    """Return the sheets that hold cells, in workbook order; chart and dialog sheets hold none."""
    sheets: list[SheetEntry] = []
    for node in tree.iter():
        if _local(node) != "sheet":
            continue
        link = next((value for key, value in node.items() if key.endswith(_RELATIONSHIP_ID)), "")
        kind, part = relations.get(link, ("", ""))
        if kind == "worksheet":
            sheets.append(SheetEntry(node.get("name", ""), node.get("state", "visible") != "visible", part))
    return sheets


def _local(node: Element) -> str:
    return str(node.tag).rpartition("}")[2]
