"""The elements of pages: what stands in backticks is code there, and whatever else a text has is shown as it is."""

from __future__ import annotations

from pipeline.metrics.registry import FIGURES
from pipeline.pages.backtest_settings import glossary
from pipeline.pages.html import with_code


def test_what_stands_in_backticks_is_code_and_all_of_it_stays_text() -> None:
    assert with_code("0 where `<b>` & `x` are") == "0 where <code>&lt;b&gt;</code> &amp; <code>x</code> are"
    assert with_code("<i>") == "&lt;i&gt;"


def test_the_glossary_and_what_is_said_of_a_figure_have_no_backticks() -> None:
    assert "`" not in glossary()
    assert "<code>fees_bps</code>" in glossary()
    assert [figure.name for figure in FIGURES if "`" in figure.plain_meaning] == []
