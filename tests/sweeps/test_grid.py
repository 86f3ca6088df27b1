"""Sweep files and --grid texts: what they mean, and what is said of those that mean nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pytest

from pipeline import api
from pipeline.errors import ConfigError, SweepError
from pipeline.sweeps.axes import Axis, assumed, joined
from pipeline.sweeps.grid import grid_of, read_grid, read_sweep
from pipeline.sweeps.trials import every_combination
from tests.made import make_config, make_store

if TYPE_CHECKING:
    from pathlib import Path

VALUES: Final[dict[str, list[Any]]] = {
    "a=1,2,3": [1, 2, 3],
    "a=0.5": [0.5],
    "a=1:4:1": [1, 2, 3, 4],
    "a=1:4:2": [1, 3],
    "a=0.1:0.3:0.1": [0.1, 0.2, 0.3],
    "a=0:1:0.25": [0.0, 0.25, 0.5, 0.75, 1.0],
    "a=5:5:1": [5],
    "a=1:1000:log4": [1, 10, 100, 1000],
    "a=0.01:1:log3": [0.01, 0.1, 1.0],
    "a=1:64:log7": [1, 2, 4, 8, 16, 32, 64],
    "a=1:3:log7": [1, 2, 3],
    "a=null,30": [None, 30],
    "a=true,false": [True, False],
    "a=1,true": [1, True],
    "a=-2:2:2": [-2, 0, 2],
    'a={"from": 0, "to": 1, "points": 3}': [0, 1],
    'a={"from": 0.0, "to": 1, "points": 3}': [0.0, 0.5, 1.0],
    "a=[1, null]": [1, None],
    "execution=classic,strict": ["classic", "strict"],
    "execution.fill_price=print,order": ["print", "order"],
    "execution.fees_bps=0:3:1.5": [0.0, 1.5, 3.0],
    'execution.fees_bps={"ADX": 2.5, "DFM": 3}': [{"ADX": 2.5, "DFM": 3}],
    'execution.fees_bps=[0, {"ADX": 2.5}]': [0, {"ADX": 2.5}],
}


@pytest.mark.parametrize("text", VALUES)
def test_a_text_means_these_values(text: str) -> None:
    [axis] = read_grid([text]).axes
    assert axis.name == text.partition("=")[0]
    assert [json.dumps(value) for value in axis.values] == [json.dumps(value) for value in VALUES[text]]


def test_a_sweep_file_says_all_of_it(tmp_path: Path) -> None:
    path = tmp_path / "all.json"
    content = {
        "_comment": "what for",
        "strategy": ["v1_baseline", "v3_liquidity_monitor"],
        "config": "configs/own.json",
        "securities": ["FAB", "EMAAR"],
        "parameters": {"_comment": "which", "a": [1, 2], "b": {"from": 0.1, "to": 0.3, "step": 0.1}},
        "execution": {"preset": ["classic", "strict"], "latency_ms": [0, 50], "_comment": "how"},
    }
    path.write_text(json.dumps(content))
    grid = read_sweep(path)
    assert (grid.strategies, grid.config) == (("v1_baseline", "v3_liquidity_monitor"), "configs/own.json")
    assert grid.securities == ("FAB", "EMAAR")
    values = {axis.name: axis.values for axis in grid.axes}
    assert values == {
        "a": (1, 2),
        "b": (0.1, 0.2, 0.3),
        "execution": ("classic", "strict"),
        "execution.latency_ms": (0, 50),
    }
    assert [(span.name, span.step, span.log) for span in grid.spans] == [("b", 0.1, False)]
    assert every_combination(grid.axes).shape[1] == 24


@pytest.mark.parametrize("execution", ["strict", ["strict"], {"preset": "strict"}])
def test_presets_may_be_written_shortly(tmp_path: Path, execution: object) -> None:
    path = tmp_path / "sweep.json"
    path.write_text(json.dumps({"strategy": "v1_baseline", "execution": execution}))
    assert [(axis.name, axis.values) for axis in read_sweep(path).axes] == [("execution", ("strict",))]


@pytest.mark.parametrize(
    "values",
    [np.arange(30, 90, 30), [np.int64(30), 60], (30, np.int32(60))],
)
def test_values_of_numpy_are_those_of_python(values: Any) -> None:
    [axis] = grid_of({"a": values}).axes
    assert [(value, type(value)) for value in axis.values] == [(30, int), (60, int)]


@pytest.mark.parametrize("values", [{30}, [object()], 3j])
def test_values_that_no_axis_has_are_told_as_they_were_given(values: Any) -> None:
    with pytest.raises(SweepError, match=r"grid: a is .*; it takes a list of values, a range or one value"):
        grid_of({"a": values})


def test_every_combination_is_a_setting_the_last_axis_changing_fastest() -> None:
    grid = grid_of({"a": (1, 2), "execution": ["classic", "strict"], "execution.latency_ms": range(2)})
    codes = every_combination(grid.axes)
    assert [tuple(axis.values[code] for axis, code in zip(grid.axes, row, strict=True)) for row in codes.T] == [
        (a, preset, latency) for a in (1, 2) for preset in ("classic", "strict") for latency in (0, 1)
    ]


def test_texts_replace_the_axes_of_the_same_name_and_a_grid_by_name_may_name_strategies() -> None:
    first = grid_of({"a": {"from": 1, "to": 3, "step": 1}, "b": [5], "strategy": ["one", "other"]})
    both = joined(first, read_grid(["a=7", "strategy=third"]))
    assert {axis.name: axis.values for axis in both.axes} == {"b": (5,), "a": (7,)}
    assert (both.spans, both.strategies) == ((), ("third",))
    assert joined(first, read_grid(["b=6"])).strategies == ("one", "other")


MALFORMED: Final[dict[str, tuple[list[str], str]]] = {
    "no value": (["a="], "--grid a=: write name=value,value"),
    "no name": (["=1"], "write name=value,value"),
    "no equals": (["a"], "write name=value,value"),
    "twice a value": (["a=1,2,1"], "a has 1 twice"),
    "twice a value, written otherwise": (["a=60,60.0"], "a has 60.0 twice"),
    "twice a name": (["a=1", "a=2"], "a is given twice"),
    "twice a strategy": (["strategy=v1_baseline,v1_baseline"], 'has "v1_baseline" twice'),
    "an empty strategy": (["strategy=v1_baseline,"], 'has "" among its names'),
    "backwards": (["a=3:1:1"], "a: a range goes from a value to one that is not smaller"),
    "no step": (["a=1:3:0"], "a: step is 0"),
    "step backwards": (["a=1:3:-1"], "a: step is -1"),
    "a word for a number": (["a=1:x:1"], 'a: to is "x"; it takes a number'),
    "not a number": (["a=1:NaN:1"], "a: to is NaN"),
    "log from zero": (["a=0:10:log3"], "a: a log range starts above 0"),
    "log without number": (["a=1:10:log"], 'a: points is ""'),
    "log with one": (["a=1:10:log1"], "a: points is 1; it takes a whole number from 2 on"),
    "broken JSON": (["a={nonsense"], "not valid JSON"),
    "unknown key": (['a={"from": 1, "to": 2, "stepp": 1}'], "unknown key 'stepp' of a range. Did you mean 'step'?"),
    "no end": (['a={"from": 1}'], "a: a range goes from"),
    "log as a word": (['a={"from": 1, "to": 9, "log": "no", "points": 3}'], 'a: log is "no"; it takes true or false'),
    "step and points": (['a={"from": 1, "to": 9, "step": 1, "points": 3}'], "a step or points, not both"),
    "log and step": (['a={"from": 1, "to": 9, "step": 1, "log": true}'], "a log range has points"),
    "empty list": (["a=[]"], "a takes no value at all"),
    "a preset": (["execution=strickt"], "Did you mean 'strict'?"),
    "a preset that is a number": (["execution=1:2:1"], "execution is 1; it takes classic or strict"),
    "a switch": (["execution.fil_price=order"], "unknown switch 'execution.fil_price'. Did you mean 'fill_price'?"),
    "too many points": (["a=1:9:log100001"], "a: 100,001 values; at most 100,000"),
    "too many together": (["a=1:60000:1", "b=1:60000:1"], "all axes together: 120,000 values; at most 100,000"),
    "too many": (["a=0:1:0.0000001"], "a: 10,000,001 values; at most 100,000. Take fewer, or a range without"),
    "fees backwards": (["execution.fees_bps=3:0:1"], "execution.fees_bps: a range goes from"),
}


@pytest.mark.parametrize("named", MALFORMED)
def test_a_malformed_text_is_an_error_that_names_what_is_wrong(named: str) -> None:
    texts, words = MALFORMED[named]
    with pytest.raises(SweepError) as error:
        read_grid(texts)
    assert words in str(error.value)


def test_too_many_combinations_are_refused_before_they_are_made() -> None:
    axes = read_grid([f"{name}=1:3000:1" for name in "abc"]).axes
    with pytest.raises(SweepError, match=r"27,000,000,000 settings; at most 5,000,000. Take fewer values, or --trials"):
        every_combination(axes)


MALFORMED_FILES: Final[dict[str, tuple[str, str]]] = {
    "an unknown block": ('{"strategie": "v1_baseline"}', "unknown block 'strategie'. Did you mean 'strategy'?"),
    "a block far from any": ('{"x": 1}', "It takes strategy, config"),
    "no braces": ("[1]", "one block in braces"),
    "no JSON": ("{", "line 1: not valid JSON"),
    "a block twice": ('{"config": "a", "config": "b"}', "'config' stands twice"),
    "a parameter twice": ('{"parameters": {"a": 1, "a": 2}}', "'a' stands twice"),
    "an axis in two blocks": (
        '{"parameters": {"execution.latency_ms": 1}, "execution": {"latency_ms": 2}}',
        "execution.latency_ms is given twice",
    ),
    "a strategy that is a number": ('{"strategy": 1}', "strategy is 1; it takes a name or a list"),
    "securities that are numbers": ('{"securities": [1]}', "securities is [1]"),
    "a config that is a list": ('{"config": []}', "config is []; it takes the path"),
    "parameters that are a list": ('{"parameters": []}', "parameters is []; it takes a block"),
    "execution that is a number": ('{"execution": 1}', "execution is 1; it takes a block"),
    "a preset": ('{"execution": {"preset": "classical"}}', "Did you mean 'classic'?"),
    "a switch": ('{"execution": {"latncy_ms": 1}}', "Did you mean 'latency_ms'?"),
    "no values": ('{"parameters": {"a": []}}', "a takes no value at all"),
}


@pytest.mark.parametrize("named", MALFORMED_FILES)
def test_a_malformed_file_is_an_error_that_names_it_and_what_is_wrong(tmp_path: Path, named: str) -> None:
    text, words = MALFORMED_FILES[named]
    path = tmp_path / "sweep.json"
    path.write_text(text)
    with pytest.raises(ConfigError) as error:
        read_sweep(path)
    assert str(error.value).startswith(str(path))
    assert words in str(error.value)


def test_a_file_that_is_not_there_names_the_nearest_that_is(tmp_path: Path) -> None:
    (tmp_path / "refill.json").write_text("{}")
    with pytest.raises(SweepError, match=r"refil.json: no such sweep file. Did you mean 'refill.json'\?"):
        read_sweep(tmp_path / "refil.json")


def test_a_file_that_is_not_there_is_not_taken_for_any_other_in_its_folder(tmp_path: Path) -> None:
    (tmp_path / "v1_baseline.json").write_text("{}")
    with pytest.raises(SweepError, match=r"file. There are: .*v1_baseline.json. Or give the values by --grid"):
        read_sweep(tmp_path / "v2_1_stop_loss.json")


REFUSED: Final[dict[str, tuple[dict[str, object], str]]] = {
    "a parameter": ({"refil_interval_sec": [1]}, "Did you mean 'refill_interval_sec'?"),
    "a value out of bounds": ({"quote_size": [100, -1]}, "quote_size is -1; it takes"),
    "a word": ({"quote_size": ["many"]}, 'quote_size is "many"; it takes'),
    "a fraction of a share": ({"quote_size": [1.5]}, "quote_size is 1.5"),
    "null where a value is needed": ({"max_position": [None]}, "max_position is null"),
    "a switch's value": ({"execution.fill_price": ["ordr"]}, "Did you mean 'order'?"),
    "a switch's number": ({"execution.latency_ms": [-1]}, "latency_ms is -1"),
    "fees below nothing": ({"execution.fees_bps": [{"ADX": -2}]}, "fees_bps is -2"),
    "an exchange": ({"execution.fees_bps": [{"AXD": 2}]}, "No market facts for exchange 'AXD'; there are ADX, "),
    "a range without values": (
        {"quote_size": {"from": 1, "to": 9}},
        "quote_size: a range needs a step or points, unless trials searches it",
    ),
}


@pytest.mark.parametrize("named", REFUSED)
def test_what_the_strategy_does_not_take_is_refused_before_anything_runs(tmp_path: Path, named: str) -> None:
    grid, words = REFUSED[named]
    store, config = make_store(tmp_path / "parquet", ("FAB",)), make_config(tmp_path / "v1.json")
    with pytest.raises(ConfigError) as error:
        api.sweep(grid=grid, config=config, parquet_dir=store, output_dir=tmp_path / "out")
    assert words in str(error.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("axes", "model"),
    [
        ({"quote_size": (1, 2)}, {}),
        ({"execution": ("classic", "strict")}, {"execution": "strict"}),
        ({"execution": ("classic",)}, {"execution": "classic"}),
        ({"execution.fill_price": ("print", "order")}, {"execution.fill_price": "order"}),
        ({"execution.fees_bps": (5, 2.5)}, {"execution.fees_bps": 5}),
        ({"execution.fees_bps": (5, 0)}, {"execution.fees_bps": 0}),
        ({"execution": ("strict", "classic"), "quote_size": (1,), "execution.latency_ms": (10, 20)},
         {"execution": "strict", "execution.latency_ms": 10}),
    ],
)  # fmt: skip
def test_settings_are_chosen_under_the_careful_execution_model(
    axes: dict[str, tuple[Any, ...]], model: dict[str, Any]
) -> None:
    chosen = assumed([Axis(name, values) for name, values in axes.items()])
    assert chosen == model
    assert [type(value) for value in chosen.values()] == [type(value) for value in model.values()]
