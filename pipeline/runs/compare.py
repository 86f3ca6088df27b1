"""Compares two recorded runs: settings that differ, figures side by side, and the first fill that differs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from dataclasses import fields as dataclass_fields
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.engine.outcome import SIDES
from pipeline.errors import PipelineError
from pipeline.runs.differences import ABSENT, Difference, differences
from pipeline.runs.reader import Figures
from pipeline.times import MILLISECOND, iso

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipeline.runs.reader import RecordedFills, RecordedRun

MOST_RUNS: Final = 6
"""How many runs are compared at once."""


@dataclass(frozen=True, slots=True)
class Fill:
    """One fill: time as ISO text to the millisecond, exchange-local; side buy or sell; price in money; shares."""

    time: str
    side: str
    price: float
    quantity: int


@dataclass(frozen=True, slots=True)
class Parting:
    """The first fill, counted from 0, that is not the same to the last bit; None for a run that ended before it."""

    index: int
    a: Fill | None
    b: Fill | None


@dataclass(frozen=True, slots=True)
class SecurityComparison:
    """One security: its figures in each run, None where it failed (error says how) or was not in the run at all.

    parting: None for the same fills. unreadable: why the fills of two replays that went well were not compared.
    """

    ticker: str
    a: Figures | None
    b: Figures | None
    error_a: str | None = None
    error_b: str | None = None
    parting: Parting | None = None
    unreadable: str | None = None

    @property
    def difference(self) -> Figures | None:
        """Figures of B less those of A, where both have them."""
        return self.b.minus(self.a) if self.a and self.b else None

    @property
    def same(self) -> bool:
        """Whether both runs say the same of this security: figures, error, fills."""
        apart = self.parting is not None or self.unreadable is not None
        return self.a == self.b and self.error_a == self.error_b and not apart


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs side by side, securities sorted by ticker."""

    a: RecordedRun
    b: RecordedRun
    differences: tuple[Difference, ...]
    securities: tuple[SecurityComparison, ...]

    @property
    def same(self) -> bool:
        """Whether the runs differ in nothing but where they are and how they were run."""
        return (
            not self.differences and self.a.total == self.b.total and all(security.same for security in self.securities)
        )

    @property
    def same_fills(self) -> bool:
        """Whether every security was replayed in both runs and filled the same."""
        return all(
            security.a and security.b and not security.parting and security.unreadable is None
            for security in self.securities
        )

    @property
    def unreadable(self) -> dict[str, str]:
        """Why fills could not be compared, by ticker."""
        return {security.ticker: security.unreadable for security in self.securities if security.unreadable is not None}

    @property
    def like_for_like(self) -> tuple[Figures, Figures] | None:
        """Each run's sums over the securities that both have figures of; None where those are all of both."""
        pairs = [(security.a, security.b) for security in self.securities if security.a and security.b]
        if len(pairs) == len(self.securities) or not pairs:
            return None
        return _sum(a for a, _ in pairs), _sum(b for _, b in pairs)

    def _repr_html_(self) -> str:
        """Show the comparison in a notebook: both runs by security, what differs, both lines of equity."""
        from pipeline.runs.in_notebook import comparison_html

        return comparison_html(self)

    def as_json(self) -> dict[str, Any]:
        """Return the comparison as plain values for JSON; what a run does not have has no key."""
        fields: dict[str, Any] = {
            "a": _run_json(self.a),
            "b": _run_json(self.b),
            "same": self.same,
            "differences": [_difference_json(difference) for difference in self.differences],
            "securities": {security.ticker: _security_json(security) for security in self.securities},
            "total": _figures_json(self.a.total, self.b.total),
        }
        if shared := self.like_for_like:
            fields["in_both"] = _figures_json(*shared)
        return fields


def compare(a: RecordedRun, b: RecordedRun) -> Comparison:
    """Compare two runs; fills that cannot be read are their security's `unreadable`, never an error."""
    tickers = sorted({*a.parameters, *b.parameters})
    return Comparison(a, b, tuple(differences(a, b)), tuple(_security(ticker, a, b) for ticker in tickers))


def first_parting(a: RecordedFills, b: RecordedFills) -> Parting | None:
    """Return the first fill in which time, side, price or quantity differ by a bit, None for the same fills."""
    both = min(len(a), len(b))
    apart = (
        (a.timestamp[:both] != b.timestamp[:both])
        | (a.side[:both] != b.side[:both])
        | (a.price[:both].view(np.int64) != b.price[:both].view(np.int64))
        | (a.quantity[:both] != b.quantity[:both])
    )
    index = int(np.argmax(apart)) if apart.any() else both
    if index == len(a) == len(b):
        return None
    return Parting(index, _fill(a, index), _fill(b, index))


def _fill(fills: RecordedFills, index: int) -> Fill | None:
    if index >= len(fills):
        return None
    return Fill(
        time=iso(int(fills.timestamp[index]) * MILLISECOND),
        side=SIDES[int(fills.side[index])],
        price=float(fills.price[index]),
        quantity=int(fills.quantity[index]),
    )


def _security(ticker: str, a: RecordedRun, b: RecordedRun) -> SecurityComparison:
    figures = a.figures.get(ticker), b.figures.get(ticker)
    errors = a.errors.get(ticker), b.errors.get(ticker)
    if None in figures:
        return SecurityComparison(ticker, *figures, *errors)
    try:
        parting = first_parting(a.read_fills(ticker), b.read_fills(ticker))
    except PipelineError as error:
        return SecurityComparison(ticker, *figures, unreadable=str(error))
    return SecurityComparison(ticker, *figures, parting=parting)


def _sum(figures: Iterable[Figures]) -> Figures:
    known = list(figures)
    of_one = {figure.currency for figure in known if figure.gross_pnl is not None}
    gross, net = (
        sum(value for value in values if value is not None) if len(of_one) == 1 else None
        for values in ([one.gross_pnl for one in known], [one.net_pnl for one in known])
    )
    unit = next(iter(of_one)) if len(of_one) == 1 else ""
    return Figures(sum(one.fills for one in known), gross, net, None, unit)


def _run_json(run: RecordedRun) -> dict[str, Any]:
    return {
        "folder": run.folder.as_posix(),
        "strategy": run.strategy,
        "config": run.config,
        "execution": run.execution_name,
        "assumption_check": None if run.check is None else asdict(run.check),
    }


def _difference_json(difference: Difference) -> dict[str, Any]:
    fields = {field.name: getattr(difference, field.name) for field in dataclass_fields(difference)}
    return {key: value for key, value in fields.items() if value is not ABSENT and (key, value) != ("security", None)}


def _figures_json(a: Figures | None, b: Figures | None) -> dict[str, Any]:
    sides = {"a": a, "b": b, "difference": b.minus(a) if a and b else None}
    return {key: asdict(value) for key, value in sides.items() if value is not None}


def _security_json(security: SecurityComparison) -> dict[str, Any]:
    fields: dict[str, Any] = _figures_json(security.a, security.b)
    texts = {"error_a": security.error_a, "error_b": security.error_b, "unreadable": security.unreadable}
    fields |= {key: text for key, text in texts.items() if text is not None}
    if security.a and security.b and security.unreadable is None:
        fields["same_fills"] = security.parting is None
    if security.parting is not None:
        fields["parts_at"] = asdict(security.parting)
    return fields
