"""One chart of a page as a plain Plotly figure, with the colours and settings that charts share written out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pipeline.pages.page import TEMPLATE, TEMPLATES

if TYPE_CHECKING:
    from collections.abc import Mapping


def plain_figure(data: Mapping[str, Any], name: str, title: str) -> dict[str, Any]:
    """Return a chart under a title, in the colours of paper, as page.js would draw it."""
    colours = paper_colours()
    figure = _written_out(data["charts"][name], "", data, colours)
    layout = {**figure["layout"], "template": _written_out(TEMPLATE, "", data, colours)}
    margin = {"l": 70, "r": 20, "b": 50, **layout.get("margin", {}), "t": 70}
    layout |= {"title": {"text": title, "x": 0.02}, "margin": margin, "paper_bgcolor": "#ffffff"}
    return {"data": figure["data"], "layout": layout}


def paper_colours() -> dict[str, str]:
    """Return the colours of style.css by name, those for light and paper, which stand first."""
    style = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", style.partition("@media")[0]))


def _written_out(value: Any, key: str, data: Mapping[str, Any], colours: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_written_out(one, key, data, colours) for one in value]
    if isinstance(value, dict):
        whole = {**data["shared"][value["shared"]], **value} if "shared" in value else value
        return {name: _written_out(one, name, data, colours) for name, one in whole.items() if name != "shared"}
    named = isinstance(value, str) and value.startswith("$") and re.search("color(scale|way)?$", key)
    return colours[value[1:]] if named else value
