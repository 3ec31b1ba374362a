"""Letters of both cases: what becomes a known text by ``lower``, ``upper`` or ``casefold``.

In goes a text of a row whose case is changed, and a text that is known; out comes the text of the
row with those characters replaced that become one of the known text. No database changes letters as
Python does.
"""

from __future__ import annotations

import functools

from .ir import CaseMapped, MemberPart, Replaced, RowValue
from .refusals import NotTranslatable
from .show import show

#: Behind this, no character has letters of both cases.
_END_OF_CASES = 0x20000
#: The most replacements in one text.
_MOST_LETTERS = 150
#: What Python makes of a capital sigma depends on the letters around it.
_SIGMAS = "\u03c3\u03c2"


@functools.cache
def _sources(method: str) -> dict[str, list[str]]:
    """Return the characters that become others, by what they become."""
    found: dict[str, list[str]] = {}
    for each in map(chr, range(_END_OF_CASES)):
        made = getattr(each, method)()
        if made != each:
            for character in dict.fromkeys(made):
                found.setdefault(character, []).append(each)
    return found


def is_mapped(operand: CaseMapped, wanted: str) -> bool:
    """Tell whether a text can be a part of what a method makes of texts."""
    return bool(getattr(wanted, operand.method)() == wanted) or _has_sigma(operand, wanted)


def _has_sigma(operand: CaseMapped, wanted: str) -> bool:
    return operand.method == "lower" and any(each in _SIGMAS for each in wanted)


def as_stored(operand: RowValue, wanted: str) -> RowValue:
    """Return an operand that has a text, as a part or as a whole, exactly where another has it.

    ``x.lower()`` has "k" where ``x`` has it after "K", and the sign of kelvin, became "k": all
    characters that become one of the text are replaced. What the others become is not in it.

    :param wanted: a text for which ``is_mapped`` holds.
    :raises NotTranslatable: if the characters around a letter decide what becomes of it.
    """
    return replaced(operand, wanted) if isinstance(operand, CaseMapped) else operand


def replaced(operand: CaseMapped, wanted: str) -> RowValue:
    """Return a text with those characters replaced that become one of another text."""
    if _has_sigma(operand, wanted):
        raise NotTranslatable(
            "what becomes of a capital sigma depends on the letters around it",
            "Write `upper` or `casefold`.",
        )
    table = _sources(operand.method)
    found = {source: None for letter in sorted(set(wanted)) for source in table.get(letter, ())}
    if len(found) > _MOST_LETTERS:
        raise NotTranslatable(
            "the text has too many different letters", "Compare a column that has one case."
        )
    pairs = tuple((source, getattr(source, operand.method)()) for source in found)
    return Replaced(operand.text, operand.method, pairs) if pairs else operand.text


def check_letters(operand: RowValue) -> None:
    """Refuse a text with its case changed where the text that it meets is not known.

    :raises NotTranslatable: if so.
    """
    if isinstance(operand, MemberPart):
        raise NotTranslatable(
            f"`{show(operand)}` is compared with values that are known only", "Compare the members."
        )
    if isinstance(operand, CaseMapped):
        raise NotTranslatable(
            f"no database makes the letters of `{show(operand)}` as Python does",
            "Compare it with a text that is known, or store the text in one case.",
        )
