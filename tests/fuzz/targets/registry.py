"""Names of classes and constants: any text is taken or refused, and never mistaken."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterable

from flask_oso import Oso, OsoError
from flask_oso.polar.exceptions import DuplicateClassAliasError, UnregisteredClassError

from ..choices import Choices
from ..oracle import refusals, sandbox
from ..words import NAMES, WORDS

IS_TEXT = False
_MOST_STEPS = 25
_CLASSES = tuple(type(f"Class{number}", (), {}) for number in range(4))
_VALUES: tuple[t.Any, ...] = (1, True, None, "text", 2**70, "\ud800", [1], {}, object(), ..., type)
_RESERVED = ("Actor", "Resource")


def seeds() -> Iterable[bytes]:
    """Give a few rows of choices."""
    return [bytes(range(start, start + 60)) for start in (0, 60, 120)]


def target(data: bytes) -> None:
    """Register what the input names, and compare with a plain dictionary."""
    choices = Choices(data)
    oso = Oso()
    known: dict[str, type] = {}
    with sandbox():
        for _ in range(_MOST_STEPS):
            if not choices.are_left:
                break
            choices.pick(_STEPS)(choices, oso, known)
        for name, cls in known.items():
            assert oso.get_class(name) is cls, f"{name!r} is another class now"


def _name(choices: Choices) -> str:
    return choices.text() if choices.flag() else choices.pick((*NAMES, *WORDS))


def _register_class(choices: Choices, oso: Oso, known: dict[str, type]) -> None:
    name, cls = _name(choices), choices.pick(_CLASSES)
    is_taken = name in known
    try:
        oso.register_class(cls, name=name, fields=choices.pick((None, {}, {"a": cls})))
    except DuplicateClassAliasError:
        assert is_taken or oso.get_class(name).__module__ in ("builtins", "datetime"), name
    except OsoError as error:
        assert name not in known, f"{name!r}: {error}"
    else:
        assert not is_taken and name not in _RESERVED, f"{name!r} was taken"
        known[name] = cls


def _register_nonsense(choices: Choices, oso: Oso, known: dict[str, type]) -> None:
    value, name = choices.pick(_VALUES), _name(choices)
    try:
        oso.register_class(value, name=name)
    except (OsoError, TypeError) as error:
        assert str(error)
    else:
        assert value is type and name not in known, f"{value!r} is no class"
        known[name] = value


def _register_constant(choices: Choices, oso: Oso, known: dict[str, type]) -> None:
    name, value = _name(choices), choices.pick(_VALUES)
    with refusals():
        oso.register_constant(value, name)


def _use(choices: Choices, oso: Oso, known: dict[str, type]) -> None:
    name = _name(choices)
    try:
        oso.get_class(name)
    except UnregisteredClassError:
        assert name not in known, f"{name!r} is lost"
    oso.clear_rules()
    with refusals():
        oso.load_str(choices.pick(_POLICIES).replace("NAME", name))
        oso.is_allowed(choices.pick(_VALUES), "read", choices.pick(_CLASSES)())


_POLICIES = (
    "allow(_: NAME, _, _);",
    "allow(_, _, x) if x = NAME or x matches NAME{a: 1};",
    'resource NAME { permissions = ["read"]; }',
    "?= NAME = NAME;",
    "allow(_, _, _) if x = new NAME() and x matches NAME;",
    "NAME(_) if true; allow(x, _, _) if NAME(x);",
)
_STEPS: tuple[Callable[[Choices, Oso, dict[str, type]], None], ...] = (
    *(_register_class, _register_class, _register_constant, _use, _use, _register_nonsense),
)
