"""Compile the clauses of a rule to a Python function, for calls whose arguments are all bound.

There is one function for each rule with its known strings: a sequence of blocks, one for each
clause. A goal becomes a test, ``in`` a loop, a call a call. A block that fails is left with
``break``, an element of a loop with ``continue``. A goal that waits for a variable in the solver
is written where the variable is bound, so that the order of everything that Python can observe is
the same.

Functions are built as ``ast`` nodes with the positions of the policy; no text and no name of a
policy becomes part of the code. A clause that cannot be compiled raises ``NotCompilable``, and the
solver answers.
"""

from __future__ import annotations

import ast
import functools
import itertools
import re
import typing as t
from collections.abc import Iterable

from ..nodes import Call, Instance, Operator, Pattern, Slot, Term, Value
from ..solver.class_index import INTEGER
from ..solver.clauses import Clause, passed_on
from ..traversal import goals_in, is_operation
from .binding_analysis import (
    ClauseOrder,
    NotCompilable,
    check_class,
    is_class_only,
    is_string,
    order_clauses,
)
from .function_tables import chosen_function
from .goal_writers.goals import GoalWriter
from .goal_writers.patterns import (
    Argument,
    at_most_one_matches,
    is_known_instance,
    is_simple_head,
    pattern_class,
)
from .goal_writers.places import Output
from .quotations import code, expr, stmt
from .scopes import (
    GoalPart,
    Pending,
    ProgramInterface,
    Ref,
    Scope,
    Site,
    Success,
    Variant,
    conjunct_goals,
    instance_test,
    prepend,
)
from .snippets import (
    Position,
    all_of,
    assign,
    block,
    call,
    clock_check,
    compared,
    for_each,
    function_of,
    generator_mark,
    load,
    names_of,
    tuple_of,
)

#: How many goals of one function may be written again, since alternatives repeat the goals that
#: follow them.
MAX_OPERATIONS = 2_000
#: The depth of calls between two checks of Python's stack. Before the stack is used up, the
#: solver takes over, which does not recurse.
DEPTH_INTERVAL = 32
#: The depth of the first check: the caller may have used most of the stack.
FIRST_DEPTH = 8
#: The most goals of one function that are handed to the solver.
MAX_LEFT = 8
#: The names of the local variables of a function that its goals read; an error is a variable of the
#: handler that catches it.
_LOCAL = re.compile(r"[amv]_?\d+|depth|clock")
#: The most rules of one function.
MAX_CLAUSES = 5_000
#: Rules with a smaller depth of calls below them do not check the clock.
LOW = 2
#: The deepest nesting of generators, which use the stack of C.
MAX_GENERATORS = 256


class TooManyGoals(NotCompilable):
    """The function would be too long."""


def count_parts(clause: Clause) -> int:
    """Return the most parts, of its head and of its goals, that a clause is written as once."""
    return len(clause.parameters) + 4 * (1 + len([*goals_in(clause.body)]))


class RuleCompiler:
    """Writes one function.

    Each node that can raise, or let the solver take over, has a position of its own: that of its
    goal in the policy, or one next to it where several nodes have the same goal.
    """

    def __init__(self, names: ProgramInterface, variant: Variant) -> None:
        self.names = names
        self.variant = variant
        self._numbers = itertools.count()
        self._clauses = itertools.count()
        self._operations, self._most = 0, MAX_OPERATIONS
        #: Writes the code that follows a solution of the current clause.
        self.success: Success = self.succeed
        #: The last call of a clause that only passes on, where the deciding rule is wanted.
        self.passed_on: Term | None = None
        #: Whether the calls of the function are tabled.
        self._is_recursive = names.is_recursive(variant.name)
        self._is_tabled = not variant.open and self._is_recursive
        #: The variables that are arguments without a value.
        self.open_variables: list[tuple[int, int]] = []
        #: Why some goals are not compiled, by the identity of the goal; and those of them that are
        #: handed to the solver.
        self.left: dict[int, NotCompilable] = {}
        self.handed: dict[int, NotCompilable] = {}
        #: The goals by the position of their code.
        self.sites: dict[Position, Site] = {}
        facts = variant.facts
        self._lineages, self._decided = facts.lineages, facts.decided
        #: The positions of the arguments that a comparison with a literal asks, as the solver does.
        self._asked = {*variant.asked, *(facts.lineages.keys() - facts.decided)}
        #: The searches of the function that are functions of their own.
        self.searches: list[ast.FunctionDef] = []

    # -- functions

    def write(self) -> ast.FunctionDef:
        """Write the function; goals that cannot be compiled are handed to the solver one by one.

        :raises NotCompilable: if the solver has to answer instead.
        """
        while True:
            try:
                return self._write()
            except TooManyGoals:
                raise
            except NotCompilable as reason:
                goal = next((each for each in reason.goals if id(each) not in self.left), None)
                if goal is None or len(self.left) >= MAX_LEFT:
                    raise
                self._begin()
                # Without its traceback, which would keep all nodes alive.
                self.left[id(goal)] = reason.with_traceback(None)

    def _begin(self) -> None:
        """Forget what was written."""
        self._operations, self._most = 0, MAX_OPERATIONS
        self.success, self.passed_on = self.succeed, None
        self.sites.clear()
        self.searches.clear()
        self.handed.clear()

    def _write(self) -> ast.FunctionDef:
        variant = self.variant
        parameters = variant.parameters
        if variant.open:
            return self._search_of_values(parameters)
        given = [*parameters, "depth", "clock"]
        if self.names.table(variant) is not None:
            # An argument chooses another function, which answers.
            chosen = chosen_function(self.names, variant, parameters)
            answer = ast.Return(ast.Call(chosen, [*map(load, given)], []))
            return function_of("answer", given, [answer])
        clauses = self.names.clauses_for(variant.name, variant.arity, variant.facts)
        self._most += sum(map(count_parts, clauses))
        self._check_tests(clauses)
        if len(clauses) > MAX_CLAUSES:
            raise NotCompilable("too many rules of one name", clauses[-1].rule.span)
        order = order_clauses(clauses, self.names.host, lineages=variant.facts.lineages)
        body = [self._unless_decided(at, parameters) for at in self._compared(clauses)]
        body += self._table(parameters) if self._is_tabled else []
        body += [*self._guard(parameters), *self._found(clauses, parameters)]
        if order.is_open or (order.exclusive and not all(map(self._takes_one_look, clauses))):
            # The solver would match these heads twice.
            body.append(self._each_in_order(clauses, parameters))
        else:
            body += self._in_known_order(order, clauses, parameters)
        return function_of("answer", given, [*body, *self._end()])

    def _check_tests(self, clauses: list[Clause]) -> None:
        """Refuse classes with a test of their own, which the solver may ask before all else."""
        for clause in clauses:
            for parameter in clause.parameters:
                pattern = parameter.specializer
                tag = pattern.tag if isinstance(pattern, Pattern) else None
                if tag in self.names.host.classes:
                    check_class(t.cast(Pattern, pattern), self.names.host)

    def _in_known_order(
        self, order: ClauseOrder, clauses: list[Clause], parameters: list[str]
    ) -> list[ast.stmt]:
        """Write that the matching clauses are tried in a fixed order."""
        matched = {id(clause): f"m{number}" for number, clause in enumerate(clauses)}
        named = {at: matched[id(clause)] for at, clause in enumerate(order.clauses)}
        body = at_most_one_matches(order, named, self._hand_over(parameters))
        for clause in order.clauses:
            test = load(matched[id(clause)])
            body.append(ast.If(test, [self._body(clause, parameters, 0)], []))
        return body

    def _end(self) -> list[ast.stmt]:
        if self.variant.is_test:
            return self._returned(ast.Constant(False))
        return [*self._noted_end(), generator_mark()]

    def _hand_over(self, parameters: list[str]) -> list[ast.stmt]:
        """Write that the solver answers this call."""
        if self.variant.is_test:
            return self._returned(self._by_solver("hand_over", parameters))
        rest = self._by_solver("hand_over_each", parameters)
        if self.variant.open:
            return [ast.Expr(ast.YieldFrom(rest)), *self._noted_end(), ast.Return(None)]
        found = self._yielded(ast.Constant(True) if self.names.names_rules else None)
        return [for_each("_", rest, found), *self._noted_end(), ast.Return(None)]

    def _by_solver(self, function: str, parameters: list[str]) -> ast.expr:
        name = load(self.names.constant(self.variant.name))
        return call(function, name, names_of(parameters), load("clock"))

    def _search_of_values(self, parameters: list[str]) -> ast.FunctionDef:
        """Write a function that yields the values of the arguments that are open."""
        at_open, clause = self.variant.open, self.next_clause()
        self.open_variables = [(clause, at) for at in at_open]
        bound = [name for at, name in enumerate(parameters) if at not in at_open]
        body = [*self._table_of_solutions(parameters, bound), *self._guard(parameters)]

        def found(scope: Scope, out: list[ast.stmt]) -> None:
            checks: list[ast.stmt] = []
            self.finish(scope, checks)
            refs = [scope.cell(clause, at).ref for at in at_open]
            if len(checks) != 1 or len(refs) != 1 or refs[0] is None or refs[0].read is None:
                out += checks
                checks = []
            every = [self._value_found(refs, at, checks, out) for at in range(len(refs))]
            out += self._yielded_values(every)

        self.success = found
        place = Output(self.give_up, 0, found)
        at = GoalWriter(self, clause, Site(()), (), Scope(), body, place, None)
        for position, name in enumerate(parameters):
            if position not in at_open:
                at.scope.cell(clause, position).ref = self._argument(position, name)
        slots = tuple(Slot(number, name) for number, name in enumerate(parameters))
        following = at.in_place(Call(self.variant.name, slots))
        if following is not None:
            goals, out, place = following
            self.write_goals(goals, at.scope, out, place)
        return function_of("answer", [*parameters, "depth", "clock"], [*body, *self._end()])

    def _value_found(
        self, refs: list[Ref | None], number: int, checks: list[ast.stmt], out: list[ast.stmt]
    ) -> tuple[ast.expr, ast.expr]:
        """Write a value that a variable became, and what identifies it.

        The caller has another name for it, which must not matter: another variable may have become
        the same term, or a part of it.

        :param checks: those that the value still needs, unless it is a text.
        """
        ref = refs[number]
        if ref is None or ref.shape is not None or ref.listed is not None or ref.is_unread:
            raise NotCompilable("a rule that leaves a variable open", None)
        if ref.literal is not None:
            if type(ref.literal.value) is bool:
                # An error about it has its place.
                raise NotCompilable("a rule that gives a variable a Boolean", ref.literal.span)
            literal = ast.Constant(ref.literal.value)
            return literal, _key_of_found(literal)
        others = [other for other in (*refs[:number], *refs[number + 1 :]) if other is not None]
        given = expr(
            "(*found.given, *OTHERS)" if others else "found.given",
            OTHERS=[load(o.name) for o in others],
        )
        value, key = self.fresh(), self.fresh()
        # Most are texts.
        checked = """
            if type(NAME) is str: VALUE = KEY = NAME
            else:
                CHECKS
                VALUE = (
                    NAME if type(NAME) in decided and NAME == NAME else check_found(NAME, GIVEN)
                )
                KEY = FOUND
        """
        out += code(
            checked,
            VALUE=value,
            KEY=key,
            NAME=ref.name,
            CHECKS=checks,
            GIVEN=given,
            FOUND=_key_of_found(load(value)),
        )
        return load(value), load(key)

    # -- tables

    def _table_of_solutions(self, parameters: list[str], bound: list[str]) -> list[ast.stmt]:
        """Write that what was found for the same arguments is given again, or noted from now on.

        A search that shares its solutions with this one, and came to its end, has given all.
        """
        opened = [parameters[at] for at in self.variant.open]
        names: list[ast.expr] = [ast.Name(name, ast.Store()) for name in [*opened, "found"]]
        shared = expr("shared_solutions(FIRST, BOUND)", FIRST=opened[0], BOUND=names_of(bound))
        again = """
            if entry is not None:
                known = entry[1]
                if entry[0] is None: CIRCLE
                elif known is found: return
                elif entry[0] is exhausted: AGAIN
        """
        # Of a rule that does not call itself, the caller goes on with a solution.
        circle: list[ast.stmt] = [ast.Pass()]
        if self._is_recursive:
            handed = self._left_to_solver("hand_over_each", parameters)
            circle = code("if not known.waits: HANDED", HANDED=handed)
        looked_up = [
            *self._looked_up(parameters),
            stmt(
                again,
                CIRCLE=circle,
                AGAIN=self._left_to(expr("found.again(known)")),
            ),
            stmt("entry = table[key] = [None, found, *BOUND]", BOUND=[*map(load, bound)]),
        ]
        if not self._is_recursive:
            # Nobody asks again what a question begins with.
            looked_up = [stmt("entry = [None]"), stmt("if depth: LOOKED_UP", LOOKED_UP=looked_up)]
        return [
            stmt(
                "state = exhausted if FIRST is variable or FIRST is read_alone else shared",
                FIRST=opened[0],
            ),
            ast.Assign(names, shared),
            *looked_up,
        ]

    def _table(self, parameters: list[str]) -> list[ast.stmt]:
        """Write that what is known of this call is looked up, or that the call is noted."""
        known = self.variant.values
        kept = [load(name) for at, name in enumerate(parameters) if known.get(at) is None]
        return [
            *self._looked_up(parameters),
            stmt("if entry is not None: KNOWN", KNOWN=self._known(parameters)),
            stmt("entry = table[key] = [None, *KEPT]", KEPT=kept),
        ]

    def _looked_up(self, parameters: list[str]) -> list[ast.stmt]:
        """Write that the entry of this call is looked up."""
        looked_up = """
            table = clock[3]
            if table is None: table = clock[3] = {}
            key = NAME, *PARTS
            entry = table.get(key)
        """
        parts = [self._key(at, name) for at, name in enumerate(parameters)]
        return code(looked_up, NAME=ast.Constant(self.variant.name), PARTS=parts)

    def _key(self, at: int, name: str) -> ast.expr:
        """Write the part of the key for an argument; ``key_of`` defines it."""
        if at in self.variant.open:
            # What was found for a caller that compares it was looked at more closely.
            return expr("found.mark") if at == self.variant.open[0] else ast.Constant(None)
        literal = self.variant.values.get(at)
        if literal is not None and is_string(literal):
            return ast.Constant(literal.value)
        return _key_of(name)

    def _known(self, parameters: list[str]) -> list[ast.stmt]:
        """Write that this call was made before: it ended, or it is a circle."""
        if self.variant.is_test:
            known = """
                known = entry[0]
                if known is None: CIRCLE
                return FOUND
            """
            told = "known if known is not exhausted else True"
            found = expr(told if self.names.names_rules else "known is not False")
            return code(known, CIRCLE=self._left_to_solver("hand_over", parameters), FOUND=found)
        known = """
            known = entry[0]
            if known is False: return
            if known is exhausted:
                yield RULE
                return
            if known is None or known is resumed: CIRCLE
        """
        rule = True if self.names.names_rules else None
        return code(known, RULE=rule, CIRCLE=self._left_to_solver("hand_over_each", parameters))

    def _returned(self, answer: ast.expr) -> list[ast.stmt]:
        """Write that a test returns its answer, and notes it."""
        if not self._is_tabled:
            return [ast.Return(answer)]
        if isinstance(answer, ast.Constant):
            return [_note(answer), ast.Return(ast.Constant(answer.value))]
        return code("found = entry[0] = ANSWER; return found", ANSWER=answer)

    def _yielded(self, rule: ast.expr | None) -> list[ast.stmt]:
        """Write that a search yields a solution, and notes that it has one."""
        if not self._is_tabled:
            return [ast.Expr(ast.Yield(rule))]
        noted = ast.Constant(True) if rule is None else rule
        return [_note(noted), ast.Expr(ast.Yield(rule)), _note(load("resumed"))]

    def _yielded_values(self, every: list[tuple[ast.expr, ast.expr]]) -> list[ast.stmt]:
        """Write that a search yields the values of its open arguments, if these are new ones.

        What follows has failed with the others.

        :param every: the values, each with what identifies it.
        """
        solution = self.fresh()
        values, keys = map(list, zip(*every, strict=True))
        yielded = """
            if KEY not in found:
                SOLUTION = found[KEY] = VALUES
                YIELDED
        """
        given: list[ast.stmt] = [ast.Expr(ast.Yield(load(solution)))]
        if self._is_recursive:
            given = [*code("found.waits = True"), *given, *code("found.waits = False")]
        return code(
            yielded,
            KEY=keys[0] if len(keys) == 1 else tuple_of(keys),
            SOLUTION=solution,
            VALUES=tuple_of(values),
            YIELDED=given,
        )

    def _noted_end(self) -> list[ast.stmt]:
        """Write that a search notes that it ended."""
        if self.variant.open:
            return [_note(load("state"))]
        if not self._is_tabled:
            return []
        return code("entry[0] = exhausted if entry[0] is resumed else False")

    def _guard(self, parameters: list[str]) -> list[ast.stmt]:
        """Write the checks of the stack and the clock, for a rule with deep calls below it."""
        height = self.names.height(self.variant.name)
        if height < LOW:
            return []
        if height < DEPTH_INTERVAL:
            return clock_check()
        too_deep = expr(
            "((not depth & MASK and depth) or depth == FIRST) and is_deep()",
            MASK=DEPTH_INTERVAL - 1,
            FIRST=FIRST_DEPTH,
        )
        if not self.variant.is_test:
            too_deep = expr("depth > MOST or TOO_DEEP", MOST=MAX_GENERATORS, TOO_DEEP=too_deep)
        return [ast.If(too_deep, self._hand_over(parameters), []), *clock_check()]

    # -- heads

    def _found(self, clauses: list[Clause], parameters: list[str]) -> list[ast.stmt]:
        """Write which clauses match: ``m0 = isinstance(a0, K1) and …``."""
        body: list[ast.stmt] = []
        for number, clause in enumerate(clauses):
            if not self._takes_one_look(clause):
                at = self._at_head(body, Output(self.give_up, 0, self.success))
                at.note_match(f"m{number}", clause, self._arguments(parameters))
                continue
            tests = list(self._tests(clause, parameters)) or [ast.Constant(True)]
            body.append(assign(f"m{number}", all_of(tests)))
        return body

    def _compared(self, clauses: list[Clause]) -> list[int]:
        """Return the parameters that are compared with literals, and asked nothing."""
        return sorted(
            position
            for position in range(self.variant.arity)
            if position not in self._decided | self._asked
            and any(_has_literal(clause, position) for clause in clauses)
        )

    def _takes_one_look(self, clause: Clause) -> bool:
        """Tell whether a head is matched without calling code of the host."""
        is_asked = any(_has_literal(clause, position) for position in self._asked)
        return not is_asked and is_simple_head(clause)

    def _unless_decided(self, position: int, parameters: list[str]) -> ast.stmt:
        """Write that another function answers if comparing an argument could run code."""
        asking = load(self.names.function(self.variant.asking(position)))
        made = ast.Call(asking, [*map(load, [*parameters, "depth", "clock"])], [])
        odd = "if not type(NAME) is str and type(NAME) not in decided: ASKED"
        return stmt(odd, NAME=parameters[position], ASKED=self._left_to(made))

    def _left_to(self, made: ast.expr) -> list[ast.stmt]:
        """Write that a call answers."""
        return code("return MADE" if self.variant.is_test else "yield from MADE; return", MADE=made)

    def _left_to_solver(self, function: str, parameters: list[str]) -> list[ast.stmt]:
        return self._left_to(self._by_solver(function, parameters))

    def _tests(self, clause: Clause, parameters: list[str]) -> Iterable[ast.expr]:
        for position, parameter in enumerate(clause.parameters):
            name = parameters[position]
            if not isinstance(parameter.term, Slot):
                if position not in self.variant.values:
                    yield self._literal_test(name, parameter.term)
                elif not isinstance(parameter.term, Value):
                    yield ast.Constant(False)
            elif is_class_only(parameter.specializer):
                value = self._argument(position, name)
                told = is_known_instance(self.names, value, parameter.specializer)
                if told is None:
                    yield instance_test(self.names, name, parameter.specializer)
                elif not told:
                    yield ast.Constant(False)

    def _literal_test(self, name: str, literal: Term) -> ast.expr:
        """Write that an argument, which compares without calls, equals a literal."""
        value = t.cast("Value | Instance", literal).value
        if type(value) is bool:
            # For Python, and so for an object of the host, `True` equals a number such as
            # `Decimal(1)`; for Polar no number.
            test = "NAME is VALUE or (type(NAME) not in scalars and equal(NAME, VALUE, unread))"
            return expr(test, NAME=name, VALUE=value)
        if isinstance(literal, Instance):
            has_keys = self.names.host.has_keys(type(value))
            test = "equal(NAME, VALUE, unread)" if has_keys else "NAME is VALUE"
            return expr(test, NAME=name, VALUE=self.names.constant(value))
        test = "NAME == VALUE" if type(value) is str else "not type(NAME) is bool and NAME == VALUE"
        return expr(test, NAME=name, VALUE=ast.Constant(value))

    def _at_head(self, out: list[ast.stmt], place: Output) -> GoalWriter:
        return GoalWriter(self, self.next_clause(), Site(()), (), Scope(), out, place, None)

    def _arguments(self, parameters: list[str]) -> list[Argument]:
        return [self._argument(at, name) for at, name in enumerate(parameters)]

    def _argument(self, at: int, name: str, cls: type | None = None) -> Ref:
        """Return what is known of an argument; of an integer, no more than that it is one."""
        literal = self.variant.values.get(at)
        lineage = self._lineages.get(at)
        if literal is not None and not is_string(literal):
            literal, lineage = None, INTEGER
        return Ref(name, literal, cls, written=at, lineage=lineage)

    # -- bodies

    def _each_in_order(self, clauses: list[Clause], parameters: list[str]) -> ast.stmt:
        """Write that the matching clauses are sorted at run time, and tried one after the other."""
        matched = tuple_of([load(f"m{number}") for number in range(len(clauses))])
        args = names_of(parameters)
        sorted_ = call("in_order", load(self.names.constant(clauses)), matched, args)
        body: list[ast.stmt] = [
            ast.If(
                compared(load("number"), ast.Eq(), ast.Constant(number)),
                [self._body(clause, parameters, 1)],
                [],
            )
            for number, clause in enumerate(clauses)
        ]
        return for_each("number", sorted_, body)

    def _body(self, clause: Clause, parameters: list[str], loops: int) -> ast.stmt:
        body: list[ast.stmt] = []
        if self.names.names_rules:
            self.success = self.succeed_with(load(self.names.constant(clause.rule)))
            self.passed_on = passed_on(clause)
        at = self._at_head(body, Output(ast.Break, loops, self.success))
        goals = self.body_goals(clause, at.clause, Site(()))
        if self._takes_one_look(clause):
            self._bind_head(clause, at, parameters)
        else:
            goals = prepend(at.head(clause, self._arguments(parameters)), goals)
        self.write_goals(goals, at.scope, body, at.place)
        return block(body)

    def _bind_head(self, clause: Clause, at: GoalWriter, parameters: list[str]) -> None:
        for position, parameter in enumerate(clause.parameters):
            if isinstance(parameter.term, Slot):
                cls = pattern_class(self.names, parameter.specializer)
                ref = self._argument(position, parameters[position], cls)
                at.scope.cell(at.clause, parameter.term.index).ref = ref

    def body_goals(self, clause: Clause, number: int, site: Site) -> Pending:
        body = clause.body
        if body is None:
            return ()
        inside = site.within(body, clause.rule.name)
        if is_operation(body, Operator.AND):
            return prepend(conjunct_goals(body, number, inside), ())
        return ((body, number, inside), ())

    def succeed(self, scope: Scope, out: list[ast.stmt], rule: ast.expr | None = None) -> None:
        """Write the code that follows a solution.

        :param rule: the rule that decides, where it is wanted.
        """
        self.finish(scope, out)
        answer = rule or ast.Constant(True)
        out += self._returned(answer) if self.variant.is_test else self._yielded(rule)

    def succeed_with(self, rule: ast.expr) -> Success:
        """Return the writer of the code that follows a solution and returns the deciding rule."""
        return functools.partial(self.succeed, rule=rule)

    def give_up(self) -> ast.stmt:
        """Write that there is no further solution."""
        if self.variant.is_test:
            return _together(self._returned(ast.Constant(False)))
        return _together([*self._noted_end(), ast.Return(None)])

    def finish(self, scope: Scope, out: list[ast.stmt]) -> None:
        """Write the remaining sandbox checks; refuse a goal that still waits."""
        unchecked: dict[str, Ref] = {}
        for cell in scope.cells.values():
            # What waits for a variable outside of a negation is nothing that happens inside.
            if cell.waiting and cell.ref is None and not cell.is_outside:
                where = cell.waiting[0][0].span
                raise NotCompilable("a condition on a variable that is never bound", where)
            if cell.ref is not None and cell.ref.read is not None:
                # Several variables may have become one value.
                unchecked.setdefault(cell.ref.name, cell.ref)
        for ref in unchecked.values():
            self.check_sandbox(ref, out)

    def write_goals(self, goals: Pending, scope: Scope, out: list[ast.stmt], place: Output) -> None:
        """Write goals one after the other; each may open a block for the goals that follow."""
        while goals:
            (term, clause, site), rest = goals
            self._operations += 1
            if self._operations > self._most:
                raise TooManyGoals("a rule with too many alternatives", term.span)
            try:
                following = GoalWriter(self, clause, site, rest, scope, out, place, term).write()
            except NotCompilable as reason:
                goal = term.goal if isinstance(term, GoalPart) else term
                reason.goals += [] if goal is None else [goal]
                raise
            if following is None:
                return
            goals, out, place = following
        place.success(scope, out)

    # -- values

    def next_clause(self) -> int:
        """Return a number for the variables of another clause."""
        return next(self._clauses)

    def fresh(self) -> str:
        """Return a new name for a local variable."""
        return f"v{next(self._numbers)}"

    def lifted(self, body: list[ast.stmt]) -> ast.expr:
        """Write a generator with some statements; return a call of it."""
        names = [node for part in body for node in ast.walk(part) if isinstance(node, ast.Name)]
        stored = {node.id for node in names if isinstance(node.ctx, ast.Store)}
        loaded = {node.id for node in names if isinstance(node.ctx, ast.Load)} - stored
        used = sorted(name for name in loaded if _LOCAL.fullmatch(name))
        name = self.names.lifted_name()
        self.searches.append(function_of(name, used, [*body, generator_mark()]))
        return call(name, *map(load, used))

    def check_sandbox(self, ref: Ref, out: list[ast.stmt]) -> None:
        """Write the sandbox check of a value that was read."""
        check = "if type(NAME) not in harmless: check_sandbox(NAME, READ)"
        out.append(stmt(check, NAME=ref.name, READ=self.names.constant(ref.read)))


def _has_literal(clause: Clause, position: int) -> bool:
    """Tell whether a head compares an argument, and takes no list apart."""
    return isinstance(clause.parameters[position].term, (Value, Instance))


def _key_of(name: str) -> ast.expr:
    """Write what identifies a value."""
    return expr("id(NAME) if type(NAME) in plain else key_of(NAME)", NAME=name)


def _key_of_found(value: ast.expr) -> ast.expr:
    """Write what identifies a value that was found: most are texts, which are themselves."""
    if isinstance(value, ast.Name):
        found = "NAME if type(NAME) is str else OTHER"
        return expr(found, NAME=value.id, OTHER=_key_of(value.id))
    is_text = isinstance(value, ast.Constant) and type(value.value) is str
    return value if is_text else call("key_of", value)


def _note(state: ast.expr) -> ast.stmt:
    """Write what is known of the current call."""
    return stmt("entry[0] = STATE", STATE=state)


def _together(statements: list[ast.stmt]) -> ast.stmt:
    """Write statements as one."""
    return statements[0] if len(statements) == 1 else ast.If(ast.Constant(True), statements, [])
