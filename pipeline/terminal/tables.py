"""Rows in, tables on stdout out, in the one shape that all commands print; and a line on stderr."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.table import Table

WIDTH: Final = 80


def new_table(title: str) -> Table:
    """Return an empty table."""
    from rich import box  # noqa: PLC0415 - rich is loaded by what prints with it
    from rich.table import Table  # noqa: PLC0415

    return Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)


def print_table(table: Table) -> None:
    """Print a table as wide as the terminal, or within 80 columns when stdout is not one."""
    from rich.console import Console  # noqa: PLC0415

    Console(width=None if sys.stdout.isatty() else WIDTH, highlight=False).print(table)


def say(text: str) -> None:
    """Print a line on stderr at once, beside what goes to stdout."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
