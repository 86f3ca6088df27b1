"""`pipeline reconcile`: what it prints, what its JSON holds and its page names, how it is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from pipeline import api
from tests.forked import pipeline
from tests.made import make_config, make_store

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE: Final = (Path(__file__).parents[2] / "docs" / "use" / "reconcile.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("desk")
    store = make_store(folder / "data" / "parquet", ("FAB",))
    config = make_config(folder / "v1.json", ("FAB",))
    output = folder / "output" / "v1_baseline"
    run = api.backtest(config=config, parquet_dir=store, output_dir=output, sensitivity=False, report=False)
    fills = run.trades("FAB")[["timestamp", "side", "fill_price", "fill_qty"]].iloc[1:].copy()
    fills["timestamp"] = fills["timestamp"].dt.tz_localize(None)
    fills.insert(1, "ticker", "FAB")
    fills.to_csv(folder / "fills.csv", index=False)
    (folder / "wrong.csv").write_text("time,security,sid,price,quantity\n")
    return folder


def keys(value: Any) -> Iterator[str]:
    for key, each in value.items() if isinstance(value, dict) else ():
        yield key
        yield from keys(each)


def test_it_prints_what_agrees_and_which_value_fits_best(desk: Path) -> None:
    done = pipeline("reconcile", "fills.csv", "--switch", "trade_through", cwd=desk)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert max(map(len, lines[:-1])) <= 80
    assert {"Fills", "How each value of trade_through fits"} <= {*lines}
    assert "(100.0 %) and 1 that the desk does not have; trade_through=queue fits best" in lines[-1]
    assert (desk / "output" / "v1_baseline" / "reconciliation.csv").exists()


def test_its_json_has_what_the_page_names(desk: Path) -> None:
    done = pipeline("reconcile", "fills.csv", "--switch", "trade_through", "--json", cwd=desk)
    told = json.loads(done.stdout)
    assert (told["best"], told["of_run"], told["total"]["invented"]) == ("queue", "queue", 1)
    assert set(told["fits"]) == {"queue", "clears"}
    common = {"command", "error", "exit_status", "failed", "warnings", "FAB", "queue", "clears"}
    assert [key for key in {*keys(told)} - common if f"`{key}`" not in PAGE] == []


@pytest.mark.parametrize(("words", "said"), [(("wrong.csv",), "side"), (("none.csv",), "none.csv"), ((), "FILLS")])
def test_what_cannot_be_read_is_refused(desk: Path, words: tuple[str, ...], said: str) -> None:
    done = pipeline("reconcile", *words, cwd=desk)
    assert done.returncode == 2
    assert said in done.stderr
