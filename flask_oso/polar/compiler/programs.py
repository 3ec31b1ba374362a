"""The compiled rules of one engine; each function is compiled when it is first called.

``CompiledProgram.answer`` returns the function that answers a call, or ``None`` where the solver
has to.

No question waits for a function: while another thread compiles, or when a question has spent half
of its time on compiling, the solver answers instead of the missing functions.
"""

from __future__ import annotations

import ast
import contextlib
import dataclasses
import itertools
import math
import os
import threading
import time
import types
import typing as t
from collections.abc import Callable, Iterator

from ..environment import STORED_ENVIRONMENT
from ..exceptions import OsoError
from ..host import sandbox
from ..host.data_adapter import Relation
from ..nodes import Call, Expression, Operator, Term
from ..output import STORED_VARIABLE
from ..policy.garbage import without_collector
from ..solver.class_tests import members_of_tag
from ..solver.clause_index import ClauseIndex
from .binding_analysis import (
    NotCompilable,
    closed_strings,
    dispatch_position,
    has_cut,
    is_order_independent,
    is_recursive,
    matching_clauses,
    measure_height,
    strings_at,
)
from .compiler import RuleCompiler
from .entry_points import NEW_CLOCK, QUESTION_FILE, EntryPointWriter
from .runtime import Clock, Runtime, is_deep
from .scopes import Site, Variant
from .snippets import Position, with_positions
from .source_map import sites_by_offset
from .specialization.dispatch import (
    ReadableClasses,
    Specialization,
    Specializations,
    make_specializations,
    no_answer,
    string_facts,
)
from .specialization.equality import SideEffectFreeEquality

CompiledFunction = Callable[..., bool]
#: The most strings of one parameter that are asked one by one.
MAX_VARIANTS = 200
#: The share of the time of a question that may be spent on compiling.
_SHARE = 0.5
#: How often compiling a function may run out of time before it is given up.
_ATTEMPTS = 3
_NOT_MADE = object()
#: Whether code objects have columns, without which there is no source map.
HAS_POSITIONS = next(iter(compile("0", "", "eval").co_positions()))[2] is not None


class _NoAnswers(dict[type, t.Any]):
    """The specializations of a string that has none, by class; it keeps no class alive."""

    def __missing__(self, cls: type) -> t.Any:
        return no_answer


_NO_ANSWERS: t.Final = _NoAnswers()


class OutOfTime(Exception):
    """Compiling a function takes too long for the question that needs it."""


class CompiledProgram(Runtime):
    """The compiled functions for the rules of an engine.

    :param names_rules: whether functions return the rule that decided, or ``True`` where it is not
        known.
    """

    def __init__(self, engine: t.Any, *, names_rules: bool = False) -> None:
        super().__init__(engine)
        self.names_rules = names_rules
        self._constants: dict[int, tuple[str, t.Any]] = {}
        self._class_dictionaries: dict[type, str] = {}
        self._functions: dict[Variant, str] = {}
        self._made: dict[Variant, CompiledFunction] = {}
        self._late: dict[t.Any, int] = {}
        self._tables: dict[Variant, str] = {}
        self._entries: dict[tuple[str, int], CompiledFunction | None] = {}
        self._specializations: dict[tuple[str, int], Specializations | None] = {}
        self._strings: dict[tuple[str, int, int], t.Any] = {}
        # Held while functions are compiled; a question never waits for it.
        self._locks: dict[int, t.Any] = {}
        #: When the current compilation has to be finished.
        self._deadline: float | None = None
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
        self._heights: dict[str, float] = {}
        self._lifted = itertools.count()
        self._recursive: dict[str, bool] = {}
        self._names: dict[str, t.Any] = self.shared_names()
        self._equality = self._names["quietly_equal"] = SideEffectFreeEquality(
            self._names["simple"], self.host.identities
        )

    @property
    def _making(self) -> t.Any:
        # After a fork, a lock that another thread held would stay locked in the child.
        return self._locks.setdefault(os.getpid(), threading.RLock())

    # -- time and threads -------------------------------------------------------------------

    @contextlib.contextmanager
    def _turn(self, deadline: float | None, *, waits: bool = False) -> Iterator[bool]:
        """Take the lock for compiling; yield whether it was free.

        :param deadline: when the compilation has to be finished.
        :param waits: whether to wait for another thread that compiles.
        """
        lock = self._making
        # With little stack left, nothing is begun: even releasing the lock might fail.
        if is_deep() or not lock.acquire(blocking=waits):
            yield False
            return
        # Compiling may run code of a metaclass, which may ask a question.
        before, self._deadline = self._deadline, deadline
        try:
            with without_collector():
                yield True
        finally:
            self._deadline = before
            lock.release()

    def _check_time(self) -> None:
        if self._deadline is not None and time.monotonic() > self._deadline:
            raise OutOfTime

    def _deadline_from(self, began: float) -> float | None:
        """Return until when a question that began then may compile functions."""
        timeout = self._engine.limits.timeout
        return None if timeout is None else began + timeout * _SHARE

    def _is_hopeless(self, what: t.Any) -> bool:
        """Count a compilation that ran out of time; tell whether to give it up."""
        self._late[what] = self._late.get(what, 0) + 1
        return self._late[what] >= _ATTEMPTS

    # -- making functions -----------------------------------------------------------------

    def is_settled(self, name: str, arity: int) -> bool:
        """Tell whether the result of ``answer`` is final."""
        return (name, arity) in self._entries

    def answer(self, name: str, arity: int, *, waits: bool = False) -> CompiledFunction | None:
        """Return the entry point of a rule; ``None`` where the solver has to answer."""
        key = (name, arity)
        if key in self._entries:
            return self._entries[key]
        deadline = None if waits else self._deadline_from(time.monotonic())
        with self._turn(deadline, waits=waits) as is_free:
            if not is_free:
                return None
            try:
                self._entries[key] = self._make_entry(name, arity)
            except OutOfTime:
                if not self._is_hopeless(key):
                    return None
                self._entries[key] = None
            except RecursionError:
                # Too little stack is left to compile; the solver needs less.
                return None
        return self._entries[key]

    def _make_entry(self, name: str, arity: int) -> CompiledFunction | None:
        # Rules without arguments are left to the solver.
        if not HAS_POSITIONS or not arity or self.candidates(name, arity) is None:
            return None
        candidates = t.cast(ClauseIndex, self.candidates(name, arity))
        general = Variant(name, arity, (), True)
        listed = None if self.names_rules else string_facts(candidates)
        if listed is not None:
            return self._make_list(general, listed)
        function, table = self.function(general), self.table(general)
        if table is None:
            self._make_function(general)
            if general in self.not_compiled:
                return None
        parameters = [f"a{n}" for n in range(arity)]
        literals = {position for clause in candidates for position, _ in clause.literals}
        texts = frozenset(parameters[position] for position in literals | {arity // 2} if arity)
        rule = self.constant(name)
        writer = EntryPointWriter(rule, parameters, texts, function, table)
        specializations = None if self.names_rules else self.specializations(name, arity)
        if specializations is not None:
            writer = dataclasses.replace(
                writer, specializations=(self.constant(specializations), specializations)
            )
        return self._compiled(writer.write(), QUESTION_FILE, {})

    def _make_list(self, variant: Variant, listed: list[tuple[str, ...]]) -> CompiledFunction:
        """Compile the entry point of a rule that has only facts about strings.

        Strings are looked up; other arguments go to the solver.
        """
        parameters = [f"a{n}" for n in range(variant.arity)]
        function = self.constant(self._stub(variant))
        rule, known = self.constant(variant.name), self.constant(frozenset(listed))
        writer = EntryPointWriter(
            rule, parameters, frozenset(parameters), function, facts=(known, listed)
        )
        return self._compiled(writer.write(), QUESTION_FILE, {})

    def specializations(self, name: str, arity: int) -> Specializations | None:
        """Return the specializations of a rule, each of which is compiled when first used."""
        key = (name, arity)
        if key not in self._specializations:
            for cls in self.host.classes.values():
                self._equality.learn(cls)
            self._specializations[key] = make_specializations(self, name, arity)
        return self._specializations[key]

    def make_specialization(
        self, make: Callable[[], Specialization | None], what: t.Any, *, waits: bool = False
    ) -> Specialization | None:
        """Compile a specialization; ``None`` if that is not possible now.

        :param make: compiles it; returns ``None`` if it is not compilable.
        :param what: identifies it.
        """
        deadline = None if waits else self._deadline_from(time.monotonic())
        with self._turn(deadline, waits=waits) as is_free:
            if not is_free:
                return None
            try:
                return make() or no_answer
            except OutOfTime:
                return no_answer if self._is_hopeless(what) else None
            except RecursionError:
                return None

    def specialization_for(self, name: str, args: tuple[t.Any, ...]) -> Specialization | None:
        """Return the function that answers a question about these classes and this string.

        ``None`` if there is none, or before the entry point of the rule is compiled.
        """
        known = self._specializations.get((name, len(args)))
        is_usual = known is not None and type(args[known.at]) is str
        if known is None or not is_usual or STORED_VARIABLE in STORED_ENVIRONMENT:
            return None
        return known[args[known.at]][type(args[known.by])]

    @property
    def rules(self) -> t.Mapping[str, t.Any]:
        """The rules of the policy, by name."""
        rules: t.Mapping[str, t.Any] = self._engine.policy.rules
        return rules

    def compiled_specialization(self, function: ast.FunctionDef, rule: str) -> Specialization:
        """Compile the function of a specialization."""
        arity = len(function.args.args) - len(function.args.defaults)
        return self._compiled(function, self._file_of(Variant(rule, arity, (), True)), {})

    def quiet(self, *, are_rows: bool = False) -> tuple[str, ReadableClasses]:
        """Make a set of classes whose attributes are read without side effects.

        :param are_rows: whether they are read from the dictionaries of rows.
        """
        is_silent = self._is_stored if are_rows else sandbox.is_silent_read
        made = ReadableClasses(self.host.keeps, is_silent)
        return self.constant(made), made

    def _is_stored(self, cls: type, name: str) -> bool:
        rows = self.host.identities
        return rows is not None and rows.stored_attribute(cls, name) is not None

    def class_dictionary(self, cls: type) -> str:
        """Return the global name of what a class has under its names, as it is at any time."""
        if cls not in self._class_dictionaries:
            self._class_dictionaries[cls] = self.constant(vars(cls))
        return self._class_dictionaries[cls]

    def compares_fields(self, cls: type) -> bool:
        """Tell whether objects of a class compare by their fields or keys."""
        return self._equality.knows(cls)

    def is_quiet(self, cls: type, attribute: str) -> bool:
        """Tell whether an attribute of instances of a class is read without side effects."""
        return sandbox.is_silent_read(cls, attribute)

    def strings(self, name: str, args: tuple[t.Any, ...], at: int) -> set[str] | None:
        """Return the strings of one argument for which a rule call has a solution.

        :param args: the arguments; the one at ``at`` is ignored.
        :returns: ``None`` where the solver has to answer, since the argument may be something
            else than one of the strings of the policy.
        """
        questions = self._strings.get((name, len(args), at), _NOT_MADE)
        if questions is _NOT_MADE:
            questions = self.prepare_strings(name, len(args), at)
        if questions is None or STORED_VARIABLE in STORED_ENVIRONMENT:
            return None
        try:
            return _found(questions, args, at)
        except OsoError:
            # The search over all strings may meet another error first, which names the variable:
            # the solver raises that one. INVARIANT: if it raises none, this one is raised; an
            # error never becomes an answer by asking again.
            for _ in self._engine.query_rule(name, args, accept_expression=True):
                pass
            raise

    def prepare_strings(self, name: str, arity: int, at: int, *, waits: bool = False) -> t.Any:
        """Compile the functions that ``strings`` calls."""
        key = (name, arity, at)
        questions = self._strings.get(key, _NOT_MADE)
        if questions is not _NOT_MADE:
            return questions
        deadline = None if waits else self._deadline_from(time.monotonic())
        with self._turn(deadline, waits=waits) as is_free:
            if not is_free:
                return None
            try:
                self._strings[key] = self._make_strings(*key)
            except OutOfTime:
                if not self._is_hopeless(key):
                    return None
                self._strings[key] = None
            except RecursionError:
                return None
        return self._strings[key]

    def _make_strings(self, name: str, arity: int, at: int) -> tuple[int, list[t.Any]] | None:
        if not HAS_POSITIONS or self.candidates(name, arity) is None:
            return None
        texts = closed_strings(self.candidates, name, arity, at)
        if not texts or len(texts) > MAX_VARIANTS:
            # A rule without strings may still raise an error.
            return None
        if not is_order_independent(self.candidates, name, arity):
            return None
        variants = {text: Variant(name, arity, ((at, text),), False) for text in sorted(texts)}
        for text, variant in variants.items():
            # A test stops at the first solution: the only one, where there is at most one.
            variant = dataclasses.replace(variant, is_test=self.is_single(variant))
            variants[text] = variant
            self._make_function(variant)
            if variant in self.not_compiled:
                return None
        known = self.specializations(name, arity)
        tables = {} if known is None or known.at != at else known
        by = 0 if known is None else known.by
        return by, [
            (text, tables.get(text, _NO_ANSWERS), self._searching(name, arity, variant))
            for text, variant in variants.items()
        ]

    def _searching(self, name: str, arity: int, variant: Variant) -> CompiledFunction:
        parameters = [f"a{n}" for n in range(arity)]
        rule, function = self.constant(name), self.function(variant)
        is_searched = not variant.is_test
        writer = EntryPointWriter(
            rule, parameters, frozenset(), function, is_searched=is_searched, shares=True
        )
        return self._compiled(writer.write(), QUESTION_FILE, {})

    def table(self, variant: Variant) -> tuple[int, str] | None:
        """Return the parameter that selects a function, and the name of the table of functions.

        ``None`` if there is no such parameter.
        """
        candidates = self.candidates(variant.name, variant.arity)
        at = None if candidates is None else dispatch_position(candidates, variant.values)
        if candidates is None or at is None:
            return None
        name = self._tables.get(variant)
        if name is None:
            name = f"t{len(self._tables)}"
            self._names[name] = _Table(self, variant, at, strings_at(candidates, at))
            self._tables[variant] = name
        return at, name

    def prepare(
        self, name: str, arity: int, at: int | None = None, *, until: float = math.inf
    ) -> None:
        """Compile what a question may call, also for all strings of one argument.

        :param until: the time after which no compilation is begun.
        """
        self.answer(name, arity, waits=True)
        specializations = self._specializations.get((name, arity))
        if specializations is not None:
            specializations.prepare(self.members("Actor"), self.members("Resource"), until)
        if at is not None and time.monotonic() < until:
            self.prepare_strings(name, arity, at, waits=True)

    def make_all(self, until: float = math.inf) -> None:
        """Compile all functions that the compiled ones may call, also through tables of strings."""
        filled: set[str] = set()
        while missing := self._missing(filled):
            for variant in missing:
                with self._turn(None, waits=True) as is_free:
                    if not is_free or time.monotonic() > until:
                        return
                    self._make_function(variant)

    def _missing(self, filled: set[str]) -> list[Variant]:
        """Return the functions that have a name and are not compiled.

        :param filled: the tables whose functions all have names.
        """
        with self._turn(None, waits=True) as is_free:
            if not is_free:
                return []
            for name in [*self._tables.values()]:
                if name not in filled:
                    t.cast(_Table, self._names[name]).fill()
                    filled.add(name)
            return [variant for variant in self._functions if variant not in self._made]

    def candidates(self, name: str, arity: int) -> ClauseIndex | None:
        """Return the clauses of a rule."""
        self._check_time()
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
        made = self._made.get(variant)
        if made is not None:
            return made
        if clock[1] is None:
            clock[1] = time.monotonic()
        deadline = self._deadline_from(clock[1])
        if deadline is None or time.monotonic() < deadline:
            with self._turn(deadline) as is_free:
                if is_free:
                    self._try_to_make(variant)
        return self._made.get(variant) or self._stub(variant)

    def _try_to_make(self, variant: Variant) -> None:
        with contextlib.suppress(RecursionError):
            try:
                self._make_function(variant)
            except OutOfTime:
                if self._is_hopeless(variant):
                    self._leave(variant, NotCompilable("a rule that takes long to compile", None))

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
        self._check_time()
        # The value is kept alive, so that its identity is not reused.
        known = self._constants.get(id(value))
        if known is None:
            known = self._constants[id(value)] = (f"k{len(self._constants)}", value)
            self._names[known[0]] = value
        return known[0]

    def lifted_name(self) -> str:
        """Return a new global name for a part of a function."""
        return f"g{next(self._lifted)}"

    def is_relation(self, name: str) -> bool:
        """Tell whether a name is a declared relation of some class, which an adapter reads."""
        return name in self._relations

    def height(self, name: str) -> float:
        """Return the greatest depth of calls below a rule."""
        return measure_height(name, self._engine.policy.rules, self._heights)

    def is_recursive(self, name: str) -> bool:
        """Tell whether a rule may call itself."""
        known = self._recursive.get(name)
        if known is None:
            known = math.isinf(self.height(name)) and is_recursive(name, self.rules)
            self._recursive[name] = known
        return known

    def is_single(self, variant: Variant) -> bool:
        """Tell whether a call has at most one solution."""
        candidates = self.candidates(variant.name, variant.arity)
        if candidates is None:
            return True
        clauses = matching_clauses(candidates, variant.values)
        return len(clauses) <= 1 and all(
            not has_cut(clause) and _is_single(clause.body) for clause in clauses
        )

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
        candidates = self.candidates(variant.name, variant.arity)
        spans = [clause.rule.span for clause in candidates or ()]
        files = {span.source.name for span in spans if span is not None}
        return next(iter(files)) or "<policy>" if len(files) == 1 else "<policy>"

    def _stub(self, variant: Variant) -> CompiledFunction:
        """Return a function that lets the solver answer."""
        name, arity = variant.name, variant.arity
        if not variant.is_test:
            return lambda *args: self._hand_over_each(name, args[:arity], args[-1])  # type: ignore[return-value]
        return lambda *args: self._hand_over(name, args[:arity], args[-1])


def _found(questions: t.Any, args: tuple[t.Any, ...], at: int) -> set[str]:
    """Return the strings for which the answer is yes."""
    by, questions = questions
    kind, found = type(args[by]), set()
    clock = [*NEW_CLOCK]
    for text, specializations, question in questions:
        answer = specializations[kind](*args, True)
        if answer is None:
            answer = question(*args[:at], text, *args[at + 1 :], clock)
        if answer:
            found.add(text)
    return found


class _Table(dict[str, CompiledFunction]):
    """The functions for the strings of one parameter, and the one for all other strings."""

    def __init__(
        self, program: CompiledProgram, variant: Variant, at: int, texts: list[str]
    ) -> None:
        super().__init__()
        self.texts = frozenset(texts)
        self._program = program
        self._variant = variant
        self._at = at
        self._other: CompiledFunction | None = None

    def fill(self) -> None:
        """Give names to all functions."""
        for text in [None, *sorted(self.texts)]:
            self._program.function(self._of(text))

    def __missing__(self, text: str) -> CompiledFunction:
        if text in self.texts:
            variant = self._of(text)
            made = self._program.known(variant)
            if made is not None:
                self[text] = made
            return made or self._program.later(variant)
        if self._other is None:
            variant = self._of(None)
            self._other = self._program.known(variant)
            return self._other or self._program.later(variant)
        return self._other

    def _of(self, text: str | None) -> Variant:
        known = tuple(sorted((*self._variant.known, (self._at, text))))
        return dataclasses.replace(self._variant, known=known)


def _is_single(body: Term | None) -> bool:
    """Tell whether a body has at most one solution: it has no search and no call."""
    stack: list[t.Any] = [body]
    while stack:
        term = stack.pop()
        if isinstance(term, Expression):
            if term.operator in (Operator.IN, Operator.OR, Operator.CUT):
                return False
            if term.operator not in (Operator.NOT, Operator.FORALL):
                stack.extend(term.args)
        elif isinstance(getattr(term, "term", term), Call):
            return False
    return True
