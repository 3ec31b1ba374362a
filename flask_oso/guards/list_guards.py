"""``@oso.lists``: views that are given the rows that the current actor may see.

In goes a class; the view behind it is called with the statement that selects these rows of it. It
is the check of the view: whatever the statement leaves out was not shown.
"""

from __future__ import annotations

import functools
import inspect
import typing as t
from collections.abc import Callable, Collection, Mapping

from ..app_state import state_of
from ..callables.sync_callable import SyncCallable
from ..callables.view_functions import SourceLocation, View, methods_being_decorated
from ..enforcement.authorizer import Authorizer
from ..enforcement.mistaken_questions import check_rows
from ..polar.exceptions import OsoError
from ..request_state import Arguments, find_request_state, this_app
from .decorators import check_is_view
from .guard_checks import check_methods, foreign_authorizer, unnamed_list
from .passages import parameters_of
from .url_keys import checked_argument
from .view_checks import (
    action_of_request,
    entered_by_request,
)
from .view_guards import Guard, GuardKind, add_guard, behind_guard, guards_of, mark_decorator

_F = t.TypeVar("_F", bound=View)
_Parameter = inspect.Parameter
_NAMED = (_Parameter.POSITIONAL_OR_KEYWORD, _Parameter.KEYWORD_ONLY)

#: The most kinds of calls of which it is known where the rows go.
_MOST_CALLS = 100


class ListGuard:
    """An action, and the class whose rows a view lists.

    :param select: makes the statement for an action, and notes that this is the check.
    :raises OsoError: it makes no sense.
    """

    def __init__(
        self,
        authorizer: Authorizer,
        select: Callable[[t.Any], t.Any],
        action: t.Any,
        cls: t.Any,
        name: str | None = None,
    ) -> None:
        self.authorizer = authorizer
        self.select = select
        self.action = action
        self.cls = cls
        self.name = name
        # The argument for the rows in each kind of call. Two threads may find the same.
        self._known: dict[tuple[int, int, int, frozenset[str]], tuple[str, View, View]] = {}
        if isinstance(self.action, Mapping):
            check_methods(self.action)
        check_rows("lists", None if isinstance(self.action, Mapping) else self.action, self.cls)
        if self.name is not None:
            checked_argument(self.name)
        mark_decorator(self, self._guard(SourceLocation.of_caller(2)))

    def __call__(self, view: _F) -> _F:
        """Guard a view."""
        check_is_view(view, GuardKind.LISTS)
        place = SourceLocation.of_caller(1)
        self._check_takes_list(view, place)
        function = SyncCallable(behind_guard(view, place, methods_being_decorated(1)))
        guard = self._guard(place)

        @functools.wraps(view)
        def guarded(*args: t.Any, **kwargs: t.Any) -> t.Any:
            app = this_app()
            if self.authorizer not in state_of(app).bindings:
                raise OsoError(foreign_authorizer(f"'@lists' ({place})", app))
            state = find_request_state(app)
            if state is not None:
                state.reach(guard)
                state.check_running = True
            name = self._argument(view, args, kwargs, place)
            rows = self.select(action_of_request(self.action))
            return function.of(app)(*args, **{**kwargs, name: rows})

        add_guard(guarded, view, guard)
        return t.cast(_F, guarded)

    def _guard(self, place: SourceLocation) -> Guard:
        return Guard(
            GuardKind.LISTS,
            place,
            action=self.action,
            resource=self.cls,
            is_class_meant=True,
            authorizer=self.authorizer,
            list_argument=self._named,
        )

    def _check_takes_list(self, view: View, place: SourceLocation) -> None:
        """Refuse a view that has no argument for the rows, as far as that is seen yet."""
        parameters = _parameters_of(view)
        names = {each.name for each in parameters if each.kind in _NAMED}
        takes_all = any(each.kind is _Parameter.VAR_KEYWORD for each in parameters)
        if takes_all or self.name in names or (self.name is None and _waiting(parameters, ())):
            return
        wanted = "an argument without a default" if self.name is None else repr(self.name)
        raise OsoError(
            f"The view {getattr(view, '__qualname__', view)!r} ({place}) does not take {wanted},"
            " in which '@lists' gives it the statement of the rows. Write it as in"
            " 'def index(notes): …'."
        )

    def _argument(
        self, view: View, args: tuple[t.Any, ...], kwargs: Arguments, place: SourceLocation
    ) -> str:
        if self.name is not None:
            return self.name
        entered = entered_by_request(view)
        key = id(view), id(entered), len(args), frozenset(kwargs)
        known = self._known.get(key)
        if known is None:
            by_position = parameters_of(view).by_position[: len(args)]
            name = self._named(entered, {*kwargs, *by_position})
            if name is None:
                shown = f"the view {getattr(view, '__qualname__', view)!r}"
                raise OsoError(unnamed_list(self.cls, shown, str(place)))
            # A view need not have a hash. It is kept, so that no other one gets its id.
            known = name, view, entered
            # A descriptor of a class may make a new function each time.
            if len(self._known) < _MOST_CALLS:
                self._known[key] = known
        return known[0]

    def _named(self, view: View, taken: Collection[str]) -> str | None:
        """Give the argument for the rows; ``None`` if it cannot be told.

        :param taken: the arguments that others give.
        """
        if self.name is not None:
            return self.name
        inner = [guard.key.keyword for guard in guards_of(view) if guard.key is not None]
        waiting = _waiting(_parameters_of(view), {*taken, *inner})
        return waiting[0] if len(waiting) == 1 else None


def _waiting(parameters: list[_Parameter], taken: Collection[str]) -> list[str]:
    """Give the arguments without a default that nobody gives yet."""
    return [
        each.name
        for each in parameters
        if each.kind in _NAMED and each.default is each.empty and each.name not in taken
    ]


def _parameters_of(view: View) -> list[_Parameter]:
    try:
        found = [*inspect.signature(view).parameters.values()]
    except (TypeError, ValueError):  # It is not written in Python.
        return [_Parameter("given", _Parameter.VAR_KEYWORD)]
    is_method = "." in getattr(view, "__qualname__", "").rpartition("<locals>.")[2]
    return found[1:] if is_method and found and found[0].name in ("self", "cls") else found
