"""Rows of a join that only link others by their key, where a database holds foreign keys.

``teams JOIN clinics ON teams.clinic_id = clinics.id JOIN staff ON staff.clinic_id = clinics.id``
says that team and staff are of one clinic, and that it is there. Where a constraint says that,
``teams JOIN staff ON teams.clinic_id = staff.clinic_id`` has the same rows. PostgreSQL takes much
longer to plan the first, of which a list with columns has many.

In goes a ``SemiJoin``; out come its other rows with their equations, and the clause.
"""

from __future__ import annotations

import typing as t
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import visitors

from ....polar.residual.algebra.ir import ToOne
from ...mapped.mapper_facts import MapperFacts
from ..dialects import POSTGRESQL
from .semijoins import Equation, Node, SemiJoin, Side


def without_held_rows(
    join: SemiJoin, nodes: Sequence[Node], names: MapperFacts
) -> tuple[list[Node], list[Equation]]:
    """Return the rows of a join without those that only link others, and their equations.

    :param nodes: the rows that are read.
    """
    left, equations = list(nodes), list(join.inner)
    for node in nodes:
        if isinstance(node, ToOne) and node in join.links and node.owner in left:
            found = _without(node, equations, left, names)
            if found is not None:
                left.remove(node)
                equations = found
    return left, equations


def _without(
    node: ToOne, equations: list[Equation], nodes: list[Node], names: MapperFacts
) -> list[Equation] | None:
    """Return equations in which a foreign key takes the place of the key of a row.

    ``None`` if the key is compared with that foreign key alone, or no constraint holds that.

    INVARIANT: what takes the place of the key is compared, so that it is not NULL.
    """
    keys = names.held_key(node.owner.cls, node.relation)
    if keys is None:
        return None
    foreign = Side(node.owner, tuple(name for name, _ in keys))
    key = Side(node, tuple(names.key(node.cls)))
    others, own = list[Equation](), list[Equation]()
    for each in equations:
        sides = (each.left, each.right)
        if node not in each.nodes:
            others.append(each)
        elif each.comparison is not None or key not in sides:
            return None
        else:
            other = each.right if each.left == key else each.left
            own.append(Equation(foreign, other))
    linked = [each for each in own if each.right != foreign]
    ends = {each.right.node for each in linked}
    if len(linked) + 1 != len(own) or not linked or not ends <= {*nodes} - {node.owner}:
        return None
    return [*others, *linked]


class HeldJoin(sa.Join):
    """A join, and one of fewer tables that has the same rows where foreign keys are held.

    :param whole: the join.
    :param held: the other one.
    """

    inherit_cache = True
    _traverse_internals = sa.Join._traverse_internals + [  # noqa: RUF005  # a list of the class
        ("held", visitors.InternalTraversal.dp_clauseelement)
    ]

    def __init__(self, whole: sa.Join, held: sa.Join) -> None:
        super().__init__(whole.left, whole.right, whole.onclause)
        self.held = held


@compiles(HeldJoin)
def _whole(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    return str(compiler.visit_join(element, **keywords))


@compiles(HeldJoin, *POSTGRESQL)
def _held(element: t.Any, compiler: t.Any, **keywords: t.Any) -> str:
    return str(compiler.process(element.held, **keywords))
