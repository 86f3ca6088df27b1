"""Puts what an explanation is made of on another clock, and into plain values for JSON."""

from __future__ import annotations

from dataclasses import asdict, fields, is_dataclass, replace
from typing import Any, Final

from pipeline.times import iso

TIMES: Final = ("time", "due", "asked_at", "until", "not_before")
"""Names of what is ns since 1970-01-01, beside prices and shares."""


def moved(value: Any, by: int) -> Any:
    """Return what an explanation is made of, or all of it, with its times on a clock that is `by` ns ahead."""
    if isinstance(value, tuple):
        return tuple(moved(part, by) for part in value)
    if not by or not is_dataclass(value) or isinstance(value, type):
        return value
    parts = {field.name: getattr(value, field.name) for field in fields(value)}
    on_clock = {
        name: part + by if name in TIMES and part is not None else moved(part, by) for name, part in parts.items()
    }
    return replace(value, **on_clock)


def as_plain(explanation: Any) -> dict[str, Any]:
    """Return an explanation as plain values for JSON."""
    # Of memory, which may hold anything, nothing is copied.
    values = asdict(replace(explanation, memory={}))
    values["memory"] = {name: _plain(value) for name, value in explanation.memory.items()}
    plain: dict[str, Any] = _with_times(values)
    return plain


def _with_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: iso(part) if key in TIMES and part is not None else _with_times(part) for key, part in value.items()
        }
    return [_with_times(part) for part in value] if isinstance(value, (list, tuple)) else value


def _plain(value: Any) -> Any:
    """Return memory as JSON takes it; what is no number as Python shows it."""
    return value if value is None or isinstance(value, (bool, int, float)) else repr(value)
