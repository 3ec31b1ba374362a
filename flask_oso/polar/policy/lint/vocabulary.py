"""Undeclared roles, permissions and relations in rules, and relations the wrong way round.

In go the parsed written rules and the declarations of blocks; out come warnings. oso does not
warn about such a string, and its rule silently never applies. There is no warning for a class
without blocks.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterable, Iterator, Mapping

from ...host.registry import RESERVED_NAMES, Host
from ...nodes import Expression, List, Operator, Pattern, Rule, Term, Value, Variable, is_variable
from ...sources import located
from ...spelling import Guesses, with_article
from ...traversal import is_operation, is_text
from ..policy import calls_in
from ..resource_blocks import KIND_OF_RULE, DeclarationKind, Declarations, tag_of

#: The rules whose second argument is a declared name of the class of their third.
_KINDS = KIND_OF_RULE | {"allow": DeclarationKind.PERMISSION}


def warn_undeclared(
    mentions: Iterable[Mention], declarations: Declarations, host: Host
) -> list[str]:
    """Warn about roles, permissions and relations that no block declares."""
    if not declarations:
        return []
    vocabulary = _Vocabulary(declarations, host)
    mentions, guesses = [*mentions], Guesses()
    all_declarations = _AllDeclarations(mentions, declarations)
    warnings = (
        all_declarations.check(mention)
        if mention.class_name is None
        else _check_order(mention, declarations)
        or _check(mention, vocabulary.of(mention.class_name), guesses)
        for mention in mentions
    )
    return [warning for warning in warnings if warning is not None]


class Mention(t.NamedTuple):
    """A string that a rule uses as a role, permission or relation.

    :param string: ``None`` for any.
    :param class_name: ``None`` if the class is not known.
    :param in_head: whether it is in the head of the rule.
    :param subject: the class of the first argument of a call, if it is known.
    """

    kind: DeclarationKind
    string: Value | None
    class_name: str | None
    in_head: bool = False
    subject: str | None = None


def mentions_of(
    rule: Rule, comparisons: Iterable[Expression], class_of: Callable[[Term], str | None]
) -> Iterator[Mention]:
    """Give the strings of a parsed rule that name roles, permissions or relations.

    :param comparisons: those of its body.
    :param class_of: gives the name of the class of a term, if it is known.
    """
    if rule.name in _KINDS and len(rule.parameters) == 3:
        _, string, resource = rule.parameters
        literals = [string.term if isinstance(string.term, Value) else string.specializer]
        if isinstance(string.term, Variable) and not isinstance(literals[0], Value):
            literals = [*_compared_with(string.term.name, comparisons)] or [None]
        for literal in literals:
            known = literal if is_text(literal) else None
            if known is None and rule.name not in KIND_OF_RULE:
                continue
            yield Mention(_KINDS[rule.name], known, tag_of(resource), in_head=True)
    for call in calls_in(rule.body):
        if call.name not in _KINDS or len(call.args) != 3:
            continue
        subject, name, object_ = call.args
        if is_text(name):
            yield Mention(_KINDS[call.name], name, class_of(object_), subject=class_of(subject))


def _check_order(mention: Mention, declarations: Declarations) -> str | None:
    """Give a warning for a call of ``has_relation`` with the related object last.

    So has Oso Cloud. There is a warning only if the classes fit the other way round alone.
    """
    kind, string, related, _, resource = mention
    if kind is not DeclarationKind.RELATION or string is None or not related or not resource:
        return None
    if not _is_declared(declarations, resource, string, related):
        return None
    if _is_declared(declarations, related, string, resource):
        return None
    message = (
        f'Undeclared relation "{string.value}" for {related}. It is one of {resource}, and'
        f" has_relation has the related object first: {with_article(related)}"
    )
    return located(message, string.span)


def _is_declared(declarations: Declarations, resource: str, string: Value, related: str) -> bool:
    declared = declarations.get(resource, {}).get(str(string.value))
    return (
        declared is not None
        and declared.related is not None
        and (declared.related.text in (related, *RESERVED_NAMES))
    )


def _compared_with(name: str, comparisons: Iterable[Expression]) -> Iterator[Term]:
    """Give the strings that a variable is compared with: ``action in ["read", "edit"]``."""
    for goal in comparisons:
        left, right = goal.args
        if is_variable(left, name):
            others = right.items if isinstance(right, List) else (right,)
            yield from filter(is_text, others)


class _AllDeclarations:
    """The declarations of all classes, for rules whose class is not known.

    There is a warning only for a string that is similar to a declared one and in no head.
    """

    def __init__(self, mentions: Iterable[Mention], declarations: Declarations) -> None:
        self._declared: dict[DeclarationKind, dict[str, None]] = {}
        for of_class in declarations.values():
            for name, declared in of_class.items():
                self._declared.setdefault(declared.kind, {})[name] = None
        self._nearest: dict[tuple[DeclarationKind, str], str | None] = {}
        self._guesses = Guesses()
        heads = [each for each in mentions if each.in_head]
        self._given = {(each.kind, each.string.value) for each in heads if each.string is not None}
        decided = {
            (declared.kind, name)
            for name, of_class in declarations.items()
            for declared in of_class.values()
        } | {(kind, name) for kind in DeclarationKind for name in RESERVED_NAMES}
        # Kinds of which a rule for a class that declares none has any string in its head.
        self._any = {
            each.kind
            for each in heads
            if each.string is None and (each.kind, each.class_name) not in decided
        }

    def _meant(self, kind: DeclarationKind, string: str) -> str | None:
        if (kind, string) not in self._nearest:
            known = self._declared.get(kind, ())
            self._nearest[kind, string] = self._guesses.nearest(string, known)
        return self._nearest[kind, string]

    def check(self, mention: Mention) -> str | None:
        """Give a warning for a string that no block declares."""
        kind, string = mention.kind, mention.string
        known = self._declared.get(kind, {})
        if string is None or string.value in known or mention.in_head or kind in self._any:
            return None
        if (kind, string.value) in self._given:
            return None
        meant = self._meant(kind, str(string.value))
        if meant is None:
            return None
        message = f'No block declares a {kind.value} "{string.value}", did you mean "{meant}"?'
        return located(message, string.span)


def classes_of_variables(rule: Rule, *, has_matches: bool = True) -> Mapping[str, str]:
    """Give the classes of variables that specializers or top-level ``matches`` goals require.

    :param has_matches: ``False`` if the body is known to contain no ``matches``.
    """
    found = [(parameter.term, parameter.specializer) for parameter in rule.parameters]
    # From the last one to the first, which counts.
    goals = [rule.body] if has_matches else []
    while goals:
        goal = goals.pop()
        if isinstance(goal, Expression) and goal.operator is Operator.AND:
            goals += goal.args
        elif is_operation(goal, Operator.ISA):
            found.append((goal.args[0], goal.args[1]))
    return {
        term.name: pattern.tag
        for term, pattern in found
        if isinstance(term, Variable) and isinstance(pattern, Pattern) and pattern.tag is not None
    }


def _check(mention: Mention, known: Mapping[str, DeclarationKind], guesses: Guesses) -> str | None:
    if mention.string is None:
        return None
    string, kind = mention.string.value, mention.kind
    of_kind = [name for name in known if known[name] is kind]
    if not of_kind or string in of_kind:
        return None
    message = f'Undeclared {kind.value} "{string}" for {mention.class_name}'
    if string in known:
        message += f", which is declared as a {known[str(string)].value}"
    elif (meant := guesses.nearest(str(string), of_kind)) is not None:
        message += f', did you mean "{meant}"?'
    return located(message, mention.string.span)


class _Vocabulary:
    """The declarations that may hold for instances of a class, cached by class."""

    def __init__(self, declarations: Declarations, host: Host) -> None:
        self._declarations = declarations
        self._host = host
        self._known: dict[str, Mapping[str, DeclarationKind]] = {}
        self._order = {name: number for number, name in enumerate(declarations)}
        # Names of classes with blocks, by the class; and by each of its base classes.
        self._same: dict[type, list[str]] = {}
        self._below: dict[type, list[str]] = {}
        for name in declarations:
            cls = host.classes.get(name)
            if cls is not None:
                self._same.setdefault(cls, []).append(name)
                for each in cls.__mro__:
                    self._below.setdefault(each, []).append(name)

    def of(self, class_name: str) -> Mapping[str, DeclarationKind]:
        """Give the declared names with their kinds; none for an unregistered class."""
        if class_name not in self._known:
            self._known[class_name] = {
                name: declared.kind
                for relative in self._relatives(class_name)
                for name, declared in self._declarations[relative].items()
            }
        return self._known[class_name]

    def _relatives(self, class_name: str) -> list[str]:
        """Give the classes with blocks whose declarations may hold, in source order."""
        if class_name in RESERVED_NAMES:
            return [name for name in self._declarations if name in self._host.classes]
        cls = self._host.classes.get(class_name)
        if cls is None:
            return []
        found = set(self._below.get(cls, ()))
        for each in cls.__mro__:
            found.update(self._same.get(each, ()))
        return sorted(found, key=self._order.__getitem__)
