"""Compresses long series for a page, every value of them as steps."""

from __future__ import annotations

import base64
import zlib
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from pipeline.ticks import Float64s, Int64s

GZIP: Final = 31
"""zlib's window bits for the gzip format; it writes no time into the header."""

SIGNIFICANT: Final = 7
"""Digits that a page holds of the largest number of a strategy's own series or figure."""


def packed_columns(columns: dict[str, tuple[Any, int]]) -> dict[str, Any]:
    """Return columns of numbers as timeline.js reads them; each is named, with the digits behind the point it keeps.

    A column is whole numbers of its last digit: a start, and the steps from one to the next in their greatest common
    unit, where a missing value (NaN) has none. A step is written in base 128, least digit first, the high bit saying
    that another follows: 0 for missing, else 1 + 2n for n from 0 on and -2n below. All columns follow one another in
    one gzip stream, in base64. `columns` has of each its name, count, start, unit and digits.
    """
    heads, parts = [], []
    for name, (values, digits) in columns.items():
        numbers = np.asarray(values)
        known = ~np.isnan(numbers)
        whole = np.round(numbers[known] * 10.0**digits if digits else numbers[known]).astype(np.int64)
        start = int(whole[0]) if len(whole) else 0
        steps = np.diff(whole, prepend=start)
        unit = int(np.gcd.reduce(steps)) or 1
        steps //= unit
        written = np.zeros(len(numbers), np.int64)
        written[known] = np.where(steps < 0, -2 * steps, 2 * steps + 1)
        heads.append([name, len(numbers), start, unit, digits])
        parts.append(_in_base_128(written))
    return {"columns": heads, "base64": packed(b"".join(parts))}


def digits_of(values: Float64s) -> int:
    """Return behind the point how many digits leave the largest of finite values SIGNIFICANT; below 0 before it."""
    largest = float(np.abs(values).max(initial=0.0))
    return SIGNIFICANT - 1 - int(np.floor(np.log10(largest))) if largest else 0


def packed(content: bytes, level: int = 4) -> str:
    """Return content as gzip in base64, the same on every run with one zlib."""
    return base64.b64encode(zlib.compress(content, level, GZIP)).decode()


def _in_base_128(numbers: Int64s) -> bytes:
    digits, more = [], [np.ones(len(numbers), bool)]
    while (rest := numbers >> 7).any():
        digits.append((numbers & 127) | (128 * (rest > 0)))
        more.append(rest > 0)
        numbers = rest
    digits.append(numbers)
    return bytes(np.stack(digits, axis=1).astype(np.uint8)[np.stack(more, axis=1)])
