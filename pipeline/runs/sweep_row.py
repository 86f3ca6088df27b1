"""One sweep's row in the registry of an output folder: what was tried, what was chosen, and how much of it is luck."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any

from pipeline.errors import PipelineError
from pipeline.numbers import BEFORE_CURRENCIES
from pipeline.runs.layout import REPORT_FILE, SWEEP_FILE
from pipeline.runs.manifest import COMPLETE
from pipeline.runs.read_file import reading
from pipeline.runs.registry_row import DAMAGED, Row
from pipeline.runs.run_money import money_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


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
        row = {one.name: {"currency": BEFORE_CURRENCIES, **content}[one.name] for one in fields(cls)}
        first, second = row["stamp"]
        row |= {"stamp": (int(first), int(second)), "strategies": tuple(row["strategies"]), "luck": tuple(row["luck"])}
        row["values"] = dict(row["values"])
        dt.datetime.fromisoformat(row["finished"])
        return cls(**row)


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
