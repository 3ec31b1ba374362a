"""Questions of tests whose denial proves nothing, since no rule can be about what is asked.

In goes a question that the policy denied; out comes what is wrong with it, or ``None``: an
action that no rule allows, an object of a class that no rule can be about, arguments in
another order. What a rule needs is read from its head, and from the rules that its body asks
with the same variable. Where that leaves a doubt, nothing is wrong.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Iterator

from ..oso import Oso
from ..polar.nodes import (
    Call,
    Operator,
    Parameter,
    Pattern,
    Rule,
    Term,
    Value,
    Variable,
)
from ..polar.solver.class_tests import has_instance_test, members_of_tag
from ..polar.spelling import nearest
from ..polar.traversal import conjuncts_in, is_operation

_ACTOR, _ACTION, _RESOURCE = range(3)
_ROLES = {_ACTOR: "actor", _RESOURCE: "resource"}
_ORDER = "Pass actor, action and resource in this order."
_NOTHING = "so that a denial proves nothing"
#: Data; whoever passes it where rules want an object of the application has mistaken one for it.
_PLAIN = (bool, int, float, str, bytes, list, tuple, dict, set, frozenset)


def find_mistake(
    oso: Oso, actor: t.Any, action: t.Any, resource: t.Any, show: t.Callable[[t.Any], str] = repr
) -> str | None:
    """Say what is wrong with a question that was denied.

    :param show: gives a value as the message shows it.
    """
    return (
        _swapped_action(oso, (actor, action, resource), show)
        or _unknown_action(oso, action)
        or _swapped_objects(oso, actor, resource)
        or _unfit(oso, _ACTOR, actor, show)
        or _unfit(oso, _RESOURCE, resource, show)
        or _unfit_for_action(oso, actor, action, show)
    )


# -- actions ------------------------------------------------------------------------------


def _swapped_action(
    oso: Oso, question: tuple[t.Any, t.Any, t.Any], show: t.Callable[[t.Any], str]
) -> str | None:
    known = oso.known_actions()
    if known is None or _is_of(question[_ACTION], known):
        return None
    for position, role in _ROLES.items():
        if _is_of(question[position], known):
            return (
                f"The action is {show(question[_ACTION])}, and the {role} is"
                f" {question[position]!r}, which is an action of the policy. {_ORDER}"
            )
    return None


def _is_of(value: t.Any, known: frozenset[str]) -> bool:
    return type(value) is str and value in known


def _unknown_action(oso: Oso, action: t.Any) -> str | None:
    known = oso.known_actions()
    # Of others than strings nothing is known, and a subclass is an object to policies.
    if known is None or type(action) is not str or action in known:
        return None
    near = nearest(action, sorted(known))
    meant = f" Did you mean {near!r}?" if near else ""
    return f"No rule allows the action {action!r}, whoever asks, {_NOTHING}.{meant}"


# -- objects ------------------------------------------------------------------------------


def _swapped_objects(oso: Oso, actor: t.Any, resource: t.Any) -> str | None:
    actors, resources = _Fit(oso, actor), _Fit(oso, resource)
    is_right = actors.fits(_ACTOR) and resources.fits(_RESOURCE)
    if is_right or not (actors.is_wanted(_RESOURCE) and resources.is_wanted(_ACTOR)):
        return None
    return (
        f"The actor is of the class {type(actor).__name__!r} and the resource of"
        f" {type(resource).__name__!r}, and rules have them the other way round. {_ORDER}"
    )


def _unfit(oso: Oso, position: int, value: t.Any, show: t.Callable[[t.Any], str]) -> str | None:
    fit = _Fit(oso, value)
    if value is None or issubclass(type(value), type) or fit.fits(position):
        return None
    role, name = _ROLES[position], type(value).__name__
    if not fit.is_registered:
        return (
            f"The {role} is of the class {name!r}, which is not registered, and no rule can be"
            f" about it, {_NOTHING}. Call 'register_class({name})' before the policy loads."
        )
    wanted = sorted(fit.classes_of(position))
    return _no_object(role, value, wanted, show) if wanted and type(value) in _PLAIN else None


def _unfit_for_action(
    oso: Oso, actor: t.Any, action: t.Any, show: t.Callable[[t.Any], str]
) -> str | None:
    """Say that an actor is no object, where rules for everybody are about other actions only."""
    wanted = oso.expected_actors() if type(actor) in _PLAIN else ()
    if not wanted or _Fit(oso, actor).fits(_ACTOR, action):
        return None
    return _no_object(_ROLES[_ACTOR], actor, wanted, show)


def _no_object(
    role: str, value: t.Any, wanted: Iterable[str], show: t.Callable[[t.Any], str]
) -> str:
    return (
        f"The {role} {show(value)} is of the class {type(value).__name__!r}, and rules are about"
        f" objects of {', '.join(map(repr, wanted))}, {_NOTHING}. Pass the object itself."
    )


class _Fit:
    """Tells which places in ``allow`` rules a value fits by its class."""

    def __init__(self, oso: Oso, value: t.Any) -> None:
        self._engine = oso.engine
        self._classes = oso.host.classes
        self._value = value

    @property
    def is_registered(self) -> bool:
        """Whether the class, or one that it derives from, has a name in policies."""
        known = self._classes.values()
        return any(cls in known or has_instance_test(cls) for cls in type(self._value).__mro__[:-1])

    def fits(self, position: int, action: t.Any = None) -> bool:
        """Tell whether a rule may be about the value in this place.

        :param action: leaves out the rules that name another action.
        """
        asked = frozenset({("allow", position)})
        return any(
            self._fits_rule(rule, position, asked)
            for rule in self._rules("allow", 3)
            if action is None or not _is_for_other(rule, action)
        )

    def is_wanted(self, position: int) -> bool:
        """Tell whether a rule names the class of the value in this place."""
        return any(
            name in self._classes and self._is_instance(name) for name in self.classes_of(position)
        )

    def classes_of(self, position: int) -> set[str]:
        """Give the names of the classes that rules name in this place."""
        return set(self._classes_in("allow", 3, position, set()))

    def _fits_rules(
        self, name: str, arity: int, position: int, asked: frozenset[tuple[str, int]]
    ) -> bool:
        if (name, position) in asked:
            return True
        within = asked | {(name, position)}
        return any(self._fits_rule(rule, position, within) for rule in self._rules(name, arity))

    def _fits_rule(self, rule: Rule, position: int, asked: frozenset[tuple[str, int]]) -> bool:
        parameter = rule.parameters[position]
        return all(map(self._matches, _wanted(rule, parameter))) and all(
            self._fits_rules(call.name, len(call.args), at, asked)
            for call, at in _passed_on(rule, parameter)
        )

    def _classes_in(
        self, name: str, arity: int, position: int, asked: set[tuple[str, int]]
    ) -> Iterator[str]:
        if (name, position) in asked:
            return
        asked.add((name, position))
        for rule in self._rules(name, arity):
            parameter = rule.parameters[position]
            for wanted in _wanted(rule, parameter):
                if isinstance(wanted, Pattern) and wanted.tag is not None:
                    yield from members_of_tag(wanted.tag, self._engine)
            for call, at in _passed_on(rule, parameter):
                yield from self._classes_in(call.name, len(call.args), at, asked)

    def _rules(self, name: str, arity: int) -> Iterator[Rule]:
        for rule in self._engine.policy.rules.get(name, ()):
            if len(rule.parameters) == arity:
                yield rule

    def _matches(self, wanted: Term) -> bool:
        """Tell whether a value may match what a rule wants, as far as classes tell."""
        if isinstance(wanted, Value):
            return type(wanted.value) is type(self._value)
        if not isinstance(wanted, Pattern) or wanted.tag is None:
            return True
        return any(map(self._is_instance, members_of_tag(wanted.tag, self._engine)))

    def _is_instance(self, name: str) -> bool:
        cls = self._classes.get(name)
        # A class that is not registered is an error of its own when it is asked about.
        return cls is None or has_instance_test(cls) or issubclass(type(self._value), cls)


def _is_for_other(rule: Rule, action: t.Any) -> bool:
    named = rule.parameters[_ACTION].term
    return isinstance(named, Value) and named.value != action


def _wanted(rule: Rule, parameter: Parameter) -> Iterator[Term]:
    """Give what an argument has to match: the specializer, a literal, and each ``matches``."""
    if parameter.specializer is not None:
        yield parameter.specializer
    if not isinstance(parameter.term, Variable):
        yield parameter.term
        return
    for goal in conjuncts_in(rule.body):
        if is_operation(goal, Operator.ISA) and _is_same(goal.args[0], parameter.term):
            yield goal.args[1]


def _passed_on(rule: Rule, parameter: Parameter) -> Iterator[tuple[Call, int]]:
    """Give the calls that an argument is passed on to, and its place there."""
    for goal in conjuncts_in(rule.body):
        if isinstance(goal, Call):
            for at, term in enumerate(goal.args):
                if _is_same(term, parameter.term):
                    yield goal, at


def _is_same(term: Term, variable: Term) -> bool:
    both = isinstance(term, Variable) and isinstance(variable, Variable)
    return both and term.name == variable.name  # type: ignore[attr-defined]  # both are
