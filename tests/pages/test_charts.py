"""Charts of a whole run that are not over time: the amounts beside lying bars have room."""

from __future__ import annotations

import pytest

from pipeline.pages.charts import NARROWEST, lying_bars
from pipeline.pages.page import TEMPLATES

CHARACTER = 6.7
"""Pixels that a character of an amount takes, on average, in a wide letter of 12 pixels."""


@pytest.mark.parametrize(
    "values",
    [
        {"classic": 14_006.99, "overnight_orders=cancelled": 13_042.0, "touch=fills": -374_894.57},
        {"a": -340_086.19, "strict queue=power3": -12.0},
        {"a": 1_234_567_890.12, "b": -1_234_567_890.12},
        {"a": 0.0},
    ],
)
def test_amounts_lie_neither_on_names_nor_beyond_the_chart(values: dict[str, float]) -> None:
    chart = lying_bars(values, "AED")
    margin, (low, high) = chart["layout"]["margin"], chart["layout"]["xaxis"]["range"]
    pixels = (NARROWEST - margin["l"] - margin["r"]) / (high - low)
    for value, text in zip(values.values(), chart["data"][0]["text"], strict=True):
        room = (high - value if value >= 0 else value - low) * pixels
        assert room >= CHARACTER * len(text) + 6


def test_amounts_are_drawn_from_the_width_on_that_they_have_room_in() -> None:
    assert f"const NARROW = {NARROWEST};" in (TEMPLATES / "page.js").read_text(encoding="utf-8")
