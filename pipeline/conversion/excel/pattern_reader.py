"""Reads rows with one regular expression that spells out how Excel writes a tick: fast enough without a compiler."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import numpy as np

from pipeline.conversion import timestamps
from pipeline.conversion.excel.cells import LAST_ROW, letters_of
from pipeline.conversion.excel.fast_reader import FastColumns, FastReader
from pipeline.ticks import MOST_VOLUME

if TYPE_CHECKING:
    from collections.abc import Callable

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


class PatternReader(FastReader):
    """Keeps the ticks of rows that match the pattern.

    kind_of: the kind of tick that a text names, below 0 for none.
    """

    def __init__(self, workbook: Workbook, columns: Columns, header_row: int, kind_of: Callable[[str], int]) -> None:
        super().__init__(workbook.limits.bytes_of("row_mb"))
        self._workbook = workbook
        self._header_row = header_row
        self._kind_of = kind_of
        self._has_clock = columns.clock is not None
        self._pattern = _pattern(columns)
        self._below_header = False
        self._last_row = self._last_tick = 0
        self._texts: set[str] = set()
        self._securities: set[str] = set()
        self._blocks: list[tuple[Float64s, ...]] = []

    def read(self, block: bytes, size: int) -> bool:
        """Read the whole rows in the first `size` bytes; return False when one is not as Excel writes a tick."""
        try:
            xml = block[:size].decode()
        except UnicodeDecodeError:
            return False
        if not self._below_header:
            rows = list(_ROW_NUMBER.finditer(xml))
            above = [row for row in rows if int(row[1]) <= self._header_row]
            start = next((row.start() for row in rows if int(row[1]) > self._header_row), len(xml))
            if _HIDDEN.search(xml, 0, start) or xml.count("<row", 0, start) != len(above):
                return False
            self._below_header = start < len(xml)
            xml = xml[start:]
        rows_found: list[tuple[str, ...]] = self._pattern.findall(xml)
        if sum(len(row[0]) for row in rows_found) != len(xml):
            return False
        return not rows_found or self._take(rows_found)

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
        )

    def _take(self, rows: list[tuple[str, ...]]) -> bool:
        numbers = np.array([int(row[1]) for row in rows])
        if numbers[0] <= self._last_row or (numbers[1:] <= numbers[:-1]).any() or numbers[-1] > LAST_ROW:
            return False
        self._last_row = int(numbers[-1])
        price_at = self._pattern.groupindex["price"] - 1
        ticks = [row for row in rows if row[price_at]]
        if not ticks:
            return True
        moments, kinds = self._moments(ticks), self._kinds(ticks)
        price, size = self._numbers(ticks, "price", dates=False), self._numbers(ticks, "size", dates=False)
        if moments is None or kinds is None or price is None or size is None:
            return False
        if not (
            (moments < timestamps.END_MS).all()
            and np.isfinite(price).all()
            and (size <= MOST_VOLUME).all()
            and (size == np.floor(size)).all()
        ):
            return False
        self._last_tick = int(ticks[-1][1])
        self._blocks.append((moments, kinds, price, size))
        return "security_shared" not in self._pattern.groupindex or self._read_texts(ticks, "security") is not None

    def _column(self, rows: list[tuple[str, ...]], name: str) -> list[str]:
        group = self._pattern.groupindex[name] - 1
        return [row[group] for row in rows]

    def _numbers(self, rows: list[tuple[str, ...]], name: str, *, dates: bool) -> Float64s | None:
        """Return a column of numbers; None for a negative one, and where a date should be a plain number or not."""
        styles = {int(style or -1) for style in set(self._column(rows, f"{name}_style"))}
        if not (styles <= self._workbook.date_styles if dates else styles.isdisjoint(self._workbook.date_styles)):
            return None
        numbers = np.array(list(map(float, self._column(rows, name)))) + 0.0  # -0.0 is 0.0
        return None if numbers.min() < 0 else numbers

    def _moments(self, rows: list[tuple[str, ...]]) -> Float64s | None:
        """Return the times as ms since 1970, whole numbers that may lie out of range."""
        serial = self._numbers(rows, "time", dates=True)
        if serial is None or not self._has_clock:
            return None if serial is None else timestamps.serials_ms(serial, date1904=self._workbook.date1904)
        clock = self._numbers(rows, "clock", dates=True)
        if clock is None:
            return None
        day = timestamps.serials_ms(np.floor(serial), date1904=self._workbook.date1904)
        moments: Float64s = day + np.floor((clock - np.floor(clock)) * timestamps.MS_PER_DAY + 0.5)
        return moments

    def _kinds(self, rows: list[tuple[str, ...]]) -> Float64s | None:
        texts = self._read_texts(rows, "kind")
        if texts is None:
            return None
        codes = {text: self._kind_of(text) for text in set(texts)}
        kinds = np.array([codes[text] for text in texts], dtype=np.float64)
        return None if kinds.min() < 0 else kinds

    def _read_texts(self, rows: list[tuple[str, ...]], name: str) -> list[str] | None:
        """Return a column of texts, shared or in the cell; None for the number of a shared text that there is not."""
        table = self._workbook.texts
        numbers, formulas, inlines = (self._column(rows, f"{name}_{way}") for way in ("shared", "formula", "inline"))
        shared = {number: int(number) for number in set(numbers) if number}
        if max(shared.values(), default=-1) >= len(table):
            return None
        texts = [
            table[shared[number]] if number else formula or inline
            for number, formula, inline in zip(numbers, formulas, inlines, strict=True)
        ]
        (self._securities if name == "security" else self._texts).update(texts)
        return texts


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
    others = rf"(?:{_other('|'.join(letters_of(column) for column in cells))})*+"
    wanted = others.join(_cell(letters_of(column), name) for column, name in sorted(cells.items()))
    return re.compile(
        rf'(<row r="([1-9][0-9]{{0,6}})"{_ATTRIBUTES}(?:>{others}{wanted}{others}</row>|>{blank}</row>|/>))'
    )


def _other(letters: str) -> str:
    """Return the expression of a cell of none of these columns."""
    return rf'<c r="(?!(?:{letters})[0-9]){_COLUMN}\2"{_ATTRIBUTES}(?:/>|>{_CONTENT}</c>)'


def _cell(letters: str, name: str) -> str:
    """Return the expression of a cell of this column: a text for the kind and the security, else a number."""
    start = rf'<c r="{letters}\2"'
    if name not in ("kind", "security"):
        style = rf'(?: s="(?P<{name}_style>[0-9]{{1,6}})")?+(?: t="n")?+ *+'
        return rf"{start}{style}>{_FORMULA}<v>(?P<{name}>{_NUMBER})</v></c>"
    ways = (
        rf' t="s">{_FORMULA}<v>(?P<{name}_shared>[0-9]{{1,9}})</v>',
        rf' t="str">{_FORMULA}<v>(?P<{name}_formula>{_TEXT})</v>',
        rf' t="inlineStr">{_INLINE}(?P<{name}_inline>{_TEXT})</t></is>',
    )
    text = rf'{start}(?: s="[0-9]{{1,6}}")?+(?:{"|".join(ways)})</c>'
    return text if name == "kind" else rf'(?:{start}(?: s="[0-9]{{1,6}}")?+ *+{_EMPTY}|{text})?+'
