"""Machine code and Python's `math` ask the same C library: equal to the bit, at the ends of the floats too."""

from __future__ import annotations

import ctypes
import hashlib
import math
import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.native.clibrary import FUNCTIONS, TWO_OPERANDS, as_python
from pipeline.native.machine import Machine, Text, machine_code, toolchain

if TYPE_CHECKING:
    from collections.abc import Callable

ENDS = (0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 5e-324, 2.2250738585072014e-308, 709.78, -745.2, 1e16, 1.7976931348623157e308)
FLOATS = st.one_of(
    st.sampled_from([*ENDS, *(-end for end in ENDS), math.inf, -math.inf, math.nan]),
    st.floats(allow_subnormal=True),
    st.floats(-800.0, 800.0),
    st.integers(-1_100, 1_100).map(float),
)


def machine(name: str) -> tuple[Machine, Callable[..., int]]:
    """Return a function of the library as called by machine code over two arrays into a third."""
    call = f"math.{name}(left[at], right[at])" if name in TWO_OPERANDS else f"math.{name}(left[at])"
    lines = ["def each(count, left, right, result):", "    for at in range(count):", f"        result[at] = {call}"]
    source = "\n".join([*lines, "    return 0"])
    text = Text(source, "each", 1, ["float64"] * 3)
    key = hashlib.sha256("\0".join([source, *toolchain()]).encode()).hexdigest()
    code = machine_code(key, lambda: text, None)
    return code, ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64, *[ctypes.c_void_p] * 3)(code.address)


def of_python(name: str, operands: tuple[float, ...]) -> float | None:
    try:
        return float(getattr(math, name)(*operands))
    except (ValueError, OverflowError):
        return None


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_machine_returns_what_python_returns(name: str) -> None:
    assert as_python(name)
    code, function = machine(name)

    @given(st.lists(st.tuples(FLOATS, FLOATS), min_size=1, max_size=40))
    def check(pairs: list[tuple[float, float]]) -> None:
        left, right = (np.array(column, np.float64) for column in zip(*pairs, strict=True))
        result = np.zeros(len(pairs))
        function(len(pairs), *(array.ctypes.data for array in (left, right, result)))
        for operands, value in zip(pairs, result.tolist(), strict=True):
            expected = of_python(name, operands if name in TWO_OPERANDS else operands[:1])
            if expected is None:
                assert not math.isfinite(value)
            else:
                assert math.isnan(value) if math.isnan(expected) else bits(value) == bits(expected)

    check()
    assert code is not None


def bits(value: float) -> bytes:
    return struct.pack("<d", value)
