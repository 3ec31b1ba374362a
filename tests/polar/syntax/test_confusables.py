"""Names that read like others are told of; names in a script of their own are not."""

from __future__ import annotations

import pytest

from flask_oso.polar.sources import Source
from flask_oso.polar.syntax.confusables import skeleton
from tests.support import policies


def warnings_of(*texts: str) -> list[str]:
    """Load texts together, and give the warnings about them."""
    sources = [Source(text, f"{number}.polar") for number, text in enumerate(texts)]
    return policies.warnings_of(*sources)


def test_lookalike_of_a_built_in_name() -> None:
    """The warning names the letter that is odd, at the first place of the name."""
    assert warnings_of("\u0430llow(_, _, _);") == [
        "The name \u0430llow is not allow: it has U+0430 CYRILLIC SMALL LETTER A at line 1, "
        "column 1 of file 0.polar:\n\t001: \u0430llow(_, _, _);\n\t     ^\n"
    ]


@pytest.mark.parametrize(
    ("text", "read_as", "odd"),
    [
        ("\uff46(1); f(1);", "f", "U+FF46 FULLWIDTH LATIN SMALL LETTER F"),
        ("f(\u0441, c) if \u0441 = c;", "c", "U+0441 CYRILLIC SMALL LETTER ES"),
        ("f(n\u0456l, x) if x = n\u0456l;", "nil", "U+0456 CYRILLIC SMALL LETTER BYELORUSSIAN"),
        ("\u0456f(1);", "if", "U+0456 CYRILLIC SMALL LETTER BYELORUSSIAN"),
        ("has_r\u03bfle(1);", "has_role", "U+03BF GREEK SMALL LETTER OMICRON"),
    ],
    ids=ascii,
)
def test_lookalike_of_a_known_name_is_found(text: str, read_as: str, odd: str) -> None:
    """Names of the text, of the host and of the language are known."""
    (warning,) = warnings_of(f"{text} has_role(_, _, _);")

    assert f" is not {read_as}: it has {odd}" in warning


def test_mixed_scripts() -> None:
    """A name of two scripts warns, whether or not it reads like another."""
    (warning,) = warnings_of("ass\u0435t(1);")

    assert "mixes letters of scripts that look alike: LATIN, CYRILLIC at line 1" in warning


def test_name_in_another_file() -> None:
    """A name may read like one of another file of the policy."""
    (warning,) = warnings_of("owns(_, _);", "\u043ewns(_, _);")

    assert "is not owns" in warning
    assert "of file 1.polar" in warning


@pytest.mark.parametrize(
    "text",
    [
        "gr\u00f6\u00dfe(1);",
        "\u043f\u0440\u0438\u0432\u0435\u0442(1);",
        "\u0441\u043e\u0440(1);",
        "\u03b1\u03b2\u03b3(1);",
        "\u6771\u4eac_user(1);",
        "\u30e6\u30fc\u30b6\u30fc\u540d(1);",
        "\U0001f4af(1);",
        'allow("\u0430dmin", 1, 1);',
    ],
    ids=ascii,
)
def test_other_names_do_not_warn(text: str) -> None:
    """Words of other languages are fine, and strings are data."""
    assert warnings_of(text) == []


def test_each_letter_is_drawn_like_one() -> None:
    """The table pairs letters one to one, none of them ASCII on the left."""
    assert skeleton("\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456") == "aeopcyxi"
    assert skeleton("\u0391\u0392\u0395\u03bf\u03c1") == "ABEop"
