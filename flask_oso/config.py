"""The ``OSO_*`` keys of an app: their defaults, what they may be, and what they name.

In goes an app; out comes its :class:`Config`, or an error that says what is wrong. The keys of
the decision log and of traces are checked where they are used, in ``observability``.
"""

from __future__ import annotations

import dataclasses
import enum
import glob
import os
import pkgutil
import typing as t
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence

import click
from flask import Flask
from flask.cli import run_command

from .polar.exceptions import OsoError
from .polar.spelling import nearest

DEFAULTS: dict[str, t.Any] = {
    "OSO_ACTOR": None,
    "OSO_EXPLORER": True,
    "OSO_LOG_DESCRIBE": None,
    "OSO_LOG_REQUEST_ID": "X-Request-ID",
    "OSO_LOG_RULE": True,
    "OSO_LOG_SAMPLE": 1.0,
    "OSO_OPENTELEMETRY": None,
    "OSO_POLICIES": None,
    "OSO_REDACT": (),
    "OSO_RELOAD": False,
    "OSO_REQUIRE_AUTHORIZATION": False,
    "OSO_ROUTE_AUTHORIZATION": False,
    "OSO_TRANSLATE": None,
    "OSO_UNGUARDED_ROUTES": "refuse",
    "OSO_VETO_COMMITS": False,
}

#: A policy file, or several.
PolicyPaths = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]

#: What is in files, by their paths; ``None`` where nothing can be read.
Texts = dict[str, bytes | None]

_WILDCARDS = frozenset("*?[")
_Choice = t.TypeVar("_Choice", bound=enum.Enum)


class Unguarded(enum.Enum):
    """What becomes of routes that are not guarded, where an app must not have any."""

    #: The app does not serve.
    REFUSE = "refuse"
    #: They answer 403, and the others are served.
    FORBID = "forbid"


@dataclasses.dataclass(frozen=True)
class Config:
    """The configuration of an app, as it was read once."""

    #: Every key with its value.
    values: dict[str, t.Any]
    requires_authorization: bool
    judges_routes: bool
    unguarded: Unguarded
    #: What is in the policy files now, if they are to be loaded again when they change.
    seen: Texts


def read_config(app: Flask) -> Config:
    """Read the configuration of an app, and set the defaults of what it leaves out.

    :raises OsoError: something is wrong with it.
    """
    for key, default in DEFAULTS.items():
        app.config.setdefault(key, default)
    _warn_of_unknown_keys(app)
    requires, judges = (
        _flag(app, "OSO_REQUIRE_AUTHORIZATION"),
        _flag(app, "OSO_ROUTE_AUTHORIZATION"),
    )
    _flag(app, "OSO_EXPLORER")
    _flag(app, "OSO_VETO_COMMITS")
    _check_words(app, "OSO_REDACT")
    translator_of(app.config["OSO_TRANSLATE"])
    unguarded = _choice(app, "OSO_UNGUARDED_ROUTES", Unguarded)
    seen = read_texts(policies_of(app)) if _flag(app, "OSO_RELOAD") else {}
    values = {key: app.config[key] for key in DEFAULTS}
    return Config(values, requires, judges, unguarded, seen)


def translator_of(value: t.Any) -> Callable[[str], str] | None:
    """Give the function that ``OSO_TRANSLATE`` is, or names.

    :raises OsoError: it is neither a function nor the name of one.
    """
    if value is None:
        return None
    try:
        found = pkgutil.resolve_name(value) if isinstance(value, str) else value
    except (ImportError, AttributeError, ValueError) as error:
        raise OsoError(f"OSO_TRANSLATE names {value!r}, which cannot be imported.") from error
    if not callable(found):
        raise OsoError(
            f"OSO_TRANSLATE is {value!r}. Give a function from text to text, or its name:"
            ' "flask_babel:gettext".'
        )
    return t.cast("Callable[[str], str]", found)


def policies_of(app: Flask, named: PolicyPaths | None = None) -> list[str]:
    """Give the paths of the policy files that the configuration names.

    :param named: names in place of those of the configuration.
    :raises OsoError: see ``policy_names``.
    """
    return find_files(app.root_path, policy_names(app, named))


def policy_names(app: Flask, named: PolicyPaths | None = None) -> list[str]:
    """Give the names and patterns of ``OSO_POLICIES``.

    A file that is missing below the root of the app and is there below the working directory, as
    for ``load_files`` of an Oso, is named in full. Patterns start at the root only.

    :raises OsoError: both have such a file, with different texts.
    """
    names = _names((app.config["OSO_POLICIES"] or ()) if named is None else named)
    return [_in_one_root(app.root_path, os.getcwd(), each) for each in names]


def is_run_by_flask(app: Flask) -> bool:
    """Tell whether ``flask run`` serves an app, and not in debug mode.

    A server that imports an app looks like a test or a script that does; the command of Flask
    says what it is.
    """
    context = click.get_current_context(silent=True)
    return not app.debug and context is not None and context.command is run_command


def find_files(root: str, named: PolicyPaths) -> list[str]:
    """Give the paths that names and patterns stand for, each once.

    A pattern is a name with ``*``, ``?`` or ``[`` that no file has; ``**`` goes into
    directories. Its files come in the order of their names. One without any stands for
    itself, so that it is missed like a name.

    :param root: where relative names start.
    """
    return list(dict.fromkeys(path for name in _names(named) for path in _expand(root, name)))


def read_texts(paths: Sequence[str]) -> Texts:
    """Give what is in files now."""
    return {path: _read(path) for path in paths}


def _names(named: str | os.PathLike[str] | Iterable[str | os.PathLike[str]]) -> list[str]:
    return [
        os.fspath(each) for each in ([named] if isinstance(named, str | os.PathLike) else named)
    ]


def _in_one_root(root: str, directory: str, name: str) -> str:
    mine, other = os.path.join(root, name), os.path.join(directory, name)
    if mine == other or not os.path.isfile(other):
        return name
    if not os.path.exists(mine):
        return other
    if _read(mine) != _read(other):
        raise OsoError(
            f"'OSO_POLICIES' names {name!r}, which is {mine} below the root of the app and {other}"
            " below the working directory, and they differ. Give the path of the one that is meant."
        )
    return name


def _expand(root: str, name: str) -> Iterator[str]:
    path = os.path.join(root, name)
    if _WILDCARDS.isdisjoint(name) or os.path.exists(path):
        return iter([path])
    found = glob.glob(os.path.join(glob.escape(root), name), recursive=True)
    return iter(sorted(found) or [path])


def _read(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return None


# -- checks ----------------------------------------------------------------------------


def _flag(app: Flask, key: str) -> bool:
    value = app.config[key]
    if value is None:
        return False
    if not isinstance(value, bool):
        raise OsoError(f"{key!r} must be True or False, not {value!r}.")
    return value


def _check_words(app: Flask, key: str) -> None:
    """Refuse what is no list of words."""
    value = app.config[key]
    is_list = isinstance(value, (list, tuple, set, frozenset))
    if not is_list or not all(isinstance(each, str) for each in value):
        raise OsoError(f"{key!r} must be a list of names, not {value!r}.")


def _choice(app: Flask, key: str, choices: type[_Choice]) -> _Choice:
    """Give the member of an enumeration that the configuration names by its value."""
    value = app.config[key]
    names = [each.value for each in choices]
    if value in names:
        return choices(value)
    meant = _meant(value, names) if isinstance(value, str) else ""
    raise OsoError(f"{key!r} must be {' or '.join(map(repr, names))}, not {value!r}.{meant}")


def _warn_of_unknown_keys(app: Flask) -> None:
    for key in app.config:
        if key.startswith("OSO_") and key not in DEFAULTS:
            warnings.warn(
                f"Unknown configuration key {key!r}.{_meant(key, DEFAULTS)}",
                UserWarning,
                stacklevel=5,
            )


def _meant(word: str, known: Iterable[str]) -> str:
    near = nearest(word, known)
    return f" Did you mean {near!r}?" if near else ""
