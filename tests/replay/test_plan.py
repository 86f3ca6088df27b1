from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.errors import (
    BadRequest,
    ConfigError,
    NoStore,
    UnconfiguredSecurity,
    UnknownSecurity,
    UnknownStrategy,
)
from pipeline.replay.plan import Request, plan
from pipeline.replay.workers import default_backend
from tests.made import make_config, make_store

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def request_for(tmp_path: Path) -> Any:
    store, config = make_store(tmp_path / "parquet"), make_config(tmp_path / "v1.json")
    return lambda **changes: Request(**{"parquet_dir": store, "config": config, **changes})


def test_every_security_of_the_store_is_planned_in_the_order_of_tickers(request_for: Any) -> None:
    assert [task.ticker for task in plan(request_for()).tasks] == ["EMAAR", "FAB", "MODON"]


def test_the_exchange_comes_from_the_parquet_file(request_for: Any) -> None:
    assert {task.ticker: task.exchange for task in plan(request_for()).tasks} == {
        "EMAAR": "DFM",
        "FAB": "ADX",
        "MODON": "ADX",
    }


def test_securities_of_several_currencies_are_warned_of_first_with_those_to_run_alone(
    request_for: Any, tmp_path: Path
) -> None:
    of_one = plan(request_for())
    assert (set(of_one.currencies.of.values()), of_one.warnings) == ({"AED"}, [])
    config = tmp_path / "mixed.json"
    config.write_text(json.dumps({"_defaults": {}, "FAB": {"exchange": "LSE"}}), encoding="utf-8")
    mixed = plan(request_for(config=config))
    assert mixed.currencies.of == {"EMAAR": "AED", "FAB": "GBP", "MODON": "AED"}
    assert mixed.warnings[0].startswith("The securities are in several currencies (AED 2, GBP 1), which do not add up")
    assert mixed.warnings[0].endswith(
        "Give rates (--fx rates.csv --currency AED), or run one currency at a time, GBP with --securities FAB."
    )


def test_an_entry_of_the_config_that_is_almost_a_securitys_is_warned_of(request_for: Any, tmp_path: Path) -> None:
    config = tmp_path / "v1.json"
    config.write_text('{"_defaults": {}, "EMAR": {"quote_size": 1}, "ALDAR": {}}', encoding="utf-8")
    assert plan(request_for(config=config)).warnings == [
        f"{config}: no entry for EMAAR, so it takes \"_defaults\". Did you mean 'EMAR'?"
    ]
    assert plan(request_for(config=config, securities=["FAB"])).warnings == []


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"workers": 0}, BadRequest, "--workers is 0"),
        ({"workers": -3}, BadRequest, "--workers is -3"),
        ({"max_sheets": 0}, BadRequest, "--max-sheets is 0"),
        ({"backend": "thread"}, BadRequest, "Did you mean 'threading'"),
        ({"engine": "pyton"}, BadRequest, "Did you mean 'python'"),
        ({"strategy": "v1_basline"}, UnknownStrategy, "Did you mean 'v1_baseline'"),
        ({"securities": ["FABB"]}, UnknownSecurity, "Did you mean 'FAB'"),
        ({"overrides": {"refil_interval_sec": "30"}}, ConfigError, "Did you mean 'refill_interval_sec'"),
        ({"overrides": {"max_position": "many"}}, ConfigError, 'max_position is "many"'),
    ],
)
def test_a_wrong_request_is_refused_before_anything_runs(
    request_for: Any, changes: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words) as refused:
        plan(request_for(**changes))
    assert refused.value.exit_status == 2


def test_a_missing_store_says_to_convert(request_for: Any, tmp_path: Path) -> None:
    with pytest.raises(NoStore, match="pipeline convert"):
        plan(request_for(parquet_dir=tmp_path / "nowhere"))


def test_an_empty_store_says_to_convert(request_for: Any, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(NoStore, match="pipeline convert"):
        plan(request_for(parquet_dir=tmp_path / "empty"))


def test_a_security_without_parameters_is_named(request_for: Any, tmp_path: Path) -> None:
    config = make_config(tmp_path / "two.json", ("FAB", "MODON"))
    with pytest.raises(UnconfiguredSecurity, match="no parameters for EMAAR"):
        plan(request_for(config=config))


def test_a_security_without_parameters_does_not_matter_when_it_is_not_chosen(request_for: Any, tmp_path: Path) -> None:
    config = make_config(tmp_path / "two.json", ("FAB", "MODON"))
    chosen = plan(request_for(config=config, securities=["modon", "FAB"]))
    assert [task.ticker for task in chosen.tasks] == ["FAB", "MODON"]


def test_a_torn_file_is_its_security_s_error_and_known_before_anything_runs(request_for: Any, tmp_path: Path) -> None:
    torn = tmp_path / "parquet" / "FAB.parquet"
    torn.write_bytes(torn.read_bytes()[:-100])
    errors = {task.ticker: task.error for task in plan(request_for()).tasks}
    assert errors["EMAAR"] is errors["MODON"] is None
    assert "FAB.parquet is not a whole Parquet file" in str(errors["FAB"])


def test_workers_are_never_more_than_securities(request_for: Any) -> None:
    assert plan(request_for(workers=64, backend="threading")).workers == 3


@pytest.mark.parametrize(
    ("engine", "ticks", "workers", "expected"),
    [
        ("compiled", 700_000, None, "sequential"),
        ("compiled", 700_000, 1, "sequential"),
        ("compiled", 700_000, 2, "threading"),
        ("compiled", 4_000_000, None, "threading"),
        ("python", 1_000, None, "loky"),
        ("python", 4_000_000, 2, "loky"),
    ],
)
def test_the_default_backend_is_the_quickest(engine: Any, ticks: int, workers: int | None, expected: str) -> None:
    assert default_backend(engine, ticks, workers) == expected
