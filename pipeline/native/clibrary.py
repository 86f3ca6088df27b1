"""The functions of the C library that Python's `math` calls: machine code calls the same, so that results are equal."""

from __future__ import annotations

import ctypes
import functools
import math
import sys
from typing import Any, Final

ONE_OPERAND: Final = (
    *("exp", "expm1", "log", "log1p", "log2", "log10"),
    *("tanh", "sin", "cos", "erf", "erfc"),
)
TWO_OPERANDS: Final = ("pow",)
FUNCTIONS: Final = (*ONE_OPERAND, *TWO_OPERANDS)
SAMPLES: Final = tuple(math.ldexp(1.0 + step / 7.0, exponent) for exponent in range(-30, 7, 2) for step in range(7))


def symbol(name: str) -> str:
    """Return the name of a function in LLVM's text, which LLVM takes for no function that it knows and might fold."""
    return f"c_{name}"


@functools.cache
def addresses() -> dict[str, int]:
    """Return where each function stands in this process, by its symbol."""
    return {symbol(name): ctypes.cast(function(name), ctypes.c_void_p).value or 0 for name in FUNCTIONS}


@functools.cache
def as_python(name: str) -> bool:
    """Tell whether Python's function of a name returns what the C library's does, to the bit, on a sample.

    A Python that was linked with a mathematical library of its own would differ somewhere.
    """
    of_library, of_python = function(name), getattr(math, name)
    operands = [(x, 1.7) if name in TWO_OPERANDS else (x,) for x in SAMPLES]
    return all(of_library(*values) == of_python(*values) for values in operands)


@functools.cache
def _library() -> ctypes.CDLL:
    return ctypes.CDLL("ucrtbase" if sys.platform == "win32" else None)


def function(name: str) -> Any:
    """Return a function of the library as Python calls it: floats in, a float out, nothing raised."""
    of_library = _library()[name]
    of_library.restype = ctypes.c_double
    of_library.argtypes = [ctypes.c_double] * (1 + (name in TWO_OPERANDS))
    return of_library
