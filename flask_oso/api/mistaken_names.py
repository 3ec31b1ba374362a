"""What a FlaskOso does not have, or does not take, and what to write in its place.

In goes a name, or the arguments of a call; what is raised says how a FlaskOso is asked. It is
about the current actor, where an Oso is given who acts.
"""

from __future__ import annotations

import typing as t

from ..oso import Oso
from ..polar.exceptions import OsoError

#: The questions of an Oso, with those of a FlaskOso.
_ASKED_OTHERWISE = {
    "is_allowed": 'can("edit", note)',
    "allowed": 'can("edit", note)',
    "is_authorized": 'can("edit", note)',
    "allows": 'can("edit", note)',
    "check": 'can("edit", note)',
    "has_permission": 'can("edit", note)',
    "may": 'can("edit", note)',
    "authorized_query": 'scope("read", Note)',
    "authorized_resources": 'scope("read", Note)',
    "list_allowed": 'scope("read", Note)',
    "paginate": 'scope("read", Note)',
    "select": 'scope("read", Note)',
    "authorized_actions": "permissions(note)",
    "get_allowed_actions": "permissions(note)",
    "actions": "permissions(note)",
    "allowed_actions": "permissions(note)",
    "explain": 'why("edit", note)',
    "get_or_404": 'load(Note, note_id, action="read")',
}
#: What is configured, with how.
_CONFIGURED = {
    "load_file": "Name the files in 'OSO_POLICIES', or with 'policy' of the FlaskOso.",
    "load_files": "Name the files in 'OSO_POLICIES', or with 'policy' of the FlaskOso.",
    "register_class": "Give the classes with 'models' of the FlaskOso.",
    "register_models": "Give the classes with 'models' of the FlaskOso.",
    "user_loader": "Write '@oso.actor_loader'.",
    **dict.fromkeys(
        ("login_required", "permission_required", "require", "required", "requires"),
        "Write '@authorize' on the view, or 'oso.guard' for a blueprint.",
    ),
}


def missing_attribute(asked: object, name: str) -> AttributeError:
    """Make the error of an attribute that a FlaskOso does not have, which says what to write.

    :param asked: the object without the attribute.
    """
    remedy = _remedy(name)
    complaint = f"'FlaskOso' object has no attribute {name!r}.{remedy}"
    # Python looks in the object for a name that is alike, and puts that behind the remedy.
    return AttributeError(complaint, name=name, obj=None if remedy else asked)


def _remedy(name: str) -> str:
    if name in _ASKED_OTHERWISE:
        call = _ASKED_OTHERWISE[name]
        return (
            f" It asks about the current actor: 'oso.{call}'. Who acts otherwise is given by name:"
            f" 'oso.{call[:-1]}, actor=user)'."
        )
    if name in _CONFIGURED:
        return f" {_CONFIGURED[name]}"
    if hasattr(Oso, name) and not name.startswith("_"):
        return f" The Oso of the current app does: 'oso.oso.{name}'."
    return ""


def refuse_positions(call: str) -> t.NoReturn:
    """Refuse an actor, or anything else, that stands among what is asked.

    :raises OsoError: always.
    """
    asked = {"permissions": "a resource", "scope": "an action and a class"}
    shown = {"permissions": "note", "scope": '"read", Note'}.get(call, '"edit", note')
    raise OsoError(
        f"{call!r} takes {asked.get(call, 'an action and a resource')}, as in"
        f" '{call}({shown})'. The actor is given by name: '{call}({shown}, actor=user)'."
    )
