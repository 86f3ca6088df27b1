"""Prints the assumption check of a run: net P&L by execution model, the way from classic to strict, the band."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from pipeline.console.backtest import facts_of, say_errors
from pipeline.console.output import WIDTH, CommandResult, console
from pipeline.console.tables import Column, show_table
from pipeline.metrics.assumptions import BETWEEN, in_words, verdict_of, waterfall
from pipeline.metrics.daily import TOTAL
from pipeline.numbers import amounts_in, currency, money
from pipeline.runs.writer import sensitivity_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.runs.backtest import BacktestRun

Amounts = dict[str, dict[str, float]]
"""Net P&L by execution model, then by security and in total."""


def show_sensitivity(run: BacktestRun) -> CommandResult:
    """Print the check: one row an execution model, one column a security, as many to a table as fit."""
    say_errors(run)
    of, together = run.plan.currencies.of, None if run.plan.currencies.is_mixed else run.currency
    facts = {**facts_of(run), "currency": together, "currencies": dict(of)}
    facts |= {"net_pnl": {}, "band_low": None, "band_high": None}
    if not run.plan.switches_apply:
        return CommandResult(run.plan.own_orders, facts, run.failed, warnings=run.warnings)
    by_execution: Amounts = {}
    for row in sensitivity_rows(run.results):
        by_execution.setdefault(row["execution"], {})[row["security"]] = row["net_pnl"]
    facts["net_pnl"] = by_execution
    total = {model: values[TOTAL] for model, values in by_execution.items() if TOTAL in values}
    with amounts_in(run.currency):
        _show_models(by_execution, of, run.currency)
        _show_steps(total)
        verdict = verdict_of(total)
        if verdict and verdict.band_low is not None:
            facts |= {"band_low": verdict.band_low, "band_high": verdict.band_high}
            console().show(f"As an exchange would fill them (strict), range over queue models:\n  {verdict.band}\n")
        line = "nothing was replayed" if not by_execution else "several currencies, which do not add up"
        if verdict:
            line = f"classic {money(verdict.classic)}; strict {money(verdict.strict)}"
        line = f"Net P&L of {run.plan.strategy}, {currency()}: {line}"
    return CommandResult(line, facts, run.failed, warnings=run.warnings)


def _show_models(by_execution: Amounts, of: Mapping[str, str], together: str) -> None:
    securities = list(dict.fromkeys(name for values in by_execution.values() for name in values))
    apart = any(unit != together for unit in of.values())
    units = {**of, TOTAL: together} if apart else {}
    heads = [f"{security} {units[security]}" if security in units else security for security in securities]
    show_table(
        f"Net P&L, {currency()}" if not apart else "Net P&L",
        [Column("execution", "name"), *(Column(head, "money") for head in heads)],
        [
            [model, *(money(values.get(security)) for security in securities)]
            for model, values in by_execution.items()
            if model not in BETWEEN
        ],
    )


def _show_steps(total: Mapping[str, float]) -> None:
    steps = waterfall(total)
    columns = [Column("added", "name"), Column("changes by", "money"), Column("net P&L", "money")]
    if steps:
        table = [[step.switch, money(step.change), money(step.net_pnl)] for step in steps]
        show_table(f"From classic to strict, {currency()}", columns, [["classic", "", money(total["classic"])], *table])
        console().show(f"{textwrap.fill(in_words(steps), WIDTH)}\n")
