"""Denials that look like a mistake of the program, told to its log once.

In goes a denied question; out goes a warning if its action looks misspelt, or if its actor is
the key of one. The request is denied already, and nothing here changes its answer.
"""

from __future__ import annotations

import contextlib
import re
import typing as t

from flask import Flask

from ..app_state import AppState
from ..polar.spelling import nearest

if t.TYPE_CHECKING:
    from ..oso import Oso

#: What is no object of an application.
PLAIN_VALUES = frozenset({bool, int, float, str, list, dict})
#: What may stand where an object is meant: the name of a class, and several objects.
SUSPECT_VALUES = frozenset({str, list, tuple, set, frozenset})


def log_unknown_action(app: Flask, state: AppState | None, oso: Oso, action: t.Any) -> None:
    """Tell the log, once, of a denied action that looks like a misspelt one.

    A subclass of ``str`` is an object to policies, and never taken for a word.
    """
    if state is None or type(action) is not str or not state.denied_actions.adds(action):
        return
    # The request is denied already, and whatever happens here must not change its answer.
    with contextlib.suppress(Exception):
        known = oso.known_actions()
        near = nearest(action, sorted(known)) if known and action not in known else None
        if near is not None:
            text = "The action %r is never allowed by the policy. Did you mean %r?"
            app.logger.warning(text, action, near)


def log_never_allowed(app: Flask, state: AppState | None, oso: Oso, action: t.Any) -> None:
    """Tell the log, once, of an action that no rule allows, whether or not it looks misspelt.

    The method of a request is no word of the program.
    """
    log_unknown_action(app, state, oso, action)
    if state is None or type(action) is not str or action.isupper():
        return
    # The answer is known already, and whatever happens here must not change it.
    with contextlib.suppress(Exception):
        known = oso.known_actions()
        if not known or action in known or nearest(action, sorted(known)) is not None:
            return
        if state.denied_for_ever.adds(f"action {action}"):
            text = "The action %r is never allowed by the policy, which allows %s."
            app.logger.warning(text, action, ", ".join(map(repr, sorted(known)[:20])))


def log_unjudged_resource(
    app: Flask, state: AppState | None, oso: Oso, action: t.Any, resource: t.Any
) -> None:
    """Tell the log, once, of a denied resource that no rule can be about.

    It is a class where all rules are about its objects, the name of a class in quotes, several
    objects at once, or an object of a class that is not registered.
    """
    if state is None or resource is None or type(resource).__module__ == "builtins":
        is_class = isinstance(resource, type) and resource.__module__ != "builtins"
        if state is not None and type(resource) in SUSPECT_VALUES:
            _log_plain_resource(app, state, oso, action, resource)
        if state is None or not is_class:
            return
    # The request is denied already, and whatever happens here must not change its answer.
    with contextlib.suppress(Exception):
        text: str | None = None
        if type(resource).__module__.startswith(_SEVERAL_ROWS):
            text, name = _SEVERAL, _kind_of_rows(resource)
        elif isinstance(resource, type):
            text = _CLASS_FOR_OBJECT if not _has_rule_about(oso, resource) else None
            name = resource.__name__
        else:
            text = _UNREGISTERED if not _is_registered(oso, type(resource)) else None
            name = type(resource).__name__
        if text is not None and state.denied_for_ever.adds(f"{text[:20]}{name}"):
            names = (name,) if text is _SEVERAL else (name, name)
            app.logger.warning(text, action, *names)


def _log_plain_resource(
    app: Flask, state: AppState, oso: Oso, action: t.Any, resource: t.Any
) -> None:
    """Tell the log, once, of a text that is the name of a class, and of a list of objects."""
    # The request is denied already, and whatever happens here must not change its answer.
    with contextlib.suppress(Exception):
        if type(resource) is str:
            cls = _class_in_quotes(oso, resource) if state.denied_texts.adds(resource) else None
            if cls is not None:
                app.logger.warning(_TEXT_FOR_OBJECT, action, resource, cls, cls)
            return
        kind = type(resource).__name__
        first = type(next(iter(resource), None))
        is_of_objects = first.__module__ != "builtins" and _is_registered(oso, first)
        if is_of_objects and state.denied_for_ever.adds(f"several {kind}"):
            app.logger.warning(_SEVERAL, action, kind)


def _class_in_quotes(oso: Oso, text: str) -> str | None:
    """Give the name of the registered class that a text is, if no rule has the text."""
    names = {name.casefold(): name for name in oso.host.classes}
    name = names.get(text.casefold())
    texts = [source.text for source in oso.engine.policy.sources]
    return None if any(f'"{text}"' in each for each in texts) else name


def _kind_of_rows(rows: t.Any) -> str:
    return "list" if isinstance(rows, list) else "statement"


#: The modules of what stands for several rows: statements, and the lists of relations.
_SEVERAL_ROWS = ("sqlalchemy.sql.", "sqlalchemy.orm.collections")
_TEXT_FOR_OBJECT = (
    "The policy was asked whether %r is allowed on the text %r, and denied it: no rule has this"
    " text. Give an object of %r, or the class itself: %s without quotes."
)
_SEVERAL = (
    "The policy was asked whether %r is allowed on a %s, and denied it: it has rules about one"
    " object. Ask about each, or for those that are allowed: 'filter(…)', and 'scope(…)' of rows."
)
_CLASS_FOR_OBJECT = (
    "The policy was asked whether %r is allowed on the class %r itself, and denied it: it has rules"
    " about objects of the class only. Give it the object, or write a rule about %r without a"
    " colon."
)
_UNREGISTERED = (
    "The policy was asked whether %r is allowed on an object of %r, and denied it: the class is not"
    " registered, so that no rule names it. Name %r in 'models' of 'FlaskOso', or call"
    " 'register_class'."
)


def _is_registered(oso: Oso, cls: type) -> bool:
    known = oso.host.types
    return any(base in known for base in cls.__mro__)


def _has_rule_about(oso: Oso, cls: type) -> bool:
    """Tell whether a policy names a class as a value, as far as its text shows."""
    names = [name for name, known in oso.host.classes.items() if known is cls]
    texts = [source.text for source in oso.engine.policy.sources]
    return any(_names_value(text, name) for text in texts for name in names)


def _names_value(text: str, name: str) -> bool:
    found = re.finditer(rf"(:|\b(?:matches|resource|actor)\b)?\s*\b{re.escape(name)}\b", text)
    return any(match.group(1) is None for match in found)


def log_plain_actor(app: Flask, state: AppState | None, oso: Oso, actor: t.Any) -> None:
    """Tell the log, once, of a denied actor that is the key of one, and not the object."""
    if state is None or type(actor) not in PLAIN_VALUES or state.has_told_of_actor:
        return
    state.has_told_of_actor = True
    # The request is denied already, and whatever happens here must not change its answer.
    with contextlib.suppress(Exception):
        wanted = oso.expected_actors()
        if wanted:
            text = (
                "The actor is a value of type %r, and the policy is about objects of %s. Give the"
                " object itself: on 'g.user', with '@oso.actor_loader', or from the"
                " 'user_lookup_loader' of Flask-JWT-Extended."
            )
            app.logger.warning(text, type(actor).__name__, " or ".join(map(repr, wanted)))
