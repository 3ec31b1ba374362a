"""Calls that judge a class where the rules are about its objects.

With oso a class matched its own specializer: ``allow(u, "create", _: Garden)`` held for ``Garden``.
"""

from __future__ import annotations

import ast
import typing as t
from collections.abc import Iterator, Sequence

from ..polar.nodes import Rule, Variable
from ..polar.policy.lint.vocabulary import classes_of_variables
from ..polar.tools.class_resources import is_about_action, variables_in
from .findings import Code, Finding
from .import_order import last_name
from .program_files import PythonFile

_CALLS = {"authorize", "authorize_field", "is_allowed", "authorized_actions", "get_allowed_actions"}
_RULES = ("allow", "has_permission")


class PlacedRule(t.NamedTuple):
    """A rule, and the place of its head."""

    rule: Rule
    file: str
    line: int


def check_resource_classes(
    modules: Sequence[PythonFile], rules: Sequence[PlacedRule]
) -> Iterator[Finding]:
    """Find classes that are judged, and a rule about their objects for each."""
    named = [each for each in rules if each.rule.name in _RULES and len(each.rule.parameters) > 2]
    for module in modules:
        guards = {id(each) for each in _decorators(module.tree)}
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and last_name(node.func) in _CALLS:
                resource, action = _asked(node, is_guard=id(node) in guards)
                found = None if resource is None else _rule_about(resource, action, named)
                if resource is not None and found is not None:
                    yield _finding(module.path, node.lineno, resource, found)


def _finding(path: str, line: int, resource: str, found: PlacedRule) -> Finding:
    return Finding(
        path,
        line,
        Code.CLASS_AS_RESOURCE,
        f"The class '{resource}' is judged here, and the rule '{found.rule.name}' in"
        f" {found.file}:{found.line} is about its objects, so it is denied. If the class is meant,"
        f" write '{resource}' there without a colon.",
    )


def _decorators(tree: ast.Module) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from node.decorator_list


def _asked(call: ast.Call, *, is_guard: bool) -> tuple[str | None, str | None]:
    """Give the name of what is judged, and the action if it is written out.

    ``@authorize("read", Note)`` judges a note that the route names, and not the class.
    """
    given = {each.arg: each.value for each in call.keywords}
    resource = given.get("resource")
    if resource is None and call.args and not is_guard:
        resource = call.args[min(2, len(call.args) - 1)]
    words = [given.get("action"), *call.args[:2]]
    actions = [each.value for each in words if isinstance(each, ast.Constant)]
    action = next((each for each in actions if isinstance(each, str)), None)
    return (None if resource is None else last_name(resource)), action


def _rule_about(
    resource: str, action: str | None, rules: Sequence[PlacedRule]
) -> PlacedRule | None:
    """Give a rule about objects of a class for an action, if none has the class itself."""
    asked = [each for each in rules if action is None or is_about_action(each.rule, action)]
    if any(resource in _last_parts(each.rule) for each in asked):
        return None
    return next((each for each in asked if _class_of(each.rule) == resource), None)


def _last_parts(rule: Rule) -> Iterator[str]:
    return (name.rpartition("::")[2] for name in variables_in(rule))


def _class_of(rule: Rule) -> str | None:
    term = rule.parameters[2].term
    if not isinstance(term, Variable):
        return None
    # django_oso registers 'Post' of the application 'blog' as 'blog::Post'.
    return classes_of_variables(rule).get(term.name, "").rpartition("::")[2] or None
