"""Lowers expressions over the market and the strategy to ones over locals, and the statements they need first."""

from __future__ import annotations

import ast
import builtins
import math
from abc import ABC, abstractmethod
from contextlib import contextmanager
from copy import copy
from numbers import Integral, Number
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final

from pipeline.engine.compiler.folding import chained, folded, power_of
from pipeline.engine.compiler.inference import is_small_power
from pipeline.engine.compiler.null_tests import known_by, null_test, presence
from pipeline.engine.compiler.parts import Part, Scope, assign, line_number, unknown_field
from pipeline.engine.compiler.word_tests import NO_NUMBER, check_no_text, is_word, word_test
from pipeline.errors import nearest
from pipeline.native import clibrary

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

CONVERSIONS: Final = ("abs", "int", "float", "round")
EXACT_MATH: Final = ("sqrt", "fabs", "floor", "ceil", "trunc", "copysign", "isnan", "isinf", "isfinite")
"""What IEEE 754 fixes to the last bit."""
LIBRARY_MATH: Final = clibrary.FUNCTIONS
"""What Python asks the C library for, as a loop does: equal on one machine, in the last bit another on the next."""
INSTEAD: Final = {"hypot": "math.sqrt(x * x + y * y)", "log": "math.log(x) / math.log(base)"}
"""What to write where Python does more than the C library."""

MOST_DIGITS: Final = 15


class Expressions(ABC):
    """Lowers expressions; what stands to the left is evaluated first, and only what Python would evaluate."""

    def __init__(self, parts: Mapping[str, Part]) -> None:
        self._parts = dict(parts)
        self._count = 0
        self._truth_only = False
        self._known: frozenset[str] = frozenset()

    @abstractmethod
    def call(self, call: ast.Call, scope: Scope, result: str | None) -> list[ast.stmt]:
        """Return the statements of a method's call; its value, if wanted, goes into the local `result`."""

    def is_method(self, call: ast.Call, scope: Scope) -> bool:
        """Tell whether a call is one of the market or of the strategy."""
        return isinstance(call.func, ast.Attribute) and self.part(call.func.value, scope) is not None

    def expression(self, node: ast.expr, scope: Scope) -> tuple[list[ast.stmt], ast.expr]:
        """Return the statements that come first, and the expression over locals, with the user's line it is made of."""
        before, flat = self._expression(node, scope)
        if scope.of_strategy and not isinstance(flat, ast.Name) and not hasattr(flat, "line"):
            flat.line = line_number(scope.method, node.lineno)  # type: ignore[attr-defined]
            flat.shown = ast.unparse(node)  # type: ignore[attr-defined]
        return before, flat

    def test(self, node: ast.expr, scope: Scope) -> tuple[list[ast.stmt], ast.expr]:
        """Return what `expression` does of what is only asked whether it is true: null is false."""
        self._truth_only = True
        return self.expression(node, scope)

    @contextmanager
    def knowing(self, test: ast.expr, scope: Scope, *, holds: bool) -> Iterator[None]:
        """Take what is lowered inside for what a test comes before that holds, or does not."""
        before = self._known
        self._known |= known_by(test, self, scope, holds=holds)
        yield
        self._known = before

    def _expression(self, node: ast.expr, scope: Scope) -> tuple[list[ast.stmt], ast.expr]:  # noqa: C901, PLR0911, PLR0912 - a kind a line
        truth_only, self._truth_only = self._truth_only, False
        match node:
            case ast.Constant(value=bool() | int() | float()):
                return [], ast.Constant(node.value)
            case ast.Name():
                return [], self._name(node, scope)
            case ast.Attribute():
                value, check = self._attribute(node, scope), presence(node, self._known, self, scope)
                return [assign(self.temporary(), check)] if check and not truth_only else [], value
            case ast.Subscript():
                before, index = self.expression(node.slice, scope)
                return before, self.element(node, index, scope)
            case ast.Call() if self.is_method(node, scope):
                return self._value_of(node, scope)
            case ast.Call():
                return self._builtin(node, scope)
            case ast.UnaryOp():
                self._truth_only = isinstance(node.op, ast.Not)
                before, [operand] = self.operands([node.operand], scope)
                return before, folded(ast.UnaryOp(node.op, operand))
            case ast.BinOp(op=ast.Pow()):
                return self._power(node, scope)
            case ast.BinOp() if not isinstance(node.op, ast.MatMult):
                before, [left, right] = self.operands([node.left, node.right], scope)
                return before, ast.BinOp(left, node.op, right)
            case ast.Compare(ops=[operator]) if is_word(node, self, scope):
                return [], word_test(node, operator, self, scope)
            case ast.Compare(ops=[ast.Is() | ast.IsNot()]):
                return [], null_test(node, self, scope)
            case ast.Compare(ops=[*operators]) if not any(isinstance(op, (ast.In, ast.NotIn)) for op in operators):
                if len(operators) > 1:
                    if any(
                        isinstance(inner, ast.Call) for middle in node.comparators[:-1] for inner in ast.walk(middle)
                    ):
                        raise scope.refusal(node, f"`{ast.unparse(node)}` calls in its middle; split it with `and`.")
                    return self.expression(chained(node), scope)
                check_no_text(node, self, scope)
                before, [left, other] = self.operands([node.left, node.comparators[0]], scope)
                return before, folded(ast.Compare(left, node.ops, [other]))
            case ast.BoolOp():
                return self._bool(node, scope, truth_only=truth_only)
            case ast.IfExp():
                return self._conditional(node, scope, truth_only=truth_only)
        raise scope.refusal(node)

    def _value_of(self, call: ast.Call, scope: Scope) -> tuple[list[ast.stmt], ast.expr]:
        result = self.temporary()
        body = self.call(call, scope, result)
        match body:
            case [*before, ast.Assign(targets=[ast.Name(id=name)], value=value)] if name == result:
                if not scope.of_strategy:  # of the engine's own text, so that a switch that is off folds away
                    return before, value
        return body, ast.Name(result, ast.Load())

    def operands(self, nodes: Sequence[ast.expr], scope: Scope) -> tuple[list[ast.stmt], list[ast.expr]]:
        """Lower operands that Python evaluates all, from left to right."""
        before: list[ast.stmt] = []
        flat: list[ast.expr] = []
        for node in nodes:
            more, value = self.expression(node, scope)
            if more:  # what stands to the left is evaluated first, as Python does
                for at, earlier in enumerate(flat):
                    if not isinstance(earlier, ast.Constant):
                        before.append(assign(local := self.temporary(), earlier))
                        flat[at] = ast.Name(local, ast.Load())
            before += more
            flat.append(value)
        return before, flat

    def _bool(self, node: ast.BoolOp, scope: Scope, *, truth_only: bool) -> tuple[list[ast.stmt], ast.expr]:
        terms: list[tuple[list[ast.stmt], ast.expr]] = []
        is_or = isinstance(node.op, ast.Or)
        for number, value in enumerate(node.values):
            before_it = ast.BoolOp(node.op, node.values[:number])
            with self.knowing(before_it, scope, holds=not is_or):
                self._truth_only = truth_only or (is_or and value is not node.values[-1])
                before, flat_value = self.expression(value, scope)
            decides = isinstance(flat_value, ast.Constant) and bool(flat_value.value) is is_or
            if not isinstance(flat_value, ast.Constant) or decides or value is node.values[-1] or before:
                terms.append((before, flat_value))
            if decides:
                break
        if len(terms) == 1:
            return terms[0]
        if not any(before for before, _ in terms[1:]):
            return terms[0][0], ast.BoolOp(node.op, [value for _, value in terms])
        result = self.temporary()
        name = ast.Name(result, ast.Load())
        test: ast.expr = name if isinstance(node.op, ast.And) else ast.UnaryOp(ast.Not(), name)
        flat: list[ast.stmt] = [*terms[-1][0], assign(result, terms[-1][1])]
        for before, value in reversed(terms[:-1]):
            flat = [*before, assign(result, value), ast.If(test, flat, [])]
        return flat, name

    def _conditional(self, node: ast.IfExp, scope: Scope, *, truth_only: bool) -> tuple[list[ast.stmt], ast.expr]:
        before, test = self.test(node.test, scope)
        if isinstance(test, ast.Constant):
            chosen, value = self.expression(node.body if test.value else node.orelse, scope)
            return before + chosen, value
        with self.knowing(node.test, scope, holds=True):
            self._truth_only = truth_only
            yes_before, yes = self.expression(node.body, scope)
        with self.knowing(node.test, scope, holds=False):
            self._truth_only = truth_only
            no_before, no = self.expression(node.orelse, scope)
        if not yes_before and not no_before:
            return before, ast.IfExp(test, yes, no)
        result = self.temporary()
        branch = ast.If(test, [*yes_before, assign(result, yes)], [*no_before, assign(result, no)])
        return [*before, branch], ast.Name(result, ast.Load())

    def _builtin(self, node: ast.Call, scope: Scope) -> tuple[list[ast.stmt], ast.expr]:
        called = scope.method.names.get(node.func.id) if isinstance(node.func, ast.Name) else None
        package = str(scope.method.names.get("__name__")).partition(".")[0]
        if isinstance(called, FunctionType) and called.__module__.partition(".")[0] == package:
            name = called.__name__
            raise scope.refusal(node, f"{name} is a function outside the class; a method, self.{name}(...), compiles.")
        if node.keywords:
            raise scope.refusal(node)
        before, values = self.operands(node.args, scope)
        if function := self._of_math(node.func, scope):
            return self._math(node, function, before, values, scope)
        name = node.func.id if isinstance(node.func, ast.Name) else ast.unparse(node.func)
        known = (*CONVERSIONS, "min", "max")
        if name not in known or name in scope.method.names or name in scope.names:
            why = f"'{name}' is not a function the compiled engine knows.{nearest(name, known)}"
            raise scope.refusal(node, f"'{name}' is another here than Python's own." if name in known else why)
        if name in ("min", "max") and len(values) > 1:
            return self._least_or_most(name, before, values)
        if name == "round" and len(values) == 2:  # noqa: PLR2004 - with its digits
            digits = values[1].value if isinstance(values[1], ast.Constant) else None
            if type(digits) is not int or not 0 <= digits <= MOST_DIGITS:
                why = f"`{ast.unparse(node)}`: the digits are a number from 0 to {MOST_DIGITS}."
                raise scope.refusal(node, why)
        elif name not in CONVERSIONS or len(values) != 1:
            raise scope.refusal(node)
        if name == "float":
            return before, ast.BinOp(ast.Constant(1.0), ast.Mult(), values[0])
        return before, ast.Call(ast.Name(name, ast.Load()), values, [])

    def _power(self, node: ast.BinOp, scope: Scope) -> tuple[list[ast.stmt], ast.expr]:
        before, [base, times] = self.operands([node.left, node.right], scope)
        if (constant := power_of(base, times)) is not None:
            return before, constant
        if is_small_power(times) and not isinstance(base, ast.Constant):
            before = [*before, assign(local := self.temporary(), base)]
            base = ast.Name(local, ast.Load())
        return before, ast.BinOp(base, ast.Pow(), times)

    def _of_math(self, function: ast.expr, scope: Scope) -> ast.Attribute | None:
        if isinstance(function, ast.Attribute):
            return function if self._free_name(function.value, scope) is math else None
        called = self._free_name(function, scope)
        name = getattr(called, "__name__", "")
        is_of_math = called is not None and vars(math).get(name) is called
        return ast.Attribute(ast.Name("math", ast.Load()), name, ast.Load()) if is_of_math else None

    def _math(
        self, node: ast.Call, function: ast.Attribute, before: list[ast.stmt], values: list[ast.expr], scope: Scope
    ) -> tuple[list[ast.stmt], ast.expr]:
        name = function.attr
        known = (*EXACT_MATH, *LIBRARY_MATH)
        if name not in known or len(values) != 1 + (name in ("copysign", *clibrary.TWO_OPERANDS)):
            close = f" Write `{INSTEAD[name]}`." if name in INSTEAD else nearest(name, known)
            what = f"`{ast.unparse(node)}`" if name in known else f"math.{name}"
            raise scope.refusal(node, f"{what} is not compiled.{close} Of math there is {', '.join(known)}.")
        if name in LIBRARY_MATH and not clibrary.as_python(name):
            raise scope.refusal(node, f"math.{name} of this Python is not that of the system's C library.")
        return before, ast.Call(function, values, [])

    def _least_or_most(
        self, name: str, before: list[ast.stmt], values: list[ast.expr]
    ) -> tuple[list[ast.stmt], ast.expr]:
        """Spell out Python's own rule, the first of equals and of a NaN, instead of trusting the machine's min."""
        flat = list(before)
        best = self._named(values[0], flat)
        for number, value in enumerate(values[1:], start=2):
            other = self._named(value, flat)
            better = ast.Compare(other, [ast.Lt() if name == "min" else ast.Gt()], [best])
            choice = ast.IfExp(better, other, best)
            choice.chooses = name  # type: ignore[attr-defined]
            best = choice if number == len(values) else self._named(choice, flat)
        return flat, best

    def _named(self, value: ast.expr, flat: list[ast.stmt]) -> ast.expr:
        """Return a value that can be read twice: a name or a constant as it is, all else under a name."""
        if isinstance(value, (ast.Name, ast.Constant)):
            return value
        flat.append(assign(name := self.temporary(), value))
        return ast.Name(name, ast.Load())

    def _name(self, node: ast.Name, scope: Scope) -> ast.expr:
        if node.id in scope.names:
            return copy(scope.names[node.id])
        if node.id in scope.parts:
            raise scope.refusal(
                node, f"`{node.id}` is passed on; a loop passes it to methods only, as in self.helper(m)."
            )
        value = scope.method.names.get(node.id)
        if type(value) in (bool, int, float):
            return ast.Constant(value)
        if isinstance(value, Number):
            kind = "int" if isinstance(value, Integral) else "float"
            why = f"'{node.id}' is a {type(value).__name__}, which may compute otherwise than Python's {kind}; write "
            raise scope.refusal(node, f"{why}{kind}(...) where it is set.")
        if node.id in scope.method.names or hasattr(builtins, node.id):
            raise scope.refusal(node, f"'{node.id}' is no number, which is all that a loop takes from outside.")
        known = [*scope.names, *(n for n, v in scope.method.names.items() if isinstance(v, (int, float)))]
        raise scope.error(node, f"unknown name '{node.id}'.{nearest(node.id, known)}")

    def _attribute(self, node: ast.Attribute, scope: Scope) -> ast.expr:
        part = self.part(node.value, scope)
        if part is None:
            holder = self._free_name(node.value, scope)
            constant = getattr(holder, node.attr, None) if holder is math else None
            if isinstance(constant, float):
                return ast.Constant(constant)
            raise scope.refusal(node, f"`{ast.unparse(node)}` is not a field of the market or of the strategy.")
        if node.attr not in part.scalars or (
            scope.of_strategy and part is not scope.owner and node.attr in part.hidden
        ):
            raise unknown_field(node, part, scope)
        if node.attr in part.words:
            raise scope.refusal(node, NO_NUMBER.format(ast.unparse(node)))
        if node.attr in part.constants:
            return ast.Constant(part.constants[node.attr])
        return part.local(node.attr)

    def element(self, node: ast.Subscript, index: ast.expr, scope: Scope) -> ast.Subscript:
        """Return an element of a column; of an array of the strategy's with its size, which its index is held to."""
        element = ast.Subscript(self.column(node.value, scope), index, node.ctx)
        if scope.of_strategy:
            part = self.part(node.value, scope)
            element.size = part.constants["size"] if part else 0  # type: ignore[attr-defined]
            element.line = line_number(scope.method, node.lineno)  # type: ignore[attr-defined]
            element.shown = ast.unparse(node)  # type: ignore[attr-defined]
        return element

    def column(self, node: ast.expr, scope: Scope) -> ast.expr:
        """Return the local that stands for a column: of the ticks, of the fills, of an array in memory."""
        part = self.part(node, scope)
        if part is not None and part.indexed:
            return part.local(part.indexed)
        if scope.of_strategy:
            raise scope.refusal(node, f"`{ast.unparse(node)}[...]` is outside what can be compiled.")
        if isinstance(node, ast.Name) and node.id in scope.names:
            return copy(scope.names[node.id])
        if isinstance(node, ast.Attribute) and (part := self.part(node.value, scope)) and node.attr in part.columns:
            return part.local(node.attr)
        raise scope.refusal(node, f"`{ast.unparse(node)}` is not a column.")

    def part(self, node: ast.expr, scope: Scope) -> Part | None:
        """Return the market or the strategy when that is what an expression names."""
        if isinstance(node, ast.Name):
            return scope.parts.get(node.id)
        if isinstance(node, ast.Attribute) and (holder := self.part(node.value, scope)) is not None:
            linked = holder.links.get(node.attr)
            return self._parts[linked] if linked else None
        return None

    def _free_name(self, node: ast.expr, scope: Scope) -> Any:
        free = isinstance(node, ast.Name) and node.id not in scope.names and node.id not in scope.parts
        return scope.method.names.get(node.id) if free and isinstance(node, ast.Name) else None

    def temporary(self) -> str:
        """Return a local that nothing else uses."""
        return f"kept_{self.count()}"

    def count(self) -> int:
        """Return the next number, so that no two locals made here share a name."""
        self._count += 1
        return self._count
