"""A value that a public function cannot mean is a sentence that says what it takes, and nothing is run."""

from __future__ import annotations

import datetime as dt
import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from pipeline import api
from pipeline.errors import BadRequest, ConfigError, PipelineError
from pipeline.option_values import checked, date_of, overrides_of
from tests.made import make_config, make_store

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("public", "options", "words"),
    [
        (
            api.backtest,
            {"workers": "2"},
            "workers is '2'; it takes a whole number. It is: how many securities at a time.",
        ),
        (api.backtest, {"workers": True}, "workers is True; it takes a whole number."),
        (api.backtest, {"workers": 2.5}, "workers is 2.5; it takes a whole number."),
        (
            api.backtest,
            {"execution": {"fill_price": "order"}},
            "execution is {'fill_price': 'order'}; it takes a text. It is: how orders are assumed to fill: classic or ",
        ),
        (
            api.backtest,
            {"config": {"FAB": {}}},
            "config is {'FAB': {}}; it takes a text or a path. It is: parameters by",
        ),
        (api.backtest, {"config": ""}, "config is empty: give it a value, or leave it out."),
        (api.backtest, {"output_dir": " "}, "output_dir is empty: give it a value, or leave it out."),
        (api.backtest, {"parquet_dir": None}, "parquet_dir is None; it takes a text or a path."),
        (api.backtest, {"strategy": 5}, "strategy is 5; it takes a text."),
        (api.backtest, {"securities": []}, "securities is empty: give it a value, or leave it out."),
        (api.backtest, {"securities": ","}, "securities is empty: give it a value, or leave it out."),
        (api.backtest, {"securities": None}, "securities is None; it takes a text or a list of texts."),
        (api.backtest, {"securities": [1, 2]}, "securities is [1, 2]; it takes a text or a list of texts."),
        (api.backtest, {"securities": {"FAB": 1}}, "securities is {'FAB': 1}; it takes a text or a list of texts."),
        (api.backtest, {"parameters": 3}, "parameters is 3; it takes a dict or a list of texts."),
        (
            api.backtest,
            {"parameters": {"quote_size": {1}}},
            "parameters: quote_size is {1}; it takes a number, a text,",
        ),
        (api.backtest, {"report": "no"}, "report is 'no'; it takes True or False."),
        (api.backtest, {"sensitivity": "off"}, "sensitivity is 'off'; it takes True or False."),
        (api.convert, {"workbooks": ""}, "workbooks is empty"),
        (api.convert, {"only": []}, "only is empty"),
        (api.convert, {"max_rejects": "0.5"}, "max_rejects is '0.5'; it takes a number."),
        (api.sweep, {"grid": {}}, 'grid is empty: name what to vary, as grid={"refill_interval_sec": [30, 60, 120]}.'),
        (api.sweep, {}, "A sweep needs something to vary"),
        (api.sweep, {"grid": {"quote_size": [1]}, "train_until": 5}, "train_until is 5; it takes a date or a text."),
        (api.sweep, {"grid": {"quote_size": [1]}, "choose_by": 5}, "choose_by is 5; it takes a text or a function."),
        (api.sweep, {"grid": 5}, "grid is 5; it takes a dict or a list of texts. It is: NAME=VALUE,VALUE or "),
        (api.report, {"run": 5}, "run is 5; it takes a text or a path."),
        (api.explain, {"security": "FAB", "fill": "3"}, "fill is '3'; it takes a whole number."),
        (api.reconcile, {"fills": {}}, "fills is {}; it takes a text or a path."),
        (api.sample, {"days": "4"}, "days is '4'; it takes a whole number."),
        (api.all_runs, {"output_dir": ""}, "output_dir is empty"),
        (
            api.compare_page,
            {"runs": "v1_baseline", "page": "c.html"},
            "runs is 'v1_baseline'; it takes a list of texts.",
        ),
        (api.compare_page, {"runs": ["a", "b"], "page": ""}, "page is empty"),
        (api.backtest, {"output_dir": "."}, "output_dir is '.', the working directory; name a folder"),
        (api.backtest, {"fx": {"USD": 3}}, "fx gives rates, and nothing says what to convert to: add currency AED."),
        (
            api.backtest,
            {"report": 0.5},
            "report is 0.5; it takes True or False. It is: write the page report.html, unless report=False.",
        ),
        (api.convert, {"workers": 0}, "workers is 0; it must be 1 or more."),
        (
            api.explain,
            {"security": "FAB", "fill": 1.0},
            "fill is 1.0; it takes a whole number. It is: number of the fill, counted from 1, as `show --fills` has",
        ),
    ],
)
def test_what_a_function_does_not_take_is_one_plain_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, public: Callable[..., Any], options: dict[str, Any], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PipelineError) as refused:
        public(**options)
    assert type(refused.value) is BadRequest
    assert str(refused.value).startswith(words)
    assert [*tmp_path.iterdir()] == []


def test_switches_given_as_an_execution_are_told_where_they_belong() -> None:
    with pytest.raises(BadRequest, match=r'Its single switches are parameters: \{"execution.fill_price": "order"\}\.'):
        api.backtest(execution={"fill_price": "order"})  # type: ignore[arg-type]


def test_what_is_given_by_place_is_checked_alike() -> None:
    with pytest.raises(BadRequest, match="a is 1; it takes a text or a path"):
        api.compare(1, "b")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "options",
    [
        {"workers": np.int64(1), "fresh": np.True_, "note": "", "ignore_conditions": "", "fx": [], "parameters": []},
        {"securities": (name for name in ["FAB"]), "max_sheets": 1, "fx": {}, "parameters": {}},
        {"securities": np.array(["FAB"]), "signals": Path("signals")},
        {"securities": {"FAB"}},
    ],
)
def test_what_means_the_same_in_another_kind_is_taken(tmp_path: Path, options: dict[str, Any]) -> None:
    store, config = make_store(tmp_path / "store", ("FAB",)), make_config(tmp_path / "v1.json", ("FAB",))
    run = api.backtest(config=config, parquet_dir=store, sensitivity=False, **options)
    assert run.failed == {}


def test_numbers_of_numpy_and_pandas_are_those_of_python() -> None:
    given = {
        "a": np.int64(3),
        "b": np.float32(0.5),
        "c": np.True_,
        "d": np.array([1, 2]),
        "e": [np.int8(1), 2.5],
        "f": pd.Series([3]),
    }
    assert overrides_of(given) == {"a": "3", "b": "0.5", "c": "true", "d": "[1, 2]", "e": "[1, 2.5]", "f": "[3]"}
    for day in (dt.datetime(2025, 1, 6, 11, 30), pd.Timestamp("2025-01-06")):  # noqa: DTZ001 - as a user has it
        assert (date_of(day, "train_until"), type(date_of(day, "train_until"))) == (dt.date(2025, 1, 6), dt.date)


def test_help_and_editors_show_types_without_what_the_command_line_is_made_from() -> None:
    options = inspect.signature(api.backtest).parameters
    assert (options["workers"].annotation, options["config"].annotation) == (int | None, "str | Path | None")
    assert "Option(" not in str(inspect.signature(api.explain))


def test_the_command_line_is_told_an_error_in_its_own_words(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match=r"^max_sheets is 0") as error:
        api.backtest(max_sheets=0, parquet_dir=make_store(tmp_path / "store", ("FAB",)))
    assert error.value.as_typed == "--max-sheets is 0; it takes a whole number of at least 1."


def test_a_checked_function_says_itself_what_is_missing() -> None:
    def public(day: dt.date) -> dt.date:
        return day

    assert checked(public)(dt.date(2025, 1, 6)) == dt.date(2025, 1, 6)
    with pytest.raises(TypeError, match=r"public.* missing 1 required positional argument: 'day'"):
        checked(public)()  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"refil": 3}, "parameters: refil=3: unknown parameter 'refil'."),
        ({"quote_size": -1}, "parameters: quote_size=-1: quote_size is -1; it takes "),
        ({"execution.foo": 1}, "parameters: execution.foo=1: unknown switch 'foo'."),
        ({2: 3}, "parameters: 2=3: unknown parameter '2'."),
        (["refil=3"], "parameters refil=3: unknown parameter 'refil'."),
        (["execution.touch=always"], 'parameters execution.touch=always: touch is "always"; it takes '),
    ],
)
def test_a_wrong_parameter_is_named_as_it_was_given(tmp_path: Path, parameters: Any, message: str) -> None:
    store, config = make_store(tmp_path / "store", ("FAB",)), make_config(tmp_path / "v1.json", ("FAB",))
    with pytest.raises(ConfigError, match=re.escape(message)):
        api.backtest(config=config, parquet_dir=store, parameters=parameters)


def test_a_parameter_given_twice_is_refused() -> None:
    assert overrides_of(["a=1", "b = 2"]) == {"a": "1", "b": "2"}
    with pytest.raises(BadRequest, match="--set a is given twice; keep one"):
        overrides_of(["a=1", "a =2"])
