"""Refuses to replace the ticks of another exchange in the store, and says which ticks a conversion took out of it."""

from __future__ import annotations

from collections import Counter
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Final

from pipeline.errors import DuplicateSecurity, PipelineError, StoreError, shown
from pipeline.numbers import counted
from pipeline.store.catalog import tick_files
from pipeline.store.layout import ticks_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pipeline.conversion.excel.archive import Workbook
    from pipeline.conversion.plan import SheetJob
    from pipeline.conversion.result import SheetRow
    from pipeline.conversion.security import StagedSecurity
    from pipeline.conversion.tables.table import Table
    from pipeline.store.catalog import Entry
    from pipeline.store.path import AnyPath

_MINUTES_A_DAY: Final = 1440
_MS_PER_MINUTE: Final = 60_000
_JOINT: Final = "; "
_MOST_NAMED: Final = 3


def refuse_other_exchange(jobs: Iterable[SheetJob], catalog: Mapping[str, Entry], parquet_dir: AnyPath) -> None:
    """Raise DuplicateSecurity for a sheet whose ticks would replace those of another exchange's security."""
    names = tick_files(parquet_dir)
    for job in jobs:
        name = ticks_name(job.ticker)
        if job.error is not None or job.skipped is not None or name not in names:
            continue
        exchange, code = _held(catalog.get(job.ticker), parquet_dir / name)
        # A market file may have come to know the code meanwhile, which is the same exchange under its name then.
        is_same = code == job.code if code and job.code else exchange in ("", job.exchange, job.code)
        if not is_same:
            raise DuplicateSecurity(
                f"{parquet_dir / name} holds the ticks of {_called(job.ticker, code, exchange)}; the sheet "
                f"'{shown(job.sheet.name)}' ({job.workbook.path}) would replace them by those of "
                f"{_called(job.ticker, job.code, job.exchange)}. Convert it into another directory (--parquet-dir), or "
                f"delete {name} there first if its ticks are not to be kept."
            )


def _held(entry: Entry | None, path: AnyPath) -> tuple[str, str]:
    """Return the exchange and its code of a file of the store, by its own footer where the catalog does not list it."""
    if entry is not None:
        return entry.exchange, entry.code
    from pipeline.store.parquet import read_footer  # brings Arrow

    try:
        metadata = read_footer(path).metadata
    except StoreError:
        return "", ""
    return metadata.get("exchange", ""), metadata.get("code", "")


def _called(ticker: str, code: str, exchange: str) -> str:
    return f"{ticker} {code} ({exchange})" if code else f"{ticker} on {exchange}"


def replaced(security: StagedSecurity, parquet_dir: AnyPath) -> Iterator[str]:
    """Yield which ticks of the store are no longer in it once a security's files are put in place.

    Nothing is told of a workbook that was edited, as long as each day that had ticks still has some. Ticks are compared
    by how many there are in a minute.
    """
    from pipeline.store.parquet import read_footer

    entry = security.entry
    with suppress(StoreError):
        before = read_footer(parquet_dir / entry.file).metadata
        if before.get("fingerprint") == entry.fingerprint:
            return
        now = [source.workbook for source in entry.sources]
        workbooks = before.get("workbook", "").split(_JOINT)
        gone = [*(Counter(workbooks) - Counter(_JOINT.join(now).split(_JOINT)))]
        if not gone and _days(before.get("inspection", "")) <= _days(entry.inspection):
            return
        by_day: Counter[int] = Counter()
        for minute, ticks in (_by_minute(parquet_dir / entry.file) - _by_minute(security.staged[0].part)).items():
            by_day[minute // _MINUTES_A_DAY] += ticks
        if by_day:
            yield _sentence(entry, by_day, dict.fromkeys(gone or workbooks), dict.fromkeys(now))


def _days(inspection: str) -> set[int]:
    """Return the days that were counted of a security's ticks, with one that is none where nothing is known of them."""
    from pipeline.inspection.counts import from_text

    with suppress(ValueError, KeyError, TypeError):
        counts = from_text(inspection)
        return set() if counts is None else {*counts.days}
    return {-1}


def _by_minute(path: AnyPath) -> Counter[int]:
    """Return how many ticks a file has of each minute since 1970 that has any; raises StoreError."""
    import numpy as np

    from pipeline.store.columns import number_values, whole
    from pipeline.store.layout import TICK_COLUMNS
    from pipeline.store.parquet import GroupReader

    time = TICK_COLUMNS[0]
    ticks: Counter[int] = Counter()
    with closing(GroupReader(path)) as reader:
        for table in reader.groups([time]):
            times = number_values(whole(table.column(time)), np.int64)
            minutes, counts = np.unique(times // _MS_PER_MINUTE, return_counts=True)
            ticks.update(dict(zip(minutes.tolist(), counts.tolist(), strict=True)))
    return ticks


def _sentence(entry: Entry, by_day: Mapping[int, int], gone: Iterable[str], now: Iterable[str]) -> str:
    from pipeline.inspection.warn_market import days_in_words

    others = [name for name in gone if name not in now]
    what_to_do = (
        f"To have all of them, convert {_listed([*others, *now])} together: name them all on the command line, or put "
        "them all into data/raw."
        if others
        else f"{_listed(now)} no longer has them: to have them again, put them back, or into a workbook of their own "
        "that is converted together with it."
    )
    return (
        f"{entry.ticker}: ticks that the store had are no longer in it: {sum(by_day.values()):,} of "
        f"{days_in_words(sorted(by_day))}, from {_listed(gone)}; it now holds {entry.ticks:,} from {_listed(now)}. "
        f"{what_to_do}"
    )


def _listed(names: Iterable[str]) -> str:
    """Return names, the first few of many."""
    names = [shown(name) for name in names]
    if len(names) > _MOST_NAMED:
        return f"{', '.join(names[:_MOST_NAMED])} and {counted(len(names) - _MOST_NAMED, 'other')}"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def left_over(jobs: Sequence[SheetJob], books: Iterable[Workbook | Table], catalog: Mapping[str, Entry]) -> list[Entry]:
    """Return the securities of the store of which a workbook that they came from has nothing any more.

    jobs: all of the workbooks; one that says no name may be of any security, so its workbook is not judged.
    """
    unclear = {job.workbook.path for job in jobs if job.error is not None and not job.ticker}
    paths = {str(book.path) for book in books if book.path not in unclear}
    there = {job.ticker for job in jobs}
    others = (catalog[ticker] for ticker in sorted(catalog.keys() - there))
    return [entry for entry in others if any(source.path in paths for source in entry.sources)]


def drop_deleted(entries: Iterable[Entry], catalog: dict[str, Entry], parquet_dir: AnyPath) -> Iterator[str]:
    """Drop the lines of securities that are left over and whose files were deleted; yield what to say of the others."""
    names = tick_files(parquet_dir)
    for entry in entries:
        if entry.file not in names:
            del catalog[entry.ticker]
            continue
        yield (
            f"{entry.ticker}: its workbook has no sheet of it any more: the store keeps its ticks of "
            f"{_listed(dict.fromkeys(source.workbook for source in entry.sources))} ({entry.ticks:,}). Where they are "
            f"not wanted, delete {parquet_dir / entry.file} and convert again; to replay them, give `backtest` "
            "--allow-stale."
        )


def earlier_ticks(parquet_dir: AnyPath, rows: Iterable[SheetRow]) -> dict[str, int]:
    """Return the ticks that the store holds of securities that failed, by ticker."""
    ticks = {}
    for ticker in sorted({row.ticker for row in rows if row.status == "failed" and row.ticker}):
        from pipeline.store.parquet import read_footer

        with suppress(PipelineError):
            ticks[ticker] = read_footer(parquet_dir / ticks_name(ticker)).rows
    return ticks
