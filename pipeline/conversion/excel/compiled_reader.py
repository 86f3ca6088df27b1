"""Feeds a sheet's bytes, chunk by chunk, to the compiled loop and returns its ticks as columns.

It returns None when the sheet is not written exactly as Excel writes one. The loop is machine code that each machine
compiles once, so this reader is meant for workbooks large enough to repay that.
"""

from __future__ import annotations

import ctypes
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.conversion.excel import compiled_loop
from pipeline.conversion.excel.formats import date_style_numbers
from pipeline.native.machine import Machine, Text, machine_code, toolchain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from pipeline.conversion.excel.archive import Workbook

_COUNTS: Final = 5
_POINTERS: Final = ("uint8", "int8", "int8", "int8", "int8", "int64", "int8", "int64", "int8", "int64", "int64")
_TYPES: Final = {
    "int": "int64",
    "tuple[int, int]": "UniTuple(int64, 2)",
    "tuple[int, int, int]": "UniTuple(int64, 3)",
    "tuple[int, int, int, int]": "UniTuple(int64, 4)",
    "Letters": "CPointer(uint8)",
    "Bytes": "CPointer(int8)",
    "Words": "CPointer(int64)",
}
"""The annotations of the loop's functions in the compiler's words."""

_ROW: Final = b"<row "
_DATA: Final = b"<sheetData>"
_DATA_END: Final = b"</sheetData>"
_PROLOG: Final = 1 << 20
_MOST_ROWS: Final = 1_048_576
_MOST_COLUMNS: Final = 16_384
_SHORTEST_ROW: Final = 100
_UNUSUAL: Final = re.compile(rb"<[!?]|<(?:[^\s<>/:]+:)?(?:row|c)[\s/>]")
# Where a whole number and a power of ten are doubles, their quotient is the double nearest to the decimal number.
_EXACT: Final = 2**53
_POWERS: Final = np.array([float(10**place) for place in range(23)])

_loaded: dict[str, RowsLoop] = {}


class RowsLoop:
    """The loop over rows as machine code; several threads may run it at once, the GIL is not held."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        pointers = [ctypes.c_char_p, *[ctypes.c_void_p] * (len(_POINTERS) - 1)]
        self._loop = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_int64] * _COUNTS, *pointers)(machine.address)

    def __call__(self, counts: Sequence[int], xml: bytes, arrays: Sequence[NDArray[Any]]) -> int:
        """Read the rows of one block, as `read_rows` does."""
        return int(self._loop(*counts, xml, *(array.ctypes.data for array in arrays)))


def rows_loop(on_compile: Callable[[], None] | None = None) -> RowsLoop:
    """Return the loop, from this process, from disk, or compiled now, which `on_compile` is told."""
    source = Path(compiled_loop.__file__).read_text(encoding="utf-8")
    text = Text(source, compiled_loop.read_rows.__name__, _COUNTS, _POINTERS, helpers=_helpers())
    key = hashlib.sha256("\0".join((*toolchain(), repr(text))).encode()).hexdigest()
    if key not in _loaded:
        _loaded[key] = RowsLoop(machine_code(key, lambda: text, on_compile))
    return _loaded[key]


def _helpers() -> dict[str, str]:
    """Return the functions that the loop calls, in their order, and the types of each."""
    found = {}
    for name, function in vars(compiled_loop).items():
        if isinstance(function, FunctionType) and function is not compiled_loop.read_rows:
            *taken, given = (_TYPES[str(told)] for told in function.__annotations__.values())
            found[name] = f"{given}({', '.join(taken)})"
    return found


@dataclass(frozen=True, slots=True)
class SwiftColumns:
    """The ticks below the header: moments in ms since day 0, kinds, prices, volumes; and which texts were read.

    securities: those that name a row's security. last: the row of the last tick.
    """

    moments: NDArray[np.int64]
    kinds: NDArray[np.int8]
    price: NDArray[np.float64]
    volume: NDArray[np.int64]
    texts: frozenset[str]
    securities: tuple[str, ...]
    last: int


class SwiftReader:
    """Takes a sheet's XML piece by piece. columns: where time, type, price and size stand.

    security: the column that names each row's security. code_of: the kind of tick that a text names, below 0 when it
    names none. size: of the whole sheet, in bytes.
    """

    def __init__(
        self,
        loop: RowsLoop,
        workbook: Workbook,
        size: int,
        header_row: int,
        columns: Sequence[int],
        security: int | None,
        code_of: Callable[[str], int],
    ) -> None:
        dates = date_style_numbers(workbook.styles)
        self._loop = loop
        self._texts = workbook.texts
        self._longest = workbook.limits.row
        capacity = min(_MOST_ROWS, size // _SHORTEST_ROW)
        self._counts = (capacity, header_row, len(workbook.styles), len(workbook.texts))
        kinds = [np.int64, np.int8, np.int64, np.int8, np.int64]
        self._columns: list[NDArray[Any]] = [np.empty(capacity, dtype=kind) for kind in kinds]
        self._is_used = np.zeros(len(workbook.texts) + 1, dtype=np.int8)
        self._memory = np.zeros(3, dtype=np.int64)
        role_of = np.zeros(_MOST_COLUMNS, dtype=np.int8)
        role_of[list(columns)] = (compiled_loop.TIME, compiled_loop.KIND, compiled_loop.PRICE, compiled_loop.SIZE)
        if security is not None:
            role_of[security] = compiled_loop.SECURITY
        is_date = np.array([number in dates for number in range(len(workbook.styles) + 1)], dtype=np.int8)
        codes = np.array([*map(code_of, workbook.texts), -1], dtype=np.int8)
        self._arrays = (role_of, is_date, codes, self._is_used, *self._columns, self._memory)
        self._begun = False
        self._odd = False
        self._rest = b""

    @property
    def odd(self) -> bool:
        """Whether something was met that Excel does not write."""
        return self._odd

    def feed(self, piece: bytes) -> None:
        """Read the rows that end in this piece."""
        if self._odd:
            return
        block = self._rest + piece
        if not self._begun:
            start = block.find(_ROW)
            if start < 0 and len(block) <= _PROLOG:
                self._rest = block
                return
            if start < 0 or not block.endswith(_DATA, 0, start) or _UNUSUAL.search(block, 2, start):
                self._odd = True
                return
            self._begun = True
            block = block[start:]
        cut = max(block.rfind(_ROW), 0)
        self._read(block, cut)
        self._rest = block[cut:]
        self._odd = self._odd or len(self._rest) > self._longest

    def columns(self) -> SwiftColumns | None:
        """Return what was read when the whole sheet was given; None when it is not as Excel writes it, or is empty."""
        end = self._rest.find(_DATA_END)
        if self._odd or not self._begun or end < 0 or _UNUSUAL.search(self._rest, end):
            return None
        self._read(self._rest, end)
        ticks, _, last = self._memory.tolist()
        if self._odd or ticks == 0:
            return None
        moments, kinds, mantissas, places, volumes = (column[:ticks] for column in self._columns)
        used = frozenset(self._texts[number] for number in np.flatnonzero(self._is_used).tolist())
        named = np.flatnonzero(self._is_used & compiled_loop.SECURITY).tolist()
        names = tuple(text for number in named if (text := self._texts[number]).strip())
        return SwiftColumns(moments, kinds, _decimals(mantissas, places), volumes, used, names, last)

    def _read(self, block: bytes, size: int) -> None:
        self._odd = self._odd or self._loop((size, *self._counts), block, self._arrays) != size


def _decimals(mantissas: NDArray[np.int64], places: NDArray[np.int8]) -> NDArray[np.float64]:
    """Return whole numbers of so many decimal places as the doubles nearest to them."""
    values: NDArray[np.float64] = mantissas / _POWERS[places]
    long = np.flatnonzero(mantissas > _EXACT)
    if len(long):
        told, where = np.unique(mantissas[long] * len(_POWERS) + places[long], return_inverse=True)
        nearest = [float(f"{each // len(_POWERS)}E-{each % len(_POWERS)}") for each in told.tolist()]
        values[long] = np.array(nearest)[where]
    return values
