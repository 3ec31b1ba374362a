"""The documentation site: ``make docs`` builds it into ``build/docs``."""

from __future__ import annotations

import sys
from pathlib import Path

from sphinx.application import Sphinx

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "docs" / "extensions")]

import flask_oso  # noqa: E402  # the package of this checkout

project = "flask-oso"
author = "flask-oso contributors"
copyright = author
version = release = flask_oso.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "pallets_sphinx_themes",
    "polar_highlighting",
    "grammar_diagrams",
    "plain_pages",
    "playground",
]
exclude_patterns = ["_static", "_templates", "extensions"]
source_suffix = {".md": "markdown"}
default_role = "code"

myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence", "deflist"]

autodoc_member_order = "bysource"
autodoc_typehints = "none"
autodoc_preserve_defaults = True
# Names of other projects: their inventories are not on this machine.
nitpick_ignore = [("py:exc", "HTTPException")]
nitpick_ignore_regex = [
    ("py:.*", r"(flask|werkzeug|sqlalchemy|sa|orm|collections|datetime|typing|t|Flask)\b.*"),
]

# What an example shows need not be a policy, and diagrams of Mermaid are shown as text.
suppress_warnings = ["misc.highlighting_failure", "myst.domains"]

html_theme = "flask"
templates_path = ["_templates"]
html_static_path = ["_static"]
html_css_files = ["railroad.css", "site.css", "dark.css"]
html_favicon = "_static/icon.svg"
html_title = f"flask-oso {release}"
html_show_sourcelink = False
html_copy_source = False
version_banner = False  # It would ask the package index.
html_sidebars = {"**": ["searchfield.html", "localtoc.html", "relations.html"]}


def drop_note_for_pytest(
    app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    """Leave out of the reference what the package tells pytest."""
    if what == "module":
        del lines[1:]


def setup(app: Sphinx) -> None:
    """Register what changes docstrings; Sphinx calls this."""
    app.connect("autodoc-process-docstring", drop_note_for_pytest)
