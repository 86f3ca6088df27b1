"""The commands that show what is there, or make a page anew: compare, report, show, explain, reconcile, inspect."""

from pathlib import Path
from typing import Annotated, Any

from pipeline import api
from pipeline import options as take
from pipeline.cli.command import options_of
from pipeline.console.output import CommandResult
from pipeline.errors import BadRequest
from pipeline.options import Option


def compare(
    a: take.RunA,
    b: take.RunB,
    more: take.MoreRuns = (),
    page: take.ComparePage = None,
    output_dir: take.OutputDir = take.OUTPUT_DIR,
) -> CommandResult:
    """Compare two runs or more: settings, P&L, fills, drawdown, and the first fill that differs.

    Example: pipeline compare v1_baseline output/another
    """
    from pipeline.console.compare import show_comparisons
    from pipeline.console.progress import Progress
    from pipeline.runs.compare import MOST_RUNS

    if 2 + len(more) > MOST_RUNS:
        raise BadRequest(f"`pipeline compare` takes 2 to {MOST_RUNS} runs; these are {2 + len(more)}.")
    with Progress("Reading the runs") as progress:
        comparisons = [api.compare(a, other, output_dir) for other in (b, *more)]
        if page is not None:
            progress.stage("Making the page")
            page = api.compare_page([a, b, *more], page, output_dir=output_dir)
    return show_comparisons(comparisons, page)


@options_of(api.all_runs)
def runs(**options: Any) -> CommandResult:
    """List all runs: P&L, Sharpe ratio, drawdown, fills, what changed from one to the next. Makes their page anew.

    Example: pipeline runs
    """
    from pipeline.console.progress import Progress
    from pipeline.console.runs import show_runs

    with Progress("Reading the runs"):
        rows = api.all_runs(**options)
    return show_runs(rows, Path(options["output_dir"]))


@options_of(api.report)
def report(**options: Any) -> CommandResult:
    """Rebuild the page of a finished run or sweep from its files; with --excel a workbook of its results, too.

    Example: pipeline report v1_baseline
    """
    from pipeline.console.progress import Progress
    from pipeline.runs.layout import RUN_FILE, SWEEP_FILE, WORKBOOK_FILE
    from pipeline.runs.read_file import recorded_warnings

    with Progress("Making the page"):
        page = api.report(**options)
        path = next(file for name in (SWEEP_FILE, RUN_FILE) if (file := page.parent / name).is_file())
        warnings = recorded_warnings(path)
    workbook = page.parent / WORKBOOK_FILE if options["excel"] else None
    facts = {
        "report": page,
        "charts": sorted(page.parent.glob("charts/*.png")) if options["png"] else [],
        "workbook": workbook,
    }
    line = f"Page: {page}" + (f"; charts: {page.parent / 'charts'}" if options["png"] else "")
    line += f"; workbook: {workbook}" if workbook else ""
    return CommandResult(line, facts, warnings=warnings)


def show(
    security: take.Security,
    fills: Annotated[bool, Option("Its fills instead of its figures.")] = False,
    run: take.Run = None,
    first: Annotated[int | None, Option("Only the first N fills.", default="20 in a table", metavar="N")] = None,
    last: Annotated[int | None, Option("Only the last N fills.", metavar="N")] = None,
    start: Annotated[str | None, Option("From a date, a time of day or both.", flag="--from", metavar="TIME")] = None,
    end: Annotated[str | None, Option("Up to and including it.", flag="--to", metavar="TIME")] = None,
    side: Annotated[str | None, Option("Only buy, or only sell.", choices=("buy", "sell"))] = None,
    output_dir: take.OutputDir = take.OUTPUT_DIR,
) -> CommandResult:
    """Show one security of a run: its figures, or its fills.

    Example: pipeline show FAB --fills --from 14:55
    """
    from pipeline.console.progress import Progress
    from pipeline.console.show import show_fills, show_security
    from pipeline.runs.recorded_security import Selection

    selection = Selection(first, last, start, end, side)
    if not fills and selection != Selection():
        raise BadRequest("--first, --last, --from, --to and --side choose fills: add --fills.")
    with Progress("Reading the run"):
        recorded = api.recorded_security(security, run, output_dir=output_dir)
    return show_fills(recorded, selection) if fills else show_security(recorded)


@options_of(api.explain)
def explain(**options: Any) -> CommandResult:
    """Explain why a fill happened, or with --at what our order was: the book, the order, its queue, the arithmetic.

    Example: pipeline explain FAB --fill 3 --run v1_baseline
    """
    from pipeline.console.show import ExplainProgress, show_explanation

    with ExplainProgress("Reading the run") as progress:
        explanation = api.explain(**options, on_progress=progress.at)
    return show_explanation(explanation)


@options_of(api.reconcile)
def reconcile(**options: Any) -> CommandResult:
    """Compare the desk's own fills with a run's, and say which queue model comes nearest to them.

    Example: pipeline reconcile desk/fills.csv --run v1_baseline
    """
    from pipeline.console.progress import Progress
    from pipeline.console.reconcile import show_reconciliation
    from pipeline.runs.reconcile import matches_path

    with Progress("Reading the fills") as progress:
        reconciliation = api.reconcile(**options, on_security=lambda ticker: progress.stage(f"Replaying {ticker}"))
    output = options["output"]
    return show_reconciliation(reconciliation, matches_path(reconciliation, output and Path(output)))


def inspect(
    tickers: Annotated[
        tuple[str, ...],
        Option(
            "Show these in full.",
            default="all, in tables",
            metavar="[TICKER]...",
            completion="ticker",
            repeatable=True,
            argument=True,
        ),
    ] = (),
    parquet_dir: take.ParquetDir = take.PARQUET_DIR,
    strict: Annotated[bool, Option("End with status 1 when there is a warning.")] = False,
) -> CommandResult:
    """Show what is in the Parquet files: rows, days, gaps, odd prices and books. Warns of likely data errors.

    Example: pipeline inspect FAB
    """
    from pipeline.console.inspect import show_inspection
    from pipeline.console.progress import Progress
    from pipeline.inspection.store import inspect_store
    from pipeline.option_values import names_of
    from pipeline.store.path import path_of

    with Progress("Listing the store") as progress:
        inspection = inspect_store(
            path_of(parquet_dir),
            names_of(",".join(tickers), "TICKER") if tickers else (),
            on_plan=lambda total: progress.stage("Counting", total),
            on_security=progress.step,
        )
    return show_inspection(inspection, in_full=bool(tickers), strict=strict)


def markets(
    words: Annotated[
        tuple[str, ...],
        Option(
            "A market to explain, by name or code; or `new` and a name.",
            argument=True,
            repeatable=True,
        ),
    ] = (),
    calendar: Annotated[
        str | None, Option("For `new`: its calendar in exchange_calendars, as XNYS.", metavar="CALENDAR")
    ] = None,
) -> CommandResult:
    """List the markets, explain one on two clocks, or write a market's file to fill in.

    Example: pipeline markets LSE
    """
    import datetime as dt

    from pipeline.console.markets import show_market, show_markets
    from pipeline.markets.facts import facts_of, find_market, market_files
    from pipeline.markets.new import new_market

    if words[:1] == ("new",):
        if len(words) != 2:  # noqa: PLR2004 - the word and the name
            raise BadRequest("`pipeline markets new` takes one name: pipeline markets new ZZ --calendar XNYS.")
        path = new_market(words[1], calendar)
        return CommandResult(f"Fill in what is empty: {path}", {"market": path})
    if calendar is not None or len(words) > 1:
        raise BadRequest("`pipeline markets` takes one market, or `new`, a name and, if you like, --calendar.")
    if words:
        market, file = find_market(words[0])
        return show_market(market, file, dt.datetime.now().astimezone())
    files = market_files()
    return show_markets([facts_of(file.stem) for file in files], files)
