"""The results of a sweep: where each is, and what settings gave on securities, read a block of settings at a time."""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.engine.execution import BAND
from pipeline.sweeps.codec import COUNTS, DAY_TYPES, FIGURES
from pipeline.sweeps.date_windows import WHOLE, DayResults, WindowColumns
from pipeline.sweeps.trials import Trials
from pipeline.ticks import union_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from pipeline.store.result_parts import ResultParts
    from pipeline.sweeps.date_windows import Window
    from pipeline.sweeps.plan import SweepPlan
    from pipeline.sweeps.trials import TrialColumns
    from pipeline.ticks import Float64s, Int64s

ALL: Final = "all"
AMOUNTS: Final = ("net", "turnover")
"""What is kept of each day that is in a currency."""

OWN: Final = ""
"""What stands for a setting's own execution model beside those of the band."""

MISSING: Final = -1
BLOCK_BYTES: Final = 48 * 2**20
BLOCK_ROWS: Final = 2**17


class SweepResults:
    """Where the results of a sweep's settings are, of each execution model by security and setting.

    Of a result no more is held than a part and a row in it, or the number of its error.
    """

    def __init__(self, plan: SweepPlan, parts: ResultParts) -> None:
        self.plan = plan
        self.parts = parts
        self.trials = Trials()
        self.opened: set[str] = set()
        self.cached = 0
        self.own: dict[str, dict[tuple[str, int], float]] = {}
        """Figures of strategies' own of the settings that were replayed whole: by name, then by view and number."""
        self._errors: dict[str, int] = {}
        self._days: dict[int, tuple[Int64s, Any]] = {}
        self._places = {model: np.empty((2, len(plan.tickers), 0), np.int32) for model in (OWN, *plan.band)}
        for columns in plan.trials.parts:
            self.add_trials(columns)

    def add_trials(self, columns: TrialColumns) -> None:
        """Know more settings, numbered on."""
        self.trials.parts.append(columns)
        more = np.full((2, len(self.plan.tickers), len(columns)), MISSING, np.int32)
        self._places = {model: np.concatenate([places, more], axis=2) for model, places in self._places.items()}

    def put(self, ticker: str, numbers: Any, parts: Any, rows: Any, model: str = OWN) -> None:
        """Know in which parts and rows the results of settings are."""
        security = self.plan.tickers.index(ticker)
        self._places[model][0, security, numbers - 1] = parts
        self._places[model][1, security, numbers - 1] = rows

    def fail(self, ticker: str, errors: Mapping[int, str], model: str = OWN) -> None:
        """Know which settings failed on a security, and why."""
        for number, error in errors.items():
            code = self._errors.setdefault(error, len(self._errors))
            self._places[model][0, self.plan.tickers.index(ticker), number - 1] = MISSING - 1 - code

    def __len__(self) -> int:
        """Return how many results there are, failed ones among them."""
        return int((self._places[OWN][0] != MISSING).sum())

    @property
    def failed(self) -> int:
        """How many settings failed on a security."""
        return int((self._places[OWN][0] < MISSING).sum())

    @property
    def computed(self) -> int:
        """How many results were computed now."""
        return len(self) - self.cached - self.failed

    @property
    def any_good(self) -> bool:
        """Whether any setting came to an end on any security."""
        return bool((self._places[OWN][0] > MISSING).any())

    def is_good(self, number: int, ticker: str) -> bool:
        """Return whether a setting came to an end on a security."""
        return bool(self._places[OWN][0, self.plan.tickers.index(ticker), number - 1] > MISSING)

    def errors(self) -> Iterator[tuple[int, str, str]]:
        """Yield the number and the ticker of each setting that failed, with its error, in this order."""
        texts = [*self._errors]
        codes = MISSING - 1 - self._places[OWN][0].T
        for at, ticker in np.argwhere(codes >= 0).tolist():
            yield at + 1, self.plan.tickers[ticker], texts[codes[at, ticker]]

    @property
    def views(self) -> tuple[str, ...]:
        """What settings are chosen for: each security, and all together where there are several."""
        tickers = self.plan.tickers
        return (*tickers, ALL) if len(tickers) > 1 else tickers

    def market_days(self) -> Int64s:
        """Return the market days of all securities together."""
        return union_of([*self.market_days_of().values()])

    def market_days_of(self) -> dict[str, Int64s]:
        """Return the market days of each security on which a setting came to an end."""
        days = {}
        for ticker, parts in zip(self.plan.tickers, self._places[OWN][0], strict=True):
            for part in parts[parts > MISSING][:1].tolist():
                every, market = self.days(part)
                days[ticker] = every[market].astype(np.int64)
        return days

    def days(self, part: int) -> tuple[Int64s, Any]:
        """Return the days of a part, and which of them are market days."""
        if part not in self._days:
            self._days[part] = self.parts.read(part, "days"), self.parts.read(part, "market")
        return self._days[part]

    def blocks(self, *, by_day: bool) -> Iterator[SettingBlock]:
        """Yield all settings in the order of their numbers, of one strategy at a time; by_day: if days will be read."""
        each = len(FIGURES) * 8
        if by_day:
            every = (places[0] for places in self._places.values())
            used = {int(part) for parts in every for part in np.flatnonzero(np.bincount(parts[parts > MISSING]))}
            days = max((self.parts.shape(part, "days")[0] for part in used), default=0)
            each += days * sum(np.dtype(kind).itemsize for kind in DAY_TYPES.values())
        securities = len(self.plan.tickers)
        size = max(1, min(BLOCK_ROWS, BLOCK_BYTES // (each * len(self._places))) // securities)
        for columns in self.trials.parts:
            for start in range(0, len(columns), size):
                yield self.block(columns.take(slice(start, start + size)))

    def setting(self, number: int) -> SettingBlock:
        """Return one setting with what it gave."""
        part, at = self.trials.place(number)
        return self.block(part.take(slice(at, at + 1)))

    def block(self, columns: TrialColumns) -> SettingBlock:
        """Return some settings with what they gave; their numbers count on."""
        start = int(columns.numbers[0]) - 1
        some = slice(start, start + len(columns))
        places = {model: of_model[:, :, some] for model, of_model in self._places.items()}
        return SettingBlock(self, columns, places)


class SettingBlock:
    """Some settings of one strategy and what they gave; what is read of it stays until the block goes."""

    def __init__(self, results: SweepResults, columns: TrialColumns, places: Mapping[str, Any]) -> None:
        self.columns = columns
        self.tickers = results.plan.tickers
        self._results = results
        self._places = places
        self._read: dict[tuple[str, str, int], Any] = {}

    def good(self, view: str, model: str = OWN) -> Any:
        """Return which settings came to an end on a security, or on each of all."""
        return (self._places[model][0, self._securities(view)] > MISSING).all(axis=0)

    def errors(self) -> Any:
        """Return the error of each setting on each security, as a place among `error_texts`, -1 without one."""
        return np.maximum(MISSING - 1 - self._places[OWN][0].T, -1)

    @property
    def error_texts(self) -> Sequence[str]:
        """The errors of the sweep."""
        return [*self._results._errors]  # noqa: SLF001 - of the same file

    def figure(self, name: str, view: str, model: str = OWN) -> Float64s:
        """Return a figure of settings on each security of a view, shape (settings, securities); NaN without one."""
        at = FIGURES.index(name)
        values: Float64s = np.stack(
            [self._array("figures", security, model)[:, at] for security in self._securities(view)], axis=1
        )
        return values

    def own(self, name: str, view: str) -> Float64s:
        """Return a figure of the strategy's own of settings on a view; NaN without one."""
        known = self._results.own[name]
        return np.array([known.get((view, number), np.nan) for number in self.columns.numbers.tolist()], np.float64)

    def window(self, view: str, window: Window, model: str = OWN) -> WindowColumns:
        """Return the figures of settings in a window, on a security or on all together."""
        days = []
        for security in self._securities(view):
            parts = {part: None for part, _ in self._segments(security, model)}
            every = [self._results.days(part) for part in parts]
            union = union_of([each for each, _ in every])
            market = np.isin(union, union_of([each[is_market] for each, is_market in every]))
            read = partial(self._array, security=security, model=model, days=union)
            days.append(DayResults(union, market, self._in_total(read, security, union) if view == ALL else read))
        return WindowColumns(days, window)

    def band(self, view: str, window: Window = WHOLE) -> tuple[Float64s, Float64s] | None:
        """Return the lowest and the highest net P&L of settings over the models of the band, money.

        None where the band was not asked for; NaN where a model failed, and for a window without a market day.
        """
        if not set(BAND) <= self._places.keys():
            return None
        if window is WHOLE:
            each = [self.net_pnl(view, model) for model in BAND]
        else:
            each = [self.window(view, window, model).column("net_pnl") for model in BAND]
        good = np.all([self.good(view, model) for model in BAND], axis=0)
        values = np.where(good, np.stack(each), np.nan)
        return values.min(axis=0), values.max(axis=0)

    def together(self) -> dict[str, Float64s]:
        """Return the figures of all securities together over all days; the sums are those of the figures.

        Drawdowns are looked at when days end.
        """
        window = self.window(ALL, WHOLE)
        factors = self._factors
        sums = {name: (self.figure(name, ALL) * factors).sum(axis=1) for name in ("realized_pnl", "fees", "turnover")}
        sums["net_pnl"] = self.net_pnl(ALL)
        if np.isnan(factors).any():
            sums["turnover"] = window.column("turnover")
        closing = self.figure("closing_fills", ALL)
        rates = np.nan_to_num(self.figure("win_rate", ALL))
        each_wins = np.rint(rates * closing)
        gained = np.nan_to_num(self.figure("average_win", ALL)) * each_wins * factors
        lost = np.nan_to_num(self.figure("average_loss", ALL)) * (closing - each_wins) * factors
        wins, closing = each_wins.sum(axis=1), closing.sum(axis=1)
        gained, lost, losses = gained.sum(axis=1), lost.sum(axis=1), closing - wins
        drawdown = window.column("daily_drawdown")
        return sums | {
            "max_drawdown": drawdown,
            "profit_factor": _over(gained, -lost),
            "average_win": _over(gained, wins),
            "average_loss": _over(lost, losses),
            "daily_drawdown": drawdown,
            "fills": self.figure("fills", ALL).sum(axis=1),
            "win_rate": np.where(closing > 0, wins / np.maximum(closing, 1), np.nan),
            **{name: window.column(name) for name in ("sharpe", "market_days")},
        }

    def net_pnl(self, view: str, model: str = OWN) -> Float64s:
        """Return the net P&L of settings on all days, of all together in the currency that it adds up in."""
        if view == ALL and np.isnan(self._factors).any():
            return self.window(ALL, WHOLE, model).column("net_pnl")
        summed: Float64s = (self.figure("net_pnl", view, model) * (self._factors if view == ALL else 1.0)).sum(axis=1)
        return summed

    @cached_property
    def _factors(self) -> Float64s:
        """What converts the amounts of each security, shape (securities,); NaN where that changes from day to day."""
        known = [self._results.plan.conversions.get(ticker) for ticker in self.tickers]
        return np.array([1.0 if one is None else one.rates[0] if one.is_constant else np.nan for one in known])

    def _in_total(self, read: Callable[[str], Any], security: int, days: Int64s) -> Callable[[str], Any]:
        """Return what reads days with their amounts as they add up with those of other securities."""
        conversion = self._results.plan.conversions.get(self.tickers[security])
        if conversion is None:
            return read
        rates = conversion.at(days)
        return lambda name: read(name) * rates if name in AMOUNTS else read(name)

    def known(self, ticker: str) -> dict[str, float | None]:
        """Return the figures of the first setting on a security."""
        row = self._array("figures", self.tickers.index(ticker), OWN)[0].tolist()
        known = {name: None if np.isnan(value) else value for name, value in zip(FIGURES, row, strict=True)}
        return known | {name: int(value) for name in COUNTS if (value := known[name]) is not None}

    def _securities(self, view: str) -> Sequence[int]:
        return range(len(self.tickers)) if view == ALL else [self.tickers.index(view)]

    def _segments(self, security: int, model: str) -> Iterable[tuple[int, slice]]:
        """Yield the parts that have the settings on a security, and which settings these are."""
        parts = self._places[model][0, security]
        ends = [*(np.flatnonzero(parts[1:] != parts[:-1]) + 1).tolist(), len(parts)]
        for start, end in zip([0, *ends], ends, strict=False):
            if parts[start] > MISSING:
                yield int(parts[start]), slice(start, end)

    def _array(self, name: str, security: int, model: str, days: Any = None) -> Any:
        """Return an array of the settings on a security, NaN or 0 where they have none; by day, on these days."""
        if (name, model, security) not in self._read:
            count = len(FIGURES) if days is None else len(days)
            values = np.full((len(self.columns), count), np.nan if days is None else 0, DAY_TYPES.get(name, "<f8"))
            parts = self._results.parts
            for part, some in self._segments(security, model):
                rows = self._places[model][1, security, some]
                first, last = int(rows.min()), int(rows.max()) + 1
                content = parts.read(part, name, first, last)
                if last - first != len(rows) or (rows[1:] < rows[:-1]).any():
                    content = content[rows - first]
                if content.shape == values.shape:
                    values = content
                else:
                    own = slice(None) if days is None else np.searchsorted(days, self._results.days(part)[0])
                    values[some, own] = content
            self._read[name, model, security] = values
        return self._read[name, model, security]


def _over(amounts: Float64s, counts: Float64s) -> Float64s:
    """Return amounts over counts, NaN where there is nothing to divide by."""
    known = counts > 0
    ratios: Float64s = np.where(known, amounts / np.where(known, counts, 1.0), np.nan)
    return ratios
