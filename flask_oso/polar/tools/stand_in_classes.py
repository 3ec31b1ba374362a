"""Stand-in classes for a policy whose application is not available.

In go the texts of a policy; out comes an engine in which each named class is a plain class with
annotations for all attributes that the policy reads. Such an engine shows how a policy is compiled.
Its answers mean nothing, and inline queries are not run, since they may need the real classes.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Sequence

from ..engine import Engine
from ..host.registry import RESERVED_NAMES, Host, make_host
from ..nodes import (
    Block,
    Call,
    InlineQuery,
    Operator,
    Parameter,
    Pattern,
    Rule,
    Stub,
    Term,
    Value,
    Variable,
)
from ..policy.legacy_roles import ROLE_RULE_NAMES
from ..policy.loader import load_policy
from ..policy.resource_blocks import is_global
from ..sources import Source
from ..spelling import FOREIGN_LITERALS, nearest
from ..syntax.parser import PolicyParser
from ..syntax.policy_test_nodes import Fact, Fixture, NamedStub, PolicyTest, Statement
from ..traversal import is_operation, terms_of, walk


class StandIns(t.NamedTuple):
    """An engine for a policy without its application."""

    engine: Engine
    warnings: tuple[str, ...]


def load_with_stand_ins(
    sources: Sequence[Source], more_classes: Iterable[str] = (), *, for_tests: bool = False
) -> StandIns:
    """Load a policy, with a plain class for each class that is not registered.

    :param more_classes: names of classes that the policy does not mention.
    :param for_tests: whether only the tests of the policy are run.
    :raises OsoError: if the policy cannot be loaded.
    """
    statements = [each for source in sources for each in PolicyParser(source).statements()]
    names = dict.fromkeys([*_class_names(statements), *more_classes])
    for name in _misspelt(statements) if for_tests else ():
        del names[name]
    attributes = dict.fromkeys(_attributes(statements), t.Any)
    host = make_host()
    for name in names:
        if name not in host.classes and name not in RESERVED_NAMES:
            host = _with_stand_in(host, name, attributes)
    terms = walk(term for each in statements for term in _terms(each))
    roles = any(isinstance(each, Call) and each.name in ROLE_RULE_NAMES for each in terms)
    loaded = load_policy(sources, host, ignore_missing_allow=True, roles=roles, for_tests=for_tests)
    return StandIns(Engine(loaded.policy, host), loaded.warnings)


def possible_class_names(term: Term) -> list[str]:
    """Give the names that may be classes in a term, such as the arguments of a call."""
    found = []
    for each in walk([term]):
        if isinstance(each, Pattern) and each.tag is not None:
            found.append(each.tag)
        elif isinstance(each, Stub):
            found.append(each.cls)
        elif isinstance(each, Variable) and _looks_like_a_class(each.name):
            found.append(each.name)
        elif is_operation(each, Operator.NEW):
            found += [part.name for part in each.args if isinstance(part, Call)]
    return found


def _with_stand_in(host: Host, name: str, attributes: dict[str, t.Any]) -> Host:
    body = {"__annotations__": attributes, "__module__": "policy"}
    return host.with_class(type(name.rpartition("::")[2], (), body), name, None)


def _looks_like_a_class(name: str) -> bool:
    """Tell a class or an Enum from a variable by its spelling."""
    return name[:1].isupper() and not name.isupper() and name not in FOREIGN_LITERALS


def _class_names(statements: Iterable[Statement]) -> Iterable[str]:
    for statement in statements:
        if isinstance(statement, Block):
            if not is_global(statement):
                yield statement.resource.text
            for declaration in statement.declarations:
                yield from (cls.text for _, cls in declaration.pairs)
        for term in _terms(statement):
            yield from possible_class_names(term)


def _misspelt(statements: Sequence[Statement]) -> list[str]:
    """Give the classes that only tests name, and that look like one that rules name."""
    tests = [each for each in statements if isinstance(each, PolicyTest | Fixture)]
    others = [each for each in statements if not isinstance(each, PolicyTest | Fixture)]
    known = {*_class_names(others)}
    alone = {*_class_names(tests)} - known
    return [name for name in alone if nearest(name, sorted(known)) is not None]


def _attributes(statements: Iterable[Statement]) -> Iterable[str]:
    for term in walk(term for each in statements for term in _terms(each)):
        if is_operation(term, Operator.DOT):
            key = term.args[1]
            if isinstance(key, Value) and isinstance(key.value, str):
                yield key.value
            elif isinstance(key, Call):
                yield key.name
        elif isinstance(term, Pattern | Stub):
            yield from (key for key, _ in term.fields or ())


def _terms(statement: Statement) -> list[Term]:
    if isinstance(statement, Block):
        return [each.further for each in statement.shorthands if each.further is not None]
    if isinstance(statement, InlineQuery):
        return [statement.query]
    if isinstance(statement, PolicyTest | Fixture):
        return [*_data(statement)]
    body = statement.body if isinstance(statement, Rule) else None
    return terms_of(statement.parameters, body)


def _data(test: PolicyTest | Fixture) -> Iterable[Term]:
    """Give the data of a test, and the classes that its questions name."""
    for item in test.setup:
        if isinstance(item, Fact):
            yield from item.args
        elif isinstance(item, NamedStub):
            yield item.stub
    for assertion in test.assertions if isinstance(test, PolicyTest) else ():
        for arg in assertion.args:
            term = arg.specializer if isinstance(arg, Parameter) else arg
            if term is not None:
                yield term
        yield from (values for _, values in assertion.bounds or ())
