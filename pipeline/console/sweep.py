"""Prints a sweep: how far it is, its rate and the time left while it runs, then its best settings and folds."""

from __future__ import annotations

import json
import textwrap
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from pipeline.console.backtest import REPLAYING, ReplayProgress, show_cache_folders
from pipeline.console.output import WIDTH, CommandResult, console
from pipeline.console.tables import Column, show_table
from pipeline.engine.execution import SWITCH
from pipeline.metrics.chance import percent
from pipeline.metrics.figure import ANNUALISED_FROM, shown_annualised
from pipeline.numbers import FORMS, NONE, amounts_in, counted, currency, money, ratio
from pipeline.runs.layout import REPORT_FILE
from pipeline.sweeps.axes import STRATEGY, Axis
from pipeline.sweeps.choice import under, walked_pnl
from pipeline.sweeps.luck_words import said_of
from pipeline.sweeps.objectives import NET_PNL, SHARPE

if TYPE_CHECKING:
    from pipeline.sweeps.choice import Best
    from pipeline.sweeps.plan import SweepPlan
    from pipeline.sweeps.replays import ReadyResults
    from pipeline.sweeps.run import SweepRun

SAY_EVERY: Final = 10.0
REDRAW_EVERY: Final = 0.1
MB: Final = 2**20
ERRORS_SHOWN: Final = 10

CHECKING: Final = "Checking the sweep and the ticks"
WHOLE: Final = "Replaying settings whole for their own figures"
WRITING: Final = "Choosing the best and writing the results"


class SweepProgress(ReplayProgress):
    """A bar with the rate and the time left on a terminal; elsewhere a line every ten seconds."""

    compiling_text = "Compiling {} for many settings at once; this is done once and takes a few seconds."

    def __init__(self) -> None:
        super().__init__(CHECKING)
        self._computed = 0
        self._started = self._said = time.monotonic()

    def planned(self, plan: SweepPlan, total: int) -> None:
        """Say what is about to run."""
        self._many = total
        self._started = self._said = time.monotonic()
        workers = f"{plan.workers} worker{'s' if plan.workers > 1 else ''} ({plan.backend})"
        names = ", ".join(base.strategy for base in plan.bases.values())
        settings = total // max(1, len(plan.tickers) * (1 + len(plan.band)))
        band = ", each with its band" if plan.band else ""
        console().info(f"Sweep of {names}: {_grid(settings, len(plan.tickers))}{band}, {workers}")
        for base in plan.bases.values():
            for warning in base.warnings:
                console().warn_early(warning)
            console().detail(
                f"{base.strategy}: config {base.config}, {base.engine} engine, {base.execution.name} execution"
            )
        if plan.shortage:
            console().warn(plan.shortage)
        show_cache_folders()
        self.stage(REPLAYING, total)

    def finished(self, ready: ReadyResults) -> None:
        """Count results."""
        self.count(ready.count)
        self._computed += 0 if ready.cached else ready.count
        now = time.monotonic()
        if self.draws:
            if now - self._said > REDRAW_EVERY or self._ready == self._many:
                self._said = now
                self.step(ready.ticker, done=self._ready, note=self._how_fast(now))
        elif now - self._said > SAY_EVERY:
            self._said = now
            self.step()
            console().info(f"{self._ready:,} of {self._many:,} results, {self._how_fast(now)}")
        if self._ready == self._many:
            self.stage(WRITING)

    def whole(self, done: int, total: int) -> None:
        """Count settings that are replayed whole."""
        if done == 0:
            self.stage(WHOLE, total)
        self.step(done=done)
        if not self.draws and time.monotonic() - self._said > SAY_EVERY:
            self._said = time.monotonic()
            console().info(f"{done:,} of {counted(total, 'setting')} replayed whole")
        if done == total:
            self.stage(WRITING)

    def _how_fast(self, now: float) -> str:
        """Say how many results a second were computed so far, and how long the rest takes at that rate."""
        rate = self._computed / max(now - self._started, 1e-9)
        if not rate:
            return "all cached so far"
        left = round((self._many - self._ready) / rate)
        return f"{rate:,.0f}/s, {left // 60}:{left % 60:02} left"


def _grid(settings: int, securities: int) -> str:
    return f"{counted(settings, 'setting')} x {counted(securities, 'security')}"


def show_sweep(run: SweepRun, *, page: bool = False) -> CommandResult:
    """Print the best setting of each security and of all, and what was computed and what was cached.

    page: whether the sweep's folder has one.
    """
    report = run.output_dir / REPORT_FILE if run.output_dir is not None and page else None
    results = run.results
    failed = run.failed
    for where, error in list(failed.items())[:ERRORS_SHOWN]:
        console().error(f"{where}: {error}")
    with amounts_in(run.shown_in):
        if run.best:
            _show_best(run)
        if run.folds:
            _show_folds(run)
        _show_luck(run)
        _show_luck_by_security(run)
    tickers = results.plan.tickers
    console().show(
        f"{counted(len(results), 'result')} ({_grid(len(results.trials), len(tickers))}): "
        f"{results.cached:,} cached, {results.computed:,} computed, {results.failed:,} failed"
    )
    if results.cached:
        console().detail("Cached results have the same ticks, strategy, parameters, execution, market and engine.")
    if report is not None:
        console().show(f"Page: {report}")
    console().show(f"Result cache: {run.cache_bytes / MB:,.1f} MB (`pipeline clean-cache` empties it)")
    facts = {
        "output_dir": run.output_dir,
        "report": report,
        "results": len(results),
        "settings": len(results.trials),
        "securities": list(tickers),
        "cached": results.cached,
        "computed": results.computed,
        "cache_bytes": run.cache_bytes,
        "backend": results.plan.backend,
        "workers": results.plan.workers,
        "chosen_by": run.objective.name,
        "chosen_under": dict(results.plan.assumed),
        "best": [_best(entry) for entry in run.best],
        "luck": run.luck and asdict(run.luck),
        "luck_by_security": {ticker: luck and asdict(luck) for ticker, luck in run.luck_by_security.items()},
        "walk_forward": [
            {"part": one.number, "security": one.security, "setting": one.trial.number, "test": one.test.as_shown()}
            for one in run.folds
        ],
        "seconds": run.seconds,
    }
    some = f"; {results.failed:,} of {len(results):,} failed" if failed else ""
    return CommandResult(
        f"Results: {run.output_dir}  ({console().seconds:.2f} s{some})", facts, failed, warnings=run.warnings
    )


def _best(best: Best) -> dict[str, Any]:
    return {
        "security": best.security,
        "setting": best.trial.number,
        "strategy": best.trial.strategy,
        "execution": best.trial.execution.name,
        "values": dict(best.trial.combination),
        "score": best.score,
        "net_pnl": best.figures.get("net_pnl"),
        "sharpe": best.shown_sharpe,
        "band_low": best.band and best.band[0],
        "band_high": best.band and best.band[1],
        "own": dict(best.own),
        "train": best.train and best.train.as_shown(),
        "test": best.test and best.test.as_shown(),
    }


def _show_best(run: SweepRun) -> None:
    """Show the best setting of each security and of all: what it made, and what it is, an axis a column."""
    parted = any(best.train for best in run.best)
    named = (f"train {currency()}", f"test {currency()}") if parted else (f"net P&L ({currency()})",)
    ratios = [best.test.shown_sharpe if best.test else best.shown_sharpe for best in run.best]
    has_ratio, banded = any(value is not None for value in ratios), any(best.band for best in run.best)
    figures = [*(Column(name, "money") for name in named)]
    by, scores = run.objective, _scores(run)
    figures += [Column(f"{'train ' if parted else ''}{by.name}")] if scores else []
    figures += [Column("test Sharpe" if parted else "Sharpe")] if has_ratio else []
    figures += [Column(f"strict, by the queue ahead ({currency()})", "money")] if banded else []
    own = [name for name in run.results.own if not scores or name != by.name]
    figures += [Column(name) for name in own]
    axes, rows = _axes(run), []
    for best, sharpe in zip(run.best, ratios, strict=True):
        amounts = [part.net_pnl if part else None for part in (best.train, best.test)]
        shown = [*map(money, amounts if parted else [best.figures["net_pnl"]])]
        shown += [FORMS[by.form](scores[best.security])] if scores else []
        shown += [ratio(sharpe)] if has_ratio else []
        shown += [f"{money(best.band[0])} to {money(best.band[1])}" if best.band else NONE] if banded else []
        shown += [FORMS["own"](best.own[name]) for name in own]
        rows.append([best.security, f"{best.trial.number:,}", *shown, *(_value(axis, best) for axis in axes)])
    model = under(run.results.plan.assumed)
    how = ", chosen on the training days" if parted else ", in-sample best"
    columns = [Column("security", "name"), Column("setting"), *figures, *map(_column, axes)]
    by_name = "" if by.name == NET_PNL else f" by {by.name}"
    show_table(f"Best settings{by_name}{f' under {model}' if model else ''}{how}", columns, rows)
    if not has_ratio:
        console().show(f"{ANNUALISED_FROM}\n")


def _scores(run: SweepRun) -> dict[str, float | None]:
    """Return what the best were chosen by, by security, where no other column has it; empty where it is not shown."""
    by = run.objective
    days = {best.security: best.train.market_days if best.train else best.figures["market_days"] for best in run.best}
    scores = {
        best.security: shown_annualised(best.score, days[best.security]) if by.annualised else best.score
        for best in run.best
    }
    return {} if by.has_column or all(score is None for score in scores.values()) else scores


def _axes(run: SweepRun) -> list[Axis]:
    """Return what settings differ by, besides what all are chosen under."""
    plan = run.results.plan
    strategies = [Axis(STRATEGY, tuple(plan.bases))] if len(plan.bases) > 1 else []
    values: dict[str, dict[str, Any]] = {name: {} for name in plan.axes if name not in plan.assumed}
    for part in run.results.trials.parts:
        for axis in part.axes:
            values.get(axis.name, {}).update((_text(value), value) for value in axis.values)
    return [*strategies, *(Axis(name, tuple(of.values())) for name, of in values.items() if len(of) > 1)]


def _column(axis: Axis) -> Column:
    are_numbers = all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in axis.values)
    return Column(axis.name.removeprefix(SWITCH), "number" if are_numbers else "name")


def _value(axis: Axis, best: Best) -> str:
    """Return the value of an axis of a setting, empty where its strategy does not have it."""
    values = {STRATEGY: best.trial.strategy, **best.trial.combination}
    return _text(values[axis.name]) if axis.name in values else ""


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _show_luck(run: SweepRun) -> None:
    """Say how much of the best is luck, or why that cannot be said."""
    settings, days = len(run.results.trials), len(run.results.market_days()) if run.best else 0
    said = said_of(asdict(run.luck) if run.luck else None, settings, days) if run.best else []
    for sentence in said:
        console().show(textwrap.fill(sentence, WIDTH))
    if said:
        console().show()


def _show_luck_by_security(run: SweepRun) -> None:
    """Show the same of the setting chosen for each security by itself."""
    known = {ticker: asdict(luck) for ticker, luck in run.luck_by_security.items() if luck}
    if not known:
        return
    is_ratio = next(iter(known.values()))["figure"] == SHARPE
    form = "ratio" if is_ratio else "money"
    named = ("best", "by_chance", "out_of_sample")
    titles = ("the best", "luck alone", "out of sample", "luck as good, %", "deflated, %")
    rows = []
    for ticker, luck in known.items():
        sure = [percent(luck[name]).removesuffix(" %") for name in ("p_value", "deflated_sharpe")]
        rows.append([ticker, *(FORMS[form](luck[name]) for name in named), *sure])
    columns = [Column("security", "name"), *(Column(title, "money") for title in titles)]
    show_table(f"Luck by security, {'Sharpe ratio' if is_ratio else f'{currency()} a market day'}", columns, rows)


def _show_folds(run: SweepRun) -> None:
    """Show the walk forward in total: what choosing anew on the past would have earned after."""
    parts = max(fold.number for fold in run.folds)
    columns = [
        Column("security", "name"),
        Column("settings chosen", "text"),
        Column(f"net P&L after choosing ({currency()})", "money"),
    ]
    rows = []
    for security in dict.fromkeys(fold.security for fold in run.folds):
        own = [fold for fold in run.folds if fold.security == security]
        chosen = ", ".join(str(fold.trial.number) for fold in own)
        rows.append([security, chosen, money(walked_pnl(fold.test.net_pnl for fold in own))])
    show_table(f"Walk forward, {parts} part{'s' if parts > 1 else ''}", columns, rows)
