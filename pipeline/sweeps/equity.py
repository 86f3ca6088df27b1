"""What the setting chosen for each security made day by day, beside the median one of all that could be chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pipeline.runs.writer import csv_text
from pipeline.sweeps.date_windows import WHOLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pipeline.sweeps.choice import Best
    from pipeline.sweeps.results import SweepResults

EQUITY_FILE: Final = "chosen_by_day.csv"
COLUMNS: Final = ("security", "day", "setting", "net_pnl", "median_setting", "median_net_pnl")


def equity_csv(results: SweepResults, best: Sequence[Best], medians: Mapping[str, int]) -> bytes:
    """Return a row a security and market day as CSV, those of all securities together under `all`.

    Args:
        results: Of the sweep.
        best: What was chosen.
        medians: The number of the median setting of each view, by what was chosen by.
    """
    return csv_text(COLUMNS, list(_rows(results, best, medians)))


def _rows(results: SweepResults, best: Sequence[Best], medians: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    for each in best:
        numbers = each.trial.number, medians[each.security]
        windows = [results.setting(number).window(each.security, WHOLE) for number in numbers]
        chosen, median = (window.daily[0].tolist() for window in windows)
        days = windows[0].market_days.astype("datetime64[D]").astype(str).tolist()
        for day, net, of_median in zip(days, chosen, median, strict=True):
            values = (each.security, day, numbers[0], net, numbers[1], of_median)
            yield dict(zip(COLUMNS, values, strict=True))
