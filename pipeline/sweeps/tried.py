"""How many settings were tried on the same ticks by other sweeps, by what is left of their folders."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.runs.layout import SWEEP_FILE
from pipeline.runs.manifest import COMPLETE

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from pipeline.store.path import AnyPath
    from pipeline.sweeps.results import SweepResults

REPLACED: Final = "replaced"
"""The key of `sweep.json` with the sweeps that its folder had before."""


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
class TriedSweep:
    """A complete sweep: the digests of its ticks by ticker and of its settings, and among how many it chose."""

    ticks: Mapping[str, str]
    settings_digest: str
    settings: int


def sweeps_beside(folder: AnyPath | None) -> list[TriedSweep]:
    """Return the complete sweeps beside a folder, itself among them, and those that any of these replaced.

    Beside a folder in a bucket none is looked for.
    """
    if folder is None:
        return []
    if not isinstance(folder, Path):
        return recorded_sweeps(folder / SWEEP_FILE)
    files = sorted(folder.resolve().parent.glob(f"*/{SWEEP_FILE}"))
    return [sweep for file in files for sweep in recorded_sweeps(file)]


def recorded_sweeps(file: AnyPath) -> list[TriedSweep]:
    """Return the sweep of a `sweep.json`, where it is complete, and those that its folder had before."""
    try:
        manifest = json.loads(file.read_bytes())
        replaced = [
            TriedSweep(dict(group["ticks"]), str(digest), int(settings))
            for group in manifest.get(REPLACED, ())
            for digest, settings in group["settings"].items()
        ]
        if manifest["status"] != COMPLETE:
            return replaced
        ticks = {ticker: data["digest"] for ticker, data in manifest["data"].items()}
        settings = (manifest["luck"] or manifest)["settings"]
        return [*replaced, TriedSweep(ticks, str(manifest["settings_digest"]), int(settings))]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []


def replaced_json(file: AnyPath, own: tuple[Mapping[str, str], str] | None = None) -> list[dict[str, Any]]:
    """Return the sweeps that a folder had, by their ticks, for the `sweep.json` that replaces `file`.

    own: the ticks and `settings_digest` of the sweep that replaces them, which is not kept twice.
    """
    groups: dict[str, dict[str, int]] = {}
    for sweep in recorded_sweeps(file):
        if (sweep.ticks, sweep.settings_digest) != own:
            groups.setdefault(json.dumps(sweep.ticks, sort_keys=True), {})[sweep.settings_digest] = sweep.settings
    return [{"ticks": json.loads(ticks), "settings": settings} for ticks, settings in sorted(groups.items())]


def tried_before(
    beside: Sequence[TriedSweep], own: str, results: SweepResults, tickers: Collection[str]
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
