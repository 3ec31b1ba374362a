"""The compiled rules of one engine: made when a rule is first asked about.

``Program.answer`` gives the function that answers a call, or ``None`` where the solver
has to. What a function cannot do by itself it asks the solver, which goes on from where
the function is: with the goals around it, which Python's frames tell, so that depths,
traces and places are the solver's own.
"""

from __future__ import annotations

import ast
import dataclasses
import os
import threading
import types
import typing as t
from collections.abc import Callable

from . import attributes
from .alike import Alike
from .clauses import Candidates
from .collector import without_collector
from .compiler import Writer
from .dispatch import Quiet, Shortcut, Shortcuts, facts, make_shortcuts
from .environment import STORED_ENVIRONMENT
from .exceptions import OsoError
from .frames import sites_by_offset
from .host import Host
from .log_settings import STORED_VARIABLE
from .modes import (
    Unfollowable,
    asks_alike,
    closed_strings,
    dispatch_position,
    has_cut,
    heights,
    matching,
    strings_at,
)
from .nodes import (
    Call,
    Expression,
    Operator,
    Term,
)
from .policy import Policy
from .questions import QUESTION_FILE, QuestionWriter
from .relations import Relation
from .runtime import Runtime
from .scopes import Site, Variant
from .snippets import Position
from .solver import Solver

Answer = Callable[..., bool]
#: Strings of one parameter up to which their functions are made together, before the first
#: answer; of more, each is made when it is first asked about.
MAX_VARIANTS = 200
_NOT_MADE = object()
#: Whether code knows its lines and columns, without which a function knows no place of a policy.
HAS_POSITIONS = next(iter(compile("0", "", "eval").co_positions()))[2] is not None


class Source(t.Protocol):
    """What a program needs of an engine."""

    policy: Policy
    host: Host
    actors: tuple[str, ...]
    resources: tuple[str, ...]

    def clauses(self, name: str) -> t.Mapping[int, Candidates] | None: ...
    def solver(self) -> Solver: ...


class Program(Runtime):
    """Functions for the rules of an engine, and what they share."""

    def __init__(self, engine: t.Any) -> None:
        super().__init__(engine)
        self._constants: dict[int, tuple[str, t.Any]] = {}
        self._functions: dict[Variant, str] = {}
        self._waiting: list[Variant] = []
        self._tables: dict[Variant, str] = {}
        self._entries: dict[tuple[str, int], Answer | None] = {}
        self._shortened: dict[tuple[str, int], Shortcuts | None] = {}
        self._strings: dict[tuple[str, int, int], t.Any] = {}
        # Taken by those who make functions, never by those who ask what is made.
        self._locks: dict[int, t.Any] = {}
        #: Why the solver answers some calls: the reason and the place, by rule.
        self.unfollowed: dict[Variant, Unfollowable] = {}
        self._relations = {
            name
            for declared in self.host.fields.values()
            for name, kind in declared.items()
            if isinstance(kind, Relation)
        }
        self._heights: dict[str, float] | None = None
        self._names: dict[str, t.Any] = self.shared_names()
        self._alike = self._names["alike"] = Alike(self._names["simple"])

    @property
    def _making(self) -> t.Any:
        # A fork copies a lock whose holder, another thread, does not live on in the child.
        return self._locks.setdefault(os.getpid(), threading.RLock())

    # -- making functions -----------------------------------------------------------------

    def answer(self, name: str, arity: int) -> Answer | None:
        """Give the function that answers calls of a rule; ``None`` where the solver has to."""
        key = (name, arity)
        if key not in self._entries:
            with self._making, without_collector():
                try:
                    self._entries[key] = self._make_entry(name, arity)
                except RecursionError:
                    # Little is left of the stack. The solver needs less; the next one makes it.
                    return None
        return self._entries[key]

    def _make_entry(self, name: str, arity: int) -> Answer | None:
        # A question without arguments has nothing to be dispatched on.
        if not HAS_POSITIONS or not arity or self.candidates(name, arity) is None:
            return None
        candidates = t.cast(Candidates, self.candidates(name, arity))
        general = Variant(name, arity, (), True)
        listed = facts(candidates)
        if listed is not None:
            return self._make_list(general, listed)
        function, table = self.function(general), self.table(general)
        self._make_waiting()
        if general in self.unfollowed and table is None:
            return None
        parameters = [f"a{n}" for n in range(arity)]
        literals = {position for clause in candidates for position, _ in clause.literals}
        texts = frozenset(parameters[position] for position in literals | {arity // 2} if arity)
        rule = self.constant(name)
        writer = QuestionWriter(rule, parameters, texts, function, table)
        shortcuts = self._shortcuts(name, arity)
        if shortcuts is not None:
            writer = dataclasses.replace(writer, shortcuts=(self.constant(shortcuts), shortcuts))
        return self._compiled(writer.write(), QUESTION_FILE, {})

    def _make_list(self, variant: Variant, listed: list[tuple[str, ...]]) -> Answer:
        """Make the function for a rule that is nothing but facts about strings.

        They are looked up; what is no string is the solver's.
        """
        parameters = [f"a{n}" for n in range(variant.arity)]
        function = self.constant(self._stub(variant))
        rule, known = self.constant(variant.name), self.constant(frozenset(listed))
        writer = QuestionWriter(
            rule, parameters, frozenset(parameters), function, facts=(known, listed)
        )
        return self._compiled(writer.write(), QUESTION_FILE, {})

    def _shortcuts(self, name: str, arity: int) -> Shortcuts | None:
        """Give the functions of a rule for plain data, which are made when first asked for."""
        key = (name, arity)
        if key not in self._shortened:
            for cls in self.host.classes.values():
                self._alike.learn(cls)
            self._shortened[key] = make_shortcuts(self, name, arity)
        return self._shortened[key]

    @property
    def rules(self) -> t.Mapping[str, t.Any]:
        """The rules of the policy, by name."""
        rules: t.Mapping[str, t.Any] = self._engine.policy.rules
        return rules

    def compiled_shortcut(self, function: ast.FunctionDef, rule: str) -> Shortcut:
        """Compile a function for plain data."""
        arity = len(function.args.args) - len(function.args.defaults)
        return self._compiled(function, self._file_of(Variant(rule, arity, (), True)), {})

    def quiet(self) -> tuple[str, Quiet]:
        """Make a set of classes whose attributes are read without a trace."""
        made = Quiet(self.host.keeps)
        return self.constant(made), made

    def compares_fields(self, cls: type) -> bool:
        """Tell whether two objects of a class are equal where their fields are."""
        return self._alike.knows(cls)

    def is_quiet(self, cls: type, attribute: str) -> bool:
        """Tell whether an attribute of a class's instances is read without a trace."""
        return attributes.is_quiet(cls, attribute)

    def strings(self, name: str, args: tuple[t.Any, ...], at: int) -> set[str] | None:
        """Give the strings of one argument for which a rule call has a solution.

        :param args: the arguments; what stands at ``at`` is not looked at.
        :returns: ``None`` where the solver has to answer, since the argument may be something
            else than one of the policy's strings.
        """
        questions = self.prepare_strings(name, len(args), at)
        if questions is None or STORED_VARIABLE in STORED_ENVIRONMENT:
            return None
        try:
            return _found(questions, args, at)
        except OsoError:
            # Of several errors the search among all strings meets another one first, and names
            # the variable: the solver raises it. INVARIANT: where it raises none, this one
            # comes out; an error never becomes an answer by asking again.
            for _ in self._engine.query_rule(name, args, accept_expression=True):
                pass
            raise

    def prepare_strings(self, name: str, arity: int, at: int) -> t.Any:
        """Make what ``strings`` asks, if it is not made yet."""
        key = (name, arity, at)
        questions = self._strings.get(key, _NOT_MADE)
        if questions is _NOT_MADE:
            with self._making, without_collector():
                questions = self._strings[key] = self._make_strings(*key)
        return questions

    def _make_strings(self, name: str, arity: int, at: int) -> list[t.Any] | None:
        if not HAS_POSITIONS or self.candidates(name, arity) is None:
            return None
        texts = closed_strings(self.candidates, name, arity, at)
        if not texts or len(texts) > MAX_VARIANTS:
            # Without a string there may be an error all the same.
            return None
        if not asks_alike(self.candidates, name, arity):
            return None
        variants = {text: Variant(name, arity, ((at, text),), False) for text in sorted(texts)}
        functions = {text: self.function(variant) for text, variant in variants.items()}
        self._make_waiting()
        if any(variant in self.unfollowed for variant in variants.values()):
            return None
        known = self._shortcuts(name, arity)
        table, by = ({}, 0) if known is None or known.at != at else (known, known.by)
        return [
            (text, table.get(text, {}), by, self._searching(name, arity, made))
            for text, made in functions.items()
        ]

    def _searching(self, name: str, arity: int, function: str) -> Answer:
        parameters = [f"a{n}" for n in range(arity)]
        rule = self.constant(name)
        writer = QuestionWriter(rule, parameters, frozenset(), function, is_searched=True)
        return self._compiled(writer.write(), QUESTION_FILE, {})

    def table(self, variant: Variant) -> tuple[int, str] | None:
        """Give the parameter to choose a function by, and the name of the table of functions.

        ``None`` if there is nothing to choose by.
        """
        candidates = self.candidates(variant.name, variant.arity)
        at = None if candidates is None else dispatch_position(candidates, variant.values)
        if candidates is None or at is None:
            return None
        name = self._tables.get(variant)
        if name is None:
            name = f"t{len(self._tables)}"
            table = self._names[name] = _Table(self, variant, at, strings_at(candidates, at))
            if len(table.texts) <= MAX_VARIANTS:
                table.fill()
            self._tables[variant] = name
        return at, name

    def fill_tables(self) -> None:
        """Make the functions of all tables, also those that wait for their first question."""
        with self._making:
            filled: set[str] = set()
            while waiting := [name for name in self._tables.values() if name not in filled]:
                for name in waiting:
                    t.cast(_Table, self._names[name]).fill()
                filled.update(waiting)
                self._make_waiting()

    def candidates(self, name: str, arity: int) -> Candidates | None:
        """Give the clauses of a rule."""
        by_arity = self._engine.clauses(name)
        return None if by_arity is None else by_arity.get(arity)

    def members(self, union: str) -> tuple[type, ...]:
        """Give the classes of ``Actor`` or ``Resource``."""
        names = self._engine.actors if union == "Actor" else self._engine.resources
        return tuple(self.host.classes[name] for name in names)

    def function(self, variant: Variant) -> str:
        """Give the name of the function of a variant, which is made before it is called."""
        name = self._functions.get(variant)
        if name is None:
            # First it waits, then it has a name: an exception in between loses nothing.
            self._waiting.append(variant)
            name = self._functions[variant] = f"f{len(self._functions)}"
        return name

    def made(self, variant: Variant) -> Answer:
        """Give the function of a variant, made if it is not yet."""
        with self._making:
            name = self.function(variant)
            self._make_waiting()
        made: Answer = self._names[name]
        return made

    def constant(self, value: t.Any) -> str:
        """Give the name of a value in the functions."""
        # With the value, which keeps it alive: an identity is not reused.
        known = self._constants.get(id(value))
        if known is None:
            known = self._constants[id(value)] = (f"k{len(self._constants)}", value)
            self._names[known[0]] = value
        return known[0]

    def is_relation(self, name: str) -> bool:
        """Tell whether a name is a relation of some class, whose rows an adapter gives."""
        return name in self._relations

    def height(self, name: str) -> float:
        """Tell how many calls can stand in each other below a rule."""
        if self._heights is None:
            self._heights = heights(self._engine.policy.rules)
        return self._heights.get(name, 0)

    def is_single(self, variant: Variant) -> bool:
        """Tell whether a call has one solution at most."""
        candidates = self.candidates(variant.name, variant.arity)
        if candidates is None:
            return True
        clauses = matching(candidates, variant.values)
        return len(clauses) <= 1 and all(
            not has_cut(clause) and _is_single(clause.body) for clause in clauses
        )

    def _make_waiting(self) -> None:
        while self._waiting:
            # It waits until it is made: an exception from a signal may come at any time.
            variant = self._waiting[-1]
            name = self.function(variant)
            try:
                self._names[name] = self._make(variant)
            except Unfollowable as reason:
                # Without its traceback, which keeps all that was written so far.
                self.unfollowed[variant] = reason.with_traceback(None)
                self._names[name] = self._stub(variant)
            self._waiting.remove(variant)

    def _make(self, variant: Variant) -> Answer:
        if self.candidates(variant.name, variant.arity) is None and not self._engine.clauses(
            variant.name
        ):
            raise Unfollowable("a rule that is not defined", None)
        writer = Writer(self, variant)
        return self._compiled(writer.write(), self._file_of(variant), writer.sites)

    def _compiled(
        self, function: ast.FunctionDef, file: str, sites: dict[Position, Site]
    ) -> Answer:
        function.lineno = function.end_lineno = 1
        function.col_offset = function.end_col_offset = 0
        module = ast.fix_missing_locations(ast.Module([function], []))
        names: dict[str, t.Any] = {}
        exec(compile(module, file, "exec"), self._names, names)
        made: Answer = names[function.name]
        code = t.cast(types.FunctionType, made).__code__
        if sites or file == QUESTION_FILE:
            self._sites[code] = sites_by_offset(code, sites)
        return made

    def _file_of(self, variant: Variant) -> str:
        candidates = self.candidates(variant.name, variant.arity)
        spans = [clause.rule.span for clause in candidates or ()]
        files = {span.source.name for span in spans if span is not None}
        return next(iter(files)) or "<policy>" if len(files) == 1 else "<policy>"

    def _stub(self, variant: Variant) -> Answer:
        """Make a function that lets the solver answer."""
        name, arity = variant.name, variant.arity
        if not variant.is_test:
            return lambda *args: self._hand_over_each(name, args[:arity], args[-1])  # type: ignore[return-value]
        return lambda *args: self._hand_over(name, args[:arity], args[-1])


def _found(questions: t.Any, args: tuple[t.Any, ...], at: int) -> set[str]:
    """Give the strings for which questions are answered with yes."""
    before, after = args[:at], args[at + 1 :]
    found = set()
    for text, shortcuts, by, question in questions:
        shortcut = shortcuts.get(type(args[by]))
        answer = None if shortcut is None else shortcut(*args, True)
        if answer is None:
            answer = question(*before, text, *after)
        if answer:
            found.add(text)
    return found


class _Table(dict[str, Answer]):
    """The functions for the strings of one parameter, and one for all other strings."""

    def __init__(self, program: Program, variant: Variant, at: int, texts: list[str]) -> None:
        super().__init__()
        self.texts = frozenset(texts)
        self._program = program
        self._variant = variant
        self._at = at
        self._other: Answer | None = None

    def fill(self) -> None:
        """Ask for all functions now."""
        for text in [None, *sorted(self.texts)]:
            self._program.function(self._of(text))

    def __missing__(self, text: str) -> Answer:
        if text not in self.texts:
            if self._other is None:
                self._other = self._program.made(self._of(None))
            return self._other
        self[text] = made = self._program.made(self._of(text))
        return made

    def _of(self, text: str | None) -> Variant:
        known = tuple(sorted((*self._variant.known, (self._at, text))))
        return dataclasses.replace(self._variant, known=known)


def _is_single(body: Term | None) -> bool:
    """Tell whether a body has one solution at most: it has no search and no call in it."""
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
