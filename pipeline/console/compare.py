"""Prints a comparison of two runs on stdout: settings, figures side by side, and where the fills first differ."""

from __future__ import annotations

from string import ascii_uppercase
from typing import TYPE_CHECKING

from pipeline.console.output import CommandResult, console
from pipeline.console.tables import Column, show_table
from pipeline.metrics.assumptions import CHECKED
from pipeline.numbers import FORMS, NONE, amounts_in, counted, currency, money, unit_of
from pipeline.runs.differences import of_one_strategy, shown_changes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from pipeline.metrics.figure import Figure
    from pipeline.runs.compare import Comparison, Fill, SecurityComparison
    from pipeline.runs.reader import Figures, RecordedRun


def show_comparisons(comparisons: Sequence[Comparison], page: Path | str | None) -> CommandResult:
    """Print the first run beside each of the others in turn, and where the page of them all is."""
    letters = ascii_uppercase[1:]
    first, *others = (show_comparison(one, letter) for one, letter in zip(comparisons, letters, strict=False))
    lines = [result.line for result in (first, *others)] + ([f"Page: {page}"] if page is not None else [])
    facts = dict(first.facts) | ({"others": [result.facts for result in others]} if others else {})
    return CommandResult(
        "\n".join(lines),
        facts | ({} if page is None else {"page": page}),
        {ticker: text for result in (first, *others) for ticker, text in result.failed.items()},
        warnings=_warnings([comparisons[0].a, *(one.b for one in comparisons)]),
    )


def show_comparison(comparison: Comparison, letter: str = "B") -> CommandResult:
    """Print two runs side by side, A and the one of this letter, or only one line when they are the same."""
    if not comparison.same and console().shows:
        with amounts_in(unit_of(run.money.shown for run in (comparison.a, comparison.b))):
            _show_all(comparison, letter)
    warnings = _warnings([comparison.a, comparison.b])
    return CommandResult(_line(comparison), comparison.as_json(), comparison.unreadable, warnings=warnings)


def _warnings(runs: Sequence[RecordedRun]) -> list[str]:
    """Return the warnings of all runs, then those that only some have, with the letters of these."""
    who: dict[str, list[str]] = {}
    for letter, run in zip(ascii_uppercase, runs, strict=False):
        for text in dict.fromkeys(run.warnings):
            who.setdefault(text, []).append(letter)
    of_all = [text for text, letters in who.items() if len(letters) == len(runs)]
    of_some = [f"{text} (only {', '.join(letters)})" for text, letters in who.items() if len(letters) < len(runs)]
    return [*of_all, *of_some]


def _line(comparison: Comparison) -> str:
    run, runs = comparison.a, f"{comparison.a.folder} and {comparison.b.folder}"
    if comparison.same:
        count = f"{counted(len(run.parameters), 'security')}, {counted(run.total.fills, 'fill')}"
        failed = f", {len(run.errors):,} failed" if run.errors else ""
        return f"{runs} are the same: {run.strategy}, {count}{failed}."
    if comparison.same_fills:
        differ = len(comparison.differences)
        return f"{runs} have the same fills; {counted(differ, 'setting')} differ{'s' if differ == 1 else ''}."
    different = sum(not security.same for security in comparison.securities)
    return f"{runs} differ in {different:,} of {counted(len(comparison.securities), 'security')}."


def _show_all(comparison: Comparison, letter: str) -> None:
    for name, run in (("A", comparison.a), (letter, comparison.b)):
        unit = run.money.together
        console().show(f"{name}: {run.folder} ({run.strategy}, {run.execution_name} execution, amounts in {unit})")
    console().show()
    _show_settings(comparison, letter)
    from pipeline.metrics.registry import BY_NAME  # only runs that differ need it

    every = (*comparison.a.figures.values(), *comparison.b.figures.values())
    charged = any(figures.gross_pnl != figures.net_pnl for figures in every)
    _show_figures(BY_NAME["realized_pnl"], comparison, letter, lambda figures: figures.gross_pnl)
    if charged:
        _show_figures(BY_NAME["net_pnl"], comparison, letter, lambda figures: figures.net_pnl)
    _show_figures(BY_NAME["max_drawdown"], comparison, letter, lambda figures: figures.max_drawdown, total="portfolio")
    _show_figures(BY_NAME["fills"], comparison, letter, lambda figures: figures.fills)
    _show_checks(comparison, letter)
    _show_partings(comparison, letter)


def _sides(letter: str) -> tuple[str, str, str]:
    return "A", letter, f"{letter} - A"


def _show_settings(comparison: Comparison, letter: str) -> None:
    a, b = comparison.a, comparison.b
    table = [(row.setting, who, row.a, row.b) for row, who in shown_changes(comparison.differences, a, b)]
    if not table and not comparison.differences:
        console().show("No setting on record differs: strategy, execution, versions, ticks, parameters.\n")
        return
    columns = [Column("setting", "name"), *(Column(name, "text") for name in ("security", "A", letter))]
    show_table("What differs", columns, table)
    if any(of_one_strategy(difference, a, b) for difference in comparison.differences):
        console().show("Parameters of only one of the strategies are left out; --json has them.\n")


def _show_figures(
    figure: Figure,
    comparison: Comparison,
    letter: str,
    value: Callable[[Figures], float | None],
    *,
    total: str = "total",
) -> None:
    """Print one figure of every security in both runs, then of the runs as a whole."""

    def shown(figures: Figures) -> str:
        return FORMS[figure.form](value(figures))

    rows = []
    for security in comparison.securities:
        difference = shown(security.difference) if security.difference else NONE
        cells = [
            shown(figures) if figures else "failed" if error else NONE
            for figures, error in ((security.a, security.error_a), (security.b, security.error_b))
        ]
        rows.append((security.ticker, *cells, difference))
    totals = [(total, comparison.a.total, comparison.b.total)]
    if comparison.like_for_like and total == "total":
        totals.append(("in both", *comparison.like_for_like))
    last = [(name, shown(a), shown(b), shown(b.minus(a))) for name, a, b in totals]
    columns = [Column(name, "money" if figure.better > 0 else "number") for name in _sides(letter)]
    show_table(figure.heading, [Column("security", "name"), *columns], [*rows, "", *last])


def _show_checks(comparison: Comparison, letter: str) -> None:
    """Print what each run's assumption check came to; nothing where neither has one."""
    a, b = comparison.a.check, comparison.b.check
    apart = comparison.a.money.together != comparison.b.money.together
    if a is None and b is None:
        return
    rows = []
    for name, label in CHECKED.items():
        of_a, of_b = (None if check is None else getattr(check, name) for check in (a, b))
        difference = None if apart or of_a is None or of_b is None else of_b - of_a
        rows.append((label, *map(money, (of_a, of_b, difference))))
    show_table(
        f"Net P&L by assumption, {currency()}",
        [Column("execution", "name"), *(Column(name, "money") for name in _sides(letter))],
        rows,
    )


def _show_partings(comparison: Comparison, letter: str) -> None:
    if comparison.same_fills:
        console().show("Every security has the same fills in both runs, to the last bit.")
        return
    rows = [row for security in comparison.securities for row in _parting_rows(security, letter)]
    columns = [Column("security", "name"), Column("fill", "text"), Column("run", "text"), Column("what", "text")]
    show_table("First fill that differs", columns, rows)


def _parting_rows(security: SecurityComparison, letter: str) -> Iterator[tuple[str, str, str, str]]:
    if security.a is None or security.b is None:
        for run, figures, error in (("A", security.a, security.error_a), (letter, security.b, security.error_b)):
            if figures is None:
                yield security.ticker, NONE, run, f"failed: {error}" if error else "not in this run"
    elif security.unreadable is not None:
        yield security.ticker, NONE, NONE, f"not compared: {security.unreadable}"
    elif security.parting is None:
        same = f"same fills ({security.a.fills:,})" if security.a.fills else "no fills in either"
        yield security.ticker, NONE, NONE, same
    else:
        index = security.parting.index
        yield security.ticker, f"{index + 1:,}", "A", _fill(security.parting.a, index)
        yield "", "", letter, _fill(security.parting.b, index)


def _fill(fill: Fill | None, before: int) -> str:
    if fill is None:
        return f"ends after {counted(before, 'fill')}" if before else "no fills"
    return f"{fill.time.replace('T', ' ')}  {fill.side} {fill.quantity:,} at {fill.price!r}"
