"""Compiled rules: which there are, and that nothing tells them from the solver."""

from __future__ import annotations

import pathlib
import traceback
import typing as t

import pytest

from flask_oso import Limits, Oso
from flask_oso.polar.exceptions import PolarRuntimeError, UnregisteredClassError
from tests.fuzz.targets.compiled import outcome
from tests.fuzz.witnesses import CLASSES, Calls, make_values
from tests.support.answers import complete_program_of, left_over
from tests.support.policies import make_oso
from tests.support.stacks import directly, far_down, in_small_thread

pytestmark = pytest.mark.usefixtures("without_allow")

Outcome = tuple[t.Any, ...]


def load(policy: str, **limits: int) -> Oso:
    return make_oso(policy, *CLASSES, limits=Limits(**limits) if limits else None)


def ask_both(oso: Oso, name: str, *args: t.Any, calls: Calls | None = None) -> list[Outcome]:
    """Ask the solver, then compiled rules."""
    calls = Calls() if calls is None else calls
    ways = [
        lambda: oso.engine.solve_call(name, args),
        lambda: oso.engine.ask(name, *args),
    ]
    return [outcome(calls, way) for way in ways]


def ask_about_all(policy: str) -> tuple[list[Outcome], list[Outcome], Oso]:
    """Ask ``f`` about every value: with the solver, and with compiled rules."""
    oso, calls = load(policy), Calls()
    pairs = [ask_both(oso, "f", each, calls=calls) for each in make_values(calls).values()]
    return [first for first, _ in pairs], [second for _, second in pairs], oso


def reasons(oso: Oso) -> set[str]:
    return set(left_over(oso))


# -- which rules are compiled --------------------------------------------------------------

#: Rules ``f`` of one argument that are compiled, by what they show.
FOLLOWED = {
    "fact": 'f("read");',
    "several facts": 'f("read"); f("a"); f("é");',
    "attribute": "f(x) if x.flag;",
    "constant that is no condition": "f(x) if not x.flag or not nil;",
    "attribute of an attribute": 'f(x) if x.owner.org.name = "a";',
    "attribute of an instance": "f(x: Repo) if x.org.flag;",
    "missing attribute": "f(x) if x.missing;",
    "property that fails": "f(x: User) if x.bad = 1;",
    "true against 1": "f(x) if x.flag = 1;",
    "1 against true": "f(x) if x.n = true;",
    "equal numbers of two kinds": "f(x) if x.n = 1;",
    "large number": "f(x) if x.n = 9223372036854775807;",
    "none": "f(x) if x.none = nil;",
    "value that is no condition": "f(x) if x.n;",
    "equality of two attributes": "f(x) if x.owner = x.org;",
    "comparison of objects": "f(x) if x.owner == x.org;",
    "comparison of numbers": "f(x) if x.n > 0;",
    "comparison of strings": 'f(x) if x.name >= "b";',
    "method": "f(x) if x.can(1);",
    "method with keyword": "f(x) if x.can(action: 1);",
    "method that fails": "f(x) if x.boom();",
    "string in anything": 'f(x) if "a" in x.roles;',
    "elements of anything": "f(x) if y in x.roles and y.flag;",
    "elements of a generator": 'f(x) if y in x.gen() and y = "b";',
    "generator that fails": 'f(x) if y in x.breaks() and y = "b";',
    "elements of what has none": "f(x) if y in x.n and y = y;",
    "one of some strings": 'f(x) if x in ["a", "read"];',
    "not": "f(x) if not x.flag;",
    "not of a search": 'f(x) if not ("a" in x.roles);',
    "forall": 'f(x) if forall(y in x.tags, y = "a");',
    "or": 'f(x) if x.name = "b" or "a" in x.tags or x.flag;',
    "or, with what follows": 'f(x) if (y = x.name or y = x.n) and y != "a";',
    "matches": "f(x) if x.owner matches Repo and x.owner.flag;",
    "classes": "f(x: Repo) if x.flag; f(x: Fork) if not x.flag; f(x: User) if x.flag;",
    "unions": "f(_: Actor); f(x: Resource) if x.flag;",
    "variable that waits": 'f(x) if y = z and z = x.name and y = "a";',
    "rule": 'f(x) if g(x, "read"); g(x, "read") if x.flag; g(x, "a") if not x.flag;',
    "rule with a string that is not known": 'f(x) if g(x, x.name); g(x, "a") if x.flag; g(_, "b");',
    "rule that binds": "f(x) if g(x, y) and y.flag; g(x, y) if y = x.owner; g(x, y) if y = x.org;",
    "rule that binds a class": "f(x) if g(x, y) and y.flag; g(x, y: Repo) if y = x.owner;",
    "the same object twice": "f(x) if x.owner = y and z = y and y = z;",
    "number": "f(1); f(2.5);",
    "Boolean": "f(true);",
    "nothing": "f(nil);",
    "string that is a class's": "f(x: String) if x = x;",
    "class as a value": "f(User);",
    "two values of unlike kinds": 'f(1); f("a"); f(nil); f(x: User) if x.flag;',
    "classes of Polar's own values": "f(x: Integer) if x = x; f(x: Repo) if x.flag;",
    "order that depends on others": "f(x: User) if x.flag; f(x: Integer) if x = 1;"
    " f(x: Fork) if x.flag; f(x: Repo) if x.n; f(x) if x.none;",
    "field": "f(_: User{flag: true});",
    "field that is missing": "f(_: User{missing: 1}); f(x) if x.flag;",
    "field whose property fails": "f(_: User{bad: 1});",
    "field that is read before another head fails": "f(x) if g(x, 1); g(_: User{flag: true}, nil);"
    " g(_: User{n: 1}, 2); g(x: User{name: _}, 1) if x.n = 1;",
    "fields alone": 'f(_: {name: "a", flag: true}); f(x: {n: 1}) if x.flag;',
    "fields of fields": 'f(_: User{org: Org{name: "a"}, owner: {flag: false}});',
    "field with a variable": "f(x: User{owner: y}) if y.flag and x.n;",
    "field with a variable of the head": "f(x) if g(x.org, x); g(x, _: User{org: x});",
    "field of a union": "f(_: Actor{flag: true}); f(_: Resource{flag: true});",
    "fields of classes whose order depends on the object": "f(_: User{n: 3}); f(x: Repo) if x.flag;"
    " f(x: User{flag: nil}) if x.n = 1;",
    "fields by their number": "f(x: User{flag: true}) if x.n; f(x: User{flag: true, n: 1}) if x.n;",
    "matches fields": 'f(x) if x matches {name: "a"} and x.owner matches Repo{flag: false};',
    "matches fields, not": "f(x) if not (x matches Repo{flag: y} and y = true) and x.n;",
    "specializer that is a value": 'f(_: "a"); f(_: 1); f(_: true);',
    "variable twice": "f(x) if g(x.owner, x.org); g(x, x);",
    "number that is passed": "f(x) if g(x, 1) and g(x, true) and g(x, nil); g(x, y) if x.n = y;",
    "number that is passed and is no condition": "f(x) if g(x.n, 3); g(x, y) if x = 1 and y;",
    "string that is passed far and is no condition": 'f(x) if g(x, "a"); g(x, y) if h(y) and x.n;'
    " h(x) if x;",
    "number that is passed and has no elements": "f(x) if g(x, 3); g(x, y) if x in y;",
    "Boolean that is passed and has no fields": "f(x) if g(x, true); g(x, y) if x.n = y.m;",
    "literals that are compared": "f(x) if y = 1 and y = 1.0 and x = x; f(1) if 1 = true;",
    "literal that is matched": 'f(x) if "a" matches String and x = x; f(_) if 1 matches String;',
    "literal that a variable becomes": 'f(x) if g(x.name, y) and y > x.n; g("a", 0); g("b", 2);'
    ' g("read", true); g(_, 1);',
    "one of some numbers": "f(x) if x.n in [1, 2, true];",
    "one of some values": 'f(x) if x.n in [nil, 1, x.flag, x.owner, "x"] and x.flag;',
    "one of values that are the same": "f(x) if x.n in [1, 1.0, 2] and x.flag;",
    "literal in a list": "f(x) if 1 in [2, 1.0] and x.flag;",
    "variable that becomes one of some values": 'f(x) if y in ["a", x.name, z] and z = "b"'
    " and y = x.name and x.flag;",
    "string in a string": 'f(x) if x.n in "abx" and "a" in "banana" and x.flag;',
    "sum": "f(x) if x.n + 1 >= 2;",
    "difference and product": "f(x) if x.n - 1 = x.n * 2 - 2;",
    "quotients": "f(x) if x.n / 2 > 0.4 and x.n mod 2 = 1 and x.n rem 2 = 1;",
    "sum that has more than 64 bits": "f(x) if x.n + 9223372036854775807 = 1;",
    "quotient that is none": "f(x) if x.n / 0 = y and y = 1;",
    "sum that is passed and is no condition": "f(x) if g(x.n + 1); g(x) if x;",
    "sum that waits": "f(x) if y + 1 = z and z = x.n and y = x.n;",
    "comparison that waits": "f(x) if y > 1 and z < 3 and y = x.n and z = y;",
    "assignment": "f(x) if y := x.owner and y.flag;",
    "assignment of a sum": "f(x) if y := x.n + 1 and y = 2;",
    "assignment of what is not known yet": "f(x) if y := z and z = x.n and y = 1;",
    "field that is computed": 'f(x) if y in ["name", "n"] and x.(y) = "a";',
    "field whose name is a value": "f(x) if y = x.name and x.(y) = 1;",
    "field whose name is a number": "f(x) if y = x.n and x.(y) = 1;",
    "field of a string": 'f(x) if "a".upper() = "A" and x.flag; f(x) if "a".lower = x.name;',
    "field of a variable that waits": "f(x) if y.name = z and y.n = 1 and z > 1 and y = x;",
    "list and dictionary as arguments": 'f(x) if x.can([x, {a: x.tags}]) and x.can("a");',
    "new object": "f(x) if y = new Box(x.name, n: x.n) and y.n = 1 and y.name = x.name;",
    "new object whose constructor fails": 'f(x) if new Box("b").n = 1 and x.flag;',
    "class that is none for a text": 'f(x) if g(x, "a"); g(x, y: User) if y.n.m = x;'
    " g(x, _: Integer) if x.flag; g(x, y) if x.name = y;",
    "cut": "f(x) if cut and x.flag; f(x) if x.n = 1;",
    "cut behind a condition": "f(x) if x.flag and cut and x.n = 2; f(x) if x.name;",
    "cut behind a search": 'f(x) if y in x.roles and y != "b" and cut and y in x.tags and y = x.n;'
    " f(x) if x.flag;",
    "cut in a rule that is called": "f(x) if g(x, y) and y in x.tags; f(x) if h(x) and x.n = 2;"
    " g(x, y) if y = x.name; h(x) if y in x.tags and y in x.roles and cut and x.flag; h(_);",
    "cut behind alternatives": "f(x) if (x.flag or x.n) and cut and _ in x.tags and x.n = 2;"
    " f(x) if x.name;",
    "cut between rules of classes": "f(x: Repo) if cut and x.flag; f(x: Fork) if cut and x.n = 1;"
    " f(_);",
    "cut of all": "f(x) if g(x) and x.flag; g(_) if cut and false; g(x) if x.n;",
    "list that is taken apart": "f(x) if [y] = x.tags and y = x.name; f(x) if x.roles = [y, z]"
    " and y = z;",
    "list with a rest": 'f(x) if [y, *z] = x.roles and "read" in z and y.k = 1;',
    "list that only begins alike": 'f(x) if ["read", *_] = x.roles and x.n = 2;',
    "list with what is known": 'f(x) if y = x.name and [y, "b", y] = x.tags;'
    ' f(x) if ["a"] = x.tags;',
    "list of attributes": "f(x) if x.tags = [x.name] or x.roles = [x.n, x.name] or x = [x.n];",
    "list of attributes that an object is compared with": "f(x) if x.owner = [x.name];",
    "list that a number is not": "f(x) if [y] = x.n and y = 1; f(x) if x.tags = [y] and y.z = 1;",
    "pairs of a dictionary": 'f(x) if [k, v] in x.tags and k = "x" and v = "a" and x.n = 1;',
    "lists in a list": "f(x) if [y] in [x.tags, x.roles] and y = x.name;",
    "list of patterns": "f(x) if x.roles matches [String, *y] and x.n in y;"
    " f(x) if x.roles matches [{k: 1}, String];",
    "list of parts that is searched": "f(x) if y = [x.name, x.n] and x.n in y and x.flag;",
    "list of parts as an argument": "f(x) if y = [x.name, [x.n]] and x.can(y);",
    "data": 'f(x) if y = {a: [1, "b"], c: {d: nil}} and z = y.a and x.name in z and y.c.d = nil;',
    "variable that is passed twice": "f(x) if g(x, x.owner, x); g(x, y, z) if x = z and y.flag;",
    "attribute that is passed twice": "f(x) if y = x.n and g(y, y) and z = x.tags and g(z, z);"
    " g(x, y) if x = y and y = x;",
    "literal before a class that is none for a text": 'f(x) if g(x, "a"); g(false, _: User);'
    " g(nil, _: Repo); g(_, _);",
    "element of a list that is no condition": "f(x) if y = [true, 3] and z in y and z and x.n = 2;",
    "element of a list that has no fields": "f(x) if y = [true] and z in y and z.n = x.n;",
    "literal that is searched": 'f(x) if x in "abc"; f(x) if x.flag in 3;',
    "search that waits for two variables": 'f(x) if y in z and w in z and y = "a" and z = x.roles'
    " and w = y;",
    "variable whose classes exclude each other": "f(x) if y matches User and y matches Repo"
    " and y = x;",
    "variable whose classes the rules exclude": "f(x) if g(y) and h(y) and y = x; g(_: User);"
    " h(_: Repo);",
    "variable of a class that stands in a head twice": "f(x) if g(y, x) and y = x;"
    " g(a: Repo, a) if a.flag;",
    "classes of an attribute have no order": 'f(x) if g(x.owner, y) and y = "a";'
    " g(x: Org, y) if y = x.name; g(x: User, y) if y = x.name;",
    "classes of a variable have no order": "f(x) if y = x.owner and g(x, z) and z = y;"
    " g(x, y: Repo) if y = x.owner; g(x, y: Fork) if y = x.org;",
    "condition that becomes true": "f(x) if y and y = x.flag; f(x) if y and y = x.n;",
    "attribute that all elements have": "f(x) if forall(y in x.roles, y.flag);",
    "attribute that is no condition": "f(x) if forall(y in x.roles, y.name and y.n);",
    "variable of a class that is a condition": "f(x) if y matches User and y and x = y;"
    " f(x) if y matches Boolean and y and x.flag = y;",
    "compared variable that is a condition": "f(x) if 1 in [y, 1] and y and x.flag = y;",
    "united variables that are a condition": "f(x) if y = z and z and x.flag = y;",
}
#: Rules ``f`` of one argument that are left to the solver, with the reason.
UNFOLLOWED = {
    "a cut inside of another condition": "f(x) if (x.flag and cut or x.n) and x.flag;",
    "a cut in a rule that binds variables": "f(x) if g(x, y) and y.flag; g(x, y) if y = x.owner"
    " and cut; g(x, x.org);",
    "a method of a variable that is not bound yet": "f(x) if y.can(1) and y = x;",
    "a lookup of a field that is not known yet": "f(x) if x.tags.(y) = y;",
    "a search in a list with a rest": "f(x) if x in [1, *y] and y = x.tags;",
    "a search in a list that has what is searched for": "f(x) if x in [x.owner, x];",
    "a comparison with a variable that is not bound yet": "f(x) if y != 1 and y = x.n;",
    "an assignment to what may have a value": "f(x) if x := 1;",
    "a new value of a class of Polar's own values": 'f(x) if x = new String("a");',
    "a class of a field that is not known yet": "f(x) if y.org = z and z matches Org and y = x;",
    "a list with variables in it": "f(x) if y = [x.n] and g(y); g(_);",
    "two lists with variables that are compared": "f(x) if [x.n] = [x.name];",
    "a list whose rest is known before": "f(x) if z = x.tags and [y, *z] = x.roles and y = 1;",
    "a part of a list that conditions wait for": "f(x) if y > 1 and [y] = x.tags;",
    "an argument that is a list with a rest": "f(x) if x.can([1, *x]);",
    "a list, a dictionary or a pattern with variables in it": "f(x) if {a: x} = x.tags;",
    "a literal that is no number": "f(x) if x.n = nan;",
    "a literal whose fields are matched": 'f(x) if "a" matches {n: 1} and x = x;',
    "a pattern for a variable that is not bound yet": "f(x) if y matches {n: 1} and y = x;",
    "a union that a variable has to be of": "f(x) if y matches Resource and y = x;",
    "a literal that a variable has to become": "f(x) if 1 in y and g(x, y); g(_, 1);",
    "two variables that conditions wait for": "f(x) if 1 in y and 2 in z and y = z and z = x.tags;",
    "two variables, one of which has to be of a class": "f(x) if y matches Repo and 1 in y"
    " and y = z and z = x;",
    "a list or a dictionary in a head": 'f(x) if g(x, x.tags); g(_: {flag: true}, ["a"]);',
    "a negation that binds a variable": "f(x) if z = y and not (y = x.name) and z = 1;",
    "a condition on a variable that is never bound": "f(x) if y in z and z = z and x = y;",
    "a collection that is passed to a rule with its element": "f(x) if t = x.tags and y in t"
    " and g(y, t); g(y, t) if y in t;",
    "a collection that is searched for two variables": "f(x) if t = x.tags and y in t and z in t"
    " and y = z;",
    "'print'": "f(x) if print(x);",
    "too many nested searches": f"f(x) if {' and '.join(f'_{n} in x.tags' for n in range(40))};",
}


@pytest.mark.each(3)
@pytest.mark.parametrize("policy", FOLLOWED.values(), ids=FOLLOWED)
def test_rule_is_compiled_and_nothing_tells(policy: str) -> None:
    """Answers, errors with their whole text, and calls of the host are the solver's."""
    expected, given, oso = ask_about_all(policy)

    assert given == expected
    assert reasons(oso) == set()
    assert complete_program_of(oso).answer("f", 1) is not None


#: Rules with a list or a dictionary in their heads, which are the solver's where they get one.
BECOME = {
    "list that a variable becomes": 'f(x) if g(x.name, y) and "b" in y; g("a", ["b", "c"]);'
    ' g("b", ["c", "b", "b"]); g("c", []); g(_, ["b", 1]);',
    "dictionary that a variable becomes": 'f(x) if g(x, y) and y.a = x.name; g(_, {a: "a"});'
    ' g(_: {flag: true}, {a: "b", c: [1]});',
    "list that a variable becomes, for a method": "f(x) if g(y) and x.can(y) and y = x.tags;"
    ' g(["a", "b"]); g([1, [true, nil]]);',
    "list that one variable becomes": 'f(x) if g(y, y) and x.flag; g(["a"], ["a"]); g(["a"], []);',
}


@pytest.mark.parametrize("policy", BECOME.values(), ids=BECOME)
def test_list_in_a_head_that_a_variable_becomes_is_compiled(policy: str) -> None:
    """Answers, errors and calls are the solver's, and it is asked nothing."""
    expected, given, oso = ask_about_all(policy)

    assert given == expected
    assert reasons(oso) == set()


@pytest.mark.parametrize(("reason", "policy"), UNFOLLOWED.items(), ids=UNFOLLOWED)
def test_rule_is_left_to_the_solver(reason: str, policy: str) -> None:
    """What cannot be followed is answered all the same, and listed with the reason."""
    expected, given, oso = ask_about_all(policy)

    assert given == expected
    assert reason in reasons(oso)


# -- objects that are asked whether they equal themselves -----------------------------------


@pytest.mark.parametrize(
    "policy",
    [
        "f(x) if x = x and x.none = nil;",
        "f(x) if (x.flag or x = x) and y = x.owner and z = y and y = z;",
        "f(x) if g(x, x); g(x, y) if x = y;",
        "f(x) if t = x.tags and y in t and z in t and y = z;",
        "f(x) if t = x.tags and y in t and g(y, t); g(y, t) if y in t;",
        "f(_) if g(SAME); g(x) if x = SAME;",
    ],
)
def test_what_is_one_value_is_not_compared_with_itself(policy: str) -> None:
    """The solver asks no object whether it equals itself where it has one term for both."""
    calls = Calls()
    alike = make_values(calls)["alike"]
    alike.__dict__["tags"] = [alike, alike]
    oso = load("")
    oso.register_constant(alike, "SAME")
    oso.load_str(policy)

    expected, given = ask_both(oso, "f", alike, calls=calls)

    assert given == expected


@pytest.mark.parametrize("number", [1.0, 2.0])
@pytest.mark.parametrize(
    "policy",
    [
        "f(_, x) if y.name = x and y = y;",
        "f(x, z) if g(x) and x.n = z; g(x) if y.name = x and y = y;",
        'f(_, x) if g(y) and y.name == x; f(_, "a") if false; f(_, "é") if false; g(_);',
    ],
)
def test_constraint_that_nothing_decides_is_an_error(policy: str, number: float) -> None:
    """Where the solver takes over, what is open counts if the whole question ends like that."""
    alike = make_values(Calls())["alike"]

    expected, given = ask_both(load(policy), "f", alike, number)

    assert given == expected


# -- far down, and without end -------------------------------------------------------------


class Link:
    """An object of a chain."""

    next: t.Any = None


def chain(length: int) -> Link:
    first = last = Link()
    for _ in range(length):
        last.next = Link()
        last = last.next
    return first


def ring() -> Link:
    first = chain(1)
    first.next.next = first
    return first


places = pytest.mark.parametrize("call", [directly, far_down, in_small_thread])
#: A rule that calls itself in a test, and one that does so in a search.
RECURSIVE = {
    "test": "f(x) if x.next = nil; f(x) if x.next = y and f(y);",
    "search": "f(x) if g(x) and x = x;"
    " g(x) if x.next = nil; g(x) if x.next = y and g(y) and y = y;",
}


@places
@pytest.mark.parametrize("policy", RECURSIVE.values(), ids=RECURSIVE)
def test_chain_of_hundreds_is_followed_anywhere(call: t.Any, policy: str) -> None:
    """How deep the caller stands in Python's stack is no matter."""
    oso = load(policy)

    expected, given = call(lambda: ask_both(oso, "f", chain(300)))

    assert given == expected == (True, ())
    assert reasons(oso) == set()


@pytest.mark.full
@places
def test_chain_of_three_thousand_is_followed_with_the_default_limits(call: t.Any) -> None:
    """Neither Python's limit of recursion nor its stack is reached."""
    oso = load(RECURSIVE["test"])

    assert call(lambda: oso.engine.ask("f", chain(3_000))) is True
    assert reasons(oso) == set()


@places
@pytest.mark.parametrize(
    "policy",
    ["f(x) if f(x.next);", "f(x) if x.next = y and f(y) and y.next = x;", "f(x) if not f(x.next);"],
)
def test_endless_recursion_is_the_documented_error(call: t.Any, policy: str) -> None:
    """It ends as in the solver."""
    oso = load(policy, goals=2_000)

    expected, given = call(lambda: ask_both(oso, "f", ring()))

    assert given[0] == expected[0]
    assert given[0][0] == "StackOverflowError"
    assert given[0][1].startswith("Goal stack overflow! MAX_GOALS = 2000\n`f` calls itself with")


@places
def test_recursion_without_end_or_circle_uses_up_the_goals(call: t.Any) -> None:
    """Each object leads to a new one: nothing tells that there is no last one."""

    class Endless:
        @property
        def next(self) -> Endless:
            return Endless()

    oso = load("f(x) if x.next = y and f(y);", goals=4_000)

    expected, given = call(lambda: ask_both(oso, "f", Endless()))

    assert given == expected
    assert given[0] == ("StackOverflowError", "Goal stack overflow! MAX_GOALS = 4000")


def test_deadline_is_met_in_a_search() -> None:
    """A search that takes long in compiled rules ends in time, too."""
    nested = " and ".join(f"_{number} in x.next" for number in range(8))
    oso, wide = load(f"f(x) if {nested} and x.next = nil;", timeout_ms=50), Link()
    wide.next = list(range(100))

    with pytest.raises(PolarRuntimeError, match=r"^Query timeout: .* 50ms"):
        oso.engine.ask("f", wide)
    assert reasons(oso) == set()


# -- what changes while a policy is in force ------------------------------------------------


def test_log_that_is_switched_on_later_is_the_solver_s(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """``POLAR_LOG`` shows every step of a question, though its rule was compiled before."""
    oso = load("f(x) if x.next = nil;")
    assert oso.engine.ask("f", Link()) is True
    monkeypatch.setenv("POLAR_LOG", "1")
    capsys.readouterr()

    assert oso.engine.ask("f", Link()) is True

    assert "x.next" in "".join(capsys.readouterr())


def test_class_that_is_registered_later_counts() -> None:
    """Registering makes another program; rules that named the class match its objects."""
    oso = load('f(x: Link) if x.next = nil; f("a") if false;')
    with pytest.raises(UnregisteredClassError):
        oso.engine.ask("f", Link())

    oso.register_class(Link)

    assert ask_both(oso, "f", Link()) == [(True, ()), (True, ())]


def test_debug_is_left_to_the_solver() -> None:
    """What may stop and ask is no function."""
    oso = load("f(x) if debug() and x.next = nil;")

    expected, given = ask_both(oso, "f", Link())

    assert given == expected == (True, ())
    assert reasons(oso) == {"'debug'"}


@pytest.mark.parametrize("policy", ["f(x) if x.asks();", "f(x) if not x.asks() and x.fails;"])
def test_decision_inside_a_decision(policy: str) -> None:
    """Traces of the outer one know nothing of the inner one, and the other way round."""
    oso = load(f"{policy} g(x) if x.next.missing; h(x) if x.next = nil;")

    class Asker(Link):
        def asks(self) -> bool:
            return not oso.engine.ask("h", self) or oso.engine.ask("g", self)

    expected, given = ask_both(oso, "f", Asker())

    assert given == expected
    assert "missing" in str(given)


def test_iterator_is_read_once() -> None:
    """Two searches in one iterator are the error that they are in the solver."""
    policy = "f(x) if y in x.next and y = 2 and z in x.next and z = 1;"
    oso = load(policy)

    first, second = Link(), Link()
    first.next, second.next = iter([1, 2, 3]), iter([1, 2, 3])

    expected = outcome(Calls(), lambda: oso.engine.solve_call("f", (first,)))
    given = outcome(Calls(), lambda: oso.engine.ask("f", second))

    assert given == expected


# -- tracebacks ----------------------------------------------------------------------------


def test_traceback_shows_file_and_line_of_the_policy(tmp_path: pathlib.Path) -> None:
    """An exception of the host's leads through the line of the rule that called it."""
    file = tmp_path / "walls.polar"
    file.write_text('f(x) if g(x);\n\n# Thick.\ng(x) if\n  "a" = "a" and\n  x.boom();\n')
    oso = Oso()
    oso.load_files([file])
    user = make_values(Calls())["user"]

    with pytest.raises(ValueError, match="boom") as caught:
        oso.engine.ask("f", user)

    places = [(each.filename, each.lineno) for each in traceback.extract_tb(caught.tb)]
    assert [line for name, line in places if name == str(file)] == [1, 6]
