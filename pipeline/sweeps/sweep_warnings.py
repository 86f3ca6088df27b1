"""Sweep warnings: what a reader should know before believing a sweep's best settings, one sentence each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.runs.run_warnings import undeclared_files, warnings_of_data

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.sweeps.choice import Best
    from pipeline.sweeps.results import SweepResults


def warnings_of_sweep(results: SweepResults, best: Sequence[Best]) -> list[str]:
    """Return the warnings of a sweep, the gravest first; a setting's error is its own row."""
    bases = list(results.plan.bases.values())
    chosen = {choice.security for choice in best}
    return [
        *dict.fromkeys(text for base in bases for text in base.warnings),
        *undeclared_files([results.opened]),
        *(
            f"{security}: no setting could be chosen: none has a figure to choose by."
            for security in results.views
            if security not in chosen
        ),
        *warnings_of_data(bases[0]),
        *(
            f"{choice.security}: no setting did better than one without any fill on the days it was chosen on."
            for choice in best
            if choice.train is not None and choice.train.fills == 0
        ),
    ]
