"""Reads rows with one regular expression that spells out how Excel writes a tick: fast enough without a compiler."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import numpy as np

from pipeline.conversion import timestamps
from pipeline.conversion.excel.cells import LAST_ROW, letters_of
from pipeline.conversion.excel.fast_reader import FastColumns, FastReader
from pipeline.conversion.rules import type_code
from pipeline.ticks import MOST_VOLUME

if TYPE_CHECKING:
    from pipeline.conversion.excel.archive import Workbook
    from pipeline.conversion.headers import Columns
    from pipeline.ticks import Float64s

# Every repetition is possessive (`*+`), so that a row that does not match is given up in one pass.
_ATTRIBUTES: Final = r'(?: [A-Za-z][A-Za-z0-9:]*="[^"<&\0-\x1f]*")*+ *+'
_CHARACTERS: Final = r"(?:[^<&\0-\x1f]|&(?:amp|lt|gt|quot|apos);)*+"
_FORMULA: Final = rf"(?:<f{_ATTRIBUTES}(?:/>|>{_CHARACTERS}</f>))?+"
_INLINE: Final = '<is><t(?: xml:space="preserve")?+>'
_CONTENT: Final = rf"{_FORMULA}(?:<v>{_CHARACTERS}</v>|<v/>|{_INLINE}{_CHARACTERS}</t></is>)?+"
_NUMBER: Final = r"-?+[0-9]++(?:\.[0-9]++)?+(?:[Ee][+-]?+[0-9]++)?+"
_EMPTY: Final = "(?:/>|></c>)"
_TEXT: Final = r"[^<&\0-\x1f]*+"
_COLUMN: Final = r"(?:[A-Z]{1,2}|[A-W][A-Z]{2}|X[A-E][A-Z]|XF[A-D])"
_ROW_NUMBER: Final = re.compile(r'<row r="([1-9][0-9]{0,6})"')
_HIDDEN: Final = re.compile(r"<[!?]|<[^\s<>/:]+:(?:row|c)[\s/>]")


class _Unsupported(Exception):
    """A row is not as Excel writes a tick."""


class PatternReader(FastReader):
    """Keeps the ticks of rows that match the pattern."""

    def __init__(self, workbook: Workbook, columns: Columns, header_row: int) -> None:
        super().__init__(workbook)
        self._header_row = header_row
        self._pattern = _pattern(columns)
        self._groups = {name: number - 1 for name, number in self._pattern.groupindex.items()}
        self._below_header = False
        self._last_row = self._last_tick = 0
        self._texts: set[str] = set()
        self._securities: set[str] = set()
        self._conditions: dict[str, int] = {"": 0}
        self._codes: list[int] = []
        self._blocks: list[tuple[Float64s, ...]] = []

    def read(self, block: bytes, size: int) -> bool:
        """Read the whole rows in the first `size` bytes; return False when one is not as Excel writes a tick."""
        try:
            self._read(block[:size].decode())
        except (UnicodeDecodeError, _Unsupported):
            return False
        return True

    def columns(self) -> FastColumns | None:
        """Return the ticks of all rows read; None when there is none."""
        if not self._blocks:
            return None
        securities = tuple(sorted(text for text in self._securities if text.strip()))
        moments, kinds, price, volume = (np.concatenate(column) for column in zip(*self._blocks, strict=True))
        return FastColumns(
            moments=moments.astype(np.int64),
            kinds=kinds.astype(np.int8),
            price=price,
            volume=volume.astype(np.int64),
            texts=frozenset(self._texts.union(securities)),
            securities=securities,
            last=self._last_tick,
            condition=np.array(self._codes, np.int32) if len(self._conditions) > 1 else None,
            conditions=tuple(self._conditions) if len(self._conditions) > 1 else (),
        )

    def _read(self, xml: str) -> None:
        if not self._below_header:
            rows = list(_ROW_NUMBER.finditer(xml))
            above = [row for row in rows if int(row[1]) <= self._header_row]
            start = next((row.start() for row in rows if int(row[1]) > self._header_row), len(xml))
            _require(not _HIDDEN.search(xml, 0, start) and xml.count("<row", 0, start) == len(above))
            self._below_header = start < len(xml)
            xml = xml[start:]
        matches: list[tuple[str, ...]] = self._pattern.findall(xml)
        _require(sum(len(row[0]) for row in matches) == len(xml))
        if not matches:
            return
        numbers = np.array([int(row[1]) for row in matches])
        _require(numbers[0] > self._last_row and (numbers[1:] > numbers[:-1]).all() and numbers[-1] <= LAST_ROW)
        self._last_row = int(numbers[-1])
        ticks = [row for row in matches if row[self._groups["price"]]]
        if ticks:
            self._last_tick = int(ticks[-1][1])
            self._take(list(zip(*ticks, strict=True)))

    def _take(self, groups: list[tuple[str, ...]]) -> None:
        """Keep the ticks of rows; `groups` are what the pattern's groups matched in each."""
        texts = self._column_of_texts(groups, "kind")
        self._texts.update(texts)
        codes = {text: type_code(text) for text in set(texts)}
        moments = self._moments(groups)
        price, size = self._numbers(groups, "price"), self._numbers(groups, "size")
        _require(
            min(codes.values()) >= 0
            and (moments < timestamps.END_MS).all()
            and np.isfinite(price).all()
            and (size <= MOST_VOLUME).all()
            and (size == np.floor(size)).all()
        )
        kinds = np.array([codes[text] for text in texts], dtype=np.float64)
        self._blocks.append((moments, kinds, price, size))
        if "security_shared" in self._groups:
            self._securities.update(self._column_of_texts(groups, "security"))
        if "condition_shared" in self._groups:
            conditions = self._column_of_texts(groups, "condition")
            self._texts.update(filter(None, conditions))
            known = self._conditions
            self._codes += [known.setdefault(text.strip(), len(known)) for text in conditions]

    def _numbers(self, groups: list[tuple[str, ...]], name: str, *, dates: bool = False) -> Float64s:
        """Return a column of numbers that are not negative, shown as dates or as plain numbers."""
        styles = {int(style or -1) for style in set(groups[self._groups[f"{name}_style"]])}
        _require(styles <= self._workbook.date_styles if dates else styles.isdisjoint(self._workbook.date_styles))
        numbers: Float64s = np.array(list(map(float, groups[self._groups[name]]))) + 0.0  # -0.0 is 0.0
        _require(numbers.min() >= 0)
        return numbers

    def _moments(self, groups: list[tuple[str, ...]]) -> Float64s:
        """Return the times as ms since 1970, whole numbers that may lie out of range."""
        serial = self._numbers(groups, "time", dates=True)
        if "clock" not in self._groups:
            return timestamps.serials_ms(serial, date1904=self._workbook.date1904)
        clock = self._numbers(groups, "clock", dates=True)
        day = timestamps.serials_ms(np.floor(serial), date1904=self._workbook.date1904)
        moments: Float64s = day + np.floor((clock - np.floor(clock)) * timestamps.MS_PER_DAY + 0.5)
        return moments

    def _column_of_texts(self, groups: list[tuple[str, ...]], name: str) -> list[str]:
        """Return a column of texts, shared or in the cell."""
        table = self._workbook.texts
        numbers, formulas, inlines = (groups[self._groups[f"{name}_{way}"]] for way in ("shared", "formula", "inline"))
        shared = {number: int(number) for number in set(numbers) if number}
        _require(max(shared.values(), default=-1) < len(table))
        return [
            table[shared[number]] if number else formula or inline
            for number, formula, inline in zip(numbers, formulas, inlines, strict=True)
        ]


def _require(supported: object) -> None:
    if not supported:
        raise _Unsupported


def _pattern(columns: Columns) -> re.Pattern[str]:
    """Return the expression of one row: a tick's cells by column with others between them, or none of a tick."""
    cells = {columns.time: "time", columns.type: "kind", columns.price: "price", columns.size: "size"}
    if columns.clock is not None:
        cells[columns.clock] = "clock"
    letters = "|".join(letters_of(column) for column in cells)
    empty = rf'<c r="(?:{letters})\2"{_ATTRIBUTES}{_EMPTY}'
    blank = rf"(?:{_other(letters)}|{empty})*+"
    if columns.security is not None:
        cells[columns.security] = "security"
    if columns.condition is not None:
        cells[columns.condition] = "condition"
    others = rf"(?:{_other('|'.join(letters_of(column) for column in cells))})*+"
    wanted = others.join(_cell(letters_of(column), name) for column, name in sorted(cells.items()))
    return re.compile(
        rf'(<row r="([1-9][0-9]{{0,6}})"{_ATTRIBUTES}(?:>{others}{wanted}{others}</row>|>{blank}</row>|/>))'
    )


def _other(letters: str) -> str:
    """Return the expression of a cell of none of these columns."""
    return rf'<c r="(?!(?:{letters})[0-9]){_COLUMN}\2"{_ATTRIBUTES}(?:/>|>{_CONTENT}</c>)'


def _cell(letters: str, name: str) -> str:
    """Return the expression of a cell of this column: a text for the kind and what is beside a tick, else a number."""
    start = rf'<c r="{letters}\2"'
    if name not in ("kind", "security", "condition"):
        style = rf'(?: s="(?P<{name}_style>[0-9]{{1,6}})")?+(?: t="n")?+ *+'
        return rf"{start}{style}>{_FORMULA}<v>(?P<{name}>{_NUMBER})</v></c>"
    ways = (
        rf' t="s">{_FORMULA}<v>(?P<{name}_shared>[0-9]{{1,9}})</v>',
        rf' t="str">{_FORMULA}<v>(?P<{name}_formula>{_TEXT})</v>',
        rf' t="inlineStr">{_INLINE}(?P<{name}_inline>{_TEXT})</t></is>',
    )
    text = rf'{start}(?: s="[0-9]{{1,6}}")?+(?:{"|".join(ways)})</c>'
    return text if name == "kind" else rf'(?:{start}(?: s="[0-9]{{1,6}}")?+ *+{_EMPTY}|{text})?+'
