"""The key of a replay in the result cache: the hash of everything that its result depends on."""

from __future__ import annotations

import platform
import sys
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from pipeline import __version__
from pipeline.engine.strategy import fields_of
from pipeline.sources import digest_of
from pipeline.strategies.loading.own import installed, own_modules

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pipeline.engine.execution import Execution
    from pipeline.engine.strategy import Strategy
    from pipeline.markets.market import MarketFacts
    from pipeline.replay.simulate import Engine
    from pipeline.settings import Parameter, Value, Values

KEY_BYTES: Final = 20
NAME_BYTES: Final = 16

WITHOUT_EFFECT: Final = {
    *("exchange", "name", "codes", "calendar", "tickers", "closed_days", "known_from", "known_to", "tentative_days"),
    *("price_unit", "from_calendar", "is_known"),
}
"""What a market's facts say that no replay reads; of the exchange it is the charges that count."""


class Identity:
    """Names the results of one strategy, whose `strategy_text` is given, on one security's ticks.

    made_by: the names of the modules whose functions make a result; what these import counts with them.
    """

    def __init__(
        self,
        strategy: type[Strategy],
        text: str,
        digest: str,
        market: MarketFacts,
        engine: Engine,
        purpose: str,
        made_by: Sequence[str],
    ) -> None:
        self._fields = fields_of(strategy)
        self._exchange = market.exchange
        self._executions: dict[int, tuple[Execution, str]] = {}
        facts = {name: getattr(market, name) for name in market.__slots__ if name not in WITHOUT_EFFECT}
        ticks_and_code = [purpose, digest, engine, repr(facts), *code_version(made_by), text]
        self._base = blake2b("\0".join(ticks_and_code).encode(), digest_size=KEY_BYTES)

    @property
    def kind(self) -> str:
        """What all results share that this names."""
        return self._base.hexdigest()

    def names(
        self, parameters: Values, changes: Mapping[str, Any], executions: Sequence[Execution], models: Any
    ) -> Any:
        """Return the names, within `kind`, of the results under many settings, uint64 of shape (settings, 2).

        A name is the exclusive or of a digest of each value, so that one is computed a value and not a setting.

        Args:
            parameters: Checked values by config key; those of keys that are varied are not looked at.
            changes: The `value_digests` of what is varied, one a setting, by config key.
            executions: The execution models.
            models: Which of them each setting has, shape (settings,).
        """
        names = _digests(map(self._text_of, executions))[models]
        for name, parameter in self._fields.parameters.items():
            varied = changes.get(parameter.key)
            names ^= value_digests(name, parameter, [parameters[parameter.key]]) if varied is None else varied
        return names

    def _text_of(self, execution: Execution) -> str:
        if id(execution) not in self._executions:
            costs = execution.costs(self._exchange)
            self._executions[id(execution)] = (
                execution,
                repr((sorted(execution.fields().items()), costs, sorted(execution.ignored), execution.break_rule)),
            )
        return self._executions[id(execution)][1]


def value_digests(name: str, parameter: Parameter, values: Iterable[Value]) -> Any:
    """Return a digest of each checked value of a strategy's field, uint64 of shape (values, 2)."""
    return _digests(repr((name, parameter.as_field(value))) for value in values)


def _digests(texts: Iterable[str]) -> Any:
    joined = b"".join(blake2b(text.encode(), digest_size=NAME_BYTES).digest() for text in texts)
    return np.frombuffer(joined, "<u8").reshape(-1, NAME_BYTES // 8)


def code_version(made_by: Sequence[str]) -> list[str]:
    """Return what computes results, by its versions, and a digest of the modules named and all that they import."""
    versions = [__version__, platform.python_version(), np.__version__, pa.__version__]
    return [*versions, sys.platform, platform.machine(), digest_of(*made_by)]


def strategy_text(strategy: type[Strategy]) -> str:
    """Return the text of a strategy, of what it is built on, and of the user's own modules that these import.

    With it go its data files and, where these modules import any other library, which ones are installed.
    """
    modules, uses_library = own_modules(strategy)
    texts = [f"{module.name}\0{module.text}" for module in modules]
    files = (f"{name}\0{blake2b(content).hexdigest()}" for name, content in sorted(strategy.sources.items()))
    return "\0".join([strategy.__qualname__, *texts, *files, *([installed()] if uses_library else [])])
