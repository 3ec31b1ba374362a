"""Polar: a small language of rules, and an engine that answers questions about them.

This package knows the standard library and Lark, nothing of Flask. What every room uses
stands here, on the ground floor:

``characters``, ``environment``, ``value_objects``, ``spelling``, ``sources``, ``exceptions``,
``nodes``, ``traversal``, ``printer``, ``limits``, ``output``
    misleading characters and escapes; environment variables; the base of immutable value objects;
    "did you mean"; source texts, spans and excerpts; errors; syntax trees, ways to walk them, and
    their text; the limits of a load and of a question; printing to streams, and ``POLAR_LOG``.

The rooms, in the order in which they build on each other, which is also the order to read them in:

``syntax``
    text to nodes.
``host``
    the Python side: registered names, attributes, the sandbox.
``policy``
    what is loaded, and everything that can be wrong with it.
``solver``
    the evaluation; it defines what a policy means.
``compiler``
    rules as Python functions.
``residual``
    questions about rows that nobody knows yet.
``proof``
    why a question was answered as it was.
``observe``
    who watches a run.
``engine``, ``queries``
    a policy and its names, ready to answer; one query of them.
``tools``
    the prompt, the check of a policy, which rules are no Python functions, and what those are
    that are.
``polar``
    what programs hold on to: loads, replaces and registers, and asks the engine.

``README.md`` beside this file describes the language and where it differs from oso.
"""

from .engine import Engine
from .exceptions import OsoError
from .host.data_adapter import Condition, DataAdapter, DataFilter, Join, Projection, Relation
from .host.terms import Expression, Pattern, Predicate, TypeConstraint, Variable, dot_path
from .limits import Limits
from .polar import Polar
from .queries import Query, QueryResult

__all__ = [
    "Condition",
    "DataAdapter",
    "DataFilter",
    "Engine",
    "Expression",
    "Join",
    "Limits",
    "OsoError",
    "Pattern",
    "Polar",
    "Predicate",
    "Projection",
    "Query",
    "QueryResult",
    "Relation",
    "TypeConstraint",
    "Variable",
    "dot_path",
]
