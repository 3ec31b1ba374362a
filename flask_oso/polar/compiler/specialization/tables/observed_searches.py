"""Searches for strings behind calls of the application, such as of ``user.role_in(doc.org)``.

In go the tests for strings, each with the call that comes first in its question; out comes one
function: it makes each call once, and tests behind it the strings that need it. So a role that a
method gives is asked for once for all actions. Where a test gives up, the compiled rules are asked
about each string, and get what the calls gave.
"""

from __future__ import annotations

import ast
import typing as t
from collections.abc import Callable, Sequence

from ....value_objects import Record
from ...quotations import duplicate
from ...snippets import assign, call, function_of, load, tuple_of
from ..observation import FREQUENT, Observation, found_result, made_call, search_step, with_ends
from ..specialization import NEW_MEMO, attempted, registered_classes, remembers
from .drafts import Asked, Drafts
from .fused_tests import Test

#: Gives fewer tests, and writes what is done where one holds.
Fuse = Callable[[Sequence[Test]], "list[ast.stmt]"]


class _Group(Record):
    """The tests behind one call.

    :param asked: one of the questions.
    :param tests: by the code of what is looked at before each, and of their own.
    :param begun: what is looked at before tests, by its code.
    """

    observation: Observation | None
    asked: Asked
    tests: dict[tuple[str, str], Test]
    begun: dict[str, list[ast.stmt]]


def write_observed_search(
    drafts: Drafts,
    texts: Sequence[tuple[str, ...]],
    classes: tuple[type, ...],
    known: t.Mapping[int, str],
    code_of: Callable[[Sequence[ast.AST]], str],
    fuse: Fuse,
    strings: str,
    left: str,
) -> ast.FunctionDef | None:
    """Write the function; ``None`` if no question has a call that comes first.

    :param texts: the strings, in groups that rules treat alike.
    :param known: other arguments that are strings, as the caller makes sure.
    :param strings: the name of the set of all that are found.
    :param left: the global name of what answers where the function gives up behind a call.
    :raises NotCompilable: if a question makes another call, or is not about plain data besides.
    """
    checks, groups, errors = _grouped(drafts, texts, classes, known, code_of)
    # Questions without a call come first, before anything can be changed.
    ordered = [*([groups[None]] if None in groups else ()), *(groups[key] for key in groups if key)]
    called = {_made(groups, key): each.observation for key, each in groups.items() if key}
    if not called:
        return None
    body = [*checks]
    for group in ordered:
        body += _group_statements(drafts, group, groups, fuse, errors)
    body.append(ast.Return(load(strings)))
    given = {each for some in called.values() if some for each in some.read_arguments()}
    begin = [
        assign(strings, call("set")),
        *(
            assign(name, load("not_called"))
            for name in [*called, *(name for name, *_ in sorted(given))]
        ),
        assign("begun", call("monotonic")),
    ]
    made = [tuple_of(made_call(each, load(name))) for name, each in called.items() if each]
    args = tuple_of([*map(load, drafts.parameters)])
    reads = [
        tuple_of([load(owner), ast.Constant(attribute), load(name)])
        for name, owner, attribute in sorted(given)
    ]
    end = ast.Return(call(left, args, load("begun"), tuple_of(reads), *made))
    loop = ast.While(ast.Constant(True), body, [])
    return function_of("search", drafts.parameters, [*begin, loop, end], FREQUENT)


def _grouped(
    drafts: Drafts,
    texts: Sequence[tuple[str, ...]],
    classes: tuple[type, ...],
    known: t.Mapping[int, str],
    code_of: Callable[[Sequence[ast.AST]], str],
) -> tuple[list[ast.stmt], dict[t.Any, _Group], str]:
    """Write the tests, by the call that comes first.

    :returns: the checks of arguments, the groups of tests by their calls, and the name of the
        errors for which the function gives up.
    """
    checks: dict[str, ast.stmt] = {}
    groups: dict[t.Any, _Group] = {}
    errors = "gives_up"
    for alike in texts:
        asked = Asked(alike[0], classes)
        observation, checked, test, functions = drafts.written_behind_call(asked, known)
        functions.keep()
        errors = "gives_up_or_deep" if functions.are_called else errors
        checks.update((code_of([check]), check) for check in checked)
        key = None if observation is None else observation.shared_key
        group = groups.setdefault(key, _Group(observation, asked, {}, {}))
        if not test:
            continue
        begun = [] if observation is None else found_result(observation, _made(groups, key))
        before = code_of(begun)
        group.begun.setdefault(before, begun)
        group.tests.setdefault((before, code_of(test)), (test, []))[1].extend(alike)
    return [*checks.values()], groups, errors


def _group_statements(
    drafts: Drafts, group: _Group, groups: dict[t.Any, _Group], fuse: Fuse, errors: str
) -> list[ast.stmt]:
    """Write the call of a group, and the tests behind it."""
    observation, body = group.observation, list[ast.stmt]()
    # What a call gave is looked at once for all tests, unless some of them search it otherwise.
    once = [] if len(group.begun) > 1 else [*group.begun.values()]
    tests = fuse(
        [
            ([*([] if once else map(duplicate, group.begun[before])), *test], texts)
            for (before, _), (test, texts) in group.tests.items()
        ]
    )
    tests = [*(once[0] if once else ()), *tests]
    if observation is not None:
        if [*observation.read_arguments()]:
            body.append(_ended(drafts.reads(group.asked, observation)))
        body += search_step(observation, _made(groups, observation.shared_key))
        # The call may have registered a class.
        tests = [*(registered_classes(drafts.program) if tests else ()), *tests]
    if any(remembers(test) for test, _ in group.tests.values()):
        tests = [duplicate(NEW_MEMO), *tests]
    return [*body, _ended(attempted(tests, errors))] if tests else body


def _made(groups: dict[t.Any, t.Any], key: t.Any) -> str:
    """Return the name of the result of a call."""
    return f"made{[*groups].index(key)}"


def _ended(attempt: ast.stmt) -> ast.stmt:
    """Write that a statement ends the loop around it where it gives up."""
    attempt = t.cast(ast.Try, attempt)
    raised = ast.Raise(load("not_silent"), None)
    attempt.body = with_ends(attempt.body, ast.Pass(), ast.Break(), raised)
    attempt.handlers[0].body = [ast.Break()]
    return attempt
