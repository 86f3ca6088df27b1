"""Functions over arrays as machine code: written out in modules of ours, compiled as they stand, plain Python in tests.

Such a function takes whole numbers, then columns by the annotations below, and returns a whole number. What it calls
stands in its module, or is imported there from another one that holds nothing but such functions and whole numbers.
"""

from __future__ import annotations

import functools
import hashlib
import sys
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final

from pipeline.native import codecache
from pipeline.native.kinds import TYPES, Signature
from pipeline.native.machine import LOADING, Machine, Text, machine_code, toolchain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType

    from numpy.typing import NDArray

_COLUMNS: Final[Mapping[str, str]] = {
    "Letters": "uint8",
    "Words": "int64",
    "Int8s": "int8",
    "Int64s": "int64",
    "Float64s": "float64",
}
"""What the annotations of columns mean: the type of their elements."""

_loaded: dict[str, CompiledFunction] = {}


class CompiledFunction:
    """A function as machine code; several threads may run it at once, the GIL is not held."""

    def __init__(self, machine: Machine, text: Text) -> None:
        self._function = machine.function(text.counts, len(text.pointers))

    def __call__(self, *arguments: int | bytes | NDArray[Any]) -> int:
        """Call it with whole numbers, then contiguous arrays, or bytes for a column of letters."""
        return int(
            self._function(*(each if isinstance(each, (int, bytes)) else each.ctypes.data for each in arguments))
        )


def compiled(function: Callable[..., int], on_compile: Callable[[], None] | None = None) -> CompiledFunction:
    """Return a function as machine code: from this process, from disk, or compiled now, after `on_compile`."""
    text, key = _text_of(function)
    with LOADING:
        if key not in _loaded:
            _loaded[key] = CompiledFunction(machine_code(key, lambda: text, on_compile), text)
        return _loaded[key]


def is_compiled(function: Callable[..., int]) -> bool:
    """Return whether a function's machine code is in this process or on disk."""
    _, key = _text_of(function)
    return key in _loaded or codecache.read(key) is not None


@functools.cache
def _text_of(function: Callable[..., int]) -> tuple[Text, str]:
    """Return a function's text with all that it calls, and what names its machine code."""
    modules = _modules(sys.modules[function.__module__])
    signatures = {name: signature for module in modules for name, signature in _signatures(module).items()}
    takes = signatures.pop(function.__name__).takes
    counts = sum(kind in TYPES for kind in takes)
    source = "\n".join(Path(module.__file__ or "").read_text(encoding="utf-8") for module in modules)
    constants = {name: value for module in modules for name, value in vars(module).items() if type(value) is int}
    text = Text(source, function.__name__, counts, takes[counts:], helpers=signatures, constants=constants)
    return text, hashlib.sha256("\0".join((*toolchain(), repr(text))).encode()).hexdigest()


def _modules(module: ModuleType) -> list[ModuleType]:
    """Return a module and those that its functions, and theirs, are imported from; by name."""
    modules = {module.__name__: module}
    wanted = [module]
    while wanted:
        for value in vars(wanted.pop()).values():
            if isinstance(value, FunctionType) and value.__module__ not in modules:
                modules[value.__module__] = sys.modules[value.__module__]
                wanted.append(modules[value.__module__])
    return [modules[name] for name in sorted(modules)]


def _signatures(module: ModuleType) -> dict[str, Signature]:
    """Return what each function of a module takes and returns."""
    signatures = {}
    for name, function in vars(module).items():
        if isinstance(function, FunctionType) and function.__module__ == module.__name__:
            *takes, returns = map(str, function.__annotations__.values())
            kinds = tuple(kind for kind in ("bool", "float") if kind == returns) or ("int",) * returns.count("int")
            signatures[name] = Signature(kinds or ("void",), tuple(_COLUMNS.get(kind, kind) for kind in takes))
    return signatures
