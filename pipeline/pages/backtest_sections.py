"""The sections of a backtest page that are about the whole run, as HTML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pipeline.metrics import chance
from pipeline.metrics.assumptions import NO_WORSE, in_words
from pipeline.metrics.fill_kinds import COLUMNS, in_order, through_words
from pipeline.metrics.registry import METRICS
from pipeline.numbers import counted, currency, money
from pipeline.pages import backtest_tables as tables
from pipeline.pages.backtest_record import DECIDED_BY, decision, tile
from pipeline.pages.backtest_tables import cell_of
from pipeline.pages.cells import clipped, lines
from pipeline.pages.charts import title_of
from pipeline.pages.html import (
    NOTHING,
    Piece,
    amount,
    cell,
    cells_of,
    chart,
    html,
    items,
    joined,
    listed,
    rest,
    scrolls,
    section,
    table_of,
)
from pipeline.pages.market_hours import clock_words
from pipeline.pages.timelines import PORTFOLIO_HEIGHT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pipeline.metrics.assumptions import Verdict
    from pipeline.pages.assumption_check import Check
    from pipeline.pages.run_reader import Contents
    from pipeline.spark import Spark

NAV: Final = {
    "decide": "Result",
    "equity": "Equity",
    "record": "Day by day",
    "held": "Held",
    "assumptions": "Assumptions",
    "where": "Where from",
    "securities": "Securities",
    "settings": "Settings",
    "data-used": "Data",
    "glossary": "Glossary",
}
OF_PORTFOLIO: Final = ("equity", "record", "held", "assumptions", "where")
"""The sections that there are none of where amounts of all securities do not add up."""

NO_CHECK: Final = (
    "<p>This run has no assumption check. A run of a compiled strategy that uses the engine's orders has one, unless "
    "<code>--no-sensitivity</code> leaves it out.</p>\n"
)
FOOTER: Final = (
    "<p>Every number on this page is from the files beside it: metrics.json, daily.csv, sensitivity.csv, "
    "backtest_summary.csv, run.json, trades, prices. It needs no network.</p>"
)

EDGE: Final = 2.0
"""Per cent of a drawing's width left free at both ends."""

NEAR_AN_END: Final = 30.0
"""Per cent of the width within which a label beside a mark goes inwards."""


def header(contents: Contents) -> Piece:
    """Return the page's title and what was run."""
    run, period = contents.run, tables.period(contents)
    note = html('<p id="note">%s</p>\n', clipped(run["note"])) if run.get("note") else NOTHING
    return html(
        '<h1>%s</h1>\n<p class="facts">\nBacktest%s · %s · config %s · execution <strong>%s</strong> · times in '
        "%s, amounts in %s\n</p>\n%s",
        *(run["strategy"], f" of {period}" if period else "", tables.replayed(contents), run["config"]),
        *(run["execution"]["name"], clock_words(run), currency(), note),
    )


def nav(contents: Contents) -> Piece:
    """Return the links to the sections."""
    names = {"decide": NAV["decide"], **({"warnings": "Warnings"} if has_warnings(contents) else {}), **NAV}
    if contents.money.is_mixed:
        names = {name: text for name, text in names.items() if name not in OF_PORTFOLIO}
    return html("<ul>\n%s</ul>", items(html('<a href="#%s">%s</a>', name, text) for name, text in names.items()))


def has_warnings(contents: Contents) -> bool:
    """Return whether the run has anything to warn of."""
    return bool(contents.errors or contents.run.get("warnings"))


def warnings(contents: Contents) -> Piece:
    """Return the securities that failed and the warnings; nothing where there are none."""
    if not has_warnings(contents):
        return NOTHING
    errors = lines((ticker, clipped(error)) for ticker, error in contents.errors.items())
    failed = html(
        "<ul>\n%s</ul>\n%s",
        items(
            html("<strong>%s failed</strong> and is in none of the figures: %s", ticker, error)
            for ticker, error in errors.shown
        ),
        rest(errors, "backtest_summary.csv"),
    )
    said = lines(clipped(warning) for warning in contents.run.get("warnings") or [])
    parts = (failed if errors.shown else NOTHING, listed(said.shown), rest(said, "run.json"))
    return section("warnings", "Warnings", *parts, kind="warning")


def result(contents: Contents, check: Check | None) -> Piece:
    """Return the figures of the portfolio, with how else they might have come out."""
    others = (figure for figure in METRICS if figure.is_headline and figure.name not in DECIDED_BY)
    tiles = joined(tile(figure, cell_of(figure, contents.portfolio)) for figure in others)
    parts = [decision(contents, check), html('<dl class="tiles">\n%s</dl>\n', tiles)]
    if not contents.money.is_mixed and (said := chance.in_words(contents.portfolio)):
        parts += [_intervals(contents), html('<p id="chance">%s</p>\n', " ".join(said))]
    if check:
        parts += [_verdict(check), _band(check.verdict)]
    return section("decide", "Headline figures of the portfolio", *parts)


def _intervals(contents: Contents) -> Piece:
    rows = joined(
        html(
            '<tr data-row="%s"><th scope="row"><a href="#%s" title="%s">%s</a></th>%s</tr>\n',
            *(figure.name, figure.anchor, figure.plain_meaning, figure.heading, cells_of(cells)),
        )
        for figure, cells in tables.intervals(contents)
    )
    if not rows:
        return NOTHING
    heads = ("Figure", "This run", "From", "To")
    table = table_of("How it might have turned out: 95 % intervals", heads, rows, name="intervals", kind="labels")
    return scrolls("95 % intervals of the portfolio's figures", table)


def _verdict(check: Check) -> Piece:
    verdict = check.verdict
    band = NOTHING
    if verdict.band_low is not None and verdict.band_high is not None:
        both = (amount(verdict.band_low), amount(verdict.band_high), currency())
        band = html(", and %s to %s %s over the queue models", *both)
    worst, unit = html("%s", NO_WORSE), currency()
    if verdict.worst_switch and verdict.worst is not None:
        worst = html("the worst single switch, %s, leaves %s %s", verdict.worst_switch, amount(verdict.worst), unit)
    return html(
        '<p class="verdict">The same ticks under other <a href="#assumptions">assumptions</a>: the classic rules '
        "give %s %s net; as an exchange would fill the orders (strict) it is %s %s%s; %s.</p>\n",
        *(amount(verdict.classic), unit, amount(verdict.strict), unit, band, worst),
    )


def _band(verdict: Verdict) -> Piece:
    """Return nought, classic, strict and the band of strict drawn beside each other; nothing without a band."""
    low, high = verdict.band_low, verdict.band_high
    if low is None or high is None:
        return NOTHING
    across = _across([verdict.classic, low, high])
    zero, classic, strict = map(across, (0.0, verdict.classic, verdict.strict))
    said = money(verdict.classic)
    return html(
        '<svg class="range" id="band" role="img" aria-label="Net P&amp;L, %s: classic %s, strict %s, its band %s">'
        '%s<rect %s y="24" height="20"/>%s%s%s%s%s</svg>\n',
        *(currency(), said, money(verdict.strict), verdict.band, _mark(zero, 66, "zero"), _bar(across, low, high)),
        *(_mark(strict, 48), _mark(classic, 48, "other"), _said(strict, 14, f"strict {verdict.band}")),
        *(_said(classic, 62, f"classic {said}"), _said(zero, 80, "0", "zero")),
    )


def _across(values: Iterable[float]) -> Callable[[float], float]:
    """Return what gives the place of a value among others and nought, in per cent of a drawing's width."""
    every = [0.0, *values]
    low, spread = min(every), max(every) - min(every) or 1.0
    return lambda value: round(EDGE + (value - low) / spread * (100.0 - 2.0 * EDGE), 2)


def _bar(across: Callable[[float], float], first: float, second: float) -> Piece:
    start, end = sorted((across(first), across(second)))
    return html('x="%s%%" width="%s%%"', start, round(end - start, 2))


def _mark(at: float, until: int, kind: str = "") -> Piece:
    return html('<line%s x1="%s%%" x2="%s%%" y1="20" y2="%s"/>', _class(kind), at, at, until)


def _said(at: float, height: int, text: str, kind: str = "") -> Piece:
    anchor = "start" if at < NEAR_AN_END else "end" if at > 100.0 - NEAR_AN_END else "middle"
    return html('<text%s x="%s%%" y="%s" text-anchor="%s">%s</text>', *(_class(kind), at, height, anchor, text))


def _class(kind: str) -> Piece:
    return html(' class="%s"', kind) if kind else NOTHING


def equity(note: str, still: Spark, *, is_utc: bool) -> Piece:
    """Return the place of the portfolio's equity; note: what of it the page leaves out."""
    about = (
        f"Net realised P&L of all securities on one clock{', UTC; days are those of each exchange' if is_utc else ''}."
    )
    use = "Drag to zoom in, double-click to zoom out, or use the buttons."
    curve = chart("portfolio", title_of("portfolio"), about, PORTFOLIO_HEIGHT, use=use, first=True, still=still)
    return section(
        "equity", "Equity of the portfolio", curve, html('<p class="note">%s</p>\n', note) if note else NOTHING
    )


def assumptions(check: Check | None, height: int) -> Piece:
    """Return what the P&L owes to how orders are assumed to fill."""
    title = "What the P&L owes to its assumptions"
    if not check:
        return section("assumptions", title, html(NO_CHECK))
    about = (
        "Each bar is the whole run replayed under one execution model: classic, strict, classic with one switch "
        "changed, and strict with another model of the queue. The model of this run is outlined."
    )
    bars = chart("assumptions", title_of("assumptions"), about, height)
    if not check.steps:
        return section("assumptions", title, bars)
    return section("assumptions", title, html('<div class="pair wide">\n%s<div>%s</div>\n</div>\n', bars, _way(check)))


def _way(check: Check) -> Piece:
    across = _across([check.verdict.classic, *(step.net_pnl for step in check.steps)])
    zero = across(0.0)
    steps = joined(
        html(
            '<tr><th scope="row">%s</th>%s%s<td><svg class="range step" aria-hidden="true"><line class="zero" '
            'x1="%s%%" x2="%s%%" y1="0" y2="16"/><rect%s %s y="2" height="12"/></svg></td></tr>\n',
            *(step.switch, cell(step.change, "money"), cell(step.net_pnl, "money"), zero, zero),
            *(_class("loss" if step.change < 0 else ""), _bar(across, step.net_pnl - step.change, step.net_pnl)),
        )
        for step in check.steps
    )
    rows = html(
        '<tr><th scope="row">classic</th><td></td>%s<td></td></tr>\n%s', cell(check.verdict.classic, "money"), steps
    )
    heads = ("Switch added", "Takes away or adds", "Net P&L after it", "|Drawn")
    table = table_of(f"From classic to strict, net P&L, {currency()}", heads, rows, name="waterfall", kind="labels")
    return html(
        '<h3>From classic to strict</h3>\n<p id="way">%s</p>\n<p class="note">A step is what its switch takes away or '
        "adds once those above it are set. Alone, or in another order, it would be another amount.</p>\n%s",
        *(in_words(check.steps), scrolls("From classic to strict, a switch at a time", table)),
    )


def where(contents: Contents, heights: Mapping[str, int], curves: int, left_out: int) -> Piece:
    """Return where the P&L comes from; curves: how many securities have a mark-out curve; left_out: have no bar."""
    bars = (
        f"The largest gains and losses; {counted(left_out, 'security')} between them are left out." if left_out else ""
    )
    marks = (
        "The mid against the fill price, by time since the fill; a curve below 0 means that the market moved against "
        f"us. The thick line is the portfolio, the thin lines are the {curves} securities with the largest turnover."
    )
    by_security = chart("securities", title_of("securities"), bars, heights["securities"])
    pair = chart("hours", title_of("hours"), "", 300), chart("weekdays", title_of("weekdays"), "", 300)
    return section(
        "where",
        "Where the P&L comes from",
        html('<div class="pair">\n%s%s</div>\n', by_security, chart("markouts", title_of("markouts"), marks, 340)),
        html('<div class="pair">\n%s%s</div>\n', *pair),
        _filled(contents),
    )


def _filled(contents: Contents) -> Piece:
    kinds = [figure for figure in METRICS if figure.form == "by_kind" and contents.portfolio.get(figure.name)]
    if not kinds:
        return NOTHING
    through = through_words(contents.portfolio)
    parts = [html("<h3>What filled us</h3>\n"), html('<p class="verdict">%s</p>\n', through) if through else NOTHING]
    heads = ("Filled by", *(label for label, _ in COLUMNS.values()))
    for figure in kinds:
        body = joined(
            html(
                '<tr><th scope="row">%s</th>%s</tr>\n',
                *(label, joined(cell(row[name], form) for name, (_, form) in COLUMNS.items())),
            )
            for label, row in in_order(contents.portfolio[figure.name])
        )
        caption = f"{figure.label}, all securities, {currency()}"
        parts.append(scrolls(figure.label, table_of(caption, heads, body, name=figure.name, kind="sortable labels")))
    note = (
        "Each fill is counted once, in the first kind that applies from the top, so that fills, shares and P&L add up. "
        "Over our price: what fills were booked better than the order's own price. A realised P&L is that of the fill "
        "that closes; the mark-out is each fill's own."
    )
    return joined([*parts, html('<p class="note">%s</p>\n', note)])
