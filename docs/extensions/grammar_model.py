"""The grammar of Polar as a reader wants it: in goes ``grammar.lark``, out come rules.

What the parser's tables need is undone: recursion becomes repetition, alternatives that share
a beginning or an end are joined, and marks that say where a value or a condition must stand
are left out. Whoever knows no Lark reads the result as a diagram or as EBNF.
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Iterable, Mapping, Sequence
from importlib import resources

from lark import Lark, Token, Tree

Node = t.Union["Word", "Name", "Row", "Choice", "Maybe", "Repeat"]
Parts = tuple[Node, ...]

#: Rules that have no diagram of their own: they stand for what they consist of.
INLINED = {
    *("argument", "block_item", "block_items", "condition", "expression", "keywords"),
    *("mistake", "prefix_key", "setup_items", "test_items"),
}


@dataclasses.dataclass(frozen=True)
class Word:
    """Text that stands as it is."""

    text: str


@dataclasses.dataclass(frozen=True)
class Name:
    """A rule, or a kind of token that has many texts."""

    name: str


@dataclasses.dataclass(frozen=True)
class Row:
    """One after the other."""

    parts: Parts


@dataclasses.dataclass(frozen=True)
class Choice:
    """One of several."""

    parts: Parts


@dataclasses.dataclass(frozen=True)
class Maybe:
    """What may be left out."""

    part: Node


@dataclasses.dataclass(frozen=True)
class Repeat:
    """Once or more often, with something between."""

    part: Node
    between: Node | None = None


@functools.cache
def read_grammar() -> Mapping[str, Node]:
    """Give the rules of Polar by their names, in the order of ``grammar.lark``."""
    text = resources.files("flask_oso.polar.syntax").joinpath("grammar.lark").read_text("utf-8")
    return _Reader(text).rules()


def to_ebnf(node: Node) -> str:
    """Write a node: ``*`` for any number, ``+`` for one or more, ``?`` for at most one."""
    match node:
        case Word(text):
            return f'"{text}"'
        case Name(name):
            return name
        case Row(parts):
            return " ".join(_bracketed(part, Choice) for part in parts)
        case Choice(parts):
            return " | ".join(map(to_ebnf, parts))
        case Maybe(Repeat(part, None)):
            return f"{_bracketed(part, Choice, Row)}*"
        case Maybe(part):
            return f"{_bracketed(part, Choice, Row, Repeat)}?"
        case Repeat(part, None):
            return f"{_bracketed(part, Choice, Row)}+"
        case Repeat(part, between):
            assert between is not None
            one = _bracketed(part, Choice)
            return f"{one} ({_bracketed(between, Choice)} {one})*"
    t.assert_never(node)


def _bracketed(node: Node, *kinds: type) -> str:
    return f"({to_ebnf(node)})" if isinstance(node, kinds) else to_ebnf(node)


class _Reader:
    """Reads the rules of a file in Lark's own syntax."""

    def __init__(self, text: str) -> None:
        reader = Lark.open_from_package("lark", "lark.lark", ["grammars"], parser="lalr")
        tree = reader.parse(text)
        self._words: dict[str, Node] = {}
        self._definitions: dict[str, tuple[list[str], Tree[Token]]] = {}
        for each in tree.children:
            assert isinstance(each, Tree)
            if each.data == "declare":
                # A word that the parser marks: a name everywhere else.
                marked = [str(name.children[0]) for name in each.find_data("name")]
                self._words |= {name: Word(name.lower()) for name in marked}
            elif each.data == "token":
                self._words[str(each.children[0])] = _token(each)
            elif each.data == "rule":
                name, parameters, body = each.children[0], each.children[1], each.children[-1]
                assert isinstance(parameters, Tree) and isinstance(body, Tree)
                names = [str(name) for name in parameters.children if name is not None]
                self._definitions[_plain(str(name))] = names, body

    def rules(self) -> dict[str, Node]:
        """Give all rules that have diagrams."""
        return {
            _shown(name): self._rule(name, {})
            for name, (parameters, _) in self._definitions.items()
            if not parameters and name not in INLINED
        }

    def _rule(self, name: str, given: Mapping[str, Node]) -> Node:
        """Give a rule with what it is given for its parameters."""
        _, body = self._definitions[name]
        return _repeated(self._alternatives(body, given, name), Name(name))

    def _alternatives(self, tree: Tree[Token], given: Mapping[str, Node], own: str) -> list[Parts]:
        each = tree.children if tree.data == "expansions" else [tree]
        return [self._parts(t.cast("Tree[Token]", part), given, own) for part in each]

    def _parts(self, tree: Tree[Token], given: Mapping[str, Node], own: str) -> Parts:
        """Give what stands in one alternative."""
        inner = tree.children[0] if tree.data == "alias" else tree
        assert isinstance(inner, Tree)
        each = inner.children if inner.data == "expansion" else [inner]
        nodes = [self._node(t.cast("Tree[Token]", part), given, own) for part in each]
        return tuple(_flat(nodes))

    def _node(self, tree: Tree[Token], given: Mapping[str, Node], own: str) -> Node:
        if tree.data == "expr":
            tree = t.cast("Tree[Token]", tree.children[0])
        if tree.data == "literal":
            return Word(str(tree.children[0])[1:-1])
        if tree.data in ("expansions", "alias"):
            return _choice(self._alternatives(tree, given, own))
        if tree.data == "maybe":
            return Maybe(self._node(t.cast("Tree[Token]", tree.children[0]), given, own))
        if tree.data == "template_usage":
            used, *values = (t.cast("Tree[Token]", each) for each in tree.children)
            return self._template(str(used.children[0]), values, given, own)
        return self._named(str(tree.children[0]), given, own)

    def _template(
        self, name: str, values: Sequence[Tree[Token]], given: Mapping[str, Node], own: str
    ) -> Node:
        if name == own:
            # "many{item}" in its own definition.
            return Name(name)
        parameters, _ = self._definitions[name]
        nodes = [self._node(value, given, own) for value in values]
        return self._rule(name, dict(zip(parameters, nodes, strict=True)))

    def _named(self, name: str, given: Mapping[str, Node], own: str) -> Node:
        if name in given:
            return given[name]
        if name in self._words:
            return self._words[name]
        return self._rule(name, {}) if name in INLINED - {own} else Name(_shown(name, own))


def _token(tree: Tree[Token]) -> Node:
    name, text = str(tree.children[0]), next(iter(tree.find_data("literal"))).children[0]
    is_word = str(text).startswith('"')
    return Word(str(text)[1:-1]) if is_word else Name(name.lower())


def _plain(name: str) -> str:
    return name.lstrip("?!")


def _shown(name: str, own: str = "") -> str:
    return name if name == own else name.lstrip("_")


def _repeated(alternatives: list[Parts], own: Name) -> Node:
    """Turn a rule that begins, or ends, with itself into a repetition."""
    first = [parts for parts in alternatives if own not in parts]
    behind = [parts[1:] for parts in alternatives if parts[0] == own]
    before = [parts[:-1] for parts in alternatives if parts[0] != own and parts[-1] == own]
    if not behind and not before:
        return _choice(alternatives)
    one = _choice(first)
    if before:
        # a: b | b "and" a
        assert [parts[:1] for parts in before] == [(one,)] and not behind
        return Repeat(one, _choice([before[0][1:]]))
    if len(behind) == 1 and behind[0][-1] == one:
        # a: b | a "," b
        return Repeat(one, _choice([behind[0][:-1]]) if behind[0][1:] else None)
    return _sequence([one, Maybe(Repeat(_choice(behind)))])


def _choice(alternatives: Iterable[Parts]) -> Node:
    """Give one of several alternatives, with what they share written once."""
    different = list(dict.fromkeys(alternatives))
    if len(different) == 1:
        return _sequence(different[0])
    before = _shared(different)
    rest = [parts[before:] for parts in different]
    behind = _shared([parts[::-1] for parts in rest])
    if before or behind:
        inner = _choice([parts[: len(parts) - behind] for parts in rest])
        end = rest[0][len(rest[0]) - behind :]
        return _sequence([*different[0][:before], inner, *end])
    if () in different:
        return Maybe(_choice([parts for parts in different if parts]))
    groups: dict[Node, list[Parts]] = {}
    for parts in different:
        groups.setdefault(parts[0], []).append(parts)
    return Choice(tuple(_flat_choice(_choice(group) for group in groups.values())))


def _shared(alternatives: Sequence[Parts]) -> int:
    """Count the parts with which all alternatives begin."""
    together = zip(*alternatives, strict=False)
    return next(
        (at for at, parts in enumerate(together) if len({*parts}) > 1),
        min(map(len, alternatives)),
    )


def _sequence(parts: Iterable[Node]) -> Node:
    flat = tuple(_flat(parts))
    return flat[0] if len(flat) == 1 else Row(flat)


def _flat(parts: Iterable[Node]) -> Iterable[Node]:
    for part in parts:
        yield from part.parts if isinstance(part, Row) else (part,)


def _flat_choice(parts: Iterable[Node]) -> Iterable[Node]:
    for part in parts:
        yield from part.parts if isinstance(part, Choice) else (part,)
