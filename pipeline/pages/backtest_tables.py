"""The rows of a backtest page's tables and lists, each cut to what a page can hold."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pipeline.engine.costs import COSTS
from pipeline.engine.execution import BREAK_ORDERS, IGNORED, SWITCHES
from pipeline.metrics.bootstrap import INTERVALS
from pipeline.metrics.registry import BY_NAME
from pipeline.numbers import counted
from pipeline.pages.cells import MOST_LINES, Cell, Lines, clipped, lines

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.metrics.figure import Figure
    from pipeline.pages.run_reader import Contents


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


def intervals(contents: Contents) -> list[tuple[Figure, list[Cell]]]:
    """Return the portfolio's figures that have an interval, each with its value and both ends; none of an older run."""
    ends: Mapping[str, Sequence[float] | None] = contents.portfolio.get("intervals") or {}
    rows = ((BY_NAME[name], ends[name]) for name in INTERVALS if ends.get(name))
    return [
        (figure, [cell_of(figure, contents.portfolio), *(Cell(end, figure.form) for end in both or ())])
        for figure, both in rows
    ]


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


def cell_of(figure: Figure, values: Mapping[str, Any]) -> Cell:
    """Return a figure's value among those of a security or portfolio, or why it is missing."""
    value = figure.value_in(values)
    return Cell(value, figure.form, clipped(figure.reason_in(values)) if value is None else "")


def text_of(value: object) -> str:
    """Return a setting as people read it."""
    if value is None:
        return "not set"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return clipped(value if isinstance(value, str) else json.dumps(value, sort_keys=True))
