"""The formatter of the decision log, where programs import it from."""

from .observability.decision_log import DecisionFormatter

__all__ = ["DecisionFormatter"]
