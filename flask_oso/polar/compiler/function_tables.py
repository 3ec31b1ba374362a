"""Tables of compiled functions: by the value, or the class, of one argument."""

from __future__ import annotations

import ast
import operator
import typing as t
from collections.abc import Callable, Sequence

from ..solver.class_index import INTEGER, Lineage
from .binding_analysis import Dispatch
from .classes.plain_classes import compares_by_identity, is_class_kind, is_plain_object
from .classes.weak_classes import set_for_class
from .scopes import ProgramInterface, Variant
from .snippets import load, looked_up

#: The most strings and integers, other than the literals, whose function a table remembers: which
#: ones are asked about has no end. Nor does the length of a string.
MAX_OTHERS = 100
_LONGEST = 100

CompiledFunction = Callable[..., bool]


class FunctionTable(dict[t.Any, CompiledFunction]):
    """The functions for the values, and the classes, of one argument.

    :param variant: the function without what the argument tells.
    """

    def __init__(self, program: ProgramInterface, variant: Variant, dispatch: Dispatch) -> None:
        super().__init__()
        self.dispatch = dispatch
        self._program = program
        self._variant = variant
        #: The functions for strings, and integers, that are no literals.
        self._others: dict[type, CompiledFunction] = {}
        self._remembered = 0

    def variants(self) -> list[Variant]:
        """Return the functions for all literals, and one of each kind for what is none."""
        keys: list[t.Any] = [*self.dispatch.objects, *_in_text_order(self.dispatch.literals)]
        found = [self.variant_of(key) for key in keys]
        if any(type(key) is str for key in keys):
            found.append(self._with_literal(None))
        return [*dict.fromkeys([*found, self._variant.at_odd(self.dispatch.at)])]

    def fill(self) -> None:
        """Give names to these functions."""
        for variant in self.variants():
            self._program.function(variant)

    def __missing__(self, key: t.Any) -> CompiledFunction:
        # Which temporary classes are asked about has no end, either.
        kind = type(key)
        is_literal = (kind is str or kind is int) and not self.dispatch.objects
        other = self._others.get(kind) if is_literal and key not in self.dispatch.literals else None
        if other is not None:
            if self._remembered < MAX_OTHERS and (kind is int or len(key) < _LONGEST):
                # Roles of an application, for example, of which rules name only some.
                self._remembered += 1
                self[key] = other
            return other
        variant = self.variant_of(key)
        made = self._program.known(variant)
        if made is None:
            return self._program.later(variant)
        if not is_literal:
            set_for_class(self, key, made, keeps=self._program.host.keeps(key))
        elif key in self.dispatch.literals:
            self[key] = made
        else:
            self._others[kind] = made
        return made

    def variant_of(self, key: t.Any) -> Variant:
        """Return the function for a string, an integer or a class."""
        at, variant = self.dispatch.at, self._variant
        if self.dispatch.objects:
            found = key if key in self.dispatch.objects else None
            return variant.replaced(objects=(*variant.objects, (at, found)))
        if type(key) is str or (type(key) is int and key in self.dispatch.literals):
            return self._with_literal(key if key in self.dispatch.literals else None)
        lineage = self._program.lineage(int if type(key) is int else key)
        if lineage is None:
            return variant.at_odd(at)
        made = self._with_literal(None) if type(key) is int else variant
        return made.replaced(lineages=_with(made.lineages, at, lineage))

    def _with_literal(self, literal: str | int | None) -> Variant:
        known = _with(self._variant.known, self.dispatch.at, literal)
        return self._variant.replaced(known=known)


def chosen_function(
    program: ProgramInterface, variant: Variant, parameters: Sequence[str]
) -> ast.expr:
    """Write which function answers: where an argument chooses one, the one that a table has.

    :param parameters: the names of the arguments.
    """
    table = program.table(variant)
    if table is None:
        return load(program.function(variant))
    dispatch, functions = table
    name, is_object = parameters[dispatch.at], bool(dispatch.objects)
    return looked_up(functions, name, dispatch.kinds, is_object=is_object)


def lineage_of(program: ProgramInterface, cls: type, registered: frozenset[type]) -> Lineage | None:
    """Return what a class tells of its instances; ``None`` if they may claim another one."""
    if cls is int:
        return INTEGER
    is_class = is_class_kind(cls)
    if not is_class and not is_plain_object(cls):
        return None
    classes = tuple(each for each in cls.__mro__ if each in registered)
    host = program.host
    is_decided = compares_by_identity(cls) or host.has_keys(cls) or program.equality.knows(cls)
    return Lineage(classes, is_decided or host.text_equality(cls) is not None, is_class)


def variant_for(
    program: ProgramInterface,
    name: str,
    known: str | frozenset[str] | None,
    classes: t.Mapping[int, type],
) -> Variant:
    """Return the function for arguments of some classes, and a string.

    :param known: the string of the other argument, or those that it is none of; ``None`` if all
        arguments have a class.
    """
    arity = len(classes) + (known is not None)
    made = {at: program.lineage(cls) for at, cls in sorted(classes.items()) if cls is not str}
    lineages = tuple((at, lineage) for at, lineage in made.items() if lineage is not None)
    text = tuple((at, known) for at in range(arity) if at not in classes and type(known) is str)
    return Variant(name, arity, text, True, lineages)


def _with(known: tuple[tuple[int, t.Any], ...], at: int, value: t.Any) -> t.Any:
    return tuple(sorted((*known, (at, value)), key=operator.itemgetter(0)))


def _in_text_order(literals: t.Iterable[str | int]) -> list[str | int]:
    return sorted(literals, key=lambda each: (type(each) is str, each))
