"""Authorization for Flask with policies in Polar.

PYTEST_DONT_REWRITE: there is no test in here, and pytest would warn where this is imported
before it begins, as by coverage.py.
"""

import typing as t

from .app_state import current_oso
from .current_actor import current_actor
from .exceptions import AuthorizationError, ForbiddenError, NotFoundError
from .extension import FlaskOso
from .guards.decorators import authorize, authorizes_inside, skip_authorization
from .guards.view_checks import METHOD_ACTIONS
from .oso import Oso
from .polar.exceptions import OsoError
from .polar.host.data_adapter import DataFilter, Relation
from .polar.host.terms import Predicate, Variable
from .polar.limits import Limits

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

if t.TYPE_CHECKING:
    from .compat import install_as_oso
    from .enforcement.commit_guard import VetoedCommitError, veto_commits
    from .row_access.reads import Access, ReadRecord, UnfilteredRowsError
else:

    def __getattr__(name: str) -> t.Any:
        # What few programs need is imported once it is asked for.
        if name in ("Access", "ReadRecord", "UnfilteredRowsError"):
            from .row_access import reads as home
        elif name in ("VetoedCommitError", "veto_commits"):
            from .enforcement import commit_guard as home
        elif name == "install_as_oso":
            from . import compat as home
        else:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(home, name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
