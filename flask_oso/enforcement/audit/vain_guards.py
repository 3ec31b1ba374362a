"""Guards that name what the policy or their route does not know, so that nobody gets by.

In go an app and its policy; out come the guards, each with a sentence that says what is wrong.
"""

from __future__ import annotations

import re
import typing as t
import warnings
from collections.abc import Iterable, Iterator

from flask import Flask
from werkzeug.routing import Rule

from ...app_state import find_state
from ...callables.view_functions import describe_endpoint
from ...guards.url_keys import Key, snake_case
from ...guards.view_guards import Guard, GuardKind, all_guards, guards_apart, guards_of_blueprints
from ...polar.nodes import Value
from ...polar.spelling import nearest, with_count
from ..authorizer import Authorizer

if t.TYPE_CHECKING:
    from ...oso import Oso

#: Modules of classes that every policy knows.
_NOT_OF_PROGRAMS = ("builtins", "datetime", "flask.wrappers")


def warn_of_vain_guards(app: Flask, oso: Oso) -> None:
    """Warn of actions and classes of guards that the policy does not know."""
    for _, complaint in vain_guards(app, oso):
        warnings.warn(complaint, UserWarning, stacklevel=2)


def vain_guards(app: Flask, oso: Oso) -> Iterator[tuple[Guard, str]]:
    """Give the guards that name actions and classes which the policy does not know."""
    known, state = oso.known_actions(), find_state(app)
    guarded = set() if state is None else {*state.part(Authorizer).guarded_classes}
    for guard, where, methods in _guards(app):
        found = [_unknown_action(each, where, known, guard) for each in guard.actions_of(methods)]
        found += [_unknown_class(guard, where, oso, guarded), _text_for_class(guard, where, oso)]
        found += [_class_without_rules(guard, where, methods, oso, guarded)]
        found.append(_asks_about_nothing(guard, where, oso))
        for complaint in filter(None, found):
            yield guard, complaint
    yield from classes_judged_in_vain(app, oso)
    yield from _variables_that_are_missing(app)


def guards_without_rules(app: Flask, oso: Oso) -> Iterator[tuple[Guard, str]]:
    """Give the first guard whose question raises an error, since there is no rule to answer it."""
    if oso.engine.policy.rules.get("allow"):
        return
    asking = [each for each in _guards(app) if each[0].authorizer is None]
    if asking:
        guard, where, _ = asking[0]
        others = f", and so do those of {with_count(len(asking) - 1, 'other guard')}"
        yield (
            guard,
            f"No 'allow' rule is loaded: each request to the {where} fails"
            f"{others if asking[1:] else ''}. Write a first rule with 'flask oso init', and name"
            " its file in 'OSO_POLICIES'.",
        )


def classes_judged_in_vain(app: Flask, oso: Oso) -> Iterator[tuple[Guard, str]]:
    """Give guards that judge a class itself where rules are about its objects only."""
    # The guards are kept: those of decorators for HEAD are made for the look alone.
    seen: dict[int, Guard] = {}
    for rule in app.url_map.iter_rules():
        view = app.view_functions.get(rule.endpoint)
        if view is None:
            continue
        for guard in (*guards_apart(app, rule.endpoint), *all_guards(view)):
            is_named = guard.key is not None and guard.key.variables_of(rule.arguments) is not None
            if not guard.is_of_class or is_named or id(guard) in seen:
                continue
            if rule.arguments and not guard.is_class_meant:
                # That is a mistake of its own: see ``guard_checks.accidents``.
                continue
            actions = [each for each in guard.actions_of(rule.methods or ()) if type(each) is str]
            vain = next((each for each in actions if _is_about_objects(each, guard, oso)), None)
            if vain is not None:
                seen[id(guard)] = guard
                yield (
                    guard,
                    _class_in_vain(vain, guard, rule, describe_endpoint(rule.endpoint, view)),
                )


def _variables_that_are_missing(app: Flask) -> Iterator[tuple[Guard, str]]:
    """Give guards that have to find an object, and whose route has no variable for it.

    It is no error before that: a decorator, or a function of the app, may give the variable.
    """
    for rule in app.url_map.iter_rules():
        view = app.view_functions.get(rule.endpoint)
        if view is None or app.url_value_preprocessors:
            continue
        for guard in (*guards_apart(app, rule.endpoint), *all_guards(view)):
            key = guard.key
            if key is None or not key.is_required or key.variables_of(rule.arguments) is not None:
                continue
            where = describe_endpoint(rule.endpoint, view)
            yield guard, _lost_variable(key, rule, where)


def _lost_variable(key: Key, rule: Rule, where: str) -> str:
    free = sorted(rule.arguments)
    near = nearest(key.choices[0][0], free) or (free[0] if len(free) == 1 else None)
    hint = f" Name it: 'key=\"{near}\"'." if near else ""
    return (
        f"The route {rule.rule!r} of the {where} does not have {key}, by which its guard finds an"
        f" object of {key.cls.__name__!r}, so that each request to it fails, unless a"
        f" decorator gives the variable.{hint}"
    )


def _is_about_objects(action: str, guard: Guard, oso: Oso) -> bool:
    """Tell whether rules allow this on objects of a class, and on the class itself never."""
    name = oso.host.name_of(guard.resource)
    if name is None or guard.authorizer is not None:
        return False
    # Imported late: few guards judge a class.
    from ...polar.tools.lint.facts import Kind

    action_kind = Kind(Value(action))
    # The class is of no class that rules know, as a text is.
    return not _may_allow(oso, action_kind, Kind(Value("\0"))) and _may_allow(
        oso, action_kind, Kind(tags=frozenset([name]))
    )


def _may_allow(oso: Oso, action: t.Any, resource: t.Any) -> bool:
    """Tell whether rules may allow an action of one kind on a resource of another kind."""
    from ...polar.tools.lint.class_facts import ClassFacts
    from ...polar.tools.lint.facts import ANYTHING
    from ...polar.tools.lint.reachability import Reachability

    rules = Reachability(oso.engine, ClassFacts(oso.engine))
    return rules.may_hold("allow", (ANYTHING, action, resource))


def _asks_about_nothing(guard: Guard, where: str, oso: Oso) -> str | None:
    """Say that ``@authorize`` was given nothing, and that no rule is about that."""
    is_bare = guard.kind is GuardKind.AUTHORIZE and guard.action is None and guard.resource is None
    if not is_bare or guard.authorizer is not None:
        return None
    # Imported late: few guards are bare.
    from ...polar.tools.lint.facts import ANYTHING, Kind

    # What is of no class that rules know stands for 'nil', unless a policy speaks of that.
    is_named = any(re.search(r"\bnil\b", each.text) for each in oso.engine.policy.sources)
    if is_named or _may_allow(oso, ANYTHING, Kind(Value("\0"))):
        return None
    return (
        f"'@authorize' of the {where} names no resource, so the policy is asked about 'nil', and"
        " denies everybody. Write what is done, and to what: '@authorize(\"read\", Note)'."
    )


def _class_in_vain(action: str, guard: Guard, rule: Rule, where: str) -> str:
    name, url = guard.resource.__name__, rule.rule
    word = snake_case(name)
    variable = f"{url.rstrip('/')}/<int:{word}_id>"
    return (
        f"The route {url!r} of the {where} names no object, so the class {name!r} itself is judged,"
        f" and everybody is denied: the policy allows {action!r} on objects of {name!r} only. For a"
        f" list write '@oso.lists(\"{action}\", {name})'. For one object give the route its"
        f" variable, as in {variable!r}. For the class itself write a rule about it:"
        f" 'allow(user: User, \"{action}\", {name}) if …;'."
    )


def _guards(app: Flask) -> Iterable[tuple[Guard, str, set[str]]]:
    """Give each guard that asks the policy, one endpoint that it guards, and its methods."""
    methods: dict[str, set[str]] = {}
    for rule in app.url_map.iter_rules():
        methods.setdefault(rule.endpoint, set()).update(rule.methods or ())
    found: dict[int, tuple[Guard, str, set[str]]] = {}
    for guard in guards_of_blueprints(app):
        if not guard.asks:
            continue
        where = f"guard of the blueprint {guard.blueprint!r} ({guard.place})"
        found[id(guard)] = (guard, where, set().union(*methods.values()))
    for endpoint, view in app.view_functions.items():
        for guard in (*guards_apart(app, endpoint), *all_guards(view)):
            if guard.asks:
                known = found.setdefault(
                    id(guard), (guard, describe_endpoint(endpoint, view), set())
                )
                known[2].update(methods.get(endpoint, ()))
    return found.values()


def _unknown_action(
    action: t.Any, where: str, known: frozenset[str] | None, guard: Guard
) -> str | None:
    if known is None or not isinstance(action, str) or action in known:
        return None
    told = f"The action {action!r} of the {where} is never allowed by the policy."
    if meant := _meant(action, known):
        return told + meant
    # The resource of other guards is known during a request alone.
    cls, asked = guard.resource, "resource"
    if isinstance(cls, type):
        asked = f"{snake_case(cls.__name__)}: {cls.__name__}"
    rule = f'allow(user: User, "{action}", {asked}) if …;'
    return f"{told} Write a rule that allows it: '{rule}'."


def _unknown_class(guard: Guard, where: str, oso: Oso, guarded: set[type]) -> str | None:
    """Say that no rule can be about a class.

    :param guarded: the classes that are registered for their guards alone.
    """
    resource = guard.resource
    if not isinstance(resource, type):
        return None
    name = resource.__name__
    if resource in guarded:
        if _is_named(resource, oso):
            return None
        return f"The {where} names the class {name!r} as its resource, which no rule names."
    if _is_known(resource, guard, oso):
        return None
    return (
        f"The {where} names the class {name!r} as its resource, but no class of that name is"
        f" registered. Call 'register_class({name})' before the policy loads."
    )


def _class_without_rules(
    guard: Guard, where: str, methods: set[str], oso: Oso, guarded: set[type]
) -> str | None:
    """Say that the policy has no rule about the objects of a class that is registered."""
    cls, is_list = guard.resource, guard.kind is GuardKind.LISTS
    if not isinstance(cls, type) or cls in guarded or not (is_list or guard.key is not None):
        return None
    name = oso.host.name_of(cls)
    known = oso.known_actions()
    # An action that the policy does not have is told of already.
    actions = [
        each
        for each in guard.actions_of(methods)
        if isinstance(each, str) and (known is None or each in known)
    ]
    kinds = [each for each in oso.host.classes.values() if issubclass(each, cls)]
    is_named = any(_is_named(each, oso) for each in kinds)
    if name is None or not actions or not oso.engine.policy.sources or is_named:
        return None
    # Imported late: few classes are not named.
    from ...polar.tools.lint.facts import Kind

    kind = Kind(tags=frozenset([name]))
    if any(_may_allow(oso, Kind(Value(action)), kind) for action in actions):
        return None
    what = "list stays empty" if is_list else "answer is a denial"
    return (
        f"No rule is about {name!r}, which the {where} names as its resource, so that each {what}."
        f" Write a rule: 'allow(user: User, \"{actions[0]}\", {snake_case(name)}: {name}) if …;'."
    )


def _text_for_class(guard: Guard, where: str, oso: Oso) -> str | None:
    """Say that a text is judged where a class is meant: no rule has the text."""
    text = guard.resource
    if not isinstance(text, str) or _is_in_policy(text, oso):
        return None
    cls = oso.host.classes.get(text)
    if cls is None or getattr(cls, "__module__", None) in _NOT_OF_PROGRAMS:
        return None
    return (
        f"The {where} names the text {text!r} as its resource, which no rule has, and not the class"
        f" of this name. Write {text!r} without quotes."
    )


def _is_in_policy(text: str, oso: Oso) -> bool:
    return any(f'"{text}"' in source.text for source in oso.engine.policy.sources)


def _is_named(resource: type, oso: Oso) -> bool:
    """Tell whether the text of a policy has the name of a class, or of one that it derives from."""
    names = [name for name, cls in oso.host.classes.items() if cls in resource.__mro__]
    words = "|".join(map(re.escape, names))
    return any(re.search(rf"\b(?:{words})\b", each.text) for each in oso.engine.policy.sources)


def _is_known(resource: type, guard: Guard, oso: Oso) -> bool:
    """Tell whether rules can be about a class, or about its objects where these are judged."""
    known = oso.host.classes.values()
    if resource in known or resource.__name__ in oso.host.classes:
        return True
    return guard.key is not None and any(issubclass(resource, each) for each in known)


def _meant(word: str, known: Iterable[str]) -> str:
    near = nearest(word, sorted(known))
    return f" Did you mean {near!r}?" if near else ""
