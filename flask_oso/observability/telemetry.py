"""OpenTelemetry: decisions on the span of the request, where the program has one.

Each decision is an event ``oso.decision`` of the current span; a request may have several.
The span itself has the attributes of the latest, which is the one that a denial or an error
ends the request with. Nothing says who asked or for what object: spans travel further than
logs.
"""

from __future__ import annotations

import importlib
import sys
import typing as t
from collections.abc import Mapping

from ..polar.exceptions import OsoError
from .decision import Decision, DecisionOutcome
from .decision_log import describe, shown

API = "opentelemetry.trace"


class Telemetry:
    """What the traces of one app are told.

    :param config: the configuration of the app.
    :raises OsoError: something is wrong with it, or it wants what is not installed.
    """

    def __init__(self, config: Mapping[str, t.Any]) -> None:
        wanted = config["OSO_OPENTELEMETRY"]
        if wanted is not None and not isinstance(wanted, bool):
            raise OsoError(f"'OSO_OPENTELEMETRY' must be True, False or None, not {wanted!r}.")
        if wanted:
            _import_api()
        #: The program does not say that there are none.
        self.is_wanted = wanted is not False

    def is_on(self) -> bool:
        """Tell whether there may be a span."""
        # A program that makes spans has imported it; no other pays for the import.
        return self.is_wanted and sys.modules.get(API) is not None

    def note(self, decision: Decision) -> None:
        """Add a decision to the current span, if that is recorded."""
        if not self.is_on():
            return
        span = sys.modules[API].get_current_span()
        if span.is_recording():
            attributes = _attributes(decision)
            span.add_event("oso.decision", attributes)
            span.set_attributes(attributes)


def _attributes(decision: Decision) -> dict[str, str | bool]:
    action, policy = decision.action, decision.policy
    attributes: dict[str, str | bool] = {
        "oso.action": shown(action) if type(action) is str else str(describe(action)),
        "oso.allowed": decision.outcome in (DecisionOutcome.ALLOWED, DecisionOutcome.LISTED),
        "oso.outcome": decision.outcome.value,
    }
    if policy is not None and policy.digest is not None:
        attributes["oso.policy.hash"] = policy.digest
    # Only if the log has looked for it: that takes longer than the decision.
    rule = vars(decision).get("rule")
    if rule is not None:
        attributes["oso.rule"] = rule
    return attributes


def _import_api() -> None:
    try:
        importlib.import_module(API)
    except ImportError:
        raise OsoError(
            "'OSO_OPENTELEMETRY' needs OpenTelemetry. Install it with 'pip install"
            " opentelemetry-api', or leave the key out."
        ) from None
