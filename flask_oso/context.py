"""The Oso of the current app, in the module that had it in flask-oso 0.27.

Its functions were private there; ``current_oso`` takes their place.
"""

from .app_state import current_oso
from .polar.exceptions import OsoError

__all__ = ["OsoError", "current_oso"]
