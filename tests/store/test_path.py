from __future__ import annotations

import pickle
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipeline import api
from pipeline.errors import (
    AccessRefused,
    BadRequest,
    NoBucket,
    PathError,
    PipelineError,
    UnknownScheme,
    Unreachable,
)
from pipeline.store.catalog import open_store
from pipeline.store.path import AnyPath, ObjectStorePath, path_error, path_of
from tests.made import make_config, make_store, results

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("user_text", "path"),
    [
        ("data/parquet", Path("data/parquet")),
        (Path("/data"), Path("/data")),
        ("C:/data", Path("C:/data")),
        ("C:\\data", Path("C:\\data")),
        ("", Path()),
        ("s3:", Path("s3:")),
        ("file:///data/a%20b", Path("/data/a b")),
        ("file://localhost/data", Path("/data")),
        ("FILE:///data?x=1", Path("/data")),
        ("s3://bucket", ObjectStorePath("s3://bucket")),
        ("s3://bucket/a?scheme=http", ObjectStorePath("s3://bucket/a?scheme=http")),
        ("foo://bucket", ObjectStorePath("foo://bucket")),
        (ObjectStorePath("gs://b", "c"), ObjectStorePath("gs://b", "c")),
    ],
)
def test_a_path_is_local_unless_it_is_a_uri_of_another_scheme(user_text: str | AnyPath, path: AnyPath) -> None:
    assert path_of(user_text) == path


@pytest.mark.parametrize(
    ("user_text", "words"),
    [
        (Path("s3://bucket/ticks"), "one slash"),
        ("gs:/bucket", "one slash"),
        ("s3:\\bucket", "one slash"),
        ("file://server/share", "another machine"),
        ("file://data", "another machine"),
    ],
)
def test_a_uri_that_lost_something_on_its_way_is_named(user_text: str | Path, words: str) -> None:
    with pytest.raises(BadRequest, match=words):
        path_of(user_text)


@pytest.mark.parametrize(
    ("path", "shown", "name"),
    [
        (ObjectStorePath("s3://bucket?scheme=http") / "FAB.parquet", "s3://bucket/FAB.parquet", "FAB.parquet"),
        (ObjectStorePath("s3://bucket/a/") / "trades/FAB.parquet", "s3://bucket/a/trades/FAB.parquet", "FAB.parquet"),
        (
            ObjectStorePath("s3://bucket/a/") / "trades" / "FAB.parquet",
            "s3://bucket/a/trades/FAB.parquet",
            "FAB.parquet",
        ),
        (ObjectStorePath("s3://bucket/run"), "s3://bucket/run", "run"),
        (ObjectStorePath("s3://key:secret@bucket/run"), "s3://***@bucket/run", "run"),
        (
            ObjectStorePath("abfs://box@account.dfs.core.windows.net/run"),
            "abfs://box@account.dfs.core.windows.net/run",
            "run",
        ),
    ],
)
def test_an_object_store_path_shows_neither_query_nor_password(path: ObjectStorePath, shown: str, name: str) -> None:
    assert (str(path), path.name) == (shown, name)
    assert repr(path) == f"ObjectStorePath('{shown}')"
    assert pickle.loads(pickle.dumps(path)) == path  # noqa: S301 - our own


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("Unrecognized filesystem type in URI: foo://a", UnknownScheme),
        ("Got S3 URI but Arrow compiled without S3 support", UnknownScheme),
        ("When listing 'a/': AWS Error NO_SUCH_BUCKET during ListObjectsV2 operation: none", NoBucket),
        ("When reading 'a': AWS Error ACCESS_DENIED during HeadObject operation: No response body.", AccessRefused),
        ("When writing 'a': AWS Error INVALID_ACCESS_KEY_ID during CreateMultipartUpload operation", AccessRefused),
        ("When writing 'a': AWS Error UNKNOWN (HTTP status 403) during PutObject operation", AccessRefused),
        ("google::cloud::Status(UNAVAILABLE: Could not create a OAuth2 access token to", AccessRefused),
        ("google::cloud::Status(UNAVAILABLE: CURL error [7]=Could not connect to server", Unreachable),
        ("When reading 'a': AWS Error NETWORK_CONNECTION during HeadObject operation: curlCode: 7", Unreachable),
        ("When reading 'ACCESS_KEY TOKEN': AWS Error UNKNOWN (HTTP status 500) during HeadObject", PathError),
        ("", PathError),
    ],
)
def test_what_the_other_side_says_is_put_in_plain_words(said: str, kind: type[PathError]) -> None:
    uri = "foo://key:secret@a?client_secret=secret"
    error = path_error(ObjectStorePath(uri), OSError(f"{said} '{uri}' and foo://key:secret@a/b\nsecond line"))
    assert type(error) is kind
    assert error.exit_status == 2
    assert str(error).startswith("foo://***@a")
    assert "secret" not in str(error)
    assert "second line" not in str(error)


@pytest.mark.parametrize(
    ("uri", "kind", "words"),
    [
        ("foo://bucket/ticks", UnknownScheme, "'foo://' is no scheme"),
        ("hdf://bucket/ticks", UnknownScheme, "Did you mean 'hdfs'?"),
        ("https://example.com/ticks", UnknownScheme, "'https://' is no scheme"),
        ("s3:///ticks", PathError, "Missing bucket name"),
        ("s3://bucket/ticks?endpoint=here", PathError, "Unexpected query parameter in S3 URI: 'endpoint'"),
        ("s3://two words/ticks", PathError, "Cannot parse URI"),
    ],
)
@pytest.mark.parametrize("option", ["parquet_dir", "output_dir"])
def test_a_uri_that_cannot_be_meant_stops_a_backtest_before_it_starts(
    tmp_path: Path, uri: str, kind: type[PipelineError], words: str, option: str
) -> None:
    options = {"parquet_dir": make_store(tmp_path / "parquet", ("FAB",)), "config": make_config(tmp_path / "v1.json")}

    def never(_: object) -> None:
        raise AssertionError("it was started")

    with pytest.raises(kind, match=words) as raised:
        api.backtest(**{**options, option: uri}, on_plan=never)  # type: ignore[arg-type]
    assert raised.value.exit_status == 2


def test_a_file_uri_is_the_local_directory_with_all_its_guarantees(tmp_path: Path) -> None:
    store, config = make_store(tmp_path / "parquet"), make_config(tmp_path / "v1.json")
    assert open_store(path_of(store.as_uri())) == open_store(store)
    api.backtest(parquet_dir=store, config=config, output_dir=tmp_path / "run")
    run = api.backtest(parquet_dir=store.as_uri(), config=config, output_dir=(tmp_path / "by uri").as_uri())
    assert run.output_dir == tmp_path / "by uri"
    assert results(tmp_path / "by uri") == results(tmp_path / "run")


@pytest.mark.parametrize(
    "use",
    [
        lambda path: path.read_bytes(),
        lambda path: path.read_end(10),
        lambda path: path.files(),
        lambda path: path.unlink(),
    ],
)
def test_what_is_not_there_is_not_found_as_with_a_path(use: Callable[[ObjectStorePath], object]) -> None:
    with pytest.raises(FileNotFoundError):
        use(ObjectStorePath("mock:///nowhere") / "none")


def test_a_directory_is_made_where_there_are_any_and_holds_what_was_put() -> None:
    run = ObjectStorePath("mock:///held") / "run"
    assert not run.exists()
    run.mkdir()
    (run / "a.txt").write_bytes(b"abc")
    (run / "a.txt").write_bytes(b"defg")
    assert run.files() == {"a.txt": 4}
    assert (run / "a.txt").read_bytes() == b"defg"
    assert (run / "a.txt").read_end(3) == (4, b"efg")
    (run / "a.txt").unlink()
    (run / "a.txt").unlink(missing_ok=True)
    assert not (run / "a.txt").exists()
