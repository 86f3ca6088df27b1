"""What a sweep can choose by: figures of the registry, the lower end of the band, or a desk's own function of days."""

from __future__ import annotations

import importlib.util
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.errors import BadRequest, nearest
from pipeline.metrics import sharpe as sharpe_ratio
from pipeline.metrics.figure import ANNUALISED
from pipeline.metrics.formulas import calmar, max_drawdown, sortino
from pipeline.metrics.registry import BY_NAME
from pipeline.numbers import MONEY, currency
from pipeline.sweeps.date_windows import WHOLE, SettingDays
from pipeline.sweeps.results import ALL

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from pipeline.sweeps.date_windows import Window
    from pipeline.sweeps.results import SettingBlock
    from pipeline.ticks import Float64s

    Own = Callable[[SettingDays], float | None]
    from collections.abc import Callable

NET_PNL: Final = "net_pnl"
SHARPE: Final = "sharpe"
BAND_LOW: Final = "band_low"
SCORE: Final = "score"
"""The column of what settings were chosen by, where no other column has it."""

OF_WINDOWS: Final = (NET_PNL, SHARPE, "win_rate", "turnover", "fills", "daily_drawdown")
"""The figures that a sweep has of every part of the days."""


def _of_shape(value: Callable[[sharpe_ratio.Shape], float | None]) -> Own:
    def compute(days: SettingDays) -> float | None:
        shape = sharpe_ratio.shape_of(days.net_pnl)
        return None if shape is None else value(shape)

    return compute


OF_DAYS: Final[Mapping[str, Own]] = {
    "sortino": lambda days: sortino(days.net_pnl),
    "calmar": lambda days: calmar(days.net_pnl, max_drawdown(days.net_pnl.cumsum())),
    "daily_net_pnl": lambda days: float(days.net_pnl.mean()) if len(days) else None,
    "fills_per_day": lambda days: float(days.fills.mean()) if len(days) else None,
    "probabilistic_sharpe": _of_shape(sharpe_ratio.probabilistic_sharpe),
    "minimum_track_record": _of_shape(sharpe_ratio.minimum_track_record),
    "skew": _of_shape(lambda shape: shape.skew),
    "kurtosis": _of_shape(lambda shape: shape.kurtosis),
}
"""The figures that are worked out of a setting's days; drawdowns are looked at when days end."""

OF_FILLS: Final = ("profit_factor", "average_win", "average_loss", "max_drawdown")
"""The figures that need each fill: a sweep has them of all days only."""

CHOICES: Final = (*OF_WINDOWS, *OF_DAYS, *OF_FILLS, BAND_LOW)
"""What a sweep can choose by besides a desk's own figure."""


@dataclass(frozen=True, slots=True, eq=False)
class Objective:
    """What settings are chosen by.

    Attributes:
        name: As it stands in files.
        plain_label: As people read it, without its unit.
        form: How it is shown, one of `numbers.FORMS`.
        better: 1 where more is better, -1 where less is.
        why_missing: Why a setting can have none, as words; empty where that is not known.
        annualised: Whether it would make a year of a few days.
        own: A function of a setting's days that computes it; None where the sweep has it.
        unit: What it is in, MONEY for an amount, empty for a pure number.
        whole: What whole replays of some settings gave, by view and number, where only these have it.
        of_every: Whether every setting was replayed whole for it.
    """

    name: str
    plain_label: str
    form: str
    better: int = 1
    why_missing: str = ""
    annualised: bool = False
    own: Own | None = None
    whole: Mapping[tuple[str, int], float] | None = None
    of_every: bool = False
    unit: str = ""

    @property
    def label(self) -> str:
        """As people read it, with what it is in."""
        unit = currency() if self.unit == MONEY else self.unit
        return f"{self.plain_label} ({unit})" if unit else self.plain_label

    @property
    def needs_replay(self) -> bool:
        """Whether only a whole replay has it, which the settings on a shortlist get."""
        return self.own is None and self.name not in CHOICES

    @property
    def has_column(self) -> bool:
        """Whether the sweep's tables have it under its own name in every part, so that no `score` is written."""
        return self.name in (NET_PNL, SHARPE, BAND_LOW) and self.own is None

    @property
    def by_day(self) -> bool:
        """Whether days are read for it."""
        return self.name != NET_PNL and self.name not in OF_FILLS and not self.needs_replay

    def as_json(self) -> dict[str, Any]:
        """Return what a page needs to show it."""
        is_money = self.unit == MONEY
        label = {"label": self.plain_label, "unit": MONEY} if is_money else {"label": self.label, "unit": ""}
        return label | {name: getattr(self, name) for name in ("form", "better", "annualised")}

    def check(self, *, parted: bool, searched: bool) -> None:
        """Raise BadRequest where it cannot be had of a part of the days, or of each setting that a search tries."""
        if self.needs_replay and (parted or searched):
            raise BadRequest(
                f"--choose-by {self.name} needs whole replays, which only the settings with the highest net P&L of all "
                f"days get: leave out {'--trials' if searched else '--train-until and --walk-forward'}."
            )
        if parted and self.own is None and self.name in OF_FILLS:
            of_days = ", ".join((*OF_WINDOWS, *OF_DAYS, BAND_LOW))
            raise BadRequest(
                f"--choose-by {self.name} needs every fill, which a sweep has of all days only; with --train-until or "
                f"--walk-forward choose by {of_days}, or by a function of your own."
            )

    def values(self, block: SettingBlock, view: str, window: Window | None) -> Float64s:
        """Return it for settings on a security or on all together, in a window or on all days; NaN without one."""
        if self.whole is not None:
            return np.array([self.whole.get((view, number), np.nan) for number in block.columns.numbers.tolist()])
        if self.own is not None:
            return self._of_days(block, view, window or WHOLE, self.own)
        if self.name == BAND_LOW:
            band = block.band(view, window or WHOLE)
            return np.full(len(block.columns), np.nan) if band is None else band[0]
        if self.name in OF_FILLS:
            return block.together()[self.name] if view == ALL else block.figure(self.name, view)[:, 0]
        if window is None and (self.name == NET_PNL or (self.name == SHARPE and view != ALL)):
            return block.net_pnl(view) if self.name == NET_PNL else block.figure(self.name, view).sum(axis=1)
        return block.window(view, window or WHOLE).column(self.name)

    def ranked(self, block: SettingBlock, view: str, window: Window | None) -> Float64s:
        """Return what settings are ranked by, the highest the best; NaN for those that rank after all others.

        These are the settings without the figure and, where less is better, those without a fill: to do nothing loses
        nothing.
        """
        values = self.values(block, view, window)
        if self.better > 0 or self.needs_replay:
            return self.better * values
        fills = block.window(view, window or WHOLE).column("fills")
        ranks: Float64s = np.where(fills > 0, -values, np.nan)
        return ranks

    def _of_days(self, block: SettingBlock, view: str, window: Window, own: Own) -> Float64s:
        good, of_window = block.good(view), block.window(view, window)
        scores = np.full(len(good), np.nan)
        for at in np.flatnonzero(good).tolist():
            try:
                value = own(of_window.days_of(at))
                score = math.nan if value is None else float(value)
            except Exception as error:
                where = f"setting {block.columns.numbers[at]:,}, {view}"
                raise BadRequest(
                    f"--choose-by {self.name} failed ({where}): {type(error).__name__}: {error}"
                ) from error
            scores[at] = score if math.isfinite(score) else math.nan
        return scores


def objective_of(choose_by: str | Own, own_figures: Collection[str] = ()) -> Objective:
    """Return what settings are chosen by.

    Args:
        choose_by: A name of CHOICES, FILE.py:FUNCTION, or a function; of these more is better.
        own_figures: The names of figures of the strategies' own, which it can be too; of these more is better.

    Raises:
        BadRequest: It is none of these.
    """
    if callable(choose_by):
        return Objective(_name_of(choose_by), _name_of(choose_by), "ratio", own=choose_by)
    if choose_by == BAND_LOW:
        return Objective(BAND_LOW, "Lowest net P&L of strict by queue", "money", unit=MONEY)
    if choose_by in CHOICES or (choose_by in BY_NAME and BY_NAME[choose_by].is_number):
        figure = BY_NAME[choose_by]
        return Objective(
            figure.name,
            figure.label,
            figure.form,
            -1 if figure.better < 0 else 1,
            figure.missing[-1].text if figure.missing else "",
            figure.unit == ANNUALISED,
            OF_DAYS.get(choose_by),
            unit=figure.unit,
        )
    if choose_by in own_figures:
        return Objective(choose_by, choose_by, "own")
    if function := named_function(choose_by):
        return objective_of(function)
    raise BadRequest(
        f"--choose-by is '{choose_by}'; it takes {', '.join(CHOICES)}, another figure that is a number, or "
        f"FILE.py:FUNCTION.{nearest(choose_by, (*CHOICES, *own_figures, *BY_NAME))}"
    )


def _name_of(function: Any) -> str:
    return str(getattr(function, "__name__", type(function).__name__))


def named_function(text: str) -> Callable[[Any], Any] | None:
    """Return the function that a text names; None for a text that names no file.

    Raises:
        BadRequest: There is no such file or function in it, or the file cannot be imported.
    """
    name, colon, function = text.rpartition(":")
    if not colon or not name.endswith(".py"):
        if text.endswith(".py"):
            raise BadRequest(f"--choose-by {text}: say which function of it, as {text}:FUNCTION.")
        return None
    path = Path(name)
    if not path.is_file():
        raise BadRequest(f"--choose-by {text}: there is no file {name}.")
    spec = importlib.util.spec_from_file_location("pipeline_own_figure", path)
    assert spec is not None  # noqa: S101 - it ends in .py
    assert spec.loader is not None  # noqa: S101 - likewise
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise BadRequest(f"--choose-by {text}: {name} cannot be imported: {type(error).__name__}: {error}") from error
    found = getattr(module, function, None)
    if not callable(found):
        known = sorted(key for key, value in vars(module).items() if callable(value) and not key.startswith("_"))
        raise BadRequest(f"--choose-by {text}: {name} has no function {function}.{nearest(function, known)}")
    return found  # type: ignore[no-any-return]
