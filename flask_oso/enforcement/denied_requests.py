"""What a denial does to a request: it is noted, told to the log, and answered.

In go a denied question and the handlers of the program; out comes the exception that Flask
answers the request with.
"""

from __future__ import annotations

import typing as t

from flask import Flask, Request

from ..app_state import find_state
from ..denials.denial import Denial, DenialStyle
from ..denials.denial_handlers import DenialHandlers
from ..denials.denial_styles import Refusal, problem_of, refusal
from ..observability.denial_hints import PLAIN_VALUES, log_plain_actor, log_unknown_action
from ..request_state import find_request_state, unwrap

#: What is judged as it is, so that nothing is hidden by an answer.
_CONSTANTS = (*PLAIN_VALUES, type, Request)


def deny_request(
    app: Flask,
    handlers: DenialHandlers,
    denial: Denial,
    given: DenialStyle | None,
    *,
    is_current: bool,
) -> t.NoReturn:
    """Note a denial, and answer it as a handler does, or else in a style.

    :param given: the style; that of the resource if ``None``.
    :param is_current: the actor is the one of the request, who may log in.
    :raises HTTPException: always, unless a handler raises something else.
    """
    style = _style_for(denial.resource) if given is None else given
    _note_denial(app, denial)
    answer = handlers.answer(app, lambda: problem_of(app, denial, style, is_current=is_current))
    if answer is None:
        raise refusal(app, denial, style, is_current=is_current)
    raise Refusal(app, app.make_response(answer))


def _style_for(resource: t.Any) -> DenialStyle:
    is_constant = isinstance(unwrap(resource), _CONSTANTS)
    return DenialStyle.ASK_LOGIN if is_constant else DenialStyle.HIDE


def _note_denial(app: Flask, denial: Denial) -> None:
    request_state = find_request_state(app)
    if request_state is not None:
        request_state.checked = request_state.denied = request_state.is_doubtful = True
        request_state.check_running = False
    state = find_state(app)
    log_unknown_action(app, state, denial.oso, denial.action)
    log_plain_actor(app, state, denial.oso, denial.actor)
