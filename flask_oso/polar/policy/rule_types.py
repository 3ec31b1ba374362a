"""Rule types: checks that each rule has one of the shapes declared for its name.

In go rules, rule types and the host; out come errors with the reasons. Rule types are used only
here, at the end of a load: they do not change the evaluation.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Collection, Mapping, Sequence

from ..exceptions import OsoError, ValidationError, error_at, with_help
from ..host.registry import Host
from ..nodes import (
    Block,
    Dictionary,
    List,
    Parameter,
    Pattern,
    Rule,
    RuleType,
    Term,
    Value,
    Variable,
)
from ..printer import (
    float_in_message,
    parameter_to_polar,
    rule_to_polar,
    rule_type_to_polar,
    to_polar,
)
from ..spelling import meant_class
from ..syntax.desugar import flattened, rewrite_rule
from ..value_objects import Record
from .policy import Policy, by_name

UNIONS = ("Actor", "Resource")
_ALL = "Write all parameters, `_` for those that do not matter.\n"
_FEWER = "Remove the parameters that are too many.\n"
_LITERAL_CLASSES = {bool: "Boolean", int: "Integer", float: "Float", str: "String"}
_HINTS: Mapping[str | None, str] = {
    "Actor": "Perhaps you meant to add an actor block to the top of your policy, like this:"
    "\n\n\t  actor {} {{}}",
    "Resource": "Perhaps you meant to add a resource block to your policy, like this:"
    "\n\n\t  resource {} {{ .. }}",
}


def check_rule_type(rule_type: RuleType) -> list[OsoError]:
    """Give an error for a rule type whose parameters contain lookups or arithmetic."""
    as_rule = rewrite_rule(Rule(rule_type.name, rule_type.parameters, span=rule_type.span))
    if as_rule.body is None:
        return []
    message = (
        f"Invalid rule type: {rule_to_polar(as_rule)}\n\tRule types cannot contain dot lookups."
    )
    return [error_at(ValidationError, message, rule_type.span)]


def check_shapes(policy: Policy, host: Host, *, may_be_absent: bool = False) -> list[OsoError]:
    """Find rules that match no rule type of their name, and missing required rules.

    The errors are in source order. A required rule is not reported as missing if a rule of its
    name was reported: most often that is the one.

    :param may_be_absent: whether required rules may be missing.
    """
    members: Mapping[str | None, frozenset[str]] = {
        "Actor": frozenset(policy.actors),
        "Resource": frozenset(policy.resources),
    }
    matcher = _Matcher(members, host)
    types_by_name = {name: _types_of(name, policy, host) for name in policy.rules}
    problems: dict[str, OsoError] = {}
    wrong: set[str] = set()
    for rule in policy.rules_in_source_order():
        types = types_by_name[rule.name]
        if not types.all or (types.shapes and _shape(rule) in types.shapes):
            continue
        problem = _check_rule(rule, types, matcher)
        if problem is not None:
            problems.setdefault(str(problem), problem)
            wrong.add(rule.name)
    missing = [] if may_be_absent else _missing_rules(policy, host, matcher, wrong)
    return [*problems.values(), *missing]


def _missing_rules(
    policy: Policy, host: Host, matcher: _Matcher, wrong: Collection[str]
) -> list[OsoError]:
    """Find required rules that are missing.

    :param wrong: names of which a rule matches no type.
    """
    there = {
        shape
        for name in policy.types
        for rule in policy.rules.get(name, ())
        if (shape := _shape(rule))
    }

    def is_there(rule_type: RuleType) -> bool:
        if _is_sound(rule_type, host) and _shape(rule_type) in there:
            return True
        rules = policy.rules.get(rule_type.name, ())
        return any(matcher.mismatch(rule, rule_type) is None for rule in rules)

    # The facts of a rule that is declared come from tests, or there are none.
    excused = {*wrong, *(name for name in policy.declared if not policy.rules[name])}
    required = [each for types in policy.types.values() for each in types if each.required]
    return [
        _missing(each, policy)
        for each in required
        if each.name not in excused and not is_there(each)
    ]


class _Types(Record):
    """The rule types of a name, and shapes that match one of them without a comparison.

    :param are_sound: whether no comparison with one of them raises.
    """

    all: tuple[RuleType, ...]
    shapes: frozenset[_Shape]
    are_sound: bool


def _types_of(name: str, policy: Policy, host: Host) -> _Types:
    types = (*BUILT_IN_TYPES.get(name, ()), *policy.types.get(name, ()))
    if not all(_is_sound(rule_type, host) for rule_type in types):
        # The comparison with the wrong one reports it.
        return _Types(types, frozenset(), are_sound=False)
    shapes = frozenset(shape for each in types if (shape := _shape(each)))
    return _Types(types, shapes, are_sound=True)


#: A name, and the class or literal of each parameter.
_Shape = tuple[t.Any, ...]


def _shape(rule: Rule | RuleType) -> _Shape | None:
    """Give the shape of a rule or a type: a rule matches a type of the same shape.

    This is fast where blocks declare thousands of relations, with a rule type each. ``None`` if
    a parameter is something else than a class or a literal.
    """
    shape: list[t.Any] = [rule.name]
    for parameter in rule.parameters:
        term, specializer = parameter.term, parameter.specializer
        if isinstance(term, Value) and specializer is None:
            shape.append((type(term.value), term.value))
        elif isinstance(term, Variable) and _is_class(specializer):
            shape.append(specializer.tag)
        else:
            return None
    return tuple(shape)


def _is_class(specializer: Term | None) -> t.TypeGuard[Pattern]:
    return isinstance(specializer, Pattern) and bool(specializer.tag) and not specializer.fields


def _is_sound(rule_type: RuleType, host: Host) -> bool:
    """Tell whether a comparison with a type cannot raise."""
    return all(
        _is_plain(part, host)
        for parameter in rule_type.parameters
        for part in (parameter.term, parameter.specializer)
    )


def _is_plain(part: Term | None, host: Host) -> bool:
    if isinstance(part, Pattern):
        return part.tag in host.classes or part.tag in UNIONS
    return part is None or isinstance(part, (Variable, Value))


def _missing(rule_type: RuleType, policy: Policy) -> OsoError:
    message = f"Missing implementation for required rule {rule_type_to_polar(rule_type)}"
    error = error_at(ValidationError, message, rule_type.span)
    example = _example(rule_type, policy)
    wanted = "a rule of this shape" if example is None else f"a rule such as `{example}`"
    return with_help(error, f"A block asks for it. Write {wanted}.\n")


def _example(rule_type: RuleType, policy: Policy) -> str | None:
    """Write the head of a rule that a block asks for, with the classes of the policy."""
    parameters = [parameter.specializer for parameter in rule_type.parameters]
    classes = [each.tag for each in parameters if isinstance(each, Pattern)]
    if rule_type.name == "has_role":
        with_roles = (block.resource.text for block in policy.blocks if _has_roles(block))
        subject, resource = next(iter(policy.actors), None), next(with_roles, None)
        asked = "role: String"
    elif rule_type.name == "has_relation" and len(classes) == 2:
        (subject, resource), asked = classes, to_polar(rule_type.parameters[1].term)
    else:
        return None
    if subject is None or resource is None or {subject, resource} & {*UNIONS}:
        return None
    name = _variable(resource) if subject != resource else "other"
    return f"{rule_type.name}({_variable(subject)}: {subject}, {asked}, {name}: {resource}) if …;"


def _has_roles(block: Block) -> bool:
    return any(each.name.text == "roles" for each in block.declarations)


def _variable(name: str) -> str:
    """Name a variable after a class: ``user_group`` of ``UserGroup``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _check_rule(rule: Rule, types: _Types, matcher: _Matcher) -> OsoError | None:
    reasons: list[tuple[RuleType, str]] = []
    matches = False
    try:
        for rule_type in types.all:
            reason = matcher.mismatch(rule, rule_type)
            if reason is not None:
                reasons.append((rule_type, reason))
            elif types.are_sound:
                return None
            else:
                # Behind it may be one that is wrong itself.
                matches = True
    except ValidationError as problem:
        return problem
    if matches:
        return None
    message = (
        f"Invalid rule: {rule_to_polar(flattened(rule))}"
        " Must match one of the following rule types:\n"
    ) + "".join(
        f"\n{rule_type_to_polar(rule_type)}\n\tFailed to match because: {reason}\n"
        for rule_type, reason in reasons
    )
    counts = [len(each.parameters) for each in types.all]
    return with_help(error_at(ValidationError, message, rule.span), _help(rule, counts))


def _help(rule: Rule, counts: Sequence[int]) -> str:
    """Say what to do about the number of parameters, if it is that of no rule type."""
    count = len(rule.parameters)
    if count in counts:
        return ""
    return _FEWER if count > max(counts) else _ALL


def _make_type(name: str, *parameters: tuple[str, str | None]) -> RuleType:
    return RuleType(
        name,
        tuple(
            Parameter(Variable(term), None if tag is None else Pattern(tag))
            for term, tag in parameters
        ),
    )


BUILT_IN_TYPES: Mapping[str, tuple[RuleType, ...]] = by_name(
    (
        _make_type(
            "has_permission",
            ("actor", "Actor"),
            ("_permission", "String"),
            ("resource", "Resource"),
        ),
        _make_type("allow", ("actor", None), ("_action", None), ("resource", None)),
        _make_type(
            "allow_field", ("actor", None), ("action", None), ("resource", None), ("field", None)
        ),
        _make_type("allow_request", ("actor", None), ("request", None)),
    )
)


class _Matcher(Record):
    """Compares rules with rule types, given the host's classes and the unions' members."""

    members: Mapping[str | None, frozenset[str]]
    host: Host

    def mismatch(self, rule: Rule, rule_type: RuleType) -> str | None:
        """Give the first reason why a rule does not have a shape, or ``None``.

        :raises ValidationError: if something is wrong with the rule type itself.
        """
        rule_count, type_count = len(rule.parameters), len(rule_type.parameters)
        if rule_count != type_count:
            return (
                f"Different number of parameters. Rule has {rule_count} parameter(s) "
                f"but rule type has {type_count}."
            )
        pairs = zip(rule.parameters, rule_type.parameters, strict=True)
        # All are compared, so that an invalid rule type is reported even after a mismatch.
        reasons = [
            _Comparison(self.members, self.host, rule_type, f"parameter {number}").parameter(*pair)
            for number, pair in enumerate(pairs, 1)
            if not _is_anything(pair[1])
        ]
        return next((reason for reason in reasons if reason is not None), None)


def _is_anything(wanted: Parameter) -> bool:
    return wanted.specializer is None and isinstance(wanted.term, Variable)


class _Comparison(t.NamedTuple):
    """Compares a parameter of a rule with that of a rule type; gives the reason for a mismatch."""

    members: Mapping[str | None, frozenset[str]]
    host: Host
    rule_type: RuleType
    where: str

    def parameter(self, rule: Parameter, wanted: Parameter) -> str | None:
        if _is_anything(wanted):
            return None
        if wanted.specializer is not None and isinstance(wanted.term, Variable):
            return self._specializer(rule, wanted.specializer)
        if rule.specializer is None:
            return self._value(rule.term, wanted.term)
        return (
            f"Invalid {self.where}. Rule parameter {parameter_to_polar(rule)} "
            f"does not match rule type parameter {parameter_to_polar(wanted)}"
        )

    def _specializer(self, rule: Parameter, wanted: Term) -> str | None:
        given = rule.term if rule.specializer is None else rule.specializer
        if isinstance(given, Variable):
            return self._missing_specializer(given, wanted)
        if not isinstance(wanted, Pattern):
            return self._value(given, wanted)
        if isinstance(given, Pattern):
            return self._pattern(given, wanted)
        if wanted.tag is None:
            return self._literal_fields(given, wanted)
        return self._class(_as_pattern(given), wanted)

    def _missing_specializer(self, variable: Variable, wanted: Term) -> str:
        if isinstance(wanted, Pattern) and wanted.tag is not None:
            return (
                f"Parameter `{variable.name}` expects a {wanted.tag} type constraint."
                f"\n\n\t{variable.name}: {wanted.tag}"
            )
        return f"Invalid rule {self.where}. Rule type expected {_shown(wanted)}"

    def _pattern(self, given: Pattern, wanted: Pattern) -> str | None:
        if wanted.tag is None or (given.tag is None and wanted.tag == "Dictionary"):
            if _has_fields(given.fields, wanted.fields):
                return None
            return (
                f"Specializer mismatch on {self.where}. "
                f"Rule specializer fields {_fields_to_polar(given.fields)} do not match "
                f"rule type specializer fields {_fields_to_polar(wanted.fields)}."
            )
        if given.tag is None:
            return (
                f"Mismatch on {self.where}. Rule parameter {to_polar(given)} "
                f"does not match rule type parameter {to_polar(wanted)}."
            )
        return self._class(given, wanted)

    def _literal_fields(self, given: Term, wanted: Pattern) -> str | None:
        expected = f"Invalid {self.where}. Rule type expected Dictionary"
        if not isinstance(given, Dictionary):
            return f"{expected}, got {_shown(given)}."
        if _has_fields(given.fields, wanted.fields):
            return None
        return (
            f"{expected} with fields {_fields_to_polar(wanted.fields)}, "
            f"got dictionary with fields {_fields_to_polar(given.fields)}."
        )

    def _class(self, given: Pattern, wanted: Pattern) -> str | None:
        if given.tag == wanted.tag:
            return self._with_fields(given, wanted)
        if wanted.tag in UNIONS:
            return self._member(given, wanted)
        problem = self._not_a_class(wanted)
        if problem is not None:
            return problem
        rule_says = f"Rule specializer {given.tag} on {self.where}"
        if given.tag not in self.host.classes:
            return f"{rule_says} is not registered as a class."
        if self._derives(given, [wanted.tag or ""]) and _has_fields(given.fields, wanted.fields):
            return None
        return f"{rule_says} must match rule type specializer {wanted.tag}"

    def _member(self, given: Pattern, wanted: Pattern) -> str | None:
        rule_says = f"Rule specializer {given.tag} on {self.where}"
        if given.tag in UNIONS:
            return f"{rule_says} does not match rule type specializer {wanted.tag}"
        members = self.members[wanted.tag]
        if given.tag in members or self._derives(given, members):
            return self._with_fields(given, wanted)
        return (
            f"{rule_says} must be a member of rule type specializer {wanted.tag}"
            f"\n\n\t{self._how_to_join(given.tag or '', wanted.tag or '')}"
        )

    def _how_to_join(self, name: str, union: str) -> str:
        if name in self.host.classes:
            return _HINTS[union].format(name)
        return f"{name} is not registered. {meant_class(name, self.host.classes)}".rstrip("\n")

    def _with_fields(self, given: Pattern, wanted: Pattern) -> str | None:
        if _has_fields(given.fields, wanted.fields):
            return None
        return (
            f"Rule specializer {to_polar(given)} on {self.where} did not match rule type "
            f"specializer {to_polar(wanted)} because the specializer fields did not match."
        )

    def _derives(self, given: Pattern, classes: Collection[str]) -> bool:
        tag = given.tag or ""
        return tag in self.host.classes and any(
            self.host.is_subclass(tag, name) for name in classes if name in self.host.classes
        )

    def _not_a_class(self, wanted: Pattern) -> str | None:
        if wanted.tag in self.host.classes:
            return None
        value = self.host.constants.get(wanted.tag or "")
        if value is None:
            error = error_at(ValidationError, f"Unregistered class: {wanted.tag}", wanted.span)
            raise with_help(error, meant_class(wanted.tag or "", self.host.classes))
        return (
            f"Rule type specializer {wanted.tag} on {self.where} should be a registered class, "
            f"but instead it's registered as a constant with value: {to_polar(value)}"
        )

    def _value(self, given: Term, wanted: Term) -> str | None:
        expected = f"Invalid {self.where}. Rule type expected"
        if isinstance(given, List) and isinstance(wanted, List):
            self._refuse_rest(wanted)
            if all(any(_is_same(item, one) for one in given.items) for item in wanted.items):
                return None
            return f"{expected} list {to_polar(wanted)}, got list {to_polar(given)}."
        if isinstance(given, Dictionary) and isinstance(wanted, Dictionary):
            if _has_fields(given.fields, wanted.fields):
                return None
            return (
                f"{expected} Dictionary with fields {to_polar(wanted)}, "
                f"got Dictionary with fields {to_polar(given)}"
            )
        if _is_same(given, wanted):
            return None
        return (
            f"Invalid {self.where}. Rule value {_shown(given)} != rule type value {_shown(wanted)}"
        )

    def _refuse_rest(self, wanted: List) -> None:
        if wanted.rest is None:
            return
        message = (
            f"Invalid rule type: {rule_type_to_polar(self.rule_type)}"
            "\n\tRule types cannot contain *rest variables."
        )
        raise error_at(ValidationError, message, self.rule_type.span)


_Fields = tuple[tuple[str, Term], ...]


def _has_fields(given: _Fields, wanted: _Fields) -> bool:
    values = dict(given)
    return all(key in values and _is_same(values[key], value) for key, value in wanted)


def _is_same(left: Term, right: Term) -> bool:
    if _is_number(left) and _is_number(right):
        # In shapes, 1 and 1.0 are equal, unlike as literals.
        return t.cast(Value, left).value == t.cast(Value, right).value
    return left == right


def _is_number(term: Term) -> bool:
    return isinstance(term, Value) and type(term.value) in (int, float)


def _as_pattern(literal: Term) -> Pattern:
    """Give the pattern of the class of a literal parameter."""
    if isinstance(literal, Value):
        return Pattern(_LITERAL_CLASSES[type(literal.value)])
    if isinstance(literal, Dictionary):
        return Pattern("Dictionary", literal.fields)
    return Pattern("List")


def _fields_to_polar(fields: _Fields) -> str:
    return to_polar(Pattern(None, fields))


def _shown(term: Term) -> str:
    """Print an operand like oso, since programs may search for the text."""
    if isinstance(term, Variable):
        return f'Variable(Symbol("{term.name}"))'
    if not isinstance(term, Value):
        return to_polar(term)
    if isinstance(term.value, str):
        return f'String("{term.value}")'
    if isinstance(term.value, bool):
        return f"Boolean({to_polar(term)})"
    if isinstance(term.value, int):
        return f"Number(Integer({term.value}))"
    return f"Number(Float({float_in_message(term.value)}))"
