"""The classes that policies know of a program: its models, and those that guards name.

In go what ``FlaskOso(models=…)`` was given, and the guards of an app; they are registered with an
Oso before it loads a policy, and those that came later before the first request.
"""

from __future__ import annotations

import sys
import typing as t
from collections.abc import Iterable, Iterator

from flask import Flask

from ..app_state import AppState
from ..guards.view_guards import Guard, all_guards, guards_apart, guards_of_blueprints
from ..oso import Oso
from ..polar.exceptions import PolarRuntimeError
from .authorizer import Authorizer

_RENAME = (
    "Register one under a name of its own before: 'policy = Oso()',"
    " 'policy.register_class({0}, name=\"My{0}\")', 'FlaskOso(policy, …)'."
)


class PolicyClasses:
    """The classes of the apps of one FlaskOso.

    :param models: a declarative base, a registry, or classes and bases; ``None`` for none.
    :raises TypeError: it is something else.
    """

    def __init__(self, models: t.Any = None) -> None:
        self._models = _checked(models)

    def register(self, oso: Oso) -> None:
        """Register the classes that there are by now, and are not registered.

        :raises PolarRuntimeError: a name is taken, or reserved.
        """
        if self._models is None:
            return
        known = {*oso.host.classes.values()}
        for cls in self._classes():
            if cls not in known:
                _register(oso, cls, is_model=_is_mapped(cls))

    def _classes(self) -> Iterable[type]:
        if not isinstance(self._models, tuple):
            return _mapped_by(self._models)
        return [found for each in self._models for found in _mapped_by_base(each)]


def register_guarded(app: Flask, authorizer: Authorizer, oso: Oso) -> str | None:
    """Register the classes that guards of an app name, in the Oso that they ask.

    Of a mapped class lists can be made where the Oso knows models, or no rows at all: those that a
    program registered by hand, or an adapter reads, are compared as they were.

    :return: what is wrong: names of classes that are taken.
    """
    complaints = []
    for guard in _guards(app):
        cls = guard.resource
        if guard.authorizer not in (None, authorizer) or cls in oso.host.classes.values():
            continue
        is_model = _is_mapped(cls) and (oso.has_query_builder or not _knows_rows(oso))
        try:
            _register(oso, cls, is_model=is_model)
            authorizer.guarded_classes.add(cls)
        except PolarRuntimeError as error:
            notes = " ".join(getattr(error, "__notes__", ()))
            complaints.append(f"A guard ({guard.place}) names {cls!r}. {error} {notes}")
    return "\n".join(dict.fromkeys(complaints)) or None


def register_late(app: Flask, state: AppState) -> str | None:
    """Register what was defined since ``init_app``, for all FlaskOso of an app.

    :return: what is wrong.
    """
    complaints = []
    for authorizer, binding in state.bindings.items():
        if not isinstance(authorizer, Authorizer) or binding.oso is None:
            continue
        try:
            authorizer.register_classes(binding.oso)
        except PolarRuntimeError as error:
            complaints.append(" ".join([str(error), *getattr(error, "__notes__", ())]))
        if authorizer is state.first:
            complaints.append(register_guarded(app, authorizer, binding.oso) or "")
    return "\n".join(filter(None, complaints)) or None


def _guards(app: Flask) -> Iterator[Guard]:
    """Give the guards that ask about a class, or about objects of one."""
    views = [each for view in app.view_functions.values() for each in all_guards(view)]
    apart = [each for endpoint in app.view_functions for each in guards_apart(app, endpoint)]
    for guard in [*views, *apart, *guards_of_blueprints(app)]:
        if guard.asks and isinstance(guard.resource, type):
            yield guard


def _register(oso: Oso, cls: type, *, is_model: bool) -> None:
    try:
        if is_model:
            from ..sqlalchemy.queries import register_models

            register_models(oso, [cls])
        else:
            oso.register_class(cls)
    except PolarRuntimeError as error:
        # Another class has the name, or it means something else in policies, as 'Resource' does.
        error.add_note(_RENAME.format(cls.__name__))
        raise


def _mapped_by(models: t.Any) -> Iterable[type]:
    # Imported late: a program without a database need not have SQLAlchemy.
    from ..sqlalchemy.mapped.mapping import mapped_classes

    return mapped_classes(models)


def _mapped_by_base(cls: type) -> Iterable[type]:
    """Give the mapped classes of a declarative base, and any other class alone."""
    return _mapped_by(cls) if _is_base(cls) else [cls]


def _is_base(cls: type) -> bool:
    if "sqlalchemy" not in sys.modules or _is_mapped(cls):
        return False
    from ..sqlalchemy.mapped.mapping import registry_of

    return registry_of(cls) is not None


def _knows_rows(oso: Oso) -> bool:
    return oso.host.adapter is not None or any(map(_is_mapped, oso.host.classes.values()))


def _is_mapped(cls: type) -> bool:
    if "sqlalchemy" not in sys.modules:
        return False
    from ..sqlalchemy.mapped.tables import mapper_of

    return mapper_of(cls) is not None


def _checked(models: t.Any) -> t.Any:
    """Give models as they can be read again and again.

    :raises TypeError: they are none.
    """
    if models is None or isinstance(models, type) or hasattr(models, "mappers"):
        return models
    if isinstance(getattr(models, "Model", None), type):
        raise TypeError(
            f"'models' was given {type(models).__name__!r}. Give its declarative base:"
            " 'models=db.Model'."
        )
    if isinstance(models, str) or not isinstance(models, Iterable):
        raise TypeError(
            f"'models' is a declarative base, such as 'db.Model', or a list of classes, not"
            f" {models!r}."
        )
    classes = tuple(models)
    wrong = [each for each in classes if not isinstance(each, type)]
    if wrong:
        raise TypeError(f"'models' is a list of classes, and {wrong[0]!r} is none.")
    return classes
