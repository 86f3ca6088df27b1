"""Reads a sweep's folder as arrays: what was varied, and every figure by setting and security."""

from __future__ import annotations

import contextlib
import csv
import json
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.engine.execution import SWITCH
from pipeline.errors import DamagedRun, NewerRun, UnknownRun
from pipeline.pages.sweep_axes import Axis, axis_of_values
from pipeline.pages.sweep_equity import read_equity
from pipeline.pages.sweep_figures import BY_NAME, NAMES, SweepFigure, own_figures, score_figures
from pipeline.pages.sweep_table_reader import AGAIN, DayCounts, Failure, TableNotes, groups
from pipeline.runs.layout import SWEEP_FILE
from pipeline.runs.manifest import COMPLETE, check_complete
from pipeline.runs.read_file import csv_rows
from pipeline.store.columns import float_values
from pipeline.store.parquet import read_footer
from pipeline.sweeps.axes import PRESET
from pipeline.sweeps.objectives import NET_PNL, SCORE
from pipeline.sweeps.results import ALL
from pipeline.sweeps.tables import PRESET_COLUMN, column_of
from pipeline.sweeps.writer import (
    EQUITY_FILE,
    FORMAT_VERSION,
    SUMMARY_FILE,
    TABLE_FILE,
    TOGETHER_FILE,
    WALK_FILE,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pipeline.store.path import AnyPath
    from pipeline.ticks import Float64s, Int64s

    Columns = dict[tuple[str, str], Float64s]
    """Figures of all settings by view and figure, NaN where there is none."""

MOST_VIEWS: Final = 40
"""Securities up to which a page has them all."""

MOST_IN_MEMORY: Final = 128 * 2**20
"""Bytes of figures that memory holds; more are in a temporary file."""

COLUMNS: Final = {name: column for column, name in NAMES.items()}
"""The columns of figures that have another name in sweep.parquet."""


@dataclass(frozen=True)
class RecordedSweep:
    """A sweep as its folder has it.

    manifest: sweep.json. settings: their numbers. axes: what took more than one value, `strategy` among them; fixed:
    what took one. views: `all`, if there are several securities, and the tickers. best, folds: rows of the summary and
    the walk forward, by view. results: settings times securities. equity: of the setting chosen
    for a view, and of the median one. few_days: the views, and `train_`, `test_` or the
    whole of their days, of which no annualised figure is shown. known_figures: those there may be, by name.
    """

    manifest: Mapping[str, Any]
    settings: Int64s
    axes: tuple[Axis, ...]
    fixed: Mapping[str, str]
    securities: int
    views: tuple[str, ...]
    columns: Mapping[tuple[str, str], Float64s]
    best: Mapping[str, Mapping[str, str]]
    folds: Mapping[str, list[dict[str, str]]]
    failures: tuple[Failure, ...]
    results: int
    equity: Mapping[str, Mapping[str, Any]]
    known_figures: Mapping[str, SweepFigure]
    few_days: frozenset[tuple[str, str]]

    @property
    def parted(self) -> bool:
        """Whether settings were chosen on one part of the days and judged on another."""
        return bool(self.manifest["train"])

    @property
    def objective(self) -> str:
        """The figure settings were chosen by."""
        chosen_by = SCORE if self.manifest.get("score") else str(self.manifest["chosen_by"])
        return chosen_by if chosen_by in self.known_figures else NET_PNL

    @property
    def main(self) -> str:
        """The figure settings were chosen by, of the days they were chosen on."""
        return f"train_{self.objective}" if self.parted else self.objective

    @property
    def figures(self) -> tuple[SweepFigure, ...]:
        """The figures that some setting has, without those that say the same of all."""
        every = self.known_figures.values()
        return tuple(figure for figure in every if any((view, figure.name) in self.columns for view in self.views))

    def figure(self, name: str) -> SweepFigure:
        """Return a figure by its name."""
        return self.known_figures[name]

    def values(self, view: str, figure: str) -> Float64s:
        """Return a figure of all settings, NaN where it cannot be computed."""
        column = self.columns.get((view, figure))
        return np.full(len(self.settings), np.nan) if column is None else column

    def value(self, view: str, figure: str, at: int | None) -> float | None:
        """Return a figure of one setting; None where it cannot be computed."""
        number = float("nan") if at is None else float(self.values(view, figure)[at])
        return None if np.isnan(number) else number

    @property
    def assumptions(self) -> tuple[Axis, ...]:
        """The axes that say how orders fill and what they cost, which a desk does not choose."""
        return tuple(axis for axis in self.axes if axis.name == PRESET or axis.name.startswith(SWITCH))

    def peers(self, view: str) -> Any:
        """Return which settings fill orders, and pay, as the one chosen for a view; all where none was chosen."""
        chosen = self.chosen(view)
        same = np.ones(len(self.settings), bool)
        for axis in self.assumptions if chosen is not None else ():
            same &= axis.codes == axis.codes[chosen]
        return same

    def known(self, view: str, figure: str) -> Float64s:
        """Return a figure of the settings that have it and are peers of the one chosen."""
        values = self.values(view, figure)
        known: Float64s = values[~np.isnan(values) & self.peers(view)]
        return known

    def chosen(self, view: str) -> int | None:
        """Return the place of the setting chosen for a view; None when none could be."""
        row = self.best.get(view)
        return None if row is None else int(np.searchsorted(self.settings, int(row["setting"])))


def read_sweep(directory: AnyPath) -> RecordedSweep:
    """Read a sweep's folder.

    Raises UnknownRun for what is none, UnfinishedRun, NewerRun, and DamagedRun for a file that is not whole.
    """
    try:
        content = (directory / SWEEP_FILE).read_bytes()
    except FileNotFoundError as error:
        raise UnknownRun(f"{directory} has no {SWEEP_FILE}: it is no folder of a sweep.") from error
    with _reading(directory):
        manifest = json.loads(content)
        version = manifest.get("format_version", 1)
        if version > FORMAT_VERSION:
            raise NewerRun(
                f"{directory / SWEEP_FILE} has format version {version} and this version of the project knows "
                f"{FORMAT_VERSION}; update the project."
            )
        check_complete(directory, {"status": COMPLETE} | manifest, "sweep")
        tickers = sorted(manifest["data"])
        path = directory / TABLE_FILE
        footer = read_footer(path)
        names = {axis: _column_of(axis, footer.columns) for axis in manifest["axes"]}
        known_figures = score_figures(manifest.get("score")) | BY_NAME | own_figures(footer.columns)
        figures = {name: column for name in known_figures if (column := COLUMNS.get(name, name)) in footer.columns}
        best = {row["security"]: row for row in csv_rows(directory / SUMMARY_FILE)}
        several = TOGETHER_FILE in manifest["files"]
        shown = _shown(path, tickers, best)
        views = (*((ALL,) if several else ()), *shown)
        columns = _columns([(view, figure) for view in views for figure in figures], footer.rows // len(tickers))
        table = TableNotes(tickers, list(names.values()))
        days = DayCounts(footer.columns)
        for start, group in groups(
            path, ["setting", "strategy", "security", *names.values(), *figures.values(), *days.names, "error"]
        ):
            table.add(path, group)
            rows = slice(start // len(tickers), (start + len(group)) // len(tickers))
            for figure, column in figures.items():
                values = float_values(group[column]).reshape(-1, len(tickers))
                for ticker in shown:
                    columns[ticker, figure][rows] = values[:, tickers.index(ticker)]
            for ticker in shown:
                days.add(ticker, group.slice(tickers.index(ticker)), len(tickers))
        settings = np.concatenate(table.settings)
        if several:
            _add_together(columns, days, directory / TOGETHER_FILE, settings, figures)
        axes = _axes(table, names)
        few_days = days.few()
        return RecordedSweep(
            manifest=manifest,
            settings=settings,
            axes=tuple(axis for axis in axes if len(axis.values) > 1),
            fixed={axis.name: axis.values[0] for axis in axes if len(axis.values) == 1},
            securities=len(tickers),
            views=views,
            columns=_with_values(columns, known_figures.values(), few_days),
            best=best,
            folds=_folds(directory, manifest["files"]),
            failures=table.failures(),
            results=footer.rows,
            equity=read_equity(directory, views) if EQUITY_FILE in manifest["files"] else {},
            known_figures=known_figures,
            few_days=few_days,
        )


def _columns(names: list[tuple[str, str]], count: int) -> Columns:
    """Return columns of `count` numbers by view and figure, NaN so far."""
    shape = len(names), count
    if len(names) * count * 8 <= MOST_IN_MEMORY:
        return dict(zip(names, np.full(shape, np.nan), strict=True))
    with TemporaryFile() as file:
        values = np.memmap(file, np.float64, "w+", shape=shape)
    values.fill(np.nan)
    return dict(zip(names, np.asarray(values), strict=True))


def _shown(path: AnyPath, tickers: list[str], best: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Return the securities a page has room for: those whose chosen settings, or else the first, turned over most."""
    if len(tickers) <= MOST_VIEWS:
        return tickers
    turnover = dict.fromkeys(tickers, 0.0)
    for _, group in groups(path, ["setting", "turnover"]):
        settings = float_values(group["setting"])[:: len(tickers)]
        values = np.nan_to_num(float_values(group["turnover"]).reshape(-1, len(tickers)))
        for at, ticker in enumerate(tickers):
            number = int(best[ticker]["setting"]) if ticker in best else 1
            chosen = np.flatnonzero(settings == number)
            turnover[ticker] += float(values[chosen, at].sum())
    by_turnover = sorted((-value, ticker) for ticker, value in turnover.items())
    return sorted(ticker for _, ticker in by_turnover[:MOST_VIEWS])


@contextlib.contextmanager
def _reading(directory: AnyPath) -> Iterator[None]:
    """Turn what a folder that something else wrote into can be made to raise into DamagedRun."""
    try:
        yield
    except FileNotFoundError as error:
        raise DamagedRun(f"{error.filename or directory} is not there. {AGAIN}") from error
    except (ValueError, KeyError, TypeError, IndexError, csv.Error) as error:
        raise DamagedRun(f"{directory} is no whole folder of a sweep. {AGAIN}") from error


def _column_of(axis: str, there: tuple[str, ...]) -> str:
    column = column_of(axis)
    return axis if column == PRESET_COLUMN and column not in there else column


def _axes(table: TableNotes, names: Mapping[str, str]) -> list[Axis]:
    """Return all axes of a sweep; the strategy is the first of them."""
    of, labels = table.column("strategy")
    axes = [axis_of_values("strategy", labels, of, np.ones(len(of), bool))]
    for axis, name in names.items():
        codes, values = table.column(name)
        applies = np.ones(len(of), bool)
        if len(labels) > 1:
            applies = np.isin(of, np.unique(of[codes >= 0]))
        axes.append(axis_of_values(axis, values, codes, applies))
    return axes


def _add_together(
    columns: Columns, days: DayCounts, path: AnyPath, settings: Int64s, figures: Mapping[str, str]
) -> None:
    """Add the figures of all securities together; their drawdown is looked at when days end."""
    names = {name: "daily_drawdown" if name == "drawdown" else name for name in figures}
    numbers = []
    for start, group in groups(path, read_footer(path).columns):
        numbers.append(float_values(group["setting"]))
        for name, column in names.items():
            if column in group.column_names:
                columns[ALL, name][start : start + len(group)] = float_values(group[column])
        days.add(ALL, group, 1)
    if not np.array_equal(np.concatenate(numbers), settings):
        raise DamagedRun(f"{path} does not have the settings of {TABLE_FILE}. {AGAIN}")


def _with_values(columns: Columns, figures: Iterable[SweepFigure], few_days: frozenset[tuple[str, str]]) -> Columns:
    """Leave out what no setting has, fees where none were charged, and what would make a year of a few days."""
    hidden = {
        (view, figure.name) for figure in figures if figure.annualised for view, part in few_days if part == figure.part
    }
    charged = any(name == "fees" and np.nansum(values) for (_, name), values in columns.items())
    return {
        (view, name): values
        for (view, name), values in columns.items()
        if (view, name) not in hidden
        and (charged or name not in ("fees", "realized_pnl"))
        and not np.isnan(values).all()
    }


def _folds(directory: AnyPath, files: list[str]) -> dict[str, list[dict[str, str]]]:
    folds: dict[str, list[dict[str, str]]] = {}
    for row in csv_rows(directory / WALK_FILE) if WALK_FILE in files else ():
        folds.setdefault(row["security"], []).append(row)
    return folds


def part_pnl(row: Mapping[str, str]) -> float | None:
    """Return what one fold of a walk forward earned after choosing, money; None where it has no market day."""
    return float(row["test_net_pnl"]) if row["test_net_pnl"] else None
