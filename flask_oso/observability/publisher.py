"""Who hears of the decisions of an app: its log, its traces, receivers of its signals.

The log and the traces are told first, and nothing that goes wrong with them matters. What a
receiver raises is raised: the request ends as if there had been no decision.
"""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
import time
import typing as t
from collections.abc import Callable, Mapping

from flask import Flask

from ..oso import Oso, ask, ask_field
from .decision import Decision, DecisionOutcome
from .decision_log import LOGGER, DecisionLog, is_on
from .signals import authorized, denied, send_decision
from .telemetry import API, Telemetry

_Chosen = t.TypeVar("_Chosen")
_INFO = logging.INFO
_modules = sys.modules


class DecisionPublisher:
    """Those who hear of the decisions of one app.

    :param config: the configuration of the app.
    :raises OsoError: something is wrong with the configuration.
    """

    def __init__(self, app: Flask, config: Mapping[str, t.Any]) -> None:
        self._app = app
        self._log = DecisionLog(config, self._report_failure)
        self.telemetry = Telemetry(config)
        self._has_failed = False
        #: Hears of each decision, too: the explorer of debug mode.
        self.recorder: Callable[[Decision], object] | None = None
        # Of a thread and not of its context, which others may go on with.
        self._noting = threading.local()

    def decide(self, oso: Oso, actor: t.Any, action: t.Any, resource: t.Any) -> bool:
        """Ask the policy, and tell everybody who listens how it ended.

        :raises OsoError: no decision could be made.
        """
        if not self.is_heard():
            return ask(oso, actor, action, resource)
        question = (actor, action, resource)
        return self._aloud(oso, question, lambda: ask(oso, *question), _outcome_of)

    def is_heard(self) -> bool:
        """Tell whether anybody listens to decisions. Seldom does, and each has to find that out."""
        if authorized.receivers or denied.receivers or self.recorder is not None:
            return True
        if LOGGER.level <= _INFO and is_on():
            return True
        # Few programs have it, and 'None' stands for a module that must not be imported.
        return API in _modules and _modules[API] is not None and self.telemetry.is_wanted

    def decide_field(
        self, oso: Oso, actor: t.Any, action: t.Any, resource: t.Any, field: t.Any
    ) -> bool:
        """Ask the policy about a field, and tell the log and the traces how it ended.

        :raises OsoError: no decision could be made.
        """
        question = (actor, action, resource)
        return self._aloud(
            oso, question, lambda: ask_field(oso, *question, field), _outcome_of, field
        )

    def choose(
        self, oso: Oso, actor: t.Any, action: t.Any, cls: t.Any, choose: Callable[[], _Chosen]
    ) -> _Chosen:
        """Choose rows or objects of a class by the policy, and tell the log and the traces.

        :raises OsoError: the policy could not be asked.
        """
        return self._aloud(oso, (actor, action, cls), choose, lambda _: DecisionOutcome.LISTED)

    def deny(self, oso: Oso, actor: t.Any, action: t.Any, resource: t.Any) -> None:
        """Tell everybody of a denial for which the policy was not asked."""
        policy = oso.engine.policy
        denial = (actor, action, resource, DecisionOutcome.DENIED)
        self._tell(Decision(self._app, oso, *denial, seconds=0.0, policy=policy))

    def _aloud(
        self,
        oso: Oso,
        question: tuple[t.Any, t.Any, t.Any],
        answer: Callable[[], _Chosen],
        outcome_of: Callable[[_Chosen], DecisionOutcome],
        field: t.Any = None,
    ) -> _Chosen:
        policy, begun = oso.engine.policy, time.perf_counter()

        def tell(outcome: DecisionOutcome, error: BaseException | None = None) -> None:
            seconds = time.perf_counter() - begun
            decided_by = policy if oso.engine.policy is policy else None
            told = (*question, outcome, seconds, decided_by, error, field)
            self._tell(Decision(self._app, oso, *told))

        try:
            answered = answer()
        except BaseException as error:
            # Whatever it is, it goes on.
            tell(DecisionOutcome.ERROR, error)
            raise
        tell(outcome_of(answered))
        return answered

    def _tell(self, decision: Decision) -> None:
        # What is asked to describe a decision is not described again.
        if not getattr(self._noting, "is_under_way", False):
            self._noting.is_under_way = True
            try:
                self._attempt(lambda: self._log.write(decision))
                self._attempt(lambda: self.telemetry.note(decision))
                recorder = self.recorder
                if recorder is not None:
                    self._attempt(lambda: recorder(decision))
            finally:
                self._noting.is_under_way = False
        send_decision(decision)

    def _attempt(self, tell: Callable[[], object]) -> None:
        try:
            tell()
        except Exception:
            # The decision is made. Were this raised, a full disk would decide for the policy.
            self._report_failure()

    def _report_failure(self) -> None:
        """Tell the log of the app, once, of the exception at hand."""
        if self._has_failed:
            return
        self._has_failed = True
        with contextlib.suppress(Exception):
            self._app.logger.exception(
                "Telling of a decision failed. The decision stands, and the next failures are"
                " not reported."
            )


def _outcome_of(allowed: bool) -> DecisionOutcome:
    return DecisionOutcome.ALLOWED if allowed else DecisionOutcome.DENIED
