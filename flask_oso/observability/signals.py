"""Signals: blinker calls receivers when a decision was made or a policy was loaded.

================== ============ ======================================================
signal             sender       arguments
================== ============ ======================================================
``authorized``     the app      ``actor``, ``action``, ``resource``, ``oso``
``denied``         the app      ``actor``, ``action``, ``resource``, ``oso``
``policy_loaded``  the ``Oso``  ``policy_hash``, ``files``
``policy_refused`` the ``Oso``  ``policy_hash``, ``files``, ``error``
================== ============ ======================================================

The first two belong to decisions about requests, and are sent before these take effect. A
missing object is denied as a hidden one is; a ``MissingObject`` stands for it.
What a receiver raises is raised in place of the decision: nobody is let in, and the answer
is 500 unless it is an ``HTTPException``. The other two are sent when the load is over. What
a receiver raises then is logged, since a load that raises has changed nothing.

An ``Oso`` sends when a ``FlaskOso`` knows it. It is the sender, since apps may share it: to
hear of one app only, connect with ``sender=extension.oso`` of that app.

Receivers may be coroutine functions; the decision waits for them.
"""

from __future__ import annotations

import logging
import typing as t
from collections.abc import Callable

from blinker import Namespace

from ..callables.sync_callable import waiting
from ..polar.polar import LoadReport, Polar
from .decision import Decision, DecisionOutcome

_signals = Namespace()

#: The policy allowed what was asked.
authorized = _signals.signal("authorized")
#: The policy denied what was asked.
denied = _signals.signal("denied")
#: A policy was loaded, or replaced, and is in force.
policy_loaded = _signals.signal("policy-loaded")
#: A policy was not loaded; what was in force before is in force still.
policy_refused = _signals.signal("policy-refused")

_logger = logging.getLogger("flask_oso")
_Receiver = Callable[..., t.Any]


def send_decision(decision: Decision) -> None:
    """Tell the receivers of ``authorized`` or ``denied``.

    Of an error, a list and a field there is no signal: receivers take a resource that was judged.
    """
    is_answer = decision.outcome in (DecisionOutcome.ALLOWED, DecisionOutcome.DENIED)
    if not is_answer or decision.field is not None:
        return
    signal = authorized if decision.outcome is DecisionOutcome.ALLOWED else denied
    if signal.receivers:
        signal.send(
            decision.app,
            _async_wrapper=waiting(decision.app.ensure_sync),
            actor=decision.actor,
            action=decision.action,
            resource=decision.resource,
            oso=decision.oso,
        )


def send_load(oso: Polar, report: LoadReport) -> None:
    """Tell the receivers of ``policy_loaded`` or ``policy_refused``."""
    arguments: dict[str, t.Any] = {"policy_hash": report.policy_hash, "files": report.files}
    signal = policy_loaded
    if report.error is not None:
        signal, arguments["error"] = policy_refused, report.error
    try:
        signal.send(oso, _async_wrapper=waiting(_ensure_sync), **arguments)
    except Exception:
        # The load is over, and how it ended is what its caller has to hear.
        _logger.exception("A receiver of %r failed.", signal.name)


def _ensure_sync(receiver: _Receiver) -> _Receiver:
    """Do as the method of Flask does, where no app is known."""
    try:
        from asgiref.sync import async_to_sync
    except ImportError:
        raise RuntimeError(
            "A receiver that is a coroutine function needs asgiref. Install it with"
            " 'pip install flask[async]'."
        ) from None
    return async_to_sync(receiver)
