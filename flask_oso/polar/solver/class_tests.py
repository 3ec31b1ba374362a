"""Which classes a pattern names, and how their instances are told.

In goes the tag of a pattern; out come the classes that it stands for: itself, or the members of
the unions ``Actor`` and ``Resource``. ``Matcher`` makes the test; compiled rules, lists and
proofs ask here what it would be.
"""

from __future__ import annotations

import abc
import typing as t

from ..host.registry import RESERVED_NAMES
from .machine import KnowledgeBase

#: Metaclasses whose classes tell their instances by the class of the instance alone.
PLAIN_METACLASSES = (type, abc.ABCMeta)


def members_of_tag(tag: str, program: KnowledgeBase) -> tuple[str, ...]:
    """Return the names of the classes that a tag stands for: its own, or those of a union."""
    if tag not in RESERVED_NAMES:
        return (tag,)
    return program.actors if tag == "Actor" else program.resources


def has_instance_test(cls: type) -> bool:
    """Return whether a class has a test of its own for instances, which may run any code."""
    own: t.Any = type(cls).__instancecheck__
    return own is not type.__instancecheck__


def tells_by_class(cls: type) -> bool:
    """Return whether a class knows its instances by the class alone, as mapped ones do.

    Unlike for ``has_instance_test``, the test of ``abc.ABCMeta`` counts as one by class.
    """
    owner = next(each for each in type.mro(type(cls)) if "__instancecheck__" in vars(each))
    return owner in PLAIN_METACLASSES
