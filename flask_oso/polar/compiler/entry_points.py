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
from .quotations import code, expr, stmt
from .scopes import ProgramInterface, Variant
from .snippets import all_of, any_of, call, function_of, is_ascii, load, names_of, target_of

#: The steps until the next check of the clock, when the question began, its ``IteratorUse``, its
#: ``Table``, the ``Outcome`` of a call that was made before, ``None`` for what it did not need;
#: the calls of the application that it made, as ``CallsMade`` takes them; and, for the first
#: questions of a kind, the ``FirstQuestion``.
Clock = list[t.Any]
#: The number of steps between two checks of the clock.
CLOCK_INTERVAL = 64
#: The positions of the calls and of the first question in a clock.
CALLS, FIRST = 5, 6
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
        is_logged = expr("log_variable in environment")
        taken = """
            SPECIALIZATIONS
            name = RULE
            if ODD:
                taken = as_data(ARGS)
                if taken is None: return BY_SOLVER
                PARTS = taken
            ASKED
        """
        body = code(
            taken,
            SPECIALIZATIONS=self._specializations(),
            RULE=self.rule,
            ODD=any_of([is_logged, *map(self._is_odd, self.parameters)]),
            ARGS=self._arguments(),
            BY_SOLVER=self._by_solver(),
            PARTS=target_of(self.parameters),
            ASKED=self._asked(),
        )
        parameters = [*self.parameters, "clock"] if self.shares else self.parameters
        return function_of("question", parameters, body)

    def write_usual(self, tests: list[ast.stmt], tried: Sequence[ast.stmt]) -> ast.FunctionDef:
        """Write a function for the tables of usual questions, whose callers look at the log.

        :param tests: return where an argument is of another class.
        :param tried: what may answer before the rules are asked.
        """
        # Questions for all solutions have functions of their own.
        usual = """
            TRIED
            if is_searched: return None
            TESTS
            name = RULE
            ASKED
        """
        body = code(usual, TRIED=tried, TESTS=tests, RULE=self.rule, ASKED=self._asked())
        kept = ("is_searched", "type", "simple") if tried else ("is_searched",)
        return function_of("question", self.parameters, body, kept)

    def _asked(self) -> list[ast.stmt]:
        """Write that the rule is asked, and what its errors become.

        A missing attribute is an error of the policy. Python replaces a ``StopIteration`` within a
        search. The calls of other questions with the same clock are not those of this one.
        """
        asked = """
            BEGIN
            try:
                ANSWER
            except AttributeError as error:
                problem = problem_of(error, name, ARGS)
                if problem is None: raise
                raise problem from error
            except unforeseen:
                return BY_SOLVER
            except StopIteration as error:
                STOPPED
            except RuntimeError as error:
                stop = stop_of(error)
                if stop is None: raise
                STOPPED_SEARCH
        """
        *first, _ = new_clock()
        begin = "clock[CALLS].clear()" if self.shares else "clock = [*FIRST, []]"
        return code(
            asked,
            BEGIN=code(begin, CALLS=CALLS, FIRST=[*map(ast.Constant, first)]),
            ANSWER=self._answered(),
            ARGS=self._arguments(),
            BY_SOLVER=self._by_solver(is_anew=True),
            STOPPED=stopped(),
            STOPPED_SEARCH=stopped("stop"),
        )

    def _answered(self) -> list[ast.stmt]:
        """Write the answer: that of a test, or whether a search finds something."""
        args = [*map(load, self.parameters), ast.Constant(0), load("clock")]
        answer = ast.Call(self.function, args, [])
        if not self.is_searched:
            return [ast.Return(answer)]
        search = """
            found = False
            for _ in SEARCH: found = True
            return found
        """
        return code(search, SEARCH=answer)

    def _specializations(self) -> list[ast.stmt]:
        """Write that a specialization answers, if there is one for the arguments."""
        if self.specializations is None:
            return []
        table, specializations = self.specializations
        if specializations.at is None:
            by_class = self._by_class(load(table), specializations.by)
            return code("if log_variable not in environment: BY_CLASS", BY_CLASS=by_class)
        name, others = self.parameters[specializations.at], list[ast.stmt]()
        chosen = "if type(TEXT) is str and log_variable not in environment: BY_TEXT"
        if self.of_objects is not None:
            others = self._by_class(load(self.of_objects), len(self.parameters) - 1)
            chosen = """
                if type(TEXT) is str and log_variable not in environment: BY_TEXT
                elif not type(TEXT) is str and log_variable not in environment: OTHERS
            """
        by_text = self._by_class(expr("TABLE[TEXT]", TABLE=table, TEXT=name), specializations.by)
        return code(chosen, TEXT=name, BY_TEXT=by_text, OTHERS=others)

    def _by_class(self, functions: ast.expr, at: int) -> list[ast.stmt]:
        """Write that one of some functions answers, chosen by the class of an argument."""
        answered = """
            answer = FUNCTIONS[type(CHOOSING)](*ARGS)
            if answer is not None: return answer
        """
        args = [*map(load, self.parameters)]
        return code(answered, FUNCTIONS=functions, CHOOSING=self.parameters[at], ARGS=args)

    def _arguments(self) -> ast.expr:
        return names_of(self.parameters)

    def _by_solver(self, *, is_anew: bool = False) -> ast.expr:
        """Write that the solver answers.

        :param is_anew: whether compiled functions began, and may have made calls.
        """
        options: list[ast.expr] = []
        if self.is_searched or self.shares or is_anew:
            options.append(ast.Constant(self.is_searched))
        if self.shares or is_anew:
            # It may have a call that was made before.
            options.append(load("clock"))
        return call("by_solver", load("name"), self._arguments(), *options)

    def _is_odd(self, name: str) -> ast.expr:
        """Write that an argument needs the solver: it is neither an object nor an ASCII string."""
        text = expr("not (type(X) is str and X.isascii())", X=name)
        tests = [expr("type(X) not in plain", X=name), text]
        if name in self.texts:
            # The more frequent test comes first.
            tests.reverse()
        return all_of([*tests, expr("not is_simple(X)", X=name)])


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


def stopped(error: str = "error") -> ast.stmt:
    """Write that a ``StopIteration`` becomes an error: it must end no loop of the caller.

    :param error: its name.
    """
    return stmt("raise RuntimeError(TEXT) from ERROR", TEXT=ast.Constant(STOPPED), ERROR=error)


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
    found = expr("ARGS in KNOWN", ARGS=names_of(parameters), KNOWN=known)
    if len(facts) <= _FEW:
        found = any_of([_is_fact(parameters, fact) for fact in facts])
    # No fact has a string that the solver refuses.
    looked_up = """
        if type(FIRST) is str:
            if FOUND: return True
            if ASCII: return False
        return None
    """
    ascii_only = all_of([*map(is_ascii, parameters)])
    body = code(looked_up, FIRST=parameters[0], FOUND=found, ASCII=ascii_only)
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
    pairs = zip(parameters, fact, strict=True)
    return all_of([expr("X == TEXT", X=name, TEXT=ast.Constant(text)) for name, text in pairs])
