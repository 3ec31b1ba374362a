"""What tests of an application with a policy need: clients that are somebody, and assertions.

``vain_questions``, ``matrix``, ``assertions``
    questions whose denial proves nothing; tables of who may do what; clients and assertions.
``shared_engines``, ``policy_sharing``
    engines that several objects share; policies that several applications share.
``policy_coverage``, ``policy_items``
    rules that no test reached; the tests that stand in policies, for pytest.
"""

from .assertions import (
    AsUser,
    MistakenTestError,
    StandIn,
    as_user,
    assert_allowed,
    assert_denied,
    assert_matrix,
    oso_of,
)
from .policy_sharing import shared_policies

__all__ = [
    "AsUser",
    "MistakenTestError",
    "StandIn",
    "as_user",
    "assert_allowed",
    "assert_denied",
    "assert_matrix",
    "oso_of",
    "shared_policies",
]
