"""Bytes in, a file that is there whole or not at all out: written beside its place, flushed, renamed.

What belongs into a bucket is written to a temporary file of this machine and put there whole.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from pipeline.errors import OutputNotWritable
from pipeline.store.place import Place, Remote

if TYPE_CHECKING:
    from collections.abc import Iterator

PART_SUFFIX: Final = ".part"
_REPLACE_TRIES: Final = 20
_REPLACE_PAUSE: Final = 0.05
_ABANDONED_AFTER_SECONDS: Final = 24 * 3600


@dataclass(frozen=True, slots=True)
class Staged:
    """A file written whole under a temporary name, waiting to be put in place or thrown away."""

    part: Path
    target: Place

    def commit(self) -> None:
        """Put the file in place of any older one; raises OutputNotWritable or PlaceError when that stays impossible."""
        if isinstance(self.target, Remote):
            try:
                self.target.write_bytes(self.part.read_bytes())
            finally:
                self.discard()
            return
        for attempt in range(_REPLACE_TRIES):
            try:
                self.part.replace(self.target)
            except PermissionError as error:
                # Windows refuses to replace a file that a reader holds open; readers are quick, so wait a little.
                if attempt == _REPLACE_TRIES - 1:
                    self.discard()
                    raise OutputNotWritable(
                        f"{self.target} could not be replaced because another program holds it; "
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
def staging(target: Place, *, durable: bool = True) -> Iterator[tuple[IO[bytes], Staged]]:
    """Open a temporary neighbour of `target` for writing; on leaving it is whole, on any failure it is gone.

    durable: also flushed to the disk itself, so that a power cut cannot tear it; a killed process cannot either way.
    """
    staged = Staged(_part_of(target), target)
    try:
        with staged.part.open("wb") as file:
            yield file, staged
            file.flush()
            if durable and not isinstance(target, Remote):
                os.fsync(file.fileno())
    except OSError as error:
        staged.discard()
        raise OutputNotWritable(f"{target} cannot be written: {error.strerror or error}.") from error
    except BaseException:
        staged.discard()
        raise


def _part_of(target: Place) -> Path:
    if isinstance(target, Remote):
        import tempfile  # noqa: PLC0415 - 3 ms that a local run does without

        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=PART_SUFFIX)
        os.close(handle)
        return Path(name)
    # The process and thread make the name unique; tempfile would make files that only their owner may read.
    return target.with_name(f".{target.name}.{os.getpid()}-{threading.get_ident()}{PART_SUFFIX}")


def write_bytes(target: Place, content: bytes, *, durable: bool = True) -> None:
    """Write `content` to `target` whole or not at all; raises OutputNotWritable or PlaceError."""
    if isinstance(target, Remote):
        target.write_bytes(content)
        return
    with staging(target, durable=durable) as (file, staged):
        file.write(content)
    staged.commit()


def remove_abandoned(directory: Place) -> None:
    """Remove temporary files that a killed run left behind more than a day ago; a bucket never has any."""
    if isinstance(directory, Remote):
        return
    limit = time.time() - _ABANDONED_AFTER_SECONDS
    for part in directory.glob(f".*{PART_SUFFIX}"):
        with contextlib.suppress(OSError):
            if part.stat().st_mtime < limit:
                part.unlink()
