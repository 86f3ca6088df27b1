"""Prints one security of a run, or why one of its fills happened, in lines of at most 80 columns."""

from __future__ import annotations

import textwrap
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from pipeline.console.output import WIDTH, CommandResult, console
from pipeline.console.progress import Progress
from pipeline.console.tables import Column, show_table
from pipeline.metrics.metrics_json import OWN
from pipeline.numbers import FORMS, amounts_in, counted, money
from pipeline.runs.reader import naming
from pipeline.times import WEEKDAYS
from pipeline.tracing import moment_rendering, rendering
from pipeline.tracing.explanation import Explanation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.metrics.figure import Figure
    from pipeline.runs.recorded_security import RecordedSecurity, Selection
    from pipeline.tracing.moment import Moment

FILLS_SHOWN: Final = 20
CHOOSE: Final = "--first, --last, --from, --to and --side choose others."

COLUMNS: Final = {
    "fill": Column("fill"),
    "time": Column("time"),
    "side": Column("side", "name"),
    "quantity": Column("shares"),
    "price": Column("price"),
    "realized_pnl": Column("realised", "money"),
    "position": Column("position"),
    "pnl": Column("P&L", "money"),
    "fee": Column("fee", "money"),
    "trade_type": Column("type", "name"),
}


class ExplainProgress(Progress):
    """What an explanation is doing: first it reads the run and the ticks, then it replays."""

    _replaying = False

    def at(self, done: int, total: int) -> None:
        """Say how many ticks of how many are replayed."""
        if not self._replaying:
            self._replaying = True
            self.stage("Replaying up to it", total)
        self.step(done=done)


def show_explanation(explanation: Explanation | Moment) -> CommandResult:
    """Print why a fill happened or what an order was; with --verbose every print too, and what the strategy knew."""
    words: Any = rendering if isinstance(explanation, Explanation) else moment_rendering
    for text in words.lines_of(explanation, verbose=console().verbose):
        console().show(text)
    console().show()
    return CommandResult(
        words.summary(explanation), explanation.as_json(), **_warned(explanation.security, explanation.warnings)
    )


def show_security(security: RecordedSecurity) -> CommandResult:
    """Print one security's figures."""
    figures = security.figures
    if console().shows:
        _show_heading(security)
        with amounts_in(security.currency):
            _show_figures(figures)
        _show_own(figures.get(OWN) or {})
        counters = {name: f"{count:,}" for name, count in (figures.get("counters") or {}).items()}
        _show_numbers("Counted", "what", "count", counters)
    line = f"{security.ticker} in {security.run.folder.as_posix()}: {counted(figures['fills'], 'fill')}, net P&L "
    return CommandResult(
        f"{line}{money(figures['net_pnl'])} {security.currency}",
        _named(security) | {"figures": figures},
        **_warned(security.ticker, security.run.warnings_about(security.ticker)),
    )


def show_fills(security: RecordedSecurity, selection: Selection) -> CommandResult:
    """Print the fills that are selected, in a table with a line before each day's first; 20 when no count is given."""
    is_limited = selection.first is not None or selection.last is not None or console().json
    shown = security.fills(selection if is_limited else replace(selection, first=FILLS_SHOWN))
    of = security.run.figures[security.ticker].fills
    if console().shows:
        _show_heading(security)
        if shown:
            _show_rows(shown)
        if len(shown) < of:
            console().show(CHOOSE)
    line = f"{len(shown):,} of {counted(of, 'fill')} of {security.ticker} in {security.run.folder.as_posix()}"
    if of and not shown and (selection.start, selection.end) != (None, None):
        line += _reach(security, selection)
    warned = _warned(security.ticker, security.run.warnings_about(security.ticker))
    return CommandResult(line, _named(security) | {"fills": shown, "of": of}, **warned)


def _reach(security: RecordedSecurity, selection: Selection) -> str:
    """Return from when to when a security's fills are, as the end of a sentence."""
    anything = replace(selection, start=None, end=None, side=None)
    [first], [last] = (
        security.fills(replace(anything, first=of_first, last=of_last)) for of_first, of_last in ((1, None), (None, 1))
    )
    return f"; they are from {first['time'][:19]} to {last['time'][:19]}".replace("T", " ")


def _warned(ticker: str, warnings: Sequence[str]) -> dict[str, Any]:
    """Return the warnings, and for print those that name the security and how many are of the run as a whole."""
    own = [*filter(naming(ticker).search, warnings)]
    others = len(warnings) - len(own)
    more = [f"{others:,} more of the run as a whole (--json has them)."] if others else []
    return {"warnings": warnings, "printed": [*own, *more]}


def _named(security: RecordedSecurity) -> dict[str, str]:
    run = security.run
    return {
        "security": security.ticker,
        "exchange": security.exchange,
        "currency": security.currency,
        "run": run.folder.as_posix(),
        "strategy": run.strategy,
        "execution": run.execution_name,
    }


def _show_heading(security: RecordedSecurity) -> None:
    run = security.run
    console().show(f"{security.ticker}, {run.folder.as_posix()}")
    for line in textwrap.wrap(f"{run.strategy}, {run.execution_name} execution", WIDTH, break_on_hyphens=False):
        console().show(line)
    console().show()


def _show_figures(figures: Mapping[str, Any]) -> None:
    from pipeline.metrics.registry import GROUPS, METRICS  # it loads numpy, which only figures need

    for group, of_group in GROUPS.items():
        rows = [_row(figure, figures) for figure in of_group if figure.key in figures]
        columns = [Column("figure", "name"), Column("value", "money")]
        if any(row[2] for row in rows):
            columns.append(Column("why not", "text"))
        if rows:
            show_table(group, columns, [row[: len(columns)] for row in rows])
    for figure in METRICS:
        if figure.form == "by_kind":
            _show_kinds(figure.label, figures.get(figure.name) or {})
        elif not figure.is_number:
            by_name = figures.get(figure.name) or {}
            names = sorted(by_name, key=lambda name: (WEEKDAYS.index(name) if name in WEEKDAYS else 0, name))
            numbers = {name: money(by_name[name]) for name in names}
            _show_numbers(figure.label, figure.label.rpartition(" ")[2], f"net P&L, {figure.shown_in}", numbers)


def _show_own(own: Mapping[str, Mapping[str, Any]]) -> None:
    columns = [Column("figure", "name"), Column("value"), Column("what", "text")]
    rows = [
        [name, FORMS["own"](each["value"]), f"{each['why_missing']}." if each["why_missing"] else each["meaning"]]
        for name, each in sorted(own.items())
    ]
    if rows:
        show_table("The strategy's own figures", columns, rows)


def _row(figure: Figure, figures: Mapping[str, Any]) -> list[str]:
    value = figure.value_in(figures)
    return [figure.heading, FORMS[figure.form](value), figure.reason_in(figures) if value is None else ""]


def _show_kinds(title: str, by_kind: Mapping[str, Mapping[str, Any]]) -> None:
    from pipeline.metrics.fill_kinds import COLUMNS as OF_KINDS
    from pipeline.metrics.fill_kinds import in_order

    columns = [Column("filled by", "name"), *(Column(label, "money") for label, _ in OF_KINDS.values())]
    rows = [
        [label, *(FORMS[form](row[name]) for name, (_, form) in OF_KINDS.items())] for label, row in in_order(by_kind)
    ]
    if rows:
        show_table(title, columns, rows)


def _show_numbers(title: str, of: str, value: str, numbers: Mapping[str, str]) -> None:
    if numbers:
        show_table(title, [Column(of, "name"), Column(value, "money")], [list(pair) for pair in numbers.items()])


def _show_rows(fills: Sequence[Mapping[str, Any]]) -> None:
    names = [name for name in COLUMNS if name in fills[0]]
    whole_seconds = all(fill["time"].endswith(".000") for fill in fills)
    decimals = max(len(repr(round(fill["price"], 6)).partition(".")[2]) for fill in fills)
    rows: list[list[str] | str] = []
    for day, of_day in groupby(fills, key=lambda fill: fill["time"][:10]):
        cells = ([_cell(name, fill[name], decimals, whole_seconds=whole_seconds) for name in names] for fill in of_day)
        rows += [day, *cells]
    show_table("Fills", [COLUMNS[name] for name in names], rows)


def _cell(name: str, value: Any, decimals: int, *, whole_seconds: bool) -> str:
    if name == "time":
        return str(value)[11 : 19 if whole_seconds else 23]
    if COLUMNS[name].kind == "money":
        return money(value)
    if name == "price":
        return f"{value:,.{decimals}f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
