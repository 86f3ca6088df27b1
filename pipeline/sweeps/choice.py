"""Chooses the best settings of a sweep, over all its days and again in each walk-forward fold."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.engine.execution import BAND, SWITCH
from pipeline.errors import BadRequest, nearest
from pipeline.metrics.registry import OBJECTIVES
from pipeline.sweeps.codec import COUNTS, FIGURES, days_of, figures_of
from pipeline.sweeps.date_windows import (
    WHOLE,
    Window,
    WindowFigures,
    train_and_test,
    walk_forward,
    window_figures,
)
from pipeline.sweeps.plan import OWN
from pipeline.ticks import union_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping, Sequence

    from pipeline.sweeps.codec import Days
    from pipeline.sweeps.plan import SweepPlan, Trial, TrialResult

ALL: Final = "all"
BAND_LOW: Final = "band_low"
CHOICES: Final = (*OBJECTIVES, BAND_LOW)
"""What a sweep can choose by: a figure of a setting's own replay, or the lower end of its band."""


@dataclass(frozen=True, slots=True)
class Best:
    """The best setting for one security, or for all together (`all`), and what it did.

    figures: of the whole time, for one security. train, test: where the days were parted; chosen on train only. band:
    lowest and highest net P&L of strict over the queue's models, AED, where it was asked for.
    """

    security: str
    trial: Trial
    score: float
    figures: Mapping[str, float | None]
    train: WindowFigures | None = None
    test: WindowFigures | None = None
    band: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Fold:
    """One fold of a walk forward: the setting chosen on the days before, and what it did there and after."""

    security: str
    number: int
    train_window: Window
    test_window: Window
    trial: Trial
    train: WindowFigures
    test: WindowFigures


@dataclass
class SweepResults:
    """The results of a sweep's trials as they come in, and what is to be said of them when all have.

    in_band: what the trials gave under the models of the band, by number, ticker and model; empty unless asked for.
    """

    plan: SweepPlan
    trial_results: dict[tuple[int, str], TrialResult] = field(default_factory=dict)
    trials: dict[int, Trial] = field(default_factory=dict)
    in_band: dict[tuple[int, str, str], bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Know the plan's trials by their numbers."""
        self.add_trials(self.plan.trials)

    def add_trials(self, trials: Sequence[Trial]) -> None:
        """Know more trials than the plan began with, as a search finds them."""
        self.trials |= {trial.number: trial for trial in trials}

    def add(self, result: TrialResult, model: str = OWN) -> None:
        """Take in one setting's result on one security, under its own execution model or one of the band."""
        if model == OWN:
            self.trial_results[result.number, result.ticker] = result
        elif result.encoded is not None:
            self.in_band[result.number, result.ticker, model] = result.encoded

    def band(self, number: int, view: str = ALL, window: Window = WHOLE) -> tuple[float, float] | None:
        """Return the lowest and the highest net P&L of a setting over the models of the band, AED.

        None where the band was not asked for, where one of its models failed, and for a window without a market day.
        """
        tickers = self.plan.tickers if view == ALL else (view,)
        contents = [[self.in_band.get((number, ticker, model), b"") for ticker in tickers] for model in BAND]
        if not all(content for of_model in contents for content in of_model):
            return None
        if window is WHOLE:
            each = [float(figures_of(of_model)["net_pnl"].sum()) for of_model in contents]
        else:
            figures = [window_figures(_days(of_model), window).net_pnl for of_model in contents]
            each = [value for value in figures if value is not None]
        return (min(each), max(each)) if len(each) == len(BAND) else None

    @property
    def cached(self) -> int:
        """How many results were cached by earlier sweeps."""
        return sum(result.cached for result in self.trial_results.values())

    @property
    def failed(self) -> int:
        """How many settings failed on a security."""
        return sum(result.error is not None for result in self.trial_results.values())

    @property
    def computed(self) -> int:
        """How many results were computed now."""
        return len(self.trial_results) - self.cached - self.failed

    @property
    def any_good(self) -> bool:
        """Whether any setting came to an end on any security."""
        return any(result.encoded is not None for result in self.trial_results.values())

    @property
    def views(self) -> tuple[str, ...]:
        """What settings are chosen for: each security, and all together where there are several."""
        tickers = self.plan.tickers
        return (*tickers, ALL) if len(tickers) > 1 else tickers

    def candidates(self, view: str) -> list[tuple[Trial, list[bytes]]]:
        """Return the trials to choose of, by number, with what each gave on every security of a view; none failed."""
        choices = (trial for trial in self.trials.values() if self.plan.may_choose(trial))
        pairs = ((trial, self.encoded(trial.number, view)) for trial in choices)
        return [(trial, contents) for trial, contents in pairs if contents]

    def encoded(self, number: int, view: str = ALL) -> list[bytes]:
        """Return what a setting gave on a security, or on each of all; nothing when it failed on one."""
        tickers = self.plan.tickers if view == ALL else (view,)
        results = (self.trial_results.get((number, ticker)) for ticker in tickers)
        contents = [result.encoded for result in results if result is not None and result.encoded is not None]
        return contents if len(contents) == len(tickers) else []

    def market_days(self) -> Any:
        """Return the market days of all securities together."""
        each = ((self.encoded(number, ticker) for number in self.trials) for ticker in self.plan.tickers)
        firsts = (next((content for contents in of_ticker for content in contents), None) for of_ticker in each)
        return union_of([days_of(content).market_days for content in firsts if content is not None])


def check_objective(name: str) -> str:
    """Return what settings are chosen by; raise BadRequest for what they cannot be."""
    if name not in CHOICES:
        raise BadRequest(f"--choose-by is '{name}'; it takes {' or '.join(CHOICES)}.{nearest(name, CHOICES)}")
    return name


def best_settings(results: SweepResults, objective: str, split: tuple[Window, Window] | None) -> list[Best]:
    """Return the best setting of each security and of all together; with a split, chosen on its first part alone.

    Settings under several execution models are chosen among those of one, `SweepPlan.assumed`. A security of which no
    setting can be scored has none.
    """
    best = (_best(results, view, objective, split) for view in results.views)
    return [choice for choice in best if choice is not None]


def folds_of(results: SweepResults, objective: str, folds: int) -> list[Fold]:
    """Return the walk forward of each security and of all together: chosen on what was known, judged on what came."""
    if not results.any_good:
        return []
    windows = walk_forward(results.market_days(), folds)
    chosen = []
    for view in results.views:
        candidates = [(trial, _days(contents)) for trial, contents in results.candidates(view)]
        for number, (train, test) in enumerate(windows, 1):
            figures = [window_figures(days, train) for _, days in candidates]
            if objective == BAND_LOW:
                scores = _lows(results, [trial for trial, _ in candidates], view, train)
            else:
                scores = np.array([_score(of_trial, objective) for of_trial in figures])
            at = _highest(scores)
            if at is not None:
                trial, days = candidates[at]
                chosen.append(Fold(view, number, train, test, trial, figures[at], window_figures(days, test)))
    return chosen


def score_of_all(
    results: SweepResults, trial: Trial, objective: str, split: tuple[Window, Window] | None
) -> float | None:
    """Return what one setting scores on all securities together; None when it failed on one, or cannot be scored."""
    contents = results.encoded(trial.number)
    if not contents:
        return None
    window = split[0] if split else WHOLE
    if objective == BAND_LOW:
        score = float(_lows(results, [trial], ALL, window)[0])
    else:
        score = _score(window_figures(_days(contents), window), objective)
    return None if np.isnan(score) else score


def split_at(results: SweepResults, until: dt.date | None) -> tuple[Window, Window] | None:
    """Return the two windows a date parts the sweep's market days into; None without a date, or without a result."""
    return None if until is None or not results.any_good else train_and_test(results.market_days(), until)


def under(assumed: Mapping[str, Any]) -> str:
    """Return the execution model that settings were chosen under as words, empty where only one was tried."""
    named = {axis.removeprefix(SWITCH): value for axis, value in assumed.items()}
    return ", ".join(
        f"{name} {value if isinstance(value, str) else json.dumps(value)}" for name, value in named.items()
    )


def walked_pnl(folds: Iterable[float | None]) -> float | None:
    """Return what choosing anew earned in all parts of a walk forward, AED; None where no part has a market day."""
    known = [value for value in folds if value is not None]
    return sum(known) if known else None


def _best(results: SweepResults, view: str, objective: str, split: tuple[Window, Window] | None) -> Best | None:
    candidates = results.candidates(view)
    if not candidates:
        return None
    if objective == BAND_LOW:
        scores = _lows(results, [trial for trial, _ in candidates], view, split[0] if split else WHOLE)
    elif split is None and (objective == "net_pnl" or view != ALL):
        each = figures_of([content for _, contents in candidates for content in contents])[objective]
        scores = each.reshape(len(candidates), -1).sum(axis=1) if view == ALL else each
    else:
        window = split[0] if split else WHOLE
        scores = np.array([_score(window_figures(_days(contents), window), objective) for _, contents in candidates])
    at = _highest(scores)
    if at is None:
        return None
    trial, contents = candidates[at]
    days = _days(contents)
    train, test = (window_figures(days, window) for window in split) if split else (None, None)
    figures = _sums(contents) if view == ALL else _known(contents[0])
    return Best(view, trial, float(scores[at]), figures, train, test, results.band(trial.number, view))


def _lows(results: SweepResults, trials: Sequence[Trial], view: str, window: Window) -> Any:
    bands = (results.band(trial.number, view, window) for trial in trials)
    return np.array([np.nan if band is None else band[0] for band in bands])


def _known(content: bytes) -> dict[str, float | None]:
    figures = figures_of([content])[0]
    known = {name: None if np.isnan(figures[name]) else float(figures[name]) for name in FIGURES}
    return known | {name: int(value) for name in COUNTS if (value := known[name]) is not None}


def _sums(contents: Sequence[bytes]) -> dict[str, float | None]:
    figures, together = figures_of(contents), window_figures(_days(contents), WHOLE)
    sums = {name: float(figures[name].sum()) for name in ("realized_pnl", "fees", "net_pnl", "turnover")}
    return sums | {"fills": together.fills, "sharpe": together.sharpe, "win_rate": together.win_rate}


def _days(contents: Sequence[bytes]) -> list[Days]:
    return [days_of(content) for content in contents]


def _score(figures: WindowFigures, objective: str) -> float:
    value = getattr(figures, objective)
    return float("nan") if value is None else float(value)


def _highest(scores: Any) -> int | None:
    """Return where the highest score stands, the first of equals; None when there is none."""
    known = np.flatnonzero(~np.isnan(scores))
    return int(known[np.argmax(scores[known])]) if len(known) else None
