"""The page of tables: which role gives which permission, and what actors may do to rows."""

from __future__ import annotations

import typing as t
from collections.abc import Sequence

from ...polar.exceptions import OsoError
from ..block_graph import BlockGraph, BlockTerm, block_graph
from ..page import Page, Visit

_MOST_ACTORS = 8
_MOST_ROWS = 12
#: How many actions a cell shows.
_MOST_ACTIONS = 8


def show_matrix(visit: Visit) -> Page:
    """Show the permissions of roles, and those of actors on rows of a class."""
    graph = block_graph(visit.oso.engine.policy)
    objects = visit.objects
    # What is in the tables of actors and rows is asked, also where the blocks say nothing.
    classes = objects.mapped_classes
    chosen = visit.asked("class")
    if chosen not in classes:
        chosen = next((name for name in classes if name in graph.blocks), next(iter(classes), ""))
    facts = {
        "blocks": [table for name in graph.blocks if (table := _block(graph, name))["columns"]],
        "classes": [*classes],
        "chosen": chosen,
        "rows": _rows(visit, classes[chosen]) if chosen else None,
        "most": (_MOST_ACTORS, _MOST_ROWS),
    }
    return Page("matrix", "Matrix", {**facts, "problems": objects.problems})


def _block(graph: BlockGraph, name: str) -> dict[str, t.Any]:
    """Give the roles and relations from which permissions of a block follow."""
    columns = [term for term in graph.blocks[name] if term.kind == "permission"]
    direct = {(each.giver, each.given) for each in graph.grants}
    givers = [
        term for terms in graph.blocks.values() for term in terms if term.kind != "permission"
    ]
    # Those of the block itself first.
    givers.sort(key=lambda term: term.block != name)
    lines = []
    for giver in givers:
        given = graph.given_by(giver)
        if giver.block == name or not given.isdisjoint(columns):
            cells = [_mark(giver, column, given, direct) for column in columns]
            lines.append((giver, "" if giver.block == name else giver.block, cells))
    return {"name": name, "columns": [term.name for term in columns], "lines": lines}


def _mark(
    giver: BlockTerm,
    column: BlockTerm,
    given: set[BlockTerm],
    direct: set[tuple[BlockTerm, BlockTerm]],
) -> str:
    if column not in given:
        return ""
    return "direct" if (giver, column) in direct else "inferred"


def _rows(visit: Visit, cls: type) -> dict[str, t.Any]:
    """Give what the first actors may do to the first rows of a class."""
    objects = visit.objects
    actors = [
        actor
        for each in objects.actor_classes.values()
        for actor in objects.first(each, _MOST_ACTORS)
    ]
    people = [None, *actors[:_MOST_ACTORS]]
    rows = objects.first(cls, _MOST_ROWS)
    answers = [_actions(visit, actor, rows) for actor in people]
    return {
        "actors": [
            (objects.word(actor), "" if actor is None else objects.label(actor)) for actor in people
        ],
        "lines": [
            (objects.word(row), objects.label(row), [answer[at] for answer in answers])
            for at, row in enumerate(rows)
        ],
    }


def _actions(visit: Visit, actor: t.Any, rows: Sequence[t.Any]) -> list[list[str] | None]:
    """Give the actions that an actor may do to each row; ``None`` where the policy failed."""
    found: list[list[str] | None] = []
    for row in rows:
        try:
            allowed = visit.oso.authorized_actions(actor, row, allow_wildcard=True)
        except OsoError as error:
            text = visit.redaction.cleaned_sentence(str(error)).partition("\n")[0]
            if text not in visit.objects.problems:
                visit.objects.problems.append(text)
            found.append(None)
            continue
        found.append(sorted(map(str, allowed))[:_MOST_ACTIONS])
    return found
