"""Declares every option once: what it takes, its help and its default; signatures, commands and documents come from it.

The functions of `pipeline.api` take options of these types. `pipeline/cli/command.py` makes the command line from their
signatures, and the tables of docs/reference/commands.md are made from the command line.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pipeline.store.path import AnyPath
    from pipeline.sweeps.date_windows import SettingDays

RAW_DIR: Final = Path("data/raw")
PARQUET_DIR: Final = Path("data/parquet")
OUTPUT_DIR: Final = Path("output")
STRATEGY: Final = "v1_baseline"


@dataclass(frozen=True, slots=True, eq=False)
class Option:
    """How an option, or an argument, is written on the command line and explained.

    Attributes:
        help: What it does, in one sentence.
        default: Its default in words, where the value in the signature does not say it.
        flag: Its name on the command line, where that is not the parameter's.
        aliases: Further names that mean the same and are not shown.
        ignored: Flags without a value that are accepted, do nothing and are not shown.
        metavar: What stands for its value.
        choices: What its value can be, offered by Tab.
        completion: The function of `pipeline.cli.complete` that completes any other value.
        repeatable: Whether it can be given several times.
        argument: Whether it is given by its place, not by a flag.
        empty: Whether an empty value means something.
        see: The document that says more.
    """

    help: str
    default: str = ""
    flag: str = ""
    aliases: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    metavar: str | None = None
    choices: tuple[str, ...] = ()
    completion: str = ""
    repeatable: bool = False
    argument: bool = False
    empty: bool = False
    see: str = ""


# Every command takes these.
SHARED: Final = {
    "quiet": Option("Print only errors, warnings and the closing line."),
    "verbose": Option("Also print what was chosen, what came from the cache and why, and how long each part took."),
    "json": Option("Print one JSON object and nothing else on stdout."),
    "debug": Option("Show the traceback of an error."),
}

# Which ticks, and where.
ParquetDir = Annotated[
    "str | AnyPath", Option("Directory or URI of the Parquet files.", metavar="PATH", see="../use/scale.md")
]
SignalsDir = Annotated[
    "str | AnyPath | None",
    Option(
        "Directory or URI of the files of signals.",
        default="signals, beside the Parquet files",
        metavar="PATH",
        see="../use/signals.md",
    ),
]
Securities = Annotated[
    "str | Sequence[str]", Option("Only these tickers, separated by commas.", metavar="TICKERS", completion="tickers")
]
Market = Annotated[
    str | None, Option("Market of the securities whose names give no known one, such as `ES1 Index`.", metavar="NAME")
]
FxRates = Annotated[
    "str | Path | Mapping[str, float] | Sequence[str | Path]",
    Option(
        "Rates to convert with: a CSV file of day, currency, rate, or CODE=RATE. Repeatable.",
        metavar="RATES",
        repeatable=True,
        see="markets.md",
    ),
]
Currency = Annotated[
    str | None, Option("What all securities together are converted to with --fx, as AED.", metavar="CODE")
]
MaxSheets = Annotated[int | None, Option("Only the first N securities, for a quick try.", metavar="N")]
AllowStale = Annotated[bool, Option("Run although a workbook has changed since it was converted, with a warning.")]

# What is replayed, and how.
Strategy = Annotated[
    str, Option("Name of a strategy, or path of a .py file.", completion="strategies", see="../use/strategies.md")
]
SweepStrategy = Annotated[
    str | None,
    Option(
        "Name of a strategy, or path of a .py file.",
        default=f"the sweep file's, else {STRATEGY}",
        completion="strategies",
    ),
]
Config = Annotated[
    "str | Path | None", Option("Parameters by ticker.", default="configs/STRATEGY.json", metavar="PATH")
]
Parameters = Annotated[
    "Mapping[str, object] | Sequence[str]",
    Option(
        "KEY=VALUE: a parameter for all securities, or execution.SWITCH. Repeatable.",
        flag="--set",
        metavar="KEY=VALUE",
        completion="parameters",
        repeatable=True,
    ),
]
ExecutionModel = Annotated[
    str | None,
    Option(
        "How orders are assumed to fill: classic or strict.",
        default="the config's, else classic",
        choices=("classic", "strict"),
        see="execution.md",
    ),
]
IgnoreConditions = Annotated[
    str | None,
    Option("Condition codes of prints to leave out, as XT,OB.", default="the config's", empty=True, see="execution.md"),
]
Sensitivity = Annotated[
    bool | None, Option("Also replay under the other execution models.", default="with the compiled engine")
]
Fresh = Annotated[bool, Option("Replay even what is in the result cache.")]
Workers = Annotated[
    int | None,
    Option(
        "How many securities at a time.",
        default="what CPUs and memory allow",
        aliases=("--max-workers",),
        ignored=("--parallel",),
    ),
]
Backend = Annotated[
    str | None,
    Option(
        "How workers run: threading, loky, sequential, dask or ray.",
        default="the quickest",
        choices=("threading", "loky", "sequential", "dask", "ray"),
        see="../use/scale.md",
    ),
]
Address = Annotated[str | None, Option("Address of the Dask or Ray cluster, as tcp://HOST:PORT.", metavar="URL")]
Engine = Annotated[
    str | None,
    Option(
        "compiled, or python to step through a strategy.",
        default="compiled, where the strategy can be",
        choices=("compiled", "python"),
    ),
]

# What is written.
RunFolder = Annotated[
    "str | AnyPath | None",
    Option("Folder or URI of the run's files.", default="output/STRATEGY", metavar="PATH", see="../use/scale.md"),
]
SweepFolder = Annotated[
    "str | AnyPath | None",
    Option("Folder or URI of the sweep's files.", default="output/sweeps/NAME", metavar="PATH", see="../use/scale.md"),
]
Report = Annotated[bool, Option("Write the page report.html, unless --no-report.", see="../use/report.md")]
Note = Annotated[
    str,
    Option('What to remember of the run, as "with wider sessions".', metavar="TEXT", empty=True, see="../use/runs.md"),
]
Excel = Annotated[bool, Option("Also write the results as a workbook, results.xlsx.", see="../use/excel.md")]
Png = Annotated[bool, Option("Also draw each chart into charts/; needs the extra png.")]

# Conversion.
SAMPLE: Final = Path("data/sample/sample_ticks.xlsx")
SampleWorkbook = Annotated["str | Path", Option("Workbook to make.", argument=True)]
SampleDays = Annotated[int, Option("How many trading days.", metavar="N")]
SampleSeed = Annotated[int, Option("Another seed makes other ticks.")]
Workbooks = Annotated[
    "str | Path | Sequence[str | Path] | None",
    Option("Workbooks to convert.", default="every one in data/raw", argument=True, repeatable=True),
]
SheetWorkers = Annotated[
    int | None,
    Option(
        "How many sheets at a time.",
        default="as many as there are CPUs",
        aliases=("--max-workers",),
        ignored=("--parallel",),
    ),
]
HeaderRow = Annotated[
    int | None,
    Option("Row with the column names, counted from 1.", default="the first that has all of them", metavar="N"),
]
SheetSecurity = Annotated[
    str | None,
    Option('Security of a single sheet that names none, as "FAB UH Equity".', default="what it says", metavar="NAME"),
]
DateOrderOption = Annotated[
    str | None,
    Option(
        "How to read times as 05/06/2025: dmy (day first) or mdy.",
        default="what the sheet's own days tell",
        metavar="ORDER",
        choices=("dmy", "mdy"),
    ),
]
Only = Annotated[
    "str | Sequence[str]",
    Option("Only these tickers or sheets, separated by commas.", metavar="NAMES", completion="tickers"),
]
Force = Annotated[bool, Option("Also convert what has not changed.")]
Strict = Annotated[bool, Option("Fail a sheet of which any row is rejected.")]
MaxRejects = Annotated[
    float | None,
    Option(
        "Share of a sheet's rows that may be rejected; a sheet with more, or without a tick, fails.",
        default="0.1",
        metavar="SHARE",
    ),
]
Limits = Annotated[
    "Mapping[str, float] | Sequence[str] | None",
    Option(
        "KEY=NUMBER: how large a workbook may be. Repeatable.",
        flag="--limit",
        metavar="KEY=NUMBER",
        repeatable=True,
        see="formats.md",
    ),
]

# Sweeps.
SweepFile = Annotated["str | Path | None", Option("A sweep: a file as in configs/sweeps.", argument=True)]
Grid = Annotated[
    "Mapping[str, object] | Sequence[str]",
    Option(
        "NAME=VALUE,VALUE or NAME=FROM:TO:STEP (or :logN). Repeatable.",
        metavar="AXIS",
        repeatable=True,
        see="../use/sweeps.md",
    ),
]
TrainUntil = Annotated[
    dt.date | str | None, Option("Choose on the days up to this date, test on the others.", metavar="DATE")
]
WalkForward = Annotated[int | None, Option("Choose anew before each of N walk-forward folds.", metavar="N")]
TrainDays = Annotated[
    int | None,
    Option("Choose each walk-forward fold on the last N market days only, not on all before it.", metavar="N"),
]
Purge = Annotated[int, Option("Leave N market days out of the end of each training.", metavar="N")]
Embargo = Annotated[int, Option("Leave N market days out of the beginning of each test.", metavar="N")]
ChooseBy = Annotated[
    "str | Callable[[SettingDays], float | None]",
    Option(
        "What settings are chosen by: a figure, band_low, or FILE.py:FUNCTION.",
        completion="objectives",
        see="../use/sweeps.md",
    ),
]
Band = Annotated[bool, Option("Also replay each setting as strict with every model of the queue.")]
OwnFigures = Annotated[
    bool, Option("Also have the strategy's own figures of every setting, each replayed whole.", see="../use/series.md")
]
KeepTrades = Annotated[
    str | None, Option("Also write the fills of the best settings (best), or of all (all).", choices=("best", "all"))
]
Trials = Annotated[int | None, Option("Search for the best with N settings, by Optuna.", metavar="N")]
Seed = Annotated[int, Option("Seed of the search.")]

# Runs.
Run = Annotated[
    "str | Path | None",
    Option(
        "A run: its folder, or its name below --output-dir.",
        default="the one written last",
        metavar="RUN",
        completion="runs",
    ),
]
RunOrSweep = Annotated[
    "str | Path | None",
    Option(
        "A run or a sweep: its folder, or its name below --output-dir.",
        default="the run written last",
        metavar="[RUN]",
        completion="runs",
        argument=True,
    ),
]
RunA = Annotated[
    "str | Path",
    Option("A run: its folder, or its name below --output-dir.", metavar="A", completion="runs", argument=True),
]
RunB = Annotated["str | Path", Option("The run to compare it with.", metavar="B", completion="runs", argument=True)]
Remove = Annotated[
    "str | Sequence[str]",
    Option("Remove the folder of this run or sweep. Repeatable.", metavar="RUN", completion="runs", repeatable=True),
]
MoreRuns = Annotated[
    "Sequence[str | Path]",
    Option("More runs to compare A with.", metavar="[MORE]...", completion="runs", repeatable=True, argument=True),
]
ComparePage = Annotated[
    "str | Path | None", Option("Also write it as a page, to this file.", metavar="PATH", see="../use/compare.md")
]
OutputDir = Annotated["str | Path", Option("Where runs are looked for by name.", metavar="PATH")]
Security = Annotated[str, Option("Its ticker.", metavar="SECURITY", completion="ticker", argument=True)]
Fill = Annotated[int | None, Option("Number of the fill, counted from 1, as `show --fills` has it.", metavar="N")]
At = Annotated[
    str | None, Option("Instead of a fill: what our order was at this time, on the exchange's clock.", metavar="TIME")
]
OrderSide = Annotated[str | None, Option("With --at: our order to buy or to sell.", choices=("buy", "sell"))]
DeskFills = Annotated[
    "str | Path",
    Option("The desk's own fills: a .csv or .xlsx file.", metavar="FILLS", argument=True, see="../use/reconcile.md"),
]
Window = Annotated[
    float, Option("Maximum time between two fills that are taken for one, in seconds.", metavar="SECONDS")
]
PriceTolerance = Annotated[
    float | None, Option("How far apart in price.", default="one tick at that price", metavar="PRICE")
]
VariedSwitch = Annotated[
    str, Option("The execution switch whose values are tried.", metavar="SWITCH", completion="switches")
]
MatchesFile = Annotated[
    "str | Path | None",
    Option(
        "A .csv or .parquet file for the matches.", default="reconciliation.csv in the run's folder", metavar="PATH"
    ),
]
StrategyFile = Annotated[str | None, Option("The strategy's file.", default="as the run has it", metavar="PATH")]
