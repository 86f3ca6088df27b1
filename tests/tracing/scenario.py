"""What a made-up day, a fill of it, and what docs/reference/rules.md says of that fill are made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import reduce
from typing import TYPE_CHECKING, Any, Final

from pipeline.engine.execution import make_execution
from pipeline.engine.strategy import fields_of
from pipeline.markets.facts import facts_of
from pipeline.runs.recorded_setting import Setting
from pipeline.strategies.loading.load import load_strategy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.settings import Value

SMALL: Final = {"quote_size": 1_000, "max_position": 10_000, "min_local_currency_before_quote": 0}


@dataclass(frozen=True)
class Scenario:
    """One day or two, the fill to be explained, and what is expected: facts by their path, rules, words."""

    name: str
    strategy: str
    ticks: str
    fill: int
    facts: Mapping[str, Any]
    rules: tuple[str, ...]
    words: tuple[str, ...]
    parameters: Mapping[str, Value] = field(default_factory=lambda: SMALL)
    switches: Mapping[str, object] = field(default_factory=dict)


def setting_of(name: str, parameters: Mapping[str, Value], switches: Mapping[str, object]) -> Setting:
    """Make what is replayed, on ADX."""
    strategy = load_strategy(name)
    standard = {key: parameter.default for key, parameter in fields_of(strategy).by_key().items()}
    execution = make_execution("classic", switches, "here")
    return Setting(strategy, standard | dict(parameters), facts_of("ADX"), execution)


def value_at(explanation: Any, path: str) -> Any:
    """Return what stands at a path such as `order.prints.0.tick.index`."""

    def step(value: Any, name: str) -> Any:
        if isinstance(value, tuple):
            return value[int(name)]
        return value[name] if isinstance(value, dict) else getattr(value, name)

    return reduce(step, path.split("."), explanation)
