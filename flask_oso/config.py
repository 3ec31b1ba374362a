"""The ``OSO_*`` keys of an app: their defaults, what they may be, and what they name.

In goes an app; out comes its :class:`Config`, or an error that says what is wrong. The keys of
the decision log and of traces are checked where they are used, in ``observability``.
"""

from __future__ import annotations

import enum
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
from .polar.value_objects import Record

#: Every key, with its value where an app has none. ``docs/reference/flask/configuration.md`` has
#: the same for users.
DEFAULTS: dict[str, t.Any] = {
    # Who acts: a function, or "package.module:function". None: what login libraries know.
    "OSO_ACTOR": None,
    # What becomes of views that nothing guards: the name of a member of Enforcement.
    "OSO_ENFORCE": "warn",
    # Whether debug mode has pages about the policy, for browsers on this machine.
    "OSO_EXPLORER": True,
    # The decision log: what it shows of an object, by a function or "package:function"; the header
    # with the id of the request, or a function that gives it; whether it names the rule that
    # allowed; the share of what was allowed that is logged, from 0.0 to 1.0.
    "OSO_LOG_DESCRIBE": None,
    "OSO_LOG_REQUEST_ID": "X-Request-ID",
    "OSO_LOG_RULE": True,
    "OSO_LOG_SAMPLE": 1.0,
    # Whether OpenTelemetry hears of decisions. None: if the program has imported it.
    "OSO_OPENTELEMETRY": None,
    # Polar files, or patterns of their names, relative to the root of the app: one or a list.
    "OSO_POLICIES": None,
    # Words in the names of attributes whose values no proof shows, besides "password" and the like.
    "OSO_REDACT": (),
    # Whether the files are loaded again when they change. None: in debug mode.
    "OSO_RELOAD": None,
    # A function that translates the texts of 'denial_reason', or its name.
    "OSO_TRANSLATE": None,
    # Whether sessions of Flask-SQLAlchemy commit only in requests that authorized.
    "OSO_VETO_COMMITS": False,
}

#: Keys that this version does not have, with what to write in their place.
REMOVED = {
    "OSO_REQUIRE_AUTHORIZATION": "Write 'OSO_ENFORCE = \"strict\"'.",
    "OSO_ROUTE_AUTHORIZATION": "Call 'perform_route_authorization' of the FlaskOso.",
    "OSO_UNGUARDED_ROUTES": 'Write \'OSO_ENFORCE = "forbid"\' to answer 403 there, or "strict".',
}
_ENVIRONMENT = ("OSO_CACHE_DIR", "OSO_COMPILED")
_ELSEWHERE = " It is read from the environment of the process, before the app is made."

#: A policy file, or several.
PolicyPaths = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]

#: What is in files, by their paths; ``None`` where nothing can be read.
Texts = dict[str, bytes | None]

#: A key of the context of a command.
_TOLERANT = "flask_oso.tolerates_absent_policies"
_WILDCARDS = frozenset("*?[")


class Enforcement(enum.IntEnum):
    """What is demanded of the views of an app; a larger one demands more.

    Its name in small letters is the value of ``OSO_ENFORCE``.
    """

    #: Nothing.
    OFF = 0
    #: Nothing, and the first request logs the routes that are not guarded.
    WARN = 1
    #: No response leaves unless the view authorized.
    AFTER = 2
    #: Besides, a view that does not say how it authorizes answers 403 in place of being entered.
    FORBID = 3
    #: Besides, the app does not serve while there is such a view.
    STRICT = 4


class Config(Record):
    """The configuration of an app, as it was read once."""

    #: Every key with its value.
    values: dict[str, t.Any]
    enforcement: Enforcement
    #: What is in the policy files now, if they are to be loaded again when they change.
    seen: Texts


def read_config(app: Flask) -> Config:
    """Read the configuration of an app, and set the defaults of what it leaves out.

    :raises OsoError: something is wrong with it.
    """
    for key, default in DEFAULTS.items():
        app.config.setdefault(key, default)
    _warn_of_unknown_keys(app)
    for problem in removed_keys(app):
        raise OsoError(problem)
    _flag(app, "OSO_EXPLORER")
    _flag(app, "OSO_VETO_COMMITS")
    _check_words(app, "OSO_REDACT")
    translator_of(app.config["OSO_TRANSLATE"])
    seen = read_texts(policies_of(app)) if _reloads(app) else {}
    values = {key: app.config[key] for key in DEFAULTS}
    return Config(values, _enforcement(app), seen)


def removed_keys(app: Flask) -> Iterator[str]:
    """Say which keys of a configuration have no effect, and would be taken for being in force."""
    for key, remedy in REMOVED.items():
        if key in app.config:
            yield f"{key!r} is no configuration key. {remedy}"


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


def tolerate_absent_policies() -> None:
    """Let an app start without its policy files during the current command, which writes one."""
    click.get_current_context().meta[_TOLERANT] = True


def without_absent(paths: list[str]) -> list[str]:
    """Leave out files that are missing, during a command that writes a first policy."""
    context = click.get_current_context(silent=True)
    if context is None or _TOLERANT not in context.meta:
        return paths
    return [path for path in paths if os.path.exists(path)]


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
    is_one = isinstance(named, str | os.PathLike)
    names: t.Any = [named] if is_one or not isinstance(named, Iterable) else named
    for each in names:
        if not isinstance(each, str | os.PathLike):
            raise OsoError(f"'OSO_POLICIES' must be the name of a file or a list, not {each!r}.")
    return [os.fspath(each) for each in names]


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
    # Imported late: few applications name a pattern.
    import glob

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


def _reloads(app: Flask) -> bool:
    """Tell whether policy files are loaded again when they change: by default in debug mode."""
    return app.debug if app.config["OSO_RELOAD"] is None else _flag(app, "OSO_RELOAD")


def _check_words(app: Flask, key: str) -> None:
    """Refuse what is no list of words."""
    value = app.config[key]
    is_list = isinstance(value, (list, tuple, set, frozenset))
    if not is_list or not all(isinstance(each, str) for each in value):
        raise OsoError(f"{key!r} must be a list of names, not {value!r}.")


def _enforcement(app: Flask) -> Enforcement:
    value = app.config["OSO_ENFORCE"]
    known = {each.name.lower(): each for each in sorted(Enforcement, reverse=True)}
    if isinstance(value, str) and value in known:
        return known[value]
    *most, last = map(repr, known)
    meant = _meant(value, known) if isinstance(value, str) else ""
    raise OsoError(f"'OSO_ENFORCE' must be {', '.join(most)} or {last}, not {value!r}.{meant}")


def _warn_of_unknown_keys(app: Flask) -> None:
    for key in app.config:
        if key.startswith("OSO_") and key not in DEFAULTS and key not in REMOVED:
            remedy = _ELSEWHERE if key in _ENVIRONMENT else _meant(key, DEFAULTS)
            warnings.warn(
                f"Unknown configuration key {key!r}.{remedy}",
                UserWarning,
                stacklevel=5,
            )


def _meant(word: str, known: Iterable[str]) -> str:
    near = nearest(word, known)
    return f" Did you mean {near!r}?" if near else ""
