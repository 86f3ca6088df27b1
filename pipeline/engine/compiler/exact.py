"""Makes a flat loop compute with Python's numbers: what a machine would round or wrap is checked or refused.

Where the intervals of the operands exclude it nothing is added. A whole number becomes a float only where both are the
same; what is now one and now the other is refused where the two would differ.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, Final

from pipeline.engine.compiler.checks import EXACT, checks_of
from pipeline.engine.compiler.exact_forms import as_float, as_whole, call, checked, divided, line_of, may_be_zero
from pipeline.engine.compiler.inference import (
    FLOATS,
    LARGEST_POWER,
    WHOLE,
    Number,
    Span,
    given_name,
    givings,
    inside,
    is_small_power,
    is_wider,
    kinds_of,
    number_of,
    numbers_of,
    of_operator,
    of_sign,
)
from pipeline.engine.compiler.parts import LINES_A_FILE, SUBSET, conjuncts_of, copied, wrong_kind
from pipeline.engine.compiler.versions import Versions
from pipeline.errors import NotCompilable, StrategyError
from pipeline.native.clibrary import FUNCTIONS as LIBRARY_MATH

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

OPERATIONS: Final = {
    ast.Add: "plus",
    ast.Sub: "minus",
    ast.Mult: "times",
    ast.LShift: "shifted",
    ast.RShift: "shifted_back",
}
BITWISE: Final = (ast.BitAnd, ast.BitOr, ast.BitXor)
ON_BITS: Final = (*BITWISE, ast.LShift, ast.RShift)
LIMITS: Final = {"size": (0, EXACT), "label": (0, 127)}
TO_WHOLE: Final = ("int", "round", "floor", "ceil", "trunc")


def exact_loop(body: Sequence[ast.stmt], declared: Mapping[str, Number]) -> tuple[list[ast.stmt], dict[str, str]]:
    """Return the statements made exact, and the kind of every name.

    declared: what the fields can be; one without an interval can be what it is given. Raises StrategyError, with file
    and line, where a declared kind is broken or Python's result could not be told.
    """
    body = [copied(statement) for statement in body]
    kinds = kinds_of(body, declared)
    changing = {
        name
        for node in givings(body)
        if (name := given_name(node)) not in declared
        and isinstance(node, ast.Assign)
        and kinds[name].kind == "float"
        and number_of(node.value, kinds).kind != "float"
    }
    if changing:
        body = Versions(body, changing).split(body)
        kinds = kinds_of(body, declared)
    exact = _Exact(numbers_of(body, kinds, declared))
    return [exact.visit(statement) for statement in body], {name: number.kind for name, number in kinds.items()}


class _Exact(ast.NodeTransformer):
    def __init__(self, names: Mapping[str, Number]) -> None:
        self._names = names
        self._origin = ("", 0)
        self._quoted: frozenset[str] = frozenset()

    def _exact(self, node: ast.expr) -> tuple[ast.expr, Number]:
        """Return an expression made exact, and what it can be."""
        number = number_of(node, self._names)
        return self.visit(node), number

    # Statements

    def visit(self, node: ast.AST) -> Any:
        """Remember where a statement came from."""
        self._origin = getattr(node, "origin", self._origin) if isinstance(node, ast.stmt) else self._origin
        return super().visit(node)

    def visit_Assign(self, node: ast.Assign) -> ast.stmt:
        target, number = node.targets[0], number_of(node.value, self._names)
        wanted = number_of(target, self._names).kind
        if is_wider(number.kind, wanted):
            name = given_name(node)[2:].partition("__")[0]
            is_truths = wanted == "bool" and isinstance(node.value, ast.BinOp) and isinstance(node.value.op, BITWISE)
            instead = "`and`, `or` or `!=` for `&`, `|` or `^`," if is_truths else "int(...)"
            article = "an" if number.kind == "int" else "a"
            why = f"{name} is declared {wanted} and would become {article} {number.kind} here; write {instead}"
            raise self._error(node, f"{why} or declare it {number.kind}.")
        value = self.visit(node.value)
        if wanted == "float" and number.kind != "float":
            value = self._whole_as_float(value, number.span, line_of(node))
        if hasattr(node, "action_argument"):
            value = self._argument(node, value, number)
        return ast.Assign([self.visit(target)], value)

    def _argument(self, node: ast.Assign, value: ast.expr, number: Number) -> ast.expr:
        action, parameter, wanted = node.action_argument  # type: ignore[attr-defined]
        if is_wider(number.kind, wanted):
            file, line = self._origin
            raise wrong_kind(f"{file}, line {line}", action, parameter, number.kind)
        if wanted == "float" and number.kind != "float":
            value = as_float(value)
        for check, reason, field in checks_of(action, parameter):
            known = isinstance(node.value, ast.Name) and check == "price" and node.value.id in self._quoted
            known |= f"m_{field}" in self._quoted
            if not known and (check not in LIMITS or not inside(number.span, LIMITS[check])):
                others = [ast.Name(f"m_{field}", ast.Load())] if field else []
                value = checked(check, [value, *others], reason, line_of(node))
        return value

    def visit_If(self, node: ast.If) -> ast.stmt:
        test = self._test(node.test)
        outside, known = self._quoted, _quoted(node.test, self._quoted)
        self._quoted = known and known.difference(map(given_name, givings(node.body)))
        body = self._block(node.body)
        self._quoted = outside
        return ast.If(test, body, self._block(node.orelse))

    def visit_While(self, node: ast.While) -> ast.stmt:
        test = self._test(node.test)
        return ast.While(test, self._block(node.body), [])

    def visit_For(self, node: ast.For) -> ast.stmt:
        assert isinstance(node.iter, ast.Call)  # noqa: S101 - the subset has no other
        bounds, numbers = zip(*map(self._exact, node.iter.args), strict=True)
        if any(number.kind == "float" for number in numbers):
            raise self._error(node, "range takes whole numbers; write int(...).")
        if len(bounds) > 2 and line_of(node) and may_be_zero(numbers[2].span):  # noqa: PLR2004 - a step
            bounds = (*bounds[:2], checked("whole_divisor", bounds[2:], "step", line_of(node)))
        if len(bounds) > 2 and line_of(node) and not inside(_after(numbers[1].span, numbers[2].span), WHOLE):  # noqa: PLR2004
            last = checked("plus", bounds[1:], "number", line_of(node))
            bounds = (bounds[0], ast.BinOp(last, ast.Sub(), bounds[2]), bounds[2])
        return ast.For(node.target, ast.Call(node.iter.func, list(bounds), []), self._block(node.body), [])

    def _block(self, body: list[ast.stmt]) -> list[ast.stmt]:
        return [self.visit(statement) for statement in body]

    # Expressions

    def _test(self, node: ast.expr) -> ast.expr:
        """Return what is only asked whether it is true, so that its values need not be of one kind."""
        if isinstance(node, ast.BoolOp):
            return ast.BoolOp(node.op, [self._test(value) for value in node.values])
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return ast.UnaryOp(node.op, self._test(node.operand))
        return self.visit(node)  # type: ignore[no-any-return]

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        if type(node.value) is int and not inside((node.value, node.value), WHOLE):
            raise NotCompilable(f"{self._where(node)}: {node.value} has more than 64 bits.", SUBSET)
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        return ast.BoolOp(node.op, self._of_one_kind(node.values, line_of(node)))

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        test = self._test(node.test)
        return ast.IfExp(test, *self._of_one_kind([node.body, node.orelse], line_of(node)))

    def _of_one_kind(self, nodes: Sequence[ast.expr], line: int) -> list[ast.expr]:
        values = [self._exact(node) for node in nodes]
        to_float = any(number.kind == "float" for _, number in values)
        return [
            self._whole_as_float(value, number.span, line) if to_float and number.kind != "float" else value
            for value, number in values
        ]

    def _whole_as_float(self, value: ast.expr, span: Span, line: int) -> ast.expr:
        if line and not inside(span, FLOATS):
            return checked("kept", [value], "kept", line)
        if isinstance(value, ast.Constant) and isinstance(value.value, (int, float)):
            return ast.Constant(float(value.value))
        return as_float(value)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        if isinstance(node.op, ast.Not):
            return self._test(node)
        line, (operand, number) = line_of(node), self._exact(node.operand)
        if isinstance(node.op, ast.Invert):
            self._only_whole(node, number)
            return ast.UnaryOp(node.op, as_whole(operand, number))
        if isinstance(node.op, ast.USub) and line:
            if number.kind == "float" and may_be_zero(number.span):
                raise self._error(node, _now_and_now(node))
            if number.kind == "int" and not inside(of_sign(node.op, number.span), WHOLE):
                return checked("negative", [operand], "number", line)
        return ast.UnaryOp(node.op, operand)

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        line = line_of(node)
        (left, of_left), (right, of_right) = self._exact(node.left), self._exact(node.right)
        if not line:
            return ast.BinOp(left, node.op, right)
        if isinstance(node.op, ON_BITS):
            self._only_whole(node, of_left, of_right)
            left = as_whole(left, of_left)
        whole = "float" not in (of_left.kind, of_right.kind)
        if not whole:
            self._agrees_as_float(node, of_left.span, of_right.span)
        if isinstance(node.op, (ast.Div, ast.FloorDiv, ast.Mod)):
            return divided(node, (left, right), (of_left.span, of_right.span), whole=whole)
        if isinstance(node.op, ast.Pow):
            return self._power(node, left, of_left, right)
        if isinstance(node.op, ast.RShift):
            bounded = inside(of_right.span, (0, 63))
        else:
            bounded = isinstance(node.op, BITWISE) or inside(of_operator(node.op, of_left.span, of_right.span), WHOLE)
        if whole and not bounded:
            return checked(OPERATIONS[type(node.op)], [left, right], "number", line)
        return ast.BinOp(left, node.op, right)

    def _agrees_as_float(self, node: ast.BinOp, left: Span, right: Span) -> None:
        """Refuse what would differ if both operands were whole numbers here, which as floats they are not any more."""
        if left is None or right is None:
            return
        result = of_operator(node.op, left, right)
        below = left[0] < 0 or right[0] < 0 if isinstance(node.op, (ast.Mult, ast.Pow)) else right[0] < 0
        zero_has_sign = isinstance(node.op, (ast.Mult, ast.FloorDiv, ast.Mod)) and below and may_be_zero(result)
        if zero_has_sign or not all(inside(span, FLOATS) for span in (left, right, result)):
            raise self._error(node, _now_and_now(node))

    def _power(self, node: ast.BinOp, base: ast.expr, number: Number, exponent: ast.expr) -> ast.expr:
        if number_of(node, self._names).kind == "float":
            base, exponent, line = as_float(base), as_float(exponent), line_of(node)
            if not is_small_power(node.right):
                base = checked("base", [base, exponent], "division", line)
            return checked("pow_of", [base, exponent], "number", line)
        if not is_small_power(node.right):
            why = f"a whole number is raised to a number from 1 to {LARGEST_POWER} only; write float(...)."
            raise NotCompilable(f"{self._where(node)}: `{getattr(node, 'shown', '')}`: {why}", SUBSET)
        power, span = as_whole(base, number), number.span
        for _ in range(node.right.value - 1):  # type: ignore[attr-defined]
            span = of_operator(ast.Mult(), span, number.span)
            if inside(span, WHOLE):
                power = ast.BinOp(power, ast.Mult(), base)
            else:
                power = checked("times", [power, base], "number", line_of(node))
        return power

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        size = getattr(node, "size", 0)
        if not size:
            self.generic_visit(node)
            return node
        index, number = self._exact(node.slice)
        if number.kind == "float":
            raise self._error(node, f"`{getattr(node, 'shown', '')}`: an index is a whole number; write int(...).")
        if not inside(number.span, (0, size - 1)):
            index = checked("indexed", [index, ast.Constant(size)], "index", line_of(node))
        return ast.Subscript(node.value, index, node.ctx)

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        (left, of_left), (right, of_right) = self._exact(node.left), self._exact(node.comparators[0])
        floats = of_left.kind == "float", of_right.kind == "float"
        if floats == (False, True) and not inside(of_left.span, FLOATS):
            return ast.Compare(call("gap", [left, right]), node.ops, [ast.Constant(0.0)])
        if floats == (True, False) and not inside(of_right.span, FLOATS):
            return ast.Compare(ast.Constant(0.0), node.ops, [call("gap", [right, left])])
        return ast.Compare(left, node.ops, [right])

    def visit_Call(self, node: ast.Call) -> ast.expr:
        line = line_of(node)
        if not line:
            self.generic_visit(node)
            return node
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
        first, number = self._exact(node.args[0])
        others = [self.visit(argument) for argument in node.args[1:]]
        if name in TO_WHOLE and number.kind != "float":
            return as_whole(first, number)
        if name == "round" and others:
            return call("rounded", [first, ast.Constant(10.0 ** others[0].value)])
        if name in TO_WHOLE:
            first = checked("within", [first], "number", line)
        if name in LIBRARY_MATH or name == "copysign":
            return checked(f"{name}_of", [as_float(operand) for operand in (first, *others)], "number", line)
        if name == "sqrt":
            first = checked("radicand", [first if number.kind == "float" else as_float(first)], "number", line)
        if name == "abs" and number.kind == "int" and not inside(number.span, (-WHOLE[1], WHOLE[1])):
            return checked("absolute", [first], "number", line)
        return ast.Call(node.func, [first, *others], [])

    def _only_whole(self, node: ast.expr, *numbers: Number) -> None:
        if any(number.kind == "float" for number in numbers):
            raise self._error(node, f"`{ast.unparse(node)}`: bits are of whole numbers; write int(...).")

    def _where(self, node: ast.AST) -> str:
        file, line = self._origin
        return f"{file}, line {line_of(node) % LINES_A_FILE or line}"

    def _error(self, node: ast.AST, why: str) -> StrategyError:
        return StrategyError(f"{self._where(node)}: {why}")


def _after(stop: Span, step: Span) -> Span:
    """Return what the number of a range's turn can be once it has passed the stop."""
    return of_operator(ast.Add(), stop, step)


def _quoted(test: ast.expr, known: frozenset[str]) -> frozenset[str]:
    """Return the prices above 0 where a test holds: of a side that shows a size, and what equals such a price."""
    for term in conjuncts_of(test):
        match term:
            case ast.Compare(ast.Name("m_bid_size" | "m_ask_size" as name), [ast.Gt()], [ast.Constant(0)]):
                known |= {name.removesuffix("_size")}
            case ast.Compare(ast.Name(left), [ast.Eq()], [ast.Name(right)]) if left in known or right in known:
                known |= {left, right}
    return known


def _now_and_now(node: ast.expr) -> str:
    return (
        f"`{getattr(node, 'shown', '')}` takes a value that is now a whole number and now a float; "
        "write float(...), or 0.0 for 0, where it is set."
    )
