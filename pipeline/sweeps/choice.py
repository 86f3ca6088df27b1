"""Chooses the best settings of a sweep, over all its days and again in each walk-forward fold."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.engine.execution import SWITCH
from pipeline.metrics.figure import shown_annualised
from pipeline.sweeps.date_windows import Window, WindowFigures
from pipeline.sweeps.folds import Parting, train_and_test, walk_forward
from pipeline.sweeps.results import ALL
from pipeline.sweeps.trials import even_sample

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pipeline.sweeps.objectives import Objective
    from pipeline.sweeps.results import SettingBlock, SweepResults
    from pipeline.sweeps.trials import Trial
    from pipeline.ticks import Float64s

UNPARTED: Final = Parting()
MOST_FOR_MEDIAN: Final = 2_000
"""Settings that a median setting is looked for among; of more an even sample."""

Windows = tuple[Window, Window]


@dataclass(frozen=True, slots=True)
class Best:
    """The best setting for one security, or for all together (`all`), and what it did.

    figures: of the whole time, for one security. train, test: where the days were parted; chosen on train only. band:
    lowest and highest net P&L of strict over the queue's models, money, where it was asked for. own: figures of the
    strategy's own, by name, where the setting was replayed whole for them.
    """

    security: str
    trial: Trial
    score: float
    figures: Mapping[str, float | None]
    train: WindowFigures | None = None
    test: WindowFigures | None = None
    band: tuple[float, float] | None = None
    own: Mapping[str, float | None] = field(default_factory=dict)

    @property
    def shown_sharpe(self) -> float | None:
        """The Sharpe ratio of all days as it is shown: None of too few market days."""
        return shown_annualised(self.figures.get("sharpe"), self.figures.get("market_days"))


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


class Choice:
    """Chooses while it sees one block of settings after the other: what ranks highest, the first of equals.

    A setting that has nothing to be chosen by is not chosen.
    Settings under several execution models are chosen among those of one, `SweepPlan.assumed`.
    """

    def __init__(
        self, results: SweepResults, objective: Objective, split: Windows | None = None, parting: Parting = UNPARTED
    ) -> None:
        self._results = results
        self._objective = objective
        self._split = split
        walks = parting.folds is not None and results.any_good
        self._folds = walk_forward(results.market_days(), parting) if walks else []
        self._highest: dict[tuple[str, int], tuple[float, int]] = {}
        self._scored: dict[str, tuple[int, int]] = {}
        numbers = np.arange(1, len(results.trials) + 1)
        self._sample = numbers[even_sample(numbers, MOST_FOR_MEDIAN)]
        self._seen: dict[str, list[tuple[Any, Any]]] = {}

    def see(self, block: SettingBlock) -> None:
        """Score some settings, for each security and all together, on all days or train, and on the train of folds."""
        windows = [None if self._split is None else self._split[0], *(train for train, _ in self._folds)]
        allowed = block.columns.having(self._results.plan.assumed)
        for view in self._results.views:
            may = allowed & block.good(view)
            for number, window in enumerate(windows):
                scores = np.where(may, self._objective.ranked(block, view, window), np.nan)
                self._note(view, number, scores, int(block.columns.numbers[0]))
                if number == 0:
                    self._count(view, scores, may, block.columns.numbers)

    def best(self) -> list[Best]:
        """Return the best setting of each security and of all together; none where no setting can be scored."""
        return [self._best(view, *self._highest[view, 0]) for view in self._results.views if (view, 0) in self._highest]

    def unscored(self) -> tuple[int, int]:
        """Return how many settings have nothing to be chosen by on all securities together, or the only one, of all."""
        known, of = self._scored.get(self._results.views[-1], (0, 0))
        return of - known, of

    def medians(self) -> dict[str, int]:
        """Return the median setting of each view by what is chosen by, the lower of two; of many of an even sample."""
        medians = {}
        for view, seen in self._seen.items():
            numbers, ranks = (np.concatenate(each) for each in zip(*seen, strict=True))
            if len(numbers):
                medians[view] = int(numbers[np.argsort(ranks, kind="stable")[(len(numbers) - 1) // 2]])
        return medians

    def folds(self) -> list[Fold]:
        """Return the walk forward of each security and of all together: chosen on the past, judged on what came."""
        return [
            self._fold(view, number, self._highest[view, number][1])
            for view in self._results.views
            for number in range(1, len(self._folds) + 1)
            if (view, number) in self._highest
        ]

    def _count(self, view: str, scores: Float64s, may: Any, numbers: Any) -> None:
        known, (so_far, of) = ~np.isnan(scores), self._scored.get(view, (0, 0))
        self._scored[view] = so_far + int(known.sum()), of + int(may.sum())
        looked_at = known & np.isin(numbers, self._sample)
        self._seen.setdefault(view, []).append((numbers[looked_at], scores[looked_at]))

    def _note(self, view: str, number: int, scores: Float64s, first: int) -> None:
        known = np.flatnonzero(~np.isnan(scores))
        if not len(known):
            return
        at = known[np.argmax(scores[known])]
        if (view, number) not in self._highest or scores[at] > self._highest[view, number][0]:
            self._highest[view, number] = float(scores[at]), first + int(at)

    def _best(self, view: str, score: float, number: int) -> Best:
        block, trial = self._results.setting(number), self._results.trials[number]
        train, test = (block.window(view, window).figures() for window in self._split) if self._split else (None, None)
        band = block.band(view)
        ends = None if band is None or np.isnan(band[0][0]) else (float(band[0][0]), float(band[1][0]))
        figures = _together(block) if view == ALL else block.known(view)
        own = {name: known.get((view, number)) for name, known in self._results.own.items()}
        return Best(view, trial, self._objective.better * score, figures, train, test, ends, own)

    def _fold(self, view: str, number: int, chosen: int) -> Fold:
        block, trial = self._results.setting(chosen), self._results.trials[chosen]
        train, test = self._folds[number - 1]
        figures = (block.window(view, window).figures() for window in (train, test))
        return Fold(view, number, train, test, trial, *figures)


def split_at(results: SweepResults, parting: Parting) -> Windows | None:
    """Return the two windows a date parts the sweep's market days into; None without a date, or without a result."""
    if parting.train_until is None or not results.any_good:
        return None
    return train_and_test(results.market_days(), parting)


def under(assumed: Mapping[str, Any]) -> str:
    """Return the execution model that settings were chosen under as words, empty where only one was tried."""
    named = {axis.removeprefix(SWITCH): value for axis, value in assumed.items()}
    return ", ".join(
        f"{name} {value if isinstance(value, str) else json.dumps(value)}" for name, value in named.items()
    )


def walked_pnl(folds: Iterable[float | None]) -> float | None:
    """Return what choosing anew earned in all parts of a walk forward, money; None where no part has a market day."""
    known = [value for value in folds if value is not None]
    return sum(known) if known else None


def _together(block: SettingBlock) -> dict[str, Any]:
    """Return the figures of one setting that are shown for all securities together."""
    figures = {name: float(values[0]) for name, values in block.together().items()}
    shown = {name: figures[name] for name in ("realized_pnl", "fees", "net_pnl", "turnover")}
    ratios = {name: None if np.isnan(figures[name]) else figures[name] for name in ("sharpe", "win_rate")}
    counts = {name: int(figures[name]) for name in ("fills", "market_days")}
    return shown | counts | ratios
