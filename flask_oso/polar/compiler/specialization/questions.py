"""The rules of a question, asked and written: their clauses, region by region.

In go questions about values; out come regions with the reads, tests and solutions of all clauses
that they may come to. What is asked of each object of a chain is written once, and repeated.
"""

from __future__ import annotations

import ast
import collections
import itertools
import typing as t
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from types import MappingProxyType

from ...nodes import Pattern, Term, Value
from ...solver.clauses import Clause
from ...sources import Span
from ...traversal import goals_in
from ...value_objects import Record
from ..binding_analysis import NotCompilable, has_cut, order_clauses
from ..passes.names import COUNT, FOUND
from ..passes.shortening import drop_unneeded
from ..quotations import expr
from ..scopes import Pending, ProgramInterface, pending_goals
from ..snippets import assign, load, negate
from .clauses.chains import (
    Askers,
    check_ends,
    has_grown,
    is_question,
    links_before,
    numbers_in,
    region_before,
)
from .clauses.clause_forms import (
    ListRule,
    PutOff,
    calls_itself_last,
    cut_apart,
    find_list_rule,
    is_passed_on,
    open_string,
)
from .clauses.delegations import Delegation, is_delegation
from .clauses.shared_reads import shared_reads
from .clauses.solver_order import MAX_PLACES, End, place_behind
from .clauses.turns import Turns, may_take_turns
from .goals.obstacles import (
    Obstacles,
    is_obstacle,
    noted,
    obstacle_of,
    obstacle_of_head,
    obstacle_of_rule,
)
from .goals.operands import WriteClause
from .goals.steps import GoalStep
from .guards import Guards
from .kept_searches import KeptSearches
from .observation import Observation
from .patterns import Match, PatternGuards, check_heads_behind_cut, is_like, keep
from .region_statements import loops_within, name_tables, region_statements
from .regions import (
    GIVE_UP,
    ChainRepetition,
    Fact,
    Known,
    OneOf,
    Place,
    Region,
    RuleCall,
    Variables,
    alternatives,
)
from .rows import RowGuards
from .solution_keys import FunctionNames
from .values import ValueGuards

#: How many goals of one function may be written again.
MAX_SPECIALIZED_GOALS = 600
#: The most regions where a rule is asked again, within a question about something else.
MAX_REGIONS = 20
#: How often one rule is asked within itself, about something else: one that asks itself about the
#: parent of what it was asked about, whatever that is, would never end.
MAX_REPEATED = 60
#: How deep such questions, or clauses in place of calls, are written in each other. A chain of
#: objects is found to be one at the second or the third.
MAX_NESTED = 4
#: How deep delegations are written in each other: a chain of objects is found to be one before.
MAX_DELEGATED = 2
#: The most calls of rules that one function has.
MAX_CALLS = 1_000
#: The most alternatives in each other, such as rules that are written in place of their calls:
#: each takes some frames of Python's stack.
MAX_DEPTH = 50
#: The deepest nesting of loops: CPython allows 20 blocks, and a `try` is around them.
MAX_SPECIALIZED_LOOPS = 16
#: The most links of a chain that are followed, such as parents of folders.
LEVELS = 1_000
_LEVELS = range(LEVELS)


class Manner(Record):
    """How a function is written.

    :param observation: the call of the application that the function makes.
    :param functions: has names of functions for rules that call themselves, where these are not
        written in place of their calls.
    :param delegation: what is done where a delegation leads to another one.
    :param obstacles: what the function gives up for, where it comes to it.
    :param kept: the searches that it shares with others, if it does.
    """

    observation: Observation | None = None
    functions: FunctionNames | None = None
    delegation: Delegation = Delegation.IN_PLACE
    obstacles: Obstacles = frozenset()
    kept: KeptSearches | None = None


class QuestionWriter:
    """Writes what rules ask into the regions of one function."""

    def __init__(self, names: ProgramInterface, manner: Manner) -> None:
        self.names = names
        self.delegation, self.obstacles = manner.delegation, manner.obstacles
        self.kept = manner.kept
        #: Whether a delegation led to another one.
        self.is_delegated = False
        self.guards = Guards(names, manner.observation, manner.functions)
        #: What is read of values, and how they compare.
        self.values = ValueGuards(self.guards, RowGuards(self.guards))
        #: Which clauses match, and class tests.
        self.patterns = PatternGuards(self.guards, self.values)
        self.root = self.guards.root
        self._clauses, self._parts = itertools.count(), itertools.count()
        self._goals_written, self._most_goals = 0, MAX_SPECIALIZED_GOALS
        self._regions = self._calls = self._depth = 0
        #: How often clauses stand in themselves, in place of calls.
        self._entered: collections.Counter[int] = collections.Counter()
        self._pending: list[Region] = []
        #: The regions in which something is written later.
        self._put_behind: list[Region] = []
        #: Goals that were put off, by their question.
        self._rests: dict[Fact, tuple[Pending, Variables]] = {}
        #: What waits for the open variables of such goals.
        self._waiting: list[list[tuple[int, tuple[Pattern, ...]]]] = []
        #: Which rule questions ask which, to find recursion.
        self._asked: dict[Fact, set[Fact]] = {}
        self._askers = Askers()
        #: Where the first solution of the solver would be.

    # -- which rules are asked ----------------------------------------------------------

    def ask(self, region: Region, node: RuleCall, asking: Fact | None) -> None:
        """Ask a rule in a region, unless it is asked there, or in an outer region, already."""
        name, args = node
        narrowed = self.patterns.of_one_class(region, name, args)
        if narrowed is None:
            return
        region, args = narrowed
        node = name, args
        key = (name, *(arg.key for arg in args))
        if asking is not None:
            self._asked.setdefault(asking, set()).add(key)
        for around in region.around():
            if around.found == region.found and key in around.nodes:
                self._note_again(around.places[key])
                return
        if not self.guards.origin.is_within(region):
            self.guards.refuse_first(region)
        self.guards.note_foreign(region.above)
        self._await(region, key, node, asking)

    def delegates(self, region: Region, node: RuleCall, asking: Fact) -> bool:
        """Tell whether a question is a delegation within another one of its kind."""
        depth = self._askers.count_within(node, asking)
        if not depth or not is_delegation(self.patterns.possible(*node, region) or (), node[1]):
            return False
        self.is_delegated = True
        if depth > MAX_DELEGATED and self.delegation is Delegation.IN_PLACE:
            raise NotCompilable("a chain of different rules", None)
        return True

    def _await(self, region: Region, key: Fact, node: RuleCall, asking: Fact | None) -> None:
        self._askers.note(key, node, asking)
        region.nodes[key], region.places[key] = node, self.guards.next_place()
        region.waiting.append(node)
        self._pending.append(region)

    def _note_again(self, place: Place) -> None:
        """Note that what is asked is asked at another place, too."""
        here = self.guards.place
        if place is None or here is None or place > here:
            self.guards.are_placed = False

    def _ask_rest(self, region: Region, goals: Pending, env: Variables, asking: Fact) -> None:
        """Put off the goals that follow about the next object of a chain.

        They are a question about it, so that it is seen that the same is asked of each object.
        """
        numbers = numbers_in(goals, env.copy())
        free = [number for number in dict.fromkeys(numbers) if number not in env.values]
        args = tuple(env.values.get(each) or Known(f"?{free.index(each)}") for each in numbers)
        waiting = [(free.index(each), env.waiting[each]) for each in free if each in env.waiting]
        told = [id(goal) for goal, _ in pending_goals(goals)], self._waiting_number(waiting)
        node = f"the rest {told}", args
        key = (node[0], *(arg.key for arg in args))
        self._refuse_growing(goals, asking)
        self._asked.setdefault(asking, set()).add(key)
        if key not in region.nodes:
            self._rests[key] = goals, env
            self._await(region, key, node, asking)

    def _refuse_growing(self, goals: Pending, asking: Fact) -> None:
        """Refuse goals that have grown since they were put off for an object before.

        They would grow with each further object, and never be the same question.
        """
        for question in self._askers.above(asking):
            before = self._rests.get(question)
            if before is not None and has_grown(goals, before[0]):
                raise NotCompilable("goals that grow with each object of a chain", None)

    def _waiting_number(self, waiting: list[tuple[int, tuple[Pattern, ...]]]) -> int:
        """Return a number for what waits for the open variables of goals."""
        if waiting not in self._waiting:
            self._waiting.append(waiting)
        return self._waiting.index(waiting)

    def expand(self) -> None:
        """Write all clauses that the questions come to.

        :raises NotCompilable: if a rule asks itself the same question, or cannot be expressed.
        """
        self._expand()
        check_ends(self._asked)
        for each in self.root.within():
            each.keep_order_of_use()

    def _expand(self) -> None:
        """Collect the rule questions, region by region; then write their clauses."""
        unwritten: list[Region] = []
        while self._pending or self._put_behind or unwritten:
            if self._pending:
                here = self._pending.pop(0)
                if here.is_live() and self._is_expanded(here):
                    unwritten.append(here)
            elif self._put_behind:
                here = self._put_behind.pop(0)
                if here.is_live() and here.put_behind:
                    here.put_behind.pop(0)()
            else:
                self._write_leaves(unwritten.pop(0))

    def part_of(self, asking: Fact) -> Fact:
        """Return a question for a part of another one, which it asks."""
        part = "a part", next(self._parts)
        self._askers.note_part(part, asking)
        self._asked.setdefault(asking, set()).add(part)
        return part

    def put_behind(self, region: Region, goal: Term | PutOff, write: t.Callable[[], None]) -> None:
        """Have something written once it is known whether a region around it is repeated.

        So a search that it makes stands where it is repeated, too.

        :param goal: what it is an alternative of.
        """
        origin = self.guards.origin

        def write_later() -> None:
            self.guards.origin = origin
            self.guards.next_alternative()
            with noted(obstacle_of(goal)):
                write()

        region.put_behind.append(write_later)
        self._put_behind.append(region)

    def _is_expanded(self, here: Region) -> bool:
        """Ask the waiting questions of a region; tell whether it is still to be written."""
        depths = [*map(self._askers.depth, here.waiting)]
        self._regions += any(depths)
        if self._regions > MAX_REGIONS or max(depths, default=0) > MAX_NESTED:
            raise NotCompilable("a chain of different rules", None)
        while here.waiting:
            node = here.waiting.pop(0)
            with noted(obstacle_of_rule(node[0])):
                self._ask_clauses(here, node)
        return not self._begins_anew(here)

    def _ask_clauses(self, region: Region, node: RuleCall) -> None:
        name, args = node
        self._calls += 1
        if self._calls > MAX_CALLS or self._askers.repeats(node) > MAX_REPEATED:
            raise NotCompilable("a chain of different rules", None)
        key = (name, *(arg.key for arg in args))
        if key in self._rests:
            goals, env = self._rests[key]
            self.guards.origin = region
            self.guards.next_alternative()
            region.users.add(self.guards.alternative)
            self.run(region, goals, env, key)
            return
        self.guards.next_alternative(region.places[key])
        clauses = self.patterns.possible(name, args, region)
        if clauses is None:
            raise NotCompilable("a rule that is not defined", None)
        for clause in clauses:
            self._most_goals += 1 + 2 * len([*goals_in(clause.body)])
        about_list = find_list_rule(name, clauses)
        if about_list is not None:
            self._ask_of_list(region, about_list, node, key)
            return
        matching = self.patterns.matching(clauses, args, region=region)
        if any(map(has_cut, matching)):
            self._note_places(region, key, clauses, matching, args)

            def write(here: Region, clause: Clause, goals: Sequence[Term] | None, _: bool) -> None:
                place = region.places.get((key, id(clause)))
                self._clause(here, clause, node, key, goals, place=place)

            self.clauses_with_cuts(region, matching, args, write)
            return
        self._read_shared(region, matching, args)
        self._note_places(region, key, clauses, matching, args)
        for clause in matching:
            if is_passed_on(clause) or calls_itself_last(clause):
                place = region.places.get((key, id(clause)))
                self._clause(region, clause, node, key, place=place)
            else:
                # What calls no rule is written later.
                region.leaves.append((clause, node))

    def _note_places(
        self,
        region: Region,
        key: Fact,
        clauses: Sequence[Clause],
        matching: list[Clause],
        args: tuple[Known, ...],
    ) -> None:
        """Note when the solver comes to each clause of a question."""
        place = region.places[key]
        if place is None or not 0 < len(matching) <= MAX_PLACES:
            return
        order = order_clauses(matching, self.names.host)
        tried = [(order.clauses[one], order.clauses[other]) for one, other in order.exclusive]
        is_known = not order.is_open and all(
            self.patterns.exclude_each_other(*pair, args) for pair in tried
        )
        if is_known and self._asks_alike(order.clauses[0], clauses, args):
            for at, clause in enumerate(order.clauses):
                region.places[key, id(clause)] = place_behind(place, at)

    def _asks_alike(
        self, first: Clause, clauses: Sequence[Clause], args: tuple[Known, ...]
    ) -> bool:
        """Tell whether no head asks anything that the head of the first clause does not ask.

        The solver matches all heads before it tries the first clause. One that is known not to
        match asks nothing.
        """
        asked = [each for each in clauses if self.patterns.match(each, args) is not Match.NO]
        return all(is_like(first, each, args) for each in asked)

    def _read_shared(
        self, region: Region, clauses: Sequence[Clause], args: tuple[Known, ...]
    ) -> None:
        """Read what many clauses read of the same arguments before all of them."""
        if self.guards.observation is not None:
            # It might be read behind a call of the application.
            return
        for at, name, is_searched in shared_reads(clauses, args):
            cls = t.cast(type, args[at].exact)
            if self.names.is_relation(name) or self.names.host.has_keys(cls):
                continue
            made = self.values.read(region, args[at], name, clauses[0].rule.span)
            region.known["shared", made.name] = made
            if is_searched:
                self.values.note_texts(region, made, clauses[0].rule.span)

    def _begins_anew(self, here: Region) -> bool:
        """Tell whether a region asks the same as an outer one, about the next object of a chain."""
        around = region_before(here)
        if around is None:
            return False
        here.flag = here.flag or self.guards.fresh("w")
        following, levels = t.cast(Known, here.subject).name, self.names.constant(_LEVELS)
        around.again = ChainRepetition(here.flag, following, self.guards.fresh(), levels)
        around.is_barrier = self.guards.counts = True
        around.goes_on += [here.places[key] for key in here.nodes]
        here.clear()
        here.put_last()
        around.put_last()
        return True

    def next_clause(self) -> int:
        """Return a number for the variables of another clause."""
        return next(self._clauses)

    # -- clauses ---------------------------------------------------------------------------

    def _write_leaves(self, region: Region) -> None:
        """Write the clauses of a region; those that differ only in a string become one."""
        groups: dict[Fact, list[tuple[Clause, RuleCall]]] = {}
        leaves, region.leaves = self._in_order(region.leaves), []
        for clause, node in leaves:
            at = open_string(clause, node[1])
            keys = [None if n == at else arg.key for n, arg in enumerate(node[1])]
            groups.setdefault((id(clause), at, *keys), []).append((clause, node))
        turns = self._turns(region, leaves)
        for (_, at, *_), alike in groups.items():
            clause, (name, args) = alike[0]
            if at is not None and len(alike) > 1:
                texts = frozenset(_text(node[1][at]) for _, node in alike)
                any_of = Known(self.names.constant(texts), choices=texts)
                args = (*args[:at], any_of, *args[at + 1 :])
            place, tried = self._first_tried(region, alike)
            text = None if at is None or len(alike) == 1 else (texts, _text(tried[1][at]))
            for _, node in alike:
                key = (node[0], *(arg.key for arg in node[1]))
                turn = nullcontext(region) if node not in turns else turns[node].next(region)
                with turn as here:
                    self._clause(here, clause, (name, args), key, place=place, text=text)
                if at is not None:
                    # The clause asks nothing else that depends on the string.
                    break

    def _first_tried(
        self, region: Region, alike: Sequence[tuple[Clause, RuleCall]]
    ) -> tuple[Place, RuleCall]:
        """Return the first of several questions that are written as one, and its place."""
        found: list[tuple[Place, RuleCall]] = []
        for clause, node in alike:
            key = (node[0], *(arg.key for arg in node[1]))
            found.append((region.places.get((key, id(clause))), node))
        if any(place is None for place, _ in found):
            return None, found[0][1]
        return min(found, key=lambda each: t.cast("tuple[int, ...]", each[0]))

    def _turns(
        self, region: Region, leaves: list[tuple[Clause, RuleCall]]
    ) -> dict[RuleCall, Turns]:
        """Return the questions whose clauses are tried in turn, as the solver tries them.

        Those of which it is known in which order, and that no head asks what another does not.
        Outside of loops a function most often has the order of the rules anyway.
        """
        turns: dict[RuleCall, Turns] = {}
        if not self.guards.is_repeated(region):
            return turns
        for node in dict.fromkeys(node for _, node in leaves):
            clauses = [clause for clause, other in leaves if other == node]
            order = order_clauses(clauses, self.names.host)
            first, args = order.clauses[0], node[1]
            is_tried = order.is_known and order.clauses == clauses
            is_tried &= all(open_string(clause, args) is None for clause in clauses)
            is_tried &= all(is_like(first, clause, args) for clause in clauses[1:])
            if is_tried and may_take_turns(region, [clause.body for clause in clauses]):
                turns[node] = Turns(self.guards, len(clauses), first.rule.span)
        return turns

    def _in_order(self, leaves: list[tuple[Clause, RuleCall]]) -> list[tuple[Clause, RuleCall]]:
        """Sort clauses by the order in which they are tried, if it is known."""
        if self._asked or len({node for _, node in leaves}) != 1:
            return leaves
        order = order_clauses([clause for clause, _ in leaves], self.names.host)
        places = {id(clause): place for place, clause in enumerate(order.clauses)}
        return sorted(leaves, key=lambda leaf: places[id(leaf[0])])

    def _ask_of_list(self, region: Region, rule: ListRule, node: RuleCall, asking: Fact) -> None:
        """Ask what a rule asks of the elements of a list: of each, or of one."""
        name, args = node
        value, span = args[rule.at], rule.clauses[0][0].rule.span
        self.guards.are_placed = False
        if value.exact not in (None, list) or value.is_literal:
            raise NotCompilable("a list in a head", span)
        self._check_list(region, value)
        around = self.guards.apart(region, is_negated=True) if rule.of_each else region
        here, element = self.guards.loop(around, value, span)
        asked = name, (*args[: rule.at], element, *args[rule.at + 1 :])
        if not rule.of_each:
            for clause, goals in rule.clauses:
                if self.patterns.matching([clause], asked[1]):
                    self._clause(here, clause, asked, asking, goals)
            return
        ((clause, goals),) = rule.clauses
        holds = self.guards.apart(here, is_negated=True)
        if self.patterns.matching([clause], asked[1]):
            self._clause(holds, clause, asked, asking, goals)
        self.succeed(self.unless(here, holds, span))
        self.succeed(self.unless(region, around, span))

    def _check_list(self, region: Region, value: Known) -> None:
        """Write that the function gives up for what is no list of Polar, or a long one."""
        key = ("list", value.name)
        if region.lookup(key) is None:
            for fact in ("checked", "iterable", "short"):
                region.known[fact, value.name] = value
            region.known[key] = value
            odd = "not type(X) is list or len(X) > MOST or not is_plain_data(X)"
            region.give_up_if(expr(odd, X=value.name, MOST=LEVELS))

    def clauses_with_cuts(
        self,
        region: Region,
        clauses: list[Clause],
        args: Sequence[Known | None],
        write: WriteClause,
        opened: t.Mapping[int, int] = MappingProxyType({}),
    ) -> None:
        """Write clauses of which some have a cut: ``a if b and cut and c``.

        Those behind such a clause are reached where ``b`` does not hold.

        :param args: the arguments; ``None`` for one without a value.
        :param write: writes one of them.
        :param opened: the variables that are arguments without a value, by position.
        """
        order = order_clauses(clauses, self.names.host, opened)
        if not order.is_known:
            raise NotCompilable("a cut in rules whose order is not known", clauses[0].rule.span)
        check_heads_behind_cut(order.clauses, args)
        for clause in order.clauses:
            self._most_goals += 1 + 2 * len([*goals_in(clause.body)])
            if not has_cut(clause):
                write(region, clause, None, True)
                continue
            before, behind = cut_apart(clause, opened)
            write(region, clause, [*before, *behind], True)
            excluded = self.guards.apart(region, is_negated=True)
            write(excluded, clause, before, False)
            region = self.unless(region, excluded, clause.rule.span)

    def _clause(
        self,
        region: Region,
        clause: Clause,
        node: RuleCall,
        asking: Fact,
        goals: Sequence[Term] | None = None,
        *,
        place: Place = None,
        text: OneOf | None = None,
    ) -> None:
        """Write one clause for a rule question.

        :param goals: its goals, if they are not those of its body.
        :param place: when the solver comes to it, if that is known.
        :param text: the texts for which it is written, and for which of them the solver tries it
            first, if there are several.
        """
        env = Variables()
        step = GoalStep(self, region, (), env, self.next_clause(), clause.rule, asking)
        self.guards.next_alternative(place, text)
        region.users.add(self.guards.alternative)
        self.guards.origin = region
        head = obstacle_of_head(clause)
        if head in self.obstacles:
            self.give_up(region, clause.rule.span)
            return
        with noted(head):
            matched = step.head_matched(clause, node[1], goals=goals)
        if matched is not None:
            self.run(*matched, env, asking)

    def run(
        self,
        region: Region,
        goals: Pending,
        env: Variables,
        asking: Fact,
        before: Region | None = None,
    ) -> None:
        """Write goals one after the other, each in the region where the one before holds.

        :param before: the region in which a call has these goals in its place.
        """
        is_apart = before is None or self.guards.functions is not None
        links = set() if is_apart else links_before(region, t.cast(Region, before), in_place=True)
        if links and is_question(links, goals, env):
            self._ask_rest(region, goals, env, asking)
            return
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise NotCompilable("rules in rules in rules", None)
        self._run_all(region, goals, env, asking)
        self._depth -= 1

    def enter(self, clause: Clause) -> None:
        """Note that a clause is written in place of a call, which may stand in the clause itself.

        :raises NotCompilable: if it would go on like this.
        """
        self._entered[id(clause)] += 1
        if self._entered[id(clause)] > MAX_NESTED and self.guards.functions is None:
            raise NotCompilable("rules in rules in rules", None)

    def leave(self, clause: Clause) -> None:
        """Note that a clause was written in place of a call."""
        self._entered[id(clause)] -= 1

    def _run_all(self, region: Region, goals: Pending, env: Variables, asking: Fact) -> None:
        here: Region | None = region
        while goals:
            (term, clause), goals = goals
            self._goals_written += 1
            if self._goals_written > self._most_goals:
                raise NotCompilable("a rule with too many alternatives", term.span)
            if is_obstacle(term, self.obstacles):
                self.give_up(t.cast(Region, here), term.span)
                return
            step = GoalStep(self, t.cast(Region, here), goals, env, clause, term, asking)
            with noted(obstacle_of(term)):
                following = step.take()
            if following is None:
                keep(here, self.guards.origin)
                return
            before = t.cast(Region, here)
            here, goals = following
            links = links_before(here, before, in_place=False)
            if self.guards.functions is None and links and is_question(links, goals, env):
                self._ask_rest(here, goals, env, asking)
                return
        if any(env.waiting.values()):
            raise NotCompilable("a condition on a variable that is never bound", None)
        here = t.cast(Region, here)
        for value in env.values.values():
            self.guards.check_sandbox(here, value)
        self.succeed(here)

    def give_up(self, region: Region, span: Span | None) -> None:
        """Write that the function gives up where it comes here, in the order of alternatives."""
        self.guards.note_foreign(region)
        key: Fact = ("given up", self.guards.alternative)
        inner = self.guards.under(region, key, ast.Constant(True), [], span)
        inner.reads.append(GIVE_UP)

    def leave_order(self) -> None:
        """Note that a search goes on in another order than the solver: no end of it is first."""
        self.guards.leave_place()

    def succeed(self, region: Region) -> None:
        """Write that there is a solution."""
        self.guards.note_foreign(region)
        region.successes.append(self.guards.alternative)
        if region.found == FOUND:
            region.marks += self.guards.marks

    def written_once(
        self,
        region: Region,
        key: Fact,
        asking: Fact,
        write: t.Callable[[Region], None],
        *,
        is_negated: bool = False,
    ) -> Region:
        """Return the region apart for a goal: the same one for all clauses that need it here.

        So what stands behind it is asked once, also of the next object of a chain.

        :param key: tells what is written, and for which values.
        :param write: writes the goal into the region.
        """
        earlier = self._asked.pop(asking, set())
        if key not in region.conditions:
            inner = self.guards.apart(region, is_negated=is_negated)
            write(inner)
            region.conditions[key] = inner, self._asked.pop(asking, set())
        inner, asked = region.conditions[key]
        if earlier or asked:
            self._asked[asking] = earlier | asked
        return inner

    def unless(self, region: Region, inner: Region, span: Span | None) -> Region:
        """Return the region where there is no solution in an inner region that is apart."""
        if inner.is_empty():
            # It never holds, as for an object of a known class that is compared with `nil`.
            region.items = [each for each in region.items if each is not inner]
            return region
        behind = self.guards.under(
            region, ("not", inner.found), negate(load(inner.found)), [], span
        )
        # The other region comes before, whatever is found there.
        checked = {key: value for key, value in inner.known.items() if key[0] == "checked"}
        behind.known.update(checked)
        return behind

    # -- what was written ------------------------------------------------------------------

    def keeps_order(self, ends: Iterable[End]) -> bool:
        """Tell whether each solution ends the function, and its code has the order of the rules.

        Each alternative then tests itself what it reads first.

        :param ends: the regions whose solution ends the function.
        """
        tried = [*alternatives(self.root)]
        ended = {id(each.region) for each in ends if each.test is None}
        solved = [each for each in self.root.within() if each.found == FOUND and each.successes]
        return not self._asked and tried == sorted(tried) and ended.issuperset(map(id, solved))

    def statements(self) -> list[ast.stmt]:
        """Return the statements of all regions."""
        made = region_statements(self.root)
        drop_unneeded(made, {name: each.statements for name, each in self.guards.built.items()})
        name_tables(made, self.names.text_table)
        if loops_within(made) > MAX_SPECIALIZED_LOOPS:
            raise NotCompilable("more loops in each other than Python has", None)
        return made

    def beginning(self) -> list[ast.stmt]:
        """Write what is there before any argument is looked at."""
        return [*self.no_classes(), *self.no_steps()]

    def no_classes(self) -> list[ast.stmt]:
        """Write that no class was looked at yet, and no keys of a dictionary."""
        return [
            *(assign(name, ast.Constant(None)) for name in self.guards.caches),
            *(assign(name, load("missing")) for name in self.guards.last_keys),
        ]

    def no_steps(self) -> list[ast.stmt]:
        """Write that no step was counted yet, if steps are counted."""
        return [assign(COUNT, ast.Constant(0))] if self.guards.counts else []


def _text(arg: Known) -> str:
    """Return the text that an argument is known to be."""
    return str(t.cast(Value, arg.literal).value)
