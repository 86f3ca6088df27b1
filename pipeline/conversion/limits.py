"""Limits on the size of a workbook, given as `KEY=VALUE` texts or as numbers by key; a larger one is refused."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final

from pipeline.errors import BadRequest, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

_BYTES: Final = {"mb": 1 << 20, "gb": 1 << 30}


@dataclass(frozen=True, slots=True)
class Limits:
    """How far a workbook may unpack; a full Excel sheet of ticks (1,048,576 rows) is about 220 MB, packed ten to one.

    unpacked_gb: the whole workbook. sheet_gb: one sheet. text_mb: the texts that the sheets share; the styles and the
    list of sheets, too. row_mb: one row of a sheet, or one text. ratio: unpacked to packed bytes of a part above 16 MB.
    """

    unpacked_gb: float = 16
    sheet_gb: float = 1
    text_mb: float = 64
    row_mb: float = 4
    ratio: float = 200

    def bytes_of(self, key: str) -> int:
        """Return the limit of a key that ends in _gb or _mb, in bytes."""
        return int(getattr(self, key) * _BYTES[key[-2:]])


UNLIMITED: Final = Limits(1e6, 1e6, 1e6, 1e6, 1e6)
KEYS: Final = tuple(field.name for field in fields(Limits))
_LISTED: Final = f" The keys are {', '.join(KEYS)}."


def limits_of(limits: Mapping[str, float] | Sequence[str] | None) -> Limits:
    """Return the limits with these in place of the usual ones; raise BadRequest for one that there is not."""
    named = limits if isinstance(limits, Mapping) else _parsed(limits or ())
    for key, value in named.items():
        if key not in KEYS:
            raise BadRequest(f"--limit {key}: there is no such limit.{nearest(key, KEYS) or _LISTED}")
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < math.inf:
            raise BadRequest(f"--limit {key} is {value}; it takes a number above 0.")
    return Limits(**named)


def _parsed(texts: Sequence[str]) -> dict[str, float]:
    named: dict[str, float] = {}
    for text in texts:
        key, equals, value = map(str.strip, text.partition("="))
        if not equals or key in named:
            raise BadRequest(f"--limit {text}: write KEY=NUMBER, each key once.{_LISTED}")
        try:
            named[key] = float(value)
        except ValueError:
            raise BadRequest(f"--limit {text}: {value or 'nothing'} is not a number.") from None
    return named
