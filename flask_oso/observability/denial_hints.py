"""Denials that look like a mistake of the program, told to its log once.

In goes a denied question; out goes a warning if its action looks misspelt, or if its actor is
the key of one. The request is denied already, and nothing here changes its answer.
"""

from __future__ import annotations

import contextlib
import typing as t

from flask import Flask

from ..app_state import AppState
from ..polar.spelling import nearest

if t.TYPE_CHECKING:
    from ..oso import Oso

#: What is no object of an application.
PLAIN_VALUES = frozenset({bool, int, float, str, list, dict})


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
                " object itself: with 'set_get_actor', on 'g.user', or from the"
                " 'user_lookup_loader' of Flask-JWT-Extended."
            )
            app.logger.warning(text, type(actor).__name__, " or ".join(map(repr, wanted)))
