"""``Oso``: the authorization questions of an application. Independent of Flask.

Loading, registering and queries come from ``Polar``; the questions are here, each answered with
one state of the policy.
"""

from __future__ import annotations

import contextlib
import copy
import typing as t
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from .exceptions import ForbiddenError, NotFoundError
from .polar.environment import STORED_ENVIRONMENT
from .polar.exceptions import OsoError
from .polar.host.conversion import is_representable
from .polar.host.terms import ANYTHING, Variable
from .polar.limits import Limits
from .polar.output import STORED_VARIABLE
from .polar.polar import Polar
from .polar.value_objects import Record
from .questions.foreign_objects import is_mapped, login_equality, proxy_class, unwrapped
from .questions.many_objects import ManyAsked, listed, load_relations, noting
from .questions.row_questions import QueryBuilder, RowQuestion, ask_about_rows, builder_of

if t.TYPE_CHECKING:
    from .polar.engine import DenialWatch, Engine
    from .polar.observe.console import Console
    from .polar.polar import SharedLoad
    from .polar.proof.proof import Proof
    from .polar.residual.algebra.outcomes import Residual
    from .polar.residual.algebra.schema import Schema
    from .polar.residual.host_questions import Moments
    from .polar.sources import Source

#: What is asked for by ``authorized_actions`` and ``authorized_fields``.
_ACTION, _FIELD = Variable("action"), Variable("field")
_T = t.TypeVar("_T")
_ErrorFactory = Callable[[], BaseException | type[BaseException]]


#: The classes of values of which not all can be expressed in Polar.
LIMITED_CLASSES = frozenset({int, str, list, dict})


class DenialReason(Record):
    """Why something is denied, in the words of the policy: for those who are denied it.

    :param text: a sentence.
    :param code: what programs compare; ``None`` if the rule has none.
    """

    text: str
    code: str | None = None


class Oso(Polar):
    """A policy together with the Python names it may use, and the questions to it.

    Names, signatures and results are those of ``oso.Oso`` 0.27.3.

    :param forbidden_error: called without arguments to make the error that is raised when an
        action is denied: a class, or a function that returns an error or a class.
    :param not_found_error: the same for a resource that the actor may not even read.
    :param read_action: the action that tells the two apart.
    :param limits: the limits of loads and questions; see ``Polar``.
    :param compiled: whether rules are compiled to Python functions; see ``Polar``.
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
        self.set_text_equalities(login_equality)
        self._builder: QueryBuilder | None = None
        self._proxy = proxy_class()

    @staticmethod
    def _make_watch(engine: Engine) -> DenialWatch:
        # Imported late, to import this library in less time; a load has imported it.
        from .polar.tools.caller_mistakes import CallerMistakes

        return CallerMistakes(engine)

    def is_allowed(self, actor: t.Any, action: t.Any, resource: t.Any) -> bool:
        """Tell whether ``allow(actor, action, resource)`` has a solution.

        Errors of the policy and exceptions of the Python methods it calls are raised: a broken
        policy never gives an answer. Proxies such as ``current_user`` of Flask-Login are replaced
        by their objects.

        :param actor: who acts: an object of a registered class, a text, a number, or any other
            Python value; ``None`` is ``nil`` in the policy.
        :param action: what is done, usually a text.
        :param resource: what it is done to, as ``actor``; or a class itself.
        :return: ``True`` or ``False``, and nothing else.
        :raises PolarRuntimeError: if a rule fails, takes longer than ``Limits.timeout_ms``, or no
            ``allow`` rule is loaded.
        """
        engine = self._engine
        if STORED_VARIABLE not in STORED_ENVIRONMENT:
            # Usual questions end here. Proxies are of no class that has a function.
            try:
                if type(action) is str:
                    answer = engine.specialized[action][type(resource)]
                else:
                    answer = engine.specialized_by_objects[type(resource)]
            except KeyError:
                # There is no function yet, or none at all.
                pass
            else:
                # Behind the 'try': it may call the application, which may raise any error.
                allowed = answer(actor, action, resource)
                if allowed is not None:
                    return allowed
                return self._ask_rules(engine, actor, action, resource, is_given_up=True)
        return self._ask_rules(engine, actor, action, resource, is_given_up=False)

    def _ask_rules(
        self,
        engine: Engine,
        actor: t.Any,
        action: t.Any,
        resource: t.Any,
        *,
        is_given_up: bool,
    ) -> bool:
        """Answer a question that is no usual one.

        :param is_given_up: whether a function gave it up, and need not be asked again.
        """
        proxy, allowed = self._proxy, None
        if type(actor) is proxy or type(resource) is proxy or type(action) is proxy:
            actor, action = unwrapped(actor), unwrapped(action)
            resource = unwrapped(resource)
        elif is_given_up:
            allowed = engine.allow_by_rules(actor, action, resource)
        if allowed is None:
            allowed = engine.allow(actor, action, resource)
        watch = engine.denial_watch
        if not allowed and watch is not None and type(resource) in watch.kinds:
            watch.check(actor, action, resource)
        return allowed

    def authorize(
        self, actor: t.Any, action: t.Any, resource: t.Any, *, check_read: bool = True
    ) -> None:
        """Return if the action is allowed; raise otherwise.

        :param check_read: whether to hide a resource that the actor may not even read.
        :raises NotFoundError: if the actor may not read the resource either.
        :raises ForbiddenError: if the actor may read the resource, or ``check_read`` is off.
            Both are plain exceptions, without a status of HTTP, and an Oso that was made with
            ``forbidden_error`` and ``not_found_error`` raises those.
        :raises PolarRuntimeError: as ``is_allowed`` does.
        """
        engine = self._engine
        allowed = engine.usual_answer(actor, action, resource)
        if allowed:
            return
        actor, action, resource = unwrapped(actor), unwrapped(action), unwrapped(resource)
        if allowed is None:
            if engine.allow(actor, action, resource):
                return
            if engine.denial_watch is not None:
                engine.denial_watch.check(actor, action, resource)
        if check_read and (
            action == self.read_action or not engine.allow(actor, self.read_action, resource)
        ):
            raise self.not_found_error()
        raise self.forbidden_error()

    def explain(
        self, actor: t.Any, action: t.Any, resource: t.Any, *, redact: Iterable[str] = ()
    ) -> Proof:
        """Explain the answer of ``is_allowed``: the rules that were tried, and their values.

        The solver answers the question once more; a decision itself records nothing. An error
        of the policy is not raised: then the outcome is ``Outcome.BROKEN``, and the proof is
        false, as for a denial.

        :param redact: words in the names of attributes whose values are not shown, besides
            ``password``, ``token`` and the like.
        :return: a ``Proof``: true if it is allowed; ``str`` of it is a text for people.
        """
        args = [unwrapped(actor), unwrapped(action), unwrapped(resource)]
        return self._engine.explain("allow", args, redact)

    def denial_reason(self, actor: t.Any, action: t.Any, resource: t.Any) -> DenialReason | None:
        """Give the reason that the policy has for a denial; ``None`` if it has none.

        The rules ``denial_reason(actor, action, resource, text, code)`` are asked first, then those
        without a code. Of several that apply, the most specific one counts. They are asked only
        here: they allow nothing, and ``is_allowed`` knows nothing of them.

        :raises OsoError: if such a rule fails, gives something else than a text, or has so many
            parameters that nobody asks it.
        """
        engine = self._engine
        clauses = engine.clauses("denial_reason")
        if clauses is None:
            return None
        args, counts = [unwrapped(actor), unwrapped(action), unwrapped(resource)], set(clauses)
        if counts - {4, 5}:
            raise OsoError(
                f"A rule 'denial_reason' has {min(counts - {4, 5})} parameters, and is never asked."
                " It has four, or five with a code: denial_reason(actor, action, resource, text)."
            )
        for names in (("text", "code"), ("text",)):
            if len(args) + len(names) not in counts:
                continue
            query = [*args, *map(Variable, names)]
            for solution in engine.search("denial_reason", query):
                return _reason_of([solution.get(name) for name in names])
        return None

    def authorize_request(self, actor: t.Any, request: t.Any) -> None:
        """Return if ``allow_request(actor, request)`` holds.

        :param request: any object that such rules know, such as the request of Flask.
        :raises ForbiddenError: otherwise.
        :raises PolarRuntimeError: if a rule fails, or there is none of this name.
        """
        engine, allowed = self._engine, None
        if STORED_VARIABLE not in STORED_ENVIRONMENT:
            # As in 'is_allowed'.
            try:
                answer = engine.specialized_requests[type(request)]
            except KeyError:
                pass
            else:
                allowed = answer(actor, request)
        if allowed is None:
            allowed = engine.allow_request(unwrapped(actor), unwrapped(request))
        if not allowed:
            raise self.forbidden_error()

    def authorize_field(self, actor: t.Any, action: t.Any, resource: t.Any, field: t.Any) -> None:
        """Return if ``allow_field(actor, action, resource, field)`` holds.

        :param field: the name of a field, usually a text.
        :raises ForbiddenError: otherwise.
        :raises PolarRuntimeError: if a rule fails, or there is none of this name.
        """
        engine, allowed = self._engine, None
        if STORED_VARIABLE not in STORED_ENVIRONMENT and type(action) is str:
            # As in 'is_allowed'.
            try:
                answer = engine.specialized_fields[action][type(field)]
            except KeyError:
                pass
            else:
                allowed = answer(actor, action, resource, field)
        if allowed is None:
            asked = map(unwrapped, (actor, action, resource, field))
            allowed = engine.allow_field(*asked)
        if not allowed:
            raise self.forbidden_error()

    def authorized_actions(
        self, actor: t.Any, resource: t.Any, allow_wildcard: bool = False
    ) -> set[t.Any]:
        """Give the allowed actions: the values of the action for which ``allow`` has a solution.

        :param allow_wildcard: give ``{"*"}`` if a rule allows any action.
        :raises OsoError: if a rule allows any action and ``allow_wildcard`` is off.
        :raises UnexpectedPolarTypeError: if a rule restricts the action without naming it.
        """
        search = self._engine.searches.get(("allow", 1, type(actor), type(resource)))
        if search is not None and STORED_VARIABLE not in STORED_ENVIRONMENT:
            # Usual questions end here, as in 'is_allowed'.
            found = search(actor, _ACTION, resource)
            if found is not None:
                return found if ANYTHING not in found else _any_value("action", allow_wildcard)
        proxy = self._proxy
        if type(actor) is proxy or type(resource) is proxy:
            actor, resource = unwrapped(actor), unwrapped(resource)
        return self._allowed("allow", (actor, _ACTION, resource), 1, allow_wildcard)

    def filter(self, actor: t.Any, action: t.Any, objects: Iterable[_T]) -> list[_T]:
        """Give those of some objects for which ``is_allowed`` is true, in their order.

        Costs less than a check of each: relations that the policy reads of mapped rows are loaded
        for all of them at once, a few statements for each relation. Rows of an ``AsyncSession`` are
        asked within ``session.run_sync``, or with their relations loaded.

        :param objects: resources of any classes.
        :raises PolarRuntimeError: as ``is_allowed`` does; a note of the error names the object.
            Then nothing is given, not even what was allowed before.
        """
        engine, actor, action = self._engine, unwrapped(actor), unwrapped(action)
        given = listed(objects, "filter")
        kinds = {*map(type, given)}
        asked = given
        if self._proxy in kinds:
            asked = self._without_proxies(given)
            kinds = {*map(type, asked)}
        answers = engine.quick_answers(actor, action, asked)
        if None in answers:
            self._answer_left(engine, actor, action, asked, answers)
        watch = engine.denial_watch
        if watch is not None and not watch.kinds.isdisjoint(kinds):
            denied = (
                each for each, is_allowed in zip(asked, answers, strict=True) if not is_allowed
            )
            for each in denied:
                watch.check(actor, action, each)
        return [each for each, is_allowed in zip(given, answers, strict=True) if is_allowed is True]

    def _answer_left(
        self,
        engine: Engine,
        actor: t.Any,
        action: t.Any,
        asked: list[t.Any],
        answers: list[bool | None],
    ) -> None:
        """Fill in the answers that are missing, once relations are loaded."""
        waiting = [at for at, answer in enumerate(answers) if answer is None]
        left = [asked[at] for at in waiting]
        answered: list[bool | None] = [None] * len(left)
        if load_relations(engine, "allow", lambda each: (actor, action, each), left):
            # What was missing is there now, so that most are answered as the others were.
            answered = engine.quick_answers(actor, action, left)
        at = 0
        with noting("filter", lambda: (at, asked[at])):
            for at, answer in zip(waiting, answered, strict=True):
                answers[at] = engine.allow(actor, action, asked[at]) if answer is None else answer

    def authorized_actions_many(
        self, actor: t.Any, objects: Iterable[t.Any], allow_wildcard: bool = False
    ) -> list[set[t.Any]]:
        """Give the allowed actions on each of some objects, in their order.

        ``for task, actions in zip(tasks, oso.authorized_actions_many(user, tasks))``. A list, since
        objects need not be hashable. Relations are loaded as by ``filter``.

        :param allow_wildcard: see ``authorized_actions``.
        :raises OsoError: as ``authorized_actions`` does; a note of the error names the object.
        """
        actor = unwrapped(actor)
        asked = ManyAsked("authorized_actions_many", "allow", 1, (type(actor),))
        return self._of_many(asked, lambda each: (actor, _ACTION, each), objects, allow_wildcard)

    def authorized_fields_many(
        self,
        actor: t.Any,
        action: t.Any,
        objects: Iterable[t.Any],
        allow_wildcard: bool = False,
    ) -> list[set[t.Any]]:
        """Give the fields of each of some objects for which ``allow_field`` holds, in their order.

        As ``authorized_actions_many`` gives actions: for a page of rows as JSON.

        :param allow_wildcard: see ``authorized_actions``.
        :raises OsoError: as ``authorized_fields`` does; a note of the error names the object.
        """
        actor, action = unwrapped(actor), unwrapped(action)
        asked = ManyAsked("authorized_fields_many", "allow_field", 3, (type(actor), type(action)))
        return self._of_many(
            asked, lambda each: (actor, action, each, _FIELD), objects, allow_wildcard
        )

    def _of_many(
        self,
        asked: ManyAsked,
        question: Callable[[t.Any], tuple[t.Any, ...]],
        objects: Iterable[t.Any],
        allow_wildcard: bool,
    ) -> list[set[t.Any]]:
        """Give the values of one argument for which a rule holds, about each of some objects.

        :param question: gives the arguments for an object.
        """
        engine, (method, rule, at, kinds) = self._engine, asked
        given = self._without_proxies(listed(objects, method))
        load_relations(engine, rule, question, given)
        found: list[set[t.Any]] = []
        is_logged = STORED_VARIABLE in STORED_ENVIRONMENT
        with noting(method, lambda: (len(found), given[len(found)])):
            for each in given:
                # As for one object: usual questions end here.
                search = engine.searches.get((rule, at, *kinds, type(each)))
                values = None
                if search is not None and not is_logged:
                    values = search(*question(each))
                if values is None:
                    values = self._allowed(
                        rule, question(each), at, allow_wildcard, engine, len(given)
                    )
                elif ANYTHING in values:
                    values = _any_value(str.__str__(question(each)[at]), allow_wildcard)
                found.append(values)
        return found

    def _without_proxies(self, objects: list[t.Any]) -> list[t.Any]:
        proxy = self._proxy
        return [unwrapped(each) if type(each) is proxy else each for each in objects]

    def register_class(
        self,
        cls: type,
        *,
        name: str | None = None,
        fields: Mapping[str, t.Any] | None = None,
        private: Iterable[str] = (),
    ) -> None:
        super().register_class(cls, name=name, fields=fields, private=private)
        if self.host.identities is None and is_mapped(cls):
            # What its rows have loaded is plain data. `register_models` compares them by keys, too.
            from .sqlalchemy.row_keys import LoadedRows

            self.set_identities(LoadedRows())

    register_class.__doc__ = Polar.register_class.__doc__

    def _load(self, sources: list[Source], *, replace: bool) -> None:
        super()._load(sources, replace=replace)
        # Imported here, so that no decision imports anything: a denial needs it.
        from .polar.tools import caller_mistakes  # noqa: F401

    def _share(self, shared: SharedLoad) -> None:
        builder = self._builder
        if builder is None or not getattr(builder, "is_shareable", False):
            return
        if type(shared.builder) is type(builder):
            self._builder = shared.builder
        elif shared.builder is None:
            shared.builder = builder

    def authorized_fields(
        self, actor: t.Any, action: t.Any, resource: t.Any, allow_wildcard: bool = False
    ) -> set[t.Any]:
        """Give the fields for which ``allow_field`` holds; see ``authorized_actions``."""
        kinds = type(actor), type(action), type(resource)
        search = self._engine.searches.get(("allow_field", 3, *kinds))
        if search is not None and STORED_VARIABLE not in STORED_ENVIRONMENT:
            found = search(actor, action, resource, _FIELD)
            if found is not None:
                return found if ANYTHING not in found else _any_value("field", allow_wildcard)
        proxy = self._proxy
        if type(actor) is proxy or type(action) is proxy or type(resource) is proxy:
            actor, action, resource = unwrapped(actor), unwrapped(action), unwrapped(resource)
        return self._allowed("allow_field", (actor, action, resource, _FIELD), 3, allow_wildcard)

    def _allowed(
        self,
        rule: str,
        args: tuple[t.Any, ...],
        at: int,
        allow_wildcard: bool,
        engine: Engine | None = None,
        questions: int = 1,
    ) -> set[t.Any]:
        """Give the values of one argument for which a rule holds.

        :param questions: how many such questions there are.
        """
        # The same engine for both: the policy may be replaced in between. The engine is asked
        # directly, so that 'debug()' does not stop the question.
        engine = engine or self._engine
        strings: set[t.Any] | None = engine.strings(rule, args, at, questions)
        name = str.__str__(args[at])
        if strings is None:
            return _values_of(engine.search(rule, args), name, allow_wildcard)
        return _any_value(name, allow_wildcard) if ANYTHING in strings else strings

    def expected_actors(self) -> tuple[str, ...]:
        """Give the names of the classes that the policy expects of actors.

        Empty if a rule accepts a string, a number or a dictionary.
        """
        from .polar.policy.actor_classes import actor_classes

        return actor_classes(self._engine.policy)

    def with_policy(self, sources: Sequence[Source]) -> Oso:
        """Give another Oso with the same registered names, and these texts as its policy.

        To compare a draft with the policy in force, which stays. Nothing is printed, inline queries
        are not run, and watchers of loads are not told.

        :raises OsoError: if the texts do not load.
        """
        from .polar.policy.loader import load_policy

        drafted = copy.copy(self)
        loaded = load_policy(sources, self.host, roles=self._has_roles, limits=self._limits)
        drafted._engine = self._engine.with_policy(loaded.policy)
        drafted._gates, drafted._load_watchers = {}, ()
        return drafted

    # -- lists ------------------------------------------------------------------------

    def set_query_builder(self, builder: QueryBuilder) -> None:
        """Set the builder of queries; ``flask_oso.sqlalchemy.register_models`` calls it."""
        self._builder = builder

    @property
    def has_query_builder(self) -> bool:
        """Whether models are registered."""
        return self._builder is not None

    def _models(self) -> Schema | None:
        return None if self._builder is None else self._builder.models(self.host)

    def residual(self, actor: t.Any, action: t.Any, cls: t.Any) -> Residual:
        """Give the condition that rows of a class satisfy for which ``is_allowed`` is true.

        ``str`` gives a readable form.

        :raises UnsupportedError: if the policy cannot be expressed as a condition on rows.
        :raises OsoError: if the class is not registered as a model.
        """
        from .polar.residual.templates import with_objects

        return with_objects(self.residual_with_objects(actor, action, cls))

    def residual_with_objects(self, actor: t.Any, action: t.Any, cls: t.Any) -> Residual:
        """Give what :meth:`residual` does, with objects by number where the policy allows it.

        Then the residuals of several actors have the same condition, and ``objects`` differ.
        """
        return self._row_question([unwrapped(actor), action, None], 2, cls).residual

    def made_of_residual(
        self, actor: t.Any, action: t.Any, cls: t.Any, make: Callable[[Residual], _T]
    ) -> _T:
        """Give what a function makes of that residual.

        The function reads objects as the policy does, also where sessions are protected.
        """
        return make(self._row_question([unwrapped(actor), action, None], 2, cls).residual)

    def authorized_query(self, actor: t.Any, action: t.Any, resource_cls: t.Any) -> t.Any:
        """Build a query of the rows for which ``is_allowed`` is true.

        With ``register_models`` it is a ``select`` of SQLAlchemy, otherwise the result of the
        adapter. It is one statement, which can be extended.

        :param resource_cls: a mapped class, or an alias of one.
        :raises UnsupportedError: if the policy cannot be expressed as a query.
        :raises OsoError: if the class is not registered as a model.
        """
        return self._row_question([unwrapped(actor), action, None], 2, resource_cls).query()

    def authorized_resources(
        self, actor: t.Any, action: t.Any, resource_cls: t.Any
    ) -> Sequence[t.Any]:
        """Read the rows for which ``is_allowed`` is true with the adapter.

        :raises OsoError: if no adapter is set, and as ``authorized_query`` does.
        """
        adapter = self.host.adapter
        if adapter is None:
            raise OsoError(
                "No adapter reads rows. Set one with 'set_data_filtering_adapter', or give the"
                " statement of 'authorized_query' to your session."
            )
        return adapter.execute_query(self.authorized_query(actor, action, resource_cls))

    def actors_query(self, action: t.Any, resource: t.Any, actor_cls: t.Any) -> t.Any:
        """Build a query of the actors of a class who may do an action on a resource.

        :raises UnsupportedError: if the policy cannot be expressed as a query.
        :raises OsoError: if the class is not registered as a model.
        """
        return self._row_question([None, action, unwrapped(resource)], 0, actor_cls).query()

    def action_columns(
        self, actor: t.Any, resource_cls: t.Any, actions: Iterable[t.Any] | None = None
    ) -> dict[t.Any, t.Any]:
        """Build a column for each action, true in the rows for which it is allowed.

        ``select(Post, *columns.values())`` tells which buttons to show on which rows.

        What several columns ask of other tables stands once in such a statement.

        :param actions: the actions; by default the permissions of the resource block of the class,
            or, if it has none, the actions that the policy names.
        :raises OsoError: if the policy allows unnamed actions and ``actions`` is not given.
        """
        known = self._actions_of(resource_cls) if actions is None else actions
        if known is None:
            raise OsoError(
                "The policy allows actions that it does not name. Say which columns you want:"
                " 'actions=[...]'."
            )
        wanted = sorted(known) if actions is None else known
        # All columns of a row are about one time, and look rows up in the same lists then.
        moments: Moments = {}
        questions = {
            action: self._row_question([unwrapped(actor), action, None], 2, resource_cls, moments)
            for action in wanted
        }
        if not questions:
            return {}
        first, *others = questions.values()
        return dict(zip(questions, first.columns(others), strict=True))

    def permissions(self, actor: t.Any, resource: t.Any) -> set[t.Any]:
        """Give the allowed actions, also where a rule allows any action.

        There it is those of the resource block of the class, or, without one, those that rules
        name, each if it is allowed, and ``"*"`` besides.

        :raises UnexpectedPolarTypeError: if a rule restricts the action without naming it.
        """
        actor, resource = unwrapped(actor), unwrapped(resource)
        found = self.authorized_actions(actor, resource, allow_wildcard=True)
        if found != {"*"}:
            return found
        cls = resource if isinstance(resource, type) else type(resource)
        named = self._block_actions(cls)
        if named is None:
            named = self._engine.policy.written_actions()
        return found | {each for each in named if self.is_allowed(actor, each, resource)}

    def _actions_of(self, entity: t.Any) -> Iterable[str] | None:
        """Give the permissions of the block of a class, or else the actions of the policy."""
        found = self._block_actions(self._query_builder().class_of(entity))
        return self.known_actions() if found is None else found

    def _block_actions(self, kind: type) -> set[str] | None:
        """Give the permissions of the block of a class; ``None`` if it has none."""
        blocks = self._engine.policy.blocks
        for cls in kind.__mro__:
            own = [b for b in blocks if self.host.classes.get(b.resource.text) is cls]
            if own:
                return {each.text for block in own for each in block.names("permissions")}
        return None

    def _row_question(
        self, args: list[t.Any], at: int, entity: t.Any, moments: Moments | None = None
    ) -> RowQuestion:
        """Give the residual of ``allow`` with one argument an unknown row."""
        engine = self._engine
        return ask_about_rows(engine, self._query_builder(), args, at, entity, moments)

    def _query_builder(self) -> QueryBuilder:
        return builder_of(self.host, self._builder)

    def get_allowed_actions(
        self, actor: t.Any, resource: t.Any, allow_wildcard: bool = False
    ) -> list[t.Any]:
        """Give the allowed actions as a list. Kept for older programs."""
        return list(self.authorized_actions(actor, resource, allow_wildcard))

    def _console(self) -> contextlib.AbstractContextManager[Console]:
        # Imported late, since an application that serves requests needs no line editor.
        from .consoles.choice import make_console

        return make_console()


def _reason_of(values: Sequence[t.Any]) -> DenialReason:
    if not all(type(value) is str for value in values):
        raise OsoError(
            "A rule 'denial_reason' gives something else than a text. Write the text as its fourth"
            ' argument: denial_reason(_, "edit", note: Note, "It is locked.") if note.locked;'
        )
    return DenialReason(*values)


def ask(oso: Oso, actor: t.Any, action: t.Any, resource: t.Any) -> bool:
    """Ask a policy about values that may come from a request.

    One that cannot be expressed in Polar is denied.

    INVARIANT: the answer is ``True`` only if the policy's answer is ``True`` itself.
    """
    # Usual questions are told from others without a call.
    is_usual = type(action) is str and action.isascii()
    if (
        not (is_usual or _can_be_asked(action))
        or (type(actor) in LIMITED_CLASSES and not _can_be_asked(actor))
        or (type(resource) in LIMITED_CLASSES and not _can_be_asked(resource))
    ):
        return False
    answer = oso.is_allowed(actor, action, resource)
    if answer is not True:
        check_refusal(answer)
    return answer


def check_refusal(answer: object) -> None:
    """Look at an answer that is not ``True``.

    :raises OsoError: it is no decision.
    """
    if answer is not False:
        raise OsoError(f"'is_allowed' gave {type(answer).__name__!r} in place of a decision.")


def ask_field(oso: Oso, actor: t.Any, action: t.Any, resource: t.Any, field: t.Any) -> bool:
    """Ask a policy about a field, as ``ask`` does about an object."""
    values = tuple(map(unwrapped, (actor, action, resource, field)))
    if not all(map(_can_be_asked, values)):
        return False
    answer = oso.engine.ask("allow_field", *values)
    if answer is not True and answer is not False:
        raise OsoError(f"'allow_field' gave {type(answer).__name__!r} in place of a decision.")
    return answer


def _can_be_asked(value: t.Any) -> bool:
    kind = type(value)
    return (
        kind not in LIMITED_CLASSES or (kind is str and value.isascii()) or is_representable(value)
    )


def _values_of(
    solutions: Iterator[dict[str, t.Any]], name: str, allow_wildcard: bool
) -> set[t.Any]:
    values: set[t.Any] = set()
    for solution in solutions:
        value = solution.get(name, Variable(name))
        if isinstance(value, Variable):
            return _any_value(name, allow_wildcard)
        values.add(value)
    return values


def _any_value(name: str, allow_wildcard: bool) -> set[t.Any]:
    if allow_wildcard:
        return {"*"}
    raise OsoError(
        f'The result of authorized_{name}s() contained an "unconstrained" {name} that could'
        f" represent any {name}, but allow_wildcard was set to False. To fix, set"
        ' allow_wildcard to True and compare with the "*" string.'
    )
