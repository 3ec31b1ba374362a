"""Values of every kind that a policy may meet, plain ones and traps.

What the traps are asked is noted: ``CALLS`` is one list for all of them.
"""

from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import ipaddress
import pathlib
import re
import types
import typing as t
import uuid
from collections.abc import Iterator

CALLS: list[t.Any] = []


class User:
    """Who asks, about one value."""

    KIND = "a"

    def __init__(self, x: t.Any = None) -> None:
        self.x = x


class Doc:
    """What is asked about, with one value."""

    def __init__(self, x: t.Any = None) -> None:
        self.x = x


class Own:
    """An object with comparisons of its own."""

    def __init__(self, n: int) -> None:
        self.n = n

    def __eq__(self, other: object) -> bool:
        CALLS.append(("eq", self.n))
        return isinstance(other, Own) and self.n == other.n

    def __lt__(self, other: t.Any) -> bool:
        CALLS.append(("lt", self.n))
        return bool(self.n < other.n)

    def __hash__(self) -> int:
        return 1


class Folded(str):
    """A text that claims to equal others of another hash."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and str.lower(self) == str.lower(other)

    def __hash__(self) -> int:
        return hash(str.lower(self))


class Raises:
    """An object whose comparison fails."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        CALLS.append("raises")
        raise ValueError("eq")


class RaisesTypeError:
    """An object whose comparisons fail as Python's own do."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        CALLS.append("type error")
        raise TypeError("eq")

    def __lt__(self, other: object) -> bool:
        raise TypeError("lt")


class GivesLists:
    """An object whose comparisons give lists."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> t.Any:
        CALLS.append("list")
        return [1]

    def __ne__(self, other: object) -> t.Any:
        CALLS.append("no list")
        return []


class HasNoTruth:
    """An object whose comparison gives what is neither true nor false."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> t.Any:
        return self

    def __bool__(self) -> bool:
        raise ValueError("bool")


class OnlyUnequal:
    """An object with ``__ne__`` alone."""

    def __ne__(self, other: object) -> bool:
        CALLS.append("ne")
        return False


class OwnInteger(int):
    """An integer that equals everything."""

    __hash__ = int.__hash__

    def __eq__(self, other: object) -> bool:
        CALLS.append("integer")
        return True

    def __lt__(self, other: object) -> bool:
        CALLS.append("less")
        return True


class OwnText(str):
    """A string that equals everything."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        CALLS.append("text")
        return True


class OwnSteps(tuple[t.Any, ...]):
    """A tuple that is gone through in a way of its own."""

    __slots__ = ()

    def __iter__(self) -> Iterator[t.Any]:
        CALLS.append("steps")
        return iter([1])


class QuietText(str):
    """A string that compares as any string."""

    __slots__ = ()


class QuietInteger(int):
    """An integer that compares as any integer."""


class AnswersAll:
    """An object that has every attribute."""

    def __getattr__(self, name: str) -> str:
        if name.startswith("_"):
            raise AttributeError(name)
        CALLS.append(("getattr", name))
        return "v"


class Status(enum.Enum):
    """A closed set."""

    A = "a"
    B = "b"


class Level(enum.IntEnum):
    """A closed set of integers."""

    LOW = 1
    HIGH = 2


class Kind(enum.StrEnum):
    """A closed set of strings."""

    A = "a"


class OwnEnum(enum.Enum):
    """A closed set whose members equal everything."""

    A = 1

    def __eq__(self, other: object) -> bool:
        CALLS.append("enum")
        return True

    __hash__ = enum.Enum.__hash__


@dataclasses.dataclass
class Data:
    """Compares by its field."""

    n: t.Any


@dataclasses.dataclass(order=True, frozen=True)
class Rank:
    """Has an order."""

    n: int


class Pair(t.NamedTuple):
    """A tuple with names."""

    x: t.Any
    y: t.Any


class OwnPair(Pair):
    """A tuple with names that equals everything."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        CALLS.append("pair")
        return True


class Listed(list[t.Any]):
    """A list of a class of its own."""


class Keyed(dict[str, t.Any]):
    """A dictionary of a class of its own."""


class Zone(datetime.tzinfo):
    """A zone that notes who asks."""

    def utcoffset(self, at: datetime.datetime | None) -> datetime.timedelta:
        CALLS.append("zone")
        return datetime.timedelta(0)

    def dst(self, at: datetime.datetime | None) -> None:
        return None

    def tzname(self, at: datetime.datetime | None) -> None:
        return None


class OwnDecimal(decimal.Decimal):
    """A number that equals everything."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        CALLS.append("decimal")
        return True


class Amount(decimal.Decimal):
    """A number that compares as its base does."""


class Day(datetime.date):
    """A day that compares as its base does."""


class Span(datetime.timedelta):
    """A time that compares as its base does."""


def _made_in_a_function() -> tuple[t.Any, t.Any]:
    class Temporary:
        kind = "a"

    class TemporaryAlike:
        __hash__ = None  # type: ignore[assignment]

        def __eq__(self, other: object) -> bool:
            CALLS.append("temporary")
            return True

    return Temporary(), TemporaryAlike()


CLASSES = (User, Doc, Rank, Status)
OWN = Own(1)
CONSTANTS: dict[str, t.Any] = {
    "K": OWN,
    "KD": decimal.Decimal(1),
    "KT": datetime.datetime(2020, 1, 1),
    "KE": Status.A,
    "KS": {1, "a"},
    "KL": [1, "a"],
    "KP": (1, "a", OWN),
    "KDICT": {"kind": "a", "n": 2},
}


def make_values() -> dict[str, t.Any]:
    """Make values by name. The iterators among them can be read once."""
    return {**_scalars(), **_immutable(), **_traps(), **_collections(), **_dictionaries(), **_odd()}


def _scalars() -> dict[str, t.Any]:
    texts = {"a": "a", "b": "b", "A": "A", "é": "é", "surrogate": "\ud800", "empty": ""}
    return {
        **{"None": None, "True": True, "False": False, "0": 0, "1": 1, "2": 2, "big": 2**70},
        **{"max": 2**63 - 1, "min": -(2**63), "1.0": 1.0, "0.5": 0.5, "inf": float("inf")},
        **{"nan": float("nan"), **texts},
    }


def _immutable() -> dict[str, t.Any]:
    one, moment = decimal.Decimal(1), datetime.datetime(2020, 1, 1)
    hour = datetime.timezone(datetime.timedelta(hours=1))
    return {
        **{"one": one, "2.5": decimal.Decimal("2.5"), "quiet nan": decimal.Decimal("nan")},
        **{"loud nan": decimal.Decimal("snan"), "half": fractions.Fraction(1, 2), "1j": 1j},
        **{"complex": complex(1), "moment": moment, "later": datetime.datetime(2021, 1, 1)},
        "utc": moment.replace(tzinfo=datetime.UTC),
        "hour": moment.replace(tzinfo=hour),
        "zone": moment.replace(tzinfo=Zone()),
        **{"date": moment.date(), "time": moment.time(), "span": datetime.timedelta(1)},
        **{"amount": Amount(1), "loud amount": Amount("snan"), "quiet amount": Amount("nan")},
        **{"day": Day(2020, 1, 1), "own span": Span(1)},
        **{"address": ipaddress.IPv4Address(1), "address 2": ipaddress.IPv4Address(2)},
        **{"long address": ipaddress.IPv6Address(1), "network": ipaddress.ip_network("0.0.0.0/30")},
        **{"uuid": uuid.UUID(int=1), "bytes": b"a", "array": bytearray(b"a")},
        **{"path": pathlib.PurePosixPath("/a"), "status": Status.A, "other status": Status.B},
        **{"level": Level.LOW, "high": Level.HIGH, "kind": Kind.A, "rank": Rank(1)},
    }


def _traps() -> dict[str, t.Any]:
    temporary, alike = _made_in_a_function()
    return {
        **{"own": OWN, "own 1": Own(1), "own 2": Own(2), "raises": Raises()},
        **{"type error": RaisesTypeError(), "lists": GivesLists(), "no truth": HasNoTruth()},
        **{"unequal": OnlyUnequal(), "own integer": OwnInteger(1), "own text": OwnText("a")},
        **{"quiet text": QuietText("a"), "quiet integer": QuietInteger(1)},
        **{"answers all": AnswersAll(), "own enum": OwnEnum.A, "own decimal": OwnDecimal(1)},
        **{"data": Data(1), "data of own": Data(OWN), "own pair": OwnPair(1, 2)},
        "own steps": OwnSteps((1, 2)),
        **{"temporary": temporary, "temporary alike": alike},
    }


def _collections() -> dict[str, t.Any]:
    circle: list[t.Any] = []
    circle.append(circle)
    nan = float("nan")
    return {
        **{"pair": Pair(1, 2), "pair of nan": Pair("a", nan), "tuple": (1, 2), "true": (True, 2)},
        **{"tuple of own": (OWN,), "tuple of nan": (nan,), "no tuple": (), "set": {1, "a"}},
        **{"frozen": frozenset({1, "a"}), "set of own": {OWN}, "list": [1, 2], "floats": [1.0, 2]},
        **{"flags": [True, 2], "texts": ["a", "b"], "list of own": [OWN], "list of nan": [nan]},
        **{"large": [2**70], "surrogates": ["\ud800"], "nested": [["a"], 1], "circle": circle},
        **{"no list": [], "listed": Listed(["a", 1]), "deque": collections.deque(["a", 1])},
        **{"range": range(3), "no range": range(0)},
        **{"generator": _texts(), "iterator": iter(["a", 1])},
    }


def _texts() -> Iterator[t.Any]:
    yield "a"
    yield 1


def _dictionaries() -> dict[str, t.Any]:
    listed = {"a": 1, "kind": "a"}
    return {
        **{"entries": {"kind": "a"}, "entry 1": {"kind": 1, "b": [1]}, "no entries": {}},
        **{"nested entries": {"kind": {"kind": "a"}}, "nil entry": {"kind": None}},
        **{"integer key": {1: "a", "kind": "a"}, "nil key": {None: 1, "kind": "a"}},
        **{"odd key": {(1,): 1, "kind": "a"}, "large entry": {"kind": "a", "x": 2**70}},
        **{"entry of own": {"kind": OWN}, "quiet key": {QuietText("kind"): "a"}},
        **{"keyed": Keyed(kind="a"), "default": collections.defaultdict(str, kind="a")},
        **{"ordered": collections.OrderedDict(kind="a"), "keys": listed.keys()},
        **{"values": listed.values(), "items": listed.items()},
        "proxy": types.MappingProxyType({"kind": "a"}),
    }


def _odd() -> dict[str, t.Any]:
    return {
        **{"namespace": types.SimpleNamespace(kind="a"), "user": User(1), "class": User},
        **{"enum": Status, "function": make_values, "method": [].append},
    }


def name_of(value: t.Any) -> str:
    """Return a text for a value in the name of a test, which is the same in each process."""
    return re.sub(r" at 0x[0-9a-f]+", "", ascii(value))
