"""Lowers comparisons of words, as `self.mode == "micro"` and `m.ticker in ("FAB", "ADCB")`, to ones of their codes."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from pipeline.engine.word_codes import word_code

if TYPE_CHECKING:
    from pipeline.engine.compiler.lower import Expressions
    from pipeline.engine.compiler.parts import Scope

NO_NUMBER: Final = '`{}` is a word, which a loop only compares with words written out, as in `self.mode == "mid"`.'
NUMBERS: Final = " BID, ASK and TRADE are from pipeline.ticks, BUY and SELL from pipeline.engine.market."


def is_word(node: ast.Compare, expressions: Expressions, scope: Scope) -> bool:
    """Tell whether a comparison is one of a word of the strategy or of the market with others."""
    sides = [node.left, *node.comparators]
    return any(isinstance(side, ast.Attribute) and _is_field(side, expressions, scope) for side in sides)


def word_test(node: ast.Compare, operator: ast.cmpop, expressions: Expressions, scope: Scope) -> ast.expr:
    """Return a comparison over codes; raises NotCompilable for one that is not of words written out."""
    other = node.comparators[0]
    is_several = isinstance(operator, (ast.In, ast.NotIn))
    several = other.elts if is_several and isinstance(other, (ast.Tuple, ast.List, ast.Set)) else [other]
    codes = [_code(side, expressions, scope) for side in (node.left, *several)]
    known = [code for code in codes if code is not None]
    is_one_of = is_several and several != [other]
    if len(known) != len(codes) or len(known) == 1 or not (is_one_of or isinstance(operator, (ast.Eq, ast.NotEq))):
        raise scope.refusal(node, NO_NUMBER.format(ast.unparse(node)))
    is_equal = isinstance(operator, (ast.Eq, ast.In))
    tests: list[ast.expr] = [
        ast.Compare(known[0], [ast.Eq() if is_equal else ast.NotEq()], [code]) for code in known[1:]
    ]
    if len(tests) == 1:
        return tests[0]
    return ast.BoolOp(ast.Or() if is_equal else ast.And(), tests)


def check_no_text(node: ast.Compare, expressions: Expressions, scope: Scope) -> None:
    """Raise StrategyError for a number compared with a text, which it is never equal to."""
    for text, other in ((node.left, node.comparators[0]), (node.comparators[0], node.left)):
        if isinstance(text, ast.Constant) and isinstance(text.value, str):
            expressions.expression(other, scope)
            hint = NUMBERS if isinstance(node.ops[0], (ast.Eq, ast.NotEq)) else ""
            raise scope.error(node, f"`{ast.unparse(node)}` compares a number with a text.{hint}")


def _is_field(node: ast.Attribute, expressions: Expressions, scope: Scope) -> bool:
    part = expressions.part(node.value, scope)
    return part is not None and node.attr in part.words


def _code(node: ast.expr, expressions: Expressions, scope: Scope) -> ast.expr | None:
    """Return what stands for a word in a loop, None for what is none."""
    if isinstance(node, ast.Attribute) and _is_field(node, expressions, scope):
        part = expressions.part(node.value, scope)
        return part.local(node.attr) if part else None
    word = node.value if isinstance(node, ast.Constant) else None
    if isinstance(node, ast.Name) and node.id not in scope.names:
        word = scope.method.names.get(node.id)
    return ast.Constant(word_code(word)) if isinstance(word, str) else None
