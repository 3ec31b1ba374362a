"""Polar: a policy language, and an engine that answers questions about policies.

In go the text of a policy, the registered Python names and a question; out comes an answer:
allowed or not, the solutions, a condition on rows, or a proof. This package imports the standard
library and Lark alone. Modules that all rooms use are on the ground floor:

``characters``, ``environment``, ``value_objects``, ``spelling``, ``sources``, ``exceptions``,
``nodes``, ``traversal``, ``printer``, ``limits``, ``output``
    misleading characters and escapes; environment variables; the base of immutable value objects;
    "did you mean"; source texts, spans and excerpts; errors; syntax trees, ways to walk them, and
    their text; the limits of a load and of a question; printing to streams, and ``POLAR_LOG``.

The rooms, each built on those above it, which is also the order to read them in:

``syntax``
    the text of a policy to nodes, and back to text in canonical style.
``host``
    the Python side: registered names, conversion of values, attribute access, the sandbox.
``policy``
    loading: nodes to a checked policy; lints, and the cache of loaded policies.
``solver``
    evaluation by search; it defines what a policy means.
``compiler``
    rules to Python functions, for yes-or-no questions.
``residual``
    partial evaluation: a question about unknown rows to a condition on their columns.
``proof``
    explanations: the rules that were tried for an answer, and changes that would change it.
``observe``
    observers of a run: tracing, line coverage, the debugger.
``engine``, ``queries``
    the engine of one policy and its registered names; a running query.
``tools``
    the REPL, the check of a policy, reports about compiled rules.
``polar``
    the object that programs use: it loads policies, registers names and asks the engine.

``docs/reference/polar/`` describes the language and where it differs from oso.
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
