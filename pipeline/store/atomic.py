"""Writes a file whole or not at all: under a temporary name next to its target, flushed, then renamed.

A file that goes to a bucket is written to a temporary file on this machine and uploaded whole.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from pipeline.errors import OutputNotWritable, WriteFailed
from pipeline.store.path import AnyPath, ObjectStorePath
from pipeline.system import refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PART_SUFFIX: Final = ".part"
_NUMBERS: Final = itertools.count(1)
_REPLACE_TRIES: Final = 20
_REPLACE_PAUSE: Final = 0.05
_DISK: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}
"""What the system says where the disk is full or fails, and not the request."""


@dataclass(frozen=True, slots=True, eq=False)
class Staged:
    """A file written whole under a temporary name, waiting to be put in place or thrown away."""

    part: Path
    target: AnyPath

    def commit(self) -> None:
        """Put the file in place of any older one; raises OutputNotWritable or PathError when that stays impossible."""
        try:
            if isinstance(self.target, ObjectStorePath):
                self.target.write_bytes(self.part.read_bytes())
                self.discard()
            else:
                self._replace(self.target)
        except BaseException as error:
            self.discard()
            if isinstance(error, OSError):
                raise not_written(self.target, error) from error
            raise

    def _replace(self, target: Path) -> None:
        for attempt in range(_REPLACE_TRIES):
            try:
                self.part.replace(target)
            except PermissionError as error:
                # Windows refuses to replace a file that a reader holds open; readers are quick, so wait a little.
                if attempt == _REPLACE_TRIES - 1:
                    raise OutputNotWritable(
                        f"{target} could not be replaced because another program holds it; "
                        "close that program and run the command again."
                    ) from error
                time.sleep(_REPLACE_PAUSE)
            else:
                return

    def discard(self) -> None:
        """Remove the temporary file; the one in place stays as it was."""
        with contextlib.suppress(OSError):
            self.part.unlink(missing_ok=True)


@contextlib.contextmanager
def staging(target: AnyPath, *, durable: bool = True) -> Iterator[tuple[IO[bytes], Staged]]:
    """Open a temporary neighbour of `target` for writing; on leaving it is whole, on any failure it is gone.

    durable: also flushed to the disk itself, so that a power cut cannot tear it; a killed process cannot either way.
    """
    growing = GrowingFile(target, durable=durable)
    with growing.opened(is_last=True) as file:
        yield file, growing.staged


@contextlib.contextmanager
def discarding(begun: Iterable[Any]) -> Iterator[None]:
    """Call `discard` of what was begun, all that is listed by then, when the block fails."""
    try:
        yield
    except BaseException:
        for each in begun:
            each.discard()
        raise


class GrowingFile:
    """A temporary neighbour of `target` that is written part by part and held open only while a part is written."""

    def __init__(self, target: AnyPath, *, durable: bool = True) -> None:
        self.staged = Staged(_part_of(target), target)
        self._durable = durable and not isinstance(target, ObjectStorePath)
        self._mode = "wb"

    @contextlib.contextmanager
    def opened(self, *, is_last: bool = False) -> Iterator[IO[bytes]]:
        """Open it for the next part, or for the last; raises OutputNotWritable. On any failure the file is gone."""
        try:
            with self.staged.part.open(self._mode) as file:
                yield file
                if is_last and self._durable:
                    file.flush()
                    os.fsync(file.fileno())
        except BaseException as error:
            self.discard()
            if isinstance(error, OSError):
                raise not_written(self.staged.target, error) from error
            raise
        self._mode = "ab"

    def append(self, part: bytes | memoryview) -> None:
        """Write a part; raises OutputNotWritable."""
        with self.opened() as file:
            file.write(part)

    def finish(self, *parts: bytes | memoryview) -> Staged:
        """Write the last parts and return the file, whole; raises OutputNotWritable."""
        with self.opened(is_last=True) as file:
            file.writelines(parts)
        return self.staged

    def discard(self) -> None:
        """Remove the temporary file."""
        self.staged.discard()


def not_written(target: AnyPath, error: OSError) -> OutputNotWritable:
    """Return what to raise where the system refused to write `target`: a full or failing disk is nobody's request."""
    kind = WriteFailed if error.errno in _DISK else OutputNotWritable
    return kind(f"{target} cannot be written: {refusal(target, error)}.")


def _part_of(target: AnyPath) -> Path:
    if isinstance(target, ObjectStorePath):
        import tempfile  # 3 ms that a local run does without

        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=PART_SUFFIX)
        os.close(handle)
        return Path(name)
    # Process and number make the name unique; tempfile would make files that only their owner may read.
    return target.with_name(f".{target.name}.{os.getpid()}-{next(_NUMBERS)}{PART_SUFFIX}")


def write_bytes(target: AnyPath, content: bytes, *, durable: bool = True) -> None:
    """Write `content` to `target` whole or not at all; raises OutputNotWritable or PathError."""
    if isinstance(target, ObjectStorePath):
        target.write_bytes(content)
        return
    GrowingFile(target, durable=durable).finish(content).commit()


def remove_abandoned(directory: AnyPath, older_than: float | None = None) -> None:
    """Remove the temporary files that killed runs left. A bucket never has any.

    Args:
        directory: Where to look; files of its folders stay.
        older_than: Their age in seconds from which they go, where others may be writing; all go for who holds the
            directory alone.
    """
    if isinstance(directory, ObjectStorePath) or not directory.is_dir():
        return
    for part in list(directory.iterdir()):
        if part.name.startswith(".") and part.name.endswith(PART_SUFFIX):
            with contextlib.suppress(OSError):
                if older_than is None or part.stat().st_mtime < time.time() - older_than:
                    part.unlink()
