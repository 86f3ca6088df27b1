"""The fills of real securities, bit for bit, where the golden files are at hand."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
GOLDEN: Final = ROOT.parent / "shared" / "golden"
RUNS: Final = ("v1_baseline", "v1_refill_30", "v1_refill_300")


@pytest.mark.slow
@pytest.mark.skipif(not (GOLDEN / "check.py").exists(), reason="the golden files are not part of the project")
def test_v1_gives_the_known_fills_bit_for_bit() -> None:
    done = subprocess.run(
        [sys.executable, str(GOLDEN / "check.py"), "--runs", ",".join(RUNS)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=os.environ | {"PIPELINE_PYTHON": sys.executable},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert lines == [*(f"ok   {run}" for run in RUNS), "3 passed, 0 failed"]
