"""Prints all runs of an output folder: what they came to, then what changed from one to the next."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from pipeline.console.output import CommandResult, console
from pipeline.console.tables import Column, show_table
from pipeline.numbers import FORMS, OWN_CURRENCY, counted, money, unit_of
from pipeline.runs.layout import INDEX_FILE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pipeline.runs.registry_row import RunRow, RunRows, SweepRow

LEFT_OUT: Final = ("stamp", "parameters", "digests", "signals", "versions", "execution", "before")
CHANGES_SHOWN: Final = 3


def show_runs(rows: RunRows, output_dir: Path) -> CommandResult:
    """Print a table of the runs' figures, the latest first, what changed and was noted, and then the sweeps."""
    if rows and console().shows:
        _show_figures(rows)
        _show_changes(rows)
    if rows.sweeps:
        _show_sweeps(rows.sweeps)
    page, any_row = output_dir / INDEX_FILE, rows or rows.sweeps
    facts = {"index": page if any_row else None, "runs": [_facts(row) for row in rows]}
    facts["sweeps"] = [{name: value for name, value in asdict(row).items() if name != "stamp"} for row in rows.sweeps]
    if not any_row:
        return CommandResult(f"There are no runs in {output_dir}.", facts)
    sweeps = f" and {counted(len(rows.sweeps), 'sweep')}" if rows.sweeps else ""
    replaced = sum(row.replaced for row in rows)
    of_them = f", {replaced:,} of them replaced by a later one in its folder" if replaced else ""
    return CommandResult(f"{counted(len(rows), 'run')}{of_them}{sweeps}. Page: {page}", facts)


def _show_sweeps(sweeps: Sequence[SweepRow]) -> None:
    columns = [
        Column("sweep", "name"),
        Column("finished"),
        *_in(sweeps),
        Column("settings"),
        Column("chosen"),
        *(Column(name, "money") for name in ("net P&L", "test")),
        Column("values", "text"),
    ]
    table = [
        [
            row.name,
            row.when,
            *([row.currency] if _in(sweeps) else []),
            FORMS["count"](row.settings if row.is_complete else None),
            FORMS["count"](row.setting),
            *map(money, (row.net_pnl, row.test_net_pnl)),
            row.chosen if row.is_complete else _state(row),
        ]
        for row in sweeps
    ]
    show_table(f"Sweeps, the latest first; {_unit(sweeps)}", columns, table)
    said = [[row.name, row.luck[0]] for row in sweeps if row.luck]
    if said:
        show_table("How much is luck", [Column("sweep", "name"), Column("of the best setting", "text")], said)


def _show_figures(rows: Sequence[RunRow]) -> None:
    columns = [
        Column("run", "name"),
        Column("finished"),
        *_in(rows),
        *(Column(name, "money") for name in ("net P&L", "strict")),
        *(Column(name) for name in ("Sharpe", "fills", "warnings")),
        *(Column(name, "money") for name in ("classic", "band, low", "band, high", "drawdown")),
    ]
    table = []
    for row in rows:
        counts = (FORMS["ratio"](row.sharpe), FORMS["count"](row.fills), f"{row.warnings:,}")
        checked = map(money, (row.classic, row.band_low, row.band_high, row.max_drawdown))
        unit = [row.currency] if _in(rows) else []
        table.append([row.label, row.when, *unit, money(row.net_pnl), money(row.strict), *counts, *checked])
    show_table(f"Runs, the latest first; {_unit(rows)}", columns, table)


def _unit(rows: Sequence[RunRow | SweepRow]) -> str:
    return unit_of(row.currency for row in rows if row.is_complete)


def _in(rows: Sequence[RunRow | SweepRow]) -> list[Column]:
    """Return the column of currencies, where the rows are in several."""
    return [Column("in", "name")] if _unit(rows) == OWN_CURRENCY else []


def _show_changes(rows: Sequence[RunRow]) -> None:
    table = []
    for row in rows:
        changed = "; ".join(row.differs[:CHANGES_SHOWN])
        more = len(row.differs) - CHANGES_SHOWN
        changed += f"; {more:,} more" if more > 0 else ""
        note = _state(row) or row.note
        if changed or note:
            table.append([row.label, changed, note])
    columns = [Column("run", "name"), Column("changed since the previous run", "text"), Column("note", "text")]
    if table:
        show_table("What changed", columns, table)


def _state(row: RunRow | SweepRow) -> str:
    if row.is_complete:
        return ""
    return row.status if row.status in ("failed", "damaged") else "not finished"


def _facts(row: RunRow) -> dict[str, Any]:
    return {name: value for name, value in asdict(row).items() if name not in LEFT_OUT}
