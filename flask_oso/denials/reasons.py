"""Why a request is denied, in the words of the policy: a text for the client, and a code.

In goes a denied question; out comes what the rules ``denial_reason`` say of it. The question is
decided before: nothing here changes an answer.
"""

from __future__ import annotations

from flask import Flask

from ..app_state import find_state
from ..config import translator_of
from ..oso import DenialReason
from ..polar.host.conversion import is_representable
from .denial import Denial


def find_reason(app: Flask, denial: Denial) -> DenialReason | None:
    """Give the reason for a denial, translated; ``None`` if there is none, or its rule fails."""
    asked = (denial.actor, denial.action, denial.resource)
    if denial.is_missing or denial.field is not None or not all(map(is_representable, asked)):
        return None
    try:
        reason = denial.oso.denial_reason(*asked)
        if reason is None:
            return None
        return DenialReason(_translated(app, reason.text), reason.code)
    except Exception:
        # The question is answered: an error here may cost the reason, and never the denial.
        app.logger.exception("The reason for a denial could not be found; it is denied without.")
        return None


def _translated(app: Flask, text: str) -> str:
    state = find_state(app)
    translate = None if state is None else translator_of(state.config["OSO_TRANSLATE"])
    return text if translate is None else str(translate(text))
