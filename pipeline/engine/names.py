"""A strategy class in, a refusal out for a name of its own or of the market that does not exist, before the first tick.

The compiled engine finds these when it makes its loop; this is for strategies that run as plain Python.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pipeline.engine.parts import error_in
from pipeline.engine.specialise import HIDDEN, market_fields, strategy_methods
from pipeline.engine.strategy import fields_of
from pipeline.errors import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.engine.strategy import Strategy

HOOKS = ("on_tick", "on_fill", "on_overnight_cancel", "on_day_end")


def check_names(strategy: type[Strategy]) -> None:
    """Raise StrategyError, with file, line and the nearest right name, for a field or verb that does not exist."""
    fields, of_market = fields_of(strategy), market_fields(strategy.rules)
    own = {*fields.parameters, *fields.memory, *fields.objects, *dir(strategy)}
    market = ({*of_market.given, *of_market.state} - HIDDEN) | set(strategy.rules.verbs)
    for name, method in strategy_methods(strategy).items():
        arguments = [argument.arg for argument in method.definition.args.args]
        known = {arguments[0]: (strategy.__name__, own)} if arguments else {}
        if name in HOOKS and len(arguments) > 1:
            known[arguments[1]] = ("the market", market)
        for node, holder in _attributes(method.definition):
            label, names = known.get(holder, ("", own))
            if holder in known and node.attr not in names:
                raise error_in(method, node, f"{label} has no '{node.attr}'.{nearest(node.attr, names)}")


def _attributes(definition: ast.FunctionDef) -> Iterator[tuple[ast.Attribute, str]]:
    for node in ast.walk(definition):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield node, node.value.id
