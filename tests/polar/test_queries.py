"""``Query``, ``QueryResult``, and ``Polar`` by itself."""

from __future__ import annotations

import inspect

import pytest

from flask_oso import Oso
from flask_oso.polar import Polar, Query, QueryResult
from flask_oso.polar.exceptions import PolarRuntimeError


def make_polar(policy: str = "f(1); f(2);") -> Polar:
    """Make a Polar with a policy."""
    polar = Polar()
    polar.load_str(policy)
    return polar


def test_polar_has_no_decisions() -> None:
    """``Polar`` loads and queries; ``Oso`` adds what an application asks."""
    assert issubclass(Oso, Polar)
    assert not hasattr(Polar, "is_allowed")
    assert make_polar().query_rule_once("f", 1)


@pytest.mark.parametrize(
    ("method", "signature"),
    [
        ("query", "(self, query, *, bindings=None, accept_expression=False)"),
        ("register_class", "(self, cls, *, name=None, fields=None, private=())"),
        ("register_constant", "(self, value, name)"),
        ("get_class", "(self, name)"),
        ("load_files", "(self, filenames=None, *, replace=False)"),
        ("load_file", "(self, filename)"),
        ("load_str", "(self, string, *, replace=False)"),
        ("clear_rules", "(self)"),
        ("check_inline_queries", "(self)"),
        ("set_data_filtering_adapter", "(self, adapter)"),
        ("is_allowed", "(self, actor, action, resource)"),
        ("authorize", "(self, actor, action, resource, *, check_read=True)"),
        ("authorize_request", "(self, actor, request)"),
        ("authorize_field", "(self, actor, action, resource, field)"),
        ("authorized_actions", "(self, actor, resource, allow_wildcard=False)"),
        ("authorized_fields", "(self, actor, action, resource, allow_wildcard=False)"),
        ("get_allowed_actions", "(self, actor, resource, allow_wildcard=False)"),
    ],
)
def test_signatures_are_those_of_oso(method: str, signature: str) -> None:
    """Names, order and kinds of parameters are oso 0.27.3's, and ``replace`` and ``private``."""
    found = inspect.signature(getattr(Oso, method))
    bare = [p.replace(annotation=inspect.Parameter.empty) for p in found.parameters.values()]

    assert str(inspect.Signature(bare)) == signature


def test_query_runs_under_its_policy() -> None:
    """A query keeps the policy it was made with."""
    polar = make_polar()
    query = Query(polar.engine, "f(x)")

    polar.load_str("f(3);", replace=True)

    assert [result["bindings"] for result in query.run()] == [{"x": 1}, {"x": 2}]


def test_query_result_collects() -> None:
    """Bindings and traces of some results; success if there is any."""
    result = QueryResult([{"bindings": {"x": 1}, "trace": None}])

    assert (result.success, result.results, result.traces) == (True, [{"x": 1}], [None])
    assert QueryResult([]).success is False


def test_no_inline_query_waits() -> None:
    """All inline queries have run when the load is over; the old method to run them finds none."""
    polar = make_polar("f(1); ?= f(1);")

    assert polar.check_inline_queries() is None


def test_second_load_names_the_remedy() -> None:
    """The text of oso stands first, and a note says what to write."""
    with pytest.raises(PolarRuntimeError, match=r"^Cannot load additional Polar code") as caught:
        make_polar().load_str("f(3);")

    assert caught.value.__notes__ == [
        "The policy is loaded in one call, of 'load_files' or by 'OSO_POLICIES': name all of its"
        " files there. To put another policy in its place, pass 'replace=True'."
    ]
