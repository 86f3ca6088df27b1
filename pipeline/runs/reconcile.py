"""Holds the desk's own fills against a run's, and says under which value of a switch a replay comes nearest to them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.engine.execution import SWITCHES, is_charge, make_execution
from pipeline.errors import BadDeskFills, BadRequest, OtherFills, ReplayError, nearest
from pipeline.markets.tick_tables import NO_GRID
from pipeline.replay.batch import Setting as ReplaySetting
from pipeline.replay.batch import simulate_many
from pipeline.replay.plan import choose_engine
from pipeline.replay.simulate import takes_switches
from pipeline.runs.csv_cells import csv_bytes
from pipeline.runs.layout import RECONCILIATION_FILE, RUN_FILE
from pipeline.runs.manifest import add_files
from pipeline.runs.matching import Matched, agreement, match
from pipeline.runs.reader import RecordedFills, read_run
from pipeline.runs.recorded_security import read_security
from pipeline.runs.recorded_setting import recorded_ticks, setting_of
from pipeline.store.atomic import write_bytes
from pipeline.store.parquet import write_table
from pipeline.times import DAY, MILLISECOND, date_of, iso

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from pipeline.markets.market import MarketFacts
    from pipeline.runs.desk_fills import DeskFills
    from pipeline.runs.matching import Agreement
    from pipeline.runs.recorded_setting import Setting
    from pipeline.store.path import AnyPath
    from pipeline.ticks import Float64s, Int64s, Ticks

DAY_MS: Final = DAY // MILLISECOND
MATCH_COLUMNS: Final = (
    *("security", "status", "side", "desk_row", "run_fill", "desk_time", "run_time", "run_later_seconds"),
    *("desk_price", "run_price", "price_difference", "desk_quantity", "run_quantity"),
)


@dataclass(frozen=True, slots=True)
class Terms:
    """What is asked of a reconciliation.

    window: how far apart in time two fills may be that are one, seconds. price_tolerance: and in price; None for
    one tick. switch: the execution switch whose values are tried. strategy: file of the run's, where it is not shipped.
    signals: folder of its signals; None for the one beside its store.
    """

    window: float = 5.0
    price_tolerance: float | None = None
    switch: str = "queue"
    strategy: str | None = None
    signals: AnyPath | None = None


@dataclass(frozen=True, slots=True)
class Fit:
    """How far a replay agrees with the desk that differs from the run in one switch alone."""

    value: str
    agreement: Agreement
    of_run: bool


@dataclass(frozen=True, slots=True)
class SecurityMatch:
    """One security's matched fills, their rows in the desk's file, and their numbers in the run, counted from 1."""

    matched: Matched
    desk_rows: Int64s
    run_numbers: Int64s


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """The desk's fills beside a run's, securities sorted by ticker.

    days: the first and the last day of the desk's fills; the run's of other days are left out. fits: in the order of
    the switch's values, none where the strategy keeps its own orders. currencies: what P&L is in; of several there is
    none of all securities together.
    """

    folder: Path
    days: tuple[str, str]
    terms: Terms
    securities: Mapping[str, SecurityMatch]
    fits: Sequence[Fit]
    warnings: Sequence[str] = ()
    currencies: Sequence[str] = ()

    @property
    def by_security(self) -> dict[str, Agreement]:
        """How far run and desk agree on each security."""
        return {ticker: agreement([one.matched]) for ticker, one in self.securities.items()}

    @property
    def total(self) -> Agreement:
        """How far they agree on all of them."""
        return _together([one.matched for one in self.securities.values()], self.currencies)

    @property
    def best(self) -> Fit | None:
        """The fit on most shares, of equal ones the run's own, else the first; None where none has any."""
        fits = [fit for fit in self.fits if fit.agreement.found]
        return max(fits, key=lambda fit: (fit.agreement.fit, fit.of_run), default=None)

    def rows(self) -> list[dict[str, Any]]:
        """Return the fills, matched and not, by security in order of time, as MATCH_COLUMNS."""
        return [row for ticker, one in self.securities.items() for row in _rows(ticker, one)]

    def as_json(self) -> dict[str, Any]:
        """Return all but the single fills as plain values for JSON."""
        return {
            "run": self.folder.as_posix(),
            "days": list(self.days),
            "window_seconds": self.terms.window,
            "price_tolerance": self.terms.price_tolerance,
            "securities": {ticker: _json(one) for ticker, one in self.by_security.items()},
            "total": _json(self.total),
            "switch": self.terms.switch,
            "fits": {fit.value: _json(fit.agreement) for fit in self.fits},
            "best": self.best.value if self.best else None,
            "of_run": next((fit.value for fit in self.fits if fit.of_run), None),
        }


def reconcile_run(
    desk: Mapping[str, DeskFills],
    folder: Path,
    parquet_dir: AnyPath,
    terms: Terms,
    on_security: Callable[[str], None] | None = None,
) -> Reconciliation:
    """Match the desk's fills with a run's and with those of replays under each value of a switch.

    on_security: told each security whose replays begin. Raises BadRequest for terms that cannot be meant, BadDeskFills
    for fills of no security of the run, OtherFills where a replay does not find the run's own again, what reading the
    run raises, and what its ticks and strategy cannot be replayed for any more.
    """
    values = _values(terms)
    run = read_run(folder)
    known = [ticker for ticker in desk if ticker in run.figures]
    if not known:
        raise BadDeskFills(
            f"The desk's fills are of {', '.join(desk)}, and {folder} has none of them."
            f"{nearest(next(iter(desk)), run.figures)}"
        )
    left_out = {ticker: "failed in the run" if ticker in run.errors else "not in the run" for ticker in desk}
    warnings = [f"{ticker}: {left_out[ticker]}, so its fills are left out." for ticker in desk if ticker not in known]
    days = np.concatenate([desk[ticker].fills.timestamp for ticker in known]) // DAY_MS
    span = int(days.min()), int(days.max())
    securities: dict[str, SecurityMatch] = {}
    replayed: dict[str, list[Matched]] = {}
    of_each: set[str] = set()
    own = run.execution.get(terms.switch, SWITCHES[terms.switch].classic)
    for ticker in known:
        security = read_security(folder, ticker)
        setting = setting_of(security, terms.strategy)
        of_each.add(setting.market.currency)
        nearby = _nearby(terms, setting.market, desk[ticker].fills)
        of_run = run.read_fills(ticker)
        fills, numbers = _within(of_run, span)
        matched = match(desk[ticker].fills, fills, *nearby)
        securities[ticker] = SecurityMatch(matched, desk[ticker].rows, numbers + 1)
        if takes_switches(setting.strategy):
            if on_security:
                on_security(ticker)
            ticks = recorded_ticks(security, setting, parquet_dir, terms.signals).read()
            for value, of_replay in _replays(setting, terms.switch, values, ticks).items():
                if value == own and not _same(of_run, of_replay):
                    raise OtherFills(
                        f"The replay of {ticker} does not find the fills of the run in {folder} again: the strategy's "
                        "file, its market's or the project has changed since. Run that backtest again."
                    )
                one = match(desk[ticker].fills, _within(of_replay, span)[0], *nearby)
                replayed.setdefault(value, []).append(one)
    currencies = sorted(of_each)
    if len(currencies) > 1:
        warnings.append(f"P&L is in {', '.join(currencies)}, which do not add up: there is none in total.")
    fits = [Fit(value, _together(ones, currencies), of_run=value == own) for value, ones in replayed.items()]
    first, last = (date_of(day).isoformat() for day in span)
    return Reconciliation(folder, (first, last), terms, securities, fits, (*run.warnings, *warnings), currencies)


def _together(securities: Sequence[Matched], currencies: Sequence[str]) -> Agreement:
    found = agreement(securities)
    return replace(found, desk_pnl=None, run_pnl=None) if len(currencies) > 1 else found


def _values(terms: Terms) -> tuple[str, ...]:
    """Return the values to be tried of the switch, `classic`'s first; raise BadRequest for what cannot be meant."""
    if not 0 <= terms.window <= 86_400:  # noqa: PLR2004 - a day
        raise BadRequest(f"--window is {terms.window:g}; it takes 0 to 86400 seconds.")
    if terms.price_tolerance is not None and not 0 <= terms.price_tolerance < float("inf"):
        raise BadRequest(f"--price-tolerance is {terms.price_tolerance:g}; it takes a price from 0 on.")
    values = {name: switch.words for name, switch in SWITCHES.items() if switch.words}
    if terms.switch not in values:
        raise BadRequest(
            f"--switch is '{terms.switch}'; it takes a switch with named values: {', '.join(values)}."
            f"{nearest(terms.switch, values)}"
        )
    return values[terms.switch] or ()


def _nearby(terms: Terms, market: MarketFacts, fills: RecordedFills) -> tuple[int, Float64s, float]:
    """Return the window in ms, the tolerance of each of the desk's fills, and how many units of price are a currency's.

    The tolerance is one tick of its day at a fill's price, if not given, and nothing where no tick is known.
    """
    window, units = round(terms.window * 1_000), market.price_units_per_currency
    if terms.price_tolerance is not None:
        return window, np.full(len(fills), terms.price_tolerance), units
    days = ((fills.timestamp * MILLISECOND + market.clock_shift) // DAY).tolist()
    ticks = [
        next(tick for below, tick in market.ticks_on(date_of(day)) or NO_GRID if price < below)
        for day, price in zip(days, fills.price.tolist(), strict=True)
    ]
    return window, np.array(ticks), units


def _within(fills: RecordedFills, days: tuple[int, int]) -> tuple[RecordedFills, Int64s]:
    """Return the fills of some days and their numbers from 0."""
    day = fills.timestamp // DAY_MS
    rows = np.flatnonzero((day >= days[0]) & (day <= days[1]))
    part = RecordedFills(fills.timestamp[rows], fills.side[rows], fills.price[rows], fills.quantity[rows])
    return part, rows


def _replays(setting: Setting, switch: str, words: Sequence[str], ticks: Ticks) -> dict[str, RecordedFills]:
    """Return the fills of a security under each value of a switch, all else as the run had it."""
    base = setting.execution
    fixed = {key: value for key, value in base.changed.items() if not is_charge(key)}
    models = [make_execution(base.preset, {**fixed, switch: word}, "") for word in words]
    settings = [ReplaySetting(setting.parameters, model) for model in models]
    engine, _ = choose_engine(setting.strategy, base, None)
    by_word: dict[str, RecordedFills] = {}
    for number, replayed in simulate_many(ticks, setting.strategy, settings, setting.market, engine):
        if isinstance(replayed, ReplayError):
            raise replayed
        fills = replayed.fills
        times = (fills.timestamp - setting.market.clock_shift) // MILLISECOND
        by_word[words[number]] = RecordedFills(times, fills.side, fills.price, fills.quantity)
    return {word: by_word[word] for word in words}


def _same(one: RecordedFills, other: RecordedFills) -> bool:
    names = ("timestamp", "side", "price", "quantity")
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names)


def _json(one: Agreement) -> dict[str, Any]:
    derived = {"missed": one.missed, "invented": one.invented, "share_found": one.share_found, "fit": one.fit}
    return asdict(one) | derived


def _rows(ticker: str, security: SecurityMatch) -> list[dict[str, Any]]:
    matched = security.matched
    pairs: dict[int, int | None] = dict.fromkeys(range(len(matched.desk)))
    pairs |= dict(zip(matched.of_desk.tolist(), matched.of_run.tolist(), strict=True))
    invented = sorted(set(range(len(matched.run))) - set(matched.of_run.tolist()))
    rows = [_row(ticker, security, *pair) for pair in (*pairs.items(), *((None, at) for at in invented))]
    return sorted(rows, key=lambda row: row["desk_time"] or row["run_time"])


def _row(ticker: str, security: SecurityMatch, of_desk: int | None, of_run: int | None) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(MATCH_COLUMNS)
    row |= {"security": ticker, "status": "invented" if of_desk is None else "missed" if of_run is None else "found"}
    for name, fills, at in (("run", security.matched.run, of_run), ("desk", security.matched.desk, of_desk)):
        if at is not None:
            row["side"] = "buy" if fills.side[at] > 0 else "sell"
            row[f"{name}_time"] = iso(int(fills.timestamp[at]) * MILLISECOND)
            row[f"{name}_price"] = float(fills.price[at])
            row[f"{name}_quantity"] = int(fills.quantity[at])
    if of_desk is not None:
        row["desk_row"] = int(security.desk_rows[of_desk])
    if of_run is not None:
        row["run_fill"] = int(security.run_numbers[of_run])
    if of_desk is not None and of_run is not None:
        desk, run = security.matched.desk, security.matched.run
        row["run_later_seconds"] = float(run.timestamp[of_run] - desk.timestamp[of_desk]) / 1_000
        row["price_difference"] = row["run_price"] - row["desk_price"]
    return row


def matches_path(reconciliation: Reconciliation, target: Path | None) -> Path:
    """Return where the matches go: the file asked for, else the one of the run's folder."""
    return reconciliation.folder / RECONCILIATION_FILE if target is None else target


def write_matches(reconciliation: Reconciliation, target: Path | None) -> None:
    """Write the matches; raises OutputNotWritable.

    A file in the run's folder is listed in `run.json`, so that the next run into this folder removes it.
    """
    path = matches_path(reconciliation, target)
    rows = reconciliation.rows()
    if path.suffix == ".parquet":
        import pyarrow as pa

        columns = {name: [row[name] for row in rows] for name in MATCH_COLUMNS}
        write_table(path, pa.table(columns), durable=False)
        return
    if target is None:
        add_files(reconciliation.folder / RUN_FILE, [RECONCILIATION_FILE])
    content = csv_bytes([MATCH_COLUMNS, *([row[name] for name in MATCH_COLUMNS] for row in rows)])
    write_bytes(path, content, durable=False)
