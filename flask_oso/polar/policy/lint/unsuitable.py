"""Operations that values of a type do not have, so that a question which comes to them fails.

In go parsed rules and the types of their operands; out come warnings: the order of a number and a
text, an attribute of a list, an element of a row. Without a known type there is no warning.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...characters import with_escapes
from ...host.attribute_types import Shape, Sort
from ...nodes import Expression, Operator, Rule, Term, Value, key_span
from ...printer import to_polar
from ...sources import located
from ...spelling import with_article
from ...traversal import walk
from .comparisons import Operands
from .inventory import Inventory, in_text_order

_ORDERS = frozenset({Operator.LT, Operator.LEQ, Operator.GT, Operator.GEQ})
#: The sorts whose values are in an order among themselves alone.
_IN_ORDER = frozenset({Sort.TEXT, Sort.NUMBER, Sort.DATE, Sort.UUID})
_WITHOUT_ELEMENTS = frozenset({Sort.NUMBER, Sort.BOOLEAN, Sort.DATE, Sort.UUID})
_ITERATION = ("__iter__", "__contains__", "__getitem__")
#: What lists and sets have; no relation has more, unless it is called.
_OF_LISTS = frozenset(name for cls in (list, set, frozenset, tuple) for name in dir(cls))


def warn_unsuitable(rule: Rule, inventory: Inventory, operands: Operands) -> list[str]:
    """Warn about operations that fail whenever they are reached."""
    found = [
        *_orders(rule, operands),
        *_attributes_of_lists(inventory, operands),
        *_elements(inventory, operands),
    ]
    return list(dict.fromkeys(found))


def _orders(rule: Rule, operands: Operands) -> Iterator[str]:
    for term in walk([] if rule.body is None else [rule.body]):
        if not isinstance(term, Expression) or term.operator not in _ORDERS:
            continue
        left, right = (operands.shape(each) for each in term.args)
        if left is None or right is None or left.sort is right.sort:
            continue
        if {left.sort, right.sort} <= _IN_ORDER:
            one, other = term.args
            message = (
                f"{_text(one)} is {left.sort.value}, {_text(other)} is {right.sort.value}: they"
                " have no order"
            )
            yield located(message, one.span or term.span)


def _attributes_of_lists(inventory: Inventory, operands: Operands) -> Iterator[str]:
    for lookup in in_text_order(inventory.lookups):
        owner, key = lookup.args[:2]
        if not isinstance(key, Value) or not isinstance(key.value, str) or key.value in _OF_LISTS:
            continue
        shape = operands.shape(owner)
        if shape is not None and shape.sort is Sort.LIST:
            message = f"{_text(owner)} has no attribute {key.value}, since it is a list"
            remedy = f"Write `each in {_text(owner)}`, and `each.{key.value}`.\n"
            yield located(message, key_span(lookup)) + remedy


def _elements(inventory: Inventory, operands: Operands) -> Iterator[str]:
    for goal in in_text_order(inventory.comparisons):
        shape = operands.shape(goal.args[1]) if goal.operator is Operator.IN else None
        if shape is not None and _is_without_elements(shape):
            is_object = shape.sort is Sort.OBJECT
            what = with_article(shape.name) if is_object else shape.sort.value
            message = f"{_text(goal.args[1])} is {what}, and no list: nothing is in it"
            yield located(message, goal.args[1].span or goal.span)


def _is_without_elements(shape: Shape) -> bool:
    if shape.sort is Sort.OBJECT:
        return shape.cls is not None and not any(hasattr(shape.cls, each) for each in _ITERATION)
    return shape.sort in _WITHOUT_ELEMENTS


def _text(term: Term) -> str:
    return with_escapes(to_polar(term) if term.span is None else term.span.text)
