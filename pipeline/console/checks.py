"""Prints the checks of `validate`, a line each, and the timings of `benchmark` as a table."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from pipeline.console.output import ERROR, CommandResult, console
from pipeline.console.tables import Column, show_table

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from pipeline.bench.scale import StoreScale
    from pipeline.bench.stages import StageTiming
    from pipeline.validation import Check


def show_checks(checks: Iterable[Check], warnings: Collection[str]) -> CommandResult:
    """Print each check as it is made; `warnings` are complete when the last one is."""
    done = []
    for check in checks:
        line = f"{'ok  ' if check.passed else 'FAIL'} {check.name}: {check.detail}"
        if not check.passed and not console().shows:
            console().error(f"{check.name}: {check.detail}")
        console().show(line, "" if check.passed else ERROR)
        done.append(check)
    failed = {check.name: check.detail for check in done if not check.passed}
    rows = [asdict(check) for check in done]
    passed = len(done) - len(failed)
    return CommandResult(
        f"{passed} passed, {len(failed)} failed",
        {"checks": rows, "passed": passed},
        failed,
        warnings=list(dict.fromkeys(warnings)),
    )


def show_benchmark(timings: list[StageTiming], runs: int, warnings: Collection[str]) -> CommandResult:
    """Print sequential against parallel, stage by stage."""
    columns = [Column("stage", "name"), *map(Column, ("sequential", "parallel", "speed-up"))]
    rows = [
        [timing.stage, f"{timing.sequential:.4f}", f"{timing.parallel:.4f}", f"{timing.speed_up:.2f}x"]
        for timing in timings
    ]
    show_table(f"Medians of {runs}, seconds", columns, rows)
    names = ("sequential", "parallel", "speed_up")
    stages = {timing.stage: {name: getattr(timing, name) for name in names} for timing in timings}
    whole = timings[-1]
    line = f"{whole.stage}: {whole.sequential:.2f} s sequential, {whole.parallel:.2f} s parallel"
    facts = {"runs": runs, "stages": stages}
    return CommandResult(f"{line[0].upper()}{line[1:]}", facts, warnings=list(dict.fromkeys(warnings)))


def show_scale(stores: Sequence[StoreScale], runs: int, chart: str | None) -> CommandResult:
    """Print each backtest of each store, beside its floor."""
    columns = [Column("backtest", "name"), *map(Column, ("workers", "seconds", "ns a tick", "speed-up", "peak MB"))]
    for store in stores:
        rows = []
        for run in store.runs:
            speed = f"{run.seconds:.2f}", f"{run.ns_a_tick:.1f}", f"{store.speed_up(run):.2f}x"
            rows.append([run.work, f"{run.workers}", *speed, f"{run.peak_bytes / 1e6:,.0f}"])
        floor = f"floor on one CPU: Arrow's read {store.read_ns:.1f} ns a tick, replay {store.loop_ns:.1f}"
        title = f"{store.name[0].upper()}{store.name[1:]}, {store.ticks:,} ticks, medians of {runs}; {floor}"
        show_table(title, columns, rows)
    facts = {"runs": runs, "chart": chart, "stores": [_scale_facts(store) for store in stores]}
    most = max(stores, key=lambda store: store.securities)
    best = min(run.ns_a_tick for run in most.runs)
    drawn = f"; chart: {chart}" if chart else ""
    return CommandResult(f"{most.name[0].upper()}{most.name[1:]}: {best:.1f} ns a tick{drawn}", facts)


def _scale_facts(store: StoreScale) -> dict[str, object]:
    facts = asdict(store)
    del facts["runs"]
    return {**facts, "backtests": [{**asdict(run), "speed_up": store.speed_up(run)} for run in store.runs]}
