"""Emits LLVM's text for expressions over numbers, each name of one kind throughout.

Whole numbers have 64 bits and wrap, floats are doubles, nothing is reordered; a division by zero of floats gives what
IEEE says. What could trap is evaluated only where Python would.
"""

from __future__ import annotations

import ast
import math
import struct
from typing import TYPE_CHECKING, Final, TypeAlias

from pipeline.native import clibrary
from pipeline.native.kinds import (
    BITS,
    ELEMENTS,
    IS,
    LOWEST_BIT,
    TO_WHOLE,
    TYPES,
    Kind,
    Kinds,
    Signature,
    called,
    joined,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Value: TypeAlias = tuple[Kind, str]
"""The kind of a number and what stands for it in the text."""

ARITHMETIC: Final[Mapping[type, tuple[str, str]]] = {
    ast.Add: ("add", "fadd"),
    ast.Sub: ("sub", "fsub"),
    ast.Mult: ("mul", "fmul"),
}
COMPARISONS: Final[Mapping[type, tuple[str, str]]] = {
    ast.Eq: ("eq", "oeq"),
    ast.NotEq: ("ne", "une"),
    ast.Lt: ("slt", "olt"),
    ast.LtE: ("sle", "ole"),
    ast.Gt: ("sgt", "ogt"),
    ast.GtE: ("sge", "oge"),
}


class Expressions(Kinds):
    """What the expressions of one function become."""

    def __init__(
        self, node: ast.FunctionDef, signatures: Mapping[str, Signature], constants: Mapping[str, int]
    ) -> None:
        super().__init__(node, signatures, constants)
        self._lines: list[str] = []
        self._count = 0
        self._block = "entry"
        self._ended = False

    def _value(self, node: ast.expr) -> Value:  # noqa: C901, PLR0911, PLR0912 - one arm a kind of expression
        match node:
            case ast.Constant(value=bool() | int() | float() as value):
                return _constant(value)
            case ast.Name(id=name) if name in self._constants:
                return _constant(self._constants[name])
            case ast.Name(id=name):
                kind: Kind = self._kinds[name]
                return kind, self._new(f'load {TYPES[kind]}, ptr %"{name}"')
            case ast.Attribute(attr=name):
                return _constant(float(getattr(math, name)))
            case ast.Subscript():
                return self._loaded(node)
            case ast.UnaryOp(op=ast.Not()):
                return "bool", self._new(f"xor i1 {self._truth(node.operand)}, true")
            case ast.UnaryOp(op=ast.USub()):
                of, operand = self._number(node.operand)
                return of, self._new(f"fneg double {operand}" if of == "float" else f"sub i64 0, {operand}")
            case ast.UnaryOp(op=ast.Invert()):
                return "int", self._new(f"xor i64 {self._as('int', self._value(node.operand))}, -1")
            case ast.UnaryOp():
                return self._number(node.operand)
            case ast.BinOp():
                return self._operation(node)
            case ast.Compare(left=left, ops=[ast.In()], comparators=[ast.Tuple(elts=members)]):
                return self._any_or_all(ast.BoolOp(ast.Or(), [ast.Compare(left, [ast.Eq()], [one]) for one in members]))
            case ast.Compare(left=left, ops=[ast.NotIn()], comparators=members):
                return self._value(ast.UnaryOp(ast.Not(), ast.Compare(left, [ast.In()], members)))
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                return self._compared(type(op), self._value(left), self._value(right))
            case ast.Compare(left=left, ops=ops, comparators=comparators):
                pairs = zip([left, *comparators], ops, comparators, strict=False)
                return self._any_or_all(ast.BoolOp(ast.And(), [ast.Compare(a, [op], [b]) for a, op, b in pairs]))
            case ast.BoolOp():
                return self._any_or_all(node)
            case ast.IfExp():
                return self._chosen(node)
            case ast.Call(func=func, args=values):
                return self._called(called(func), values)
        raise AssertionError(ast.unparse(node))

    def _truth(self, node: ast.expr) -> str:
        return self._as("bool", self._value(node))

    def _number(self, node: ast.expr) -> Value:
        kind, value = self._value(node)
        return ("int", self._as("int", (kind, value))) if kind == "bool" else (kind, value)

    def _as(self, kind: str, given: Value) -> str:  # noqa: PLR0911 - one arm a conversion
        """Return a value as one of another kind."""
        of, value = given
        match of, kind:
            case ("bool", "int"):
                return self._new(f"zext i1 {value} to i64")
            case ("bool", "float"):
                return self._new(f"uitofp i1 {value} to double")
            case ("int", "float"):
                return self._new(f"sitofp i64 {value} to double")
            case ("int", "bool"):
                return self._new(f"icmp ne i64 {value}, 0")
            case ("float", "bool"):
                return self._new(f"fcmp une double {value}, 0.0")
            case ("float", "int"):
                return self._new(f"fptosi double {value} to i64")
        return value

    def _loaded(self, node: ast.Subscript) -> Value:
        at, kind = self._element(node)
        loaded = self._new(f"load {kind}, ptr {at}")
        assert isinstance(node.value, ast.Name)  # noqa: S101 - of our own text
        widening = ELEMENTS[self._columns[node.value.id]][1]
        if kind == "double":
            return "float", loaded
        return "int", self._new(f"{widening} {kind} {loaded} to i64") if widening else loaded

    def _element(self, node: ast.Subscript) -> tuple[str, str]:
        """Return where an element of a column stands, and its type."""
        assert isinstance(node.value, ast.Name)  # noqa: S101 - of our own text
        kind = ELEMENTS[self._columns[node.value.id]][0]
        column, index = f'%"{node.value.id}_given"', node.slice
        match index:
            case ast.BinOp(left=ast.Constant(value=int() as first), op=ast.Add(), right=from_first):
                # A sum of its own would become bits joined, which no processor's addresses do.
                column, index = self._new(f"getelementptr inbounds {kind}, ptr {column}, i64 {first}"), from_first
        at = self._as("int", self._value(index))
        return self._new(f"getelementptr inbounds {kind}, ptr {column}, i64 {at}"), kind

    def _operation(self, node: ast.BinOp) -> Value:
        left, right, op = self._value(node.left), self._value(node.right), type(node.op)
        if op in BITS:
            if left[0] == right[0] == "bool":
                return "bool", self._new(f"{BITS[op]} i1 {left[1]}, {right[1]}")
            return "int", self._new(f"{BITS[op]} i64 {self._as('int', left)}, {self._as('int', right)}")
        if op is ast.Div or "float" in (left[0], right[0]):
            a, b = self._as("float", left), self._as("float", right)
            if op in (ast.Mod, ast.FloorDiv):
                name = "float_rest" if op is ast.Mod else "float_floored"
                return "float", self._new(f"call double @{name}(double {a}, double {b})")
            return "float", self._new(f"{'fdiv' if op is ast.Div else ARITHMETIC[op][1]} double {a}, {b}")
        a, b = self._as("int", left), self._as("int", right)
        if op in (ast.Mod, ast.FloorDiv):
            return "int", self._new(f"call i64 @{'rest' if op is ast.Mod else 'floored'}(i64 {a}, i64 {b})")
        return "int", self._new(f"{ARITHMETIC[op][0]} i64 {a}, {b}")

    def _compared(self, op: type, left: Value, right: Value) -> Value:
        of_whole, of_floats = COMPARISONS[op]
        if "float" in (left[0], right[0]):
            return "bool", self._new(f"fcmp {of_floats} double {self._as('float', left)}, {self._as('float', right)}")
        return "bool", self._new(f"icmp {of_whole} i64 {self._as('int', left)}, {self._as('int', right)}")

    def _any_or_all(self, node: ast.BoolOp) -> Value:
        """Evaluate operands until one decides, which is the value, as in Python."""
        kind = self._kind(node)
        assert kind is not None  # noqa: S101 - inferred before
        after, arms = self._label(), []
        for operand in node.values:
            value = self._value(operand)
            arms.append(f"[ {self._as(kind, value)}, %{self._block} ]")
            if operand is node.values[-1]:
                break
            test, following = self._as("bool", value), self._label()
            yes, no = (following, after) if isinstance(node.op, ast.And) else (after, following)
            self._emit(f"br i1 {test}, label %{yes}, label %{no}")
            self._begin(following)
        self._jump(after)
        self._begin(after)
        return kind, self._new(f"phi {TYPES[kind]} {', '.join(arms)}")

    def _chosen(self, node: ast.IfExp) -> Value:
        kind = self._kind(node)
        assert kind is not None  # noqa: S101 - inferred before
        test = self._truth(node.test)
        if _is_plain(node.body) and _is_plain(node.orelse):
            yes, no = self._as(kind, self._value(node.body)), self._as(kind, self._value(node.orelse))
            return kind, self._new(f"select i1 {test}, {TYPES[kind]} {yes}, {TYPES[kind]} {no}")
        first, second, after, arms = self._label(), self._label(), self._label(), []
        self._emit(f"br i1 {test}, label %{first}, label %{second}")
        for label, value in ((first, node.body), (second, node.orelse)):
            self._begin(label)
            arms.append(f"[ {self._as(kind, self._value(value))}, %{self._block} ]")
            self._jump(after)
        self._begin(after)
        return kind, self._new(f"phi {TYPES[kind]} {', '.join(arms)}")

    def _called(self, name: str, nodes: Sequence[ast.expr]) -> Value:  # noqa: PLR0911 - one arm a kind of function
        if name in self._signatures:
            return self._own(name, nodes)
        values = [self._number(node) for node in nodes]
        if name in ("min", "max"):
            return self._least_or_most(name, values)
        if name == "abs" and values[0][0] == "int":
            return "int", self._new(f"call i64 @llvm.abs.i64(i64 {values[0][1]}, i1 false)")
        if name == LOWEST_BIT:
            return "int", self._new(f"call i64 @llvm.cttz.i64(i64 {values[0][1]}, i1 true)")
        floats = [self._as("float", value) for value in values]
        if name == "int":
            return "int", self._as("int", values[0])
        if name in TO_WHOLE:
            whole = self._new(f"call double @llvm.{TO_WHOLE[name]}.f64(double {floats[0]})")
            return "int", values[0][1] if values[0][0] == "int" else self._as("int", ("float", whole))
        if name in IS:
            size = self._new(f"call double @llvm.fabs.f64(double {floats[0]})")
            test = {"isnan": "uno", "isinf": "oeq", "isfinite": "one"}[name]
            return "bool", self._new(f"fcmp {test} double {size}, {_constant(math.inf)[1]}")
        taken = ", ".join(f"double {value}" for value in floats)
        known = clibrary.symbol(name) if name in clibrary.FUNCTIONS else f"llvm.{'fabs' if name == 'abs' else name}.f64"
        return "float", self._new(f"call double @{known}({taken})")

    def _own(self, name: str, nodes: Sequence[ast.expr]) -> Value:
        signature = self._signatures[name]
        taken = []
        flat = [value for node in nodes for value in (_members(node) if isinstance(node, ast.Starred) else [node])]
        for kind, of_type, node in zip(signature.takes, signature.taken, flat, strict=True):
            if kind in ELEMENTS:
                assert isinstance(node, ast.Name)  # noqa: S101 - of our own text
                taken.append(f'ptr %"{node.id}_given"')
            else:
                taken.append(f"{of_type} {self._as(kind, self._value(node))}")
        call = f"call {signature.returned} @of_{name}({', '.join(taken)})"
        if signature.returns == ("void",):
            self._emit(call)
            return "int", "0"
        return signature.returns[0], self._new(call)  # type: ignore[return-value]

    def _least_or_most(self, name: str, values: Sequence[Value]) -> Value:
        """Python's own rule: the first of equals."""
        best = values[0]
        for value in values[1:]:
            kind = joined(best[0], value[0])
            _, better = self._compared(ast.Lt if name == "min" else ast.Gt, value, best)
            rival, standing = self._as(kind, value), self._as(kind, best)
            best = kind, self._new(f"select i1 {better}, {TYPES[kind]} {rival}, {TYPES[kind]} {standing}")
        return best

    # Text

    def _emit(self, line: str) -> None:
        self._lines.append("  " + line)

    def _new(self, operation: str) -> str:
        self._count += 1
        name = f"%v{self._count}"
        self._emit(f"{name} = {operation}")
        return name

    def _label(self) -> str:
        self._count += 1
        return f"b{self._count}"

    def _begin(self, label: str) -> None:
        self._lines.append(f"{label}:")
        self._block = label
        self._ended = False

    def _jump(self, label: str) -> None:
        """End the block, unless it has ended."""
        if not self._ended:
            self._emit(f"br label %{label}")
        self._ended = True


def _constant(value: float) -> Value:
    if isinstance(value, bool):
        return "bool", "true" if value else "false"
    if isinstance(value, int):
        return "int", str(value)
    return "float", "0x" + struct.pack(">d", value).hex().upper()


def _is_plain(node: ast.expr) -> bool:
    """Tell whether evaluating an expression in vain costs and does nothing."""
    return isinstance(node, (ast.Name, ast.Constant))


def _members(node: ast.Starred) -> list[ast.expr]:
    assert isinstance(node.value, ast.Tuple)  # noqa: S101 - of our own text
    return node.value.elts
