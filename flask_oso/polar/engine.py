"""The engine: answers questions about one policy with the registered names.

``Engine(policy, host)`` is immutable; a reload or a registration makes another one. ``ask``
answers yes or no, ``query`` gives solutions. The limits of a question are read from the
environment when it is asked, as in oso, unless the engine was given limits.
"""

from __future__ import annotations

import abc
import functools
import math
import sys
import time
import typing as t
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from .environment import STORED_ENVIRONMENT
from .exceptions import (
    InvalidQueryTypeError,
    ParserError,
    PolarTypeError,
    StackOverflowError,
    UnexpectedPolarTypeError,
    UnsupportedError,
    too_deep,
)
from .host import terms
from .host.awaitables import refuse_awaitables
from .host.conversion import argument_to_term, to_term
from .host.registry import Host
from .limits import CurrentLimits, Limits, check_length
from .nodes import Call, Dictionary, List, Rule, Term, Value, is_ground
from .output import STORED_VARIABLE, LogSettings, read_log_settings
from .policy.policy import Policy, has_debug
from .residual.template_keys import is_given_value, template_key
from .sources import Source
from .traversal import walk

if t.TYPE_CHECKING:
    from .compiler.programs import CompiledProgram
    from .proof.proof import Proof
    from .residual.algebra.outcomes import Residual
    from .residual.algebra.schema import Schema
    from .residual.evaluator import PartialEvaluator
    from .residual.host_questions import Moments
    from .residual.search import RuleAnalysis
    from .residual.shared_calls import SharedCalls
    from .residual.templates import PreparedResiduals
    from .solver.clause_index import ClauseIndex
    from .solver.clauses import Clause
    from .solver.machine import MadeCall
    from .solver.observation import Observer
    from .solver.solver import Solver

# Imports inside functions are of modules that not every process needs; together they would
# double the time that importing this library takes.

#: How many residual templates are cached, one for each rule, action and class of actor and row.
_MAX_RESIDUALS = 1_000

#: The time limit of the search for the deciding rule, in milliseconds.
_MS_FOR_RULE = 100

_UNEXPECTED_EXPRESSION = (
    "Received Expression from Polar VM. The Expression type is only supported when\n"
    "using django-oso or sqlalchemy-oso's data filtering features. Did you perform an\n"
    "operation over an unbound variable in your policy?\n"
    "\n"
    "To silence this error and receive an Expression result, pass\n"
    "accept_expression=True to Oso.query."
)

#: The classes of arguments that may have a variable in them.
_QUERIED = terms.QUESTIONS | {list, dict}

Solution = dict[str, t.Any]


def _no_answer(*args: t.Any) -> None:
    """Give ``None``: each question is asked by itself."""


class DenialWatch(t.Protocol):
    """Is told of denials that may be mistakes of the caller: of resources of some classes."""

    kinds: frozenset[type]

    def forget(self) -> None:
        """Tell again what was told before: it is another object that is asked."""

    def check(self, actor: t.Any, action: t.Any, resource: t.Any) -> None: ...


def _import_evaluators(*, is_compiling: bool) -> None:
    """Import what decides, so that no decision imports anything."""
    from .policy.garbage import without_collector

    with without_collector():
        from .solver import solver  # noqa: F401

        if is_compiling:
            from .compiler import programs  # noqa: F401


class Engine:
    """Answers questions about one policy.

    :param policy: the loaded policy.
    :param host: the registered classes and constants.
    :param limits: the limits of a question; those of the environment by default.
    :param compiled: whether yes-or-no questions are answered by compiled rules where possible;
        the answers equal those of the solver.
    :param observers: hear of every run; the solver answers then.
    :param make_watch: makes what is told of denials, when it is first needed.
    """

    def __init__(
        self,
        policy: Policy,
        host: Host,
        limits: Limits | None = None,
        *,
        compiled: bool = True,
        observers: Sequence[Observer] = (),
        make_watch: Callable[[Engine], DenialWatch] | None = None,
    ) -> None:
        self.policy = policy
        self.host = host
        self._make_watch = make_watch
        self._denial_watch: DenialWatch | None = None
        self._limits = limits
        self._current_limits = CurrentLimits()
        self._compiled = compiled
        self._observers = (*_line_observers(), *observers)
        #: What objects know of it that share it, if any do.
        self.shared: object = None
        # Traces and line coverage show what the solver does.
        self._is_compiling = compiled and not read_log_settings().level and not self._observers
        self._compiled_rules: CompiledProgram | None = None
        if policy.has_rules:
            _import_evaluators(is_compiling=self._is_compiling)
        #: Answers ``allow`` for an actor, an action and a resource.
        self.allow: Callable[[t.Any, t.Any, t.Any], bool] = self._first_allow
        #: The same where a function for usual questions gave no answer; ``None``: ask ``allow``.
        self.allow_by_rules: Callable[[t.Any, t.Any, t.Any], bool | None] = self._first_by_rules
        #: Answers ``allow_request`` for an actor and a request.
        self.allow_request: Callable[[t.Any, t.Any], bool] = self._first_request
        #: Answers ``allow_field`` for an actor, an action, a resource and a field.
        self.allow_field: Callable[[t.Any, t.Any, t.Any, t.Any], bool] = self._first_field
        #: Functions that answer ``allow`` for usual questions, by an action of exactly the class
        #: ``str`` and by the class of the resource; ``None`` where ``allow`` has to be asked, as it
        #: has to while ``POLAR_LOG`` is set. Questions add to them. They tell ``denial_watch``
        #: themselves of what they deny.
        self.specialized: Mapping[str, Mapping[type, Callable[..., bool | None]]] = {}
        #: The same for actions of any other class, by the class of the resource.
        self.specialized_by_objects: Mapping[type, Callable[..., bool | None]] = {}
        #: The same for ``allow_request``, by the class of the request.
        self.specialized_requests: Mapping[type, Callable[..., bool | None]] = {}
        #: The same for ``allow_field``, by an action, a ``str``, and the class of the field.
        self.specialized_fields: Mapping[str, Mapping[type, Callable[..., bool | None]]] = {}
        #: Functions that give the strings of one argument for usual questions, or ``None``, by the
        #: rule, the position of the argument and the classes of the others. As above. They give
        #: ``ANYTHING`` alone where it may be anything.
        self.searches: Mapping[tuple[t.Any, ...], Callable[..., set[t.Any] | None]] = {}
        #: Which relations the policy reads, as a tool found out. It is made when it is first asked
        #: for, and kept here, so that it goes with the policy.
        self.relations_read: t.Any = None
        # Clauses by name and number of parameters, made on first use. Two threads may both make
        # them, with equal results.
        self._clauses: dict[str, dict[int, ClauseIndex]] = {}
        # Functions that answer, by name and number of arguments, once they are final.
        self._settled: dict[tuple[str, int], Callable[..., bool]] = {}
        self._analysis: RuleAnalysis | None = None
        # Two threads may both make one of these, with equal results.
        self._residuals: dict[t.Any, tuple[Schema, t.Any, PreparedResiduals]] = {}
        self._shared_calls: tuple[Schema, t.Any, SharedCalls] | None = None

    @property
    def _program(self) -> CompiledProgram | None:
        """The compiled rules, each compiled on first use; ``None`` if the solver answers
        everything.
        """
        if self._is_compiling and self._compiled_rules is None:
            from .compiler.programs import CompiledProgram

            # Two threads may both make one: then some rules are compiled twice.
            self._compiled_rules = CompiledProgram(self)
            self.searches = self._compiled_rules.searches
        return self._compiled_rules

    @property
    def denial_watch(self) -> DenialWatch | None:
        """What is told of denials of ``allow`` that may be mistakes of the caller."""
        if self._denial_watch is None and self._make_watch is not None:
            # Two threads may both make one: then a mistake is told twice.
            self._denial_watch = self._make_watch(self)
        return self._denial_watch

    def begin_for_another(self) -> None:
        """Tell another object what is told once for each, such as likely mistakes."""
        if self._denial_watch is not None:
            self._denial_watch.forget()

    def with_policy(self, policy: Policy) -> Engine:
        """Give an engine for another policy."""
        return self._replaced(policy, self.host)

    def with_host(self, host: Host) -> Engine:
        """Give an engine for other registered names."""
        return self._replaced(self.policy, host)

    def _replaced(self, policy: Policy, host: Host) -> Engine:
        compiled, make_watch = self._compiled, self._make_watch
        return Engine(policy, host, self._limits, compiled=compiled, make_watch=make_watch)

    @property
    def is_observed(self) -> bool:
        """Whether somebody hears of each run."""
        return bool(self._observers)

    @property
    def is_compiling(self) -> bool:
        """Whether compiled rules answer where possible."""
        return self._is_compiling

    @property
    def limits(self) -> Limits:
        """The limits of a question that is asked now."""
        return self._limits or self._current_limits.read()

    @property
    def actors(self) -> tuple[str, ...]:
        """The classes that are members of ``Actor``."""
        return self.policy.actors

    @property
    def resources(self) -> tuple[str, ...]:
        """The classes that are members of ``Resource``."""
        return self.policy.resources

    def clauses(self, name: str) -> Mapping[int, ClauseIndex] | None:
        """Give the clauses of a name by number of parameters; ``None`` if it is undefined."""
        known = self._clauses.get(name)
        if known is not None:
            return known
        rules = self.policy.rules.get(name)
        if rules is None:
            return None
        from .solver.clause_index import ClauseIndex
        from .solver.clauses import prepare_rule

        by_arity: dict[int, list[Clause]] = {}
        for rule in rules:
            clause = prepare_rule(rule, self.host.constants)
            by_arity.setdefault(len(clause.parameters), []).append(clause)
        candidates = {arity: ClauseIndex(clauses) for arity, clauses in by_arity.items()}
        self._clauses[name] = candidates
        return candidates

    def hint(self, name: str) -> str:
        """Give the help for a call of an undefined rule; empty if there is none."""
        if not self.policy.has_rules and self.policy.sources:
            return ". The policy that is loaded has no rule. 'flask oso init' writes a first one."
        if not self.policy.has_rules:
            return (
                ". No policy is loaded. Load one with 'load_files', or name it in 'OSO_POLICIES' or"
                " behind 'python -m flask_oso'."
            )
        from .policy.legacy_roles import ROLE_RULE_NAMES
        from .spelling import nearest

        if name in ROLE_RULE_NAMES:
            return ". Call 'enable_roles' to use the roles of oso 0.15."
        near = nearest(name, self.policy.rules)
        return f". Did you mean `{near}`?" if near else ""

    def prepare(self, seconds: float | None = None) -> None:
        """Compile the rules that ``allow``, ``allow_request`` and ``allow_field`` may call.

        Otherwise each question compiles the rules that it is the first to need.

        :param seconds: the time after which no further rule is compiled.
        """
        program = self._program
        if program is None:
            return
        until = math.inf if seconds is None else time.monotonic() + seconds
        program.prepare("allow", 3, at=1, until=until)
        program.prepare("allow_request", 2, until=until)
        program.prepare("allow_field", 4, at=3, until=until)
        program.make_all(until)

    def usual_answer(self, actor: t.Any, action: t.Any, resource: t.Any) -> bool | None:
        """Answer ``allow`` for a usual question; ``None`` where ``allow`` has to be asked.

        For arguments that may be proxies.
        """
        if type(action) is not str or STORED_VARIABLE in STORED_ENVIRONMENT:
            return None
        try:
            answer = self.specialized[action][type(resource)]
        except KeyError:
            return None
        return answer(actor, action, resource)

    def _first_allow(self, actor: t.Any, action: t.Any, resource: t.Any) -> bool:
        # Two threads may both set 'allow'; both find the same function.
        answer = self._answer_for("allow", 3)
        program = self._program
        if program is None or program.is_settled("allow", 3):
            self.allow = answer
            if program is not None:
                self.specialized = program.by_action("allow")
                self.specialized_by_objects = program.by_objects("allow")
        return answer(actor, action, resource)

    def _first_by_rules(self, actor: t.Any, action: t.Any, resource: t.Any) -> bool | None:
        program = self._program
        made = None if program is None else program.rules_alone("allow", 3)
        if made is None:
            return None
        self.allow_by_rules = made
        return made(actor, action, resource)

    def _first_request(self, actor: t.Any, request: t.Any) -> bool:
        answer = self._answer_for("allow_request", 2)
        program = self._program
        if program is None or program.is_settled("allow_request", 2):
            self.allow_request = answer
            if program is not None:
                self.specialized_requests = program.by_class("allow_request")
        return answer(actor, request)

    def _first_field(self, actor: t.Any, action: t.Any, resource: t.Any, field: t.Any) -> bool:
        answer = self._answer_for("allow_field", 4)
        program = self._program
        if program is None or program.is_settled("allow_field", 4):
            self.allow_field = answer
            if program is not None:
                self.specialized_fields = program.by_action("allow_field", 4)
        return answer(actor, action, resource, field)

    def _answer_for(self, name: str, arity: int) -> Callable[..., bool]:
        """Give the compiled function for a rule call, or the solver."""
        settled = self._settled.get((name, arity))
        if settled is not None:
            return settled
        program = self._program
        answer = None if program is None else program.answer(name, arity)
        found = answer or functools.partial(self._solve_question, name)
        if name in self.policy.rules and (program is None or program.is_settled(name, arity)):
            self._settled[name, arity] = found
        return found

    def _solve_question(self, name: str, *args: t.Any) -> bool:
        return self.solve_call(name, args)

    def ask(self, name: str, *args: t.Any) -> bool:
        """Tell whether a rule call has a solution; only the first one is computed.

        :raises PolarTypeError: if an argument is or contains a variable, which would match
            anything.
        """
        return self._answer_for(name, len(args))(*args)

    def decision(self, name: str, args: Sequence[t.Any]) -> Callable[..., bool] | None:
        """Give what answers a query for a rule that asks what ``ask`` does; ``None`` for any other.

        Not with a variable, or with a list or a dictionary that may have one in it, nor where
        ``debug()`` of a rule stops a query.
        """
        for arg in args:
            if type(arg) in _QUERIED:
                return None
        if self.policy.has_debug:
            return None
        return self._settled.get((name, len(args))) or self._answer_for(name, len(args))

    def quick_answers(
        self, actor: t.Any, action: t.Any, resources: Sequence[t.Any]
    ) -> list[bool | None]:
        """Tell for each resource whether ``allow`` holds, as far as plain data tell it.

        ``None`` for each that has to be asked by itself: what it reads may not be loaded. Nothing
        is loaded here, and no error is raised. The function that answers is chosen once for each
        class of resources.
        """
        kinds = {*map(type, resources)}
        if len(kinds) == 1:
            # Most are of one class.
            answer = self._specialized(len(resources), actor, action, next(iter(resources)))
            return [answer(actor, action, each) for each in resources]
        chosen: dict[type, t.Any] = {}
        answers: list[bool | None] = []
        for resource in resources:
            kind = type(resource)
            if kind not in chosen:
                alike = sum(type(each) is kind for each in resources)
                chosen[kind] = self._specialized(alike, actor, action, resource)
            answers.append(chosen[kind](actor, action, resource))
        return answers

    def _specialized(self, questions: int, *args: t.Any) -> Callable[..., bool | None]:
        """Give the function that answers so many questions like this one, or gives ``None``."""
        program = self._program
        if program is None:
            return _no_answer
        if not program.is_settled("allow", len(args)):
            # This makes the table of them.
            self._answer_for("allow", len(args))
        return program.specialization_for("allow", args, questions) or _no_answer

    def residual(
        self,
        name: str,
        args: Sequence[t.Any],
        at: int,
        cls: type,
        models: Schema,
        moments: Moments | None = None,
    ) -> Residual:
        """Give the condition that rows of a class satisfy for which a rule call has a solution.

        Rows in it may stand for arguments; ``Residual.objects`` maps them to these.

        :param at: the position of the argument that is the row.
        :param moments: what clocks have answered for the same statement.
        :raises UnsupportedError: if the policy cannot be expressed as a condition.
        :raises OperationalError: if an argument is no value of Polar.
        :raises PolarTypeError: if an argument contains a variable.
        """
        prepared = self._prepared_residual(name, args, at, cls, models)
        if prepared is not None:
            residual = prepared.fill(args, models, {} if moments is None else moments)
            if residual is not None:
                return residual
        from .residual.search import TooDeepError

        try:
            residual = self._partial(models, follows=True).residual(name, args, at, cls)
            if _is_stored(residual, models):
                return residual
        except TooDeepError:
            # Reading the relations of the actor one by one would take too long.
            raise
        except UnsupportedError:
            # The fallback below raises if it cannot answer either.
            pass
        # Conditions on the actor's relations may have no SQL form; their values can be read.
        return self._partial(models).residual(name, args, at, cls)

    def _partial(
        self, models: Schema, shared: SharedCalls | None = None, **options: t.Any
    ) -> PartialEvaluator:
        from .residual.evaluator import PartialEvaluator
        from .residual.search import RuleAnalysis, Search

        if self._analysis is None:
            self._analysis = RuleAnalysis(self)
        search = Search(self, models, self._analysis, self._limits, **options)
        return PartialEvaluator(search, shared)

    def _calls_shared_by(self, models: Schema, registered: t.Any) -> SharedCalls:
        """Give the outcomes of calls that templates share, which count as long as these do."""
        from .residual.shared_calls import SharedCalls

        known = self._shared_calls
        if known is None or known[0] is not models or known[1] != registered:
            known = self._shared_calls = models, registered, SharedCalls()
        return known[2]

    def _prepared_residual(
        self, name: str, args: Sequence[t.Any], at: int, cls: type, models: Schema
    ) -> PreparedResiduals | None:
        """Give the cached residual template for the classes of the arguments, if there is one.

        Arguments that a decision refuses are refused here, too: once for all that have the same
        template, since that is told by the classes of objects, and by what other values are.
        """
        is_given = is_given_value(args, at) and not self._names_actors
        key = template_key(name, args, at, cls, is_given=is_given)
        # INVARIANT: a template counts until a class is registered as a subclass of another. Read
        # first: what is registered while one is made, the next list finds out.
        registered = abc.get_cache_token() if self._has_registered_subclasses else None
        known = None if key is None else self._residuals.get(key)
        is_known = known is not None and known[0] is models and known[1] == registered
        if known is not None and is_known and not is_given:
            return known[2]
        refuse_awaitables(name, args)
        _decision(name, [arg for position, arg in enumerate(args) if position != at])
        if known is not None and is_known:
            return known[2]
        if key is None or not all(self.host.keeps(type(arg)) for arg in args):
            return None
        if len(self._residuals) >= _MAX_RESIDUALS:
            # Actions may come from requests, so their number is unbounded.
            self._residuals.clear()
        made = self._make_template(name, args, at, cls, models, registered, is_given=is_given)
        self._residuals[key] = models, registered, made
        return made

    @functools.cached_property
    def _has_registered_subclasses(self) -> bool:
        """Whether a registered class may take others for its subclasses, as those of ``abc`` do."""
        from .solver.class_tests import has_instance_test

        return any(map(has_instance_test, self.host.classes.values()))

    @functools.cached_property
    def _names_actors(self) -> bool:
        """Whether the first argument of rules is a value, so that actors are looked up by value."""
        first = (
            rule.parameters[0].term
            for rules in self.policy.rules.values()
            for rule in rules
            if rule.parameters
        )
        return any(type(term) in (Value, List, Dictionary) for term in first)

    def _make_template(
        self,
        name: str,
        args: Sequence[t.Any],
        at: int,
        cls: type,
        models: Schema,
        registered: t.Any,
        *,
        is_given: bool,
    ) -> PreparedResiduals:
        from .residual.host_questions import Replay
        from .residual.templates import make_template

        shared = self._calls_shared_by(models, registered)
        return make_template(
            name,
            args,
            at,
            cls,
            models,
            lambda recorder: self._partial(models, shared, follows=True, recorder=recorder),
            lambda objects, moments: Replay(self, self._limits, objects, moments),
            is_given=is_given,
        )

    def strings(
        self, name: str, args: tuple[t.Any, ...], at: int, questions: int = 1
    ) -> set[t.Any] | None:
        """Give the values, mostly strings, of one argument for which a rule call has a solution.

        Only ``ANYTHING`` where it may be any value.

        ``None`` if a query has to tell: a rule may leave the argument unbound, or there are too few
        questions to make a function for them.

        :param questions: how many of them there are.
        :raises PolarTypeError: if another argument contains a variable.
        """
        _refuse_questions((*args[:at], *args[at + 1 :]))
        program = self._compiled_rules or self._program
        return None if program is None else program.string_searches.found(name, args, at, questions)

    def solve_call(
        self,
        name: str,
        args: Sequence[t.Any],
        is_searched: bool = False,
        *,
        made: MadeCall | None = None,
    ) -> bool:
        """Tell with the solver whether a rule call has a solution.

        :param is_searched: whether it looks for all solutions: an error may be behind the first.
        :param made: a call of the application that was made before.
        """
        found = False
        for _ in self._solve(_decision(name, args), made=made):
            found = True
            if not is_searched:
                break
        return found

    def explain(self, name: str, args: Sequence[t.Any], redact: Iterable[str] = ()) -> Proof:
        """Explain why a rule call has a solution or none; the solver answers it once more.

        :param redact: words in the names of attributes whose values are not shown.
        """
        from .proof.explain import ExplanationRun

        return ExplanationRun(self, self.limits, redact).explain(
            name,
            args,
            functools.partial(_decision, name, args),
            functools.partial(self.ask, name, *args),
            self.policy.known_actions,
        )

    def deciding_rule(self, name: str, args: Sequence[t.Any]) -> Rule | None:
        """Give the rule that the first solution of a rule call comes from, if there is one.

        The question is asked once more: of rules compiled to return the rule, or of an observed
        solver where these cannot answer. Either gives up after 100 milliseconds.
        """
        found: t.Any = True if self._program is None else self._naming.ask(name, *args)
        if found is False or isinstance(found, Rule):
            return found or None
        from .observe.deciding_rule import RuleFinder
        from .solver.observation import ObservedSolver

        finder = RuleFinder()
        limits = self.limits.replaced(timeout_ms=_MS_FOR_RULE)
        solutions = ObservedSolver(self, limits, [finder]).solve(_call(name, args))
        return None if next(solutions, None) is None else finder.rule

    @functools.cached_property
    def _naming(self) -> Engine:
        """An engine whose compiled rules return the deciding rule in place of ``True``."""
        from .compiler.programs import CompiledProgram

        limits = self.limits.replaced(timeout_ms=_MS_FOR_RULE)
        naming = Engine(self.policy, self.host, limits)
        naming._clauses = self._clauses
        naming._compiled_rules = CompiledProgram(naming, names_rules=True)
        return naming

    def query(
        self,
        query: t.Any,
        *,
        bindings: Mapping[str, t.Any] | None = None,
        accept_expression: bool = False,
        stops: bool = False,
        observers: Sequence[Observer] = (),
    ) -> Iterator[Solution]:
        """Give the solutions of a query one by one, each as values by variable name.

        :param query: a text, or a ``Predicate``.
        :param bindings: initial values of variables.
        :param accept_expression: give an ``Expression`` for a variable that is constrained but
            not bound, instead of raising ``UnexpectedPolarTypeError``.
        :param stops: let ``debug()`` start the debugger on standard input. It does not in a query
            that a method of the host asks during an evaluation.
        :param observers: the observers of the run.
        """
        if isinstance(query, str):
            goal = _parse(query, self.limits)
        elif isinstance(query, terms.Predicate):
            from .syntax.desugar import rewrite_query

            refuse_awaitables(query.name, query.args)
            goal = rewrite_query(to_term(query))
        else:
            raise InvalidQueryTypeError(
                f"A query is a str or a Predicate, not {type(query).__name__}."
            )
        given = {name: to_term(value) for name, value in (bindings or {}).items()}
        if stops and (self.policy.has_debug or has_debug(goal)) and not _is_running():
            from .observe.debugger import Debugger

            observers = [*observers, Debugger()]
        yield from _checked(self._solve(goal, given, observers), accept_expression)

    def query_rule(self, name: str, args: Sequence[t.Any], **options: t.Any) -> Iterator[Solution]:
        """Give the solutions of a rule call; the options are those of ``query``."""
        return self.query(terms.Predicate(name, args), **options)

    def search(
        self, name: str, args: Sequence[t.Any], *, accept_expression: bool = False
    ) -> Iterator[Solution]:
        """Give the solutions of a rule call for the arguments that are variables.

        Its other arguments are those of a decision: what a dictionary has is looked at when a
        rule reads it. `query_rule` finds variables in them, too.
        """
        yield from _checked(self._solve(_call(name, args)), accept_expression)

    def query_term(self, goal: Term) -> Iterator[Solution]:
        """Give the solutions of a parsed goal, such as an inline query."""
        from .syntax.desugar import rewrite_query

        yield from _checked(self._solve(rewrite_query(goal)), accept_expression=False)

    def solver(self) -> Solver:
        """Make a solver for one run."""
        from .solver.solver import Solver

        return Solver(self, self.limits)

    def _solve(
        self,
        goal: Term,
        given: Mapping[str, Term] | None = None,
        observers: Sequence[Observer] = (),
        made: MadeCall | None = None,
    ) -> Iterator[Solution]:
        log = read_log_settings()
        observers = [*self._observers, *observers]
        is_observed = bool(log.level or observers)
        solver = self._observed_solver(log, observers) if is_observed else self.solver()
        solver.machine.made = made
        return solver.solve(goal, given)

    def _observed_solver(self, log: LogSettings, observers: Sequence[Observer]) -> Solver:
        from .observe.tracing import Tracer
        from .solver.observation import ObservedSolver

        tracers = [Tracer(log)] if log.level else []
        return ObservedSolver(self, self.limits, [*tracers, *observers])


def _parse(query: str, limits: Limits) -> Term:
    from .syntax.desugar import rewrite_query
    from .syntax.parser import parse_query

    source = Source(query)
    check_length(source, limits)
    try:
        return rewrite_query(parse_query(source, limits.nesting))
    except StackOverflowError:
        # A chain of operators of machine-made length.
        raise too_deep(ParserError, source.span(0, 0)) from None


def _call(name: str, args: Sequence[t.Any]) -> Call:
    refuse_awaitables(name, args)
    return Call(name, tuple(map(argument_to_term, args)))


def _decision(name: str, args: Sequence[t.Any]) -> Call:
    """Make the rule call of a yes-or-no question.

    :raises PolarTypeError: if an argument contains a variable.
    """
    call = _call(name, args)
    _check_values(args, call.args)
    return call


def _refuse_questions(args: Sequence[t.Any]) -> None:
    """Refuse arguments that are no values.

    :raises PolarTypeError: if an argument contains a variable.
    """
    asked = [arg for arg in args if type(arg) is list or type(arg) in terms.QUESTIONS]
    _check_values(asked, [argument_to_term(arg) for arg in asked])


def _check_values(args: Sequence[t.Any], made: Sequence[Term]) -> None:
    for arg, term in zip(args, made, strict=True):
        if not _is_value(term):
            raise PolarTypeError(
                f"A decision needs values, not a {type(arg).__name__} with a question in it."
                " Use 'query_rule'."
            )


def _line_observers() -> Sequence[Observer]:
    """Give the observers for line coverage: none, unless coverage.py loaded our plugin."""
    plugin = sys.modules.get("flask_oso.coverage")
    if plugin is None or not plugin.is_measuring():
        return ()
    from .observe.line_coverage import LineObserver

    return (LineObserver(),)


def _is_value(term: Term) -> bool:
    if is_ground(term):
        return True
    return all(is_ground(part) or isinstance(part, Call) for part in walk([term], _arguments))


def _arguments(term: Term) -> Sequence[Term]:
    return term.args if isinstance(term, Call) else ()


def _is_running() -> bool:
    """Tell whether this code runs inside an evaluation, called by a method of the host.

    Rarely needed, so it searches Python's stack; evaluations keep no record of it.
    """
    from .compiler.source_map import is_entry
    from .solver.machine import Machine

    frame = sys._getframe()
    while frame.f_back is not None:
        frame = frame.f_back
        if frame.f_code is Machine.advance.__code__ or is_entry(frame.f_code):
            return True
    return False


def _checked(solutions: Iterator[Solution], accept_expression: bool) -> Iterator[Solution]:
    """Refuse a variable that is constrained but not bound, unless it is accepted."""
    for solution in solutions:
        if not accept_expression:
            for value in solution.values():
                if isinstance(value, terms.Expression):
                    raise UnexpectedPolarTypeError(_UNEXPECTED_EXPRESSION)
        yield solution


def _is_stored(residual: Residual, models: Schema) -> bool:
    """Tell whether the related objects that a residual refers to are stored in the database."""
    from .residual.algebra.ir import relation_chains, walk_condition

    parts = [*walk_condition(residual.condition), *walk_condition(residual.fails)]
    return all(
        models.is_stored(residual.objects.get(owner, owner.value.value), names)
        for owner, names in relation_chains(parts)
    )
