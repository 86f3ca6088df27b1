"""Infers the kind of every name of a flat loop, int, float or bool, and refuses where a declared one would change."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from pipeline.engine.compiler.checks import definitions, returned
from pipeline.errors import StrategyError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ORDER: Final = ("bool", "int", "float")


def assignments_of(body: Sequence[ast.stmt]) -> list[ast.Assign | ast.For]:
    """Return all that gives a name a value."""
    return [node for statement in body for node in ast.walk(statement) if isinstance(node, (ast.Assign, ast.For))]


def kinds_of(assignments: Sequence[ast.Assign | ast.For], declared: Mapping[str, str]) -> dict[str, str]:
    """Return the kind of every name: the one declared, or the widest that it is given."""
    kinds = dict(declared)
    settled = False
    while not settled:
        settled = True
        for node in assignments:
            name, kind = _assigned(node, kinds)
            if kind is None or name in declared:
                continue
            if name not in kinds or _is_wider(kind, kinds[name]):
                kinds[name] = kind
                settled = False
    return kinds


def check_kinds(
    assignments: Sequence[ast.Assign | ast.For], kinds: Mapping[str, str], declared: Mapping[str, str]
) -> None:
    """Raise StrategyError, with file and line, where a declared kind, of a field or an action's argument, is broken."""
    for node in assignments:
        name, kind = _assigned(node, kinds)
        if kind is None:
            continue
        file, line = getattr(node, "origin", ("", 0))
        action, parameter, wanted = getattr(node, "action_argument", ("", "", kind))
        if _is_wider(kind, wanted):
            raise wrong_kind(f"{file}, line {line}", action, parameter, kind)
        if name in declared and _is_wider(kind, declared[name]):
            raise StrategyError(
                f"{file}, line {line}: {name[2:]} is declared {declared[name]} and would become a {kind} here; "
                f"write int(...) or declare it {kind}."
            )


def _assigned(node: ast.Assign | ast.For, kinds: Mapping[str, str]) -> tuple[str, str | None]:
    """Return the name that is given a value, and the kind of that."""
    target = node.target if isinstance(node, ast.For) else node.targets[0]
    name = ast.unparse(target.value) if isinstance(target, ast.Subscript) else ast.unparse(target)
    return name, "int" if isinstance(node, ast.For) else kind_of(node.value, kinds)


def kind_of(node: ast.expr, kinds: Mapping[str, str]) -> str | None:  # noqa: C901, PLR0911, PLR0912 - one arm an expression
    """Return the kind an expression has, or None while a name in it has none yet."""
    match node:
        case ast.Constant(value=value):
            return type(value).__name__
        case ast.Name(id=name):
            return kinds.get(name)
        case ast.Subscript(value=column):
            return kind_of(column, kinds)
        case ast.Compare() | ast.UnaryOp(op=ast.Not()):
            return "bool"
        case ast.UnaryOp(operand=operand):
            return _widest([kind_of(operand, kinds), "int"])
        case ast.BinOp(op=ast.Div()):
            return "float"
        case ast.BinOp(left=left, right=right):
            return _widest([kind_of(left, kinds), kind_of(right, kinds), "int"])
        case ast.BoolOp(values=values):
            return _widest([kind_of(value, kinds) for value in values])
        case ast.IfExp(body=yes, orelse=no):
            return _widest([kind_of(yes, kinds), kind_of(no, kinds)])
        case ast.Call(func=ast.Name(id="int" | "round"), args=[_]):
            return "int"
        case ast.Call(func=ast.Name(id=name)) if name in definitions():
            return returned(name)
        case ast.Call(func=ast.Name(id="abs" | "round"), args=[value, *_]):
            return _widest([kind_of(value, kinds), "int"])
        case ast.Call(func=ast.Attribute(attr="floor" | "ceil" | "trunc")):
            return "int"
        case ast.Call(func=ast.Attribute(attr="isnan" | "isinf" | "isfinite")):
            return "bool"
        case _:
            return "float"


def _widest(kinds: Sequence[str | None]) -> str | None:
    known = [kind for kind in kinds if kind is not None]
    return max(known, key=ORDER.index) if len(known) == len(kinds) else None


def _is_wider(kind: str, wanted: str) -> bool:
    return ORDER.index(kind) > ORDER.index(wanted)


def wrong_kind(where: str, action: str, parameter: str, kind: str) -> StrategyError:
    """Return the error of an action's argument that is to be a whole number."""
    return StrategyError(f"{where}: {action} takes {parameter} as int and would be given a {kind}; write int(...).")
