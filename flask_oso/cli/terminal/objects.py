"""Resolves the words of a command line: ``User:1``, ``read``, ``nil``, ``Request:/admin``."""

from __future__ import annotations

import re
import typing as t

import click
from flask import current_app, request

from ...enforcement.authorizer import Authorizer
from ...polar.characters import with_escapes
from ...polar.syntax.lexer import unquoted
from ...request_state import this_app
from .running import Exit, MisuseError, exit_on_errors, this_oso, this_state

NOTATION = """\b
How to write objects:
  User:1            the User with this key, from the loader of the class or the database
  Membership:1,2    one with a key of two columns
  User:"01"         a key in quotes is text, also for a loader
  User              the class itself
  anonymous, nil    nobody: None
  read, "User:1"    any other word, and whatever is in quotes, is text
  Request:/admin    a request, GET unless it is Request:POST:/admin
"""

_OBJECT = re.compile(r"(?P<name>[^\W\d]\w*(?:::\w+)*):(?P<key>.+)", re.DOTALL)
_REQUEST = re.compile(r"(?:(?P<method>[A-Z]+):)?(?P<path>/.*)", re.DOTALL)
_NOBODY = frozenset({"anonymous", "nil"})


def find_object(word: str) -> t.Any:
    """Give the object for a word.

    :raises MisuseError: there is no such class, or no such object.
    """
    if word in _NOBODY:
        return None
    if _is_quoted(word):
        return unquoted(word)
    classes = this_oso().host.classes
    match = _OBJECT.fullmatch(word)
    if match is None:
        return classes.get(word, word)
    name, key = match.groups()
    if name not in classes:
        raise MisuseError(_unknown_class(word, name, list(classes)))
    if name == "Request" and _REQUEST.fullmatch(key) is not None:
        return _make_request(key)
    return _find(word, classes[name], key)


def word_for(value: t.Any) -> str:
    """Give the word for an object: a row by its key, anything else by its ``repr``."""
    mapper = getattr(type(value), "__mapper__", None)
    if mapper is None:
        return repr(value)
    key = ",".join(map(str, mapper.primary_key_from_instance(value)))
    return f"{type(value).__name__}:{key}"


def _unknown_class(word: str, name: str, known: list[str]) -> str:
    from ...polar.spelling import nearest

    near = nearest(name, known)
    quoted = f" To mean the text, quote it: '\"{with_escapes(word)}\"'."
    meant = f" Did you mean {near!r}?" if near else quoted
    return f"No class {name!r} is registered.{meant}"


def _find(word: str, cls: type, text: str) -> t.Any:
    loaders = this_state().part(Authorizer).loaders
    parts = [_key(part, loaders.has_function(cls)) for part in text.split(",")]
    with exit_on_errors(Exit.MISCONFIGURED):
        key = parts[0] if len(parts) == 1 else tuple(parts)
        app = this_app()
        found = loaders.waiting(app, lambda: loaders.find(app, cls, key))
    if found is None:
        raise MisuseError(f"There is no {with_escapes(word)}.")
    return found


def _key(part: str, is_loaded: bool) -> t.Any:
    """Convert one value of a key: a loader gets numbers as ``int``, as from an ``<int:…>`` route.

    For the database the text is converted to the type of the column elsewhere.
    """
    if _is_quoted(part):
        return unquoted(part)
    is_number = re.fullmatch(r"0|-?[1-9][0-9]*", part) is not None
    return int(part) if is_loaded and is_number else part


def _is_quoted(word: str) -> bool:
    return len(word) > 1 and word[0] == word[-1] and word[0] in "\"'"


def _make_request(key: str) -> t.Any:
    match = _REQUEST.fullmatch(key)
    assert match is not None
    context = current_app.test_request_context(match["path"], method=match["method"] or "GET")
    click.get_current_context().with_resource(context)
    return request._get_current_object()  # type: ignore[attr-defined]
