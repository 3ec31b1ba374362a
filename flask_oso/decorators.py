"""The decorators of views, where programs for flask-oso 0.27 import them from."""

from .guards.decorators import authorize, skip_authorization

__all__ = ["authorize", "skip_authorization"]
