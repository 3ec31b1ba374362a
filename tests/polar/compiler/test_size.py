"""What a question costs does not depend on how many other rules a policy has."""

from __future__ import annotations

import itertools
import typing as t
from unittest import mock

import pytest

from flask_oso import Oso
from flask_oso.polar.compiler.binding_analysis import (
    ArgumentFacts,
    ClauseOrder,
    Dispatch,
    dispatch_by,
    matching_clauses,
    order_clauses,
)
from flask_oso.polar.compiler.specialization.tables.drafts import Asked
from flask_oso.polar.nodes import Value
from flask_oso.polar.solver.class_index import ClassIndex
from flask_oso.polar.solver.clauses import Clause
from flask_oso.polar.solver.rule_order import UnknownOfClass, sort_clauses
from tests.support.answers import count_answers, count_functions, left_over, program_of, specialized
from tests.support.policies import make_oso

pytestmark = pytest.mark.usefixtures("without_allow")


class User:
    """An actor."""

    name = "ann"


def make_classes(number: int, *bases: type) -> list[type]:
    return [type(f"Doc{n}", bases, {"kind": "k0", "owner": None}) for n in range(number)]


def load(policy: str, *classes: type) -> Oso:
    return make_oso(policy, User, *classes)


def by_class(classes: list[type], action: str = '"read"') -> str:
    """Give one rule for each class."""
    rule = "allow(u: User, {}, d: {}) if d.owner = u;"
    return "\n".join(rule.format(action, cls.__name__) for cls in classes)


def clauses_about(oso: Oso, cls: type) -> list[Clause]:
    """Give the clauses for an action that is some string, and a resource of a class."""
    program = program_of(oso)
    lineages = {2: program.lineage(cls)}
    return program.clauses_for(
        "allow", 3, ArgumentFacts({1: Value("read")}, t.cast(t.Any, lineages))
    )


# -- which clauses a function has ---------------------------------------------------------


def test_function_for_a_class_has_the_clauses_of_the_class() -> None:
    """Of a hundred rules about a hundred classes, one."""
    classes = make_classes(100)
    oso = load(by_class(classes), *classes)

    assert len(clauses_about(oso, classes[7])) == 1


@pytest.mark.parametrize(("count", "made"), [(5, 0), (20, 1)])
def test_few_clauses_are_looked_at_without_an_index(
    monkeypatch: pytest.MonkeyPatch, count: int, made: int
) -> None:
    """To make an index takes longer than to look at each of them, which gives the same."""
    make = mock.Mock(side_effect=ClassIndex._index_of, autospec=True)
    monkeypatch.setattr(ClassIndex, "_index_of", lambda index, at: make(index, at))
    classes = make_classes(count)

    found = clauses_about(load(by_class(classes), *classes), classes[3])

    assert [clause.parameters[2].specializer.tag for clause in found] == ["Doc3"]
    assert make.call_count == made


def test_clauses_for_a_literal_are_those_of_its_kind() -> None:
    """What was found for a number is not taken for what equals it in Python."""
    program = program_of(load("allow(_, 1, _); allow(_, true, _); allow(_, 1.0, _);"))

    def number(value: t.Any) -> int:
        return len(program.clauses_for("allow", 3, ArgumentFacts({1: Value(value)})))

    # An integer equals the float.
    assert [number(each) for each in (1, True, 1.0, True, 1)] == [2, 1, 2, 1, 2]


def test_clauses_that_were_found_are_looked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several ask for the clauses of a call, one after another, and each gets a list."""
    oso = load('allow(_, "read", _); allow(_, "edit", _);')
    program, look = program_of(oso), mock.Mock(wraps=matching_clauses)
    monkeypatch.setattr("flask_oso.polar.compiler.programs.matching_clauses", look)

    for _ in range(3):
        program.clauses_for("allow", 3, ArgumentFacts({1: Value("read")})).clear()

    assert len(program.clauses_for("allow", 3, ArgumentFacts({1: Value("read")}))) == 1
    assert look.call_count == 1


def test_function_for_a_class_has_the_clauses_of_what_is_above_it() -> None:
    """Rules about a base class, about a union, and about anything stay."""
    base = type("Base", (), {})
    classes = make_classes(20, base)
    rest = 'allow(_, "read", _: Base); allow(_, "read", _: Resource); allow(_, "read", _);'
    oso = load(by_class(classes) + rest + "resource Base {}", base, *classes)

    assert len(clauses_about(oso, classes[7])) == 4


def test_class_that_is_not_registered_has_the_clauses_of_what_is_above_it() -> None:
    """It is an instance of the registered class that it derives from."""
    classes = make_classes(20)
    oso = load(by_class(classes), *classes)

    assert len(clauses_about(oso, type("Below", (classes[3],), {}))) == 1


def test_clause_that_reads_before_its_class_is_tested_stays() -> None:
    """Reading may raise an error, whatever the class of the resource."""
    classes = make_classes(20)
    policy = by_class(classes) + 'allow(_: User{name: "ann"}, "read", _: Doc3);'
    oso = load(policy, *classes)

    assert len(clauses_about(oso, classes[7])) == 2


class _Any(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return True


def test_clause_with_a_class_that_tells_its_instances_itself_stays() -> None:
    """The solver asks such a class first."""
    classes = make_classes(20)
    odd = _Any("Odd", (), {})
    oso = load(by_class(classes) + 'allow(_: Doc0, "read", _: Odd);', odd, *classes)

    assert len(clauses_about(oso, classes[7])) == 2


def test_error_before_the_class_of_the_resource_is_met() -> None:
    """A property of the actor that fails is an error, though the rule is about another class."""

    class Failing(User):
        @property
        def who(self) -> str:
            raise RuntimeError("no name")

    classes = make_classes(2)
    oso = load(
        by_class(classes[:1]) + 'allow(_: User{who: "ann"}, "read", _: Doc1);', Failing, *classes
    )

    with pytest.raises(RuntimeError, match="no name"):
        oso.is_allowed(Failing(), "read", classes[0]())


def test_literal_that_an_object_says_it_equals() -> None:
    """A resource whose own equality holds for a string of a rule is what the rule is about."""

    class Page:
        closed = False

        def __eq__(self, other: object) -> bool:
            return other == "home"

        __hash__ = None  # type: ignore[assignment]

    oso = load('allow(_, "read", "home"); allow(_: User, "read", p: Page) if p.closed;', Page)

    assert oso.is_allowed(User(), "read", Page())


# -- who answers ----------------------------------------------------------------------------


def test_few_functions_are_made_for_one_question() -> None:
    """A rule for each of a hundred classes makes no more functions than a rule for one."""
    counts = set()
    for number in (5, 100):
        classes = make_classes(number)
        oso = load(by_class(classes), *classes)
        oso.is_allowed(User(), "read", classes[3]())
        counts.add(count_functions(oso))

    assert len(counts) == 1


def test_classes_that_rules_treat_alike_share_a_specialization() -> None:
    """A hundred classes take the memory of one."""
    classes = make_classes(100)
    oso = load(by_class(classes), *classes)
    specializations = t.cast(t.Any, program_of(oso).specializations("allow", 3))

    made = {id(specializations.maker.function(Asked("read", (User, cls)))) for cls in classes}

    assert len(made) == 1


@pytest.mark.parametrize("number", [10, 600])
def test_many_rules_for_one_action_and_class_are_one_specialization(number: int) -> None:
    """A string that is compared with hundreds is looked up."""
    (cls,) = make_classes(1)
    rules = (f'allow(_: User, "read", d: Doc0) if d.kind = "k{n}";' for n in range(number))
    oso = load("\n".join(rules), cls)

    assert specialized(oso.engine, User(), "read", cls()) is True


def roles_below_each_other(count: int) -> str:
    names = ", ".join(f'"role{n}"' for n in range(count))
    lines = " ".join(f'"role{n}" if "role{n + 1}";' for n in range(count - 1))
    return f"""
        actor User {{}}
        resource Doc0 {{ permissions = ["read"]; roles = [{names}]; "read" if "role0"; {lines} }}
        has_role(u: User, "role{count - 1}", d: Doc0) if d.owner = u;
        allow(actor, action, resource) if has_permission(actor, action, resource);
    """


LARGE: dict[str, t.Callable[[int], str]] = {
    "roles below each other": roles_below_each_other,
    "rules that call each other": lambda n: (
        'allow(u: User, "read", d: Doc0) if rule0(u, d);'
        + "".join(f"rule{i}(u, d) if rule{i + 1}(u, d);" for i in range(n))
        + f"rule{n}(u, d) if d.owner = u;"
    ),
    "negations": lambda n: (
        'allow(u: User, "read", d: Doc0) if d.owner = u'
        + "".join(f" and not denied{i}(u, d)" for i in range(n))
        + ";"
        + "".join(f"denied{i}(u, d) if x in d.list{i} and x = u;" for i in range(n))
    ),
    "alternatives": lambda n: (
        'allow(u: User, "read", d: Doc0) if d.owner = u'
        + "".join(f" and (d.size{i} = 1 or d.size{i} = 0)" for i in range(n))
        + ";"
    ),
}


@pytest.mark.parametrize("number", [5, 80])
@pytest.mark.parametrize("make", LARGE.values(), ids=LARGE)
def test_large_policy_is_one_specialization(make: t.Callable[[int], str], number: int) -> None:
    """What is bounded is how often a rule is asked within itself, and not how long a policy is."""
    (cls,) = make_classes(1)
    oso = load(make(number), cls)
    user, doc = User(), t.cast(t.Any, cls())
    doc.owner = user
    for n in range(number):
        doc.__dict__.update({f"size{n}": 0, f"list{n}": []})

    assert specialized(oso.engine, user, "read", doc) is True
    assert oso.is_allowed(user, "read", doc)


def test_rule_that_only_a_specialization_follows_has_one() -> None:
    """It is there also where the solver answers instead of the rules in order."""
    (cls,) = make_classes(1)
    oso = load(LARGE["alternatives"](30), cls)
    user, doc = User(), t.cast(t.Any, cls())
    doc.owner = user
    for n in range(30):
        doc.__dict__.update({f"size{n}": 0, f"list{n}": []})

    oso.is_allowed(user, "read", doc)

    made = oso.engine.specialized["read"][cls]
    assert made(user, "read", doc) is True


def test_rules_that_differ_in_two_strings_are_one_specialization() -> None:
    """Each string has what belongs to it."""
    (cls,) = make_classes(1)
    rule = 'allow(u: User, "read", d: Doc0) if d.kind = "k{}" and u.name = "n{}";'
    oso = load("\n".join(rule.format(n, n % 7) for n in range(300)), cls)
    kinds = range(0, 320, 9)
    given = []
    for kind, name in itertools.product(kinds, range(7)):
        user, doc = User(), cls()
        user.name, doc.kind = f"n{name}", f"k{kind}"
        given.append(specialized(oso.engine, user, "read", doc))

    assert given == [kind < 300 and kind % 7 == name for kind in kinds for name in range(7)]


@pytest.mark.parametrize("action", ["_", "_action", "_action: String"])
def test_rules_without_a_known_action_have_specializations(action: str) -> None:
    """It is chosen by the classes alone."""
    classes = make_classes(10)
    oso = load(
        by_class(classes, action).replace("(u: User, action,", "(u: User, _action,"), *classes
    )
    user, doc = User(), classes[3]()
    doc.owner = user

    assert specialized(oso.engine, user, "read", doc) is True


def test_rules_about_class_objects_are_compiled() -> None:
    """The resource is a class: each has a function with its own rule."""
    classes = make_classes(50)
    rules = (f'allow(u: User, "list", {cls.__name__}) if u.name = "ann";' for cls in classes)
    oso = load("\n".join(rules), *classes)

    assert [oso.is_allowed(User(), "list", each) for each in (classes[3], User)] == [True, False]
    assert left_over(oso) == []


@pytest.mark.parametrize(
    ("action", "answer"), [(3, True), (77, False), (3.0, True), (True, False), ("3", False)]
)
def test_actions_that_are_integers(action: t.Any, answer: bool) -> None:
    """An integer is looked up; a float equals it, and a Boolean does not."""
    rules = "\n".join(f"allow(_: User, {n}, _) if 1 = 1;" for n in range(2, 50))
    oso = load(rules)

    assert oso.is_allowed(User(), action, User()) is answer
    assert oso.engine.solve_call("allow", (User(), action, User())) is answer


def test_integer_is_no_string() -> None:
    """A literal that is an integer does not pass a test for a string."""
    rules = "".join(f'allow(_: User, {n}, "x") if 1 = 1;' for n in range(9))
    oso = load(rules + "allow(_, _: String, 1);")

    assert not oso.is_allowed("ann", 1, 1.0)


def test_more_than_two_hundred_actions_are_asked_one_by_one() -> None:
    """There is no number of actions from which a query has to find them."""
    (cls,) = make_classes(1)
    rules = (f'allow(_: User, "a{n}", d: Doc0) if d.kind = "k{n % 2}";' for n in range(300))
    oso = load("\n".join(rules), cls)

    found = oso.engine.strings("allow", (User(), None, cls()), 1)

    assert found == {f"a{n}" for n in range(0, 300, 2)}


def test_actions_of_other_classes_are_not_asked_about() -> None:
    """Of a thousand actions, those that a rule for this class names."""
    classes = make_classes(30)
    rules = [
        f'allow(u: User, "a{n}_{m}", d: {cls.__name__}) if d.owner = u;'
        for n, cls in enumerate(classes)
        for m in range(3)
    ]
    oso = load("\n".join(rules), *classes)
    questions = program_of(oso).string_searches.questions("allow", 3, 1)

    about = questions.about((User, classes[4]))

    assert about.alike == {"a4_0": ["a4_0", "a4_1", "a4_2"]}


def test_error_of_a_rule_is_met_where_no_action_is_possible() -> None:
    """A class without an action of its own still has its errors."""
    classes = make_classes(5)
    policy = "allow(u, act, d) if d.missing and may(u, act, d);"
    rules = (f'may(_, "a{n}", _: Doc{n});' for n in range(1, 5))
    oso = load(policy + "".join(rules), *classes)

    with pytest.raises(Exception, match="missing"):
        oso.authorized_actions(User(), classes[0]())


def test_temporary_class_leaves_nothing_behind() -> None:
    """A class that no policy registers and that may go is not remembered."""
    classes = make_classes(10)
    oso = load(by_class(classes), *classes)
    below = [type("Below", (classes[3],), {}) for _ in range(20)]
    oso.is_allowed(User(), "read", below[0]())
    before = count_answers(oso.engine)

    answers = {oso.is_allowed(User(), "read", cls()) for cls in below}

    assert answers == {False}
    assert count_answers(oso.engine) == before


# -- how a function is chosen, and the order of clauses ----------------------------------------


def heads(policy: str, *classes: type) -> list[Clause]:
    return [*t.cast(t.Any, program_of(load(policy, *classes)).candidates("allow", 3))]


def test_literals_are_looked_up_before_later_classes() -> None:
    """They come first, and of the arguments before only a few classes are asked for."""
    classes = make_classes(10)

    found = dispatch_by(heads(by_class(classes), *classes), ArgumentFacts({}))

    assert found == Dispatch(1, frozenset({"read"}))


def test_class_is_looked_up_where_the_literals_are_known() -> None:
    """Then it tells the most clauses apart."""
    classes = make_classes(10)
    facts = ArgumentFacts({1: Value("read")})

    assert dispatch_by(heads(by_class(classes), *classes), facts) == Dispatch(2)


PATTERNS = ("d", "d: Doc0", "d: Doc1", 'd: Doc0{kind: "a"}', 'd: Doc1{kind: "b"}', "d: Base")
ACTORS = ("_", "_: User", '_: User{name: "ann"}')


@pytest.mark.parametrize("seed", range(len(ACTORS)))
@pytest.mark.parametrize("size", [2, 3])
def test_order_for_a_class_is_that_of_the_solver(seed: int, size: int) -> None:
    """Whichever clauses match, they stand as the solver sorts them, or the order stays open."""
    base = type("Base", (), {})
    classes = [type(f"Doc{n}", (base,), {}) for n in range(2)]
    parameters = itertools.product(ACTORS[seed:], ["_"], PATTERNS)
    rules = [f"allow({', '.join(each).replace('d', '_d')});" for each in parameters]
    rules = [each.replace("kin_d", "kind").replace("_d_d", "_d") for each in rules]
    clauses = heads("\n".join(rules), base, *classes)
    oso = load("", base, *classes)
    program, wrong = program_of(load("f(1);", base, *classes)), []
    lineages = {at: program.lineage(cls) for at, cls in ((0, User), (2, classes[0]))}
    args = [UnknownOfClass(User), UnknownOfClass(User), UnknownOfClass(classes[0])]
    for chosen in itertools.permutations(clauses, size):
        order = order_clauses([*chosen], oso.host, lineages=t.cast(t.Any, lineages))
        if not order.is_open and order.clauses != sort_clauses(chosen, args, oso.host):
            wrong.append(order)

    assert wrong == []


def test_groups_of_clauses_are_ordered_once() -> None:
    """Two thousand clauses with two heads are two groups."""
    rules = 'allow(_, "read", _); allow(_: User, "read", _);' * 1_000
    clauses = heads(rules)

    order = order_clauses(clauses, load("").host)

    assert order == ClauseOrder([*clauses[1::2], *clauses[::2]], [])


MEMBERS = """
allow(user: User, "read", group: Doc0) if member(user, group);
member(user: User, group: Doc0) if user in group.users;
"""
WITHIN = """
allow(user: User, "read", doc: Doc0) if owner_of(doc, owner) and owner = user;
owner_of(doc: Doc0, owner) if owner = doc.owner and owner != nil;
"""


@pytest.mark.parametrize(
    "policy",
    [
        MEMBERS + "member(user: User, group: Doc0) if g in group.groups and member(user, g);",
        WITHIN + "owner_of(doc: Doc0, x) if doc.up != nil and owner_of(doc.up, x) and doc.open;",
    ],
    ids=["a search", "an open variable"],
)
def test_recursion_that_is_no_chain_is_seen_soon(policy: str, goals_written: list[t.Any]) -> None:
    """The first question does not wait until the same goals were written sixty times."""
    (cls,) = make_classes(1)
    doc: t.Any = cls()
    doc.users, doc.groups, doc.up = [], [], None
    oso = load(policy, cls)

    answer = specialized(oso.engine, User(), "read", doc)

    assert answer is False
    assert 0 < len(goals_written) < 150
