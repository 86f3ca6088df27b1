"""Sweep warnings: what a reader should know before believing a sweep's best settings, one sentence each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.metrics.figure import ANNUALISED_FROM, are_few_days
from pipeline.numbers import counted
from pipeline.replay.currencies import stale_words
from pipeline.runs.run_warnings import undeclared_files, warnings_of_data
from pipeline.sweeps.shortlist import SHORTLIST
from pipeline.sweeps.writer import carried_days

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pipeline.sweeps.choice import Best
    from pipeline.sweeps.date_windows import Window
    from pipeline.sweeps.objectives import Objective
    from pipeline.sweeps.results import SweepResults


def warnings_of_sweep(
    results: SweepResults,
    best: Sequence[Best],
    objective: Objective,
    unscored: tuple[int, int],
    train: Window | None,
) -> list[str]:
    """Return the warnings of a sweep, the gravest first; a setting's error is its own row.

    unscored: how many settings have nothing to be chosen by, and of how many. train: the days that settings were
    chosen on; None for all.
    """
    bases = list(results.plan.bases.values())
    chosen = {choice.security for choice in best}
    return [
        *dict.fromkeys(text for base in bases for text in base.warnings),
        *stale_words(carried_days(results), results.plan.rates),
        *undeclared_files([results.opened]),
        *(
            f"{security}: no setting could be chosen: {_why_none(results, security, train)}."
            for security in results.views
            if security not in chosen
        ),
        *_of_objective(results, best, objective, unscored),
        *warnings_of_data(bases[0]),
        *(
            f"{choice.security}: no setting did better than one without any fill on the days it was chosen on."
            for choice in best
            if choice.train is not None and choice.train.fills == 0
        ),
    ]


def _why_none(results: SweepResults, security: str, train: Window | None) -> str:
    """Return why no setting was chosen for a security."""
    days = results.market_days_of().get(security)
    if train is not None and days is not None and not ((train.first <= days) & (days <= train.last)).any():
        return f"it has no market day in {train}, the days that settings are chosen on (--train-until)"
    return "none has a figure to choose by"


def _of_objective(
    results: SweepResults, best: Sequence[Best], objective: Objective, unscored: tuple[int, int]
) -> Iterator[str]:
    """Yield what is to be known of the figure that settings were chosen by."""
    chosen = next((each for each in best if each.security == results.views[-1]), None)
    if chosen is None:
        return
    days = chosen.train.market_days if chosen.train else chosen.figures["market_days"]
    if objective.annualised and are_few_days(days):
        yield (
            f"Settings were chosen by the {objective.name} of {counted(int(days or 0), 'market day')}: the best by so "
            f"few says next to nothing. {ANNUALISED_FROM}"
        )
    none, of = unscored
    if objective.needs_replay and not objective.of_every and of > SHORTLIST:
        yield (
            f"Of {counted(of, 'setting')} only the {SHORTLIST} with the highest net P&L, of each security and of all "
            f"together, were replayed whole for {objective.name}: the best of these was chosen."
        )
    elif none:
        why = f" ({objective.why_missing[0].lower()}{objective.why_missing[1:-1]})" if objective.why_missing else ""
        or_fill = ", or no fill," if objective.better < 0 else ""
        yield f"{none:,} of {counted(of, 'setting')} have no {objective.name}{why}{or_fill} and rank after the others."
