"""How a run, two runs side by side and the list of all runs show themselves in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pipeline.errors import PipelineError
from pipeline.metrics.assumptions import verdict_of
from pipeline.metrics.daily import daily_columns
from pipeline.metrics.registry import BY_NAME
from pipeline.notebook import html_line, html_table
from pipeline.numbers import FORMS, counted, currency, money, ratio, unit_of
from pipeline.runs.differences import change_in_words
from pipeline.runs.layout import DAILY_FILE
from pipeline.runs.read_file import reading
from pipeline.runs.registry_row import total_equity
from pipeline.runs.security import totals_of
from pipeline.runs.writer import net_pnl_by_execution
from pipeline.spark import thinned

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.runs.backtest import BacktestRun
    from pipeline.runs.compare import Comparison, SecurityComparison
    from pipeline.runs.reader import Figures, RecordedRun
    from pipeline.runs.registry_row import RunRow

SHOWN: Final = ("fills", "net_pnl", "max_drawdown")
CHANGES_SHOWN: Final = 6


def run_html(run: BacktestRun) -> str:
    """Return a row a security, their total, the equity of all together, and what the check says, as HTML."""
    rows = [[result.ticker, *_figures(result.ledger.figures if result.ledger else None)] for result in run.results]
    ledgers = [result.ledger for result in run.results if result.ledger is not None]
    *_, (_, days) = daily_columns(ledgers, totals_of(run.results))
    notes = [
        html_line(f"Net realised equity, {currency()}", thinned(days["equity"].tolist() if "equity" in days else []))
    ]
    sharpe = BY_NAME["sharpe"].value_in(run.portfolio)
    if sharpe is not None:
        notes.append(html_line(f"Sharpe ratio {ratio(sharpe)}, annualised", ()))
    if check := verdict_of(net_pnl_by_execution(run.results)):
        both = f"classic {money(check.classic)}, strict {money(check.strict)}"
        notes.append(html_line(f"Net P&L, {currency()}: {both}, {check.band} by queue", ()))
    notes.append(html_line(counted(len(run.warnings), "warning"), ()))
    heads = ["security", *(BY_NAME[name].column for name in SHOWN)]
    title = f"{run.plan.strategy}, {run.plan.execution.name} execution"
    return html_table(title, heads, [*rows, ["total", *_figures(run.portfolio)]], notes, kept=1)


def comparison_html(comparison: Comparison) -> str:
    """Return net P&L and fills of both runs by security, what differs, and both lines of equity, as HTML."""
    a, b = comparison.a, comparison.b
    rows = [_compared(security.ticker, security.a, security.b, security) for security in comparison.securities]
    total = _compared("total", a.total, b.total, None)
    changed = change_in_words(a, b) or ["no setting on record differs"]
    notes = [html_line(f"{name}: {run.folder.name}", _equity(run)) for name, run in (("A", a), ("B", b))]
    notes += [html_line(text, ()) for text in changed[:CHANGES_SHOWN]]
    heads = ("security", *_sides(a, b), "B - A", "A, fills", "B, fills", "first fill that differs")
    return html_table(f"{a.folder.name} and {b.folder.name}", heads, [*rows, total], notes, kept=1)


def runs_html(rows: Sequence[RunRow]) -> str:
    """Return the list of all runs, the latest first, and the line of the latest, as HTML."""
    table = [
        [
            row.label,
            row.when,
            row.currency,
            *map(money, (row.net_pnl, row.strict)),
            FORMS["ratio"](row.sharpe),
            FORMS["count"](row.fills),
            "; ".join(row.differs),
            row.note,
        ]
        for row in rows
    ]
    heads = ("run", "finished", "in", "net P&L", "strict", "Sharpe", "fills", "changed since the previous run", "note")
    notes = [html_line(f"Net realised equity of {row.name}, {row.currency}", row.equity) for row in rows[:1]]
    return html_table(
        f"Runs, the latest first; {unit_of(row.currency for row in rows if row.is_complete)}", heads, table, notes
    )


def _figures(figures: Mapping[str, Any] | None) -> list[str]:
    if figures is None:
        return ["failed", *("" for _ in SHOWN[1:])]
    return [FORMS[BY_NAME[name].form](figures.get(name)) for name in SHOWN]


def _compared(name: str, a: Figures | None, b: Figures | None, security: SecurityComparison | None) -> list[str]:
    difference = b.minus(a).net_pnl if a and b else None
    counts = [FORMS["count"](figures.fills if figures else None) for figures in (a, b)]
    parting = f"{security.parting.index + 1:,}" if security and security.parting else ""
    return [name, *(money(one.net_pnl if one else None) for one in (a, b)), money(difference), *counts, parting]


def _sides(a: RecordedRun, b: RecordedRun) -> list[str]:
    return [f"{name}, net {run.money.shown}" for name, run in (("A", a), ("B", b))]


def _equity(run: RecordedRun) -> Sequence[float]:
    """Return a run's equity by day; none where its file cannot be read, which is no reason to show nothing."""
    path = run.folder / DAILY_FILE
    try:
        with reading(path):
            return thinned(total_equity(path.read_bytes()))
    except PipelineError:
        return ()
