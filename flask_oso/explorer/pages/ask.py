"""The page that asks one question: the answer, why, the condition on rows, SQL, Python, time."""

from __future__ import annotations

import json
import typing as t
from time import perf_counter

from ...guards.object_words import is_quoted
from ...oso import ask
from ...polar.exceptions import OsoError
from ...polar.proof.proof import Outcome
from ..objects import Choice, unique_words
from ..page import Page, Visit

#: How many rows of a class a form offers.
MOST_OFFERED = 60
_TIMES = 20


def show_ask(visit: Visit) -> Page:
    """Show a form, and the answer to what it asked."""
    words = {name: visit.asked(name) for name in ("actor", "action", "resource")}
    facts = {"words": words, "answer": None, "problem": None, **offers(visit)}
    if all(words.values()):
        try:
            facts["answer"] = _answer(visit, **words)
        except OsoError as error:
            facts["problem"] = visit.redaction.cleaned_sentence(str(error))
    facts["problems"] = visit.objects.problems
    return Page("ask", "Ask", facts)


def offers(visit: Visit) -> dict[str, t.Any]:
    """Give what the form offers for an actor, an action and a resource."""
    objects = visit.objects
    actors = objects.choices(objects.actor_classes.values(), MOST_OFFERED)
    rows = objects.choices(objects.mapped_classes.values(), MOST_OFFERED)
    return {
        "actors": [*unique_words([Choice("anonymous", "nobody"), *actors])],
        "resources": [*unique_words(rows)],
        "actions": sorted(visit.oso.known_actions() or ()),
    }


def find_action(visit: Visit, word: str) -> t.Any:
    """Give an action: the word itself, unless it is a text in quotes."""
    return visit.objects.find(word) if is_quoted(word) else word


def sql_text(visit: Visit, statement: t.Any) -> str | None:
    """Give the SQL of a statement, without the values of its parameters."""
    if not hasattr(statement, "compile"):
        return None
    session = visit.objects.session
    bound = session.get_bind() if session is not None else None
    return str(statement.compile(bound, compile_kwargs={"render_postcompile": True}))


def _answer(visit: Visit, actor: str, action: str, resource: str) -> dict[str, t.Any]:
    find = visit.objects.find
    question = (find(actor), find_action(visit, action), find(resource))
    proof = visit.explain(*question)
    is_decided = proof.outcome is not Outcome.BROKEN
    return {
        "proof": proof,
        "times": _times(visit, *question) if is_decided else None,
        "list": _list(visit, *question),
        "code": _code(visit, *question),
    }


def _times(visit: Visit, *question: t.Any) -> tuple[float, float]:
    """Give the seconds that the first answer took, and the least of some more."""

    def seconds() -> float:
        begun = perf_counter()
        ask(visit.oso, *question)
        return perf_counter() - begun

    return seconds(), min(seconds() for _ in range(_TIMES))


def _list(visit: Visit, actor: t.Any, action: t.Any, resource: t.Any) -> dict[str, t.Any] | None:
    """Give what the question is as a list: the condition on rows, and the statement."""
    cls = resource if isinstance(resource, type) else type(resource)
    if not hasattr(cls, "__mapper__"):
        return None
    try:
        condition = visit.residual_text(visit.oso.residual(actor, action, cls))
        statement = visit.oso.authorized_query(actor, action, cls)
    except OsoError as error:
        problem = visit.redaction.cleaned_sentence(str(error))
        return {"cls": cls.__name__, "problem": problem}
    sql = sql_text(visit, statement)
    return {"cls": cls.__name__, "problem": None, "condition": condition, "sql": sql}


def _code(visit: Visit, *question: t.Any) -> str:
    """Give the Python that answers such questions."""
    text = f"allow({', '.join(_term(visit, each) for each in question)})"
    try:
        return visit.oso.generated_code(text).rstrip("\n")
    except OsoError as error:
        return f"# {error}"


def _term(visit: Visit, value: t.Any) -> str:
    """Give what stands for a value in the question for its code."""
    if value is None:
        return "nil"
    if type(value) is str:
        return json.dumps(value)
    cls = value if isinstance(value, type) else type(value)
    return visit.oso.host.name_of(cls) or "_"
