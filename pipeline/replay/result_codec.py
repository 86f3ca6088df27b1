"""Encodes one security's result as bytes for the result cache and back: exact numbers, and nothing executable."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.engine.outcome import Fills
from pipeline.replay.observe import HORIZONS, Observed
from pipeline.replay.simulate import Replayed
from pipeline.replay.task import Alternative, SecurityResult

if TYPE_CHECKING:
    from pipeline.replay.task import Task

LENGTH_BYTES: Final = 8
OBSERVED: Final = "observed_"
ARRAYS: Final = ("market_days", "days_not_flat", "charges")
PLAIN: Final = tuple(field.name for field in fields(Replayed) if field.name not in ("fills", *ARRAYS))


def packed(result: SecurityResult) -> bytes:
    """Return a result as bytes; one that failed is not for the cache."""
    replayed, observed = result.replayed, result.observed
    assert replayed is not None  # noqa: S101 - the caller caches what has come to an end
    assert observed is not None  # noqa: S101 - the same
    columns: dict[str, Any] = {name: getattr(replayed, name) for name in ARRAYS}
    columns |= {field.name: getattr(replayed.fills, field.name) for field in fields(Fills)}
    columns |= {f"{OBSERVED}{field.name}": getattr(observed, field.name).ravel() for field in fields(Observed)}
    arrays = {name: np.ascontiguousarray(column) for name, column in columns.items() if column is not None}
    head = {
        "arrays": [[name, array.dtype.str, len(array)] for name, array in arrays.items()],
        "plain": {name: _listed(getattr(replayed, name)) for name in PLAIN},
        "alternatives": {name: asdict(alternative) for name, alternative in result.alternatives.items()},
    }
    text = json.dumps(head).encode()
    return b"".join([len(text).to_bytes(LENGTH_BYTES, "little"), text, *(array.tobytes() for array in arrays.values())])


def unpacked(task: Task, content: bytes) -> SecurityResult:
    """Return the result of a task that was cached as these bytes."""
    start = LENGTH_BYTES + int.from_bytes(content[:LENGTH_BYTES], "little")
    head = json.loads(content[LENGTH_BYTES:start])
    arrays: dict[str, Any] = {}
    for name, kind, count in head["arrays"]:
        arrays[name] = np.frombuffer(content, kind, count, start)
        start += arrays[name].nbytes
    plain = head["plain"] | {"trade_types": tuple(head["plain"]["trade_types"])}
    own = {name: arrays.pop(name, None) for name in ARRAYS}
    seen = {field.name: arrays.pop(f"{OBSERVED}{field.name}") for field in fields(Observed)}
    seen["mid_later"] = seen["mid_later"].reshape(len(HORIZONS), -1)
    return SecurityResult(
        task,
        Replayed(fills=Fills(**arrays), **own, **plain),
        Observed(**seen),
        alternatives={name: Alternative(**numbers) for name, numbers in head["alternatives"].items()},
        cached=True,
    )


def _listed(value: Any) -> Any:
    return dict(value) if hasattr(value, "items") else value
