"""The traits of fills: what a print was beside the touch, and what no exchange would let stand."""

from __future__ import annotations

from typing import Final

THROUGH: Final = 1
OUTSIDE: Final = 2
OVERSIZED: Final = 4
ONE_SIDED: Final = 8
OFF_GRID: Final = 16
MARKETABLE: Final = 32
"""The traits of a fill, bits of one number. Of the print that filled it: through our price; more than one tick outside
the touch; larger than TIMES_SHOWN times what the touch of our side showed; while a side of the book was empty. Of its
order: priced off the market's grid; placed at or through the opposite touch."""

TIMES_SHOWN: Final = 10
