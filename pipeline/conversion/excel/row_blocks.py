"""Cuts the XML of a sheet into blocks of whole rows, in which elements have no prefix; declines what hides rows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pipeline.conversion.excel.stream import elements

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_LONGEST_PROLOG: Final = 1 << 20
_COMMENT: Final = rb"<!--(?:(?!-->).)*+-->"
# All that stands before the rows: declaration, comments, the root, and elements of which the last is the table.
_PROLOG: Final = re.compile(
    rb"(?:\xef\xbb\xbf)?+(?:\s++|<\?xml[^<>]*+>|" + _COMMENT + rb")*+"
    rb"<(?:(?P<prefix>[A-Za-z_][\w.-]*+):)?+worksheet(?P<names>(?:\s[^<>]*+)?)>"
    rb"(?:[^<]++|" + _COMMENT + rb"|<(?!(?:[\w.-]+:)?sheetData\b)/?[A-Za-z_][^<>]*+>)*+"
    rb"<(?:[\w.-]++:)?sheetData(?P<more>(?:\s[^<>/]*+)?)>",
    re.DOTALL,
)
# What says where a button stands.
_ROW_OF_A_DRAWING: Final = "{http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing}row"
_DEFAULT_NAMES: Final = re.compile(rb"\sxmlns\s*=")
_TAG_NAME_ENDS: Final = b" >/\t\r\n"


class Unsupported(Exception):
    """A sheet is not read in one pass; the argument says why."""


class RowBlocks:
    """Takes the XML of a sheet piece by piece. longest: how many bytes one row may have."""

    closing: Final = b"</sheetData></worksheet>"

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._rest = b""
        self._tail: bytes | None = None
        self._prefix = b""
        self.opening = b""
        """The tags in which the rows stand, without a prefix, for those who parse some of them apart."""

    def blocks(self, pieces: Iterable[bytes]) -> Iterator[tuple[bytes, int]]:
        """Yield the rows in order: XML and how much of it are whole rows; raises Unsupported.

        Who reads them calls `end` where the rows end.
        """
        for piece in pieces:
            xml = self._rest + piece if self._rest else piece
            if not self.opening and not (xml := self._opened(xml)):
                continue
            if self._tail is not None:
                self._rest = xml
            else:
                cut = self._last_row(xml)
                self._rest = xml[cut:]
                if cut:
                    yield self._unprefixed(xml, cut)
            if len(self._rest) > self._longest:
                raise Unsupported("one of its rows, or what stands behind them, is too long")
        if self._tail is None and self.opening:
            yield self._unprefixed(self._rest, len(self._rest))
            self._rest = b""
        if self._tail is None:
            raise Unsupported("it has no end of rows")
        # Nothing of it matters but that it is lawful, and holds no row.
        tail = self._unprefixed(self._rest, len(self._rest))[0]
        try:
            behind = elements((self.opening, self._tail, tail), ("row",), self._longest)
            hides_rows = not all(node.tag == _ROW_OF_A_DRAWING for node in behind)
        except ValueError as error:
            raise Unsupported(f"what stands behind its rows is not lawful ({error})") from error
        if hides_rows:
            raise Unsupported("rows stand behind its table")

    def end(self, xml: bytes, at: int, size: int) -> bool:
        """Return whether the rows of a block end at `at`; what is behind them is looked at last."""
        if not xml.startswith(b"</sheetData", at):
            return False
        self._tail = xml[at:size]
        return True

    def _opened(self, xml: bytes) -> bytes:
        """Look for the beginning of the rows; return what is behind it, nothing while it is not there."""
        match = _PROLOG.match(xml)
        if match is None:
            if len(xml) > _LONGEST_PROLOG:
                raise Unsupported("what stands before its rows is not as a sheet begins")
            self._rest = xml
            return b""
        names = match["names"]
        if match["prefix"]:
            self._prefix = match["prefix"] + b":"
            if _DEFAULT_NAMES.search(names):
                raise Unsupported("its elements have two kinds of names")
        self.opening = b"<worksheet%b><sheetData%b>" % (names, match["more"])
        self._rest = b""
        return xml[match.end() :]

    def _last_row(self, xml: bytes) -> int:
        """Return where the last row begins that may not be whole."""
        row = b"<%brow" % self._prefix
        cut = len(xml)
        while (cut := xml.rfind(row, 0, cut)) > 0:
            behind = cut + len(row)
            if xml[behind : behind + 1] in _TAG_NAME_ENDS:
                break
        return max(cut, 0)

    def _unprefixed(self, xml: bytes, size: int) -> tuple[bytes, int]:
        if self._prefix:
            xml = xml[:size].replace(b"<" + self._prefix, b"<").replace(b"</" + self._prefix, b"</")
            size = len(xml)
        if not xml.isascii():
            try:
                xml[:size].decode()
            except UnicodeDecodeError:
                raise Unsupported("its texts are not UTF-8") from None
        return xml, size
