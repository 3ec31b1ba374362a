"""What is wrong with the guards of a view, as far as they and the route tell it.

In go guards, in the order in which a request meets them, and a route; out come sentences
that say what is wrong, and what to write. Two guards may give the view one argument, and one
may judge a class where an object was meant. What the policy says is not looked at.
"""

from __future__ import annotations

import inspect
import itertools
import typing as t
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping

from flask import Flask
from werkzeug.routing import Rule

from ..callables.view_functions import View
from ..polar.exceptions import OsoError
from .url_keys import snake_case
from .view_guards import Guard


def check_guards(guards: Iterable[Guard], where: str) -> None:
    """Look at the guards of a view before it has a route.

    :param where: whose guards they are, as a sentence names it.
    :raises OsoError: what one gives takes the place of what another one judged.
    """
    for mistake in clashes(guards, where):
        raise OsoError(mistake)


def check_methods(actions: Mapping[t.Any, t.Any]) -> None:
    """Look at a mapping of HTTP methods to actions.

    :raises OsoError: it is none.
    """
    wrong = [each for each in actions if not isinstance(each, str) or each != each.upper()]
    if wrong or not actions:
        raise OsoError(
            "A mapping of actions has HTTP methods in capital letters as its keys, such as"
            f" {{'GET': 'read'}}, and not {wrong[0]!r}."
            if wrong
            else "A mapping of actions is empty, so nobody may do anything. Name the methods."
        )
    for method, action in actions.items():
        if isinstance(action, list | tuple | set | frozenset):
            raise OsoError(
                f"A mapping of actions has one action for each method, and not {action!r} for"
                f" {method!r}."
            )


def clashes(guards: Iterable[Guard], where: str) -> Iterator[str]:
    """Say which guards give an argument that is another one's."""
    finding = [guard for guard in guards if guard.key is not None]
    for outer, inner in itertools.combinations(finding, 2):
        assert outer.key is not None and inner.key is not None
        if not outer.key.confuses(inner.key):
            continue
        if outer.key.keyword == inner.key.keyword:
            yield _same_argument(outer, inner, where)
        else:
            yield _argument_as_variable(outer, inner, where)


def accidents(guards: Iterable[Guard], rule: Rule, where: str) -> Iterator[str]:
    """Say which guards judge a class, although the route has a variable.

    A variable that a rule sets itself, by its defaults, is none that a client chooses.
    """
    variables = sorted(rule.arguments.difference(rule.defaults or ()))
    guards = list(guards) if variables else []
    for guard in guards:
        if not guard.is_of_class or guard.is_class_meant:
            continue
        if guard.key is None:
            yield _class_by_keyword(guard, rule, variables, where)
        # A key that has to be there fails in a request, which may be given it otherwise.
        elif not guard.key.is_required and guard.key.variables_of(rule.arguments) is None:
            free = [name for name in variables if name not in _used_by(guards, rule)]
            yield _no_variable(guard, rule, free, where)


def shared_variables(guards: Iterable[Guard], rule: Rule, where: str) -> Iterator[str]:
    """Say which guards take the ``id`` of a route for that of objects of different classes."""
    finding = [guard for guard in guards if guard.key is not None]
    for outer, inner in itertools.combinations(finding, 2):
        assert outer.key is not None and inner.key is not None
        variables = outer.key.variables_of(rule.arguments)
        if variables is None or variables != inner.key.variables_of(rule.arguments):
            continue
        # Who names the variable of both means it: rows of two tables may share a key.
        is_guess = not (_has_own_key(outer) and _has_own_key(inner))
        if is_guess and not _are_related(outer.key.cls, inner.key.cls):
            yield _one_variable(outer, inner, rule, variables, where)


def swapped_keys(
    guards: Iterable[Guard], order_of: Callable[[Guard], tuple[str, ...]], where: str
) -> Iterator[str]:
    """Say which guards name what identifies an object in another order than it is taken in.

    :param order_of: gives the names in that order, or none where they are not known.
    """
    for guard in guards:
        variables = () if guard.key is None else guard.key.choices[0]
        order = order_of(guard) if len(variables) > 1 else ()
        if variables != order and sorted(variables) == sorted(order):
            yield (
                f"{_shown(guard)} of {where} names the variables in another order than an object of"
                f" {guard.resource.__name__!r} is found by, and they are not told by their names."
                f" Write 'key={_literal(order)}'."
            )


def _are_related(one: type, other: type) -> bool:
    return issubclass(one, other) or issubclass(other, one)


def foreign_guards(app: Flask, guards: Iterable[Guard], known: Container[t.Any]) -> Iterator[str]:
    """Say which guards ask the policy of a FlaskOso that the app does not have."""
    for guard in guards:
        if guard.authorizer is not None and guard.authorizer not in known:
            yield foreign_authorizer(_owner_of(guard), app)


def _owner_of(guard: Guard) -> str:
    if guard.blueprint is not None:
        return f"The blueprint {guard.blueprint!r}"
    return f"'@lists' ({guard.place})" if guard.target is None else f"The view {guard.target!r}"


def foreign_authorizer(what: str, app: Flask) -> str:
    """Say that something is guarded by a FlaskOso that the app does not have."""
    verb = "is guarded by" if what.startswith("The") else "is that of"
    remedy = "Call 'guard' of" if what.startswith("The") else "Take that of"
    return (
        f"{what} {verb} a FlaskOso that the app {app.name!r} does not have, so another policy than"
        f" that of the app would be asked. {remedy} the FlaskOso of the app, or 'init_app' of this"
        " one."
    )


def unnamed_lists(
    guards: Iterable[Guard], variables: Collection[str], entered: View, where: str
) -> Iterator[str]:
    """Say which lists a view takes in no argument that can be told.

    :param entered: the function that a request enters.
    """
    guards = list(guards)
    for guard in guards:
        is_list = guard.list_argument is not None
        if is_list and list_argument(guard, guards, variables, entered) is None:
            yield unnamed_list(guard.resource, where, str(guard.place))


def list_argument(
    guard: Guard, guards: Iterable[Guard], variables: Collection[str], entered: View
) -> str | None:
    """Give the argument in which a view takes its list; ``None`` if it cannot be told.

    :param guards: all that a request meets, since others give arguments, too.
    """
    if guard.list_argument is None:
        return None
    keys = [each.key for each in guards if each.key is not None]
    given = {key.keyword for key in keys if key.variables_of(variables) is not None}
    return guard.list_argument(entered, {*variables, *given})


def unnamed_list(cls: t.Any, where: str, place: str) -> str:
    """Say that a list has no argument."""
    word = f"{snake_case(getattr(cls, '__name__', 'row'))}s"
    return (
        f"It cannot be told in which argument {where} takes the rows of '@lists' ({place}): it is"
        " the one without a default that is no URL variable. Name it, as in"
        f" 'name=\"{word}\"'."
    )


def _same_argument(outer: Guard, inner: Guard, where: str) -> str:
    renamed = inner if _has_own_key(inner) or not _has_own_key(outer) else outer
    return (
        f"Two guards of {where} give the argument {_keyword(inner)!r}: {_shown(outer)} and"
        f" {_shown(inner)}. One object would take the place of the other, which was judged for"
        f" something else. Give one a name of its own, as in"
        f" {_written(renamed, name=_other_name(renamed))!r}."
    )


def _argument_as_variable(outer: Guard, inner: Guard, where: str) -> str:
    keyword = _keyword(outer)
    return (
        f"A guard of {where} gives its object as {keyword!r}, which is the variable of another:"
        f" {_shown(outer)} and {_shown(inner)}. Give it a name of its own, as in"
        f" {_written(outer, name=f'the_{keyword}')!r}."
    )


def _used_by(guards: Iterable[Guard], rule: Rule) -> set[str]:
    """Give the variables of a route that identify the objects of guards."""
    keys = [guard.key for guard in guards if guard.key is not None]
    return {name for key in keys for name in key.variables_of(rule.arguments) or ()}


def _no_variable(guard: Guard, rule: Rule, free: list[str], where: str) -> str:
    name = guard.resource.__name__
    example = f", as in {_written(guard, key=free[0])!r}" if free else ""
    return (
        f"The route {_url(rule)!r} of {where} does not have {guard.key}, so it names no object of"
        f" {name!r}. Name its variable with 'key'{example},"
        f" or judge the class itself with 'load=False', as in {_written(guard, load=False)!r}."
        f"{_way_out(guard)}"
    )


def _one_variable(
    outer: Guard, inner: Guard, rule: Rule, variables: tuple[str, ...], where: str
) -> str:
    guess = outer if _has_own_key(inner) else inner
    return (
        f"Two guards of {where} find objects of different classes by the same variable"
        f" {', '.join(map(repr, variables))} of the route {_url(rule)!r}: {_shown(outer)} and"
        f" {_shown(inner)}. If a class itself is meant, write {_written(guess, load=False)!r}; else"
        f" name the variable of each with 'key'."
    )


def _class_by_keyword(guard: Guard, rule: Rule, variables: list[str], where: str) -> str:
    name = guard.resource.__name__
    shown = ", ".join(map(repr, variables))
    usual = {f"{snake_case(name)}_id", "id"}
    key = "" if usual & rule.arguments else f', key="{variables[0]}"'
    # The form that finds objects has no action of its own: that is the first thing it says.
    action = '"read"' if guard.action is None else _action(guard)
    return (
        f"The route {_url(rule)!r} of {where} has {shown}, but {_shown(guard)} judges the class"
        f" {name!r} and no object of it. Write '@authorize({action}, {name}{key})' to judge the"
        f" object, or say with 'load=False' that the class is meant, as in"
        f" {_written(guard, load=False)!r}."
    )


def _way_out(guard: Guard) -> str:
    if guard.blueprint is None:
        return ""
    return (
        " A view of a blueprint that is another case takes '@skip_authorization(blueprint=True)'"
        " and a guard of its own."
    )


def _shown(guard: Guard) -> str:
    return f"{_written(guard)!r} ({guard.place})"


def _written(guard: Guard, **options: t.Any) -> str:
    """Show how a guard is written, with further options."""
    resource = guard.resource.__name__
    options = _options(guard) | options
    more = "".join(f", {name}={_literal(value)}" for name, value in options.items())
    if guard.blueprint is not None:
        return f"guard({guard.blueprint}, {_action(guard)}, {resource}{more})"
    if guard.target is not None:
        return f"guard({_literal(guard.target)}, {_action(guard)}, {resource}{more})"
    if guard.key is None and not guard.is_class_meant:
        action = "" if guard.action is None else f"action={_action(guard)}, "
        return f"@authorize({action}resource={resource}{more})"
    return f"@authorize({_action(guard)}, {resource}{more})"


def _options(guard: Guard) -> dict[str, t.Any]:
    key = guard.key
    if key is None:
        return {}
    options: dict[str, t.Any] = {}
    if _has_own_key(guard):
        (variables,) = key.choices
        options["key"] = variables[0] if len(variables) == 1 else variables
    if not key.has_usual_keyword:
        options["name"] = key.keyword
    return options


def _action(guard: Guard) -> str:
    if isinstance(guard.action, Mapping):
        return "{…}"
    return _literal(guard.action)


def _literal(value: t.Any) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, tuple):
        return f"({', '.join(map(_literal, value))})"
    return value.__qualname__ if inspect.isclass(value) else repr(value)


def _has_own_key(guard: Guard) -> bool:
    return guard.key is not None and len(guard.key.choices) == 1


def _keyword(guard: Guard) -> str:
    return "" if guard.key is None else guard.key.keyword


def _other_name(guard: Guard) -> str:
    """Propose an argument: ``source`` for the object of ``source_id``."""
    keyword = _keyword(guard)
    own = guard.key.choices[0] if guard.key is not None and _has_own_key(guard) else ()
    word = own[0].removesuffix("_id") if len(own) == 1 else ""
    is_good = word.isidentifier() and word not in ("id", keyword)
    return word if is_good else f"other_{keyword}"


def _url(rule: Rule) -> str:
    return f"{rule.host or ''}{rule.rule}"
