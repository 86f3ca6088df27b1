"""Number formats for people: one format per kind of figure, used alike by the terminal, the pages and every message.

Files and `--json` hold unrounded numbers instead. Signs are ASCII, so that every terminal can show them and a cell
copied from a page is a number in Excel.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

NONE: Final = "-"
"""What stands for a figure that cannot be computed."""

MONEY: Final = "currency"
"""The unit of an amount where no run says in which currency it is; labels say the one of `amounts_in`."""

BEFORE_CURRENCIES: Final = "AED"
"""What amounts of runs are in that do not say it: their versions knew ADX and DFM only."""

OWN_CURRENCY: Final = "own currency"
"""What amounts are in where each security has another unit, so that they have no sum."""


def exact(value: float | None) -> str:
    """Return a number unrounded, as sorting and tests read it; nothing for one that is missing."""
    return "" if value is None else repr(value)


def counted(number: int, word: str) -> str:
    """Return a number with its word, in the plural unless it is one: 1 security, 2 securities."""
    plural = f"{word[:-1]}ies" if word.endswith("y") and word[-2] not in "aeiou" else f"{word}s"
    return f"{number:,} {word if number == 1 else plural}"


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """How one kind of number is shown: times a factor, with so many digits behind the point."""

    digits: int
    factor: float = 1.0

    def __call__(self, value: float | None) -> str:
        """Return a number as people read it."""
        if value is None:
            return NONE
        text = f"{abs(value * self.factor):,.{self.digits}f}"
        return f"-{text}" if value < 0 and text.strip("0.,") else text


FORMS: Final = {
    "count": Form(0),
    "money": Form(2),
    "whole_money": Form(0),
    "ratio": Form(2),
    "share": Form(1, 100.0),
    "percentage": Form(1),
    "bps": Form(2),
    "seconds": Form(1),
    "days": Form(0),
    "shares": Form(0),
    "own": Form(4),
}
"""How a number is shown, by kind; nought has no sign, shares of one are shown in per cent. P&L, fees and drawdown are
`money`; only values that are no result, as turnover and capital, are `whole_money`."""

money: Final = FORMS["money"]
ratio: Final = FORMS["ratio"]
share: Final = FORMS["share"]


_AMOUNTS_IN: Final = ContextVar("_AMOUNTS_IN", default=MONEY)


@contextmanager
def amounts_in(unit: str) -> Iterator[None]:
    """Let labels that are made meanwhile say that amounts are in this currency."""
    before = _AMOUNTS_IN.set(unit)
    try:
        yield
    finally:
        _AMOUNTS_IN.reset(before)


def currency() -> str:
    """Return what a label that is made now has to say that amounts are in."""
    return _AMOUNTS_IN.get()


def unit_of(units: Iterable[str]) -> str:
    """Return what amounts are in, given the currency of each security: OWN_CURRENCY of several."""
    several = sorted(set(units))
    return OWN_CURRENCY if len(several) > 1 else several[0] if several else BEFORE_CURRENCIES
