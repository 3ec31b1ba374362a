"""Views behind guards that are no decorators.

Flask calls a view with ``request.view_args``, which others may read: they stay as Flask made
them. What the guard of a blueprint gives is kept with the request, and a ``Receiver`` in the
place of the view takes it. Guards that were declared for a view apart, the receiver enforces. Where
a program enters the view of a request itself, it has those asked that Flask did not ask.
"""

from __future__ import annotations

import functools
import threading
import typing as t
from collections.abc import Iterator

from flask import Flask

from ..app_state import state_of
from ..callables.sync_callable import SyncCallable
from ..callables.view_functions import View, is_automatic_options, layers_of
from ..enforcement.authorizer import Authorizer
from ..request_state import (
    Arguments,
    RequestState,
    exempt_request,
    find_current,
    leave_notes,
    lend_exemption,
    this_app,
    this_request,
)
from .url_keys import Key
from .view_guards import (
    Entry,
    Guard,
    GuardKind,
    entry_of,
    guards_apart,
    guards_met,
    is_asked_before,
)

_making = threading.Lock()


class Receiver:
    """Calls a view with the arguments that guards of blueprints give.

    It does so once in a request, where Flask calls the view. A program that calls the view itself
    passes its own arguments.
    """

    def __init__(self, view: View, endpoint: str) -> None:
        functools.update_wrapper(self, view)
        self.endpoint = endpoint
        self._function = SyncCallable(view)
        self._is_plain = self._function.is_plain
        self._enter_view = entry_of(view)

    def __call__(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
        """Call the view."""
        return self.enter(*find_current(), args, kwargs)

    def enter(
        self,
        app: Flask,
        state: RequestState | None,
        plan: t.Any,
        args: tuple[t.Any, ...],
        kwargs: Arguments,
    ) -> t.Any:
        """Call the view, given what is known of the request."""
        # A view may call this one, and a function before the view lead the rule here.
        is_planned = plan is not None and plan.endpoint == self.endpoint
        if state is not None:
            if not is_planned or state.way is not plan.spent_way:
                answer = self._ask_guards(app, state)
                if answer is not None:
                    return answer
                plan = find_current()[2]
                is_planned = plan is not None and plan.endpoint == self.endpoint
            gift = state.gift
            if gift is not None and gift.receiver is self:
                state.gift = None
                kwargs = gift.added_to(kwargs)
        declared = plan.declared if is_planned else self._declared(app, state)
        if declared:
            keys = [guard.key for guard, _ in declared if guard.key is not None]
            notes = None if state is None else leave_notes(state, *keys)
            try:
                lending = None if is_planned or state is None else self._lending(state, declared)
                kwargs = self._pass_all(declared, kwargs, state, lending)
                if state is not None and is_planned and plan.is_guard_expected:
                    state.expect_guard()
                    state.awaited = plan.awaited
                function = self._function.of(app)
                if state is None or lending is None:
                    return function(*args, **kwargs)
                return lend_exemption(state, lending.reason, function, args, kwargs)
            finally:
                if state is not None:
                    state.notes = notes
        if is_planned and self._is_plain and plan.calls_plainly:
            if self._enter_view is None:
                return self._function.function(*args, **kwargs)
            return self._enter_view(app, state, plan, args, kwargs)
        return self._function.of(app)(*args, **kwargs)

    def _ask_guards(self, app: Flask, state: RequestState) -> t.Any:
        """Have a request judged that enters this view, where Flask has not asked its guards.

        :return: the answer to a request that enters no view; ``None`` of others.
        """
        current = this_request()
        rule = current.url_rule
        if rule is None or rule.endpoint != self.endpoint:
            # A program calls the view of other requests.
            return None
        ask_guards = state_of(app).ask_guards
        if ask_guards is not None:
            ask_guards(current, state)
        is_options = is_automatic_options(rule, current.method)
        return app.make_default_options_response() if is_options else None

    def _declared(
        self, app: Flask, state: RequestState | None
    ) -> tuple[tuple[Guard, list[Key]], ...]:
        """Give the guards to enforce, each with the keys of those behind it."""
        method = "GET" if state is None else this_request().method
        return declared_guards(app, self.endpoint, method)

    def _lending(
        self, state: RequestState, declared: tuple[tuple[Guard, list[Key]], ...]
    ) -> Guard | None:
        """Give the exemption of this view where another one calls it; ``None`` if it has none."""
        if state.is_handled or this_request().endpoint == self.endpoint:
            return None
        return next((guard for guard, _ in declared if guard.kind is GuardKind.SKIP), None)

    def _pass_all(
        self,
        declared: tuple[tuple[Guard, list[Key]], ...],
        given: Arguments,
        state: RequestState | None,
        lending: Guard | None,
    ) -> Arguments:
        """Give the arguments of the call behind all guards.

        :param lending: the exemption that is not one of this request.
        """
        for guard, behind in declared:
            if state is not None:
                state.reach(guard)
            if guard is not lending:
                given = self._pass(guard, given, state, behind)
        return given

    def _pass(
        self, guard: Guard, given: Arguments, state: RequestState | None, behind: list[Key]
    ) -> Arguments:
        """Give the arguments of the call behind a guard."""
        if guard.kind is GuardKind.INSIDE and state is not None:
            state.is_entered = True
        if guard.kind is GuardKind.SKIP:
            exempt_request(state, guard.reason, find_current()[2])
        if guard.kind is not GuardKind.AUTHORIZE:
            return given
        if state is not None:
            state.check_running = True
        authorizer = guard.authorizer or state_of(this_app()).part(Authorizer)
        if guard.check is None:
            authorizer.enforce(guard.resource, action=guard.action, request_state=state)
            return given
        view = t.cast(View, view_itself(self))
        plan = find_current()[2]
        arguments: Arguments = guard.check.meet(authorizer, view, given, state, plan, behind=behind)
        return arguments


def declared_guards(app: Flask, endpoint: str, method: str) -> tuple[tuple[Guard, list[Key]], ...]:
    """Give the guards that the receiver of a view enforces, each with the keys of those behind."""
    met = guards_met(app, endpoint, method)
    return tuple((guard, keys_behind(met, guard)) for guard in met if guard.target is not None)


def keys_behind(met: list[Guard], guard: Guard) -> list[Key]:
    """Give the keys of the guards behind this one that find objects."""
    behind = met[met.index(guard) + 1 :] if guard in met else met
    return [each.key for each in behind if each.key is not None]


def install_receivers(app: Flask) -> None:
    """Put receivers in the place of the views for which guards were declared."""
    for endpoint in [*app.view_functions]:
        install_receiver(app, endpoint)


def install_receiver(app: Flask, endpoint: str) -> View | None:
    """Give the view of an endpoint; its receiver if guards were declared for it."""
    view = app.view_functions.get(endpoint)
    if view is None or not _needs_receiver(app, endpoint) or _has_receiver(view, endpoint):
        return view
    return receiver_of(app, endpoint)


def lost_receivers(app: Flask) -> Iterator[str]:
    """Say which views have no receiver, although one was put in their place."""
    # A class of the program may have views that no list of them shows.
    for endpoint in {rule.endpoint: True for rule in app.url_map.iter_rules()}:
        view = app.view_functions.get(endpoint)
        if view is None or not _needs_receiver(app, endpoint):
            continue
        if not _has_receiver(view, endpoint):
            yield (
                f"The 'view_functions' of the app {app.name!r} give another function for the"
                f" endpoint {endpoint!r} than was put there, so that its guards would not be asked."
                " Let them be a dictionary that keeps what it is given."
            )


def _needs_receiver(app: Flask, endpoint: str) -> bool:
    return is_asked_before(app, endpoint) or bool(guards_apart(app, endpoint))


def _has_receiver(view: View, endpoint: str) -> bool:
    layers = (each for each in layers_of(view) if isinstance(each, Receiver))
    return any(each.endpoint == endpoint for each in layers)


def receiver_of(app: Flask, endpoint: str) -> Receiver:
    """Give the receiver of an endpoint, which is made if there is none."""
    # The first requests come together, and what one is given only one receiver takes.
    with _making:
        view = app.view_functions[endpoint]
        if is_receiver_of(view, endpoint):
            return view
        itself = t.cast(View, view_itself(view))
        receiver = app.view_functions[endpoint] = Receiver(itself, endpoint)
        return receiver


def is_receiver_of(view: object, endpoint: str) -> t.TypeGuard[Receiver]:
    """Tell whether a view is the receiver of an endpoint."""
    return isinstance(view, Receiver) and view.endpoint == endpoint


def view_itself(view: View | None) -> View | None:
    """Give the view that the program registered."""
    return t.cast(View, vars(view)["__wrapped__"]) if isinstance(view, Receiver) else view


def entry_into(stored: View | None) -> Entry | None:
    """Give the :data:`Entry` of what an app has for a route; ``None`` if it is no guard."""
    return stored.enter if type(stored) is Receiver else entry_of(stored)
