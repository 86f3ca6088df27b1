"""The loop over rows as machine code, which each machine compiles once."""

from __future__ import annotations

import ctypes
import hashlib
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final

from pipeline.conversion.excel import loop_cells, loop_rows, loop_tags, loop_values
from pipeline.native import codecache
from pipeline.native.kinds import Signature
from pipeline.native.machine import Machine, Text, machine_code, toolchain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

_MODULES: Final = (loop_values, loop_tags, loop_cells, loop_rows)
_COUNTS: Final = 2
_TAKES: Final = {"int": "int", "bool": "bool", "Letters": "uint8", "Words": "int64"}
"""The annotations of the loop's functions as `Signature` has them."""

_loaded: dict[str, RowsLoop] = {}


class RowsLoop:
    """The loop over rows as machine code; several threads may run it at once, the GIL is not held."""

    def __init__(self, machine: Machine, pointers: int) -> None:
        self._machine = machine
        takes = [*[ctypes.c_int64] * _COUNTS, ctypes.c_char_p, *[ctypes.c_void_p] * (pointers - 1)]
        self._loop = ctypes.CFUNCTYPE(ctypes.c_int64, *takes)(machine.address)

    def __call__(self, at: int, size: int, xml: bytes, arrays: Sequence[NDArray[Any]]) -> int:
        """Read rows of one block, as `read_rows` does."""
        return int(self._loop(at, size, xml, *(array.ctypes.data for array in arrays)))


def rows_loop(on_compile: Callable[[], None] | None = None, *, may_compile: bool = True) -> RowsLoop | None:
    """Return the loop, from this process, from disk, or compiled now, after a call of `on_compile`.

    None where it would have to be compiled and may not.
    """
    source = "\n".join(Path(module.__file__ or "").read_text(encoding="utf-8") for module in _MODULES)
    helpers = _signatures()
    pointers = helpers.pop(loop_rows.read_rows.__name__).takes[_COUNTS:]
    text = Text(source, loop_rows.read_rows.__name__, _COUNTS, pointers, helpers=helpers, constants=_constants())
    key = hashlib.sha256("\0".join((*toolchain(), repr(text))).encode()).hexdigest()
    if key not in _loaded:
        if not may_compile and codecache.read(key) is None:
            return None
        _loaded[key] = RowsLoop(machine_code(key, lambda: text, on_compile), len(pointers))
    return _loaded[key]


def _signatures() -> dict[str, Signature]:
    """Return what each function of the loop takes and returns."""
    signatures = {}
    for module in _MODULES:
        for name, function in vars(module).items():
            if isinstance(function, FunctionType) and function.__module__ == module.__name__:
                *takes, returns = map(str, function.__annotations__.values())
                returned = ("int",) * returns.count("int") or ("void",)
                signatures[name] = Signature(returned, tuple(_TAKES[kind] for kind in takes))
    return signatures


def _constants() -> dict[str, int]:
    return {name: value for module in _MODULES for name, value in vars(module).items() if isinstance(value, int)}
