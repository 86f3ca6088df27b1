"""The key of machine code: the same in every process, or no code would ever be found again."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from pipeline.strategies.loading.load import strategy_names

KEY = """
from pipeline.engine.compiler.keys import code_key
from pipeline.strategies.loading.load import load_strategy
print(code_key(load_strategy("{name}"), [("tick", 1)]))
"""


@pytest.mark.parametrize("name", strategy_names())
def test_the_key_of_a_strategys_code_is_the_same_in_every_process(name: str) -> None:
    keys = {
        subprocess.run(
            [sys.executable, "-c", KEY.format(name=name)],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(keys) == 1
