"""docs/reference/execution.md explains every switch and value, and what it prints can be run."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

import pytest

from pipeline.engine.costs import KEYS, checked_costs, costs_of
from pipeline.engine.execution import PRESETS, SWITCHES, make_execution

PAGE: Final = (Path(__file__).parents[2] / "docs" / "reference" / "execution.md").read_text(encoding="utf-8")


def shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


@pytest.mark.parametrize("key", SWITCHES)
def test_each_switch_has_a_paragraph_with_all_its_values(key: str) -> None:
    paragraph = re.search(rf"^\*\*`{key}`\*\*: (.*?)\n\n", PAGE, flags=re.MULTILINE | re.DOTALL)
    assert paragraph is not None
    for word in SWITCHES[key].words or ():
        assert f"`{word}`" in paragraph[1]
    assert key in ("latency_ms", "fees_bps") or SWITCHES[key].words


def test_every_preset_is_explained() -> None:
    for preset in PRESETS:
        assert f"* `{preset}`" in PAGE


def test_the_printed_blocks_are_ones_a_config_takes() -> None:
    texts = re.findall(r"```json\n(.*?)```", PAGE, flags=re.DOTALL)
    blocks = [json.loads(line)["_execution"] for line in texts[0].splitlines()]
    assert make_execution(blocks[0], {}, "").name == "strict"
    changed = {key: value for key, value in blocks[1].items() if key != "preset"}
    assert make_execution(blocks[1]["preset"], changed, "").settings["latency_ms"] == 50.0
    costs = [checked_costs(json.loads(line)["_costs"], "") for line in texts[1].splitlines()]
    assert [costs_of(each, "ADX", 0.0).minimum_per_order for each in costs] == [20.0, 20.0, 0.0]


def test_every_key_of_costs_is_explained() -> None:
    rows = re.findall(r"^\| (`.*?) \|", PAGE[PAGE.index("## Costs") :], flags=re.MULTILINE)
    assert {name for row in rows for name in re.findall("`(.*?)`", row)} >= {*KEYS}


def test_what_the_check_changes_alone_is_named_where_it_is_not_strict() -> None:
    for key, switch in SWITCHES.items():
        if switch.alone != switch.strict:
            assert f"`{key}={shown(switch.alone)}`" in PAGE
