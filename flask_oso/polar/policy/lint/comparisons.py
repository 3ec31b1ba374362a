"""Comparisons that never hold: an object with its id, a string with a member of an Enum.

In go parsed rules; out come warnings. The types of operands are inferred from literals, from the
classes in heads, and from declared fields and annotations (``attribute_types.py``). Without a
known type there is no warning.
"""

from __future__ import annotations

import itertools
import typing as t
from collections.abc import Iterator, Mapping, Sequence

from ...characters import with_escapes
from ...host.attribute_types import BOOLEAN, NUMBER, TEXT, Shape, Shapes, Sort
from ...host.class_facts import may_be_subclass, relatives
from ...nodes import Expression, List, Operator, Rule, Term, Value, Variable, is_variable
from ...printer import to_polar
from ...sources import Span, located
from ...spelling import registration_help, with_article
from ...traversal import goals_in, is_operation
from .inventory import Inventory, in_text_order
from .vocabulary import classes_of_variables

#: The longest operand that a warning quotes.
_LONGEST = 40
#: How many passes infer the types of variables: equations may depend on later ones.
_PASSES = 4
#: The shape of a variable that was not inferred yet.
_WAITING = Shape(Sort.OBJECT)
_GIVING = (Operator.UNIFY, Operator.ASSIGN, Operator.IN)


class Operands:
    """The inferred shapes of the operands of one rule."""

    def __init__(self, rule: Rule, inventory: Inventory, shapes: Shapes) -> None:
        self.shapes: t.Final = shapes
        classes = classes_of_variables(rule, has_matches=bool(inventory.matches))
        self._classes = classes
        #: The shapes of lookups, by the identity of the node.
        # With the terms, so that no other one gets their ids.
        self._known: dict[int, tuple[Expression, Shape | None]] = {}
        self._variables: dict[str, Shape | None] = {
            name: self.of_class(tag) for name, tag in classes.items()
        }
        if rule.body is not None and inventory.lookups:
            self._follow(rule.body)

    def of_class(self, tag: str | None) -> Shape | None:
        """Give the shape of an object of a class that a policy names."""
        return None if tag is None else self.shapes.of_class(self.shapes.host.classes.get(tag))

    def class_name(self, term: Term) -> str | None:
        """Give the name under which the class of a term is registered, if it is known."""
        if isinstance(term, Variable) and term.name in self._classes:
            return self._classes[term.name]
        shape = self.shape(term)
        return shape.name if shape is not None and shape.sort is Sort.OBJECT else None

    def shape(self, term: Term) -> Shape | None:
        """Give the shape of a term; ``None`` if it is not known."""
        waiting: list[Expression] = []
        while _is_lookup(term) and id(term) not in self._known:
            waiting.append(term)
            term = term.args[0]
        known = self._known[id(term)][1] if _is_lookup(term) else self._of_root(term)
        for lookup in reversed(waiting):
            known = self._of_lookup(lookup, known)
            self._known[id(lookup)] = lookup, known
        return known

    def _of_lookup(self, lookup: Expression, owner: Shape | None) -> Shape | None:
        term, key = lookup.args[:2]
        if not isinstance(key, Value) or not isinstance(key.value, str):
            return None
        if owner is None and isinstance(term, Variable):
            return self._of_member(term.name, key.value)
        return self.shapes.of_attribute(owner, key.value)

    def _of_root(self, term: Term) -> Shape | None:
        if isinstance(term, Variable):
            return self._variables.get(term.name)
        if not isinstance(term, Value):
            return None
        if isinstance(term.value, bool):
            return BOOLEAN
        return TEXT if isinstance(term.value, str) else NUMBER

    def _of_member(self, class_name: str, name: str) -> Shape | None:
        """Give the shape of ``Status.OPEN``."""
        shape = None if class_name in self._variables else self.of_class(class_name)
        if shape is None or shape.sort is not Sort.ENUM:
            return None
        return shape if name in vars(shape.cls)["_member_map_"] else None

    # -- variables that are bound in the body -------------------------------------------

    def _follow(self, body: Term) -> None:
        """Infer the shapes of variables from unifications and from the lists they are elements of.

        A variable with several different shapes, or an unknown one, has none.
        """
        given: dict[str, list[Expression]] = {}
        for name, equation in _equations(body):
            if name not in self._variables and name not in self.shapes.host.constants:
                given.setdefault(name, []).append(equation)
        for _ in range(_PASSES if given else 0):
            new = dict(self._settled(given))
            if all(self._variables.get(name, _WAITING) == new[name] for name in new):
                break
            self._variables.update(new)
            self._known.clear()
        else:
            # Shapes that still change are dropped.
            self._variables.update(dict.fromkeys(given))
            self._known.clear()

    def _settled(
        self, given: Mapping[str, Sequence[Expression]]
    ) -> Iterator[tuple[str, Shape | None]]:
        """Give the shape that all equations of a variable agree on, waiting ones left out."""
        for name, equations in given.items():
            found = {self._given(name, each) for each in equations} - {_WAITING}
            if found:
                yield name, found.pop() if len(found) == 1 else None

    def _given(self, name: str, equation: Expression) -> Shape | None:
        left, right = equation.args
        if equation.operator is Operator.IN:
            shape = self.shape(right)
            return shape.element if shape is not None and shape.sort is Sort.LIST else None
        other = right if is_variable(left, name) else left
        is_waiting = isinstance(other, Variable) and other.name not in self._variables
        return _WAITING if is_waiting else self.shape(other)


def _is_lookup(term: Term) -> t.TypeGuard[Expression]:
    return is_operation(term, Operator.DOT)


def _equations(body: Term) -> Iterator[tuple[str, Expression]]:
    """Give the variables that goals may bind, with the goal."""
    for goal in goals_in(body):
        if isinstance(goal, Expression) and goal.operator in _GIVING:
            sides = goal.args[:1] if goal.operator is Operator.IN else goal.args
            yield from ((each.name, goal) for each in sides if isinstance(each, Variable))


# -- comparisons that never hold -------------------------------------------------------


class _Side(t.NamedTuple):
    """One of two compared operands: its term, its shape, and a name that replaces its text."""

    term: Term
    shape: Shape
    name: str = ""


class _Pair(t.NamedTuple):
    """Two compared operands; ``differ`` is set for ``!=``."""

    left: _Side
    right: _Side
    span: Span | None
    differ: bool = False


def warn_comparisons(
    inventory: Inventory, operands: Operands, *, with_objects: bool = True
) -> list[str]:
    """Warn about operands that are never equal; in a list, about the first element.

    :param with_objects: whether to warn about objects too, and not only about plain values.
    """
    wrong = [
        pair
        for candidates in _pairs(inventory, operands)
        for pair in itertools.islice(
            (each for each in candidates if _never_equal(each, operands.shapes)), 1
        )
    ]
    wrong = [pair for pair in wrong if with_objects or not _has_object(pair)]
    wrong.sort(key=lambda pair: pair.span.start if pair.span else 0)
    return [*_single_tuples(inventory), *(_warning(pair, operands) for pair in wrong)]


def _has_object(pair: _Pair) -> bool:
    return Sort.OBJECT in (pair.left.shape.sort, pair.right.shape.sort)


def _single_tuples(inventory: Inventory) -> Iterator[str]:
    """Warn about ``x in ("a")``, which is a string: its characters are compared."""
    for goal in in_text_order(inventory.comparisons) if inventory.comparisons else ():
        right = goal.args[1]
        if goal.operator is Operator.IN and isinstance(right, Value) and right.span is not None:
            text, span = right.span.source.text, right.span
            if text.endswith("(", 0, span.start) and text.startswith(")", span.end):
                shown = _quoted(right)
                message = f"({shown}) is the string, whose characters are compared; write [{shown}]"
                yield located(message, span)


def _pairs(inventory: Inventory, operands: Operands) -> Iterator[Iterator[_Pair]]:
    """Give the compared pairs of each comparison and of each field of a pattern."""
    for goal in inventory.comparisons:
        left = _side(goal.args[0], operands)
        if left is not None:
            yield _compared(left, goal, operands)
    for pattern in inventory.patterns:
        owner = operands.of_class(pattern.tag) if pattern.fields else None
        for name, value in pattern.fields if owner is not None else ():
            field, side = operands.shapes.of_attribute(owner, name), _side(value, operands)
            if field is not None and side is not None:
                pair = _Pair(_Side(value, field, f"{pattern.tag}.{name}"), side, value.span)
                yield iter((pair,))


def _side(term: Term, operands: Operands) -> _Side | None:
    shape = operands.shape(term)
    return None if shape is None else _Side(term, shape)


def _compared(left: _Side, goal: Expression, operands: Operands) -> Iterator[_Pair]:
    right, span = goal.args[1], left.term.span
    is_in = goal.operator is Operator.IN
    if not is_in or isinstance(right, List):
        others = right.items if is_in and isinstance(right, List) else (right,)
        sides = (_side(each, operands) for each in others)
        is_different = goal.operator is Operator.NEQ
        yield from (_Pair(left, each, span, is_different) for each in sides if each is not None)
        return
    around = operands.shape(right)
    if around is not None and around.sort is Sort.LIST and around.element is not None:
        inside = _Side(right, around.element, f"what is in {_quoted(right)}")
        yield _Pair(left, inside, span)


def _never_equal(pair: _Pair, shapes: Shapes) -> bool:
    left, right = pair.left.shape, pair.right.shape
    if left.sort is right.sort:
        return left.cls is not right.cls and not _may_be_one(left.cls, right.cls, shapes)
    objects = [each.cls for each in (left, right) if each.sort is Sort.OBJECT]
    return all(cls is not None and shapes.compares_by_class(cls) for cls in objects)


def _may_be_one(left: type | None, right: type | None, shapes: Shapes) -> bool:
    """Tell whether objects of two classes may be equal, or one object be of both."""
    if left is None or right is None:
        return True
    if not shapes.compares_by_class(left) or not shapes.compares_by_class(right):
        return True
    return any(may_be_subclass(each, right) for each in (left, *relatives(left)))


# -- the text of the warning -----------------------------------------------------------


def _warning(pair: _Pair, operands: Operands) -> str:
    left, right = pair.left, pair.right
    outcome = "they always differ" if pair.differ else "they are never equal"
    message = f"{_text(left)} is {_shown(left)}, {_text(right)} is {_shown(right)}: {outcome}"
    remedy = _remedy(left, right, operands) or _remedy(right, left, operands)
    return located(message, pair.span) + (f"{remedy}\n" if remedy else "")


def _shown(side: _Side) -> str:
    if side.shape.sort is Sort.ENUM:
        return f"a {side.shape.name}"
    return (
        with_article(side.shape.name) if side.shape.sort is Sort.OBJECT else side.shape.sort.value
    )


def _text(side: _Side) -> str:
    return side.name or _quoted(side.term)


def _quoted(term: Term) -> str:
    text = to_polar(term) if term.span is None else term.span.text
    return with_escapes(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…")


def _remedy(side: _Side, other: _Side, operands: Operands) -> str:
    """Give the remedy for the first of two operands, if it is the one to change."""
    sort, of_other = side.shape.sort, other.shape.sort
    if sort is Sort.OBJECT:
        return _remedy_of_object(side, other, operands)
    if sort is Sort.ENUM and isinstance(other.term, Value):
        return _remedy_of_member(side.shape, other.term.value, operands)
    if sort is Sort.LIST and not side.name:
        return f"Write `{_text(other)} in {_text(side)}`."
    if not isinstance(other.term, Value):
        return ""
    if sort is Sort.BOOLEAN:
        return "Write `true` or `false`."
    if sort is Sort.NUMBER and of_other is Sort.TEXT and not isinstance(side.term, Value):
        return "Numbers stand without quotes."
    return "Strings stand in double quotes." if sort is Sort.TEXT else ""


def _remedy_of_object(side: _Side, other: _Side, operands: Operands) -> str:
    if other.shape.sort is Sort.OBJECT:
        return ""
    if isinstance(other.term, Expression) and not other.name:
        owner = other.term.args[0]
        of_owner = operands.shape(owner)
        if of_owner is not None and of_owner.cls is side.shape.cls:
            return f"Write `{_quoted(owner)}` in place of `{_text(other)}`."
    if side.name:
        return ""
    key = operands.shapes.of_attribute(side.shape, "id")
    if key is not None and key.sort is other.shape.sort:
        return f"Write `{_text(side)}.id`."
    return f"Compare an attribute of `{_text(side)}`."


def _remedy_of_member(shape: Shape, value: t.Any, operands: Operands) -> str:
    assert shape.cls is not None
    members: Mapping[str, t.Any] = vars(shape.cls)["_member_map_"]
    meant = [name for name, member in members.items() if member._value_ == value]
    meant += [name for name in members if name.casefold() == str(value).casefold()]
    if not meant:
        return f"Write one of its members, such as `{shape.name}.{next(iter(members), '…')}`."
    if operands.shapes.name_of(shape.cls) is None:
        return f"{registration_help(shape.name)[:-2]}, and write `{shape.name}.{meant[0]}`."
    return f"Write `{shape.name}.{meant[0]}`."
