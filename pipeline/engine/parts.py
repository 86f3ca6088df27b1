"""The two objects a loop is made from, the scope of a method being inlined, and what is said when it cannot be."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from pipeline.errors import StrategyError, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

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
class Scope:
    """What the names of one method being inlined stand for, and how its body is left."""

    method: Method
    names: dict[str, str]
    parts: dict[str, Part]
    owner: Part | None
    suffix: str
    result: str | None
    loops: int = 0
    left_early: str | None = None
    needs_way_out: bool = False


def assign(name: str, value: ast.expr) -> ast.stmt:
    """Return the statement `name = value`."""
    return ast.Assign([ast.Name(name, ast.Store())], value)


def error_at(node: ast.expr | ast.stmt, scope: Scope, why: str) -> StrategyError:
    """Return an error that names the file and the line of `node`."""
    return StrategyError(f"{scope.method.file}, line {node.lineno}: {why}")


def refusal(node: ast.expr | ast.stmt, scope: Scope, why: str) -> StrategyError:
    """Return an error for what lies outside the subset, which it states."""
    return error_at(node, scope, f"{why} {SUBSET}")


def unknown_field(node: ast.Attribute, part: Part, scope: Scope) -> StrategyError:
    """Return an error for a field that a part does not have, with the nearest one it has."""
    known = sorted(part.scalars | part.methods.keys())
    return error_at(node, scope, f"{part.label} has no '{node.attr}'.{nearest(node.attr, known)}")
