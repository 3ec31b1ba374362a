"""Questions that are mistakes of the program: swapped arguments, a class for an object.

In go the arguments of a question; what cannot be meant raises. What may be meant, and is likely
not, is told to the log once by ``observability.denial_hints`` when it is denied.
"""

from __future__ import annotations

import enum
import inspect
import typing as t

from ..polar.exceptions import OsoError
from ..request_state import NOT_GIVEN, unwrap


def check_action_first(call: str, action: t.Any, resource: t.Any) -> None:
    """Refuse an action that stands in the place of the resource, and several.

    :raises OsoError: the two are swapped, or there is more than one action.
    """
    if type(action) is str:
        return
    action, resource = unwrap(action), unwrap(resource)
    if isinstance(action, list | tuple | set | frozenset | dict):
        raise OsoError(f"{call!r} takes one action, and was given {action!r}. Ask once for each.")
    if not isinstance(resource, str | enum.Enum) or not _is_thing(action):
        return
    shown, name = _shown(action), _name_of(action)
    raise OsoError(
        f"{call!r} was given {shown} in place of an action. The action stands first:"
        f" '{call}({_literal(resource)}, {name})'."
    )


def check_guard_order(action: t.Any, resource: t.Any) -> None:
    """Refuse a guard of which action and resource are swapped.

    :raises OsoError: they are.
    """
    if inspect.isclass(action) and isinstance(resource, str):
        name = action.__name__
        raise OsoError(
            f"'guard' was given the class {name!r} in place of an action. The action stands before"
            f" the resource: 'guard(blueprint, {_literal(resource)}, {name})'."
        )


def check_texts_in_order(
    call: str, action: t.Any, resource: t.Any, known: frozenset[str] | None
) -> None:
    """Refuse a resource that is the action, once the question is denied.

    :param known: the actions of the policy; ``None`` if it may have others.
    :raises OsoError: two texts are swapped.
    """
    if not known or type(action) is not str or type(resource) is not str:
        return
    if action not in known and resource in known:
        raise OsoError(
            f"{call!r} was given {action!r} in place of an action. The action stands first:"
            f" '{call}({_literal(resource)}, {_literal(action)})'."
        )


def check_resource_alone(resource: t.Any, known: frozenset[str] | None) -> None:
    """Refuse an action in the place of the resource, once the question is denied.

    :raises OsoError: the resource is missing.
    """
    if known and type(resource) is str and resource in known:
        raise OsoError(
            f"'authorize' was given the action {resource!r} and no resource. Name the resource"
            f" second: 'authorize({_literal(resource)}, note)'."
        )


def check_field(call: str, field: t.Any) -> None:
    """Refuse a column in the place of its name.

    :raises OsoError: it is one.
    """
    name = getattr(field, "key", None)
    if not isinstance(field, str | enum.Enum) and isinstance(name, str):
        raise OsoError(
            f"{call!r} takes the name of a field, and was given an object of"
            f" {type(field).__name__!r}. Write {name!r}."
        )


def check_class(call: str, cls: t.Any) -> None:
    """Refuse what is no class of objects.

    :raises OsoError: it is an object, or the action.
    """
    if inspect.isclass(cls):
        return
    if isinstance(cls, str):
        raise OsoError(
            f"{call!r} was given the text {cls!r} in place of a class. The class stands first:"
            f" '{call}(Note, note_id, action=\"read\")'."
        )
    raise OsoError(
        f"{call!r} finds an object of a class, and was given {_shown(cls)}. Give the class; an"
        " object that is there already is judged by 'authorize'."
    )


def check_rows(call: str, action: t.Any, cls: t.Any) -> None:
    """Refuse what is no class of rows.

    :raises OsoError: it is an object, or the action.
    """
    if cls is NOT_GIVEN:
        raise _alone(call, action, "a class", "Note")
    check_action_first(call, action, cls)
    if isinstance(cls, type) or _is_alias(cls):
        return
    if isinstance(cls, str):
        raise OsoError(
            f"{call!r} was given the text {cls!r} in place of a class. Give the class itself."
        )
    name, module = type(cls).__name__, type(cls).__module__.partition(".")[0]
    if module in ("builtins", "sqlalchemy"):
        raise OsoError(
            f"{call!r} takes a mapped class, as in '{call}({_written(action)}Note)', and was given"
            f" an object of {name!r}."
        )
    raise OsoError(
        f"{call!r} takes the class of the rows, and was given an object of {name!r}. Write"
        f" '{call}({_written(action)}{name})', or judge the object with 'can' or 'authorize'."
    )


def check_objects(call: str, action: t.Any, objects: t.Any) -> None:
    """Refuse what are no objects to choose from.

    :raises OsoError: it is one object, a class or a statement.
    """
    if objects is NOT_GIVEN:
        raise _alone(call, action, "objects", "notes")
    if not isinstance(action, str | enum.Enum) and isinstance(objects, str | enum.Enum):
        raise OsoError(
            f"{call!r} was given {_shown(action)} in place of an action. The action stands first:"
            f" '{call}({_literal(objects)}, …)'."
        )
    check_action_first(call, action, None)
    if inspect.isclass(objects) or hasattr(objects, "selectable"):
        shown = objects.__name__ if inspect.isclass(objects) else "Note"
        raise OsoError(
            f"{call!r} takes objects, and was given {_shown(objects)}. A statement of the allowed"
            f" rows is '.scope({_written(action)}{shown})'."
        )
    if isinstance(objects, str) or not hasattr(objects, "__iter__"):
        raise OsoError(
            f"{call!r} takes several objects, and was given {_shown(objects)}. Of one object ask"
            " 'can'."
        )


def _alone(call: str, given: t.Any, what: str, example: str) -> OsoError:
    """Return the error for a question of which one half is missing."""
    if isinstance(given, str | enum.Enum):
        shown, written = f"the action {given!r}", f"{_literal(given)}, {example}"
    else:
        name = _name_of(given) if inspect.isclass(given) else example
        shown, written = _shown(given), f'"read", {name}'
    return OsoError(
        f"{call!r} takes an action and {what}, as in '{call}({written})', and was given {shown}"
        " alone."
    )


def _is_thing(value: t.Any) -> bool:
    """Tell whether a value is a class, or an object of the program that is no constant."""
    if inspect.isclass(value):
        return True
    return type(value).__module__ != "builtins" and not isinstance(value, enum.Enum)


def _is_alias(value: t.Any) -> bool:
    return hasattr(value, "_aliased_insp")


def _shown(value: t.Any) -> str:
    if inspect.isclass(value):
        return f"the class {value.__name__!r}"
    if isinstance(value, str):
        return f"the text {value!r}"
    return f"an object of {type(value).__name__!r}"


def _name_of(value: t.Any) -> str:
    return value.__name__ if inspect.isclass(value) else type(value).__name__.lower()


def _written(action: t.Any) -> str:
    return f"{_literal(action)}, " if type(action) is str else ""


def _literal(value: t.Any) -> str:
    """Write a value as it stands in a call, in double quotes: the call stands in single ones."""
    return f'"{value}"' if type(value) is str else repr(value)
