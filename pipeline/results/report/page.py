"""A template's name and the charts' data in, one self-contained HTML page out; the only file that knows Jinja2."""

from __future__ import annotations

import base64
import contextlib
import functools
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pipeline.errors import MissingExtra, OutputNotWritable
from pipeline.folders import cache_folder
from pipeline.numbers import FORMS, exact
from pipeline.store.atomic import write_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from jinja2 import Environment

MOST_BYTES: Final = 5_999_999
"""No page may be larger, whatever the run."""

TEMPLATES: Final = Path(__file__).parent / "templates"
TEMPLATE: Final = {
    "layout": {
        "font": {"size": 12, "color": "$text"},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "separators": ".,",
        "margin": {"l": 66, "r": 12, "t": 12, "b": 46},
        "colorway": ["$equity", "$marked", "$buy", "$sell", "$position", "$price"],
        "hoverlabel": {"bgcolor": "$card", "bordercolor": "$line", "font": {"color": "$text"}},
        "legend": {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "bgcolor": "rgba(0,0,0,0)"},
        "xaxis": {"gridcolor": "$grid", "linecolor": "$line", "zerolinecolor": "$faint", "automargin": False},
        "yaxis": {"gridcolor": "$grid", "linecolor": "$line", "zerolinecolor": "$faint", "automargin": False},
    }
}
"""What all charts have in common, in the names of style.css's colours."""
_HOW: Final = {"autoescape": True, "trim_blocks": True, "lstrip_blocks": True}
_LIBRARY: Final = b"<!--plotly.min.js-->"
_ESCAPES: Final = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026"}


def render(template: str, data: Mapping[str, Any], *, scripts: Sequence[str] = (), **context: Any) -> bytes:
    """Return the page that `template` makes of `context`, with `data` inside it for page.js.

    `data["charts"]` maps a chart's name to its Plotly figure (`data`, `layout`); `<div class="chart"
    data-chart="NAME">` is where it is drawn. In a figure a value of a `color` key may be the name of one of style.css's
    colours ("$buy"), a list of numbers may be `{"column": NAME}`, which stands in `data["columns"]` once, as a list or
    as `{"start", "steps", "unit"}`, and `{"shared": NAME, …}` has all that `data["shared"][NAME]` has besides. The days
    that zoom buttons step by are `data["days"]` or the figure's own `days` (ISO dates, or days since 1970-01-01), shown
    from the first to the last of `data["hours"]`. Text from outside goes into a figure through `chart_text`.
    scripts: files beside page.js that run after it.
    """
    library = plotly_script()
    own = [(TEMPLATES / name).read_bytes().replace(b"\r\n", b"\n") for name in ("page.js", *scripts)]
    page = (
        _environment()
        .get_template(template)
        .render(
            context,
            data=_markup(embedded({"columns": {}, "shared": {}, **data, "template": TEMPLATE})),
            style=_markup((TEMPLATES / "style.css").read_text(encoding="utf-8")),
            page_scripts=[_markup(script.decode()) for script in own],
            library=_markup(_LIBRARY.decode()),
            script_sources=" ".join(_source(script) for script in (library, *own)),
        )
    )
    before, _, after = page.encode().partition(_LIBRARY)
    return before + library + after


def embedded(data: Mapping[str, Any]) -> str:
    """Return data as JSON that cannot end the script element it stands in."""
    return json.dumps(data, separators=(",", ":"), allow_nan=False).translate(_ESCAPES)


def chart_text(text: str) -> str:
    """Return text so that Plotly, which reads some HTML in its labels, shows it as it is."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


@functools.cache
def plotly_script() -> bytes:
    """Return plotly.min.js as the installed plotly package has it; raises MissingExtra."""
    return plotly_file().read_bytes().replace(b"\r\n", b"\n")


def plotly_file() -> Path:
    """Return where the installed plotly package has plotly.min.js, without importing the package."""
    import importlib.util  # a run without a report does not need it

    found = importlib.util.find_spec("plotly")
    for folder in (found and found.submodule_search_locations) or ():
        file = Path(folder) / "package_data" / "plotly.min.js"
        if file.is_file():
            return file
    raise MissingExtra("The report needs plotly, which is not installed here; run `make setup`, or use --no-report.")


def _source(script: bytes) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script).digest()).decode()}'"


def _markup(text: str) -> Any:
    from markupsafe import Markup  # Jinja2's own, loaded with it

    return Markup(text)  # noqa: S704 - our own files, and JSON that `embedded` made harmless


def _kept_text(source: str, make: Callable[[], str]) -> str:
    """Return the Python that a template becomes, kept as text since making it is a fifth of a page's time.

    Jinja2 would keep it itself, as a pickle, which runs what stands in it before anyone has looked at it.
    """
    import jinja2

    key = hashlib.sha256(f"{jinja2.__version__}\0{_HOW}\0{source}".encode()).hexdigest()
    path = cache_folder("pages") / f"{key}.py"
    with contextlib.suppress(OSError, UnicodeDecodeError):
        digest, _, text = path.read_bytes().decode().partition("\n")
        if digest == f"# {_text_digest(key, text)}":
            return str(text)
    text = make()
    with contextlib.suppress(OSError, OutputNotWritable):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, f"# {_text_digest(key, text)}\n{text}".encode(), durable=False)
    return text


def _text_digest(key: str, text: str) -> str:
    return hashlib.sha256(f"{key}{text}".encode()).hexdigest()


@functools.cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # only a report needs it

    class Kept(Environment):
        def compile(self, source: Any, name: Any = None, filename: Any = None, *_: Any, **__: Any) -> Any:
            made = super().compile
            text = _kept_text(f"{name}\0{source}", lambda: str(made(source, name, filename, raw=True)))
            return compile(text, filename or "<template>", "exec")

    environment = Kept(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        auto_reload=False,
        **_HOW,  # type: ignore[arg-type]
    )
    environment.filters |= {"shown": lambda value, form: FORMS[form](value), "exact": exact}
    return environment
