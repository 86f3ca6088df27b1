"""The rows of a registry: what a run was and came to, with its settings; what a sweep tried and chose, and luck."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from dataclasses import asdict, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Final

from pipeline.errors import PipelineError
from pipeline.metrics.assumptions import CHECKED
from pipeline.metrics.registry import BY_NAME
from pipeline.numbers import BEFORE_CURRENCIES
from pipeline.runs.layout import DAILY_FILE, METRICS_FILE, REPORT_FILE, RUN_FILE, SWEEP_FILE
from pipeline.runs.manifest import COMPLETE
from pipeline.runs.read_file import read_metrics, reading
from pipeline.runs.reader import settings_of
from pipeline.runs.run_money import money_of
from pipeline.spark import thinned

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from pipeline.runs.reader import Value

DAMAGED: Final = "damaged"
NEW: Final = ("tick_sizes", "signals")
"""The fields that rows of earlier versions have not."""
FIGURES: Final = ("fills", "net_pnl", "sharpe", "max_drawdown")
KINDS: Final[Mapping[str, Any]] = {"str": str, "int": int, "int | None": int | None, "float | None": int | float | None}
_TOTAL: Final = b"\ntotal,"


@dataclass(frozen=True, slots=True)
class Row:
    """A run or a sweep below an output folder, of which the manifest had this stamp (ns, bytes) when it was read.

    name: the folder's, with those between. finished: ISO text with its distance from UTC. status: as in the manifest,
    or `damaged`; only what is complete has the rest.
    """

    name: str
    stamp: tuple[int, int]
    finished: str
    status: str

    def __post_init__(self) -> None:
        """Raise TypeError for a field of text or of numbers that has something else."""
        for one in fields(self):
            if not isinstance(getattr(self, one.name), KINDS.get(str(one.type), object)):
                raise TypeError(one.name)

    @property
    def is_complete(self) -> bool:
        """Whether it came to its end."""
        return self.status == COMPLETE

    @property
    def when(self) -> str:
        """When it finished, to the minute, as the machine that ran it has it."""
        return self.finished[:16].replace("T", " ")

    @classmethod
    def known(cls, content: Mapping[str, Any], *tuples: str) -> dict[str, Any]:
        """Return the fields of what `as_json` wrote; raises ValueError, KeyError, TypeError or AttributeError else.

        tuples: those that are sequences.
        """
        known = {"currency": BEFORE_CURRENCIES, **content}
        row = {one.name: known[one.name] for one in fields(cls) if one.name in known or one.name not in NEW}
        first, second = row["stamp"]
        dt.datetime.fromisoformat(row["finished"])
        return row | {"stamp": (int(first), int(second))} | {name: tuple(row[name]) for name in tuples}


@dataclass(frozen=True, slots=True)
class RunRow(Row):
    """One run below an output folder.

    net_pnl, max_drawdown and the assumption check's figures: money; None
    where the run has none. sharpe: None of a few days; sharpe_low, sharpe_high: its 95 % interval. equity: net realised
    P&L at the end of market days, at most 60 of them. currency: what its amounts are in. page: whether it has a page.
    replaced: whether a later run was written into its folder, so that only this row is left of it. before: the key of
    the run of the same strategy before it, and differs: in what it differs from that.
    """

    note: str = ""
    strategy: str = ""
    config: str = ""
    execution_name: str = ""
    execution: Mapping[str, Value] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)
    tick_sizes: Mapping[str, float] = field(default_factory=dict)
    signals: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    failed: int = 0
    warnings: int = 0
    currency: str = ""
    fills: int | None = None
    net_pnl: float | None = None
    sharpe: float | None = None
    sharpe_low: float | None = None
    sharpe_high: float | None = None
    max_drawdown: float | None = None
    classic: float | None = None
    strict: float | None = None
    band_low: float | None = None
    band_high: float | None = None
    equity: Sequence[float] = ()
    page: bool = False
    replaced: bool = False
    before: str = ""
    differs: Sequence[str] = ()

    @property
    def key(self) -> str:
        """What tells the run from all others."""
        return f"{self.finished} {self.name}"

    @property
    def label(self) -> str:
        """The run's name, marked where a later run is in its folder."""
        return f"{self.name} (replaced)" if self.replaced else self.name

    @property
    def instant(self) -> tuple[dt.datetime, str]:
        """What runs are ordered by."""
        return dt.datetime.fromisoformat(self.finished), self.name

    def as_json(self) -> dict[str, Any]:
        """Return the row as plain values, securities with the same parameters put together."""
        blocks: dict[str, tuple[list[str], Mapping[str, Value]]] = {}
        for ticker, values in self.parameters.items():
            blocks.setdefault(json.dumps(values, sort_keys=True), ([], values))[0].append(ticker)
        return {one.name: getattr(self, one.name) for one in fields(self)} | {"parameters": list(blocks.values())}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> RunRow:
        """Return the row that `as_json` wrote; raises ValueError, KeyError, TypeError or AttributeError for another."""
        row = cls.known(content, "equity", "differs")
        row["parameters"] = {ticker: values for tickers, values in row["parameters"] for ticker in tickers}
        return cls(**row)


@dataclass(frozen=True, slots=True)
class SweepRow(Row):
    """One sweep below an output folder, finished when its `sweep.json` was last written.

    settings: how many were tried; securities: on how many. chosen_by: what the best was chosen by. setting, values: the
    number of the one chosen for all securities together, or the only one, and its values by axis; None where none could
    be. net_pnl: what it made on all days, money; test_net_pnl: what it made after those it was chosen on, None where
    days were not parted. currency: what its amounts are in. luck: sentences that say how much of it is luck. page:
    whether it has a page.
    """

    strategies: Sequence[str] = ()
    settings: int = 0
    securities: int = 0
    chosen_by: str = ""
    currency: str = ""
    setting: int | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    net_pnl: float | None = None
    test_net_pnl: float | None = None
    luck: Sequence[str] = ()
    warnings: int = 0
    page: bool = False

    @property
    def chosen(self) -> str:
        """The values of the setting chosen, as words."""
        return ", ".join(
            f"{axis} {value if isinstance(value, str) else json.dumps(value)}" for axis, value in self.values.items()
        )

    def as_json(self) -> dict[str, Any]:
        """Return the row as plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> SweepRow:
        """Return the row that `as_json` wrote; raises ValueError, KeyError, TypeError or AttributeError for another."""
        row = cls.known(content, "strategies", "luck")
        return cls(**row | {"values": dict(row["values"])})


class RunRows(list[RunRow]):
    """The rows of all runs, the latest first, which a notebook shows as a table.

    sweeps: a row for each sweep below the same folder, the latest first.
    """

    def __init__(self, rows: Iterable[RunRow] = (), sweeps: Sequence[SweepRow] = ()) -> None:
        super().__init__(rows)
        self.sweeps = tuple(sweeps)

    def _repr_html_(self) -> str:
        from pipeline.runs.in_notebook import runs_html

        return runs_html(self)


def read_row(folder: Path, name: str, stamp: tuple[int, int]) -> RunRow:
    """Return the row of a run folder; one whose files cannot be read is `damaged`."""
    modified = dt.datetime.fromtimestamp(stamp[0] / 1e9).astimezone().isoformat(timespec="milliseconds")
    try:
        with reading(folder / RUN_FILE):
            manifest = json.loads((folder / RUN_FILE).read_bytes())
            how = manifest.get("how") or {}
            finished = dt.datetime.fromisoformat(how.get("finished") or modified)
            status = str(manifest["status"])
            settings = settings_of(manifest)
            warnings = len(settings.pop("warnings"))
            check, money = settings.pop("check"), settings.pop("money")
            row = RunRow(
                name,
                stamp,
                finished.isoformat(timespec="milliseconds"),
                status,
                note=str(manifest.get("note") or ""),
                warnings=warnings,
                currency=money.together,
                **settings,
            )
        if status != COMPLETE:
            return row
        metrics = read_metrics(folder)
        with reading(folder / METRICS_FILE):
            portfolio = metrics["portfolio"] if metrics["securities"] else {}
            figures = {key: BY_NAME[key].value_in(portfolio) if portfolio else None for key in FIGURES}
            low, high = (portfolio.get("intervals") or {}).get("sharpe") or (None, None)
            figures |= {"sharpe_low": low, "sharpe_high": high}
            failed = len(row.parameters) - len(metrics["securities"])
        with reading(folder / DAILY_FILE):
            equity = thinned(total_equity((folder / DAILY_FILE).read_bytes()))
        checked = {key: getattr(check, key) for key in CHECKED} if check else {}
        has_page = (folder / REPORT_FILE).is_file()
        with reading(folder / RUN_FILE):
            row = replace(row, **figures | checked, failed=failed, equity=tuple(equity), page=has_page)
            json.dumps(row.as_json(), allow_nan=False)
            return row
    except PipelineError:
        return RunRow(name, stamp, modified, DAMAGED)


def total_equity(content: bytes) -> list[float]:
    """Return the equity of the rows of all securities together, which are the last of daily.csv."""
    heads = next(csv.reader([content.partition(b"\n")[0].decode()]))
    at = content.find(_TOTAL)
    rows = csv.reader(io.StringIO(content[at + 1 :].decode(), newline="")) if at >= 0 else ()
    column = heads.index("equity")
    return [float(row[column]) for row in rows if row[column]]


def read_sweep_row(folder: Path, name: str, stamp: tuple[int, int]) -> SweepRow:
    """Return the row of a sweep's folder; one whose `sweep.json` cannot be read is `damaged`."""
    finished = dt.datetime.fromtimestamp(stamp[0] / 1e9).astimezone().isoformat(timespec="milliseconds")
    try:
        with reading(folder / SWEEP_FILE):
            manifest = json.loads((folder / SWEEP_FILE).read_bytes())
            status = str(manifest["status"])
            if status != COMPLETE:
                return SweepRow(name, stamp, finished, status)
            chosen = manifest.get("chosen") or {}
            row = SweepRow(
                name,
                stamp,
                finished,
                status,
                strategies=tuple(map(str, manifest["strategies"])),
                settings=int(manifest["settings"]),
                securities=len(manifest["data"]),
                chosen_by=str(manifest["chosen_by"]),
                currency=str(money_of(manifest).together),
                setting=chosen.get("setting"),
                values=dict(chosen.get("values") or {}),
                net_pnl=chosen.get("net_pnl"),
                test_net_pnl=chosen.get("test_net_pnl"),
                luck=tuple(map(str, manifest.get("luck_in_words") or ())),
                warnings=len(manifest.get("warnings") or ()),
                page=(folder / REPORT_FILE).is_file(),
            )
            json.dumps(row.as_json(), allow_nan=False)
            return row
    except PipelineError:
        return SweepRow(name, stamp, finished, DAMAGED)
