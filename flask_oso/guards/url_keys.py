"""Which URL variables identify the object that a guard judges.

In go a class and what a decorator says; out comes a ``Key``, which finds the variables in
a route and their values in a call. Where the object comes from is not known here.
"""

from __future__ import annotations

import keyword as python
import re
import typing as t
from collections.abc import Collection, Mapping, Sequence

from ..polar.exceptions import OsoError
from ..polar.value_objects import Record

#: Compiled when it is used, as in other modules that each program imports.
_WORD = r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])"


class Key(Record):
    """The URL variables of an object.

    ``choices`` are the sets of variables that may identify it; the first that a route has
    counts. ``keyword`` is the argument in which a view takes the object.
    """

    cls: type
    keyword: str
    choices: tuple[tuple[str, ...], ...]
    #: A route without any of these variables is a mistake; otherwise the class is judged.
    is_required: bool

    def variables_of(self, names: Collection[str]) -> tuple[str, ...] | None:
        """Give the variables among those of a route; ``None`` if it identifies no object."""
        for each in self.choices:
            if all(map(names.__contains__, each)):
                return each
        return None

    @property
    def has_usual_keyword(self) -> bool:
        """Whether the argument is named after the class."""
        return self.keyword == snake_case(self.cls.__name__)

    def is_that_of(self, other: Key) -> bool:
        """Tell whether two keys give one object, wherever both give any.

        A key of one choice does without the object, or fails, where that is missing.
        """
        return self.cls is other.cls and self.choices[0] == other.choices[0]

    def confuses(self, inner: Key) -> bool:
        """Tell whether what this key gives takes the place of what one further inside means.

        Both give one argument, and not one object; or this one gives an object in the
        variable that identifies another.
        """
        if self.keyword == inner.keyword:
            return not self.is_that_of(inner)
        return any(self.keyword in variables for variables in inner.choices)

    def identity_in(self, values: Mapping[str, t.Any], variables: tuple[str, ...]) -> t.Any:
        """Give the value of the variable, or a tuple where there are several."""
        if len(variables) == 1:
            return values[variables[0]]
        return tuple(values[name] for name in variables)

    def __str__(self) -> str:
        """Show the choices, as a sentence names them."""
        return " or ".join(repr(", ".join(each)) for each in self.choices)


def make_key(
    resource: t.Any,
    key: str | Sequence[str] | None,
    load: bool | None,
    name: str | None = None,
) -> Key | None:
    """Make the key of a resource; ``None`` if it is judged as it is.

    :param key: the variable or variables that a decorator names.
    :param load: ``False`` for the class itself, ``True`` for an object and nothing else.
    :param name: the argument in which a view takes the object.
    :raises OsoError: what the decorator says makes no sense.
    """
    is_class = isinstance(resource, type)
    if not is_class and (key is not None or load is not None):
        raise OsoError("'key' and 'load' are for classes. The resource here is a constant.")
    if not is_class and name is not None:
        raise OsoError("'name' is for objects of a class. The resource here is a constant.")
    if load is False and key is not None:
        raise OsoError("'key' names what identifies an object, but 'load=False' loads none.")
    if load is False and name is not None:
        raise OsoError("'name' is the argument for an object, but 'load=False' loads none.")
    if not is_class or load is False:
        return None
    word = snake_case(resource.__name__)
    keyword = word if name is None else checked_argument(name)
    if key is None:
        choices: tuple[tuple[str, ...], ...] = ((f"{word}_id",), ("id",))
        return Key(resource, keyword, choices, load is True)
    return Key(resource, keyword, (_variables(key),), True)


def snake_case(name: str) -> str:
    """Write the name of a class as that of a variable: ``BlogPost`` is ``blog_post``."""
    return re.sub(_WORD, "_", name).lower()


def _variables(name: str | Sequence[str]) -> tuple[str, ...]:
    variables = tuple(name) if isinstance(name, list | tuple) else (name,)
    if not variables or not all(isinstance(each, str) and each for each in variables):
        raise OsoError(f"'key' is the name of a URL variable, or a list of them, not {name!r}.")
    return t.cast("tuple[str, ...]", variables)


def checked_argument(name: t.Any) -> str:
    """Give the name of an argument.

    :raises OsoError: it is none.
    """
    if not isinstance(name, str) or not name.isidentifier() or python.iskeyword(name):
        raise OsoError(f"'name' is the name of an argument, such as 'source', and not {name!r}.")
    return name
