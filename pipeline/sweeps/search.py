"""Searches a grid too large to run whole with Optuna, trying the same settings each time for one seed."""

from __future__ import annotations

import importlib
import json
import math
from typing import TYPE_CHECKING, Any, Final

from pipeline.errors import BadRequest, MissingExtra
from pipeline.sweeps.axes import is_assumption
from pipeline.sweeps.plan import make_trials
from pipeline.sweeps.trials import coded, every_combination
from pipeline.system import installing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipeline.sweeps.axes import Grid
    from pipeline.sweeps.plan import SweepPlan
    from pipeline.sweeps.trials import TrialColumns
    from pipeline.ticks import Float64s

AT_A_TIME: Final = 32
"""Settings asked for before any of them is judged, whatever the number of workers, so that the answers are the same."""

MOST_SEED: Final = 2**32 - 1
"""What numpy's generator takes, which Optuna draws with."""


def check_search(grid: Grid, trials: int, seed: int, strategies: Sequence[str]) -> None:
    """Raise MissingExtra without Optuna, BadRequest for a search that makes no sense."""
    if trials < 1:
        raise BadRequest(f"--trials is {trials}; it takes a whole number of at least 1.")
    if not 0 <= seed <= MOST_SEED:
        raise BadRequest(f"--seed is {seed}; it takes a whole number from 0 to {MOST_SEED:,}.")
    if len(strategies) > 1 or all(is_assumption(axis.name) for axis in grid.axes):
        raise BadRequest(
            "--trials searches the parameters of one strategy; give one strategy and at least one parameter."
        )
    _optuna()


def search(plan: SweepPlan, grid: Grid, trials: int, seed: int, scored: Callable[[TrialColumns], Float64s]) -> None:
    """Try out settings for the highest score; one asked for twice is scored once.

    What is searched are parameters. Each combination is tried under every execution model of the grid, which all
    count, and scored under the one that settings are chosen under.
    """
    optuna = _optuna()
    [(strategy, base)] = plan.bases.items()
    sampler = optuna.samplers.TPESampler(seed=seed, constant_liar=True, n_startup_trials=AT_A_TIME)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    known: dict[str, float | None] = {}
    assumptions = [axis for axis in grid.axes if is_assumption(axis.name)]
    models = [
        {axis.name: axis.values[code] for axis, code in zip(assumptions, codes, strict=True)}
        for codes in every_combination(assumptions).T.tolist()
    ]
    count = max(1, trials // len(models))
    asked_so_far = 0
    while asked_so_far < count:
        asked = [study.ask() for _ in range(min(AT_A_TIME, count - asked_so_far))]
        asked_so_far += len(asked)
        suggested = [_values(ask, grid) for ask in asked]
        keys = [json.dumps(values, sort_keys=True) for values in suggested]
        new = {key: values for key, values in zip(keys, suggested, strict=True) if key not in known}
        each = [
            {axis.name: {**values, **model}[axis.name] for axis in grid.axes}
            for values in new.values()
            for model in models
        ]
        if each:
            some = make_trials(strategy, base, *coded(each), len(known) * len(models) + 1)
            judged = scored(some)[some.having(plan.assumed)].tolist()
            known |= {key: None if math.isnan(score) else score for key, score in zip(new, judged, strict=True)}
        for ask, key in zip(asked, keys, strict=True):
            score = known[key]
            if score is None:
                study.tell(ask, state=optuna.trial.TrialState.FAIL)
            else:
                study.tell(ask, score)


def _values(trial: Any, grid: Grid) -> dict[str, Any]:
    spans = {span.name: span for span in grid.spans}
    values: dict[str, Any] = {}
    for axis in grid.axes:
        if is_assumption(axis.name):
            continue
        span = spans.get(axis.name)
        if span is None:
            choices = [json.dumps(value, sort_keys=True) for value in axis.values]
            values[axis.name] = json.loads(trial.suggest_categorical(axis.name, choices))
        elif span.step is not None:
            # Optuna's own steps are binary: of 0.1 to 0.3 it would ask for 0.30000000000000004.
            values[axis.name] = axis.values[trial.suggest_int(axis.name, 0, len(axis.values) - 1)]
        elif span.is_whole:
            values[axis.name] = trial.suggest_int(axis.name, int(span.start), int(span.end), log=span.log)
        else:
            values[axis.name] = trial.suggest_float(axis.name, span.start, span.end, log=span.log)
    return values


def _optuna() -> Any:
    try:
        optuna: Any = importlib.import_module("optuna")
    except ImportError:
        raise MissingExtra(f"--trials needs Optuna: {installing('optuna')}.") from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna
