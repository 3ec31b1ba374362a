"""The one call of the application within a specialization: a method or a computed attribute.

Reading plain data cannot be observed, and so has no order. A call of the application has one. So a
function makes a call, of a parameter and with parameters, that the solver is certain to make before
it looks at anything but classes and literals (``first_call``). All else is read behind it.

INVARIANT: a call is made only if the solver makes it, and at most once. Where the function
gives up behind it, the compiled rules get the outcome of the call in place of making it again.
"""

from __future__ import annotations

import ast
import time
import types
import typing as t
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field

from ...host import sandbox
from ...host.iterators import SILENT, elements_ahead
from ...nodes import Origin, Slot, Term
from ...value_objects import Record
from ..entry_points import BRIEF, stopped
from ..passes.names import gives_up
from ..quotations import code, expr, stmt
from ..snippets import assign, call, function_of, is_not_of, is_of, load, names_of, tuple_of
from .regions import GIVE_UP, Fact, Known, give_up_if
from .value_tests import written

#: The name of its result.
RESULT = "observed"
#: Begins the names of attributes that the call is made with.
GIVEN = "given"
#: The name of the result as the call gave it.
_MADE = "made"
#: Frequent globals, which are parameters with a default.
FREQUENT = ("type", "simple")
#: These, and an option.
KEPT = ("is_searched", *FREQUENT)
#: Stands for the result of a call that was not made.
NOT_CALLED: t.Final = object()
_CALLABLE = frozenset({types.MethodType, types.FunctionType})
_FUNCTIONS = (types.FunctionType, staticmethod, classmethod)
#: How many times more often than it answers a function may give up before nothing is tried.
_MOST_IN_VAIN = 8


class Observation(Record, frozen=False):
    """The call of one function.

    :param owner: the name of the parameter, or of the attribute of one that is read before.
    :param name: that of its attribute.
    :param args: the arguments of a method; ``None`` for an attribute.
    :param reads: the attributes of parameters that the solver reads before, by the names of these
        and their own.
    :param classes: those of them that are of exactly a class, or the call is not made.
    """

    owner: str
    name: str
    args: tuple[Known, ...] | None
    reads: tuple[tuple[str, str], ...] = ()
    classes: Mapping[tuple[str, str], type] = field(default_factory=dict)
    #: Whether the policy searches the result by a name, so that it may search it again.
    is_named: bool = False
    #: Whether the policy searches the result.
    is_searched: bool = False
    #: The names of values that come from the call. Another call might give other objects.
    derived: set[str] = field(default_factory=lambda: {RESULT})

    @property
    def key(self) -> Fact:
        """What tells the call apart from others."""
        return self.owner, self.name, None if self.args is None else tuple(map(_key_of, self.args))

    @property
    def shared_key(self) -> t.Hashable:
        """What is the same for questions for which one call is made."""
        return self.key, self.reads, frozenset(self.classes.items())

    def read_arguments(self) -> Iterator[tuple[str, str, str]]:
        """Yield what is read before the call.

        Each as the name of a value, of the parameter that it is an attribute of, and of this.
        """
        for owner, attribute in self.reads:
            yield name_before((owner, attribute)), owner, attribute

    def given(self, arg: Known) -> str | None:
        """Return the name of what was read as some value was, to make the call with."""
        return None if arg.source is None else self.read_before(arg.source)

    def read_before(self, source: tuple[str, str]) -> str | None:
        """Return the name of an attribute that was read, to make the call with."""
        names = {(owner, attribute): name for name, owner, attribute in self.read_arguments()}
        return names.get(source)

    def note(self, made: Known, key: Fact) -> None:
        """Note that a value was made from others."""
        stack: list[t.Any] = [*key]
        while stack:
            part = stack.pop()
            if isinstance(part, tuple):
                stack.extend(part)
            elif type(part) is str and part in self.derived:
                self.derived.add(made.name)
                return

    def note_search(self, searched: Known, term: Term) -> None:
        """Note that a value is searched, to which the policy refers by a term."""
        is_temporary = isinstance(term, Slot) and term.origin is Origin.LOOKUP
        self.is_searched |= searched.name == RESULT
        self.is_named |= searched.name == RESULT and not is_temporary


def name_before(source: tuple[str, str]) -> str:
    """Return the name of an attribute of a parameter that is read before the call."""
    return "_".join((GIVEN, *source))


def _key_of(arg: Known) -> t.Any:
    # An attribute of a parameter has a name of its own in the search for the first call.
    return arg.key if arg.source is None else arg.source


def is_method(cls: type, name: str) -> bool:
    """Tell whether a class has a method of Python under a name, which is found without calls."""
    own: t.Any = cls.__getattribute__
    if own is not object.__getattribute__ or sandbox.answers_missing(cls):
        return False
    for base in cls.__mro__:
        if name in vars(base):
            return isinstance(vars(base)[name], _FUNCTIONS)
    return False


class Outcome:
    """What a call gave, for the compiled rules that come to it."""

    __slots__ = ("_args", "_is_first", "_name", "_owner", "_result", "error", "is_taken")

    def __init__(
        self,
        owner: t.Any,
        name: str,
        args: tuple[t.Any, ...] | None,
        result: t.Any,
        error: Exception | None,
        *,
        is_first: bool = False,
    ) -> None:
        self._owner, self._name, self._args = owner, name, args
        self._result, self.error = result, error
        #: Whether the rules come to the call before any other. Arguments may have changed by it.
        self._is_first = is_first
        self.is_taken = False

    def is_of(self, owner: t.Any, name: str, args: tuple[t.Any, ...] | None) -> bool:
        """Tell whether this is the outcome of a call."""
        if self.is_taken or owner is not self._owner or name != self._name:
            return False
        if args is None or self._args is None or self._is_first:
            return (args is None) is (self._args is None)
        pairs = zip(args, self._args, strict=False)
        return len(args) == len(self._args) and all(
            one is other or (type(one) is type(other) is str and one == other)
            for one, other in pairs
        )

    def begin_anew(self) -> None:
        """Keep the result for a question that the solver begins anew; an iterator is used up."""
        self.is_taken = self.is_taken and hasattr(type(self._result), "__next__")

    def take(self) -> t.Any:
        """Return the result, or raise the error."""
        self.is_taken = True
        if self.error is not None:
            raise self.error
        return self._result


class Outcomes:
    """What several calls gave, for questions of which each may come to each of them."""

    __slots__ = ("_found", "_made")

    def __init__(self, made: Iterable[Outcome]) -> None:
        self._made, self._found = [*made], t.cast("Outcome | None", None)

    def is_of(self, owner: t.Any, name: str, args: tuple[t.Any, ...] | None) -> bool:
        """Tell whether one of them is the outcome of a call."""
        self._found = next((each for each in self._made if each.is_of(owner, name, args)), None)
        return self._found is not None

    def begin_anew(self) -> None:
        """Keep the results for a question that the solver begins anew."""
        for each in self._made:
            each.begin_anew()

    def take(self) -> t.Any:
        """Return the result, or raise the error. An iterator is there for one question."""
        found = t.cast(Outcome, self._found)
        result = found.take()
        found.is_taken = hasattr(type(result), "__next__")
        return result


#: What was read of an object before a call.
Read = tuple[t.Any, str, t.Any]


def is_changed(reads: Iterable[Read]) -> bool:
    """Tell whether attributes are others than those that were read."""
    return any(getattr(owner, name, NOT_CALLED) is not value for owner, name, value in reads)


class Replay:
    """Calls that were made, and what was read before, for a solver that begins the question anew.

    INVARIANT: what the solver binds before a call is what was there then. The call may have changed
    it, and compiled rules would read it anew.
    """

    __slots__ = ("_calls", "_found", "_is_over", "_reads")

    def __init__(self, reads: Iterable[Read], calls: Outcome | Outcomes) -> None:
        self._reads, self._calls = [*reads], calls
        self._found, self._is_over = t.cast("Read | None", None), False

    def is_of(self, owner: t.Any, name: str, args: tuple[t.Any, ...] | None) -> bool:
        """Tell whether this was read or called; what was read counts until the first call."""
        reads = () if self._is_over or args is not None else self._reads
        self._found = next((each for each in reads if each[0] is owner and each[1] == name), None)
        return self._found is not None or self._calls.is_of(owner, name, args)

    def take(self) -> t.Any:
        """Return what was read, or the result of the call; or raise its error."""
        if self._found is not None:
            return self._found[2]
        self._is_over = True
        return self._calls.take()


class Resumption:
    """Goes on with compiled rules, which get the outcome of the call.

    :param ask: answers for arguments, and a call that was made before.
    :param solve: the same, for one that has changed what was read before it.
    :param reads: the attributes that are read before it: the position of the argument, the name.
    """

    def __init__(
        self,
        ask: Callable[[tuple[t.Any, ...], bool, Outcome, float | None], bool],
        solve: Callable[[tuple[t.Any, ...], bool, Replay], bool],
        reads: Sequence[tuple[int, str]] = (),
    ) -> None:
        self._ask, self._solve, self._reads = ask, solve, reads
        #: How often in a row the function gave up behind the call.
        self.in_vain = 0

    def __call__(
        self, args: tuple[t.Any, ...], is_searched: bool, begun: float | None, *made: t.Any
    ) -> bool:
        """Answer a question after a call was made.

        :param made: what ``Outcome`` takes, and the values of what was read before.
        """
        self.in_vain += 1
        *call, given = made
        outcome = Outcome(*call, is_first=bool(self._reads))
        pairs = zip(self._reads, given, strict=True)
        reads = [(args[at], name, value) for (at, name), value in pairs]
        if is_changed(reads):
            answer = self._solve(args, is_searched, Replay(reads, outcome))
        else:
            answer = self._ask(args, is_searched, outcome, begun)
        if outcome.error is not None:
            # INVARIANT: no answer is made of an error by asking again.
            raise outcome.error
        return answer


def observing_function(
    parameters: list[str],
    observation: Observation,
    begin: list[ast.stmt],
    behind: ast.FunctionDef,
    resume: str,
) -> ast.FunctionDef:
    """Write the function that makes the call.

    :param begin: what is tested before the call, and read to make it with.
    :param behind: has what stands behind the call.
    :param resume: the global name of what answers where that gives up.
    """
    is_vain = expr("RESUME.in_vain > MOST", RESUME=resume, MOST=_MOST_IN_VAIN)
    outcome = [load(_MADE), ast.Constant(None)]
    given_up = _resumed(resume, parameters, observation, outcome)
    (attempt,) = t.cast("list[ast.Try]", behind.body)
    is_timed = _is_timed(observation, behind)
    body = [
        *begin,
        give_up_if(is_vain),
        *_call_made(parameters, observation, resume, is_timed=is_timed),
    ]
    if is_timed:
        is_long = "if monotonic() - begun > BRIEF: GIVEN_UP"
        body.append(stmt(is_long, BRIEF=ast.Constant(BRIEF), GIVEN_UP=given_up))
    body.append(assign(RESULT, _elements(observation)))
    answered = stmt("RESUME.in_vain = 0", RESUME=resume)
    # INVARIANT: the rules are asked behind the statement whose errors mean to give up. Inside, an
    # error of theirs would have them asked again, which may make an answer of it.
    attempt.body = with_ends(attempt.body, answered, ast.Raise(load("not_silent")))
    attempt.handlers[0].body = [ast.Pass()]
    return function_of("observing", parameters, [*body, attempt, given_up], KEPT)


def search_step(observation: Observation, made: str) -> list[ast.stmt]:
    """Write that a search for strings makes a call, in a loop that ends where it gives up.

    :param made: the name of the result.
    """
    body, value = _called(observation, ast.Break())
    is_long = stmt("if monotonic() - begun > BRIEF: break", BRIEF=ast.Constant(BRIEF))
    return [*body, assign(made, value), is_long]


def _called(observation: Observation, other: ast.stmt) -> tuple[list[ast.stmt], ast.expr]:
    """Write what finds a method, and the call of it; for an attribute, the read of it.

    :param other: what is done where something else has the name of the method.
    """
    owner, name = observation.owner, observation.name
    if observation.args is None:
        return [], expr("OWNER.NAME", OWNER=owner, NAME=name)
    find = """
        try: method = OWNER.NAME
        except AttributeError: OTHER
        if type(method) not in functions: OTHER
    """
    body = code(find, OWNER=owner, NAME=name, OTHER=other)
    return body, expr("method(*ARGS)", ARGS=_arguments(observation))


def found_result(observation: Observation, made: str) -> list[ast.stmt]:
    """Write that what follows looks at the result of a call."""
    elements = _elements(observation, made)
    is_odd = is_not_of(RESULT, "harmless")
    return [assign(RESULT, elements), give_up_if(is_odd), *unchanged(observation)]


def unchanged(observation: Observation) -> list[ast.stmt]:
    """Write that a function gives up where the call has changed what was read before it."""
    return [
        give_up_if(expr("OWNER.NAME is not GIVEN", OWNER=owner, NAME=attribute, GIVEN=name))
        for name, owner, attribute in observation.read_arguments()
    ]


def made_call(observation: Observation, *outcome: ast.expr) -> list[ast.expr]:
    """Write a call and what it gave, for the compiled rules."""
    args: ast.expr = ast.Constant(None)
    if observation.args is not None:
        args = tuple_of(_arguments(observation))
    return [load(observation.owner), ast.Constant(observation.name), args, *outcome]


def _is_timed(observation: Observation, behind: ast.FunctionDef) -> bool:
    """Tell whether the clock is looked at: as in compiled rules, not for an attribute alone."""
    is_looped = any(isinstance(node, ast.For) for node in ast.walk(behind))
    return observation.args is not None or is_looped


def with_ends(
    statements: list[ast.stmt],
    answered: ast.stmt,
    given_up: ast.stmt,
    in_loop: ast.stmt | None = None,
) -> list[ast.stmt]:
    """Return statements with what is done where they answer, and where they give up.

    :param in_loop: what is done where they give up in a loop, if that is something else.
    """
    made: list[ast.stmt] = []
    for each in statements:
        if isinstance(each, ast.Return):
            made += [given_up] if gives_up(each) else [answered, each]
            continue
        for part in ("body", "orelse"):
            inner = getattr(each, part, None)
            if inner:
                is_repeated = part == "body" and isinstance(each, (ast.For, ast.While))
                end = in_loop if is_repeated and in_loop is not None else given_up
                setattr(each, part, with_ends(inner, answered, end, in_loop))
        made.append(each)
    return made


def _call_made(
    parameters: list[str], observation: Observation, resume: str, *, is_timed: bool
) -> list[ast.stmt]:
    """Write that the call is made; the error of an attribute is one for the compiled rules."""
    handlers = [ast.ExceptHandler(load("StopIteration"), "error", [stopped()])]
    body, value = _called(observation, GIVE_UP)
    if observation.args is None:
        failed = _resumed(resume, parameters, observation, [ast.Constant(None), load("error")])
        handlers.append(ast.ExceptHandler(load("AttributeError"), "error", [failed]))
    begun = call("monotonic") if is_timed else ast.Constant(None)
    return [*body, assign("begun", begun), ast.Try([assign(_MADE, value)], handlers, [], [])]


def _arguments(observation: Observation) -> list[ast.expr]:
    """Write what the call is made with."""
    names = (observation.given(arg) for arg in observation.args or ())
    pairs = zip(observation.args or (), names, strict=True)
    return [written(arg) if name is None else load(name) for arg, name in pairs]


def _elements(observation: Observation, made: str = _MADE) -> ast.expr:
    """Write the result: what an iterator will yield, if the policy searches it once."""
    if observation.is_named or not observation.is_searched:
        return load(made)
    is_iterator = is_of(made, "silent_iterators")
    ahead = expr("elements_ahead(X, is_searched=True)", X=made)
    return ast.IfExp(is_iterator, ahead, load(made))


def _resumed(
    resume: str, parameters: list[str], observation: Observation, outcome: list[ast.expr]
) -> ast.stmt:
    """Write that the compiled rules answer, which get the outcome of the call."""
    made = made_call(observation, *outcome)
    given = names_of(parameters)
    read = names_of([name for name, *_ in observation.read_arguments()])
    return ast.Return(call(resume, given, load("is_searched"), load("begun"), *made, read))


#: The globals of these functions.
NAMES: Mapping[str, t.Any] = {
    "functions": _CALLABLE,
    "not_called": NOT_CALLED,
    "monotonic": time.monotonic,
    "silent_iterators": SILENT,
    "elements_ahead": elements_ahead,
}
