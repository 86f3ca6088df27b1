"""The examples to start from: each does what its reference does, is short, compiles, and is copied with its config."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.engine.strategy import fields_of
from pipeline.errors import BadRequest
from pipeline.strategies.loading.load import FOLDER, load_strategy
from pipeline.strategies.loading.start import example_names, start_of
from tests.engine.replays import both, random_ticks, with_signals
from tests.reference.examples import EXAMPLES
from tests.reference.records import CLASSIC

if TYPE_CHECKING:
    from pipeline.engine.outcome import Outcome
    from pipeline.ticks import Ticks

SHORT = 60


def file_of(name: str) -> str:
    return str(FOLDER / "examples" / f"{name}.py")


def test_every_example_has_a_reference() -> None:
    assert set(example_names()) >= set(EXAMPLES)
    assert {file.stem for file in (FOLDER / "examples").glob("[!_]*.py")} == set(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_short_and_names_its_source(name: str) -> None:
    text = Path(file_of(name)).read_text(encoding="utf-8")
    assert len(text.splitlines()) < SHORT
    assert re.search(r"\(.*(19|20)\d\d\)", ast.get_docstring(ast.parse(text)) or "")


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_fills_as_its_reference_does(name: str) -> None:
    strategy = load_strategy(file_of(name))
    defaults = {key: parameter.default for key, parameter in fields_of(strategy).by_key().items()}
    for seed, changes in enumerate(({}, {"size": 300}, {"max_position": 2_000}, {"lean": 0.05, "deviations": 1.2})):
        ticks = with_signals(random_ticks(3_000, seed), seed, len(fields_of(strategy).signals))
        values: dict[str, Any] = {**defaults, **{key: value for key, value in changes.items() if key in defaults}}
        reference = EXAMPLES[name](values, CLASSIC)
        reference.signals = list(zip(*(column.tolist() for column in ticks.signals), strict=True))
        expected = reference.run(ticks.timestamp, ticks.kind, ticks.price, ticks.volume)
        outcome = both(strategy, ticks, values)
        assert fills_of(outcome, ticks) == [
            (fill.event, 1 if fill.side == "buy" else -1, fill.price, fill.quantity) for fill in expected.fills
        ]
        assert len(expected.fills) > 5


def fills_of(outcome: Outcome, ticks: Ticks) -> list[tuple[int, int, float, int]]:
    """Return an outcome's fills by event, side, price and quantity."""
    fills = outcome.fills
    assert len(ticks) > int(fills.event.max())
    columns = (fills.event, fills.side, fills.price, fills.quantity)
    return list(zip(*(column.tolist() for column in columns), strict=True))


@pytest.mark.parametrize("name", ["avellaneda", "glft", "v1_baseline"])
def test_a_start_is_a_strategy_that_loads_with_a_config_of_its_defaults(name: str, tmp_path: Path) -> None:
    contents = start_of(tmp_path / "mine.py", like=name)
    for target, content in contents.items():
        target.write_bytes(content)
    file, config = contents
    strategy = load_strategy(str(file))
    defaults = {key: parameter.default for key, parameter in fields_of(strategy).by_key().items()}
    assert json.loads(config.read_text(encoding="utf-8")) == {"_defaults": defaults}
    assert config == file.with_suffix(".json")


def test_a_start_is_written_over_nothing(tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text("{}", encoding="utf-8")
    with pytest.raises(BadRequest, match=r"mine\.json is there already"):
        start_of(tmp_path / "mine.py", like="twap")


def test_a_start_like_none_is_refused_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match=r"No example 'avelaneda'; .*Did you mean 'avellaneda'"):
        start_of(tmp_path / "mine.py", like="avelaneda")


def test_a_start_that_is_no_python_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match=r"ends in \.py"):
        start_of(tmp_path / "mine", like="twap")
