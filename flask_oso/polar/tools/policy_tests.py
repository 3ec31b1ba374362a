"""The tests in a policy: ``test "name" { setup { … } assert …; }``.

In goes an engine whose policy has tests; out comes how each of them ended. The facts of a test
stand beside the rules of the policy, for this test alone, and the solver answers: it defines the
meaning. A test has *failed* if an answer is not the one that it asserts. It is *broken* if there is
no answer: it names something that does not exist, reads what it did not say, or the policy fails.
"""

from __future__ import annotations

import contextlib
import enum
import itertools
import typing as t
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from ..engine import Engine
from ..exceptions import OsoError
from ..host.terms import Variable as Unbound
from ..nodes import Parameter, Pattern, Term, Value, Variable
from ..observe.line_coverage import LineObserver, lines_to_reach
from ..policy.policy import Policy
from ..printer import to_polar
from ..solver.observation import Observer
from ..sources import Source, Span
from ..spelling import nearest
from ..syntax.parser import PolicyParser
from ..syntax.policy_test_nodes import Assertion, Fixture, PolicyTest
from .scenes import Scene
from .stubs import MistakenPolicyTestError

#: The classes of arguments whose values a policy writes out; of others the stubs are tried.
_WRITTEN = ("String", "Integer", "Float", "Boolean", "List", "Dictionary")


class Outcome(enum.Enum):
    """How a test ended."""

    PASSED = "passed"
    FAILED = "failed"
    BROKEN = "broken"


class Failure(t.NamedTuple):
    """An assertion that does not hold, or has no answer.

    :param message: what was expected, and what was found.
    :param proof: why the policy gives this answer; empty where there is none.
    """

    message: str
    span: Span | None
    proof: str = ""


class PolicyTestResult(t.NamedTuple):
    """How a test ended, with all assertions that do not hold."""

    name: str
    span: Span | None
    outcome: Outcome
    failures: tuple[Failure, ...] = ()


def are_tests_alone(sources: Iterable[Source]) -> bool:
    """Tell whether texts have tests and fixtures, and nothing else: no rules to be tested."""
    statements = [each for source in sources for each in PolicyParser(source).statements()]
    return bool(statements) and all(isinstance(each, Fixture | PolicyTest) for each in statements)


class RulesReached(LineObserver):
    """The lines of a policy that tests reach, at which a rule or a condition begins."""

    def __init__(self) -> None:
        # By the identities of texts, with these: the tests load texts of their own.
        self._reached: dict[int, tuple[Source, set[int]]] = {}

    def reach(self, span: Span) -> None:
        """Note a line, by the text that it is a line of."""
        self._reached.setdefault(id(span.source), (span.source, set()))[1].add(span.line)

    def missed(self, policy: Policy) -> Iterator[tuple[Source, int]]:
        """Give the lines that no test reached, in order."""
        for source in policy.sources:
            missed = lines_to_reach(source) - self._reached.get(id(source), (source, set()))[1]
            yield from ((source, line) for line in sorted(missed))

    def counts(self, policy: Policy) -> tuple[int, int]:
        """Give how many lines were reached, and how many there are."""
        every = sum(len(lines_to_reach(source)) for source in policy.sources)
        return every - sum(1 for _ in self.missed(policy)), every


def run_policy_tests(
    engine: Engine,
    is_wanted: Callable[[str], bool] = lambda name: True,
    reached: RulesReached | None = None,
    redact: Iterable[str] = (),
) -> Iterator[PolicyTestResult]:
    """Run the tests of a policy one by one, in the order of the text.

    :param is_wanted: tells by its name whether a test is run.
    :param reached: is told which lines the answers reach.
    :param redact: words in the names of attributes whose values proofs do not show.
    """
    redacted = tuple(redact)
    observers = [] if reached is None else [reached]
    for test in engine.policy.tests:
        if is_wanted(test.name):
            yield run_policy_test(engine, test, observers, redacted)


def run_policy_test(
    engine: Engine,
    test: PolicyTest,
    observers: Sequence[Observer] = (),
    redact: Sequence[str] = (),
) -> PolicyTestResult:
    """Run one test.

    :param observers: hear of the runs of its questions.
    :param redact: words in the names of attributes whose values proofs do not show.
    """
    try:
        questions = _Questions(Scene(engine, test, observers), test.assertions, redact)
    except OsoError as error:
        return PolicyTestResult(
            test.name, test.span, Outcome.BROKEN, (Failure(str(error), test.span),)
        )
    failures: list[Failure] = []
    is_broken = False
    for assertion in test.assertions:
        try:
            failures += questions.check(assertion)
        except Exception as error:
            # The application's own code may raise anything, and a test tells all of it.
            is_broken = True
            failures.append(Failure(_described(error), assertion.span))
    if not test.assertions:
        is_broken = True
        failures.append(Failure("The test asserts nothing.", test.span))
    outcome = Outcome.FAILED if failures else Outcome.PASSED
    return PolicyTestResult(
        test.name, test.span, Outcome.BROKEN if is_broken else outcome, tuple(failures)
    )


def _described(error: Exception) -> str:
    text = str(error).rstrip("\n")
    return text if isinstance(error, OsoError) else f"{type(error).__name__}: {text}"


class _Questions:
    """Asks the questions of a test."""

    def __init__(
        self, scene: Scene, assertions: Sequence[Assertion], redact: Sequence[str]
    ) -> None:
        self._scene = scene
        self._redact = redact
        # All objects that a test names may be an answer, whatever the order.
        for each in assertions:
            with contextlib.suppress(MistakenPolicyTestError):
                self._make_objects(each)

    def _make_objects(self, assertion: Assertion) -> None:
        for arg in assertion.args:
            if not isinstance(arg, Parameter):
                self._scene.stubs.value(arg)
        for _, values in assertion.bounds or ():
            self._scene.stubs.value(values)

    def check(self, assertion: Assertion) -> list[Failure]:
        """Give a failure if an assertion does not hold."""
        self._check_rule(assertion)
        self._scene.check_names(assertion.name, assertion.args)
        asked = [each for each in assertion.args if isinstance(each, Parameter)]
        if not asked:
            return self._check_answer(assertion)
        found = [*self._solutions(assertion)]
        if assertion.bounds is None:
            return self._check_existence(assertion, found)
        if not assertion.is_true:
            raise MistakenPolicyTestError("`iff` says all of it. Write `assert … iff …;`")
        return self._check_bounds(assertion, asked, found)

    def _check_answer(self, assertion: Assertion) -> list[Failure]:
        if assertion.bounds is not None:
            raise MistakenPolicyTestError(
                "`iff` limits variables, and this question has none. Write `action: String`."
            )
        args = [self._scene.stubs.value(t.cast(Term, arg)) for arg in assertion.args]
        answer = self._scene.engine.ask(assertion.name, *args)
        if answer is not assertion.is_true:
            return [self._failure(assertion, _wanted(assertion), args)]
        if not answer:
            self._check_action(assertion)
        return []

    def _check_rule(self, assertion: Assertion) -> None:
        """Refuse a question that has more or fewer values than each rule of its name."""
        rules = self._scene.engine.policy.rules.get(assertion.name, ())
        counts = sorted({len(rule.parameters) for rule in rules})
        if counts and len(assertion.args) not in counts:
            raise MistakenPolicyTestError(
                f"No rule `{assertion.name}` has {len(assertion.args)} parameters. Ask with"
                f" {' or '.join(map(str, counts))} values."
            )

    def _check_action(self, assertion: Assertion) -> None:
        """Refuse the denial of an action that no rule can be about, if it looks misspelt."""
        action = assertion.args[1] if assertion.name == "allow" and len(assertion.args) == 3 else 0
        known = self._scene.engine.policy.known_actions()
        if known is None or not isinstance(action, Value) or not isinstance(action.value, str):
            return
        near = None if action.value in known else nearest(action.value, sorted(known))
        if near is not None:
            raise MistakenPolicyTestError(
                f"No rule allows the action {to_polar(action)}, whoever asks, so that a denial"
                f" proves nothing. Did you mean {to_polar(Value(near))}?"
            )

    def _check_existence(
        self, assertion: Assertion, found: Sequence[Mapping[str, t.Any]]
    ) -> list[Failure]:
        if bool(found) is assertion.is_true:
            return []
        if assertion.is_true:
            return [Failure("It holds for nothing.", assertion.span)]
        shown = "; ".join(map(_shown_solution, found))
        return [self._failure(assertion, f"It holds for {shown}.", self._args(assertion, found[0]))]

    def _check_bounds(
        self,
        assertion: Assertion,
        asked: Sequence[Parameter],
        found: Sequence[Mapping[str, t.Any]],
    ) -> list[Failure]:
        bounds = self._bounds(assertion, asked)
        wanted = [
            dict(zip(bounds, values, strict=True)) for values in itertools.product(*bounds.values())
        ]
        got = {_key(solution, bounds): solution for solution in found}
        expected = {_key(solution, bounds): solution for solution in wanted}
        failures = []
        for key, solution in got.items():
            if key not in expected:
                message = f"It also holds for {_shown_solution(solution)}."
                failures.append(self._failure(assertion, message, self._args(assertion, solution)))
        for key, solution in expected.items():
            if key not in got:
                message = f"It does not hold for {_shown_solution(solution)}."
                args = self._args(assertion, solution)
                failures.append(self._failure(assertion, message, args))
        return failures

    def _bounds(self, assertion: Assertion, asked: Sequence[Parameter]) -> dict[str, list[t.Any]]:
        names = [t.cast(Variable, each.term).name for each in asked]
        bounds: dict[str, list[t.Any]] = {}
        for name, values in assertion.bounds or ():
            if name not in names:
                raise MistakenPolicyTestError(
                    f"`{name}` is no variable of this question. It has {', '.join(names)}."
                )
            if name in bounds:
                raise MistakenPolicyTestError(f"`iff` says twice what `{name}` is. Say it once.")
            bounds[name] = self._scene.stubs.value(values)
        missing = [name for name in names if name not in bounds]
        if missing:
            raise MistakenPolicyTestError(
                f"`iff` does not say what `{missing[0]}` is. Add `and {missing[0]} in […]`."
            )
        return bounds

    def _solutions(self, assertion: Assertion) -> Iterator[dict[str, t.Any]]:
        """Give the values of the variables for which a question holds.

        Values that policies write out are looked for; of other classes each stub is tried.
        """
        objects: dict[str, list[t.Any]] = {}
        for at, each in enumerate(assertion.args):
            if isinstance(each, Parameter) and _class_of(each) not in _WRITTEN:
                found = self._scene.stubs.of_class(_class_of(each))
                if not found:
                    raise MistakenPolicyTestError(
                        f"This test has no object of `{_class_of(each)}`, so that the answer proves"
                        f' nothing. Name one in its setup: `name: {_class_of(each)}{{"…"}};`'
                    )
                objects[_name_of(each, at)] = found
        for values in itertools.product(*objects.values()):
            known = dict(zip(objects, values, strict=True))
            yield from self._written(assertion, known)

    def _written(
        self, assertion: Assertion, known: Mapping[str, t.Any]
    ) -> Iterator[dict[str, t.Any]]:
        args = []
        names: dict[str, str] = {}
        for at, each in enumerate(assertion.args):
            if not isinstance(each, Parameter):
                args.append(self._scene.stubs.value(each))
                continue
            name = _name_of(each, at)
            if name in known:
                args.append(known[name])
            else:
                names[name] = _class_of(each)
                args.append(Unbound(_asked(name)))
        if not names:
            if self._scene.engine.ask(assertion.name, *args):
                yield dict(known)
            return
        seen: set[t.Any] = set()
        for solution in self._scene.engine.query_rule(assertion.name, args, accept_expression=True):
            values = {name: solution[_asked(name)] for name in names}
            for name in names:
                if type(values[name]).__module__.startswith("flask_oso."):
                    raise MistakenPolicyTestError(
                        f"It holds for any `{name}`, so no list can say for which."
                        f" Ask for some: {assertion.name}(…) with values."
                    )
            key = _key(values, names)
            if key not in seen and all(
                isinstance(values[name], self._scene.host.classes[cls])
                for name, cls in names.items()
            ):
                seen.add(key)
                yield {**known, **values}

    def _args(self, assertion: Assertion, solution: Mapping[str, t.Any]) -> list[t.Any]:
        return [
            solution[_name_of(each, at)]
            if isinstance(each, Parameter)
            else self._scene.stubs.value(each)
            for at, each in enumerate(assertion.args)
        ]

    def _failure(self, assertion: Assertion, message: str, args: Sequence[t.Any]) -> Failure:
        proof = str(self._scene.engine.explain(assertion.name, args, self._redact))
        return Failure(message, assertion.span, proof)


def _wanted(assertion: Assertion) -> str:
    return "It does not hold." if assertion.is_true else "It holds."


def _name_of(parameter: Parameter, at: int) -> str:
    """Give the name of a variable of a question; each ``_`` is another one."""
    name = t.cast(Variable, parameter.term).name
    return f"_{at}" if name == "_" else name


def _asked(name: str) -> str:
    """Give the name to ask with: answers leave out variables that begin with ``_``."""
    return f"asked {name}"


def _class_of(parameter: Parameter) -> str:
    return t.cast(str, t.cast(Pattern, parameter.specializer).tag)


def _key(solution: Mapping[str, t.Any], names: Mapping[str, t.Any]) -> tuple[t.Any, ...]:
    """Give what tells solutions apart: values by their kind, objects by being the same."""
    values = (solution[name] for name in names)
    return tuple(
        (type(each), each) if isinstance(each, str | int | float) else id(each) for each in values
    )


def _shown_solution(solution: Mapping[str, t.Any]) -> str:
    return " and ".join(
        f'{name} = "{value}"' if isinstance(value, str) else f"{name} = {value!r}"
        for name, value in solution.items()
    )
