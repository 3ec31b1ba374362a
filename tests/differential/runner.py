"""Run one program on one engine, and write down all that a caller could see of it.

In goes a program as plain data (``{"policy": text, "queries": [...]}``), out comes its
outcome as plain data, both of a kind that JSON keeps. The same code runs on our engine in
this process and on the other one in a child, so it imports neither.

A query is ``{"text": polar, "partial": bool}``, where ``partial`` is
``accept_expression``, or ``{"decide": [actor, action, resource]}`` with names of constants
or strings.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import typing as t
from functools import partial

Json = t.Any
#: How many results of a query are compared.
RESULTS = 20
_MESSAGE_LENGTH = 20_000
#: After so many programs an engine is made anew: oso keeps every object it was ever given.
_PROGRAMS_PER_ENGINE = 200
_ERRORS = (Exception, RecursionError)


class Runner:
    """Runs programs one after the other on engines of one make.

    :param make_oso: makes an engine that knows the world.
    """

    def __init__(self, make_oso: t.Callable[[], t.Any]) -> None:
        self._make_oso = make_oso
        self._oso: t.Any = None
        self._programs = 0

    def run(self, program: Json) -> Json:
        """Load the policy of a program and ask its queries.

        The outcome is ``{"load": step, "queries": [step, ...]}``; a step has ``results``,
        ``error`` (``None`` or ``[class, message]``) and ``output``.
        """
        oso = self._fresh()
        load = _observe(lambda: iter(_load(oso, program["policy"])))
        queries = [_observe(partial(_ask, oso, query)) for query in program["queries"]]
        return {"load": load, "queries": queries}

    def _fresh(self) -> t.Any:
        if self._programs % _PROGRAMS_PER_ENGINE == 0:
            self._oso = self._make_oso()
        else:
            self._oso.clear_rules()
        self._programs += 1
        return self._oso


def _load(oso: t.Any, policy: str) -> tuple[()]:
    if policy:
        oso.load_str(policy)
    return ()


def _ask(oso: t.Any, query: Json) -> t.Iterator[Json]:
    if "decide" in query:
        return _decide(oso, query["decide"])
    results = oso.query(query["text"], accept_expression=query["partial"])
    return ({k: encode(v) for k, v in result["bindings"].items()} for result in results)


def _decide(oso: t.Any, names: t.Sequence[str]) -> t.Iterator[Json]:
    actor, action, resource = (_constant(oso, name) for name in names)
    yield {"allowed": oso.is_allowed(actor, action, resource)}
    actions = oso.authorized_actions(actor, resource, allow_wildcard=True)
    yield {"actions": encode(sorted(actions, key=repr))}


def _constant(oso: t.Any, name: str) -> t.Any:
    """Give the constant of a name; a name that none has stands for itself."""
    found = next(oso.query(f"it = {name}"), None)
    value = found["bindings"]["it"] if found else name
    return name if type(value).__name__ == "Variable" else value


def _observe(act: t.Callable[[], t.Iterator[Json]]) -> Json:
    results: list[Json] = []
    error: Json = None
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        try:
            results.extend(itertools.islice(act(), RESULTS))
        except _ERRORS as raised:
            # Whatever it is: it is what the caller sees, and the other engine is asked too.
            message = getattr(raised, "message", None) or str(raised)
            error = [type(raised).__name__, message[:_MESSAGE_LENGTH]]
    return {"results": results, "error": error, "output": output.getvalue()}


def encode(value: t.Any) -> Json:
    """Write a value of a result as data: a list with a kind in front, unless it is a scalar."""
    kind = type(value)
    if value is None or kind in (bool, int, float, str):
        return value
    if kind is list:
        return ["list", [encode(item) for item in value]]
    if kind is dict:
        return {key: encode(item) for key, item in value.items()}
    if kind.__name__ == "Variable":
        return ["variable", str.__str__(value)]
    if kind.__name__ == "Expression":
        return ["expression", value.operator, [encode(arg) for arg in value.args]]
    if kind.__name__ == "Pattern":
        return ["pattern", value.tag, {k: encode(item) for k, item in value.fields.items()}]
    if isinstance(value, type):
        return ["class", value.__name__]
    return ["object", kind.__name__, _label(value)]


def _label(value: t.Any) -> Json:
    """Tell objects of one class apart by what they were made with."""
    own = getattr(value, "__dict__", {})
    label = own.get("name", own.get("v"))
    return encode(label) if type(label) in (str, int, float, bool, list) else None
