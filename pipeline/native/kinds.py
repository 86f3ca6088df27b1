"""Tells of which kind the numbers of a function's text are: its names, each of one kind throughout, and expressions."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from pipeline.native import clibrary

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Kind: TypeAlias = Literal["bool", "int", "float"]

TYPES: Final[Mapping[str, str]] = {"bool": "i1", "int": "i64", "float": "double", "void": "void"}
ELEMENTS: Final[Mapping[str, tuple[str, str]]] = {
    "int8": ("i8", "sext"),
    "uint8": ("i8", "zext"),
    "int16": ("i16", "sext"),
    "int64": ("i64", ""),
    "float64": ("double", ""),
}
"""The elements of a column: their type, and how one becomes a whole number of 64 bits."""

BITS: Final[Mapping[type, str]] = {
    ast.BitAnd: "and",
    ast.BitOr: "or",
    ast.BitXor: "xor",
    ast.LShift: "shl",
    ast.RShift: "ashr",
}
INTRINSICS: Final = ("sqrt", "fabs", "copysign")
TO_WHOLE: Final = {"floor": "floor", "ceil": "ceil", "trunc": "trunc", "round": "rint"}
LOWEST_BIT: Final = "lowest_bit"
"""A function that tells which is the lowest bit that is set, of a number other than 0."""

IS: Final = ("isnan", "isinf", "isfinite")


@dataclass(frozen=True, slots=True, eq=False)
class Signature:
    """What a function returns (a kind, `void`, or `int` as often as a tuple has members) and takes.

    takes: a kind, or the type of the elements of a column, for each argument. distinct: whether no columns overlap.
    """

    returns: tuple[str, ...]
    takes: tuple[str, ...]
    distinct: bool = False

    @property
    def returned(self) -> str:
        """The type in LLVM's words."""
        types = [TYPES[kind] for kind in self.returns]
        return types[0] if len(types) == 1 else "{" + ", ".join(types) + "}"

    @property
    def taken(self) -> list[str]:
        """The types of the arguments in LLVM's words."""
        return [TYPES.get(kind, "ptr noalias" if self.distinct else "ptr") for kind in self.takes]


class Kinds:
    """The kinds of one function's names and expressions."""

    def __init__(
        self, node: ast.FunctionDef, signatures: Mapping[str, Signature], constants: Mapping[str, int]
    ) -> None:
        self._node = node
        self._signatures = signatures
        self._constants = constants
        self._signature = signatures[node.name]
        self._arguments = [argument.arg for argument in node.args.args]
        takes = dict(zip(self._arguments, self._signature.takes, strict=True))
        self._columns = {name: kind for name, kind in takes.items() if kind in ELEMENTS}
        self._kinds: dict[str, Kind] = {name: kind for name, kind in takes.items() if kind in TYPES}  # type: ignore[misc]

    def _infer(self) -> None:
        assigned = [node for node in ast.walk(self._node) if isinstance(node, (ast.Assign, ast.AugAssign, ast.For))]
        size = -1
        while size != len(self._kinds) + sum(kind == "float" for kind in self._kinds.values()):
            size = len(self._kinds) + sum(kind == "float" for kind in self._kinds.values())
            for node in assigned:
                for target, kind in self._assigned(node):
                    if kind is not None and isinstance(target, ast.Name):
                        known = self._kinds.get(target.id)
                        self._kinds[target.id] = kind if known is None else joined(known, kind)

    def _assigned(self, node: ast.Assign | ast.AugAssign | ast.For) -> list[tuple[ast.expr, Kind | None]]:
        match node:
            case ast.For(target=target):
                return [(target, "int")]
            case ast.AugAssign(target=ast.Name() as target):
                read = ast.Name(target.id, ast.Load())
                return [(target, self._kind(ast.BinOp(read, node.op, node.value)))]
            case ast.AugAssign():
                return []
            case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)):
                return [(target, self._kind(value)) for target, value in zip(targets, values, strict=True)]
            case ast.Assign(targets=[ast.Tuple(elts=targets)]):
                return [(target, "int") for target in targets]
            case ast.Assign(targets=[target]):
                return [(target, self._kind(node.value))]
        raise AssertionError(ast.unparse(node))

    def _kind(self, node: ast.expr) -> Kind | None:  # noqa: C901, PLR0911 - one arm a kind of expression
        match node:
            case ast.Constant(value=value):
                return type(value).__name__  # type: ignore[return-value]
            case ast.Name(id=name):
                return "int" if name in self._constants else self._kinds.get(name)
            case ast.Attribute():
                return "float"
            case ast.Compare() | ast.UnaryOp(op=ast.Not()):
                return "bool"
            case ast.UnaryOp(operand=operand):
                return _number(self._kind(operand))
            case ast.BinOp(op=ast.Div()):
                return "float"
            case ast.BinOp(left=left, op=op, right=right):
                kinds = self._kind(left), self._kind(right)
                if None in kinds:
                    return None
                both = joined(*kinds)  # type: ignore[arg-type]
                return both if type(op) in BITS and kinds == ("bool", "bool") else _number(both)
            case ast.BoolOp(values=values):
                return self._kind_of_any(values)
            case ast.IfExp(body=body, orelse=orelse):
                return self._kind_of_any([body, orelse])
            case ast.Subscript(value=ast.Name(id=name)):
                return "float" if self._columns[name] == "float64" else "int"
            case ast.Call(func=func, args=values):
                return self._kind_of_call(called(func), values)
        raise AssertionError(ast.unparse(node))

    def _kind_of_any(self, nodes: Sequence[ast.expr]) -> Kind | None:
        known = [kind for kind in map(self._kind, nodes) if kind is not None]
        return None if len(known) < len(nodes) else joined(*known)

    def _kind_of_call(self, name: str, values: Sequence[ast.expr]) -> Kind | None:
        if name in self._signatures:
            return self._signatures[name].returns[0]  # type: ignore[return-value]
        if name in INTRINSICS or name in clibrary.FUNCTIONS:
            return "float"
        if name in IS:
            return "bool"
        if name in ("abs", "min", "max"):
            return _number(self._kind_of_any(values))
        return "int"


def called(node: ast.expr) -> str:
    """Return the name of a function that is called."""
    return node.attr if isinstance(node, ast.Attribute) else ast.unparse(node)


def joined(*kinds: Kind) -> Kind:
    """Return the kind that numbers of several kinds become."""
    return next(kind for kind in ("float", "int", "bool") if kind in kinds)


def _number(kind: Kind | None) -> Kind | None:
    return "int" if kind == "bool" else kind
