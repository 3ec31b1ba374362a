"""What loading a policy can learn of a registered class: its relatives, its names, its code.

In goes a class; out come these parts, and all of them together as plain data. The cache of
policies compares that data to see whether a class changed.
"""

from __future__ import annotations

import contextlib
import sys
import types
import typing as t
from collections.abc import Iterator, Mapping

from .registry import Host

MOST_RELATIVES = 100
#: Since Python 3.14 a class has a function that evaluates its annotations, and keeps what comes
#: out; any class may get these two when somebody reads its annotations.
_OF_ANNOTATIONS = ("__annotate_func__", "__annotations_cache__")


def facts_of(cls: type, host: Host) -> list[t.Any]:
    """Return as plain data everything about a class that loading a policy depends on.

    The cache of policies keeps it: any change of the class that could change a warning or an
    error changes this data.
    """
    fields = host.fields.get(cls, {})
    related = relatives(cls)[: MOST_RELATIVES + 1]
    return [
        [f"{each.__module__}.{each.__qualname__}" for each in cls.__mro__],
        [(name, _shown_field(field)) for name, field in fields.items()],
        [] if cls.__module__ == "builtins" else [_own_facts(each, host) for each in related],
    ]


def _shown_field(field: t.Any) -> str:
    return field.__qualname__ if isinstance(field, type) else repr(field)


def _own_facts(cls: type, host: Host) -> list[t.Any]:
    code = [(each.co_code.hex(), each.co_names) for each in codes(cls)]
    own = [name for name in vars(cls) if name not in _OF_ANNOTATIONS]
    names = own, [*declared(cls)], [*host.fields.get(cls, ())]
    return [f"{cls.__module__}.{cls.__qualname__}", type(cls).__qualname__, names, code]


def relatives(cls: type) -> list[type]:
    """Return a class and its subclasses with all their parents, without ``object``."""
    found: dict[type, None] = {}
    stack = [cls]
    while stack and len(found) <= MOST_RELATIVES:
        each = stack.pop()
        found.update(dict.fromkeys(each.__mro__))
        stack.extend(type.__subclasses__(each))
    return [each for each in found if each is not object]


def may_be_subclass(cls: type, other: type) -> bool:
    """Tell whether a class is a subclass of another one, or may be.

    A protocol with attributes refuses to tell: only an object has them.
    """
    try:
        return issubclass(cls, other)
    except TypeError:
        return True


def declared(cls: type) -> Iterator[str]:
    """Return the names that a class declares without giving them a value."""
    slots = vars(cls).get("__slots__", ())
    yield from (slots,) if isinstance(slots, str) else slots
    yield from annotations_of(cls)


def annotations_of(owner: t.Any) -> Mapping[str, t.Any]:
    """Return the annotations of a class or function itself."""
    if sys.version_info >= (3, 14):
        return _annotations_evaluated(owner)
    found = owner.__annotations__ if isinstance(owner, types.FunctionType) else None
    if found is None:
        found = vars(owner).get("__annotations__")
    # For built-in classes it is a descriptor.
    return found if isinstance(found, dict) else {}


if sys.version_info >= (3, 14):

    def _annotations_evaluated(owner: t.Any) -> Mapping[str, t.Any]:
        """Evaluate annotations: nobody has before, and any of them may fail.

        A name that is imported for type checkers only stays a reference in text.
        """
        import annotationlib

        with contextlib.suppress(Exception):
            return t.cast(Mapping[str, t.Any], owner.__annotations__)
        with contextlib.suppress(Exception):
            return annotationlib.get_annotations(owner, format=annotationlib.Format.FORWARDREF)
        return {}


def codes(cls: type) -> Iterator[types.CodeType]:
    """Return the code of the functions of a class, of those around and inside them too."""
    stack = [value for name, value in vars(cls).items() if name not in _OF_ANNOTATIONS]
    while stack:
        part = stack.pop()
        if isinstance(part, types.CodeType):
            yield part
            stack.extend(part.co_consts)
        elif isinstance(part, types.FunctionType):
            stack += [part.__code__, part.__dict__.get("__wrapped__")]
        elif isinstance(part, property):
            stack += [part.fget, part.fset, part.fdel]
        elif isinstance(part, (classmethod, staticmethod)):
            stack.append(part.__func__)
