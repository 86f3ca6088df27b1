"""Takes a market's file apart: each value by its key and kind, every mistake named by the place where it stands."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import TYPE_CHECKING, Final, TypeAlias

from pipeline.errors import MarketFactsError, nearest

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

COMMENTS: Final = ("_comment", "$schema")
"""Keys that every block may have and nothing reads."""

CLOCK: Final = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?|24:00")
DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
LONGEST_SHOWN: Final = 60

Pair: TypeAlias = tuple[str, str]


def block(value: object, where: str, keys: Collection[str], needed: Sequence[str] = ()) -> Mapping[str, object]:
    """Return a block in braces that has no key but these and lacks none that is needed; raise MarketFactsError."""
    if not isinstance(value, dict):
        raise wrong(where, value, "a block in braces")
    for key in value:
        if key not in keys and key not in COMMENTS:
            hint = nearest(key, keys) or f" It is one of: {', '.join(keys)}."
            raise MarketFactsError(f"{where}: unknown key '{key}'.{hint}")
    for key in needed:
        if value.get(key) is None:
            raise MarketFactsError(f"{where}: '{key}' is missing.")
    return value


def items(value: object, where: str, what: str) -> list[object]:
    """Return a list in brackets, none for a value that is missing or null."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise wrong(where, value, what)
    return value


def text(value: object, where: str, pattern: str, what: str) -> str:
    """Return a text of a form."""
    if not isinstance(value, str) or not re.fullmatch(pattern, value):
        raise wrong(where, value, what)
    return value


def one_of(value: object, where: str, choices: Sequence[str]) -> str:
    """Return a text that is one of some."""
    if value not in choices:
        hint = nearest(value, choices) if isinstance(value, str) else ""
        raise MarketFactsError(f"{where} is {_shown(value)}; it is one of: {', '.join(choices)}.{hint}")
    return str(value)


def day(value: object, where: str) -> dt.date:
    """Return a date."""
    what = "a date such as 2024-12-25"
    try:
        return dt.date.fromisoformat(text(value, where, DATE.pattern, what))
    except ValueError:
        raise wrong(where, value, what) from None


def number(value: object, where: str) -> float:
    """Return a number above 0."""
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 < value < float("inf"):
        raise wrong(where, value, "a number above 0")
    return float(value)


def clocks(value: object, where: str) -> Pair:
    """Return two times of day as they stand."""
    what = 'two times such as ["10:00", "14:45"]'
    if not isinstance(value, list) or len(value) != 2:  # noqa: PLR2004 - a span has two ends
        raise wrong(where, value, what)
    for clock in value:
        if not isinstance(clock, str) or not CLOCK.fullmatch(clock):
            raise wrong(where, value, what)
    return value[0], value[1]


def wrong(where: str, value: object, what: str) -> MarketFactsError:
    """Return the error that says what stands somewhere and what may."""
    return MarketFactsError(f"{where} is {_shown(value)}; it takes {what}.")


def _shown(value: object) -> str:
    shown = json.dumps(value, default=str)
    return shown if len(shown) <= LONGEST_SHOWN else f"{shown[: LONGEST_SHOWN - 1]}…"
