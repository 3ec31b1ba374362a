"""What differs from oso 0.27.3 on purpose, or without harm: one table, each row with its reason.

``classify`` tells which rows explain a ``Difference``; what none explains is a fault of
ours. Rows are as narrow as they can be made, and each has an example that the tests run:
it must differ, and for the reason that the row gives.
"""

from __future__ import annotations

import collections
import functools
import json
import re
import typing as t
from collections.abc import Callable
from dataclasses import dataclass

from .comparison import Difference, Error, Json, same
from .runner import RESULTS

_ARITHMETIC = ("Add", "Sub", "Mul", "Div", "Mod", "Rem")


@dataclass(frozen=True)
class Known:
    """A class of differences.

    :param example: a policy and a query that differ in this way; ``None`` where it depends on
        hashing whether they do.
    :param explains: tells whether a difference is of this class.
    :param level: brings results of both sides to what they have in common; for classes
        that concern the shape of results, which may come together.
    """

    name: str
    reason: str
    example: tuple[str, str] | None
    explains: Callable[[Difference], bool] = lambda difference: False
    level: Callable[[Json], Json] | None = None


def classify(difference: Difference) -> str | None:
    """Name the rows that explain a difference, joined by ``+``; ``None`` if none does."""
    for known in KNOWN:
        if known.explains(difference):
            return known.name
    return _classify_shape(difference) if difference.aspect == "results" else None


def _classify_shape(difference: Difference) -> str | None:
    shapes = [known for known in KNOWN if known.level]
    for chosen in ([known] for known in shapes):
        if _levelled(difference, chosen):
            return chosen[0].name
    if not _levelled(difference, shapes):
        return None
    needed = list(shapes)
    for known in shapes:
        rest = [other for other in needed if other is not known]
        if _levelled(difference, rest):
            needed = rest
    return "+".join(known.name for known in needed)


def _levelled(difference: Difference, shapes: list[Known]) -> bool:
    def level(results: Json) -> Json:
        return functools.reduce(lambda value, it: t.cast(t.Any, it.level)(value), shapes, results)

    ours, theirs = difference.ours, difference.theirs
    return same(level(ours.results), level(theirs.results)) and _kind(ours) == _kind(theirs)


def _kind(step: t.Any) -> str | None:
    return step.error.kind if step.error else None


# -- errors --------------------------------------------------------------------------


def _says(error: Error | None, *beginnings: str) -> bool:
    return error is not None and error.text.startswith(beginnings)


def _is_division_by_zero(d: Difference) -> bool:
    error = d.ours.error
    return _says(error, "Arithmetic error") and bool(re.search(r"/ -?0\b", error.text))


def _is_missing_under_not(d: Difference) -> bool:
    is_missing = _says(d.ours.error, "Application error: ")
    return is_missing and d.aspect != "trace" and _has_negation(d)


def _has_negation(d: Difference) -> bool:
    return bool(re.search(r"\b(not|forall)\b", d.polar))


def _is_broken_trace(d: Difference) -> bool:
    ours, theirs = d.ours.error, d.theirs.error
    if d.aspect != "trace" or ours is None or theirs is None or not _has_negation(d):
        return False
    return ours.trace.count("\n") >= theirs.trace.count("\n")


def _is_trace_of_constraint(d: Difference) -> bool:
    """Tell whether goals that stand in no text are among those of the trace."""
    if d.aspect != "trace" or d.theirs.error is None:
        return False
    steps = re.findall(r"^  \d+: .*(\n    in )?", d.theirs.error.trace, re.MULTILINE)
    return not all(steps)


def _is_other_problem_first(d: Difference) -> bool:
    """Tell whether theirs is one of our problems of a load, though not the first."""
    ours, theirs = d.ours.error, d.theirs.error
    if d.query is not None or ours is None or theirs is None:
        return False
    return d.aspect in ("text", "place") and theirs.text in ours.message


def _is_object_shown(d: Difference) -> bool:
    if d.aspect not in ("text", "trace"):
        return False
    ours, theirs = (_without_objects(it.error) for it in (d.ours, d.theirs))
    return ours[0].startswith(theirs[0]) and (ours[1] == theirs[1] or ours[1].endswith(theirs[1]))


def _without_objects(error: Error | None) -> tuple[str, str]:
    assert error is not None
    bare = re.compile(r"<(?:[\w.]*\.)?(\w+)(?: object| [^<>]*)?>")
    return bare.sub(r"<\1>", error.text), bare.sub(r"<\1>", error.trace)


def _is_value_shown(d: Difference) -> bool:
    """Tell whether one side shows a variable where the other shows its value."""
    if d.aspect != "text" or d.ours.error is None or d.theirs.error is None:
        return False
    if None not in (d.ours.error.place, d.theirs.error.place) and (
        d.ours.error.place != d.theirs.error.place
    ):
        return False
    beginnings = ("Not supported: ", "Arithmetic error: ", "Type error: Can only assign")
    return any(_says(d.ours.error, it) and _says(d.theirs.error, it) for it in beginnings)


def _is_reworded(d: Difference) -> bool:
    ours, theirs = d.ours.error, d.theirs.error
    beginning = "Found an unhandled partial in the query result: "
    is_one = _says(ours, beginning) and _says(theirs, beginning)
    return is_one and d.aspect in ("text", "place")


def _is_place_without(d: Difference) -> bool:
    return d.aspect == "place" and d.theirs.error is not None and d.theirs.error.place is None


def _is_internal_error(d: Difference) -> bool:
    error = d.theirs.error
    return error is not None and (
        error.kind == "OperationalError"
        or error.text.startswith("Type error: cannot unify patterns directly")
    )


def _is_unregistered(d: Difference) -> bool:
    error = d.ours.error
    return error is not None and error.kind == "UnregisteredClassError" and "Nobody" in d.polar


def _is_late_field(d: Difference) -> bool:
    is_missing = _says(d.theirs.error, "Application error: ") and not _says(d.ours.error, "App")
    has_pattern = re.search(r"matches|:", d.polar) is not None
    return is_missing and "has no attribute" in d.theirs.error.text and has_pattern


def _is_other_refusal(d: Difference) -> bool:
    if _says(d.theirs.error, "RestVariable") and _says(d.ours.error, "Found an unhandled partial"):
        return True
    is_refused = _kind(d.ours) == _kind(d.theirs) == "UnexpectedPolarTypeError"
    return is_refused and d.aspect == "text"


def _is_error_of_a_mismatch(d: Difference) -> bool:
    is_error = _says(d.theirs.error, "Type error: can only use `in`", "Not supported: ")
    return is_error and d.ours.error is None and len(d.ours.results) == len(d.theirs.results)


def _is_hint_of_ours(d: Difference) -> bool:
    return d.aspect == "text" and _says(d.ours.error, "Singleton variable *")


def _is_remedy_of_ours(d: Difference) -> bool:
    is_singleton = d.aspect == "text" and _says(d.ours.error, "Singleton variable ")
    return is_singleton and not _says(d.ours.error, "try renaming")


def _is_field_undeclared(d: Difference) -> bool:
    return _says(d.theirs.error, "No field ")


def _is_read_twice(d: Difference) -> bool:
    return bool(re.search(r"nums\(\)|trouble\(\)", d.polar)) and (
        _has_negation(d) or _says(d.ours.error, "InvalidIteratorError")
    )


# -- results -------------------------------------------------------------------------


def _has_union_field(d: Difference) -> bool:
    return bool(re.search(r"\b(Actor|Resource)\{", d.policy)) and d.aspect in ("results", "error")


def _is_equal_call_cut(d: Difference) -> bool:
    """Tell whether oso lost results where a call with a cut follows an equal one."""
    if d.aspect not in ("results", "error") or not re.search(r"\bcut\b", d.polar):
        return False
    if len(d.theirs.results) >= len(d.ours.results):
        return False
    texts = [re.findall(r"\b[fgh]\([^()]*\)", text) for text in d.polar.splitlines()]
    return any(len(set(calls)) < len(calls) for calls in texts)


def _is_union_order(d: Difference) -> bool:
    if d.aspect != "results" or not re.search(r"\b(actor|resource) \w+ \{", d.policy):
        return False
    ours, theirs = ([_key(_sorted(it)) for it in side.results] for side in (d.ours, d.theirs))
    if len(ours) == len(theirs) == RESULTS:
        # In another order, others are among the first.
        return True
    if d.ours.error and d.theirs.error and _kind(d.ours) == _kind(d.theirs):
        # In another order, the result that is an error ends the query after fewer or more.
        few, many = sorted((collections.Counter(ours), collections.Counter(theirs)), key=len)
        return few <= many
    return collections.Counter(ours) == collections.Counter(theirs)


def _key(value: Json) -> str:
    return json.dumps(value, sort_keys=True)


def _is_late_arithmetic(d: Difference) -> bool:
    if _says(d.ours.error, "Not supported: unsupported arithmetic"):
        return _kind(d.theirs) == "UnexpectedPolarTypeError"
    if d.aspect != "results":
        return False
    text = json.dumps([d.ours.results, d.theirs.results])
    return any(f'"expression", "{name}"' in text for name in _ARITHMETIC)


def _is_nested_pattern(d: Difference) -> bool:
    """Tell whether oso gives an equation with a pattern for a field that has to match one."""
    if re.search(
        r"The expression is: .* matches _", d.theirs.error.message if d.theirs.error else ""
    ):
        return d.ours.error is None
    if re.search(r'"Isa", \[\[[^\]]*\], \["variable"', json.dumps(d.theirs.results)):
        return True
    return d.aspect == "results" and '["pattern", ' in re.sub(
        r'"Isa", \[\[[^\]]*\], \["pattern"', "", json.dumps(d.theirs.results)
    )


def _is_late_negation(d: Difference) -> bool:
    error = d.theirs.error
    return _says(error, "Not supported: ") and " != " in error.text and "not" in d.polar


def _is_negated_unknown(d: Difference) -> bool:
    """Tell whether a negation is about variables that have no value, in what oso gives."""
    if not _has_negation(d) or d.aspect not in ("results", "error", "output"):
        return False
    if d.text and re.search(r"\b(not|forall)\b.*\b_[u-z]?\b", d.polar):
        # Something equals a variable that stands nowhere else: oso takes that for a condition.
        return True
    shown = json.dumps([d.ours.results, d.theirs.results])
    is_refused = "UnexpectedPolarTypeError" in (_kind(d.ours), _kind(d.theirs))
    return is_refused or any(f'"expression", "{name}"' in shown for name in ("Not", "Or", "Neq"))


def _is_equation_of_field(d: Difference) -> bool:
    """Tell whether oso found a field of an unknown not comparable when it came."""
    return _says(d.theirs.error, "Not supported: ") and bool(
        re.search(r" (==|!=) ", d.theirs.error.text)
        and re.search(r"\.\w|\{|_", d.polar)
        and d.ours.error is None
    )


def _is_printed_name(d: Difference) -> bool:
    if d.aspect != "output" or d.query is None or len(d.ours.output) != len(d.theirs.output):
        return False
    name = re.compile(r"\b(_\w*#|[u-z])(?=,|$|\]|\})")
    pairs = zip(d.ours.output, d.theirs.output, strict=True)
    return all(name.sub("?", a) == name.sub("?", b) for a, b in pairs)


def _map(value: Json, change: Callable[[Json], Json]) -> Json:
    """Change a value from the inside out."""
    if isinstance(value, dict):
        return change({key: _map(item, change) for key, item in value.items()})
    if isinstance(value, list):
        return change([_map(item, change) for item in value])
    return change(value)


def _own_names(results: Json) -> Json:
    """Call a variable, and those that equal it, by the first of their names in the query."""
    return [_with_own_names(result) for result in results]


def _with_own_names(result: dict[str, Json]) -> Json:
    groups = {name: {name} for name in result}
    for name, value in result.items():
        if _is_variable(value):
            joined = groups[name] | groups.get(value[1], set())
            groups |= dict.fromkeys(joined, joined)
    clean = {}
    for name, value in result.items():
        inside = _map(value, _without_inner_aliases)
        is_unknown = _is_variable(value)
        clean[name] = (
            ["variable", min(groups[name])] if is_unknown else _without_names(inside, set(result))
        )
    return clean


def _without_names(value: Json, own: set[str]) -> Json:
    """Call inner variables in lists and dictionaries alike, and those of the query, too."""
    if isinstance(value, list) and value[:1] == ["expression"]:
        return value

    def unname(it: Json) -> Json:
        is_known = _is_variable(it) and (it[1][:1] == "_" or it[1] in own)
        return ["variable", "?"] if is_known else it

    return _map(value, unname)


def _without_inner_aliases(it: Json) -> Json:
    """Leave out of And that something is a variable of which nothing else is said."""
    if not (isinstance(it, list) and it[:2] == ["expression", "And"]):
        return it
    text = _key(it)
    return [*it[:2], [part for part in it[2] if not _is_inner_alias(part, text)]]


def _is_inner_alias(part: Json, everything: str) -> bool:
    if part[:2] != ["expression", "Unify"]:
        return False
    names = [side[1] for side in part[2] if _is_variable(side)]
    inner = [name for name in names if name[:1] == "_" and name != "_this"]
    return any(everything.count(f'"{name}"') == 1 for name in inner)


def _unrolled(value: Json) -> Json:
    """Show lists that contain themselves alike, however far they are written out."""

    def roll(it: Json) -> Json:
        if isinstance(it, list) and it[:1] == ["list"] and re.search(r'"(variable|\?)"', _key(it)):
            shape = [len(it[1]), [x for x in it[1] if not isinstance(x, list)]]
            items = [["?"] if _is_variable(x) or x == ["?", shape] else x for x in it[1]]
            return ["?", shape] if ["?"] in items else it
        return it

    return _map(value, roll)


def _sorted(value: Json) -> Json:
    """Bring the parts of And, and the sides of Unify, Eq and Neq, into one order."""

    def sort(it: Json) -> Json:
        if isinstance(it, list) and it[:1] == ["expression"] and len(it) == 3:
            if it[1] == "And":
                unique = {_key(part): part for part in _joined(it[2])}
                return [*it[:2], [unique[key] for key in sorted(unique)]]
            if it[1] in ("Unify", "Eq", "Neq"):
                return [*it[:2], sorted(it[2], key=_key)]
        return it

    return _map(value, sort)


def _joined(parts: list[Json]) -> list[Json]:
    """Write variables that equal each other alike, and then fields; the equations stay."""
    for is_joined in (_is_variable, _is_field):
        names = _representatives(parts, is_joined)
        parts = [_map(part, lambda it, names=names: names.get(_key(it), it)) for part in parts]  # type: ignore[misc]
    return parts


def _representatives(parts: list[Json], is_joined: Callable[[Json], bool]) -> dict[str, Json]:
    """Give for each term of a kind the one that stands for all that it equals."""
    names: dict[str, Json] = {}
    for part in parts:
        if part[:2] == ["expression", "Unify"] and all(map(is_joined, part[2])):
            sides = [names.get(_key(side), side) for side in part[2]]
            one, other = sorted(sides, key=_key)
            names = {key: one if same(it, other) else it for key, it in names.items()}
            names |= {_key(one): one, _key(other): one}
    return names


def _is_field(value: Json) -> bool:
    return isinstance(value, list) and value[:2] == ["expression", "Dot"]


def _equations_applied(value: Json) -> Json:
    """Put a value in the place of a variable that equals it, and drop the equation."""

    def apply(it: Json) -> Json:
        if not (isinstance(it, list) and it[:2] == ["expression", "And"]):
            return it
        known: dict[str, Json] = {}
        rest = []
        for part in it[2]:
            left, right = _equation(part)
            if left is None:
                rest.append(part)
            else:
                known[left] = right
        found = [_map(part, lambda x: _look_up(x, known)) for part in rest]
        return ["expression", "And", [part for part in found if not _is_trivial(part)]]

    return _map(value, apply)


def _equation(part: Json) -> tuple[str | None, Json]:
    if part[:1] == ["expression"] and part[1] in ("Eq", "Unify"):
        for one, other in (part[2], part[2][::-1]):
            if _is_variable(one) and '["variable"' not in _key(other):
                return one[1], other
    return None, None


def _is_trivial(part: Json) -> bool:
    return part[:2] == ["expression", "Unify"] and same(*part[2])


def _is_variable(value: Json) -> bool:
    return isinstance(value, list) and value[:1] == ["variable"]


def _look_up(value: Json, known: dict[str, Json]) -> Json:
    return known.get(value[1], value) if _is_variable(value) else value


KNOWN = (
    Known(
        "division by zero",
        "an infinity is above every limit that a policy compares with",
        ("f(x) if 1 / x > 5;", "f(0)"),
        _is_division_by_zero,
    ),
    Known(
        "missing attribute under not",
        "a misspelt deny rule must not open anything",
        ("f(x) if not x.missing = 1;", "f(rex)"),
        _is_missing_under_not,
    ),
    Known(
        "unregistered class",
        "oso fails inside for some objects, and names no place; the mistake is named, with its"
        " place",
        ("f(_: Nobody);", "f(rex)"),
        _is_unregistered,
    ),
    Known(
        "internal error",
        "oso records arithmetic on a variable and cannot evaluate it later, nor patterns inside"
        " patterns; both work here",
        ("", "x + 1 = y and x = 2"),
        _is_internal_error,
    ),
    Known(
        "no field declared",
        "oso asks for the declared class of a field to go on with an unknown; what is left is a"
        " constraint here",
        ("f(r) if r matches Repo and o = r.org and o matches Org;", "f(x)"),
        _is_field_undeclared,
    ),
    Known(
        "late field",
        "a field that a pattern asks for and an object has not fails to match in oso, but is an"
        " error if the object comes after the pattern; the order must not matter",
        ("", "x matches Dog{age: 1} and x = rex"),
        _is_late_field,
    ),
    Known(
        "which result is refused",
        "of an open list and a constraint in one result either may be told",
        None,
        _is_other_refusal,
    ),
    Known(
        "error before a mismatch",
        "oso evaluates what waits for a variable before it compares the next element of a list;"
        " what does not match as a whole is no error here",
        ("", "x in y and [y, 1] = [10, 2]"),
        _is_error_of_a_mismatch,
    ),
    Known(
        "name of a rest",
        "oso proposes to rename *x to _*x, which is no Polar",
        ("f([1, *x]);", ""),
        _is_hint_of_ours,
    ),
    Known(
        "what is compared is not to be renamed",
        "oso proposes to rename every singleton, after which it equals anything",
        ("f(x) if x = y;", ""),
        _is_remedy_of_ours,
    ),
    Known(
        "iterator read twice",
        "oso finds a generator empty the second time, so that forall holds",
        ("", "forall(x in rex.nums(), x > 5)"),
        _is_read_twice,
    ),
    Known(
        "fields on a union",
        "oso ignores what Actor{...} and Resource{...} ask for: an ignored condition is a wrong"
        " allow",
        ('actor User {} f(_: Actor{name: "bob"});', "f(ann)"),
        _has_union_field,
    ),
    Known(
        "cut in a call equal to the one before",
        "oso takes two equal calls in a row for one, and cuts the choices of both",
        ("f(1); f(_) if cut;", "f(1) and f(1)"),
        _is_equal_call_cut,
    ),
    Known(
        "order of unions",
        "oso's depends on hashing; the order of the text is always the same",
        None,
        _is_union_order,
    ),
    Known(
        "other problem first",
        "which of several problems of a load oso tells depends on hashing; ours are all told, in"
        " the order of the text",
        None,
        _is_other_problem_first,
    ),
    Known(
        "trace under not",
        "oso's begin anew inside not and forall; ours show the whole way",
        ("", "not (1 in 2)"),
        _is_broken_trace,
    ),
    Known(
        "trace of what waited",
        "a constraint that is evaluated when its variable gets a value is told as one step; oso's"
        " steps are those of its own machinery",
        ("f(_: Dog{tags: [1]}, bit);", "f(x, x)"),
        _is_trace_of_constraint,
    ),
    Known(
        "objects in messages",
        "messages end in logs, and a repr may hold secrets",
        ("", "x in rex"),
        _is_object_shown,
    ),
    Known(
        "values in messages",
        "oso names a variable inside a list or dictionary, and the result of arithmetic; the"
        " value tells the author more",
        ("f(x) if [x] == [1];", "f(2)"),
        _is_value_shown,
    ),
    Known(
        "words about an unhandled partial",
        "the explanation behind the first line is our own",
        ("f(_) if x > 1 and x < 3;", "f(1)"),
        _is_reworded,
    ),
    Known(
        "place where oso has none",
        "a value of the host has no place, but its use has one",
        ("f(_);", "f(new Num())"),
        _is_place_without,
    ),
    Known(
        "arithmetic on unknowns",
        "oso cannot use such a constraint; the variable of its result is shown as what it equals",
        ("", "x = x * x"),
        _is_late_arithmetic,
    ),
    Known(
        "pattern inside a pattern",
        "oso equates the field of an unknown with a pattern, which nothing can evaluate later; here"
        " the field has to match it",
        ("", "x matches {a: Integer{}}"),
        _is_nested_pattern,
    ),
    Known(
        "negated equation",
        "oso turns it into !=, which lists, dictionaries and values of two kinds do not have",
        ("f(x) if not x = 1;", 'f(x) and x in ["a", 2]'),
        _is_late_negation,
    ),
    Known(
        "equation of a field",
        "what a variable must equal, or differ from, is asked of its value by =; oso does so for a"
        " variable, and compares for a field of one",
        ("", "x.a == [1] and x = {a: [1]}"),
        _is_equation_of_field,
    ),
    Known(
        "negation of unknowns",
        "oso negates each part of a conjunction, or drops a solution; every solution counts",
        ("f(x, y) if not (x > 1 and y > 1);", "f(x, y)"),
        _is_negated_unknown,
    ),
    Known(
        "printed names of unknowns",
        "an unbound variable is printed under another name of its own",
        ("f(x: Dog) if print(x);", "f(x)"),
        _is_printed_name,
    ),
    Known(
        "inner name of an unknown",
        "a variable that is nothing but unknown is called by its name in the query",
        ("f(x) if y = x and y = y;", "f(x)"),
        level=_own_names,
    ),
    Known(
        "equation kept",
        "oso puts the value in and drops the equation, which says what the value has to be",
        ("", "x < 3 and x == 1"),
        level=_equations_applied,
    ),
    Known(
        "terms that contain themselves",
        "how far such a term is written out is of no use to anybody",
        ("f(_, y: [y, 1]);", "f(_, x)"),
        lambda d: _says(d.ours.error, "A list has no end"),
        level=_unrolled,
    ),
    Known(
        "order inside And",
        "the parts and the sides of an equation stand in the order of the policy; oso's order"
        " depends on how the variables were joined",
        ("f(_, _: Dog);", "f(x, y) and z = y"),
        level=_sorted,
    ),
)
