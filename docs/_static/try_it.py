"""Answers a question about a policy, in the browser: ``try-it-worker.js`` runs this.

In go the policy, the data as Python, and a question; out comes what the page shows, as JSON. Of
the package only what needs no Flask is imported.
"""

import contextlib
import inspect
import io
import json
import re
import sys
import types
import typing
from pathlib import Path

_CALL = re.compile(r"\s*(\w+)\s*\((.*)\)\s*;?\s*", re.DOTALL)
_PLAIN = (bool, dict, float, int, list, str)


def use_package_without_flask(folder):
    """Let ``flask_oso.oso`` be imported where there is no Flask."""
    package = types.ModuleType("flask_oso")
    package.__path__ = [str(Path(folder) / "flask_oso")]
    sys.modules["flask_oso"] = package


def answer(policy_text, data_text, question):
    """Give what the page shows: ``said``, ``results``, ``proof``, ``condition`` and ``error``."""
    shown = dict.fromkeys(("said", "results", "proof", "condition", "error"))
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            shown.update(_answer(policy_text, data_text, question))
        except Exception as error:  # whatever is typed is told, and nothing else happens
            shown["error"] = f"{type(error).__name__}\n{error}"
    shown["said"] = said.getvalue()
    return json.dumps(shown)


def _answer(policy_text, data_text, question):
    names = {"__name__": "data"}
    exec(compile(data_text, "data", "exec"), names)
    policy = _make_policy(names, policy_text)
    if not question.strip():
        return {"results": ["The policy is loaded."]}
    found = [_shown(each["bindings"]) for each in policy.query(question.strip().rstrip(";"))]
    shown = {"results": found or ["False"]}
    call = _CALL.fullmatch(question)
    arguments = _arguments_of(policy, call[2]) if call else None
    if arguments is not None:
        shown["proof"] = policy.explain_rule(call[1], *arguments).to_html()
        shown["condition"] = _condition(names, policy_text, call[1], arguments)
    return shown


def _make_policy(names, text):
    """Give an Oso with a policy that knows the classes and the objects of the data."""
    from flask_oso.oso import Oso

    policy = Oso()
    for name, cls in _classes_of(names).items():
        policy.register_class(cls, name=name)
    _add(policy, names, text)
    return policy


def _make_list_policy(names, text):
    """Give one for lists, whose rows are known by the annotations of their classes only."""
    from flask_oso.oso import Oso
    from flask_oso.polar import DataAdapter

    class Rows(DataAdapter):
        """Reads nothing: a condition on rows is only shown."""

        def build_query(self, filter):
            raise NotImplementedError

        def execute_query(self, query):
            raise NotImplementedError

    policy, classes = Oso(), _classes_of(names)
    policy.set_data_filtering_adapter(Rows())
    for name, cls in classes.items():
        policy.register_class(cls, name=name, fields=_fields_of(cls, classes))
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        # It was warned of at the load of the other one.
        _add(policy, names, text)
    return policy


def _classes_of(names):
    return {
        name: value
        for name, value in names.items()
        if isinstance(value, type) and value.__module__ == "data"
    }


def _add(policy, names, text):
    for name, value in names.items():
        if not name.startswith("_") and not callable(value) and not inspect.ismodule(value):
            policy.register_constant(value, name)
    if text.strip():
        policy.load_str(text)


def _fields_of(cls, classes):
    """Give what a list may ask of the rows of a class: what its annotations say."""
    from flask_oso.polar import Relation

    fields = {}
    for name, kind in typing.get_type_hints(cls).items():
        if kind in classes.values():
            fields[name] = Relation("one", kind.__name__, f"{name}_id", "id")
            fields[f"{name}_id"] = int
        elif kind in _PLAIN:
            fields[name] = kind
    if fields:
        fields.setdefault("id", int)
    return fields


def _arguments_of(policy, text):
    """Give the arguments of a call; ``None`` if one of them is a variable, or there are none."""
    from flask_oso.polar import Variable
    from flask_oso.polar.exceptions import OsoError

    try:
        results = [each["bindings"] for each in policy.query(f"arguments = [{text}]")]
    except OsoError:
        return None
    values = results[0]["arguments"] if len(results) == 1 and len(results[0]) == 1 else None
    return None if not values or any(isinstance(each, Variable) for each in values) else values


def _condition(names, text, name, arguments):
    """Give what is left of the policy for the rows of a class; ``None`` if it was not asked."""
    from flask_oso.polar.exceptions import OsoError

    if name != "allow" or len(arguments) != 3 or not isinstance(arguments[2], type):
        return None
    try:
        return str(_make_list_policy(names, text).residual(*arguments))
    except OsoError as error:
        return f"{type(error).__name__}\n{error}"


def _shown(bindings):
    pairs = [f"{name} = {value!r}" for name, value in sorted(bindings.items())]
    return "\n".join(pairs) or "True"
