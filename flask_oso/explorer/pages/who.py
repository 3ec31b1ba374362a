"""The page that asks who may do something: by one statement, or else one actor after the other."""

from __future__ import annotations

import typing as t

from ...oso import ask
from ...polar.exceptions import OsoError, UnsupportedError
from ..page import Page, Visit
from .ask import find_action, offers, sql_text

_MOST = 100
#: How many actors are asked about where no statement finds them.
_MOST_ASKED = 500


def show_who(visit: Visit) -> Page:
    """Show the actors who may do an action to a resource."""
    words = {name: visit.asked(name) for name in ("action", "resource", "class")}
    classes = visit.objects.actor_classes
    facts = {"words": words, "found": None, "problem": None, **offers(visit)}
    facts["classes"] = [*classes]
    cls = classes.get(words["class"]) or next(iter(classes.values()), None)
    if words["action"] and words["resource"]:
        try:
            facts["found"] = _find(visit, words["action"], words["resource"], cls)
        except OsoError as error:
            facts["problem"] = visit.redaction.cleaned_sentence(str(error))
    facts["problems"] = visit.objects.problems
    return Page("who", "Who", facts)


def _find(visit: Visit, action: str, resource: str, cls: type | None) -> dict[str, t.Any]:
    if cls is None:
        raise OsoError("No class of actors has rows here. Give the session to the FlaskOso.")
    question = (find_action(visit, action), visit.objects.find(resource))
    try:
        query = visit.oso.actors_query(*question, cls)
    except UnsupportedError as error:
        query, reason = None, str(error)
    else:
        reason = ""
    if query is None:
        rows = _asked(visit, cls, question)
    else:
        rows = visit.authorizer.loaders.read(visit.app, visit.oso, query, _MOST + 1)
    objects = visit.objects
    return {
        "actors": [(objects.word(row), objects.label(row)) for row in rows[:_MOST]],
        "has_more": len(rows) > _MOST,
        "is_open": ask(visit.oso, None, *question),
        "most": _MOST,
        "most_asked": _MOST_ASKED,
        "reason": reason,
        "sql": None if query is None else sql_text(visit, query),
    }


def _asked(visit: Visit, cls: type, question: tuple[t.Any, t.Any]) -> list[t.Any]:
    actors = visit.objects.first(cls, _MOST_ASKED)
    return [actor for actor in actors if ask(visit.oso, actor, *question)]
