"""Authorization for Flask with policies in Polar.

What knows nothing of Flask, in the order to read it in:

``polar``
    the language: the text of a policy, and a question, to an answer.
``exceptions``, ``questions``, ``oso``
    refusals; what questions need besides the engine; ``Oso``, which answers them.
``row_access``, ``sqlalchemy``
    who reads rows; conditions on rows as statements.
``consoles``, ``coverage``, ``compat``
    prompts; the plugin for coverage.py; the import names of oso 0.27.

Flask's part, from what one request holds to ``FlaskOso``:

``config``, ``request_state``, ``app_state``, ``callables``
    the ``OSO_*`` keys; what is known of a request, and of an app; functions of the program.
``observability``, ``denials``, ``current_actor``
    who hears of a decision; which answer a denial gets; who acts.
``guards``, ``enforcement``
    what a developer writes on views; what happens to each request.
``templating``, ``reloading``, ``explorer``
    ``oso`` in templates; policies that changed; the pages for a developer.
``api``, ``extension``
    the methods of ``FlaskOso``, and their class.

Beside it:

``debug_toolbar``, ``testing``, ``migration``
    a panel; assertions for tests; what a program for oso 0.27 has to change.
``cli``, ``__main__``
    ``flask oso``, and ``python -m flask_oso``.
``context``, ``decision_log``, ``decorators``, ``flask_oso``, ``signals``
    only paths: programs import names from here that other modules define.

PYTEST_DONT_REWRITE: there is no test in here, and pytest would warn where this is imported
before it begins, as by coverage.py.
"""

import sys
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

if sys.implementation.name != "cpython":
    # The sandbox, and what is compiled, rely on which objects run no code of their own. Elsewhere
    # properties and methods of built-in classes look like functions of a program.
    raise ImportError(
        "flask_oso runs on CPython, and not on "
        f"{sys.implementation.name}: only of CPython it knows which objects run no code when "
        "they are read or compared."
    )

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
