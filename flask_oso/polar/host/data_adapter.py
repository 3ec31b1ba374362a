"""Relations between registered classes, and the interface of adapters that read their rows.

``register_class(fields=...)`` takes ``Relation``s. A ``DataFilter`` describes which rows are
wanted, and a ``DataAdapter`` makes a query of it. Names and attributes are those of oso 0.27.3;
``Join`` is the second of two classes that oso calls ``Relation``.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence

from ..value_objects import ValueObject


class Relation(ValueObject):
    """A field whose value is objects of another class.

    :param kind: ``"one"`` or ``"many"``.
    :param other_type: the name under which the other class is registered, now or later.
    :param my_field: the attribute of this class that has the key.
    :param other_field: the attribute of the other class that is equal to it.
    """

    __slots__ = __match_args__ = ("kind", "other_type", "my_field", "other_field")
    # Unlike other records it is mutable and so has no hash, as in oso 0.27.3.
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, kind: str, other_type: str, my_field: str, other_field: str) -> None:
        self.kind = kind
        self.other_type = other_type
        self.my_field = my_field
        self.other_field = other_field


class Projection(ValueObject):
    """An attribute of the rows of a class; without one the identity of a row.

    :param source: the class.
    :param field: the name of its attribute, or ``None``.
    """

    __slots__ = __match_args__ = ("source", "field")

    def __init__(self, source: type, field: str | None = None) -> None:
        self.source: t.Final = source
        self.field: t.Final = field


class Condition(ValueObject):
    """A comparison that a row has to pass.

    :param left: a ``Projection`` or a plain Python value.
    :param cmp: ``Eq``, ``Neq``, ``In``, ``Nin``, ``Lt``, ``Leq``, ``Gt`` or ``Geq``.
    :param right: like ``left``.
    """

    __slots__ = __match_args__ = ("left", "cmp", "right")

    def __init__(self, left: t.Any, cmp: str, right: t.Any) -> None:
        self.left: t.Final = left
        self.cmp: t.Final = cmp
        self.right: t.Final = right


class Join(ValueObject):
    """A relation to another class that conditions refer to.

    :param left: the class that declares the relation.
    :param name: the field that declares it.
    :param right: the other class.
    """

    __slots__ = __match_args__ = ("left", "name", "right")

    def __init__(self, left: type, name: str, right: type) -> None:
        self.left: t.Final = left
        self.name: t.Final = name
        self.right: t.Final = right


class RegisteredType(ValueObject):
    """A registered class as adapters see it."""

    __slots__ = __match_args__ = ("name", "cls", "fields")

    def __init__(self, name: str, cls: type, fields: Mapping[str, t.Any]) -> None:
        self.name: t.Final = name
        self.cls: t.Final = cls
        self.fields: t.Final = fields


class DataFilter(ValueObject):
    """The rows of one class that are wanted.

    :param model: the class.
    :param relations: the joins from it to the other classes in the conditions.
    :param conditions: alternatives, each a list of conditions that all have to hold;
        ``[[]]`` is every row and ``[]`` none.
    :param types: the registered classes, by name and by class.
    """

    __slots__ = __match_args__ = ("model", "relations", "conditions", "types")

    def __init__(
        self,
        model: type,
        relations: Sequence[Join],
        conditions: Sequence[Sequence[Condition]],
        types: Mapping[t.Any, RegisteredType],
    ) -> None:
        self.model: t.Final = model
        self.relations: t.Final = relations
        self.conditions: t.Final = conditions
        self.types: t.Final = types


class DataAdapter:
    """Reads the rows of registered classes; subclasses define what a query is.

    ``SqlAlchemyAdapter`` is one. ``Oso.set_data_filtering_adapter`` takes it.
    """

    def build_query(self, filter: DataFilter) -> t.Any:
        """Make a query of a filter."""
        raise NotImplementedError

    def execute_query(self, query: t.Any) -> Sequence[t.Any]:
        """Return the rows of a query that ``build_query`` made."""
        raise NotImplementedError
