"""The figures that a sweep's page shows: headline figures of the registry, of all days and of both parts of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.metrics.figure import ANNUALISED
from pipeline.metrics.registry import BY_NAME as REGISTRY
from pipeline.metrics.registry import SWEEP_FIGURES
from pipeline.numbers import MONEY, currency
from pipeline.pages.curves import digits_of
from pipeline.sweeps.objectives import NET_PNL, SCORE, SHARPE
from pipeline.sweeps.tables import OWN_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pipeline.metrics.figure import Figure
    from pipeline.ticks import Float64s

NAMES: Final = {"max_drawdown": "drawdown"}
"""What a page calls a figure that has another name in sweep_all.parquet than in sweep.parquet."""

DIGITS: Final = {"money": 2, "ratio": 3, "share": 4}
"""How exactly a page holds numbers, by how they are shown; all others as whole numbers."""

PARTS: Final = {"": "", "train_": " on train", "test_": " on test"}
"""What names and labels of figures have for all days and for both parts of them."""

OF_PARTS: Final = (NET_PNL, SHARPE)
"""The figures that a page shows of both parts of the days."""


@dataclass(frozen=True, slots=True)
class SweepFigure:
    """A figure of a setting.

    form: how it is shown; better: 1 where more is better, -1 where less is, else 0; part: `train_` or `test_`, empty of
    all days; annualised: whether it is shown of enough days only.
    """

    name: str
    plain_label: str
    form: str
    better: int
    part: str = ""
    annualised: bool = False
    unit: str = ""

    @property
    def label(self) -> str:
        """As people read it, with what it is in."""
        unit = currency() if self.unit == MONEY else self.unit
        return f"{self.plain_label} ({unit})" if unit else self.plain_label

    def digits(self, values: Float64s) -> int:
        """Return how exactly a page holds values of it, NaN among them."""
        if self.form == "own":
            return digits_of(values[np.isfinite(values)])
        return DIGITS.get(self.form, 0)

    def best(self, values: Float64s) -> float:
        """Return the best of values, of which there is one at least."""
        return float(values.min() if self.better < 0 else values.max())

    @property
    def is_signed(self) -> bool:
        """Whether 0 parts good from bad."""
        return self.better > 0 and self.form in ("money", "ratio")


def _of(figure: Figure, part: str = "") -> SweepFigure:
    name, label = f"{part}{NAMES.get(figure.name, figure.name)}", f"{figure.label}{PARTS[part]}"
    return SweepFigure(name, label, figure.form, figure.better, part, figure.unit == ANNUALISED, figure.unit)


def _of_part(part: str) -> list[SweepFigure]:
    ends = [
        SweepFigure(f"{part}{name}", f"{end} net P&L of strict by queue{PARTS[part]}", "money", 1, part, unit=MONEY)
        for name, end in (("band_low", "Lowest"), ("band_high", "Highest"))
    ]
    return [*(_of(REGISTRY[name], part) for name in OF_PARTS), *ends]


FIGURES: Final = (
    *(figure for part in PARTS for figure in _of_part(part)),
    *(_of(figure) for figure in SWEEP_FIGURES if figure.is_headline and figure.name not in OF_PARTS),
)
BY_NAME: Final = {figure.name: figure for figure in FIGURES}


def own_figures(columns: Iterable[str]) -> dict[str, SweepFigure]:
    """Return the figures of strategies' own among the columns of sweep.parquet; of these more is better."""
    own = [column for column in columns if column.startswith(OWN_PREFIX)]
    return {column: SweepFigure(column, column.removeprefix(OWN_PREFIX), "own", 1) for column in own}


def score_figures(score: Mapping[str, Any] | None) -> dict[str, SweepFigure]:
    """Return what settings were chosen by as figures of all days and of both parts; none where others stand for it.

    score: as sweep.json has it.
    """
    if not score:
        return {}
    label, form, better, annualised = (score[name] for name in ("label", "form", "better", "annualised"))
    return {
        (name := f"{part}{SCORE}"): SweepFigure(
            name, f"{label}{where}", form, better, part, annualised, score.get("unit", "")
        )
        for part, where in PARTS.items()
    }
