"""Policies made by choices: well formed, mostly loadable, about the world of the tests."""

from __future__ import annotations

from collections.abc import Callable

from .choices import Choices

_VARIABLES = ("x", "y", "actor", "action", "resource")
_CLASSES = ("Animal", "Dog", "Puppy", "User", "Repo", "Integer", "String", "List", "Dictionary")
_FIELDS = ("name", "kind", "org", "roles", "v", "nosuch")
_METHODS = ("add(1)", "nums()", "nothing()", "boom()", "cls_name()", "twice(2)")
_CONSTANTS = ("rex", "bit", "stray", "answer", "pair", "nested", "table", "nil")
_LITERALS = ("1", "2", "-3", "1.5", '"a"', '"read"', "true", "false", "[1, 2]", '{a: 1, b: "a"}')
_COMPARISONS = ("=", "==", "!=", "<", "<=", ">", ">=")
_HEADS = ("allow(actor, action, resource)", "f(x, y)", "g(x)", "allow_field(actor, action, x, y)")
_BLOCKS = (
    "actor User {}",
    'resource Org { roles = ["owner", "member"]; "member" if "owner"; }',
    'actor User {} resource Repo { permissions = ["read"]; roles = ["writer"];'
    ' "read" if "writer"; }',
    # One role reaches all levels, another the next one only.
    'actor User {} resource Repo { permissions = ["read"]; roles = ["reader", "writer"];'
    ' relations = { parent: Repo }; "read" if "reader"; "reader" if "reader" on "parent";'
    ' "read" if "writer" on "parent"; }'
    ' has_relation(parent: Repo, "parent", repo: Repo) if parent = repo.org;'
    " has_role(user: User, name: String, repo: Repo) if"
    " role in user.roles and role.name = name and role.on = repo;",
    "type g(x: Integer);",
    "type allow(actor, action: String, resource);",
)
_DEEPEST = 3


def make_policy(choices: Choices) -> str:
    """Make the text of a policy."""
    statements = [choices.pick(_BLOCKS) for _ in choices.some(1)]
    statements += [_rule(choices) for _ in range(1 + choices.number(5))]
    return "\n".join(statements)


def make_query(choices: Choices) -> str:
    """Make the text of a query."""
    return _condition(choices, 0)


def _rule(choices: Choices) -> str:
    head = _head(choices)
    if choices.number(4) == 1:
        return f"{head};"
    return f"{head} if {_condition(choices, 0)};"


def _head(choices: Choices) -> str:
    name, _, parameters = choices.pick(_HEADS).removesuffix(")").partition("(")
    return f"{name}({', '.join(_parameter(choices, each) for each in parameters.split(', '))})"


def _parameter(choices: Choices, name: str) -> str:
    forms: tuple[Callable[[], str], ...] = (
        lambda: name,
        lambda: f"_{name}",
        lambda: f"{name}: {choices.pick(_CLASSES)}",
        lambda: choices.pick(_LITERALS),
        lambda: f"{name}: {_pattern(choices)}",
        lambda: "_",
    )
    return choices.pick(forms)()


def _pattern(choices: Choices) -> str:
    fields = [f"{choices.pick(_FIELDS)}: {_leaf(choices)}" for _ in choices.some(2)]
    return f"{choices.pick((*_CLASSES, ''))}{{{', '.join(dict.fromkeys(fields))}}}"


def _condition(choices: Choices, depth: int) -> str:
    if depth >= _DEEPEST:
        return f"{_value(choices, depth)} {choices.pick(_COMPARISONS)} {_value(choices, depth)}"

    def inner() -> str:
        return _condition(choices, depth + 1)

    def value() -> str:
        return _value(choices, depth)

    forms: tuple[Callable[[], str], ...] = (
        lambda: f"{value()} {choices.pick(_COMPARISONS)} {value()}",
        lambda: f"{inner()} and {inner()}",
        lambda: f"({inner()} or {inner()})",
        lambda: f"not ({inner()})",
        lambda: f"forall({inner()}, {inner()})",
        lambda: f"{value()} in {value()}",
        lambda: f"{value()} matches {_pattern(choices)}",
        lambda: f"f({value()}, {value()})",
        lambda: f"g({value()})",
        lambda: f"{choices.pick(_VARIABLES)} := {value()}",
        lambda: "cut",
        lambda: f"print({value()})",
        lambda: value(),
        lambda: f"allow({value()}, {value()}, {value()})",
    )
    return choices.pick(forms)()


def _value(choices: Choices, depth: int) -> str:
    if depth >= _DEEPEST:
        return _leaf(choices)

    def inner() -> str:
        return _value(choices, depth + 1)

    forms: tuple[Callable[[], str], ...] = (
        lambda: _leaf(choices),
        lambda: _leaf(choices),
        lambda: f"{choices.pick(_VARIABLES)}.{choices.pick(_FIELDS)}",
        lambda: f"{choices.pick(_CONSTANTS)}.{choices.pick(_METHODS)}",
        lambda: f"({inner()} {choices.pick(('+', '-', '*', '/', 'mod', 'rem'))} {inner()})",
        lambda: f"[{inner()}, *{choices.pick(_VARIABLES)}]",
        lambda: f"{{{choices.pick(_FIELDS)}: {inner()}}}",
        lambda: f"new Dog({inner()}, {choices.pick(_FIELDS[1:])}: {inner()})",
        lambda: f"{choices.pick(_VARIABLES)}.({inner()})",
    )
    return choices.pick(forms)()


def _leaf(choices: Choices) -> str:
    return choices.pick((*_VARIABLES, *_LITERALS, *_CONSTANTS))
