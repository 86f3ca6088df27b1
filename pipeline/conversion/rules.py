"""By what a sheet's cells are read: the epoch of its dates, type words, the order of day and month, time zone."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from pipeline.ticks import ASK, BID, TRADE

if TYPE_CHECKING:
    from collections.abc import Mapping

DateOrder: TypeAlias = 'Literal["dmy", "mdy"]'

LIKELY_ZONE: Final = "Asia/Dubai"
"""The clock that texts with an offset are put on before it is known of which exchange their rows are."""

LONGEST_TEXT: Final = 255
"""A longer text is neither a type nor a time."""

AT_TRADE: Final = 3
"""The code, beside those of `TICK_TYPES`, of a trade that stands a second time in a sheet that has TRADE as well."""

WORDS: Final[Mapping[str, int]] = MappingProxyType(
    {
        **dict.fromkeys(("bid", "best_bid", "bid_best", "best bid", "b"), BID),
        **dict.fromkeys(("ask", "best_ask", "ask_best", "best ask", "a"), ASK),
        **dict.fromkeys(("trade", "t"), TRADE),
        **dict.fromkeys(("at_trade", "at trade"), AT_TRADE),
    }
)
"""Casefolded type words, with their codes."""


@dataclass(frozen=True, slots=True)
class Rules:
    """By what a sheet's cells are read.

    date1904: its dates count from 1904. words: casefolded type words with their codes. date_order: of times such as
    05/06/2025; None where the sheet itself is to decide. time_zone: the exchange's, for texts with an offset.
    has_trades: whether the sheet has TRADE, so that AT_TRADE is told twice; None where the rows judged show it.
    """

    date1904: bool = False
    words: Mapping[str, int] = field(default_factory=lambda: WORDS)
    date_order: DateOrder | None = None
    time_zone: str = LIKELY_ZONE
    has_trades: bool | None = None


def type_code(text: str, words: Mapping[str, int] = WORDS) -> int:
    """Return the code of a type word, case and blanks around it ignored; -1 for anything else."""
    return words.get(text.strip().casefold(), -1) if len(text) <= LONGEST_TEXT else -1
