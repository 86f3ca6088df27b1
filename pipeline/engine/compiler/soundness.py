"""Refuses a method that would not do in a compiled loop what it does in Python."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipeline.engine.compiler.parts import Method

Assigned: TypeAlias = frozenset[str] | None
"""The locals that have a value at a point of a method; None where the point is never reached."""


def check_signature(method: Method) -> None:
    """Raise NotCompilable for a decorator or arguments that are more than names: Python takes them, a loop does not."""
    definition, arguments = method.definition, method.definition.args
    name = definition.name
    if definition.decorator_list:
        raise method.refusal(definition, f"{name} has a decorator, which the compiled engine cannot call.")
    if any((arguments.defaults, arguments.kwonlyargs, arguments.posonlyargs, arguments.vararg, arguments.kwarg)):
        raise method.refusal(definition, f"{name} takes plain arguments only, without defaults, stars or slashes.")


def check_method(method: Method, *, value_wanted: bool) -> None:
    """Raise StrategyError for a local read before it has a value, or a value that is wanted and not given.

    Python would raise UnboundLocalError, or give None; flat statements would do neither.
    """
    definition = method.definition
    flow = _Flow(method, _names_of(definition))
    end = flow.block(definition.body, frozenset(argument.arg for argument in definition.args.args))
    if value_wanted and (end is not None or flow.returns_nothing):
        raise method.error(definition, f"{definition.name} may end without a value; end every path with a return.")


class _Flow:
    """Follows which locals have a value along every path through a method."""

    def __init__(self, method: Method, locals_of: frozenset[str]) -> None:
        self._method = method
        self._locals = locals_of
        self.returns_nothing = False

    def block(self, statements: Iterable[ast.stmt], assigned: Assigned) -> Assigned:
        for statement in statements:
            assigned = self._statement(statement, assigned) if assigned is not None else None
        return assigned

    def _statement(self, node: ast.stmt, assigned: frozenset[str]) -> Assigned:  # noqa: PLR0911 - a kind a line
        match node:
            case ast.Return():
                self.returns_nothing = self.returns_nothing or node.value is None
                self._read(node, assigned)
                return None
            case ast.Break() | ast.Continue():
                return None
            case ast.If():
                self._read(node.test, assigned)
                return _either(self.block(node.body, assigned), self.block(node.orelse, assigned))
            case ast.While():
                self._read(node.test, assigned)
                self.block(node.body, assigned)
                forever = isinstance(node.test, ast.Constant) and node.test.value is True
                return None if forever and not _breaks(node.body) else assigned
            case ast.For():
                self._read(node.iter, assigned)
                self.block(node.body, assigned | _names_of(node.target))
                return assigned
            case ast.Assign(targets=targets, value=value):
                self._read(value, assigned)
                return assigned.union(*(_names_of(target) for target in targets))
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self._read(value, assigned)
                return assigned | _names_of(target)
            case ast.AugAssign(target=target, value=value):
                self._read(value, assigned)
                for name in _names_of(target) - assigned:
                    raise self._unset(node, name)
                return assigned
        self._read(node, assigned)
        return assigned

    def _read(self, node: ast.AST, assigned: frozenset[str]) -> None:
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name) and inner.id in self._locals and inner.id not in assigned:
                raise self._unset(inner, inner.id)

    def _unset(self, node: ast.Name | ast.stmt, name: str) -> Exception:
        return self._method.error(node, f"'{name}' may have no value here; give it one before, on every path.")


def _names_of(assigning: ast.AST) -> frozenset[str]:
    """Return the names that are given a value."""
    names = (node for node in ast.walk(assigning) if isinstance(node, ast.Name))
    return frozenset(name.id for name in names if isinstance(name.ctx, ast.Store))


def _either(left: Assigned, right: Assigned) -> Assigned:
    if left is None or right is None:
        return right if left is None else left
    return left & right


def _breaks(statements: Iterable[ast.stmt]) -> bool:
    """Tell whether a loop with this body may be left by its own break."""
    for statement in statements:
        if isinstance(statement, ast.Break):
            return True
        if isinstance(statement, ast.If) and (_breaks(statement.body) or _breaks(statement.orelse)):
            return True
    return False
