"""What the values of options mean, given as text on the command line or as Python values to the public functions."""

from __future__ import annotations

import datetime as dt
import functools
import inspect
import json
import os
import re
from collections.abc import Callable, Iterable, Mapping
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

from pipeline.errors import BadRequest, PipelineError, shown
from pipeline.options import RAW_DIR
from pipeline.settings import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.options import Option
    from pipeline.store.path import AnyPath

    Arguments = ParamSpec("Arguments")
    Returned = TypeVar("Returned")

INSTEAD: Final = {"execution": ' Its single switches are parameters: {"execution.fill_price": "order"}.'}
"""What a value of another kind is likely to mean."""

FLAG_OR_COMMAND: Final = re.compile(r"`[^`]*`|(?<![\w-])--[a-z][a-z-]*")
"""A command to type, which stays one, or an option named in a sentence."""


def checked(public: Callable[Arguments, Returned]) -> Callable[Arguments, Returned]:
    """Let a public function refuse, by BadRequest, empty values and those of a kind that an option does not take.

    Its errors name parameters as Python does, and keep for the command line what they are called there. Its signature
    shows types alone.
    """
    signature = inspect.signature(public)
    parameters = signature.parameters
    names = _names_by_flag(parameters.values())

    @functools.wraps(public)
    def call(*given: Arguments.args, **named: Arguments.kwargs) -> Returned:
        from pipeline.markets.codes import read_markets_anew  # not for who only asks what there is

        read_markets_anew()  # in a notebook they, or the working directory, may be others than at the last call
        try:
            for name, value in (dict(zip(parameters, given, strict=False)) | named).items():
                parameter = parameters.get(name)
                for declared in getattr(parameter and parameter.annotation, "__metadata__", ()):
                    if parameter is not None and value is not parameter.default:
                        _check(name, value, declared, _kinds(parameter.annotation))
            return public(*given, **named)
        except PipelineError as error:
            error.as_typed = error.as_typed or str(error)
            error.args = (FLAG_OR_COMMAND.sub(lambda word: names.get(word[0], word[0]), str(error)),)
            raise

    bare = [parameter.replace(annotation=_type_in(parameter.annotation)) for parameter in parameters.values()]
    call.__signature__ = signature.replace(parameters=bare)  # type: ignore[attr-defined]
    return call


def _names_by_flag(parameters: Iterable[inspect.Parameter]) -> dict[str, str]:
    """Return what Python calls the options of a function, by their names on the command line."""
    names: dict[str, str] = {}
    for parameter in parameters:
        for declared in getattr(parameter.annotation, "__metadata__", ()):
            flag = declared.flag or f"--{parameter.name.replace('_', '-')}"
            names |= {flag: parameter.name, flag.replace("--", "--no-"): f"{parameter.name}=False"}
    return names


def _type_in(annotation: Any) -> Any:
    """Return the type that an annotation of an option says, without the option."""
    kind = annotation.__origin__ if hasattr(annotation, "__metadata__") else annotation
    return getattr(kind, "__forward_arg__", kind)


def _check(name: str, value: object, declared: Option, kinds: Sequence[str]) -> None:
    if isinstance(value, str) and not value.strip() and not declared.empty:
        raise BadRequest(empty_words(name))
    if any(KINDS[kind][1](value) for kind in kinds):
        return
    takes = " or ".join(dict.fromkeys(KINDS[kind][0] for kind in kinds if kind != "None"))
    raise BadRequest(
        f"{name} is {shown(repr(value))}; it takes {takes}. It is: {_within(declared.help)}"
        f"{INSTEAD.get(name, '') if isinstance(value, Mapping) else ''}"
    )


def _within(sentence: str) -> str:
    """Return a sentence as it goes on within another: without its capital, unless that is of a word in capitals."""
    return sentence if sentence[1].isupper() else f"{sentence[0].lower()}{sentence[1:]}"


def empty_words(name: str) -> str:
    """Return what is said of an option or argument that is given and has no value."""
    return f"{name} is empty: give it a value, or leave it out."


def _kinds(annotation: Any) -> list[str]:
    """Return the names of the kinds in an option's annotation, which may be text, without what these hold."""
    kind = _type_in(annotation)
    text = kind.__name__ if isinstance(kind, type) else str(kind)
    while "[" in text:
        text = re.sub(r"\[[^\[\]]*\]", "", text)
    return [name.strip().rpartition(".")[2] for name in text.split("|")]


def _is_list(value: object) -> bool:
    if not isinstance(value, Iterable) or isinstance(value, str | bytes | Mapping):
        return False
    is_kept = isinstance(value, list | tuple | set | frozenset)  # what can be gone through once is left alone
    return not is_kept or all(isinstance(each, str | os.PathLike) for each in value)


def _is_path(value: object) -> bool:
    from pipeline.store.path import ObjectStorePath

    return isinstance(value, os.PathLike | ObjectStorePath)


KINDS: Final[Mapping[str, tuple[str, Callable[[object], bool]]]] = {
    "bool": (
        "True or False",
        lambda value: isinstance(value, Integral) or type(value).__name__ in ("bool_", "bool"),  # or numpy's
    ),
    "int": ("a whole number", lambda value: isinstance(value, Integral) and not isinstance(value, bool)),
    "float": ("a number", lambda value: isinstance(value, Real) and not isinstance(value, bool)),
    "str": ("a text", lambda value: isinstance(value, str)),
    "Path": ("a path", _is_path),
    "AnyPath": ("a path", _is_path),
    "date": ("a date", lambda value: isinstance(value, dt.date)),
    "Mapping": ("a dict", lambda value: isinstance(value, Mapping)),
    "Sequence": ("a list of texts", _is_list),
    "Callable": ("a function", callable),
    "None": ("None", lambda value: value is None),
}
"""What the kinds in annotations of options are called, and what is of them."""


def names_of(names: str | Sequence[str], name: str) -> Sequence[str]:
    """Return names that are a list, or one text with commas between them; raise BadRequest where there is none in it.

    The default, an empty tuple, is for all.
    """
    found = [each.strip() for each in names.split(",") if each.strip()] if isinstance(names, str) else [*names]
    if not found and names != ():
        raise BadRequest(empty_words(name))
    return found


def overrides_of(parameters: Mapping[str, object] | Sequence[str]) -> dict[str, str]:
    """Return the value of each parameter as text; raise BadRequest for a text that is not KEY=VALUE."""
    if isinstance(parameters, Mapping):
        return {
            str(key): value if isinstance(value, str) else _as_json(key, value) for key, value in parameters.items()
        }
    pairs = [text.partition("=") for text in parameters or ()]
    for key, equals, value in pairs:
        if not (key and equals and value):
            raise BadRequest(f"--set {key}{equals}{value}: write KEY=VALUE, for example refill_interval_sec=30.")
    overrides: dict[str, str] = {}
    for key, _, value in pairs:
        if key.strip() in overrides:
            raise BadRequest(f"--set {key.strip()} is given twice; keep one.")
        overrides[key.strip()] = value.strip()
    return overrides


def origin_of(parameters: object) -> str:
    """Return where parameters come from, as messages have it before KEY=VALUE."""
    return "parameters:" if isinstance(parameters, Mapping) else "--set"


def _as_json(key: object, value: object) -> str:
    try:
        return json.dumps(plain(value), default=plain)
    except (TypeError, ValueError):  # a value that holds itself is no better
        raise BadRequest(
            f"parameters: {key} is {shown(repr(value))}; it takes a number, a text, True, False, None, or a list or "
            "a dict of these."
        ) from None


def counts_of(text: str, option: str) -> list[int]:
    """Return whole numbers with commas between them; raise BadRequest for a text that is not so, or one below 1."""
    words = [word.strip() for word in text.split(",") if word.strip()]
    counts = [int(word) if word.isascii() and word.isdigit() else 0 for word in words]
    if not counts or min(counts) < 1:
        raise BadRequest(f"{option} is '{text}'; it takes whole numbers of at least 1, separated by commas.")
    return counts


def check_varies(sweep_file: object, grid: object) -> None:
    """Raise BadRequest for a sweep that is told nothing to vary."""
    if sweep_file is None and not grid:
        if isinstance(grid, Mapping):
            raise BadRequest('grid is empty: name what to vary, as grid={"refill_interval_sec": [30, 60, 120]}.')
        raise BadRequest("A sweep needs something to vary: give a sweep file, or --grid NAME=VALUE,VALUE.")


def date_of(value: dt.date | str | None, option: str) -> dt.date | None:
    """Return a date that may be given as text; raise BadRequest for a text that is none."""
    if isinstance(value, dt.datetime):
        return value.date()
    if not isinstance(value, str):
        return value
    try:
        return dt.date.fromisoformat(value)
    except ValueError:
        raise BadRequest(f"{option} is '{value}'; it takes a date such as 2025-08-29.") from None


def results_folder(output_dir: str | AnyPath | None, parquet_dir: AnyPath, *, png: bool) -> AnyPath | None:
    """Return the folder that results are to go to, if any.

    Raises BadRequest for the working directory, for a folder of workbooks or of ticks, and where images are asked for
    and it is not a folder of this machine.
    """
    from pipeline.store.path import path_of

    folder = None if output_dir is None else path_of(output_dir)
    if png and not isinstance(folder, Path):
        raise BadRequest("--png draws into a folder of this machine: name one with --output-dir.")
    if isinstance(folder, Path):
        whose = {Path(): "the working directory", RAW_DIR: "where workbooks are"}
        whose |= {parquet_dir: "where the ticks are"} if isinstance(parquet_dir, Path) else {}
        for other, what in whose.items():
            if folder.resolve() == other.resolve():
                raise BadRequest(
                    f"--output-dir is '{folder}', {what}; name a folder for results, such as output/trial."
                )
    return folder
