"""Resolves the words of a command line: ``User:1``, ``read``, ``nil``, ``Request:/admin``."""

from __future__ import annotations

import typing as t

import click

from ...enforcement.authorizer import Authorizer
from ...guards.object_words import ObjectWords, UnknownWordError, is_quoted, unknown_class
from ...polar.spelling import nearest
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
_WITH_KEY = "An object is written with its key, as in 'User:1'."
_NOBODY = "Nobody is written 'nil'."
#: What stands for nobody in other places.
_NOBODY_ELSEWHERE = frozenset(("None", "none", "null", "Anonymous"))


def find_object(word: str) -> t.Any:
    """Give the object for a word.

    :raises MisuseError: there is no such class, or no such object.
    """
    loaders = this_state().part(Authorizer).loaders
    enter = click.get_current_context().with_resource
    words = ObjectWords(this_app(), this_oso(), loaders, enter)
    with exit_on_errors(Exit.MISCONFIGURED):
        try:
            return words.find(word)
        except UnknownWordError as error:
            raise MisuseError(str(error)) from None


def find_class(name: str) -> type:
    """Give the class of a name.

    :raises MisuseError: there is none.
    """
    oso = this_oso()
    if name not in oso.host.classes:
        raise MisuseError(unknown_class(name, sorted(oso.host.classes)))
    return oso.get_class(name)


def hints_of_order(action: t.Any) -> list[str]:
    """Tell of an object that was written where the action stands."""
    oso = this_oso()
    is_object = isinstance(action, str) and action.partition(":")[0] in oso.host.classes
    if not is_object or action in (oso.known_actions() or ()):
        return []
    return [f"{action!r} stands where the action does. '--help' shows the order of the arguments."]


def hints(action: t.Any, *written: tuple[str, t.Any]) -> list[str]:
    """Give what may be wrong with a question that was answered with no.

    :param written: how its objects were written, with what was found.
    """
    oso, found = this_oso(), []
    known = oso.known_actions()
    if known and isinstance(action, str) and action not in known:
        near = nearest(action, sorted(known))
        found.append(f"No rule allows {action!r}." + (f" Did you mean {near!r}?" if near else ""))
    texts = [source.text for source in oso.engine.policy.sources]
    for word, value in written:
        is_text = not is_quoted(word) and isinstance(value, str)
        if is_text and not any(f'"{word}"' in text for text in texts):
            remedy = _NOBODY if word in _NOBODY_ELSEWHERE else _WITH_KEY
            found.append(f"{word!r} is a text. {remedy}")
        elif isinstance(value, type):
            asked = action if isinstance(action, str) else "…"
            found.append(
                f"{word!r} is the class itself. Its objects have a key: '{word}:1'. A rule about"
                f" the class has no colon: 'allow(_, \"{asked}\", {word});'."
            )
    return found
