"""The tests that stand in policies, as pytest runs them.

In go a policy file and the name of an app; out come the engine with its tests, and an
``AssertionError`` that tells all of a test that does not pass.
"""

from __future__ import annotations

import pathlib
import pkgutil

from flask import Flask

from ..app_state import first_oso, state_of
from ..polar.engine import Engine
from ..polar.exceptions import OsoError
from ..polar.polar import read_source
from ..polar.policy.loader import load_policy
from ..polar.sources import Source
from ..polar.syntax.policy_test_nodes import PolicyTest
from ..polar.tools.policy_tests import Failure, Outcome, are_tests_alone, run_policy_test
from ..polar.tools.stand_in_classes import load_with_stand_ins

_NO_RULES = (
    "This file has tests and no rules. Name the app whose policy it tests, in 'pytest.ini':"
    "\n\n    [pytest]\n    oso_app = shop:create_app"
)


def load_tested(path: pathlib.Path, app_name: str = "") -> Engine:
    """Load the policy that a file with tests is part of.

    :param app_name: an app or a factory, such as ``shop:create_app``. With one, its classes are
        known, and a file of its policy is loaded together with the others. So is a file that has
        tests and no rules. Without one, the file is a policy by itself, with plain classes of the
        names that it mentions.
    :raises OsoError: the policy does not load, or there is no such app.
    """
    source = read_source(path)
    if not app_name:
        return load_with_stand_ins([source], for_tests=True).engine
    oso = first_oso(state_of(_app(app_name)))
    others = [
        Source(each.text, str(pathlib.Path(each.name).resolve()))
        for each in oso.engine.policy.sources
        if each.name is not None
    ]
    sources = [source]
    if source.name in [each.name for each in others]:
        sources = others
    elif are_tests_alone(sources):
        sources = [*others, source]
    return Engine(load_policy(sources, oso.host).policy, oso.host)


def run_item(engine: Engine, test: PolicyTest) -> None:
    """Run a test.

    :raises AssertionError: it failed, or is broken.
    """
    __tracebackhide__ = True
    result = run_policy_test(engine, test)
    if result.outcome is not Outcome.PASSED:
        about = [] if engine.policy.has_rules else [_NO_RULES]
        raise AssertionError("\n\n".join([*map(_shown, result.failures), *about]))


def _app(name: str) -> Flask:
    try:
        found = pkgutil.resolve_name(name)
    except (ImportError, AttributeError, ValueError) as error:
        raise OsoError(f"'oso_app' names {name!r}, which cannot be imported: {error}.") from error
    app = found if isinstance(found, Flask) or not callable(found) else found()
    if not isinstance(app, Flask):
        raise OsoError(f"'oso_app' names {name!r}, which is no Flask app and no factory of one.")
    return app


def _shown(failure: Failure) -> str:
    where = ""
    if failure.span is not None:
        line = failure.span.source.line(failure.span.line).strip()
        where = f"line {failure.span.line}: {line}\n"
    return f"{where}{failure.message}\n\n{failure.proof}".rstrip()
