"""The usual way of a request through a guard, as one function for a view and a route.

In goes what calls of a view have in common; out comes a function that does for a request what
``ViewCheck.meet`` does, in the same order, without a call for each step. It cannot do what is
unusual: before it begins it looks whether anything is, and then leaves the request to that.
Decorators and guards of blueprints take it.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from flask import Flask
from werkzeug.exceptions import NotFound
from werkzeug.local import LocalProxy

from ..app_state import AppState
from ..callables.sync_callable import SyncCallable
from ..denials.denial import DenialStyle
from ..enforcement.authorizer import Authorizer
from ..oso import LIMITED_CLASSES
from ..polar.value_objects import Record
from ..request_state import NOT_GIVEN, Arguments, GuardNotes, RequestState
from ..row_access.async_sessions import AsyncSessionError
from .object_loaders import found_itself, may_wait

#: Gives the object once it is judged, or ``None`` where a request is unusual, and nothing was done.
Shortcut = Callable[[RequestState, Arguments], t.Any]
_NONE: frozenset[str] = frozenset()


class UsualCall(Record, eq=False):
    """What the calls of a view behind a guard have in common."""

    action: str
    cls: type
    #: The arguments that it is called with, and the one of them that identifies the object.
    names: frozenset[str]
    variable: str
    #: The arguments that are left, and the one in which it takes the object, if it does.
    names_left: tuple[str, ...]
    keyword: str | None
    #: The arguments that are not left.
    left_out: frozenset[str]
    #: The actions by method, if the guard has a mapping of them, and the method of such calls.
    actions: dict[str, t.Any] | None
    method: str

    #: The one argument of the view, if the object is all that it takes.
    gives_only: str | None

    def arguments(self, given: Arguments, found: t.Any) -> Arguments:
        """Give the arguments of the view for those of a call."""
        names_left = self.names_left
        arguments = {name: given[name] for name in names_left} if names_left else {}
        if self.keyword is not None:
            arguments[self.keyword] = found
        return arguments


def make_shortcut(
    app: Flask, state: AppState, call: UsualCall, check: t.Any = None
) -> Shortcut | None:
    """Give the function for such calls; ``None`` if they are unusual.

    :param check: the ``ViewCheck``, if it may be that of one of several guards of a view.
    """
    action, cls = call.action, call.cls
    is_judged_plainly = cls not in LIMITED_CLASSES and not issubclass(cls, LocalProxy)
    if not action.isascii() or not is_judged_plainly or may_wait(cls):
        return None
    registered = state.parts[Authorizer].loaders.functions.get(cls)
    if registered is not None and not registered.is_plain:
        return None
    return _new_shortcut(app, state, call, registered, check)


def make_link(app: Flask, state: AppState, call: UsualCall, passage: t.Any) -> Shortcut | None:
    """Give the function for calls that pass one of several guards; ``None`` if they are unusual.

    It gives the arguments behind the guard, and notes for the other ones what it found.

    :param passage: the ``Passage`` of such calls, which does the same.
    """
    check, variable, cls = passage.check, call.variable, call.cls
    find_judged = make_shortcut(app, state, call, check)
    if find_judged is None:
        return None
    name, keyword, own = passage.key.keyword, call.keyword, frozenset({variable})
    awaited = passage.awaited

    def pass_on(request_state: RequestState, given: Arguments) -> Arguments | None:
        identity = given.get(variable)
        found = find_judged(request_state, given)
        if found is None:
            return None
        notes, judged = request_state.notes, (name, cls, identity)
        if notes is None:
            request_state.notes = GuardNotes(own, (judged,), ((check, found),), awaited)
        else:
            request_state.notes = notes.grown(own, judged, (check, found))
        return {**given} if keyword is None else {**given, keyword: found}

    return _last_link(passage, find_judged, keyword, own) if passage.is_last else pass_on


def _last_link(
    passage: t.Any, find_judged: Shortcut, keyword: str | None, own: frozenset[str]
) -> Shortcut:
    """Give the link of a guard behind which none finds an object."""
    kept = passage.kept
    #: By the variables that guards before it have used, the arguments left.
    known: dict[frozenset[str], tuple[str, ...]] = {}

    def left_behind(used: frozenset[str]) -> tuple[str, ...]:
        # The last guard leaves out what objects took the place of, for all of them.
        left_out = frozenset() if kept is None else (used | own) - kept
        left = tuple(each for each in passage.names_left if each not in left_out)
        return known.setdefault(used, left)

    def pass_last(request_state: RequestState, given: Arguments) -> Arguments | None:
        found = find_judged(request_state, given)
        if found is None:
            return None
        notes = request_state.notes
        used = _NONE if notes is None else notes.used
        names_left = known.get(used)
        if names_left is None:
            names_left = left_behind(used)
        # A view may call another one, which has guards of its own.
        request_state.notes = None
        arguments = {name: given[name] for name in names_left} if names_left else {}
        if keyword is not None:
            arguments[keyword] = found
        return arguments

    return pass_last


def _check_same(check: t.Any, name: str | None, notes: GuardNotes, identity: t.Any) -> None:
    """Have guards before this one, which found an object under its name, have found the same."""
    for judged in notes.judged:
        if judged[0] == name:
            check.check_same(notes, identity)


def _new_shortcut(
    app: Flask,
    state: AppState,
    call: UsualCall,
    registered: SyncCallable | None,
    check: t.Any,
) -> Shortcut:
    """Give the function, with what the program registered to find objects of the class."""
    action, cls, variable = call.action, call.cls, call.variable
    names, actions, method = call.names, call.actions, call.method
    authorizer = state.parts[Authorizer]
    loaders, judge = authorizer.loaders, authorizer.judge_in(app, state)
    judge_usual = authorizer.usual_judge_in(app, state)
    find = loaders.row_finder(app, cls) if registered is None else registered.function
    functions, number = loaders.functions, len(names)
    name = None if check is None else check.key.keyword

    def find_judged(request_state: RequestState, given: Arguments) -> t.Any:
        # With one argument it is seen without a comparison of sets.
        if len(given) != number or variable not in given or (number > 1 and given.keys() != names):
            return None
        identity, notes = given[variable], request_state.notes
        if (
            isinstance(identity, tuple)
            or (notes is not None and check is None)
            or functions.get(cls) is not registered
            or loaders.reading is not None
            or app.extensions.get("oso") is not state
            or (actions is not None and actions.get(method) is not action)
        ):
            return None
        request_state.check_running = True
        if notes is not None:
            _check_same(check, name, notes, identity)
        try:
            found = find(identity)
            # Nobody but SQLAlchemy makes rows.
            if type(found) is not cls and registered is not None:
                found = found_itself(found, cls)
        except NotFound:
            found = None
        except AsyncSessionError:
            return None
        if found is None or (notes is not None and check.is_elsewhere(notes, found)):
            authorizer.refuse_missing(app, cls, identity, NOT_GIVEN, action)
        if type(found) is cls:
            judge_usual(request_state, found, action, DenialStyle.HIDE)
        else:
            judge(request_state, found, action, NOT_GIVEN, DenialStyle.HIDE)
        return found

    return find_judged
