"""Reads the numbers of a column of prices or sizes, those that are texts where they can be meant in one way only."""

from __future__ import annotations

import math
import re
from typing import Final

from pipeline.conversion.excel.cells import EMPTY, NUMBER, TEXT, UNCLEAR, Cell
from pipeline.conversion.reject_rules import Broken

_PLAIN: Final = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
# Groups of three digits, between them commas, apostrophes or blanks, which programs write as no-break or thin ones.
_GROUPED: Final = re.compile(r"[+-]?[1-9]\d{0,2}(?:([,'\u2019 \u00a0\u2009\u202f])\d{3})(?:\1\d{3})*(\.\d+)?", re.ASCII)
_DECIMAL_COMMA: Final = re.compile(r"[+-]?(?:\d*,(?:\d{1,2}|\d{4,})|0,\d+|\d{1,3}(?:\.\d{3})+,\d+)", re.ASCII)
_ONE_COMMA: Final = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}", re.ASCII)
_ONE_DOT: Final = re.compile(r"[+-]?[1-9]\d{0,2}\.\d{3}", re.ASCII)
_LONGEST: Final = 64
# Excel keeps numbers as doubles, so above 2**53 a whole number is no longer the one that was meant.
LARGEST_SIZE: Final = 2.0**53


def has_decimal_comma(text: str) -> bool:
    """Return whether a text is a number with a decimal comma: 17,30."""
    return _DECIMAL_COMMA.fullmatch(text.strip()) is not None


def is_number(text: str) -> bool:
    """Return whether a text is a number of one meaning."""
    return len(text) <= _LONGEST and (_PLAIN.fullmatch(text.strip()) or _GROUPED.fullmatch(text.strip())) is not None


class NumberColumn:
    """The numbers of a column, none below 0.

    name: price or size, with which the rules that a cell breaks begin. is_whole: they are whole, so that 1,000 is a
    thousand, and 1.000 a thousand or one; else 17,300 is 17.3 or 17,300, by where it was written.
    texts: how many texts were numbers of one meaning.
    """

    def __init__(self, name: str, *, is_whole: bool) -> None:
        self.name = name
        self.texts = 0
        self._is_whole = is_whole
        self._unclear = _ONE_DOT if is_whole else _ONE_COMMA
        self._shows_commas_as_groups = self._shows_commas_as_decimals = False

    def value(self, cell: Cell) -> float:
        """Return the number that a cell holds, one that `is_unclear` as where dots are decimal; raises Broken."""
        value = float(cell.text) if cell.kind == NUMBER else self._of_text(cell.text) if cell.kind == TEXT else None
        if value is None or not 0 <= value < math.inf:
            raise Broken(f"{self.name} {_fault(cell, value)}")
        if self._is_whole and not (value.is_integer() and value <= LARGEST_SIZE):
            fault = "unclear" if self.is_unclear(cell) else "not whole" if value <= LARGEST_SIZE else "too large"
            raise Broken(f"{self.name} {fault}")
        return value

    def note_dots(self) -> None:
        """Take it as shown that decimals stand behind dots."""
        self._shows_commas_as_groups = True

    def is_unclear(self, cell: Cell) -> bool:
        """Return whether a cell is a text that is one number or a thousand times that."""
        return cell.kind == TEXT and self._unclear.fullmatch(cell.text.strip()) is not None

    @property
    def dots_are_decimal(self) -> bool:
        """Return whether the column's texts show that decimals stand behind dots, and commas between groups."""
        return self._shows_commas_as_groups and not self._shows_commas_as_decimals

    def _of_text(self, text: str) -> float | None:
        text = text.strip()
        if len(text) > _LONGEST:
            return None
        is_unclear = self._unclear.fullmatch(text) is not None
        grouped = _GROUPED.fullmatch(text)
        if grouped is not None:
            self._shows_commas_as_groups |= not is_unclear and (grouped[1] == "," or grouped[2] is not None)
            return float(text.replace(grouped[1], ""))
        if _PLAIN.fullmatch(text):
            self._shows_commas_as_groups |= not is_unclear and "." in text
            return float(text)
        self._shows_commas_as_decimals |= has_decimal_comma(text)
        return None


def _fault(cell: Cell, value: float | None) -> str:
    """Return what is wrong with a cell that is no number from 0 on."""
    if cell.kind in (EMPTY, UNCLEAR):
        return "missing" if cell.kind == EMPTY else "unclear"
    return "negative" if value is not None and -math.inf < value < 0 else "not a number"
