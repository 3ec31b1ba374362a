"""Declared roles that nobody can have, and roles that imply each other in a cycle.

In go the rules of a policy, those of blocks included, and the declarations; out come warnings.
oso warns of neither: nobody ever has such a role, or a question about it recurses until a limit
ends it.
"""

from __future__ import annotations

import functools
import itertools
import operator
import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ...host.class_facts import may_be_subclass
from ...host.registry import RESERVED_NAMES, Host
from ...nodes import (
    Block,
    Call,
    Operator,
    Parameter,
    Rule,
    Value,
    Variable,
    is_variable,
)
from ...sources import Span, located
from ...traversal import is_operation
from ..policy import Policy
from ..resource_blocks import (
    GLOBAL,
    KIND_OF_RULE,
    DeclarationKind,
    Declarations,
    places_of_conditions,
    tag_of,
)


class _Held(t.NamedTuple):
    """A role or a permission of a class."""

    class_name: str
    kind: DeclarationKind
    name: str


# -- roles that no rule grants -----------------------------------------------------------


def warn_ungranted(
    rules: Iterable[Rule], policy: Policy, declarations: Declarations, host: Host
) -> list[str]:
    """Warn about declared roles that no rule grants.

    :param rules: the written rules.
    """
    roles = [each for each in _declared(declarations, host) if each.kind is DeclarationKind.ROLE]
    if not roles:
        return []
    granted = _granted(rules, policy.blocks, declarations, host)
    missing: dict[str, list[str]] = {}
    for each in roles:
        if each not in granted:
            missing.setdefault(each.class_name, []).append(each.name)
    actor = policy.actors[0] if policy.actors else "Actor"
    return [_ungranted(name, roles, declarations, actor) for name, roles in missing.items()]


def _ungranted(
    class_name: str, roles: Sequence[str], declarations: Declarations, actor: str
) -> str:
    *others, last = (f'"{role}"' for role in roles)
    noun = f"roles {', '.join(others)} and {last}" if others else f"role {last}"
    message = f"No rule gives anybody the {noun} of {class_name}"
    span = declarations[class_name][roles[0]].name.span
    head = f"has_role(user: {actor}, {last}, {_variable(class_name)}: {class_name})"
    return located(message, span) + f"Write a rule: `{head} if …;`\n"


def _variable(class_name: str) -> str:
    name = class_name.rpartition("::")[2].lower()
    return name if name != class_name else f"{name}_instance"


def _declared(declarations: Declarations, host: Host) -> Iterator[_Held]:
    for class_name, declared in declarations.items():
        if class_name in host.classes:
            for name, each in declared.items():
                yield _Held(class_name, each.kind, name)


def _granted(
    rules: Iterable[Rule], blocks: Sequence[Block], declarations: Declarations, host: Host
) -> set[_Held]:
    """Give what rules may grant, directly or through shorthand rules."""
    heads = _Heads(rules, host)
    granted = {each for each in _declared(declarations, host) if heads.may_give(each)}
    granted |= {*_granted_alone(blocks, declarations)}
    leads_to: dict[_Held, list[_Held]] = {}
    for condition, head in _implications(blocks, declarations):
        leads_to.setdefault(condition, []).append(head)
    waiting = list(granted)
    while waiting:
        for head in leads_to.get(waiting.pop(), ()):
            if head not in granted:
                granted.add(head)
                waiting.append(head)
    return granted


def _implications(
    blocks: Sequence[Block], declarations: Declarations
) -> Iterator[tuple[_Held, _Held]]:
    """Give the condition and the head of each shorthand rule."""
    for name, shorthand, place in places_of_conditions(blocks, declarations):
        head = declarations[name].get(shorthand.head.text)
        if place is None or shorthand.condition is None or head is None:
            continue
        condition = declarations.get(place, {}).get(shorthand.condition.text)
        if condition is not None:
            yield (
                _Held(place, condition.kind, shorthand.condition.text),
                _Held(name, head.kind, shorthand.head.text),
            )


def _granted_alone(blocks: Sequence[Block], declarations: Declarations) -> Iterator[_Held]:
    """Give the heads of shorthand rules that need nothing of this kind: rules, or global roles."""
    for name, shorthand, place in places_of_conditions(blocks, declarations):
        head = declarations[name].get(shorthand.head.text)
        if place is None and shorthand.relation is None and head is not None:
            yield _Held(name, head.kind, shorthand.head.text)


class _Heads:
    """What the heads of written rules may grant."""

    def __init__(self, rules: Iterable[Rule], host: Host) -> None:
        self._host = host
        # Class names by kind and string; None stands for any class or any string.
        self._classes: dict[tuple[DeclarationKind, str | None], set[str | None]] = {}
        for rule in rules:
            if rule.name in KIND_OF_RULE and len(rule.parameters) == 3:
                _, string, resource = rule.parameters
                key = KIND_OF_RULE[rule.name], _string(string)
                self._classes.setdefault(key, set()).add(tag_of(resource))

    def may_give(self, held: _Held) -> bool:
        """Tell whether the head of a rule matches it, whatever the body."""
        found = [self._classes.get((held.kind, name), set()) for name in (held.name, None)]
        # Most have rules about the class itself: to look at all classes for each takes long.
        if any(held.class_name in tags for tags in found):
            return True
        return any(self._fits(tag, held.class_name) for tags in found for tag in tags)

    def _fits(self, tag: str | None, class_name: str) -> bool:
        if tag is None or tag in RESERVED_NAMES or tag not in self._host.classes:
            return True
        wanted, cls = self._host.classes[tag], self._host.classes[class_name]
        # The classes may be related either way.
        return may_be_subclass(cls, wanted) or may_be_subclass(wanted, cls)


def _string(parameter: Parameter) -> str | None:
    for literal in (parameter.term, parameter.specializer):
        if isinstance(literal, Value) and isinstance(literal.value, str):
            return literal.value
    return None


# -- roles that imply themselves ---------------------------------------------------------


def warn_circular(rules: Iterable[Rule]) -> list[str]:
    """Warn about roles and permissions that imply each other in a cycle.

    A cycle through a relation, such as that to a parent, is fine.
    """
    edges: dict[_Held, dict[_Held, Span | None]] = {}
    for rule in rules:
        edge = _edge(rule)
        if edge is not None:
            edges.setdefault(edge[0], {}).setdefault(edge[1], rule.span)
    return [_circular(circle, edges) for circle in _circles(edges)]


def _edge(rule: Rule) -> tuple[_Held, _Held] | None:
    """Give what a rule grants, and what its first goal requires of the same two variables."""
    goal = _first(rule)
    if rule.name not in KIND_OF_RULE or not isinstance(goal, Call) or goal.name not in KIND_OF_RULE:
        return None
    if len(rule.parameters) == len(goal.args) == 2:
        return _global_edge(rule, goal)
    if len(rule.parameters) != 3 or len(goal.args) != 3:
        return None
    (subject, string, resource), (asker, asked, about) = rule.parameters, goal.args
    same = _is_same(subject.term, asker) and _is_same(resource.term, about)
    name, tag = _string(string), tag_of(resource)
    if not same or name is None or tag is None or not isinstance(asked, Value):
        return None
    return _Held(tag, KIND_OF_RULE[rule.name], name), _Held(
        tag, KIND_OF_RULE[goal.name], str(asked.value)
    )


def _global_edge(rule: Rule, goal: Call) -> tuple[_Held, _Held] | None:
    """Give what a rule about nothing but an actor grants, and what it requires."""
    (subject, string), (asker, asked) = rule.parameters, goal.args
    name = _string(string)
    if not _is_same(subject.term, asker) or name is None or not isinstance(asked, Value):
        return None
    granted = _Held(GLOBAL, KIND_OF_RULE[rule.name], name)
    return granted, _Held(GLOBAL, KIND_OF_RULE[goal.name], str(asked.value))


def _first(rule: Rule) -> t.Any:
    goal: t.Any = rule.body
    while is_operation(goal, Operator.AND):
        goal = goal.args[0]
    return goal


def _is_same(left: t.Any, right: t.Any) -> bool:
    return isinstance(left, Variable) and is_variable(right, left.name)


def _circles(edges: Mapping[_Held, Mapping[_Held, t.Any]]) -> Iterator[list[_Held]]:
    """Give cycles, each node in at most one of them, by depth-first search."""
    done: set[_Held] = set()
    for start in edges:
        # The current path, with the remaining edges of each node on it.
        way = {start: iter(edges[start])} if start not in done else {}
        while way:
            here = next(reversed(way))
            step = next(way[here], None)
            if step is None:
                del way[here]
                done.add(here)
            elif step in way:
                if done.isdisjoint((here, step)):
                    circle = [*itertools.dropwhile(functools.partial(operator.ne, step), way)]
                    if done.isdisjoint(circle):
                        yield circle
                        done.update(circle)
                    # Each cycle is reported once, since a check costs the length of the path.
                    done.add(here)
            elif step not in done and step in edges:
                way[step] = iter(edges[step])


def _circular(circle: Sequence[_Held], edges: Mapping[_Held, Mapping[_Held, Span | None]]) -> str:
    steps = [*zip(circle, [*circle[1:], circle[0]], strict=True)]
    spans = [edges[each][step] for each, step in steps]
    first = min(range(len(steps)), key=lambda at: _start(spans[at]))
    steps = [*steps[first:], *steps[:first]]
    rules = ", ".join(f'"{each.name}" if "{step.name}"' for each, step in steps)
    kinds = " and ".join(dict.fromkeys(f"{each.kind.value}s" for each, _ in steps))
    message = f"Circular {kinds} of {circle[0].class_name}: {rules}"
    return located(message, spans[first]) + (
        "A question that comes to them and has no other answer is an error. Remove one of them.\n"
    )


def _start(span: Span | None) -> int:
    return 0 if span is None else span.start
