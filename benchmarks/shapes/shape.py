"""``Shape`` and ``World``: one feature of policies, and what is needed to ask about it.

In goes the size of a world, such as the depth of its folders; out come objects, a policy about
them, questions of which some are allowed and some denied, and the same check by hand.
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from flask_oso import Oso
from flask_oso.polar.limits import Limits

Question = tuple[t.Any, ...]

#: A world may take the solver longer than a request ever may.
_PATIENT = Limits(timeout_ms=120_000, goals=1_000_000, choices=1_000_000)
#: The methods that raise for what is denied.
_RAISING = frozenset({"authorize_request", "authorize_field"})


@dataclass(frozen=True)
class World:
    """Objects of one size, a policy about them, questions, and the check by hand.

    :param classes: what is registered, each under its own name.
    :param by_hand: answers a question as a careful engineer would write it.
    :param constants: what else is registered, by name.
    :param method: the method of ``Oso`` that answers the questions.
    :param models: the base class of mapped classes.
    """

    policy: str
    classes: Sequence[type]
    questions: Sequence[Question]
    by_hand: Callable[..., t.Any]
    constants: Mapping[str, t.Any] = field(default_factory=dict)
    method: str = "is_allowed"
    models: t.Any = None

    def oso(self, *, compiled: bool = True) -> Oso:
        """Load the policy into a new ``Oso``."""
        oso = Oso(compiled=compiled) if compiled else Oso(compiled=False, limits=_PATIENT)
        for cls in self.classes:
            oso.register_class(cls)
        for name, value in self.constants.items():
            oso.register_constant(value, name)
        if self.models is not None:
            from flask_oso.sqlalchemy import register_models

            register_models(oso, self.models)
        oso.load_str(self.policy)
        return oso

    def decide(self, oso: Oso) -> Callable[..., t.Any]:
        """Give the function of an ``Oso`` that answers the questions."""
        method: Callable[..., t.Any] = getattr(oso, self.method)
        if self.method not in _RAISING:
            return method

        def is_authorized(*question: t.Any) -> bool:
            try:
                method(*question)
            except oso.forbidden_error:  # type: ignore[misc]  # a class, by default
                return False
            return True

        return is_authorized


@dataclass(frozen=True)
class Shape:
    """One feature of policies.

    :param name: says what is special about it.
    :param make: gives the world of a size.
    :param sizes: the size that is small and the one that is large; a single one where nothing
        about the feature has a size.
    """

    name: str
    make: Callable[[int], World]
    sizes: tuple[int, ...] = (1,)


def plain(name: str, *fields: str, bases: tuple[type, ...] = ()) -> t.Any:
    """Make a class as one writes it by hand, with an ``__init__`` that sets its attributes."""
    return _class(name, fields, bases, {})


def slotted(name: str, *fields: str) -> t.Any:
    """Make a class whose attributes are slots."""
    return _class(name, fields, (), {"__slots__": fields})


def data(name: str, *fields: str) -> t.Any:
    """Make a dataclass, whose objects equal themselves alone."""
    described = [(each, t.Any, dataclasses.field(default=None)) for each in fields]
    return dataclasses.make_dataclass(name, described, eq=False)


def _class(
    name: str, fields: Sequence[str], bases: tuple[type, ...], body: dict[str, t.Any]
) -> t.Any:
    # Written out, since objects whose attributes are set in a loop are laid out differently.
    lines = [f"    self.{each} = {each}" for each in fields] or ["    pass"]
    parameters = ", ".join(f"{each}=None" for each in fields)
    made: dict[str, t.Any] = {}
    exec("\n".join([f"def __init__(self, {parameters}):", *lines]), made)
    return type(name, bases, {**body, "__init__": made["__init__"], "__module__": __name__})
