"""Prints tables on stdout, never wider than the screen and with no number ever cut or wrapped."""

from __future__ import annotations

import shutil
import sys
import textwrap
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Final, Literal

from pipeline.console.output import ESCAPED, WIDTH, console, rich_console, uses_colour

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LOSS: Final = "red"
GAP: Final = "  "
EDGES: Final = 2
LEAST_TEXT: Final = 12
MOST_NAME: Final = 30
ON_ONE_LINE: Final = ESCAPED | dict.fromkeys(map(ord, "\n\t"), " ")


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """A column: text is folded where there is no room; numbers and money are whole; money that is lost is red."""

    title: str
    kind: Literal["name", "text", "number", "money"] = "number"

    @property
    def is_whole(self) -> bool:
        """Whether its cells are never folded."""
        return self.kind in ("number", "money")

    def widths(self, cells: Sequence[str]) -> tuple[int, int]:
        """Return how wide it must be for its cells, and how wide it would like to be."""
        longest = max(map(_width, cells), default=0)
        limit = longest if self.is_whole else MOST_NAME if self.kind == "name" else LEAST_TEXT
        return max(min(longest, limit), *map(_width, self.title.split())), max(longest, _width(self.title))


def show_table(title: str, columns: Sequence[Column], rows: Sequence[Sequence[str] | str]) -> None:
    """Print a table; columns that do not fit follow as further tables, the first column repeated.

    Args:
        title: The line above it.
        columns: What its cells are.
        rows: A cell a column; a text instead of a row is a line by itself, as a day or, empty, before totals.
    """
    if not console().shows:
        return
    shown = [row if isinstance(row, str) else [cell.translate(ON_ONE_LINE) for cell in row] for row in rows]
    cells = [row for row in shown if not isinstance(row, str)]
    wanted = [column.widths([row[at] for row in cells]) for at, column in enumerate(columns)]
    room = max(WIDTH, shutil.get_terminal_size((WIDTH, 0)).columns) if sys.stdout.isatty() else WIDTH
    console().show(textwrap.fill(title, room, break_long_words=False, break_on_hyphens=False))
    for part in _parts([least for least, _ in wanted], room):
        widths = _widths({at: wanted[at] for at in part}, columns, room)
        console().show()
        _show_row([column.title for column in columns], columns, widths)
        console().show(f" {'─' * (sum(widths.values()) + len(GAP) * (len(widths) - 1))}")
        for row in shown:
            if isinstance(row, str):
                console().show(f" {row}".rstrip())
            else:
                _show_row(row, columns, widths, losses=True)
    console().show()


def _show_row(cells: Sequence[str], columns: Sequence[Column], widths: dict[int, int], *, losses: bool = False) -> None:
    """Print a row, in as many lines as its longest text needs."""
    lost = {at for at in widths if losses and columns[at].kind == "money" and cells[at][:1] == "-" and cells[at] != "-"}
    for line in zip_longest(*(_folded(cells[at], width) for at, width in widths.items()), fillvalue=""):
        pieces = []
        for (at, width), text in zip(widths.items(), line, strict=True):
            blank = " " * (width - _width(text))
            pieces.append((blank + text if columns[at].is_whole else text + blank, LOSS if at in lost else ""))
        if lost and uses_colour(sys.stdout):
            from rich.text import Text  # rich is loaded by what prints with it

            parts = [part for piece in pieces for part in (GAP, piece)][1:]
            rich_console(sys.stdout).print(Text.assemble(" ", *parts), soft_wrap=True)
        else:
            console().show(f" {GAP.join(text for text, _ in pieces)}".rstrip())


def _parts(least: Sequence[int], room: int) -> Iterator[list[int]]:
    """Yield the columns of each table: the first, and as many of the others as there is room for."""
    part, width = [0], least[0]
    for at in range(1, len(least)):
        if len(part) > 1 and width + len(GAP) + least[at] > room - EDGES:
            yield part
            part, width = [0], least[0]
        part.append(at)
        width += len(GAP) + least[at]
    yield part


def _widths(wanted: dict[int, tuple[int, int]], columns: Sequence[Column], room: int) -> dict[int, int]:
    """Return the width of each column: what is left of the room goes to names and numbers first, then to texts."""
    widths = {at: least for at, (least, _) in wanted.items()}
    spare = max(room - EDGES - sum(widths.values()) - len(GAP) * (len(widths) - 1), 0)
    for at in sorted(wanted, key=lambda at: columns[at].kind == "text"):
        more = min(wanted[at][1] - widths[at], spare)
        widths[at] += more
        spare -= more
    return widths


def _folded(text: str, width: int) -> list[str]:
    """Return a text in lines of a width, between words where it can be."""
    if _width(text) <= width:
        return [text]
    lines = textwrap.wrap(text, width, break_on_hyphens=False)
    if text.isascii():
        return lines
    from rich.cells import chop_cells

    return [part for line in lines for part in chop_cells(line, width)]


def _width(text: str) -> int:
    """Return how many cells of the screen a text takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)
