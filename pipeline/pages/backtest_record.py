"""The sections of a backtest page on its days: what the desk decides by, months, falls, best days, what was held."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.metrics import track_record
from pipeline.metrics.formulas import max_drawdown, sharpe
from pipeline.metrics.registry import BY_NAME
from pipeline.numbers import FORMS, counted, currency, exact
from pipeline.pages.backtest_tables import cell_of
from pipeline.pages.charts import title_of
from pipeline.pages.html import NOTHING, Piece, amount, cell, chart, html, joined, scrolls, section, table_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pipeline.metrics.figure import Figure
    from pipeline.pages.assumption_check import Check
    from pipeline.pages.cells import Cell
    from pipeline.pages.run_reader import Contents
    from pipeline.ticks import Float64s

DECIDED_BY: Final = ("net_pnl", "return_on_peak_capital", "sharpe", "max_drawdown")
MOST: Final = 5
"""Falls, best days and worst days that are listed."""

MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def decision(contents: Contents, check: Check | None) -> Piece:
    """Return the figures that a desk decides by, each with what it hangs on."""
    portfolio = contents.portfolio
    ends: Mapping[str, Sequence[float] | None] = portfolio.get("intervals") or {}
    also: dict[str, list[Piece]] = {name: [_interval(name, ends.get(name))] for name in DECIDED_BY}
    if check and check.verdict.band_low is not None and check.verdict.band_high is not None:
        both = amount(check.verdict.band_low), amount(check.verdict.band_high)
        also["net_pnl"].append(html("as an exchange fills: %s to %s", *both))
    also["return_on_peak_capital"].append(_of(f"of %s {currency()} at its peak", portfolio, "peak_capital"))
    also["max_drawdown"].append(_of("%s % of peak capital", portfolio, "max_drawdown_pct"))
    also["max_drawdown"].append(_of("over %s market days", portfolio, "max_drawdown_days"))
    tiles = []
    for name in DECIDED_BY:
        one = cell_of(BY_NAME[name], portfolio)
        lines = [html("%s", one.reason)] if one.value is None else filter(None, also[name])
        tiles.append(tile(BY_NAME[name], one, lines))
    return html('<dl class="tiles decide">\n%s%s</dl>\n', joined(tiles), _warnings(contents))


def tile(figure: Figure, one: Cell, also: Iterable[Piece] = ()) -> Piece:
    """Return a figure as a tile, with lines below its number."""
    unit = html(" <small>%s</small>", figure.shown_in) if figure.unit and one.value is not None else NOTHING
    return html(
        '<div class="tile">\n<dt><a href="#%s" title="%s">%s</a></dt>\n<dd data-figure="%s" '
        'data-value="%s"%s%s>%s%s</dd>\n%s</div>\n',
        *(figure.anchor, figure.plain_meaning, figure.label, figure.name, exact(one.value)),
        html(' class="minus"') if one.value is not None and one.value < 0 else NOTHING,
        html(' title="%s"', one.reason) if one.reason else NOTHING,
        *(FORMS[one.form](one.value), unit, joined(html('<dd class="also">%s</dd>\n', line) for line in also)),
    )


def _interval(name: str, ends: Sequence[float] | None) -> Piece:
    form = BY_NAME[name].form
    return html("95 %%: %s to %s", amount(ends[0], form), amount(ends[1], form)) if ends else NOTHING


def _of(text: str, portfolio: Mapping[str, Any], name: str) -> Piece:
    """Return a text with another figure in it; nothing where that is missing."""
    value = portfolio.get(name)
    before, _, after = text.partition("%s")
    return NOTHING if value is None else html("%s%s%s", before, amount(value, BY_NAME[name].form), after)


def _warnings(contents: Contents) -> Piece:
    count, failed = len(contents.run.get("warnings") or ()), len(contents.errors)
    said = html('<dd class="also">%s failed</dd>\n', counted(failed, "security")) if failed else NOTHING
    shown = html('<a href="#warnings">%s</a>', f"{count:,}") if count or failed else html("0")
    return html('<div class="tile"><dt>Warnings</dt>\n<dd data-warnings="%s">%s</dd>\n%s</div>\n', count, shown, said)


def record(contents: Contents, charts: Mapping[str, Any]) -> Piece:
    """Return what the days of a run were like; nothing where there is none. charts: those of `record_charts`."""
    days, net = contents.total.days, contents.total.net_pnl
    if not len(days):
        return NOTHING
    needed = track_record.WINDOWS_NEEDED * min(track_record.WINDOWS)
    ratios = html(
        '<p class="note" id="no-rolling">Rolling Sharpe ratio and volatility take %s market days; this run '
        "has %s.</p>\n",
        *(needed, len(days)),
    )
    if "rolling" in charts:
        drawn = charts["rolling"]
        ratios = chart("rolling", title_of("rolling"), drawn["about"], drawn["layout"]["height"])
    about = "How many market days made how much; a bar is as wide as its amounts."
    spread = chart("days", title_of("days"), about, 300)
    best, worst = track_record.best_and_worst(net, MOST)
    return section(
        "record",
        "Day by day",
        _months(contents),
        html(
            '<div class="pair">\n<div>%s</div>\n<div>%s</div>\n</div>\n',
            _days(contents, best, "Best"),
            _days(contents, worst, "Worst"),
        ),
        _drawdowns(contents),
        html('<div class="pair">\n%s%s</div>\n', spread, ratios),
    )


def _months(contents: Contents) -> Piece:
    made = track_record.months(contents.total.days, contents.total.net_pnl)
    largest = max(abs(month.net_pnl) for month in made) or 1.0
    by_year: dict[int, dict[int, float]] = {}
    for month in made:
        by_year.setdefault(month.year, {})[month.month] = month.net_pnl
    rows = joined(
        html(
            '<tr data-year="%s"><th scope="row">%s</th>%s%s</tr>\n',
            *(year, year, joined(_heat(of_year.get(number), largest) for number in range(1, 13))),
            cell(sum(of_year.values()), "whole_money"),
        )
        for year, of_year in by_year.items()
    )
    caption = f"Net P&L by month, {currency()}"
    return scrolls(caption, table_of(caption, ("Year", *MONTHS, "Year's total"), rows, name="months"))


def _heat(value: float | None, largest: float) -> Piece:
    if value is None:
        return html("<td></td>")
    kind = "loss" if value < 0 else "gain"
    return html(
        '<td class="heat %s" style="--heat:%s%%" data-value="%s">%s</td>',
        *(kind, round(40 * abs(value) / largest), exact(value), FORMS["whole_money"](value)),
    )


def _days(contents: Contents, places: Sequence[int], which: str) -> Piece:
    total = contents.total
    rows = joined(
        html('<tr><th scope="row">%s</th>%s</tr>\n', _iso(int(total.days[at])), cell(float(total.net_pnl[at]), "money"))
        for at in places
    )
    none = html('<tr><td class="text" colspan="2">none</td></tr>\n')
    name = f"{which} days"
    return scrolls(
        name, table_of(f"{name}, net P&L, {currency()}", ("Day", "Net P&L"), rows or none, name=f"{which.lower()}-days")
    )


def _drawdowns(contents: Contents) -> Piece:
    falls = track_record.drawdowns(contents.total.days, contents.total.net_pnl, MOST)
    rows = joined(
        html(
            '<tr><th scope="row">%s</th><td>%s</td><td>%s</td>%s%s</tr>\n',
            *("the start" if fall.begins is None else _iso(fall.begins), _iso(fall.lowest)),
            *("not yet" if fall.ends is None else _iso(fall.ends), cell(fall.days, "days"), cell(-fall.depth, "money")),
        )
        for fall in falls
    )
    none = html('<tr><td class="text" colspan="5">Equity never fell.</td></tr>\n')
    heads = ("Peak", "Lowest", "Back at the peak", "Market days after the peak", f"Fall, {currency()}")
    caption = "Worst drawdowns, as days end"
    return scrolls(caption, table_of(caption, heads, rows or none, name="drawdowns"))


def held(contents: Contents, growth: Float64s | None, *, is_utc: bool) -> Piece:
    """Return what was held, and what buying and holding would have made; nothing where there is no day."""
    if not len(contents.total.days):
        return NOTHING
    about = (
        "Value of the open positions, long or short, at the latest mid or print: the mean and the highest of each "
        f"market day, looked at every five minutes{' on one clock, UTC' if is_utc else ''}."
    )
    curve, table = _beside(contents, growth)
    risk = BY_NAME["pnl_per_inventory"]
    one = cell_of(risk, contents.portfolio)
    said = html(
        '<p id="per-inventory">%s: <strong data-value="%s">%s</strong>%s</p>\n',
        *(risk.label, exact(one.value), FORMS[one.form](one.value), f" {risk.unit}" if one.value is not None else ""),
    )
    return section(
        "held",
        "What was held, and buy and hold beside it",
        html('<div class="pair">\n%s%s</div>\n', chart("exposure", title_of("exposure"), about, 300), curve),
        said,
        table,
    )


def _beside(contents: Contents, growth: Float64s | None) -> tuple[Piece, Piece]:
    """Return the chart and the table of this run and of buying and holding."""
    capital = contents.portfolio.get("peak_capital")
    if growth is None or not capital:
        none = "No price is known or no capital was used, so there is no buy and hold to compare."
        return html('<p class="note">%s</p>\n', none), NOTHING
    net = contents.total.net_pnl
    hold = np.diff(growth * capital, prepend=0.0)
    columns, unit = (net, hold), currency()
    rows = [
        _compared(f"Net P&L, {unit}", "money", [float(each.sum()) for each in columns]),
        _compared("On peak capital, %", "share", [float(each.sum()) / capital for each in columns]),
        _compared("Sharpe ratio, annualised", "ratio", [_shown_sharpe(each) for each in columns]),
        _compared(f"Max drawdown, as days end, {unit}", "money", [max_drawdown(np.cumsum(each)) for each in columns]),
        _compared(f"Best day, {unit}", "money", [float(each.max()) for each in columns]),
        _compared(f"Worst day, {unit}", "money", [float(each.min()) for each in columns]),
    ]
    about = (
        "The peak capital put into all securities in equal parts at each one's first price and held, without costs and "
        "dividends, beside the net realised equity of this run as days end."
    )
    table = table_of(
        "This run and buy and hold", ("", "This run", "Buy and hold"), joined(rows), name="beside", kind="labels"
    )
    return chart("hold", title_of("hold"), about, 300), scrolls("This run and buy and hold", table)


def _shown_sharpe(daily: Float64s) -> float | None:
    """Return a Sharpe ratio, if there are days enough to show it."""
    ratio = sharpe(daily)
    return BY_NAME["sharpe"].value_in({"sharpe": ratio, "market_days": len(daily)})


def _compared(label: str, form: str, values: Sequence[float | None]) -> Piece:
    reason = "Too few market days, or all earned the same."
    return html(
        '<tr data-row="%s"><th scope="row">%s</th>%s</tr>\n',
        *(label, label, joined(cell(value, form, "" if value is not None else reason) for value in values)),
    )


def _iso(day: int) -> str:
    return str(np.datetime64(day, "D"))
