"""Redaction: values of a run as short texts that developers may see.

In goes a term of the run; out comes one line of bounded length. An object with a key is shown as
``User:1``, any other by its shortened ``repr``. A value that was read from an attribute such as
``password`` is redacted wherever it occurs.
"""

from __future__ import annotations

import enum
import itertools
import re
import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ..characters import with_escapes
from ..host.conversion import follow
from ..host.sandbox import is_silent_read, iterates_itself
from ..nodes import Dictionary, Instance, List, Unknown, Value, parts
from ..printer import to_polar
from ..spelling import shortened, with_article
from ..traversal import walk

#: Names of attributes whose values are redacted. Each stands for all names that contain its words
#: in this order: ``api_key`` for ``stripe_api_key`` and ``apiKey``, too.
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
#: How many elements of a collection are shown, and to which depth.
_MAX_ELEMENTS = 5
_MAX_DEPTH = 2
#: How many characters of a ``repr`` are searched for values to redact.
_MAX_REPR = 10_000

_BETWEEN_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile(r"\w+")
_NOT_A_WORD = re.compile(r"[\W_]+")
#: A name before a value in the ``repr`` of an object: ``name='Ann'``, ``'name': 1``.
_NAMED = re.compile(r"""(?<![\w-])(?P<name>[\w-]+)(?:\\*['"])?\]?\s*[=:]\s*""")
#: A name before a value in a sentence: ``bad token 'abc'``, ``the pin 1234``.
_SAID = re.compile(
    r"""(?<![\w-])(?P<name>[\w-]+)(?:\s+(?:is|was))?\s+"""
    r"""(?P<value>(?P<quote>['"]).*?(?P=quote)|\w*\d\S*)"""
)
#: Secrets that no name marks: the password in a URL, and credentials of ``Authorization``.
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
_PLAIN = frozenset({bool, int, float, str})
#: Classes of values that are redacted wherever an equal value is.
_HASHED = (str, bytes, int)
_MIN_SECRET = 1_000
#: How many values in a collection are redacted.
_MAX_HIDDEN = 1_000


class Redaction:
    """Knows which names have values that are redacted.

    :param names: words of names, in snake case.
    """

    def __init__(self, names: Iterable[str] = DEFAULT_REDACTED) -> None:
        self._phrases = tuple(phrase for name in names if (phrase := _words(name)))

    def hides(self, name: str) -> bool:
        """Return whether the value of an attribute of this name is redacted."""
        words = _words(name)
        return any(
            _are_same(words[at : at + len(phrase)], phrase)
            for phrase in self._phrases
            for at in range(len(words) - len(phrase) + 1)
        )

    def hides_part(self, text: str) -> bool:
        """Return whether a text of the policy names an attribute whose value is redacted."""
        return any(map(self.hides, _WORD.findall(text)))

    def cleaned(self, text: str) -> str:
        """Redact the values of such names in a text, such as a ``repr`` or a URL."""
        return _TELLTALE.sub(_without_telltale, self._without_named(text))

    def cleaned_sentence(self, text: str) -> str:
        """Redact such values in the message of an exception, also in its sentences."""
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
                # The end of a nested object cannot be found: cut the text here.
                return "".join([*out, "…"])
        return "".join([*out, text[at:]])


def _without_telltale(found: re.Match[str]) -> str:
    return f"{found['user'] or found['scheme'] or ''}{REDACTED}"


def _words(name: str) -> tuple[str, ...]:
    words = _NOT_A_WORD.split(_BETWEEN_WORDS.sub("_", name))
    return tuple(word.casefold() for word in words if word)


def _are_same(words: Sequence[str], phrase: Sequence[str]) -> bool:
    """Return whether words are equal; the last one may be a plural."""
    same = len(words) == len(phrase) and words[:-1] == phrase[:-1]
    return same and words[-1] in (phrase[-1], f"{phrase[-1]}s")


class Describer:
    """Prints the values of one run.

    :param classes: the registered classes by name.
    :param redaction: which values to redact.
    """

    def __init__(self, classes: Mapping[str, type], redaction: Redaction) -> None:
        # Another policy may take the place of the one that runs: its classes are kept alive, too.
        self._classes = [*classes.items()]
        self._names = {id(cls): name for name, cls in reversed(self._classes)}
        self.redaction = redaction
        self._hidden: set[t.Any] = set()
        # The objects are kept alive, so that no other object gets their ids.
        self._hidden_objects: dict[int, t.Any] = {}
        self._asked: set[str] = set()

    def note_question(self, args: Iterable[object]) -> None:
        """Note the texts of a question, such as its action: they are no secret."""
        self._asked.update(arg for arg in args if type(arg) is str)

    def is_asked(self, term: t.Any) -> bool:
        """Tell whether a value is a text of the question."""
        value = getattr(follow(term), "value", None)
        return type(value) is str and value in self._asked

    def hide(self, term: t.Any) -> None:
        """Redact this value from now on under any name, and its elements."""
        for part in itertools.islice(walk([follow(term)], _contents), _MAX_HIDDEN):
            self._hide(getattr(part, "value", None))

    def _hide(self, value: t.Any) -> None:
        if type(value) in _HASHED:
            # Small numbers are not redacted: equal ones are everywhere.
            if value and (type(value) is not int or abs(value) >= _MIN_SECRET):
                self._hidden.add(value)
        elif value is not None and not _is_of(value, (bool, float, type)):
            self._hidden_objects[id(value)] = value

    def hide_named(self, term: t.Any) -> None:
        """Redact from now on the values that a dictionary has under redacted names."""
        for name, value in itertools.islice(_named_parts(follow(term)), _MAX_HIDDEN):
            if self.redaction.hides(name):
                self.hide(value)

    def is_hidden(self, term: t.Any) -> bool:
        """Return whether a value is redacted."""
        value = getattr(follow(term), "value", None)
        return id(value) in self._hidden_objects or self._is_hidden_text(value)

    def without_hidden(self, text: str) -> str:
        """Redact hidden texts in a message."""
        for value in sorted(filter(_is_telling, self._hidden), key=len, reverse=True):
            text = text.replace(f'"{value}"', REDACTED).replace(value, REDACTED)
        return text

    def class_of(self, term: t.Any) -> str:
        """Return the class of a value with an article: ``a User``."""
        term = follow(term)
        if isinstance(term, List):
            return "a List"
        if isinstance(term, Dictionary):
            return "a Dictionary"
        value = getattr(term, "value", None)
        return with_article(self._class_name(type(value)))

    def term(self, term: t.Any, most: int = MAX_VALUE) -> str:
        """Return the text of a value of the run.

        :param most: the length of the text; ``MAX_NAME`` if it only has to identify the value.
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
            yield from self._elements(term.items, f"[{rest}]", depth, len(term.items))
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
        """Return the text of a string. It is redacted after it is cut, so names are complete."""
        shown = with_escapes(self.redaction.cleaned(text[:_MAX_STRING]))
        if len(text) <= _MAX_STRING:
            return f'"{shown}"'
        return f'"{shown}…" ({len(text):,} characters)'

    def _elements(
        self, items: Sequence[t.Any], brackets: str, depth: int, count: int
    ) -> Iterator[str]:
        if depth >= _MAX_DEPTH and items:
            yield f"{brackets[0]}…{brackets[-1]}"
            return
        yield brackets[0]
        for number, item in enumerate(items[:_MAX_ELEMENTS]):
            yield ", " if number else ""
            yield from self._pieces(item, depth + 1)
        yield _and_more(count) + brackets[1:]

    def _fields(self, term: Dictionary, depth: int) -> Iterator[str]:
        fields = term.shown()
        if depth >= _MAX_DEPTH and fields:
            yield "{…}"
            return
        yield "{"
        for number, (name, value) in enumerate(fields[:_MAX_ELEMENTS]):
            yield f"{', ' if number else ''}{with_escapes(shortened(name, _MAX_STRING))}: "
            if self.redaction.hides(name):
                self.hide(value)
                yield REDACTED
            else:
                yield from self._pieces(value, depth + 1)
        yield _and_more(len(fields)) + "}"

    def _object(self, value: t.Any, depth: int) -> str:
        if value is None:
            return "nil"
        if id(value) in self._hidden_objects or self._is_hidden_text(value):
            return REDACTED
        nameless = f"<{self._class_name(type(value))} object>"
        try:
            return self._known(value, depth) or nameless
        except Exception:
            # The ``repr`` of the object raised an error; the explanation does without it.
            return nameless

    def _known(self, value: t.Any, depth: int) -> str | None:
        """Return the text of an object: its name, its key, its elements or its ``repr``."""
        if _is_of(value, type):
            return self._class_name(value)
        if _is_of(value, enum.Enum):
            return f"{type(value).__name__}.{value.name}"
        brackets = _brackets(type(value))
        if brackets is not None:
            return "".join(self._collection(value, brackets, depth))
        return self._key(value) or self._own_text(value)

    def _is_hidden_text(self, value: t.Any) -> bool:
        # Only built-in classes: the ``__hash__`` of another object may run any code.
        # Nor its class, whose metaclass may compare it with these, or take its hash away.
        return any(type(value) is each for each in _HASHED) and value in self._hidden

    def _collection(self, value: t.Any, brackets: str, depth: int) -> Iterator[str]:
        items = itertools.islice(value, _MAX_ELEMENTS)
        shown = [_as_value(Instance(each)) for each in items]
        return self._elements(shown, brackets, depth, len(value))

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
    """Return the brackets of a collection; ``None`` if it has a ``repr`` or iterator of its own.

    Collections of SQLAlchemy have neither. Their ``repr`` would show rows without their keys.
    """
    for kind, brackets in _CONTAINERS.items():
        own: t.Any = cls.__repr__
        if issubclass(cls, kind) and own is kind.__repr__ and iterates_itself(cls):
            return brackets
    return None


def _is_of(value: t.Any, kinds: type | tuple[type, ...]) -> bool:
    """Return whether a value is of a class. No code of the object runs; proxies do not count."""
    return issubclass(type(value), kinds)


def _contents(term: t.Any) -> Sequence[t.Any]:
    """Return the elements of a collection as terms."""
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
    """Yield the keys of a dictionary and its values as terms."""
    if isinstance(term, Dictionary):
        yield from term.shown()
        return
    value: t.Any = getattr(term, "value", None)
    if _is_of(value, dict):
        for name, each in dict.items(value):
            if type(name) is str:
                yield name, _as_value(Instance(each))


def _key_of(value: t.Any) -> tuple[t.Any, ...] | None:
    """Return the primary key or ``id`` of an object. No query and no property is run."""
    try:
        own = object.__getattribute__(value, "__dict__")
    except AttributeError:
        own = {}
    # The instance state of SQLAlchemy has the primary key as it is in the database.
    identity = getattr(own.get("_sa_instance_state"), "identity", None)
    if type(identity) is tuple and identity:
        return identity
    key = own.get("id")
    if key is None and is_silent_read(type(value), "id"):
        key = getattr(value, "id", None)
    return (key,) if _is_key(key) else None


def _is_key(key: t.Any) -> bool:
    return type(key) is int or type(key) is str or type(key).__module__ == "uuid"


def _key_text(key: t.Any) -> str:
    return with_escapes(shortened(str(key), _MAX_STRING))


def _as_value(term: Instance) -> t.Any:
    plain = type(term.value) in _PLAIN
    return Value(term.value) if plain else term


def _and_more(count: int) -> str:
    return f", … and {count - _MAX_ELEMENTS:,} more" if count > _MAX_ELEMENTS else ""


def _is_telling(value: t.Any) -> bool:
    # A short text may occur anywhere in a message by chance.
    return type(value) is str and len(value) >= 4
