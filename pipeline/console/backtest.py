"""Prints a backtest: progress on stderr while it runs, then the closing tables on stdout and its command result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pipeline.console.output import WIDTH, CommandResult, console
from pipeline.console.progress import Progress
from pipeline.console.tables import Column, show_table
from pipeline.metrics.assumptions import NO_WORSE, verdict_of
from pipeline.metrics.figure import shown_annualised
from pipeline.numbers import FORMS, OWN_CURRENCY, amounts_in, counted, currency, money, ratio
from pipeline.runs.layout import REPORT_FILE, WORKBOOK_FILE
from pipeline.runs.security import totals_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.metrics.figure import Figure
    from pipeline.replay.plan import Plan
    from pipeline.runs.backtest import BacktestRun
    from pipeline.runs.security import SecurityResult

CHECKING: Final = "Checking the request and the ticks"
REPLAYING: Final = "Replaying"
WRITING: Final = "Writing the results"

CHANCE: Final = ("market_days", "sharpe", "probabilistic_sharpe", "minimum_track_record", "intervals")
"""What the command result says of how much may be chance."""


class ReplayProgress(Progress):
    """Progress of replays, of which `_ready` of `_many` are done; a loop may have to be compiled first."""

    compiling_text = "Compiling {} for this machine; this is done once and takes a few seconds."

    def __init__(self, first: str) -> None:
        super().__init__(first)
        self._many = self._ready = 0
        self._compiled: set[str] = set()

    def compiling(self, name: str) -> None:
        """Print that a strategy is being compiled, once for all its loops."""
        if name not in self._compiled:
            self._compiled.add(name)
            self.stage(f"Compiling {name}", self._many, self._ready)
            console().info(self.compiling_text.format(name))
            self.calm()

    def count(self, ready: int = 1) -> None:
        """Count results."""
        if self._stage != REPLAYING:
            self.stage(REPLAYING, self._many, self._ready)
        self._ready += ready


class BacktestProgress(ReplayProgress):
    """Progress of a backtest: a bar over the securities on a terminal, elsewhere a line as each completes."""

    def __init__(self) -> None:
        super().__init__(CHECKING)

    def planned(self, plan: Plan) -> None:
        """Print what is about to run."""
        self._many = len(plan.tasks)
        workers = f"{plan.workers} worker{'s' if plan.workers > 1 else ''} ({plan.backend})"
        securities = counted(self._many, "security")
        console().info(f"Backtest {plan.strategy}: {securities}, {workers}, {plan.engine} engine")
        for warning in plan.warnings:
            console().warn_early(warning)
        if plan.shortage:
            console().warn(plan.shortage)
        console().detail(f"Config: {plan.config}; execution: {plan.execution.name}")
        show_cache_folders()
        self.stage(REPLAYING, self._many)

    def finished(self, result: SecurityResult) -> None:
        """Count one security; name it when there is no bar."""
        self.count()
        self.step(result.ticker)
        line = f"[{self._ready}/{self._many}] {_outcome(result)}"
        if console().verbose:
            console().detail(f"{line}; {_how(result)}")
        elif not self.draws:
            console().info(line)
        if self._ready == self._many:
            self.stage(WRITING)


def show_backtest(run: BacktestRun, *, page: bool = False, workbook: bool = False) -> CommandResult:
    """Print the closing table of a backtest; where fees are charged, with what they leave.

    page, workbook: whether the run's folder has them.
    """
    say_errors(run)
    written = {
        "report": run.output_dir / REPORT_FILE if run.output_dir and page else None,
        "workbook": run.output_dir / WORKBOOK_FILE if run.output_dir and workbook else None,
    }
    if console().shows:
        with amounts_in(run.currency):
            _show_figures(run)
            if not run.plan.currencies.is_mixed:
                drawdown = money(run.portfolio["max_drawdown"])
                _show_lines({f"Max drawdown, {currency()}, of all securities together": drawdown})
                _show_assumptions(run)
                _show_chance(run)
    for label, path in zip(("Page", "Workbook"), written.values(), strict=True):
        if path is not None:
            console().show(f"{label}: {path}")
    totals = _by_execution(run)
    verdict = verdict_of(totals)
    cached = sum(result.cached for result in run.results)
    reused = f"; {cached} of {len(run.results)} cached by earlier runs" if cached else ""
    failed = f"; {len(run.failed)} of {len(run.results)} failed" if run.failed else ""
    facts = {
        **facts_of(run),
        **written,
        "output_dir": run.output_dir,
        "securities": {result.ticker: _figures(result) for result in run.results},
        "currency": None if run.plan.currencies.is_mixed else run.currency,
        "total": _total(run),
        "net_pnl_by_execution": totals,
        "band_low": verdict and verdict.band_low,
        "band_high": verdict and verdict.band_high,
        "worst_switch": verdict and verdict.worst_switch,
        "chance": {
            **{name: run.portfolio[name] for name in CHANCE},
            "sharpe": shown_annualised(run.portfolio["sharpe"], run.portfolio["market_days"]),
        },
    }
    return CommandResult(
        f"Results: {run.output_dir}  ({console().seconds:.2f} s{reused}{failed})",
        facts,
        run.failed,
        warnings=run.warnings,
    )


def _show_figures(run: BacktestRun) -> None:
    from pipeline.metrics.registry import BY_NAME  # it is loaded by now

    charged = any(result.ledger is not None and result.ledger.charged for result in run.results)
    names = ["fills", "realized_pnl", *(("fees", "net_pnl") if charged else ()), "position", "days_not_flat"]
    figures = [BY_NAME[name] for name in names]
    rows = []
    for result in run.results:
        if result.ledger is None:
            rows.append([result.ticker, "failed", *("" for _ in names[1:])])
            continue
        values = _figures(result)
        cells = [FORMS[figure.form](values[figure.name]) for figure in figures]
        rows.append([result.ticker, *cells[:-1], f"{cells[-1]} of {values['market_days']}"])
    apart = any(unit != run.currency for unit in run.plan.currencies.of.values())
    rows = [[row[0], run.plan.currencies.of.get(row[0], ""), *row[1:]] if apart else row for row in rows]
    with amounts_in(OWN_CURRENCY if apart else currency()):
        columns = [Column(figure.column, "money" if figure.better > 0 else "number") for figure in figures]
    first = [Column("security", "name"), *([Column("in", "name")] if apart else [])]
    together = [] if run.plan.currencies.is_mixed else ["", _last_row(run, figures, apart=apart)]
    show_table(f"{run.plan.strategy}, {run.plan.execution.name} execution", [*first, *columns], [*rows, *together])


def _last_row(run: BacktestRun, figures: Sequence[Figure], *, apart: bool) -> list[str]:
    total = _total(run)
    cells = (FORMS[figure.form](total[figure.name]) if figure.name in total else "" for figure in figures)
    return ["total", *([run.currency] if apart else []), *cells]


def _show_assumptions(run: BacktestRun) -> None:
    """Print what the P&L is, what an exchange would leave of it and within which band, and what it hangs on most."""
    verdict = verdict_of(_by_execution(run))
    if verdict is None:
        return
    worst = f"worst switch alone: {verdict.worst_switch}" if verdict.worst_switch else NO_WORSE
    lines = {
        f"Net P&L, {currency()}: under the classic fill rules": money(verdict.classic),
        "              as an exchange would fill them (strict)": money(verdict.strict),
        "              strict, range over queue models": verdict.band,
        f"              {worst}": money(verdict.worst),
    }
    _show_lines(lines)


def _show_chance(run: BacktestRun) -> None:
    """Print between which ends other days like these would leave the P&L and its Sharpe ratio, and how sure it is."""
    from pipeline.metrics.chance import percent, too_few

    figures = run.portfolio
    days, ends = figures["market_days"] or 0, figures["intervals"]
    if ends is None:
        console().show(too_few(days))
        return
    of_days = f"Net P&L, {currency()}: 95 % interval over {days:,} market days"
    lines = {of_days: " to ".join(map(money, ends["net_pnl"]))}
    if figures["sharpe"] is not None:
        lines |= {
            f"Sharpe ratio {ratio(figures['sharpe'])}, annualised: 95 % interval": " to ".join(
                map(ratio, ends["sharpe"])
            ),
            "              probability that the true one is above 0": percent(figures["probabilistic_sharpe"]),
        }
    _show_lines(lines)


def _show_lines(lines: Mapping[str, str]) -> None:
    for label, shown in lines.items():
        console().show(f"{label}{shown:>{max(len(shown) + 1, WIDTH - 2 - len(label))}}")


def _by_execution(run: BacktestRun) -> dict[str, float]:
    from pipeline.runs.writer import net_pnl_by_execution  # it is loaded by now

    return net_pnl_by_execution(run.results)


def facts_of(run: BacktestRun) -> dict[str, Any]:
    """Return what the command results of a backtest and of its check both say."""
    plan = run.plan
    return {
        "strategy": plan.strategy,
        "execution": plan.execution.name,
        "engine": plan.engine,
        "backend": plan.backend,
        "workers": plan.workers,
        "cached": sum(result.cached for result in run.results),
        "seconds": dict(run.seconds),
    }


def _figures(result: SecurityResult) -> dict[str, Any]:
    if result.ledger is None:
        return {"error": result.error}
    return {"currency": result.currency, **result.ledger.summary, "cached": result.cached, "error": None}


def _total(run: BacktestRun) -> dict[str, Any]:
    """Return the sums of all securities; fills alone where their currencies do not add up."""
    fills = sum(result.fills for result in run.results)
    if run.plan.currencies.is_mixed:
        return {"fills": fills, "realized_pnl": None, "fees": None, "net_pnl": None}
    done = [ledger for some in totals_of(run.results).values() for ledger in some]
    realized, fees = sum(ledger.realized_pnl for ledger in done), sum(ledger.sums["fees"] for ledger in done)
    return {"fills": fills, "realized_pnl": realized, "fees": fees, "net_pnl": realized - fees}


def show_cache_folders() -> None:
    """Say where compiled loops and results are cached, when --verbose asks."""
    if not console().verbose:
        return
    from pipeline.native import codecache
    from pipeline.store.result_cache import limit_bytes, results_folder

    limit = limit_bytes() // 2**20
    console().detail(f"Compiled loops: {codecache.folder()}")
    cache = f"{results_folder()}, at most {limit:,} MB" if limit else "off, since PIPELINE_RESULTS_MB is 0"
    console().detail(f"Result cache: {cache}")


def _outcome(result: SecurityResult) -> str:
    if result.ledger is None:
        return f"{result.ticker}: failed: {result.error}"
    cached = ", cached by an earlier run" if result.cached else ""
    return f"{result.ticker}: {counted(result.fills, 'fill')}{cached}"


def _how(result: SecurityResult) -> str:
    if result.cached:
        return "ticks, strategy, parameters, execution, market and engine are those of that run"
    checked = f", the other execution models {result.check_seconds:.3f} s" if result.alternatives else ""
    return f"reading {result.read_seconds:.3f} s, replay {result.replay_seconds:.3f} s{checked}"


def say_errors(run: BacktestRun) -> None:
    """Print what ended the securities that failed."""
    for result in run.results:
        if result.error is not None:
            console().error(f"{result.ticker}: {result.error}")
            if console().debug and result.trace:
                console().info(result.trace)
