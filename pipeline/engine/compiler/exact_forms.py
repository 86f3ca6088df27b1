"""Builds the exact forms of expressions: calls of checks, divisions, numbers of another kind."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pipeline.engine.compiler.checks import noted
from pipeline.engine.compiler.inference import FLOATS, WHOLE, Number, Span, inside
from pipeline.engine.compiler.parts import FAILED

if TYPE_CHECKING:
    from collections.abc import Sequence


def checked(name: str, operands: Sequence[ast.expr], reason: str, line: int) -> ast.expr:
    """Return the call of a check that notes a line, with a reason, where it fails."""
    note = [ast.Name(FAILED, ast.Load()), ast.Constant(noted(reason, line)), ast.Name("m_event", ast.Load())]
    return call(name, [*operands, *note])


def call(name: str, operands: Sequence[ast.expr]) -> ast.expr:
    """Return the call of a function that a loop holds."""
    return ast.Call(ast.Name(name, ast.Load()), list(operands), [])


def as_float(value: ast.expr) -> ast.expr:
    """Return a number as a float."""
    return ast.BinOp(ast.Constant(1.0), ast.Mult(), value)


def as_whole(value: ast.expr, number: Number) -> ast.expr:
    """Return a truth value as the whole number that it is."""
    return as_number_of_truth(value) if number.kind == "bool" else value


def as_number_of_truth(truth: ast.expr) -> ast.expr:
    """Return 1 for what is true, 0 for what is false."""
    return ast.BinOp(truth, ast.Add(), ast.Constant(0))


def line_of(node: ast.AST) -> int:
    """Return the number of the user's line that a node was made of, 0 for the engine's own."""
    return getattr(node, "line", 0)


def may_be_zero(span: Span) -> bool:
    """Tell whether a whole number in an interval can be 0."""
    return span is not None and span[0] <= 0 <= span[1]


def divided(node: ast.BinOp, operands: tuple[ast.expr, ast.expr], spans: tuple[Span, Span], *, whole: bool) -> ast.expr:
    """Return a division of either kind, or a rest, that notes where its divisor is 0; whole: of whole numbers."""
    line = line_of(node)
    (left, right), (of_left, of_right) = operands, spans
    if not isinstance(right, ast.Constant) or not right.value:
        if of_right is None or not whole:
            right = checked("divisor", [right if of_right is None else as_float(right)], "division", line)
        elif may_be_zero(of_right):
            right = checked("whole_divisor", [right], "division", line)
    if isinstance(node.op, ast.Div) and whole and not (inside(of_left, FLOATS) and inside(of_right, FLOATS)):
        return call("ratio", [left, right])
    smallest = whole and not inside(of_left, (-WHOLE[1], WHOLE[1])) and of_right is not None and of_right[0] < 0
    if smallest and isinstance(node.op, ast.FloorDiv):
        return checked("floored", [left, right], "number", line)
    if smallest and isinstance(node.op, ast.Mod):
        return call("rest", [left, right])
    return ast.BinOp(left, node.op, right)
