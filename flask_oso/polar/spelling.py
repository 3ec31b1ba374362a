"""Words of messages: "did you mean" for misspelt ones, articles, plurals, texts made shorter.

For a suggestion go in a word and the known words; out comes the most similar one, or nothing if
none is similar enough. Case is ignored.
"""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterable

_NEARNESS = 0.75
#: Literals of other languages, and those of Polar.
FOREIGN_LITERALS = {
    "True": "true",
    "TRUE": "true",
    "False": "false",
    "FALSE": "false",
    **dict.fromkeys(("None", "none", "null", "Null", "NULL", "Nil", "NIL", "undefined"), "nil"),
}
#: How many known words are compared with a misspelt one.
_MOST_KNOWN = 1_000
#: How long a word may be that is compared: the time grows with the square of it.
_LONGEST = 100
#: How many suggestions a load makes for one kind of mistake: each compares all known words.
MOST_SUGGESTIONS = 50


def nearest(word: str, known: Iterable[str], nearness: float = _NEARNESS) -> str | None:
    """Give the most similar known word, or ``None``; never the word itself.

    :param nearness: the least similarity, from 0 to 1.
    """
    if len(word) > _LONGEST:
        return None
    by_folded: dict[str, str] = {}
    for candidate in itertools.islice(known, _MOST_KNOWN):
        if candidate != word and len(candidate) <= _LONGEST:
            by_folded.setdefault(candidate.casefold(), candidate)
    folded = word.casefold()
    found = difflib.get_close_matches(folded, by_folded, n=1, cutoff=nearness)
    found = found or [each for each in by_folded if _is_swapped(folded, each)]
    return by_folded[found[0]] if found else None


class Guesses:
    """The suggestions that a load makes for one kind of mistake, up to a number."""

    def __init__(self) -> None:
        self._left = MOST_SUGGESTIONS

    def nearest(self, word: str, known: Iterable[str], nearness: float = _NEARNESS) -> str | None:
        """Give the most similar known word, as the function ``nearest`` does."""
        if not self._left:
            return None
        self._left -= 1
        return nearest(word, known, nearness)

    def did_you_mean(self, word: str, known: Iterable[str], quote: str = '"') -> str:
        """Give a line of help, as the function ``did_you_mean`` does."""
        return _line(self.nearest(word, known), quote)

    def meant_class(self, name: str, classes: Iterable[str]) -> str:
        """Give the line of help for a class, as the function ``meant_class`` does."""
        return self.did_you_mean(name, classes, quote="`") or registration_help(name)


def _is_swapped(word: str, known: str) -> bool:
    """Tell whether two letters are swapped, which in a short word means a low similarity."""
    if len(word) < 3 or sorted(word) != sorted(known):
        return False
    return sum(left != right for left, right in zip(word, known, strict=True)) == 2


def did_you_mean(word: str, known: Iterable[str], quote: str = '"') -> str:
    """Give a line of help with the most similar known word; empty if there is none."""
    return _line(nearest(word, known), quote)


def _line(found: str | None, quote: str) -> str:
    return "" if found is None else f"Did you mean {quote}{found}{quote}?\n"


def meant_class(name: str, classes: Iterable[str]) -> str:
    """Give the line of help for a class that is not registered."""
    return did_you_mean(name, classes, quote="`") or registration_help(name)


def registration_help(name: str) -> str:
    """Give the line of help for a class that is similar to no registered one."""
    return (
        f"Register the class before the policy is loaded: register_class({name}),"
        " or with 'models' of FlaskOso.\n"
    )


def with_article(noun: str) -> str:
    """Prefix the name of a class with an indefinite article."""
    article = (
        "an" if noun[:1] in tuple("AEIOUaeiou") and noun[:2] not in ("Us", "us", "Un") else "a"
    )
    return f"{article} {noun}"


def shortened(text: str, most: int) -> str:
    """Give a text; if it is too long, its beginning and an ellipsis."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def with_count(number: int, noun: str) -> str:
    """Give a number with a noun: ``1 rule``, ``2 rules``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
