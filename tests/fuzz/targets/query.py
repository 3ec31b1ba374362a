"""Queries: any text asked of a policy gives solutions or an error."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from tests.support.models.world import make_oso

from ..choices import decoded
from ..oracle import refusals, sandbox
from ..seeds import queries

IS_TEXT = True
_POLICY = """
f(1); f(2); f(x) if x in [3, "a"] or x = rex;
g(x, [x, *_rest]); g(x, y) if f(x) and f(y) and x != y;
h(x: Dog, y) if y = x.name; h(_: {a: y}, y); h(_: Integer, y) if not f(y);
allow(actor: User, "read", repo: Repo) if actor.name = repo.name;
path(x, y) if f(x) and (y = x or path(x, y)) and cut;
"""
_MOST_SOLUTIONS = 100


def seeds() -> Iterable[bytes]:
    """Give queries."""
    return queries()


def target(data: bytes) -> None:
    """Ask for solutions, as values and as expressions."""
    oso = make_oso()
    text = decoded(data)
    with sandbox():
        oso.load_str(_POLICY)
        for accept in (False, True):
            with refusals():
                solutions = oso.query(text, bindings={"y": 1}, accept_expression=accept)
                for solution in itertools.islice(solutions, _MOST_SOLUTIONS):
                    assert set(solution) == {"bindings", "trace"}, solution
                    repr(solution["bindings"])
