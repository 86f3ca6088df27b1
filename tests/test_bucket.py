"""Both stages with their files in a bucket: moto's S3 server on loopback answers."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from moto import settings
from moto.core.responses import ActionAuthenticatorMixin
from moto.server import ThreadedMotoServer
from pyarrow.fs import FileSelector, FileSystem

from pipeline import api
from pipeline.conversion.verify import verify_each
from pipeline.errors import (
    AccessRefused,
    CorruptParquet,
    NoBucket,
    NoStore,
    PipelineError,
    StaleStore,
    Unreachable,
)
from pipeline.store.catalog import open_store
from pipeline.store.parquet import read_footer, write_table
from pipeline.store.path import ObjectStorePath, path_of
from pipeline.store.tick_file import read_ticks
from tests.conversion.books import tick, tick_sheet, write_book
from tests.made import contents, make_signal_desk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


ROOT = Path(__file__).parents[1]
SURROUNDINGS = {
    "AWS_ACCESS_KEY_ID": "made-up",
    "AWS_SECRET_ACCESS_KEY": "made-up",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Run an S3 server with an empty bucket `desk` and yield the query that leads to it."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
            patch.delenv(name, raising=False)
        for name, value in SURROUNDINGS.items():
            patch.setenv(name, value)
        moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        moto.start()
        query = f"?scheme=http&region=us-east-1&endpoint_override=127.0.0.1:{moto.get_host_and_port()[1]}"
        FileSystem.from_uri(f"s3://desk{query}&allow_bucket_creation=true")[0].create_dir("desk")
        yield query
        moto.stop()


@pytest.fixture
def bucket(server: str, tmp_path: Path) -> Callable[[str], str]:
    """Give the URI of a directory of this test's own in the bucket."""
    return lambda name: f"s3://desk/{tmp_path.name}/{name}{server}"


def put(folder: Path, uri: str) -> str:
    for file in sorted(folder.iterdir()):
        (path_of(uri) / file.name).write_bytes(file.read_bytes())
    return uri


def held(uri: str) -> dict[str, bytes]:
    """Return what every object below a URI holds."""
    files, root = FileSystem.from_uri(uri)
    found = files.get_file_info(FileSelector(root, recursive=True))
    return {
        each.path.removeprefix(f"{root}/"): files.open_input_file(each.path).read() for each in found if each.is_file
    }


def compared(files: dict[str, bytes]) -> dict[str, bytes]:
    """Leave out of run.json how it was run and how long that took."""
    told = json.loads(files["run.json"])
    del told["how"]
    return files | {"run.json": json.dumps(told).encode()}


def spoil(uri: str, ticker: str, part: float = 0.5) -> None:
    file = path_of(uri) / f"{ticker}.parquet"
    assert isinstance(file, ObjectStorePath)
    content = bytearray(file.read_bytes())
    content[int(len(content) * part)] ^= 0x10
    file.write_bytes(bytes(content))


def errors_of(uri: str) -> dict[str, str]:
    rows = csv.DictReader(io.StringIO(held(uri)["backtest_summary.csv"].decode()))
    return {row["security"]: row["error"] for row in rows}


@pytest.mark.parametrize(
    "options",
    [
        {"backend": "sequential"},
        {"backend": "threading", "workers": 2},
        {"backend": "loky", "workers": 2},
        {"backend": "loky", "workers": 2, "engine": "python", "sensitivity": True},
    ],
)
def test_a_backtest_from_and_into_a_bucket_gives_the_bytes_of_a_local_one(
    inputs: Any, bucket: Callable[[str], str], tmp_path: Path, options: dict[str, Any]
) -> None:
    common = {"config": inputs[1], "note": "of the desk", "excel": options["backend"] == "sequential"}
    api.backtest(**common, parquet_dir=inputs[0], output_dir=tmp_path / "run")
    ticks = put(inputs[0], bucket("ticks"))
    run = api.backtest(**common, parquet_dir=ticks, output_dir=bucket("run"), **options)
    assert not run.failed
    assert compared(held(bucket("run"))) == compared(contents(tmp_path / "run"))
    assert str(run.output_dir) == bucket("run").partition("?")[0]


def test_signals_in_a_bucket_give_the_bytes_of_local_ones(inputs: Any, bucket: Any, tmp_path: Path) -> None:
    file, local = make_signal_desk(tmp_path), tmp_path / "signals"
    common = {"strategy": str(file), "config": file.with_suffix(".json"), "fresh": True}
    api.backtest(**common, parquet_dir=inputs[0], signals=local, output_dir=tmp_path / "run")
    ticks, _ = put(inputs[0], bucket("ticks")), put(local, bucket("ticks/signals"))
    for name, signals in (("one", None), ("two", put(local, bucket("alphas")))):
        run = api.backtest(**common, parquet_dir=ticks, signals=signals, output_dir=bucket(name), backend="loky")
        assert min(run.summary["trades"]) > 20
        assert compared(held(bucket(name))) == compared(contents(tmp_path / "run"))


def test_the_command_line_takes_uris_as_they_are(inputs: Any, bucket: Callable[[str], str]) -> None:
    ticks = put(inputs[0], bucket("ticks"))

    def pipeline(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pipeline", *words, "--config", str(inputs[1])]
        surroundings = {**os.environ, "PYTHONPATH": str(ROOT)}
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=surroundings)

    done = pipeline("backtest", "--parquet-dir", ticks, "--output-dir", bucket("run"))
    assert done.returncode == 0, done.stderr
    assert f"Results: {bucket('run').partition('?')[0]}  (" in done.stdout
    assert json.loads(held(bucket("run"))["run.json"])["status"] == "complete"
    done = pipeline("sensitivity", "--parquet-dir", ticks)
    assert done.returncode == 0, done.stderr
    assert "strict" in done.stdout
    done = pipeline("backtest", "--parquet-dir", ticks.replace("//desk", "//desk-of-none"))
    assert done.returncode == 2
    assert "there is no such bucket" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_second_run_removes_what_the_first_wrote_and_nothing_else(inputs: Any, bucket: Callable[[str], str]) -> None:
    api.backtest(config=inputs[1], parquet_dir=inputs[0], output_dir=bucket("run"))
    (path_of(bucket("run")) / "notes.txt").write_bytes(b"mine")
    api.backtest(config=inputs[1], parquet_dir=inputs[0], output_dir=bucket("run"), securities=["FAB"])
    left = held(bucket("run"))
    assert left["notes.txt"] == b"mine"
    assert [name for name in left if "trades" in name] == ["fab_trades_timeseries.csv", "trades/FAB.parquet"]


def test_an_interrupted_run_is_not_taken_for_a_complete_one(inputs: Any, bucket: Callable[[str], str]) -> None:
    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        api.backtest(config=inputs[1], parquet_dir=inputs[0], output_dir=bucket("run"), on_result=interrupt)
    assert json.loads(held(bucket("run"))["run.json"])["status"] == "interrupted"
    assert "backtest_summary.csv" not in held(bucket("run"))


def test_nothing_stays_on_this_machine(
    inputs: Any, bucket: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    api.backtest(config=inputs[1], parquet_dir=put(inputs[0], bucket("ticks")), output_dir=bucket("run"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("part", [0.01, 0.2, 0.4, 0.6, 0.8])
def test_a_flipped_bit_in_an_object_does_not_pass(inputs: Any, bucket: Callable[[str], str], part: float) -> None:
    uri = put(inputs[0], bucket("ticks"))
    spoil(uri, "FAB", part)
    with pytest.raises(CorruptParquet, match=r"ticks/FAB\.parquet"):
        read_ticks(path_of(uri) / "FAB.parquet")


@pytest.mark.parametrize("backend", ["sequential", "loky"])
def test_objects_that_are_corrupt_or_gone_fail_and_the_others_stand(
    inputs: Any, bucket: Callable[[str], str], backend: str
) -> None:
    ticks = put(inputs[0], bucket("ticks"))
    spoil(ticks, "EMAAR")

    def remove(_: object) -> None:
        gone = path_of(ticks) / "MODON.parquet"
        gone.unlink()

    run = api.backtest(
        config=inputs[1], parquet_dir=ticks, output_dir=bucket("run"), backend=backend, workers=2, on_plan=remove
    )
    assert sorted(run.failed) == ["EMAAR", "MODON"]
    errors = errors_of(bucket("run"))
    assert "EMAAR.parquet is not a whole Parquet file" in errors["EMAAR"]
    assert "MODON.parquet is not there" in errors["MODON"]
    assert errors["FAB"] == ""
    assert [name for name in held(bucket("run")) if name.startswith("trades/")] == ["trades/FAB.parquet"]


def test_a_security_that_is_out_of_reach_fails_and_the_others_stand(
    inputs: Any, bucket: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = put(inputs[0], bucket("ticks"))
    read = ObjectStorePath.read_bytes

    def cut_off(place: ObjectStorePath) -> bytes:
        if place.name == "FAB.parquet":
            with place._reached():
                raise OSError("When reading: AWS Error NETWORK_CONNECTION during GetObject operation: curlCode: 7")
        return read(place)

    monkeypatch.setattr(ObjectStorePath, "read_bytes", cut_off)
    run = api.backtest(config=inputs[1], parquet_dir=ticks, output_dir=bucket("run"))
    assert list(run.failed) == ["FAB"]
    assert "FAB.parquet: it cannot be reached" in errors_of(bucket("run"))["FAB"]


def test_a_file_whose_footer_is_long_is_read_and_one_cut_short_is_not(bucket: Callable[[str], str]) -> None:
    folder = path_of(bucket("ticks"))
    write_table(folder / "LONG.parquet", pa.table({"a": [1, 2]}), metadata={"long": "x" * 200_000})
    footer = read_footer(folder / "LONG.parquet")
    assert (footer.rows, len(footer.metadata["long"])) == (2, 200_000)
    whole = (folder / "LONG.parquet").read_bytes()
    for cut in (b"", b"PAR1", whole[:-1], whole[100_000:], b"\0" * 200_000):
        (folder / "CUT.parquet").write_bytes(cut)
        with pytest.raises(CorruptParquet, match=r"CUT\.parquet"):
            read_footer(folder / "CUT.parquet")


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (("//desk/", "//nowhere/"), NoBucket, "there is no such bucket"),
        (("/ticks", "/tocks"), NoStore, "no Parquet directory s3://desk/.*/tocks"),
    ],
)
def test_a_store_that_is_not_there_is_named(
    inputs: Any, bucket: Callable[[str], str], change: tuple[str, str], error: type[PipelineError], words: str
) -> None:
    uri = put(inputs[0], bucket("ticks")).replace(*change)
    with pytest.raises(error, match=words) as raised:
        api.backtest(config=inputs[1], parquet_dir=uri)
    assert raised.value.exit_status == 2


def test_a_bucket_to_write_to_that_is_not_there_stops_the_run_before_it_starts(
    inputs: Any, bucket: Callable[[str], str]
) -> None:
    def never(_: object) -> None:
        raise AssertionError("it was started")

    with pytest.raises(NoBucket, match=r"s3://nowhere/.*run\.json"):
        api.backtest(
            config=inputs[1],
            parquet_dir=inputs[0],
            output_dir=bucket("run").replace("//desk", "//nowhere"),
            on_plan=never,
        )


def test_a_listed_object_that_is_gone_is_named(bucket: Callable[[str], str], tmp_path: Path) -> None:
    book = write_book(tmp_path / "t.xlsx", {"FAB UH Equity": tick_sheet(tick())})
    api.convert(book, bucket("ticks"))
    (path_of(bucket("ticks")) / "FAB.parquet").unlink()
    (path_of(bucket("ticks")) / "OTHER.parquet").write_bytes(b"")
    gone, broken = open_store(path_of(bucket("ticks"))).securities
    assert "FAB.parquet is listed in catalog.json" in str(gone.error)
    assert "OTHER.parquet is not a whole Parquet file" in str(broken.error)


@pytest.mark.parametrize("option", ["parquet_dir", "output_dir"])
def test_wrong_credentials_are_named(
    inputs: Any, bucket: Callable[[str], str], option: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = put(inputs[0], bucket("ticks"))
    monkeypatch.setattr(settings, "INITIAL_NO_AUTH_ACTION_COUNT", 0)
    monkeypatch.setattr(ActionAuthenticatorMixin, "request_count", 0)
    with pytest.raises(AccessRefused, match="the credentials in the environment are missing, wrong") as raised:
        api.backtest(config=inputs[1], **{"parquet_dir": inputs[0], option: uri})  # type: ignore[arg-type]
    assert raised.value.exit_status == 2


@pytest.mark.slow
def test_a_server_that_does_not_answer_is_named() -> None:
    with pytest.raises(Unreachable, match="look at the network and at endpoint_override"):
        open_store(path_of("s3://desk/ticks?scheme=http&region=us-east-1&endpoint_override=127.0.0.1:9"))


def book_of(path: Path, **prices: object) -> Path:
    sheets = {f"{name} UH Equity": tick_sheet(tick(), tick(price=price)) for name, price in prices.items()}
    return write_book(path, sheets)


def test_a_conversion_into_a_bucket_gives_the_bytes_of_a_local_one_and_converts_only_what_changed(
    bucket: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    book, uri = book_of(tmp_path / "t.xlsx", FAB=17, ALDAR=-1), bucket("ticks")

    def statuses() -> list[str]:
        return [row.status for row in api.convert(book, uri, max_rejects=0.5).rows]

    assert statuses() == ["converted", "converted"]
    api.convert(book, tmp_path / "local", max_rejects=0.5)
    assert held(uri) == contents(tmp_path / "local")
    assert "ALDAR.rejects.parquet" in held(uri)
    assert statuses() == ["unchanged", "unchanged"]
    assert not any(verified.problem for verified in verify_each(path_of(uri)))
    book_of(book, FAB=17, ALDAR=18)
    with pytest.raises(StaleStore):
        open_store(path_of(uri)).check_fresh()
    assert statuses() == ["unchanged", "converted"]
    assert sorted(held(uri)) == ["ALDAR.parquet", "FAB.parquet", "catalog.json"]
    spoil(uri, "FAB", 0.99)
    assert statuses() == ["converted", "unchanged"]
    assert list((tmp_path / "temporary").iterdir()) == []


def test_a_conversion_into_no_bucket_stops_before_any_sheet_is_read(
    bucket: Callable[[str], str], tmp_path: Path
) -> None:
    book = write_book(tmp_path / "t.xlsx", {"FAB UH Equity": tick_sheet(tick())})
    events: list[object] = []
    with pytest.raises(NoBucket):
        api.convert(book, bucket("ticks").replace("//desk", "//nowhere"), on_event=events.append)
    assert events == []
