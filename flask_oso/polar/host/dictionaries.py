"""Dictionaries of the application, read entry by entry.

In goes a ``dict``; out comes what a policy asks of it. Nothing else of it is looked at: a value
that no rule reads is never converted, so it raises nothing and takes no time. Keys are those that
JSON writes. A text is looked up as Python does it, by its hash, and all keys are looked through
only for a text that JSON writes for a number, a Boolean or ``None``.
"""

from __future__ import annotations

import math
import sys
import typing as t
from collections.abc import Callable, Iterable, Iterator

from ..exceptions import OperationalError


class _Missing:
    """The class of what stands for a missing entry.

    Nothing else is of it, so that no value of an application makes its class one that is known.
    """

    __slots__ = ()


#: Stands for an entry that a dictionary does not have.
MISSING: t.Any = _Missing()
#: The methods that read a dictionary, and how many arguments they take.
READING: t.Final = {"get": (1, 2), "keys": (0,), "values": (0,), "items": (0,)}
#: What a dictionary has under a text may be under one of these, too.
_NO_TEXTS = (int, float, type(None))
#: The words that JSON has for what is no text, and for what is no number.
WORDS = {"true": True, "false": False, "null": None, "NaN": None, "Infinity": math.inf}
_BEGINNINGS = frozenset("-0123456789")
#: What JSON writes numbers with. Most texts that begin with a digit, such as a UUID, have more.
_IN_NUMBERS = "0123456789.eE+-"
_JSON_NUMBERS = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
_TEXTS = frozenset({str})
#: What the classes of numbers have: a number equals others of another class.
_OF_NUMBERS = ("__float__", "__complex__")


def find_entry(source: dict[t.Any, t.Any], name: str) -> t.Any:
    """Return the value under a text, or ``MISSING``. A key that is a text comes first."""
    found = source.get(name, MISSING)
    if found is not MISSING or (name not in WORDS and name[:1] not in _BEGINNINGS):
        return found
    if type(source) is dict and source.__sizeof__() in SIZES_OF_TEXTS:
        return found
    if _has_number(source, name):
        for key, value in [*source.items()]:
            if issubclass(type(key), _NO_TEXTS) and json_key(key) == name:
                found = value
    return found


def is_no_number(name: str) -> bool:
    """Tell whether a text is none that JSON writes for a number, a Boolean or ``None``.

    Then ``find_entry`` finds what Python does.
    """
    return name not in WORDS and name[:1] not in _BEGINNINGS


def entry_of_text(source: dict[t.Any, t.Any], text: str) -> tuple[tuple[str, t.Any], ...] | None:
    """Return the one entry whose key is a text, or none. All keys have to be texts.

    ``None`` if all entries have to be gone through: a key of another class may be written like the
    text, or may equal it while it is another text.
    """
    if type(source) is not dict or source.__sizeof__() not in SIZES_OF_TEXTS:
        try:
            if not are_all_texts(source):
                return None
        except RuntimeError:
            # Another thread has changed it meanwhile.
            return None
    found = source.get(text, MISSING)
    return () if found is MISSING else ((text, found),)


def has_text_keys(source: dict[t.Any, t.Any]) -> bool:
    """Tell whether all keys are of the class of texts itself; mostly without looking at them."""
    # What derives from `dict` has another size.
    is_told = type(source) is dict and source.__sizeof__() in SIZES_OF_TEXTS
    return is_told or are_all_texts(source)


def _sizes_of_texts() -> frozenset[int]:
    """Return the sizes that a dictionary has whose table takes no other keys than texts.

    CPython keeps no hash in such a table, so that an entry takes less than in one for any keys:
    each size belongs to one of the two. Nothing is known where a dictionary has another size than
    is calculated here.
    """
    if sys.implementation.name != "cpython":
        return frozenset()
    ahead = {"": None}.__sizeof__() - _table_size(3, 16)
    for power in range(3, 9):
        numbers = dict.fromkeys(range((2 << power) // 3))
        texts = dict.fromkeys(map(str, numbers))
        sizes = texts.__sizeof__() - ahead, numbers.__sizeof__() - ahead
        if sizes != (_table_size(power, 16), _table_size(power, 24)):
            return frozenset()
    texts_only, any_keys = (
        {ahead + _table_size(power, entry) for power in range(3, 18)} for entry in (16, 24)
    )
    return frozenset(texts_only - any_keys)


def _table_size(power: int, entry: int) -> int:
    """Return how many bytes a table of so many places takes: two thirds of them have entries."""
    places = 1 << power
    index = 1 if power < 8 else 2 if power < 16 else 4
    return places * index + 2 * places // 3 * entry


#: Whoever asks again and again compares sizes without a call, of what is a `dict` itself.
SIZES_OF_TEXTS: t.Final = _sizes_of_texts()


def are_all_texts(elements: Iterable[t.Any]) -> bool:
    """Tell whether all elements, or keys, are of the class of texts itself."""
    # With `map` and a set this takes half as long again, and for few elements twice as long.
    for each in elements:  # noqa: SIM110 - without a generator it takes half of the time
        if type(each) is not str:
            return False
    return True


def _has_number(source: dict[t.Any, t.Any], name: str) -> bool:
    """Tell whether a key may be a number, a Boolean or ``None`` that JSON writes like a text.

    It is found by its hash; for Python, ``True`` and ``1.0`` are the number 1.
    """
    if name in WORDS:
        return name == "NaN" or WORDS[name] in source
    if name[:1] not in _BEGINNINGS or (name.strip(_IN_NUMBERS) and name != "-Infinity"):
        return False
    for kind in (int, float):
        try:
            return kind(name) in source
        except ValueError:
            continue
    return False


def sorted_entries(source: dict[t.Any, t.Any]) -> list[tuple[str, t.Any]]:
    """Return keys as texts, and values, in the order of the keys.

    :raises TypeError: for a key that is no string, number, Boolean or ``None``.
    :raises OperationalError: for a key with lone surrogates.
    """
    # A copy: another thread may change what is looked through.
    entries = source.copy()
    if not _TEXTS.issuperset(map(type, entries)):
        entries = _written(entries, json_key)
    for key in () if "".join(entries).isascii() else entries:
        check_text(key)
    # No two keys are equal, so that no values are compared.
    return sorted(entries.items())


def sorted_by_text(entries: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return entries in the order of their keys, which are texts. Often they are in it already."""
    keys = [*entries]
    ordered = sorted(keys)
    return entries if keys == ordered else {key: entries[key] for key in ordered}


def with_texts(source: dict[t.Any, t.Any]) -> dict[t.Any, t.Any]:
    """Return a copy for Python: in the order of its keys, which are texts.

    Keys that JSON refuses, and texts that equal others in a way of their own, stay as they are,
    behind the others: Python can look them up.
    """
    entries = source.copy()
    if _TEXTS.issuperset(map(type, entries)):
        return sorted_by_text(entries)
    entries = _written(entries, lambda key: json_key(key) if _is_written(key) else key)
    texts = {key: value for key, value in entries.items() if type(key) is str}
    return dict(sorted(texts.items())) | entries


def _is_written(key: t.Any) -> bool:
    """Tell whether JSON has a text for a key, and Python finds nothing else under it."""
    kind: t.Any = type(key)
    if not issubclass(kind, str):
        return issubclass(kind, _NO_TEXTS)
    return kind.__eq__ is str.__eq__ and kind.__hash__ is str.__hash__


def _written(entries: dict[t.Any, t.Any], write: Callable[[t.Any], t.Any]) -> dict[t.Any, t.Any]:
    """Return the entries under other keys. A text comes before a number that is written so."""
    made = {write(key): value for key, value in entries.items() if type(key) is not str}
    return made | {key: value for key, value in entries.items() if type(key) is str}


def call_reading(source: dict[t.Any, t.Any], name: str, args: tuple[t.Any, ...]) -> t.Any:
    """Call one of the methods in ``READING``, as on a copy.

    :returns: ``MISSING`` for what has to be called on a real copy.
    """
    if len(args) not in READING.get(name, ()):
        return MISSING
    if name != "get":
        return getattr(with_texts(source), name)()
    key = args[0]
    default = args[1] if args[1:] else None
    if type(key) is str:
        found = find_entry(source, key)
        return default if found is MISSING else found
    found = source.get(key, MISSING)
    is_number = is_numeric(type(key))
    if found is MISSING and issubclass(type(key), str):
        found = find_entry(source, str.__str__(key))
    if found is MISSING:
        return default
    # A number is no key of what JSON writes.
    return with_texts(source).get(key, default) if is_number else found


def is_numeric(cls: type) -> bool:
    """Tell whether instances of a class may equal numbers, or are `None`, which JSON writes too."""
    return cls is type(None) or any(hasattr(cls, each) for each in _OF_NUMBERS)


def key_in(source: dict[t.Any, t.Any], key: str | float) -> Iterable[t.Any]:
    """Return what of the keys of a dictionary may equal a text or a number."""
    if type(key) is str:
        return () if find_entry(source, key) is MISSING else (key,)
    return () if lacks_number(source, key) else with_texts(source).keys()


def lacks_number(source: dict[t.Any, t.Any], key: t.Any) -> bool:
    """Tell whether no key of a dictionary equals a number, a Boolean or ``None``.

    They are no keys of what JSON writes, and among the others Python finds them; a float is
    compared with an object of another hash, too.
    """
    return key not in source and (type(key) is not float or are_all_texts([*source]))


def json_key(key: t.Any) -> str:
    """Return a key as JSON writes it.

    :raises TypeError: for one that is no string, number, Boolean or ``None``.
    """
    # Its own class: a proxy claims that of what it stands for.
    kind = type(key)
    if issubclass(kind, str):
        return str.__str__(key)
    if key is None or kind is bool:
        return "null" if key is None else "true" if key else "false"
    if issubclass(kind, int):
        return int.__repr__(key)
    if issubclass(kind, float):
        text = float.__repr__(key)
        return _JSON_NUMBERS.get(text, text)
    raise TypeError(
        f"Dictionary keys must be str, int, float, bool or None, not {type(key).__name__}."
    )


def check_text(text: str) -> None:
    """Refuse a string with lone surrogates."""
    if text.isascii():
        return
    try:
        text.encode()
    except UnicodeEncodeError:
        raise OperationalError(
            "Serialization error: the string contains a surrogate, which is no character."
        ) from None


class LazyKeys:
    """The keys of a dictionary for one function: it is not looked at to find a text in them."""

    __slots__ = ("source",)

    def __init__(self, source: dict[t.Any, t.Any]) -> None:
        self.source: t.Final = source

    def __iter__(self) -> Iterator[t.Any]:
        return iter(with_texts(self.source))

    def __len__(self) -> int:
        return len(self.source)
