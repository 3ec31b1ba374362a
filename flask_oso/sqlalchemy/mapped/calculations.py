"""Attributes of rows that are made of columns alone, so that reading them has no effect.

In goes a mapped class and the name of an attribute. Of a property or a hybrid that calculates
something from columns and does nothing else, these columns come out, and the classes of values
that it calculates with by Python's own operators; of an association proxy, the relation and the
attribute of its rows.
"""

from __future__ import annotations

import ast
import enum
import types
import typing as t
from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.ext.associationproxy import AssociationProxy
from sqlalchemy.ext.hybrid import hybrid_property

from ...polar.host import sandbox
from ...polar.host.registry import Calculation, ProxiedAttribute
from ...polar.host.value_classes import EQUATED, MOMENTS
from ...polar.residual.algebra.schema import Formula
from .hybrids import formula_of

#: Classes whose operators are Python's own.
_BUILT_IN = (object, int, str, float, enum.Enum, enum.ReprEnum, enum.IntEnum, enum.StrEnum)
#: What expressions of a formula call.
_OPERATORS = frozenset(
    f"__{name}__"
    for name in (
        *("eq", "ne", "lt", "le", "gt", "ge", "bool", "len", "hash", "add", "radd", "sub", "rsub"),
        *("mul", "rmul", "getattribute", "getattr"),
    )
)


def calculation_of(cls: type, name: str, is_column: Callable[[str], bool]) -> Calculation | None:
    """Return how an attribute of a mapped class is calculated; ``None`` if it does more.

    :param is_column: tells whether an attribute of the class is a stored column.
    """
    owner = next((base for base in cls.__mro__ if name in vars(base)), None)
    if owner is None:
        return None
    found = vars(owner)[name]
    if type(found) is not property and type(found) is not hybrid_property:
        return None
    if type(found.fget) is not types.FunctionType:
        return None
    formula = formula_of(found.fget)
    columns = None if formula is None else _columns(formula)
    if formula is None or not columns or not all(map(is_column, columns)):
        return None
    kinds = _kinds(formula)
    return None if kinds is None else Calculation(owner, found, columns, kinds)


def proxied_of(cls: type, name: str) -> ProxiedAttribute | None:
    """Return what an association proxy of many rows gives; ``None`` if it is none, or its own."""
    owner = next((base for base in cls.__mro__ if name in vars(base)), None)
    found = None if owner is None else vars(owner)[name]
    if type(found) is not AssociationProxy or found.getset_factory or found.proxy_factory:
        return None
    relation: t.Any = sa.inspect(cls).attrs.get(found.target_collection)
    if not isinstance(relation, orm.RelationshipProperty) or not relation.uselist:
        return None
    is_plain = relation.collection_class in (None, list, set)
    names = found.target_collection, found.value_attr
    return ProxiedAttribute(t.cast(type, owner), found, *names) if is_plain else None


def _columns(formula: Formula) -> tuple[str, ...] | None:
    """Return the attributes of the row in a formula; ``None`` if it goes beyond them."""
    names: dict[str, None] = {}
    for node in ast.walk(formula.expression):
        if isinstance(node, ast.Attribute) and _is_of_row(node, formula):
            names[node.attr] = None
        elif not isinstance(node, ast.Name) and any(
            _is_row(each, formula)
            or (isinstance(node, ast.Attribute) and _is_of_row(each, formula))
            for each in ast.iter_child_nodes(node)
        ):
            # The row itself, or an attribute of an attribute.
            return None
    return None if _is_row(formula.expression, formula) else tuple(names)


def _is_row(node: ast.AST, formula: Formula) -> bool:
    return isinstance(node, ast.Name) and node.id == formula.row


def _is_of_row(node: ast.AST, formula: Formula) -> bool:
    return isinstance(node, ast.Attribute) and _is_row(node.value, formula)


def _kinds(formula: Formula) -> frozenset[type] | None:
    """Return the classes of values with which a formula runs no code of others.

    ``None`` if it names a member of an enumeration with operators of its own.
    """
    members = {type(value) for value in formula.values.values()}
    if not all(map(_has_usual_operators, members)):
        return None
    # Two moments that are compared may ask their zones.
    moments: frozenset[type] = frozenset() if _compares_columns(formula) else MOMENTS
    return frozenset({*EQUATED, bool, *moments, *members})


def _compares_columns(formula: Formula) -> bool:
    """Tell whether two attributes of the row meet in a comparison or a sum."""
    for node in ast.walk(formula.expression):
        if isinstance(node, ast.Compare | ast.BinOp):
            within = [
                each for each in ast.walk(node) if _is_of_row(t.cast(ast.expr, each), formula)
            ]
            if len(within) > 1:
                return True
    return False


def _has_usual_operators(cls: type) -> bool:
    own = [base for base in cls.__mro__ if base not in _BUILT_IN]
    return sandbox.passes_sandbox(cls) and all(_OPERATORS.isdisjoint(vars(base)) for base in own)
