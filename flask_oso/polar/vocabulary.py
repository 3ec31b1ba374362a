"""Strings in rules that the blocks of a policy do not declare: most are misspelt.

In go the hand-written rules and what blocks declare; out come warnings. oso says
nothing about such a string, and the rule that has it silently never applies. Where
blocks do not decide what a class knows, nothing is said here either.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Iterator, Mapping

from .host import RESERVED_NAMES, Host
from .nodes import Expression, Operator, Pattern, Rule, Term, Value, Variable
from .policy import calls_in
from .resource_blocks import Declarations, Kind
from .sources import located
from .spelling import nearest

#: The rules whose second argument is a declared string about their third.
_KINDS = {kind.rule_name: kind for kind in Kind} | {"allow": Kind.PERMISSION}


def warn_undeclared(rules: Iterable[Rule], declarations: Declarations, host: Host) -> list[str]:
    """Warn about roles, permissions and relations that no block declares."""
    if not declarations:
        return []
    vocabulary = _Vocabulary(declarations, host)
    return [
        warning
        for rule in rules
        for mention in _mentions(rule)
        if (warning := _check(mention, vocabulary.of(mention.class_name))) is not None
    ]


class _Mention(t.NamedTuple):
    """A string that a rule uses as something that a class has."""

    kind: Kind
    string: Value
    class_name: str


def _mentions(rule: Rule) -> Iterator[_Mention]:
    if rule.name in _KINDS and len(rule.parameters) == 3:
        _, string, resource = rule.parameters
        literal = string.term if isinstance(string.term, Value) else string.specializer
        yield from _mention(rule.name, literal, _tag(resource.specializer))
    classes = classes_of_variables(rule)
    for call in calls_in(rule.body):
        if call.name in _KINDS and len(call.args) == 3:
            about = call.args[2]
            known = classes.get(about.name) if isinstance(about, Variable) else None
            yield from _mention(call.name, call.args[1], known)


def _mention(rule_name: str, string: Term | None, class_name: str | None) -> Iterator[_Mention]:
    if class_name is not None and isinstance(string, Value) and isinstance(string.value, str):
        yield _Mention(_KINDS[rule_name], string, class_name)


def _tag(specializer: Term | None) -> str | None:
    return specializer.tag if isinstance(specializer, Pattern) else None


def classes_of_variables(rule: Rule, *, has_matches: bool = True) -> Mapping[str, str]:
    """Give the classes that the head, or a ``matches`` on the way, asks of variables.

    :param has_matches: whether there is a ``matches`` anywhere, as far as is known.
    """
    found = [(parameter.term, parameter.specializer) for parameter in rule.parameters]
    if has_matches:
        found += [
            (goal.args[0], goal.args[1])
            for goal in _conjuncts(rule.body)
            if isinstance(goal, Expression) and goal.operator is Operator.ISA
        ]
    return {
        term.name: pattern.tag
        for term, pattern in found
        if isinstance(term, Variable) and isinstance(pattern, Pattern) and pattern.tag is not None
    }


def _conjuncts(body: Term | None) -> Iterator[Term]:
    stack = [] if body is None else [body]
    while stack:
        goal = stack.pop()
        if isinstance(goal, Expression) and goal.operator is Operator.AND:
            stack.extend(goal.args)
        else:
            yield goal


def _check(mention: _Mention, known: Mapping[str, Kind]) -> str | None:
    string, kind = mention.string.value, mention.kind
    of_kind = [name for name in known if known[name] is kind]
    if not of_kind or string in of_kind:
        return None
    message = f'Undeclared {kind.value} "{string}" for {mention.class_name}'
    if string in known:
        message += f", which is declared as a {known[str(string)].value}"
    elif (meant := nearest(str(string), of_kind)) is not None:
        message += f', did you mean "{meant}"?'
    return located(message, mention.string.span)


class _Vocabulary:
    """What blocks declare that may hold for instances of a class, of each class once."""

    def __init__(self, declarations: Declarations, host: Host) -> None:
        self._declarations = declarations
        self._host = host
        self._known: dict[str, Mapping[str, Kind]] = {}
        self._order = {name: number for number, name in enumerate(declarations)}
        # The classes with blocks that are a class; and those that are it, or derive from it.
        self._same: dict[type, list[str]] = {}
        self._below: dict[type, list[str]] = {}
        for name in declarations:
            cls = host.classes.get(name)
            if cls is not None:
                self._same.setdefault(cls, []).append(name)
                for each in cls.__mro__:
                    self._below.setdefault(each, []).append(name)

    def of(self, class_name: str) -> Mapping[str, Kind]:
        """Give the strings with their kinds; nothing for a class that is not registered."""
        if class_name not in self._known:
            self._known[class_name] = {
                name: declared.kind
                for relative in self._relatives(class_name)
                for name, declared in self._declarations[relative].items()
            }
        return self._known[class_name]

    def _relatives(self, class_name: str) -> list[str]:
        """Give the classes with blocks whose declarations may hold, in the order of the text."""
        if class_name in RESERVED_NAMES:
            return [name for name in self._declarations if name in self._host.classes]
        cls = self._host.classes.get(class_name)
        if cls is None:
            return []
        found = set(self._below.get(cls, ()))
        for each in cls.__mro__:
            found.update(self._same.get(each, ()))
        return sorted(found, key=self._order.__getitem__)
