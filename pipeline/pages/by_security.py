"""The tables of a backtest page that have a row a security, one a tab; sorted and filtered together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from pipeline.metrics.metrics_json import OWN
from pipeline.metrics.registry import GROUPS
from pipeline.numbers import OWN_CURRENCY, amounts_in, currency, exact
from pipeline.pages.backtest_tables import text_of
from pipeline.pages.cells import MOST_LINES, clipped, lines
from pipeline.pages.html import NOTHING, Piece, cell, html, joined, listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pipeline.metrics.figure import Figure
    from pipeline.pages.assumption_check import Check
    from pipeline.pages.run_reader import Contents

NAMES_SHOWN: Final = 12
PORTFOLIO: Final = "Portfolio"
_NOT_COUNTED: Final = "This security's run did not count it."
_UNKNOWN: Final = "The catalog does not say."
_DATA: Final = ("Rows", "Ticks", "Rejected", "Blank")


class Reasons:
    """Why figures are missing: each reason stands on the page once, and the cells that lack a figure refer to it."""

    def __init__(self) -> None:
        self._who: dict[str, tuple[int, dict[str, list[str]]]] = {}

    def cell(self, figure: Figure, values: Mapping[str, Any], who: str) -> Piece:
        """Return the cell of a figure of a security or of the portfolio."""
        value = figure.value_in(values)
        if value is not None:
            return cell(value, figure.form)
        return self.missing(figure.reason_in(values), figure.label, who)

    def missing(self, reason: str, label: str, who: str) -> Piece:
        """Return the cell of what is missing."""
        number, labels = self._who.setdefault(reason, (len(self._who), {}))
        labels.setdefault(label, []).append(who)
        return html(f'<td data-value="" aria-describedby="why-{number}">-</td>')

    def listed(self, everyone: int) -> Piece:
        """Return the list of reasons, with what each is the reason of; everyone: how many could be named."""
        why = (
            html(
                '<li><span id="why-%s">%s</span> %s</li>\n',
                *(number, clipped(reason), "; ".join(_missed(labels, everyone))),
            )
            for reason, (number, labels) in self._who.items()
        )
        if not self._who:
            return NOTHING
        return html('<h3>Figures that cannot be computed</h3>\n<ul class="quiet">\n%s</ul>\n', joined(why))


def _missed(labels: Mapping[str, Sequence[str]], everyone: int) -> Iterator[str]:
    """Yield labels with the securities concerned, those of the same securities together."""
    by_names: dict[str, list[str]] = {}
    for label, names in labels.items():
        by_names.setdefault(_names([*dict.fromkeys(names)], everyone), []).append(label)
    for number, (names, of_them) in enumerate(by_names.items()):
        if number == MOST_LINES:
            yield f"and {len(by_names) - number:,} more, in metrics.json"
            return
        yield f"{', '.join(of_them)} ({names})"


def _names(names: Sequence[str], everyone: int) -> str:
    if len(names) == everyone > 2:  # noqa: PLR2004 - of two, both are named
        return "all"
    more = len(names) - NAMES_SHOWN
    return ", ".join(names[:NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def anchor(ticker: str) -> str:
    """Return the id of a security's panel, which no other part of a page has: those are in small letters."""
    return ticker if ticker == ticker.upper() else f"security {ticker}"


def link(ticker: str) -> Piece:
    """Return a link to a security's panel."""
    return html('<a href="#%s">%s</a>', quote(anchor(ticker)), ticker)


def _first(contents: Contents, ticker: str) -> Piece:
    """Return the beginning of a security's row, with its currency where not all amounts of the page are in one."""
    unit = html(" <small>%s</small>", contents.money.of(ticker)) if contents.money.are_apart else NOTHING
    return html('<tr data-row="%s"><th scope="row">%s%s</th>', ticker, link(ticker), unit)


def _totals(contents: Contents) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the figures below those of the securities, by what they are of: all, or those of each currency."""
    by_currency: Mapping[str, Any] = contents.portfolio.get("currencies") or {}
    if by_currency:
        return [(f"{PORTFOLIO}, {unit}", figures) for unit, figures in by_currency.items()]
    return [(f"{PORTFOLIO}, {currency()}" if contents.money.are_apart else PORTFOLIO, contents.portfolio)]


def tables_of(
    contents: Contents, shown: Sequence[str], check: Check | None, differing: Sequence[str], reasons: Reasons
) -> Piece:
    """Return the tables one below the other, of which scripts make tabs; differing: parameters not shared by all."""
    links = {ticker: _first(contents, ticker) for ticker in shown}
    tables = [_of_figures(contents, links, caption, figures, reasons) for caption, figures in GROUPS.items()]
    tables += [_own_figures(contents, links, reasons), _counters(contents, links, reasons)]
    if check:
        apart = f"{OWN_CURRENCY}, the total {currency()}"
        tables.append(_of_check(links, check, apart if contents.money.are_apart else currency()))
    if differing:
        tables.append(_of_parameters(contents, links, differing))
    tables.append(_of_data(contents, links, reasons))
    return html('<div class="tabs">\n%s</div>\n', joined(tables))


def _of_figures(
    contents: Contents, links: Mapping[str, Piece], caption: str, figures: Sequence[Figure], reasons: Reasons
) -> Piece:
    with amounts_in(contents.money.of_each if contents.money.are_apart else currency()):
        headings = joined(
            html(
                '<th scope="col" data-key="%s" title="%s">%s%s</th>',
                *(figure.name, figure.plain_meaning, figure.label),
                html("<small>%s</small>", figure.shown_in) if figure.unit else NOTHING,
            )
            for figure in figures
        )

    def cells(values: Mapping[str, Any], who: str) -> Piece:
        return joined(reasons.cell(figure, values, who) for figure in figures)

    total = joined(
        html('<tr><th scope="row">%s</th>%s</tr>', name, cells(values, name)) for name, values in _totals(contents)
    )
    rows = [_row(first, cells(contents.figures[ticker], ticker)) for ticker, first in links.items()]
    return _table(caption, headings, rows, total)


def _own_figures(contents: Contents, links: Mapping[str, Piece], reasons: Reasons) -> Piece:
    """Return the figures of the strategy's own; nothing without any."""
    own: Mapping[str, Any] = {ticker: contents.figures[ticker].get(OWN) or {} for ticker in links}
    of_all: Mapping[str, Any] = contents.portfolio.get(OWN) or {}
    meanings = {name: entry["meaning"] for by_name in own.values() for name, entry in by_name.items()}
    names = sorted(meanings)[:MOST_LINES]

    def values(by_name: Mapping[str, Any], who: str) -> Piece:
        return joined(
            value(by_name.get(name) or {"value": None, "why_missing": _NOT_COUNTED}, name, who) for name in names
        )

    def value(entry: Mapping[str, Any], name: str, who: str) -> Piece:
        if entry["value"] is not None:
            return cell(entry["value"], "own")
        return reasons.missing(f"{name}: {entry['why_missing']}.", name, who)

    headings = joined(
        html('<th scope="col" data-key="%s" title="%s">%s</th>', name, clipped(meanings[name]), name) for name in names
    )
    rows = [_row(first, values(own[ticker], ticker)) for ticker, first in links.items()]
    total = html('<tr><th scope="row">%s</th>%s</tr>', PORTFOLIO, values(of_all, PORTFOLIO)) if of_all else NOTHING
    return _table("The strategy's own figures", headings, rows, total, "own-figures") if names else NOTHING


def _counters(contents: Contents, links: Mapping[str, Piece], reasons: Reasons) -> Piece:
    """Return what strategies counted besides; nothing without any counter."""
    counts: Mapping[str, Any] = {ticker: contents.figures[ticker].get("counters") or {} for ticker in links}
    names = sorted({name for by_name in counts.values() for name in by_name})[:MOST_LINES]

    def count(ticker: str, name: str) -> Piece:
        value = counts[ticker].get(name)
        return reasons.missing(_NOT_COUNTED, name, ticker) if value is None else cell(value, "count")

    rows = [_row(first, joined(count(ticker, name) for name in names)) for ticker, first in links.items()]
    return _table("What the strategy counted", _headings(names), rows, name="counters") if names else NOTHING


def _of_check(links: Mapping[str, Piece], check: Check, unit: str) -> Piece:
    def cells(values: Iterable[float | None]) -> Piece:
        return joined(cell(value, "money") for value in values)

    rows = [_row(links[ticker], cells(values)) for ticker, values in check.by_security]
    total = html('<tr><th scope="row">total</th>%s</tr>', cells(check.totals.values()))
    return _table(f"Net P&L by execution model, {unit}", _headings(check.totals), rows, total, "checks")


def _of_parameters(contents: Contents, links: Mapping[str, Piece], names: Sequence[str]) -> Piece:
    values: Mapping[str, Mapping[str, Any]] = contents.run["parameters"]

    def value(ticker: str, name: str) -> Piece:
        found = values[ticker].get(name)
        is_number = isinstance(found, (int, float)) and not isinstance(found, bool)
        return html("<td%s>%s</td>", html(' data-value="%s"', exact(found)) if is_number else NOTHING, text_of(found))

    rows = [
        _row(first, joined(value(ticker, name) for name in names))
        for ticker, first in links.items()
        if ticker in values
    ]
    return _table("Parameters by security", _headings(names), rows, name="parameters")


def _of_data(contents: Contents, links: Mapping[str, Piece], reasons: Reasons) -> Piece:
    """Return what each security's ticks were: counts, rejected rows and fingerprints."""
    rows = []
    for ticker, first in links.items():
        data: Mapping[str, Any] = contents.run["data"].get(ticker, {})
        rejects = data.get("rejects")
        rejected = None if rejects is None else sum(rejects.values())
        counts = (data.get("rows"), data.get("ticks"), rejected, data.get("blank"))
        cells = joined(
            reasons.missing(_UNKNOWN, label, ticker) if count is None else cell(count, "count")
            for label, count in zip(_DATA, counts, strict=True)
        )
        codes = (data.get("digest", ""), data.get("fingerprint", ""))
        others = joined(html('<td class="text code">%s</td>', code) for code in codes)
        rows.append(_row(first, html('<td class="text">%s</td>%s%s', data.get("exchange") or "", cells, others)))
    headings = html(
        '<th scope="col" class="text">Exchange</th>%s<th scope="col" class="text">Digest of the ticks</th>'
        '<th scope="col" class="text">Fingerprint of the sheets</th>',
        _headings(_DATA),
    )
    return _table("Input data and its fingerprints", headings, rows, name="input-data")


def _row(first: Piece, cells: Piece) -> Piece:
    return first + cells + html("</tr>\n")


def _headings(names: Iterable[str]) -> Piece:
    return joined(html('<th scope="col" data-key="%s">%s</th>', name, name) for name in names)


def _table(caption: str, headings: Piece, rows: Iterable[Piece], total: Piece = NOTHING, name: str = "") -> Piece:
    return html(
        '<div class="scrolls" role="region" aria-label="%s" tabindex="0"><table class="sortable" '
        'data-set="securities"%s><caption>%s</caption><thead><tr><th scope="col">Security</th>%s</tr></thead>\n'
        "<tbody>\n%s</tbody>%s</table></div>\n",
        *(caption, html(' id="%s"', name) if name else NOTHING, caption, headings, joined(rows)),
        html("<tfoot>%s</tfoot>", total) if total else NOTHING,
    )


def not_flat(contents: Contents, shown: Sequence[str]) -> Piece:
    """Return the list of days that ended with an open position, by security, a few of each."""
    open_days = []
    for ticker in shown:
        some = lines(contents.figures[ticker].get("days_not_flat") or (), NAMES_SHOWN)
        more = f" and {some.left_out:,} more" if some.left_out else ""
        if some.shown:
            open_days.append(html("<strong>%s</strong>: %s%s", ticker, ", ".join(some.shown), more))
    if not open_days:
        return NOTHING
    every = listed(open_days, NAMES_SHOWN)
    return html('<h3>Days that ended with an open position</h3>\n<div class="quiet">%s</div>\n', every)
