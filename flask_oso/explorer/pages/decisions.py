"""The last decisions of an app, and the page that lists them, each with its proof.

The ring is fed by the decision publisher. A decision itself is not explained, since that would
ask the policy twice in each request: the proof is made when somebody looks, of the objects as
they are by then. A row is kept by its key, so that no session is kept alive.
"""

from __future__ import annotations

import collections
import dataclasses
import datetime
import itertools
import typing as t
import weakref
from collections.abc import Sequence

from flask import Flask, Request
from werkzeug.exceptions import NotFound

from ...observability.decision import Decision, DecisionOutcome, MissingObject
from ...observability.decision_log import describe, shown
from ...polar.proof.redaction import DEFAULT_REDACTED, Redaction
from ...request_state import find_request
from ..page import Page, Visit

#: How many decisions are kept.
MOST_KEPT = 200


@dataclasses.dataclass(frozen=True)
class KeptRow:
    """A row of the database, by its key."""

    cls: type
    identity: tuple[t.Any, ...]


@dataclasses.dataclass(frozen=True, eq=False)
class KeptDecision:
    """A decision, in words, and what it takes to ask again.

    :param request: the method and the path, without the query, which may hold secrets.
    :param policy: the hash of the policy that decided.
    :param question: actor, action and resource; rows by their keys.
    """

    number: int
    moment: datetime.datetime
    request: str
    asked_by: weakref.ref[Request] | None
    actor: str
    action: str
    resource: str
    outcome: str
    seconds: float
    error: str | None
    policy: str | None
    is_missing: bool
    question: tuple[t.Any, t.Any, t.Any]


class DecisionRing:
    """Keeps the last decisions of one app.

    :param redact: what is not shown, besides the usual.
    """

    def __init__(self, app: Flask, redact: Sequence[str] = ()) -> None:
        self._app = app
        self._redaction = Redaction([*DEFAULT_REDACTED, *redact])
        self._kept: collections.deque[KeptDecision] = collections.deque(maxlen=MOST_KEPT)
        self._numbers = itertools.count(1)

    def record(self, decision: Decision) -> None:
        """Keep a decision; the oldest one goes."""
        if not self._app.debug:
            return
        request = find_request()
        policy, error = decision.policy, decision.error
        self._kept.append(
            KeptDecision(
                number=next(self._numbers),
                moment=datetime.datetime.now(),
                request="" if request is None else shown(f"{request.method} {request.path}"),
                asked_by=None if request is None else weakref.ref(request),
                actor=self._word(decision.actor),
                action=self._action(decision.action),
                resource=self._word(decision.resource),
                outcome=decision.outcome.value,
                seconds=decision.seconds,
                error=None if error is None else type(error).__name__,
                policy=None if policy is None else policy.digest,
                is_missing=issubclass(type(decision.resource), MissingObject),
                question=(_kept(decision.actor), decision.action, _kept(decision.resource)),
            )
        )

    def latest(self) -> list[KeptDecision]:
        """Give the decisions, the newest first."""
        return [*self._kept][::-1]

    def of_request(self, request: Request) -> list[KeptDecision]:
        """Give the decisions about one request, in their order."""
        return [
            each
            for each in [*self._kept]
            if each.asked_by is not None and each.asked_by() is request
        ]

    def _word(self, value: t.Any) -> str:
        if value is None:
            return "anonymous"
        if isinstance(value, type):
            return value.__name__
        text = self._redaction.cleaned(value) if type(value) is str else None
        return describe(value, self._redaction) or "" if text is None else f'"{shown(text)}"'

    def _action(self, action: t.Any) -> str:
        return shown(action, self._redaction) if type(action) is str else self._word(action)


def show_decisions(visit: Visit) -> Page:
    """Show the last decisions; one of them with its proof, if the query names it."""
    kept = visit.state.part(DecisionRing).latest()
    number = visit.asked("number")
    if not number:
        outcomes = collections.Counter(each.outcome for each in kept)
        facts = {"kept": kept, "outcomes": sorted(outcomes.items()), "most": MOST_KEPT}
        return Page("decisions", "Decisions", {**facts, "chosen": None})
    chosen = next((each for each in kept if str(each.number) == number), None)
    if chosen is None:
        raise NotFound
    return Page("decisions", "Decision", {"chosen": chosen, **_explained(visit, chosen)})


def question_again(visit: Visit, kept: KeptDecision) -> tuple[t.Any, t.Any, t.Any] | None:
    """Give the objects of a decision as they are now; ``None`` if one is not there any more."""
    if kept.is_missing:
        return None
    actor, action, resource = kept.question
    found = [_found(visit, each) for each in (actor, resource)]
    if any(
        each is None and was is not None for each, was in zip(found, (actor, resource), strict=True)
    ):
        return None
    return found[0], action, found[1]


def _explained(visit: Visit, kept: KeptDecision) -> dict[str, t.Any]:
    facts: dict[str, t.Any] = {
        "proof": None,
        "condition": None,
        "has_new_policy": kept.policy != visit.oso.policy_hash,
        "has_changed": False,
    }
    question = question_again(visit, kept)
    if question is None:
        return facts
    if kept.outcome == DecisionOutcome.LISTED.value:
        return {**facts, "condition": visit.residual_text(visit.oso.residual(*question))}
    proof = visit.explain(*question)
    outcome = {"broken": "error"}.get(proof.outcome.value, proof.outcome.value)
    return {**facts, "proof": proof, "has_changed": outcome != kept.outcome}


def _kept(value: t.Any) -> t.Any:
    row: t.Any = getattr(value, "_sa_instance_state", None)
    is_row = type(row).__module__.startswith("sqlalchemy.") and row.key is not None
    return KeptRow(row.key[0], tuple(row.key[1])) if is_row else value


def _found(visit: Visit, kept: t.Any) -> t.Any:
    if not isinstance(kept, KeptRow):
        return kept
    session = visit.objects.session
    return None if session is None else session.get(kept.cls, kept.identity)
