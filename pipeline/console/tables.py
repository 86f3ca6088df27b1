"""Prints tables on stdout, never wider than the screen and with no number ever cut or wrapped."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from pipeline.console.output import ESCAPED, WIDTH, console, rich_console, uses_colour

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LOSS: Final = "red"
RULE: Final = "─"
BETWEEN: Final = 3
EDGES: Final = 2
LEAST_TEXT: Final = 12
MOST_NAME: Final = 30


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """A column: text is folded where there is no room; numbers and money are whole; money that is lost is red."""

    title: str
    kind: Literal["name", "text", "number", "money"] = "number"

    @property
    def is_whole(self) -> bool:
        """Whether its cells are never folded."""
        return self.kind in ("number", "money")


@dataclass(frozen=True, slots=True, eq=False)
class _Shape:
    """A column and how wide it must be and would like to be."""

    column: Column
    index: int
    least: int
    most: int


def show_table(
    title: str, columns: Sequence[Column], rows: Sequence[Sequence[str]], last: Sequence[Sequence[str]] = ()
) -> None:
    """Print a table, the `last` rows apart; columns that do not fit follow as further tables, the first repeated."""
    if not console().shows:
        return
    shown = [[cell.translate(ESCAPED) for cell in row] for row in (*rows, *last)]
    plain = not sys.stdout.isatty() and not uses_colour(sys.stdout)
    room = WIDTH if plain else rich_console(sys.stdout).width
    for number, widths in enumerate(_parted(columns, shown, room)):
        heading = title if number == 0 else None
        if plain and (lines := _lines(heading, widths, shown, len(rows))) is not None:
            sys.stdout.writelines(f"{line.rstrip()}\n" for line in lines)
        else:
            _print(heading, widths, shown, len(rows))


def _lines(
    title: str | None, widths: Sequence[tuple[_Shape, int]], rows: Sequence[Sequence[str]], first_of_last: int
) -> list[str] | None:
    """Return a table's lines as rich would print them; None where something has to be folded or is no plain text."""
    whole = sum(width for _, width in widths) + BETWEEN * (len(widths) - 1)
    titles = [shape.column.title for shape, _ in widths]
    picked = [[row[shape.index] for shape, _ in widths] for row in rows]
    fits = all(len(cell) <= width for row in (titles, *picked) for cell, (_, width) in zip(row, widths, strict=True))
    texts = [title or "", *titles, *(cell for row in picked for cell in row)]
    fits = fits and len(title or "") <= whole <= WIDTH - EDGES
    if not fits or not all(text.isascii() and text.isprintable() for text in texts):
        return None
    lines = [
        "" if title is None else title,
        *([] if title is None else [""]),
        _line(titles, widths),
        f" {RULE * whole}",
    ]
    for at, row in enumerate(picked):
        lines += ["", _line(row, widths)] if 0 < at == first_of_last else [_line(row, widths)]
    return [*lines, ""]


def _line(cells: Sequence[str], widths: Sequence[tuple[_Shape, int]]) -> str:
    return " " + (" " * BETWEEN).join(
        cell.rstrip().rjust(width) if shape.column.is_whole else cell.ljust(width)
        for cell, (shape, width) in zip(cells, widths, strict=True)
    )


def _print(
    title: str | None, widths: Sequence[tuple[_Shape, int]], rows: Sequence[Sequence[str]], first_of_last: int
) -> None:
    """Print a table by rich; without the blanks at the ends of its lines where no colours stand between."""
    from rich import box  # rich is loaded by what prints with it
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title=None if title is None else Text(title), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False
    )
    for shape, width in widths:
        justify: Literal["left", "right"] = "right" if shape.column.is_whole else "left"
        table.add_column(Text(shape.column.title), justify=justify, width=width, overflow="fold")
    for at, row in enumerate(rows):
        if 0 < at == first_of_last:
            table.add_section()
        table.add_row(*(Text(row[shape.index], _style(shape.column, row[shape.index])) for shape, _ in widths))
    out = rich_console(sys.stdout)
    if uses_colour(sys.stdout):
        out.print(table)
        return
    with out.capture() as captured:
        out.print(table)
    sys.stdout.writelines(f"{line.rstrip()}\n" for line in captured.get().splitlines())


def _style(column: Column, cell: str) -> str:
    return LOSS if column.kind == "money" and cell.startswith("-") and len(cell) > 1 else ""


def _parted(columns: Sequence[Column], rows: Sequence[Sequence[str]], room: int) -> Iterator[list[tuple[_Shape, int]]]:
    """Yield the columns of each table with their widths."""
    first, *others = [_shape(column, index, rows) for index, column in enumerate(columns)]
    tables: list[list[_Shape]] = [[first]]
    for shape in others:
        if len(tables[-1]) > 1 and _width([*tables[-1], shape]) > room:
            tables.append([first])
        tables[-1].append(shape)
    for shapes in tables:
        left = room - _width(shapes)
        widths = {}
        for shape in sorted(shapes, key=lambda one: one.column.kind == "text"):
            widths[shape] = min(shape.most, shape.least + max(left, 0))
            left -= widths[shape] - shape.least
        yield [(shape, widths[shape]) for shape in shapes]


def _width(shapes: Sequence[_Shape]) -> int:
    return sum(shape.least for shape in shapes) + BETWEEN * (len(shapes) - 1) + EDGES


def _shape(column: Column, index: int, rows: Sequence[Sequence[str]]) -> _Shape:
    title = max(_cells(word) for word in column.title.split())
    cells = max((_cells(row[index]) for row in rows), default=0)
    most = max(cells, _cells(column.title))
    if column.is_whole:
        return _Shape(column, index, max(cells, title), most)
    least = min(cells, MOST_NAME if column.kind == "name" else LEAST_TEXT)
    return _Shape(column, index, max(least, title), most)


def _cells(text: str) -> int:
    """Return how many cells of the screen a text takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)
