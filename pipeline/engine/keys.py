"""A strategy in, the key of its machine code out: the hash of all that goes into it.

That is the engine's and the strategy's source, the constants they name, and what compiles them.
"""

from __future__ import annotations

import hashlib
import sys
from typing import TYPE_CHECKING, Final

from pipeline.engine import (
    account,
    auction,
    checks,
    exact,
    inline,
    kinds,
    lanes,
    lower,
    many,
    market,
    orders,
    parts,
    quiet,
    soundness,
    spans,
    specialise,
    tape,
    versions,
)
from pipeline.engine.strategy import fields_of
from pipeline.native.machine import toolchain

if TYPE_CHECKING:
    from pipeline.engine.strategy import Strategy

ENGINE_SOURCES: Final = (
    *(tape, account, orders, market, auction),
    *(
        parts,
        lower,
        inline,
        kinds,
        spans,
        exact,
        versions,
        checks,
        soundness,
        specialise,
        lanes,
        quiet,
        many,
        sys.modules[__name__],
    ),
)

_keys: dict[type[Strategy], str] = {}


def code_key(strategy: type[Strategy], purpose: object) -> str:
    """Return the hash of all that goes into a strategy's machine code of one purpose."""
    if strategy not in _keys:
        _keys[strategy] = _hash_of_ingredients(strategy)
    return hashlib.sha256(f"{_keys[strategy]} {purpose}".encode()).hexdigest()


def _hash_of_ingredients(strategy: type[Strategy]) -> str:
    modules = [sys.modules[base.__module__] for base in strategy.__mro__[:-1]]
    ingredients: list[object] = [specialise.LOOP_NAME, strategy.__qualname__, *toolchain()]
    ingredients += [parts.source_of(module) for module in (*ENGINE_SOURCES, *modules)]
    ingredients.append(fields_of(strategy))  # kinds and starts may come from a module that is not among these
    for module in (*ENGINE_SOURCES, *modules):
        ingredients += [
            f"{name}={value!r}" for name, value in sorted(vars(module).items()) if isinstance(value, (int, float))
        ]
    return hashlib.sha256("\0".join(map(str, ingredients)).encode()).hexdigest()
