"""Policies made by choices whose rules can mostly be compiled, and questions about them.

Every rule exists with every number of arguments that is called, and every variable is
used twice, so that nearly all of these policies load.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from .choices import Choices

#: Rules by name, and how many arguments they take.
RULES = {"f": 2, "g": 3, "h": 1}
_BLOCKS = (
    'actor User {} resource Repo { permissions = ["read"]; } resource Org {}',
    'actor User {} resource Repo { permissions = ["read"]; roles = ["owner", "a"];'
    ' relations = { org: Org }; "read" if "owner"; "owner" if "a" on "org"; }'
    ' resource Org { roles = ["a"]; } has_relation(o: Org, "org", r: Repo) if r.org = o;'
    " has_role(u: User, n: String, r: Org) if f(u, n) and r = r;"
    " has_role(_: User, n: String, r: Repo) if n in r.roles;"
    ' h(a) if has_permission(a.owner, "read", a);',
)
_CLOSING = "ok(_); f(_, _) if false; g(_, _, _) if false; h(_) if false;"
_FIELDS = ("name", "org", "roles", "flag", "n", "tags", "owner", "missing", "bad", "none")
_LITERALS = ('"a"', '"read"', '"b"', "1", "2", "true", "nil", '"é"', "1.0", "false")
_CLASSES = ("User", "Repo", "Org", "Fork", "Actor", "Resource", "String", "Alike", "Integer")
_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
_SEARCHED = ("roles", "tags", "gen()", "breaks()", "missing", "n", "none")
_VARIABLE = re.compile(r"\b[a-cx-z][0-9]*\b")
_DEEPEST = 2


def make_rules(choices: Choices) -> str:
    """Make the text of a policy."""
    rules = [_rule(choices) for _ in range(1 + choices.number(6))]
    return "\n".join([choices.pick(_BLOCKS), *rules, _CLOSING])


def make_call(choices: Choices, values: int) -> tuple[str, tuple[int, ...]]:
    """Choose a rule, and the numbers of the values to ask it about."""
    name = choices.pick(tuple(RULES))
    return name, tuple(choices.number(values) for _ in range(RULES[name]))


def _rule(choices: Choices) -> str:
    name = choices.pick(tuple(RULES))
    parameters: list[str] = []
    for each in "abc"[: RULES[name]]:
        # Seldom a variable that stands in the head before.
        own = choices.pick("abc") if choices.number(9) == 1 else each
        parameters.append(_parameter(choices, own, parameters))
    head = ", ".join(parameters)
    known = _VARIABLE.findall(_without_texts(head))
    conditions = [_condition(choices, known, 0) for _ in choices.some(4)] if known else []
    # Each variable once more: one that stands alone is an error.
    used = dict.fromkeys(_VARIABLE.findall(_without_texts(" ".join([head, *conditions]))))
    conditions += [f"ok({each})" for each in used if each != "y"]
    body = f" if {' and '.join(conditions)}" if conditions else ""
    return f"{name}({head}){body};"


def _without_texts(text: str) -> str:
    return re.sub(r'"[^"]*"|\.[a-z]+', "", text)


def _parameter(choices: Choices, name: str, before: list[str]) -> str:
    known = [name, *_VARIABLE.findall(_without_texts(" ".join(before)))]
    return choices.pick(
        (
            *(name, f"{name}: {choices.pick(_CLASSES)}", choices.pick(_LITERALS), name, "_"),
            *(f"{name}: {_pattern(choices, known, 1)}", choices.pick(_LITERALS)),
            f"{name}: {choices.pick(_LITERALS)}" if choices.number(3) == 1 else name,
        )
    )


def _pattern(choices: Choices, known: list[str], depth: int) -> str:
    """Choose a class with fields, or fields alone."""
    names = {choices.pick(_FIELDS) for _ in range(1 + choices.number(2))}
    fields = ", ".join(f"{each}: {_part(choices, known, depth)}" for each in sorted(names))
    return f"{choices.pick(('', *_CLASSES))}{{{fields}}}"


def _part(choices: Choices, known: list[str], depth: int) -> str:
    if depth and choices.number(3) == 1:
        return _pattern(choices, known, depth - 1)
    literal = choices.pick(_LITERALS)
    return choices.pick((literal, literal, "_", choices.pick(known)))


def _operand(choices: Choices, known: list[str]) -> str:
    name = choices.pick(known)
    field = f"{name}.{choices.pick(_FIELDS)}"
    deep = f"{field}.{choices.pick(_FIELDS)}"
    return choices.pick((name, field, name, choices.pick(_LITERALS), field, name, deep))


def _fresh(choices: Choices, known: list[str]) -> str:
    """Choose a variable that nothing is known of."""
    name = f"x{len(known)}"
    known.append(name)
    return name


def _condition(choices: Choices, known: list[str], depth: int) -> str:
    forms = _FORMS if depth < _DEEPEST else _FORMS[:-3]
    return choices.pick(forms)(choices, known, depth)


def _equation(choices: Choices, known: list[str], depth: int) -> str:
    return f"{_operand(choices, known)} = {_operand(choices, known)}"


def _comparison(choices: Choices, known: list[str], depth: int) -> str:
    operator = choices.pick(_COMPARISONS)
    return f"{_operand(choices, known)} {operator} {_operand(choices, known)}"


def _truth(choices: Choices, known: list[str], depth: int) -> str:
    return f"{choices.pick(known)}.{choices.pick(('flag', 'none', 'can(1)', 'n'))}"


def _search(choices: Choices, known: list[str], depth: int) -> str:
    collection = f"{choices.pick(known)}.{choices.pick(_SEARCHED)}"
    item = _operand(choices, known) if choices.flag() else _fresh(choices, known)
    return f"{item} in {collection}"


def _choice(choices: Choices, known: list[str], depth: int) -> str:
    item = _fresh(choices, known) if choices.number(4) == 1 else _operand(choices, known)
    if choices.number(4) == 1:
        return f'{item} in "abread"'
    if choices.flag():
        return f'{item} in ["a", "b", "read"]'
    return f"{item} in {_list(choices, known)}"


def _list(choices: Choices, known: list[str]) -> str:
    literals = choices.number(3) > 0
    parts = [
        choices.pick(_LITERALS) if literals else _operand(choices, known) for _ in choices.some(3)
    ]
    return f"[{', '.join(parts)}]"


def _arithmetic(choices: Choices, known: list[str], depth: int) -> str:
    left, right, other = (_number(choices, known) for _ in range(3))
    operator = choices.pick(("+", "-", "*", "/", "mod", "rem"))
    return f"{left} {operator} {right} {choices.pick((*_COMPARISONS, '='))} {other}"


def _number(choices: Choices, known: list[str]) -> str:
    return choices.pick((f"{choices.pick(known)}.n", "1", "2", "0.5", _operand(choices, known)))


def _assignment(choices: Choices, known: list[str], depth: int) -> str:
    value = choices.pick((_operand(choices, known), f"{_number(choices, known)} + 1"))
    target = choices.pick(known) if choices.number(4) == 1 else _fresh(choices, known)
    return f"{target} := {value}"


def _computed_field(choices: Choices, known: list[str], depth: int) -> str:
    key = choices.pick(('"name"', *known))
    bound = choices.pick(("", "", f'{key} in ["missing", "name"] and ')) if key in known else ""
    return f"{bound}{choices.pick(known)}.({key}) = {_operand(choices, known)}"


def _construction(choices: Choices, known: list[str], depth: int) -> str:
    made = f"new Box({_operand(choices, known)}, n: {_operand(choices, known)})"
    if choices.flag():
        return f"{made}.{choices.pick(('name', 'n', 'other'))} = {_operand(choices, known)}"
    name = _fresh(choices, known)
    return f"{name} = {made} and {name}.name = {_operand(choices, known)}"


def _taken_apart(choices: Choices, known: list[str], depth: int) -> str:
    """Take a list apart, or make one of variables."""
    field = f"{choices.pick(known)}.{choices.pick(('roles', 'tags', 'roles', 'owner', 'n'))}"
    value = choices.pick((field, field, choices.pick(known)))
    parts = [_list_part(choices, known) for _ in range(1 + choices.number(2))]
    listed = ", ".join([*parts, "*_"] if choices.flag() else parts)
    if choices.number(4) == 1:
        classes = ", ".join(choices.pick((f"{each}{{}}", '"a"')) for each in _CLASSES[:2])
        return f"{value} matches [{choices.pick((listed, classes, 'String{}, *_'))}]"
    if choices.number(4) == 1:
        name = _fresh(choices, known)
        return f"{name} = {_list(choices, known)} and {_operand(choices, known)} in {name}"
    left, right = choices.pick(((f"[{listed}]", value), (value, f"[{listed}]")))
    return f"[{', '.join(parts)}] in {value}" if choices.number(3) == 1 else f"{left} = {right}"


def _list_part(choices: Choices, known: list[str]) -> str:
    return choices.pick((_operand(choices, known), _fresh(choices, known), _fresh(choices, known)))


def _late_use(choices: Choices, known: list[str], depth: int) -> str:
    """Use a variable before it has a value."""
    operand, value = _operand(choices, known), _operand(choices, known)
    name = _fresh(choices, known)
    comparison = f"{name} {choices.pick(_COMPARISONS)} {operand}"
    lookup = f"{name}.{choices.pick(_FIELDS)} = {choices.pick((operand, _fresh(choices, known)))}"
    return f"{choices.pick((comparison, lookup, lookup))} and {name} = {value}"


def _matching(choices: Choices, known: list[str], depth: int) -> str:
    name = choices.pick(known)
    if choices.flag():
        return f"{name} matches {choices.pick(_CLASSES)}"
    parts = [*known, _fresh(choices, known)] if choices.number(3) == 1 else known
    return f"{name} matches {_pattern(choices, parts, 1)}"


def _call(choices: Choices, known: list[str], depth: int) -> str:
    name = choices.pick(tuple(RULES))
    arguments = [_argument(choices, known, at) for at in range(RULES[name])]
    if choices.number(4) == 1:
        arguments[choices.number(len(arguments))] = _fresh(choices, known)
    return f"{name}({', '.join(arguments)})"


def _argument(choices: Choices, known: list[str], at: int) -> str:
    # What is passed twice is not compiled: mostly a variable of its own for each place.
    own = known[at % len(known)]
    literal = choices.pick(('"read"', '"read"', *_LITERALS))
    return choices.pick((own, f"{own}.{choices.pick(_FIELDS)}", literal, _operand(choices, known)))


def _method(choices: Choices, known: list[str], depth: int) -> str:
    name = choices.pick(known)
    listed, operand = _list(choices, known), _operand(choices, known)
    argument = choices.pick((operand, operand, listed, f"{{k: {operand}, m: {listed}}}"))
    return choices.pick((f"{name}.can({argument})", f"{name}.boom()"))


def _late_equation(choices: Choices, known: list[str], depth: int) -> str:
    field, name = f"{choices.pick(known)}.{choices.pick(_FIELDS)}", _fresh(choices, known)
    return f"{field} = {name} and {name} = {_operand(choices, known)}"


def _cut(choices: Choices, known: list[str], depth: int) -> str:
    return "cut" if choices.flag() else "true"


def _negation(choices: Choices, known: list[str], depth: int) -> str:
    return f"not ({_condition(choices, list(known), depth + 1)})"


def _alternatives(choices: Choices, known: list[str], depth: int) -> str:
    first = _condition(choices, list(known), depth + 1)
    return f"({first} or {_condition(choices, list(known), depth + 1)})"


def _universal(choices: Choices, known: list[str], depth: int) -> str:
    collection = f"{choices.pick(known)}.{choices.pick(_SEARCHED)}"
    condition = _condition(choices, [*known, "y"], depth + 1)
    return f"forall(y in {collection}, ok(y) and {condition})"


_FORMS: tuple[Callable[[Choices, list[str], int], str], ...] = (
    *(_equation, _call, _search, _truth, _comparison, _choice, _matching, _equation, _call),
    *(_late_equation, _method, _search, _call, _cut, _arithmetic, _assignment),
    *(_computed_field, _construction, _late_use, _taken_apart, _taken_apart),
    *(_negation, _alternatives, _universal),
)
