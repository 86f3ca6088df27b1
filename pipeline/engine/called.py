"""Finds the market of a strategy by what its class declares, and refuses calls that would never come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pipeline.engine.declared import CALLS, declaration, own_classes
from pipeline.engine.facts_read import names_read
from pipeline.engine.moments import At, Every
from pipeline.engine.rules.calls import CallingLadderMarket, CallingMarket
from pipeline.engine.rules.ladder import LadderMarket
from pipeline.engine.rules.market import Market
from pipeline.errors import StrategyError

if TYPE_CHECKING:
    from pipeline.engine.rules.replay_state import ReplayState

OF_CALLING: Final = frozenset(("open_price", "open_size", "close_price", "close_size", "previous_close", "phase"))
"""What only a market that calls knows."""

MARKETS: Final[tuple[type[ReplayState], ...]] = (Market, LadderMarket, CallingMarket, CallingLadderMarket)


def market_for(strategy: Any, base: type) -> type[ReplayState]:
    """Return the market of a strategy: with levels where it has some, with calls where it wants them.

    base: what all strategies are built on.
    """
    rules: type[ReplayState] = strategy.rules
    if rules not in MARKETS:
        return rules
    owned = [value for owner in own_classes(strategy, base) for value in vars(owner).values()]
    calls = issubclass(rules, CallingMarket) or strategy.times is not None or bool(calls_of(strategy, base))
    calls = calls or bool(OF_CALLING & names_read(owned, OF_CALLING))
    levels = bool(strategy.levels) or issubclass(rules, LadderMarket)
    return MARKETS[2 * calls + levels]


def check_times(strategy: Any, base: type) -> None:
    """Raise StrategyError for times without an on_time and the other way round, and where no such call ever comes."""
    hooks = calls_of(strategy, base)
    if strategy.times is not None and not isinstance(strategy.times, (At, Every)):
        what = f'is {strategy.times!r}; write `times = Every(seconds=60)` or `times = At("14:00", "14:30")`.'
        raise _wrong(strategy, "times", what)
    named = [*hooks, *(["times"] if strategy.times is not None else [])]
    if named and not issubclass(strategy.rules, CallingMarket):
        raise _wrong(strategy, named[0], f"means nothing in an {strategy.rules.__name__}, which calls on_tick alone.")
    if "on_time" in hooks and strategy.times is None:
        raise _wrong(strategy, "on_time", 'is never called: say when, as in `times = At("14:00")`, in the class.')
    if strategy.times is not None and "on_time" not in hooks:
        raise _wrong(strategy, "times", "calls nothing: write `def on_time(self, m):`.")


def calls_of(strategy: Any, base: Any) -> list[str]:
    """Return which of CALLS a strategy has; base: what all strategies are built on."""
    return [name for name in CALLS if getattr(strategy, name) is not getattr(base, name)]


def _wrong(strategy: Any, name: str, why: str) -> StrategyError:
    return StrategyError(f"{declaration(strategy, name)}: {strategy.__name__}.{name} {why}")
