"""Reads the files of a run folder; anything wrong with one is raised as an error that names the file."""

from __future__ import annotations

import contextlib
import csv
import io
import json
from typing import TYPE_CHECKING, Any, Final

from pipeline.errors import (
    CorruptParquet,
    DamagedRun,
    MissingFile,
    NewerFormat,
    NewerRun,
    PipelineError,
    UnknownRun,
    in_words,
    ran_out_of_memory,
)
from pipeline.runs.csv_cells import text_of_cell
from pipeline.runs.layout import FORMAT_VERSION, METRICS_FILE, RUN_FILE, SWEEP_FILE
from pipeline.runs.manifest import check_complete

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.store.path import AnyPath

AGAIN: Final = "Run that backtest again."
FORMER_KEYS: Final = {"fills_a_day": "fills_per_day"}
"""What keys of metrics.json were called in format version 1."""
FORMER_MARKOUT: Final = {"aed": "amount", "adverse_aed": "adverse_amount"}
"""What keys of a mark-out were called up to format version 2."""


@contextlib.contextmanager
def reading(path: AnyPath) -> Iterator[None]:
    """Turn whatever a file of a run folder can be made to raise into DamagedRun; --debug shows what it was."""
    try:
        yield
    except (FileNotFoundError, MissingFile) as error:
        raise DamagedRun(f"{path} is not there. {AGAIN}") from error
    except NewerFormat as error:
        raise NewerRun(f"{path} was written by a later version of the project; update the project.") from error
    except OSError as error:
        if ran_out_of_memory(error):
            raise
        raise DamagedRun(f"{path} cannot be read: {error.strerror or error}.") from error
    except (CorruptParquet, ValueError, LookupError, TypeError, AttributeError, csv.Error) as error:
        raise DamagedRun(f"{path} is damaged. {AGAIN}") from error


@contextlib.contextmanager
def showing(*folders: AnyPath) -> Iterator[None]:
    """Turn what goes wrong in showing runs whose files can be read into DamagedRun: one was changed since."""
    try:
        yield
    except (PipelineError, OSError, MemoryError):
        raise
    except Exception as error:
        named = " or ".join(map(str, folders))
        raise DamagedRun(f"A file in {named} is not as it was written ({in_words(error)}). Run it again.") from error


def read_run_file(folder: AnyPath) -> dict[str, Any]:
    """Return `run.json` of a run that is complete; raises UnknownRun, UnfinishedRun, NewerRun or DamagedRun."""
    path = folder / RUN_FILE
    if not path.exists():
        raise UnknownRun(f"{no_run(folder)}.")
    with reading(path):
        manifest: dict[str, Any] = json.loads(path.read_bytes())
        version = manifest["format_version"]
        if version > FORMAT_VERSION:
            raise NewerRun(
                f"{path} was written by a later version of the project (format version {version}, this one knows "
                f"{FORMAT_VERSION}); update the project."
            )
        check_complete(folder, manifest, "run")
    return manifest


def no_run(folder: AnyPath) -> str:
    """Return why a folder is no run's, as the beginning of a sentence that goes on after a full stop."""
    if (folder / SWEEP_FILE).exists():
        return (
            f"{folder} is a sweep and not a run: it has {SWEEP_FILE}. Name a run here; `pipeline report` makes a "
            "sweep's page, and `pipeline runs` lists sweeps with what they chose"
        )
    return f"{folder} is not a run folder: it has no {RUN_FILE}"


def read_metrics(folder: AnyPath) -> dict[str, Any]:
    """Return `metrics.json` of a run with its keys as they are called now; raises DamagedRun."""

    def renamed(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        former = FORMER_KEYS | (FORMER_MARKOUT if dict(pairs).keys() >= FORMER_MARKOUT.keys() else {})
        return {former.get(key, key): value for key, value in pairs}

    path = folder / METRICS_FILE
    with reading(path):
        metrics: dict[str, Any] = json.loads(path.read_bytes(), object_pairs_hook=renamed)
    return metrics


def recorded_warnings(path: AnyPath) -> list[str]:
    """Return the warnings that a complete run's `run.json`, or a sweep's `sweep.json`, has; raises DamagedRun."""
    with reading(path):
        return [str(text) for text in json.loads(path.read_bytes()).get("warnings", ())]


def csv_rows(path: AnyPath) -> list[dict[str, str]]:
    """Return the rows of a CSV file by their columns, every cell as the text that it was made of."""
    lines = csv_lines(path)
    names = next(lines)
    return [dict(zip(names, map(text_of_cell, line), strict=True)) for line in lines]


def csv_lines(path: AnyPath) -> Iterator[list[str]]:
    """Yield the lines of a CSV file, its headings first, every cell as it stands there."""
    with io.TextIOWrapper(io.BytesIO(path.read_bytes()), encoding="utf-8", newline="") as text:
        yield from filter(None, csv.reader(text))


def how_of(folder: AnyPath) -> Any:
    """Return how the run of a folder was executed, by its run.json; None where that does not say."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        return json.loads((folder / RUN_FILE).read_bytes())["how"]
    return None
