"""Rules that allow everybody, or everything.

In go the alternatives of a rule; out comes whether nothing is asked of the actor of an action that
changes something. That anybody reads what has a condition, or what is a text, is common.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...host.registry import RESERVED_NAMES
from ...nodes import Parameter, Pattern, Term, Value, Variable
from .alternatives import Alternative, variables_in

#: Rules whose arguments are an actor, an action and a resource.
_ASKED = frozenset({"allow", "has_permission", "has_role"})
#: Actions that change nothing.
_READING = frozenset(
    {
        *("access", "browse", "download", "find", "get", "head", "index", "list", "options"),
        *("preview", "read", "search", "see", "show", "view", "visit", "watch"),
    }
)


def allows_everything(alternatives: Sequence[Alternative]) -> bool:
    """Tell whether a rule lets everybody do everything to everything."""
    return any(map(_allows_everything, alternatives))


def leaves_actor_open(alternatives: Sequence[Alternative]) -> bool:
    """Tell whether a rule lets anybody do what changes an object, also if nobody is logged in."""
    return any(map(_leaves_actor_open, alternatives))


def _allows_everything(alternative: Alternative) -> bool:
    if not _is_asked(alternative) or alternative.rule.name == "has_role":
        return False
    return not alternative.goals and all(map(_is_open, alternative.parameters))


def _leaves_actor_open(alternative: Alternative) -> bool:
    if not _is_asked(alternative) or allows_everything([alternative]):
        return False
    actor, action, resource = alternative.parameters
    if actor.specializer is not None or not isinstance(actor.term, Variable):
        return False
    others: list[Term] = [*alternative.goals, action.term, resource.term]
    others += [each.specializer for each in (action, resource) if each.specializer is not None]
    if actor.term.name in variables_in(others) or isinstance(resource.term, Value):
        return False
    return alternative.rule.name == "has_role" or not _is_reading(action.term)


def _is_asked(alternative: Alternative) -> bool:
    return alternative.rule.name in _ASKED and len(alternative.parameters) == 3


def _is_open(parameter: Parameter) -> bool:
    pattern = parameter.specializer
    is_any = isinstance(pattern, Pattern) and pattern.tag in (*RESERVED_NAMES, "String")
    return isinstance(parameter.term, Variable) and (pattern is None or is_any)


def _is_reading(term: Term) -> bool:
    if not isinstance(term, Value) or not isinstance(term.value, str):
        return False
    words = term.value.casefold().replace("-", "_").replace(":", "_").replace(".", "_").split("_")
    return not _READING.isdisjoint(words)
