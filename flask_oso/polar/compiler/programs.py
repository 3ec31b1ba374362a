"""The compiled rules of one engine; each function is compiled when it is first called.

``CompiledProgram.answer`` returns the function that answers a call, or ``None`` where the solver
has to.

No question waits for a function: while another thread compiles, or when a question has spent half
of its time on compiling, the solver answers instead of the missing functions.
"""

from __future__ import annotations

import ast
import functools
import itertools
import math
import time
import types
import typing as t
from collections.abc import Callable, Iterable, Mapping, Sequence

from ..environment import STORED_ENVIRONMENT
from ..exceptions import InvalidIteratorError
from ..host import sandbox
from ..host.data_adapter import Relation
from ..host.iterators import USED_UP
from ..limits import thread_time
from ..output import STORED_VARIABLE
from ..solver.class_index import ClassIndex, Lineage
from ..solver.class_tests import members_of_tag
from ..solver.clause_index import ClauseIndex
from ..solver.clauses import Clause
from .binding_analysis import (
    ArgumentFacts,
    Dispatch,
    NotCompilable,
    dispatch_by,
    matching_clauses,
)
from .classes.equality import SideEffectFreeEquality
from .classes.readable_classes import ReadableClasses
from .classes.virtual_subclasses import VirtualSubclasses
from .compilation_turns import NOT_NOW, CompilationTurns
from .compiler import RuleCompiler
from .entry_points import (
    QUESTION_FILE,
    Clock,
    FactTable,
    entry_writer,
    facts_entry,
    facts_function,
    new_clock,
    usual_writer,
)
from .function_tables import FunctionTable, lineage_of, variant_for
from .runtime import Runtime
from .scopes import Site, Variant
from .snippets import Position, with_positions
from .source_map import HAS_POSITIONS, sites_by_offset
from .specialization.observation import NAMES as OBSERVING_NAMES
from .specialization.observation import Outcome, Replay
from .specialization.operations.named_operations import named_operations
from .specialization.solution_keys import SolutionKey
from .specialization.tables.dispatch import (
    NO_ANSWERS,
    Specializations,
    make_specializations,
    string_facts,
)
from .specialization.tables.drafts import Specialization, Text
from .specialization.tables.first_answers import (
    FirstQuestion,
    FirstQuestions,
    FunctionAnswered,
)
from .specialization.tables.function_maker import no_answer
from .specialization.tables.search_maker import StringSearch
from .string_arguments.closed_strings import possible_strings
from .string_arguments.string_questions import QueryNeeded
from .string_arguments.string_searches import StringSearches

CompiledFunction = Callable[..., bool]
#: For how many questions a program keeps which clauses match; then it begins anew.
_MAX_MATCHING = 1_000


class CompiledProgram(Runtime):
    """The compiled functions for the rules of an engine.

    :param names_rules: whether functions return the rule that decided, or ``True`` where it is not
        known.
    """

    def __init__(self, engine: t.Any, *, names_rules: bool = False) -> None:
        super().__init__(engine)
        self.names_rules = names_rules
        #: The questions before functions are made.
        self.first_questions = FirstQuestions(self)
        #: Who compiles when.
        self.turns = CompilationTurns(lambda: engine.limits.timeout)
        self._constants: dict[int, tuple[str, t.Any]] = {}
        self._text_tables: dict[str, dict[str, t.Any]] = {}
        self._class_dictionaries: dict[type, str] = {}
        #: Sets of classes, and whether of rows, by the identities of these and of their kinds.
        self._class_sets: dict[int, tuple[ReadableClasses, bool]] = {}
        self._functions: dict[Variant, str] = {}
        self._made: dict[Variant, CompiledFunction] = {}
        self._tables: dict[Variant, tuple[Dispatch, str] | None] = {}
        self._by_class: dict[tuple[str, int], ClassIndex] = {}
        #: The clauses for what is known of arguments, for which several ask one after another.
        self._matching: dict[tuple[t.Any, ...], tuple[Clause, ...]] = {}
        self._lineages: dict[type, Lineage | None] = {}
        self._files: dict[tuple[str, int], str] = {}
        self._entries: dict[tuple[str, int], CompiledFunction | None] = {}
        #: Those without specializations, which take the clock of a first question.
        self._first_entries: dict[tuple[str, int], CompiledFunction | None] = {}
        self._specializations: dict[tuple[str, int], Specializations | None] = {}
        self._by_string: dict[tuple[str, int, int], Specializations | None] = {}
        self._facts: dict[str, FactTable] = {}
        #: The functions that tell for which strings a rule has a solution: by the rule, the
        #: position of the string, and the classes of the other arguments. Only ``ANYTHING`` is
        #: found where it may be anything.
        self.searches: dict[tuple[t.Any, ...], StringSearch] = {}
        self._searches: dict[Variant, CompiledFunction] = {}
        #: Why the solver answers some calls: the reason and the place, by rule.
        self.not_compiled: dict[Variant, NotCompilable] = {}
        #: Why the solver solves some goals of functions, by rule.
        self.partly_compiled: dict[Variant, list[NotCompilable]] = {}
        self._relations = {
            name
            for declared in self.host.fields.values()
            for name, kind in declared.items()
            if isinstance(kind, Relation)
        }
        self._lifted = itertools.count()
        #: The functions for rules that call themselves, which specializations share.
        self.solutions: dict[SolutionKey, str] = {}
        self.ending: set[str] = set()
        self._names: dict[str, t.Any] = self.shared_names()
        self.equality = self._names["quietly_equal"] = SideEffectFreeEquality(
            self._names["simple"], self.host
        )
        self._names["by_text"] = self.equality.by_text
        self.virtual_subclasses = VirtualSubclasses(self.host.classes.values())
        self._names["virtual_subclasses"] = self.virtual_subclasses
        self._names.update(named_operations(self._classes, self.equality))
        self._names.update(OBSERVING_NAMES)
        #: Finds the strings of an argument for which a rule has a solution.
        self.string_searches = StringSearches(
            self, self._names["variable"], self._as_data, self._classes.plain
        )

    # -- making functions -----------------------------------------------------------------

    def is_settled(self, name: str, arity: int) -> bool:
        """Tell whether the result of ``answer`` is final."""
        return (name, arity) in self._entries

    def answer(self, name: str, arity: int, *, waits: bool = False) -> CompiledFunction | None:
        """Return the entry point of a rule; ``None`` where the solver has to answer."""
        if (name, arity) in self._entries:
            return self._entries[name, arity]
        made = self.turns.made_once(self._entries, (name, arity), self._make_entry, waits=waits)
        return t.cast("CompiledFunction | None", made)

    def _make_entry(self, name: str, arity: int) -> CompiledFunction | None:
        # Rules without arguments are left to the solver.
        if not HAS_POSITIONS or not arity or self.candidates(name, arity) is None:
            return None
        candidates = t.cast(ClauseIndex, self.candidates(name, arity))
        general = Variant(name, arity, (), True)
        listed = None if self.names_rules else string_facts(candidates)
        if listed is not None:
            return self._make_list(general, listed)
        writer = entry_writer(self, general, candidates)
        specializations = None if self.names_rules else self.specializations(name, arity)
        if self.table(general) is None and specializations is None:
            self._make_function(general)
            if general in self.not_compiled:
                return None
        if specializations is not None:
            chosen = specializations.others if specializations.at is None else specializations
            others = specializations.of_objects
            writer = writer.replaced(
                specializations=(self.constant(chosen), specializations),
                of_objects=None if others is None else self.constant(others),
            )
        return self._compiled(writer.write(), QUESTION_FILE, {})

    def usual_entry(
        self,
        name: str,
        known: Text,
        classes: Mapping[int, type],
        tests: list[ast.stmt],
        tried: Sequence[ast.stmt] = (),
    ) -> Specialization | None:
        """Compile a function that asks a rule about arguments of some classes, in its order.

        :param known: the string of the other argument, if it is known.
        :param tests: what it does first.
        :param tried: what may answer before that.
        :returns: ``None`` if it is not compiled, or its entry point has to look at the arguments.
        """
        # The function of the rule itself is compiled at its first call.
        variant = variant_for(self, name, known, classes)
        are_usual = all(cls is str or self._classes.takes(cls) for cls in classes.values())
        if variant in self.not_compiled or not are_usual:
            return None
        function = usual_writer(self, variant).write_usual(tests, tried)
        return self._compiled(function, QUESTION_FILE, {})

    def rules_alone(self, name: str, arity: int) -> Specialization | None:
        """Return the entry point of a rule for questions that a specialization has given up."""
        # It gives names to constants and functions, as only one thread may.
        return self.make_specialization(lambda: self._make_alone(name, arity), name)

    def _make_alone(
        self, name: str, arity: int, *, shares: bool = False
    ) -> CompiledFunction | None:
        """Compile an entry point of a rule that has no specializations.

        :param shares: whether it takes the clock of a question.
        """
        general, candidates = Variant(name, arity, (), True), self.candidates(name, arity)
        if candidates is None or general in self.not_compiled:
            return None
        writer = entry_writer(self, general, candidates).replaced(shares=shares)
        return self._compiled(writer.write(), QUESTION_FILE, {})

    def _make_list(self, variant: Variant, listed: list[tuple[str, ...]]) -> CompiledFunction:
        """Compile the entry point of a rule that has only facts about strings."""
        name, parameters = variant.name, variant.parameters
        function = facts_function(parameters, listed, self.constant(frozenset(listed)))
        look_up = self._compiled(function, QUESTION_FILE, {})
        if variant.arity == 3:
            # No watch hears of its denials: two texts are neither swapped nor classes.
            self._facts[name] = FactTable((action for _, action, _ in listed), look_up)
        by_solver = functools.partial(self._by_solver, name)
        return facts_entry(look_up, self._facts.get(name), by_solver)

    def specializations(self, name: str, arity: int) -> Specializations | None:
        """Return the specializations of a rule, each of which is compiled when first used."""
        key = (name, arity)
        if key not in self._specializations:
            for cls in self.host.classes.values():
                self.equality.learn(cls)
            self._specializations[key] = make_specializations(self, name, arity)
        return self._specializations[key]

    def specializations_at(self, name: str, arity: int, at: int) -> Specializations | None:
        """Return the specializations of a rule by the string at one argument."""
        known = self.specializations(name, arity)
        if known is None or known.at == at:
            return known
        key = (name, arity, at)
        if key not in self._by_string:
            self._by_string[key] = make_specializations(self, name, arity, at)
        return self._by_string[key]

    def make_specialization(
        self, make: Callable[[], Specialization | None], what: t.Any, *, waits: bool = False
    ) -> Specialization | None:
        """Compile a specialization; ``None`` if that is not possible now.

        :param make: compiles it; returns ``None`` if it is not compilable.
        :param what: identifies it.
        """
        made = self.turns.attempt(what, make, waits=waits)
        return None if made is NOT_NOW else made or no_answer

    def first_answer(
        self, name: str, args: tuple[t.Any, ...], ask_function: Callable[[], bool | None]
    ) -> bool | None:
        """Answer a question by the compiled rules, before a function is made for it.

        :param ask_function: asks a function nevertheless, if the question takes long.
        :returns: ``None`` where they cannot answer.
        """
        rules = self.turns.made_once(
            self._first_entries, (name, len(args)), self._make_first_entry, waits=False
        )
        if rules is None:
            return None
        try:
            return bool(rules(*args, [*new_clock(), FirstQuestion(ask_function)]))
        except FunctionAnswered as by_function:
            return bool(by_function.answer)

    def _make_first_entry(self, name: str, arity: int) -> CompiledFunction | None:
        return self._make_alone(name, arity, shares=True)

    def watched(self, name: str, cls: type, made: Specialization) -> Specialization:
        """Return a function that tells the watch of denials of what it denies.

        :param cls: the class of the resource.
        :returns: ``made`` itself, where there is no watch of them.
        """
        watch = self._engine.denial_watch if name == "allow" else None
        if watch is None or cls not in watch.kinds:
            return made

        def answer(actor: t.Any, action: t.Any, resource: t.Any) -> bool | None:
            allowed = made(actor, action, resource)
            if allowed is False:
                watch.check(actor, action, resource)
            return allowed

        return answer

    def specialization_for(
        self, name: str, args: tuple[t.Any, ...], questions: int
    ) -> Specialization | None:
        """Return the function for these classes and this string, if it reads plain data alone.

        ``None`` also before the entry point of the rule is compiled, and if no function is to be
        made yet for so many questions.
        """
        known = self._specializations.get((name, len(args)))
        if known is None or STORED_VARIABLE in STORED_ENVIRONMENT:
            return None
        return known.maker.silent(args, questions)

    def by_action(
        self, name: str, arity: int = 3
    ) -> t.Mapping[str, t.Mapping[type, Specialization]]:
        """Return the functions that were made for a rule, by an action and the last class.

        That is the class of a resource, or of a field. More appear as questions are asked. Empty
        before the entry point of the rule is compiled.
        """
        # They are looked up by an action and a resource.
        facts = self._facts.get(name) if arity == 3 else None
        if facts is not None:
            return facts.known
        known = self._specializations.get((name, arity))
        if known is None or self._entries.get((name, arity)) is None:
            return {}
        return known.known if (known.at, known.by) == (1, arity - 1) else {}

    def by_objects(self, name: str) -> t.Mapping[type, Specialization]:
        """Return those for an action that is no string, by the class of a resource; as above."""
        known = None if name in self._facts else self._specializations.get((name, 3))
        if known is None or known.of_objects is None or self.by_action(name) is not known.known:
            return {}
        return known.of_objects.known

    def by_class(self, name: str) -> t.Mapping[type, Specialization]:
        """Return those of a rule of two arguments, by the class of the second one; as above."""
        known = self._specializations.get((name, 2))
        if known is None or self._entries.get((name, 2)) is None or known.at is not None:
            return {}
        return known.others.known

    @property
    def rules(self) -> t.Mapping[str, t.Any]:
        """The rules of the policy, by name."""
        rules: t.Mapping[str, t.Any] = self._engine.policy.rules
        return rules

    def compiled_specialization(self, function: ast.FunctionDef, rule: str) -> Specialization:
        """Compile the function of a specialization."""
        arity = len(function.args.args) - len(function.args.defaults)
        return self._compiled(function, self._file_of(Variant(rule, arity, (), True)), {})

    def define(self, name: str, function: ast.FunctionDef, rule: str, arity: int) -> None:
        """Compile a function that others call by its name."""
        file = self._file_of(Variant(rule, arity, (), True))
        self._names[name] = self._compiled(function, file, {})

    def define_again(self, name: str, other: str) -> None:
        """Give a function that others call a second name."""
        self._names[name] = self._names[other]

    def quiet(self, *, are_rows: bool = False) -> tuple[str, ReadableClasses]:
        """Make a set of classes whose attributes are read without side effects.

        :param are_rows: whether they are read from the dictionaries of rows.
        """
        is_silent = self._is_stored if are_rows else sandbox.is_silent_read
        made = ReadableClasses(self.host.keeps, is_silent)
        self._class_sets[id(made)] = self._class_sets[id(made.kinds)] = made, are_rows
        return self.constant(made), made

    def class_sets(self, names: Iterable[str]) -> dict[str, str]:
        """Return, of names of constants that are sets of classes, texts that tell what these are.

        Such sets have equal texts if either can stand in the place of the other.
        """
        found: dict[str, str] = {}
        for name in names:
            value = self._names.get(name)
            known = self._class_sets.get(id(value))
            if known is not None:
                made, are_rows = known
                found[name] = f"*{value is made} {are_rows} {sorted(made.names)}"
        return found

    def _is_stored(self, cls: type, name: str) -> bool:
        rows = self.host.identities
        return rows is not None and rows.stored_attribute(cls, name) is not None

    def constant_value(self, name: str) -> t.Any:
        """Return the constant of a global name; ``None`` for what is none."""
        return self._names.get(name)

    def class_dictionary(self, cls: type) -> str:
        """Return the global name of what a class has under its names, as it is at any time."""
        if cls not in self._class_dictionaries:
            self._class_dictionaries[cls] = self.constant(vars(cls))
        return self._class_dictionaries[cls]

    def raise_as_solver(self, name: str, args: tuple[t.Any, ...]) -> None:
        """Raise what the solver raises where the search for strings has met an error.

        The search over all strings may meet another one first, which names the variable.
        """
        # INVARIANT: if it raises none, the caller raises its own; an error never becomes an answer
        # by asking again.
        try:
            for _ in self._engine.search(name, args, accept_expression=True):
                pass
        except InvalidIteratorError as error:
            # An iterator that the questions for strings began is used up by now.
            if USED_UP not in (error.message or ""):
                raise

    def open_function(self, variant: Variant) -> Callable[..., t.Any] | None:
        """Return the function that yields what an argument becomes; ``None`` if there is none."""
        made = self._try_to_make(variant, time.monotonic(), self._make_open)
        is_left = made is None or variant in self.not_compiled
        return None if is_left else t.cast("Callable[..., t.Any]", made)

    def _make_open(self, variant: Variant) -> CompiledFunction:
        self._make_function(variant)
        return self._made[variant]

    def strings_of(self, name: str, arity: int, at: int) -> frozenset[str] | None:
        """Return the strings that an argument may be."""
        found = possible_strings(self.select, name, arity, at)
        return None if found is None or found.is_free else found.texts

    def select(self, name: str, arity: int, facts: ArgumentFacts) -> Sequence[Clause] | None:
        """Return the clauses for what is known of the arguments; ``None`` without such a rule."""
        is_known = self.candidates(name, arity) is not None
        return self.clauses_for(name, arity, facts) if is_known else None

    def string_question(self, variant: Variant, at: int) -> tuple[t.Any, ...]:
        """Return what answers for one string of an argument, and raises any error of the search.

        These are the string, whether all solutions are searched for, the specializations by class,
        and the variant of the compiled rule, for ``string_function``.
        """
        text = next(str(literal) for position, literal in variant.known if position == at)
        known = self.specializations_at(variant.name, variant.arity, at)
        by_class = NO_ANSWERS if known is None else known[text]
        return text, not variant.is_test, by_class, variant

    def string_function(self, variant: Variant) -> CompiledFunction:
        """Return what asks the compiled rule about one string: for the first solution, or for all.

        :raises QueryNeeded: if it is not compiled and cannot be now.
        """
        function = self._searches.get(variant)
        if function is None:
            function = self._try_to_make(variant, time.monotonic(), self._make_search)
            if function is None:
                raise QueryNeeded
            self._searches[variant] = function
        return function

    def is_left(self, variant: Variant) -> bool:
        """Tell whether a rule was found to be none that can be compiled."""
        return variant in self.not_compiled

    def _make_search(self, variant: Variant) -> CompiledFunction | None:
        self._make_function(variant)
        return None if self.is_left(variant) else self._searching(variant)

    def _searching(self, variant: Variant) -> CompiledFunction:
        writer = usual_writer(self, variant, shares=True)
        return self._compiled(writer.write(), QUESTION_FILE, {})

    def resuming(
        self, name: str, arity: int, at: int | None
    ) -> Callable[[tuple[t.Any, ...], bool, Outcome, float | None], bool]:
        """Return a function that answers by compiled rules after a call was made.

        :param at: the position of the string, if there is one.
        """
        function = self._searching(Variant(name, arity, (), True))

        def resumed(
            args: tuple[t.Any, ...], is_searched: bool, outcome: Outcome, begun: float | None
        ) -> bool:
            clock = new_clock(begun, outcome)
            if not is_searched:
                return function(*args, clock)
            known = () if at is None else ((at, args[at]),)
            return self.string_function(Variant(name, arity, known, False))(*args, clock)

        return resumed

    def solving(self, name: str) -> Callable[[tuple[t.Any, ...], bool, Replay], bool]:
        """Return a function that answers by the solver after a call was made."""

        def solved(args: tuple[t.Any, ...], is_searched: bool, made: Replay) -> bool:
            return bool(self._engine.solve_call(name, args, is_searched, made=made))

        return solved

    def table(self, variant: Variant) -> tuple[Dispatch, str] | None:
        """Return how an argument selects a function, and the name of the table of functions.

        ``None`` if there is no such argument.
        """
        if variant not in self._tables:
            clauses = self.clauses_for(variant.name, variant.arity, variant.facts)
            dispatch = dispatch_by(clauses, variant.facts, variant.odd)
            self._tables[variant] = None
            if dispatch is not None:
                name = f"t{len(self._tables)}"
                self._names[name] = FunctionTable(self, variant, dispatch)
                self._tables[variant] = dispatch, name
        return self._tables[variant]

    def clauses_for(self, name: str, arity: int, facts: ArgumentFacts) -> list[Clause]:
        """Return the clauses of a rule that what is known of its arguments does not exclude."""
        candidates = self.candidates(name, arity)
        if candidates is None:
            return []
        key = name, arity, facts.key
        found = self._matching.get(key)
        if found is None:
            index = self.class_index(name, arity) if facts.lineages else None
            found = tuple(matching_clauses(candidates, facts, index))
            if len(self._matching) >= _MAX_MATCHING:
                self._matching.clear()
            self._matching[key] = found
        return [*found]

    def class_index(self, name: str, arity: int) -> ClassIndex:
        """Return the index by class of the clauses of a rule."""
        known = self._by_class.get((name, arity))
        if known is None:
            clauses = t.cast(ClauseIndex, self.candidates(name, arity))
            members = functools.partial(members_of_tag, program=self._engine)
            known = self._by_class[name, arity] = ClassIndex(clauses, self.host, members)
        return known

    def lineage(self, cls: type) -> Lineage | None:
        """Return what a class tells of its instances; ``None`` if they may claim another one."""
        if cls in self._lineages:
            return self._lineages[cls]
        made = lineage_of(self, cls, self._registered)
        if self.host.keeps(cls):
            self._lineages[cls] = made
        return made

    @functools.cached_property
    def _registered(self) -> frozenset[type]:
        return frozenset(self.host.classes.values())

    def prepare(
        self, name: str, arity: int, at: int | None = None, *, until: float = math.inf
    ) -> None:
        """Compile what a question may call, also for all strings of one argument.

        :param until: the time after which no compilation is begun.
        """
        self.answer(name, arity, waits=True)
        specializations = self._specializations.get((name, arity))
        if specializations is None:
            return
        actors, resources = self.members("Actor"), self.members("Resource")
        chosen = specializations.prepare(actors, resources, until)
        if at is None:
            return
        by_string = self.specializations_at(name, arity, at)
        if by_string is not None and by_string is not specializations:
            # Fields are asked about by their names, and authorized by the action.
            chosen = by_string.likely_classes(actors, resources)
        self.string_searches.prepare(name, arity, at, chosen, until)

    def make_all(self, until: float = math.inf) -> None:
        """Compile all functions that the compiled ones may call, also through tables of strings."""
        filled: set[str] = set()
        while missing := self._missing(filled):
            for variant in missing:
                with self.turns.take(waits=True) as is_free:
                    if not is_free or time.monotonic() > until:
                        return
                    self._make_function(variant)

    def _missing(self, filled: set[str]) -> list[Variant]:
        """Return the functions that have a name and are not compiled.

        :param filled: the tables whose functions all have names.
        """
        with self.turns.take(waits=True) as is_free:
            if not is_free:
                return []
            for chosen in [*self._tables.values()]:
                if chosen is not None and chosen[1] not in filled:
                    t.cast(FunctionTable, self._names[chosen[1]]).fill()
                    filled.add(chosen[1])
            return [variant for variant in self._functions if variant not in self._made]

    def candidates(self, name: str, arity: int) -> ClauseIndex | None:
        """Return the clauses of a rule."""
        self.turns.check_time()
        by_arity = self._engine.clauses(name)
        return None if by_arity is None else by_arity.get(arity)

    def members(self, union: str) -> tuple[type, ...]:
        """Return the classes of ``Actor`` or ``Resource``."""
        return tuple(self.host.classes[name] for name in members_of_tag(union, self._engine))

    def function(self, variant: Variant) -> str:
        """Return the name of the function of a variant, which is compiled at its first call."""
        name = self._functions.get(variant)
        if name is None:
            name = f"f{len(self._functions)}"
            # First the function, then its name, so that an exception in between does no harm.
            self._names[name] = self.later(variant)
            self._functions[variant] = name
        return name

    def later(self, variant: Variant) -> CompiledFunction:
        """Return a function that compiles the one of a variant, and calls it."""
        return lambda *args: self._made_for(variant, args[-1])(*args)

    def _made_for(self, variant: Variant, clock: Clock) -> CompiledFunction:
        """Return the function of a variant for a question; one that calls the solver, if it is not
        compiled and cannot be now.
        """
        if clock[1] is None:
            clock[1] = time.monotonic()
        deadline = self.turns.deadline_from(clock[1])
        begun, worked = time.monotonic(), thread_time()
        if deadline is None or begun < deadline:
            self._try_to_make(variant, clock[1], self._make_function)
            # What the machine did for others is no work on the question.
            clock[1] += max(0.0, time.monotonic() - begun - (thread_time() - worked))
        return self._made.get(variant) or self._stub(variant)

    def _try_to_make(
        self, variant: Variant, began: float, make: Callable[[Variant], t.Any]
    ) -> t.Any:
        """Compile what belongs to a variant; ``None`` if that is not possible now."""
        late = NotCompilable("a rule that takes long to compile", None)
        leave = functools.partial(self._leave, variant, late)
        made = self.turns.attempt(
            variant, functools.partial(make, variant), began=began, given_up=leave
        )
        return None if made is NOT_NOW else made

    def known(self, variant: Variant) -> CompiledFunction | None:
        """Return the function of a variant if it is compiled."""
        return self._made.get(variant)

    def _make_function(self, variant: Variant) -> None:
        """Compile the function of a variant, if it is not compiled yet."""
        if variant in self._made:
            return
        try:
            made = self._make(variant)
        except NotCompilable as reason:
            # Without its traceback, which would keep all nodes alive.
            self._leave(variant, reason.with_traceback(None))
        else:
            self._set(variant, made)

    def _leave(self, variant: Variant, reason: NotCompilable) -> None:
        """Let the solver answer a variant."""
        self.not_compiled[variant] = reason
        self._set(variant, self._stub(variant))

    def _set(self, variant: Variant, made: CompiledFunction) -> None:
        self._names[self.function(variant)] = made
        self._made[variant] = made

    def constant(self, value: t.Any) -> str:
        """Return the global name of a constant."""
        self.turns.check_time()
        # The value is kept alive, so that its identity is not reused.
        known = self._constants.get(id(value))
        if known is None:
            known = self._constants[id(value)] = (f"k{len(self._constants)}", value)
            self._names[known[0]] = value
        return known[0]

    def text_table(self, table: dict[str, t.Any]) -> str:
        """Return the global name of a table: one for equal ones, so that functions are shared."""
        return self.constant(self._text_tables.setdefault(repr(table), table))

    def lifted_name(self) -> str:
        """Return a new global name for a part of a function."""
        return f"g{next(self._lifted)}"

    def is_relation(self, name: str) -> bool:
        """Tell whether a name is a declared relation of some class, which an adapter reads."""
        return name in self._relations

    def _make(self, variant: Variant) -> CompiledFunction:
        if self.candidates(variant.name, variant.arity) is None and not self._engine.clauses(
            variant.name
        ):
            raise NotCompilable("a rule that is not defined", None)
        writer = RuleCompiler(self, variant)
        file = self._file_of(variant)
        function = writer.write()
        if writer.handed:
            self.partly_compiled[variant] = [*writer.handed.values()]
        for search in writer.searches:
            self._names[search.name] = self._compiled(search, file, writer.sites)
        return self._compiled(function, file, writer.sites)

    def _compiled(
        self, function: ast.FunctionDef, file: str, sites: dict[Position, Site]
    ) -> CompiledFunction:
        function.lineno = function.end_lineno = 1
        function.col_offset = function.end_col_offset = 0
        module = with_positions(ast.Module([function], []))
        names: dict[str, t.Any] = {}
        exec(compile(module, file, "exec"), self._names, names)
        made: CompiledFunction = names[function.name]
        code = t.cast(types.FunctionType, made).__code__
        if sites or file == QUESTION_FILE:
            self._sites[code] = sites_by_offset(code, sites)
        return made

    def _file_of(self, variant: Variant) -> str:
        key = (variant.name, variant.arity)
        if key not in self._files:
            candidates = self.candidates(*key)
            spans = [clause.rule.span for clause in candidates or ()]
            files = {span.source.name for span in spans if span is not None}
            self._files[key] = (next(iter(files)) if len(files) == 1 else "") or "<policy>"
        return self._files[key]

    def _stub(self, variant: Variant) -> CompiledFunction:
        """Return a function that lets the solver answer."""
        name, arity = variant.name, variant.arity
        if not variant.is_test:
            return lambda *args: self._hand_over_each(name, args[:arity], args[-1])  # type: ignore[return-value]
        return lambda *args: self._hand_over(name, args[:arity], args[-1])
