"""The decision log: one record for each decision about a request, through ``logging``.

The records go to the logger ``flask_oso.decisions``, all with level ``INFO``. There are none
until this very logger is given that level: that the program logs a lot is not enough.
Denials and errors are always among them; of what was allowed, the share that
``OSO_LOG_SAMPLE`` says.

An object is named by its class and its key, ``User:1``, never by its ``repr``. Values that
a client may have chosen are shown with escapes and cut off, so that none can pass for a line
of its own, and in quotes, so that none can pass for another field. What is secret in a text,
such as a token in the query string of a URL, is left out.
"""

from __future__ import annotations

import datetime
import functools
import json
import logging
import random
import re
import typing as t
from collections.abc import Callable, Mapping

from werkzeug.utils import import_string

from ..polar.characters import with_escapes
from ..polar.exceptions import OsoError
from ..polar.host.value_classes import KEY_KINDS
from ..request_state import this_request
from .decision import Decision, DecisionOutcome, MissingObject

if t.TYPE_CHECKING:
    from ..polar.proof.redaction import Redaction

#: Where the records go.
LOGGER = logging.getLogger("flask_oso.decisions")
if LOGGER.level == logging.NOTSET:
    # Otherwise the level of the root decides, and that is often INFO.
    LOGGER.setLevel(logging.WARNING)

#: How many characters of a name, a key or an action are shown.
_LONGEST = 100
_MOST_BITS = 128
# 'json.dumps' makes an encoder each time, which takes longer than the text.
_quoted = json.JSONEncoder(ensure_ascii=False).encode
_REQUEST_ID = r"[!-~]{1,200}"
_DISABLED = (
    "The logger %r was disabled, and is on again, since its level is INFO. Configure logging with"
    " 'disable_existing_loggers' False; to have no records, give the logger the level WARNING."
)


class DecisionLog:
    """What the log of one app writes.

    :param config: the configuration of the app.
    :param report_failure: called while an exception is handled that must not be raised.
    :raises OsoError: something is wrong with the configuration.
    """

    def __init__(self, config: Mapping[str, t.Any], report_failure: Callable[[], None]) -> None:
        self._report_failure = report_failure
        self._sample = _share(config["OSO_LOG_SAMPLE"])
        self._finds_rules = _switch(config["OSO_LOG_RULE"])
        self._redacted = tuple(config.get("OSO_REDACT", ()))
        self._describe = _function("OSO_LOG_DESCRIBE", config["OSO_LOG_DESCRIBE"]) or (
            lambda value: describe(value, self._redaction)
        )
        self._request_id = _request_id(config["OSO_LOG_REQUEST_ID"])
        # Its own: a program that seeds the shared one counts on the numbers that follow.
        self._random = random.Random()

    @functools.cached_property
    def _redaction(self) -> Redaction:
        return _redaction_of(*self._redacted)

    def write(self, decision: Decision) -> None:
        """Write the record of a decision, unless it is left out of the sample."""
        if LOGGER.disabled:
            _enable()
        if not LOGGER.isEnabledFor(logging.INFO) or not self._is_chosen(decision.outcome):
            return
        fields = self._fields(decision)
        names = [name for name in ("actor", "action", "resource", "field") if name in fields]
        LOGGER.info(
            ", ".join(["%s: actor %s", *(f"{name} %s" for name in names[1:])]),
            fields["outcome"],
            *(_text(fields[name]) for name in names),
            extra={**fields, "decision": fields},
        )

    def _is_chosen(self, outcome: DecisionOutcome) -> bool:
        is_usual = outcome in (DecisionOutcome.ALLOWED, DecisionOutcome.LISTED)
        return not is_usual or self._random.random() < self._sample

    def _fields(self, decision: Decision) -> dict[str, t.Any]:
        action, policy, error = decision.action, decision.policy, decision.error
        return {
            "actor": self._described(decision.actor),
            "action": self._shown(action) if type(action) is str else self._described(action),
            "resource": self._resource_of(decision),
            **({} if decision.field is None else {"field": self._described(decision.field)}),
            "outcome": decision.outcome.value,
            "error": None if error is None else type(error).__name__,
            "rule": decision.rule if self._finds_rules else None,
            "policy": None if policy is None else policy.digest,
            "microseconds": round(decision.seconds * 1_000_000, 1),
            "app": decision.app.name,
            **self._request_fields(),
        }

    def _resource_of(self, decision: Decision) -> t.Any:
        # Of a list it is the class, which is no object of its own class.
        if decision.outcome is DecisionOutcome.LISTED:
            return self._shown(getattr(decision.resource, "__name__", "object"))
        return self._described(decision.resource)

    def _shown(self, text: str) -> str:
        return shown(text, self._redaction)

    def _described(self, value: t.Any) -> t.Any:
        try:
            return self._describe(value)
        except Exception:
            # A record that says less is better than none, and than a request that fails.
            self._report_failure()
            return shown(type(value).__name__)

    def _request_fields(self) -> dict[str, str | None]:
        try:
            current = this_request()
        except RuntimeError:
            return dict.fromkeys(("endpoint", "method", "request_id"))
        return {
            "endpoint": current.endpoint,
            "method": shown(current.method),
            "request_id": self._id_of_request(),
        }

    def _id_of_request(self) -> str | None:
        try:
            given = self._request_id()
        except Exception:
            self._report_failure()
            return None
        is_usual = given is not None and re.fullmatch(_REQUEST_ID, str(given))
        return str(given) if is_usual else None


class DecisionFormatter(logging.Formatter):
    """Formats a record as one line of JSON: the fields, the time, the level and the logger.

    Of a record that belongs to no decision it has the message instead of the fields.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Give the line of a record."""
        moment = datetime.datetime.fromtimestamp(record.created, datetime.UTC)
        head = {
            "time": moment.isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
        }
        fields = getattr(record, "decision", None) or {"message": super().format(record)}
        return json.dumps({**head, **fields}, default=describe)


def describe(value: t.Any, redaction: Redaction | None = None) -> str | None:
    """Name a value by its class and its key, if it has one: ``User:1``, ``str:report``.

    The key is that of a row of SQLAlchemy, or else the attribute ``id`` if that is a number,
    a string or a UUID. A string, a number and a class are their own keys. ``None`` is
    ``None``. Nothing else of the value is looked at.

    :param redaction: what of a text is left out.
    """
    if value is None:
        return None
    # The class of a mapped class has a name that no program knows.
    name = "type" if issubclass(type(value), type) else type(value).__name__
    key = _key_of(value)
    if key is None:
        return shown(name)
    return f"{shown(name)}:{shown(key, redaction or _redaction_of())}"


@functools.cache
def _redaction_of(*names: str) -> Redaction:
    # Imported late: most programs have no log of decisions.
    from ..polar.proof.redaction import DEFAULT_REDACTED, Redaction

    return Redaction([*DEFAULT_REDACTED, *names])


def shown(text: str, redaction: Redaction | None = None) -> str:
    """Give the beginning of a text, with escapes for what would not be seen."""
    cut = text[:_LONGEST]
    cut = with_escapes(cut if redaction is None else redaction.cleaned(cut))
    return cut if len(text) <= _LONGEST else f"{cut}…"


def _text(value: t.Any) -> str:
    """Show a field in a message as in JSON: a text has quotes, and escapes for those in it."""
    if type(value) is str:
        return _quoted(shown(value))
    return json.dumps(value, default=describe)


def is_on() -> bool:
    """Tell whether decisions are logged, or were until a configuration disabled the logger."""
    return LOGGER.isEnabledFor(logging.INFO) or (LOGGER.disabled and _was_on())


def _was_on() -> bool:
    return logging.NOTSET < LOGGER.level <= logging.INFO


def _enable() -> None:
    """Switch the log on again, if it was on when the configuration of logging switched it off.

    ``dictConfig`` and ``fileConfig`` disable the loggers that are there and that they do not
    name, unless they are told otherwise. Whoever wants no records gives the logger another level.
    """
    if not _was_on():
        return
    LOGGER.disabled = False
    LOGGER.warning(_DISABLED, LOGGER.name)


def _key_of(value: t.Any) -> str | None:
    if issubclass(type(value), MissingObject):
        parts = value.id if isinstance(value.id, tuple) else (value.id,)
        keys = [_key_text(part) for part in parts if type(part) in KEY_KINDS]
        return ",".join(filter(None, keys)) or None
    # Not isinstance: that would believe an object which only claims to be a class.
    if issubclass(type(value), type):
        return str(value.__name__)
    if type(value) is bool or type(value) in KEY_KINDS:
        return _key_text(value)
    row: t.Any = getattr(value, "_sa_instance_state", None)
    if type(row).__module__.startswith("sqlalchemy."):
        # The attribute could be expired, and reading it a question to the database.
        return None if row.key is None else ",".join(map(str, row.key[1]))
    key = getattr(value, "id", None)
    return _key_text(key) if type(key) in KEY_KINDS else None


def _key_text(key: t.Any) -> str | None:
    # Python refuses to print numbers of thousands of digits, and no table has such keys.
    is_endless = isinstance(key, int) and key.bit_length() > _MOST_BITS
    return None if is_endless else str(key)


# -- configuration ---------------------------------------------------------------------


def _share(value: t.Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise OsoError(f"'OSO_LOG_SAMPLE' must be a number from 0.0 to 1.0, not {value!r}.")
    return value


def _switch(value: t.Any) -> bool:
    if not isinstance(value, bool):
        raise OsoError(f"'OSO_LOG_RULE' must be True or False, not {value!r}.")
    return value


def _function(key: str, value: t.Any) -> Callable[..., t.Any] | None:
    """Give the function that a key holds, or names as ``package:function``."""
    function = _imported(key, value) if isinstance(value, str) else value
    if function is not None and not callable(function):
        raise OsoError(f"{key!r} must be a function or the name of one, not {value!r}.")
    return t.cast("Callable[..., t.Any] | None", function)


def _imported(key: str, name: str) -> t.Any:
    try:
        return import_string(name)
    except ImportError as error:
        raise OsoError(
            f"{key!r} names {name!r}, which cannot be imported. Write it as 'package:function'."
        ) from error


def _request_id(value: t.Any) -> Callable[[], t.Any]:
    """Give what finds the id of the current request: a function, or a header of that name."""
    if isinstance(value, str) and ":" not in value:
        return lambda: this_request().headers.get(value)
    return _function("OSO_LOG_REQUEST_ID", value) or (lambda: None)
