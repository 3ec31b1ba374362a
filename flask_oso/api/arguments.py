"""What the constructor of ``FlaskOso`` is given.

In go its arguments, as they were written; out come an app, an Oso, and defaults for apps. The
order of 0.27, ``FlaskOso(oso, app)``, is told from that of Flask's other extensions,
``FlaskOso(app)``, by the classes.
"""

from __future__ import annotations

import os
import typing as t
from collections.abc import Callable, Iterable

from flask import Flask

from ..config import PolicyPaths
from ..oso import Oso
from ..polar.exceptions import OsoError
from ..polar.value_objects import Record
from ..request_state import unwrap


class Defaults(t.TypedDict, total=False):
    """What the apps of a ``FlaskOso`` have in common."""

    policy: PolicyPaths | None
    models: t.Any
    session: Callable[[], t.Any] | None


class Arguments(Record):
    """The arguments of the constructor."""

    app: Flask | None
    oso: Oso | None
    #: Where the app came first: it is given an Oso at once.
    is_app_first: bool


def read_positions(given: tuple[t.Any, ...], app: t.Any, oso: t.Any) -> Arguments:
    """Tell the app and the Oso among what was given by position and by name.

    :raises TypeError: something else was given, or one of them twice.
    """
    app, oso = unwrap(app), unwrap(oso)
    _check_names(app, oso)
    values = [unwrap(each) for each in given]
    if len(values) > 2:
        raise TypeError(
            f"'FlaskOso' takes an app and an Oso by position, and {len(values)} were given."
            " 'policy', 'models' and 'session' are given by name."
        )
    is_app_first = bool(values) and isinstance(values[0], Flask)
    for value in values:
        if isinstance(value, Flask):
            app = _once(app, value, "app")
        elif isinstance(value, Oso):
            oso = _once(oso, value, "Oso")
        elif value is not None:
            raise TypeError(_unexpected(value))
    return Arguments(app, oso, is_app_first and oso is None)


def read_policy(policy: t.Any) -> PolicyPaths | None:
    """Give the policy files that apps have in common.

    :raises TypeError: it is no path, and no list of paths.
    """
    if policy is None or isinstance(policy, str | os.PathLike):
        return policy
    if isinstance(policy, Oso):
        raise TypeError(
            "'policy' is the path of a policy file, and was given an Oso. Write 'FlaskOso(oso=…)'."
        )
    paths = tuple(policy) if isinstance(policy, Iterable) else (policy,)
    wrong = [each for each in paths if not isinstance(each, str | os.PathLike)]
    if wrong:
        raise TypeError(
            f"'policy' is the path of a policy file, or a list of paths, not {wrong[0]!r}."
        )
    return t.cast("tuple[str, ...]", paths)


def read_session(session: t.Any) -> Callable[[], t.Any] | None:
    """Give the function that finds the session of a request.

    :raises TypeError: it is one session for all requests, or makes a new one at each call.
    """
    if session is None:
        return None
    kind = type(session).__name__
    if not callable(session):
        raise TypeError(
            f"'session' was given {kind!r}. Give a 'scoped_session', such as 'db.session', or a"
            " function that gives the session of the request."
        )
    if isinstance(session, type) or kind in ("sessionmaker", "async_sessionmaker"):
        name = session.__name__ if isinstance(session, type) else kind
        raise TypeError(
            f"'session' was given {name!r}, which makes a new session at each call. Give"
            " 'scoped_session(…)' of it, or a function that gives the session of the request."
        )
    return t.cast("Callable[[], t.Any]", session)


def both_policies(policy: t.Any, configured: t.Any) -> OsoError:
    """Make the error for two policies of one app."""
    return OsoError(
        f"The policy is named twice: 'policy' of 'FlaskOso' is {policy!r}, and 'OSO_POLICIES' is"
        f" {configured!r}. Name it in one place."
    )


def _check_names(app: t.Any, oso: t.Any) -> None:
    if app is not None and not isinstance(app, Flask):
        raise TypeError(f"'app' is a Flask, not {type(app).__name__!r}.")
    if oso is not None and not isinstance(oso, Oso):
        raise TypeError(f"'oso' is an Oso, not {type(oso).__name__!r}.")


def _once(known: t.Any, value: t.Any, name: str) -> t.Any:
    if known is not None and known is not value:
        raise TypeError(f"'FlaskOso' was given two values for its {name}. Give it one.")
    return value


def _unexpected(value: t.Any) -> str:
    shown = value.__name__ if isinstance(value, type) else type(value).__name__
    if isinstance(value, str | os.PathLike):
        remedy = f"A policy file is given by name: 'FlaskOso(policy={os.fspath(value)!r})'."
    elif isinstance(value, type) and issubclass(value, Oso):
        remedy = "Call it: 'FlaskOso(Oso())'."
    elif isinstance(value, type):
        remedy = f"Models are given by name: 'FlaskOso(models={shown})'."
    else:
        remedy = "'policy', 'models' and 'session' are given by name."
    return f"'FlaskOso' takes a Flask or an Oso by position, not {shown!r}. {remedy}"
