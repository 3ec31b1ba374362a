"""Conditions on rows: how they are put together, simplified and printed."""

from __future__ import annotations

import datetime
import enum

import pytest

from flask_oso.polar.residual.algebra.ir import (
    FALSE,
    TRUE,
    And,
    Arithmetic,
    CaseMapped,
    Closure,
    Column,
    Comparison,
    Exists,
    HasCharacter,
    HasPart,
    InValues,
    IsNull,
    IsObject,
    KnownRow,
    Literal,
    Not,
    OfClass,
    PartPlace,
    Position,
    Replaced,
    Root,
    RowCondition,
    SameRow,
    SelfReference,
    Substring,
    ToMany,
    ToOne,
    Unlinked,
    disjuncts_of,
    mentions_row,
    relation_chains,
    renumbered,
)
from flask_oso.polar.residual.algebra.schema import Field, ValueKind
from flask_oso.polar.residual.algebra.show import show
from flask_oso.polar.residual.algebra.simplify import (
    MAX_TAKEN_APART,
    closure,
    conjunction,
    disjunction,
    exists,
    negation,
    rewrite,
    where_rows_exist,
)


class Post:
    """What conditions are about."""


class Color(enum.Enum):
    """Has a value that can be shown."""

    RED = 1


POST = Root(Post)
ORG = ToOne(POST, "org", Post)
TAG = ToMany(POST, "tags", Post, 1)
SIZE = Column(POST, "size", Field(ValueKind.INTEGER))
RANK = Column(POST, "rank", Field(ValueKind.INTEGER, is_nullable=False))
NAME = Column(ORG, "name", Field(ValueKind.TEXT, is_nullable=False))
OPEN = Column(TAG, "open", Field(ValueKind.BOOLEAN, is_nullable=False))

LABEL = Column(TAG, "label", Field(ValueKind.TEXT, is_nullable=False))
OWN_LABEL = Comparison("=", LABEL, NAME)


def equation(column: Column, value: object) -> Comparison:
    """Say that a column has a value."""
    return Comparison("=", column, Literal(value))


A, B, C = equation(SIZE, 1), equation(RANK, 2), IsNull(SIZE)
LESS = Comparison("<", SIZE, Literal(3))
NAMED = Exists(ORG, equation(NAME, "a"))


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        (conjunction(), "true"),
        (disjunction(), "false"),
        (conjunction(A, TRUE), "post.size = 1"),
        (conjunction(A, FALSE), "false"),
        (conjunction(A, A), "post.size = 1"),
        (conjunction(A, negation(A)), "false"),
        (conjunction(A, conjunction(B, LESS)), "post.size = 1 and post.rank = 2 and post.size < 3"),
        (disjunction(A, FALSE), "post.size = 1"),
        (disjunction(A, TRUE), "true"),
        (disjunction(A, negation(A)), "true"),
        (disjunction(A, conjunction(A, B)), "post.size = 1"),
        (disjunction(A, equation(SIZE, 2)), "post.size in [1, 2]"),
        (disjunction(conjunction(A, B), C), "post.size = 1 and post.rank = 2 or post.size = nil"),
        (conjunction(disjunction(A, B), C), "(post.size = 1 or post.rank = 2) and post.size = nil"),
        (negation(TRUE), "false"),
        (negation(negation(A)), "post.size = 1"),
        (negation(conjunction(A, C)), "not (post.size = 1) or not (post.size = nil)"),
        (negation(disjunction(A, C)), "not (post.size = 1) and not (post.size = nil)"),
        (negation(LESS), "not (post.size < 3)"),
        (negation(Comparison("<", RANK, Literal(3))), "3 <= post.rank"),
        (negation(Comparison("<=", RANK, Literal(3))), "3 < post.rank"),
        (conjunction(negation(LESS), negation(C)), "3 <= post.size"),
        (conjunction(LESS, negation(C)), "post.size < 3"),
    ],
)
def test_simplification_removes_constants(condition: RowCondition, text: str) -> None:
    """Constants vanish, negations go inwards, and an ordering says that there is a value."""
    assert show(condition) == text


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        (conjunction(NAMED, Exists(ORG, TRUE)), 'exists(post.org: post.org.name = "a")'),
        (disjunction(NAMED, Exists(ORG, TRUE)), "exists(post.org)"),
        (
            disjunction(NAMED, Exists(ORG, equation(NAME, "b"))),
            'exists(post.org: post.org.name in ["a", "b"])',
        ),
        (
            conjunction(Exists(ORG, TRUE), negation(NAMED)),
            'exists(post.org: not (post.org.name = "a"))',
        ),
        (negation(NAMED), 'not exists(post.org: post.org.name = "a")'),
        (
            conjunction(Exists(ORG, TRUE), Exists(TAG, Exists(ORG, OWN_LABEL))),
            "exists(post.org: exists(post_1 in post.tags: post_1.label = post.org.name))",
        ),
        (
            conjunction(Exists(ORG, TRUE), Exists(TAG, Exists(ToOne(TAG, "org", Post), TRUE))),
            "exists(post.org) and exists(post_1 in post.tags: exists(post_1.org))",
        ),
        (exists(TAG, conjunction(A, equation(OPEN, True))),
         "post.size = 1 and exists(post_1 in post.tags: post_1.open = true)"),
        (exists(TAG, A), "post.size = 1 and exists(post_1 in post.tags)"),
        (exists(TAG, FALSE), "false"),
        (where_rows_exist(equation(NAME, "a"), [ORG]), 'exists(post.org: post.org.name = "a")'),
        (where_rows_exist(FALSE, [ORG]), "false"),
        (
            where_rows_exist(TRUE, [ToOne(ORG, "org", Post)]),
            "exists(post.org: exists(post.org.org))",
        ),
    ],
)  # fmt: skip
def test_conditions_on_one_row_stand_together(condition: RowCondition, text: str) -> None:
    """What is said of one row at the end of a relation stands together."""
    assert show(condition) == text


def test_no_row_is_there_whose_key_is_nil() -> None:
    """Of the rows of another relation, or of one of many, the key says nothing."""
    other = Exists(ToOne(POST, "group", Post), TRUE)

    assert conjunction(LESS, Unlinked(ORG), NAMED) == FALSE
    assert conjunction(Exists(ORG, TRUE), Unlinked(ORG)) == FALSE
    assert conjunction(Unlinked(ORG), other) == And((Unlinked(ORG), other))
    assert conjunction(Unlinked(ORG), Not(NAMED)) == And((Unlinked(ORG), Not(NAMED)))


def test_rows_of_a_relation_to_many_stay_apart() -> None:
    """That one row has this and one has that is less than that one row has both."""
    other = ToMany(POST, "tags", Post, 2)
    both = conjunction(Exists(TAG, equation(OPEN, True)), Exists(other, TRUE))

    assert show(both).count("exists") == 2


def test_row_that_is_asked_for_anew_is_no_other_one() -> None:
    """A condition is not said of a row that another one within it has the name of."""
    other = ToMany(POST, "tags", Post, 2)
    within = Exists(other, Exists(TAG, SameRow(TAG, other)))

    either = disjunction(Exists(TAG, equation(OPEN, True)), within)

    assert within in disjuncts_of(either)


OTHER_TAG = ToMany(POST, "tags", Post, 2)
OTHER_OPEN = Column(OTHER_TAG, "open", OPEN.field)


def recursion(number: int) -> Closure:
    """Say that a post is in a set of posts, under names with these numbers."""
    one, before = Root(Post, number), Root(Post, number + 1)
    first = Exists(ToMany(one, "tags", Post, number), equation(RANK, 1))
    return Closure(
        POST, one, first, before, Exists(ToOne(one, "above", Post), SameRow(one, before))
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Exists(TAG, equation(OPEN, True)), Exists(OTHER_TAG, equation(OTHER_OPEN, True))),
        (recursion(3), recursion(5)),
        (negation(recursion(3)), negation(recursion(5))),
    ],
    ids=["to many", "recursion", "negation"],
)
def test_names_of_rows_tell_no_alternatives_apart(one: RowCondition, other: RowCondition) -> None:
    """What alternatives have in common but for these names stands once."""
    either = disjunction(conjunction(A, one), conjunction(equation(SIZE, 2), other))

    assert either == conjunction(disjunction(A, equation(SIZE, 2)), one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (SameRow(TAG, OTHER_TAG), SameRow(OTHER_TAG, TAG)),
        (SameRow(TAG, OTHER_TAG), SameRow(TAG, TAG)),
        (Exists(TAG, SameRow(TAG, OTHER_TAG)), SameRow(TAG, OTHER_TAG)),
    ],
)
def test_which_row_is_meant_tells_conditions_apart(one: RowCondition, other: RowCondition) -> None:
    """Of two rows of one relation each has a number of its own, also where one hides the other."""
    within = [Exists(TAG, Exists(OTHER_TAG, each)) for each in (one, other)]

    assert renumbered(within[0]) != renumbered(within[1])


def test_row_that_a_condition_does_not_name_keeps_its_number() -> None:
    """It is named around the condition, and is not one that another condition is about."""
    free = ToMany(POST, "tags", Post, 3)
    one, other = (Exists(TAG, SameRow(TAG, each)) for each in (free, OTHER_TAG))

    assert renumbered(one) != renumbered(other)


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        (InValues(SIZE, (Literal(1), Literal(2))), "post.size in [1, 2]"),
        (HasCharacter(NAME, "a"), '"a" in post.org.name'),
        (Comparison("=", Substring(NAME, 2), Literal("ab")), 'first(post.org.name, 2) = "ab"'),
        (IsNull(CaseMapped(NAME, "lower")), "post.org.name.lower() = nil"),
        (
            Comparison("=", Replaced(NAME, "upper", (("a", "A"),)), Literal("A")),
            'post.org.name.upper() = "A"',
        ),
        (Comparison("<=", Position(NAME, "a"), SIZE), 'post.org.name.find("a") <= post.size'),
        (HasPart(NAME, NAME, PartPlace.END), "post.org.name.endswith(post.org.name)"),
        (Comparison("=", Arithmetic("mod", SIZE, Literal(2)), RANK), "post.size mod 2 = post.rank"),
        (Comparison("=", Substring(NAME, 2, True), Literal("ab")), 'last(post.org.name, 2) = "ab"'),
        (Comparison("<", Arithmetic("+", SIZE, Literal(1)), RANK), "post.size + 1 < post.rank"),
        (IsObject(POST, (Literal(Post()),)), "post = <Post object>"),
        (
            IsObject(POST, (Literal(Post()), Literal(Post()))),
            "post in [<Post object>, <Post object>]",
        ),
        (SameRow(POST, ORG), "post = post.org"),
        (OfClass(POST, (Post, Color)), "post is a Post or Color"),
        (equation(SIZE, Color.RED), "post.size = Color.RED"),
        (equation(SIZE, datetime.date(2024, 1, 2)), "post.size = 2024-01-02"),
        (SelfReference(1, POST), "set_1(post)"),
        (
            Closure(POST, Root(Post, 1), A, Root(Post, 2), SameRow(Root(Post, 1), Root(Post, 2))),
            "post in closure(post1: post.size = 1; post2: post1 = post2)",
        ),
    ],
)
def test_condition_is_printed_as_a_policy(condition: RowCondition, text: str) -> None:
    """A condition reads as a policy does; an object shows its class and no more."""
    assert show(condition) == text


def test_literals_have_types() -> None:
    """1 is neither true nor 1.0, and two objects are two."""
    assert Literal(1) == Literal(1)
    assert Literal(1) != Literal(True)
    assert Literal(1) != Literal(1.0)
    assert Literal([1]) != Literal([1])


def test_replacing_a_row() -> None:
    """A condition can be said of another row; what this makes simpler is simplified."""
    condition = conjunction(NAMED, IsObject(POST, (Literal(1),)))
    other = Root(Post, 5)

    changed = rewrite(condition, lambda part: other if part == POST else None)

    assert mentions_row(changed, other)
    assert not mentions_row(changed, POST)


def test_replacing_by_a_constant() -> None:
    """An alternative that cannot be vanishes with the rows it needed."""
    condition = disjunction(A, Exists(ORG, SelfReference(1, ORG)))

    changed = rewrite(condition, lambda part: FALSE if isinstance(part, SelfReference) else None)

    assert changed == A


def test_recursion_within_another_one_that_makes_its_steps() -> None:
    """Roles that imply each other along one relation are one recursion; other steps are not."""
    one, two, before, earlier = (Root(Post, number) for number in (1, 2, 3, 4))
    above = SameRow(ToOne(one, "above", Post), before)

    def around(step: str) -> RowCondition:
        inner = Closure(one, two, B, earlier, SameRow(ToOne(two, step, Post), earlier))
        return closure(Closure(POST, one, disjunction(A, inner), before, above))

    assert around("above") == Closure(POST, one, disjunction(A, B), before, above)
    assert "post1 in closure(post2" in show(around("below"))


def beside_tags(number: int) -> RowCondition:
    """A recursion that begins with a tag, beside a label: its numbers are its own."""
    variable, before = Root(Post, number), Root(Post, number + 1)
    above = SameRow(ToOne(variable, "above", Post), before)
    within = Closure(POST, variable, SameRow(variable, TAG), before, above)
    return disjunction(within, Comparison("=", LABEL, Literal(f"{number}")))


def test_recursion_that_begins_with_one_of_many_is_made_once() -> None:
    """It stands outside of the row of which there are many, with the other conditions on it."""
    condition = exists(TAG, conjunction(beside_tags(10), OWN_LABEL))

    assert "post in closure(post10: exists(" in show(condition)


@pytest.mark.parametrize(("count", "is_outside"), [(MAX_TAKEN_APART, True), (30, False)])
def test_alternatives_around_recursions_are_taken_apart_up_to_a_number(
    count: int, is_outside: bool
) -> None:
    """Each one that is may double the conditions, so that thirty are left as they are."""
    parts = [beside_tags(10 * number) for number in range(1, count + 1)]

    condition = exists(TAG, conjunction(*parts))

    assert (condition != Exists(TAG, conjunction(*parts))) is is_outside


def test_recursion_that_stays_inside_is_looked_for_once() -> None:
    """Where the steps are about a row, no other condition on it is a reason to look again."""
    variable, before = Root(Post, 10), Root(Post, 11)
    within = Closure(POST, variable, SameRow(variable, TAG), before, SameRow(before, TAG))
    others = [
        disjunction(Comparison("=", LABEL, Literal(f"{n}")), Comparison("=", LABEL, NAME))
        for n in range(60)
    ]

    part = conjunction(within, *others)

    assert exists(TAG, part) == Exists(TAG, part)


def test_negated_atoms_stay() -> None:
    """What has no opposite of its own is negated as it is."""
    assert negation(NAMED) == Not(NAMED)


def test_chains_that_others_go_on_from() -> None:
    """What is followed to the end of a chain is not followed to its beginning as well."""
    user = KnownRow(object, Literal("user"))
    other = KnownRow(object, Literal("other"))
    team = ToOne(user, "team", object)

    chains = relation_chains([user, team, ToOne(team, "org", object), ToOne(other, "team", object)])

    assert chains == ((user, ("team", "org")), (other, ("team",)))
