"""Which facts of its security a strategy reads of its market, so that its loop is given these and no others."""

from __future__ import annotations

import dis
from itertools import pairwise
from types import CodeType
from typing import TYPE_CHECKING

from pipeline.engine.field_kinds import hints_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from collections.abc import Set as AbstractSet


def facts_in(rules: type) -> dict[str, str]:
    """Return the facts of its security that a market has, each with whether it is a `Word` or a `Fact`."""
    return {name: hint for name, hint in hints_of(rules).items() if hint in ("Word", "Fact")}


def facts_read(functions: Iterable[object], rules: type) -> tuple[str, ...]:
    """Return which of these facts a strategy's functions may read, of anything but of the strategy itself."""
    return tuple(sorted(names_read(functions, facts_in(rules).keys())))


def names_read(functions: Iterable[object], names: AbstractSet[str]) -> set[str]:
    """Return which of some names functions may read, of anything but of the strategy itself."""
    codes = (getattr(getattr(function, "__func__", function), "__code__", None) for function in functions)
    every = [inner for code in codes if isinstance(code, CodeType) for inner in _within(code)]
    reading = [code for code in every if names & {*code.co_names}]
    return {name for code in reading for name in _read_of_others(code)} & names


def _within(code: CodeType) -> Iterator[CodeType]:
    yield code
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _within(inner)


def _read_of_others(code: CodeType) -> Iterator[str]:
    own = code.co_varnames[:1]
    for before, instruction in pairwise(dis.get_instructions(code)):
        if instruction.opname in ("LOAD_ATTR", "LOAD_METHOD") and (before.argval,) != own:
            yield instruction.argval
