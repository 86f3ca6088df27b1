"""What the assumption check says of a run: the band of its P&L, the worst switch, the way from classic to strict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pipeline.engine.execution import BAND, STEPS, SWITCHES
from pipeline.numbers import counted, currency, money

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NO_WORSE: Final = "no switch alone leaves less"
"""What is said where there is no worst switch."""

BETWEEN: Final = frozenset(STEPS.values()) - {"strict"}
"""The models of the check that are only steps from classic to strict."""

CHECKED: Final = {
    "classic": "classic",
    "strict": "strict",
    "band_low": "strict, lowest by queue",
    "band_high": "strict, highest by queue",
}
"""What runs are compared by of their checks: fields of a Verdict, and what people read instead."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Net P&L, money, under the presets, over the models of the band, and with the worst single switch.

    band_low, band_high: None for a check that an older version made. worst_switch: None where no switch alone leaves
    less than classic; worst then is classic's.
    """

    classic: float
    strict: float
    band_low: float | None
    band_high: float | None
    worst_switch: str | None
    worst: float

    @property
    def band(self) -> str:
        """The band as people read it."""
        return f"{money(self.band_low)} to {money(self.band_high)}"


@dataclass(frozen=True, slots=True)
class Step:
    """One switch set as strict has it, besides those before it: what that adds to net P&L, and what is left, money."""

    switch: str
    change: float
    net_pnl: float


def verdict_of(totals: Mapping[str, float]) -> Verdict | None:
    """Return what a check comes to; None where there was none.

    Args:
        totals: Net P&L, money, by execution model, named as the rows of sensitivity.csv.
    """
    if "classic" not in totals or "strict" not in totals:
        return None
    worst = worst_switch(totals)
    low, high = band_of(totals) or (None, None)
    return Verdict(totals["classic"], totals["strict"], low, high, worst, totals[worst or "classic"])


def band_of(totals: Mapping[str, float]) -> tuple[float, float] | None:
    """Return the lowest and the highest net P&L that strict has over the queue's models; None where one is missing."""
    values = [totals[model] for model in BAND if model in totals]
    return (min(values), max(values)) if len(values) == len(BAND) else None


def worst_switch(totals: Mapping[str, float]) -> str | None:
    """Return the switch that alone leaves least, the first by name of equals; None where none leaves less than classic.

    totals: net P&L, money, by execution model, `classic` among them; a switch alone is named as `fill_price=order`.
    """
    alone = [model for model, value in totals.items() if _is_alone(model) and value < totals["classic"]]
    return min(alone, key=lambda model: (totals[model], model), default=None)


def waterfall(totals: Mapping[str, float]) -> list[Step]:
    """Return the way from classic to strict, a switch a step; empty where a model of it is missing."""
    if not {"classic", *STEPS.values()} <= totals.keys():
        return []
    steps, before = [], totals["classic"]
    for key, model in STEPS.items():
        steps.append(Step(f"{key}={SWITCHES[key].strict}", totals[model] - before, totals[model]))
        before = totals[model]
    return steps


def in_words(steps: Sequence[Step]) -> str:
    """Return the way from classic to strict as a sentence: its ends, and the steps that take and add most."""
    first, last = steps[0].net_pnl - steps[0].change, steps[-1].net_pnl
    least, most = (choose(steps, key=lambda step: step.change) for choose in (min, max))
    said = [f"{least.switch} takes away most ({money(least.change)})"] if least.change < 0.0 else []
    said += [f"{most.switch} adds most ({money(most.change)})"] if most.change > 0.0 else []
    how = ", ".join(said) or "none of them changes it"
    ends = f"From classic's {money(first)} {currency()} to strict's {money(last)} {currency()}"
    return f"{ends} in {counted(len(steps), 'step')}, each switch added to those before it: {how}."


def _is_alone(model: str) -> bool:
    return "=" in model and " " not in model
