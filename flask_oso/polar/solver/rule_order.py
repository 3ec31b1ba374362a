"""The order in which applicable rules are tried: more specific ones first.

An insertion sort over a relation that is not transitive in all cases, so the procedure itself is
the definition. This is the only implementation: compiled rules and lists ask it, too.
"""

from __future__ import annotations

import enum
import typing as t
from collections.abc import Callable, Iterator, Sequence

from ..host import numbers
from ..host.registry import RESERVED_NAMES, Host
from ..nodes import Call, Dictionary, Instance, Origin, Pattern, Term, Value, Variable, parts
from ..value_objects import Record
from .clauses import Clause


class UnknownOfClass(Record):
    """An argument of which nothing is known but the class of the object that it is."""

    cls: type


def argument_class(arg: t.Any) -> type | None:
    """Return the class of an argument that is an object; ``None`` for anything else."""
    if isinstance(arg, UnknownOfClass):
        return arg.cls
    return type(arg.value) if isinstance(arg, Instance) else None


def sort_clauses(clauses: Sequence[Clause], args: Sequence[t.Any], host: Host) -> list[Clause]:
    """Sort applicable clauses; ties keep the order in which they were loaded.

    :param args: the arguments of the call, bound variables followed, or ``UnknownOfClass``.
    """
    return sort_by(clauses, _is_more_specific, args, host)


def sort_by(
    clauses: Sequence[Clause], is_first: Callable[..., bool], *context: t.Any
) -> list[Clause]:
    """Sort clauses, each in front of those right before it that it has to precede.

    :param is_first: tells whether one clause is tried before another, given the ``context``.
    """
    ordered: list[Clause] = []
    for clause in clauses:
        at = len(ordered)
        while at and is_first(clause, ordered[at - 1], *context):
            at -= 1
        ordered.insert(at, clause)
    return ordered


def _is_more_specific(left: Clause, right: Clause, args: Sequence[t.Any], host: Host) -> bool:
    pairs = zip(left.rule.parameters, right.rule.parameters, args, strict=True)
    for mine, other, arg in pairs:
        if mine.specializer is None and other.specializer is None:
            continue
        verdict = compare_specializers(mine.specializer, other.specializer)
        if verdict is Specificity.BY_CLASS:
            patterns = t.cast("tuple[Pattern, Pattern]", (mine.specializer, other.specializer))
            return _is_nearer(*patterns, arg, host)
        if verdict is not Specificity.SAME:
            return verdict is Specificity.MORE
    return False


class Specificity(enum.Enum):
    """How a specializer compares with another one."""

    MORE = enum.auto()
    #: Less specific, or not to be compared: the order of loading stays.
    NOT_MORE = enum.auto()
    #: Equally specific: the next parameter decides.
    SAME = enum.auto()
    #: Two patterns with classes: the class of the argument decides.
    BY_CLASS = enum.auto()


def compare_specializers(left: Term | None, right: Term | None) -> Specificity:
    """Compare two specializers as they are written, without an argument."""
    if left is None or right is None:
        return _more(right is None) if left is not right else Specificity.SAME
    if is_union_pattern(left):
        return Specificity.SAME if is_union_pattern(right) else Specificity.NOT_MORE
    if is_union_pattern(right):
        return Specificity.MORE
    if is_same_pattern(left, right):
        return Specificity.SAME
    if not isinstance(left, Pattern) or not isinstance(right, Pattern):
        return Specificity.NOT_MORE
    if left.tag is None:
        return _more(right.tag is None and has_more_fields(left, right))
    return Specificity.MORE if right.tag is None else Specificity.BY_CLASS


def _more(is_more: bool) -> Specificity:
    return Specificity.MORE if is_more else Specificity.NOT_MORE


def has_more_fields(left: Pattern, right: Pattern) -> bool:
    """Return which of two patterns for the same class is the more specific one."""
    return len(left.fields) > len(right.fields)


def _is_nearer(left: Pattern, right: Pattern, arg: t.Any, host: Host) -> bool:
    """Return whether the class of the left pattern is nearer to that of an argument."""
    cls = argument_class(arg)
    if cls is None:
        return False
    if left.tag == right.tag:
        return has_more_fields(left, right)
    left_class = host.classes.get(t.cast(str, left.tag))
    right_class = host.classes.get(t.cast(str, right.tag))
    for mro in _lines_of(cls, arg):
        # Found by their hash: one that is compared with others asks its metaclass.
        places = {each: at for at, each in enumerate(mro)}
        if left_class in places and right_class in places:
            return places[left_class] < places[right_class]
    return False


def _lines_of(cls: type, arg: t.Any) -> Iterator[tuple[type, ...]]:
    """Yield the bases of the class of an argument, and then of the one that it claims to have.

    A stand-in, such as a weak proxy, matches the patterns of the class that it claims, by
    ``isinstance``; so its rules have the order that they have for an object of that class.
    """
    yield cls.__mro__
    claimed = getattr(arg.value, "__class__", cls) if isinstance(arg, Instance) else cls
    if claimed is not cls and isinstance(claimed, type):
        yield claimed.__mro__


def is_same_pattern(left: t.Any, right: t.Any) -> bool:
    """Return whether two patterns are equal: numbers by value; no ``_`` equals another one."""
    pairs = [(left, right)]
    while pairs:
        left, right = pairs.pop()
        if not _are_equal_without_parts(left, right):
            return False
        pairs.extend(zip(parts(left), parts(right), strict=True))
    return True


def _are_equal_without_parts(left: t.Any, right: t.Any) -> bool:
    """Return whether two patterns are equal, apart from their parts."""
    if isinstance(left, Value) and isinstance(right, Value):
        return numbers.equal_scalars(left.value, right.value)
    if isinstance(left, Variable) and isinstance(right, Variable):
        return left == right and left.origin is not Origin.ANONYMOUS
    if type(left) is not type(right) or _shape(left) != _shape(right):
        return False
    return not isinstance(left, Instance)


def _shape(term: t.Any) -> tuple[t.Any, ...]:
    if isinstance(term, (Pattern, Dictionary)):
        return getattr(term, "tag", None), [key for key, _ in term.fields]
    if isinstance(term, Call):
        return term.name, len(term.args), [key for key, _ in term.kwargs]
    return getattr(term, "operator", None), len(parts(term)), _is_open(term)


def _is_open(term: t.Any) -> bool:
    return getattr(term, "rest", None) is not None


def is_union_pattern(specializer: Term) -> bool:
    """Return whether a specializer is ``Actor`` or ``Resource``."""
    return isinstance(specializer, Pattern) and specializer.tag in RESERVED_NAMES
