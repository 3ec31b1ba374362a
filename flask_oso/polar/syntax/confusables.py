"""Confusable names: ``allow`` written with a Cyrillic ``a`` grants nothing.

In go the names of a text and the known names; out come warnings about names that mix the letters
of scripts, or that look like a known name. A name in one script is fine. The letters below are
those that fonts draw alike.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterator

from ..characters import character_name
from ..sources import located
from .lexer import Token

_CYRILLIC = ("авеіјӏкмнорѕтсухһԁԛԝАВЕЅІЈКМНОРТСУХҮԌ", "abeijlkmhopstcyxhdqwABESIJKMHOPTCYXYG")
_GREEK = ("αεικνορυχΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "aeiknopuxABEZHIKMNOPTYX")
_OTHERS = ("\u0585\u057d\u0570\u0578\u0131\u0251\u0261", "ouhniag")
_ALIKE = str.maketrans(
    "".join(pair[0] for pair in (_CYRILLIC, _GREEK, _OTHERS)),
    "".join(pair[1] for pair in (_CYRILLIC, _GREEK, _OTHERS)),
)
#: The longest name that is compared: the time to order combining marks grows with its square.
_LONGEST = 255
#: Scripts whose letters look alike. Other scripts are mixed for good reasons.
_MIXED_UP = frozenset(("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC"))


def warn_confusables(names: Collection[Token], known: Collection[str]) -> list[str]:
    """Warn about names that look like other names.

    :param names: the names that are not ASCII, each once.
    :param known: the names that a reader may take them for.
    """
    return [located(message, name.span) for name in names for message in _messages(name, known)]


def skeleton(name: str) -> str:
    """Give the name that a reader takes a name for, in the letters of one script."""
    if len(name) > _LONGEST:
        return name
    return unicodedata.normalize("NFKC", name).translate(_ALIKE)


def _messages(token: Token, known: Collection[str]) -> Iterator[str]:
    name, read_as = token.text, skeleton(token.text)
    odd = next((each for each in name if not each.isascii() and skeleton(each) != each), None)
    if odd is not None and read_as in known:
        yield f"The name {name} is not {read_as}: it has {character_name(odd)}"
    elif len(scripts := _scripts(name)) > 1:
        yield f"The name {name} mixes letters of scripts that look alike: {', '.join(scripts)}"


def _scripts(name: str) -> list[str]:
    """Give the scripts of a name whose letters look alike, in order of occurrence."""
    found = (unicodedata.name(each, "").partition(" ")[0] for each in name if each.isalpha())
    return list(dict.fromkeys(script for script in found if script in _MIXED_UP))
