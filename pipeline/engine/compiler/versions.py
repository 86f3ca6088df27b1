"""Gives each value that a local takes one after the other a name, and so a kind, of its own."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pipeline.engine.compiler.parts import occurrences

if TYPE_CHECKING:
    from collections.abc import Sequence


class Versions(ast.NodeTransformer):
    """Gives a local a new name wherever a block that alone uses it assigns it anew, whatever it was before."""

    def __init__(self, body: Sequence[ast.stmt], names: set[str]) -> None:
        self._uses = occurrences(body)
        self._names = names
        self._now: dict[str, str] = {}

    def split(self, block: list[ast.stmt]) -> list[ast.stmt]:
        """Return the statements of a block, the names of the locals that it alone uses replaced."""
        inside = occurrences(block)
        used_here = {name for name in self._names if inside[name] == self._uses[name] and _assigned_first(block, name)}
        statements = []
        for at, statement in enumerate(block):
            name = _assigned(statement)
            if name in used_here:
                statement.value = self.visit(statement.value)  # type: ignore[attr-defined]
                self._now[name] = f"{name}_v{at}"
                statement.targets = [self.visit(target) for target in statement.targets]  # type: ignore[attr-defined]
                statements.append(statement)
            else:
                statements.append(self.visit(statement))
        return statements

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """Return the name that a local has here."""
        return ast.Name(self._now.get(node.id, node.id), node.ctx)

    def generic_visit(self, node: ast.AST) -> ast.AST:
        """Visit what a node holds, blocks as such."""
        for field, value in ast.iter_fields(node):
            if isinstance(value, list) and value and isinstance(value[0], ast.stmt):
                setattr(node, field, self.split(value))
            elif isinstance(value, list):
                setattr(node, field, [self.visit(item) if isinstance(item, ast.AST) else item for item in value])
            elif isinstance(value, ast.AST):
                setattr(node, field, self.visit(value))
        return node


def _assigned(statement: ast.stmt) -> str | None:
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
        return statement.targets[0].id
    return None


def _assigned_first(block: Sequence[ast.stmt], name: str) -> bool:
    """Tell whether a block gives a name its value before anything in it uses that."""
    first = next(statement for statement in block if occurrences([statement])[name])
    return _assigned(first) == name and occurrences([first])[name] == 1
