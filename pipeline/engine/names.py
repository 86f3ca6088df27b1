"""A strategy class in, a refusal out, before the first tick, for a name that does not exist or a verb out of place.

The compiled engine finds these when it makes its loop; this is for strategies that run as plain Python.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pipeline.engine.parts import called_with, error_in, fills_again, has_no
from pipeline.engine.soundness import check_hooks
from pipeline.engine.specialise import HIDDEN, market_fields, strategy_methods
from pipeline.engine.strategy import Strategy, fields_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pipeline.engine.parts import Method

HOOKS = ("on_tick", "on_fill", "on_overnight_cancel", "on_day_end")


def check_names(strategy: type[Strategy]) -> None:
    """Raise StrategyError, with file, line and the nearest right name, for a field or verb that does not exist.

    Also for an assignment to the market or to a parameter, which can be read only, and for a verb that fills, where
    on_fill leads to it.
    """
    fields, of_market = fields_of(strategy), market_fields(strategy.rules)
    own = {*fields.parameters, *fields.memory, *fields.objects, *dir(strategy)}
    market = ({*of_market.given, *of_market.state} - HIDDEN) | set(strategy.rules.verbs)
    methods = strategy_methods(strategy)
    check_hooks(methods, strategy_methods(strategy.rules))
    _check_given(methods)
    called = {_arguments(method)[1] for name, method in methods.items() if name in HOOKS}
    for method in methods.values():
        arguments = _arguments(method)
        for node, holder in _attributes(method.definition):
            if holder in called and holder in arguments[1:]:
                _check(method, node, "the market", market, read_only=market)
            elif holder in arguments[:1]:
                _check(method, node, strategy.__name__, own, read_only=fields.parameters)
    _check_on_fill(methods, _filling(strategy))


def _check_given(methods: Mapping[str, Method]) -> None:
    """Check that the hooks take what the engine gives them."""
    for name, standard in strategy_methods(Strategy).items():
        method, given = methods[name], _arguments(standard)[1:]
        special = method.definition.args.defaults or method.definition.args.vararg
        if not special and len(_arguments(method)) != len(given) + 1:
            raise called_with(method, given)


def _check_on_fill(methods: Mapping[str, Method], filling: frozenset[str]) -> None:
    for name in _reached("on_fill", methods) & methods.keys():
        method = methods[name]
        for node, holder in _attributes(method.definition):
            if node.attr in filling and holder not in _arguments(method)[:1]:
                raise fills_again(method, node, node.attr)


def _filling(strategy: type[Strategy]) -> frozenset[str]:
    """Return the verbs that call on_fill before they return."""
    methods = strategy_methods(strategy.rules)
    return frozenset(verb for verb in strategy.rules.verbs if "on_fill" in _reached(verb, methods))


def _reached(name: str, methods: Mapping[str, Method]) -> set[str]:
    """Return the names of all that a method calls, and what is called there, itself included."""
    reached: set[str] = set()
    waiting = {name}
    while waiting:
        reached.add(at := waiting.pop())
        if at in methods:
            waiting |= {node.attr for node in ast.walk(methods[at].definition) if isinstance(node, ast.Attribute)}
            waiting -= reached
    return reached


def _check(method: Method, node: ast.Attribute, label: str, names: Iterable[str], read_only: Iterable[str]) -> None:
    if node.attr not in names:
        raise error_in(method, node, has_no(label, node.attr, names, declared_by_user=label != "the market"))
    if not isinstance(node.ctx, ast.Load) and node.attr in read_only:
        raise error_in(method, node, f"`{ast.unparse(node)}` can be read, not assigned to.")


def _arguments(method: Method) -> list[str]:
    arguments = method.definition.args
    return [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]


def _attributes(definition: ast.FunctionDef) -> Iterator[tuple[ast.Attribute, str]]:
    for node in ast.walk(definition):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield node, node.value.id
