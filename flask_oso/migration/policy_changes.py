"""What means something else in a policy: errors under negations, methods of HTTP, private names."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterator

import flask

from ..polar.host.sandbox import is_harmless, is_openable
from ..polar.limits import Limits
from ..polar.nodes import Call, Expression, Operator, Pattern, Rule, Term, Value, is_variable
from ..polar.printer import to_polar
from ..polar.sources import Span
from ..polar.syntax.parser import parse_policy
from ..polar.tools.policy_check import Severity, finding
from ..polar.traversal import is_operation, terms_of, walk
from .findings import Code, Finding
from .program_files import PolicyText
from .resource_classes import PlacedRule

_EQUATIONS = frozenset({Operator.UNIFY, Operator.EQ, Operator.NEQ})
_NEGATIONS = frozenset({Operator.NOT, Operator.FORALL})
_METHODS = {
    "HEAD": "'HEAD' counts as 'GET': no rule is asked about it by itself.",
    "OPTIONS": "Flask answers 'OPTIONS' without a view, and no rule is asked about it.",
}
#: Classes whose attributes policies may read without any class of the program.
_KNOWN = (str, list, dict, datetime.datetime, datetime.timedelta, flask.Request)
#: Attributes that libraries give the classes of programs.
_GIVEN = {"id", "pk", "groups", "username"} | {
    *("is_active", "is_anonymous", "is_authenticated", "is_staff", "is_superuser"),
    # Requests have these from their constructors.
    *("method", "path", "headers", "remote_addr", "scheme", "query_string"),
}


def parse_rules(text: PolicyText) -> tuple[list[Rule], list[Finding]]:
    """Give the rules of a policy, and what of it is none."""
    parsed = parse_policy(text.source, Limits().nesting)
    rules = [each for each in parsed.statements if isinstance(each, Rule)]
    return rules, [_not_polar(text, str(each)) for each in parsed.problems]


def _not_polar(text: PolicyText, message: str) -> Finding:
    place = finding(Severity.ERROR, message)
    first = message.splitlines()[0].removesuffix(":")
    line = text.line + (place.line or 1) - 1
    message = f"This is not Polar, and does not load: {first}."
    return Finding(text.path, line, Code.NOT_POLAR, message)


def check_policy_text(
    text: PolicyText, attributes: Collection[str], opened: Collection[str] = ()
) -> tuple[list[PlacedRule], list[Finding]]:
    """Find what a policy has to change; give its rules besides.

    :param attributes: the names of attributes that classes of the program have.
    :param opened: the private names that the program opens for policies.
    """
    rules, findings = parse_rules(text)
    for rule in rules:
        found = [*_negations(rule, attributes), *_methods(rule), *_private_names(rule, opened)]
        for term, code, message in found:
            findings.append(Finding(text.path, _line(text, term, rule), code, message))
    return [PlacedRule(each, text.path, _line(text, each, each)) for each in rules], findings


_Found = tuple[Term, Code, str]


def _negations(rule: Rule, attributes: Collection[str]) -> Iterator[_Found]:
    """Find reads under negations that may fail: oso let the negation hold then."""
    seen: set[str] = set()
    compared = _compared_with_nil(rule)
    for negation in walk(terms_of(rule.parameters, rule.body)):
        if not isinstance(negation, Expression) or negation.operator not in _NEGATIONS:
            continue
        word = "not" if negation.operator is Operator.NOT else "forall"
        for read in walk(negation.args):
            name = _name_read(read)
            if name is None or name in seen or not isinstance(read, Expression):
                continue
            owner = read.args[0]
            if not _is_known(name, attributes):
                seen.add(name)
                yield (
                    read,
                    Code.ERROR_UNDER_NOT,
                    f"'{word}' reads '{name}', which no class here has. With oso the negation held"
                    " for what is missing; here it is an error. Correct the name, or give each"
                    " object the attribute.",
                )
            elif _name_read(owner) is not None and not _is_before(compared.get(owner), read):
                seen.add(name)
                shown = to_polar(owner)
                yield (
                    read,
                    Code.ERROR_UNDER_NOT,
                    f"'{word}' reads '{name}' of '{shown}', which may be nil. With oso the"
                    f" negation held then; here it is an error. Compare '{shown}' with nil before.",
                )


def _compared_with_nil(rule: Rule) -> dict[Term, Span | None]:
    """Give what a rule compares with nil, and where it does so first."""
    compared: dict[Term, Span | None] = {}
    for term in walk(terms_of(rule.parameters, rule.body)):
        if not isinstance(term, Expression) or term.operator not in _EQUATIONS:
            continue
        if any(is_variable(each, "nil") for each in term.args):
            for side in term.args:
                compared.setdefault(side, term.span)
    return compared


def _is_before(comparison: Span | None, read: Term) -> bool:
    if comparison is None or read.span is None:
        return False
    return comparison.start < read.span.start


def _is_known(name: str, attributes: Collection[str]) -> bool:
    if name.startswith("_") or name in _GIVEN or name.endswith(("_id", "_set")):
        return True
    return name in attributes or any(hasattr(each, name) for each in _KNOWN)


def _methods(rule: Rule) -> Iterator[_Found]:
    for term in walk(terms_of(rule.parameters, rule.body)):
        if isinstance(term, Value) and term.value in _METHODS:
            yield term, Code.METHOD, _METHODS[str(term.value)]


def _private_names(rule: Rule, opened: Collection[str]) -> Iterator[_Found]:
    for term in walk(terms_of(rule.parameters, rule.body)):
        names = [_name_read(term)]
        if isinstance(term, Pattern):
            names = [name for name, _ in term.fields]
        for name in names:
            if name is None or not name.startswith("_") or is_harmless(name):
                continue
            if name not in opened or not is_openable(name):
                yield term, Code.PRIVATE_NAME, _private(name)


def _private(name: str) -> str:
    if is_openable(name):
        return (
            f"'{name}' begins with an underscore and is refused. Open it with"
            f" 'register_class(…, private=[\"{name}\"])', or give the class a public name for it."
        )
    return (
        f"'{name}' is a name of Python itself and is refused. Give the class a method or a property"
        " that answers the question."
    )


def _name_read(term: Term) -> str | None:
    """Give the name of the attribute or method that a term reads."""
    if not is_operation(term, Operator.DOT):
        return None
    key = term.args[1]
    if isinstance(key, Call):
        return key.name
    return key.value if isinstance(key, Value) and isinstance(key.value, str) else None


def _line(text: PolicyText, term: Term | Rule, rule: Rule) -> int:
    span = term.span or rule.span
    return text.line + (0 if span is None else span.line - 1)
