"""``FlaskOso``, where programs for flask-oso 0.27 import it from."""

from .extension import FlaskOso

__all__ = ["FlaskOso"]
