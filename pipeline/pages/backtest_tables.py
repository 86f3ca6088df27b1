"""The rows of a backtest page's tables and lists, each cut to what a page can hold."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from pipeline.engine.costs import COSTS
from pipeline.engine.execution import BREAK_ORDERS, IGNORED, SWITCHES
from pipeline.metrics.bootstrap import INTERVALS
from pipeline.metrics.fill_kinds import COLUMNS as OF_KINDS
from pipeline.metrics.fill_kinds import in_order
from pipeline.metrics.registry import BY_NAME, GROUPS, METRICS
from pipeline.numbers import counted
from pipeline.pages.cells import MOST_LINES, Cell, Lines, clipped, lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pipeline.metrics.figure import Figure
    from pipeline.pages.run_reader import Contents

NAMES_SHOWN: Final = 12
PORTFOLIO: Final = "Portfolio"


def replayed(contents: Contents) -> str:
    """Return how many securities the figures are of, and how many of those asked for failed."""
    done, failed = len(contents.figures), len(contents.errors)
    every = counted(done + failed, "security")
    return f"{done or 'none'} of {every}, {failed:,} failed" if failed else every


def period(contents: Contents) -> str:
    """Return which market days of any security the figures are of, empty without one."""
    days = contents.total.days.astype("datetime64[D]")
    many = counted(contents.portfolio["market_days"] or 0, "market day")
    return f"{many}, {days[0]} to {days[-1]}" if len(days) else ""


def headline(contents: Contents) -> list[tuple[Figure, Cell]]:
    """Return the portfolio's headline figures."""
    return [(figure, cell_of(figure, contents.portfolio)) for figure in METRICS if figure.is_headline]


def intervals(contents: Contents) -> list[tuple[Figure, list[Cell]]]:
    """Return the portfolio's figures that have an interval, each with its value and both ends; none of an older run."""
    ends: Mapping[str, Sequence[float] | None] = contents.portfolio.get("intervals") or {}
    rows = ((BY_NAME[name], ends[name]) for name in INTERVALS if ends.get(name))
    return [
        (figure, [cell_of(figure, contents.portfolio), *(Cell(end, figure.form) for end in both or ())])
        for figure, both in rows
    ]


def fills_by(contents: Contents) -> list[tuple[str, str, list[tuple[str, list[Cell]]]]]:
    """Return the tables of what filled the whole portfolio: name, caption, and a row a kind; none of an older run."""
    tables = []
    for figure in METRICS:
        if figure.form == "by_kind" and (rows := contents.portfolio.get(figure.name)):
            cells = [
                (label, [Cell(row[name], form) for name, (_, form) in OF_KINDS.items()])
                for label, row in in_order(rows)
            ]
            tables.append((figure.name, figure.label, cells))
    return tables


def glossary() -> list[Figure]:
    """Return every figure once, as it is explained at the end; a mark-out stands for all horizons."""
    first: dict[str, Figure] = {}
    for figure in _tabled():
        first.setdefault(figure.anchor, figure)
    return list(first.values())


def same_parameters(contents: Contents) -> tuple[Lines, list[str]]:
    """Return the parameters that all securities share with their values, and the names of those that differ."""
    values: Mapping[str, Mapping[str, Any]] = contents.run["parameters"]
    names = list(dict.fromkeys(name for ticker in sorted(values) for name in values[ticker]))
    texts = {name: {text_of(by_name.get(name)) for by_name in values.values()} for name in names}
    same = {name: next(iter(texts[name])) for name in names if len(texts[name]) == 1}
    return lines(same.items()), [name for name in names if name not in same][:MOST_LINES]


def switches(contents: Contents) -> list[tuple[str, str, str]]:
    """Return every execution switch, its value in this run, and what it is about."""
    values = contents.run["execution"]["settings"]
    about = {name: switch.doc for name, switch in SWITCHES.items()} | {
        COSTS: "what the broker bills, by exchange",
        IGNORED: "condition codes of prints that are left out",
        BREAK_ORDERS: "our orders over a break within the day",
    }
    return [(name, text_of(values[name]), about.get(name, "")) for name in sorted(values)]


def rejected(contents: Contents) -> Lines:
    """Return the rejected rows of the conversion: security, rule, rows."""
    data: Mapping[str, Mapping[str, Any]] = contents.run["data"]
    return lines(
        (ticker, clipped(rule), count)
        for ticker in sorted(data)
        for rule, count in sorted((data[ticker].get("rejects") or {}).items())
    )


def not_flat(contents: Contents, shown: Sequence[str]) -> list[tuple[str, Lines]]:
    """Return the days that ended with an open position, by security."""
    open_days = {ticker: contents.figures[ticker].get("days_not_flat") or [] for ticker in shown}
    return [(ticker, lines(days, NAMES_SHOWN)) for ticker, days in open_days.items() if days]


def cell_of(figure: Figure, values: Mapping[str, Any]) -> Cell:
    """Return a figure's value among those of a security or portfolio, or why it is missing."""
    value = figure.value_in(values)
    return Cell(value, figure.form, clipped(figure.reason_in(values)) if value is None else "")


def _tabled() -> Iterator[Figure]:
    for figures in GROUPS.values():
        yield from figures


def value_and_text(value: object) -> tuple[float | None, str]:
    """Return a parameter's number to sort by, where it is one, and its text."""
    number = value if isinstance(value, (int, float)) and not isinstance(value, bool) else None
    return number, text_of(value)


def text_of(value: object) -> str:
    """Return a setting as people read it."""
    if value is None:
        return "not set"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return clipped(value if isinstance(value, str) else json.dumps(value, sort_keys=True))
