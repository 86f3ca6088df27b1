"""The public functions about finished runs and sweeps: compare, page, read a security, explain, reconcile.

Annotations are not postponed, since the command line is made from them.
"""

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pipeline import options as take
from pipeline.errors import BadRequest, PipelineError
from pipeline.option_values import checked, names_of

if TYPE_CHECKING:
    from pipeline.runs.compare import Comparison
    from pipeline.runs.reconcile import Reconciliation
    from pipeline.runs.recorded_security import RecordedSecurity
    from pipeline.runs.registry_row import RunRows
    from pipeline.store.path import AnyPath
    from pipeline.tracing.explanation import Explanation
    from pipeline.tracing.moment import Moment


@checked
def all_runs(*, remove: take.Remove = (), output_dir: take.OutputDir = take.OUTPUT_DIR) -> "RunRows":
    """Return a row for each run below a folder, the latest first; bring its `runs.json` and `index.html` up to date.

    `sweeps` of what is returned has a row for each sweep.

    From then on each backtest into a folder below it does the same; below `output` it does from the start.

    Args:
        remove: Names of runs and sweeps to remove first, with their folders.
        output_dir: The folder.

    Raises:
        PipelineError: There is no such folder or run, or the system refused to write or to remove.
    """
    from pipeline.pages.index_page import index_page
    from pipeline.runs.registry import refresh

    return refresh(Path(output_dir), index_page, names_of(remove, "remove") if remove else ())


def update_index(run_folder: "AnyPath", *, page: bool) -> None:
    """Bring the list of all runs up to date that a run's folder is in, if it is in one; a failure is a warning.

    page: make its page as well, which takes longest.
    """
    from pipeline.runs.registry import refresh, registry_folder

    folder = registry_folder(run_folder, take.OUTPUT_DIR)
    if folder is None:
        return
    try:
        if page:
            all_runs(output_dir=folder)
        else:
            refresh(folder, None)
    except PipelineError as error:
        warnings.warn(
            f"The list of all runs was not brought up to date: {error} `pipeline runs` does it.", stacklevel=2
        )


@checked
def compare(a: take.RunA, b: take.RunB, output_dir: take.OutputDir = take.OUTPUT_DIR) -> "Comparison":
    """Compare two runs: settings that differ, figures side by side, the first fill that differs; nothing is replayed.

    Args:
        a, b, output_dir: Two run folders, or the names of two runs below `output_dir`.

    Raises:
        PipelineError: One is not a complete run; a security whose fills cannot be read says so in its row instead.
    """
    from pipeline.runs.compare import compare as compare_runs
    from pipeline.runs.reader import find_run, read_run

    return compare_runs(*(read_run(find_run(run, Path(output_dir))) for run in (a, b)))


@checked
def compare_page(
    runs: Annotated["Sequence[str | Path]", take.Option("Run folders, or names of runs below --output-dir.")],
    page: Annotated["str | Path", take.Option("The file to write.")],
    *,
    output_dir: take.OutputDir = take.OUTPUT_DIR,
) -> Path:
    """Write a page of two or more runs side by side, the others against the first, and return its path.

    Args:
        runs, output_dir: Run folders, or names of runs below `output_dir`.
        page: The file to write.

    Raises:
        PipelineError: One is not a complete run, there are too many, or the file cannot be written.
    """
    from pipeline.pages.compare_page import compare_page as page_of
    from pipeline.runs.read_file import showing
    from pipeline.runs.reader import find_run
    from pipeline.store.atomic import write_bytes

    target, folders = Path(page), [find_run(run, Path(output_dir)) for run in runs]
    with showing(*folders):
        content = page_of(folders, target)
    write_bytes(target, content, durable=False)
    return target


@checked
def report(
    run: take.RunOrSweep = None,
    *,
    excel: take.Excel = False,
    png: take.Png = False,
    output_dir: take.OutputDir = take.OUTPUT_DIR,
) -> Path:
    """Make the page of a finished run or sweep anew from its files, and return the page's path.

    Args:
        run, output_dir: Its folder, or its name below `output_dir`; by default the run written last there.
        excel: Write a run's results as a workbook as well, `results.xlsx`.
        png: Draw each chart as an image as well.

    Raises:
        PipelineError: It is not a complete run or sweep, or images cannot be drawn.
    """
    from pipeline.pages.remake import write_run_page, write_sweep_page
    from pipeline.runs.layout import SWEEP_FILE
    from pipeline.runs.read_file import showing

    named = () if run is None else (Path(run), Path(output_dir) / run)
    swept = next((folder for folder in named if (folder / SWEEP_FILE).is_file()), None)
    if swept and excel:
        raise BadRequest(f"{swept} is a sweep, and --excel writes a run's results; its own are in sweep_summary.csv.")
    folder = swept or _run_folder(run, output_dir)
    write_page = write_sweep_page if swept else write_run_page
    with showing(folder):
        write_page(folder, png=png)
        if excel:
            from pipeline.workbook.results import write_run_workbook

            write_run_workbook(folder)
    return folder / "report.html"


@checked
def recorded_security(
    security: take.Security, run: take.Run = None, *, output_dir: take.OutputDir = take.OUTPUT_DIR
) -> "RecordedSecurity":
    """Return what a run recorded of one security: its figures, and its fills when they are asked for.

    Args:
        security: Ticker, in any case.
        run, output_dir: A run folder, or the name of one below `output_dir`; by default the one written last there.

    Raises:
        PipelineError: It is not a complete run, or the security is not in it or failed.
    """
    from pipeline.runs.recorded_security import read_security

    return read_security(_run_folder(run, output_dir), security)


@checked
def explain(
    security: take.Security,
    fill: take.Fill = None,
    run: take.Run = None,
    *,
    at: take.At = None,
    side: take.OrderSide = None,
    parquet_dir: take.ParquetDir = take.PARQUET_DIR,
    signals: take.SignalsDir = None,
    output_dir: take.OutputDir = take.OUTPUT_DIR,
    strategy: take.StrategyFile = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> "Explanation | Moment":
    """Return why a fill happened, or what our order was at a moment, from a replay that must find the recorded fills.

    Args:
        security: Ticker, in any case.
        fill: Number of the fill in `trades/<TICKER>.parquet`, counted from 1.
        at, side: Instead of `fill`, a time on the exchange's clock, and buy or sell.
        run, output_dir: As in `recorded_security`.
        parquet_dir, signals: Directory or URI of the ticks that the run replayed, and of its files of signals.
        strategy: File of the run's own strategy, where the run's folder does not say it.
        on_progress: Called with the number of ticks replayed and the number to replay.

    Raises:
        PipelineError: It cannot be explained, for example since ticks or strategy have changed since the run.
    """
    from pipeline.store.path import path_of
    from pipeline.tracing.recorded_fill import Request, explain_run_fill, explain_run_moment

    if fill is not None and at is not None:
        raise BadRequest("Give --fill or --at, not both.")
    if fill is None and at is None:
        raise BadRequest("Say what is to be explained: --fill N, or --at TIME --side buy or sell.")
    request = Request(
        _run_folder(run, output_dir), security, path_of(parquet_dir), strategy, on_progress, _given(signals)
    )
    if at is not None:
        return explain_run_moment(request, at, side)
    if side is not None:
        raise BadRequest("--side goes with --at; a fill has its own.")
    assert fill is not None  # noqa: S101 - for mypy
    return explain_run_fill(request, fill)


@checked
def reconcile(
    fills: take.DeskFills,
    run: take.Run = None,
    *,
    window: take.Window = 5.0,
    price_tolerance: take.PriceTolerance = None,
    switch: take.VariedSwitch = "queue",
    parquet_dir: take.ParquetDir = take.PARQUET_DIR,
    signals: take.SignalsDir = None,
    output_dir: take.OutputDir = take.OUTPUT_DIR,
    strategy: take.StrategyFile = None,
    output: take.MatchesFile = None,
    on_security: Callable[[str], None] | None = None,
) -> "Reconciliation":
    """Match the desk's own fills with a run's, and replay the run to see which value of a switch comes nearest to them.

    Args:
        fills: A .csv, .xlsx or .xlsm file with time, security, side, price and quantity of each fill.
        run, output_dir: A run folder, or the name of one below `output_dir`; by default the one written last there.
        window: Maximum time between two fills that are taken for one, in seconds.
        price_tolerance: How far apart in price; by default one tick at that price.
        switch: The execution switch whose values are tried.
        parquet_dir, signals: Directory or URI of the ticks that the run replayed, and of its files of signals.
        strategy: File of the run's own strategy, where the run's folder does not say it.
        output: A .csv or .parquet file for the matches; by default `reconciliation.csv` in the run's folder.
        on_security: Called with each security whose replays begin.

    Returns:
        What both agree on, by security and in total, and how well each value of the switch fits.

    Raises:
        PipelineError: The file, the run, its ticks or its strategy cannot be used.
    """
    from pipeline.runs.desk_fills import csv_rows, desk_fills
    from pipeline.runs.reconcile import Terms, reconcile_run, write_matches
    from pipeline.store.path import path_of

    target = None if output is None else Path(output)
    if target is not None and target.suffix not in (".csv", ".parquet"):
        raise BadRequest(f"--output is '{output}'; it takes a .csv or a .parquet file.")
    folder = _run_folder(run, output_dir)
    path = Path(fills)
    if path.suffix.lower() in (".xlsx", ".xlsm"):
        from pipeline.conversion.excel.first_sheet import first_sheet

        desk = desk_fills(first_sheet(path), str(path))
    else:
        desk = desk_fills(csv_rows(path), str(path))
    terms = Terms(window, price_tolerance, switch, strategy, _given(signals))
    reconciliation = reconcile_run(desk, folder, path_of(parquet_dir), terms, on_security)
    write_matches(reconciliation, target)
    return reconciliation


def _given(signals: "str | AnyPath | None") -> "AnyPath | None":
    from pipeline.store.path import path_of

    return None if signals is None else path_of(signals)


def _run_folder(run: str | Path | None, output_dir: str | Path) -> Path:
    """Return the folder of a run that is named, or of the one written last below output_dir."""
    from pipeline.runs.reader import find_run
    from pipeline.runs.recorded_security import newest_run

    return newest_run(Path(output_dir)) if run is None else find_run(run, Path(output_dir))
