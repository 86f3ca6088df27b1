"""Turns a command line that Typer could not parse into one plain sentence about what was wrong."""

from __future__ import annotations

import re
from typing import Any, Final

from pipeline.cli import complete
from pipeline.errors import nearest
from pipeline.options import SHARED

TOP: Final = "pipeline"
TAKES: Final = {
    "int": "a whole number",
    "float": "a number",
}


def is_usage(error: Exception) -> bool:
    """Tell whether Typer raised this because of what was typed."""
    return hasattr(error, "format_message") and hasattr(error, "exit_code")


def plain(error: Any, verb: str) -> str:
    """Return what is wrong with what was typed after a verb, and what comes nearest to it."""
    context = getattr(error, "ctx", None)
    verb = str(context.info_name) if context is not None else verb or TOP
    known = _options(context)
    match type(error).__name__:
        case "NoSuchOption":
            sentence = _no_such_option(error.option_name, verb, known)
        case "MissingParameter":
            sentence = f"{verb} needs {_named(error.param)}: {_help_of(error.param)}"
        case "BadParameter":
            sentence = _bad_value(error)
        case "BadOptionUsage" if "not take a value" in error.message:
            sentence = f"{error.option_name} takes no value."
        case "BadOptionUsage":
            sentence = f"{error.option_name} needs a value after it."
        case _:
            sentence = _otherwise(error.format_message(), verb, known)
    return (
        f"{sentence} `pipeline {verb} --help` lists what it takes."
        if verb != TOP
        else f"{sentence} Try `pipeline --help`."
    )


def _no_such_option(name: str, verb: str, known: list[str]) -> str:
    if verb == TOP and name.lstrip("-") in SHARED:
        return f"{name} goes after the command: pipeline COMMAND {name}."
    return f"{verb} has no option {name}.{nearest(name, known) if name.startswith('--') else ''}"


def _otherwise(message: str, verb: str, known: list[str]) -> str:
    unexpected = re.match(r"Got unexpected extra arguments?(?:\(s\))? \((.*)\)", message)
    if unexpected:
        return _unexpected(unexpected[1].split()[0], verb, known)
    return message if message.endswith("?") else f"{message.rstrip('.')}."


def _unexpected(word: str, verb: str, known: list[str]) -> str:
    meant = ""
    if "--strategy" in known and (word.endswith(".py") or word in complete.strategies("")):
        meant = f" Did you mean --strategy {word}?"
    elif "--securities" in known and word.isupper():
        meant = f" Did you mean --securities {word}?"
    return f"{verb} takes no argument '{word}'.{meant}"


def _bad_value(error: Any) -> str:
    name = _named(error.param) if error.param is not None else "A value"
    value = re.match(r"'(.*?)' (is not|does not match)", error.message)
    takes = TAKES.get(getattr(getattr(error.param, "type", None), "name", ""))
    if value and takes:
        return f"{name} is '{value[1]}'; it takes {takes}."
    return f"{name}: {error.message.rstrip('.')}."


def _named(param: Any) -> str:
    if param is None:
        return "something more"
    return str(param.opts[0] if param.param_type_name == "option" else param.human_readable_name)


def _help_of(param: Any) -> str:
    text = str(getattr(param, "help", "") or "say which.")
    return f"{text[0].lower()}{text[1:]}"


def _options(context: Any) -> list[str]:
    if context is None:
        return []
    return [word for param in context.command.get_params(context) for word in (*param.opts, *param.secondary_opts)]
