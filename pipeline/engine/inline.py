"""Method bodies as `ast` in, flat statements over local variables out: calls on the market and the strategy are inlined.

`self.x` and `m.y` become locals, a call of a method becomes its body, a return a way out of that body. The subset of
Python that goes in is stated here, once: assignments, if, while, for over range, return, break, continue, pass;
arithmetic, comparisons, and, or, not, conditional expressions; min, max, abs, int, float and `math`.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

from pipeline.errors import StrategyError, nearest

CONVERSIONS: Final = ("abs", "int", "float")
SUBSET: Final = (
    "The compiled engine takes assignments, if, while, for over range, arithmetic, comparisons, "
    "min, max, abs, int, float and math; run anything else with --engine python."
)


@dataclass(frozen=True, slots=True)
class Method:
    """A function's definition with what its free names mean and the file it stands in."""

    definition: ast.FunctionDef
    names: Mapping[str, Any]
    file: str


@dataclass(frozen=True, slots=True)
class Part:
    """One of the two objects a loop is made from, by the prefix its fields carry as locals."""

    prefix: str
    label: str
    scalars: frozenset[str]
    columns: frozenset[str]
    optional: frozenset[str]
    frozen: frozenset[str]
    methods: Mapping[str, Method]
    links: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Scope:
    method: Method
    names: dict[str, str]
    parts: dict[str, Part]
    owner: Part | None
    suffix: str
    result: str | None
    loops: int = 0
    left_early: str | None = None
    needs_way_out: bool = False


class Inliner:
    """Flattens one method and all it calls."""

    def __init__(self, parts: Mapping[str, Part], verbs: frozenset[str]) -> None:
        self._parts = dict(parts)
        self._verbs = verbs
        self._made = 0
        self._open: list[ast.FunctionDef] = []

    def body(
        self, method: Method, parts: Mapping[str, Part], names: Mapping[str, str], owner: Part | None, result: str | None
    ) -> list[ast.stmt]:
        """Return the flat statements of `method`, its parameters bound to parts and to locals."""
        if method.definition in self._open:
            raise StrategyError(f"{method.file}, line {method.definition.lineno}: {method.definition.name} calls itself.")
        scope = _Scope(method, dict(names), dict(parts), owner, f"_{self._count()}", result)
        statements = method.definition.body
        if statements and isinstance(statements[-1], ast.Return):
            tail: ast.Return | None = statements[-1]
            statements = statements[:-1]
        else:
            tail = None
        self._open.append(method.definition)
        flat = self._block(statements, scope)
        if tail is not None:
            flat += self._result(tail, scope)
        self._open.pop()
        if scope.needs_way_out:
            flat = [ast.While(ast.Constant(True), [*flat, ast.Break()], [])]
        if scope.left_early:
            flat.insert(0, _assign(scope.left_early, ast.Constant(False)))
        return flat

    # Statements

    def _block(self, statements: Iterable[ast.stmt], scope: _Scope) -> list[ast.stmt]:
        flat: list[ast.stmt] = []
        for statement in statements:
            made = self._statement(statement, scope)
            for node in made:
                _mark(node, scope.method.file, statement.lineno)
            flat += made
        return flat

    def _statement(self, node: ast.stmt, scope: _Scope) -> list[ast.stmt]:  # noqa: C901, PLR0911 - one arm a statement
        match node:
            case ast.Pass() | ast.Expr(value=ast.Constant()):
                return []
            case ast.Break() | ast.Continue():
                return [node]
            case ast.Return():
                return self._early_return(node, scope)
            case ast.Assign(targets=[target]):
                return self._store(target, node.value, scope)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                return self._store(target, value, scope)
            case ast.AugAssign(target=ast.Name() | ast.Attribute() as target):
                read = _reading(target)
                return self._store(target, ast.copy_location(ast.BinOp(read, node.op, node.value), node), scope)
            case ast.Expr(value=ast.Call() as call):
                return self._call(call, scope, result=None)
            case ast.If():
                before, test = self._expression(node.test, scope)
                body = self._block(node.body, scope) or [ast.Pass()]
                return [*before, ast.If(test, body, self._block(node.orelse, scope))]
            case ast.While(orelse=[]):
                return self._while(node, scope)
            case ast.For(target=ast.Name(), orelse=[], iter=ast.Call(func=ast.Name(id="range"), keywords=[])):
                return self._for(node, scope)
        self._refuse(node, scope, f"`{ast.unparse(node).splitlines()[0]}` is outside what can be compiled.")

    def _store(self, target: ast.expr, value: ast.expr, scope: _Scope) -> list[ast.stmt]:
        if isinstance(target, ast.Subscript):
            before, index = self._expression(target.slice, scope)
            more, flat_value = self._expression(value, scope)
            column = ast.Subscript(self._column(target.value, scope), index, ast.Store())
            return [*before, *more, ast.Assign([column], flat_value)]
        name = self._target(target, scope)
        if isinstance(value, ast.Call) and self._is_method(value, scope):
            return self._call(value, scope, result=name)
        before, flat_value = self._expression(value, scope)
        return [*before, _assign(name, flat_value)]

    def _target(self, target: ast.expr, scope: _Scope) -> str:
        if isinstance(target, ast.Name):
            if target.id in scope.parts:
                self._refuse(target, scope, f"`{target.id}` cannot be assigned to.")
            return scope.names.setdefault(target.id, target.id + scope.suffix)
        if isinstance(target, ast.Attribute) and (part := self._part(target.value, scope)) is not None:
            if scope.owner is not None and part is not scope.owner:
                self._refuse(target, scope, f"`{ast.unparse(target)}` can be read, not assigned to.")
            if target.attr in part.frozen:
                self._refuse(target, scope, f"{target.attr} is a parameter; it keeps its value for the whole run.")
            if target.attr not in part.scalars:
                self._unknown(target, part, scope)
            return part.prefix + target.attr
        self._refuse(target, scope, f"`{ast.unparse(target)}` cannot be assigned to.")

    def _early_return(self, node: ast.Return, scope: _Scope) -> list[ast.stmt]:
        scope.needs_way_out = True
        made = self._result(node, scope)
        if scope.loops:
            scope.left_early = f"left{scope.suffix}"
            made.append(_assign(scope.left_early, ast.Constant(True)))
        return [*made, ast.Break()]

    def _result(self, node: ast.Return, scope: _Scope) -> list[ast.stmt]:
        if node.value is None or scope.result is None:
            return []
        before, value = self._expression(node.value, scope)
        return [*before, _assign(scope.result, value)]

    def _while(self, node: ast.While, scope: _Scope) -> list[ast.stmt]:
        before, test = self._expression(node.test, scope)
        scope.loops += 1
        body = self._block(node.body, scope) or [ast.Pass()]
        scope.loops -= 1
        if before:
            body = [*before, ast.If(ast.UnaryOp(ast.Not(), test), [ast.Break()], []), *body]
            test = ast.Constant(True)
        return [ast.While(test, body, []), *_leave(scope)]

    def _for(self, node: ast.For, scope: _Scope) -> list[ast.stmt]:
        assert isinstance(node.iter, ast.Call)  # noqa: S101 - matched by the caller
        before, bounds = self._operands(node.iter.args, scope)
        target = ast.Name(self._target(node.target, scope), ast.Store())
        scope.loops += 1
        body = self._block(node.body, scope) or [ast.Pass()]
        scope.loops -= 1
        span = ast.Call(ast.Name("range", ast.Load()), bounds, [])
        return [*before, ast.For(target, span, body, []), *_leave(scope)]

    # Calls of methods

    def _is_method(self, call: ast.Call, scope: _Scope) -> bool:
        return isinstance(call.func, ast.Attribute) and self._part(call.func.value, scope) is not None

    def _call(self, call: ast.Call, scope: _Scope, result: str | None) -> list[ast.stmt]:
        if not (isinstance(call.func, ast.Attribute) and (part := self._part(call.func.value, scope)) is not None):
            self._refuse(call, scope, f"`{ast.unparse(call)}` does nothing the engine knows.")
        name = call.func.attr
        foreign = part is not scope.owner and scope.owner is not None and scope.owner.prefix == "s_"
        known = self._verbs if foreign else part.methods.keys()
        if name not in known or name not in part.methods:
            raise self._error(call, scope, f"{part.label} has no method '{name}'.{nearest(name, known)}")
        method = part.methods[name]
        parameters = [argument.arg for argument in method.definition.args.args]
        given = [*call.args, *self._keywords(call, parameters, scope)]
        if len(given) != len(parameters) - 1:
            wanted = ", ".join(parameters[1:]) or "nothing"
            self._refuse(call, scope, f"{name} takes {wanted}; {len(given)} given.")
        parts = {parameters[0]: part}
        names: dict[str, str] = {}
        before: list[ast.stmt] = []
        call_number = self._count()
        for parameter, value in zip(parameters[1:], given, strict=True):
            if (passed := self._part(value, scope)) is not None:
                parts[parameter] = passed
                continue
            more, flat = self._expression(value, scope)
            names[parameter] = f"{parameter}_{call_number}"
            before += [*more, _assign(names[parameter], flat)]
        return [*before, *self.body(method, parts, names, part, result)]

    def _keywords(self, call: ast.Call, parameters: Sequence[str], scope: _Scope) -> list[ast.expr]:
        by_name = {keyword.arg: keyword.value for keyword in call.keywords}
        wanted = parameters[1 + len(call.args) :][: len(by_name)]
        if set(by_name) != set(wanted):
            self._refuse(call, scope, f"`{ast.unparse(call)}`: its arguments are {', '.join(parameters[1:])}.")
        return [by_name[name] for name in wanted]

    # Expressions

    def _expression(self, node: ast.expr, scope: _Scope) -> tuple[list[ast.stmt], ast.expr]:  # noqa: C901, PLR0911
        match node:
            case ast.Constant(value=bool() | int() | float()):
                return [], node
            case ast.Name():
                return [], self._name(node, scope)
            case ast.Attribute():
                return [], self._attribute(node, scope)
            case ast.Subscript():
                before, index = self._expression(node.slice, scope)
                return before, ast.Subscript(self._column(node.value, scope), index, ast.Load())
            case ast.Call() if self._is_method(node, scope):
                result = self._temporary()
                return self._call(node, scope, result), ast.Name(result, ast.Load())
            case ast.Call():
                return self._builtin(node, scope)
            case ast.UnaryOp():
                before, [operand] = self._operands([node.operand], scope)
                return before, ast.UnaryOp(node.op, operand)
            case ast.BinOp() if not isinstance(node.op, (ast.Pow, ast.MatMult)):
                before, [left, right] = self._operands([node.left, node.right], scope)
                return before, ast.BinOp(left, node.op, right)
            case ast.Compare(ops=[ast.Is() | ast.IsNot()]):
                return [], self._none_test(node, scope)
            case ast.Compare(ops=[*operators]) if not any(isinstance(op, (ast.In, ast.NotIn)) for op in operators):
                before, [left, *others] = self._operands([node.left, *node.comparators], scope)
                return before, ast.Compare(left, node.ops, others)
            case ast.BoolOp():
                return self._bool(node, scope)
            case ast.IfExp():
                return self._conditional(node, scope)
        self._refuse(node, scope, f"`{ast.unparse(node)}` is outside what can be compiled.")

    def _operands(self, nodes: Sequence[ast.expr], scope: _Scope) -> tuple[list[ast.stmt], list[ast.expr]]:
        before: list[ast.stmt] = []
        flat: list[ast.expr] = []
        for node in nodes:
            more, value = self._expression(node, scope)
            if more:  # what stands to the left is evaluated first, as Python does
                for at, earlier in enumerate(flat):
                    if not isinstance(earlier, ast.Constant):
                        before.append(_assign(kept := self._temporary(), earlier))
                        flat[at] = ast.Name(kept, ast.Load())
            before += more
            flat.append(value)
        return before, flat

    def _bool(self, node: ast.BoolOp, scope: _Scope) -> tuple[list[ast.stmt], ast.expr]:
        made = [self._expression(value, scope) for value in node.values]
        if not any(before for before, _ in made[1:]):
            return made[0][0], ast.BoolOp(node.op, [value for _, value in made])
        kept = self._temporary()
        name = ast.Name(kept, ast.Load())
        test: ast.expr = name if isinstance(node.op, ast.And) else ast.UnaryOp(ast.Not(), name)
        flat: list[ast.stmt] = [*made[-1][0], _assign(kept, made[-1][1])]
        for before, value in reversed(made[:-1]):
            flat = [*before, _assign(kept, value), ast.If(test, flat, [])]
        return flat, name

    def _conditional(self, node: ast.IfExp, scope: _Scope) -> tuple[list[ast.stmt], ast.expr]:
        before, test = self._expression(node.test, scope)
        yes_before, yes = self._expression(node.body, scope)
        no_before, no = self._expression(node.orelse, scope)
        if not yes_before and not no_before:
            return before, ast.IfExp(test, yes, no)
        kept = self._temporary()
        branch = ast.If(test, [*yes_before, _assign(kept, yes)], [*no_before, _assign(kept, no)])
        return [*before, branch], ast.Name(kept, ast.Load())

    def _builtin(self, node: ast.Call, scope: _Scope) -> tuple[list[ast.stmt], ast.expr]:
        if node.keywords:
            self._refuse(node, scope, f"`{ast.unparse(node)}` is outside what can be compiled.")
        before, values = self._operands(node.args, scope)
        if isinstance(node.func, ast.Attribute) and self._free_name(node.func.value, scope) is math:
            if callable(getattr(math, node.func.attr, None)):
                return before, ast.Call(node.func, values, [])
            self._refuse(node, scope, f"math has no '{node.func.attr}'.{nearest(node.func.attr, dir(math))}")
        name = node.func.id if isinstance(node.func, ast.Name) else ast.unparse(node.func)
        if name in CONVERSIONS and len(values) == 1:
            return before, ast.Call(ast.Name(name, ast.Load()), values, [])
        if name in ("min", "max") and len(values) > 1:
            return self._least_or_most(name, before, values)
        known = (*CONVERSIONS, "min", "max")
        self._refuse(node, scope, f"'{name}' is not a function the compiled engine knows.{nearest(name, known)}")

    def _least_or_most(
        self, name: str, before: list[ast.stmt], values: list[ast.expr]
    ) -> tuple[list[ast.stmt], ast.expr]:
        """Spell out Python's own rule, the first of equals and of a NaN, instead of trusting the machine's min."""
        kept = self._temporary()
        best = ast.Name(kept, ast.Load())
        flat = [*before, _assign(kept, values[0])]
        for value in values[1:]:
            flat.append(_assign(rival := self._temporary(), value))
            other = ast.Name(rival, ast.Load())
            better = ast.Compare(other, [ast.Lt() if name == "min" else ast.Gt()], [best])
            flat.append(_assign(kept, ast.IfExp(better, other, best)))
        return flat, best

    def _none_test(self, node: ast.Compare, scope: _Scope) -> ast.expr:
        target, against = node.left, node.comparators[0]
        if isinstance(target, ast.Attribute) and isinstance(against, ast.Constant) and against.value is None:
            part = self._part(target.value, scope)
            if part is not None and target.attr in part.optional:
                given = ast.Name(f"{part.prefix}{target.attr}_given", ast.Load())
                return given if isinstance(node.ops[0], ast.IsNot) else ast.UnaryOp(ast.Not(), given)
        self._refuse(node, scope, f"`{ast.unparse(node)}`: only a parameter that may be null is compared with None.")

    def _name(self, node: ast.Name, scope: _Scope) -> ast.expr:
        if node.id in scope.names:
            return ast.Name(scope.names[node.id], ast.Load())
        value = scope.method.names.get(node.id)
        if isinstance(value, (bool, int, float)):
            return ast.Constant(value)
        known = [*scope.names, *scope.parts, *(n for n, v in scope.method.names.items() if isinstance(v, (int, float)))]
        raise self._error(node, scope, f"unknown name '{node.id}'.{nearest(node.id, known)}")

    def _attribute(self, node: ast.Attribute, scope: _Scope) -> ast.expr:
        part = self._part(node.value, scope)
        if part is None:
            holder = self._free_name(node.value, scope)
            constant = getattr(holder, node.attr, None) if holder is math else None
            if isinstance(constant, float):
                return ast.Constant(constant)
            self._refuse(node, scope, f"`{ast.unparse(node)}` is not a field of the market or of the strategy.")
        if node.attr not in part.scalars:
            self._unknown(node, part, scope)
        return ast.Name(part.prefix + node.attr, ast.Load())

    def _column(self, node: ast.expr, scope: _Scope) -> ast.expr:
        if isinstance(node, ast.Name) and node.id in scope.names:
            return ast.Name(scope.names[node.id], ast.Load())
        if isinstance(node, ast.Attribute) and (part := self._part(node.value, scope)) and node.attr in part.columns:
            return ast.Name(part.prefix + node.attr, ast.Load())
        self._refuse(node, scope, f"`{ast.unparse(node)}` is not a column.")

    def _part(self, node: ast.expr, scope: _Scope) -> Part | None:
        if isinstance(node, ast.Name):
            return scope.parts.get(node.id)
        if isinstance(node, ast.Attribute) and (holder := self._part(node.value, scope)) is not None:
            linked = holder.links.get(node.attr)
            return self._parts[linked] if linked else None
        return None

    def _free_name(self, node: ast.expr, scope: _Scope) -> Any:
        free = isinstance(node, ast.Name) and node.id not in scope.names and node.id not in scope.parts
        return scope.method.names.get(node.id) if free and isinstance(node, ast.Name) else None

    def _temporary(self) -> str:
        return f"kept_{self._count()}"

    def _count(self) -> int:
        self._made += 1
        return self._made

    # Refusals

    def _unknown(self, node: ast.Attribute, part: Part, scope: _Scope) -> NoReturn:
        known = sorted(part.scalars | part.methods.keys())
        raise self._error(node, scope, f"{part.label} has no '{node.attr}'.{nearest(node.attr, known)}")

    def _refuse(self, node: ast.expr | ast.stmt, scope: _Scope, why: str) -> NoReturn:
        raise self._error(node, scope, f"{why} {SUBSET}")

    @staticmethod
    def _error(node: ast.expr | ast.stmt, scope: _Scope, why: str) -> StrategyError:
        return StrategyError(f"{scope.method.file}, line {node.lineno}: {why}")


def _assign(name: str, value: ast.expr) -> ast.stmt:
    return ast.Assign([ast.Name(name, ast.Store())], value)


def _reading(target: ast.Name | ast.Attribute) -> ast.expr:
    if isinstance(target, ast.Name):
        return ast.copy_location(ast.Name(target.id, ast.Load()), target)
    return ast.copy_location(ast.Attribute(target.value, target.attr, ast.Load()), target)


def _leave(scope: _Scope) -> list[ast.stmt]:
    if scope.left_early is None:
        return []
    return [ast.If(ast.Name(scope.left_early, ast.Load()), [ast.Break()], [])]


def _mark(node: ast.stmt, file: str, line: int) -> None:
    for inner in ast.walk(node):
        if isinstance(inner, ast.stmt) and not hasattr(inner, "origin"):
            inner.origin = (file, line)  # type: ignore[attr-defined]
