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
from pathlib import Path

import try_it_rows

_CALL = re.compile(r"\s*(\w+)\s*\((.*)\)\s*;?\s*", re.DOTALL)


def use_package_without_flask(folder):
    """Let ``flask_oso.oso`` be imported where there is no Flask."""
    package = types.ModuleType("flask_oso")
    package.__path__ = [str(Path(folder) / "flask_oso")]
    sys.modules["flask_oso"] = package


def answer(policy_text, data_text, question):
    """Give what the page shows: ``said``, ``results``, ``proof``, ``error``, and ``rows``.

    ``rows`` tells whether it was asked about the rows of a class: see ``try_it_tables.py``.
    """
    shown = dict.fromkeys(("said", "results", "proof", "rows", "error"))
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            shown.update(_answer(policy_text, data_text, question))
        except Exception as error:  # whatever is typed is told, and nothing else happens
            shown["error"] = f"{type(error).__name__}\n{error}"
    shown["said"] = said.getvalue()
    return json.dumps(shown)


def _answer(policy_text, data_text, question):
    names = run_data(data_text)
    policy = _make_policy(names, policy_text)
    if not question.strip():
        return {"results": ["The policy is loaded."]}
    found = [_shown(each["bindings"]) for each in policy.query(question.strip().rstrip(";"))]
    shown = {"results": found or ["False"]}
    name, arguments = call_in(policy, question)
    if arguments is not None:
        shown["proof"] = policy.explain_rule(name, *arguments).to_html()
        shown["rows"] = name == "allow" and len(arguments) == 3 and isinstance(arguments[2], type)
    return shown


def run_data(text):
    """Give what the data defines, by its names."""
    # A module, since annotations that are texts are looked up there.
    module = sys.modules["data"] = types.ModuleType("data")
    exec(compile(text, "data", "exec"), vars(module))
    return vars(module)


def _make_policy(names, text):
    """Give an Oso with a policy that knows the classes and the objects of the data."""
    from flask_oso.oso import Oso

    policy = Oso()
    for name, cls in try_it_rows.classes_of(names).items():
        policy.register_class(cls, name=name)
    add(policy, names, text)
    return policy


def add(policy, names, text):
    """Tell a policy the constants of the data, and load its text."""
    for name, value in names.items():
        if not name.startswith("_") and not callable(value) and not inspect.ismodule(value):
            policy.register_constant(value, name)
    if text.strip():
        policy.load_str(text)


def call_in(policy, question):
    """Give the name of the rule that is called, and its arguments.

    The arguments are ``None`` if one of them is a variable, there are none, or it is no call.
    """
    call = _CALL.fullmatch(question)
    return (call[1], _arguments_of(policy, call[2])) if call else (None, None)


def _arguments_of(policy, text):
    from flask_oso.polar import Variable
    from flask_oso.polar.exceptions import OsoError

    try:
        results = [each["bindings"] for each in policy.query(f"arguments = [{text}]")]
    except OsoError:
        return None
    values = results[0]["arguments"] if len(results) == 1 and len(results[0]) == 1 else None
    return None if not values or any(isinstance(each, Variable) for each in values) else values


def _shown(bindings):
    pairs = [f"{name} = {value!r}" for name, value in sorted(bindings.items())]
    return "\n".join(pairs) or "True"
