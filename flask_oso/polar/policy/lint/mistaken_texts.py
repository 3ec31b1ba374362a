"""Lists and texts in places where something else is asked for, and a class in quotes.

In go parsed rules and the host; out come warnings about what loads and never applies:
``allow(user: User, ["read", "edit"], note: Note)``, ``allow(user: User, "*", note: Note)``,
``action in "read, edit"``, ``[key, value] in entries.items()``.
"""

from __future__ import annotations

import enum
import re
import typing as t
from collections.abc import Iterator

from ...host.registry import Host
from ...nodes import (
    Call,
    Dictionary,
    Expression,
    List,
    Operator,
    Pattern,
    Rule,
    Term,
    Value,
    Variable,
)
from ...printer import to_polar
from ...sources import located
from ...traversal import is_operation, is_text
from .inventory import Inventory, in_text_order, matched_patterns
from .unquoted import string_parameters
from .vocabulary import classes_of_variables

#: Names in one text: ``"read, edit"``, ``"read|edit"``.
_NAMES = re.compile(r"\s*[\w:.-]+(?:\s*[,|]\s*[\w:.-]+)+\s*")
#: What a text of several words may be.
_OF_SENTENCES = frozenset({"text", "code"})
#: Classes whose objects may be actions, and words in the names of others.
_OF_ACTIONS = (str, int, float, list, dict, enum.Enum)
_ACTION = re.compile(r"action|operation|permission|verb|method|right|privilege", re.IGNORECASE)
_BETWEEN = re.compile(r"\s*[,|]\s*")


def warn_mistaken_texts(rule: Rule, inventory: Inventory, host: Host) -> list[str]:
    """Warn about texts and lists that no question is equal to."""
    return [
        *_classes_in_quotes(rule, inventory, host),
        *_parameters(rule),
        *_searched_texts(inventory),
        *_searched_items(rule, inventory, host),
        *_order(rule, host),
    ]


def may_be_mistaken(text: str, host: Host) -> bool:
    """Tell whether there is a warning about a text in some places of a rule.

    INVARIANT: what a check says of a single rule depends on no literals but these texts.
    """
    return text == "*" or text in host.classes or "," in text or "|" in text


def _classes_in_quotes(rule: Rule, inventory: Inventory, host: Host) -> Iterator[str]:
    for literal in matched_patterns(rule, inventory):
        if isinstance(literal, Value) and literal.value in host.classes:
            yield located(
                f'"{literal.value}" is compared as a string; '
                f"write {literal.value} without quotes to match the class",
                literal.span,
            )


def _parameters(rule: Rule) -> Iterator[str]:
    """Give warnings about what stands in a head in the place of an action, a role or a field."""
    for parameter, meaning in string_parameters(rule):
        if meaning in _OF_SENTENCES:
            continue
        for term in (parameter.term, parameter.specializer):
            if isinstance(term, (List, Dictionary)):
                kind = "list" if isinstance(term, List) else "dictionary"
                remedy = _remedy(meaning, term)
                yield located(f"A {kind} equals no {meaning} that is a string", term.span) + remedy
            elif not is_text(term):
                continue
            elif term.value == "*":
                message = f'"*" is a text like any other, and not any {meaning}'
                yield located(message, term.span) + f"For any {meaning} write `_`.\n"
            elif _NAMES.fullmatch(str(term.value)):
                message = f"{to_polar(term)} is one {meaning}, and not several"
                yield located(message, term.span) + _remedy(meaning, _listed(str(term.value)))


def _searched_texts(inventory: Inventory) -> Iterator[str]:
    """Give warnings about ``action in "read, edit"``, which goes through letters."""
    for goal in in_text_order(filter(_is_search_in_names, inventory.comparisons)):
        text = t.cast(Value, goal.args[1])
        message = f"What is in the text {to_polar(text)} are its characters"
        listed = to_polar(_listed(str(text.value)))
        yield located(message, text.span) + f"Write a list: `{listed}`.\n"


def _searched_items(rule: Rule, inventory: Inventory, host: Host) -> Iterator[str]:
    """Give warnings about ``[key, value] in d.items()``, whose elements are tuples."""
    for goal in in_text_order(filter(_is_search_in_items, inventory.comparisons)):
        item, collection = goal.args
        owner = t.cast(Expression, collection).args[0]
        if _is_of_class(owner, rule, host):
            continue
        message = "No list equals what `items()` of a dictionary gives, which are tuples"
        pair = f"{to_polar(item)} in {to_polar(owner)}"
        yield located(message, item.span) + f"Write `{pair}`, which goes through the entries.\n"


def _is_search_in_items(goal: Expression) -> bool:
    item, collection = goal.args
    if goal.operator is not Operator.IN or not isinstance(item, List) or len(item.items) != 2:
        return False
    called = collection.args[1] if is_operation(collection, Operator.DOT) else None
    return isinstance(called, Call) and called.name == "items" and not called.args


def _is_of_class(owner: Term, rule: Rule, host: Host) -> bool:
    """Tell whether a variable is of a class that is no dictionary, and gives items of its own."""
    tag = classes_of_variables(rule).get(owner.name) if isinstance(owner, Variable) else None
    cls = None if tag is None else host.classes.get(tag)
    return isinstance(cls, type) and not issubclass(cls, dict)


def _is_search_in_names(goal: Expression) -> bool:
    text = goal.args[1]
    is_search = goal.operator is Operator.IN and is_text(text)
    return is_search and _NAMES.fullmatch(str(t.cast(Value, text).value)) is not None


def _order(rule: Rule, host: Host) -> Iterator[str]:
    """Give a warning for ``allow(user: User, note: Note, "read")``."""
    if rule.name != "allow" or len(rule.parameters) != 3:
        return
    _, action, resource = rule.parameters
    pattern, texts = action.specializer, (resource.term, resource.specializer)
    cls = host.classes.get(pattern.tag or "") if isinstance(pattern, Pattern) else None
    text = next(filter(is_text, texts), None)
    # Actions may be objects, and a resource a text.
    if cls is None or text is None or issubclass(cls, _OF_ACTIONS) or _ACTION.search(cls.__name__):
        return
    message = f"{cls.__name__} stands in the place of the action, and {to_polar(text)} behind it"
    yield located(message, action.term.span) + "Write `allow(actor, action, resource)`.\n"


def _remedy(meaning: str, names: Term) -> str:
    is_list = isinstance(names, List) and names.rest is None and all(map(is_text, names.items))
    listed = to_polar(names) if is_list else '["…", "…"]'
    return f"Write the variable `{meaning}`, and behind `if` `{meaning} in {listed}`.\n"


def _listed(text: str) -> List:
    return List(tuple(Value(name) for name in _BETWEEN.split(text.strip())))
