"""Prints a comparison of two runs on stdout: settings, figures side by side, and where the fills first differ."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from pipeline.console.output import CommandResult, console
from pipeline.console.tables import Column, show_table
from pipeline.numbers import FORMS, NONE, counted
from pipeline.runs.compare import ABSENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pipeline.metrics.figure import Figure
    from pipeline.runs.compare import Absent, Comparison, Difference, Fill, SecurityComparison
    from pipeline.runs.reader import Figures, RecordedRun, Value

DIGEST_SHOWN: Final = 12
LABELS: Final = {"execution": "execution.", "version": "version of ", "data": "ticks' "}


def show_comparison(found: Comparison) -> CommandResult:
    """Print two runs side by side, or only one line when they are the same."""
    if not found.same and console().shows:
        _show_all(found)
    return CommandResult(_line(found), found.as_json(), found.unreadable, warnings=_warnings(found))


def _warnings(found: Comparison) -> list[str]:
    """Return the warnings of both runs, those that only one has with its letter after it."""
    both = set(found.a.warnings) & set(found.b.warnings)
    runs = (("A", found.a), ("B", found.b))
    own = [f"{text} (only {name})" for name, run in runs for text in run.warnings if text not in both]
    return [*(text for text in found.a.warnings if text in both), *own]


def _line(found: Comparison) -> str:
    one, runs = found.a, f"{found.a.folder} and {found.b.folder}"
    if found.same:
        count = f"{counted(len(one.parameters), 'security')}, {counted(one.total.fills, 'fill')}"
        failed = f", {len(one.errors):,} failed" if one.errors else ""
        return f"{runs} are the same: {one.strategy}, {count}{failed}."
    if found.same_fills:
        return f"{runs} have the same fills; {_differ(len(found.differences))}."
    apart = sum(not one.same for one in found.securities)
    return f"{runs} differ in {apart:,} of {counted(len(found.securities), 'security')}."


def _show_all(found: Comparison) -> None:
    for name, run in (("A", found.a), ("B", found.b)):
        console().show(_heading(name, run))
    console().show()
    _show_settings(found)
    from pipeline.metrics.registry import BY_NAME  # only runs that differ need it

    charged = any(one.gross_pnl != one.net_pnl for one in _all_figures(found))
    _show_figures(BY_NAME["realized_pnl"], found, lambda figures: figures.gross_pnl)
    if charged:
        _show_figures(BY_NAME["net_pnl"], found, lambda figures: figures.net_pnl)
    _show_figures(BY_NAME["max_drawdown"], found, lambda figures: figures.max_drawdown, total="portfolio")
    _show_figures(BY_NAME["fills"], found, lambda figures: figures.fills)
    _show_partings(found)


def _heading(name: str, run: RecordedRun) -> str:
    return f"{name}: {run.folder} ({run.strategy}, {run.execution_name} execution)"


def _show_settings(found: Comparison) -> None:
    if not found.differences:
        console().show("No setting on record differs: strategy, execution, versions, ticks, parameters.\n")
        return
    shown = [one for one in found.differences if not _of_one_strategy(found, one)]
    shared = found.a.parameters.keys() & found.b.parameters.keys()
    order = list(dict.fromkeys(_setting(one) for one in shown))
    rows: dict[tuple[str, str, str], list[str]] = {}
    for one in sorted(shown, key=lambda one: order.index(_setting(one))):
        securities = rows.setdefault((_setting(one), _value(one, one.a), _value(one, one.b)), [])
        securities += [one.security] if one.security else []
    table = [
        (setting, "all" if len(of) in (0, len(shared)) else ", ".join(of), a, b) for (setting, a, b), of in rows.items()
    ]
    columns = [Column("setting", "name"), *(Column(name, "text") for name in ("security", "A", "B"))]
    show_table("What differs", columns, table)
    if len(shown) < len(found.differences):
        console().show("Parameters of only one of the strategies are left out; --json has them.\n")


def _of_one_strategy(found: Comparison, one: Difference) -> bool:
    """Tell whether a parameter is there for one strategy and unknown to the other."""
    return one.subject == "parameter" and found.a.strategy != found.b.strategy and ABSENT in (one.a, one.b)


def _setting(one: Difference) -> str:
    return f"{LABELS.get(one.subject, '')}{one.name}"


def _value(of: Difference, value: Value | Absent) -> str:
    if value is ABSENT:
        return NONE
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return text[:DIGEST_SHOWN] if of.subject == "data" else text


def _all_figures(found: Comparison) -> Iterator[Figures]:
    for one in (found.a, found.b):
        yield from one.figures.values()


def _show_figures(
    figure: Figure, found: Comparison, value: Callable[[Figures], float | None], *, total: str = "total"
) -> None:
    """Print one figure of every security in both runs, then of the runs as a whole."""

    def shown(figures: Figures) -> str:
        return FORMS[figure.form](value(figures))

    rows = []
    for one in found.securities:
        difference = shown(one.difference) if one.difference else NONE
        cells = [
            shown(figures) if figures else "failed" if error else NONE
            for figures, error in ((one.a, one.error_a), (one.b, one.error_b))
        ]
        rows.append((one.ticker, *cells, difference))
    totals = [(total, found.a.total, found.b.total)]
    if found.like_for_like and total == "total":
        totals.append(("in both", *found.like_for_like))
    last = [(name, shown(a), shown(b), shown(b.minus(a))) for name, a, b in totals]
    columns = [Column(name, "money" if figure.better > 0 else "number") for name in ("A", "B", "B - A")]
    show_table(figure.heading, [Column("security", "name"), *columns], rows, last)


def _show_partings(found: Comparison) -> None:
    if found.same_fills:
        console().show("Every security has the same fills in both runs, to the last bit.")
        return
    rows = [row for one in found.securities for row in _parting_rows(one)]
    columns = [Column("security", "name"), Column("fill", "text"), Column("run", "text"), Column("what", "text")]
    show_table("First fill that differs", columns, rows)


def _parting_rows(one: SecurityComparison) -> Iterator[tuple[str, str, str, str]]:
    if one.a is None or one.b is None:
        for run, figures, error in (("A", one.a, one.error_a), ("B", one.b, one.error_b)):
            if figures is None:
                yield one.ticker, NONE, run, f"failed: {error}" if error else "not in this run"
    elif one.unreadable is not None:
        yield one.ticker, NONE, NONE, f"not compared: {one.unreadable}"
    elif one.parting is None:
        yield one.ticker, NONE, NONE, f"same fills ({one.a.fills:,})" if one.a.fills else "no fills in either"
    else:
        place = one.parting.index
        yield one.ticker, f"{place + 1:,}", "A", _fill(one.parting.a, place)
        yield "", "", "B", _fill(one.parting.b, place)


def _fill(fill: Fill | None, before: int) -> str:
    if fill is None:
        return f"ends after {counted(before, 'fill')}" if before else "no fills"
    return f"{fill.time.replace('T', ' ')}  {fill.side} {fill.quantity:,} at {fill.price!r}"


def _differ(settings: int) -> str:
    return "1 setting differs" if settings == 1 else f"{settings:,} settings differ"
