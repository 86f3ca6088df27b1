"""Expressions over the market and the strategy in, expressions over locals out, with the statements they need first."""

from __future__ import annotations

import ast
import math
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Final

from pipeline.engine.parts import Part, Scope, assign, error_at, refusal, unknown_field
from pipeline.errors import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CONVERSIONS: Final = ("abs", "int", "float")


class Expressions(ABC):
    """Lowers expressions; what stands to the left is evaluated first, and only what Python would evaluate."""

    def __init__(self, parts: Mapping[str, Part]) -> None:
        self._parts = dict(parts)
        self._made = 0

    @abstractmethod
    def call(self, call: ast.Call, scope: Scope, result: str | None) -> list[ast.stmt]:
        """Return the statements of a method's call; its value, if wanted, goes into the local `result`."""

    def is_method(self, call: ast.Call, scope: Scope) -> bool:
        """Tell whether a call is one of the market or of the strategy."""
        return isinstance(call.func, ast.Attribute) and self.part(call.func.value, scope) is not None

    def expression(self, node: ast.expr, scope: Scope) -> tuple[list[ast.stmt], ast.expr]:  # noqa: C901, PLR0911
        """Return the statements that come first, and the expression over locals."""
        match node:
            case ast.Constant(value=bool() | int() | float()):
                return [], node
            case ast.Name():
                return [], self._name(node, scope)
            case ast.Attribute():
                return [], self._attribute(node, scope)
            case ast.Subscript():
                before, index = self.expression(node.slice, scope)
                return before, ast.Subscript(self.column(node.value, scope), index, ast.Load())
            case ast.Call() if self.is_method(node, scope):
                result = self._temporary()
                return self.call(node, scope, result), ast.Name(result, ast.Load())
            case ast.Call():
                return self._builtin(node, scope)
            case ast.UnaryOp():
                before, [operand] = self.operands([node.operand], scope)
                return before, ast.UnaryOp(node.op, operand)
            case ast.BinOp() if not isinstance(node.op, (ast.Pow, ast.MatMult)):
                before, [left, right] = self.operands([node.left, node.right], scope)
                return before, ast.BinOp(left, node.op, right)
            case ast.Compare(ops=[ast.Is() | ast.IsNot()]):
                return [], self._none_test(node, scope)
            case ast.Compare(ops=[*operators]) if not any(isinstance(op, (ast.In, ast.NotIn)) for op in operators):
                before, [left, *others] = self.operands([node.left, *node.comparators], scope)
                return before, ast.Compare(left, node.ops, others)
            case ast.BoolOp():
                return self._bool(node, scope)
            case ast.IfExp():
                return self._conditional(node, scope)
        raise refusal(node, scope, f"`{ast.unparse(node)}` is outside what can be compiled.")

    def operands(self, nodes: Sequence[ast.expr], scope: Scope) -> tuple[list[ast.stmt], list[ast.expr]]:
        """Lower operands that Python evaluates all, from left to right."""
        before: list[ast.stmt] = []
        flat: list[ast.expr] = []
        for node in nodes:
            more, value = self.expression(node, scope)
            if more:  # what stands to the left is evaluated first, as Python does
                for at, earlier in enumerate(flat):
                    if not isinstance(earlier, ast.Constant):
                        before.append(assign(kept := self._temporary(), earlier))
                        flat[at] = ast.Name(kept, ast.Load())
            before += more
            flat.append(value)
        return before, flat

    def _bool(self, node: ast.BoolOp, scope: Scope) -> tuple[list[ast.stmt], ast.expr]:
        made = [self.expression(value, scope) for value in node.values]
        if not any(before for before, _ in made[1:]):
            return made[0][0], ast.BoolOp(node.op, [value for _, value in made])
        kept = self._temporary()
        name = ast.Name(kept, ast.Load())
        test: ast.expr = name if isinstance(node.op, ast.And) else ast.UnaryOp(ast.Not(), name)
        flat: list[ast.stmt] = [*made[-1][0], assign(kept, made[-1][1])]
        for before, value in reversed(made[:-1]):
            flat = [*before, assign(kept, value), ast.If(test, flat, [])]
        return flat, name

    def _conditional(self, node: ast.IfExp, scope: Scope) -> tuple[list[ast.stmt], ast.expr]:
        before, test = self.expression(node.test, scope)
        yes_before, yes = self.expression(node.body, scope)
        no_before, no = self.expression(node.orelse, scope)
        if not yes_before and not no_before:
            return before, ast.IfExp(test, yes, no)
        kept = self._temporary()
        branch = ast.If(test, [*yes_before, assign(kept, yes)], [*no_before, assign(kept, no)])
        return [*before, branch], ast.Name(kept, ast.Load())

    def _builtin(self, node: ast.Call, scope: Scope) -> tuple[list[ast.stmt], ast.expr]:
        if node.keywords:
            raise refusal(node, scope, f"`{ast.unparse(node)}` is outside what can be compiled.")
        before, values = self.operands(node.args, scope)
        if isinstance(node.func, ast.Attribute) and self._free_name(node.func.value, scope) is math:
            if callable(getattr(math, node.func.attr, None)):
                return before, ast.Call(node.func, values, [])
            raise refusal(node, scope, f"math has no '{node.func.attr}'.{nearest(node.func.attr, dir(math))}")
        name = node.func.id if isinstance(node.func, ast.Name) else ast.unparse(node.func)
        if name in CONVERSIONS and len(values) == 1:
            return before, ast.Call(ast.Name(name, ast.Load()), values, [])
        if name in ("min", "max") and len(values) > 1:
            return self._least_or_most(name, before, values)
        known = (*CONVERSIONS, "min", "max")
        raise refusal(node, scope, f"'{name}' is not a function the compiled engine knows.{nearest(name, known)}")

    def _least_or_most(
        self, name: str, before: list[ast.stmt], values: list[ast.expr]
    ) -> tuple[list[ast.stmt], ast.expr]:
        """Spell out Python's own rule, the first of equals and of a NaN, instead of trusting the machine's min."""
        kept = self._temporary()
        best = ast.Name(kept, ast.Load())
        flat = [*before, assign(kept, values[0])]
        for value in values[1:]:
            flat.append(assign(rival := self._temporary(), value))
            other = ast.Name(rival, ast.Load())
            better = ast.Compare(other, [ast.Lt() if name == "min" else ast.Gt()], [best])
            flat.append(assign(kept, ast.IfExp(better, other, best)))
        return flat, best

    def _none_test(self, node: ast.Compare, scope: Scope) -> ast.expr:
        target, against = node.left, node.comparators[0]
        if isinstance(target, ast.Attribute) and isinstance(against, ast.Constant) and against.value is None:
            part = self.part(target.value, scope)
            if part is not None and target.attr in part.optional:
                given = ast.Name(f"{part.prefix}{target.attr}_given", ast.Load())
                return given if isinstance(node.ops[0], ast.IsNot) else ast.UnaryOp(ast.Not(), given)
        raise refusal(node, scope, f"`{ast.unparse(node)}`: only a parameter that may be null is compared with None.")

    def _name(self, node: ast.Name, scope: Scope) -> ast.expr:
        if node.id in scope.names:
            return ast.Name(scope.names[node.id], ast.Load())
        value = scope.method.names.get(node.id)
        if isinstance(value, (bool, int, float)):
            return ast.Constant(value)
        known = [*scope.names, *scope.parts, *(n for n, v in scope.method.names.items() if isinstance(v, (int, float)))]
        raise error_at(node, scope, f"unknown name '{node.id}'.{nearest(node.id, known)}")

    def _attribute(self, node: ast.Attribute, scope: Scope) -> ast.expr:
        part = self.part(node.value, scope)
        if part is None:
            holder = self._free_name(node.value, scope)
            constant = getattr(holder, node.attr, None) if holder is math else None
            if isinstance(constant, float):
                return ast.Constant(constant)
            raise refusal(node, scope, f"`{ast.unparse(node)}` is not a field of the market or of the strategy.")
        if node.attr not in part.scalars:
            raise unknown_field(node, part, scope)
        return ast.Name(part.prefix + node.attr, ast.Load())

    def column(self, node: ast.expr, scope: Scope) -> ast.expr:
        """Return the local that stands for a column of the ticks or of the fills."""
        if isinstance(node, ast.Name) and node.id in scope.names:
            return ast.Name(scope.names[node.id], ast.Load())
        if isinstance(node, ast.Attribute) and (part := self.part(node.value, scope)) and node.attr in part.columns:
            return ast.Name(part.prefix + node.attr, ast.Load())
        raise refusal(node, scope, f"`{ast.unparse(node)}` is not a column.")

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

    def _temporary(self) -> str:
        return f"kept_{self.count()}"

    def count(self) -> int:
        """Return the next number, so that no two locals made here share a name."""
        self._made += 1
        return self._made
