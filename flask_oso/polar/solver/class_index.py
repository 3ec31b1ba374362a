"""An index of clauses by the classes of their parameters.

In go the clauses of one name and one number of parameters, and what is known of the classes of a
call's arguments; out come the clauses whose classes do not exclude them. Of 10,000 rules about
1,000 classes it gives the ten about one class.

A clause is left out only where the solver would leave it out without having asked the host for
anything.
"""

from __future__ import annotations

import heapq
import typing as t
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from ..host.registry import Host
from ..nodes import Instance, Parameter, Pattern, Slot, Term, Value
from .class_tests import has_instance_test
from .clause_index import ClauseIndex
from .clauses import Clause


class Lineage(t.NamedTuple):
    """What is known of an argument whose class is known.

    :param classes: the registered classes that it is an instance of, the nearest first.
    :param is_decided: whether it compares with a literal without running code of its class.
    :param is_class: whether it is a class itself.
    """

    classes: tuple[type, ...]
    is_decided: bool
    is_class: bool = False


#: What is known of an integer. Everything is an `object`, which a policy may be told of, too.
INTEGER = Lineage((int, object), is_decided=True)


#: So few clauses are not looked up by class.
_FEW = 8
#: A literal, the classes, and whether matching the parameter may ask the host for more.
_Part = tuple[Term | None, tuple[type, ...] | None, bool]
_ByClass = tuple[dict[type, tuple[int, ...]], tuple[int, ...], set[int]]


class ClassIndex:
    """The clauses of one name and one number of parameters, by the classes of their parameters.

    :param members: gives the names of the classes that a tag stands for.
    """

    def __init__(
        self, clauses: ClauseIndex, host: Host, members: Callable[[str], Sequence[str]]
    ) -> None:
        self._clauses = [*clauses]
        self._numbers = clauses.numbers
        self._host = host
        self._members = members
        self._by_tag: dict[str, tuple[type, ...] | None] = {}
        self._index: dict[int, _ByClass] = {}
        self._heads: dict[int, tuple[Clause, tuple[_Part, ...]]] = {}

    def classes_of(self, tag: str) -> tuple[type, ...] | None:
        """Return the classes that a tag stands for; ``None`` if one may run code to tell."""
        if tag not in self._by_tag:
            classes = [self._host.classes.get(name) for name in self._members(tag)]
            known = tuple(cls for cls in classes if cls is not None)
            is_plain = len(known) == len(classes) and not any(map(has_instance_test, known))
            self._by_tag[tag] = known if is_plain else None
        return self._by_tag[tag]

    def among(
        self,
        chosen: Sequence[Clause],
        lineages: Mapping[int, Lineage],
        objects: Mapping[int, type | None],
        decided: Collection[int],
    ) -> Sequence[Clause]:
        """Return the clauses that neither the classes of arguments exclude, nor some before.

        :param chosen: the clauses that are left.
        :param objects: the arguments that are classes; ``None`` for one that is no literal.
        :param decided: the positions of the arguments that compare with literals without running
            code.
        """
        if not lineages:
            return chosen
        # A few are looked at one by one, before an index is made of them.
        for position, lineage in lineages.items() if len(chosen) > _FEW else ():
            by_class, others, literals = self._at(position)
            if literals <= set(decided):
                lists = [by_class[cls] for cls in lineage.classes if cls in by_class]
                if sum(map(len, lists)) + len(others) < len(chosen):
                    # A union stands below several classes.
                    numbers = dict.fromkeys(heapq.merge(*lists, others))
                    chosen = [self._clauses[number] for number in numbers]
        return [
            clause for clause in chosen if not self._excludes(clause, lineages, objects, decided)
        ]

    def _at(self, position: int) -> _ByClass:
        """Return the clauses for each class at a position, those that no class excludes, and the
        positions of literals that are compared before.
        """
        known = self._index.get(position)
        if known is None:
            known = self._index[position] = self._index_of(position)
        return known

    def _index_of(self, position: int) -> _ByClass:
        by_class: dict[type, list[int]] = {}
        others: list[int] = []
        literals: set[int] = set()
        for number, clause in zip(self._numbers, self._clauses, strict=True):
            tag = _tag_of(clause.parameters[position])
            classes = None if tag is None else self.classes_of(tag)
            if (
                classes is None
                or self._is_odd(clause)
                or not all(is_silent(clause, each) for each in range(position))
            ):
                others.append(number)
                continue
            literals.update(
                each
                for each in range(position + 1)
                if not isinstance(clause.parameters[each].term, Slot)
            )
            for cls in dict.fromkeys(classes):
                by_class.setdefault(cls, []).append(number)
        in_tuples = {cls: tuple(numbers) for cls, numbers in by_class.items()}
        return in_tuples, tuple(others), literals

    def _excludes(
        self,
        clause: Clause,
        lineages: Mapping[int, Lineage],
        objects: Mapping[int, type | None],
        decided: Collection[int],
    ) -> bool:
        """Tell whether the classes of arguments exclude a clause, looked at from the first on."""
        for position, (literal, classes, is_last) in enumerate(self._head_of(clause)):
            lineage = lineages.get(position)
            if literal is not None:
                if position not in decided:
                    return False
                if lineage is not None and is_unlike(literal, lineage):
                    return True
                if position in objects and isinstance(literal, Instance):
                    return literal.value is not objects[position]
            if lineage is not None and classes is not None:
                # By their hash: one that is compared with others asks its metaclass.
                is_other = {*lineage.classes}.isdisjoint(classes)
                if is_other:
                    return True
            if is_last:
                return False
        return False

    def _head_of(self, clause: Clause) -> tuple[_Part, ...]:
        """Return what is known of each parameter, which one question after another asks for.

        Nothing where a class may run code to tell its instances: the solver may ask it first,
        whatever stands before it.
        """
        known = self._heads.get(id(clause))
        if known is not None:
            return known[1]
        parts = () if self._is_odd(clause) else tuple(self._parts(clause))
        # With the clause, so that no other one gets its identity.
        self._heads[id(clause)] = clause, parts
        return parts

    def _parts(self, clause: Clause) -> Iterator[_Part]:
        for position, parameter in enumerate(clause.parameters):
            tag = _tag_of(parameter)
            literal = None if isinstance(parameter.term, Slot) else parameter.term
            classes = None if tag is None else self.classes_of(tag)
            yield literal, classes, not is_silent(clause, position)

    def _is_odd(self, clause: Clause) -> bool:
        """Tell whether a head names a class that may run code to tell its instances."""
        tags = map(_tag_of, clause.parameters)
        return any(tag is not None and self.classes_of(tag) is None for tag in tags)


def _tag_of(parameter: Parameter) -> str | None:
    """Return the name of the class that a parameter has."""
    pattern = parameter.specializer
    return pattern.tag if isinstance(pattern, Pattern) else None


def is_silent(clause: Clause, position: int) -> bool:
    """Tell whether matching a parameter asks the host for nothing but a test of a class."""
    parameter = clause.parameters[position]
    pattern = parameter.specializer
    if isinstance(parameter.term, Slot):
        slots = [each.term for each in clause.parameters[:position]]
        index = parameter.term.index
        if any(isinstance(slot, Slot) and slot.index == index for slot in slots):
            return False
        return pattern is None or (
            isinstance(pattern, Pattern) and pattern.tag is not None and not pattern.fields
        )
    return pattern is None and (
        isinstance(parameter.term, Value)
        or (
            isinstance(parameter.term, Instance)
            and type(parameter.term.value).__eq__ in (object.__eq__, type(None).__eq__)
        )
    )


def is_unlike(literal: Term, lineage: Lineage) -> bool:
    """Tell whether a literal of a head cannot be a decided argument of a class."""
    if isinstance(literal, Value):
        return int not in {*lineage.classes}
    return isinstance(literal, Instance) and isinstance(literal.value, type) is not lineage.is_class
