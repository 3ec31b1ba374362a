"""The compiled rules of one engine: made when a rule is first asked about.

``Program.answer`` gives the function that answers a call, or ``None`` where the solver
has to. What a function cannot do by itself it asks the solver, which goes on from where
the function is: with the goals around it, which Python's frames tell, so that depths,
traces and places are the solver's own.
"""

from __future__ import annotations

import ast
import contextlib
import dataclasses
import opcode
import os
import sys
import threading
import time
import types
import typing as t
from collections.abc import Callable, Iterator

from . import attributes, fields, numbers, terms
from .clauses import Candidates, Clause
from .collector import without_collector
from .compiler import Writer
from .dispatch import Quiet, Shortcut, Shortcuts, facts, make_shortcuts
from .exceptions import OsoError, UnexpectedPolarTypeError
from .host import Host, compare, result_to_polar, to_polar, to_python
from .log_settings import STORED_ENVIRONMENT, STORED_VARIABLE
from .modes import (
    Unfollowable,
    asks_alike,
    closed_strings,
    dispatch_position,
    has_cut,
    heights,
    is_plain,
    leaves_equality,
    matching,
    strings_at,
)
from .nodes import (
    Call,
    Dictionary,
    Expression,
    Instance,
    List,
    Operator,
    Term,
    Unknown,
    Value,
    is_ground,
)
from .numbers import INTEGER_MAX, INTEGER_MIN
from .operations import not_constructed
from .policy import Policy
from .questions import CLOCK_INTERVAL, QUESTION_FILE, QuestionWriter, Unforeseen
from .relations import Relation
from .scopes import Passed, Site, Variant
from .snippets import Position, position_of
from .solver import Solver
from .sources import Span
from .specificity import sort_clauses
from .traces import Step

Answer = Callable[..., bool]
#: A budget until the clock is looked at next, and when the question began.
Clock = list[t.Any]
#: Goals in each other, outermost first, each with the rule it stands in.
Steps = list[tuple[Term | None, str | None]]
#: Frames that must be left on Python's stack for a program that calls itself.
_HEADROOM = 250
#: Seconds: after a call into Python that ends later in its question, the clock is looked at.
_BRIEF = 0.005
#: Strings of one parameter up to which their functions are made together, before the first
#: answer; of more, each is made when it is first asked about.
MAX_VARIANTS = 200
_MISSING = object()
_HARMLESS = (bool, int, float, str, list, dict, type(None), types.MethodType)
_SCALARS = frozenset({bool, int, float, str})
_NOT_MADE = object()
_NO_OBJECT = Value(False)
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


class Program:
    """Functions for the rules of an engine, and what they share."""

    def __init__(self, engine: t.Any) -> None:
        self._engine = engine
        self.host: Host = engine.host
        self._constants: dict[int, tuple[str, t.Any]] = {}
        self._functions: dict[Variant, str] = {}
        self._waiting: list[Variant] = []
        self._sites: dict[types.CodeType, dict[int, Site]] = {}
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
        # What is of these kinds, or of a class learnt later, leads nowhere and is no variable.
        self._harmless: set[type] = {*_HARMLESS}
        self._plain: set[type] = set()
        # Values of these kinds are equal as Python says, and nobody's method is asked.
        self._simple: set[type] = {str, int, float, type(None)}
        # And with these, no method of a literal or an argument is asked either.
        self._decided: set[type] = {*self._simple, bool}
        for cls in self.host.classes.values():
            self._learn(cls)
        self._names: dict[str, t.Any] = {
            "plain": self._plain,
            "simple": self._simple,
            "decided": self._decided,
            "unread": (None, None),
            "field": self._field,
            "no_field": self._no_field,
            "excludes": _excludes,
            "in_order": self._in_order,
            "harmless": self._harmless,
            "missing": _MISSING,
            "once": (None,),
            "is_searched": False,
            "never": (),
            "equal": self._equal,
            "matches": self._matches,
            "read": self._read,
            "call_method": self._call_method,
            "elements": self._elements,
            "compare": self._compare,
            "condition": self._condition,
            "construct": self._construct,
            "calculate": self._calculate,
            "read_key": self._read_key,
            "split": self._split,
            "variable": terms.Variable("_"),
            "scalars": _SCALARS,
            "make_sure": self._make_sure,
            "hand_over": self._hand_over,
            "hand_over_each": self._hand_over_each,
            "look_at": self._look_at,
            "is_deep": _is_deep,
            "is_simple": self._is_simple,
            "environment": STORED_ENVIRONMENT,
            "log_variable": STORED_VARIABLE,
            "by_solver": self._by_solver,
            "problem_of": self._problem,
            "unforeseen": Unforeseen,
            "searched": _searched,
            "copied": _copied,
            "copied_kinds": frozenset({list, dict}),
        }

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
        general = Variant(name, arity, (), True)
        function, table = self.function(general), self.table(general)
        self._make_waiting()
        if general in self.unfollowed and table is None:
            return None
        parameters = [f"a{n}" for n in range(arity)]
        candidates = t.cast(Candidates, self.candidates(name, arity))
        literals = {position for clause in candidates for position, _ in clause.literals}
        texts = frozenset(parameters[position] for position in literals | {arity // 2} if arity)
        rule = self.constant(name)
        writer = QuestionWriter(rule, parameters, texts, function, table)
        shortcuts, listed = self._shortcuts(name, arity), facts(candidates)
        if listed is not None and arity:
            writer = dataclasses.replace(writer, facts=(self.constant(frozenset(listed)), listed))
        elif shortcuts is not None:
            writer = dataclasses.replace(writer, shortcuts=(self.constant(shortcuts), shortcuts))
        return self._compiled(writer.write(), QUESTION_FILE, {})

    def _shortcuts(self, name: str, arity: int) -> Shortcuts | None:
        """Give the functions of a rule for plain data, which are made when first asked for."""
        key = (name, arity)
        if key not in self._shortened:
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
        made = Quiet()
        return self.constant(made), made

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
        if texts is None or len(texts) > MAX_VARIANTS:
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

    def _is_simple(self, arg: t.Any) -> bool:
        """Tell whether an argument can be used as it is; learn its class if it can."""
        if type(arg) in self._plain:
            return True
        if type(arg) in (list, dict) or attributes.is_internal(type(arg)):
            return False
        term = to_polar(arg)
        if type(term) is Instance:
            self._learn(type(arg))
            return True
        return type(term) is Value

    def _learn(self, cls: type) -> None:
        if not is_plain(cls) or issubclass(cls, type):
            return
        self._plain.add(cls)
        if leaves_equality(cls):
            self._simple.add(cls)
            self._decided.add(cls)

    def _make_sure(self, value: t.Any, span: t.Any) -> None:
        """Refuse what leads to the whole process; learn the class of what does not."""
        attributes.check_reachable(value, span)
        kind = type(value)
        if kind is terms.Variable:
            raise Unforeseen
        if attributes.is_candid(kind):
            self._harmless.add(kind)

    def _by_solver(self, name: str, args: tuple[t.Any, ...], clock: Clock | None = None) -> bool:
        begun = None if clock is None else clock[2]
        return bool(self._engine.solve_call(name, args, begun=begun))

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
                self.unfollowed[variant] = reason
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
            self._sites[code] = _sites_by_offset(code, sites)
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

    # -- what functions ask for -----------------------------------------------------------

    def _equal(self, left: t.Any, right: t.Any, spans: tuple[t.Any, t.Any]) -> bool:
        for value, span in zip((left, right), spans, strict=True):
            if span is not None:
                self._make_sure(value, span)
            self._learn(type(value))
        if self._are_compared_by_python(type(left), type(right)):
            return compare(Operator.EQ, left, right)
        return bool(self._engine.solver().equal(_ground(left), _ground(right)))

    def _are_compared_by_python(self, left: type, right: type) -> bool:
        """Tell whether values of two classes are equal where Python says so."""
        if left in self._plain:
            return right in self._plain or right in _SCALARS
        return right in self._plain and left in _SCALARS

    def _matches(self, item: t.Any, texts: tuple[str, ...]) -> Iterator[None]:
        for text in texts:
            if self._equal(item, text, (None, None)):
                yield

    def _read(self, value: t.Any, name: str, span: t.Any, written: t.Any) -> t.Any:
        kind = type(value)
        if kind is dict:
            term = result_to_polar(value)
            if type(term) is Dictionary:
                found = term.get(name)
                return _MISSING if found is None else to_python(found, str)
        if kind is bool:
            raise self._here().no_lookup(self._placed(value, written), span)
        found = self._attribute(value, name, span, self._here)
        self._learn(kind)
        self._make_sure(found, span)
        return found

    def _field(self, value: t.Any, name: str, span: t.Any) -> t.Any:
        """Read a field of what is matched with a pattern; tell if there is none."""
        kind = type(value)
        if kind is dict:
            term = result_to_polar(value)
            if type(term) is Dictionary:
                found = term.get(name)
                return _MISSING if found is None else to_python(found, str)
        try:
            found = fields.read(self.host, _copied(value), name, span)
        except AttributeError as error:
            return self._no_field(value, name, error, span)
        except fields.UnreadableRelation as error:
            raise self._here().unreadable(error, span) from error
        self._learn(kind)
        self._make_sure(found, span)
        return found

    def _no_field(self, value: t.Any, name: str, error: AttributeError, span: t.Any) -> t.Any:
        if attributes.is_computed(_copied(value), name):
            raise self._here().failed_field(error, span) from error
        return _MISSING

    def _in_order(
        self, clauses: list[Clause], matched: tuple[bool, ...], args: tuple[t.Any, ...]
    ) -> list[int]:
        """Give the numbers of the clauses that match, in the order in which they are tried."""
        chosen = [number for number, is_match in enumerate(matched) if is_match]
        if len(chosen) < 2:
            return chosen
        numbers = {id(clauses[number]): number for number in chosen}
        # Of an argument, only the class of an object counts.
        terms = [_NO_OBJECT if type(arg) in (list, dict) else result_to_polar(arg) for arg in args]
        ordered = sort_clauses([clauses[number] for number in chosen], terms, self.host)
        return [numbers[id(clause)] for clause in ordered]

    def _attribute(self, value: t.Any, name: str, span: t.Any, here: Callable[[], Solver]) -> t.Any:
        try:
            return fields.read(self.host, _copied(value), name, span)
        except AttributeError as error:
            raise here().no_attribute(result_to_polar(value), name, error, span) from error
        except fields.UnreadableRelation as error:
            raise here().unreadable(error, span) from error

    def _call_method(
        self, value: t.Any, key: t.Any, args: tuple[t.Any, ...], clock: Clock
    ) -> t.Any:
        if clock[1] is None:
            clock[1] = time.monotonic()
        name, span, keywords, written = key
        if type(value) is bool:
            raise self._here().no_lookup(self._placed(value, written), span)
        method = self._attribute(value, name, span, self._here)
        if not callable(method):
            raise self._here().not_callable(name, span)
        found = self._called(method, args, keywords, clock)
        self._make_sure(found, span)
        return found

    def _construct(self, cls: type, what: t.Any, args: tuple[t.Any, ...], clock: Clock) -> t.Any:
        """Make an object of the host."""
        name, span, keywords = what
        try:
            made = self._called(cls, args, keywords, clock)
        except OsoError:
            raise
        except Exception as error:
            # Whatever it is, it goes on as an error, with the place in the policy.
            raise not_constructed(name, error, span) from error
        if not isinstance(made, cls):
            raise Unforeseen
        self._learn(type(made))
        return made

    def _called(
        self, function: t.Any, args: tuple[t.Any, ...], keywords: tuple[str, ...], clock: Clock
    ) -> t.Any:
        """Call something of the host; behind a call that takes long, the clock is looked at."""
        if clock[1] is None:
            clock[1] = time.monotonic()
        plain = [_copied(arg) for arg in args]
        count = len(plain) - len(keywords)
        found = function(*plain[:count], **dict(zip(keywords, plain[count:], strict=True)))
        if time.monotonic() - clock[1] > _BRIEF:
            self._look_at(clock)
        return found

    def _split(
        self, value: t.Any, what: tuple[int, bool], shown: t.Any = None, is_left: bool = True
    ) -> t.Any:
        """Give the elements of a list that has so many, and a list of the others if it may."""
        count, is_open = what
        term = _ground(value)
        if type(term) is List:
            length = len(term.items)
            if length != count and not (is_open and length > count):
                return _MISSING
            return [*value[:count], value[count:]] if is_open else [*value]
        if type(term) is Instance and shown is not None:
            if is_open:
                # No object can be shown a list that has no end yet.
                raise UnexpectedPolarTypeError("RestVariable")
            sides = (shown, value) if is_left else (value, shown)
            if compare(Operator.EQ, *sides):
                # Only the solver goes on with variables that have no value then.
                raise Unforeseen
        return _MISSING

    def _calculate(self, left: t.Any, right: t.Any, goal: Expression, result: t.Any) -> t.Any:
        if _is_number(left) and _is_number(right):
            with contextlib.suppress(ArithmeticError):
                return numbers.calculate(goal.operator, left, right)
        name = getattr(goal.args[2], "name", "")
        shown = Unknown(f"_{name}_1") if result is _MISSING else result_to_polar(result)
        # It raises, and says why there is no result.
        return self._at(goal).calculate(goal, _ground(left), _ground(right), shown).value

    def _read_key(
        self, value: t.Any, key: t.Any, goal: Expression, written: t.Any, key_written: t.Any
    ) -> t.Any:
        """Read a field whose name is computed."""
        if type(value) is bool:
            raise self._here().no_lookup(self._placed(value, written), goal.span)
        if type(key) is not str or not key.isascii():
            term = self._placed(key, key_written)
            key = self._here().key_name(term, goal)
        return self._read(value, key, goal.span, written)

    def _elements(
        self, collection: t.Any, goal: Expression, span: t.Any, written: t.Any, clock: Clock
    ) -> Iterator[t.Any]:
        if span is not None:
            self._make_sure(collection, span)
        term = result_to_polar(collection)
        # Only the error for what is no collection has a trace, and making that takes long.
        is_collection = type(term) is not Value or type(term.value) is str
        solver = self._at(goal) if is_collection else self._here()
        if not is_collection:
            term = self._placed(collection, written)
        solver.begun = _begun(clock)
        for element in solver.elements(term, goal):
            self._look_at(clock)
            yield to_python(element, str)

    def _compare(self, left: t.Any, right: t.Any, goal: Expression) -> bool:
        sides = _ground(left), _ground(right)
        expression = Expression(goal.operator, sides, span=goal.span)
        return bool(self._at(goal).compare_terms(expression))

    def _condition(self, value: t.Any, goal: Term, span: t.Any, written: t.Any) -> bool:
        """Tell what a condition that is neither true nor false is: an error."""
        self._make_sure(value, span)
        term = self._placed(value, written)
        return bool(self._here(term).condition(term, goal))

    def _placed(self, value: t.Any, written: Span | int | None) -> Term:
        """Make a term of a value that shows where it was written, if it was."""
        term = result_to_polar(value)
        if isinstance(written, int):
            # The goal at hand comes first, then the call that the parameter belongs to.
            written = _place_of(self._goals(sys._getframe(2))[1:], written)
        return Value(term.value, span=written) if type(term) is Value else term

    def _goals(self, frame: types.FrameType) -> list[Term | None]:
        """Give the goals that compiled functions are at, innermost first."""
        found = _frames(frame, self._sites)
        sites = (self._sites[code].get(offset) for code, offset in reversed(found))
        return [site.steps[-1][0] for site in sites if site is not None and site.steps]

    # -- time -----------------------------------------------------------------------------

    def _look_at(self, clock: Clock) -> None:
        clock[0] = CLOCK_INTERVAL
        if clock[1] is None:
            clock[1] = time.monotonic()
        self._engine.solver().check_time(clock[1])

    # -- the solver takes over -------------------------------------------------------------

    def _hand_over(
        self, name: str, args: tuple[t.Any, ...], clock: Clock, labels: t.Any = None
    ) -> bool:
        for _ in self._hand_over_each(name, args, clock, labels):
            return True
        return False

    def _hand_over_each(
        self, name: str, args: tuple[t.Any, ...], clock: Clock, labels: t.Any = None
    ) -> Iterator[None]:
        """Let the solver find the solutions of a call.

        :param labels: what tells arguments apart, one value from another that is the same.
        """
        if clock[1] is None:
            clock[1] = time.monotonic()
        steps = self._steps(_frames(sys._getframe(1), self._sites))
        named = dict(zip(labels or range(len(args)), map(result_to_polar, args), strict=True))
        goal = Call(name, tuple(named[label] for label in labels or named))
        around = None
        if steps:
            # The last step is the call itself, which the solver makes anew.
            around = _chain(steps[:-1], _entry_call(sys._getframe(1)))
            goal = _as_written(goal, self._goals(sys._getframe(1)))
        solver: Solver = self._engine.solver()
        solver.begun = _begun(clock)
        for is_decided in solver.go_on(goal, around, clock[1]):
            if not is_decided:
                # An error, unless what comes behind fails: only the solver can tell.
                raise Unforeseen
            yield

    def _at(self, goal: Term) -> Solver:
        """Give a solver that knows the goal at hand, and not the way to it."""
        solver: Solver = self._engine.solver()
        solver.stand_at(_chain([(goal, None)], None))
        return solver

    def _here(self, goal: Term | None = None) -> Solver:
        """Give a solver that is where the function is that asks.

        :param goal: what the goal at hand stands for, if it is a variable.
        """
        solver: Solver = self._engine.solver()
        steps = self._steps(_frames(sys._getframe(2), self._sites))
        if goal is not None:
            steps[-1] = (goal, steps[-1][1])
        solver.stand_at(_chain(steps, _entry_call(sys._getframe(2))))
        return solver

    def _steps(self, frames: list[tuple[types.CodeType, int]]) -> Steps:
        steps: Steps = []
        for code, offset in frames:
            site = self._sites[code].get(offset)
            if site is not None:
                steps.extend(site.steps)
        return steps

    def _problem(
        self, error: AttributeError, name: str, args: tuple[t.Any, ...]
    ) -> OsoError | None:
        """Make the error of the policy for an attribute that a function did not find.

        ``None`` if it comes from elsewhere: from inside a method, or from a comparison.
        """
        frames = list(_until_next_entry(error.__traceback__, self._sites))
        code, offset = frames[-1]
        site = self._sites[code].get(offset)
        if site is None:
            return None
        goal = site.steps[-1][0]
        if not isinstance(goal, Expression) or goal.operator is not Operator.DOT:
            return None
        key = goal.args[1]
        if not isinstance(key, Value):
            return None
        solver: Solver = self._engine.solver()
        solver.stand_at(_chain(self._steps(frames), Call(name, tuple(map(to_polar, args)))))
        # Without its owner, an error from inside of a property proposes nothing.
        value = Instance(error.obj)
        return solver.no_attribute(value, str(key.value), error, goal.span)


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


def _searched(solutions: Iterator[None]) -> bool:
    """Look for all solutions; tell whether there was one."""
    return sum(1 for _ in solutions) > 0


def _copied(value: t.Any) -> t.Any:
    """Give what crosses the border: a list or a dictionary as a copy."""
    if type(value) is list or type(value) is dict:
        return to_python(result_to_polar(value), str)
    return value


def _ground(value: t.Any) -> Term:
    """Make a term of a value.

    :raises Unforeseen: if the host put a variable in it, which only the solver can bind.
    """
    term = result_to_polar(value)
    if not is_ground(term):
        raise Unforeseen
    return term


def _begun(clock: Clock) -> dict[int, Iterator[t.Any]]:
    """Give the iterators that this question has read: the solver must not read one again."""
    if clock[2] is None:
        clock[2] = {}
    return t.cast("dict[int, Iterator[t.Any]]", clock[2])


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


def _is_deep() -> bool:
    """Tell whether little is left of Python's stack."""
    try:
        sys._getframe(sys.getrecursionlimit() - _HEADROOM)
    except ValueError:
        return False
    return True


def _sites_by_offset(code: types.CodeType, sites: dict[Position, Site]) -> dict[int, Site]:
    """Give the goal that each instruction of a function stands for, if it stands for one."""
    found: dict[int, Site] = {}
    last: Site | None = None
    is_next = False
    nothing = position_of(None)
    for offset, position in zip(range(0, len(code.co_code), 2), code.co_positions(), strict=False):
        site = sites.get(t.cast(Position, position)) if position != nothing else None
        if code.co_code[offset] == _FOR_ITER:
            # The next element is asked for where the loop's source was made, just before.
            is_next = True
        elif code.co_code[offset] != _CACHE:
            is_next = False
        if is_next:
            site = last
        if site is not None:
            found[offset] = last = site
    return found


_FOR_ITER = opcode.opmap["FOR_ITER"]
#: What stands behind an instruction, where the interpreter may be while it is carried out.
_CACHE = opcode.opmap["CACHE"]


def _frames(
    frame: types.FrameType | None, sites: dict[types.CodeType, t.Any]
) -> list[tuple[types.CodeType, int]]:
    """Give the compiled functions under way in this question, outermost first."""
    found = []
    while frame is not None and not is_entry(frame.f_code):
        if frame.f_code in sites:
            found.append((frame.f_code, frame.f_lasti))
        frame = frame.f_back
    return found[::-1]


def _entry_call(frame: types.FrameType | None) -> Call | None:
    """Give the question that is under way."""
    while frame is not None and not is_entry(frame.f_code):
        frame = frame.f_back
    if frame is None:
        return None
    names = frame.f_locals
    args = tuple(to_polar(names[f"a{n}"]) for n in range(frame.f_code.co_argcount))
    return Call(names["name"], args)


def _as_written(goal: Call, goals: list[Term | None]) -> Call:
    """Give a call its place, and its literals theirs.

    :param goals: the goals that compiled functions are at, innermost first.
    """
    # What is one term stays one, wherever it stands.
    placed: dict[int, Term] = {}
    for at, arg in enumerate(goal.args):
        known = Value(arg.value, span=_place_of(goals, at)) if type(arg) is Value else arg
        placed.setdefault(id(arg), known)
    args = tuple(placed[id(arg)] for arg in goal.args)
    return Call(goal.name, args, span=None if goals[0] is None else goals[0].span)


def _place_of(goals: list[Term | None], position: int) -> Span | None:
    """Tell where an argument of a call was written, if it is a literal.

    :param goals: the call, the call that it is part of, and so on.
    """
    for goal in goals:
        called = getattr(goal, "term", goal)
        if not isinstance(called, Call) or position >= len(called.args):
            return None
        arg = called.args[position]
        if not isinstance(arg, Passed) or arg.parameter is None:
            return arg.span if isinstance(arg, (Passed, Value)) else None
        position = arg.parameter
    return None


def _is_number(value: t.Any) -> bool:
    """Tell whether a value is a number that Polar has, too."""
    kind = type(value)
    return kind is float or (kind is int and INTEGER_MIN <= value <= INTEGER_MAX)


def _excludes(literal: t.Any, value: t.Any) -> bool:
    """Tell whether a literal of a head can never be a value of Polar's own."""
    term = result_to_polar(value)
    if type(term) is Value:
        return not numbers.equal(literal, term.value)
    return type(term) is not Instance


def is_entry(code: types.CodeType) -> bool:
    """Tell whether a frame with this code is a question that compiled rules answer."""
    return code.co_filename == QUESTION_FILE


def _until_next_entry(
    trace: types.TracebackType | None, sites: dict[types.CodeType, t.Any]
) -> Iterator[tuple[types.CodeType, int]]:
    """Give the functions that an error came through, up to where another question began."""
    is_first = True
    while trace is not None:
        code = trace.tb_frame.f_code
        if is_entry(code) and not is_first:
            return
        is_first = False
        if code in sites:
            yield code, trace.tb_lasti
        trace = trace.tb_next


def _chain(steps: Steps, question: Call | None) -> Step | None:
    """Make the steps of a run from the goals around a place."""
    step = Step(None, [], None, None, 0)
    if question is not None:
        step = Step(question, [], step, None, 0)
    for goal, rule in steps:
        step = Step(goal, [], step, rule, 0)
    return step
