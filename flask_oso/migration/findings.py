"""What is found in a program: a code that stays the same, a place and a sentence."""

from __future__ import annotations

import enum
import typing as t


class Code(enum.StrEnum):
    """What has to be changed, or looked at. ``docs/migrating.md`` has a section for each."""

    #: Nothing calls ``install_as_oso``.
    NOT_INSTALLED = "M101"
    #: ``oso`` is imported before the call.
    INSTALLED_LATE = "M102"
    #: Tests import ``oso`` without the call.
    NOT_INSTALLED_IN_TESTS = "M103"
    #: A package has to be installed without what it asks for, or not at all.
    REQUIREMENT = "M104"
    #: Neither oso 0.27 nor this package has it.
    REMOVED = "M201"
    #: A class is judged where the rule is about its objects.
    CLASS_AS_RESOURCE = "M202"
    #: There are several, or one for each request.
    SEVERAL_OSOS = "M203"
    #: A configuration key that only the program knows.
    OWN_KEY = "M204"
    #: A decorator stands above that of the route, where it guards nothing.
    GUARD_ABOVE_ROUTE = "M205"
    #: An error under a negation is raised, where oso let the negation hold.
    ERROR_UNDER_NOT = "M301"
    #: ``HEAD`` counts as ``GET``, and ``OPTIONS`` is answered without a check.
    METHOD = "M302"
    #: A name with an underscore is refused.
    PRIVATE_NAME = "M303"
    #: The policy has an error.
    NOT_POLAR = "M304"


class Finding(t.NamedTuple):
    """What was found, and where.

    :param line: counted from 1.
    """

    file: str
    line: int
    code: Code
    message: str
