"""Puts each page beside its HTML as plain Markdown, and makes ``llms.txt``, which lists them.

Whoever reads without a browser gets ``reference/errors.md`` for ``reference/errors.html``. In
these texts nothing is left that only Sphinx understands: diagrams of the grammar are EBNF, and
the reference of the Python API is the text of its docstrings.
"""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

from grammar_model import read_grammar, to_ebnf
from sphinx.application import Sphinx
from sphinx.builders.text import TextBuilder
from sphinx.writers.text import TextTranslator

_FENCE = re.compile(
    r"^(?P<marks>`{3,}|:{3,})\{(?P<name>[\w-]+)\} ?(?P<value>[^\n]*)\n(?P<body>.*?)^(?P=marks)\n",
    re.MULTILINE | re.DOTALL,
)
_NOTE = re.compile(r"^<!--.*?-->\n", re.MULTILINE | re.DOTALL)
_LABEL = re.compile(r"^\([\w-]+\)=\n", re.MULTILINE)
_SUMMARY = "Authorization for Flask: policies in Polar, decisions in pure Python."


def write_pages(app: Sphinx, error: Exception | None) -> None:
    """Write all plain pages and their list; Sphinx calls this at the end of a build."""
    if error is not None or app.builder.format != "html":
        return
    for name in sorted(app.env.found_docs):
        source = Path(app.env.doc2path(name))
        target = Path(app.outdir, f"{name}.md")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(to_plain(source.read_text("utf-8"), app, name), encoding="utf-8")
    Path(app.outdir, "llms.txt").write_text("\n".join(_list(app)), encoding="utf-8")


def to_plain(text: str, app: Sphinx | None = None, name: str = "") -> str:
    """Give a page as Markdown that needs no Sphinx."""

    def replace(match: re.Match[str]) -> str:
        kind, value, body = match["name"], match["value"], match["body"]
        if kind == "grammar":
            rules = read_grammar()
            lines = [f"{rule} = {to_ebnf(rules[rule])}" for rule in value.split()]
            return "```ebnf\n" + "\n".join(lines) + "\n```\n"
        if kind in ("eval-rst", "raw", "toctree"):
            return ""
        if kind == "include" and app is not None:
            return _included(Path(app.env.doc2path(name)).parent / value, body)
        # An admonition.
        return "".join(f"> {line}\n" for line in [f"**{kind.capitalize()}**", *body.splitlines()])

    plain = _LABEL.sub("", _NOTE.sub("", _FENCE.sub(replace, text)))
    if app is not None and "{eval-rst}" in text:
        plain = f"{plain}\n```text\n{_as_text(app, name)}\n```\n"
    return re.sub(r"\n{3,}", "\n\n", plain)


def _included(path: Path, options: str) -> str:
    """Give the part of a file between two marks."""
    after, before = re.findall(r"^:(?:start-after|end-before): (.*)$", options, re.MULTILINE)
    return path.read_text("utf-8").partition(after)[2].partition(before)[0]


def _as_text(app: Sphinx, name: str) -> str:
    """Give what a page has of docstrings."""
    builder = TextBuilder(app, app.env)
    builder.secnumbers = {}
    doctree = app.env.get_doctree(name)
    writer = TextTranslator(doctree, builder)
    doctree.walkabout(writer)
    return writer.body.strip()


def _list(app: Sphinx) -> t.Iterator[str]:
    """Yield the lines of ``llms.txt``: the pages in the order of the table of contents."""
    yield f"# {app.config.project} {app.config.release}\n"
    yield f"> {_SUMMARY}\n"
    for part in app.env.toctree_includes[app.config.root_doc]:
        yield f"## {_title(app, part)}\n"
        yield from (f"- [{_title(app, name)}]({name}.md)" for name in _inside(app, part))
        yield ""


def _inside(app: Sphinx, name: str) -> t.Iterator[str]:
    yield name
    for each in app.env.toctree_includes.get(name, []):
        yield from _inside(app, each)


def _title(app: Sphinx, name: str) -> str:
    return app.env.titles[name].astext()


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the pages; Sphinx calls this."""
    app.connect("build-finished", write_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
