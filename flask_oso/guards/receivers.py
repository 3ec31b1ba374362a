"""Views that the guards of their blueprints give an object.

Flask calls a view with ``request.view_args``, which others may read: they stay as Flask made
them. What a guard gives is kept with the request, and a ``Receiver`` in the place of the view
takes it.
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Mapping

from flask import Flask

from ..globals import NOT_GIVEN, this_app, this_mark
from ..polar.exceptions import OsoError
from .sync_callable import Callee
from .view_guards import View

Arguments = dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Gift:
    """What the guards of blueprints make of the arguments that Flask calls a view with."""

    given: Arguments = dataclasses.field(default_factory=dict)
    left_out: frozenset[str] = frozenset()
    #: The variables that identified an object which was judged, with their values.
    judged: Arguments = dataclasses.field(default_factory=dict)
    receiver: Receiver | None = None

    def added_to(self, arguments: Mapping[str, t.Any]) -> Arguments:
        """Give the arguments to call the view with.

        :raises OsoError: another object is named by now than the one that was judged.
        """
        for name, value in self.judged.items():
            now = arguments.get(name, value)
            if now is not value and now != value:
                raise OsoError(
                    f"The URL variable {name!r} was {value!r} when a guard judged its object, and"
                    f" is {now!r} now. Change 'request.view_args' before the guard, as in a"
                    " function of 'url_value_preprocessor'."
                )
        kept = {name: each for name, each in arguments.items() if name not in self.left_out}
        return kept | self.given

    def grown(
        self, before: Mapping[str, t.Any], after: Arguments, judged: Arguments, receiver: Receiver
    ) -> Gift:
        """Give what makes ``after`` of ``before``, once one more guard has judged."""
        given = {
            name: each for name, each in after.items() if before.get(name, NOT_GIVEN) is not each
        }
        left_out = frozenset(before).difference(after)
        return Gift(given, left_out, self.judged | judged, receiver)


class Receiver:
    """A view in whose call the arguments are those that guards of blueprints give.

    It is one of Flask's own calls, once in a request: what else calls the view says itself
    with what.
    """

    def __init__(self, view: View) -> None:
        functools.update_wrapper(self, view)
        self._callee = Callee(view)

    def __call__(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
        """Call the view."""
        app = this_app()
        mark = this_mark(app)
        gift = mark.gift if mark is not None else None
        if mark is not None and gift is not None and gift.receiver is self:
            mark.gift = None
            kwargs = gift.added_to(kwargs)
        return self._callee.of(app)(*args, **kwargs)


def receiver_of(app: Flask, endpoint: str) -> Receiver:
    """Give the view of an endpoint as one that receives; make it one."""
    view = app.view_functions[endpoint]
    if isinstance(view, Receiver):
        return view
    receiver = app.view_functions[endpoint] = Receiver(view)
    return receiver


def view_itself(view: View | None) -> View | None:
    """Give the view that the program registered."""
    return t.cast(View, vars(view)["__wrapped__"]) if isinstance(view, Receiver) else view
