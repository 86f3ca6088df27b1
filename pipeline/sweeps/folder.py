"""Writes a sweep's folder: its tables while settings come, then what was chosen and what lists its files."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pipeline.runs.layout import REPORT_FILE, SWEEP_FILE, TRADES_FOLDER
from pipeline.runs.manifest import COMPLETE, RUNNING, json_bytes, written_folder
from pipeline.store.atomic import write_bytes
from pipeline.sweeps.fills import chosen_pairs, fills_of
from pipeline.sweeps.luck_words import said_of
from pipeline.sweeps.tables import SweepTables
from pipeline.sweeps.tried import REPLACED, replaced_json, settings_digest
from pipeline.sweeps.writer import (
    EQUITY_FILE,
    FORMAT_VERSION,
    SUMMARY_FILE,
    TABLE_FILE,
    TOGETHER_FILE,
    WALK_FILE,
    TableWriter,
    equity_csv,
    summary_csv,
    sweep_json,
    walk_csv,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager, ExitStack

    from pipeline.store.path import AnyPath
    from pipeline.sweeps.choice import Windows
    from pipeline.sweeps.objectives import Objective
    from pipeline.sweeps.results import SweepResults
    from pipeline.sweeps.run import SweepOptions, SweepRun


def table_writers(
    results: SweepResults, objective: Objective, split: Windows | None, folder: AnyPath | None, stack: ExitStack
) -> dict[str, TableWriter]:
    """Return what writes the tables of the folder, where there is one, by their names; left open they are discarded."""
    if folder is None:
        return {}
    rows = SweepTables(results, objective, split)
    of_tables = {TABLE_FILE: rows.each} | ({TOGETHER_FILE: rows.together} if len(results.plan.tickers) > 1 else {})
    tables = {name: TableWriter(folder / name, of_table) for name, of_table in of_tables.items()}
    for table in tables.values():
        stack.callback(table.discard)
    return tables


def begun(folder: AnyPath) -> AbstractContextManager[Callable[[], None]]:
    """Return the time in which a sweep has a folder to itself, given what removes the files of an earlier one."""

    def content(earlier: list[str]) -> bytes:
        replaced = replaced_json(folder / SWEEP_FILE)
        return json_bytes(
            {"format_version": FORMAT_VERSION, "status": RUNNING, "files": sorted(earlier), REPLACED: replaced}
        )

    return written_folder(folder, SWEEP_FILE, "pipeline sweep", (TRADES_FOLDER,), content)


def write_folder(
    folder: AnyPath, run: SweepRun, options: SweepOptions, tables: Mapping[str, TableWriter], medians: Mapping[str, int]
) -> None:
    """Write the folder; what lists its files is there before any other, and says after them that it is complete."""
    results = run.results
    staged = [file.close() for file in tables.values()]
    contents = {SUMMARY_FILE: summary_csv(results, run.best, run.objective.name)}
    if run.best:
        contents[EQUITY_FILE] = equity_csv(results, run.best, medians)
    if run.folds:
        contents[WALK_FILE] = walk_csv(results, run.folds)
    pairs = chosen_pairs(results, run.best, options.keep_trades)
    trades = [f"{TRADES_FOLDER}/{number}_{ticker}.parquet" for number, ticker in pairs]
    files = [*contents, *tables, *trades, *([REPORT_FILE] if options.report or options.png else [])]
    ticks = {each.ticker: each.digest for each in next(iter(results.plan.bases.values())).securities}
    digest = settings_digest(results)
    luck, days = asdict(run.luck) if run.luck else None, len(results.market_days())
    choices = {
        "chosen_by": run.objective.name,
        "score": None if run.objective.has_column else run.objective.as_json(),
        "train": None if run.split is None else str(run.split[0]),
        "test": None if run.split is None else str(run.split[1]),
        **{name: getattr(options.parting, name) for name in ("folds", "train_days", "purge", "embargo")},
        "searched": options.trials,
        "seed": options.seed if options.trials is not None else None,
        "files": sorted(files),
        "warnings": list(run.warnings),
        "chosen": _chosen(run),
        "luck_in_words": said_of(luck, len(results.trials), days),
        "settings_digest": digest,
        REPLACED: replaced_json(folder / SWEEP_FILE, (ticks, digest)),
        "market_days": days,
        "luck": luck,
        "luck_by_security": {ticker: luck and asdict(luck) for ticker, luck in run.luck_by_security.items()},
    }
    write_bytes(folder / SWEEP_FILE, sweep_json(results, choices, RUNNING), durable=False)
    for file in staged:
        file.commit()
    for name, content in contents.items():
        write_bytes(folder / name, content, durable=False)
    for (number, ticker), content in fills_of(results, pairs):
        write_bytes(folder / TRADES_FOLDER / f"{number}_{ticker}.parquet", content, durable=False)
    write_bytes(folder / SWEEP_FILE, sweep_json(results, choices, COMPLETE), durable=False)


def _chosen(run: SweepRun) -> dict[str, Any] | None:
    """Return the setting chosen for all securities together, or the only one, as lists of sweeps show it."""
    best = next((each for each in run.best if each.security == run.results.views[-1]), None)
    if best is None:
        return None
    return {
        "security": best.security,
        "setting": best.trial.number,
        "values": dict(best.trial.combination),
        "net_pnl": best.figures["net_pnl"],
        "test_net_pnl": best.test and best.test.net_pnl,
    }
