"""Prints a reconciliation on stdout: what desk and run agree on, how far they are apart, which value fits best."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pipeline.console.output import CommandResult
from pipeline.console.tables import Column, show_table
from pipeline.numbers import FORMS, counted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from pipeline.runs.matching import Agreement
    from pipeline.runs.reconcile import Reconciliation

    Cells = Callable[[Agreement], tuple[str, ...]]

count, share, seconds, money = (FORMS[form] for form in ("count", "share", "seconds", "money"))

TOTAL: Final = "total"
COUNTS: Final = ("run", "found", "missed", "invented", "found, %")
APART: Final = ("run later, s", "s, median", "s, 90 %", "price, median", "price, 90 %")
SHARES: Final = ("desk shares", "run shares", "in both", "desk P&L", "run P&L")


def show_reconciliation(reconciliation: Reconciliation, matches: Path) -> CommandResult:
    """Print how a run agrees with the desk."""
    rows = reconciliation.by_security | {TOTAL: reconciliation.total}
    _show("Fills", ("desk", *COUNTS), rows, lambda one: (count(one.desk_fills), *_counts(one)))
    _show("How far found fills are apart", APART, rows, _apart)
    _show("Shares, and P&L by average entry price", SHARES, rows, _shares)
    if reconciliation.fits:
        names = {fit.value: f"{fit.value}, the run's" if fit.of_run else fit.value for fit in reconciliation.fits}
        fits = {names[fit.value]: fit.agreement for fit in reconciliation.fits}
        title = f"How each value of {reconciliation.terms.switch} fits"
        _show(title, ("fit, %", *COUNTS), fits, lambda one: (share(one.fit), *_counts(one)), "value")
    facts = reconciliation.as_json() | {"matches": matches}
    return CommandResult(_line(reconciliation, matches), facts, warnings=reconciliation.warnings)


def _show(
    title: str, columns: tuple[str, ...], rows: Mapping[str, Agreement], cells: Cells, first: str = "security"
) -> None:
    """Print a table, what is in total below a blank line."""
    kinds = [Column(name, "money" if name.endswith("P&L") else "number") for name in columns]
    shown: list[tuple[str, ...] | str] = []
    for name, one in rows.items():
        shown += [""] if name == TOTAL else []
        shown.append((name, *cells(one)))
    show_table(title, [Column(first, "name"), *kinds], shown)


def _counts(one: Agreement) -> tuple[str, ...]:
    return (*(count(value) for value in (one.run_fills, one.found, one.missed, one.invented)), share(one.share_found))


def _apart(one: Agreement) -> tuple[str, ...]:
    times, prices = (one.run_later, one.seconds.median, one.seconds.p90), (one.prices.median, one.prices.p90)
    return (*map(seconds, times), *("-" if value is None else f"{value:.3f}" for value in prices))


def _shares(one: Agreement) -> tuple[str, ...]:
    shares = (one.desk_shares, one.run_shares, one.shared_shares)
    return (*map(count, shares), *("-" if pnl is None else money(pnl) for pnl in (one.desk_pnl, one.run_pnl)))


def _line(reconciliation: Reconciliation, matches: Path) -> str:
    total, best = reconciliation.total, reconciliation.best
    first = (
        f"{reconciliation.folder} has {total.found:,} of the desk's {counted(total.desk_fills, 'fill')} "
        f"({share(total.share_found)} %) and {total.invented:,} that the desk does not have"
    )
    nearest = f"; {reconciliation.terms.switch}={best.value} fits best" if best else ""
    return f"{first}{nearest}. Matches: {matches}"
