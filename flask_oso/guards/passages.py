"""Passages: how the calls of a view pass a check, and what its guards note for each other.

In goes what a view takes and what the route names; out come the arguments behind the check. A
passage is made once for calls with such arguments.
"""

from __future__ import annotations

import inspect
import typing as t
from collections.abc import Sequence

from ..callables.view_functions import View
from ..enforcement.authorizer import Authorizer
from ..polar.value_objects import Record
from ..request_state import Arguments, GuardNotes, RequestState
from .shortcuts import Shortcut
from .url_keys import Key

_Parameter = inspect.Parameter
_NO_VARIABLES: frozenset[str] = frozenset()


class Parameters(Record):
    """The arguments that a view takes."""

    #: By position, in order.
    by_position: tuple[str, ...] = ()
    by_keyword: frozenset[str] = frozenset()
    #: It has ``**kwargs``.
    takes_all: bool = False
    #: The keys of guards further inside, which find objects, too.
    keys: tuple[Key, ...] = ()

    def take(self, name: str) -> bool:
        """Tell whether the view takes an argument by keyword."""
        return self.takes_all or name in self.by_keyword


class Passage(Record, eq=False):
    """How a call of a view passes a check: what is the same for all with such arguments."""

    key: Key
    #: Kept, as the check and the keys are, so that no other one gets its identity.
    view: View
    #: The ``ViewCheck``.
    check: t.Any
    #: The keys of guards that come before the view.
    behind: Sequence[Key]
    #: What identifies the object; ``None`` if the class is judged.
    variables: tuple[str, ...] | None
    gives_object: bool
    #: The call has an argument already where the object is given.
    replaces_argument: bool
    #: No guard further inside finds an object.
    is_last: bool
    #: The variables of objects that the view takes all the same; ``None`` if it is given all.
    kept: frozenset[str] | None
    #: The arguments that are left where no guard further outside has found an object.
    names_left: tuple[str, ...]
    #: The keys of guards that may come behind, by identity.
    awaited: dict[int, Key]
    #: What does the same for usual calls, where the plan of a route keeps it, and for whom.
    link: Shortcut | None = None
    authorizer: Authorizer | None = None

    def arguments(
        self, given: Arguments, request_state: RequestState | None, loaded: t.Any = None
    ) -> Arguments:
        """Give the arguments of a call without those that objects took the place of.

        With the last guard that ends: a view may call another one, which has guards of its own.

        :param loaded: the object, if the call names one.
        """
        notes = None if request_state is None else request_state.notes
        if request_state is None or (self.is_last and notes is None):
            return {name: given[name] for name in self.names_left}
        used = (_NO_VARIABLES if notes is None else notes.used).union(self.variables or ())
        # The last guard leaves out what objects took the place of, for all of them.
        left_out = _NO_VARIABLES if self.kept is None else used - self.kept
        if self.is_last:
            request_state.notes = None
        elif self.variables is not None:
            request_state.notes = self._grown(notes, given, loaded)
        return {name: each for name, each in given.items() if name not in left_out}

    def _grown(self, notes: GuardNotes | None, given: Arguments, loaded: t.Any) -> GuardNotes:
        """Give the notes for guards behind, with what this one has found."""
        variables = self.variables or ()
        identity = self.key.identity_in(given, variables)
        judged, found = (self.key.keyword, self.key.cls, identity), (self.check, loaded)
        if notes is None:
            return GuardNotes(frozenset(variables), (judged,), (found,), self.awaited)
        return notes.grown(frozenset(variables), judged, found)


def parameters_of(view: View) -> Parameters:
    """Give the arguments that a view takes, as far as its decorators tell what they wrap."""
    try:
        found = inspect.signature(view).parameters.values()
    except (TypeError, ValueError):  # It is not written in Python.
        return Parameters(takes_all=True)
    either, keyword = _Parameter.POSITIONAL_OR_KEYWORD, _Parameter.KEYWORD_ONLY
    by_position = (each.name for each in found if each.kind in (_Parameter.POSITIONAL_ONLY, either))
    by_keyword = (each.name for each in found if each.kind in (either, keyword))
    takes_all = any(each.kind is _Parameter.VAR_KEYWORD for each in found)
    return Parameters(tuple(by_position), frozenset(by_keyword), takes_all)
