"""Values as short texts that a developer may see.

In goes what a run is made of; out comes one line of bounded length. An object that has a key
is called by it, ``User:1``; any other is shown by its ``repr``, cut short. What was read under
a name such as ``password`` is not shown, wherever it turns up later.
"""

from __future__ import annotations

import enum
import itertools
import re
import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ..characters import with_escapes
from ..host.conversion import follow
from ..host.sandbox import is_quiet, iterates_itself
from ..nodes import Dictionary, Instance, List, Unknown, Value, parts
from ..printer import to_polar
from ..spelling import with_article
from ..traversal import walk

#: Attributes whose values are not shown. Each stands for every name that has these words in
#: it, one behind the other: ``api_key`` for ``stripe_api_key`` and ``apiKey``, too.
DEFAULT_REDACTED: tuple[str, ...] = (
    "access_key",
    "api_key",
    "apikey",
    "auth_header",
    "authorization",
    "bearer",
    "card_number",
    "cookie",
    "credential",
    "csrf",
    "csrftoken",
    "cvc",
    "cvv",
    "jwt",
    "mfa_code",
    "otp",
    "passcode",
    "passphrase",
    "passwd",
    "password",
    "pin",
    "pincode",
    "private_key",
    "pwd",
    "secret",
    "session_id",
    "sessionid",
    "sig",
    "signature",
    "ssn",
    "token",
    "totp",
    "xsrf",
)
REDACTED = "[redacted]"

#: How many characters of one value are shown, and of one string or name in it.
MAX_VALUE = 120
MAX_NAME = 40
_MAX_STRING = 80
#: How many elements of a collection are shown, and how deep they are looked into.
_MAX_ELEMENTS = 5
_MAX_DEPTH = 2
#: How much of a ``repr`` is looked at.
_MAX_REPR = 10_000

_BETWEEN_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile(r"\w+")
_NOT_A_WORD = re.compile(r"[\W_]+")
#: A name with a value behind it, in the ``repr`` of an object: ``name='Ann'``, ``'name': 1``.
_NAMED = re.compile(r"""(?<![\w-])(?P<name>[\w-]+)(?:\\*['"])?\]?\s*[=:]\s*""")
#: A name with a value behind it, in a sentence: ``bad token 'abc'``, ``the pin 1234``.
_SAID = re.compile(
    r"""(?<![\w-])(?P<name>[\w-]+)(?:\s+(?:is|was))?\s+"""
    r"""(?P<value>(?P<quote>['"]).*?(?P=quote)|\w*\d\S*)"""
)
#: What is secret under any name: the password in a URL, and what ``Authorization`` brings.
_TELLTALE = re.compile(
    r"""(?<=//)(?P<user>[^/\s:@?#]*:)[^/\s@?#]+(?=@)"""
    r"""|\b(?P<scheme>(?i:Bearer|Basic)\s+)(?=\S*\d|\S{20})[^\s,;'"]+"""
    r"""|\beyJ[\w-]{6,}(?:\.[\w-]*)*"""
)
_QUOTED = re.compile(r"""[A-Za-z]{0,2}(?:"(?:\\.|[^"\\])*"?|'(?:\\.|[^'\\])*'?)""", re.DOTALL)
_UNQUOTED = re.compile(r"""[^,;&()\[\]{}<>'"]*""")
_OPENING = "([{<'\""
_CONTAINERS: dict[type, str] = {tuple: "()", set: "{}", frozenset: "{}", list: "[]"}
_TEXTS = (str, bytes, bytearray)
#: Kinds of values that are hidden wherever an equal one is.
_HASHED = (str, bytes, int)
_MIN_SECRET = 1_000
#: How many values in a collection are hidden.
_MAX_HIDDEN = 1_000


class Redaction:
    """Tells which names have values that are not shown.

    :param names: words of names, in snake case.
    """

    def __init__(self, names: Iterable[str] = DEFAULT_REDACTED) -> None:
        self._phrases = tuple(phrase for name in names if (phrase := _words(name)))

    def hides(self, name: str) -> bool:
        """Return whether the value of an attribute of this name is not shown."""
        words = _words(name)
        return any(
            _are_same(words[at : at + len(phrase)], phrase)
            for phrase in self._phrases
            for at in range(len(words) - len(phrase) + 1)
        )

    def hides_part(self, text: str) -> bool:
        """Return whether a piece of a policy names an attribute whose value is not shown."""
        return any(map(self.hides, _WORD.findall(text)))

    def cleaned(self, text: str) -> str:
        """Return a text, such as a ``repr`` or a URL, without the values of such names in it."""
        return _TELLTALE.sub(_without_telltale, self._without_named(text))

    def cleaned_sentence(self, text: str) -> str:
        """Return the message of an exception without such values, however they are told."""
        return _SAID.sub(self._without_said, self.cleaned(text))

    def _without_said(self, found: re.Match[str]) -> str:
        text = found.group()
        return text.replace(found["value"], REDACTED) if self.hides(found["name"]) else text

    def _without_named(self, text: str) -> str:
        out: list[str] = []
        at = 0
        for found in _NAMED.finditer(text):
            if found.start() < at or not self.hides(found["name"]):
                continue
            out += [text[at : found.end()], REDACTED]
            value = _QUOTED.match(text, found.end()) or _UNQUOTED.match(text, found.end())
            at = found.end() if value is None else value.end()
            if text[at : at + 1] and text[at] in _OPENING:
                # Where an object ends that stands here, nobody can tell.
                return "".join([*out, "…"])
        return "".join([*out, text[at:]])


def _without_telltale(found: re.Match[str]) -> str:
    return f"{found['user'] or found['scheme'] or ''}{REDACTED}"


def _words(name: str) -> tuple[str, ...]:
    words = _NOT_A_WORD.split(_BETWEEN_WORDS.sub("_", name))
    return tuple(word.casefold() for word in words if word)


def _are_same(words: Sequence[str], phrase: Sequence[str]) -> bool:
    """Compare words; the last one may be a plural."""
    same = len(words) == len(phrase) and words[:-1] == phrase[:-1]
    return same and words[-1] in (phrase[-1], f"{phrase[-1]}s")


class Describer:
    """Shows the values of one run.

    :param classes: the registered classes by name.
    :param redaction: which values not to show.
    """

    def __init__(self, classes: Mapping[str, type], redaction: Redaction) -> None:
        self._names = {id(cls): name for name, cls in reversed([*classes.items()])}
        self.redaction = redaction
        self._hidden: set[t.Any] = set()
        # With the objects, which keeps them alive: an identity is not reused.
        self._hidden_objects: dict[int, t.Any] = {}

    def hide(self, term: t.Any) -> None:
        """Do not show this value from now on, whatever it is called, nor what is in it."""
        for part in itertools.islice(walk([follow(term)], _contents), _MAX_HIDDEN):
            self._hide(getattr(part, "value", None))

    def _hide(self, value: t.Any) -> None:
        if type(value) in _HASHED:
            # Few numbers are secret, and small ones are everywhere.
            if value and (type(value) is not int or abs(value) >= _MIN_SECRET):
                self._hidden.add(value)
        elif value is not None and not _is_of(value, (bool, float, type)):
            self._hidden_objects[id(value)] = value

    def hide_named(self, term: t.Any) -> None:
        """Do not show what a dictionary has under such names from now on."""
        for name, value in itertools.islice(_named_parts(follow(term)), _MAX_HIDDEN):
            if self.redaction.hides(name):
                self.hide(value)

    def is_hidden(self, term: t.Any) -> bool:
        """Return whether a value is not shown."""
        value = getattr(follow(term), "value", None)
        return id(value) in self._hidden_objects or self._is_hidden_text(value)

    def without_hidden(self, text: str) -> str:
        """Return a message without the hidden texts in it."""
        for value in sorted(filter(_is_telling, self._hidden), key=len, reverse=True):
            text = text.replace(f'"{value}"', REDACTED).replace(value, REDACTED)
        return text

    def class_of(self, term: t.Any) -> str:
        """Name the class of a value, with an article: ``a User``."""
        term = follow(term)
        if isinstance(term, List):
            return "a List"
        if isinstance(term, Dictionary):
            return "a Dictionary"
        value = getattr(term, "value", None)
        return with_article(self._class_name(type(value)))

    def term(self, term: t.Any, most: int = MAX_VALUE) -> str:
        """Show a value of the run.

        :param most: in so many characters; ``MAX_NAME`` where it only has to be known again.
        """
        return shortened("".join(self._pieces(term, 0)), most)

    def _class_name(self, cls: type) -> str:
        return self._names.get(id(cls)) or shortened(cls.__name__, _MAX_STRING)

    def _pieces(self, term: t.Any, depth: int) -> Iterator[str]:
        term = follow(term)
        if isinstance(term, Value):
            yield self._scalar(term)
        elif isinstance(term, Instance):
            yield self._object(term.value, depth)
        elif isinstance(term, List):
            rest = "" if term.rest is None else ", …"
            yield from self._elements(term.items, f"[{rest}]", depth)
        elif isinstance(term, Dictionary):
            yield from self._fields(term, depth)
        elif isinstance(term, Unknown):
            yield "_"
        else:
            yield with_escapes(to_polar(term))

    def _scalar(self, term: Value) -> str:
        value = term.value
        if self._is_hidden_text(value):
            return REDACTED
        if type(value) is str:
            return self._text(value)
        return to_polar(term)

    def _text(self, text: str) -> str:
        """Show a string; what is secret in it may be cut off in its middle, not its name."""
        shown = with_escapes(self.redaction.cleaned(text[:_MAX_STRING]))
        if len(text) <= _MAX_STRING:
            return f'"{shown}"'
        return f'"{shown}…" ({len(text):,} characters)'

    def _elements(self, items: Sequence[t.Any], brackets: str, depth: int) -> Iterator[str]:
        if depth >= _MAX_DEPTH and items:
            yield f"{brackets[0]}…{brackets[-1]}"
            return
        yield brackets[0]
        for number, item in enumerate(items[:_MAX_ELEMENTS]):
            yield ", " if number else ""
            yield from self._pieces(item, depth + 1)
        yield _and_more(len(items)) + brackets[1:]

    def _fields(self, term: Dictionary, depth: int) -> Iterator[str]:
        if depth >= _MAX_DEPTH and term.fields:
            yield "{…}"
            return
        yield "{"
        for number, (name, value) in enumerate(term.fields[:_MAX_ELEMENTS]):
            yield f"{', ' if number else ''}{with_escapes(shortened(name, _MAX_STRING))}: "
            if self.redaction.hides(name):
                self.hide(value)
                yield REDACTED
            else:
                yield from self._pieces(value, depth + 1)
        yield _and_more(len(term.fields)) + "}"

    def _object(self, value: t.Any, depth: int) -> str:
        if value is None:
            return "nil"
        if id(value) in self._hidden_objects or self._is_hidden_text(value):
            return REDACTED
        nameless = f"<{self._class_name(type(value))} object>"
        try:
            return self._known(value, depth) or nameless
        except Exception:
            # An object that cannot say what it is; the explanation goes on without.
            return nameless

    def _known(self, value: t.Any, depth: int) -> str | None:
        """Show an object by what it is called, or by what it says of itself."""
        if _is_of(value, type):
            return self._class_name(value)
        if _is_of(value, enum.Enum):
            return f"{type(value).__name__}.{value.name}"
        brackets = _brackets(type(value))
        if brackets is not None:
            return "".join(self._collection(value, brackets, depth))
        return self._key(value) or self._own_text(value)

    def _is_hidden_text(self, value: t.Any) -> bool:
        # Not any object: to ask it for its hash would run what it likes.
        return type(value) in _HASHED and value in self._hidden

    def _collection(self, value: t.Any, brackets: str, depth: int) -> Iterator[str]:
        shown = [Instance(each) for _, each in zip(range(_MAX_ELEMENTS), value, strict=False)]
        plain = [_as_value(each) for each in shown]
        if depth >= _MAX_DEPTH and shown:
            yield f"{brackets[0]}…{brackets[1]}"
            return
        yield brackets[0]
        for number, each in enumerate(plain):
            yield ", " if number else ""
            yield from self._pieces(each, depth + 1)
        yield _and_more(len(value)) + brackets[1]

    def _key(self, value: t.Any) -> str | None:
        key = _key_of(value)
        if not key:
            return None
        is_hidden = self.redaction.hides("id") or any(map(self._is_hidden_text, key))
        parts = REDACTED if is_hidden else ",".join(map(_key_text, key))
        return f"{self._class_name(type(value))}:{parts}"

    def _own_text(self, value: t.Any) -> str | None:
        own: object = type(value).__repr__
        if own is object.__repr__:
            return None
        text = repr(value[:_MAX_STRING] if _is_of(value, _TEXTS) else value)
        cleaned = self.redaction.cleaned(self.without_hidden(text[:_MAX_REPR]))
        return with_escapes(shortened(cleaned, MAX_VALUE))


def _brackets(cls: type) -> str | None:
    """Return the brackets of a collection, also of one that only tells when it is changed.

    SQLAlchemy's are such: their ``repr`` would show the rows without their keys.
    """
    for kind, brackets in _CONTAINERS.items():
        own: t.Any = cls.__repr__
        if issubclass(cls, kind) and own is kind.__repr__ and iterates_itself(cls):
            return brackets
    return None


def _is_of(value: t.Any, kinds: type | tuple[type, ...]) -> bool:
    """Return whether a value is of a kind; no object is asked, nor believed to be another."""
    return issubclass(type(value), kinds)


def _contents(term: t.Any) -> Sequence[t.Any]:
    """Return what is in a collection, as terms."""
    if isinstance(term, (List, Dictionary)):
        return [follow(part) for part in parts(term)]
    value: t.Any = getattr(term, "value", None)
    if _is_of(value, (list, tuple, set, frozenset)) and iterates_itself(type(value)):
        return [_as_value(Instance(each)) for each in itertools.islice(value, _MAX_HIDDEN)]
    if _is_of(value, dict):
        values = itertools.islice(dict.values(value), _MAX_HIDDEN)
        return [_as_value(Instance(each)) for each in values]
    return ()


def _named_parts(term: t.Any) -> Iterator[tuple[str, t.Any]]:
    """Return the names and the values of a dictionary, as terms."""
    if isinstance(term, Dictionary):
        yield from term.fields
        return
    value: t.Any = getattr(term, "value", None)
    if _is_of(value, dict):
        for name, each in dict.items(value):
            if type(name) is str:
                yield name, _as_value(Instance(each))


def _key_of(value: t.Any) -> tuple[t.Any, ...] | None:
    """Return the key of an object without a database, and without its properties."""
    try:
        own = object.__getattribute__(value, "__dict__")
    except AttributeError:
        own = {}
    # The state that SQLAlchemy keeps has the key as it is in the database.
    identity = getattr(own.get("_sa_instance_state"), "identity", None)
    if type(identity) is tuple and identity:
        return identity
    key = own.get("id")
    if key is None and is_quiet(type(value), "id"):
        key = getattr(value, "id", None)
    return (key,) if _is_key(key) else None


def _is_key(key: t.Any) -> bool:
    return type(key) in (int, str) or type(key).__module__ == "uuid"


def _key_text(key: t.Any) -> str:
    return with_escapes(shortened(str(key), _MAX_STRING))


def _as_value(term: Instance) -> t.Any:
    plain = type(term.value) in (bool, int, float, str)
    return Value(term.value) if plain else term


def _and_more(count: int) -> str:
    return f", … and {count - _MAX_ELEMENTS:,} more" if count > _MAX_ELEMENTS else ""


def _is_telling(value: t.Any) -> bool:
    # To look for a short text in a message would take the message apart.
    return type(value) is str and len(value) >= 4


def shortened(text: str, most: int) -> str:
    """Return a text, or its beginning and an ellipsis."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
