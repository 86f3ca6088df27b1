"""Puts a page's parts and its charts' data together as one self-contained file; the only one that knows Jinja2."""

from __future__ import annotations

import base64
import contextlib
import functools
import hashlib
import json
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pipeline.errors import OutputNotWritable
from pipeline.folders import cache_folder
from pipeline.numbers import FORMS, exact
from pipeline.pages import html as elements
from pipeline.pages.curves import packed
from pipeline.pages.html import NOTHING, html
from pipeline.store.cached_file import read_cached, write_cached

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jinja2 import Environment

MOST_BYTES: Final = 7_999_999
"""No page may be larger, whatever the run."""

TEMPLATES: Final = Path(__file__).parent / "templates"
CHART_SCRIPTS: Final = ("timeline.js", "page.js")
TABLE_SCRIPTS: Final = ("tables.js",)
TEMPLATE: Final = {
    "layout": {
        "font": {"size": 12, "color": "$text"},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "separators": ".,",
        "margin": {"l": 66, "r": 12, "t": 12, "b": 46},
        "colorway": ["$equity", "$marked", "$buy", "$sell", "$position", "$price"],
        "hoverlabel": {"bgcolor": "$card", "bordercolor": "$line", "font": {"color": "$text"}},
        "legend": {
            "font": {"size": 12},
            "orientation": "h",
            "x": 0,
            "y": 1,
            "yanchor": "bottom",
            "bgcolor": "rgba(0,0,0,0)",
        },
        "xaxis": {"gridcolor": "$grid", "linecolor": "$line", "zerolinecolor": "$faint", "automargin": False},
        "yaxis": {"gridcolor": "$grid", "linecolor": "$line", "zerolinecolor": "$faint", "automargin": False},
    }
}
"""What all charts have in common, in the names of style.css's colours."""

_LIBRARY: Final = b"<!--plotly.min.js-->"
_PART: Final = "<!--part-->"
"""What stands between the parts that base.html.j2 renders."""

NO_SCRIPT: Final = "The charts need JavaScript. All figures are in the tables below."


@dataclass(frozen=True, slots=True)
class Parts:
    """What a page shows, each a piece of HTML; noscript: what is said where scripts do not run."""

    header: str
    nav: str
    content: str
    footer: str
    noscript: str = NO_SCRIPT


def render(template: str, data: Mapping[str, Any] | None, *, scripts: Sequence[str] = (), **context: Any) -> bytes:
    """Return the page that `template` makes of `context`, with `data` and `scripts` as `page_of` takes them."""
    text = environment().get_template(template).render(context)
    header, nav, noscript, content, footer = map(html, text.split(_PART))
    return page_of(context["title"], Parts(header, nav, content, footer, noscript), data, scripts=scripts)


def page_of(title: str, parts: Parts, data: Mapping[str, Any] | None, *, scripts: Sequence[str] = ()) -> bytes:
    """Return the page of these parts, with `data` inside it for page.js.

    `data["charts"]` maps a chart's name to its Plotly figure (`data`, `layout`); `<div class="chart"
    data-chart="NAME">` is where it is drawn. In a figure a value of a `color` key may be the name of one of style.css's
    colours ("$buy"), and `{"shared": NAME, …}` has all that `data["shared"][NAME]` has besides. A chart over time has
    `pack`, the columns (`packed_columns`) that timeline.js makes its lines of, and `days`, which its zoom buttons step
    by: the first as days since 1970-01-01, then the steps from one to the next; or its pack begins with them, as
    `days`. `data["days"]`, written alike, are all days of the page, each shown from the first to the last of
    `data["hours"]`. Text from outside goes into a figure through `chart_text`. Without `data` the page has tables and
    no charts. scripts: files that run after ours.
    """
    names = (*(() if data is None else CHART_SCRIPTS), *TABLE_SCRIPTS, *scripts)
    sources = [(TEMPLATES / name).read_bytes().replace(b"\r\n", b"\n") for name in names]
    allowed, content = ([], b"") if data is None else ([library()[0]], library()[1])
    policy = " ".join([*allowed, *map(_source, sources)])
    before = html(_BEFORE, policy, title, html((TEMPLATES / "style.css").read_text(encoding="utf-8")))
    charts = NOTHING
    if data is not None:
        whole = {"shared": {}, "days": [], "hours": [0, 24], **data, "template": TEMPLATE}
        charts = html(_CHARTS, html(embedded(whole)), html(_LIBRARY.decode()))
    message = html('<p class="note" id="no-charts" role="status" hidden></p>\n') if data is not None else NOTHING
    body = html(_BODY, *(parts.header, parts.nav, parts.noscript, message, parts.content, parts.footer))
    own = elements.joined(html("<script>%s</script>\n", html(source.decode())) for source in sources)
    page = f"{before}{body}{charts}{own}</body>\n</html>\n".encode()
    start, _, end = page.partition(_LIBRARY)
    return b"".join([start, content, end])


_BEFORE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src %s; style-src 'unsafe-inline'; \
img-src data: blob:; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>%s</title>
<style>%s</style>
</head>
<body>
"""
_BODY: Final = """<a class="skip" href="#content">To the figures</a>
<header class="top">
%s
</header>
<nav aria-label="Sections">%s</nav>
<main id="content" tabindex="-1">
<noscript><p class="note">%s</p></noscript>
%s
%s
</main>
<footer>%s</footer>
"""
_CHARTS: Final = """<script type="application/json" id="data">%s</script>
<script type="text/plain" id="plotly">%s</script>
"""


def embedded(data: Mapping[str, Any]) -> str:
    """Return data as JSON that cannot end the script element it stands in."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    for mark in "<>&":
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return text


def chart_text(text: str) -> str:
    """Return text so that Plotly, which reads some HTML in its labels, shows it as it is."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


@functools.cache
def library() -> tuple[str, bytes]:
    """Return how a page's security policy names plotly.min.js, and the file compressed.

    Compressing it takes half a second, so it is cached, where the folder can be written.
    """
    script = plotly_file().read_bytes().replace(b"\r\n", b"\n")
    source = _source(script)
    key = f"{zlib.ZLIB_RUNTIME_VERSION}\0{source}"
    file = cache_folder("pages") / hashlib.sha256(key.encode()).hexdigest()
    compressed = read_cached(file, key)
    if compressed is None:
        compressed = packed(script, 9).encode()
        with contextlib.suppress(OutputNotWritable):
            write_cached(file, key, compressed)
    return source, compressed


def plotly_file() -> Path:
    """Return where the installed plotly package has plotly.min.js, without importing the package."""
    import importlib.util  # a run without a report does not need it

    package = importlib.util.find_spec("plotly")
    assert package is not None  # noqa: S101 - the project needs it
    return Path(str(package.origin)).parent / "package_data" / "plotly.min.js"


def _source(script: bytes) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script).digest()).decode()}'"


@functools.cache
def environment() -> Environment:
    """Return what renders the templates: names from outside are escaped, one that is not given is an error."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # pages alone need it

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        auto_reload=False,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"shown": lambda value, form: FORMS[form](value), "exact": exact}
    environment.globals["ui"] = elements
    return environment
