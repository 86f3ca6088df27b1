"""A loop that gathers answers as bits gives what Python gives, whether eight rows are taken at once or not."""

from __future__ import annotations

import ctypes
import hashlib
import math
import textwrap
from typing import Any, Final

import numpy as np
import pytest

from pipeline.native.emit import module_text
from pipeline.native.kinds import Signature
from pipeline.native.machine import Text, machine_code, toolchain

ROWS: Final = 64
FLOATS: Final = (0.0, -0.0, 1.0, 1.5, -2.5, math.inf, -math.inf, math.nan)
WHOLES: Final = (0, 1, -1, 2, 7, 2**53, -(2**62), 2**62)
TAKES: Final = ("int", "int", "int", "int64", "int64", "int64", "float64", "float64")
LOOP: Final = """
def gather(first, end, event, result, n, k, x, y):
    bits = 0
    for row in range(first << 3, end << 3):
{body}
        bits = bits | answer << row
    result[0] = bits
    return 0
"""
TOGETHER: Final = {
    "a number against a shared one": "answer = event >= n[0 + row]",
    "a number of another part of the rows": "answer = n[64 + row] < k[0 + row]",
    "floats, signed zeros, no numbers": "answer = (x[0 + row] == y[0 + row]) | (x[0 + row] != x[0 + row])",
    "a truth kept as a number": "kept = n[0 + row] != 0\nanswer = (not kept) & (k[0 + row] > 0)",
    "numbers as truths": "answer = (n[0 + row] != 0) & (not k[0 + row]) | (x[0 + row] > 0.0) & (not y[0 + row])",
    "a choice": "less = n[0 + row] if n[0 + row] < k[0 + row] else k[0 + row]\nanswer = less > 0",
    "a choice of a float and a whole number": "one = x[0 + row] if n[0 + row] > 0 else k[0 + row]\nanswer = one > 0.5",
    "sums and products": "answer = (n[0 + row] - 3) * 2 + event > k[0 + row]",
    "a quotient": "answer = x[0 + row] / y[0 + row] > 1.0",
    "a whole number beside a float": "answer = x[0 + row] < n[0 + row]",
    "bits of whole numbers": "answer = (n[0 + row] & 3 | k[0 + row] >> 1) != 0",
    "what all share, worked out in between": "most = event if event > 2 else 2\nanswer = n[0 + row] > most",
    "the same for all": "answer = event > 1",
}
ONE_BY_ONE: Final = {
    "a function": "answer = abs(n[0 + row]) > 1",
    "a test of two": "answer = n[0 + row] > 0 and k[0 + row] > 0",
    "a statement": "answer = n[0 + row] > 1\nif event > 1:\n    answer = k[0 + row] > 1",
    "an element at no place": "answer = n[(event & 1) + (row & 7)] > 0",
}


def rows_of(values: tuple[Any, ...], seed: int) -> Any:
    return np.random.default_rng(seed).choice(np.array(values), 2 * ROWS)


def source_of(body: str) -> str:
    return LOOP.format(body=textwrap.indent(body, " " * 8))


def results(source: str, first: int, end: int, event: int) -> tuple[int, int]:
    """Return the bits that machine code gathers and those that Python does."""
    columns = rows_of(WHOLES, 1), rows_of(WHOLES, 2), rows_of(FLOATS, 3), rows_of(FLOATS, 4)
    text = Text(source, "gather", 3, TAKES[3:], distinct=True)
    code = machine_code(hashlib.sha256("\0".join([source, *toolchain()]).encode()).hexdigest(), lambda: text, None)
    loop = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_int64] * 3, *[ctypes.c_void_p] * 5)(code.address)
    of_machine = np.zeros(1, np.int64)
    loop(first, end, event, of_machine.ctypes.data, *(column.ctypes.data for column in columns))
    namespace: dict[str, Any] = {}
    exec(source, namespace)  # noqa: S102 - the text of this file
    of_python = [0]
    with np.errstate(all="ignore"):
        namespace["gather"](first, end, event, of_python, *columns)
    return int(of_machine[0]) % 2**64, int(of_python[0]) % 2**64


@pytest.mark.parametrize("name", [*TOGETHER, *ONE_BY_ONE])
def test_the_bits_are_those_that_python_gathers(name: str) -> None:
    source = source_of({**TOGETHER, **ONE_BY_ONE}[name])
    seen = set()
    for first, end in ((0, 8), (3, 4), (2, 7), (5, 5)):
        for event in (-1, 0, 1, 3):
            of_machine, of_python = results(source, first, end, event)
            assert of_machine == of_python
            seen.add(of_machine)
    assert len(seen) > 1


@pytest.mark.parametrize("name", [*TOGETHER, *ONE_BY_ONE])
def test_eight_rows_are_taken_at_once_where_they_can_be(name: str) -> None:
    text = module_text(
        source_of({**TOGETHER, **ONE_BY_ONE}[name]), {"gather": Signature(("int",), TAKES)}, "gather", {}
    )
    assert ("bitcast <8 x i1>" in text) == (name in TOGETHER)
