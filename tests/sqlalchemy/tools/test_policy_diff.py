"""Who gains and loses which rows from one policy to another, by statements and by asking."""

from __future__ import annotations

import contextlib
import io
import itertools
import typing as t

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from sqlalchemy import orm

from flask_oso import Oso, OsoError
from flask_oso.polar.sources import Source
from flask_oso.sqlalchemy.tools import row_counts
from flask_oso.sqlalchemy.tools.policy_diff import Comparer, PolicyDiff
from tests.sqlalchemy.agreement import TARGETS
from tests.sqlalchemy.policies import Writer
from tests.support.choices import drawn
from tests.support.models import documents
from tests.support.models.documents import Base, Doc, Folder, User, make_oso
from tests.support.sizes import part_of

#: Pairs of policies that are compared with brute force.
PAIRS = part_of(1_000, 120)


def drafted(policy: str) -> Oso:
    """Give the documents' Oso with a policy."""
    return make_oso("allow(1, 2, 3);").with_policy([Source(policy)])


def compare(
    session: orm.Session, old: str, new: str, cls: type = Doc, **options: t.Any
) -> PolicyDiff:
    """Compare two policies for all users, and nobody."""
    comparer = Comparer(drafted(old), drafted(new), session, **options)
    users = [*session.scalars(sa.select(User)), None]
    return comparer.compare([("read", cls)], users)


def shown(diff: PolicyDiff) -> list[tuple[bool, str | None, int]]:
    """Give the changes in short."""
    return [(each.gains, each.condition, each.count) for each in diff.changes]


OLD = 'allow(user: User, "read", doc: Doc) if doc.owner = user;'


def test_new_condition_is_told_with_its_rows(session: orm.Session) -> None:
    """A further rule gives the rows that it allows and the others did not."""
    new = OLD + 'allow(_: User, "read", doc: Doc) if doc.rank = 1;'

    (change,) = compare(session, OLD, new).changes

    assert (change.gains, change.condition) == (True, "doc.rank = 1")
    assert change.count == len(
        [
            (user, doc)
            for user in session.scalars(sa.select(User))
            for doc in session.scalars(sa.select(Doc).where(Doc.rank == 1))
            if doc.owner is not user
        ]
    )


def test_condition_of_each_actor_is_told_once(session: orm.Session) -> None:
    """What differs by the actor alone is one change about "the actor"."""
    (change,) = compare(session, OLD, 'allow(1, "read", _: Doc);').changes

    assert (change.gains, change.condition) == (False, "doc.owner = the actor")
    assert {pair.row.owner is pair.actor for pair in change.witnesses} == {True}


def test_same_policy_has_no_changes(session: orm.Session) -> None:
    """Another order of rules and other names of variables change nothing."""
    one = 'allow(_: User, "read", doc: Doc) if doc.rank = 1;'
    other = 'allow(_: User, "read", document: Doc) if document.rank = 1;'

    assert compare(session, OLD + one, other + OLD) == PolicyDiff()


def test_questions_whose_rules_are_the_same_are_not_asked(session: orm.Session) -> None:
    """Only actions and classes are compared for which some rule differs."""
    new = OLD + 'allow(user: User, "edit", folder: Folder) if is_boss(user, folder);'
    rules = "is_boss(user: User, _: Folder) if user.admin;"
    comparer = Comparer(drafted(OLD + rules), drafted(new + rules), session)

    questions = comparer.changed_questions(["read", "edit"], [Doc, Folder], [User, None])

    assert questions == [("edit", Folder)]


def test_called_rules_count(session: orm.Session) -> None:
    """A rule that another one calls changes the question, too."""
    call = 'allow(user: User, "read", doc: Doc) if may(user, doc);'
    comparer = Comparer(
        drafted(call + "may(_, doc: Doc) if doc.rank = 1;"),
        drafted(call + "may(_, doc: Doc) if doc.rank = 2;"),
        session,
    )

    assert comparer.changed_questions(["read"], [Doc], [User]) == [("read", Doc)]


def test_list_that_is_refused_is_compared_by_asking(session: orm.Session) -> None:
    """Where no statement tells, each pair is asked, and the change has no condition."""
    new = 'allow(_: User, "read", doc: Doc) if doc.shout() = "ABC";'

    diff = compare(session, new.replace("ABC", "XYZ"), new)

    assert {each.condition for each in diff.changes} <= {None}


def test_too_many_pairs_are_named(session: orm.Session) -> None:
    """What is too much to ask is left out, and said."""
    new = 'allow(_: User, "read", doc: Doc) if doc.shout() = "ABC";'

    (left_out,) = compare(session, OLD, new, most_asked=1).not_compared

    assert "too many to ask about one by one" in left_out.reason


def test_method_that_raises_leaves_its_pairs_out(session: orm.Session) -> None:
    """An error of the application ends the question and not the comparison; it is named."""
    new = OLD + 'allow(_: User, "read", doc: Doc) if "b".startswith(doc.rank);'

    (left_out,) = compare(session, OLD, new).not_compared

    assert left_out.reason.startswith("The policy raises for ")
    assert "startswith first arg must be str" in left_out.reason


def brute_force(
    session: orm.Session, old: Oso, new: Oso, cls: type, actors: t.Sequence[t.Any]
) -> dict[tuple[int, int], bool | None]:
    """Give what each pair gains or loses; ``None`` for one whose question is an error."""
    found: dict[tuple[int, int], bool | None] = {}
    rows: list[t.Any] = list(session.scalars(sa.select(cls)))
    for actor, row in itertools.product(actors, rows):
        answers = [_asked(oso, actor, row) for oso in (old, new)]
        if None in answers:
            found[id(actor), id(row)] = None
        elif answers[0] is not answers[1]:
            found[id(actor), id(row)] = answers[1]
    return found


def _asked(oso: Oso, actor: t.Any, row: t.Any) -> bool | None:
    try:
        # All solutions: a statement leaves out a row of which any of them raises.
        list(oso.query_rule("allow", actor, "read", row))
        return oso.is_allowed(actor, "read", row)
    except OsoError:
        return None


@st.composite
def pairs(draw: t.Any) -> tuple[documents.Rows, type, list[str]]:
    """Draw rows, a class, and two policies about it."""
    choices = drawn(draw)
    cls: t.Any = choices.pick([Doc, Doc, Folder, User])
    policies = [Writer(choices, cls.__name__).policy() for _ in range(2)]
    return documents.draw_rows(choices), choices.pick(TARGETS[cls]), policies


@pytest.mark.random
@pytest.mark.parametrize("most_told", [0, 1])
def test_diff_equals_brute_force(
    most_told: int, sqlite: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Random pairs of policies have exactly the changes that asking about each pair gives."""
    monkeypatch.setattr(row_counts, "MOST_TOLD", most_told)
    compared = 0

    @seed(20_270_500 + most_told)
    @settings(max_examples=PAIRS, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(pair=pairs())
    def look(pair: tuple[documents.Rows, type, list[str]]) -> None:
        nonlocal compared
        rows, target, policies = pair
        with sqlite.connect() as connection, contextlib.redirect_stdout(io.StringIO()):
            documents.insert(connection, rows)
            with orm.Session(connection, autoflush=False) as session:
                compared += check_pair(session, policies, target)
            connection.rollback()

    Base.metadata.create_all(sqlite)
    try:
        look()
    finally:
        Base.metadata.drop_all(sqlite)
    assert compared > PAIRS


def check_pair(session: orm.Session, policies: t.Sequence[str], cls: type) -> int:
    """Compare two policies, counting rows apart and in groups; give how many pairs changed."""
    old, new = map(drafted, policies)
    actors = [*session.scalars(sa.select(User)).all()[:3], None]
    apart, grouped = (
        Comparer(old, new, session, witnesses=10**6, most_asked=10**6, least_grouped=least).compare(
            [("read", cls)], actors
        )
        for least in (10**6, 1)
    )
    assert shown(apart) == shown(grouped), "\n---\n".join(policies)
    return check_changes(session, policies, grouped, brute_force(session, old, new, cls, actors))


def check_changes(
    session: orm.Session,
    policies: t.Sequence[str],
    diff: PolicyDiff,
    wanted: dict[tuple[int, int], bool | None],
) -> int:
    """Check changes against what asking gives; give how many pairs changed."""
    found = {
        (id(pair.actor), id(pair.row)): change.gains
        for change in diff.changes
        for pair in change.witnesses
    }
    differing = {
        key: (found.get(key), answer)
        for key, answer in wanted.items()
        if answer is not None and found.get(key) is not answer
    }
    too_many = [key for key in found if key not in wanted]
    if diff.not_compared:
        return 0
    assert (differing, too_many) == ({}, []), "\n---\n".join(policies)
    assert sum(change.count for change in diff.changes) == len(found)
    return len(found)
