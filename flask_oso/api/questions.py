"""What a program asks about the current actor, in views, in templates, and with ``actor=`` outside.

In goes a question; out comes the answer of the app's policy. What enforces raises a denial as HTTP
errors are raised. What shows rows, or enforces, is the check of the view; what only answers is not.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable

from flask import Flask, has_request_context
from werkzeug.exceptions import HTTPException

from ..app_state import find_state
from ..denials.denial import Denial, DenialStyle
from ..enforcement.authorizer import Authorizer, publisher_of
from ..enforcement.mistaken_questions import (
    check_action_first,
    check_field,
    check_objects,
    check_resource_alone,
    check_rows,
    check_texts_in_order,
)
from ..observability.denial_hints import (
    log_never_allowed,
    log_plain_actor,
    log_unjudged_resource,
)
from ..oso import Oso
from ..polar.exceptions import OsoError
from ..questions.row_questions import QueryBuilder
from ..request_state import (
    NOT_GIVEN,
    UnboundError,
    find_current,
    find_request_state,
    this_app,
    unwrap,
)
from ..templating import ask_again, ask_on_page, is_first_denial
from .legacy_api import authorize_resource

if t.TYPE_CHECKING:
    from ..polar.proof.proof import Proof
    from ..sqlalchemy.queries import Select

_Object = t.TypeVar("_Object")

#: In place of what is asked about: the error says more than that of Python.
_MISSING: t.Any = NOT_GIVEN
_NOBODY_ACTS = (
    "There is no request, so there is no current actor. Say who acts: 'actor=…'; 'actor=None' is"
    " the anonymous actor."
)


class Questions:
    """The questions of one FlaskOso; in templates it is ``oso``.

    Each is about the current actor unless it is given ``actor=``; ``None`` is the anonymous actor.
    An error of the policy is raised by each, and never a denial.
    """

    _authorizer: Authorizer

    def __init__(self, authorizer: Authorizer) -> None:
        self._authorizer = authorizer

    if not t.TYPE_CHECKING:

        def __getattr__(self, name: str) -> t.NoReturn:
            # Imported late, as in '_refuse_positions': only a mistake needs it.
            from .mistaken_names import missing_attribute

            raise missing_attribute(self, name)

    def can(self, action: t.Any, resource: t.Any, *more: t.Never, actor: t.Any = NOT_GIVEN) -> bool:
        """Tell whether the actor may do this.

        Nothing is enforced: a view that only asks has not authorized. A template asks each
        question once while it renders. A value that cannot be expressed in Polar is denied.

        :param action: what is done, usually a text: ``can("edit", note)``.
        :param resource: an object, or a class where there is none yet: ``can("create", Note)``.
        :param actor: who acts; the current actor if left out.
        :raises OsoError: no decision could be made: a rule failed, the arguments are swapped, or
            there is no Oso.
        """
        if more:
            _refuse_positions("can")
        allowed = (
            ask_again(self._authorizer.actors, action, resource) if actor is NOT_GIVEN else None
        )
        if allowed is not None and (allowed or not is_first_denial(action, resource)):
            return allowed
        check_action_first("can", action, resource)
        app, actors = this_app(), self._authorizer.actors
        oso, who = self._authorizer.oso_of(app), self._who(app, actor)
        finder = actors if actor is NOT_GIVEN else None
        allowed = ask_on_page(oso, who, action, resource, finder)
        if not allowed:
            is_first_denial(action, resource)
            _give_hints("can", app, Denial(oso, who, unwrap(action), unwrap(resource)))
        return allowed

    def cannot(
        self, action: t.Any, resource: t.Any, *more: t.Never, actor: t.Any = NOT_GIVEN
    ) -> bool:
        """Tell whether the actor may not do this; see :meth:`can`."""
        if more:
            _refuse_positions("cannot")
        return not self.can(action, resource, actor=actor)

    @t.overload
    def authorize(
        self,
        action: t.Any,
        resource: t.Any,
        /,
        *,
        actor: t.Any = NOT_GIVEN,
        check_read: bool | None = None,
    ) -> None: ...
    @t.overload
    def authorize(
        self,
        resource: t.Any,
        /,
        *,
        actor: t.Any = NOT_GIVEN,
        action: t.Any = None,
        check_read: bool | None = None,
    ) -> None: ...
    @t.overload
    def authorize(
        self,
        *,
        resource: t.Any,
        actor: t.Any = NOT_GIVEN,
        action: t.Any = None,
        check_read: bool | None = None,
    ) -> None: ...
    def authorize(
        self,
        *positional: t.Any,
        resource: t.Any = NOT_GIVEN,
        actor: t.Any = NOT_GIVEN,
        action: t.Any = None,
        check_read: bool | None = None,
    ) -> None:
        """Return if the actor may do this, and otherwise raise: ``authorize("edit", note)``.

        It answers as ``@authorize("edit", Note)`` does. With one argument, the resource, it is that
        of flask-oso 0.27: ``authorize(note, action="edit")``, the action by default that of the
        request, and a denial is 403. A value that cannot be expressed in Polar is denied.

        :param check_read: whether an object that the actor may not even read is 404; by default
            so with two arguments, and not with one.
        :raises HTTPException: denied, unless a denial handler says otherwise.
        :raises OsoError: no decision could be made.
        """
        if resource is not NOT_GIVEN:
            positional = (*positional, resource)
        if len(positional) == 1:
            self._authorize_resource(*positional, actor=actor, action=action, check_read=check_read)
            return
        if len(positional) != 2 or action is not None:
            raise OsoError(_WRONG_ARGUMENTS)
        action, resource = positional
        if type(action) is not str:
            check_action_first("authorize", action, resource)
        try:
            app, state, _ = find_current()
        except UnboundError:
            raise UnboundError(_NO_DECORATOR) from None
        # By the resource, if nothing is said: that is looked at once it is denied.
        style = DenialStyle.ASK_LOGIN if check_read is False else None
        who = actor if state is not None else self._who(app, actor)
        try:
            self._authorizer.enforce(
                resource, actor=who, action=action, style=style, request_state=state
            )
        except HTTPException:
            oso = self._authorizer.oso_of(app)
            _give_hints("authorize", app, Denial(oso, who, unwrap(action), unwrap(resource)))
            raise

    def authorize_field(
        self, action: t.Any, resource: t.Any, field: t.Any, *, actor: t.Any = NOT_GIVEN
    ) -> None:
        """Return if ``allow_field(actor, action, resource, field)`` holds, and otherwise raise.

        :raises HTTPException: denied; 404 if the actor may not even read the resource.
        :raises OsoError: no decision could be made.
        """
        check_action_first("authorize_field", action, resource)
        check_field("authorize_field", field)
        app = this_app()
        oso, who = self._authorizer.oso_of(app), self._who(app, actor)
        asked = (who, unwrap(action), unwrap(resource), unwrap(field))
        if not publisher_of(app).decide_field(oso, *asked):
            denial = Denial(oso, *asked[:3], field=asked[3])
            self._authorizer.deny(app, denial, None, is_current=actor is NOT_GIVEN)
        self._note_check(app, is_allowed=True)

    def permissions(self, resource: t.Any, *more: t.Never, actor: t.Any = NOT_GIVEN) -> set[t.Any]:
        """Give what the actor may do with an object; nothing is enforced.

        Where a rule allows any action, these are the permissions of the resource block of the
        class, or, without one, the actions that rules name, and ``"*"`` besides.

        :raises UnexpectedPolarTypeError: a rule restricts the action without naming it.
        :raises OsoError: no decision could be made.
        """
        if more:
            _refuse_positions("permissions")
        app = this_app()
        oso, who = self._authorizer.oso_of(app), self._who(app, actor)
        found = oso.permissions(who, unwrap(resource))
        if not found:
            state = find_state(app)
            log_unjudged_resource(app, state, oso, "any action", unwrap(resource))
        return found

    def scope(
        self, action: t.Any, cls: type[_Object] = _MISSING, *more: t.Never, actor: t.Any = NOT_GIVEN
    ) -> Select[tuple[_Object]]:
        """Give the statement of the rows of a class with which the actor may do this.

        It is the check of the view: what may not be seen is not in it. It allows no commit.

        :param cls: a mapped class, or an alias of one.
        :raises UnsupportedError: the policy cannot be expressed as a query.
        :raises OsoError: the class is not registered as a model.
        """
        if more:
            _refuse_positions("scope")
        check_rows("scope", action, cls)
        app = this_app()
        oso, who = self._authorizer.oso_of(app), self._who(app, actor)
        action = unwrap(action)
        self._know(oso, cls)

        def choose() -> t.Any:
            return _as_select(oso, oso.authorized_query(who, action, cls))

        statement = publisher_of(app).choose(oso, who, action, cls, choose)
        log_never_allowed(app, find_state(app), oso, action)
        log_plain_actor(app, find_state(app), oso, who)
        self._note_check(app)
        return t.cast("Select[tuple[_Object]]", statement)

    def filter(
        self, action: t.Any, objects: Iterable[_Object] = _MISSING, *, actor: t.Any = NOT_GIVEN
    ) -> list[_Object]:
        """Give those of some objects with which the actor may do this, in their order.

        It is the check of the view, as :meth:`scope` is. For rows that a query would find
        ``scope`` costs less: it reads no row that is denied.

        :param objects: resources of any classes; they are given in a list.
        :raises OsoError: a rule failed. A note of the error names the object, and nothing is given.
        """
        check_objects("filter", action, objects)
        app = this_app()
        oso, who = self._authorizer.oso_of(app), self._who(app, actor)
        action, given = unwrap(action), [*objects]
        kinds = {type(unwrap(each)) for each in given}
        kind = kinds.pop() if len(kinds) == 1 else object

        def choose() -> list[_Object]:
            return oso.filter(who, action, given)

        chosen = publisher_of(app).choose(oso, who, action, kind, choose)
        log_never_allowed(app, find_state(app), oso, action)
        self._note_check(app)
        return chosen

    def action_columns(
        self,
        cls: t.Any,
        actions: Iterable[t.Any] | None = None,
        *,
        actor: t.Any = NOT_GIVEN,
    ) -> dict[t.Any, t.Any]:
        """Give a column for each action, true in the rows with which the actor may do it.

        ``select(Note, *columns.values())`` tells which buttons to show on which rows.

        :param actions: by default the permissions of the resource block of the class, or, if it
            has none, the actions that the policy names.
        :return: the columns by action, in the order of ``actions``, or by name.
        :raises UnsupportedError: the policy cannot be expressed as a query.
        :raises OsoError: the class is not registered as a model, or the policy allows actions that
            it does not name and ``actions`` is not given.
        """
        check_rows("action_columns", None, cls)
        if isinstance(actions, str):
            raise OsoError(
                f"'action_columns' takes a list of actions. Write 'actions=[{actions!r}]'."
            )
        app = this_app()
        oso, who = self._authorizer.oso_of(app), self._who(app, actor)
        self._know(oso, cls)
        columns = oso.action_columns(who, cls, actions)
        for action in columns:
            log_never_allowed(app, find_state(app), oso, action)
        return columns

    def actors_query(
        self, action: t.Any, resource: t.Any, cls: type[_Object]
    ) -> Select[tuple[_Object]]:
        """Give the statement of the actors of a class who may do this.

        :param cls: the mapped class of the actors, such as ``User``.
        :raises UnsupportedError: the policy cannot be expressed as a query.
        :raises OsoError: the class is not registered as a model.
        """
        check_action_first("actors_query", action, resource)
        check_rows("actors_query", None, cls)
        app = this_app()
        oso = self._authorizer.oso_of(app)
        self._know(oso, cls)
        statement = _as_select(oso, oso.actors_query(unwrap(action), resource, cls))
        log_never_allowed(app, find_state(app), oso, unwrap(action))
        return t.cast("Select[tuple[_Object]]", statement)

    def why(
        self, action: t.Any, resource: t.Any, *more: t.Never, actor: t.Any = NOT_GIVEN
    ) -> Proof:
        """Say why :meth:`can` is true or false with the same arguments.

        Nothing is decided: a view that only asks has not authorized. Values of attributes that
        ``OSO_REDACT`` names are not shown. It is for developers: a proof shows the policy.

        :return: a ``Proof``: true if it is allowed; ``str`` of it is a text for people.
        """
        if more:
            _refuse_positions("why")
        check_action_first("why", action, resource)
        who = self._who(this_app(), actor)
        return self._authorizer.explain(resource, actor=who, action=action)

    def _authorize_resource(self, resource: t.Any, *, action: t.Any, **options: t.Any) -> None:
        try:
            authorize_resource(self._authorizer, resource, action=action, **options)
        except HTTPException:
            if action is None:
                known = self._authorizer.oso_of(this_app()).known_actions()
                check_resource_alone(unwrap(resource), known)
            raise

    def _who(self, app: Flask, actor: t.Any) -> t.Any:
        """Give the actor that is meant.

        :raises OsoError: none is given, and there is no request that has one.
        """
        if actor is not NOT_GIVEN or has_request_context():
            return self._authorizer.who(app, actor)
        try:
            who = self._authorizer.who(app, actor)
        except RuntimeError as error:
            raise OsoError(_NOBODY_ACTS) from error
        except OsoError as error:
            if isinstance(error.__cause__, AttributeError):
                raise OsoError(_NOBODY_ACTS) from error
            raise
        if who is None:
            raise OsoError(_NOBODY_ACTS)
        return who

    def _know(self, oso: Oso, cls: t.Any) -> None:
        """Register the classes of the program anew, if it has one that is not known yet."""
        if isinstance(cls, type) and cls not in oso.host.types:
            self._authorizer.register_classes(oso)

    def _note_check(self, app: Flask, *, is_allowed: bool = False) -> None:
        request_state = find_request_state(app)
        if request_state is not None:
            request_state.checked, request_state.check_running = True, False
            request_state.allowed = request_state.allowed or is_allowed


_NO_DECORATOR = (
    "Application context doesn't exist, and 'authorize' of a FlaskOso asks at once. The decorator"
    " of a view is '@authorize' of 'flask_oso'; away from views, push a context with 'with"
    " app.app_context():'."
)
_WRONG_ARGUMENTS = (
    "'authorize' takes an action and a resource, as in 'authorize(\"edit\", note)', or the resource"
    " alone with 'action=…'. The actor is given by name: 'actor=…'."
)


def _as_select(oso: Oso, query: t.Any) -> t.Any:
    """Give the ``select`` of a query, which the adapter of SQLAlchemy makes as that of oso did."""
    adapter = oso.host.adapter
    # Most have none, and the test for a protocol takes a tenth of the time of a short list.
    if adapter is None or not isinstance(adapter, QueryBuilder):
        return query
    # Imported late: an app without a database need not have SQLAlchemy.
    from ..sqlalchemy.queries import as_select

    return as_select(query)


def _refuse_positions(call: str) -> t.NoReturn:
    """Refuse arguments by position that are given by name.

    :raises TypeError: always.
    """
    from .mistaken_names import refuse_positions

    refuse_positions(call)


def _give_hints(call: str, app: Flask, denial: Denial) -> None:
    """Tell the program what is likely a mistake of a denied question.

    :raises OsoError: it is one for sure.
    """
    state, oso = find_state(app), denial.oso
    if type(denial.resource) is str:
        check_texts_in_order(call, denial.action, denial.resource, oso.known_actions())
    log_never_allowed(app, state, oso, denial.action)
    log_unjudged_resource(app, state, oso, denial.action, denial.resource)
    if denial.actor is not NOT_GIVEN:
        log_plain_actor(app, state, oso, denial.actor)
