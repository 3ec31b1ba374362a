"""Characters that deceive who reads a policy: unseen, out of order, or taken for a sign.

In goes a character or a text; out come what is wrong with it and its name. What a reader
sees must be what is loaded (CVE-2021-42574), so names hold none of these, and the ones
that move other text about stand nowhere. Which part of a text is a name is not known here.
"""

from __future__ import annotations

import enum
import unicodedata

BYTE_ORDER_MARK = "\ufeff"
#: How many characters of a name are read as another spelling of it.
_LONGEST = 255


class Deceit(enum.Enum):
    """How a character deceives; the value completes "U+200B ZERO WIDTH SPACE …"."""

    REORDERING = "changes the order in which this text is shown. Remove it."
    MARK = "belongs at the beginning of a file, if anywhere. Remove it."
    UNSEEN = "is not seen, so this is not the name it looks like. Remove it."
    SIGN = "is part of a name here. Write {} instead."


_REORDERING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_QUOTES = frozenset("\u201a\u201e\u301d\u301e\u301f")
# Letters, marks and symbols that Unicode has shown as nothing, or as a blank.
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


def normalized(name: str) -> str:
    """Give the form of a name that all its spellings have in common, which look the same.

    A longer one than anybody writes stays as it is: many marks in a row take the square of
    their number to be put in order.
    """
    return name if name.isascii() or len(name) > _LONGEST else unicodedata.normalize("NFC", name)


def deceptive_in(text: str) -> frozenset[str]:
    """Give the characters of a text that deceive where a name may stand.

    Tabulators and ends of lines are not among them: they separate names.
    """
    if text.isascii() and text.replace("\n", "").replace("\t", "").isprintable():
        return frozenset()
    return frozenset(each for each in set(text).difference("\t\n\r") if deceit(each) is not None)


def deceit(character: str) -> Deceit | None:
    """Tell how a character deceives in a name; ``None`` if it does not."""
    if character in _REORDERING:
        return Deceit.REORDERING
    if character == BYTE_ORDER_MARK:
        return Deceit.MARK
    if _is_unseen(character):
        return Deceit.UNSEEN
    return None if meant_sign(character) is None else Deceit.SIGN


def _is_unseen(character: str) -> bool:
    if character in _BLANK or unicodedata.category(character) in _UNSEEN_CATEGORIES:
        return True
    return any(first <= ord(character) <= last for first, last in _BLANK_RANGES)


def meant_sign(character: str) -> str | None:
    """Give the ASCII sign that a character is taken for, a space among them, or ``None``."""
    if character.isascii():
        return None
    if character in _QUOTES or unicodedata.category(character) in ("Pi", "Pf"):
        return '"'
    plain = unicodedata.normalize("NFKC", character)
    if len(plain) == 1 and plain.isascii() and not plain.isalnum() and plain != "_":
        return plain
    return None


def explain(character: str) -> str:
    """Give the line of help for a character that deceives."""
    kind = deceit(character)
    assert kind is not None
    sign = meant_sign(character)
    wanted = "a plain space" if sign == " " else sign
    return f"{name_of(character)} {kind.value.format(wanted)}\n"


def name_of(character: str) -> str:
    """Name a character: ``U+200B ZERO WIDTH SPACE``."""
    name = _NAMES.get(character) or unicodedata.name(character, "CONTROL CHARACTER")
    return f"U+{ord(character):04X} {name}"


def with_escapes(text: str) -> str:
    """Show a text with an escape for each character that would not be seen where it stands."""
    if text.isascii() and text.isprintable():
        return text
    return text.translate({ord(each): _with_escape(each) for each in set(text)})


def for_terminal(text: str) -> str:
    """Show a text of several lines with such escapes; lines and tabulators stay.

    Surrogates stay, too: no stream has them.
    """
    if text.isascii() and text.replace("\n", "").replace("\t", "").isprintable():
        return text
    shown = {
        ord(each): _with_escape(each)
        for each in set(text).difference("\n\t")
        if not "\ud800" <= each <= "\udfff"
    }
    return text.translate(shown)


def _with_escape(character: str) -> str:
    if character.isprintable() and not _is_unseen(character):
        return character
    return f"\\u{{{ord(character):x}}}"
