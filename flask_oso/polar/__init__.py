"""Polar: a small language of rules, and an engine that answers questions about them.

This package knows the standard library and Lark, nothing of Flask. Its modules, in the
order in which they build on each other, which is also the order to read them in:

``characters``, ``records``, ``sources``, ``exceptions``, ``nodes``, ``traversal``
    characters that deceive; what only says something; texts and places in them; errors;
    what a policy consists of, and ways through it.
``printer``, ``tables`` (made from ``grammar.lark``), ``tokens``
    nodes to text; the syntax; text to tokens.
``spelling``, ``lookalikes``, ``mistakes``, ``hints``
    words that are near to one, names that look like one; a token out of place, and what
    was meant by it.
``actions``, ``automaton``, ``parser``, ``rewriting``
    tokens to nodes, to statements; expressions to the form that is evaluated.
``environment``, ``limits``, ``collector``, ``output``, ``log_settings``, ``terms``,
``numbers``, ``relations``, ``host``
    the variables of the process; what a question may cost; Python's search for cycles; what
    is said on a stream; what queries take and give; arithmetic; how classes lead to each
    other; the Python side.
``traits``, ``shapes``, ``policy``, ``resource_blocks``, ``granting``, ``rule_types``,
``inventory``, ``vocabulary``, ``comparing``, ``members``, ``roles``, ``unquoted``,
``validation``, ``loading``, ``archive``, ``cache``
    what is loaded, how blocks become rules, and everything that can be wrong with it;
    the roles of oso 0.15; a policy as data, and where it is kept.
``attributes``, ``fields``
    what a name gives of a Python object: an attribute, or the rows of a relation.
``clauses``, ``constraints``, ``bindings``, ``specificity``, ``traces``
    rules ready to run; the variables of a run; the order of rules; where a run is.
``machine``, ``matching``, ``operations``, ``solver``
    the evaluation, layer by layer; the solver defines what a policy means.
``modes``, ``snippets``, ``scopes``, ``places``, ``lists``, ``patterns``, ``lookups``, ``searches``,
``goals``, ``compiler``
    rules as Python functions: which can be, and how each is written.
``alike``, ``regions``, ``guards``, ``steps``, ``shortcuts``, ``dispatch``
    all rules of a question as one function for plain data, and how it is found.
``questions``, ``frames``, ``runtime``, ``programs``
    what takes a question; where functions are, and what they ask for while they run; all
    functions of an engine.
``models``, ``residual``, ``outcomes``, ``faithful``, ``unknowns``, ``search``, ``equations``,
``conditions``, ``partial``, ``prepared``, ``filters``, ``outlines``
    questions about rows that nobody knows yet: what is known of their classes, the condition
    that is left of a policy, how it is found, and how it is shown.
``inspection``, ``watching``, ``tracing``, ``measuring``, ``deciding``, ``console``, ``debugger``
    a run that is watched: what can be seen, and who looks.
``descriptions``, ``reasons``, ``proof_text``, ``proof_html``, ``proof``, ``written``, ``proving``,
``explaining``, ``suggestions``, ``inquiry``
    why a question was answered as it was: values and reasons as texts; a run that keeps
    account, what is told of it, and what would have to change.
``engine``, ``queries``, ``listing``, ``checking``, ``layout``, ``formatter``, ``repl``
    a policy and its names, ready to answer; one query of them; which rules are no Python
    functions; all that is wrong with a text; a text in its canonical style; a prompt for many
    queries.
``polar``
    what programs hold on to: loads, replaces and registers, and asks the engine.

``README.md`` beside this file describes the language and where it differs from oso.
"""

from .engine import Engine
from .exceptions import OsoError
from .limits import Limits
from .polar import Polar
from .queries import Query, QueryResult
from .relations import Condition, DataAdapter, DataFilter, Join, Projection, Relation
from .terms import Expression, Pattern, Predicate, TypeConstraint, Variable, dot_path

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
