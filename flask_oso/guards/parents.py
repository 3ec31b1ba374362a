"""Whether the objects of two guards belong together: a project to the organization of its route.

In go two objects, and what their guards say of it; out comes whether they may stand in one route.
Mappers say what belongs to what. Nothing is read from a database where a foreign key tells it.
"""

from __future__ import annotations

import functools
import itertools
import typing as t
from collections.abc import Callable, Iterable, Iterator, Sequence

from ..callables.view_functions import View, functions_in, is_part_of, layers_of, parts_of
from ..polar.exceptions import OsoError
from ..polar.value_objects import Record
from ..request_state import NOT_GIVEN
from .url_keys import Key
from .view_guards import Guard, guards_of

if t.TYPE_CHECKING:
    from ..sqlalchemy.identities import ParentRelation


class Between(Record):
    """The one relation between the classes of two guards."""

    relation: ParentRelation
    #: It leads from the object of the inner guard to that of the outer one.
    is_inner_child: bool

    def holds(self, inner: t.Any, outer: t.Any) -> bool:
        """Tell whether it leads from one of two objects to the other."""
        child, parent = (inner, outer) if self.is_inner_child else (outer, inner)
        # A function may find objects that only stand for rows, of which nothing is known.
        return not hasattr(child, "_sa_instance_state") or self.relation.leads(child, parent)


def is_stated(within: t.Any) -> bool:
    """Tell whether a guard says to what its object belongs."""
    return within is not NOT_GIVEN and within is not None and within is not False


def check_within(within: t.Any, key: Key | None) -> None:
    """Look at what a guard says when it is written.

    :raises OsoError: it makes no sense.
    """
    if within is NOT_GIVEN:
        return
    if key is None:
        raise OsoError("'within' is for a guard that finds an object, and this one finds none.")
    if is_stated(within) and not isinstance(within, type) and not _is_attribute(within):
        raise OsoError(
            "'within' is the class of another guard, or a relation, as in 'within=Issue.project';"
            f" not {within!r}."
        )


def belongs(child: type, loaded: t.Any, within: t.Any, found: Sequence[t.Any]) -> bool:
    """Tell whether an object belongs to the last one found of what a guard says.

    :raises OsoError: there is none, or no relation says it.
    """
    relation = _stated_relation(child, within)
    parent = within if isinstance(within, type) else relation.parent
    parents = [each for each in found if isinstance(each, parent)]
    if not parents:
        raise OsoError(_no_guard_before(child, parent))
    return relation.leads(loaded, parents[-1])


def belonging_to(child: type, parent: t.Any) -> Callable[[t.Any], bool]:
    """Give a function that tells whether an object of a class belongs to another object.

    :raises OsoError: the other one is no object, or there is not just one relation to it.
    """
    if parent is None or isinstance(parent, type) or _is_attribute(parent):
        raise OsoError(
            f"'within' of 'load' is the object that the {child.__name__!r} has to belong to, as in"
            f" 'within=org'; not {parent!r}."
        )
    relations = _relations(child, type(parent))
    if len(relations) != 1:
        raise OsoError(
            f"{len(relations) or 'No'} relations lead from {child.__name__!r} to one"
            f" {type(parent).__name__!r}, so 'within' cannot tell what it belongs to. Compare them"
            " in the view."
        )
    return functools.partial(_leads, relations[0], parent)


def _leads(relation: ParentRelation, parent: t.Any, child: t.Any) -> bool:
    return relation.leads(child, parent)


def says_of(child: type, within: t.Any, other: t.Any) -> bool:
    """Tell whether what a guard says of the object before it is about this one."""
    parent = within if isinstance(within, type) else _stated_relation(child, within).parent
    return isinstance(other, parent)


def relation_between(inner: type, outer: type) -> Between | None:
    """Give the one relation between the classes of two guards; ``None`` if there is not just one.

    The object of the inner guard belongs to that of the outer one, or else it is the other way
    round. Classes of one hierarchy, such as a folder and a folder in it, are left out.
    """
    if issubclass(inner, outer) or issubclass(outer, inner):
        return None
    forth = _relations(inner, outer)
    back = [] if forth else _relations(outer, inner)
    relations = forth or back
    return Between(relations[0], is_inner_child=bool(forth)) if len(relations) == 1 else None


def mistakes_within(guards: Iterable[Guard], where: str) -> Iterator[str]:
    """Say which guards name what their objects cannot belong to, or what no guard finds."""
    classes: list[type] = []
    for guard in guards:
        if guard.key is None:
            continue
        child = guard.key.cls
        if is_stated(guard.within):
            mistake = _mistake_within(child, guard.within, classes)
            yield from () if mistake is None else [f"{mistake} It is a guard of {where}."]
        classes.append(child)


def hidden_children(view: View, method: str, guards: Iterable[Guard], where: str) -> Iterator[str]:
    """Say which guards of a view those in front do not see, so that nothing would be compared.

    A decorator in between does not say what it wraps. One statement has them all, or one class.
    """
    met = [guard for guard in guards if guard.key is not None]
    seen = set(map(id, guards))
    for inner in itertools.chain.from_iterable(map(functions_in, parts_of(view, method))):
        *_, innermost = layers_of(inner)
        for hidden in guards_of(inner):
            if id(hidden) in seen or hidden.key is None:
                continue
            seen.add(id(hidden))
            for outer in met:
                is_behind = outer.place.defines(innermost) or is_part_of(innermost, view)
                pair = _pair_to_compare(hidden, outer) if is_behind else None
                if pair is not None:
                    child, parent = pair
                    yield (
                        f"A decorator between two guards of {where} does not say what it wraps, so"
                        f" that nobody would look whether the {child.__name__!r} belongs to the"
                        f" {parent.__name__!r}. Have it use 'functools.wraps', or say"
                        " 'within=False'."
                    )


def _pair_to_compare(inner: Guard, outer: Guard) -> tuple[type, type] | None:
    """Give the classes of the child and of the parent, where the guards do not say otherwise."""
    inner_class, outer_class = (t.cast(Key, each.key).cls for each in (inner, outer))
    between = relation_between(inner_class, outer_class)
    if between is None:
        return None
    if between.is_inner_child:
        return (inner_class, outer_class) if inner.within is NOT_GIVEN else None
    return (outer_class, inner_class) if outer.within is NOT_GIVEN else None


def _mistake_within(child: type, within: t.Any, before: list[type]) -> str | None:
    try:
        relation = _stated_relation(child, within)
    except OsoError as error:
        return str(error)
    parent = within if isinstance(within, type) else relation.parent
    is_found = any(issubclass(each, parent) or issubclass(parent, each) for each in before)
    return None if is_found else _no_guard_before(child, parent)


def _relations(child: type, parent: type) -> list[ParentRelation]:
    if not hasattr(child, "__mapper__") or not hasattr(parent, "__mapper__"):
        return []
    # Imported late: an app without a database need not have SQLAlchemy.
    from ..sqlalchemy.identities import parent_relations

    return parent_relations(child, parent)


def _stated_relation(child: type, within: t.Any) -> ParentRelation:
    """Give the relation that a guard states.

    :raises OsoError: there is none, or more than one.
    """
    if isinstance(within, type):
        relations = _relations(child, within)
        if len(relations) == 1:
            return relations[0]
        raise OsoError(_no_single_relation(child, within, relations))
    from ..sqlalchemy.identities import related_by

    relation = related_by(child, within) if hasattr(child, "__mapper__") else None
    if relation is None:
        raise OsoError(
            f"'within={within}' is no relation that leads from a {child.__name__!r} to one object."
            " Name one of its own many-to-one relations."
        )
    return relation


def _no_single_relation(child: type, parent: type, relations: list[ParentRelation]) -> str:
    if not relations:
        return (
            f"No relation leads from {child.__name__!r} to one {parent.__name__!r}, so"
            f" 'within={parent.__name__}' cannot be told. Map one, or check it in the view."
        )
    names = " and ".join(repr(each.name) for each in relations)
    return (
        f"{child.__name__!r} has several relations to {parent.__name__!r}: {names}. Name the one"
        f" that is meant, as in 'within={child.__name__}.{relations[0].name}'."
    )


def _no_guard_before(child: type, parent: type) -> str:
    return (
        f"A guard finds {child.__name__!r} within {parent.__name__!r}, and no guard before it finds"
        f" that. Put '@authorize(\"read\", {parent.__name__})' above it."
    )


def _is_attribute(within: t.Any) -> bool:
    module = type(within).__module__ or ""
    return module.startswith("sqlalchemy.") and hasattr(within, "key")
