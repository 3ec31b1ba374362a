"""What a reviewer sees is what is loaded, in the texts of policies and queries."""

from __future__ import annotations

import pytest

from flask_oso import Oso, OsoError

UNSEEN = (
    "\u200b\u200c\u200d\u00ad\u2060\u2061\u180e\ufe0f\ufe00\U000e0061\U000e0100\u034f\u115f\u3164"
    "\uffa0\u2800\x00\x08\x0b\x0c\x1b\x7f\x85\x9f\u2028\u2029\U000e0fff"
)
REORDERING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"
LOOK_ALIKES = ["\u0430llow", "all\u043ew", "\uff41llow", "al\u04cfow", "\u0430ll\u03bfw"]


def load(text: str) -> Oso:
    oso = Oso()
    oso.load_str(text)
    return oso


def refusal(text: str) -> str:
    """Load a text that must be refused, and give the message."""
    with pytest.raises(OsoError) as caught:
        load(text)
    return str(caught.value)


def code_point(character: str) -> str:
    return f"U+{ord(character):04X} "


@pytest.mark.parametrize("name", LOOK_ALIKES, ids=ascii)
def test_look_alike_of_allow(name: str) -> None:
    """A name that looks like ``allow`` grants nothing."""
    oso = load(f'{name}(_, _, _); allow("ann", "read", "page");')

    assert not oso.is_allowed("eve", "read", "page")


@pytest.mark.parametrize("name", LOOK_ALIKES, ids=ascii)
def test_look_alike_warns(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever loads it is told."""
    load(f"{name}(_, _, _);")

    assert f"[warning] The name {name} is not allow: it has " in capsys.readouterr().out


@pytest.mark.parametrize("character", UNSEEN, ids=ascii)
@pytest.mark.parametrize("name", ["{}allow", "al{}low", "allow{}"])
def test_unseen_in_a_name(name: str, character: str) -> None:
    """A name with a character that is not seen is refused; the message names it."""
    message = refusal(f"{name.format(character)}(_, _, _);")

    assert "is not a valid character" in message
    assert code_point(character) in message
    assert "is not seen" in message


@pytest.mark.parametrize("character", UNSEEN, ids=ascii)
@pytest.mark.parametrize("template", ["allow(_, x{}, x{});", "f{{x{}: 1}};", "f(_) if{}1;"])
def test_unseen_in_a_variable(template: str, character: str) -> None:
    """A variable, a key or a word with a character that is not seen is refused."""
    text = template.replace("{}", character).replace("{{", "{").replace("}}", "}")

    assert code_point(character) in refusal(text)


@pytest.mark.parametrize("character", "\u200d\u200c\ufe0f\u00ad\u00a0\u2028\x85\x0c\t", ids=ascii)
def test_unseen_in_a_string(character: str) -> None:
    """A string may hold what keeps its place, and means exactly that."""
    oso = load(f'allow("{character}", "read", _);')

    assert oso.is_allowed(character, "read", "page")
    assert not oso.is_allowed("", "read", "page")


@pytest.mark.parametrize("character", UNSEEN, ids=ascii)
def test_unseen_in_a_query(character: str) -> None:
    """The text of a query is held to the same."""
    with pytest.raises(OsoError, match=r"is not a valid character"):
        next(load("allow(1, 2, 3);").query(f"allow{character}(1, 2, 3)"))


def test_mark_at_the_beginning() -> None:
    """A byte order mark at the beginning is no part of the first name."""
    assert load("\ufeffallow(_, _, _);").is_allowed("ann", "read", "page")


@pytest.mark.parametrize(
    "text",
    [
        "allow(1, 2, 3);\n\ufeffallow(_, _, _);",
        "\ufeff\ufeffallow(_, _, _);",
        'allow("\ufeff", _, _);',
        "allow(_, _, _); # \ufeff",
    ],
    ids=ascii,
)
def test_mark_elsewhere(text: str) -> None:
    """A byte order mark anywhere else is refused."""
    assert "U+FEFF ZERO WIDTH NO-BREAK SPACE belongs at the beginning" in refusal(text)


@pytest.mark.parametrize("character", REORDERING, ids=ascii)
@pytest.mark.parametrize(
    "template",
    [
        "al{}low(_, _, _);",
        'allow("a{}b", _, _);',
        "allow(_, _, _); # a{}b",
        "# {}\nallow(_, _, _);",
        "allow(_, _, # {}\n _);",
        'resource String {{ roles = ["a{}"]; }}',
        "{}",
    ],
)
def test_reordering_character_is_refused(template: str, character: str) -> None:
    """What changes the order of a line on the screen is refused wherever it stands."""
    message = refusal(template.replace("{}", character).replace("{{", "{").replace("}}", "}"))

    assert code_point(character) in message
    assert "changes the order in which this text is shown" in message


@pytest.mark.parametrize("character", REORDERING, ids=ascii)
def test_reordering_in_a_query(character: str) -> None:
    """The text of a query is held to the same."""
    with pytest.raises(OsoError, match=r"changes the order"):
        next(load("allow(1, 2, 3);").query(f'allow(1, 2, "{character}")'))


@pytest.mark.parametrize("character", REORDERING + UNSEEN + "\ufeff", ids=ascii)
def test_message_is_safe_to_show(character: str) -> None:
    """The message shows such a character by its number, so it deceives nobody again."""
    assert character not in refusal(f"f(1);\nal{character}low(_, _, _) # {character}")


def test_caret_behind_an_escape() -> None:
    """The caret stands below what is wrong, behind an escape in its line as well."""
    message = refusal('f("\u200d\u200d", 1 2);')

    excerpt, caret = message.splitlines()[1:3]

    assert excerpt[caret.index("^")] == "2"


@pytest.mark.parametrize("separator", "\u2028\u2029\x85\x0b\x0c\x1c", ids=ascii)
def test_ends_of_lines_elsewhere(separator: str) -> None:
    """What ends a line elsewhere ends no comment here."""
    oso = load(f'allow("ann", _, _); # and{separator}allow(_, _, _);')

    assert not oso.is_allowed("eve", "read", "page")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        (
            "allow(_,\u00a0_, _);",
            "U+00A0 NO-BREAK SPACE is part of a name here. Write a plain space",
        ),
        (
            "allow(_, \u201cx\u201d, _);",
            "U+201C LEFT DOUBLE QUOTATION MARK is part of a name here.",
        ),
        ("allow(_, _, _)\uff1b", "U+FF1B FULLWIDTH SEMICOLON is part of a name here. Write ;"),
        ("allow(_, _, _)\u037e", "U+037E GREEK QUESTION MARK is part of a name here. Write ;"),
    ],
    ids=ascii,
)
def test_look_alikes_of_signs(text: str, meant: str) -> None:
    """What looks like a sign of the language is refused, and not a name."""
    assert meant in refusal(text)
