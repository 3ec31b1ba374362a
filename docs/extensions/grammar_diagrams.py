"""The directive ``grammar``: rules of the language as railroad diagrams, made at build time.

::

    ```{grammar} rule head parameter
    ```

Each rule is a picture in the page itself, with links from name to name, and below it the same
as text for those who do not see it. A name that is no rule fails the build.
"""

from __future__ import annotations

import html
import io
import typing as t

import railroad
from docutils import nodes
from docutils.parsers.rst import Directive
from grammar_model import Choice, Maybe, Name, Node, Repeat, Row, Word, read_grammar, to_ebnf
from sphinx.application import Sphinx

#: Names that stand for many texts; the page on the grammar describes them.
TOKENS = ("float", "integer", "string", "symbol")


class GrammarDirective(Directive):
    """Shows rules of the grammar."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        """Give the nodes; docutils calls this."""
        return [each for name in self.arguments[0].split() for each in self._rule(name)]

    def _rule(self, name: str) -> t.Iterator[nodes.Node]:
        rules = read_grammar()
        if name not in rules:
            raise self.error(f"The grammar has no rule '{name}'.")
        text = f"{name} = {to_ebnf(rules[name])}"
        target = nodes.target("", "", ids=[anchor_of(name)])
        self.state.document.note_explicit_target(target, target)
        yield target
        yield nodes.raw("", to_figure(name, rules[name], text), format="html")


def to_figure(name: str, node: Node, text: str) -> str:
    """Give the HTML of a rule: its name, the diagram, and the rule as text."""
    svg = io.StringIO()
    railroad.Diagram(to_diagram(node), css=None).writeSvg(svg.write)
    return (
        f'<figure class="grammar" id="{anchor_of(name)}">'
        f"<figcaption><code>{html.escape(name)}</code></figcaption>"
        f'<div class="grammar-scroll" role="img" aria-label="{html.escape(text)}" tabindex="0">'
        f"{svg.getvalue()}</div>"
        f"<details><summary>as text</summary><pre>{html.escape(text)}</pre></details></figure>\n"
    )


def anchor_of(name: str) -> str:
    """Give the place of a rule, or of a kind of tokens, on the page of the grammar."""
    return f"grammar-{name.replace('_', '-')}"


def to_diagram(node: Node) -> railroad.DiagramItem:
    """Give the diagram of a node."""
    match node:
        case Word(text):
            return railroad.Terminal(text)
        case Name(name):
            return railroad.NonTerminal(name.replace("_", " "), href=f"#{anchor_of(name)}")
        case Row(parts):
            return railroad.Sequence(*map(to_diagram, parts))
        case Choice(parts):
            return railroad.Choice(0, *map(to_diagram, parts))
        case Maybe(part):
            return railroad.Optional(to_diagram(part))
        case Repeat(part, between):
            back = to_diagram(between) if between is not None else None
            return railroad.OneOrMore(to_diagram(part), back)
    t.assert_never(node)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive; Sphinx calls this."""
    app.add_directive("grammar", GrammarDirective)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
