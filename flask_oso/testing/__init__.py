"""What tests of an application with a policy need: clients that are somebody, and assertions.

``vain_questions``, ``matrix``, ``assertions``, ``policy_coverage``, ``policy_items``
    questions whose denial proves nothing; tables of who may do what; clients and assertions; rules
    that no test reached; the tests that stand in policies, for pytest.
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

__all__ = [
    "AsUser",
    "MistakenTestError",
    "StandIn",
    "as_user",
    "assert_allowed",
    "assert_denied",
    "assert_matrix",
    "oso_of",
]
