"""A sheet's bytes in, piece by piece; which rows and columns hold cells out, when all is written as Excel writes it.

What the fast reader takes for granted is looked at here, cell by cell: it keeps room for the whole span of the cells,
so one stray cell far away would take all memory; it believes a cell's own row number; it drops rows that stand twice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ROW: Final = b"<row "
_END: Final = b"</sheetData>"
_TAIL: Final = b" " * 16
_PROLOG: Final = 4 << 20
_LAST_ROW: Final = 1_048_576
_LAST_COLUMN: Final = 16_383
_LT, _C, _R, _COLON, _A, _ALPHABET = ord("<"), ord("c"), ord("r"), ord(":"), ord("A"), 26
# Comments, instructions, letters by their number in XML's way and in Excel's: readers part where these stand.
_UNUSUAL: Final = ((b"!", b"<!"), (b"?", b"<?"), (b"&", b"&#"), (b"_", b"_x"))
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
_UP_TO: Final = np.array([2 ** (8 * count + 8) - 1 for count in range(8)], dtype=np.uint64)
_BITS: Final = np.uint64(8)
_PAIRS: Final = (
    (b"\xff" * 8, 10 * 2**8 + 1, 8),
    (b"\xff\0" * 4, 100 * 2**16 + 1, 16),
    (b"\xff\xff\0\0" * 2, 10**4 * 2**32 + 1, 32),
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

    @property
    def solid(self) -> NDArray[np.int64]:
        """The numbers of the rows that hold a cell, be it an empty one."""
        return self.rows[~self.hollow]


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
            self._take(self._rest[:end])
        except _Odd:
            return None
        return Shape(np.concatenate(self._rows), np.concatenate(self._hollow), self._cells, *self._columns)

    def _feed(self, piece: bytes) -> None:
        block = self._rest + piece
        if not self._begun:
            start = block.find(_ROW)
            before = block if start < 0 else block[:start]
            if start < 0 or len(before) > _PROLOG:
                _refuse(len(before) > _PROLOG)
                self._rest = block
                return
            _refuse(b"<!" in before or b"<?" in before[4:] or _CELL.search(before) is not None)
            self._begun = True
            block = block[start:]
        cut = block.rfind(_ROW)
        _refuse(len(block) - cut > self._longest)
        self._rest = block[cut:]
        if cut > 0:
            self._take(block[:cut])

    def _take(self, block: bytes) -> None:
        """Look at whole rows, one directly behind the other."""
        for rare, two in _UNUSUAL:
            _refuse(rare in block and two in block)
        size = len(block)
        block += _TAIL
        letters = np.frombuffer(block, dtype=np.uint8)
        words: NDArray[np.uint64] = np.ndarray((len(block) - 7,), dtype="<u8", buffer=block, strides=(1,))
        opening, following = letters[:-1] == _LT, letters[1:]
        after_colon = following[np.flatnonzero(letters[:-1] == _COLON)]
        foreign = (after_colon == _C) | (after_colon == _R)
        _refuse(bool(foreign.any()) and _FOREIGN.search(block) is not None)
        starts = np.flatnonzero(opening & (following == _R))
        found = words[starts]
        of_row = found == _ROW_START
        _refuse(bool(((found[~of_row] >> np.uint64(16)) & _TWO == _OW).any()))
        starts = starts[of_row]
        _refuse(len(starts) == 0 or starts[0] != 0)
        cells = np.flatnonzero(opening & (following == _C))
        firsts = np.searchsorted(cells, starts)
        counts = np.diff(firsts, append=len(cells))
        self._end_well(words[np.append(starts[1:], size) - 8], counts)
        reference = words[starts + 8]
        mask = self._number(reference)
        self._look_at_cells(words, cells, counts, reference & mask, mask)

    def _end_well(self, ends: NDArray[np.uint64], counts: NDArray[np.int64]) -> None:
        closed = (ends >> np.uint64(16)) == _ROW_END
        empty = ((ends >> np.uint64(48)) == _HOLLOW_END) & (counts == 0)
        _refuse(not (closed | empty).all())
        self._hollow.append(counts == 0)

    def _number(self, reference: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """Read the rows' numbers, eight digits at a time; return a mask of each one's digits and closing quote."""
        differs = reference ^ _QUOTES
        quote = (differs - _ONES) & ~differs & _HIGH
        mask = quote ^ (quote - np.uint64(1))
        digits = np.searchsorted(_UP_TO, mask)
        _refuse(not ((quote != 0) & (digits > 0)).all())
        shift = ((8 - digits) * 8).astype(np.uint64)
        value = (reference << shift) | (_ZEROS >> (np.uint64(64) - shift))
        value -= _ZEROS
        _refuse(bool(((value | (value + _TO_NINE)) & _HIGH).any()))
        for lanes, factor, width in _PAIRS:
            value = (value & _word(lanes)) * np.uint64(factor) >> np.uint64(width)
        rows = value.astype(np.int64)
        _refuse(rows[0] <= self._last or rows[-1] > _LAST_ROW or not (rows[1:] > rows[:-1]).all())
        self._last = int(rows[-1])
        self._rows.append(rows)
        return mask

    def _look_at_cells(
        self,
        words: NDArray[np.uint64],
        cells: NDArray[np.int64],
        counts: NDArray[np.int64],
        key: NDArray[np.uint64],
        mask: NDArray[np.uint64],
    ) -> None:
        """See that each cell names a column behind the one before and its own row."""
        if len(cells) == 0:
            return
        found = words[cells]
        _refuse(not ((found & _SIX) == _CELL_START).all())
        columns, is_letter = _letters(found >> np.uint64(48))
        _refuse(not is_letter.all())
        length = np.ones(len(cells), dtype=np.int64)
        second, is_letter = _letters(found >> np.uint64(56))
        if is_letter.any():
            wide = np.flatnonzero(is_letter)
            columns[wide] = (columns[wide] + 1) * _ALPHABET + second[wide]
            third, is_letter = _letters(words[cells[wide] + 8])
            widest = wide[is_letter]
            columns[widest] = (columns[widest] + 1) * _ALPHABET + third[is_letter]
            length[wide] += 1
            length[widest] += 1
        self._cells += len(cells)
        owner = np.repeat(np.arange(len(counts)), counts)
        _refuse(not ((words[cells + 6 + length] & mask[owner]) == key[owner]).all())
        rising = (columns[1:] > columns[:-1]) | (owner[1:] != owner[:-1])
        low, high = int(columns.min()), int(columns.max())
        _refuse(high > _LAST_COLUMN or not rising.all())
        self._columns = (min(low, self._columns[0]), max(high, self._columns[1]))


def _letters(words: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the first byte of each word as a place in the alphabet, and whether it is a letter."""
    places = (words & _ONE).astype(np.int64) - _A
    return places, (places >= 0) & (places < _ALPHABET)


def _refuse(odd: Any) -> None:
    if odd:
        raise _Odd
