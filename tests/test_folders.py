"""A config is looked for where one works, then among those that come with the project, file by file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import pytest

from pipeline.errors import MarketFactsError, SweepError
from pipeline.folders import config_file, config_files, shipped_configs
from pipeline.markets.facts import facts_of
from pipeline.sweeps.grid import read_sweep
from tests.forked import pipeline

ROOT: Final = Path(__file__).parents[1]
SHIPPED: Final = ROOT / "configs"
MARKETS: Final = Path("configs/markets")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder that has a config and an exchange of its own."""
    monkeypatch.chdir(tmp_path)
    for name in ("configs/v1_baseline.json", "configs/markets/XYZ.json", "other/v1_baseline.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("configs/v1_baseline.json", Path("configs/v1_baseline.json")),
        ("./configs/v1_baseline.json", Path("configs/v1_baseline.json")),
        ("other/v1_baseline.json", Path("other/v1_baseline.json")),
        ("configs/closing_auction.json", SHIPPED / "closing_auction.json"),
        ("./configs/closing_auction.json", SHIPPED / "closing_auction.json"),
        ("configs/markets/ADX.json", SHIPPED / "markets" / "ADX.json"),
        ("configs/sweeps/thousand.json", SHIPPED / "sweeps" / "thousand.json"),
        ("configs/none.json", Path("configs/none.json")),
        ("other/closing_auction.json", Path("other/closing_auction.json")),
        ("closing_auction.json", Path("closing_auction.json")),
        ("../configs/closing_auction.json", Path("../configs/closing_auction.json")),
    ],
)
def test_a_file_here_comes_first_and_a_shipped_one_second(here: Path, asked: str, expected: Path) -> None:
    assert here == Path.cwd()
    assert config_file(Path(asked)) == expected


def test_a_folders_files_are_those_of_both_places_each_once(here: Path) -> None:
    (here / MARKETS / "ADX.json").write_text("{}", encoding="utf-8")
    own = [MARKETS / "ADX.json", MARKETS / "XYZ.json"]
    shipped = [file for file in (SHIPPED / MARKETS.name).glob("*.json") if file.name != "ADX.json"]
    assert config_files(MARKETS) == sorted([*own, *shipped], key=lambda file: file.name)


def test_an_exchange_is_as_the_file_here_says(here: Path) -> None:
    facts = json.loads((SHIPPED / "markets" / "ADX.json").read_text(encoding="utf-8"))
    facts["sessions"][1]["continuous"] = ["10:00", "12:00"]
    (here / MARKETS / "ADX.json").write_text(json.dumps(facts), encoding="utf-8")
    assert facts_of.__wrapped__("ADX").hours.continuous == ((600 * 60_000_000_000, 720 * 60_000_000_000),)
    assert facts_of.__wrapped__("DFM").hours.continuous == ((600 * 60_000_000_000, 885 * 60_000_000_000),)
    with pytest.raises(MarketFactsError, match=r"there are ADX, .*XYZ\..* Add configs.markets.QQ\.json: "):
        facts_of.__wrapped__("QQ")


def test_a_sweep_that_is_in_neither_place_is_told_with_those_of_both(here: Path) -> None:
    (here / "configs" / "sweeps").mkdir()
    (here / "configs" / "sweeps" / "own.json").write_text('{"parameters": {"max_position": [1, 2]}}', encoding="utf-8")
    assert [axis.values for axis in read_sweep(Path("configs/sweeps/own.json")).axes] == [(1, 2)]
    assert read_sweep(Path("configs/sweeps/thousand.json")).axes
    with pytest.raises(SweepError, match=r"Did you mean 'thousand\.json'\?"):
        read_sweep(Path("configs/sweeps/thousan.json"))


def test_in_a_checkout_the_shipped_configs_are_the_repositorys() -> None:
    assert shipped_configs() == SHIPPED


def test_init_says_what_it_cannot_write(tmp_path: Path) -> None:
    (tmp_path / "configs").write_text("", encoding="utf-8")
    done = pipeline("init", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("Error: configs/closing_auction.json cannot be written: ")
