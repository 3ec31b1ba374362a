"""The order in which applicable rules are tried: more specific ones first.

An insertion sort over a relation that is not transitive in all cases, so the procedure
itself is the definition (specification 4.4).
"""

from __future__ import annotations

import typing as t
from collections.abc import Sequence

from ..host import numbers
from ..host.registry import RESERVED_NAMES, Host
from ..nodes import Call, Dictionary, Instance, Origin, Pattern, Term, Value, Variable, parts
from .clauses import Clause


class UnknownOfClass(t.NamedTuple):
    """An argument of which nothing is known but the class of the object that it is."""

    cls: type


def argument_class(arg: t.Any) -> type | None:
    """Give the class of an argument that is an object; ``None`` for anything else."""
    if isinstance(arg, UnknownOfClass):
        return arg.cls
    return type(arg.value) if isinstance(arg, Instance) else None


def sort_clauses(clauses: Sequence[Clause], args: Sequence[t.Any], host: Host) -> list[Clause]:
    """Sort applicable clauses; ties keep the order in which they were loaded.

    :param args: the arguments of the call, bound variables followed, or ``UnknownOfClass`` a class.
    """
    ordered: list[Clause] = []
    for clause in clauses:
        at = len(ordered)
        while at and _is_more_specific(clause, ordered[at - 1], args, host):
            at -= 1
        ordered.insert(at, clause)
    return ordered


def _is_more_specific(left: Clause, right: Clause, args: Sequence[t.Any], host: Host) -> bool:
    # The patterns as written, not the prepared ones: equality is that of the text.
    pairs = zip(left.rule.parameters, right.rule.parameters, args, strict=True)
    for left_parameter, right_parameter, arg in pairs:
        verdict = _compare(left_parameter.specializer, right_parameter.specializer, arg, host)
        if verdict is not None:
            return verdict
    return False


def _compare(left: Term | None, right: Term | None, arg: t.Any, host: Host) -> bool | None:
    """Tell whether the left specializer is more specific; ``None`` if they tie."""
    if left is None:
        return None if right is None else False
    if right is None:
        return True
    if is_union_pattern(left):
        return None if is_union_pattern(right) else False
    if is_union_pattern(right):
        return True
    if is_same_pattern(left, right):
        return None
    return _is_sub_specializer(left, right, arg, host)


def _is_sub_specializer(left: Term, right: Term, arg: t.Any, host: Host) -> bool:
    if not isinstance(left, Pattern) or not isinstance(right, Pattern):
        return False
    if left.tag is None:
        return right.tag is None and len(left.fields) > len(right.fields)
    if right.tag is None:
        return True
    cls = argument_class(arg)
    if cls is None:
        return False
    if left.tag == right.tag:
        return len(left.fields) > len(right.fields)
    mro = cls.__mro__
    left_class, right_class = host.classes.get(left.tag), host.classes.get(right.tag)
    if left_class not in mro or right_class not in mro:
        return False
    return mro.index(left_class) < mro.index(right_class)


def is_same_pattern(left: t.Any, right: t.Any) -> bool:
    """Tell whether two patterns say the same: numbers by value, and no ``_`` is another."""
    pairs = [(left, right)]
    while pairs:
        left, right = pairs.pop()
        if not _are_alike(left, right):
            return False
        pairs.extend(zip(parts(left), parts(right), strict=True))
    return True


def _are_alike(left: t.Any, right: t.Any) -> bool:
    """Tell whether two patterns say the same, whatever is in them."""
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
    """Tell whether a specializer is ``Actor`` or ``Resource``."""
    return isinstance(specializer, Pattern) and specializer.tag in RESERVED_NAMES
