"""Parameters that may be null: tests whether one is, what a test says of them, and a check where none comes before."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pipeline.engine.compiler.exact_forms import as_number_of_truth, checked
from pipeline.engine.compiler.parts import line_number

if TYPE_CHECKING:
    from pipeline.engine.compiler.lower import Expressions
    from pipeline.engine.compiler.parts import Scope

NEVER_NULL = "`{}`: only a parameter that may be null is compared with None."


def null_test(node: ast.Compare, of: Expressions, scope: Scope) -> ast.expr:
    """Return `x is None` or `x is not None` as a test of whether the parameter has a value."""
    if not _is_none(node.comparators[0]):
        raise scope.refusal(node, f"`{ast.unparse(node)}`: numbers and truths are compared with == or !=.")
    if (given := _given(node.left, of, scope)) is None:
        raise scope.refusal(node, NEVER_NULL.format(ast.unparse(node)))
    return given if isinstance(node.ops[0], ast.IsNot) else ast.UnaryOp(ast.Not(), given)


def known_by(test: ast.expr, of: Expressions, scope: Scope, *, holds: bool) -> frozenset[str]:
    """Return the names of the truths that say of parameters that they have a value where a test holds, or does not."""
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return known_by(operand, of, scope, holds=not holds)
        case ast.BoolOp(op=op, values=values) if isinstance(op, ast.And) is holds:
            return frozenset().union(*(known_by(value, of, scope, holds=holds) for value in values))
        case ast.Compare(left=left, ops=[ast.Is() | ast.IsNot() as operator], comparators=[against]):
            given = _given(left, of, scope) if _is_none(against) else None
            return frozenset({given.id} if given and isinstance(operator, ast.IsNot) is holds else ())
        case ast.Attribute() if holds and (given := _given(test, of, scope)):
            return frozenset({given.id})
    return frozenset()


def presence(node: ast.Attribute, known: frozenset[str], of: Expressions, scope: Scope) -> ast.expr | None:
    """Return the check that a parameter has a value where it is taken for a number; None where it is known to."""
    given = _given(node, of, scope)
    if given is None or given.id in known or not scope.of_strategy:
        return None
    return checked("present", [as_number_of_truth(given)], "null", line_number(scope.method, node.lineno))


def _given(node: ast.expr, of: Expressions, scope: Scope) -> ast.Name | None:
    """Return the local that says whether a parameter that may be null has a value; None for any other expression."""
    if not isinstance(node, ast.Attribute):
        return None
    part = of.part(node.value, scope)
    is_optional = part is not None and node.attr in part.optional
    return ast.Name(f"{part.prefix}{node.attr}__given", ast.Load()) if part and is_optional else None


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
