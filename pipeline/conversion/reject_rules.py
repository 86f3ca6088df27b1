"""The rules that a row breaks which is no tick."""

from __future__ import annotations

from typing import Final

MORE_CELLS: Final = "more cells than headers"
NO_TIME: Final = "no time"
UNREADABLE_TIME: Final = "unreadable time"
UNKNOWN_TYPE: Final = "unknown type"
PRICE_MISSING: Final = "price missing"
PRICE_NOT_A_NUMBER: Final = "price not a number"
PRICE_NEGATIVE: Final = "price negative"
PRICE_UNCLEAR: Final = "price unclear"
SIZE_MISSING: Final = "size missing"
SIZE_NOT_A_NUMBER: Final = "size not a number"
SIZE_NEGATIVE: Final = "size negative"
SIZE_UNCLEAR: Final = "size unclear"
SIZE_NOT_WHOLE: Final = "size not whole"
SIZE_TOO_LARGE: Final = "size too large"
TRADE_TOLD_TWICE: Final = "trade told twice"
"""AT_TRADE where TRADE tells the same trades: no fault of the row."""


class Broken(Exception):
    """A row broke the rule that is the only argument."""
