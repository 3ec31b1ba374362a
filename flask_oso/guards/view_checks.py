"""View checks: what a guard requires of a request, and the arguments of the view behind it.

In goes a request that meets a guard; out come the arguments for the view: where the route
names an object, that object in place of its URL variables. A check that fails raises.
``@authorize("read", Post)`` and ``FlaskOso.guard`` both make one.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import itertools
import typing as t
from collections.abc import Callable, Mapping, Sequence

from flask import Flask, Request, has_request_context

from ..app_state import state_of
from ..callables.sync_callable import SyncCallable
from ..callables.view_functions import (
    SourceLocation,
    View,
    entered_function,
    is_static,
    parts_of,
)
from ..denials.denial import DenialStyle
from ..enforcement.authorizer import Authorizer, is_usual
from ..polar.exceptions import OsoError
from ..polar.value_objects import Record
from ..request_state import (
    NOT_GIVEN,
    Arguments,
    GuardNotes,
    RequestState,
    find_current,
    leave_notes,
    this_app,
    this_request,
)
from .guard_checks import check_methods
from .parents import Between, belongs, check_within, is_stated, relation_between, says_of
from .passages import Parameters, Passage, parameters_of
from .receivers import view_itself
from .shortcuts import Shortcut, UsualCall, make_link, make_shortcut
from .url_keys import Key, make_key
from .view_guards import (
    Entry,
    Guard,
    GuardKind,
    entry_behind_guard,
    entry_of,
    guards_met,
    guards_of,
    guards_of_decorators,
)

#: The usual action of each HTTP method, for ``@authorize(METHOD_ACTIONS, Post)``.
METHOD_ACTIONS: Mapping[str, str] = {
    "GET": "read",
    "POST": "create",
    "PUT": "edit",
    "PATCH": "edit",
    "DELETE": "delete",
}

_MOST_VIEWS = 1_000
#: Judges what a check names, in an app; the plan of the route may be known.
_Judging = Callable[[Flask, "RequestState | None", t.Any], None]


class ViewCheck(Record, eq=False):
    """An action, and what it is done to.

    ``action`` may be a mapping of HTTP methods to actions. Without a ``key`` the resource is
    judged as it is.
    """

    action: t.Any
    resource: t.Any
    actor: t.Any = NOT_GIVEN
    key: Key | None = None
    #: A view that takes the object has to get one.
    serves_view: bool = True
    #: What the object belongs to: see ``parents``.
    within: t.Any = NOT_GIVEN
    #: What views take, with what it was found of: to look takes longer than to decide.
    _known: dict[tuple[int, int, bool], tuple[Parameters, View, View]] = dataclasses.field(
        default_factory=dict, init=False
    )
    #: The relations to the classes of other guards, which mappers know.
    _relations: dict[type, Between | None] = dataclasses.field(default_factory=dict, init=False)

    def meet(
        self,
        authorizer: Authorizer,
        view: View,
        given: Arguments,
        request_state: RequestState | None,
        plan: t.Any,
        *,
        behind: Sequence[Key] = (),
    ) -> Arguments:
        """Give the arguments to call a view with.

        :param given: what it would be called with.
        :param plan: the plan of the route that the request is at; ``None`` if it has none.
        :param behind: the keys of guards that come before the view, and find objects, too.
        :raises HTTPException: denied, or there is no such object.
        :raises OsoError: no decision could be made.
        """
        key = self.key
        if key is None:
            self.judge(authorizer, request_state)
            return given
        passage = self._passage_of(authorizer, view, given, behind, plan)
        link = passage.link
        if link is not None and request_state is not None and passage.authorizer is authorizer:
            passed: Arguments | None = link(request_state, given)
            if passed is not None:
                return passed
        action = self.action if type(self.action) is str else action_of_request(self.action)
        variables = passage.variables
        if variables is None:
            return self._pass_class(authorizer, passage, given, request_state)
        identity = given[variables[0]] if len(variables) == 1 else key.identity_in(given, variables)
        loaded = self._load(authorizer, key, identity, action, request_state)
        if passage.is_last and (request_state is None or request_state.notes is None):
            # As the passage would do it, without a call.
            arguments = {name: given[name] for name in passage.names_left}
        else:
            arguments = passage.arguments(given, request_state, loaded)
        if passage.gives_object:
            if passage.replaces_argument:
                _check_not_given(key, given, loaded)
            arguments[key.keyword] = loaded
        return arguments

    def _pass_class(
        self,
        authorizer: Authorizer,
        passage: Passage,
        given: Arguments,
        request_state: RequestState | None,
    ) -> Arguments:
        """Have the class judged where the route names no object."""
        self.judge(authorizer, request_state)
        return passage.arguments(given, request_state)

    def _passage_of(
        self,
        authorizer: Authorizer,
        view: View,
        given: Arguments,
        behind: Sequence[Key],
        plan: t.Any,
    ) -> Passage:
        """Give the passage of a call, made once for each view and plan."""
        if plan is None:
            return self._new_passage(view, given, behind)
        way = (id(self), id(view), *given, *map(id, behind))
        passage: Passage | None = plan.passages.get(way)
        if passage is None:
            passage = self._new_passage(view, given, behind)
            if plan.calls_plainly:
                link = self._new_link(authorizer, passage, given)
                passage = passage.replaced(link=link, authorizer=authorizer)
            if len(plan.passages) < _MOST_VIEWS:
                plan.passages[way] = passage
        return passage

    def _new_link(
        self, authorizer: Authorizer, passage: Passage, given: Arguments
    ) -> Shortcut | None:
        """Make what does as a passage for usual calls; ``None`` if they are none."""
        app = this_app()
        state = state_of(app)
        if self.actor is not NOT_GIVEN or is_stated(self.within):
            return None
        call = self._usual_call(passage, given)
        # The judge of a shortcut asks the policy that decorators ask.
        if call is None or state.part(Authorizer) is not authorizer:
            return None
        return make_link(app, state, call, passage)

    def _load(
        self,
        authorizer: Authorizer,
        key: Key,
        identity: t.Any,
        action: t.Any,
        request_state: RequestState | None,
    ) -> t.Any:
        """Give the object that a request names, once it is judged and in its place."""
        notes = None if request_state is None else request_state.notes
        if notes is not None:
            self.check_same(notes, identity)
        found = () if notes is None else notes.found
        is_in_place = None
        if found or (self.within is not NOT_GIVEN and is_stated(self.within)):
            is_in_place = functools.partial(self.is_in_place, found)
        return authorizer.load(
            key.cls,
            identity,
            actor=self.actor,
            action=action,
            request_state=request_state,
            is_in_place=is_in_place,
        )

    def check_same(self, notes: GuardNotes, identity: t.Any) -> None:
        """Refuse another object than guards further outside have judged for the same argument.

        :raises OsoError: it is another one.
        """
        key: t.Any = self.key  # Not a cast: that is a call.
        for judged in notes.judged:
            if judged[0] == key.keyword and judged[1:] != (key.cls, identity):
                raise OsoError(
                    f"Two guards of a view judge the object that it takes as {key.keyword!r}, and"
                    f" the one finds it by {judged[2]!r}, the other by {identity!r}. Put what"
                    " changes the arguments in between above both, or below."
                )

    def is_elsewhere(self, notes: GuardNotes, loaded: t.Any) -> bool:
        """Tell whether an object does not belong to those that guards before it found.

        It is for guards without ``within``: for others see :meth:`is_in_place`.
        """
        found, relations = notes.found, self._relations
        for check, _ in found:
            if relations.get(check.key.cls, NOT_GIVEN) is not None:
                return not self.is_in_place(found, loaded)
        # The classes are known to have no relation.
        return False

    def is_in_place(self, found: tuple[tuple[ViewCheck, t.Any], ...], loaded: t.Any) -> bool:
        """Tell whether an object belongs to those that guards before it found, or these to it.

        :raises OsoError: it is said to what it belongs, and that was not found.
        """
        key: t.Any = self.key  # Not a cast: that is a call.
        cls = key.cls
        if is_stated(self.within):
            others = [other for _, other in found]
            if not belongs(cls, loaded, self.within, others):
                return False
        for check, other in found:
            other_key: t.Any = check.key
            between = self._between(cls, other_key.cls)
            if between is None:
                continue
            child, parent = (self, other) if between.is_inner_child else (check, loaded)
            if not child.speaks_of(parent) and not between.holds(loaded, other):
                return False
        return True

    def speaks_of(self, other: t.Any) -> bool:
        """Tell whether it is said of the object whether it belongs to another one."""
        if self.within is NOT_GIVEN:
            return False
        cls = t.cast(Key, self.key).cls
        return not is_stated(self.within) or says_of(cls, self.within, other)

    def _between(self, cls: type, outer: type) -> Between | None:
        if outer not in self._relations:
            self._relations[outer] = relation_between(cls, outer)
        return self._relations[outer]

    def guarding(self, view: View, guard: Guard) -> tuple[View, Entry]:
        """Give a function that calls a view, with what the check finds, once it is passed.

        And what it does, for where the current request was found already.

        :param guard: the guard that makes this check.
        """
        if self.key is None:
            entry = entry_judging(view, guard, self, DenialStyle.ASK_LOGIN, self._judge_in)
            return guarded_view(view, entry), entry
        function, enter_view = SyncCallable(view), entry_behind_guard(view)
        is_plain, known_as = function.is_plain, id(self.key)
        # Where one of several guards has a shortcut, functions are called as they are.
        enter_next = (entry_of(view) if is_plain else None) or enter_view

        def enter(
            app: Flask,
            request_state: t.Any,  # Or 'None', and then there is no plan.
            plan: t.Any,
            args: tuple[t.Any, ...],
            kwargs: Arguments,
        ) -> t.Any:
            if request_state is not None:
                # As 'reach' does it, without a call.
                if request_state.awaited is guard and not request_state.checked:
                    request_state.awaited = None
                elif request_state.awaited is not None and request_state.reach(guard):
                    return request_state.call_beside(enter, app, plan, args, kwargs)
            # The method of a class has its object by position.
            way = (function, len(args)) if args else function
            known = None if plan is None else plan.shortcuts.get(way)
            if known is not None:
                shortcut, call = known
                if call is None:
                    # It is one of several guards, and these give the arguments.
                    notes = request_state.notes
                    if notes is None or known_as in notes.awaited:
                        found = shortcut(request_state, kwargs)
                        if found is not None:
                            try:
                                return enter_next(app, request_state, plan, args, found)
                            finally:
                                request_state.notes = notes
                else:
                    found = shortcut(request_state, kwargs)
                    if found is not None:
                        name = call.gives_only
                        arguments = {name: found} if name else call.arguments(kwargs, found)
                        try:
                            return (view if is_plain else function.of(app))(*args, **arguments)
                        except TypeError as error:
                            _name_argument(error, self.key)
                            raise
            return enter_unusual(app, request_state, plan, args, kwargs)

        enter_unusual = self._entry_of_unusual(function, enter_view, enter)
        return guarded_view(view, enter), enter

    def _entry_of_unusual(self, function: SyncCallable, enter_view: Entry, enter: Entry) -> Entry:
        """Give what enters a view where no shortcut does.

        :param enter: is tried again where such calls are found to have a shortcut.
        """
        view = function.function

        def enter_unusual(
            app: Flask,
            request_state: t.Any,
            plan: t.Any,
            args: tuple[t.Any, ...],
            kwargs: Arguments,
        ) -> t.Any:
            way = (function, len(args)) if args else function
            state = app.extensions.get("oso") or state_of(app)
            notes = None
            if request_state is not None:
                request_state.check_running = True
                notes = leave_notes(request_state, self.key)
            try:
                if _is_new_way(plan, way):
                    made = self._new_way_through(request_state, plan, function, args, kwargs)
                    plan.shortcuts[way] = made
                    if made is not None:
                        return enter(app, request_state, plan, args, kwargs)
                given = {**self.named(view, args), **kwargs} if args else kwargs
                arguments = self.meet(state.parts[Authorizer], view, given, request_state, plan)
                if args:
                    arguments = self._without_positions(view, args, arguments)
                return enter_view(app, request_state, plan, args, arguments)
            finally:
                if request_state is not None:
                    request_state.notes = notes

        return enter_unusual

    def _new_way_through(
        self,
        request_state: RequestState | None,
        plan: t.Any,
        function: SyncCallable,
        args: tuple[t.Any, ...],
        given: Arguments,
    ) -> tuple[Shortcut, UsualCall | None] | None:
        """Make the shortcut of calls with such arguments.

        :return: it, and what such calls have in common; ``None`` in place of that: the guard is
            one of several, and its shortcut gives the arguments.
        """
        app, made = this_app(), None
        if request_state is None or request_state.notes is None:
            made = self._new_shortcut(app, plan, function, args, given)
        if made is not None or args:
            return made
        authorizer = state_of(app).part(Authorizer)
        link = self.link_to(authorizer, function.function, given, plan)
        return None if link is None else (link, None)

    def _new_shortcut(
        self,
        app: Flask,
        plan: t.Any,
        function: SyncCallable,
        args: tuple[t.Any, ...],
        given: Arguments,
    ) -> tuple[Shortcut, UsualCall] | None:
        """Make the shortcut of calls with such arguments; see :meth:`shortcut_to`."""
        key = self.key
        if key is None or not plan.calls_plainly:
            return None
        others = self.named(function.function, args)
        # One argument by position is that of a method, unless it may be one of the route.
        is_apart = not others.keys() & {key.keyword, *given, *_route_variables()}
        if len(args) > 1 or len(others) < len(args) or not is_apart or key.variables_of(others):
            return None
        return self.shortcut_to(app, function.function, given, ())

    def link_to(
        self,
        authorizer: Authorizer,
        view: View,
        given: Arguments,
        plan: t.Any,
        behind: Sequence[Key] = (),
    ) -> Shortcut | None:
        """Give what does as :meth:`meet` for usual calls of a view with several guards.

        :return: it gives the arguments; ``None`` if there is none.
        """
        return self._passage_of(authorizer, view, given, behind, plan).link

    def shortcut_to(
        self, app: Flask, view: View, given: Arguments, behind: Sequence[Key]
    ) -> tuple[Shortcut, UsualCall] | None:
        """Make the shortcut of :meth:`meet` for such arguments, for one method of one route.

        It is for apps that call functions as they are; see ``SyncCallable``.

        :return: it, and what such calls have in common; ``None`` if there is none.
        """
        if self.key is None or self.actor is not NOT_GIVEN or is_stated(self.within):
            return None
        passage = self._new_passage(view, given, behind)
        call = self._usual_call(passage, given) if passage.is_last else None
        shortcut = None if call is None else make_shortcut(app, state_of(app), call)
        return None if call is None or shortcut is None else (shortcut, call)

    def _usual_call(self, passage: Passage, given: Arguments) -> UsualCall | None:
        """Give what calls that pass have in common, if nothing about them is unusual."""
        variables, actions, method = passage.variables or (), None, this_request().method
        action = self.action
        if type(action) is dict and method in action:
            actions, action = action, action[method]
        if len(variables) != 1 or type(action) is not str or passage.replaces_argument:
            return None
        keyword = passage.key.keyword if passage.gives_object else None
        names_left = passage.names_left
        return UsualCall(
            action,
            passage.key.cls,
            frozenset(given),
            variables[0],
            names_left,
            keyword,
            left_out=frozenset(given).difference(names_left, [keyword]),
            gives_only=None if names_left else keyword,
            actions=actions,
            method=method,
        )

    def named(self, view: View, args: tuple[t.Any, ...]) -> Arguments:
        """Give the names of arguments that a view is given by position."""
        if not args:
            return {}
        return dict(zip(self._parameters_of(view, view).by_position, args, strict=False))

    def _without_positions(
        self, view: View, args: tuple[t.Any, ...], given: Arguments
    ) -> Arguments:
        """Give the arguments for a call without those that it has by position."""
        by_position = self.named(view, args)
        # What is not the same any more is an argument too many, and Python says so.
        return {
            name: value
            for name, value in given.items()
            if by_position.get(name, NOT_GIVEN) is not value
        }

    def as_guard(self, place: SourceLocation, **facts: t.Any) -> Guard:
        """Give the request_state of a view that this check guards."""
        return Guard(
            GuardKind.AUTHORIZE,
            place,
            action=self.action,
            resource=self.resource,
            key=self.key,
            is_class_meant=self.key is None and isinstance(self.resource, type),
            within=self.within,
            **facts,
        )

    def check_view(self, view: View) -> None:
        """Look at a view when it is decorated.

        :raises OsoError: it cannot be given the object.
        """
        parameters = self._parameters_of(view, view)
        keyword = self.key.keyword if self.key is not None else None
        if keyword in parameters.by_position and keyword not in parameters.by_keyword:
            raise OsoError(
                f"The view takes {keyword!r} by position only, and the object is given by"
                f" keyword. Remove the '/' behind {keyword!r}."
            )

    def _judge_in(self, app: Flask, request_state: RequestState | None, _plan: t.Any) -> None:
        state = app.extensions.get("oso") or state_of(app)
        self.judge(state.parts[Authorizer], request_state)

    def judge(self, authorizer: Authorizer, request_state: RequestState | None) -> None:
        """Have the resource judged as it is."""
        authorizer.enforce(
            self.resource,
            actor=self.actor,
            action=self.action if type(self.action) is str else action_of_request(self.action),
            style=DenialStyle.ASK_LOGIN,
            request_state=request_state,
        )

    def _new_passage(self, view: View, given: Arguments, behind: Sequence[Key]) -> Passage:
        key = t.cast(Key, self.key)
        entered = entered_by_request(view)
        parameters = self._parameters_of(view, entered)
        variables = self._variables(parameters, given)
        further = (*behind, *parameters.keys, *_keys_in_class(view, entered, key))
        awaited = {id(each): each for each in (*further, *_keys_of_route())} if further else {}
        # Of guards that find the same, the last one gives it; the others leave the variable.
        is_left = key.keyword in [each.keyword for each in further]
        gives_object = variables is not None and parameters.take(key.keyword) and not is_left
        kept = None if further or parameters.takes_all else parameters.by_keyword
        left_out = frozenset() if kept is None else frozenset(variables or ()) - kept
        return Passage(
            key,
            view,
            self,
            behind,
            variables,
            gives_object=gives_object,
            replaces_argument=key.keyword in given and key.keyword not in (variables or ()),
            is_last=not further,
            kept=kept,
            names_left=tuple(name for name in given if name not in left_out),
            awaited=awaited,
        )

    def _parameters_of(self, view: View, entered: View) -> Parameters:
        """Give the arguments of the function that is called in the end."""
        # A view need not have a hash. It is kept, so that no other one gets its id.
        # What 'method_decorators' put around 'get' is not around it where it answers HEAD.
        is_head = entered is not view and this_request().method == "HEAD"
        key = id(view), id(entered), is_head
        known = self._known.get(key)
        if known is None:
            guards = [*guards_of(view), *_decorators_inside(view, entered), *guards_of(entered)]
            keys = tuple(guard.key for guard in guards if guard.key is not None)
            parameters = parameters_of(entered).replaced(keys=keys)
            known = parameters, view, entered
            # A descriptor of a class may make a new function each time.
            if len(self._known) < _MOST_VIEWS:
                self._known[key] = known
        return known[0]

    def _variables(self, parameters: Parameters, given: Arguments) -> tuple[str, ...] | None:
        """Give the variables that identify the object; ``None`` if the class is judged.

        :raises OsoError: there is none, and there has to be an object.
        """
        key = self.key
        if key is None:
            return None
        # Of all that the route has: the next choice may identify something else.
        variables = key.variables_of({*given, *_route_variables()})
        if variables is not None:
            lost = [name for name in variables if name not in given]
            if lost:
                raise OsoError(
                    f"The route has {', '.join(map(repr, lost))}, but the guard of"
                    f" {key.cls.__name__!r} is not given it. Something in between takes it away."
                )
            return variables
        is_wanted = self.serves_view and key.keyword in parameters.by_keyword
        if key.is_required or is_wanted or _is_by_accident(given):
            taken = f" A view that makes one takes no argument {key.keyword!r}."
            raise OsoError(
                f"The route does not have {key}, so it names no object of"
                f" {key.cls.__name__!r}. Name its variable with 'key', or judge the class itself"
                f" with 'load=False'.{taken if is_wanted and not given else ''}"
            )
        return None


def _is_new_way(plan: t.Any, way: t.Any) -> bool:
    """Tell whether the plan of a route may be told how such calls pass a check."""
    return plan is not None and way not in plan.shortcuts and len(plan.shortcuts) < _MOST_VIEWS


def entry_judging(
    view: View, guard: Guard, check: ViewCheck, style: DenialStyle, judge: _Judging
) -> Entry:
    """Give what enters a view once the resource of a check is judged as it is.

    :param style: how a denial of a usual question is answered.
    :param judge: judges any other one.
    """
    enter_view, resource, action = entry_behind_guard(view), check.resource, check.action
    is_judged_plainly = check.actor is NOT_GIVEN and is_usual(resource, action)
    is_innermost = entry_of(view) is None and SyncCallable(view).is_plain

    def enter(
        app: Flask,
        request_state: RequestState | None,
        plan: t.Any,
        args: tuple[t.Any, ...],
        kwargs: Arguments,
    ) -> t.Any:
        if request_state is not None:
            # As 'reach' does it, without a call.
            if request_state.awaited is guard and not request_state.checked:
                request_state.awaited = None
            elif request_state.awaited is not None and request_state.reach(guard):
                return request_state.call_beside(enter, app, plan, args, kwargs)
            request_state.check_running = True
        if is_judged_plainly and plan is not None:
            plan.judge_usual(request_state, resource, action, style)
        else:
            judge(app, request_state, plan)
        if is_innermost and plan is not None and plan.calls_plainly:
            return view(*args, **kwargs)
        return enter_view(app, request_state, plan, args, kwargs)

    return enter


def guarded_view(view: View, enter: Entry) -> View:
    """Give a function like a view that enters it as its guard does."""

    @functools.wraps(view)
    def guarded(*args: t.Any, **kwargs: t.Any) -> t.Any:
        app, request_state, plan = find_current()
        # Not unpacked in the call: Python calls a function with known arguments in less time.
        return enter(app, request_state, plan, args, kwargs)

    return guarded


def make_view_check(
    action: t.Any,
    resource: t.Any,
    *,
    actor: t.Any = NOT_GIVEN,
    key: str | Sequence[str] | None = None,
    load: bool | None = None,
    name: str | None = None,
    serves_view: bool = True,
    within: t.Any = NOT_GIVEN,
) -> ViewCheck:
    """Make the view check of a decorator.

    :raises OsoError: it makes no sense.
    """
    if isinstance(action, Mapping):
        check_methods(action)
    found = make_key(resource, key, load, name)
    check_within(within, found)
    return ViewCheck(action, resource, actor, found, serves_view, within)


def action_of_request(action: t.Any) -> t.Any:
    """Give the action that a guard has for the current request.

    :raises OsoError: it is a mapping, and does not have the method.
    """
    if not isinstance(action, Mapping):
        return action
    method = this_request().method
    if method == "HEAD" and method not in action:
        method = "GET"
    if method not in action:
        raise OsoError(
            f"The guard of this view has no action for {method}, so nobody may do it. Add the"
            " method to its mapping."
        )
    return action[method]


def entered_by_request(view: View) -> View:
    """Give the function that is called in the end: of a class, the one for the method."""
    if not has_request_context():
        return view
    current = this_request()
    registered = this_app().view_functions.get(current.endpoint or "")
    if registered is None or getattr(registered, "view_class", None) is None:
        return view
    # A decorator of a method is not one of its class.
    is_whole = inspect.unwrap(registered) is inspect.unwrap(view)
    return entered_function(registered, current.method) if is_whole else view


def _decorators_inside(view: View, entered: View) -> list[Guard]:
    """Give the guards that ``method_decorators`` put around the function of a class.

    Those with a target are none of them: the receiver of the view enforces them instead.
    """
    if entered is view:
        return []
    current = this_request()
    registered = this_app().view_functions[current.endpoint or ""]
    found = guards_of_decorators(registered, current.method)
    return [guard for guard in found if guard.target is None]


def _keys_in_class(view: View, entered: View, key: Key) -> list[Key]:
    """Give the keys of guards that come behind a function of a class, or in front of its method.

    A ``dispatch_request`` may have guards of its own, between those of the class and the method.

    :param key: that of the guard in front of them.
    """
    current = this_request() if has_request_context() else None
    registered = current and this_app().view_functions.get(current.endpoint or "")
    parts = [] if current is None or not registered else parts_of(registered, current.method)
    if len(parts) < 3:
        return []
    _, dispatch, handler = parts
    guards: list[Guard] = []
    if entered is not view:
        guards += guards_of(dispatch)
    elif inspect.unwrap(dispatch) is inspect.unwrap(view):
        guards += [*_decorators_inside(view, handler), *guards_of(handler)]
    else:
        # Of 'method_decorators', one in between need not say what it wraps.
        decorators = guards_of_decorators(t.cast(View, registered), t.cast(Request, current).method)
        met = [*(each for each in decorators if each.target is None), *guards_of(handler)]
        guards += [*itertools.dropwhile(lambda guard: guard.key is not key, met)][1:]
    return [guard.key for guard in guards if guard.key is not None]


def _keys_of_route() -> list[Key]:
    """Give the keys of all guards that the current request meets."""
    current = this_request() if has_request_context() else None
    if current is None or current.url_rule is None:
        return []
    met = guards_met(this_app(), current.url_rule.endpoint, current.method)
    return [guard.key for guard in met if guard.key is not None]


def _route_variables() -> set[str]:
    rule = this_request().url_rule if has_request_context() else None
    return set() if rule is None else rule.arguments


def _is_by_accident(given: Arguments) -> bool:
    """Tell whether a call that finds no object is given a variable of the route, all the same."""
    if not has_request_context():
        return False
    rule = this_request().url_rule
    if rule is None or rule.arguments.difference(rule.defaults or ()).isdisjoint(given):
        return False
    # No decorator can say of the files of a blueprint that its class is meant.
    # The app has a receiver in the place of the view, once it was asked for.
    view = view_itself(this_app().view_functions[rule.endpoint])
    return view is None or not is_static(rule.endpoint, view)


def _check_not_given(key: Key, given: Arguments, loaded: t.Any) -> None:
    """Refuse to put an object in the place of one that a call is given already.

    :raises OsoError: it is another one, and no variable of the route.
    """
    already = given[key.keyword]
    if already is loaded or already is _route_values().get(key.keyword, NOT_GIVEN):
        return
    raise OsoError(
        f"The view is given {key.keyword!r} already, and a guard found another object for it. Give"
        " the guard a 'name' of its own. If there are two guards that find the same, the"
        " decorators between them have to use 'functools.wraps'."
    )


def _route_values() -> Mapping[str, t.Any]:
    return this_request().view_args or {} if has_request_context() else {}


def _name_argument(error: TypeError, key: Key | None) -> None:
    """Say in which argument the object is given, if the view does not take the arguments."""
    came_from_view = error.__traceback__ is not None and error.__traceback__.tb_next is not None
    if key is not None and not came_from_view and "argument" in str(error):
        error.add_note(
            f"The guard gives the object of {key.cls.__name__!r} in the argument {key.keyword!r}."
            " Call the argument of the view so, or give the guard another name: 'name=…'."
        )
