"""Runs the compiled loop over a sheet's rows: machine code that each machine compiles once, for large workbooks."""

from __future__ import annotations

import ctypes
import hashlib
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.conversion import timestamps
from pipeline.conversion.excel import compiled_loop
from pipeline.conversion.excel.cells import LAST_COLUMN, LAST_ROW
from pipeline.conversion.excel.fast_reader import FastColumns, FastReader
from pipeline.conversion.rules import type_code
from pipeline.native import codecache
from pipeline.native.kinds import Signature
from pipeline.native.machine import Machine, Text, machine_code, toolchain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from pipeline.conversion.excel.archive import Workbook
    from pipeline.conversion.headers import Columns

_COUNTS: Final = 5
_POINTERS: Final = ("uint8", "int8", "int8", "int8", "int8", "int64", "int8", "int64", "int8", "int64", "int64")
_TAKES: Final = {"int": "int", "Letters": "uint8", "Bytes": "int8", "Words": "int64"}
"""The annotations of the loop's functions as `Signature` has them."""

_SHORTEST_ROW: Final = 100
# Where a whole number and a power of ten are doubles, their quotient is the double nearest to the decimal number.
_EXACT: Final = 2**53
_POWERS: Final = np.array([float(10**decimals) for decimals in range(23)])

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


def rows_loop(on_compile: Callable[[], None] | None = None, *, may_compile: bool = True) -> RowsLoop | None:
    """Return the loop, from this process, from disk, or compiled now, after a call of `on_compile`.

    None where it would have to be compiled and may not.
    """
    source = Path(compiled_loop.__file__).read_text(encoding="utf-8")
    text = Text(
        source, compiled_loop.read_rows.__name__, _COUNTS, _POINTERS, helpers=_helpers(), constants=_constants()
    )
    key = hashlib.sha256("\0".join((*toolchain(), repr(text))).encode()).hexdigest()
    if key not in _loaded:
        if not may_compile and codecache.read(key) is None:
            return None
        _loaded[key] = RowsLoop(machine_code(key, lambda: text, on_compile))
    return _loaded[key]


def _helpers() -> dict[str, Signature]:
    """Return the functions that the loop calls, each with what it takes and returns."""
    helpers = {}
    for name, function in vars(compiled_loop).items():
        if isinstance(function, FunctionType) and function is not compiled_loop.read_rows:
            *takes, returns = map(str, function.__annotations__.values())
            helpers[name] = Signature(("int",) * returns.count("int"), tuple(_TAKES[kind] for kind in takes))
    return helpers


def _constants() -> dict[str, int]:
    return {name: value for name, value in vars(compiled_loop).items() if isinstance(value, int)}


class CompiledReader(FastReader):
    """Keeps the ticks of rows that the compiled loop takes. size: of the whole sheet in bytes."""

    def __init__(self, loop: RowsLoop, workbook: Workbook, size: int, columns: Columns, header_row: int) -> None:
        super().__init__(workbook)
        self._loop = loop
        capacity = min(LAST_ROW, size // _SHORTEST_ROW)
        self._counts = (capacity, header_row, len(workbook.styles), len(workbook.texts))
        kinds = [np.int64, np.int8, np.int64, np.int8, np.int64]
        self._columns: list[NDArray[Any]] = [np.empty(capacity, dtype=kind) for kind in kinds]
        self._is_used = np.zeros(len(workbook.texts) + 1, dtype=np.int8)
        self._memory = np.zeros(3, dtype=np.int64)
        role_of = np.zeros(LAST_COLUMN + 1, dtype=np.int8)
        role_of[list(columns.used)] = (compiled_loop.TIME, compiled_loop.KIND, compiled_loop.PRICE, compiled_loop.SIZE)
        if columns.security is not None:
            role_of[columns.security] = compiled_loop.SECURITY
        is_date = np.array(
            [number in workbook.date_styles for number in range(len(workbook.styles) + 1)], dtype=np.int8
        )
        codes = np.array([*map(type_code, workbook.texts), -1], dtype=np.int8)
        self._arrays = (role_of, is_date, codes, self._is_used, *self._columns, self._memory)

    def read(self, block: bytes, size: int) -> bool:
        """Read the whole rows in the first `size` bytes; return False when one is not as Excel writes a tick."""
        return self._loop((size, *self._counts), block, self._arrays) == size

    def columns(self) -> FastColumns | None:
        """Return the ticks of all rows read; None when there is none."""
        ticks, _, last = self._memory.tolist()
        if ticks == 0:
            return None
        moments, kinds, mantissas, decimals, volumes = (column[:ticks] for column in self._columns)
        texts = self._workbook.texts
        used = frozenset(texts[number] for number in np.flatnonzero(self._is_used).tolist())
        named = np.flatnonzero(self._is_used & compiled_loop.SECURITY).tolist()
        names = tuple(text for number in named if (text := texts[number]).strip())
        moments = moments + timestamps.day_zero_ms(date1904=self._workbook.date1904)
        price = nearest_doubles(mantissas, decimals)
        return FastColumns(moments, kinds, price, volumes, used, names, last)


def nearest_doubles(mantissas: NDArray[np.int64], decimals: NDArray[np.int8]) -> NDArray[np.float64]:
    """Return whole numbers of so many decimals as the doubles nearest to them."""
    values: NDArray[np.float64] = mantissas / _POWERS[decimals]
    long = np.flatnonzero(mantissas > _EXACT)
    if len(long):
        numbers, where = np.unique(mantissas[long] * len(_POWERS) + decimals[long], return_inverse=True)
        nearest = [float(f"{number // len(_POWERS)}E-{number % len(_POWERS)}") for number in numbers.tolist()]
        values[long] = np.array(nearest)[where]
    return values
