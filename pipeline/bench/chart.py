"""Draws what `benchmark --scale` measured as an SVG: ns a tick of each backtest, with the floor of its store."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.bench.scale import ScaleRun, StoreScale

_WIDTH: Final = 860
_LEFT: Final = 250
_RIGHT: Final = 150
_ROW: Final = 20
_HEAD: Final = 28
_TOP: Final = 34
_FILLS: Final = {"bare": "#2a6f97", "with check and page": "#a9d6e5"}
_READ, _LOOP = "#e07a5f", "#81b29a"


def scale_chart(stores: Sequence[StoreScale]) -> str:
    """Return the chart: a bar a backtest below the name of its store, and one of Arrow's read and the replay alone."""
    longest = max(run.ns_a_tick for store in stores for run in store.runs)
    per_ns = (_WIDTH - _LEFT - _RIGHT) / longest
    shapes: list[str] = []
    top = _TOP
    for store in stores:
        shapes += _group(store, top, per_ns)
        top += _HEAD + _ROW * (len(store.runs) + 1)
    head = "ns a tick, whole process; first bar: the floor on one CPU, Arrow's read and the replay alone"
    size = f'width="{_WIDTH}" height="{top + 10}"'
    begin = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="12">'
    return "\n".join([begin, f'<rect {size} fill="#fff"/>', _text(10, 20, head), *shapes, "</svg>", ""])


def _group(store: StoreScale, top: float, per_ns: float) -> list[str]:
    name = f"{store.name}, {store.ticks / 1e6:.1f} million ticks"
    shapes = [_text(10, top + 18, name, weight="bold")]
    at = top + _HEAD
    read, loop = store.read_ns * per_ns, store.loop_ns * per_ns
    shapes += [_bar(at, 0, read, _READ), _bar(at, read, loop, _LOOP)]
    shapes += _labels(at, "floor", read + loop, f"{store.read_ns:.0f} + {store.loop_ns:.0f}")
    for number, run in enumerate(store.runs, 1):
        at = top + _HEAD + number * _ROW
        shapes.append(_bar(at, 0, run.ns_a_tick * per_ns, _FILLS[run.work]))
        shapes += _labels(
            at, _label(run), run.ns_a_tick * per_ns, f"{run.ns_a_tick:.0f}, {run.peak_bytes / 1e6:,.0f} MB"
        )
    return shapes


def _label(run: ScaleRun) -> str:
    return f"{run.work}, {run.workers} worker{'s' * (run.workers > 1)}"


def _labels(at: float, name: str, width: float, value: str) -> list[str]:
    return [_text(_LEFT - 8, at + 13, name, anchor="end"), _text(_LEFT + width + 6, at + 13, value)]


def _bar(at: float, left: float, width: float, fill: str) -> str:
    return f'<rect x="{_LEFT + left:.1f}" y="{at + 2:.1f}" width="{width:.1f}" height="{_ROW - 5}" fill="{fill}"/>'


def _text(x: float, y: float, text: str, *, anchor: str = "start", weight: str = "normal") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}">{escape(text)}</text>'
