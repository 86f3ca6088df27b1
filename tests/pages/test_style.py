"""The colours of pages: every text on every ground it stands on is readable, in both schemes (WCAG 2.2 AA)."""

from __future__ import annotations

import re

import pytest

from pipeline.pages.page import TEMPLATES

STYLE = (TEMPLATES / "style.css").read_text(encoding="utf-8")
TEXTS = ("text", "quiet", "accent", "bad")
GROUNDS = ("back", "card", "zebra", "warn-back")
DRAWN = ("buy", "sell", "equity", "marked", "price", "position", "drawdown", "good", "bad", "map-good", "map-bad")


def schemes() -> dict[str, dict[str, str]]:
    blocks = re.findall(r"color-scheme: (light|dark);(.*?)\}", STYLE, flags=re.DOTALL)
    return {scheme: dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block)) for scheme, block in blocks}


def luminance(colour: str) -> float:
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_black_on_white_is_21_to_1() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_readable_on_every_ground(scheme: str) -> None:
    colours = schemes()[scheme]
    weak = {(text, ground) for text in TEXTS for ground in GROUNDS if contrast(colours[text], colours[ground]) < 4.5}
    assert weak == set()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_drawn_stands_out_from_the_card(scheme: str) -> None:
    colours = schemes()[scheme]
    assert {name for name in DRAWN if contrast(colours[name], colours["card"]) < 3} == set()


def test_both_schemes_name_the_same_colours() -> None:
    assert schemes()["light"].keys() == schemes()["dark"].keys()
