"""Lets the elements of columns in memory stand for their numbers in the arrays that a loop's state is in."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


def first_rows(rows: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, int]]:
    """Return, by the name of a column in memory, the array that holds its elements and the row of the first.

    rows: the names of the rows of each array; those of elements are `column[0]` and so on, one after the other.
    """
    return {
        name.partition("[")[0]: (array, row)
        for array, names in rows.items()
        for row, name in enumerate(names)
        if name.endswith("[0]")
    }


class Elements(ast.NodeTransformer):
    """Replaces elements of columns in memory.

    first: where the first element of each column stands. at: the index in its array of a row that an expression tells.
    """

    def __init__(self, first: Mapping[str, tuple[str, int]], at: Callable[[ast.expr], ast.expr]) -> None:
        self._first = first
        self._at = at

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        """Replace an element of a column in memory."""
        self.generic_visit(node)
        if not isinstance(node.value, ast.Name) or node.value.id not in self._first:
            return node
        array, row = self._first[node.value.id]
        row_of = ast.BinOp(ast.Constant(row), ast.Add(), node.slice)
        return ast.Subscript(ast.Name(array, ast.Load()), self._at(row_of), node.ctx)
