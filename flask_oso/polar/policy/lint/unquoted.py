"""Variables that are meant as strings, or as literals of another language.

In goes a parsed rule; out come remedies and warnings. An unbound variable equals anything, so
renaming it to ``_name``, the remedy for an unused variable, would allow what the rule is meant to
compare.
"""

from __future__ import annotations

import collections
from collections.abc import Iterator, Mapping

from ...host.registry import Host
from ...nodes import Call, Expression, List, Operator, Parameter, Rule, Term, Variable, parts
from ...sources import located
from ...spelling import FOREIGN_LITERALS, Guesses, registration_help
from ...traversal import is_operation, is_text
from ...value_objects import Record
from .inventory import Inventory, in_text_order

#: The meaning of string parameters, by rule name, number of parameters and position.
_STRINGS: Mapping[tuple[str, int], Mapping[int, str]] = {
    ("allow", 3): {1: "action"},
    ("allow_field", 4): {1: "action", 3: "field"},
    ("denial_reason", 4): {1: "action", 3: "text"},
    ("denial_reason", 5): {1: "action", 3: "text", 4: "code"},
    ("has_permission", 3): {1: "permission"},
    ("has_relation", 3): {1: "relation"},
    ("has_role", 3): {1: "role"},
}
#: Names, or last words of names, of variables that are meant to be any string.
_ANY = frozenset((
    "action", "actions", "act", "any", "anything", "field", "fields", "method", "name",
    "operation", "op", "perm", "permission", "privilege", "relation", "relationship", "right",
    "role", "string", "verb", "what", "which",
))  # fmt: skip
#: Modules of Python, and the classes of Polar that are meant.
_MODULES = {"datetime": "Datetime", "timedelta": "Timedelta"}
#: A variable without a value has no attributes, whatever it is called.
_NO_VALUE = (
    "Write {meant}the name of a parameter, or register what it stands for before the policy is"
    ' loaded: register_constant({name}, "{name}").\n'
)
_SHORTEST = 3
_COMPARING = frozenset({Operator.UNIFY, Operator.EQ, Operator.NEQ, Operator.IN})


class Remedy(Record):
    """The help for a variable that occurs once.

    :param may_rename: whether renaming it to ``_name`` is also a remedy.
    :param in_head: whether it is a parameter, so that no constant is meant.
    """

    help: str
    may_rename: bool = False
    in_head: bool = False


NO_REMEDY = Remedy("", may_rename=True)


def remedies(rule: Rule, inventory: Inventory) -> dict[int, Remedy]:
    """Give the remedies for variables, by the identity of the node.

    They are for string parameters, compared variables, and variables that are meant as a class.
    """
    found: dict[int, Remedy] = {}
    guesses = Guesses()
    for variable, meaning in _in_head(rule):
        text = f'Write `"{variable.name}"` with quotes; for any {meaning} write `_`.\n'
        found[id(variable)] = Remedy(text, in_head=True)
    for variable, may_be_bound in _compared(rule):
        text = f'Write `"{variable.name}"` with quotes for a string'
        if may_be_bound:
            found.setdefault(id(variable), Remedy(f"{text}.\n", may_rename=True))
            continue
        text += f", or {_meant_parameter(rule, variable.name, guesses)}the name of a parameter"
        if len(variable.name) > 1 and variable.name.isupper():
            text += "; a constant is registered before the policy is loaded"
        found[id(variable)] = Remedy(f"{text}. A variable without a value equals anything.\n")
    for variable in _in_fact(rule):
        text = f'Write `"{variable.name}"` with quotes for a string.\n'
        found.setdefault(id(variable), Remedy(text, may_rename=True))
    for lookup in inventory.lookups:
        owner = lookup.args[0]
        if isinstance(owner, Variable) and owner.name[:1].isupper():
            found[id(owner)] = Remedy(registration_help(owner.name))
        elif isinstance(owner, Variable) and owner.name in _MODULES:
            found[id(owner)] = Remedy(f"Write `{_MODULES[owner.name]}`, the class.\n")
        elif isinstance(owner, Variable):
            meant = _meant_parameter(rule, owner.name, guesses)
            text = _NO_VALUE.format(meant=meant, name=owner.name)
            found.setdefault(id(owner), Remedy(text, may_rename=True))
    return found


def _in_fact(rule: Rule) -> Iterator[Variable]:
    """Give the parameters of a fact that has strings, too."""
    terms = [each.term for each in rule.parameters if each.specializer is None]
    if rule.body is None and any(is_text(each) for each in terms):
        yield from (each for each in terms if isinstance(each, Variable))


def _meant_parameter(rule: Rule, name: str, guesses: Guesses) -> str:
    """Give the parameter that has nearly this name, quoted for a help; empty if there is none."""
    terms = [each.term for each in rule.parameters]
    # `_` has a name with a number by now.
    named = [each.name for each in terms if isinstance(each, Variable) and each.name[-1].isalpha()]
    near = None if name in named else guesses.nearest(name, named)
    return f"`{near}`, " if near else ""


def _in_head(rule: Rule) -> Iterator[tuple[Variable, str]]:
    for parameter, meaning in string_parameters(rule):
        term = parameter.term
        if isinstance(term, Variable) and not _means_any(term.name):
            yield term, meaning


def string_parameters(rule: Rule) -> Iterator[tuple[Parameter, str]]:
    """Give the parameters of a rule that are strings, and what they mean."""
    meanings = _STRINGS.get((rule.name, len(rule.parameters)), {})
    return ((rule.parameters[at], meaning) for at, meaning in meanings.items())


def _means_any(name: str) -> bool:
    last = name.rstrip("_0123456789").rpartition("_")[2]
    return len(name) < _SHORTEST or last.lower() in _ANY


def _compared(rule: Rule) -> Iterator[tuple[Variable, bool]]:
    """Give the variables of a body that are compared or are string arguments of a rule call.

    With each: whether it may be meant to be bound, as the left operand of an ``in``.
    """
    stack = [] if rule.body is None else [rule.body]
    while stack:
        term = stack.pop()
        stack += parts(term)
        is_in = is_operation(term, Operator.IN)
        for at, operand in enumerate(_operands(term)):
            variables = (each for each in _spread(operand) if isinstance(each, Variable))
            yield from ((each, is_in and at == 0) for each in variables)


def _operands(term: Term) -> tuple[Term, ...]:
    if isinstance(term, Call):
        meanings = _STRINGS.get((term.name, len(term.args)), {})
        return tuple(term.args[at] for at in meanings)
    if isinstance(term, Expression) and term.operator in _COMPARING:
        return term.args
    return ()


def _spread(operand: Term) -> tuple[Term, ...]:
    return operand.items if isinstance(operand, List) else (operand,)


def warn_unbound(rule: Rule, inventory: Inventory, host: Host) -> list[str]:
    """Warn about variables that are meant as values, such as ``None`` and ``Status::OPEN``."""
    suspects = [each for each in inventory.variables if _is_suspect(each.name, host)]
    if not suspects:
        return []
    compared = {id(variable) for variable, _ in _compared(rule)}
    counts = collections.Counter(variable.name for variable in inventory.variables)
    meant = {
        each.name: FOREIGN_LITERALS.get(each.name) or each.name.replace("::", ".")
        for each in suspects
        if id(each) in compared and _is_unbound(each.name, counts[each.name])
    }
    first = {each.name: each for each in reversed(in_text_order(suspects)) if each.name in meant}
    return [
        located(f"{name} is a variable here, which equals anything; write {meant[name]}", each.span)
        for name, each in reversed(first.items())
    ]


def _is_suspect(name: str, host: Host) -> bool:
    return (name in FOREIGN_LITERALS or "::" in name) and name not in host.constants


def _is_unbound(name: str, count: int) -> bool:
    """Tell whether there is no error for a name: one that occurs once has an error already."""
    return count == 1 if "::" in name else count > 1
