"""Determines which rows and columns of a sheet hold cells, provided the sheet is written as Excel writes it.

The fast reader takes the layout on trust, so it is checked here, cell by cell: that reader allocates memory for the
whole range that the cells span, so one stray cell far away would exhaust memory; it believes a cell's own row number;
and it drops a row whose number occurs twice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

_ROW: Final = b"<row "
_END: Final = b"</sheetData>"
_TAIL: Final = b" " * (len(_ROW) + 11)
_PROLOG: Final = 4 << 20
_STRETCH: Final = 256 << 10
_LAST_ROW: Final = 1_048_576
_LAST_COLUMN: Final = 16_383
_LT, _C, _R, _V, _I, _T, _SLASH, _COLON, _A, _ALPHABET = *b"<crvit/:A", 26
# Comments, instructions, letters by their number in XML's way and in Excel's: readers part where these stand.
_UNUSUAL: Final = ((b"!", b"<!"), (b"?", b"<?"), (b"&", b"&#"), (b"_", b"_x"))
# Of a number with an escaped letter in it the fast reader takes what stands before that.
_ESCAPED_VALUE: Final = re.compile(rb"<v[^<>]*>[^<&]*&")
_FOREIGN: Final = re.compile(rb"<[^\s<>/:]+:(?:c|row)[\s/>]")
_ROW_OF_ANY_KIND: Final = re.compile(rb"<(?:[^\s<>/:]+:)?row[\s/>]")
_CELL: Final = re.compile(rb"<(?:[^\s<>/:]+:)?c[\s/>]")


def _word(text: bytes) -> np.uint64:
    return np.uint64(int.from_bytes(text, "little"))


_ROW_START: Final = _word(b'<row r="')
_ROW_END: Final = _word(b"</row>")
_HOLLOW_END: Final = _word(b"/>")
_CELL_START: Final = _word(b'<c r="')
_OW: Final = _word(b"ow")
_QUOTES: Final = _word(b'"' * 8)
_ONES: Final = _word(b"\1" * 8)
_HIGH: Final = _word(b"\x80" * 8)
_ZEROS: Final = _word(b"0" * 8)
_TO_NINE: Final = _word(b"\x76" * 8)
_SIX, _TWO, _ONE = (_word(b"\xff" * count) for count in (6, 2, 1))
_PAIRS: Final = (
    (_word(b"\xff" * 8), np.uint64(10 * 2**8 + 1), np.uint64(8)),
    (_word(b"\xff\0" * 4), np.uint64(100 * 2**16 + 1), np.uint64(16)),
    (_word(b"\xff\xff\0\0" * 2), np.uint64(10**4 * 2**32 + 1), np.uint64(32)),
)


@dataclass(frozen=True, slots=True)
class Shape:
    """Row numbers, strictly rising; which hold no cell; the number of cells; first and last column of one (0 is A)."""

    rows: NDArray[np.int64]
    hollow: NDArray[np.bool_]
    cells: int
    first_column: int
    last_column: int

    @property
    def area(self) -> int:
        """The cells from the sheet's top to its last row, between its first and its last column."""
        return 0 if len(self.rows) == 0 else int(self.rows[-1]) * (self.last_column - self.first_column + 1)


def rows_with_values(blocks: Iterable[bytes]) -> NDArray[np.bool_]:
    """Return of each row, in blocks cut before rows, whether a cell in it holds anything."""
    found = [_valued(block[start:]) for block in blocks if (start := block.find(_ROW)) >= 0]
    return np.concatenate(found)


def _valued(block: bytes) -> NDArray[np.bool_]:
    letters = np.frombuffer(block, dtype=np.uint8)
    opening, following = letters[:-1] == _LT, letters[1:]
    words: NDArray[np.uint64] = np.ndarray((len(block) - 7,), "<u8", block, 0, (1,))
    starts = np.flatnonzero(opening & (following == _R))
    starts = starts[starts < len(words)]
    starts = starts[words[starts] == _ROW_START]
    values = np.flatnonzero(opening & ((following == _V) | (following == _I)))
    counts: NDArray[np.int64] = np.diff(np.searchsorted(values, starts), append=len(values))
    return counts > 0


class _Odd(Exception):
    """Something that Excel does not write."""


class ShapeReader:
    """Takes a sheet's XML piece by piece. longest_row: how many bytes one row may have."""

    def __init__(self, longest_row: int) -> None:
        self._longest = longest_row
        self._begun = False
        self._odd = False
        self._rest = b""
        self._last = 0
        self._rows: list[NDArray[np.int64]] = []
        self._hollow: list[NDArray[np.bool_]] = []
        self._columns = (_LAST_COLUMN, 0)
        self._cells = 0
        self._mask = np.empty(0, dtype=np.bool_)

    def feed(self, piece: bytes) -> None:
        """Look at the rows that end in this piece."""
        if self._odd:
            return
        try:
            self._feed(piece)
        except _Odd:
            self._odd = True
            self._rest = b""

    def shape(self) -> Shape | None:
        """Return what the whole sheet is like; None when it is not written as Excel writes it."""
        try:
            if self._odd or not self._begun:
                return None
            end = self._rest.find(_END)
            if end < 0 or _ROW_OF_ANY_KIND.search(self._rest, end):
                return None
            self._take(self._rest[:end] + _TAIL, 0, end)
        except _Odd:
            return None
        return Shape(np.concatenate(self._rows), np.concatenate(self._hollow), self._cells, *self._columns)

    def _feed(self, piece: bytes) -> None:
        if not self._begun:
            piece = self._rest + piece
            start = piece.find(_ROW)
            before = piece if start < 0 else piece[:start]
            if start < 0 or len(before) > _PROLOG:
                _refuse(len(before) > _PROLOG)
                self._rest = piece
                return
            _refuse(b"<!" in before or b"<?" in before[4:] or _CELL.search(before) is not None)
            self._begun, self._rest = True, b""
            piece = piece[start:]
        # Only what lies across the seam of two pieces is copied. Behind the last whole row there must be a few bytes.
        first, cut = piece.find(_ROW), piece.rfind(_ROW, 0, -11)
        if cut < 0:
            self._rest += piece
        else:
            self._take(b"".join((self._rest, piece[:first], _TAIL)), 0, len(self._rest) + first)
            self._take(piece, first, cut)
            self._rest = piece[cut:]
        _refuse(len(self._rest) > self._longest)

    def _take(self, block: bytes, start: int, size: int) -> None:
        """Look at the whole rows, one directly behind the other, from `start` to `size`."""
        if start == size:
            return
        for rare, two in _UNUSUAL:
            _refuse(rare in block and two in block)
        _refuse(b"&" in block and _ESCAPED_VALUE.search(block))
        has_colon = b":" in block
        while start < size:
            # A stretch whose arrays stay in the processor's cache.
            end = block.rfind(_ROW, start + 1, min(start + _STRETCH, size)) if size - start > _STRETCH else size
            if end < 0:
                end = block.find(_ROW, start + _STRETCH - len(_ROW), size)
            end = end if end > 0 else size
            self._look_at_rows(block, start, end, has_colon=has_colon)
            start = end

    def _look_at_rows(self, block: bytes, start: int, end: int, *, has_colon: bool) -> None:
        size = end - start
        letters = np.frombuffer(block, dtype=np.uint8, offset=start)
        words: NDArray[np.uint64] = np.ndarray((len(letters) - 7,), "<u8", block, start, (1,))
        if has_colon:
            behind = letters[np.flatnonzero(letters[:size] == _COLON) + 1]
            _refuse(((behind == _C) | (behind == _R)).any() and _FOREIGN.search(block, start, end))
        starts, cells = self._elements(letters, size)
        found = words[starts]
        of_row = found == _ROW_START
        if not of_row.all():
            _refuse(((found[~of_row] >> np.uint64(16)) & _TWO == _OW).any())
            starts = starts[of_row]
        _refuse(len(starts) == 0 or starts[0] != 0)
        firsts = np.searchsorted(cells, starts)
        counts = np.diff(firsts, append=len(cells))
        self._end_well(words[np.append(starts[1:], size) - 8], counts)
        reference = words[starts + 8]
        mask = self._number(reference)
        if len(cells):
            begins = np.zeros(len(cells) + 1, dtype=np.bool_)
            begins[firsts] = True
            same = np.repeat(reference & mask, counts), np.repeat(mask, counts)
            self._look_at_cells(words, cells, begins[1:-1], *same)

    def _elements(self, letters: NDArray[np.uint8], size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return where `<r` and where `<c` stand; values and texts must hold nothing but text."""
        if len(self._mask) < size:
            self._mask = np.empty(size, dtype=np.bool_)
        # Memory that is taken anew for each stretch costs as much as what is done with it.
        opening = self._mask[:size]
        np.equal(letters[:size], _LT, out=opening)
        tags = np.flatnonzero(opening)
        following = letters[tags + 1]
        of_text = (following == _V) | (following == _T)
        _refuse((of_text[:-1] & (following[1:] != _SLASH)).any() or of_text[-1:].any())
        return tags[following == _R], tags[following == _C]

    def _end_well(self, ends: NDArray[np.uint64], counts: NDArray[np.int64]) -> None:
        closed = (ends >> np.uint64(16)) == _ROW_END
        hollow = counts == 0
        _refuse(not (closed | (((ends >> np.uint64(48)) == _HOLLOW_END) & hollow)).all())
        self._hollow.append(hollow)

    def _number(self, reference: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """Read the rows' numbers, all digits at a time; return a mask of each one's digits and closing quote."""
        differs = reference ^ _QUOTES
        quote = (differs - _ONES) & ~differs & _HIGH
        mask = quote ^ (quote - np.uint64(1))
        _refuse(not ((quote != 0) & (mask > _ONE)).all())
        # Digits to the left, noughts to the right of them, seen from the last digit.
        shift = np.uint64(72) - np.bitwise_count(mask)
        value = ((reference << shift) | (_ZEROS >> (np.uint64(64) - shift))) - _ZEROS
        _refuse(((value | (value + _TO_NINE)) & _HIGH).any())
        for lanes, factor, width in _PAIRS:
            value = (value & lanes) * factor >> width
        rows = value.astype(np.int64)
        _refuse(rows[0] <= self._last or rows[-1] > _LAST_ROW or not (rows[1:] > rows[:-1]).all())
        self._last = int(rows[-1])
        self._rows.append(rows)
        return mask

    def _look_at_cells(
        self,
        words: NDArray[np.uint64],
        cells: NDArray[np.int64],
        begins: NDArray[np.bool_],
        key: NDArray[np.uint64],
        mask: NDArray[np.uint64],
    ) -> None:
        """See that each cell names its own row and a column behind the cell before, unless it begins a row."""
        found = words[cells]
        _refuse(not ((found & _SIX) == _CELL_START).all())
        columns, is_letter = _letters(found, 6)
        _refuse(not is_letter.all())
        digits = cells + 7
        second, is_letter = _letters(found, 7)
        if is_letter.any():
            wide = np.flatnonzero(is_letter)
            columns[wide] = (columns[wide] + 1) * _ALPHABET + second[wide]
            third, is_letter = _letters(words[cells[wide] + 8], 0)
            widest = wide[is_letter]
            columns[widest] = (columns[widest] + 1) * _ALPHABET + third[is_letter]
            digits[wide] += 1
            digits[widest] += 1
        _refuse(not ((words[digits] & mask) == key).all())
        _refuse(not ((columns[1:] > columns[:-1]) | begins).all())
        low, high = int(columns.min()), int(columns.max())
        _refuse(high > _LAST_COLUMN)
        self._cells += len(cells)
        self._columns = (min(low, self._columns[0]), max(high, self._columns[1]))


def _letters(words: NDArray[np.uint64], place: int) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Return the byte at a place of each word as a place in the alphabet, and whether it is a letter."""
    letters = words.view(np.uint8)[place::8] - np.uint8(_A)
    return letters.astype(np.int32), letters < _ALPHABET


def _refuse(odd: object) -> None:
    if odd:
        raise _Odd
