"""A Parquet directory in, what was counted in each of its securities and what to be warned of out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pipeline.errors import MissingFile, NoStore, PipelineError
from pipeline.inspection import warn
from pipeline.inspection.security import count
from pipeline.market.facts import facts_of
from pipeline.store.catalog import check_held, file_mark, read_catalog, tick_files
from pipeline.store.layout import CATALOG_NAME, TICKS_SUFFIX, ticks_name
from pipeline.store.parquet import read_footer, read_ticks
from pipeline.times import DAY, date_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping, Sequence

    from pipeline.inspection.security import Counts
    from pipeline.store.catalog import Entry
    from pipeline.store.place import Place


@dataclass(frozen=True, slots=True)
class Inspected:
    """One security: its counts, or the error that ended the counting, and its catalog entry if that is of this file."""

    ticker: str
    exchange: str = ""
    entry: Entry | None = None
    counts: Counts | None = None
    error: str | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Inspection:
    """A whole directory, securities sorted by ticker; `common` warns of what concerns several."""

    parquet_dir: Place
    securities: tuple[Inspected, ...]
    common: tuple[str, ...] = field(default=())

    @property
    def warnings(self) -> list[str]:
        """Every warning, those of several securities first."""
        return [*self.common, *(said for one in self.securities for said in one.warnings)]

    @property
    def failed(self) -> dict[str, str]:
        """The errors of the securities that could not be counted, by ticker."""
        return {one.ticker: one.error for one in self.securities if one.error is not None}


def inspect_store(
    parquet_dir: Place,
    tickers: Sequence[str] = (),
    *,
    on_plan: Callable[[int], None] = lambda _: None,
    on_security: Callable[[str], None] = lambda _: None,
) -> Inspection:
    """Count what each security (or each of `tickers`) holds, and warn of what is likely wrong.

    A file that cannot be read is that security's error. Raises NoStore, BadCatalog, UnknownSecurity or PlaceError.
    """
    files, entries = tick_files(parquet_dir), read_catalog(parquet_dir)
    names = sorted({name.removesuffix(TICKS_SUFFIX) for name in files} | set(entries))
    if not names:
        raise NoStore(f"The Parquet directory {parquet_dir} holds no ticks. Run `make convert` (or `make demo`) first.")
    wanted = sorted({ticker.upper() for ticker in tickers})
    check_held(parquet_dir, wanted, names)
    chosen = wanted or names
    on_plan(len(chosen))
    found = []
    for ticker in chosen:
        try:
            found.append(_inspected(parquet_dir, ticker, entries.get(ticker)))
        except PipelineError as error:
            found.append(Inspected(ticker, error=str(error)))
        on_security(ticker)
    return _warned(parquet_dir, found)


def _inspected(parquet_dir: Place, ticker: str, entry: Entry | None) -> Inspected:
    path = parquet_dir / ticks_name(ticker)
    try:
        stands = entry is not None and file_mark(path) == entry.marks.get(ticks_name(ticker))
    except OSError as error:
        raise MissingFile(
            f"{path} is listed in {CATALOG_NAME} and cannot be read. Run `make convert` to make it again."
        ) from error
    exchange = read_footer(path).metadata.get("exchange", "")
    ticks = read_ticks(path)
    warnings = []
    if entry is None:
        warnings.append(f"{ticker}: {path.name} is not in {CATALOG_NAME}, so nothing is known of its workbook.")
    elif not stands:
        warnings.append(f"{ticker}: {path.name} is not the file that {CATALOG_NAME} lists. Run `make convert`.")
    if not len(ticks):
        return Inspected(ticker, exchange, entry if stands else None, warnings=(*warnings, f"{ticker}: no ticks."))
    counts = count(ticks, facts_of(exchange))
    return Inspected(ticker, exchange, entry if stands else None, counts, warnings=tuple(warnings))


def _warned(parquet_dir: Place, found: Sequence[Inspected]) -> Inspection:
    common: list[str] = []
    off: dict[str, list[dt.date]] = {}
    for exchange in sorted({one.exchange for one in found if one.counts is not None}):
        counts = {one.ticker: one.counts for one in found if one.counts is not None and one.exchange == exchange}
        off[exchange] = warn.days_off({ticker: one.missing_days for ticker, one in counts.items()}, _spans(counts))
        common += warn.of_days_off(exchange, off[exchange])
    securities = []
    for one in found:
        said = list(one.warnings)
        if one.entry is not None:
            said += warn.of_sources(one.entry)
        if one.counts is not None:
            said += warn.of_counts(one.ticker, one.counts, facts_of(one.exchange), off[one.exchange])
        securities.append(replace(one, warnings=tuple(said)))
    return Inspection(parquet_dir, tuple(securities), tuple(common))


def _spans(counts: Mapping[str, Counts]) -> dict[str, tuple[dt.date, dt.date]]:
    return {ticker: (date_of(one.first // DAY), date_of(one.last // DAY)) for ticker, one in counts.items()}
