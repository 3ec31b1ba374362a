"""Classes whose ``__eq__`` a library wrote: ``dataclasses``, ``attrs`` or pydantic.

In goes a class; out come the fields that its objects compare, in order, where the function does
nothing else. It is compared with the one that the library writes for the same fields.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import sys
import types
import typing as t

from ...host import sandbox
from ...host.value_classes import EQUATED, MOMENTS
from .plain_classes import is_plain

#: Classes whose values compare as Python says. That may take a class which derives from one for
#: such a value: its own equality asks for objects of its class, and then the other is asked.
_VALUE_BASES = (*EQUATED, *MOMENTS, tuple, set, frozenset)
#: Since Python 3.13 a dataclass compares its fields one by one, and an object equals itself;
#: before, it compared tuples of fields, where identical elements are equal without a call.
_ONE_BY_ONE = sys.version_info >= (3, 13)
#: What an object of pydantic has besides its fields; ``None`` in most.
_BESIDE_FIELDS = ("__pydantic_private__", "__pydantic_extra__")


def is_data_class(cls: type) -> bool:
    """Tell whether one of these libraries made a class: it may have such an equality."""
    is_made = dataclasses.is_dataclass(cls) or hasattr(cls, "__attrs_attrs__")
    return is_made or _is_model(cls)


def compared_fields(cls: type) -> tuple[str, ...] | None:
    """Return the fields that decide whether two objects are equal.

    ``None`` unless a library generated the ``__eq__`` of the class, and its fields are read
    without side effects; also where its objects are values of another class, such as a tuple.
    """
    if issubclass(cls, _VALUE_BASES) or not (is_plain(cls) and sandbox.passes_sandbox(cls)):
        return None
    names = _fields_of_model(cls) if _is_model(cls) else _fields_of_twin(cls)
    is_known = names is not None and all(sandbox.is_silent_read(cls, name) for name in names)
    return names if is_known else None


def _fields_of_twin(cls: type) -> tuple[str, ...] | None:
    """Return the fields that a class made by ``dataclasses`` or ``attrs`` compares."""
    own = vars(cls).get("__eq__")
    if not isinstance(own, types.FunctionType):
        return None
    made = _written_by_attrs(cls) if "__attrs_attrs__" in vars(cls) else _written_again(cls)
    is_same = made is not None and _done_by(own) == _done_by(vars(made[0]).get("__eq__"))
    return made[1] if made is not None and is_same else None


def _is_model(cls: type) -> bool:
    """Tell whether a class has the equality of pydantic, from version 2 on.

    Before, models of any classes were compared by their fields.
    """
    own: t.Any = cls.__eq__
    where = getattr(own, "__module__", ""), getattr(own, "__qualname__", "")
    return where == ("pydantic.main", "BaseModel.__eq__") and hasattr(cls, "model_fields")


def _fields_of_model(cls: t.Any) -> tuple[str, ...] | None:
    """Return what models of pydantic compare; ``None`` where that is more than one class tells.

    Models of two classes of one generic may be equal. What is no field is compared behind the
    fields: whoever validates a model may keep other values, whatever its class says.
    """
    if cls.__private_attributes__ or cls.model_config.get("extra") == "allow":
        return None
    is_generic = any((cls.__pydantic_generic_metadata__ or {}).values())
    has_caches = any(
        isinstance(each, functools.cached_property)
        for base in cls.__mro__
        for each in vars(base).values()
    )
    return None if is_generic or has_caches else (*cls.model_fields, *_BESIDE_FIELDS)


def compares_one_by_one(cls: type) -> bool:
    """Tell whether the equality of a class asks each field, also one that both objects share.

    Otherwise it reads all fields first, and what is identical is equal.
    """
    if _is_model(cls):
        return False
    return _attrs_compares_one_by_one() if hasattr(cls, "__attrs_attrs__") else _ONE_BY_ONE


def equals_itself(cls: type) -> bool:
    """Tell whether the equality of a class asks no field of an object that is the other one."""
    return not (hasattr(cls, "__attrs_attrs__") and _attrs_compares_one_by_one())


def differs_from_nil(cls: type) -> bool:
    """Tell whether a library generated an equality that asks first for the class of the other."""
    own: t.Any = cls
    if compared_fields(cls) is not None:
        return own.__ne__ is object.__ne__ or _done_by(own.__ne__) == _done_by(_negation_by_attrs())
    is_model = _is_model(cls) and own.__ne__ is object.__ne__
    return is_model and is_plain(cls) and sandbox.passes_sandbox(cls)


def _written_again(cls: type) -> tuple[type, tuple[str, ...]] | None:
    """Make a dataclass with the same fields; return it, and those that it compares."""
    if not dataclasses.is_dataclass(cls):
        return None
    fields = dataclasses.fields(cls)
    named = [(f.name, t.Any, dataclasses.field(compare=f.compare)) for f in fields]
    try:
        twin = dataclasses.make_dataclass("Written", named)
    except TypeError:
        # Field names that no other class may have.
        return None
    return twin, tuple(f.name for f in fields if f.compare)


def _written_by_attrs(cls: type) -> tuple[type, tuple[str, ...]] | None:
    """Do the same with ``attrs``, which the application has imported."""
    attr: t.Any = sys.modules.get("attr")
    fields: t.Any = vars(cls)["__attrs_attrs__"]
    if attr is None or any(f.eq_key is not None for f in fields):
        return None
    named = {f.name: attr.ib(eq=f.eq, order=False) for f in fields}
    twin = attr.make_class("Written", named, init=False, order=False)
    return twin, tuple(f.name for f in fields if f.eq)


@functools.cache
def _attrs_compares_one_by_one() -> bool:
    """Tell which of the two ``attrs`` does: it depends on its version."""
    one: t.Any = sys.modules["attr"].make_class("Written", ["number"])
    return bool(one(math.nan) != one(math.nan))


@functools.cache
def _negation_by_attrs() -> t.Any:
    """Return the ``__ne__`` that ``attrs`` writes; ``None`` without it."""
    attr: t.Any = sys.modules.get("attr")
    return None if attr is None else vars(attr.make_class("Written", ["number"])).get("__ne__")


def _done_by(function: t.Any) -> tuple[t.Any, ...] | None:
    code = getattr(function, "__code__", None)
    if code is None:
        return None
    return code.co_code, code.co_names, code.co_consts, code.co_freevars, code.co_argcount
