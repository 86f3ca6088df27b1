"""A number in, the text that people read out: one function a kind of figure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

NONE: Final = "\N{EN DASH}"
_MINUS: Final = "\N{MINUS SIGN}"


def exact(value: float | None) -> str:
    """Return a number unrounded, as sorting and tests read it; nothing for one that is missing."""
    return "" if value is None else repr(value)


def _with(digits: int, factor: float = 1.0) -> Callable[[float | None], str]:
    def form(value: float | None) -> str:
        if value is None:
            return NONE
        text = f"{abs(value * factor):,.{digits}f}"
        return f"{_MINUS}{text}" if value < 0 and text.strip("0.,") else text

    return form


FORMS: Final[dict[str, Callable[[float | None], str]]] = {
    "count": _with(0),
    "money": _with(2),
    "whole_money": _with(0),
    "ratio": _with(2),
    "share": _with(1, 100.0),
    "percentage": _with(1),
    "bps": _with(2),
    "seconds": _with(1),
    "days": _with(0),
    "shares": _with(0),
}
"""How a number is shown, by kind; shares of one are shown in per cent."""
