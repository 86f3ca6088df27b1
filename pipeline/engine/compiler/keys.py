"""Finds the key of a strategy's machine code: the hash of all that goes into it.

That is the engine's and the strategy's source, the constants they name, and what compiles them.
"""

from __future__ import annotations

import hashlib
import sys
from typing import TYPE_CHECKING, Final

from pipeline.engine.compiler.parts import source_of
from pipeline.engine.strategy import fields_of
from pipeline.native.machine import toolchain
from pipeline.sources import digest_of, sources_of

if TYPE_CHECKING:
    from pipeline.engine.strategy import Strategy

LOOPS: Final = "pipeline.engine.batch"
"""The module that makes loops and imports all that shapes one."""

keys_by_strategy: dict[type[Strategy], str] = {}


def code_key(strategy: type[Strategy], purpose: object) -> str:
    """Return the hash of all that goes into a strategy's machine code of one purpose."""
    if strategy not in keys_by_strategy:
        keys_by_strategy[strategy] = _hash_of_ingredients(strategy)
    return hashlib.sha256(f"{keys_by_strategy[strategy]} {purpose}".encode()).hexdigest()


def _hash_of_ingredients(strategy: type[Strategy]) -> str:
    names = dict.fromkeys(base.__module__ for of in (strategy, strategy.rules) for base in of.__mro__[:-1])
    modules = [sys.modules[name] for name in names if name not in sources_of(LOOPS)]
    ingredients: list[object] = [digest_of(LOOPS), strategy.__qualname__, *toolchain()]
    ingredients += sorted(strategy.sources.items())
    ingredients.append(fields_of(strategy))  # kinds and starts may come from a module that is not among these
    for module in modules:
        ingredients.append(source_of(module))
        ingredients += [
            f"{name}={value!r}" for name, value in sorted(vars(module).items()) if isinstance(value, (int, float))
        ]
    return hashlib.sha256("\0".join(map(str, ingredients)).encode()).hexdigest()
