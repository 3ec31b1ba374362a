"""The names by which specializations call operations."""

from __future__ import annotations

import itertools
import types
import typing as t

from ....host.dictionaries import WORDS
from ...classes.equality import SideEffectFreeEquality
from ...classes.known_classes import KnownClasses
from ...classes.readable_classes import NotSilent
from ...passes.recursion.worklists import leads_back
from .comparisons import SilentComparisons
from .containers import SilentReads
from .plain_data import each_once, number_of, texts_found

#: What a specialization gives up for: a missing attribute or entry, a signalling NaN, arguments
#: that a method of a string refuses, and the above.
GIVES_UP = (AttributeError, ArithmeticError, KeyError, TypeError, ValueError, NotSilent)

#: What else specializations call, or look into.
_FUNCTIONS: dict[str, t.Any] = {
    "bound_method": types.MethodType,
    "each_once": each_once,
    "gives_up": GIVES_UP,
    "gives_up_or_deep": (*GIVES_UP, RecursionError),
    "islice": itertools.islice,
    "leads_back": leads_back,
    "not_silent": NotSilent,
    "number_of": number_of,
    "texts_found": texts_found,
    "words": WORDS,
}


def named_operations(known: KnownClasses, equality: SideEffectFreeEquality) -> dict[str, t.Any]:
    """Return the operations of one program by the names that specializations have for them.

    :param known: knows classes; more are learnt while it runs.
    :param equality: compares dataclasses and rows.
    """
    comparisons = SilentComparisons(known, equality)
    named = {"is_plain_data": known.takes_list, "is_told": comparisons.is_told, **_FUNCTIONS}
    for part in (comparisons, SilentReads(known, comparisons)):
        named |= {name: getattr(part, name) for name in vars(type(part)) if name[0] != "_"}
    return named
