"""Prints the checks of `validate`, a line each, and the timings of `benchmark` as a table, on stdout."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.console.output import ERROR, CommandResult, console
from pipeline.console.tables import Column, show_table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipeline.bench import StageTiming
    from pipeline.validation import Check


def show_checks(checks: Iterable[Check]) -> CommandResult:
    """Print each check as it is made."""
    made = []
    for check in checks:
        line = f"{'ok  ' if check.passed else 'FAIL'} {check.name}: {check.detail}"
        if not check.passed and not console().shows:
            console().error(f"{check.name}: {check.detail}")
        console().show(line, "" if check.passed else ERROR)
        made.append(check)
    failed = {check.name: check.detail for check in made if not check.passed}
    told = [{"name": check.name, "passed": check.passed, "detail": check.detail} for check in made]
    facts = {"checks": told, "passed": len(made) - len(failed)}
    return CommandResult(f"{len(made) - len(failed)} passed, {len(failed)} failed", facts, failed)


def show_benchmark(timings: list[StageTiming], runs: int) -> CommandResult:
    """Print sequential against parallel, stage by stage."""
    columns = [Column("stage", "name"), *map(Column, ("sequential", "parallel", "speed-up"))]
    show_table(
        f"Medians of {runs}, seconds",
        columns,
        [[one.stage, f"{one.sequential:.4f}", f"{one.parallel:.4f}", f"{one.speed_up:.2f}x"] for one in timings],
    )
    stages = {
        one.stage: {"sequential": one.sequential, "parallel": one.parallel, "speed_up": one.speed_up} for one in timings
    }
    whole = timings[-1]
    line = f"{whole.stage}: {whole.sequential:.2f} s sequential, {whole.parallel:.2f} s parallel"
    return CommandResult(f"{line[0].upper()}{line[1:]}", {"runs": runs, "stages": stages})
