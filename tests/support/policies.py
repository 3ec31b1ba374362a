"""Policies, alone, in an engine and in an Oso: hosts with classes, loads, parsed texts.

A test of a room of ``flask_oso/polar`` takes from here what the other rooms make.
"""

from __future__ import annotations

import typing as t

import pytest

from flask_oso import Oso
from flask_oso.polar.engine import Engine
from flask_oso.polar.exceptions import OsoError
from flask_oso.polar.host.conversion import result_to_term, to_term
from flask_oso.polar.host.registry import Host
from flask_oso.polar.host.registry import make_host as make_bare_host
from flask_oso.polar.nodes import Rule, Term
from flask_oso.polar.policy.loader import load_policy
from flask_oso.polar.policy.policy import LoadResult, Policy
from flask_oso.polar.printer import rule_to_polar, rule_type_to_polar
from flask_oso.polar.sources import Source
from flask_oso.polar.syntax.desugar import rewrite_query, rewrite_rule
from flask_oso.polar.syntax.parser import ParseResult, parse_policy, parse_query

__all__ = [
    "Engine",
    "Host",
    "LoadResult",
    "Policy",
    "goal_of",
    "load",
    "make_engine",
    "make_host",
    "make_oso",
    "parse",
    "problems_of",
    "result_to_term",
    "rules_of",
    "show_statement",
    "term_of",
    "to_term",
    "warnings_of",
]


def make_host(*classes: type, **constants: t.Any) -> Host:
    """Make a host that knows some classes under their own names, and some constants."""
    host = make_bare_host()
    for cls in classes:
        host = host.with_class(cls, None, None)
    for name, value in constants.items():
        host = host.with_constant(value, name)
    return host


def load(
    *texts: str | Source, host: Host | None = None, base: Policy | None = None, **options: t.Any
) -> LoadResult:
    """Load texts together as one policy.

    :param host: what is registered; the built-in classes by default.
    :param options: those of ``load_policy``.
    """
    sources = [text if isinstance(text, Source) else Source(text) for text in texts]
    return load_policy(sources, host or make_host(), base or Policy(), **options)


def problems_of(*texts: str | Source, host: Host | None = None) -> list[str]:
    """Load texts that are wrong together, and give all that is wrong with them."""
    with pytest.raises(OsoError) as caught:
        load(*texts, host=host)
    return [str(problem) for problem in caught.value.problems]


def warnings_of(*texts: str | Source, host: Host | None = None) -> list[str]:
    """Load texts together, and give the warnings but that about a missing ``allow``."""
    return list(load(*texts, host=host, ignore_missing_allow=True).warnings)


def make_engine(policy: str = "", host: Host | None = None) -> Engine:
    """Make the engine of a text."""
    host = host or make_host()
    return Engine(load(policy, host=host).policy, host)


def make_oso(policy: str, *classes: type, **options: t.Any) -> Oso:
    """Make an Oso with a policy about some classes.

    :param options: those of ``Oso``.
    """
    oso = Oso(**options)
    for cls in classes:
        oso.register_class(cls)
    oso.load_str(policy)
    return oso


def parse(text: str) -> ParseResult:
    """Parse a policy: its statements, and the problems that it has."""
    return parse_policy(Source(text))


def rules_of(text: str) -> list[Rule]:
    """Give the rules of a text as evaluation takes them, desugared."""
    return [rewrite_rule(t.cast(Rule, statement)) for statement in parse(text).statements]


def term_of(text: str) -> Term:
    """Give the term of a query as it is parsed."""
    return parse_query(Source(text))


def goal_of(text: str) -> Term:
    """Give the term of a query as evaluation takes it, desugared."""
    return rewrite_query(term_of(text))


def show_statement(statement: t.Any) -> str:
    """Write a rule or a rule type as it would stand in a policy."""
    if isinstance(statement, Rule):
        return rule_to_polar(statement)
    return rule_type_to_polar(statement)
