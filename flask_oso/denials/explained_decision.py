"""Why a request is allowed or denied: the proof, or what keeps the policy from being asked."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable

from ..oso import Oso
from ..polar.host.conversion import is_representable
from ..polar.proof.proof import Outcome, Proof

_UNREPRESENTABLE = (
    "The {} is a value that no policy can be asked about, such as a number beyond 64 bits: such"
    " a question is denied without asking the policy."
)


def explain_decision(
    oso: Oso, actor: t.Any, action: t.Any, resource: t.Any, redact: Iterable[str] = ()
) -> Proof:
    """Say why ``FlaskOso`` allows or denies: as ``Oso.explain``, but for one thing.

    A value that cannot be expressed in Polar is denied here, since it may come from a request.
    """
    question = {"actor": actor, "action": action, "resource": resource}
    odd = [name for name, value in question.items() if not is_representable(value)]
    if odd:
        shown = tuple("?" if name in odd else _shown(question[name]) for name in question)
        return Proof(Outcome.DENIED, "allow", shown, notes=(_UNREPRESENTABLE.format(odd[0]),))
    return oso.explain(actor, action, resource, redact=redact)


def _shown(value: t.Any) -> str:
    return f'"{value}"' if type(value) is str else f"<{type(value).__name__} object>"
