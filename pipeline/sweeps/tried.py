"""How many settings were tried on the same ticks by other sweeps, by what their folders say."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.runs.layout import SWEEP_FILE
from pipeline.runs.manifest import COMPLETE

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from pipeline.store.path import AnyPath
    from pipeline.sweeps.results import SweepResults


def settings_digest(results: SweepResults) -> str:
    """Return a digest of which settings a sweep tries, by which it is known again."""
    digest = hashlib.blake2b(digest_size=16)
    for base in results.plan.bases.values():
        parameters = {task.ticker: dict(task.parameters) for task in base.tasks}
        digest.update(json.dumps(parameters, sort_keys=True, default=str).encode())
    for part in results.trials.parts:
        digest.update(repr((part.strategy, part.axes, [each.name for each in part.executions])).encode())
        digest.update(np.ascontiguousarray(part.codes).ravel().data)
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class SweepBeside:
    """A complete sweep: the digests of its ticks by ticker and of its settings, and among how many it chose."""

    ticks: Mapping[str, str]
    settings_digest: str
    settings: int


def sweeps_beside(folder: AnyPath | None) -> list[SweepBeside]:
    """Return the complete sweeps beside a folder, itself among them; of a folder in a bucket none is looked for."""
    beside = []
    files = folder.resolve().parent.glob(f"*/{SWEEP_FILE}") if isinstance(folder, Path) else ()
    for file in sorted(files):
        try:
            manifest = json.loads(file.read_bytes())
            ticks = {ticker: data["digest"] for ticker, data in manifest["data"].items()}
            if manifest["status"] == COMPLETE:
                settings = (manifest["luck"] or manifest)["settings"]
                beside.append(SweepBeside(ticks, str(manifest["settings_digest"]), int(settings)))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
    return beside


def tried_before(
    beside: Sequence[SweepBeside], own: str, results: SweepResults, tickers: Collection[str]
) -> tuple[int, int]:
    """Return how many settings other sweeps tried on the same ticks of some securities, and how many sweeps.

    A sweep of the same settings counts once; settings that two sweeps share count twice. own: `settings_digest`.
    """
    securities = next(iter(results.plan.bases.values())).securities
    ours = {each.ticker: each.digest for each in securities if each.ticker in tickers}
    counted = {
        each.settings_digest: each.settings
        for each in beside
        if each.settings_digest != own and ours.items() <= each.ticks.items()
    }
    return sum(counted.values()), len(counted)
