"""Finds a run folder and reads what it recorded: settings, figures and errors, and fills when they are asked for."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

from pipeline.engine.outcome import SIDES
from pipeline.errors import (
    DamagedRun,
    UnknownRun,
    nearest,
)
from pipeline.metrics.assumptions import Verdict
from pipeline.runs.layout import METRICS_FILE, RUN_FILE, SUMMARY_FILE, SWEEP_FILE, TRADES_FOLDER
from pipeline.runs.read_file import AGAIN, csv_rows, no_run, read_metrics, read_run_file, reading
from pipeline.runs.run_money import IN_AED, RunMoney, money_of, rates_in_words
from pipeline.store.columns import number_values, whole
from pipeline.store.parquet import read_table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipeline.store.path import AnyPath
    from pipeline.ticks import Float64s, Int8s, Int64s

Value: TypeAlias = "str | int | float | bool | Mapping[str, float] | None"

FILL_COLUMNS: Final = {
    "timestamp": "timestamp[ms]",
    "side": "string",
    "fill_price": "double",
    "fill_qty": "int64",
    "realized_pnl": "double",
    "position": "int64",
    "pnl": "double",
}
OF_SOME: Final = {"fee": "double", "trade_type": "string", "vwap_reference": "double"}
"""Columns that only some runs have: where fees are charged, and an auction strategy's."""

BY_NAME: Final = {name: side for side, name in SIDES.items()}
AMOUNTS: Final = ("gross_pnl", "net_pnl", "max_drawdown")
NAMES_SHOWN: Final = 8


@dataclass(frozen=True, slots=True)
class RecordedFills:
    """One security's fills in execution order, one array a column.

    timestamp: ms, exchange-local. side: +1 buy, -1 sell. price: of a share. quantity: shares. others: the Arrow columns
    of what else the run wrote of them, by name.
    """

    timestamp: Int64s
    side: Int8s
    price: Float64s
    quantity: Int64s
    others: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.timestamp)


@dataclass(frozen=True, slots=True)
class Figures:
    """What came of one security or several: fills; P&L before and after fees and the largest fall of equity, money.

    max_drawdown: None for securities put together whose common equity was not recorded. All amounts are None for those
    whose currencies do not add up.
    """

    fills: int
    gross_pnl: float | None
    net_pnl: float | None
    max_drawdown: float | None
    currency: str = ""

    def minus(self, other: Figures) -> Figures:
        """Return these figures less others; no amounts where these are in another currency."""
        pairs = ((getattr(self, name), getattr(other, name)) for name in AMOUNTS)
        apart = self.currency != other.currency
        amounts = (None if apart or a is None or b is None else a - b for a, b in pairs)
        gross, net, drawdown = amounts
        return Figures(self.fills - other.fills, gross, net, drawdown, "" if apart else self.currency)


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """One run: its settings by name, and by ticker parameters, digests, figures or the error instead.

    digests: of the files of ticks; none of a run of version 1.
    total: the whole run's figures, its drawdown that of the portfolio. read_fills: reads one security's fills; raises
    DamagedRun or NewerRun. warnings: those of the run and of its ticks. check: what its assumption check came to; None
    without one, or of a version that did not record it.
    tick_sizes: what its config said instead of a market's. signals: the digests of the signals read, by their names.
    money: what amounts are in. strategy_file: of a user's own, as it was named; None where that was not recorded.
    """

    folder: Path
    strategy: str
    config: str
    execution_name: str
    execution: Mapping[str, Value]
    versions: Mapping[str, str]
    parameters: Mapping[str, Mapping[str, Value]]
    digests: Mapping[str, str]
    figures: Mapping[str, Figures]
    errors: Mapping[str, str]
    total: Figures
    read_fills: Callable[[str], RecordedFills]
    warnings: tuple[str, ...] = ()
    check: Verdict | None = None
    tick_sizes: Mapping[str, float] = field(default_factory=dict)
    signals: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    money: RunMoney = IN_AED
    strategy_file: str | None = None

    def warnings_about(self, ticker: str) -> list[str]:
        """Return the warnings that name a security, and those that name none of the run's."""
        names = {name: naming(name) for name in self.parameters}
        return [
            text
            for text in self.warnings
            if names[ticker].search(text) or not any(name.search(text) for name in names.values())
        ]


def naming(ticker: str) -> re.Pattern[str]:
    """Return what finds a security's name in a text."""
    return re.compile(rf"(?<![\w.&-]){re.escape(ticker)}(?![\w&-])")


NOTHING: Final = Figures(fills=0, gross_pnl=0.0, net_pnl=0.0, max_drawdown=None)
"""What all securities of a run together come to when every one of them failed."""


def find_run(wanted: str | Path, output_dir: Path) -> Path:
    """Return the run folder at a path, or else that of this name below `output_dir`; raises UnknownRun."""
    candidates = Path(wanted), output_dir / wanted
    for folder in candidates:
        if (folder / RUN_FILE).is_file():
            return folder
    for folder in candidates:
        if folder.is_dir():
            raise UnknownRun(f"{no_run(folder)}.{'' if (folder / SWEEP_FILE).exists() else _listed(folder)}")
        if folder.is_file():
            raise UnknownRun(f"{folder} is a file; name the run folder that it stands in.")
    names = _runs_below(output_dir)
    close = nearest(str(wanted), [*names, *((output_dir / name).as_posix() for name in names)])
    hint = close or _listed(output_dir)
    raise UnknownRun(f"There is no run '{wanted}', neither as a folder nor in {output_dir}.{hint}")


def read_run(folder: Path) -> RecordedRun:
    """Return what a run folder says of its run, all but the fills.

    Raises UnknownRun, UnfinishedRun, NewerRun or DamagedRun.
    """
    manifest = read_run_file(folder)
    with reading(folder / RUN_FILE):
        settings = settings_of(manifest)
        file = (manifest.get("how") or {}).get("strategy_file")
    metrics = read_metrics(folder)
    with reading(folder / METRICS_FILE):
        money = settings["money"]
        figures = {ticker: _figures(values, money.of(ticker)) for ticker, values in metrics["securities"].items()}
        total = _figures(metrics["portfolio"], money.together) if figures else NOTHING
    path = folder / SUMMARY_FILE
    with reading(path):
        errors = {row["security"]: row["error"] for row in csv_rows(path) if row["error"]}
    done = sorted((*figures, *errors))
    if done != sorted(settings["parameters"]):
        raise DamagedRun(f"{RUN_FILE}, {METRICS_FILE} and {SUMMARY_FILE} in {folder} are not of one run. {AGAIN}")
    return RecordedRun(
        folder=folder,
        **settings,
        strategy_file=None if file is None else str(file),
        figures=figures,
        errors=errors,
        total=total,
        read_fills=lambda ticker: read_fills(folder, figures[ticker].fills, ticker),
    )


def read_fills(folder: AnyPath, expected: int, ticker: str) -> RecordedFills:
    """Return one security's fills, exact, in execution order; raises DamagedRun or NewerRun."""
    path = folder / TRADES_FOLDER / f"{ticker}.parquet"
    with reading(path):
        table = read_table(path)
    types = {column.name: str(column.type) for column in table.schema}
    expected_types = FILL_COLUMNS | {name: kind for name, kind in OF_SOME.items() if name in types}
    if {name: types.get(name) for name in expected_types} != expected_types:
        raise DamagedRun(f"{path} does not have the columns of fills ({', '.join(expected_types)}). {AGAIN}")
    if any(table[name].null_count for name in expected_types):
        raise DamagedRun(f"{path} has empty cells. {AGAIN}")
    if len(table) != expected:
        raise DamagedRun(f"{path} holds {len(table):,} fills and {METRICS_FILE} says {expected:,}. {AGAIN}")
    time, side, price, quantity, *others = (whole(table[name]) for name in expected_types)
    return RecordedFills(
        timestamp=number_values(time, np.int64),
        side=_sides(path, side),
        price=number_values(price, np.float64),
        quantity=number_values(quantity, np.int64),
        others=dict(zip([*expected_types][4:], others, strict=True)),
    )


def settings_of(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a RecordedRun that `run.json` holds."""
    parameters = {ticker: dict(values) for ticker, values in manifest["parameters"].items()}
    for ticker in parameters:
        if Path(ticker).name != ticker:
            raise ValueError(f"'{ticker}' is no ticker")
    return {
        "strategy": str(manifest["strategy"]),
        "config": str(manifest["config"]),
        "execution_name": str(manifest["execution"]["name"]),
        "execution": dict(manifest["execution"]["settings"]),
        "versions": dict(manifest["versions"]) | rates_in_words(manifest),
        "parameters": parameters,
        "warnings": tuple(str(text) for text in manifest.get("warnings", ())),
        "digests": _digests(manifest),
        "tick_sizes": dict(manifest.get("tick_sizes", {})),
        "signals": dict(manifest.get("signals", {})),
        "money": money_of(manifest),
        "check": Verdict(**manifest["assumption_check"]) if manifest.get("assumption_check") else None,
    }


def _digests(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Return the digests of the files of ticks; a run of version 1 has others, which say nothing of files."""
    if manifest["format_version"] == 1:
        return {}
    return {ticker: str(manifest["data"][ticker]["digest"]) for ticker in manifest["parameters"]}


def _figures(metrics: Mapping[str, Any], currency: str) -> Figures:
    return Figures(
        fills=int(metrics["fills"]),
        gross_pnl=_amount(metrics["realized_pnl"]),
        net_pnl=_amount(metrics["net_pnl"]),
        max_drawdown=_amount(metrics["max_drawdown"]),
        currency=currency,
    )


def _amount(value: Any) -> float | None:
    return None if value is None else float(value)


def _sides(path: AnyPath, column: Any) -> Int8s:
    """Return +1 and -1 for the texts of a column of sides."""
    coded = column.dictionary_encode()
    texts = coded.dictionary.to_pylist()
    if not BY_NAME.keys() >= set(texts):
        raise DamagedRun(f"{path} has a side that is none of {', '.join(BY_NAME)}. {AGAIN}")
    codes = np.array([BY_NAME[text] for text in texts], np.int8)
    sides: Int8s = codes[number_values(coded.indices, np.int32)]
    return sides


def _runs_below(directory: Path) -> list[str]:
    """Return the names of all runs below a directory, with the folders between."""
    names = (path.parent.relative_to(directory).as_posix() for path in directory.rglob(RUN_FILE))
    return sorted(name for name in names if name != ".")


def _listed(directory: Path) -> str:
    names = _runs_below(directory)
    if not names:
        return f" There are no runs in {directory}."
    more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
    return f" Runs in {directory}: {', '.join(names[:NAMES_SHOWN])}{more}."
