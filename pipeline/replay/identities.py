"""Names the results of each security of a plan by all that they depend on: ticks, signals, market, strategy, engine."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from pipeline.replay.result_key import Identity, strategy_text
from pipeline.store.catalog import verified_digest
from pipeline.store.seal import file_digest
from pipeline.strategies.loading.load import load_strategy

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipeline.replay.plan import Plan
    from pipeline.store.catalog import Security


def identities(
    plan: Plan, purpose: str, made_by: Sequence[str], digest_of: Callable[[Security], str] = verified_digest
) -> dict[str, Identity]:
    """Return what names the results of each security of a plan that can be replayed, by ticker.

    Args:
        plan: The plan.
        purpose: What the results are for; those for something else have other names.
        made_by: The modules whose functions make a result.
        digest_of: Returns the digest of a security's file.
    """
    strategy = load_strategy(plan.tasks[0].strategy)
    text = strategy_text(strategy)
    digest_of_signal = cache(file_digest)
    named = {}
    for task, security in zip(plan.tasks, plan.securities, strict=True):
        if task.error is None:
            read = "\0".join([digest_of(security), *(source.key(digest_of_signal) for source in task.signals)])
            named[task.ticker] = Identity(strategy, text, read, task.market, plan.engine, purpose, made_by)
    return named
