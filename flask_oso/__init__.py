"""Authorization for Flask with policies in Polar.

PYTEST_DONT_REWRITE: there is no test in here, and pytest would warn where this is imported
before it begins, as by coverage.py.
"""

from .app_state import current_oso
from .compat import install_as_oso
from .current_actor import current_actor
from .enforcement.commit_guard import VetoedCommitError, veto_commits
from .exceptions import AuthorizationError, ForbiddenError, NotFoundError
from .extension import FlaskOso
from .guards.decorators import authorize, authorizes_inside, skip_authorization
from .guards.view_checks import METHOD_ACTIONS
from .oso import Oso
from .polar.exceptions import OsoError
from .polar.host.data_adapter import DataFilter, Relation
from .polar.host.terms import Predicate, Variable
from .polar.limits import Limits
from .row_access import Access, ReadRecord, UnfilteredRowsError

__version__ = "0.28.0"

__all__ = [
    "METHOD_ACTIONS",
    "Access",
    "AuthorizationError",
    "DataFilter",
    "FlaskOso",
    "ForbiddenError",
    "Limits",
    "NotFoundError",
    "Oso",
    "OsoError",
    "Predicate",
    "ReadRecord",
    "Relation",
    "UnfilteredRowsError",
    "Variable",
    "VetoedCommitError",
    "authorize",
    "authorizes_inside",
    "current_actor",
    "current_oso",
    "install_as_oso",
    "skip_authorization",
    "veto_commits",
]
