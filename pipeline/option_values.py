"""What the values of options mean, given as text on the command line or as Python values to the public functions."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import BadRequest
from pipeline.options import RAW_DIR

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
    overrides: dict[str, str] = {}
    for key, _, value in pairs:
        if key.strip() in overrides:
            raise BadRequest(f"--set {key.strip()} is given twice; keep one.")
        overrides[key.strip()] = value.strip()
    return overrides


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


def results_folder(output_dir: str | AnyPath | None, parquet_dir: AnyPath, *, png: bool) -> AnyPath | None:
    """Return the folder that results are to go to, if any.

    Raises BadRequest for the working directory, for a folder of workbooks or of ticks, and where images are asked for
    and it is not a folder of this machine.
    """
    from pipeline.store.path import path_of

    folder = None if output_dir is None else path_of(output_dir)
    if png and not isinstance(folder, Path):
        raise BadRequest("--png draws into a folder of this machine: name one with --output-dir.")
    if isinstance(folder, Path):
        whose = {Path(): "the working directory", RAW_DIR: "where workbooks are"}
        whose |= {parquet_dir: "where the ticks are"} if isinstance(parquet_dir, Path) else {}
        for other, what in whose.items():
            if folder.resolve() == other.resolve():
                raise BadRequest(
                    f"--output-dir is '{folder}', {what}; name a folder for results, such as output/trial."
                )
    return folder
