"""``Oso``: ask a policy who may do what. Knows nothing of Flask.

Everything that loads, registers and queries comes from ``Polar``; here are the questions
of an application, each answered under one state of the policy.
"""

from __future__ import annotations

import contextlib
import os
import sys
import typing as t
from collections.abc import Callable, Iterable, Iterator, Sequence

from .exceptions import ForbiddenError, NotFoundError
from .polar.exceptions import OsoError, StackOverflowError
from .polar.host.awaitables import refuse_awaitables
from .polar.host.terms import Variable
from .polar.limits import Limits
from .polar.observe.console import Console
from .polar.output import say
from .polar.polar import Polar
from .polar.tools.argument_order import ArgumentOrder

if t.TYPE_CHECKING:
    from .polar.host.registry import Host
    from .polar.proof.proof import Proof
    from .polar.residual.ir import Residual
    from .polar.residual.schema import Schema

_ErrorFactory = Callable[[], BaseException | type[BaseException]]


@t.runtime_checkable
class QueryBuilder(t.Protocol):
    """What makes queries of a database; ``flask_oso.sqlalchemy`` has one."""

    def models(self, host: Host) -> Schema:
        """Give what is known of the classes whose rows it selects."""

    def class_of(self, entity: t.Any) -> type:
        """Give the class whose rows an entity stands for."""

    def query(self, host: Host, residual: Residual, entity: t.Any) -> t.Any:
        """Make a query of the rows for which a residual holds."""

    def column(self, host: Host, residual: Residual, entity: t.Any) -> t.Any:
        """Make a column that is true in the rows for which a residual holds, or false."""


class _Left(t.NamedTuple):
    """What is left of a question, and who makes queries of it."""

    residual: Residual
    host: Host
    builder: QueryBuilder
    entity: t.Any

    def query(self) -> t.Any:
        try:
            return self.builder.query(self.host, self.residual, self.entity)
        except RecursionError:
            raise StackOverflowError(_TOO_DEEP) from None

    def column(self) -> t.Any:
        try:
            return self.builder.column(self.host, self.residual, self.entity)
        except RecursionError:
            raise StackOverflowError(_TOO_DEEP) from None


_TOO_DEEP = (
    "The policy is nested too deep for a condition on rows. Give parts of it rules of their own."
)


class Oso(Polar):
    """A policy together with the Python names it may use, and the questions to it.

    Names, signatures and results are those of ``oso.Oso`` 0.27.3.

    :param forbidden_error: called without arguments for what is raised when an action
        is denied: a class, or a function that returns an error or a class.
    :param not_found_error: the same for when even reading is denied.
    :param read_action: the action that tells the two apart.
    :param limits: what loading and asking may cost; see ``Polar``.
    :param compiled: whether rules become Python functions; see ``Polar``.
    """

    def __init__(
        self,
        *,
        forbidden_error: _ErrorFactory = ForbiddenError,
        not_found_error: _ErrorFactory = NotFoundError,
        read_action: t.Any = "read",
        limits: Limits | None = None,
        compiled: bool = True,
    ) -> None:
        super().__init__(limits=limits, compiled=compiled)
        self.forbidden_error = forbidden_error
        self.not_found_error = not_found_error
        self.read_action = read_action
        self._builder: QueryBuilder | None = None
        self._sides: ArgumentOrder | None = None
        # Looked up, since nothing here knows werkzeug; without it there are no proxies.
        self._proxy: type | None = getattr(sys.modules.get("werkzeug.local"), "LocalProxy", None)

    def is_allowed(self, actor: t.Any, action: t.Any, resource: t.Any) -> bool:
        """Tell whether ``allow(actor, action, resource)`` has a solution.

        Errors of the policy and exceptions of Python methods it calls are raised, so a
        broken policy is never an answer. Proxies such as ``current_user`` of Flask-Login are
        replaced by what they stand for.

        :raises PolarRuntimeError: if no ``allow`` rule is loaded, among others.
        """
        proxy = self._proxy
        if type(actor) is proxy or type(resource) is proxy or type(action) is proxy:
            actor, action, resource = _itself(actor), _itself(action), _itself(resource)
        engine = self._engine
        allowed = engine.allow(actor, action, resource)
        if not allowed:
            # Denials are many: a call more would be felt.
            sides = self._sides
            if sides is None or sides.engine is not engine:
                sides = self._sides = ArgumentOrder(engine)
            if type(resource) in sides.actors:
                sides.look_at(actor, action, resource)
        return allowed

    def authorize(
        self, actor: t.Any, action: t.Any, resource: t.Any, *, check_read: bool = True
    ) -> None:
        """Return if the action is allowed; raise otherwise.

        :param check_read: whether to hide a resource that may not even be read.
        :raises NotFoundError: if the actor may not read the resource either.
        :raises ForbiddenError: if it may be read but not this, or ``check_read`` is off.
        """
        engine = self._engine
        actor, action, resource = _itself(actor), _itself(action), _itself(resource)
        if engine.allow(actor, action, resource):
            return
        if self._sides is None or self._sides.engine is not engine:
            self._sides = ArgumentOrder(engine)
        self._sides.look_at(actor, action, resource)
        if check_read and (
            action == self.read_action or not engine.allow(actor, self.read_action, resource)
        ):
            raise self.not_found_error()
        raise self.forbidden_error()

    def explain(
        self, actor: t.Any, action: t.Any, resource: t.Any, *, redact: Iterable[str] = ()
    ) -> Proof:
        """Say why ``is_allowed`` answers as it does: the rules tried, and their values.

        The solver answers the question once more; a decision itself records nothing. An error
        of the policy is not raised: the outcome is ``Outcome.BROKEN`` then, and the proof is
        false, as it is for a denial.

        :param redact: words of attributes whose values are not shown, besides ``password``,
            ``token`` and the like.
        """
        args = [_itself(actor), _itself(action), _itself(resource)]
        return self._engine.explain("allow", args, redact)

    def authorize_request(self, actor: t.Any, request: t.Any) -> None:
        """Return if ``allow_request(actor, request)`` holds.

        :raises ForbiddenError: otherwise.
        """
        if not self._engine.ask("allow_request", _itself(actor), _itself(request)):
            raise self.forbidden_error()

    def authorize_field(self, actor: t.Any, action: t.Any, resource: t.Any, field: t.Any) -> None:
        """Return if ``allow_field(actor, action, resource, field)`` holds.

        :raises ForbiddenError: otherwise.
        """
        args = map(_itself, (actor, action, resource, field))
        if not self._engine.ask("allow_field", *args):
            raise self.forbidden_error()

    def authorized_actions(
        self, actor: t.Any, resource: t.Any, allow_wildcard: bool = False
    ) -> set[t.Any]:
        """Give the actions that are allowed.

        :param allow_wildcard: give ``{"*"}`` where a rule allows any action.
        :raises OsoError: if a rule allows any action and ``allow_wildcard`` is off.
        :raises UnexpectedPolarTypeError: if a rule restricts the action without naming it.
        """
        args = [_itself(actor), Variable("action"), _itself(resource)]
        return self._allowed("allow", args, 1, allow_wildcard)

    def authorized_fields(
        self, actor: t.Any, action: t.Any, resource: t.Any, allow_wildcard: bool = False
    ) -> set[t.Any]:
        """Give the fields for which ``allow_field`` holds; see ``authorized_actions``."""
        args = [_itself(actor), _itself(action), _itself(resource), Variable("field")]
        return self._allowed("allow_field", args, 3, allow_wildcard)

    def _allowed(self, rule: str, args: list[t.Any], at: int, allow_wildcard: bool) -> set[t.Any]:
        """Give the values of one argument for which a rule holds."""
        # One engine for both: a policy may be replaced in between. A decision never waits at
        # a debug() of the policy, so it is asked of the engine.
        engine = self._engine
        refuse_awaitables(rule, args)
        strings: set[t.Any] | None = engine.strings(rule, args, at)
        if strings is not None:
            return strings
        name = str.__str__(args[at])
        method = f"authorized_{name}s"
        return _values_of(engine.query_rule(rule, args), name, method, allow_wildcard)

    def expected_actors(self) -> tuple[str, ...]:
        """Give the names of the classes of which the policy wants actors.

        None if some rule may be about a text, a number or a dictionary.
        """
        from .polar.policy.actor_classes import actor_classes

        return actor_classes(self._engine.policy)

    # -- lists ------------------------------------------------------------------------

    def set_query_builder(self, builder: QueryBuilder) -> None:
        """Make queries with this; ``flask_oso.sqlalchemy.register_models`` calls it."""
        self._builder = builder

    def _models(self) -> Schema | None:
        return None if self._builder is None else self._builder.models(self.host)

    def residual(self, actor: t.Any, action: t.Any, cls: t.Any) -> Residual:
        """Give the condition on rows of a class for which ``is_allowed`` is true.

        ``str`` of it is for people.

        :raises UnsupportedError: if the policy says of a row what no condition can say.
        :raises OsoError: if nothing is known of the class.
        """
        from .polar.residual.templates import with_objects

        return with_objects(self._left([_itself(actor), action, None], 2, cls).residual)

    def authorized_query(self, actor: t.Any, action: t.Any, resource_cls: t.Any) -> t.Any:
        """Make a query of the rows for which ``is_allowed`` is true.

        With ``register_models`` it is a ``select`` of SQLAlchemy; otherwise what the adapter
        makes. It is one statement, to which more can be added.

        :param resource_cls: a mapped class, or an alias of one.
        :raises UnsupportedError: if the policy says of a row what no query can say.
        :raises OsoError: if nothing is known of the class.
        """
        return self._left([_itself(actor), action, None], 2, resource_cls).query()

    def authorized_resources(
        self, actor: t.Any, action: t.Any, resource_cls: t.Any
    ) -> Sequence[t.Any]:
        """Give the rows for which ``is_allowed`` is true, as the adapter reads them.

        :raises OsoError: if no adapter is set, and for what ``authorized_query`` raises.
        """
        adapter = self.host.adapter
        if adapter is None:
            raise OsoError(
                "No adapter reads rows. Set one with 'set_data_filtering_adapter', or give the"
                " statement of 'authorized_query' to your session."
            )
        return adapter.execute_query(self.authorized_query(actor, action, resource_cls))

    def actors_query(self, action: t.Any, resource: t.Any, actor_cls: t.Any) -> t.Any:
        """Make a query of the actors of a class who may do something to a resource.

        :raises UnsupportedError: if the policy says of an actor what no query can say.
        :raises OsoError: if nothing is known of the class.
        """
        return self._left([None, action, _itself(resource)], 0, actor_cls).query()

    def action_columns(
        self, actor: t.Any, resource_cls: t.Any, actions: Iterable[t.Any] | None = None
    ) -> dict[t.Any, t.Any]:
        """Give a column for each action, true in the rows for which it is allowed.

        ``select(Post, *columns.values())`` tells which buttons to show on which rows.

        :param actions: the actions; by default those that the policy names.
        :raises OsoError: if the policy leaves the action open and none are given.
        """
        known = self.known_actions() if actions is None else actions
        if known is None:
            raise OsoError(
                "The policy allows actions that it does not name. Say which columns you want:"
                " 'actions=[...]'."
            )
        wanted = sorted(known) if actions is None else known
        questions = [[_itself(actor), action, None] for action in wanted]
        return {args[1]: self._left(args, 2, resource_cls).column() for args in questions}

    def _left(self, args: list[t.Any], at: int, entity: t.Any) -> _Left:
        """Give what is left of ``allow`` once one argument is an unknown row."""
        engine = self._engine
        adapter = engine.host.adapter
        builder = self._builder
        if builder is None and isinstance(adapter, QueryBuilder):
            builder = adapter
        if builder is None and adapter is not None:
            from .polar.residual.adapter_filters import FilterBuilder

            builder = FilterBuilder(adapter)
        if builder is None:
            raise OsoError(
                "No models are registered, so there is nothing to query. Call 'register_models'"
                " of 'flask_oso.sqlalchemy', or set an adapter."
            )
        cls = builder.class_of(entity)
        if cls not in engine.host.types:
            raise OsoError(f"{cls.__name__!r} is not registered. Call 'register_models' with it.")
        models = builder.models(engine.host)
        try:
            with models.reading(args):
                residual = engine.residual("allow", args, at, cls, models)
        except RecursionError:
            raise StackOverflowError(_TOO_DEEP) from None
        if "POLAR_EXPLAIN" in os.environ:
            from .polar.residual.outlines import outline

            say(outline(residual), sys.stderr)
        return _Left(residual, engine.host, builder, entity)

    def get_allowed_actions(
        self, actor: t.Any, resource: t.Any, allow_wildcard: bool = False
    ) -> list[t.Any]:
        """Give the actions that are allowed as a list. Kept for older programs."""
        return list(self.authorized_actions(actor, resource, allow_wildcard))

    def _console(self) -> contextlib.AbstractContextManager[Console]:
        # Imported late: an application that serves requests needs no line editor.
        from .consoles.choice import make_console

        return make_console()


def _itself(value: t.Any) -> t.Any:
    """Give what a proxy, such as ``current_user`` of Flask-Login, stands for."""
    # Not by attribute: that would ask what the proxy stands for.
    while (type(value).__module__, type(value).__name__) == ("werkzeug.local", "LocalProxy"):
        value = value._get_current_object()
    return value


def _values_of(
    solutions: Iterator[dict[str, t.Any]], name: str, method: str, allow_wildcard: bool
) -> set[t.Any]:
    values: set[t.Any] = set()
    for solution in solutions:
        value = solution.get(name, Variable(name))
        if not isinstance(value, Variable):
            values.add(value)
        elif allow_wildcard:
            return {"*"}
        else:
            raise OsoError(
                f'The result of {method}() contained an "unconstrained" {name} that could'
                f" represent any {name}, but allow_wildcard was set to False. To fix, set"
                ' allow_wildcard to True and compare with the "*" string.'
            )
    return values
