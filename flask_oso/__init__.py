"""Authorization for Flask with policies in Polar."""

from .decorators import authorize, authorizes_inside, skip_authorization
from .exceptions import AuthorizationError, ForbiddenError, NotFoundError
from .extension import FlaskOso
from .globals import current_actor, current_oso
from .oso import Oso
from .polar.exceptions import OsoError
from .polar.limits import Limits
from .polar.terms import Predicate, Variable

__all__ = [
    "AuthorizationError",
    "FlaskOso",
    "ForbiddenError",
    "Limits",
    "NotFoundError",
    "Oso",
    "OsoError",
    "Predicate",
    "Variable",
    "authorize",
    "authorizes_inside",
    "current_actor",
    "current_oso",
    "skip_authorization",
]
