"""The signals of this package, where programs import them from."""

from .observability.signals import authorized, denied, policy_loaded, policy_refused

__all__ = ["authorized", "denied", "policy_loaded", "policy_refused"]
