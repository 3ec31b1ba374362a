"""All rules of a question as one function for plain data, like a hand-written check.

In goes a question with its string and its classes: a ``User``, ``"read"``, a ``Folder``. Out comes
a function that returns ``True``, ``False``, or ``None`` to fall back to the compiled rules
(``compiler.py``).

Reading plain data cannot be observed: instance attributes, strings, numbers, lists, and objects
that compare by identity. So the function need not follow the order of the policy. It reads an
attribute once, iterates over a list once for all roles, and follows a chain of folders once. Its
answer is still that of the solver:

- The function reads whatever the solver might read, and does not stop at a solution, unless it is
  the first one of the solver. If all of it is plain, no error is possible, and the answer does not
  depend on the order.
- For a value that is not plain, or missing, or that a comparison would refuse, the function
  returns ``None`` before it uses the value.

Rules that have no such function raise ``NotCompilable``.
"""

from __future__ import annotations

import ast
import itertools
import typing as t
from collections.abc import Sequence

from ...nodes import Value
from ..binding_analysis import NotCompilable
from ..classes.weak_classes import WeakClass
from ..passes.names import FOUND, MEMO, answers, gives_up, nodes_in, statements_in
from ..passes.passes import improve
from ..passes.recursion.first_solutions import end_with_conditions, noted_or_ended
from ..passes.searches import write_out_searches
from ..passes.shortening import shorten_end
from ..quotations import code, duplicate, expr, stmt
from ..scopes import ProgramInterface
from ..snippets import assign, call, function_of, is_more_than, is_unchecked, load, negate, size_of
from .clauses.solver_order import End, SolverOrder
from .observation import KEPT, RESULT, Observation, unchanged
from .questions import Manner, QuestionWriter
from .regions import GIVE_UP, Known, RuleCall, give_up_if, try_in_turn
from .solution_keys import MAX_REMEMBERED
from .value_tests import SCALARS, is_of_polar

#: What the functions that are called remember.
NEW_MEMO: t.Final = assign(MEMO, ast.Dict([], []))
#: Questions for several strings share it, unless it is half full.
_FORGETTING: t.Final = ast.If(is_more_than(size_of(MEMO), MAX_REMEMBERED // 2), [NEW_MEMO], [])
#: A search for all solutions must not miss an error after the first one.
_SUCCESS = code("if is_searched: found = True\nelse: return True")


class SpecializationWriter(QuestionWriter):
    """Writes the function for one rule, one string, and the classes of the other arguments.

    :param text: the position of the string, and the string; or the strings that it is not. ``None``
        if all arguments are chosen by their classes.
    :param classes: the class of each other argument. The caller has tested that of the last one.
    :param others: answers where another argument is of another class.
    """

    def __init__(
        self,
        names: ProgramInterface,
        rule: str,
        text: tuple[int, str | frozenset[str]] | None,
        classes: t.Mapping[int, type],
        others: t.Callable[..., bool | None],
        manner: Manner,
    ) -> None:
        super().__init__(names, manner)
        self._others = others
        #: What a function that makes a call does before.
        self.before_call: list[ast.stmt] = []
        #: The names of conditions that may end the function where they are met.
        self._ending: list[str] = []
        #: Whether no rule applies, so that the answer is always no.
        self.is_empty = False
        self._parameters = [f"a{n}" for n in range(len(classes) + (text is not None))]
        #: The arguments that may be any string or integer, or any string that no rule names.
        self._open = {f"a{at}": cls for at, cls in classes.items() if cls in SCALARS}
        self._classes = classes
        #: The rule and its arguments.
        self.question: RuleCall = rule, self._arguments(text)
        self.ask(self.root, self.question, None)

    def _arguments(self, text: tuple[int, str | frozenset[str]] | None) -> tuple[Known, ...]:
        """Return what is known of the arguments."""
        names = self._parameters
        args = {
            at: Known(names[at], exact=cls, region=self.root) for at, cls in self._classes.items()
        }
        for at, cls in self._classes.items():
            if cls is list:
                # It is looked at as a whole before all else.
                self.root.known["plain list", names[at]] = args[at]
        if text is not None:
            at, known = text
            if isinstance(known, frozenset):
                args[at] = Known(names[at], others=known, exact=str, region=self.root)
                self._open[names[at]] = str
            else:
                args[at] = Known(names[at], literal=Value(known))
        return tuple(args[at] for at in range(len(names)))

    def write(self) -> ast.FunctionDef:
        """Write the function.

        :raises NotCompilable: if the rules depend on their order, or cannot be expressed.
        """
        observation = self.guards.observation
        self.expand()
        self._check_arguments()
        inner = self._looked_at(observation)
        self.is_empty = not inner and {*SCALARS}.isdisjoint(self._classes.values())
        begin, end = self._beginning(), list[ast.stmt]([ast.Return(load(FOUND))])
        parameters = self._parameters
        tests = class_tests(self.names, self._classes, len(parameters), self._others)
        if observation is not None:
            # What it changes is looked at again behind it.
            self.before_call, tests = [*tests, *self._checks()], []
            if not self.root.checks(RESULT):
                begin.append(give_up_if(is_unchecked(RESULT)))
            begin += unchanged(observation)
        body = [*begin, *tests, *self._checks(), *inner, *end]
        shorten_end(body)
        write_out_searches(body, self.guards.fresh, may_end=True)
        return function_of("specialization", parameters, self.attempted(body), KEPT)

    def _looked_at(self, observation: Observation | None) -> list[ast.stmt]:
        """Write what is read and tested, and what is done at a solution.

        :param observation: the call that is made; a solution may come behind it.
        """
        ends: list[End] = []
        if observation is None and self.guards.are_placed:
            ends = SolverOrder(self.guards.places, self.guards.texts).ends(self.root)
        for end in ends:
            end.written([*map(duplicate, _SUCCESS)])
        keeps_order = observation is None and self.keeps_order(ends)
        if not keeps_order and not ends:
            self.guards.forget_order_of_entries()
        if not keeps_order and observation is None:
            try_in_turn(self.root)
        if observation is None:
            self._note_conditions()
        regions = [] if keeps_order else [each.region for each in ends]
        self.guards.leave_out_known(self.root, keeps_order, regions)
        inner = self._improved()
        self._check_use(inner, keeps_order=keeps_order)
        return inner

    def _note_conditions(self) -> None:
        """Have what meets a condition end the function, where the solver comes to it first."""
        if not self.guards.are_placed:
            return
        order = SolverOrder(self.guards.places, self.guards.texts)
        followed = [each for each in self.root.within() if each.again and each.asks_others()]
        for condition in self.root.within():
            flag = condition.found
            is_one = condition.header is None and flag != FOUND and not condition.is_negated
            if is_one and not any(each.is_within(condition) for each in followed):
                met = [] if flag in self._ending else order.ends(self.root, found=flag)
                for end in met:
                    end.written(noted_or_ended(flag), flag)
                self._ending += [flag] * bool(met)

    def _check_use(self, inner: list[ast.stmt], *, keeps_order: bool) -> None:
        """Refuse a function that gives up in any case, or where anything may hold.

        Unless a rule before that goal may hold. Where the order is not kept, all that is read of
        other rules would be read in vain.
        """
        if not self.obstacles:
            return
        may_hold = any(each.found == FOUND and each.successes for each in self.root.within())
        if not may_hold or (_gives_up(inner) and not (keeps_order and _may_answer(inner))):
            raise NotCompilable("a goal that is always asked", None)

    def write_search(self) -> tuple[list[ast.stmt], list[ast.stmt]]:
        """Write checks, and statements that tell in ``found`` whether there is a solution.

        For arguments of exactly these classes. Both return ``None`` where the function gives up.

        :raises NotCompilable: as ``write`` does.
        """
        self.expand()
        return self.expanded_search()

    def expanded_search(self) -> tuple[list[ast.stmt], list[ast.stmt]]:
        """Write what ``write_search`` does, once all clauses are written into their regions."""
        self._check_arguments()
        self.guards.forget_order_of_entries()
        self.guards.leave_out_known(self.root, False)
        inner = self._improved()
        self._check_use(inner, keeps_order=False)
        return self._checks(), [*self._beginning(_FORGETTING), *inner] if inner else []

    def _check_arguments(self) -> None:
        is_changeable = not {dict, list}.isdisjoint(self._classes.values())
        if self.guards.observation is not None and is_changeable:
            # It might change the argument.
            raise NotCompilable("a call of the application beside a dictionary or a list", None)

    def _improved(self) -> list[ast.stmt]:
        inner = self.statements()
        end_with_conditions(inner, self._ending, self.guards.fresh)
        lists = self.values.rows.unloaded_lists
        self.guards.counts = improve(inner, self.guards.fresh, lists) and self.guards.counts
        return inner

    def _beginning(self, memo: ast.stmt = NEW_MEMO) -> list[ast.stmt]:
        """Write what is there before any argument is looked at.

        :param memo: where functions are called, what begins with what they remember.
        """
        body = [assign(FOUND, ast.Constant(False)), *self.beginning()]
        if self.guards.functions is not None:
            body.append(duplicate(memo))
        return body

    def attempted(self, body: list[ast.stmt]) -> list[ast.stmt]:
        """Write statements that give up where one of them fails, or where the stack ends."""
        return [
            attempted(body, "gives_up" if self.guards.functions is None else "gives_up_or_deep")
        ]

    def _checks(self) -> list[ast.stmt]:
        """Write that the function gives up for arguments that are not plain."""
        # The solver refuses what Polar has no values for.
        odd = [negate(is_of_polar(name, cls)) for name, cls in self._open.items()]
        lists = [load(f"a{at}") for at, cls in self._classes.items() if cls is list]
        odd += [negate(call("is_plain_data", each)) for each in lists]
        return [
            *map(give_up_if, odd),
            *registered_classes(self.names),
            *self.values.rows.changed_classes(),
        ]


def registered_classes(names: ProgramInterface) -> list[ast.stmt]:
    """Write that the function gives up where a class was registered as a subclass of another one.

    Each function that a question may begin with has this; those that it calls rely on it.
    """
    if not names.virtual_subclasses.are_needed:
        return []
    is_registered = "subclass_token() != virtual_subclasses.token and not virtual_subclasses.hold()"
    return [give_up_if(expr(is_registered))]


def remembers(statements: Sequence[ast.stmt]) -> bool:
    """Tell whether statements use what the functions that are called remember."""
    return any(type(each) is ast.Name and each.id == MEMO for each in nodes_in(statements))


def class_tests(
    names: ProgramInterface,
    classes: t.Mapping[int, type],
    arity: int,
    others: t.Callable[..., bool | None],
) -> list[ast.stmt]:
    """Write that ``others`` answers where an argument, other than the last one, has another class.

    The function does not hold a class that may go.
    """
    given = [load(f"a{n}") for n in range(arity)]
    tests: list[ast.stmt] = []
    for at, cls in sorted(classes.items())[:-1]:
        keeps = names.host.keeps(cls)
        itself = names.constant(cls if keeps else WeakClass(cls))
        wanted = load(itself) if keeps else call(itself)
        answer = call(names.constant(others), *given, load("is_searched"))
        other = "if type(X) is not WANTED: return ANSWER"
        tests.append(stmt(other, X=f"a{at}", WANTED=wanted, ANSWER=answer))
    return tests


def attempted(body: list[ast.stmt], errors: str = "gives_up") -> ast.stmt:
    """Write statements that give up where one of them fails."""
    handler = ast.ExceptHandler(load(errors), None, [GIVE_UP])
    return ast.Try(body, [handler], [], [])


def _gives_up(statements: list[ast.stmt]) -> bool:
    """Tell whether statements give up in any case, unless they answer before."""
    return any(map(gives_up, statements))


def _may_answer(statements: list[ast.stmt]) -> bool:
    """Tell whether statements may answer before they give up."""
    before = itertools.takewhile(lambda each: not gives_up(each), statements)
    return any(map(answers, statements_in([*before])))
