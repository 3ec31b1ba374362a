"""Views that the guards of their blueprints give an object.

Flask calls a view with ``request.view_args``, which others may read: they stay as Flask made
them. What a guard gives is kept with the request, and a ``Receiver`` in the place of the view
takes it.
"""

from __future__ import annotations

import functools
import typing as t

from flask import Flask

from ..callables.sync_callable import SyncCallable
from ..callables.view_functions import View
from ..request_state import find_request_state, this_app


class Receiver:
    """A view in whose call the arguments are those that guards of blueprints give.

    It is one of Flask's own calls, once in a request: what else calls the view says itself
    with what.
    """

    def __init__(self, view: View) -> None:
        functools.update_wrapper(self, view)
        self._function = SyncCallable(view)

    def __call__(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
        """Call the view."""
        app = this_app()
        state = find_request_state(app)
        gift = state.gift if state is not None else None
        if state is not None and gift is not None and gift.receiver is self:
            state.gift = None
            kwargs = gift.added_to(kwargs)
        return self._function.of(app)(*args, **kwargs)


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
