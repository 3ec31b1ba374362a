"""Objects of Werkzeug, Flask-Login and SQLAlchemy, which are recognized without importing these."""

from __future__ import annotations

import sys
import types
import typing as t

from ..polar.host.registry import TextEquality


def unwrapped(value: t.Any) -> t.Any:
    """Give the object of a proxy, such as ``current_user`` of Flask-Login."""
    # By the type, since reading an attribute such as '__class__' would ask the object.
    while type(value).__name__ == "LocalProxy" and type(value).__module__ == "werkzeug.local":
        value = value._get_current_object()
    return value


def proxy_class() -> type | None:
    """Give the class of Werkzeug's proxies; ``None`` if nobody has imported it: there are none."""
    return getattr(sys.modules.get("werkzeug.local"), "LocalProxy", None)


def is_mapped(cls: type) -> bool:
    """Tell whether SQLAlchemy maps a class, or one that it derives from."""
    return "sqlalchemy.orm" in sys.modules and hasattr(cls, "__mapper__")


def login_equality(cls: type) -> TextEquality | None:
    """Give the equality of a user of Flask-Login that compares as ``UserMixin`` does.

    It compares ``get_id()``, which is the text of ``id``.
    """
    mixin: t.Any = getattr(sys.modules.get("flask_login.mixins"), "UserMixin", None)
    if not isinstance(mixin, type) or not issubclass(cls, mixin):
        return None
    for name, names in _LOGIN_NAMES.items():
        owner = next((base for base in cls.__mro__ if name in vars(base)), None)
        code = getattr(vars(mixin).get(name), "__code__", None)
        # By the names in its code, since another version may do something else.
        if owner is not mixin or not isinstance(code, types.CodeType):
            return None
        if names != {*code.co_names}:
            return None
    return TextEquality(mixin, "id")


#: What the methods of ``UserMixin`` use that decide whether two users are equal.
_LOGIN_NAMES = {
    "__eq__": {"isinstance", "UserMixin", "get_id", "NotImplemented"},
    "__ne__": {"__eq__", "NotImplemented"},
    "get_id": {"str", "id", "AttributeError", "NotImplementedError"},
}
