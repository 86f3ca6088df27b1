"""What the values of options mean, given as text on the command line or as Python values to the public functions."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import BadRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.store.path import AnyPath


def names_of(names: str | Sequence[str]) -> Sequence[str]:
    """Return names that are a list, or one text with commas between them."""
    return [name.strip() for name in names.split(",") if name.strip()] if isinstance(names, str) else names


def overrides_of(parameters: Mapping[str, object] | Sequence[str]) -> dict[str, str]:
    """Return the value of each parameter as text; raise BadRequest for a text that is not KEY=VALUE."""
    if isinstance(parameters, Mapping):
        return {key: value if isinstance(value, str) else json.dumps(value) for key, value in parameters.items()}
    pairs = [text.partition("=") for text in parameters or ()]
    for key, equals, value in pairs:
        if not (key and equals and value):
            raise BadRequest(f"--set {key}{equals}{value}: write KEY=VALUE, for example refill_interval_sec=30.")
    return {key.strip(): value.strip() for key, _, value in pairs}


def counts_of(text: str, option: str) -> list[int]:
    """Return whole numbers with commas between them; raise BadRequest for a text that is not so, or one below 1."""
    counts = [int(word) if word.isascii() and word.isdigit() else 0 for word in names_of(text)]
    if not counts or min(counts) < 1:
        raise BadRequest(f"{option} is '{text}'; it takes whole numbers of at least 1, separated by commas.")
    return counts


def date_of(value: dt.date | str | None, option: str) -> dt.date | None:
    """Return a date that may be given as text; raise BadRequest for a text that is none."""
    if not isinstance(value, str):
        return value
    try:
        return dt.date.fromisoformat(value)
    except ValueError:
        raise BadRequest(f"{option} is '{value}'; it takes a date such as 2025-08-29.") from None


def check_png(folder: AnyPath | None, *, png: bool) -> None:
    """Raise BadRequest where images are asked for and there is no folder of this machine for them."""
    if png and not isinstance(folder, Path):
        raise BadRequest("--png draws into a folder of this machine: name one with --output-dir.")
