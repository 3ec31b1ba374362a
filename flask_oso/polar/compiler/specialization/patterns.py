"""Which clauses the known arguments allow, and the class tests of a function."""

from __future__ import annotations

import ast
import enum
import typing as t
from collections.abc import Sequence

from ...host import sandbox
from ...nodes import Instance, Parameter, Pattern, Slot, Term, Value
from ...solver.class_index import Lineage, is_silent
from ...solver.class_tests import (
    are_unrelated,
    derives,
    has_instance_test,
    runs_instance_test,
)
from ...solver.clauses import Clause
from ...sources import Span
from ..binding_analysis import (
    ArgumentFacts,
    NotCompilable,
    check_class,
    has_cut,
    is_class_only,
    is_string,
)
from ..classes.plain_classes import is_plain
from ..goal_forms import written_term
from ..scopes import classes_of, instance_test
from ..snippets import any_of, is_type, is_unchecked
from .guards import Guards
from .regions import Known, Region, give_up_if
from .solution_keys import is_container
from .value_tests import VALUES
from .values import ValueGuards

_OF_SCALARS = frozenset({"String", "Integer", "Float", "Boolean"})
_CONTAINERS: dict[str, type] = {"List": list, "Dictionary": dict}
_NATIVE = frozenset({"String", "Integer", "Float", "Boolean", "List", "Dictionary"})


class Match(enum.Enum):
    """Whether a clause may match."""

    NO = enum.auto()
    #: It does not, and the solver asks an argument what it equals before it knows.
    ASKED = enum.auto()
    MAYBE = enum.auto()


class PatternGuards:
    """Writes class tests, and tells which clauses may match.

    :param values: reads and compares the fields of patterns.
    """

    def __init__(self, guards: Guards, values: ValueGuards) -> None:
        self._guards, self._values = guards, values
        #: What is known of the classes of patterns in heads, which are asked about again and again:
        #: by their identities, with the patterns, which are kept alive.
        self._known: dict[int, tuple[Term, Pattern | None]] = {}

    def pattern(self, specializer: t.Any) -> Pattern:
        """Check that a pattern is a class whose fields are literals."""
        span = getattr(specializer, "span", None)
        if not isinstance(specializer, Pattern) or specializer.tag is None:
            raise NotCompilable("a pattern without a class", span)
        if not all(isinstance(value, Value) for _, value in specializer.fields):
            raise NotCompilable("a field that is compared with a variable", span)
        check_class(specializer, self._guards.names.host)
        if any(runs_instance_test(cls) for cls in classes_of(self._guards.names, specializer)):
            raise NotCompilable("a class with an instance test of its own", span)
        return specializer

    def class_of(self, specializer: Term | None) -> Pattern | None:
        """Check a pattern of a head as ``pattern`` does; return what is known of its class.

        ``None`` for one without a class. Its fields may be of any form: they are matched by a goal.
        """
        if specializer is None:
            return None
        if id(specializer) not in self._known:
            self._known[id(specializer)] = specializer, self._checked(specializer)
        return self._known[id(specializer)][1]

    def _checked(self, specializer: Term) -> Pattern | None:
        if not has_open_fields(specializer):
            return self.pattern(specializer)
        whole = t.cast(Pattern, written_term(specializer))
        return None if whole.tag is None else self.pattern(Pattern(whole.tag, span=whole.span))

    def possible(
        self, name: str, args: Sequence[Known | None], region: Region | None = None
    ) -> list[Clause] | None:
        """Return the clauses that the known strings and classes do not exclude.

        :param args: the arguments; ``None`` for an unbound one.
        :param region: where the function may give up for a related row of another class than its
            relation leads to.
        :returns: ``None`` if the rule is not defined.
        """
        if self._guards.names.candidates(name, len(args)) is None:
            return None
        literals: dict[int, Value | None] = {
            at: arg.literal for at, arg in enumerate(args) if arg and is_string(arg.literal)
        }
        facts = ArgumentFacts(literals, self.lineages(args))
        clauses = self._guards.names.clauses_for(name, len(args), facts)
        return clauses if region is None or clauses is None else self._about(region, clauses, args)

    def _about(
        self, region: Region, clauses: list[Clause], args: Sequence[Known | None]
    ) -> list[Clause]:
        """Leave out the clauses that are about other classes than related rows are of."""
        for at, arg in enumerate(args):
            cls = None if arg is None else self._values.rows.related_one(arg)
            if cls is None:
                continue
            left = [each for each in clauses if not self._is_about_another(each, at, cls, args)]
            if len(left) < len(clauses):
                self._values.rows.check_class(region, t.cast(Known, arg))
                clauses = left
        return clauses

    def _is_about_another(
        self, clause: Clause, at: int, cls: type, args: Sequence[Known | None]
    ) -> bool:
        """Tell whether a head has another class at a position, and nothing is asked before."""
        for parameter in clause.parameters:
            # The solver may ask a class with a test of its own first.
            self.class_of(parameter.specializer)
        for place, (parameter, arg) in enumerate(zip(clause.parameters[:at], args, strict=False)):
            is_text = arg is not None and arg.is_literal
            is_asked_first = not isinstance(parameter.term, Slot) and not is_text
            if is_asked_first or not is_silent(clause, place):
                return False
        wanted = self.class_of(clause.parameters[at].specializer)
        if wanted is None or wanted.tag in _NATIVE:
            return False
        return not any(self.is_of(each, wanted) for each in (cls, type(None)))

    def lineages(self, args: Sequence[Known | None]) -> dict[int, Lineage]:
        """Return what the classes of arguments tell, by position, where that is known."""
        kinds = {at: arg.exact for at, arg in enumerate(args) if arg is not None}
        made = {
            at: self._guards.names.lineage(kind)
            for at, kind in kinds.items()
            if kind is not None and kind not in VALUES
        }
        return {at: lineage for at, lineage in made.items() if lineage is not None}

    def match(
        self, clause: Clause, args: Sequence[Known | None], *, takes_lists: bool = False
    ) -> Match:
        """Tell whether the known arguments allow a clause to match.

        :param args: the arguments; ``None`` for an unbound one.
        :param takes_lists: whether the caller knows heads with lists and dictionaries.
        """
        # A rule that calls itself with the rest of a list has a function of its own.
        takes_lists = takes_lists or not self._guards.names.is_recursive(clause.rule.name)
        if _has_other_text(clause, args, takes_lists=takes_lists):
            return Match.NO
        for parameter in clause.parameters:
            # The solver may ask a class with a test of its own first.
            self.class_of(parameter.specializer)
        excluded = Match.NO
        for at, (parameter, arg) in enumerate(zip(clause.parameters, args, strict=True)):
            if arg is None:
                continue
            if is_nil(parameter.term) and is_not_nil(arg):
                self._check_told(parameter, arg)
                return excluded
            if isinstance(parameter.term, Value) and is_other(arg, parameter.term.value):
                cls, equality = t.cast(type, arg.exact), self._guards.names.equality
                if not self._guards.is_identity(cls) and not equality.knows(cls):
                    self._guards.refuse(parameter.span)
                return excluded
            if is_asked(clause, at, arg):
                excluded = Match.ASKED
            pattern = self.class_of(parameter.specializer)
            if pattern is not None and self._excludes(pattern, arg):
                return excluded
            if not is_silent(clause, at):
                # What is read may fail, whatever the classes of later arguments.
                return Match.MAYBE
        return Match.MAYBE

    def _excludes(self, pattern: Pattern, arg: Known) -> bool:
        """Tell whether the class of an argument is known, and is another one."""
        return arg.exact is not None and not self.is_of(arg.exact, pattern)

    def _check_told(self, parameter: Parameter, arg: Known) -> None:
        """Check that an argument that is compared with ``nil`` is not asked for it."""
        equality = self._guards.names.equality
        if arg.exact is not None and not equality.is_told_from_nil(arg.exact):
            self._guards.refuse(parameter.span)

    def literal(self, term: Term) -> Known:
        """Return a literal of a head, or ``nil``."""
        if isinstance(term, Value):
            return Known("", literal=term)
        return Known(self._guards.names.constant(None), exact=type(None))

    def matching(
        self,
        clauses: list[Clause],
        args: Sequence[Known | None],
        *,
        takes_lists: bool = False,
        region: Region | None = None,
    ) -> list[Clause]:
        """Return the clauses that may match.

        :param region: where values are asked what they equal before that is known, if all arguments
            have values.
        """
        matches = [self.match(clause, args, takes_lists=takes_lists) for clause in clauses]
        if Match.ASKED in matches and (region is None or None in args):
            raise NotCompilable("a value that is compared before a class", clauses[0].rule.span)
        for clause, each in zip(clauses, matches, strict=True):
            if each is Match.ASKED:
                self.ask_literals(t.cast(Region, region), clause, t.cast("Sequence[Known]", args))
        return [
            clause for clause, each in zip(clauses, matches, strict=True) if each is Match.MAYBE
        ]

    def ask_literals(
        self, region: Region, clause: Clause, args: Sequence[Known], end: int | None = None
    ) -> None:
        """Compare arguments with the literals of a head, up to a position."""
        for at, arg in enumerate(args[:end]):
            if is_asked(clause, at, arg):
                literal = self.literal(clause.parameters[at].term)
                span = clause.parameters[at].span
                keep(self._values.equal(region, literal, arg, span), region)

    def is_of(self, cls: type, pattern: Pattern) -> bool:
        """Tell whether instances of a plain class match a pattern."""
        # Not 'issubclass', which the class may override.
        wanted = classes_of(self._guards.names, pattern)
        if any(derives(cls, each) for each in wanted):
            return True
        subclasses = self._guards.names.virtual_subclasses
        if not all(subclasses.are_apart(cls, each) for each in wanted if has_instance_test(each)):
            raise NotCompilable("a class that is registered as a subclass of another", pattern.span)
        return False

    def class_test(
        self, region: Region, value: Known, pattern: Pattern, span: Span | None
    ) -> tuple[Region | None, Known]:
        """Return the region where a value matches a pattern, and what is known of it there."""
        inner, value = self._of_class(region, value, pattern, span)
        # The last field first, as the solver: where it differs, no other is looked at.
        for name, wanted in reversed(pattern.fields):
            if inner is None:
                break
            before, literal = inner, Known("", literal=t.cast(Value, wanted))
            found = self._values.read(before, value, name, span)
            inner = self._values.equal(before, literal, found, span)
            if inner is None:
                keep(before, region)
        return inner, value

    def of_one_class(
        self, region: Region, name: str, args: tuple[Known, ...]
    ) -> tuple[Region, tuple[Known, ...]] | None:
        """Return the region where arguments are of the class that all clauses want of them.

        So what a chain asks about its next object is asked where the class of that is known.
        ``None`` if no clause can match.
        """
        for at, arg in enumerate(args):
            if not arg.is_unknown or arg.source is None or arg.source[1] == "[]":
                continue
            clauses = self.possible(name, args) or []
            wanted = self._class_wanted(clauses, at)
            if wanted is None:
                continue
            for clause in clauses:
                self.ask_literals(region, clause, args, at)
            pattern, span = self.pattern(wanted), clauses[0].parameters[at].span
            inner, arg = self.class_test(region, arg, pattern, span)
            if inner is None:
                return None
            region, args = inner, (*args[:at], arg, *args[at + 1 :])
        return region, args

    def _class_wanted(self, clauses: list[Clause], at: int) -> Term | None:
        """Return the class that all heads want at a position; ``None`` if they want more.

        Also where what is read of an argument before may fail.
        """
        wanted = [clause.parameters[at] for clause in clauses]
        patterns = [each.specializer for each in wanted]
        tags = {each.tag for each in patterns if isinstance(each, Pattern)}
        if len(tags) != 1 or tags.isdisjoint(self._guards.names.host.classes):
            return None
        are_classes = all(is_class_only(each) or has_open_fields(each) for each in patterns)
        are_open = all(isinstance(each.term, Slot) for each in wanted)
        is_first = all(is_silent(clause, each) for clause in clauses for each in range(at))
        return Pattern(tags.pop()) if are_classes and are_open and is_first else None

    def _of_class(
        self, region: Region, value: Known, pattern: Pattern, span: Span | None
    ) -> tuple[Region | None, Known]:
        if value.choices is not None or is_string(value.literal):
            return (region if pattern.tag == "String" else self._no_class(span)), value
        if value.literal is not None:
            self._no_class(span)
        if value.exact is not None:
            return (region if self.is_of(value.exact, pattern) else None), value
        if pattern.tag in _OF_SCALARS and not pattern.fields:
            return self._of_scalars(region, value, pattern, span), value
        known = region.holds(("class", value.name, pattern.tag))
        if known is not None:
            return region, t.cast(Known, known.subject)
        if pattern.tag in _CONTAINERS and not pattern.fields:
            return self._of_container(region, value, pattern, span)
        if pattern.tag in _NATIVE:
            self._no_class(span)
        return self._of_plain_class(region, value, pattern, span)

    def _of_plain_class(
        self, region: Region, value: Known, pattern: Pattern, span: Span | None
    ) -> tuple[Region, Known]:
        """Return the region where a value is of a class of the application, or of several."""
        classes = classes_of(self._guards.names, pattern)
        if not all(is_plain(cls) and sandbox.passes_sandbox(cls) for cls in classes):
            self._no_class(span)
        cls = classes[0] if len(classes) == 1 else None
        if cls is not None and not self._has_subclass(cls):
            test = t.cast(t.Any, is_type(value.name, self._guards.names.constant(cls)))
            # For the passes, which know no constants.
            test.of_class = value.name, cls
            inner = self._exactly(region, value, pattern, test, span)
            inner.subject = inner.known["checked", value.name] = value.replaced(exact=cls)
        else:
            self._guards.check_sandbox(region, value)
            is_one = instance_test(self._guards.names, value.name, pattern)
            key = ("class", value.name, pattern.tag)
            inner = self._guards.under(region, key, is_one, [], span)
            is_row = cls is not None and self._guards.names.host.has_keys(cls)
            inner.subject = value.replaced(expected=cls) if is_row else value
        return inner, inner.subject

    def _exactly(
        self, region: Region, value: Known, pattern: Pattern, test: ast.expr, span: Span | None
    ) -> Region:
        """Return the region where a value is of the class of a pattern itself, as most are.

        The function gives up for one of a derived class, and for what has not passed the sandbox.

        :param test: tells whether it is of the class itself.
        """
        odd = is_unchecked(value.name)
        is_derived = instance_test(self._guards.names, value.name, pattern)
        left = give_up_if(any_of([odd, is_derived]))
        return self._guards.under(region, ("class", value.name, pattern.tag), test, [left], span)

    def _of_scalars(
        self, region: Region, value: Known, pattern: Pattern, span: Span | None
    ) -> Region:
        """Return the region where a value is a string or a number; gives up for a container."""
        region = self._guards.guard_scalar(region, value, span)
        is_one = instance_test(self._guards.names, value.name, pattern)
        return self._guards.under(region, ("scalar", value.name, pattern.tag), is_one, [], span)

    def _of_container(
        self, region: Region, value: Known, pattern: Pattern, span: Span | None
    ) -> tuple[Region, Known]:
        """Return the region where a value is a list, or a dictionary; gives up for other kinds."""
        cls = _CONTAINERS[t.cast(str, pattern.tag)]
        inner = self._exactly(region, value, pattern, is_type(value.name, cls.__name__), span)
        # Its elements are read in the inner region alone, where it is known to have some.
        subject = value.replaced(exact=cls, region=inner)
        inner.subject = inner.known["checked", value.name] = subject
        if cls is list:
            self._guards.check_list(inner, subject)
        return inner, subject

    def exclude_each_other(self, one: Clause, other: Clause, args: Sequence[Known]) -> bool:
        """Tell whether two heads want different classes of one argument, which is of neither yet.

        A function tests for these classes themselves, and gives up for an instance of both.
        """
        return any(
            arg.is_unknown and self._are_apart(one.parameters[at], other.parameters[at])
            for at, arg in enumerate(args)
        )

    def _are_apart(self, one: Parameter, other: Parameter) -> bool:
        classes: list[type] = []
        for each in (one.specializer, other.specializer):
            if each is None or not is_class_only(each) or each.tag in _NATIVE:
                return False
            cls = self._guards.names.host.classes.get(str(each.tag))
            if cls is None or not is_plain(cls) or self._has_subclass(cls):
                return False
            classes.append(cls)
        return are_unrelated(*classes)

    def _has_subclass(self, cls: type) -> bool:
        known = self._guards.names.host.classes.values()
        return any(other is not cls and issubclass(other, cls) for other in known)

    def _no_class(self, span: Span | None) -> t.NoReturn:
        raise NotCompilable("a class of Polar's own values", span)


def keep(region: Region | None, outer: Region) -> None:
    """Keep the condition of a region inside of another: the solver looks at it in any case."""
    if region is not None and region is not outer:
        region.is_kept = True


def _has_other_text(clause: Clause, args: Sequence[Known | None], *, takes_lists: bool) -> bool:
    """Tell whether a head has another string than an argument is.

    Strings are compared before any parameter is matched.

    :param takes_lists: whether the caller knows heads with lists and dictionaries.
    """
    for parameter, arg in zip(clause.parameters, args, strict=True):
        term = parameter.term
        if isinstance(term, Value):
            if arg is not None and arg.exact in (None, str) and is_other(arg, term.value):
                return True
        elif not (isinstance(term, Slot) or is_nil(term) or (takes_lists and is_container(term))):
            raise NotCompilable("a list or dictionary in a head", parameter.span)
    return False


def is_other(value: Known, literal: object) -> bool:
    """Tell whether a value is known not to be what a literal is."""
    is_text = type(literal) is str
    if value.literal is not None:
        mine = value.literal.value
        return (is_text or type(mine) is str) and mine != literal
    if is_text:
        return literal in value.others or value.exact not in (None, str)
    return value.choices is not None or value.exact not in (None, bool, int, float)


def is_asked(clause: Clause, at: int, arg: Known) -> bool:
    """Tell whether the solver asks an argument what it equals, since a head has a literal.

    The argument may have an equality of its own, and a signalling NaN of `decimal` raises.
    """
    return is_literal(clause.parameters[at].term) and arg.is_unknown


def is_nil(term: Term) -> bool:
    """Tell whether a term of a head is the constant ``nil``."""
    return isinstance(term, Instance) and term.value is None


def is_not_nil(value: Known) -> bool:
    """Tell whether a value is known not to be ``nil``."""
    cls = value.exact
    return value.is_literal or (cls is not None and cls is not type(None))


def is_literal(term: Term) -> bool:
    """Tell whether a term of a head is a literal, or ``nil``."""
    return isinstance(term, Value) or is_nil(term)


def is_like(first: Clause, clause: Clause, args: Sequence[Known | None]) -> bool:
    """Tell whether nothing is asked by the head of a clause that another head has not asked.

    Only classes are looked at, and values that the other head compares with a literal, too.
    """
    for at, arg in enumerate(args):
        if arg is None:
            continue
        mine, other = first.parameters[at].term, clause.parameters[at].term
        kinds = {type(term.value) for term in (mine, other) if isinstance(term, Value | Instance)}
        is_compared = is_literal(mine) and len(kinds) == 1
        if not is_silent(clause, at) or (is_asked(clause, at, arg) and not is_compared):
            return False
    return True


def check_heads_behind_cut(clauses: Sequence[Clause], args: Sequence[Known | None]) -> None:
    """Check that no head behind a cut asks what the first one has not asked.

    The solver matches all heads before the first clause, and a function those that it comes to.

    :param clauses: those that may match, in their order.
    :param args: the arguments; ``None`` for a variable without a value, which no head asks.
    :raises NotCompilable: one asks more.
    """
    cutting = next(at for at, clause in enumerate(clauses) if has_cut(clause))
    for clause in clauses[cutting + 1 :]:
        if not is_like(clauses[0], clause, args):
            raise NotCompilable("a head behind a cut, which asks an object", clause.rule.span)


def has_open_fields(term: Term | None) -> bool:
    """Tell whether a pattern has no class, or a field that is a variable or a constant."""
    pattern = None if term is None else written_term(term)
    return isinstance(pattern, Pattern) and (
        pattern.tag is None or not all(isinstance(value, Value) for _, value in pattern.fields)
    )


def fields_in(pattern: Pattern) -> int:
    """Return how many fields a pattern has, with those of patterns in it."""
    inner = [written_term(value) for _, value in pattern.fields]
    return len(inner) + sum(fields_in(each) for each in inner if isinstance(each, Pattern))
