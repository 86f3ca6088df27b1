"""Every failure a user can meet, as named exceptions with a one- or two-sentence message and an exit status."""

from __future__ import annotations

import difflib
import errno
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class PipelineError(Exception):
    """A failure with a message for the person at the desk: what is wrong, where, and what to do about it."""

    exit_status = 2
    as_typed = ""  # the message with options as they are typed, where it names them as Python does


def nearest(name: str, known: Iterable[str], likeness: float = 0.6) -> str:
    """Return " Did you mean 'x'?" for the known name closest to `name`, or an empty string when none is close."""
    by_folded = {candidate.casefold(): candidate for candidate in known}
    close = difflib.get_close_matches(name.casefold(), sorted(by_folded), n=1, cutoff=likeness)
    return f" Did you mean '{by_folded[close[0]]}'?" if close else ""


def shown(text: str, most: int = 60) -> str:
    """Return a text from a file as a message quotes it: shortened, and what no screen shows as its number."""
    cut = text if len(text) <= most else f"{text[: most - 1]}…"
    return "".join(letter if letter.isprintable() else f"\\x{ord(letter):02x}" for letter in cut)


def in_words(error: BaseException) -> str:
    """Return any exception as one line for a table: ours as it stands, others by kind and text."""
    if isinstance(error, PipelineError):
        return str(error)
    if isinstance(error, MemoryError):
        return "There is not enough memory for it: run it where more is free."
    if isinstance(error, SystemExit):
        return f"It called exit({error.code!r}), which would have ended everything; raise an error instead."
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - an exception is somebody's code, too
        text = "(an error without words)"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


# Configuration and the request itself


class ConfigError(PipelineError):
    """A config file or a `--set` that cannot be used as it stands."""


class SweepError(ConfigError):
    """A sweep that cannot be made as its file or its options say."""


class UnconfiguredSecurity(ConfigError):
    """A security is to be replayed and the config says nothing about it."""


class UnknownStrategy(PipelineError):
    """No strategy of that name."""


class UnknownSecurity(PipelineError):
    """A ticker was asked for that the store does not hold."""


class BadRequest(PipelineError):
    """An option's value that cannot be meant."""


class RatesError(BadRequest):
    """Rates of currencies that cannot be used, or that lack one that is needed."""


class MissingExtra(PipelineError):
    """An optional library that was asked for and is not installed."""


class MissingModule(PipelineError):
    """A file of the project's own code that is not there."""


class NoBrowser(PipelineError):
    """No Chrome or Chromium to draw images with."""


class NoCluster(PipelineError):
    """A cluster that cannot be reached, or not be used as it stands."""


class OutputNotWritable(PipelineError):
    """The output directory cannot be written."""


class WriteFailed(OutputNotWritable):
    """A disk that is full or fails, at whatever moment."""

    exit_status = 1


class InUse(PipelineError):
    """Another run writes where this one would."""


class OutOfMemory(PipelineError, MemoryError):
    """Memory that was asked for and not given: no file is damaged and no request wrong."""

    exit_status = 1


def ran_out_of_memory(error: BaseException) -> bool:
    """Return whether an error says that memory ran out: Python's, numpy's, Arrow's, or the system's."""
    return isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM)


def out_of_memory(error: BaseException, what: str, advice: str) -> OutOfMemory:
    """Return the error for memory that ran out: `what` it was for, where `error` does not say, and what to do."""
    said = str(error) if isinstance(error, OutOfMemory) else f"There is not enough memory {what}."
    return OutOfMemory(f"{said} {advice}")


# Paths that are not on this machine


class PathError(PipelineError):
    """A directory or file behind a URI that cannot be used."""


class UnknownScheme(PathError):
    """A URI of a kind that no installed filesystem answers to."""


class NoBucket(PathError):
    """A bucket that is not there."""


class AccessRefused(PathError):
    """Credentials that are missing, wrong or not allowed to do what was asked."""


class Unreachable(PathError):
    """The other side does not answer."""


# Strategies and the engine


class StrategyError(PipelineError):
    """A strategy file that does not say what it must, with file and line."""


class NotCompilable(StrategyError):
    """A sound strategy that says something the compiled engine does not take; the plain engine runs it.

    reason: the message without its advice, for when the plain engine is what runs.
    """

    def __init__(self, reason: str, advice: str) -> None:
        super().__init__(f"{reason} {advice}")
        self.reason = reason

    def __reduce__(self) -> tuple[type[NotCompilable], tuple[str, str]]:
        """Survive the way back from a worker."""
        return type(self), (self.reason, str(self).removeprefix(f"{self.reason} "))


class ReplayError(PipelineError):
    """A replay that could not go on."""

    exit_status = 1


class WorkerDied(ReplayError):
    """A security whose worker process died, again and again."""


class ClusterLost(ReplayError):
    """A cluster that went away while it worked."""


class LoopsDisagree(ReplayError):
    """The loop for one setting and the loop for many gave different fills: a fault of the project."""


class MarketFactsError(PipelineError):
    """An exchange whose facts are missing or cannot be read."""


# Conversion: the workbooks and their sheets


class NoWorkbook(PipelineError):
    """There is nothing to convert."""


class NotAWorkbook(PipelineError):
    """A path that is not an Excel workbook the project can read."""


class PasswordProtected(NotAWorkbook):
    """A workbook that Excel encrypted."""


class CorruptWorkbook(NotAWorkbook):
    """A workbook whose archive is damaged."""


class WorkbookTooLarge(NotAWorkbook):
    """A workbook that would unpack to more than any tick workbook does."""


class WorkbookChanged(PipelineError):
    """A workbook was saved or replaced while it was read."""


class DuplicateSecurity(PipelineError):
    """Two sheets that would make one file."""


class SheetError(PipelineError):
    """One sheet that cannot be converted; the others are."""

    exit_status = 1


class BadSheetName(SheetError):
    """A sheet name that is not ticker, exchange and 'Equity'."""


class EmptySheet(SheetError):
    """A sheet without any tick row."""


class MissingColumns(SheetError):
    """A sheet whose header row lacks a column."""


class AmbiguousColumns(SheetError):
    """A sheet with two columns for one meaning."""


class AmbiguousTimes(SheetError):
    """A sheet whose times may be day/month or month/day, or are both."""


class SeveralSecurities(SheetError):
    """A sheet whose rows are of more than one security."""


class UnreadableSheet(SheetError):
    """A sheet whose XML cannot be read."""


class RejectedRows(SheetError):
    """A sheet of which no row is a tick, or more rows are rejected than may be."""


class OverlappingWorkbooks(SheetError):
    """Two workbooks with the same stretch of one security's ticks."""


# The store: Parquet files and their catalog


class StoreError(PipelineError):
    """The Parquet directory or a file in it cannot be used."""


class NoStore(StoreError):
    """The Parquet directory is missing or holds no ticks."""


class StaleStore(StoreError):
    """A workbook was changed after it was converted."""


class BadCatalog(StoreError):
    """`catalog.json` cannot be read."""


class MissingFile(StoreError):
    """A Parquet file that the catalog lists is not there."""


class CorruptParquet(StoreError):
    """A file that is not Parquet, was cut short or fails its checksums."""


class OtherTicks(StoreError):
    """A file of ticks that is not the one that was listed."""


class WrongColumns(StoreError):
    """A Parquet file whose columns, types or values are not those of ticks."""


class NewerFormat(StoreError):
    """A file of the store written by a later version of the project."""


class SignalError(StoreError):
    """Signals that are nowhere, or whose file cannot be used as it stands."""


# Run folders


class RunFolderError(PipelineError):
    """A run folder that cannot be used."""


class UnknownRun(RunFolderError):
    """A path or name that is no run's."""


class UnfinishedRun(RunFolderError):
    """A run that is still at work or was interrupted."""


class NewerRun(RunFolderError):
    """A run written by a later version of the project."""


class DamagedRun(RunFolderError):
    """A file of a run folder that is missing, damaged or not of that run."""


class ChangedSinceRun(RunFolderError):
    """Ticks or a strategy that are not those of the run any more."""


class BadDeskFills(PipelineError):
    """A file of the desk's own fills that cannot be used."""


class UnknownFill(RunFolderError):
    """A fill of a number that a security does not have in a run."""


class UnknownMoment(RunFolderError):
    """A time at which a run has no state of a security: outside the session, or the data."""


class OtherFills(ReplayError):
    """A replay that does not find again the fills that its run recorded."""
