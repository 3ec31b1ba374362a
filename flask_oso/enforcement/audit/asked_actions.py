"""Actions that an application never asks for, and routes whose actions no rule grants.

In go an app and the lint of its policy; out come findings. The guards of routes are known. What
else a program asks is not, so an action counts as asked if its text stands anywhere in the Python
code of the application or in a template, or if a condition of the policy names it. A program that
asks for all actions of an actor asks for each.
"""

from __future__ import annotations

import ast
import functools
import os
import sys
import typing as t
from collections.abc import Iterator
from pathlib import Path

from flask import Flask
from jinja2 import TemplateSyntaxError, nodes

from ...guards.view_guards import Guard, GuardKind
from ...polar.nodes import Call, Expression, List, Operator, Rule, Term, Value, Variable
from ...polar.policy.policy import Policy
from ...polar.sources import Span
from ...polar.tools.lint.codes import Code
from ...polar.tools.lint.linter import LintFinding, LintResult, lint_finding, may_be_allowed
from ...polar.traversal import walk
from .route_audit import audit_routes

#: Methods that give all actions of an actor.
_ALL_ACTIONS = ("authorized_actions", "get_allowed_actions", "allowed_actions")
#: Rules whose second argument is an action.
_GRANTING = frozenset({"allow", "has_permission"})


def findings_about_app(app: Flask, result: LintResult) -> Iterator[LintFinding]:
    """Give the findings about the routes, the code and the templates of an app."""
    yield from _never_allowed(app, result)
    if result.engine is None:
        return
    asked = _Asked(app)
    if not asked.has_all:
        yield from _never_asked(result.engine.policy, asked)


# -- routes whose action no rule grants -----------------------------------------------------


def _never_allowed(app: Flask, result: LintResult) -> Iterator[LintFinding]:
    seen: set[tuple[int, str]] = set()
    for row in audit_routes(app).rows:
        for guard in row.guards:
            if guard.kind is not GuardKind.AUTHORIZE or guard.authorizer is not None:
                continue
            has_object = row.names_object(guard)
            for action in guard.actions_of(row.methods):
                key = (id(guard), str(action))
                if key in seen or _may_be_allowed(guard, action, result, has_object=has_object):
                    continue
                seen.add(key)
                yield _route_finding(guard, action, row.endpoint, has_object=has_object)


def _may_be_allowed(guard: Guard, action: t.Any, result: LintResult, *, has_object: bool) -> bool:
    resource = guard.resource
    if isinstance(resource, type) and has_object:
        name = None if result.engine is None else result.engine.host.name_of(resource)
        return may_be_allowed(result, action, name)
    text = Value(resource) if type(resource) is str else None
    return may_be_allowed(result, action, None, text)


def _route_finding(guard: Guard, action: t.Any, endpoint: str, *, has_object: bool) -> LintFinding:
    what = guard.resource.__name__ if isinstance(guard.resource, type) else repr(guard.resource)
    message = f"No rule lets anybody {action!r} "
    message += f"a {what}" if has_object else f"{what}"
    message += f", which the endpoint {endpoint!r} asks for. Write a rule, or name another action."
    place = guard.place
    return LintFinding(Code.ROUTE_NEVER_ALLOWED, message, place.file or None, place.line or None)


# -- actions that nothing asks for -----------------------------------------------------------


def _never_asked(policy: Policy, asked: _Asked) -> Iterator[LintFinding]:
    conditions = _named_in_conditions(policy)
    seen: set[str] = set()
    for name, span in _granted(policy):
        if name in seen or name in conditions or asked.names(name):
            continue
        seen.add(name)
        message = f'No route, no template and no code asks for the action "{name}"'
        yield lint_finding(Code.ACTION_NEVER_ASKED, message, span)


def _granted(policy: Policy) -> Iterator[tuple[str, Span | None]]:
    """Give the actions that blocks declare and rules grant, with their places."""
    for block in (*policy.blocks, *policy.everywhere):
        yield from ((each.text, each.span) for each in block.names("permissions"))
    for rule in policy.rules_in_source_order():
        if rule.name in _GRANTING and len(rule.parameters) == 3:
            term = rule.parameters[1].term
            if isinstance(term, Value) and isinstance(term.value, str):
                yield term.value, term.span or rule.span
            elif isinstance(term, Variable):
                yield from _chosen(rule, term)


def _chosen(rule: Rule, action: Variable) -> Iterator[tuple[str, Span | None]]:
    """Give the actions that the body of a rule chooses from: ``action in ["read", "edit"]``."""
    for term in walk([] if rule.body is None else [rule.body]):
        for each in _choices(term, action):
            if isinstance(each, Value) and isinstance(each.value, str):
                yield each.value, each.span or rule.span


def _choices(term: t.Any, action: Variable) -> tuple[Term, ...]:
    """Give the values that a goal compares an action with."""
    if not isinstance(term, Expression) or len(term.args) != 2:
        return ()
    left, right = term.args
    if term.operator is Operator.IN:
        return right.items if left == action and isinstance(right, List) else ()
    if term.operator not in (Operator.UNIFY, Operator.EQ) or action not in term.args:
        return ()
    return (right,) if left == action else (left,)


def _named_in_conditions(policy: Policy) -> frozenset[str]:
    """Give the texts in bodies: an action that a rule about another one names is used."""
    return frozenset(
        each.value
        for rule in policy.rules_in_source_order()
        for each in _condition_terms(rule)
        if isinstance(each, Value) and isinstance(each.value, str)
    )


def _condition_terms(rule: Rule) -> Iterator[t.Any]:
    for term in walk([] if rule.body is None else [rule.body]):
        is_goal = isinstance(term, Expression) and term.operator is not Operator.DOT
        if (is_goal and not _is_choice(term, rule)) or isinstance(term, Call):
            yield from term.args


def _is_choice(term: Term, rule: Rule) -> bool:
    """Tell whether a goal only says which action a rule grants."""
    is_granting = rule.name in _GRANTING and len(rule.parameters) == 3
    action = rule.parameters[1].term if is_granting else None
    return isinstance(action, Variable) and bool(_choices(term, action))


class _Asked:
    """The texts in the Python code and the templates of an app."""

    def __init__(self, app: Flask) -> None:
        self._texts: set[str] = set()
        self._names: set[str] = set()
        self._templates: list[str] = []
        for text in _templates(app):
            self._read_template(app, text)
        for path in _files_of(app):
            self._read(path)

    @property
    def has_all(self) -> bool:
        """Whether all actions of an actor are asked for somewhere."""
        in_templates = any(each in text for each in _ALL_ACTIONS for text in self._templates)
        return in_templates or not self._names.isdisjoint(_ALL_ACTIONS)

    def names(self, action: str) -> bool:
        """Tell whether an action stands in the code, or in a template."""
        return action in self._texts or any(action in text for text in self._templates)

    def _read_template(self, app: Flask, text: str) -> None:
        try:
            tree = app.jinja_env.parse(text)
        except TemplateSyntaxError:
            # It may be for another engine, and ask for anything that it contains.
            self._templates.append(text)
            return
        self._texts.update(
            each.value for each in tree.find_all(nodes.Const) if isinstance(each.value, str)
        )
        attributes = {each.attr for each in tree.find_all(nodes.Getattr)}
        self._names |= attributes | {each.name for each in tree.find_all(nodes.Name)}
        # ``permissions.edit`` may be how a template asks.
        self._texts |= attributes

    def _read(self, path: Path) -> None:
        try:
            tree = ast.parse(path.read_bytes())
        except (OSError, SyntaxError, ValueError):
            return
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                self._texts.add(node.value)
            elif isinstance(node, ast.Attribute):
                self._names.add(node.attr)


def _files_of(app: Flask) -> set[Path]:
    """Give the files of modules that are loaded, with the app or with one of its views."""
    root = Path(app.root_path).resolve()
    inside, installed = os.path.join(root, ""), f"{os.sep}site-packages{os.sep}"
    views = {getattr(view, "__module__", None) for view in app.view_functions.values()}
    found: set[Path] = set()
    for name, file in _loaded_files():
        is_installed = installed in file and installed not in inside
        if name in views or (file.startswith(inside) and not is_installed):
            found.add(Path(file))
    return found | {*root.rglob("*.py")} if _is_package(root) else found


def _loaded_files() -> Iterator[tuple[str, str]]:
    """Yield the names and the files of modules that are loaded, without links.

    There are thousands, in a few folders: each folder is looked up once.
    """
    real = functools.cache(os.path.realpath)
    for name, module in [*sys.modules.items()]:
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and file.endswith(".py"):
            folder, base = os.path.split(file)
            path = os.path.join(real(folder), base)
            yield name, os.path.realpath(path) if os.path.islink(path) else path


def _is_package(root: Path) -> bool:
    return (root / "__init__.py").is_file()


def _templates(app: Flask) -> Iterator[str]:
    environment = app.jinja_env
    for name in environment.list_templates():
        if environment.loader is None:
            return
        try:
            yield environment.loader.get_source(environment, name)[0]
        except UnicodeDecodeError:
            # A binary file contains no action.
            continue
