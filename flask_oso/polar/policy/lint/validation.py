"""Checks of single rules and of the whole policy.

In go parsed rules, the whole policy and the host; out come errors and the texts of warnings, each
with its place. Errors and their order are those of oso 0.27.3; there are also warnings about
misspelt names. Checks of rule types are in ``rule_types.py``, of blocks in
``resource_blocks.py``.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ...exceptions import OsoError, ValidationError
from ...host.registry import RESERVED_NAMES, Host
from ...nodes import Call, List, Origin, Pattern, Rule, Term, Variable, parts
from ...printer import to_polar
from ...sources import Span, located
from ...spelling import (
    FOREIGN_LITERALS,
    MOST_SUGGESTIONS,
    Guesses,
    did_you_mean,
    nearest,
    registration_help,
    with_count,
)
from ..legacy_roles import ROLE_RULE_NAMES
from ..policy import Policy
from ..resource_blocks import KIND_OF_RULE
from .inventory import Inventory, in_text_order, matched_patterns
from .unquoted import NO_REMEDY, Remedy, remedies

_MISSING_ALLOW = """\
Your policy does not contain an allow rule, which usually means
that no actions are allowed. Did you mean to add an allow rule to
the top of your policy?

  allow(actor, action, resource) if ...

You can also suppress this warning by adding an allow_field or allow_request
rule."""
_MISSING_HAS_PERMISSION = """\
Warning: your policy uses resource blocks but does not call the
has_permission rule. This means that permissions you define in a
resource block will not have any effect. Did you mean to include a
call to has_permission in a top-level allow rule?

  allow(actor, action, resource) if
      has_permission(actor, action, resource);"""
_CLASS_NAMES_ELSEWHERE = {
    "Integer": "integer int i32 i64 u32 u64 usize size_t",
    "Float": "float f32 f64 double",
    "String": "char str string",
    "List": "list array Array",
    "Dictionary": "dict Dict dictionary hash Hash map Map HashMap hashmap hash_map",
}
#: `action` is near `actor`, and rarely meant.
_NEARNESS_OF_VARIABLES = 0.8
_LONGEST_NAME = 80
_TESTS_ELSEWHERE = ("isinstance", "issubclass", "type", "instance_of", "is_instance")
_POLAR_CLASSES = {
    word: name for name, words in _CLASS_NAMES_ELSEWHERE.items() for word in words.split()
}


# -- one parsed rule -----------------------------------------------------------------


def check_singletons(
    rule: Rule, inventory: Inventory, host: Host, given: Sequence[str] = ()
) -> list[OsoError]:
    """Give errors for variables that occur once in a rule and so have no effect.

    :param given: variables that have an effect where they occur once, too.
    """
    counts = _occurrences(inventory.variables)
    single = {
        name
        for name, count in counts.items()
        if count == 1 and not _is_free_name(name) and name not in host.constants
    }.difference(given)
    if not single:
        return []
    variables = in_text_order(inventory.variables)
    names = [name for name, count in _occurrences(variables).items() if count > 1]
    values = [name for name in host.constants if name not in host.classes]
    known = remedies(rule, inventory)
    rests = {id(rest) for rest in inventory.rests}
    found = [variable for variable in variables if variable.name in single]
    return [
        _singleton(
            variable,
            "*" if id(variable) in rests else "",
            names if number < MOST_SUGGESTIONS else (),
            values if number < MOST_SUGGESTIONS else (),
            known.get(id(variable), NO_REMEDY),
        )
        for number, variable in enumerate(found)
    ]


def _occurrences(variables: Iterable[Variable]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for variable in variables:
        counts[variable.name] = counts.get(variable.name, 0) + 1
    return counts


def _singleton(
    variable: Variable, star: str, names: Sequence[str], values: Sequence[str], remedy: Remedy
) -> OsoError:
    name, span = variable.name, variable.span
    if span is not None and star and span.source.text.endswith(star, 0, span.start):
        span = span.source.span(span.start - len(star), span.end)
    message = f"Singleton variable {star}{name} is unused or undefined"
    if remedy.may_rename:
        message += f"; try renaming to {star}_{name} or {star}_"
    meant = FOREIGN_LITERALS.get(name) or _with_hyphen(span)
    others = names if remedy.in_head else [*names, *values]
    meant = meant or nearest(name, others, _NEARNESS_OF_VARIABLES)
    hint = f"Did you mean {meant}?\n" if meant else remedy.help
    return ValidationError(located(message, span) + hint)


def _with_hyphen(span: Span | None) -> str | None:
    """Give the name that ``is-admin`` is meant to be, where a variable is the end of one."""
    if span is None:
        return None
    # A name is looked for in the last characters only: a text may be long.
    begin = max(0, span.start - _LONGEST_NAME)
    before = re.search(r"(\w+)-$", span.source.text[begin : span.start])
    return f"{before[1]}_{span.text}" if before else None


def warn_specializers(inventory: Inventory, host: Host, guesses: Guesses) -> list[str]:
    """Warn about class names in patterns that are not registered."""
    unknown = [
        pattern
        for pattern in inventory.patterns
        if pattern.tag not in host.constants and not _is_free_name(pattern.tag or "_")
    ]
    warnings: dict[str, str] = {}
    for term in in_text_order(unknown):
        if term.tag is None or term.tag in warnings:
            continue
        meant = _POLAR_CLASSES.get(term.tag) or guesses.nearest(term.tag, host.classes)
        suffix = f", did you mean {meant}?" if meant else ""
        warning = located(f"Unknown specializer {term.tag}{suffix}", term.span)
        warnings[term.tag] = warning + ("" if meant else registration_help(term.tag))
    return list(warnings.values())


def warn_nested_classes(rule: Rule, inventory: Inventory, host: Host) -> list[str]:
    """Warn about class names in fields of patterns, which are the class object itself."""
    return [
        located(
            f"{part.name} inside a pattern is compared with the class itself; "
            f"write {part.name}{{}} to match its instances",
            part.span,
        )
        for part in _nested_parts(rule, inventory)
        if isinstance(part, Variable) and part.name in host.classes
    ]


def _is_free_name(name: str) -> bool:
    return name.startswith("_") or "::" in name or name in RESERVED_NAMES


def _nested_parts(rule: Rule, inventory: Inventory) -> Iterator[Term]:
    """Give the terms in fields and lists of the patterns of a rule."""
    patterns = matched_patterns(rule, inventory)
    stack = [pattern for pattern in patterns if _has_inside(pattern)]
    while stack:
        for part in parts(stack.pop()):
            yield part
            if _has_inside(part):
                stack.append(part)


def _has_inside(pattern: Term | None) -> t.TypeGuard[Term]:
    return (isinstance(pattern, Pattern) and bool(pattern.fields)) or isinstance(pattern, List)


# -- the whole policy ----------------------------------------------------------------


def check_calls(policy: Policy, left_out: Iterable[str] = ()) -> list[OsoError]:
    """Give errors for calls of rules that do not exist.

    Calls of the built-in roles are valid, since roles may be enabled later; a missing rule that
    blocks require is reported elsewhere.

    :param left_out: names of rules that are missing because of a reported problem.
    """
    required = {name for name, types in policy.types.items() if any(t.required for t in types)}
    known = {*policy.rules, *ROLE_RULE_NAMES, *required, *left_out}
    defined = [*policy.rules, *policy.types]
    undefined = [call for call in policy.calls if call.name not in known]
    return [
        _undefined(call, defined if number < MOST_SUGGESTIONS else ())
        for number, call in enumerate(undefined)
    ]


def _undefined(call: Call, defined: Sequence[str]) -> OsoError:
    message = located(f"Call to undefined rule: {to_polar(call)}", call.span)
    meant = did_you_mean(call.name, defined, quote="`")
    return ValidationError(message + (meant or _how_to_define(call)))


def _how_to_define(call: Call) -> str:
    """Give the line of help for a call that is similar to no rule."""
    if call.name in _TESTS_ELSEWHERE:
        return "Write `x matches Class` to ask for the class of `x`.\n"
    if call.name in KIND_OF_RULE:
        return f"Rules named `{call.name}` come from resource blocks, or are written like others.\n"
    of = call.args[0] if call.args else None
    if isinstance(of, Variable) and of.origin is Origin.WRITTEN:
        return f"Define a rule of this name, or write `{of.name}.{call.name}(…)` for a method.\n"
    return "Define a rule of this name.\n"


def warn_arities(policy: Policy) -> list[str]:
    """Warn about calls that always fail, since no rule has as many parameters."""
    arities = {
        name: sorted({len(rule.parameters) for rule in rules})
        for name, rules in policy.rules.items()
        if rules
    }
    arities |= {name: [3] for name in ROLE_RULE_NAMES if name not in arities}
    return [
        located(
            f"Call to {call.name} with {with_count(len(call.args), 'argument')} always fails; "
            f"its rules have {_listed(arities[call.name])}",
            call.span,
        )
        for call in policy.calls
        if call.name in arities and len(call.args) not in arities[call.name]
    ]


def warn_declared(policy: Policy, places: Mapping[str, Span | None]) -> list[str]:
    """Warn about rules that are declared, or that tests have facts of, and that have no rule.

    :param places: where names are declared.
    """
    return [
        located(f"No rule and no data give `{name}`, so it never holds outside of tests", place)
        if (place := places.get(name))
        else f"Only tests have facts of `{name}`, so it never holds outside of them."
        for name in policy.declared
        if not policy.rules[name]
    ]


def _listed(numbers: list[int]) -> str:
    *others, last = numbers
    return " or ".join([*map(str, others), with_count(last, "parameter")])


def warn_missing_rules(policy: Policy, *, ignore_missing_allow: bool) -> list[str]:
    """Warn if there is no ``allow`` rule, or if the declarations of blocks have no effect."""
    warnings = []
    if not ignore_missing_allow and policy.rules.keys().isdisjoint(
        ("allow", "allow_field", "allow_request")
    ):
        # What is far shorter or longer is not near.
        meant = nearest("allow", [name for name in policy.rules if 4 <= len(name) <= 7])
        warnings.append(_MISSING_ALLOW + (f"\nOr is the rule `{meant}` meant?" if meant else ""))
    if policy.blocks and all(call.name != "has_permission" for call in policy.calls):
        warnings.append(_MISSING_HAS_PERMISSION)
    return warnings
