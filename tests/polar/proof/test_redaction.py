"""Values as texts: short, safe, and without secrets."""

from __future__ import annotations

import dataclasses
import enum
import time
import typing as t
import uuid

import pytest

from flask_oso.polar.nodes import Instance
from flask_oso.polar.proof.redaction import Describer, Redaction
from tests.support.policies import make_host, result_to_term


class Bare:
    """Has nothing to say."""


@dataclasses.dataclass
class Account:
    """Says more than it should."""

    name: str
    password: str


@dataclasses.dataclass
class Keyed:
    """Has a key."""

    id: t.Any


class Silent:
    """Cannot say what it is."""

    def __repr__(self) -> str:
        raise RuntimeError("no")


class Long:
    """Says very much."""

    def __repr__(self) -> str:
        return "x" * 1_000_000


class Computed:
    """Computes its key, which might take a database."""

    @property
    def id(self) -> int:
        raise AssertionError("It was asked.")


class Slotted:
    """Keeps its key in a slot."""

    __slots__ = ("id",)

    def __init__(self) -> None:
        self.id = 7


class State:
    """What SQLAlchemy keeps of an object."""

    identity = (3, "de")


class Mapped:
    """An object of which the database has the key."""

    def __init__(self) -> None:
        self._sa_instance_state = State()

    @property
    def id(self) -> int:
        raise AssertionError("It was read from the database.")


class Liar:
    """Does not say what it is."""

    @property  # type: ignore[misc]
    def __class__(self) -> t.Any:
        raise RuntimeError("no")


class Closed:
    """Does not show what it has."""

    @property
    def __dict__(self) -> t.Any:  # type: ignore[override]
        raise RuntimeError("no")


class Instrumented(list[t.Any]):
    """Is a list that tells of changes, as the collections of SQLAlchemy are."""


class Named(list[t.Any]):
    """Is a list with a name of its own."""

    def __repr__(self) -> str:
        return "the list"


class Color(enum.Enum):
    """An enumeration."""

    RED = 1


def describer(*names: str) -> Describer:
    return Describer({"Account": Account, "Person": Keyed}, Redaction([*names, "password"]))


def show(value: object) -> str:
    return describer().term(result_to_term(value))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1, "1"),
        (True, "true"),
        (1.5, "1.5"),
        (None, "nil"),
        ("ann", '"ann"'),
        ("a\nb\u202e", '"a\\u{a}b\\u{202e}"'),
        ("x" * 1_000, f'"{"x" * 80}…" (1,000 characters)'),
        ([1, 2], "[1, 2]"),
        (list(range(100)), "[0, 1, 2, 3, 4, … and 95 more]"),
        ([[[[1]]]], "[[[…]]]"),
        ((1, "a"), '(1, "a")'),
        ({"a": 1, "password": "x"}, "{a: 1, password: [redacted]}"),
        (frozenset({1}), "{1}"),
        (Instrumented([Keyed(1)]), "[Person:1]"),
        (Named([1]), "the list"),
        (Bare(), "<Bare object>"),
        (Bare, "Bare"),
        (Account, "Account"),
        (Color.RED, "Color.RED"),
        (Keyed(1), "Person:1"),
        (Keyed("ann"), "Person:ann"),
        (Keyed(uuid.UUID(int=1)), "Person:00000000-0000-0000-0000-000000000001"),
        (Slotted(), "Slotted:7"),
        (Mapped(), "Mapped:3,de"),
        (Computed(), "<Computed object>"),
        (Silent(), "<Silent object>"),
        (Liar(), "<Liar object>"),
        (Closed(), "<Closed object>"),
        (Long(), f"{'x' * 119}…"),
        (Account("ann", "hunter2"), "Account(name='ann', password=[redacted])"),
        (b"x" * 10_000, f"b'{'x' * 80}'"),
        (2**70, "1180591620717411303424"),
        (10**5_000, "<int object>"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_value_is_shown(value: object, text: str) -> None:
    """Each kind of value has a short text, and nothing of an object runs but its repr."""
    assert show(value) == text


def test_list_that_contains_itself_is_shown() -> None:
    """A value without an end has a text with one."""
    value: list[t.Any] = [1]
    value.append(value)

    assert show(value) == "[1, [1, […]]]"


@pytest.mark.parametrize(
    "name",
    ["password", "Password", "password_hash", "user_password", "apiKey", "API_KEY", "stripeApiKey"],
)
def test_name_with_the_word_is_hidden(name: str) -> None:
    """Words of snake case and of camel case count, in capitals or not."""
    assert Redaction(["password", "api_key"]).hides(name)


@pytest.mark.parametrize("name", ["passwordless", "compass", "key", "api", "api_version_key", ""])
def test_name_without_the_word_is_shown(name: str) -> None:
    """A part of a word is not the word."""
    assert not Redaction(["password", "api_key"]).hides(name)


def test_plural_of_a_word_is_hidden() -> None:
    """Many secrets are as secret as one."""
    assert Redaction(["secret"]).hides("client_secrets")


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("User(name='a', token='b', x=1)", "User(name='a', token=[redacted], x=1)"),
        ("{'token': 'a, b', 'x': 1}", "{'token': [redacted], 'x': 1}"),
        ("User(token='it\\'s', x=1)", "User(token=[redacted], x=1)"),
        ("User(token=b'x')", "User(token=[redacted])"),
        ("User(token=Token('x'), name='a')", "User(token=[redacted]…"),
        ("User(tokens=['x', 'y'])", "User(tokens=[redacted]…"),
        (
            "<Request 'http://a/?token=abc&x=1' [GET]>",
            "<Request 'http://a/?token=[redacted]&x=1' [GET]>",
        ),
        ("User(token='unfinished", "User(token=[redacted]"),
        ("User(name='token')", "User(name='token')"),
    ],
)
def test_repr_is_cleaned(text: str, cleaned: str) -> None:
    """What a repr says of attributes with such names is left out, and never half of it."""
    assert Redaction(["token"]).cleaned(text) == cleaned


@pytest.mark.parametrize(
    "name",
    [
        "jwt",
        "bearer",
        "csrf",
        "csrf_token",
        "csrfToken",
        "X-CSRF",
        "pin",
        "cardPin",
        "signature",
        "X-Amz-Signature",
        "auth_header",
        "authHeader",
        "session_id",
        "sessionId",
        "SESSION_ID",
        "sessionid",
    ],
)
def test_name_of_a_secret_is_known(name: str) -> None:
    """What everybody keeps secret need not be named by each application."""
    assert Redaction().hides(name)


@pytest.mark.parametrize(
    "name",
    [
        "spinning",
        "opinion",
        "shipping",
        "pinned",
        "pinterest",
        "session",
        "author",
        "authors",
        "header",
        "signal",
        "design",
        "bear",
        "sessions_identical",
    ],
)
def test_name_that_only_looks_like_it_is_shown(name: str) -> None:
    """A word that has another one in it is a word of its own."""
    assert not Redaction().hides(name)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://a/?token=abc&x=1", "https://a/?token=[redacted]&x=1"),
        ("https://a/?x=1&session_id=abc", "https://a/?x=1&session_id=[redacted]"),
        ("https://a/#access_token=abc", "https://a/#access_token=[redacted]"),
        ("https://a/?user[password]=abc", "https://a/?user[password]=[redacted]"),
        ("https://bob:abc@a/?x=1", "https://bob:[redacted]@a/?x=1"),
        ("token=abc&x=1", "token=[redacted]&x=1"),
        ("Bearer abc123", "Bearer [redacted]"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.c2ln", "[redacted]"),
        ("a/?opinion=spinning&shipping=1", "a/?opinion=spinning&shipping=1"),
        ("https://a:8000/b", "https://a:8000/b"),
        ("eyjafjallajokull", "eyjafjallajokull"),
        ("the bearer of news", "the bearer of news"),
    ],
)
def test_text_is_cleaned(text: str, shown: str) -> None:
    """A URL is a text, and what its query says of secrets is not shown."""
    assert Describer({}, Redaction()).term(result_to_term(text)) == f'"{shown}"'


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("jwt=abc", "jwt=[redacted]"),
        ("bad token 'abc def'", "bad token [redacted]"),
        ('the session_id is "abc"', "the session_id is [redacted]"),
        ("pin 1234 is wrong", "pin [redacted] is wrong"),
        ('{"csrf": "abc", "x": 1}', '{"csrf": [redacted], "x": 1}'),
        (r"{\"csrf\": \"abc\", \"x\": 1}", r"{\"csrf\": [redacted]…"),
        ("no opinion 'abc'", "no opinion 'abc'"),
        ("the token is missing", "the token is missing"),
    ],
)
def test_sentence_is_cleaned(text: str, cleaned: str) -> None:
    """An exception tells a value in words."""
    assert Redaction().cleaned_sentence(text) == cleaned


@pytest.mark.parametrize("text", ["a" * 10_000, "token '" * 1_500, "a=" * 5_000, "//a:" * 2_500])
def test_text_is_cleaned_in_time(text: str) -> None:
    """No text makes it look at each character again for each other one."""
    begun = time.process_time()

    Redaction().cleaned_sentence(text)

    assert time.process_time() - begun < 1


@pytest.mark.parametrize(
    "value",
    [
        {"jwt": "abc"},
        {"a": {"pin": "abc"}},
        [{"jwt": "abc"}],
        ({"jwt": "abc"},),
        {"session_id": {"a": "abc"}},
        {1: "x", "csrf": "abc"},
    ],
    ids=repr,
)
def test_value_of_a_dictionary_is_hidden(value: object) -> None:
    """A value of a dictionary is hidden, however deep it is in it."""
    assert "abc" not in Describer({}, Redaction()).term(result_to_term(value))


def test_value_that_a_method_of_a_dictionary_gives_is_hidden() -> None:
    """'get' and 'values' give what stands under the name."""
    shows = Describer({}, Redaction())
    shows.hide_named(result_to_term({"jwt": "abc", "name": "ann"}))

    assert shows.term(result_to_term(["abc", "ann"])) == '[[redacted], "ann"]'


def test_values_of_a_hidden_dictionary_are_hidden() -> None:
    """Values of a dictionary that is hidden are hidden, whatever its class."""
    shows = Describer({}, Redaction())
    shows.hide(Instance(type("Tracked", (dict,), {})({"git": "abc"})))

    assert shows.term(result_to_term("abc")) == "[redacted]"


def test_hidden_value_is_hidden_under_any_name() -> None:
    """What was read under such a name is not shown where it turns up later."""
    shows = describer()
    shows.hide(result_to_term("hunter2"))

    assert shows.term(result_to_term(["hunter2", "ann"])) == '[[redacted], "ann"]'


def test_value_that_was_left_out_of_a_dictionary_is_hidden() -> None:
    """A secret of a dictionary is one wherever else it is."""
    shows = describer()
    shows.term(result_to_term({"password": "hunter2"}))

    assert shows.term(result_to_term("hunter2")) == "[redacted]"


def test_hidden_object_is_hidden() -> None:
    """An object that was read under such a name is not shown, either."""
    shows, secret = describer(), Bare()
    shows.hide(result_to_term(secret))

    assert shows.term(result_to_term(secret)) == "[redacted]"


@pytest.mark.parametrize("value", [True, 3, 0.5])
def test_what_everything_has_is_not_hidden(value: object) -> None:
    """A truth value or a small number under such a name hides no others."""
    shows = describer()
    shows.hide(result_to_term(value))

    assert shows.term(result_to_term(value)) != "[redacted]"


def test_key_that_was_hidden_is_hidden() -> None:
    """A key that is a secret names no object."""
    shows = describer()
    shows.hide(result_to_term("hunter2"))

    assert shows.term(result_to_term(Keyed("hunter2"))) == "Person:[redacted]"


def test_constants_of_a_host_are_named() -> None:
    """Built-in classes have the names that policies give them."""
    shows = Describer(make_host().classes, Redaction())

    assert shows.term(result_to_term(str)) == "String"
    assert shows.class_of(result_to_term(1)) == "an Integer"
