"""The securities of a Parquet directory, the workbooks they came from, and whether these have changed since."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pipeline.errors import BadCatalog, NewerFormat, NoStore, StaleStore, StoreError, UnknownSecurity, nearest
from pipeline.store.atomic import write_bytes
from pipeline.store.layout import CATALOG_NAME, REJECTS_SUFFIX, TICKS_SUFFIX
from pipeline.store.path import AnyPath, ObjectStorePath
from pipeline.store.seal import file_digest
from pipeline.system import refusal

if TYPE_CHECKING:
    from collections.abc import Iterable

CATALOG_VERSION: Final = 3
_REQUESTS: Final = 16
"""How many files of a bucket are asked for at a time: nearly all of it is waiting."""


@dataclass(frozen=True, slots=True)
class Source:
    """The sheet that ticks were read from, as it was then: size in bytes, time of modification in ns, row counts.

    remarks: what a person must be told of how it was read. securities: the names of all that the sheet was split into.
    """

    workbook: str
    path: str
    size: int
    mtime_ns: int
    sheet: str
    rows: int
    ticks: int
    blank: int
    rejects: dict[str, int]
    record: dict[str, Any]
    remarks: tuple[str, ...] = ()
    securities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """One security's line in the catalog; `fingerprint` is that of the sources' content.

    digests: of the security's files as they were written, by name; none in a catalog of version 1. inspection: what was
    counted of the ticks, as in the file's own metadata, or nothing in a catalog of an earlier version. code:
    Bloomberg's of its exchange, empty where its name has none. time_zone: the clock of its ticks. currency: what its
    prices are quoted in, as EUR or GBp. These two are empty where no market's file knew the exchange, and all three in
    a catalog before version 3.
    """

    ticker: str
    exchange: str
    file: str
    rows: int
    ticks: int
    blank: int
    rejects: dict[str, int]
    fingerprint: str
    digests: dict[str, str]
    sources: tuple[Source, ...]
    inspection: str = ""
    code: str = ""
    time_zone: str = ""
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Security:
    """One security of the store: number of ticks, digest of its file and the file's size in bytes.

    entry: what the catalog says of its conversion, None where it does not speak of this file. inspection: the text of
    what was counted of the ticks. rows: of the workbook; rejected: those of them that are no ticks. group_ticks: those
    of its file's largest row group. code: Bloomberg's of its exchange, as its file says. error: why its file cannot be
    used; nothing is known of its ticks then, and they count as none.
    """

    ticker: str
    exchange: str
    path: AnyPath
    ticks: int
    digest: str
    fingerprint: str
    size: int
    entry: Entry | None = None
    inspection: str = ""
    rows: int = 0
    rejected: int = 0
    group_ticks: int = 0
    code: str = ""
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Store:
    """An opened Parquet directory; `securities` are sorted by ticker."""

    securities: tuple[Security, ...]
    entries: tuple[Entry, ...]

    def check_fresh(self) -> None:
        """Raise StaleStore when a workbook is still where it was and is not the one that was converted."""
        for entry in self.entries:
            for source in changed_sources(entry):
                raise StaleStore(
                    f"{source.path} was changed after {entry.ticker} was converted from it. Run `pipeline convert` "
                    "(quick when nothing that matters changed), or pass --allow-stale to use the old ticks."
                )


def changed_sources(entry: Entry) -> list[Source]:
    """Return the sources whose workbook is still where it was and is not the one that was converted."""
    changed = []
    for source in entry.sources:
        try:
            now = Path(source.path).stat()
        except OSError:
            continue
        if (now.st_size, now.st_mtime_ns) != (source.size, source.mtime_ns):
            changed.append(source)
    return changed


def read_catalog(directory: AnyPath) -> dict[str, Entry]:
    """Return the catalog's entries by ticker, empty when there is no catalog; raises BadCatalog or NewerFormat."""
    path = directory / CATALOG_NAME
    try:
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise BadCatalog(_unreadable(path, str(error))) from error
    try:
        content = json.loads(text)
        if content["version"] > CATALOG_VERSION:
            raise NewerFormat(f"{path} was written by a later version of the project; update the project.")
        return {ticker: _entry(ticker, fields, content["version"]) for ticker, fields in content["securities"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadCatalog(_unreadable(path, f"{type(error).__name__}: {error}")) from error


def write_catalog(directory: AnyPath, entries: dict[str, Entry]) -> None:
    """Write `catalog.json` whole or not at all, sorted, only when its content differs; raises OutputNotWritable."""
    securities = {ticker: _fields(entries[ticker]) for ticker in sorted(entries)}
    content = {"version": CATALOG_VERSION, "securities": securities}
    encoded = (json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()
    path = directory / CATALOG_NAME
    if not path.exists() or path.read_bytes() != encoded:
        write_bytes(path, encoded)


def open_store(directory: AnyPath) -> Store:
    """Return the securities that `directory` holds, never opening a workbook.

    A file that is damaged, or listed and not there, is its security's error. Raises NoStore, BadCatalog, NewerFormat or
    PathError.
    """
    sizes = tick_files(directory)
    entries = read_catalog(directory)
    if not sizes and not entries:
        raise NoStore(
            f"The Parquet directory {directory} holds no ticks. Run `pipeline convert` (or `pipeline demo`) first."
        )
    paths = [directory / name for name in sizes]
    if isinstance(directory, ObjectStorePath):
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(_REQUESTS) as pool:
            there = list(pool.map(_security_of, paths, sizes.values()))
    else:
        there = list(map(_security_of, paths, sizes.values()))
    known = {security.ticker for security in there}
    gone = [_gone(directory / entry.file) for entry in entries.values() if entry.ticker not in known]
    securities = sorted((*there, *gone), key=lambda security: security.ticker)
    with_entries = (_with_entry(security, entries.get(security.ticker)) for security in securities)
    return Store(tuple(with_entries), tuple(entries[ticker] for ticker in sorted(entries)))


def verified_digest(security: Security) -> str:
    """Return the digest of a security's file; one in a bucket is verified when it is read.

    Of a damaged file one that no other has, so that no result is looked up or cached under what it was.
    """
    if security.digest and not isinstance(security.path, Path):
        return security.digest
    return file_digest(security.path) or f"damaged {os.urandom(16).hex()}"


def listed_security(entry: Entry, directory: AnyPath) -> Security:
    """Return a security as the catalog speaks of it; its file is not opened."""
    digest = entry.digests.get(entry.file, "")
    path = directory / entry.file
    return Security(
        *(entry.ticker, entry.exchange, path, entry.ticks, digest, entry.fingerprint, 0, entry, entry.inspection)
    )


def _gone(path: AnyPath) -> Security:
    error = f"{path} is listed in {CATALOG_NAME} and is not there. Run `pipeline convert` to make it again."
    return Security(path.name.removesuffix(TICKS_SUFFIX), "", path, 0, "", "", 0, error=error)


def tick_files(directory: AnyPath) -> dict[str, int]:
    """Return the name and size of each file of ticks in a Parquet directory; raises NoStore or PathError."""
    try:
        if isinstance(directory, ObjectStorePath):
            sizes = directory.files()
        else:
            # A conversion under way renames its temporary files; they are none of ours.
            with os.scandir(directory) as entries:
                files = [entry for entry in entries if entry.name.endswith(TICKS_SUFFIX) and entry.is_file()]
                sizes = {file.name: file.stat().st_size for file in files}
    except NotADirectoryError as error:
        raise NoStore(
            f"{directory} is no Parquet directory: {refusal(directory, error)}. Run `pipeline convert` with another "
            "--parquet-dir first."
        ) from None
    except FileNotFoundError:
        raise NoStore(
            f"There is no Parquet directory {directory}. Run `pipeline convert` (or `pipeline demo`) first."
        ) from None
    except OSError as error:
        raise NoStore(f"The Parquet directory {directory} cannot be read: {refusal(directory, error)}.") from error
    return {
        name: size for name, size in sizes.items() if name.endswith(TICKS_SUFFIX) and not name.endswith(REJECTS_SUFFIX)
    }


def check_known(directory: AnyPath, tickers: Iterable[str], stored: Iterable[str]) -> None:
    """Raise UnknownSecurity for a ticker that is none of those the directory holds."""
    known = sorted(stored)
    for ticker in tickers:
        if ticker not in known:
            raise UnknownSecurity(
                f"{directory} holds no {ticker}.{nearest(ticker, known)} It holds {', '.join(known)}."
            )


def _with_entry(security: Security, entry: Entry | None) -> Security:
    """Return a security with its entry of the catalog where that speaks of the file that stands there."""
    if entry is None:
        return security
    if security.error is not None:
        return replace(security, exchange=entry.exchange)
    listed = entry.digests.get(entry.file, security.digest), entry.fingerprint
    same = listed == (security.digest, security.fingerprint)
    return replace(security, entry=entry) if same else security


def _security_of(path: AnyPath, size: int) -> Security:
    """Describe a file of `size` bytes by its own footer, which always speaks of the data that stands beside it.

    Raises MissingFile, CorruptParquet or NewerFormat.
    """
    from pipeline.store.parquet import read_footer  # Arrow is not for those who only ask what changed

    ticker = path.name.removesuffix(TICKS_SUFFIX)
    try:
        footer = read_footer(path)
    except StoreError as error:
        return Security(ticker, "", path, 0, "", "", size, error=str(error))
    metadata = footer.metadata
    return Security(
        ticker=ticker,
        exchange=metadata.get("exchange", ""),
        path=path,
        ticks=footer.rows,
        digest=footer.digest,
        fingerprint=metadata.get("fingerprint", ""),
        size=size,
        inspection=metadata.get("inspection", ""),
        rows=int(metadata.get("rows_in", footer.rows)),
        rejected=int(metadata.get("rows_rejected", 0)),
        group_ticks=footer.group_rows,
        code=metadata.get("code", ""),
    )


def _entry(ticker: str, fields: dict[str, Any], version: int) -> Entry:
    texts = ("remarks", "securities")
    sources = tuple(
        Source(**source | {key: tuple(source.get(key, ())) for key in texts}) for source in fields["sources"]
    )
    if version == 1:  # digests of other things, by which no file is known any more
        fields = {key: value for key, value in fields.items() if key not in ("digest", "marks")} | {"digests": {}}
    return Entry(**{**fields, "ticker": ticker, "sources": sources})


def _fields(entry: Entry) -> dict[str, Any]:
    fields = asdict(entry)
    del fields["ticker"]
    return fields


def _unreadable(path: AnyPath, why: str) -> str:
    return f"{path} cannot be read ({why}). Delete it and run `pipeline convert`."
