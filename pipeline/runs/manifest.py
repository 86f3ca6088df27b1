"""Writes `run.json` and `sweep.json`, the manifests that list the files belonging to their folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.runs.layout import CHARTS_FOLDER, FOLDERS
from pipeline.store.atomic import not_written, write_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pipeline.store.path import AnyPath


def json_bytes(content: Mapping[str, Any]) -> bytes:
    """Return content as the JSON of a results folder: keys sorted, a key a line, no NaN."""
    return (json.dumps(content, indent=1, sort_keys=True, allow_nan=False) + "\n").encode()


def files_of(run_file: AnyPath) -> list[str]:
    """Return what an earlier run says it wrote; only plain names below its own folder are believed."""
    try:
        listed = json.loads(run_file.read_bytes())["files"]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    names = [str(name) for name in listed]
    return [
        name
        for name in names
        if Path(name).parent.as_posix() in (".", *FOLDERS, CHARTS_FOLDER) and Path(name).name == name.split("/")[-1]
    ]


def remove_files(folder: AnyPath, names: Iterable[str]) -> None:
    """Remove what an earlier run says it wrote into a folder; raises OutputNotWritable."""
    try:
        for name in names:
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise not_written(folder, error) from error


def add_files(path: AnyPath, names: Iterable[str], *, durable: bool = True) -> None:
    """List files as well that were written after the others, so that the next run into this folder removes them."""
    told = json.loads(path.read_bytes())
    listed = sorted({*told["files"], *names})
    if listed != told["files"]:
        told["files"] = listed
        write_bytes(path, json_bytes(told), durable=durable)
