"""Local and object-store paths: turns a path or URI as a user gives it into a local path or a path in a bucket."""

from __future__ import annotations

import contextlib
import functools
import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from pipeline.errors import (
    AccessRefused,
    BadRequest,
    NoBucket,
    PathError,
    UnknownScheme,
    Unreachable,
    nearest,
    ran_out_of_memory,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_SCHEMES: Final = ("file", "s3", "gs", "gcs", "hdfs", "viewfs", "abfs", "abfss")
_IN_A_SCHEME: Final = str.maketrans("", "", "+-.")
_OBJECT_STORES: Final = ("s3", "gcs", "abfs")
_USER_AND_KEY: Final = r"//[^/@\s]*:[^/@\s]*@"

# What S3, Google Cloud Storage and Azure say, never what a file's or bucket's name may hold. Compiled when needed.
_CAUSES: Final = (
    (
        r"AWS Error NO_SUCH_BUCKET|Bucket '.*' not found|Error ContainerNotFound",
        NoBucket,
        "there is no such bucket",
    ),
    (
        (
            r"AWS Error (ACCESS_DENIED|\w*(ACCESS_KEY|SIGNATURE|TOKEN|CREDENTIAL))|HTTP status 40[13]"
            r"|Status\((PERMISSION_DENIED|UNAUTHENTICATED)|OAuth2 access token|AuthenticationException"
        ),
        AccessRefused,
        "the credentials in the environment are missing, wrong or not enough for this (docs/use/scale.md)",
    ),
    (
        r"AWS Error (NETWORK_CONNECTION|REQUEST_TIMEOUT|SERVICE_UNAVAILABLE|SLOW_DOWN)|Status\(UNAVAILABLE",
        Unreachable,
        "it cannot be reached; look at the network and at endpoint_override",
    ),
)


@dataclass(frozen=True, slots=True, repr=False)
class ObjectStorePath:
    """A directory or file behind a pyarrow filesystem URI, used as a `Path` is; `below` is what was joined to the URI.

    It holds no connection, so a task can carry it to another process or machine, which opens it with its own
    credentials. Every failure of the other side is a PathError; a missing file is a FileNotFoundError, as with `Path`.
    """

    uri: str
    below: str = ""

    def __truediv__(self, name: str) -> ObjectStorePath:
        return replace(self, below=f"{self.below}/{name}" if self.below else name)

    def __str__(self) -> str:
        # Without the query, which is long, and without a password.
        shown = _without_password(self.uri.partition("?")[0])
        return f"{shown.rstrip('/')}/{self.below}" if self.below else shown

    def __repr__(self) -> str:
        return f"ObjectStorePath('{self}')"

    @property
    def name(self) -> str:
        """The last part of its name."""
        return str(self).rstrip("/").rpartition("/")[2]

    def mkdir(self, *, parents: bool = True, exist_ok: bool = True) -> None:  # noqa: ARG002 - as Path has it
        """Make the directory where the other side has any; an object store has names only."""
        with self._reached() as (files, path):
            if files.type_name not in _OBJECT_STORES:
                files.create_dir(path, recursive=True)

    def files(self) -> dict[str, int]:
        """Return the name and size of each file in this directory; raises FileNotFoundError when it holds nothing."""
        from pyarrow.fs import FileSelector  # only what is not local pays for it

        with self._reached() as (files, path):
            return {info.base_name: info.size for info in files.get_file_info(FileSelector(path)) if info.is_file}

    def exists(self) -> bool:
        """Return whether there is such a file or directory."""
        from pyarrow.fs import FileType

        with self._reached() as (files, path):
            return bool(files.get_file_info(path).type != FileType.NotFound)

    def read_bytes(self) -> bytes:
        """Return the whole file by one request, so that it cannot be half one version and half another."""
        return self.read_end(None)[1]

    def read_end(self, most: int | None) -> tuple[int, bytes]:
        """Return the file's size and its last bytes, at most `most` of them."""
        with self._reached() as (files, path), files.open_input_file(path) as file:
            size = file.size()
            file.seek(0 if most is None else max(0, size - most))
            return size, file.read()

    def write_bytes(self, content: bytes) -> None:
        """Put the whole file; in an object store the new one is there whole or the old one stands."""
        with self._reached() as (files, path):
            # No `with`: leaving it on a failure would close the stream, which is what puts the file in place.
            stream = files.open_output_stream(path)
            stream.write(content)
            stream.close()

    def unlink(self, *, missing_ok: bool = False) -> None:
        """Remove the file."""
        try:
            with self._reached() as (files, path):
                files.delete_file(path)
        except FileNotFoundError:
            if not missing_ok:
                raise

    @contextlib.contextmanager
    def _reached(self) -> Iterator[tuple[Any, str]]:
        """Yield the filesystem and the path in it; turn the other side's failures into ours."""
        import pyarrow as pa

        try:
            files, root = _filesystem(self.uri)
            yield files, f"{root.rstrip('/')}/{self.below}" if self.below else root
        except FileNotFoundError:
            raise
        except (OSError, pa.ArrowException, ImportError) as error:
            if ran_out_of_memory(error):
                raise
            raise path_error(self, error) from error


AnyPath: TypeAlias = Path | ObjectStorePath


def read_end(path: AnyPath, most: int) -> tuple[int, bytes]:
    """Return a file's size and its last bytes, at most `most` of them; raises OSError or PathError."""
    if isinstance(path, ObjectStorePath):
        return path.read_end(most)
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - most))
        return size, file.read()


def path_of(path: str | AnyPath) -> AnyPath:
    """Return the path a user named: a URI with a scheme is remote, but for `file://`, and all else is a local path.

    Raises BadRequest for a URI that went through `Path`, which makes `s3:/` of `s3://`.
    """
    if isinstance(path, ObjectStorePath):
        return path
    text = str(path)
    scheme, _, rest = text.partition(":")
    if scheme in _SCHEMES and rest[:1] in ("/", "\\") and rest[1:2] not in ("/", "\\"):
        raise BadRequest(f"{text} has one slash after its scheme; write two, as text and not as a Path.")
    # One letter is a drive of Windows.
    if len(scheme) == 1 or not rest.startswith("//") or not scheme.translate(_IN_A_SCHEME).isalnum():
        return Path(path)
    return _local(text, rest[2:]) if scheme.lower() == "file" else ObjectStorePath(text)


def _local(text: str, rest: str) -> Path:
    """Return the path that a `file://` URI means on this machine."""
    from urllib.parse import unquote

    host, slash, path = rest.partition("?")[0].partition("/")
    if host not in ("", "localhost") or not slash:
        raise BadRequest(f"{text} names another machine; write file:///directory.")
    return Path(unquote(path if os.name == "nt" and ":" in path else f"/{path}"))


@functools.lru_cache(maxsize=16)
def _filesystem(uri: str) -> tuple[Any, str]:
    """Open a URI's filesystem, once a process: connections are kept and used again."""
    from pyarrow.fs import FileSystem

    files, root = FileSystem.from_uri(uri)
    return files, root


def path_error(path: ObjectStorePath, error: Exception) -> PathError:
    """Return Arrow's failure, whose words differ by store, as one of ours that names the path."""
    lines = str(error).replace(path.uri, str(path)).splitlines()
    said = _without_password(lines[0] if lines else type(error).__name__)
    scheme = path.uri.partition("://")[0]
    if "Unrecognized filesystem type" in said or "but Arrow compiled without" in said:
        return UnknownScheme(
            f"{path}: '{scheme}://' is no scheme that this installation knows. It takes a local path, file://, "
            f"s3://, gs://, abfs:// or hdfs://.{nearest(scheme, _SCHEMES)}"
        )
    for pattern, kind, words in _CAUSES:
        if re.search(pattern, said):
            return kind(f"{path}: {words}. {said}")
    return PathError(f"{path} cannot be used: {said}")


def _without_password(text: str) -> str:
    return re.sub(_USER_AND_KEY, "//***@", text)
