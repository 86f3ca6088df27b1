"""How many settings were tried on the same ticks by other sweeps, by what their folders say."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.runs.manifest import COMPLETE
from pipeline.sweeps.writer import SWEEP_FILE

if TYPE_CHECKING:
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


def tried_before(folder: AnyPath | None, results: SweepResults) -> tuple[int, int]:
    """Return how many settings other sweeps beside a folder tried on the same ticks, and how many sweeps.

    A sweep of the same settings counts once; settings that two sweeps share count twice. Beside a folder in a bucket
    none is looked for.
    """
    if not isinstance(folder, Path):
        return 0, 0
    ours = {each.ticker: each.digest for each in next(iter(results.plan.bases.values())).securities}
    counted_by_digest: dict[str, int] = {}
    for file in sorted(folder.resolve().parent.glob(f"*/{SWEEP_FILE}")):
        try:
            manifest = json.loads(file.read_bytes())
            digests = {ticker: data["digest"] for ticker, data in manifest["data"].items()}
            if manifest["status"] == COMPLETE and ours.items() <= digests.items():
                counted_by_digest[manifest["settings_digest"]] = int(manifest["settings"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
    counted_by_digest.pop(settings_digest(results), None)
    return sum(counted_by_digest.values()), len(counted_by_digest)
