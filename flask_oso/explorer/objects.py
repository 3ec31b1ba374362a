"""Objects of the app for the pages: found by words, listed from the database, named by words.

Nothing that ``OSO_REDACT`` or the usual words name is in a word or in a label.
"""

from __future__ import annotations

import contextlib
import json
import typing as t
from collections.abc import Iterable, Iterator
from functools import cached_property

from flask import Flask

from ..enforcement.authorizer import Authorizer
from ..guards.object_words import ObjectWords
from ..observability.decision_log import describe
from ..oso import Oso
from ..polar.characters import with_escapes
from ..polar.exceptions import OsoError
from ..polar.host.awaitables import dispose, is_awaitable
from ..polar.proof.redaction import REDACTED, Redaction

#: Columns that tell people which row it is, the best first.
_TELLING = ("name", "title", "username", "login", "slug")
_LONGEST_LABEL = 40


class Choice(t.NamedTuple):
    """A word that a form offers, and what it says to people."""

    word: str
    label: str


class AppObjects:
    """The objects of an app, while one page is made.

    :param stack: closes what is entered for the page.
    """

    def __init__(
        self,
        app: Flask,
        oso: Oso,
        authorizer: Authorizer,
        redaction: Redaction,
        stack: contextlib.ExitStack,
    ) -> None:
        self._app = app
        self._oso = oso
        self._loaders = authorizer.loaders
        self._redaction = redaction
        self._words = ObjectWords(app, oso, self._loaders, stack.enter_context)
        #: What could not be read, each once.
        self.problems: list[str] = []
        stack.callback(self._roll_back)

    def find(self, word: str) -> t.Any:
        """Give the object for a word.

        :raises OsoError: there is none.
        """
        return self._words.find(word)

    @cached_property
    def session(self) -> t.Any:
        """The session of the app; ``None`` if there is none that can be read here."""
        session = self._loaders.session_of(self._app)
        is_async = hasattr(session, "run_sync")
        if is_async:
            self.problems.append("Rows are not listed: the session of the app is asynchronous.")
        return None if is_async else session

    @cached_property
    def mapped_classes(self) -> dict[str, type]:
        """The classes that have rows, by their names in the policy, each once."""
        if self.session is None:
            return {}
        found = {cls: name for name, cls in reversed([*self._oso.host.classes.items()])}
        mapped = {name: cls for cls, name in found.items() if hasattr(cls, "__mapper__")}
        return dict(sorted(mapped.items()))

    @cached_property
    def actor_classes(self) -> dict[str, type]:
        """The mapped classes of actors: those of the policy, or else ``User``, or else all."""
        names = self._oso.actor_classes() or self._oso.expected_actors() or ("User",)
        mapped = self.mapped_classes
        return {name: mapped[name] for name in names if name in mapped} or mapped

    def first(self, cls: type, most: int) -> list[t.Any]:
        """Read the first rows of a class; what keeps them from being read is a problem."""
        from ..sqlalchemy.identities import first_rows

        try:
            return first_rows(self.session, cls, most)
        except OsoError as error:
            if str(error) not in self.problems:
                self.problems.append(str(error))
            return []

    def choices(self, classes: Iterable[type], most: int) -> list[Choice]:
        """Give the words of the first rows of classes."""
        rows = (row for cls in classes for row in self.first(cls, most))
        return [Choice(self.word(row), self.label(row)) for row in rows]

    def word(self, value: t.Any) -> str:
        """Give the word for a value, by which ``find`` finds a row again."""
        if value is None:
            return "anonymous"
        if type(value) is str:
            return json.dumps(with_escapes(self._redaction.cleaned(value)), ensure_ascii=False)
        mapper = getattr(type(value), "__mapper__", None)
        if mapper is None or isinstance(value, type):
            return describe(value, self._redaction) or ""
        names = [mapper.get_property_by_column(each).key for each in mapper.primary_key]
        if any(map(self._redaction.hides, names)):
            return f"{self._name_of(type(value))}:{REDACTED}"
        identity = value._sa_instance_state.key
        key = () if identity is None else identity[1]
        return f"{self._name_of(type(value))}:{','.join(map(str, key))}"

    def label(self, row: t.Any) -> str:
        """Give what people call a row, as far as a loaded column says it."""
        for name in _TELLING:
            value = vars(row).get(name)
            if isinstance(value, str) and value and not self._redaction.hides(name):
                text = with_escapes(self._redaction.cleaned(value))
                return text if len(text) <= _LONGEST_LABEL else f"{text[:_LONGEST_LABEL]}…"
        return ""

    def _name_of(self, cls: type) -> str:
        return self._oso.host.name_of(cls) or cls.__name__

    def _roll_back(self) -> None:
        """Take back what happened in the session of the app: a page changes nothing."""
        session = self._loaders.session_of(self._app)
        if hasattr(session, "rollback"):
            undone = session.rollback()
            if is_awaitable(undone):
                dispose(undone)


def unique_words(choices: Iterable[Choice]) -> Iterator[Choice]:
    """Give choices whose words differ, in their order."""
    seen: set[str] = set()
    for each in choices:
        if each.word not in seen:
            seen.add(each.word)
            yield each
