"""Misleading characters: invisible ones, bidirectional controls, lookalikes of ASCII signs.

In goes a character or a text; out come how it misleads a reader, and its name. A policy must be
loaded as it is read (CVE-2021-42574), so names contain no such characters, and no text contains
those that change its order. Which part of a text is a name is not known here.
"""

from __future__ import annotations

import enum
import unicodedata

BYTE_ORDER_MARK = "\ufeff"
#: The longest name that is normalized.
_LONGEST = 255


class Misleading(enum.Enum):
    """How a character misleads; the value completes "U+200B ZERO WIDTH SPACE …"."""

    REORDERING = "changes the order in which this text is shown. Remove it."
    MARK = "belongs at the beginning of a file, if anywhere. Remove it."
    UNSEEN = "is not seen, so this is not the name it looks like. Remove it."
    SIGN = "is part of a name here. Write {} instead."


_REORDERING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_QUOTES = frozenset("\u201a\u201e\u301d\u301e\u301f")
# Letters, marks and symbols that are displayed as nothing or as a blank.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2065\u2800\u3164\uffa0")
_BLANK_RANGES = ((0x180B, 0x180F), (0xFE00, 0xFE0F), (0xFFF0, 0xFFF8), (0xE0000, 0xE0FFF))
_UNSEEN_CATEGORIES = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
_NAMES = {
    "\0": "NULL",
    "\b": "BACKSPACE",
    "\v": "LINE TABULATION",
    "\f": "FORM FEED",
    "\x1b": "ESCAPE",
    "\x7f": "DELETE",
    "\x85": "NEXT LINE",
}


def nfc_name(name: str) -> str:
    """Give a name in Unicode's form NFC: canonically equivalent spellings are one name.

    A very long one stays as it is: the time to order combining marks grows with the square of
    their number.
    """
    return name if name.isascii() or len(name) > _LONGEST else unicodedata.normalize("NFC", name)


def misleading_in(text: str) -> frozenset[str]:
    """Give the characters of a text that are misleading in a name.

    Tabs and line ends are not among them: they separate names.
    """
    if text.isascii() and text.replace("\n", "").replace("\t", "").isprintable():
        return frozenset()
    return frozenset(
        each for each in set(text).difference("\t\n\r") if misleading_kind(each) is not None
    )


def misleading_kind(character: str) -> Misleading | None:
    """Tell how a character misleads in a name; ``None`` if it does not."""
    if character in _REORDERING:
        return Misleading.REORDERING
    if character == BYTE_ORDER_MARK:
        return Misleading.MARK
    if _is_unseen(character):
        return Misleading.UNSEEN
    return None if ascii_lookalike(character) is None else Misleading.SIGN


def _is_unseen(character: str) -> bool:
    if character in _BLANK or unicodedata.category(character) in _UNSEEN_CATEGORIES:
        return True
    return any(first <= ord(character) <= last for first, last in _BLANK_RANGES)


def ascii_lookalike(character: str) -> str | None:
    """Give the ASCII sign or space that a character looks like, or ``None``."""
    if character.isascii():
        return None
    if character in _QUOTES or unicodedata.category(character) in ("Pi", "Pf"):
        return '"'
    plain = unicodedata.normalize("NFKC", character)
    if len(plain) == 1 and plain.isascii() and not plain.isalnum() and plain != "_":
        return plain
    return None


def help_for_character(character: str) -> str:
    """Give the line of help for a misleading character."""
    kind = misleading_kind(character)
    assert kind is not None
    sign = ascii_lookalike(character)
    wanted = "a plain space" if sign == " " else sign
    return f"{character_name(character)} {kind.value.format(wanted)}\n"


def character_name(character: str) -> str:
    """Name a character: ``U+200B ZERO WIDTH SPACE``."""
    name = _NAMES.get(character) or unicodedata.name(character, "CONTROL CHARACTER")
    return f"U+{ord(character):04X} {name}"


def with_escapes(text: str) -> str:
    """Give a text with escapes for invisible characters, line ends and tabs included."""
    if text.isascii() and text.isprintable():
        return text
    return text.translate({ord(each): _with_escape(each) for each in set(text)})


def line_with_escapes(line: str) -> str:
    """Escape a line, so that no text in it can begin another line; tabs stay."""
    return "\t".join(map(with_escapes, line.split("\t")))


def for_terminal(text: str) -> str:
    """Give a text of several lines with such escapes; line ends and tabs stay.

    Surrogates stay, too: the stream escapes them when it encodes the text.
    """
    if text.isascii() and text.replace("\n", "").replace("\t", "").isprintable():
        return text
    shown = {
        ord(each): _with_escape(each)
        for each in set(text).difference("\n\t")
        if not "\ud800" <= each <= "\udfff"
    }
    return text.translate(shown)


def is_unicode(text: str) -> bool:
    """Tell whether a database can hold a text: a lone surrogate is no character."""
    return text.isascii() or not any("\ud800" <= each <= "\udfff" for each in text)


def _with_escape(character: str) -> str:
    if character.isprintable() and not _is_unseen(character):
        return character
    return f"\\u{{{ord(character):x}}}"
