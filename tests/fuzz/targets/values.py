"""Values of the host: odd objects as actor, action and resource open nothing."""

from __future__ import annotations

import datetime
import decimal
import enum
import typing as t
from collections.abc import Callable, Iterable, Iterator

from flask_oso import Oso, OsoError, Predicate, Variable
from flask_oso.polar import Expression, Pattern
from tests.support.models.world import Repo, User, make_oso

from ..choices import Choices
from ..oracle import is_from_host, sandbox

IS_TEXT = False
_SECRET = "PASSWORD"

_ERRORS: tuple[type[BaseException], ...] = (
    *(ValueError, TypeError, KeyError, AttributeError, IndexError, StopIteration, LookupError),
    *(StopAsyncIteration, GeneratorExit, RuntimeError, NotImplementedError, ZeroDivisionError),
    *(OSError, UnicodeError, TimeoutError, Exception),
)


class Odd:
    """An object whose every answer is one that the input chose."""

    def __init__(self, choices: Choices) -> None:
        self.__dict__["_answers"] = [choices.number(256) for _ in range(6)]

    def _answer(self, at: int, lie: t.Any) -> t.Any:
        answer = self.__dict__["_answers"][at]
        if answer < 2 * len(_ERRORS):
            raise _ERRORS[answer // 2]("a fault")
        return lie if answer % 2 else _PLAIN[answer % len(_PLAIN)]

    def __eq__(self, other: object) -> bool:
        return t.cast(bool, self._answer(0, True))

    def __hash__(self) -> int:
        return t.cast(int, self._answer(1, hash("ann")))

    def __bool__(self) -> bool:
        return t.cast(bool, self._answer(2, True))

    def __getattr__(self, name: str) -> t.Any:
        return self._answer(3, "ann")

    def __iter__(self) -> Iterator[t.Any]:
        yield self._answer(4, "ann")
        yield from ([1] * 5 if self._answer(4, 1) == 1 else iter(int, 1))

    def __lt__(self, other: object) -> bool:
        return t.cast(bool, self._answer(5, True))

    def __repr__(self) -> str:
        return _SECRET


class Name(str):
    """A string that is not one of Polar's, as a member of a string enumeration is."""

    __slots__ = ()


class Level(enum.IntEnum):
    """Numbers that are not Polar's."""

    ONE = 1


_PLAIN: tuple[t.Any, ...] = (False, None, 0, "eve", (), NotImplemented)
_STRANGE: tuple[Callable[[Choices], t.Any], ...] = (
    Odd,
    Odd,
    Odd,
    lambda choices: "ann",
    lambda choices: choices.pick(("read", "page", "eve", "", "ann\x00", "Ann", "\ud800")),
    lambda choices: choices.text(),
    lambda choices: Name("ann"),
    lambda choices: Level.ONE,
    lambda choices: choices.pick((0, 1, -1, 2**63 - 1, 2**63, 2**70, 10**400, True, False)),
    lambda choices: choices.pick((0.0, 1.0, float("nan"), float("inf"), -0.0, 1e308)),
    lambda choices: choices.pick((None, ..., NotImplemented, b"ann", ("ann",), {"ann"})),
    lambda choices: choices.pick((decimal.Decimal(1), datetime.datetime(2020, 1, 1), 1j)),
    lambda choices: choices.pick((User, Repo, str, type, object, abs, len)),
    lambda choices: Variable("ann"),
    lambda choices: choices.pick((Expression("And", []), Pattern("User", {}), Predicate("f", []))),
    lambda choices: choices.pick((Expression("Nosuch", []), Pattern(None, {"a": Variable("b")}))),
    lambda choices: (item for item in ("ann", 1)),
    lambda choices: iter(int, 1),
    lambda choices: User("ann", {"ann": _strange(choices)}),
    lambda choices: Repo("ann", _strange(choices)),
    lambda choices: [_strange(choices) for _ in choices.some(3)],
    lambda choices: {choices.pick(("name", "ann", "", 1, None, 1.5, True, b"")): _strange(choices)},
    lambda choices: _nested(choices.number(2000), choices.pick(([], {}))),
    lambda choices: _own_member(),
)


def _strange(choices: Choices) -> t.Any:
    # What nests needs a choice each time, and those come to an end.
    return choices.pick(_STRANGE)(choices) if choices.are_left else "eve"


def _nested(depth: int, value: t.Any) -> t.Any:
    for _ in range(depth):
        value = [value] if depth % 2 else {"a": value}
    return value


def _own_member() -> list[t.Any]:
    value: list[t.Any] = []
    value.append(value)
    return value


def _is_text(value: t.Any, *texts: str) -> bool:
    return (type(value) is str and value in texts) or _is_asked(value)


def _is_asked(value: t.Any) -> bool:
    """Tell whether Python decides by what the object says.

    A member of a string enumeration, a ``Decimal`` beside a Boolean, or one that claims to
    equal everything: objects are compared with Python's ``==``. Plain values never are.
    """
    return type(value) not in (str, int, float, bool, list, dict, type(None))


#: Each policy with what its answer must be, or ``None`` where only errors are looked for.
_POLICIES: tuple[tuple[str, Callable[[t.Any, t.Any, t.Any], bool] | None], ...] = (
    (
        'allow("ann", "read", "page");',
        lambda *q: all(map(_is_text, q, ("ann", "read", "page"))),
    ),
    ('allow(x, _, _) if x in ["ann", "bob"];', lambda x, *_: _is_text(x, "ann", "bob")),
    ('allow(x, _, _) if x = "ann";', lambda x, *_: _is_text(x, "ann")),
    ('allow(_, x, _) if "ann" = x;', lambda _, x, __: _is_text(x, "ann")),
    ("allow(_: User, _, _: Repo);", lambda a, _, r: type(a) is User and type(r) is Repo),
    ("allow(_: Dog, _, _);", lambda *_: False),
    ("allow(x, _, _) if x = nil;", lambda x, *_: x is None or _is_asked(x)),
    ("allow(x, _, _) if x = true;", lambda x, *_: x is True or _is_asked(x)),
    ('allow(x, _, _) if not x = "eve";', None),
    ("allow(x, y, z) if x = y and y = z;", None),
    ("allow(x, y, _) if x == y or x < y;", None),
    ('allow(x, _, z) if x.name = z.name and not z.name = "ann";', None),
    ("allow(x, _, z) if forall(y in x, y = 1) and z in x;", None),
    ("allow(_, _, _: {name: x, a: y}) if x = y;", None),
    ("allow(x, y, z) if [x, *y] = [y, *z] or {a: x} = {a: z};", None),
    ("allow(x, y, _) if x.(y) = x or x in y.roles or print(x, y);", None),
)


def seeds() -> Iterable[bytes]:
    """Give each policy with each kind of value."""
    return [
        bytes([policy, kind, (kind * 7) % 251, kind + 40, policy * 3, 77, kind, 129, 2, 64, 5])
        for policy in range(len(_POLICIES))
        for kind in range(len(_STRANGE))
    ]


def target(data: bytes) -> None:
    """Decide about strange values, and compare with what Python says of their types."""
    choices = Choices(data)
    policy, expected = choices.pick(_POLICIES)
    question = [_strange(choices) for _ in range(3)]
    oso = make_oso()
    with sandbox():
        oso.load_str(policy)
        answer = _decide(oso, question)
    if answer is None:
        return
    assert answer is True or answer is False, f"{answer!r} is no decision"
    if expected is not None:
        assert not answer or _expects(expected, question), f"{policy} allowed {kinds(question)}"


def _decide(oso: Oso, question: t.Any) -> t.Any:
    """Give the answer; ``None`` for an error."""
    try:
        return oso.is_allowed(*question)
    except OsoError as error:
        assert _SECRET not in str(error), f"the text shows an object: {error}"
    except TypeError as error:
        if not str(error).startswith("Dictionary keys must be") and not is_from_host(error):
            raise
    except (Exception, GeneratorExit) as error:
        if not is_from_host(error):
            raise
    return None


def _expects(expected: Callable[[t.Any, t.Any, t.Any], bool], question: list[t.Any]) -> bool:
    return expected(*question) is True


def kinds(question: t.Any) -> str:
    """Name the types of values, whose own texts may fail."""
    return ", ".join(type(value).__name__ for value in question)
