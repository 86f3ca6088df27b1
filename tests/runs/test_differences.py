"""What is other in the later of two runs, in words: one phrase a setting, securities put together."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pipeline.runs.differences import change_in_words
from pipeline.runs.registry_row import RunRow

BASE = RunRow(
    "v1",
    (1, 2),
    "2026-03-02T10:00:00.000+04:00",
    "complete",
    strategy="v1_baseline",
    config="v1_baseline.json",
    execution_name="classic",
    execution={"queue": "none", "fees_bps": 0.0},
    versions={"pipeline": "1.0"},
    parameters={name: {"refill_interval_sec": 60.0, "quote_size": 100} for name in ("DIB", "FAB", "IHC")},
    digests={"DIB": "aa", "FAB": "bb", "IHC": "cc"},
)
SLOW = {"refill_interval_sec": 90.0, "quote_size": 100}
MANY = {f"S{number}": SLOW for number in range(6)}


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({}, []),
        ({"parameters": dict.fromkeys(BASE.parameters, SLOW)}, ["refill_interval_sec 60 to 90"]),
        ({"parameters": {**BASE.parameters, "FAB": SLOW}}, ["refill_interval_sec 60 to 90 (FAB)"]),
        ({"parameters": {name: BASE.parameters[name] for name in ("DIB", "IHC")}}, ["without FAB"]),
        ({"parameters": {**BASE.parameters, **MANY}}, ["with S0, S1, S2 and 3 others"]),
        (
            {"execution_name": "strict", "execution": {"queue": "back", "fees_bps": 0.0}},
            ["execution classic to strict"],
        ),
        ({"execution": {"queue": "none", "fees_bps": 1.5}}, ["execution.fees_bps 0 to 1.5"]),
        ({"digests": {"DIB": "aa", "FAB": "b2", "IHC": "cc"}}, ["other ticks (FAB)"]),
        ({"digests": {"DIB": "a2", "FAB": "b2", "IHC": "c2"}}, ["other ticks"]),
        (
            {"versions": {"pipeline": "1.1"}, "config": "mine.json"},
            ["config v1_baseline.json to mine.json", "version of pipeline 1.0 to 1.1"],
        ),
        (
            {"strategy": "mine", "parameters": {"FAB": {"depth": 3}}},
            ["strategy v1_baseline to mine", "without DIB, IHC"],
        ),
    ],
)
def test_a_change_is_said_in_words(changed: dict[str, Any], words: list[str]) -> None:
    assert change_in_words(BASE, replace(BASE, **changed)) == words
