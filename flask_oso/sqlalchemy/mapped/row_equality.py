"""Whether the ``__eq__`` of a class compares keys, as a session does."""

from __future__ import annotations

import dataclasses
import typing as t

from .tables import key_properties


def own_equality(classes: tuple[type, ...]) -> tuple[type | None, bool]:
    """Return the first class with an ``__eq__`` that may not compare keys, and whether any has one.

    The ``__eq__`` of a dataclass, of pydantic, and that of Flask-Login, compare the key, as a
    session does.
    """
    shares = False
    for cls in classes:
        if t.cast(t.Any, cls).__eq__ is object.__eq__ or _is_dataclass_equality(cls):
            continue
        if _is_pydantic_equality(cls):
            continue
        if not _is_login_equality(cls):
            return cls, True
        shares = True
    return None, shares


def _is_dataclass_equality(cls: type) -> bool:
    if not dataclasses.is_dataclass(cls) or not cls.__dataclass_params__.eq:  # type: ignore[attr-defined]
        return False
    compared = {field.name for field in dataclasses.fields(cls) if field.compare}
    is_made = "__eq__" in vars(cls) and cls.__eq__.__qualname__.endswith("__eq__")
    return is_made and is_generated(cls.__eq__) and set(_keys_of(cls)) <= compared


def _is_pydantic_equality(cls: t.Any) -> bool:
    """Tell whether a class, such as one of SQLModel, compares the key with its other fields."""
    where = getattr(cls.__eq__, "__module__", ""), getattr(cls.__eq__, "__qualname__", "")
    if where != ("pydantic.main", "BaseModel.__eq__") or not hasattr(cls, "model_fields"):
        return False
    return set(_keys_of(cls)) <= set(cls.model_fields)


def _keys_of(cls: type) -> list[str]:
    return [each.key for each in key_properties(cls)]


def is_generated(function: t.Any) -> bool:
    """Tell whether a function was generated, as ``dataclasses`` generates ``__eq__``."""
    return getattr(getattr(function, "__code__", None), "co_filename", "") in ("<string>", "")


def _is_login_equality(cls: t.Any) -> bool:
    owners = [base for base in cls.__mro__ if "__eq__" in vars(base)]
    names = [base for base in cls.__mro__ if "get_id" in vars(base)]
    is_from_login = all(
        found and found[0].__module__ == "flask_login.mixins" for found in (owners, names)
    )
    return is_from_login and _keys_of(cls) == ["id"]
