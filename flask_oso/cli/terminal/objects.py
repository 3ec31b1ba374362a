"""Resolves the words of a command line: ``User:1``, ``read``, ``nil``, ``Request:/admin``."""

from __future__ import annotations

import typing as t

import click

from ...enforcement.authorizer import Authorizer
from ...guards.object_words import ObjectWords, UnknownWordError
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
