"""The native charts of a results workbook: equity and drawdown of the portfolio by day."""

from __future__ import annotations

from typing import Any, Final

from openpyxl.chart import AreaChart, LineChart, Reference

from pipeline.numbers import currency

WIDTH_CM: Final = 24.0
HEIGHT_CM: Final = 8.5
ROWS: Final = 18
"""Rows of a sheet that a chart covers."""


def add_charts(summary: Any, equity: Any, days: int, columns: tuple[int, int, int], row: int) -> None:
    """Put the charts of equity and drawdown on a sheet.

    Args:
        summary: The sheet that shows them.
        equity: The sheet with the days, one a row below its head.
        days: How many.
        columns: The columns of equity, marked equity and drawdown on that sheet; the first has the days.
        row: The row of `summary` on which they begin.
    """
    own, marked, drawdown = columns
    kinds: tuple[tuple[Any, tuple[int, ...], str, int], ...] = (
        (LineChart(), (own, marked), f"Equity, {currency()}", row),
        (AreaChart(), (drawdown,), f"Drawdown, {currency()}", row + ROWS),
    )
    for chart, of, title, at in kinds:
        chart.title = title
        chart.width, chart.height = WIDTH_CM, HEIGHT_CM
        for column in of:
            chart.add_data(Reference(equity, min_col=column, min_row=1, max_row=days + 1), titles_from_data=True)
        chart.set_categories(Reference(equity, min_col=1, min_row=2, max_row=days + 1))
        chart.x_axis.number_format = "yyyy-mm-dd"
        chart.x_axis.tickLblPos = "low"
        chart.x_axis.delete = chart.y_axis.delete = False
        chart.y_axis.number_format = "#,##0"
        chart.legend.position = "b"
        for series, colour in zip(chart.series, ("0B5CAD", "8A5A00") if len(of) > 1 else ("B3261E",), strict=True):
            series.graphicalProperties.line.solidFill = colour
            if len(of) > 1:
                series.smooth = False
                series.marker.symbol = "none"
            else:
                series.graphicalProperties.solidFill = colour
        summary.add_chart(chart, f"A{at}")
