"""Words for objects, as commands and pages are given them: ``User:1``, ``read``, ``nil``.

In goes a word; out comes the object, from the loader of its class or the database, or an error
that says what there is not.
"""

from __future__ import annotations

import contextlib
import re
import typing as t
from collections.abc import Callable, Iterable

from flask import Flask, Request

from ..oso import Oso
from ..polar.characters import with_escapes
from ..polar.exceptions import OsoError
from ..polar.spelling import nearest
from ..polar.syntax.lexer import unquoted
from .object_loaders import Loaders

_OBJECT = re.compile(r"(?P<name>[^\W\d]\w*(?:::\w+)*):(?P<key>.+)", re.DOTALL)
_REQUEST = re.compile(r"(?:(?P<method>[A-Z]+):)?(?P<path>/.*)", re.DOTALL)
_WITHOUT_KEY = "{!r} has no key. Write one behind the colon, or '\"{}\"' to mean the text."
_NOBODY = frozenset({"anonymous", "nil"})


class UnknownWordError(OsoError):
    """There is no such class, or no such object."""


class ObjectWords:
    """Finds the objects of an app for words.

    :param oso: knows the classes.
    :param enter: enters the context of a request that a word makes, until its user is done.
    """

    def __init__(
        self,
        app: Flask,
        oso: Oso,
        loaders: Loaders,
        enter: Callable[[contextlib.AbstractContextManager[t.Any]], object],
    ) -> None:
        self._app = app
        self._oso = oso
        self._loaders = loaders
        self._enter = enter

    def find(self, word: str) -> t.Any:
        """Give the object for a word.

        :raises UnknownWordError: there is no such class, or no such object.
        :raises OsoError: nothing says how to find it.
        """
        if word in _NOBODY:
            return None
        if is_quoted(word):
            return unquoted(word)
        classes = self._oso.host.classes
        match = _OBJECT.fullmatch(word)
        if match is None:
            if word.endswith(":") and word[:-1] in classes:
                raise UnknownWordError(_WITHOUT_KEY.format(word, word))
            return classes.get(word, word)
        name, key = match.groups()
        if name not in classes:
            raise UnknownWordError(_unknown_class(word, name, list(classes)))
        request = _REQUEST.fullmatch(key) if name == "Request" else None
        if request is not None:
            return self._make_request(request["method"] or "GET", request["path"])
        return self._find(word, classes[name], key)

    def _find(self, word: str, cls: type, key: str) -> t.Any:
        parts = [_key(part, self._loaders.has_function(cls)) for part in _parts(cls, key)]
        identity = parts[0] if len(parts) == 1 else tuple(parts)
        app, loaders = self._app, self._loaders
        found = loaders.waiting(app, lambda: loaders.find(app, cls, identity))
        if found is None:
            raise UnknownWordError(f"There is no {with_escapes(word)}.")
        return found

    def _make_request(self, method: str, path: str) -> Request:
        context = self._app.test_request_context(path, method=method)
        self._enter(context)
        return context.request


def word_for(value: t.Any) -> str:
    """Give the word for an object: a row by its key, anything else by its ``repr``."""
    mapper = getattr(type(value), "__mapper__", None)
    if mapper is None:
        return repr(value)
    key = ",".join(map(str, mapper.primary_key_from_instance(value)))
    return f"{type(value).__name__}:{key}"


def is_quoted(word: str) -> bool:
    """Tell whether a word is a text in quotes."""
    return len(word) > 1 and word[0] == word[-1] and word[0] in "\"'"


def _unknown_class(word: str, name: str, known: list[str]) -> str:
    quoted = f" To mean the text, quote it: '\"{with_escapes(word)}\"'."
    return unknown_class(name, known, quoted)


def unknown_class(name: str, known: Iterable[str], remedy: str = "") -> str:
    """Say that no class of a name is registered.

    :param remedy: what to do if none is similar.
    """
    near = nearest(name, known)
    register = f" Give it to 'FlaskOso', as in 'models=[{name}]'." if name[:1].isupper() else ""
    meant = f" Did you mean {near!r}?" if near else f"{register}{remedy}"
    return f"No class {name!r} is registered.{meant}"


def _parts(cls: type, key: str) -> list[str]:
    """Give the values of a key; that of one column may have commas in it."""
    mapper = getattr(cls, "__mapper__", None)
    is_single = mapper is not None and len(mapper.primary_key) == 1
    return [key] if is_single else key.split(",")


def _key(part: str, is_loaded: bool) -> t.Any:
    """Convert one value of a key: a loader gets numbers as ``int``, as from an ``<int:…>`` route.

    For the database the text is converted to the type of the column elsewhere.
    """
    if is_quoted(part):
        return unquoted(part)
    is_number = re.fullmatch(r"0|-?[1-9][0-9]*", part) is not None
    return int(part) if is_loaded and is_number else part
