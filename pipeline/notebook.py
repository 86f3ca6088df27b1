"""How a result shows itself in a notebook: a small table and a line of equity as HTML, however large the result."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final, NewType

from pipeline.spark import spark

if TYPE_CHECKING:
    from collections.abc import Sequence

Line = NewType("Line", str)
"""HTML of a line below a table."""

MOST_ROWS: Final = 20
MOST_TEXT: Final = 120
_NUMBER: Final = frozenset("0123456789,.-%")


def html_table(
    title: str, heads: Sequence[str], rows: Sequence[Sequence[str]], notes: Sequence[Line] = (), *, kept: int = 0
) -> str:
    """Return a table as HTML, all texts escaped, numbers to the right, and its notes below.

    Args:
        title: What stands above it.
        heads: A head a column.
        rows: A text a column; of more than MOST_ROWS the first are shown, and how many are left out.
        notes: Lines below it, made by `html_line`.
        kept: How many of the last rows are shown in any case, as totals.
    """
    last = len(rows) - kept
    shown = [*rows[: min(last, MOST_ROWS)], *rows[last:]]
    left_out = len(rows) - len(shown)
    below = [*notes, *([html_line(f"{left_out:,} more rows are left out here.", ())] if left_out else [])]
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in shown)
    lines = "".join(f"<div>{line}</div>" for line in below)
    return (
        f"<div><b>{_clipped(title)}</b><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{lines}</div>"
    )


def html_line(label: str, values: Sequence[float]) -> Line:
    """Return a line through values that starts from 0, with its label, as HTML; only the label where there are none."""
    drawn = spark(values)
    if drawn is None:
        return Line(_clipped(label))
    box = f'width="{drawn.width * 2}" height="{drawn.height * 2}" viewBox="0 0 {drawn.width} {drawn.height}"'
    zero = f'<line x1="0" x2="{drawn.width}" y1="{drawn.zero}" y2="{drawn.zero}" stroke="#a3abb5" stroke-width="0.5"/>'
    line = f'<polyline points="{drawn.points}" fill="none" stroke="#0b5cad" stroke-width="1"/>'
    return Line(f'{_clipped(label)}<br><svg {box} role="img" aria-label="{_clipped(label)}">{zero}{line}</svg>')


def _cell(text: str) -> str:
    side = "right" if text and _NUMBER.issuperset(text) else "left"
    return f'<td style="text-align:{side}">{_clipped(text)}</td>'


def _clipped(text: str) -> str:
    return escape(text if len(text) <= MOST_TEXT else f"{text[:MOST_TEXT]} …")
