"""Functions that give the solutions of a rule on plain data: what its open arguments become.

A rule that calls itself in the middle, ``depth(f, n) if depth(f.parent, m) and n = m + 1``, cannot
be written in place of its call. So it has a function, which calls itself::

    def depth(f, level, memo): …            # [n, …], or None to give up
        for m in depth(f.parent, level + 1, memo): …

All that it reads is plain, so that it may find all solutions before the first one is used. Whoever
calls it gives up where it does: for what is not plain, for a ring, and where Python's stack ends.
A function that calls others more than once remembers each call for the rest of the decision, so
that what leads to the same object on many ways is looked at once. One that calls itself once is a
loop where it can be (``passes/recursion/loops.py``).

In go the calls of a specialization; out come the functions, which a program keeps for others.
"""

from __future__ import annotations

import ast
import typing as t
from collections.abc import Callable

from ...nodes import Call, Slot, Value
from ..binding_analysis import NotCompilable
from ..passes.hoisting import hoist
from ..passes.names import (
    FOUND,
    LEVEL,
    MEMO,
    SOLUTIONS,
    Names,
    nodes_in,
    read_name,
    rename,
    statements_in,
    written_name,
)
from ..passes.recursion.first_solutions import (
    IS_FIRST,
    end_with_calls,
    end_with_results,
    may_end,
    noted_or_ended,
    results_of,
    search_for_all,
)
from ..passes.recursion.loops import Recursion, written_as_loop
from ..passes.recursion.remembered_classes import remember_classes
from ..passes.recursion.worklists import written_as_worklist
from ..passes.searches import write_out_searches
from ..passes.shortening import unpack_pairs
from ..passes.unswitching import unswitch
from ..quotations import code, duplicate
from ..snippets import (
    assign,
    call,
    function_of,
    is_more_than,
    load,
    size_of,
)
from .clauses.solver_order import End, SolverOrder
from .goals.obstacles import Obstacles, noted, obstacle_of_rule
from .goals.steps import GoalStep
from .questions import Manner, QuestionWriter
from .regions import Known, Region, Variables, give_up_if
from .solution_keys import (
    MAX_CALLS_WITHIN,
    MAX_FUNCTIONS,
    MAX_REMEMBERED,
    NOTED,
    OWN_LIST,
    OneText,
    SolutionKey,
)

#: The turns of a loop along a chain.
_TURNS = range(MAX_CALLS_WITHIN + 1)


class SolutionProgram(t.Protocol):
    """What the functions need of the program that keeps them."""

    #: The names of functions that were made before.
    solutions: dict[SolutionKey, str]
    #: The names of those that may end with their first solution.
    ending: set[str]

    def define(self, name: str, function: ast.FunctionDef, rule: str, arity: int) -> None: ...

    def define_again(self, name: str, other: str) -> None: ...


class SolutionFunctions:
    """The functions that one specialization calls.

    INVARIANT: a program keeps all functions that a function calls, or none of them.
    """

    def __init__(self, program: t.Any, obstacles: Obstacles = frozenset()) -> None:
        self._program, self.obstacles = program, obstacles
        self._new: dict[SolutionKey, str] = {}
        #: The names of those that are loops, and of those that these stand in the place of.
        self.loops: set[str] = set()
        #: The names of those that keep a list of what is still to be looked at.
        self.worklists: set[str] = set()
        #: The names of loops that may end with their first solution.
        self.ending: set[str] = set()
        self._same: dict[str, str] = {}
        #: Whether there is a call of any function.
        self.are_called = False
        self._waiting: list[SolutionKey] = []
        #: Those that were written, with their keys and names.
        self.written: list[tuple[SolutionKey, str, ast.FunctionDef]] = []

    def name_of(self, key: SolutionKey) -> str:
        """Return the name of a function, which is written if there is none."""
        self.are_called = True
        name = self._program.solutions.get(key) or self._new.get(key)
        if name is None:
            if len(self._new) >= MAX_FUNCTIONS:
                raise NotCompilable("rules that call each other with too many arguments", None)
            name = self._new[key] = self._program.lifted_name()
            self._waiting.append(key)
        return name

    def write(self) -> None:
        """Write all functions that were asked for, and those that they call.

        :raises NotCompilable: if one of them cannot be written.
        """
        while self._waiting:
            key = self._waiting.pop()
            with noted(obstacle_of_rule(key.rule)):
                writer = SolutionWriter(self._program, self, key)
                made = writer.write_functions(self._new[key])
            self.written += [(key, name, function) for name, function in made.items()]
        self._leave_out_first_steps()
        for _, name, function in self.written:
            if name in self.ending:
                end_with_results(function.body, self._program.ending | self.ending)

    def _leave_out_first_steps(self) -> None:
        """Have a loop for values of any class answer where a function does its first step alone.

        It knows the class of what the loop begins with, which takes less than another call.
        """
        keys = {name: key for key, name in self._new.items()}
        kept = []
        for key, name, function in self.written:
            calls = [each for each in nodes_in(function.body) if type(each) is ast.Call]
            called = [each for each in (read_name(made.func) for made in calls) if each in keys]
            whole = self.loops | self.worklists
            is_step = len(called) == 1 and called[0] in whole and name not in whole
            if is_step and keys[called[0]].includes(key):
                self._same[name] = called[0]
                self.ending |= {name} if called[0] in self.ending else set()
                continue
            kept.append((key, name, function))
        self.written = kept

    def end_first(self, statements: list[ast.stmt], fresh: Callable[[str], str]) -> None:
        """Have a question that ends with its first solution tell the functions that it calls."""
        end_with_calls(statements, self._program.ending | self.ending, fresh)

    def keep(self) -> None:
        """Compile the functions, and have the program keep them."""
        for key, name, function in self.written:
            self._program.define(name, function, key.rule, len(key.kinds))
        for name, other in self._same.items():
            self._program.define_again(name, other)
        self._program.solutions.update(self._new)
        self._program.ending |= self.ending
        self.written = []


class SolutionWriter(QuestionWriter):
    """Writes one such function.

    :param functions: has the names of those that it calls.
    """

    def __init__(self, names: t.Any, functions: SolutionFunctions, key: SolutionKey) -> None:
        super().__init__(names, Manner(functions=functions, obstacles=functions.obstacles))
        self._key, self._functions = key, functions
        self.guards.level = ast.BinOp(load(LEVEL), ast.Add(), ast.Constant(1))
        self.guards.gathers = None in key.kinds

    def write_functions(self, name: str) -> dict[str, ast.FunctionDef]:
        """Write the function, and another one that it may call, by their names."""
        self._write_clauses()
        self.expand()
        is_test = None not in self._key.kinds
        ends = self._ends(name) if is_test else []
        for end in ends:
            end.written(noted_or_ended())
        regions = [each.region for each in ends]
        self.guards.leave_out_known(self.root, keeps_order=False, ends=regions)
        inner = self.statements()
        result = FOUND if is_test else SOLUTIONS
        parameters = [f"a{at}" for at in self._passed()]
        given = [*parameters, LEVEL, MEMO]
        changed = self.values.rows.changed_classes()
        before = [*changed, *self.beginning()]
        recursion = Recursion(name, parameters, result, MAX_CALLS_WITHIN, inner)
        if not self.guards.calls_often:
            recursion.body = [*changed, *self.no_steps(), *inner]
            in_loop = self._in_loop(recursion)
            if in_loop is not None:
                keyword = (IS_FIRST,) if name in self._functions.ending else ()
                return {name: function_of(name, given, in_loop, keyword)}
            ended = () if self._results(name) else self._ended(name, inner, regions)
            if not ended:
                search_for_all(inner)
            calling = self._calling(name, before, inner, result)
            return {name: function_of(name, given, calling, ended)}
        ending, inner = inner, duplicate(inner)
        search_for_all(inner)
        recursion.body = inner
        ended = self._ended(name, ending, regions)
        remembering = self.names.lifted_name()
        listed = written_as_worklist(recursion, remembering, MAX_REMEMBERED)
        if listed is None:
            calling = self._calling(name, before, ending, result)
            return {name: function_of(name, given, calling, ended)}
        self._functions.worklists.add(name)
        hoist(listed, self.guards.fresh)
        write_out_searches(listed, self.guards.fresh)
        if ended:
            t.cast(t.Any, listed[-1]).value.args.append(load(IS_FIRST))
        rename(ending, {name: remembering})
        calling = self._calling(remembering, before, ending, result)
        return {
            name: function_of(name, given, [*before, *listed], ended),
            remembering: function_of(remembering, given, calling, ended),
        }

    def _results(self, name: str) -> list[tuple[Region, str]]:
        """Return the regions where the function calls itself, and the names of what it finds."""
        within = self.root.within()
        return [(each, result) for each in within for result in results_of(each.reads, name)]

    def _ended(self, name: str, statements: list[ast.stmt], ends: list[Region]) -> tuple[str, ...]:
        """Have a function that remembers its calls end with its first solution, if it may.

        So do the calls of itself whose solution ends it. It remembers nothing of those that are
        being made then: the question is at its end.

        :param ends: the regions at whose solution it ends.
        :returns: the parameter that it has for this.
        """
        if not may_end(statements):
            return ()
        self._functions.ending.add(name)
        found = {
            result
            for region, result in self._results(name)
            if any(each is region.inside["holds", result] for each in ends)
        }
        for statement in statements_in(statements):
            if written_name(statement) in found:
                t.cast(t.Any, statement).value.args.append(load(IS_FIRST))
        return (IS_FIRST,)

    def _in_loop(self, recursion: Recursion) -> list[ast.stmt] | None:
        """Write the statements as a loop, if they can be one."""
        in_loop = written_as_loop(recursion)
        if in_loop is None:
            return None
        if may_end(in_loop):
            self._functions.ending.add(recursion.name)
        # What is known of a class holds for all turns.
        in_loop = [*self.no_classes(), *in_loop]
        hoist(in_loop, self.guards.fresh)
        write_out_searches(in_loop, self.guards.fresh)
        remember_classes(in_loop, self.guards.fresh)
        self._count_turns(in_loop)
        self._functions.loops.add(recursion.name)
        return in_loop

    def _ends(self, name: str) -> list[End]:
        """Return the regions at whose solution the function may end: before it calls itself.

        What stands behind the call comes before it, once the function is a loop. A function that
        remembers its calls makes them in the order of the solver.
        """
        calling = [region.inside["holds", result] for region, result in self._results(name)]
        if self.guards.are_placed and (self.guards.calls_often or not calling):
            return SolverOrder(self.guards.places, self.guards.texts).ends(self.root)
        if len(calling) != 1 or not self.guards.are_placed:
            return []
        return SolverOrder(self.guards.places, self.guards.texts).ends(self.root, calling[0])

    def _count_turns(self, statements: list[ast.stmt]) -> None:
        """Count turns from zero, where nothing needs to know how deep the calls are.

        A loop takes no stack, and a range that is made takes as long as two turns.
        """
        if Names(statements).read[LEVEL] != 1:
            return
        for statement in statements:
            match statement:
                case ast.For(ast.Name("level"), ast.Call(ast.Name("range"))):
                    turns = self.names.constant(_TURNS)
                    statement.iter = ast.copy_location(load(turns), statement.iter)

    def _calling(
        self, name: str, before: list[ast.stmt], inner: list[ast.stmt], result: str
    ) -> list[ast.stmt]:
        """Write the statements of a function that calls itself."""
        is_test = result == FOUND
        start: ast.expr = ast.Constant(False) if is_test else ast.List([], ast.Load())
        unswitch(inner, self.guards.fresh)
        hoist(inner, self.guards.fresh)
        unpack_pairs(inner)
        limits = [is_more_than(load(LEVEL), MAX_CALLS_WITHIN)]
        body = [*before, assign(result, start), *inner]
        end: list[ast.stmt] = []
        if self.guards.calls_often:
            remembered, end = self._remembered_call(name, result, is_test)
            body[:0] = remembered
            limits.append(is_more_than(size_of(MEMO), MAX_REMEMBERED))
        return [*map(give_up_if, limits), *body, *end, ast.Return(load(result))]

    def _passed(self) -> list[int]:
        """Return the positions of the arguments that are passed."""
        kinds = enumerate(self._key.kinds)
        return [at for at, kind in kinds if kind is not None and not isinstance(kind, OneText)]

    def _write_clauses(self) -> None:
        root, number, env = self.root, self.next_clause(), Variables()
        slots = [Slot(at, f"_{at}") for at in range(len(self._key.kinds))]
        values: list[Known | None] = []
        for at, kind in enumerate(self._key.kinds):
            variable = env.variable(number, at)
            value = self._argument(root, at, kind)
            if value is not None:
                env.values[variable] = value
            values.append(value)
        opened = [slot for slot, value in zip(slots, values, strict=True) if value is None]
        asked, noted = Call(self._key.rule, tuple(slots)), Call(NOTED, tuple(opened))
        question = ("a function", self._key)
        self._askers.note_start(question)
        step = GoalStep(self, root, ((noted, number), ()), env, number, asked, question)
        step.in_place(asked, values)

    def _argument(self, root: Region, at: int, kind: t.Any) -> Known | None:
        """Return what is known of an argument."""
        if kind is None:
            return None
        if isinstance(kind, OneText):
            return Known("", literal=Value(kind.text))
        name = f"a{at}"
        self.guards.given.add(name)
        value = Known(name, exact=kind if isinstance(kind, type) else None, region=root)
        if kind == OWN_LIST:
            root.note_list(value)
        return value

    def _remembered_call(
        self, name: str, result: str, is_test: bool
    ) -> tuple[list[ast.stmt], list[ast.stmt]]:
        """Write that a call that was made before is not made again, and that this one is noted.

        While it is being made it has no answer, so that a ring gives up. Arguments are told apart
        by identity, and kept until the decision is made: no other object gets theirs meanwhile.
        """
        names = [load(f"a{at}") for at in self._passed()]
        begin = """
            key = NAME, *PARTS
            known = memo.get(key)
            if known is not None: return known[0]
            memo[key] = None,
        """
        end = "memo[key] = RESULT, *NAMES"
        if not is_test:
            end = "solutions = each_once(solutions); memo[key] = RESULT, *NAMES"
        parts = [call("id", each) for each in names]
        begun = code(begin, NAME=ast.Constant(name), PARTS=parts)
        return begun, code(end, RESULT=result, NAMES=names)
