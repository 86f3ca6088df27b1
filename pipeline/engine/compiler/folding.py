"""Folds what is known before a loop is made: operators over constants, comparisons in a chain."""

from __future__ import annotations

import ast
from typing import Final

WORD_BITS: Final = 64


def chained(node: ast.Compare) -> ast.expr:
    """Return `a < b < c` as `a < b and b < c`, which is what Python does when b is a plain name or number."""
    terms = [node.left, *node.comparators]
    pairs = [
        ast.copy_location(ast.Compare(left, [operator], [right]), node)
        for left, operator, right in zip(terms, node.ops, terms[1:], strict=False)
    ]
    return ast.copy_location(ast.BoolOp(ast.And(), list(pairs)), node)


def power_of(base: ast.expr, times: ast.expr) -> ast.Constant | None:
    """Return a power of whole numbers that are written out, as 10**9; None for any other."""
    numbers = [value.value for value in (base, times) if isinstance(value, ast.Constant) and type(value.value) is int]
    return ast.Constant(numbers[0] ** numbers[1]) if len(numbers) == 2 and 0 <= numbers[1] < WORD_BITS else None  # noqa: PLR2004


def folded(node: ast.UnaryOp | ast.Compare) -> ast.expr:
    """Return the value of an expression over constants, so that a switch that is off leaves no trace."""
    operands = [node.operand] if isinstance(node, ast.UnaryOp) else [node.left, *node.comparators]
    if not all(isinstance(operand, ast.Constant) for operand in operands):
        return node
    text = ast.unparse(ast.fix_missing_locations(ast.Expression(node)))
    return ast.Constant(eval(text, {"__builtins__": {}}))  # noqa: S307 - constants and one operator
