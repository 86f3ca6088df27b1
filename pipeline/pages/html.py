"""The elements that every page is built of, as HTML: charts, cells, lists, tables; text from outside is escaped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from markupsafe import Markup

from pipeline.numbers import FORMS, exact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pipeline.pages.cells import Cell, Lines
    from pipeline.spark import Spark

Piece: TypeAlias = Markup
"""A piece of a page, in which nothing is left to escape."""

NOTHING: Final = Piece()
FIRST_LINES: Final = 6
"""Lines of a list that are not folded."""


def html(text: str, *values: object) -> Piece:
    """Return a piece of a page: `text` is ours, each `%s` of it a value, escaped unless it is a piece itself.

    Without values `text` stays as it is, be it of one of our files or JSON made harmless.
    """
    return Markup(text) % values if values else Markup(text)  # noqa: S704 - nothing from outside


def joined(pieces: Iterable[str]) -> Piece:
    """Return pieces of a page one after the other; a text among them is escaped."""
    return NOTHING.join(pieces)


def with_code(text: str) -> Piece:
    """Return a text, what stands in backticks as code."""
    parts = enumerate(text.split("`"))
    return joined(html("<code>%s</code>", part) if number % 2 else html("%s", part) for number, part in parts)


def chart(
    name: str,
    title: str,
    about: str = "",
    height: int = 320,
    *,
    use: str = "",
    first: bool = False,
    still: Spark | None = None,
) -> Piece:
    """Return the place of a chart of `data.charts`.

    title: with its unit. about: one or two sentences on how to read it. use: on how to use it, not for paper. first:
    drawn before the others. still: shown until it is drawn.
    """
    on_screen = html(' <span class="on-screen">%s</span>', use) if use else NOTHING
    said = html('<p id="about-%s">%s%s</p>', name, about, on_screen) if about else NOTHING
    described = html(' aria-describedby="about-%s"', name) if about else NOTHING
    return html(
        '<figure class="figure">\n<figcaption><h3>%s</h3>%s</figcaption>\n<div class="chart" data-chart="%s"%s '
        'role="group" aria-label="Chart: %s"%s style="height:%spx">%s</div>\n</figure>\n',
        *(title, said, name, html(" data-first" if first else ""), title, described, height),
        NOTHING if still is None else _still(title, still),
    )


def _still(title: str, still: Spark) -> Piece:
    return html(
        '<svg class="still" viewBox="0 0 1000 200" preserveAspectRatio="none" role="img" aria-label="%s: equity, a '
        'still picture"><line x1="0" x2="1000" y1="%s" y2="%s"/><polyline points="%s"/></svg>',
        *(title, still.zero, still.zero, still.points),
    )


def cell(value: float | None, form: str, reason: str = "", *, is_red: bool | None = None) -> Piece:
    """Return one cell of a sortable table: the exact number beside what is shown; a missing one says why.

    is_red: None where it is by being below 0.
    """
    if value is not None:
        text = FORMS[form](value)
        minus = ' class="minus"' if (text.startswith("-") if is_red is None else is_red) else ""
        return Markup(f'<td data-value="{exact(value)}"{minus}>{text}</td>')  # noqa: S704 - a number
    if not reason:
        return Markup('<td data-value="">-</td>')
    return html('<td data-value="" title="%s">-<span class="hidden"> %s</span></td>', reason, reason)


def amount(value: float, form: str = "money") -> Piece:
    """Return a number within a sentence, with the exact one beside it."""
    minus = ' class="minus"' if value < 0 else ""
    return Markup(f'<strong{minus} data-value="{exact(value)}">{FORMS[form](value)}</strong>')  # noqa: S704 - a number


def spark(line: Spark, about: str) -> Piece:
    """Return a small line of values over time."""
    return html(
        '<svg class="spark" viewBox="0 0 %s %s" role="img" aria-label="%s"><line x1="0" x2="%s" y1="%s" y2="%s"/>'
        '<polyline points="%s"/></svg>',
        *(line.width, line.height, about, line.width, line.zero, line.zero, line.points),
    )


def listed(texts: Sequence[str], first: int = FIRST_LINES) -> Piece:
    """Return lines of text as a list, those beyond the first few folded."""
    shown = html("<ul>%s</ul>\n", items(texts[:first]))
    if len(texts) <= first:
        return shown
    more = f"{len(texts) - first:,}"
    folded = html("<details><summary>%s more</summary><ul>%s</ul></details>", more, items(texts[first:]))
    return shown + folded


def items(texts: Iterable[str]) -> Piece:
    """Return the items of a list."""
    return joined(html("<li>%s</li>\n", text) for text in texts)


def scrolls(label: str, table: Piece = NOTHING, caller: Callable[[], Piece] = Piece) -> Piece:
    """Return a table, or the one that a template's `caller` makes, that scrolls inside itself."""
    content = table or caller()
    return html('<div class="scrolls" role="region" aria-label="%s" tabindex="0">%s</div>\n', label, content)


def section(name: str, title: str, *parts: Piece, kind: str = "") -> Piece:
    """Return a section of the page; kind: its class."""
    is_of = html(' class="%s"', kind) if kind else NOTHING
    return html(
        '<section id="%s"%s aria-labelledby="h-%s">\n<h2 id="h-%s">%s</h2>\n%s</section>\n\n',
        *(name, is_of, name, name, title, joined(parts)),
    )


def cells_of(cells: Iterable[Cell]) -> Piece:
    """Return the cells of a row."""
    return joined(cell(one.value, one.form, one.reason) for one in cells)


def table_of(
    caption: str, headings: Sequence[str], rows: Piece, *, name: str = "", kind: str = "", total: Piece = NOTHING
) -> Piece:
    """Return a table; a heading that begins with a bar is one of texts."""
    heads = joined(
        html('<th scope="col"%s>%s</th>', html(' class="text"') if text.startswith("|") else NOTHING, text.lstrip("|"))
        for text in headings
    )
    return html(
        "<table%s%s><caption>%s</caption><thead><tr>%s</tr></thead>\n<tbody>\n%s</tbody>%s</table>",
        html(' class="%s"', kind) if kind else NOTHING,
        html(' id="%s"', name) if name else NOTHING,
        *(caption, heads, rows, html("<tfoot>%s</tfoot>", total) if total else NOTHING),
    )


def rest(found: Lines, where: str) -> Piece:
    """Return how many lines a list leaves out, and where they are."""
    return html('<p class="note">%s more are in %s.</p>\n', f"{found.left_out:,}", where) if found.left_out else NOTHING
