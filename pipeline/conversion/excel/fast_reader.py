"""Takes the XML of a sheet piece by piece and hands its rows, cut between two of them, to one of the two fast loops.

A sheet that is not written as Excel writes one is declined, and left to the row reader.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pipeline.conversion.excel.archive import Workbook
    from pipeline.ticks import Float64s, Int8s, Int32s, Int64s

_ROW: Final = b"<row "
_DATA: Final = b"<sheetData>"
_DATA_END: Final = b"</sheetData>"
_PROLOG: Final = 1 << 20
_UNUSUAL: Final = re.compile(rb"<[!?]|<(?:[^\s<>/:]+:)?(?:row|c)[\s/>]")


@dataclass(frozen=True, slots=True)
class FastColumns:
    """The ticks below the header: moments in ms since 1970 (of any year), kinds, prices, volumes; the texts read.

    securities: those that name a row's security. last: the row of the last tick. condition, conditions: as of `Ticks`,
    in any order.
    """

    moments: Int64s
    kinds: Int8s
    price: Float64s
    volume: Int64s
    texts: frozenset[str]
    securities: tuple[str, ...]
    last: int
    condition: Int32s | None = None
    conditions: tuple[str, ...] = ()


class FastReader(ABC):
    """Cuts the XML of a sheet into whole rows, whose ticks a subclass keeps."""

    def __init__(self, workbook: Workbook) -> None:
        self._workbook = workbook
        self._longest_row = workbook.limits.bytes_of("row_mb")
        self._begun = False
        self._rest = b""

    @abstractmethod
    def read(self, block: bytes, size: int) -> bool:
        """Read the whole rows in the first `size` bytes; return False when one is not as Excel writes a tick."""

    @abstractmethod
    def columns(self) -> FastColumns | None:
        """Return the ticks of all rows read; None when there is none."""

    def feed(self, piece: bytes) -> bool:
        """Read the rows that end in this piece; return False when something is met that Excel does not write."""
        block = self._rest + piece
        if not self._begun:
            start = block.find(_ROW)
            if start < 0 and len(block) <= _PROLOG:
                self._rest = block
                return True
            if start < 0 or not block.endswith(_DATA, 0, start) or _UNUSUAL.search(block, 2, start):
                return False
            self._begun = True
            block = block[start:]
        cut = max(block.rfind(_ROW), 0)
        self._rest = block[cut:]
        return self.read(block, cut) and len(self._rest) <= self._longest_row

    def close(self) -> FastColumns | None:
        """Return what was read when the whole sheet was fed; None when it is not as Excel writes it, or is empty."""
        end = self._rest.find(_DATA_END)
        if not self._begun or end < 0 or _UNUSUAL.search(self._rest, end) or not self.read(self._rest, end):
            return None
        return self.columns()
