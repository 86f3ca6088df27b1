"""Writes the fills of a sweep's settings: of the best ones, or of all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from pipeline.errors import BadRequest, nearest
from pipeline.runs.fill_tables import encode_trades
from pipeline.sweeps.replays import replays
from pipeline.sweeps.results import ALL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pipeline.sweeps.choice import Best
    from pipeline.sweeps.results import SweepResults
    from pipeline.sweeps.tasks import Replays

BEST: Final = "best"
EVERY: Final = "all"
KEEP_TRADES: Final = (BEST, EVERY)
Pair = tuple[int, str]


def check_kept(keep: str | None) -> None:
    """Raise BadRequest for a name of fills to be written that there is not."""
    if keep is not None and keep not in KEEP_TRADES:
        raise BadRequest(f"--keep-trades is '{keep}'; it takes {' or '.join(KEEP_TRADES)}.{nearest(keep, KEEP_TRADES)}")


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


def fills_of(results: SweepResults, pairs: Iterable[Pair]) -> Iterator[tuple[Pair, bytes]]:
    """Yield fills as Parquet bytes, as `trades/<TICKER>.parquet` of a run has them; the settings are replayed again."""
    numbers: dict[str, list[int]] = {}
    for number, ticker in pairs:
        numbers.setdefault(ticker, []).append(number)
    wanted = []
    for columns in results.trials.parts:
        for task in results.plan.bases[columns.strategy].tasks:
            own = columns.take(np.isin(columns.numbers, numbers.get(task.ticker, [])))
            if len(own):
                wanted.append((task, own))
    for done in replays(results.plan, wanted, _encode):
        for number, content in zip(done.numbers.tolist(), done.encoded, strict=True):
            yield (number, done.ticker), content


def _encode(replays: Replays) -> list[bytes]:
    each = [encode_trades(replayed, replays.market.clock_shift) for replayed in replays.each()]
    return [each[at] for at in np.argsort(replays.ended)]
