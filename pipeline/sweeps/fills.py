"""Writes the fills of a sweep's settings: of the best ones, or of all."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.errors import OutputNotWritable
from pipeline.replay.identities import identities
from pipeline.runs.fill_tables import encode_trades
from pipeline.sweeps.replays import replays
from pipeline.sweeps.results import ALL
from pipeline.sweeps.tasks import run_sweep_task

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pipeline.store.result_cache import ResultCache
    from pipeline.sweeps.choice import Best
    from pipeline.sweeps.results import SweepResults
    from pipeline.sweeps.tasks import Replays

BEST: Final = "best"
EVERY: Final = "all"
KEEP_TRADES: Final = (BEST, EVERY)
Pair = tuple[int, str]


def chosen_pairs(results: SweepResults, best: Sequence[Best], keep: str | None) -> list[Pair]:
    """Return the settings by number and the securities, on which they came to an end, whose fills are to be written."""
    if keep is None:
        return []
    if keep == EVERY:
        pairs: Iterable[Pair] = ((number, ticker) for number in results.trials for ticker in results.plan.tickers)
    else:
        pairs = sorted(
            {
                (choice.trial.number, ticker)
                for choice in best
                for ticker in results.plan.tickers
                if choice.security in (ALL, ticker)
            }
        )
    return [pair for pair in pairs if results.is_good(*pair)]


def fills_of(
    results: SweepResults, pairs: Iterable[Pair], cache: ResultCache | None, *, fresh: bool
) -> Iterator[tuple[Pair, bytes]]:
    """Yield fills as Parquet bytes, as `trades/<TICKER>.parquet` of a run has them; cached where there is a cache."""
    numbers: dict[str, list[int]] = {}
    for number, ticker in pairs:
        numbers.setdefault(ticker, []).append(number)
    keys: dict[Pair, str] = {}
    wanted = []
    for columns in results.trials.parts:
        base = results.plan.bases[columns.strategy]
        purpose, made_by = f"{encode_trades.__module__}.{encode_trades.__qualname__}", encode_trades.__module__
        by_ticker = identities(base, purpose, (run_sweep_task.__module__, made_by))
        for task in base.tasks:
            own = columns.take(np.isin(columns.numbers, numbers.get(task.ticker, [])))
            if cache is not None and len(own):
                names = [by_ticker[task.ticker].of(setting) for setting in own.settings(task.parameters)]
                named = dict(zip(((number, task.ticker) for number in own.numbers.tolist()), names, strict=True))
                known = {} if fresh else {name: content for name in names if (content := cache.get(name)) is not None}
                keys |= named
                yield from ((pair, known[name]) for pair, name in named.items() if name in known)
                own = own.take(np.array([name not in known for name in names]))
            if len(own):
                wanted.append((task, own))
    for done in replays(results.plan, wanted, _encode):
        if not len(done.numbers):
            continue
        each = ((number, done.ticker) for number in done.numbers.tolist())
        fills = dict(zip(each, done.encoded, strict=True))
        if cache is not None and not done.opened:
            with suppress(OutputNotWritable):
                for pair, content in fills.items():
                    cache.put(keys[pair], content)
        yield from fills.items()


def _encode(replays: Replays) -> Any:
    each = [encode_trades(replayed, replays.market.clock_shift) for replayed in replays.each()]
    content = np.empty(len(each), object)
    content[:] = each
    return content
