"""Cells and lists of a page's tables: a value with its format, and a list cut to what a page can hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MOST_LINES: Final = 60
MOST_CHARACTERS: Final = 400


@dataclass(frozen=True, slots=True)
class Cell:
    """A value to show, its format (one of numbers.FORMS), and why it is missing.

    is_red: whether it is shown as bad; None for a value that is bad below 0.
    """

    value: float | None
    form: str
    reason: str = ""
    is_red: bool | None = None


@dataclass(frozen=True, slots=True)
class Lines:
    """A list cut to what a page can hold, and how many lines it leaves out."""

    shown: Sequence[Any]
    left_out: int


def lines(every: Iterable[Any], most: int = MOST_LINES) -> Lines:
    """Return the first lines of a list."""
    listed = list(every)
    return Lines(listed[:most], max(len(listed) - most, 0))


def clipped(text: object, most: int = MOST_CHARACTERS) -> str:
    """Return text, a long one cut."""
    whole = str(text)
    return whole if len(whole) <= most else f"{whole[:most]} …"
