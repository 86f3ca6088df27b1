"""One security of a run, or why one of its fills happened, in; tables and lines on stdout within 80 columns out."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any, Final

from pipeline.results.explain.words import lines_of
from pipeline.terminal.voice import WIDTH, Closing, voice

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pipeline.results.explain.facts import Explanation
    from pipeline.results.security import RecordedSecurity, Selection

FILLS_SHOWN: Final = 20
NONE: Final = "-"

LABELS: Final = {
    "fills": ("fills", "{:,}"),
    "closing_fills": ("fills that realise P&L", "{:,}"),
    "fills_a_day": ("fills a day", "{:,.1f}"),
    "market_days": ("market days", "{:,}"),
    "strategy_days": ("days with fills", "{:,}"),
    "realized_pnl": ("realised P&L, AED", "{:,.2f}"),
    "fees": ("fees, AED", "{:,.2f}"),
    "net_pnl": ("net P&L, AED", "{:,.2f}"),
    "turnover": ("turnover, AED", "{:,.2f}"),
    "max_drawdown": ("largest drawdown, AED", "{:,.2f}"),
    "max_drawdown_pct": ("largest drawdown, %", "{:,.2f}"),
    "max_drawdown_days": ("its length, days", "{:,}"),
    "max_drawdown_marked": ("largest drawdown with open position, AED", "{:,.2f}"),
    "peak_capital": ("largest capital at work, AED", "{:,.2f}"),
    "sharpe": ("Sharpe ratio, a year", "{:,.2f}"),
    "sortino": ("Sortino ratio, a year", "{:,.2f}"),
    "calmar": ("Calmar ratio", "{:,.2f}"),
    "win_rate": ("winning fills of those that realise P&L", "{:.1%}"),
    "profit_factor": ("profit factor", "{:,.2f}"),
    "average_win": ("average win, AED", "{:,.2f}"),
    "average_loss": ("average loss, AED", "{:,.2f}"),
    "return_on_limit": ("return on the position limit", "{:.2%}"),
    "time_in_market": ("time with a position", "{:.1%}"),
    "inventory_mean": ("average inventory, shares", "{:,.0f}"),
    "inventory_p95": ("inventory, 95th percentile, shares", "{:,.0f}"),
    "time_at_limit": ("time at the position limit", "{:.1%}"),
    "spread_captured": ("spread captured, AED", "{:,.2f}"),
    "spread_captured_bps": ("spread captured, bps", "{:,.2f}"),
    "orders": ("orders", "{:,}"),
    "fill_ratio": ("orders filled", "{:.1%}"),
    "time_to_fill_median": ("time to a fill, median, s", "{:,.1f}"),
    "time_to_fill_mean": ("time to a fill, mean, s", "{:,.1f}"),
    "days_not_flat": ("days that ended not flat", ""),
}
"""What a figure of metrics.json is called here, and how it is shown; one that is not named keeps its own name."""

TITLES: Final = {
    "markouts": "Mark-outs",
    "pnl_by_hour": "Net P&L by hour, AED",
    "pnl_by_weekday": "Net P&L by weekday, AED",
    "counters": "What the strategy counted",
}


def show_explanation(told: Explanation) -> Closing:
    """Print why a fill happened, the rule last."""
    *lines, last = lines_of(told, verbose=voice().verbose)
    for line in lines:
        voice().show(line)
    return Closing(last, told.as_json())


def show_security(security: RecordedSecurity) -> Closing:
    """Print one security's figures."""
    _show_heading(security)
    figures, reasons = security.figures, security.figures.get("reasons", {})
    single = {key: value for key, value in figures.items() if not isinstance(value, dict)}
    rows = [
        (label, _shown(single[key], form), reasons.get(key, "") if single[key] is None else "")
        for key, (label, form) in _labels(single).items()
    ]
    _write_pairs(rows)
    for key, title in TITLES.items():
        if figures.get(key):
            voice().show(f"\n{title}")
            _write_block(figures[key])
    return Closing(_of_run(security), _named(security) | {"figures": figures})


def show_fills(security: RecordedSecurity, selection: Selection) -> Closing:
    """Print the fills that are selected, in a table with a line before each day's first; 20 when no count is given."""
    every = security.fills()
    fills = selection.of(every)
    shown = fills if selection.first or selection.last else fills[:FILLS_SHOWN]
    of = len(every)
    facts = _named(security) | {"fills": fills, "of": of}
    _show_heading(security)
    if not fills:
        return Closing("No fills." if of == 0 else f"None of its {of:,} fills is among these.", facts)
    names = [name for name in COLUMNS if name in fills[0]]
    exact = all(one["time"].endswith(".000") for one in shown)
    decimals = max(len(_price(one["price"]).partition(".")[2]) for one in shown)
    rows = [[_cell(name, one[name], decimals, whole_seconds=exact) for name in names] for one in shown]
    for line in _laid_out([COLUMNS[name] for name in names], rows, [one["time"][:10] for one in shown]):
        voice().show(line)
    voice().show()
    if len(shown) < of:
        return Closing(f"{len(shown):,} of {of:,} fills; --first, --last, --from, --to and --side choose.", facts)
    return Closing(f"All {of:,} fills. {_of_run(security)}", facts)


COLUMNS: Final = {
    "fill": "fill",
    "time": "time",
    "side": "side",
    "quantity": "shares",
    "price": "price",
    "realized_pnl": "realised",
    "position": "position",
    "pnl": "P&L",
    "fee": "fee",
    "trade_type": "type",
}
LEFT: Final = ("time", "side", "type")


def _named(security: RecordedSecurity) -> dict[str, str]:
    run = security.run
    return {
        "security": security.ticker,
        "exchange": security.exchange,
        "run": run.folder.as_posix(),
        "strategy": run.strategy,
        "execution": run.execution_name,
    }


def _of_run(security: RecordedSecurity) -> str:
    return f"Run: {security.run.folder.as_posix()}"


def _show_heading(security: RecordedSecurity) -> None:
    run = security.run
    voice().show(f"{security.ticker}, {run.folder.as_posix()}")
    for line in textwrap.wrap(f"{run.strategy}, {run.execution_name} execution", WIDTH, break_on_hyphens=False):
        voice().show(line)
    voice().show()


def _labels(figures: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    known = {key: label for key, label in LABELS.items() if key in figures}
    return known | {key: (key, "") for key in figures if key not in LABELS}


def _shown(value: Any, form: str) -> str:
    if value is None:
        return NONE
    if isinstance(value, list):
        return f"{len(value):,}"
    if form:
        return form.format(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}" if isinstance(value, float) else str(value)


def _write_pairs(rows: Sequence[tuple[str, str, str]]) -> None:
    left, right = max(len(row[0]) for row in rows), max(len(row[1]) for row in rows)
    for label, value, why in rows:
        head = f" {label:<{left}}  {value:>{right}}"
        folded = textwrap.wrap(why, max(20, WIDTH - len(head) - 2)) or [""]
        for at, part in enumerate(folded):
            voice().show(f"{head if at == 0 else ' ' * len(head)}  {part}".rstrip())


def _write_block(block: Mapping[str, Any]) -> None:
    """Print a figure that has several values, or several values each for several things."""
    if any(isinstance(value, dict) for value in block.values()):
        columns = list(dict.fromkeys(name for value in block.values() for name in value))
        rows = [[key, *(_shown(value.get(name), "") for name in columns)] for key, value in block.items()]
        for line in _laid_out(["", *columns], rows, None):
            voice().show(line)
    else:
        _write_pairs([(key, _shown(value, ""), "") for key, value in block.items()])


def _price(value: float) -> str:
    return repr(round(value, 6))


def _cell(name: str, value: Any, decimals: int, *, whole_seconds: bool) -> str:
    if name == "time":
        return str(value)[11 : 19 if whole_seconds else 23]
    if name in ("realized_pnl", "pnl", "fee"):
        return f"{round(value, 2) + 0.0:,.2f}"
    if name == "price":
        return f"{value:,.{decimals}f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _laid_out(titles: Sequence[str], rows: Sequence[Sequence[str]], days: Sequence[str] | None) -> Iterator[str]:
    """Yield a table's lines, its columns as far apart as 80 columns allow."""
    widths = [max(len(title), *(len(row[at]) for row in rows)) for at, title in enumerate(titles)]
    gap = "  " if sum(widths) + 2 * len(widths) <= WIDTH else " "
    numbers = [bool(title) and title not in LEFT for title in titles]

    def line(cells: Sequence[str]) -> str:
        placed = [
            f"{cell:>{width}}" if number else f"{cell:<{width}}"
            for cell, width, number in zip(cells, widths, numbers, strict=True)
        ]
        return f" {gap.join(placed)}".rstrip()

    yield line(titles)
    day = ""
    for at, row in enumerate(rows):
        if days is not None and days[at] != day:
            day = days[at]
            yield f" {day}"
        yield line(row)
