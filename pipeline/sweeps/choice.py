"""Chooses the best settings of a sweep, over all its days and again in each walk-forward fold."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.engine.execution import SWITCH
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
from pipeline.ticks import union_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping, Sequence

    from pipeline.sweeps.codec import Days
    from pipeline.sweeps.plan import SweepPlan, Trial, TrialResult

ALL: Final = "all"


@dataclass(frozen=True, slots=True)
class Best:
    """The best setting for one security, or for all together (`all`), and what it did.

    figures: of the whole time, for one security. train, test: where the days were parted; chosen on train only.
    """

    security: str
    trial: Trial
    score: float
    figures: Mapping[str, float | None]
    train: WindowFigures | None = None
    test: WindowFigures | None = None


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
    """The results of a sweep's trials as they come in, and what is to be said of them when all have."""

    plan: SweepPlan
    trial_results: dict[tuple[int, str], TrialResult] = field(default_factory=dict)
    trials: dict[int, Trial] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Know the plan's trials by their numbers."""
        self.add_trials(self.plan.trials)

    def add_trials(self, trials: Sequence[Trial]) -> None:
        """Know more trials than the plan began with, as a search finds them."""
        self.trials |= {trial.number: trial for trial in trials}

    def add(self, result: TrialResult) -> None:
        """Take in one setting's result on one security."""
        self.trial_results[result.number, result.ticker] = result

    @property
    def cached(self) -> int:
        """How many results were cached by earlier sweeps."""
        return sum(one.cached for one in self.trial_results.values())

    @property
    def failed(self) -> int:
        """How many settings failed on a security."""
        return sum(one.error is not None for one in self.trial_results.values())

    @property
    def computed(self) -> int:
        """How many results were computed now."""
        return len(self.trial_results) - self.cached - self.failed

    @property
    def any_good(self) -> bool:
        """Whether any setting came to an end on any security."""
        return any(one.encoded is not None for one in self.trial_results.values())

    @property
    def choices(self) -> list[Trial]:
        """The trials that one may be chosen of: under one execution model, in order of their numbers."""
        return [trial for trial in self.trials.values() if self.plan.may_choose(trial)]

    def good(self, ticker: str) -> list[tuple[Trial, bytes]]:
        """Return the trials that have a result on a security, in order of their numbers."""
        results = []
        for number, trial in self.trials.items():
            result = self.trial_results.get((number, ticker))
            if result is not None and result.encoded is not None:
                results.append((trial, result.encoded))
        return results

    def together(self, number: int) -> list[bytes] | None:
        """Return what a setting gave on each security; None when it failed on one."""
        encoded = [_encoded(self, self.trials[number], ticker) for ticker in self.plan.tickers]
        return encoded if all(encoded) else None

    def market_days(self) -> Any:
        """Return the market days of all securities together."""
        firsts = [self.good(ticker)[:1] for ticker in self.plan.tickers]
        return union_of([days_of(encoded).market_days for some in firsts for _, encoded in some])


def check_objective(name: str) -> str:
    """Return what settings are chosen by; raise BadRequest for what they cannot be."""
    if name not in OBJECTIVES:
        raise BadRequest(f"--choose-by is '{name}'; it takes {' or '.join(OBJECTIVES)}.{nearest(name, OBJECTIVES)}")
    return name


def best_settings(results: SweepResults, objective: str, split: tuple[Window, Window] | None) -> list[Best]:
    """Return the best setting of each security and of all together; with a split, chosen on its first part alone.

    Settings under several execution models are chosen among those of one, `SweepPlan.assumed`. A security of which no
    setting can be scored has none.
    """
    best_of_each = []
    for ticker in results.plan.tickers:
        good = [(trial, content) for trial, content in results.good(ticker) if results.plan.may_choose(trial)]
        if not good:
            continue
        figures = figures_of([content for _, content in good])
        if split is None:
            scores = figures[objective]
        else:
            scores = np.array([_score(window_figures([days_of(one)], split[0]), objective) for _, one in good])
        at = _highest(scores)
        if at is not None:
            days = [days_of(good[at][1])]
            best_of_each.append(_best(ticker, good[at][0], float(scores[at]), figures[at], days, split))
    together = _best_of_all(results, objective, split)
    return [*best_of_each, *([together] if together else [])]


def folds_of(results: SweepResults, objective: str, folds: int) -> list[Fold]:
    """Return the walk forward of each security and of all together: chosen on what was known, judged on what came."""
    if not results.any_good:
        return []
    windows = walk_forward(results.market_days(), folds)
    every = [*results.plan.tickers, ALL] if len(results.plan.tickers) > 1 else [*results.plan.tickers]
    folds_chosen = []
    for security in every:
        candidates = _days_by_trial(results, security)
        for number, (train, test) in enumerate(windows, 1):
            figures = [window_figures(days, train) for _, days in candidates]
            at = _highest(np.array([_score(one, objective) for one in figures]))
            if at is not None:
                trial, days = candidates[at]
                folds_chosen.append(Fold(security, number, train, test, trial, figures[at], window_figures(days, test)))
    return folds_chosen


def score_of_all(
    results: SweepResults, trial: Trial, objective: str, split: tuple[Window, Window] | None
) -> float | None:
    """Return what one setting scores on all securities together; None when it failed on one, or cannot be scored."""
    encoded = [_encoded(results, trial, ticker) for ticker in results.plan.tickers]
    if not all(encoded):
        return None
    score = _score(window_figures([days_of(one) for one in encoded], split[0] if split else WHOLE), objective)
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


def _best(
    security: str, trial: Trial, score: float, figures: Any, days: Sequence[Days], split: tuple[Window, Window] | None
) -> Best:
    known = {name: None if np.isnan(figures[name]) else float(figures[name]) for name in FIGURES}
    known |= {name: int(value) for name in COUNTS if (value := known[name]) is not None}
    parts = [window_figures(days, window) for window in split] if split else [None, None]
    return Best(security, trial, score, known, *parts)


def _best_of_all(results: SweepResults, objective: str, split: tuple[Window, Window] | None) -> Best | None:
    if len(results.plan.tickers) < 2:  # noqa: PLR2004 - one security is all
        return None
    tickers = results.plan.tickers
    whole = [trial for trial in results.choices if all(_encoded(results, trial, one) for one in tickers)]
    if split is None and objective == "net_pnl":
        each = figures_of([_encoded(results, trial, one) for trial in whole for one in tickers])["net_pnl"]
        scores = each.reshape(len(whole), len(tickers)).sum(axis=1)
    else:
        scored = [score_of_all(results, trial, objective, split) for trial in whole]
        scores = np.array([np.nan if score is None else score for score in scored])
    at = _highest(scores)
    if at is None:
        return None
    trial = whole[at]
    encoded = [_encoded(results, trial, one) for one in tickers]
    days, figures = [days_of(one) for one in encoded], figures_of(encoded)
    sums: dict[str, float | None] = {
        name: float(figures[name].sum()) for name in ("realized_pnl", "fees", "net_pnl", "turnover")
    }
    together = window_figures(days, WHOLE)
    sums |= {"fills": together.fills, "sharpe": together.sharpe, "win_rate": together.win_rate}
    parts = [window_figures(days, window) for window in split] if split else [None, None]
    return Best(ALL, trial, float(scores[at]), sums, *parts)


def _days_by_trial(results: SweepResults, security: str) -> list[tuple[Trial, list[Days]]]:
    """Return what each trial to choose of did day by day, on one security or on all; those that failed left out."""
    tickers = results.plan.tickers if security == ALL else (security,)
    by_trial = []
    for trial in results.choices:
        encoded = [_encoded(results, trial, ticker) for ticker in tickers]
        if all(encoded):
            by_trial.append((trial, [days_of(one) for one in encoded]))
    return by_trial


def _encoded(results: SweepResults, trial: Trial, ticker: str) -> bytes:
    one = results.trial_results.get((trial.number, ticker))
    return b"" if one is None or one.encoded is None else one.encoded


def _score(figures: WindowFigures, objective: str) -> float:
    value = getattr(figures, objective)
    return float("nan") if value is None else float(value)


def _highest(scores: Any) -> int | None:
    """Return where the highest score stands, the first of equals; None when there is none."""
    known = np.flatnonzero(~np.isnan(scores))
    return int(known[np.argmax(scores[known])]) if len(known) else None
