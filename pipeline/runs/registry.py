"""The registry of an output folder: a row for each run below it, rebuilt from the run folders where it is lost."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from pipeline.errors import UnknownRun, nearest
from pipeline.runs.differences import change_in_words
from pipeline.runs.layout import (
    FOLDERS,
    INDEX_FILE,
    RECONCILIATION_FILE,
    REGISTRY_FILE,
    REPORT_FILE,
    RUN_FILE,
    SOME_FOLDERS,
    SWEEP_FILE,
)
from pipeline.runs.manifest import files_of
from pipeline.runs.registry_row import RunRow, RunRows, SweepRow, read_row, read_sweep_row
from pipeline.store.atomic import not_written, remove_abandoned, write_bytes
from pipeline.store.lock import in_turn, sole_writer
from pipeline.store.path import ObjectStorePath

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from pipeline.store.path import AnyPath

FORMAT_VERSION: Final = 1
LOCK_FILE: Final = ".runs.lock"
PATIENCE_SECONDS: Final = 10.0
DEPTH: Final = 4
"""How deep below the output folder a run's folder may stand."""
MOST_REPLACED: Final = 200
"""Rows that are kept of runs whose folder a later run has taken."""


def registry_folder(run_folder: AnyPath, usual: Path) -> Path | None:
    """Return the output folder whose registry has the run in it: the nearest above that has one, else the usual one.

    None for a run in a bucket, and for one that stands below neither: no file is written where nobody asked for it.
    """
    if isinstance(run_folder, ObjectStorePath):
        return None
    above = run_folder.absolute().parents[:DEPTH]
    known = next((folder for folder in above if (folder / REGISTRY_FILE).is_file()), None)
    return known or (usual if usual.absolute() in above else None)


def refresh(
    output_dir: Path,
    make_page: Callable[[Sequence[RunRow], Sequence[SweepRow]], bytes] | None,
    remove: Sequence[str] = (),
) -> RunRows:
    """Bring registry and page up to date with the folders of runs and sweeps, and return the rows, the latest first.

    Only folders that have changed are read. Runs that end at once wait for one another here; each file is replaced
    whole.

    Args:
        output_dir: The folder that holds runs.
        make_page: Makes the page of the rows; without it the page is made the next time.
        remove: Names of runs to remove first, with their folders.

    Raises:
        UnknownRun: `output_dir` is no folder, or there is no run of a name to remove.
        InUse: A run to remove is at work, or other runs did not let go of the registry.
        OutputNotWritable: The system refused to write or to remove.
    """
    if not output_dir.is_dir():
        raise UnknownRun(f"There is no folder {output_dir}, so there are no runs in it.")
    with in_turn(output_dir / LOCK_FILE, PATIENCE_SECONDS):
        known, has_page = _read(output_dir / REGISTRY_FILE)
        before = known or RunRows()
        _remove_runs(output_dir, remove)
        of: dict[str, list[_Folder]] = {RUN_FILE: [], SWEEP_FILE: []}
        for folder in _folders(output_dir):
            of[folder.manifest].append(folder)
        rows = _with_differences(_current(output_dir, of[RUN_FILE], before))
        sweeps = _sweeps(output_dir, of[SWEEP_FILE], before.sweeps)
        same = known is not None and (known == rows) and known.sweeps == tuple(sweeps)
        has_page = has_page and same and (output_dir / INDEX_FILE).is_file()
        found = RunRows(rows, sweeps)
        if not same or (make_page and not has_page):
            remove_abandoned(output_dir)
            if make_page:
                write_bytes(output_dir / INDEX_FILE, make_page(rows, sweeps), durable=False)
            write_bytes(output_dir / REGISTRY_FILE, _registry(found, has_page=make_page is not None), durable=False)
    return found


def _registry(rows: RunRows, *, has_page: bool) -> bytes:
    """Return the registry of rows; has_page: whether the page beside it is made of the same."""
    content = {
        "format_version": FORMAT_VERSION,
        "page": has_page,
        "runs": [row.as_json() for row in rows],
        "sweeps": [row.as_json() for row in rows.sweeps],
    }
    return f"{json.dumps(content, sort_keys=True, separators=(',', ':'), allow_nan=False)}\n".encode()


def _read(path: Path) -> tuple[RunRows | None, bool]:
    """Return the rows of a registry, and whether the page is of them; None where it cannot be read: it is made anew."""
    try:
        content = json.loads(path.read_bytes())
        if content["format_version"] != FORMAT_VERSION:
            return None, False
        sweeps = [SweepRow.from_json(row) for row in content.get("sweeps", ())]
        return RunRows([RunRow.from_json(row) for row in content["runs"]], sweeps), bool(content["page"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None, False


def _current(output_dir: Path, folders: Iterable[_Folder], known: Sequence[RunRow]) -> list[RunRow]:
    """Return the rows of the run folders that there are, and of the runs that these folders had before."""
    live = {row.name: row for row in known if not row.replaced}
    rows, replaced = [], [row for row in known if row.replaced]
    for folder in folders:
        row = live.get(folder.name)
        if row is None or row.stamp != folder.stamp:
            now = read_row(output_dir / folder.name, folder.name, folder.stamp)
            if row is not None and row.is_complete and row.finished != now.finished and not _is_again(row, now):
                replaced.append(replace(row, replaced=True, page=False))
            row = now
        rows.append(replace(row, page=folder.has_page and row.is_complete))
    names = {row.name for row in rows}
    earlier = _latest_first(row for row in replaced if row.name in names)[:MOST_REPLACED]
    return _latest_first([*rows, *earlier])


def _sweeps(output_dir: Path, folders: Iterable[_Folder], known: Sequence[SweepRow]) -> list[SweepRow]:
    """Return the rows of the sweeps' folders that there are, the latest first."""
    by_name = {row.name: row for row in known}
    rows = []
    for folder in folders:
        row = by_name.get(folder.name)
        if row is None or row.stamp != folder.stamp:
            row = read_sweep_row(output_dir / folder.name, folder.name, folder.stamp)
        rows.append(replace(row, page=folder.has_page and row.is_complete))
    return sorted(rows, key=lambda row: (row.stamp[0], row.name), reverse=True)


def _is_again(row: RunRow, now: RunRow) -> bool:
    """Return whether a run only repeats the one before it in its folder: nothing of that one would be lost."""
    same = (row.fills, row.net_pnl) == (now.fills, now.net_pnl) and row.note in ("", now.note)
    return same and row.strategy == now.strategy and not change_in_words(row, now)


def _latest_first(rows: Iterable[RunRow]) -> list[RunRow]:
    return sorted(rows, key=lambda row: row.instant, reverse=True)


def _with_differences(rows: Sequence[RunRow]) -> list[RunRow]:
    """Return the rows with what each complete one differs in from the one of its strategy before it."""
    latest: dict[str, RunRow] = {}
    done = []
    for row in reversed(rows):
        if not row.is_complete:
            done.append(row)
            continue
        before = latest.get(row.strategy)
        key = before.key if before else ""
        if row.before != key:
            row = replace(row, before=key, differs=tuple(change_in_words(before, row) if before else ()))  # noqa: PLW2901
        latest[row.strategy] = row
        done.append(row)
    return done[::-1]


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder below: its name with those between, its manifest and that one's stamp, whether it has a page."""

    name: str
    manifest: str
    stamp: tuple[int, int]
    has_page: bool


def _folders(folder: Path, before: str = "", depth: int = DEPTH) -> Iterator[_Folder]:
    """Yield every folder below that has the manifest of a run or of a sweep; below these none is looked for."""
    with os.scandir(folder) as entries:
        inside = sorted(entry.name for entry in entries if entry.is_dir() and not entry.name.startswith("."))
    for name in inside:
        path, is_one = folder / name, False
        for manifest in (RUN_FILE, SWEEP_FILE):
            with suppress(OSError):
                status, is_one = (path / manifest).stat(), True
                stamp = status.st_mtime_ns, status.st_size
                yield _Folder(f"{before}{name}", manifest, stamp, (path / REPORT_FILE).is_file())
        if not is_one and depth > 1:
            yield from _folders(path, f"{before}{name}/", depth - 1)


def _remove_runs(output_dir: Path, names: Sequence[str]) -> None:
    """Remove the files of runs, all or none of which must be there; what else stands in their folders stays."""
    wanted = [name.removeprefix(f"{output_dir.as_posix()}/").strip("/") for name in names]
    manifests: dict[str, list[str]] = {}
    for folder in _folders(output_dir):
        manifests.setdefault(folder.name, []).append(folder.manifest)
    there = sorted(manifests)
    for name in wanted:
        if name not in there:
            listed = f" Runs there: {', '.join(there[:8])}." if there and not nearest(name, there) else ""
            raise UnknownRun(f"There is no run '{name}' in {output_dir}.{nearest(name, there)}{listed}")
    for name in wanted:
        for manifest in manifests[name]:
            _remove_run(output_dir / name, manifest)


def _remove_run(folder: Path, manifest: str) -> None:
    with sole_writer(folder, "pipeline runs --remove", "another name for --output-dir"):
        try:
            for name in [*files_of(folder / manifest), RECONCILIATION_FILE]:
                (folder / name).unlink(missing_ok=True)
            for part in ("", *FOLDERS, *SOME_FOLDERS):
                remove_abandoned(folder / part)
            (folder / manifest).unlink()
        except OSError as error:
            raise not_written(folder, error) from error
    for part in (*FOLDERS, *SOME_FOLDERS, ""):
        _remove_empty(folder / part)


def _remove_empty(folder: Path) -> None:
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
