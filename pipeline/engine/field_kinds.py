"""The kinds of a strategy's fields, and the units in which a config gives them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, TypeAlias, get_args, get_origin

from pipeline.errors import StrategyError

MOST_EXACT: Final = 2**53
"""Up to here, and down to minus it, every whole number is a float as well."""

Kind: TypeAlias = Literal["int", "float", "bool"]


@dataclass(frozen=True, slots=True, eq=False)
class Unit:
    """The unit a config gives a value in, and how many of the strategy's units make one of it."""

    name: str
    scale: int = 1


def hints_of(owner: type) -> dict[str, str]:
    """Return the annotations of a class and of what it is built on, as their text stands, bases first."""
    hints: dict[str, str] = {}
    for base in reversed(owner.__mro__):
        hints |= {name: str(hint) for name, hint in vars(base).get("__annotations__", {}).items()}
    return hints


def is_a(kind: str, value: object) -> bool:
    """Tell whether a value is one of a kind."""
    if isinstance(value, bool) or kind == "bool":
        return isinstance(value, bool) and kind == "bool"
    return isinstance(value, int) or (kind == "float" and isinstance(value, float))


def exact_float(value: float) -> float:
    """Return a number as a float; raises OverflowError for a whole number that a float may not be."""
    if isinstance(value, int) and abs(value) > MOST_EXACT:
        raise OverflowError(f"{value:,} is beyond 2**53 and would change as a float; write float(...) if it may")
    return float(value)


def whole(value: Any, made: str) -> int:
    """Return a time that memory is made with as an int; raises StrategyError for what is no whole number of ns."""
    if not isinstance(value, (int, float)) or value % 1 != 0:
        raise StrategyError(f"{made}({value}): it takes whole nanoseconds. What a parameter says is set in on_start.")
    return int(value)


def resolved(hint: Any) -> tuple[Kind | Literal["object"], bool, Unit]:
    """Return what an annotation says: the kind, whether it may be None, and the unit."""
    if get_origin(hint) is Annotated:
        base, *extras = get_args(hint)
        kind, optional, _ = resolved(base)
        return kind, optional, next((extra for extra in extras if isinstance(extra, Unit)), Unit(""))
    arms = [arm for arm in get_args(hint) if arm is not type(None)]
    if len(arms) == 1 and len(get_args(hint)) == 2:  # noqa: PLR2004 - `X | None`
        kind, _, unit = resolved(arms[0])
        return kind, True, unit
    if hint in (int, float, bool):
        return hint.__name__, False, Unit("")
    return "object", False, Unit("")
