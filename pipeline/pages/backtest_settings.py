"""The sections of a backtest page that say what was run: settings, data, and what each figure means."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from pipeline.metrics.registry import GROUPS
from pipeline.pages import backtest_tables as tables
from pipeline.pages.cells import clipped, lines
from pipeline.pages.html import NOTHING, Piece, cell, html, joined, rest, scrolls, section, table_of, with_code

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.metrics.figure import Figure
    from pipeline.pages.cells import Lines
    from pipeline.pages.run_reader import Contents


def settings(contents: Contents, same: Lines) -> Piece:
    """Return the execution switches and the parameters that all securities share."""
    run = contents.run
    switches = joined(
        html('<tr><th scope="row">%s</th><td class="text">%s</td><td class="text wraps">%s</td></tr>\n', *row)
        for row in tables.switches(contents)
    )
    shared = joined(html('<tr><th scope="row">%s</th><td>%s</td></tr>\n', *row) for row in same.shown)
    nothing = html('<tr><td class="text" colspan="2">none</td></tr>\n')
    both = (
        scrolls(
            "Execution switches",
            table_of(f"Execution: {run['execution']['name']}", ("Switch", "|Value", "|About"), switches, kind="labels"),
        ),
        scrolls(
            "Parameters that all securities share",
            table_of("Parameters that all securities share", ("Parameter", "Value"), shared or nothing, kind="labels"),
        ),
    )
    versions = ", ".join(f"{name} {version}" for name, version in sorted(run["versions"].items()))
    return section(
        "settings",
        "Settings",
        html('<div class="pair">\n<div>%s</div>\n<div>%s</div>\n</div>\n', *both),
        html(
            '<p class="note">Versions: %s. How the run was carried out, and how long it took, is in run.json. '
            "Parameters that differ are among the tables by security.</p>\n",
            versions,
        ),
    )


def data_used(contents: Contents) -> Piece:
    """Return the rows that the conversion rejected."""
    data: Mapping[str, Mapping[str, Any]] = contents.run["data"]
    rejected = lines(
        (ticker, clipped(rule), count)
        for ticker in sorted(data)
        for rule, count in sorted((data[ticker].get("rejects") or {}).items())
    )
    title = html("<h3>Rows rejected by the conversion</h3>\n")
    if not rejected.shown:
        return section("data-used", "Data", title, html('<p class="quiet">The catalog lists none.</p>\n'))
    rows = joined(
        html('<tr><th scope="row">%s</th><td class="text wraps">%s</td>%s</tr>\n', ticker, rule, cell(count, "count"))
        for ticker, rule, count in rejected.shown
    )
    heads = ("Security", "|Rule", "Rows")
    table = table_of("Rejected rows by rule", heads, rows, name="rejected", kind="sortable")
    where_they_are = (
        "Each rejected row is in data/parquet/<TICKER>.rejects.parquet with its row number, its cells and the rule it "
        "broke. What else is known of the ticks is among the tables by security."
    )
    note = html('<p class="note">%s</p>\n', where_they_are)
    return section("data-used", "Data", title, scrolls("Rejected rows", table), rest(rejected, "run.json"), note)


def glossary() -> Piece:
    """Return what each figure means; a mark-out stands for all horizons."""
    first: dict[str, Figure] = {}
    for figure in chain.from_iterable(GROUPS.values()):
        first.setdefault(figure.anchor, figure)
    entries = joined(
        html(
            '<div id="%s" tabindex="-1"><dt>%s%s</dt><dd>%s</dd></div>\n',
            *(figure.anchor, figure.general_label),
            html(" <small>%s</small>", figure.shown_in) if figure.unit else NOTHING,
            with_code(figure.meaning),
        )
        for figure in first.values()
    )
    note = html(
        '<p class="note">One sentence each; docs/reference/metrics.md has the formulas with their sources.</p>\n'
    )
    return section("glossary", "What each figure means", note, html('<dl class="glossary">\n%s</dl>\n', entries))
