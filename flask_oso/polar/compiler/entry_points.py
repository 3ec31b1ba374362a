"""Entry points: the functions that take a question, test the arguments and choose what answers.

The solver gets a question with an argument that is neither a plain object nor an ASCII string, and
one whose functions raise ``SolverNeeded``.
"""

from __future__ import annotations

import ast
import typing as t
from collections.abc import Callable, Iterable, Sequence

from ..environment import STORED_ENVIRONMENT
from ..output import STORED_VARIABLE
from ..solver.clause_index import ClauseIndex
from ..solver.machine import STOPPED, MadeCall
from ..value_objects import Record
from .function_tables import chosen_function
from .scopes import ProgramInterface, Variant
from .snippets import (
    all_of,
    any_of,
    assign,
    assign_parts,
    attribute_of,
    call,
    compared,
    for_each,
    function_of,
    is_ascii,
    is_none,
    is_not_none,
    is_not_of,
    is_type,
    item_of,
    load,
    names_of,
    negate,
    returned,
)

#: The steps until the next check of the clock, when the question began, its ``IteratorUse``, its
#: ``Table``, the ``Outcome`` of a call that was made before, ``None`` for what it did not need; and
#: the calls of the application that it made, as ``CallsMade`` takes them.
Clock = list[t.Any]
#: The number of steps between two checks of the clock.
CLOCK_INTERVAL = 64
#: The position of the calls in a clock.
CALLS = 5
#: Seconds since the beginning of a question, after which each call of Python checks the clock.
BRIEF = 0.005


class ChosenFunctions(t.Protocol):
    """A table by a string, at one position if at all, and by the class of another argument."""

    at: int | None
    by: int


#: Up to this number, facts are compared one by one.
_FEW = 2
#: So many actions that no fact has are kept.
_MOST_OTHER_ACTIONS = 100
#: Tells that ``POLAR_LOG`` is not set.
NOT_LOGGED = compared(load("log_variable"), ast.NotIn(), load("environment"))
#: The file name of the functions that take a question.
QUESTION_FILE = "<question>"


class EntryPointWriter(Record):
    """Writes the entry point of a rule.

    :param rule: the name of the constant with the name of the rule.
    :param function: which function answers.
    :param texts: the parameters that are most likely strings.
    :param specializations: the specializations, and the name of the table of them.
    :param of_objects: the name of the table of those for a question whose string is none, by the
        class of its last argument.
    :param is_searched: whether all solutions are searched for, with a generator, so that an error
        after the first solution is raised, too.
    :param shares: whether it takes the clock, which several questions share, and with it the table
        of the calls that they made.
    """

    rule: str
    parameters: list[str]
    function: ast.expr
    texts: frozenset[str] = frozenset()
    is_searched: bool = False
    shares: bool = False
    specializations: tuple[str, ChosenFunctions] | None = None
    of_objects: str | None = None

    def write(self) -> ast.FunctionDef:
        """Write the function."""
        is_logged = compared(load("log_variable"), ast.In(), load("environment"))
        odd = ast.BoolOp(ast.Or(), [is_logged, *map(self._is_odd, self.parameters)])
        body = [
            *self._specializations(),
            assign("name", load(self.rule)),
            ast.If(odd, self._taken(), []),
            *self._asked(),
        ]
        parameters = [*self.parameters, "clock"] if self.shares else self.parameters
        return function_of("question", parameters, body)

    def write_usual(self, tests: list[ast.stmt], tried: Sequence[ast.stmt] = ()) -> ast.FunctionDef:
        """Write a function for the tables of usual questions, whose callers look at the log.

        :param tests: return where an argument is of another class.
        :param tried: what may answer before the rules are asked.
        """
        nothing: ast.stmt = ast.Return(ast.Constant(None))
        # Questions for all solutions have functions of their own.
        body = [
            *tried,
            ast.If(load("is_searched"), [nothing], []),
            *tests,
            assign("name", load(self.rule)),
            *self._asked(),
        ]
        kept = ("is_searched", "type", "simple") if tried else ("is_searched",)
        return function_of("question", self.parameters, body, kept)

    def _asked(self) -> list[ast.stmt]:
        """Write that the rule is asked, and what its errors become."""
        handlers = [
            ast.ExceptHandler(load("AttributeError"), "error", self._explained()),
            ast.ExceptHandler(load("unforeseen"), None, [self._by_solver(is_anew=True)]),
            ast.ExceptHandler(load("StopIteration"), "error", [stopped()]),
            ast.ExceptHandler(load("RuntimeError"), "error", self._stopped_search()),
        ]
        return [
            self._calls_forgotten() if self.shares else assign("clock", _new_clock()),
            ast.Try(self._answered(), handlers, [], []),
        ]

    def _answered(self) -> list[ast.stmt]:
        """Write the answer: that of a test, or whether a search finds something."""
        answer = self._answer()
        if not self.is_searched:
            return [ast.Return(answer)]
        note = assign("found", ast.Constant(True))
        return [
            assign("found", ast.Constant(False)),
            for_each("_", answer, [note]),
            ast.Return(load("found")),
        ]

    def _specializations(self) -> list[ast.stmt]:
        """Write that a specialization answers, if there is one for the arguments."""
        if self.specializations is None:
            return []
        table, specializations = self.specializations
        if specializations.at is None:
            return [ast.If(NOT_LOGGED, self._by_class(load(table), specializations.by), [])]
        name = self.parameters[specializations.at]
        by_text = item_of(load(table), load(name))
        is_text = all_of([is_type(name, "str"), NOT_LOGGED])
        others: list[ast.stmt] = []
        if self.of_objects is not None:
            is_object = all_of([negate(is_type(name, "str")), NOT_LOGGED])
            asked = self._by_class(load(self.of_objects), len(self.parameters) - 1)
            others = [ast.If(is_object, asked, [])]
        return [ast.If(is_text, self._by_class(by_text, specializations.by), others)]

    def _by_class(self, functions: ast.expr, at: int) -> list[ast.stmt]:
        """Write that one of some functions answers, chosen by the class of an argument."""
        chosen = item_of(functions, call("type", load(self.parameters[at])))
        answer = ast.Call(chosen, [*map(load, self.parameters)], [])
        is_known = is_not_none(load("answer"))
        return [
            assign("answer", answer),
            ast.If(is_known, [ast.Return(load("answer"))], []),
        ]

    def _arguments(self) -> ast.expr:
        return names_of(self.parameters)

    def _by_solver(self, *, is_anew: bool = False) -> ast.stmt:
        """Write that the solver answers.

        :param is_anew: whether compiled functions began, and may have made calls.
        """
        options: list[ast.expr] = []
        if self.is_searched or self.shares or is_anew:
            options.append(ast.Constant(self.is_searched))
        if self.shares or is_anew:
            # It may have a call that was made before.
            options.append(load("clock"))
        return ast.Return(call("by_solver", load("name"), self._arguments(), *options))

    def _calls_forgotten(self) -> ast.stmt:
        """Write that the calls of other questions with the same clock are not those of this one."""
        calls = item_of(load("clock"), ast.Constant(CALLS))
        return ast.Expr(ast.Call(attribute_of(calls, "clear"), [], []))

    def _taken(self) -> list[ast.stmt]:
        """Write that lists and dictionaries are copied; the solver answers for other arguments."""
        is_refused = is_none(load("taken"))
        return [
            assign("taken", call("as_data", self._arguments())),
            ast.If(is_refused, [self._by_solver()], []),
            assign_parts(self.parameters, load("taken")),
        ]

    def _explained(self) -> list[ast.stmt]:
        """Write that a missing attribute is an error of the policy."""
        problem = call("problem_of", load("error"), load("name"), self._arguments())
        is_other = is_none(load("problem"))
        return [
            assign("problem", problem),
            ast.If(is_other, [ast.Raise(None, None)], []),
            ast.Raise(load("problem"), load("error")),
        ]

    def _stopped_search(self) -> list[ast.stmt]:
        """Write what a ``StopIteration`` becomes that Python has replaced within a search."""
        is_other = is_none(load("stop"))
        return [
            assign("stop", call("stop_of", load("error"))),
            ast.If(is_other, [ast.Raise(None, None)], []),
            stopped("stop"),
        ]

    def _is_odd(self, name: str) -> ast.expr:
        """Write that an argument needs the solver: it is neither an object nor an ASCII string."""
        tests: list[ast.expr] = [
            is_not_of(name, "plain"),
            negate(all_of([is_type(name, "str"), is_ascii(name)])),
        ]
        if name in self.texts:
            # The more frequent test comes first.
            tests.reverse()
        return ast.BoolOp(ast.And(), [*tests, negate(call("is_simple", load(name)))])

    def _answer(self) -> ast.expr:
        args = [*map(load, self.parameters), ast.Constant(0), load("clock")]
        return ast.Call(self.function, args, [])


def entry_writer(
    names: ProgramInterface, variant: Variant, candidates: ClauseIndex
) -> EntryPointWriter:
    """Return the writer of the entry point of a rule.

    :param variant: the function that answers, whatever the arguments.
    :param candidates: the clauses of the rule.
    """
    parameters = variant.parameters
    literals = {position for clause in candidates for position in clause.literals}
    texts = frozenset(parameters[position] for position in literals | {variant.arity // 2})
    function = chosen_function(names, variant, parameters)
    return EntryPointWriter(names.constant(variant.name), parameters, function, texts)


def usual_writer(
    names: ProgramInterface, variant: Variant, *, shares: bool = False
) -> EntryPointWriter:
    """Return the writer of a function for the arguments that a variant is made for."""
    parameters = variant.parameters
    rule, function = names.constant(variant.name), load(names.function(variant))
    is_searched = not variant.is_test
    return EntryPointWriter(rule, parameters, function, is_searched=is_searched, shares=shares)


def new_clock(begun: float | None = None, outcome: MadeCall | None = None) -> Clock:
    """Return the state of a question at its beginning.

    :param outcome: what a call gave that was made before.
    """
    return [CLOCK_INTERVAL, begun, None, None, outcome, []]


def _new_clock() -> ast.expr:
    """Write the same."""
    *first, calls = new_clock()
    return ast.List([*map(ast.Constant, first), ast.List(calls, ast.Load())], ast.Load())


def stopped(error: str = "error") -> ast.stmt:
    """Write that a ``StopIteration`` becomes an error: it must end no loop of the caller.

    :param error: its name.
    """
    return ast.Raise(call("RuntimeError", ast.Constant(STOPPED)), load(error))


class FactTable:
    """What looks facts up, by an action and by the class ``str`` of a resource.

    ``known`` is no subclass of ``dict``, in which Python takes longer to find anything. An action
    that no fact has is kept there once it was asked about: not to find it takes longer than to look
    the facts up.

    :param look_up: looks up facts about any action.
    """

    def __init__(self, actions: Iterable[str], look_up: t.Any) -> None:
        self._by_class: t.Mapping[type, t.Any] = {str: look_up}
        self.known: dict[str, t.Mapping[type, t.Any]] = dict.fromkeys(actions, self._by_class)
        # Requests may make them up.
        self._most = len(self.known) + _MOST_OTHER_ACTIONS

    def note(self, action: str) -> None:
        """Keep an action that was asked about."""
        if len(self.known) < self._most:
            self.known[action] = self._by_class


def facts_function(
    parameters: list[str], facts: list[tuple[str, ...]], known: str
) -> ast.FunctionDef:
    """Write a function that looks strings up, and returns ``None`` where the first is none.

    Callers have looked at the others, and at the log.

    :param facts: all strings for which the answer is yes.
    :param known: the name of the set of them.
    """
    if len(facts) <= _FEW:
        found = any_of([_is_fact(parameters, fact) for fact in facts])
    else:
        found = compared(names_of(parameters), ast.In(), load(known))
    # No fact has a string that the solver refuses.
    ascii_only = all_of([*map(is_ascii, parameters)])
    looked: list[ast.stmt] = [
        ast.If(found, [returned(True)], []),
        ast.If(ascii_only, [returned(False)], []),
    ]
    body = [ast.If(is_type(parameters[0], "str"), looked, []), ast.Return(ast.Constant(None))]
    return function_of("facts", parameters, body)


def facts_entry(
    look_up: Callable[..., bool | None],
    table: FactTable | None,
    by_solver: Callable[[tuple[t.Any, ...]], bool],
) -> Callable[..., bool]:
    """Return the entry point of a rule that has only facts about strings.

    Strings are looked up; other arguments go to the solver.

    :param look_up: looks up strings.
    :param table: notes the actions that are asked about, if there are any.
    """

    def answer(*args: t.Any) -> bool:
        are_texts = all(type(arg) is str for arg in args)
        are_usual = are_texts and STORED_VARIABLE not in STORED_ENVIRONMENT
        found = look_up(*args) if are_usual else None
        if table is not None and found is not None:
            table.note(args[1])
        return by_solver(args) if found is None else found

    return answer


def _is_fact(parameters: list[str], fact: tuple[str, ...]) -> ast.expr:
    tests = [
        compared(load(name), ast.Eq(), ast.Constant(text))
        for name, text in zip(parameters, fact, strict=True)
    ]
    return all_of(tests)
