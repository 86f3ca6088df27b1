"""Says in words how much of a sweep's best setting is luck, from what sweep.json has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.metrics.bootstrap import FEWEST
from pipeline.metrics.chance import percent
from pipeline.numbers import counted, currency, money, ratio
from pipeline.sweeps.objectives import SHARPE

if TYPE_CHECKING:
    from collections.abc import Mapping


def in_words(luck: Mapping[str, Any] | None) -> list[str]:
    """Return how much is luck in sentences, the first by itself enough; none where nothing is known.

    Args:
        luck: As sweep.json has it.
    """
    if not luck:
        return []
    settings, used, sweeps = luck["settings"], luck["settings_used"], luck["sweeps"]
    said = [_first(luck), _tried(luck, f" in {counted(sweeps, 'sweep')}" if sweeps > 1 else "")]
    by_chance, over = percent(luck["p_value"]), percent(luck["overfitting_probability"])
    said.append(
        f"The best of {settings:,} worthless settings would do as well {by_chance} of the time. The best setting on "
        f"one half of the days is not above the median on the other half {over} of the time."
    )
    return [*said, f"These are of {used:,} settings, evenly spread."] if used < settings else said


def said_of(luck: Mapping[str, Any] | None, settings: int, days: int) -> list[str]:
    """Return what is said of luck: sentences, or why there are none."""
    return in_words(luck) or [text for text in [too_few(settings, days)] if text]


def too_few(settings: int, days: int) -> str:
    """Return why nothing is said of luck, empty where nothing was chosen."""
    few = f"{counted(days, 'market day')}: too few to say how much of the best of {settings:,} settings is luck"
    return f"{few}; it takes {FEWEST}." if settings > 1 and days < FEWEST else ""


def _first(luck: Mapping[str, Any]) -> str:
    is_ratio = luck["figure"] == SHARPE
    show = ratio if is_ratio else money
    looks = f"a Sharpe ratio of {show(luck['best'])}" if is_ratio else f"{show(luck['best'])} {currency()} a market day"
    came = luck["out_of_sample"]
    after = "it has no figure" if came is None else f"it made {show(came)}"
    return (
        f"Of {luck['settings']:,} settings the best looks like {looks}; luck alone would give "
        f"{show(luck['by_chance'])}; out of sample ({luck['out_of_sample_from']}) {after}."
    )


def _tried(luck: Mapping[str, Any], where: str) -> str:
    independent = counted(max(round(luck["independent_trials"]), 1), "independent trial")
    deflated, alone = percent(luck["deflated_sharpe"]), percent(luck["probabilistic_sharpe"])
    return (
        f"{luck['settings_ever']:,} settings were tried on these ticks{where}, equivalent to {independent}. The "
        f"probability that the best one's true Sharpe ratio exceeds the {ratio(luck['sharpe_by_chance'])} expected "
        f"from luck is {deflated} (deflated Sharpe ratio); had it been the only trial, that of exceeding 0 would be "
        f"{alone}."
    )
