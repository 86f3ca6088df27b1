"""The manifests `run.json` and `sweep.json`: the files of their folder, and whether its run or sweep is complete."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pipeline.errors import BadRequest, PipelineError, UnfinishedRun, in_words
from pipeline.runs.layout import FOLDERS, SOME_FOLDERS
from pipeline.store.atomic import not_written, remove_abandoned, write_bytes
from pipeline.store.lock import holder_of, sole_writer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from pipeline.store.path import AnyPath


RUNNING: Final = "running"
COMPLETE: Final = "complete"
FAILED: Final = "failed"
INTERRUPTED: Final = "interrupted"


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
        if Path(name).parent.as_posix() in (".", *FOLDERS, *SOME_FOLDERS) and Path(name).name == name.split("/")[-1]
    ]


def add_files(path: AnyPath, names: Iterable[str]) -> None:
    """List files as well that were written after the others, so that the next run into this folder removes them."""
    manifest = json.loads(path.read_bytes())
    listed = sorted({*manifest["files"], *names})
    if listed != manifest["files"]:
        manifest["files"] = listed
        write_bytes(path, json_bytes(manifest), durable=False)


@contextlib.contextmanager
def written_folder(
    folder: AnyPath, manifest: str, command: str, parts: Sequence[str], begun: Callable[[list[str]], bytes]
) -> Iterator[Callable[[], None]]:
    """Make a folder of results, keep other runs out of it meanwhile, and yield what removes an earlier one's files.

    The manifest says that a run is under way before any file goes, and that the run failed, and why, or was interrupted
    when it ends before its end. Where no more can be written, as on a full disk, it goes on saying `running`. When the
    request turns out to be wrong before an earlier run's files went, these stand as before.

    Args:
        folder: The folder.
        manifest: The name of the file that lists its files.
        command: What holds the folder, as its user called it.
        parts: The folders in it.
        begun: Makes the manifest of a run under way from the files that the earlier one listed.

    Raises:
        InUse: Another run holds the folder.
        OutputNotWritable: It cannot be written; PathError in a bucket.
    """
    path = folder / manifest
    with sole_writer(folder, command, "--output-dir"):
        try:
            for part in parts:
                (folder / part).mkdir(parents=True, exist_ok=True)
            for part in ("", *parts, *SOME_FOLDERS):
                remove_abandoned(folder / part)
            before, earlier = path.read_bytes() if path.exists() else None, files_of(path)
            write_bytes(path, begun(earlier))
        except OSError as error:
            raise not_written(folder, error) from error
        removed = False

        def remove_earlier() -> None:
            nonlocal removed
            removed = True
            _remove(folder, earlier)

        try:
            yield remove_earlier
        except BaseException as error:
            if before is None or removed or not isinstance(error, BadRequest):
                _note_end(path, error)
            else:
                with contextlib.suppress(PipelineError):
                    write_bytes(path, before)
            raise


def _remove(folder: AnyPath, names: Iterable[str]) -> None:
    try:
        for name in names:
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise not_written(folder, error) from error


def _note_end(path: AnyPath, error: BaseException) -> None:
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, PipelineError):
        content = json.loads(path.read_bytes())
        if content["status"] == RUNNING:
            failed = isinstance(error, Exception)
            content |= {"status": FAILED, "error": in_words(error)} if failed else {"status": INTERRUPTED}
            write_bytes(path, json_bytes(content), durable=False)


def check_complete(folder: AnyPath, manifest: Mapping[str, object], kind: str) -> None:
    """Raise UnfinishedRun for a run or sweep (`kind`) that is not complete: still at work, interrupted or failed."""
    status = manifest["status"]
    if status == COMPLETE:
        return
    again = f"Run that {'backtest' if kind == 'run' else kind} again."
    holder = holder_of(folder) if status == RUNNING else ""
    if holder:
        raise UnfinishedRun(f"The {kind} in {folder} is not complete: {holder} is still at work. Wait for it.")
    if holder is None:
        how = "it is still at work, or it was interrupted. Wait for it, or run it again"
        raise UnfinishedRun(f"The {kind} in {folder} is not complete: {how}.")
    if status == FAILED:
        raise UnfinishedRun(f"The {kind} in {folder} failed: {manifest.get('error')} {again}")
    raise UnfinishedRun(f"The {kind} in {folder} was interrupted. {again}")
